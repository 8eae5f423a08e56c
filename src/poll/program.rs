//! The poll of a program: JSON, and an ETag for conditional requests.

use actix_web::http::header::{self, ETag, EntityTag};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::AppError;
use crate::http::request::has_etag;
use crate::http::viewer::Poller;
use crate::ids::Stamp;
use crate::metrics::PollOutcome;
use crate::poll_url::{PollCursor, Since};

/// Whether anything happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Poll)]
pub(super) struct PollJson {
    /// The stamp to ask with next. 0 for somebody to whom nothing ever happened.
    #[schema(value_type = i64)]
    last_update: Stamp,
    /// Whether it differs from `since`.
    has_updates: bool,
}

pub(super) async fn answer(poller: Poller, req: &HttpRequest, app: &Data<App>) -> Result<(PollOutcome, HttpResponse), AppError> {
    let mut last_update = app.last_update(poller.user).await?;
    let seen = match PollCursor::parse(req.query_string()).since {
        Since::Absent => Some(0),
        Since::Stamp(stamp) => Some(stamp),
        Since::Garbled => None,
    };
    if has_etag(req, &etag(last_update)) {
        poller.confirm_unless_believed(app).await?;
        return Ok((PollOutcome::Unchanged, with_stamp(HttpResponse::NotModified(), last_update, app).finish()));
    }
    if seen != Some(last_update) {
        let viewer = poller.confirm(app).await?;
        viewer.heard(app);
        last_update = viewer.last_update;
    } else {
        poller.confirm_unless_believed(app).await?;
    }
    let has_updates = seen != Some(last_update);
    let outcome = if has_updates { PollOutcome::Changed } else { PollOutcome::Unchanged };
    Ok((outcome, with_stamp(HttpResponse::Ok(), last_update, app).json(PollJson { last_update, has_updates })))
}

fn etag(stamp: Stamp) -> EntityTag {
    EntityTag::new_strong(stamp.to_string())
}

fn with_stamp(mut answer: HttpResponseBuilder, stamp: Stamp, app: &App) -> HttpResponseBuilder {
    answer.insert_header(ETag(etag(stamp))).insert_header(("X-Poll-Interval", app.config.poll_seconds)).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}
