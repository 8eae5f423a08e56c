//! The inbox, for programs.

use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};

use super::limit;
use crate::app::App;
use crate::clock::Millis;
use crate::error::AppError;
use crate::last_update::Stamp;
use crate::model::NotificationId;
use crate::model::notifications::{self, Actor, Kind, Notification, Show};
use crate::viewer::Viewer;

/// Which part of the inbox.
#[derive(Deserialize)]
pub struct Part {
    before: Option<NotificationId>,
    limit: Option<i64>,
    #[serde(default)]
    show: Show,
}

/// One page of the inbox, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    notifications: Vec<Line>,
    /// The `before` of the next page; null on the last.
    next: Option<NotificationId>,
    unread: i64,
    last_update: Stamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: NotificationId,
    kind: Kind,
    actor: Actor,
    created_at: Millis,
    read_at: Option<Millis>,
}

impl From<Notification> for Line {
    fn from(line: Notification) -> Self {
        let Notification { id, kind, actor, created_at, read_at } = line;
        Line { id, kind, actor, created_at, read_at }
    }
}

/// `GET /api/notifications?before=&limit=&show=`
pub async fn list(viewer: Viewer, part: Query<Part>, app: Data<App>) -> Result<Json<Inbox>, AppError> {
    let (me, Part { before, limit: rows, show }) = (viewer.id, part.into_inner());
    let rows = limit(rows)?;
    let (unread, found) = app.read(move |db| Ok((notifications::unread(db, me)?, notifications::list(db, me, show, before, rows)?))).await?;
    Ok(Json(Inbox { notifications: found.rows.into_iter().map(Line::from).collect(), next: found.next, unread, last_update: viewer.last_update }))
}

/// Up to where everything is to be marked read.
#[derive(Deserialize)]
pub struct Watermark {
    through: NotificationId,
}

/// What is left.
#[derive(Serialize)]
pub struct Unread {
    unread: i64,
}

/// `POST /api/notifications/read` `{through}`
pub async fn read_all(viewer: Viewer, watermark: Json<Watermark>, app: Data<App>) -> Result<Json<Unread>, AppError> {
    let (me, through, now) = (viewer.id, watermark.through, app.clock.now());
    let unread = app
        .change(move |db| {
            let news = notifications::mark_all_read(db, me, through, now)?;
            Ok((notifications::unread(db, me)?, news))
        })
        .await?;
    Ok(Json(Unread { unread }))
}
