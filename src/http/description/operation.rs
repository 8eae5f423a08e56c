//! One operation under description: a method of a URL.

use utoipa::openapi::path::{Operation as Described, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, SecurityRequirement};
use utoipa::{PartialSchema, ToSchema};

use super::header::header;
use super::problem;

/// The name of the bearer scheme among the components.
pub const BEARER: &str = "bearer";

/// Types that an operation refers to, by name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// What is known of an operation so far.
pub struct Operation {
    path: &'static str,
    described: Described,
    /// The types that it refers to.
    schemas: Schemas,
    /// The statuses that have a problem document.
    problems: Vec<u16>,
}

impl Operation {
    /// Of the URL `path`. The handler gives it its id and its tag: `notificationsReadAll` and `notifications` for `api::notifications::read_all`.
    pub fn new(path: &'static str, summary: &str, handler: &str) -> Operation {
        let mut names = handler.rsplit("::");
        let (function, module) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        let mut described = Described::new();
        described.operation_id = Some(camel_case(&format!("{module}_{function}")));
        described.tags = Some(vec![module.to_owned()]);
        described.summary = Some(summary.to_owned());
        Operation { path, described, schemas: Vec::new(), problems: Vec::new() }
    }

    /// It needs a token, and one whose scope covers it.
    pub fn secured(&mut self) {
        self.described.security = Some(vec![SecurityRequirement::new(BEARER, [""; 0])]);
        self.problem(401);
        self.problem(403);
    }

    /// It may answer with this status and a problem document.
    pub fn problem(&mut self, status: u16) {
        self.problems.push(status);
        self.described.responses.responses.insert(status.to_string(), RefOr::Ref(problem::reference(status)));
    }

    /// It has these parameters.
    pub fn parameters(&mut self, parameters: Vec<Parameter>) {
        self.described.parameters.get_or_insert_default().extend(parameters.into_iter().map(RefOr::T));
    }

    /// The part of its path that stands in braces.
    pub fn path_parameter<T: PartialSchema>(&mut self) {
        let name = self.path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(name, _)| name);
        self.parameters(vec![parameter(name, ParameterIn::Path, T::schema(), None)]);
    }

    /// A header that it reads and does not need.
    pub fn header_parameter(&mut self, name: &str, meaning: &str) {
        self.parameters(vec![parameter(name, ParameterIn::Header, String::schema(), Some(meaning))]);
    }

    /// A part of its query that it does not need.
    pub fn query_parameter(&mut self, name: &str, schema: impl Into<RefOr<Schema>>, meaning: &str) {
        self.parameters(vec![parameter(name, ParameterIn::Query, schema, Some(meaning))]);
    }

    /// It reads a body of this type. It needs one, and bodies arrive late, or are too large, or of another type.
    pub fn json_body<T: ToSchema>(&mut self) {
        let content = self.content::<T>();
        self.described.request_body = Some(RefOr::T(RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build()));
        [400, 408, 413, 415].into_iter().for_each(|status| self.problem(status));
    }

    /// Its body may also be the same as a form, or plain text.
    pub fn form_or_text_body<T: ToSchema>(&mut self) {
        let form = self.content::<T>();
        if let Some(RefOr::T(body)) = &mut self.described.request_body {
            body.description = Some("JSON; plain text, which is the text; or a form, and one without a field `text` is the text as a whole.".to_owned());
            body.content.insert("application/x-www-form-urlencoded".to_owned(), form.into());
            body.content.insert("text/plain".to_owned(), Content::new(Some(String::schema())).into());
        }
    }

    /// It may answer with this status and nothing in the body.
    pub fn answers(&mut self, status: u16, meaning: &str) {
        self.described.responses.responses.insert(status.to_string(), Response::new(meaning).into());
    }

    /// It may answer with this status and JSON of this type.
    pub fn answers_json<T: ToSchema>(&mut self, status: u16, meaning: &str) {
        let content = self.content::<T>();
        self.answers_content(status, meaning, content);
    }

    /// It may answer with this status and some JSON object.
    pub fn answers_object(&mut self, status: u16, meaning: &str) {
        self.answers_content(status, meaning, Content::new(Some(Object::with_type(Type::Object))));
    }

    fn answers_content(&mut self, status: u16, meaning: &str, content: Content) {
        let response = ResponseBuilder::new().description(meaning).content("application/json", content);
        self.described.responses.responses.insert(status.to_string(), response.into());
    }

    /// Its answer of this status always has this header.
    pub fn answer_header<T: PartialSchema>(&mut self, status: u16, name: &str, meaning: &str) {
        if let Some(RefOr::T(response)) = self.described.responses.responses.get_mut(&status.to_string()) {
            response.headers.insert(name.to_owned(), header::<T>(meaning).into());
        }
    }

    /// Its answer of this status may have this header.
    pub fn optional_answer_header<T: PartialSchema>(&mut self, status: u16, name: &str, meaning: &str) {
        if let Some(RefOr::T(response)) = self.described.responses.responses.get_mut(&status.to_string()) {
            let header = HeaderBuilder::new().schema(Some(T::schema())).description(Some(meaning));
            response.headers.insert(name.to_owned(), header.build().into());
        }
    }

    /// The finished operation, the types that it refers to, and the statuses with a problem document.
    pub fn finish(self) -> (Described, Schemas, Vec<u16>) {
        (self.described, self.schemas, self.problems)
    }

    fn content<T: ToSchema>(&mut self) -> Content {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Content::new(Some(Ref::from_schema_name(T::name())))
    }
}

fn parameter(name: &str, place: ParameterIn, schema: impl Into<RefOr<Schema>>, meaning: Option<&str>) -> Parameter {
    ParameterBuilder::new().name(name).parameter_in(place).required(Required::False).description(meaning).schema(Some(schema)).build()
}

/// `readAll` for `read_all`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').map(str::to_owned);
    let first = words.next().unwrap_or_default();
    words.fold(first, |name, word| name + &capitalised(&word))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handlers_module_and_name_are_the_operations_id() {
        let of = |handler| Operation::new("/", "", handler).finish().0.operation_id;
        assert_eq!(of("tidings::api::notifications::read_all").as_deref(), Some("notificationsReadAll"));
        assert_eq!(of("tidings::poll::stream").as_deref(), Some("pollStream"));
    }

    #[test]
    fn the_parameter_of_a_path_has_the_name_in_braces() {
        let mut operation = Operation::new("/api/follow/{userId}", "", "");
        operation.path_parameter::<i64>();
        let Some(RefOr::T(parameter)) = operation.finish().0.parameters.unwrap().pop() else { panic!("a parameter") };
        assert_eq!((parameter.name.as_str(), parameter.required == Required::True), ("userId", true));
    }
}
