//! How those who ask become the parameters of a handler: [`Viewer`], [`SessionViewer`], [`Caller`].

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::request::app;
use super::viewer::{Caller, Poller, SessionViewer, Viewer};
use crate::error::AppError;

/// Left with the request: who makes it, as the database said.
struct Identified(Result<(Poller, Viewer), AppError>);

/// Finds out who makes the request, before its handler's parameters are read. They are read at the same time, so a body that makes no sense would
/// otherwise be complained about to somebody whose token was revoked, because that takes longer to find out.
pub(super) async fn identify(req: &HttpRequest) {
    let Ok(app) = app(req) else { return };
    let identified = Identified(Poller::confirmed(req, &app).await);
    req.extensions_mut().insert(identified);
}

impl FromRequest for Viewer {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Viewer, AppError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let app = app(&req)?;
            let identified = req.extensions_mut().remove::<Identified>();
            let (poller, viewer) = match identified {
                Some(Identified(found)) => found?,
                None => Poller::confirmed(&req, &app).await?,
            };
            if !viewer.is_covered(&req) {
                return Err(AppError::InsufficientScope);
            }
            viewer.used(&req, app, &poller);
            Ok(viewer)
        })
    }
}

impl FromRequest for SessionViewer {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<SessionViewer, AppError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(req, payload);
        Box::pin(async move { viewer.await?.with_session().ok_or(AppError::InsufficientScope) })
    }
}

impl FromRequest for Caller {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Caller, AppError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(req, payload);
        Box::pin(async move {
            match viewer.await {
                Ok(viewer) => Ok(Caller::Member(viewer)),
                Err(AppError::SignedOut) => Ok(Caller::Visitor),
                Err(trouble) => Err(trouble),
            }
        })
    }
}
