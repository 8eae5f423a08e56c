//! What every request passes on its way in and out: is it from our own pages, how does its error look, which
//! headers protect it. One middleware, so that the order is plain to see.

mod face;
mod gzip;
mod headers;
mod origin;

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use futures_util::future::Either;

use crate::app::App;
use crate::error::{AppError, LARGEST_BODY};
use crate::pages::stream;
use crate::viewer::Renewed;

/// The longest that a request may take. Everything of ours gives up sooner; this is for bodies that never arrive, a
/// few of which would otherwise keep all the connections there are.
const LONGEST: Duration = Duration::from_secs(30);

/// What comes of a request: an answer, or the server's own refusal.
type Outcome = Result<ServiceResponse, Error>;
/// What comes of it in a moment. In a box also where it is there already: a connection has room for the largest that there
/// may be, all the time that it is open and nobody asks anything.
type Later = Pin<Box<dyn Future<Output = Outcome>>>;

/// In: the cross-site check, and no body that announces itself as too large. Out: a face for errors, compression, a
/// renewed session's cookie, the headers. A poll to which nothing is new passes neither: it changes nothing, has no body, and is
/// answered here and now, before its URL is looked for among all the others.
pub fn border<S>(req: ServiceRequest, inside: &S) -> Later
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future: 'static>,
{
    let Some(app) = req.app_data::<Data<App>>() else {
        return Box::pin(ready(Err(AppError::Internal("no App in the server's data".into()).into())));
    };
    if let Some(mut unchanged) = stream::at_once(req.request(), app) {
        headers::add_to_empty(unchanged.headers_mut(), app);
        return Box::pin(ready(Ok(req.into_response(unchanged))));
    }
    let app = app.clone();
    let answer = match origin::check(&req, &app.config).and_then(|()| is_small(&req)) {
        Ok(()) => Either::Left(in_time(inside.call(req))),
        Err(refusal) => Either::Right(ready(Ok(req.error_response(refusal)))),
    };
    Box::pin(async move { depart(answer.await?, &app) })
}

/// Whoever sends so slowly is told without ceremony.
async fn in_time(answer: impl Future<Output = Outcome>) -> Outcome {
    tokio::time::timeout(LONGEST, answer).await.map_err(|_| AppError::TooSlow)?
}

fn depart(response: ServiceResponse, app: &App) -> Outcome {
    let mut response = gzip::pack(face::dress(response, app));
    let renewed = response.request().extensions_mut().remove::<Renewed>();
    if let Some(Renewed(cookie)) = renewed {
        // A page that signs in or out sets the cookie itself, and knows better.
        if response.response().cookies().next().is_none() {
            response.response_mut().add_cookie(&cookie)?;
        }
    }
    headers::add(&mut response, app);
    Ok(response)
}

/// Handlers that read a body have the same limit for what is not announced; this one also covers those that read none.
fn is_small(req: &ServiceRequest) -> Result<(), AppError> {
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) { Err(AppError::TooLarge) } else { Ok(()) }
}
