//! One URL of the JSON API: its methods, and what describes them.

use std::any::type_name;

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{FromRequest, Handler, Responder};
use utoipa::openapi::HttpMethod;

use super::answers::Answer;
use super::inputs::Describe;
use super::operation::Operation;
use crate::http::resource::{MethodResource, resource};

/// A URL whose methods are described.
pub struct ApiResource {
    path: &'static str,
    resource: MethodResource,
    methods: Vec<Method>,
}

/// What is needed to describe a method; it is described only when the document is made.
struct Method {
    name: HttpMethod,
    summary: &'static str,
    handler: &'static str,
    describe: fn(&mut Operation),
    problems: Vec<u16>,
}

/// The URL `path` of the JSON API.
pub fn api(path: &'static str) -> ApiResource {
    ApiResource { path, resource: resource(path), methods: Vec::new() }
}

macro_rules! methods {
    ($($(#[$meaning:meta])* $function:ident $name:ident)*) => {
        $(
            $(#[$meaning])*
            #[must_use]
            pub fn $function<F, Args>(mut self, summary: &'static str, handler: F) -> ApiResource
            where
                F: Handler<Args>,
                Args: FromRequest + Describe + 'static,
                F::Output: Responder + Answer + 'static,
            {
                self.methods.push(Method::of::<F, Args>(HttpMethod::$name, summary));
                ApiResource { resource: self.resource.$function(handler), ..self }
            }
        )*
    };
}

impl ApiResource {
    methods! {
        /// Answers GET, and HEAD without the body.
        get Get
        /// Answers POST.
        post Post
        /// Answers PUT.
        put Put
        /// Answers DELETE.
        delete Delete
    }

    /// The errors that the handler of the last method decides on itself.
    #[must_use]
    pub fn problems<const N: usize>(mut self, statuses: [u16; N]) -> ApiResource {
        if let Some(method) = self.methods.last_mut() {
            method.problems.extend(statuses);
        }
        self
    }

    /// Its path, and each method with its description.
    pub(super) fn describe(&self) -> impl Iterator<Item = (&'static str, HttpMethod, Operation)> + use<'_> {
        self.methods.iter().map(|method| (self.path, method.name.clone(), method.describe(self.path)))
    }
}

impl Method {
    fn of<F, Args>(name: HttpMethod, summary: &'static str) -> Method
    where
        F: Handler<Args>,
        Args: Describe,
        F::Output: Answer,
    {
        let describe = |operation: &mut Operation| {
            Args::describe(operation);
            F::Output::answer(operation);
        };
        Method { name, summary, handler: type_name::<F>(), describe, problems: Vec::new() }
    }

    fn describe(&self, path: &'static str) -> Operation {
        let mut operation = Operation::new(path, self.summary, self.handler);
        (self.describe)(&mut operation);
        if self.name != HttpMethod::Get {
            // The CSRF check.
            operation.problem(403);
        }
        self.problems.iter().for_each(|status| operation.problem(*status));
        operation
    }
}

impl HttpServiceFactory for ApiResource {
    fn register(self, config: &mut AppService) {
        self.resource.register(config);
    }
}
