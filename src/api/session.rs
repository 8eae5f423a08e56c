//! Sessions of programs: bearer tokens.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::sign_in::sign_in;
use crate::app::App;
use crate::clock::Millis;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::response::NoContent;
use crate::http::viewer::{Caller, SessionViewer};
use crate::ids::UserId;
use crate::model::sessions::{self, SessionKind};

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[schema(as = SignIn)]
pub struct SignInJson {
    username: String,
    password: String,
}

/// A token, and whose it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionJson {
    /// For `Authorization: Bearer`.
    token: String,
    /// When it ends, in Unix milliseconds. The end is part of the token and does not move.
    #[schema(value_type = i64)]
    expires_at: Millis,
    user: UserJson,
}

/// Whoever signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
struct UserJson {
    id: UserId,
    username: String,
}

/// `POST /api/session` `{username, password}`. For anybody but the token of a program, which as a [`Caller`] is refused.
pub async fn create(_: Caller, body: Json<SignInJson>, req: HttpRequest, app: Data<App>) -> Result<Json<SessionJson>, AppError> {
    let SignInJson { username, password } = body.into_inner();
    let (token, user) = sign_in(&app, &username, password, ClientInfo::of(&req, &app.config), SessionKind::Program).await?;
    Ok(Json(SessionJson { token: app.signer.sign(&token), expires_at: token.idle_expires_at, user: UserJson { id: user.id, username: user.username } }))
}

/// `DELETE /api/session`: revokes the token that it is called with.
pub async fn delete(viewer: SessionViewer, app: Data<App>) -> Result<NoContent, AppError> {
    app.change(move |tx| Ok(sessions::revoke(tx, viewer.id, viewer.session)?)).await?;
    Ok(NoContent)
}
