//! The inbox, for programs.

use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page_limit::page_limit;
use crate::app::App;
use crate::clock::Millis;
use crate::error::AppError;
use crate::http::viewer::Viewer;
use crate::ids::{NotificationId, Stamp};
use crate::model::notifications::{self, Actor, Notification, NotifiedPost, Show};

/// Which part of the inbox.
#[derive(Deserialize, IntoParams)]
pub struct NotificationsQuery {
    /// The `next` of the page before.
    #[param(value_type = i64, required = false)]
    before: Option<NotificationId>,
    /// How many at most; more than 100 are 100.
    #[param(value_type = i64, required = false, minimum = 1, default = 20)]
    limit: Option<i64>,
    /// Everything, or what has not been read.
    #[serde(default)]
    #[param(inline)]
    show: Show,
}

/// One page of the inbox, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notifications)]
pub struct NotificationsJson {
    notifications: Vec<NotificationJson>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    next: Option<NotificationId>,
    /// How many have not been read, on all pages.
    unread: i64,
    /// The stamp: the page is at least as new.
    #[schema(value_type = i64)]
    last_update: Stamp,
}

/// One notification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification)]
struct NotificationJson {
    id: NotificationId,
    /// What happened: `follow`, `post`. One that a program does not know is to be shown by its `actor` alone: later releases add some.
    kind: String,
    /// Who did it; null where nobody did.
    #[schema(required)]
    actor: Option<Actor>,
    /// When it happened, in Unix milliseconds.
    #[schema(value_type = i64)]
    created_at: Millis,
    /// When it was read, in Unix milliseconds; null if it has not been.
    #[schema(value_type = Option<i64>, required)]
    read_at: Option<Millis>,
    /// The post that it is about; absent where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NotifiedPost, required = false)]
    post: Option<NotifiedPost>,
}

impl From<Notification> for NotificationJson {
    fn from(notification: Notification) -> Self {
        let Notification { id, kind, actor, created_at, read_at, post, .. } = notification;
        NotificationJson { id, kind, actor, created_at, read_at, post }
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
#[derive(Deserialize, ToSchema)]
#[schema(as = ReadAll)]
pub struct ReadAllJson {
    /// The newest that is marked; none newer is.
    through: NotificationId,
}

/// How many are left.
#[derive(Serialize, ToSchema)]
#[schema(as = Unread)]
pub struct UnreadJson {
    /// How many have not been read.
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
