//! One URL and the verbs it answers to. Unlike a bare resource it answers HEAD wherever it answers GET, and tells
//! whoever comes with another verb which ones there are (RFC 9110 wants an `Allow` header on every 405).

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, web};

use crate::error::AppError;

/// One URL under construction.
pub struct At {
    resource: Resource,
    verbs: Vec<&'static str>,
}

/// The URL `path`.
pub fn at(path: &str) -> At {
    At { resource: web::resource(path), verbs: Vec::new() }
}

impl At {
    /// Answers GET, and HEAD without the body.
    #[must_use]
    pub fn get<F, Args>(self, handler: F) -> At
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("GET", web::get().to(handler.clone())).with("HEAD", web::head().to(handler))
    }

    /// Answers POST.
    #[must_use]
    pub fn post<F, Args>(self, handler: F) -> At
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("POST", web::post().to(handler))
    }

    /// Answers DELETE.
    #[must_use]
    pub fn delete<F, Args>(self, handler: F) -> At
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("DELETE", web::delete().to(handler))
    }

    fn with(mut self, verb: &'static str, route: Route) -> At {
        self.verbs.push(verb);
        At { resource: self.resource.route(route), ..self }
    }
}

impl HttpServiceFactory for At {
    fn register(self, config: &mut AppService) {
        let allowed = self.verbs.join(", ");
        let refuse = move || {
            let refusal = AppError::WrongVerb(allowed.clone());
            async move { Err::<HttpResponse, AppError>(refusal) }
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}
