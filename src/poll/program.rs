//! The poll of a program: JSON, and an ETag for conditional requests.

use actix_web::http::header::{self, ETag, EntityTag, IfNoneMatch};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::viewer::Poller;
use crate::ids::Stamp;
use crate::metrics::PollOutcome;
use crate::poll_url::{PollCursor, Since};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PollJson {
    last_update: Stamp,
    has_updates: bool,
}

pub(super) async fn answer(poller: Poller, req: &HttpRequest, app: &App) -> Result<(PollOutcome, HttpResponse), AppError> {
    let mut last_update = app.last_update(poller.user).await?;
    let seen = match PollCursor::parse(req.query_string()).since {
        Since::Absent => Some(0),
        Since::Stamp(stamp) => Some(stamp),
        Since::Garbled => None,
    };
    if has_etag(req, last_update) {
        poller.confirm_unless_believed(app).await?;
        return Ok((PollOutcome::Unchanged, with_stamp(HttpResponse::NotModified(), last_update, app).finish()));
    }
    if seen != Some(last_update) {
        last_update = poller.confirm(app).await?.last_update;
    } else {
        poller.confirm_unless_believed(app).await?;
    }
    let has_updates = seen != Some(last_update);
    let outcome = if has_updates { PollOutcome::Changed } else { PollOutcome::Unchanged };
    Ok((outcome, with_stamp(HttpResponse::Ok(), last_update, app).json(PollJson { last_update, has_updates })))
}

/// How many tags of `If-None-Match` are read. A program has one; a list of thousands is a guess.
const TAGS: usize = 4;

fn has_etag(req: &HttpRequest, stamp: Stamp) -> bool {
    match req.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().take(TAGS).any(|tag| tag.weak_eq(&etag(stamp))),
        None => false,
    }
}

fn etag(stamp: Stamp) -> EntityTag {
    EntityTag::new_strong(stamp.to_string())
}

fn with_stamp(mut answer: HttpResponseBuilder, stamp: Stamp, app: &App) -> HttpResponseBuilder {
    answer.insert_header(ETag(etag(stamp))).insert_header(("X-Poll-Interval", app.config.poll_seconds)).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}
