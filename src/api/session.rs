//! Tokens for programs.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{CustomizeResponder, HttpRequest, HttpResponse, Responder};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entry::enter;
use crate::error::AppError;
use crate::model::UserId;
use crate::model::sessions::{self, Kind};
use crate::viewer::{Viewer, address};

/// A name and its password.
#[derive(Deserialize)]
pub struct Login {
    username: String,
    password: String,
}

/// A token and whose it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    token: String,
    /// When it ends, in Unix milliseconds: a token's end is part of it and does not move.
    expires_at: i64,
    user: User,
}

#[derive(Serialize)]
struct User {
    id: UserId,
    username: String,
}

/// `POST /api/session` `{username, password}`
pub async fn create(login: Json<Login>, req: HttpRequest, app: Data<App>) -> Result<CustomizeResponder<Json<Opened>>, AppError> {
    let Login { username, password } = login.into_inner();
    let (token, user) = enter(&app, &username, password, address(&req, &app.config), Kind::Program).await?;
    let opened = Opened { token: app.signer.seal(&token), expires_at: token.idle_expires_at, user: User { id: user.id, username: user.username } };
    Ok(Json(opened).customize().with_status(StatusCode::OK))
}

/// `DELETE /api/session`: the token it is called with ends.
pub async fn end(viewer: Viewer, app: Data<App>) -> Result<HttpResponse, AppError> {
    let now = app.clock.now();
    app.change(move |db| Ok(((), sessions::revoke(db, viewer.id, viewer.session, now)?))).await?;
    Ok(HttpResponse::NoContent().finish())
}
