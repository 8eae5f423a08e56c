//! What every request passes on its way in and out: is it from our own pages, how does its error look, which
//! headers protect it. One middleware, so that the order is plain to see.

mod face;
mod headers;
mod origin;

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::error::{AppError, LARGEST_BODY};
use crate::viewer::{self, Renewed};

/// The longest that a request may take. Everything of ours gives up sooner; this is for bodies that never arrive, a
/// few of which would otherwise keep all the connections there are.
const LONGEST: Duration = Duration::from_secs(30);

/// In: the cross-site check, and no body that announces itself as too large. Out: a face for errors, a renewed
/// session's cookie, the headers.
///
/// # Errors
/// [`AppError::TooSlow`]: whoever sends so slowly is told without ceremony.
pub async fn border(req: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = viewer::app(req.request())?;
    let response = match origin::check(&req, &app.config).and_then(|()| is_small(&req)) {
        Ok(()) => tokio::time::timeout(LONGEST, next.call(req)).await.map_err(|_| AppError::TooSlow)??.map_into_boxed_body(),
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

/// Handlers that read a body have the same limit for what is not announced; this one also covers those that read none.
fn is_small(req: &ServiceRequest) -> Result<(), AppError> {
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) { Err(AppError::TooLarge) } else { Ok(()) }
}
