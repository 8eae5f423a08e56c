//! Makes accounts.

use super::sign_in::insert_session;
use crate::app::App;
use crate::auth::session_token::SessionToken;
use crate::error::AppError;
use crate::model::sessions::SessionKind;
use crate::model::{Username, users};

/// Makes an account and its first session, both or neither. `None` if the name is taken, even if only a moment ago.
///
/// # Errors
/// 503 when it cannot be written.
pub async fn sign_up(app: &App, name: Username, password: String) -> Result<Option<SessionToken>, AppError> {
    let wanted = name.clone();
    // Before the hash, which is expensive: most names that are taken were taken long ago.
    if app.query(move |conn| Ok(users::is_taken(conn, &wanted)?)).await? {
        return Ok(None);
    }
    let hash = app.passwords.hash(password).await?;
    app.change(move |tx| match users::insert(tx, &name, &hash)? {
        Some(user) => insert_session(tx, user, SessionKind::Browser).map(Some),
        None => Ok(None),
    })
    .await
}
