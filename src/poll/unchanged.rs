//! The unchanged poll of a page: answered at once, without routing, a database query or a Redis command.

use std::time::Instant;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::http::request::is_htmx;
use crate::http::viewer::Poller;
use crate::metrics::PollOutcome;
use crate::poll_url::{PATH, PollCursor};

/// 204, if `req` is a page's poll, nothing is new, and that is known without asking anybody. Whatever is not as usual is left to
/// [`super::stream`], which need not verify the signature again.
pub fn answer(req: &HttpRequest, app: &App) -> Option<HttpResponse> {
    if req.path() != PATH || req.method() != Method::GET || !is_htmx(req) {
        return None;
    }
    let begun = Instant::now();
    let poller = Poller::verify(req, app).ok()?;
    let cursor = PollCursor::parse(req.query_string());
    let is_unchanged = app.stamps.known(poller.user).is_some_and(|stamp| cursor.is_current(stamp, &app.clock));
    // A body, which no poll has, is left to the middleware.
    let has_body = req.headers().contains_key(header::TRANSFER_ENCODING);
    if !is_unchanged || has_body || !cursor.is_page_of(poller.user) || !poller.is_covered(req.method(), PATH) || !poller.is_believed(app) {
        poller.remember(req);
        return None;
    }
    app.metrics.polled(PollOutcome::Unchanged, begun);
    let mut unchanged = HttpResponse::new(StatusCode::NO_CONTENT);
    unchanged.headers_mut().append(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(unchanged)
}
