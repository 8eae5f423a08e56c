//! One URL and its methods. Unlike actix's own resource, it answers HEAD wherever it answers GET, and a 405 has an `Allow` header, as RFC 9110
//! requires.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, web};

use crate::error::AppError;

/// One URL under construction.
pub struct MethodResource {
    resource: Resource,
    methods: Vec<&'static str>,
}

/// The URL `path`.
pub fn resource(path: &str) -> MethodResource {
    MethodResource { resource: web::resource(path), methods: Vec::new() }
}

impl MethodResource {
    /// Answers GET, and HEAD without the body.
    #[must_use]
    pub fn get<F, Args>(self, handler: F) -> MethodResource
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("GET", web::get().to(handler.clone())).with("HEAD", web::head().to(handler))
    }

    /// Answers POST.
    #[must_use]
    pub fn post<F, Args>(self, handler: F) -> MethodResource
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("POST", web::post().to(handler))
    }

    /// Answers DELETE.
    #[must_use]
    pub fn delete<F, Args>(self, handler: F) -> MethodResource
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("DELETE", web::delete().to(handler))
    }

    fn with(mut self, method: &'static str, route: Route) -> MethodResource {
        self.methods.push(method);
        MethodResource { resource: self.resource.route(route), ..self }
    }
}

impl HttpServiceFactory for MethodResource {
    fn register(self, config: &mut AppService) {
        let allowed = self.methods.join(", ");
        let refuse = move || {
            let refusal = AppError::MethodNotAllowed(allowed.clone());
            async move { Err::<HttpResponse, AppError>(refusal) }
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}
