//! Following, by id.

use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::follow::follow_within_limit;
use crate::app::App;
use crate::db::Connection;
use crate::domain;
use crate::error::AppError;
use crate::http::response::{Made, NoContent};
use crate::http::viewer::Viewer;
use crate::ids::UserId;
use crate::model::follows;
use crate::model::people::{self, Person};

/// Whom to follow.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Follow)]
pub struct FollowJson {
    user_id: UserId,
}

/// The new state, whether or not anything changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Followed)]
pub struct FollowedJson {
    /// True.
    following: bool,
}

/// The relation of two people.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Relation)]
pub struct RelationJson {
    /// Whether the caller follows them.
    following: bool,
    /// Whether they follow the caller.
    followed_by: bool,
    /// Whether the caller is told of their posts; absent where they do not follow them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    notify: Option<bool>,
}

impl RelationJson {
    fn load(conn: &mut Connection, me: UserId, other: UserId) -> Result<RelationJson, AppError> {
        let Person { following, followed_by, .. } = people::by_id(conn, me, other)?;
        Ok(RelationJson { following, followed_by, notify: follows::is_told(conn, me, other)? })
    }
}

/// Whether to be told of their posts.
#[derive(Deserialize, ToSchema)]
#[schema(as = Notify)]
pub struct NotifyJson {
    /// False: they are in the feed all the same.
    notify: bool,
}

/// `POST /api/follow` `{userId}`: 201 the first time, 200 after.
pub async fn create(viewer: Viewer, body: Json<FollowJson>, app: Data<App>) -> Result<Made<FollowedJson>, AppError> {
    let (me, followee) = (viewer.id, not_oneself(&viewer, body.user_id)?);
    let per_hour = app.follow_limit(viewer.id);
    let is_new = app.change(move |tx| follow_within_limit(tx, me, followee, per_hour)).await?;
    let followed = FollowedJson { following: true };
    Ok(if is_new { Made::New(followed) } else { Made::Known(followed) })
}

/// `GET /api/follow/{userId}`
pub async fn show(viewer: Viewer, path: Path<UserId>, app: Data<App>) -> Result<Json<RelationJson>, AppError> {
    let (me, other) = (viewer.id, not_oneself(&viewer, path.into_inner())?);
    Ok(Json(app.snapshot(move |conn| RelationJson::load(conn, me, other)).await?))
}

/// `PUT /api/follow/{userId}` `{notify}`: whether to be told of their posts. 404 if the caller does not follow them.
pub async fn update(viewer: Viewer, path: Path<UserId>, body: Json<NotifyJson>, app: Data<App>) -> Result<Json<RelationJson>, AppError> {
    let (me, followee, notify) = (viewer.id, not_oneself(&viewer, path.into_inner())?, body.notify);
    let updated = app.change(move |tx| {
        let is_following = follows::set_notify(tx, me, followee, notify)?;
        if is_following { RelationJson::load(tx.conn(), me, followee) } else { Err(AppError::NotFound) }
    });
    Ok(Json(updated.await?))
}

/// `DELETE /api/follow/{userId}`: 204, also when there was none.
pub async fn delete(viewer: Viewer, path: Path<UserId>, app: Data<App>) -> Result<NoContent, AppError> {
    let (me, followee) = (viewer.id, not_oneself(&viewer, path.into_inner())?);
    app.change(move |tx| {
        people::by_id(tx.conn(), me, followee)?;
        Ok(domain::follow::unfollow(tx, me, followee)?)
    })
    .await?;
    Ok(NoContent)
}

fn not_oneself(viewer: &Viewer, other: UserId) -> Result<UserId, AppError> {
    if other == viewer.id { Err(AppError::unprocessable("That is your own id.")) } else { Ok(other) }
}
