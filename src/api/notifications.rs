//! The inbox, for programs.

use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};

use super::page_limit::page_limit;
use crate::app::App;
use crate::clock::Millis;
use crate::error::AppError;
use crate::http::viewer::Viewer;
use crate::ids::{NotificationId, Stamp};
use crate::model::notifications::{self, Actor, Notification, Show};

/// Which part of the inbox.
#[derive(Deserialize)]
pub struct NotificationsQuery {
    before: Option<NotificationId>,
    limit: Option<i64>,
    #[serde(default)]
    show: Show,
}

/// One page of the inbox, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsJson {
    notifications: Vec<NotificationJson>,
    /// The `before` of the next page; null on the last.
    next: Option<NotificationId>,
    unread: i64,
    last_update: Stamp,
}

/// One notification. `kind` is the stored name, whether this release knows it or not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationJson {
    id: NotificationId,
    kind: String,
    actor: Option<Actor>,
    created_at: Millis,
    read_at: Option<Millis>,
}

impl From<Notification> for NotificationJson {
    fn from(notification: Notification) -> Self {
        let Notification { id, kind, actor, created_at, read_at, .. } = notification;
        NotificationJson { id, kind, actor, created_at, read_at }
    }
}

/// `GET /api/notifications?before=&limit=&show=`
pub async fn list(viewer: Viewer, query: Query<NotificationsQuery>, app: Data<App>) -> Result<Json<NotificationsJson>, AppError> {
    let (me, NotificationsQuery { before, limit, show }) = (viewer.id, query.into_inner());
    let limit = page_limit(limit)?;
    let (unread, page) = app.snapshot(move |conn| Ok((notifications::count_unread(conn, me)?, notifications::list(conn, me, show, before, limit)?))).await?;
    let notifications = page.rows.into_iter().map(NotificationJson::from).collect();
    Ok(Json(NotificationsJson { notifications, next: page.next, unread, last_update: viewer.last_update }))
}

/// Up to which notification to mark all read.
#[derive(Deserialize)]
pub struct ReadAllJson {
    through: NotificationId,
}

/// How many are left.
#[derive(Serialize)]
pub struct UnreadJson {
    unread: i64,
}

/// `POST /api/notifications/read` `{through}`
pub async fn read_all(viewer: Viewer, body: Json<ReadAllJson>, app: Data<App>) -> Result<Json<UnreadJson>, AppError> {
    let (me, through) = (viewer.id, body.through);
    let left = app.change(move |tx| {
        notifications::mark_all_read(tx, me, through)?;
        Ok(notifications::count_unread(tx.conn(), me)?)
    });
    Ok(Json(UnreadJson { unread: left.await? }))
}
