//! What every request passes on its way in and out: is it from our own pages, how does its error look, which
//! headers protect it. One middleware, so that the order is plain to see.

mod face;
mod headers;
mod origin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::viewer::{self, Renewed};

/// In: the cross-site check. Out: a face for errors, a renewed session's cookie, the headers.
///
/// # Errors
/// Only if the server was put together without an [`crate::app::App`].
pub async fn border(req: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = viewer::app(req.request())?;
    let response = match origin::check(&req, &app.config) {
        Ok(()) => next.call(req).await?.map_into_boxed_body(),
        Err(refusal) => req.error_response(refusal),
    };
    let mut response = face::dress(response, &app);
    let renewed = response.request().extensions_mut().remove::<Renewed>();
    if let Some(Renewed(cookie)) = renewed {
        // A page that signs in or out sets the cookie itself, and knows better.
        if response.response().cookies().next().is_none() {
            response.response_mut().add_cookie(&cookie)?;
        }
    }
    headers::add(&mut response, &app);
    Ok(response)
}
