//! What every request passes on its way in and out. It is one middleware, so that the order is plain to see.

mod canonical_url;
mod chunked_body;
mod compression;
mod csrf;
mod error_response;
mod security_headers;

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use futures_util::future::Either;

use self::chunked_body::ChunkedBody;
use crate::app::App;
use crate::error::{AppError, LARGEST_BODY};
use crate::http::last_use::RenewedCookie;
use crate::poll::unchanged;

/// The longest that a request may take. Everything of ours gives up sooner. This is for bodies that never arrive, a few of which would
/// otherwise hold all connections.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

type ServiceResult = Result<ServiceResponse, Error>;
/// Boxed even when ready: actix keeps room for the largest future per open connection.
type ServiceFuture = Pin<Box<dyn Future<Output = ServiceResult>>>;

/// In: the CSRF check, what is announced of the body, and the canonical URL. Out: the body of errors, compression, the cookie of a renewed
/// session, the security headers. An unchanged poll passes none of them: it changes nothing and has no body, and is answered before routing.
pub fn middleware<S>(mut req: ServiceRequest, inner: &S) -> ServiceFuture
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future: 'static>,
{
    let Some(app) = req.app_data::<Data<App>>() else {
        return Box::pin(ready(Err(AppError::internal("no App in the server's data").into())));
    };
    if let Some(unchanged) = unchanged::answer(req.request(), app) {
        return Box::pin(ready(Ok(req.into_response(unchanged))));
    }
    let app = app.clone();
    let chunked = ChunkedBody::share(&mut req);
    compression::restore_etags(req.headers_mut());
    let refused = csrf::check(&req, &app).and_then(|()| check_content_length(&req)).and_then(|()| check_content_encoding(&req));
    let answer = match (refused, canonical_url::redirect(req.request())) {
        (Err(refusal), _) => Either::Right(ready(Ok(req.error_response(refusal)))),
        (Ok(()), Some(redirect)) => Either::Right(ready(Ok(req.into_response(redirect)))),
        (Ok(()), None) => Either::Left(with_timeout(inner.call(req))),
    };
    Box::pin(async move {
        let response = finish(answer.await?, &app).await?;
        Ok(match chunked {
            Some(body) => body.hold(response),
            None => response,
        })
    })
}

async fn with_timeout(answer: impl Future<Output = ServiceResult>) -> ServiceResult {
    tokio::time::timeout(REQUEST_TIMEOUT, answer).await.map_err(|_| AppError::too_slow())?
}

async fn finish(response: ServiceResponse, app: &App) -> ServiceResult {
    let mut response = compression::compress(error_response::with_body(response, app).await);
    let renewed = response.request().extensions_mut().remove::<RenewedCookie>();
    if let Some(RenewedCookie(cookie)) = renewed {
        // A page that signs in or out sets the cookie itself.
        if response.response().cookies().next().is_none() {
            response.response_mut().add_cookie(&cookie)?;
        }
    }
    security_headers::add(&mut response, app);
    Ok(response)
}

/// Bodies are read as they come. Read as text, a compressed form would be garbage: a wrong password, for example.
fn check_content_encoding(req: &ServiceRequest) -> Result<(), AppError> {
    match req.headers().get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(AppError::wrong_type("Compressed requests are not accepted.")),
        _ => Ok(()),
    }
}

/// Handlers that read a body limit what they read. This also covers those that read none.
fn check_content_length(req: &ServiceRequest) -> Result<(), AppError> {
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) { Err(AppError::too_large()) } else { Ok(()) }
}
