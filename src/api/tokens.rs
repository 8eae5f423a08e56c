//! Tokens of programs, for those who are signed in by name and password.

use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::tokens::{self as accounts, NewToken};
use crate::app::App;
use crate::clock::Millis;
use crate::error::AppError;
use crate::http::response::{Created, NoContent};
use crate::http::viewer::SessionViewer;
use crate::ids::TokenId;
use crate::model::TokenName;
use crate::model::tokens::{self, ListedToken, Scope};

/// What it is for, and what it may be used for.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateToken)]
pub struct CreateTokenJson {
    /// What it is for: 1 to 60 characters.
    name: String,
    /// `read`: every GET but those about tokens. `post`: to post, and to list, read and delete one's own posts. `all`: everything but tokens and
    /// sessions.
    #[schema(pattern = "^(read|post|all)$")]
    scope: String,
}

/// A new token. This is the only answer with the token itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatedToken)]
pub struct CreatedTokenJson {
    id: TokenId,
    name: String,
    scope: String,
    /// For `Authorization: Bearer`.
    token: String,
    #[schema(value_type = i64)]
    created_at: Millis,
}

/// All of them, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensJson {
    tokens: Vec<TokenJson>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
struct TokenJson {
    id: TokenId,
    name: String,
    /// `read`, `post` or `all`; a newer release may know others.
    scope: String,
    #[schema(value_type = i64)]
    created_at: Millis,
    /// To the hour. Unchanged polls do not count. Null: never.
    #[schema(required, value_type = Option<i64>)]
    last_used_at: Option<Millis>,
}

impl From<ListedToken> for TokenJson {
    fn from(token: ListedToken) -> Self {
        let ListedToken { id, name, scope, created_at, last_used_at } = token;
        TokenJson { id, name, scope, created_at, last_used_at }
    }
}

/// `POST /api/tokens` `{name, scope}`
pub async fn create(viewer: SessionViewer, body: Json<CreateTokenJson>, app: Data<App>) -> Result<Created<CreatedTokenJson>, AppError> {
    let CreateTokenJson { name, scope } = body.into_inner();
    let name = TokenName::parse(&name).map_err(|why| AppError::unprocessable(format!("name: {why}")))?;
    let parsed: Scope = scope.parse().map_err(|_| AppError::unprocessable("scope: it is read, post or all."))?;
    let NewToken { id, token, created_at } = accounts::create(&app, &viewer, name.clone(), parsed).await?;
    Ok(Created(CreatedTokenJson { id, name: name.as_str().to_owned(), scope, token, created_at }))
}

/// `GET /api/tokens`
pub async fn list(viewer: SessionViewer, app: Data<App>) -> Result<Json<TokensJson>, AppError> {
    let me = viewer.id;
    let listed = app.query(move |conn| Ok(tokens::list(conn, me)?)).await?;
    Ok(Json(TokensJson { tokens: listed.into_iter().map(TokenJson::from).collect() }))
}

/// `DELETE /api/tokens/{id}`: 204, also when there was none. Whose it is, if it is somebody else's, is not said.
pub async fn delete(viewer: SessionViewer, path: Path<TokenId>, app: Data<App>) -> Result<NoContent, AppError> {
    accounts::revoke(&app, viewer.id, path.into_inner()).await?;
    Ok(NoContent)
}
