//! Following, by id.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{CustomizeResponder, HttpResponse, Responder};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::AppError;
use crate::model::people::{self, Person};
use crate::model::{UserId, follows};
use crate::viewer::Viewer;

/// Whom to follow.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Followee {
    user_id: UserId,
}

/// What is so now, whether it is new or not.
#[derive(Serialize)]
pub struct Followed {
    following: bool,
}

/// How two people stand to each other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Relation {
    following: bool,
    followed_by: bool,
}

impl From<Person> for Relation {
    fn from(person: Person) -> Self {
        Relation { following: person.following, followed_by: person.follows_you }
    }
}

/// `POST /api/follow` `{userId}`: 201 the first time, 200 after.
pub async fn create(viewer: Viewer, followee: Json<Followee>, app: Data<App>) -> Result<CustomizeResponder<Json<Followed>>, AppError> {
    let (me, followee, now) = (viewer.id, not_oneself(&viewer, followee.user_id)?, app.clock.now());
    let first = app.change(move |db| Ok(follows::follow(db, me, followee, now)?)).await?;
    let status = if first { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Json(Followed { following: true }).customize().with_status(status))
}

/// `GET /api/follow/{userId}`
pub async fn show(viewer: Viewer, path: Path<UserId>, app: Data<App>) -> Result<Json<Relation>, AppError> {
    let (me, other) = (viewer.id, not_oneself(&viewer, path.into_inner())?);
    Ok(Json(app.look(move |db| Ok(people::by_id(db, me, other)?)).await?.into()))
}

/// `DELETE /api/follow/{userId}`: 204, also when there was none.
pub async fn end(viewer: Viewer, path: Path<UserId>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let (me, followee, now) = (viewer.id, not_oneself(&viewer, path.into_inner())?, app.clock.now());
    app.change(move |db| {
        people::by_id(db, me, followee)?;
        let (_, news) = follows::unfollow(db, me, followee, now)?;
        Ok(((), news))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn not_oneself(viewer: &Viewer, other: UserId) -> Result<UserId, AppError> {
    if other == viewer.id { Err(AppError::Unprocessable("That is yourself.")) } else { Ok(other) }
}
