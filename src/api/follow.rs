//! Following, by id.

use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::follow::follow_within_limit;
use crate::app::App;
use crate::domain;
use crate::error::AppError;
use crate::http::response::{Made, NoContent};
use crate::http::viewer::Viewer;
use crate::ids::UserId;
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
}

impl From<Person> for RelationJson {
    fn from(person: Person) -> Self {
        RelationJson { following: person.following, followed_by: person.followed_by }
    }
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
    Ok(Json(app.query(move |conn| Ok(people::by_id(conn, me, other)?)).await?.into()))
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
