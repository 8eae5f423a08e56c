//! What the description of the JSON API promises, held against what was answered.

use std::sync::LazyLock;

use jsonschema::Registry;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tidings::routes;

/// The description, as it is served.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(&routes::description().json).expect("JSON"));

/// The description without room for members that it does not name: programs have to ignore those, and we have to describe ours.
static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let mut strict = DOCUMENT.clone();
    close(&mut strict);
    Registry::new().add("urn:api", strict).and_then(|registry| registry.prepare()).expect("a registry of schemas")
});

fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// An answer of the JSON API, as the description sees it.
pub struct Answered<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub body: &'a str,
}

impl Answered<'_> {
    /// Whether this status, its headers and its body are described; if not, what is wrong. What nobody described is answered with a problem
    /// document, and so is a method that a URL does not have.
    pub fn check(&self) -> Result<(), String> {
        let verb = if self.method == Method::HEAD { "get".to_owned() } else { self.method.as_str().to_lowercase() };
        let Some(operation) = template(self.path).map(|template| format!("/paths/{}/{verb}", escaped(template))).filter(|place| at(place).is_some()) else {
            return self.is_refused();
        };
        let place = format!("{operation}/responses/{}", self.status);
        let response = at(&place).ok_or_else(|| format!("{} is not described: {}", self.status, self.body))?;
        let place = response["$ref"].as_str().map_or(place, |reference| reference.trim_start_matches('#').to_owned());
        self.has_headers(&place)?;
        self.has_body(&place)
    }

    /// There is no such URL, it has no such method, or the request does not come that far.
    fn is_refused(&self) -> Result<(), String> {
        match self.status {
            308 => Ok(()),
            403 | 404 | 405 | 413 | 415 => self.is_valid("/components/schemas/Problem"),
            status => Err(format!("{status}, and the operation is not described: {}", self.body)),
        }
    }

    fn has_headers(&self, place: &str) -> Result<(), String> {
        let described = at(&format!("{place}/headers")).and_then(Value::as_object).into_iter().flatten();
        for (name, header) in described {
            if header["required"] != true && !self.headers.contains_key(name) {
                continue;
            }
            let value = self.headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| format!("no header {name}"))?;
            let is_right = match header["schema"]["type"].as_str() {
                Some("integer") => value.parse::<i64>().is_ok(),
                Some("string") => !value.is_empty(),
                other => return Err(format!("a header of type {other:?}")),
            };
            if !is_right {
                return Err(format!("{name}: {value}"));
            }
        }
        Ok(())
    }

    fn has_body(&self, place: &str) -> Result<(), String> {
        let described = at(&format!("{place}/content")).and_then(Value::as_object);
        let Some(described) = described.filter(|_| self.method != Method::HEAD) else {
            return if self.body.is_empty() { Ok(()) } else { Err(format!("a body where none is described: {}", self.body)) };
        };
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !described.contains_key(kind) {
            return Err(format!("content type {kind:?} is not described"));
        }
        self.is_valid(&format!("{place}/content/{}/schema", escaped(kind)))
    }

    fn is_valid(&self, place: &str) -> Result<(), String> {
        let body: Value = serde_json::from_str(self.body).map_err(|_| format!("no JSON: {}", self.body))?;
        let schema = json!({"$ref": format!("urn:api#{}", place.replace('{', "%7B").replace('}', "%7D"))});
        let validator = jsonschema::options().with_registry(&REGISTRY).build(&schema).map_err(|wrong| format!("{place}: {wrong}"))?;
        validator.validate(&body).map_err(|wrong| format!("{} {wrong}: {body}", wrong.instance_path()))
    }
}

/// Each operation of the description, by its path and its method in lower case.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let items = paths.iter().flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |operation| (path, operation)));
    items.map(|(path, (method, operation))| (path.as_str(), method.as_str(), operation))
}

/// What stands at a JSON pointer in the description.
pub fn at(pointer: &str) -> Option<&'static Value> {
    DOCUMENT.pointer(pointer)
}

/// As a part of a JSON pointer.
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The described path that `path` is one of; one without braces first.
fn template(path: &str) -> Option<&'static str> {
    let paths = DOCUMENT["paths"].as_object()?;
    let mut matching: Vec<&str> = paths.keys().map(String::as_str).filter(|template| is_one_of(path, template)).collect();
    matching.sort_by_key(|template| template.contains('{'));
    matching.first().copied()
}

fn is_one_of(path: &str, template: &str) -> bool {
    let (parts, wanted): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), template.split('/').collect());
    parts.len() == wanted.len() && parts.iter().zip(wanted).all(|(part, wanted)| wanted.starts_with('{') && !part.is_empty() || *part == wanted)
}
