//! The poll: has anything happened to me since I last looked?
//!
//! [`unchanged`] answers nearly every poll there is, before routing. Whatever it leaves comes to [`stream`].

mod answer;
mod page;
mod program;
pub mod unchanged;

use std::time::Instant;

use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

pub use self::answer::StreamAnswer;
use crate::app::App;
use crate::error::AppError;
use crate::http::request::is_htmx;
use crate::http::viewer::Poller;
use crate::metrics::PollOutcome;
use crate::poll_url::PATH;

/// `GET /api/stream?since=`: the HTML poll of a page for htmx, the JSON poll for everybody else.
pub async fn stream(req: HttpRequest, app: Data<App>) -> Result<StreamAnswer, AppError> {
    let begun = Instant::now();
    let answered = answer(&req, &app).await;
    app.metrics.polled(answered.as_ref().map_or(PollOutcome::Refused, |(outcome, _)| *outcome), begun);
    answered.map(|(_, response)| StreamAnswer(response))
}

async fn answer(req: &HttpRequest, app: &Data<App>) -> Result<(PollOutcome, HttpResponse), AppError> {
    let first = answer_to(Poller::of(req, app)?, req, app).await;
    let others: Vec<Poller> = if matches!(first, Err(AppError::SignedOut)) { Poller::candidates(req, app).skip(1).collect() } else { Vec::new() };
    for other in others {
        match answer_to(other, req, app).await {
            Err(AppError::SignedOut) => {}
            answered => return answered,
        }
    }
    first
}

async fn answer_to(poller: Poller, req: &HttpRequest, app: &Data<App>) -> Result<(PollOutcome, HttpResponse), AppError> {
    if !poller.is_covered(&Method::GET, PATH) {
        poller.confirm_unless_believed(app).await?;
        return Err(AppError::InsufficientScope);
    }
    if is_htmx(req) { page::answer(poller, req, app).await } else { program::answer(poller, req, app).await }
}
