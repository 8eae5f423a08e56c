//! One URL and its methods. Unlike actix's own resource, it answers HEAD wherever it answers GET, and a 405 has an `Allow` header, as RFC 9110
//! requires.

use actix_web::body::BoxBody;
use actix_web::dev::{AppService, HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, Handler, HttpResponse, Resource, Responder, Route, web};

use super::identify::identify;
use crate::error::AppError;

/// One URL under construction.
pub struct MethodResource {
    resource: Resource,
    methods: Vec<&'static str>,
    /// Whether the caller is identified before anything else is read.
    identifies: bool,
}

/// The URL `path`.
pub fn resource(path: &str) -> MethodResource {
    // The poll asks the database only if it must.
    let identifies = path.starts_with("/api/") && path != "/api/stream";
    MethodResource { resource: web::resource(path), methods: Vec::new(), identifies }
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

    /// Answers PUT.
    #[must_use]
    pub fn put<F, Args>(self, handler: F) -> MethodResource
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with("PUT", web::put().to(handler))
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
        let resource = self.resource.default_service(web::to(refuse));
        if !self.identifies {
            return resource.register(config);
        }
        let methods = self.methods;
        let identify_first = from_fn(move |req: ServiceRequest, next: Next<BoxBody>| {
            // Whoever asks with a method that there is not is told so for no statement.
            let is_answered = methods.contains(&req.method().as_str());
            identify_first(req, next, is_answered)
        });
        resource.wrap(identify_first).register(config)
    }
}

/// A program is told that its token is worth nothing, or not enough, before it is told what is wrong with the rest of the request.
async fn identify_first(req: ServiceRequest, next: Next<BoxBody>, is_answered: bool) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_answered {
        identify(req.request()).await;
    }
    next.call(req).await
}
