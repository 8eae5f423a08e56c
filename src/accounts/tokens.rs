//! Makes and revokes the tokens of programs.

use crate::app::App;
use crate::auth::api_token::ApiToken;
use crate::auth::session_token::Signer;
use crate::clock::Millis;
use crate::db::Change;
use crate::error::AppError;
use crate::http::viewer::SessionViewer;
use crate::ids::{SessionId, TokenId, UserId};
use crate::model::tokens::{self, MOST, Scope};
use crate::model::{TokenName, sessions, users};
use crate::stamps::lock;

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The token itself. It is kept nowhere: this is the only time that it can be shown.
    pub token: String,
    /// When it was made, in Unix milliseconds.
    pub created_at: Millis,
}

/// Makes a token of `user`.
///
/// # Errors
/// 422 if they have [`MOST`] already; when the system has no randomness to give; those of the database.
pub fn make(tx: &mut Change<'_>, signer: &Signer, user: UserId, name: &TokenName, scope: Scope) -> Result<NewToken, AppError> {
    let drawn = signer.fresh_api_token(user, scope)?;
    insert(tx, name, drawn)
}

fn insert(tx: &mut Change<'_>, name: &TokenName, (secret, token): (ApiToken, String)) -> Result<NewToken, AppError> {
    let id = tokens::insert(tx, secret.user, name, secret.scope, &secret.hash())?;
    let id = id.ok_or_else(|| AppError::unprocessable(format!("You can have at most {MOST} tokens. Revoke one that is not used any more.")))?;
    Ok(NewToken { id, token, created_at: tx.now() })
}

/// Makes a token of whoever is signed in.
///
/// # Errors
/// Those of [`make`]; [`AppError::SignedOut`] if their session was revoked a moment ago.
pub async fn create(app: &App, viewer: &SessionViewer, name: TokenName, scope: Scope) -> Result<NewToken, AppError> {
    let (user, session, signer) = (viewer.id, viewer.session, app.signer.clone());
    app.change(move |tx| {
        lock_session(tx, user, session)?;
        make(tx, &signer, user, &name, scope)
    })
    .await
}

/// [`create`] for a form with the hidden `key`. Pressed twice, or sent again, it makes one token and returns it again; but none that was revoked
/// since, because that has moved the stamp.
///
/// # Errors
/// Those of [`create`].
pub async fn create_once(app: &App, viewer: &SessionViewer, name: TokenName, scope: Scope, key: String) -> Result<String, AppError> {
    let (user, session, signer) = (viewer.id, viewer.session, app.signer.clone());
    app.change(move |tx| {
        lock_session(tx, user, session)?;
        let stamp = users::last_update(tx.conn(), user)?.unwrap_or_default();
        let (secret, token) = signer.api_token_of(user, scope, &format!("{stamp}\n{}\n{key}", name.as_str()));
        let is_there = tokens::find(tx.conn(), &secret.hash())?.is_some();
        if is_there { Ok(token) } else { insert(tx, &name, (secret, token)).map(|made| made.token) }
    })
    .await
}

/// Locks the account until the commit, if the session is still there: a token made by a session that a new password has ended would outlive it.
fn lock_session(tx: &mut Change<'_>, user: UserId, session: SessionId) -> Result<(), AppError> {
    lock(tx, &[user])?;
    if sessions::exists(tx.conn(), user, session)? { Ok(()) } else { Err(AppError::SignedOut) }
}

/// Revokes a token of `user`. A repeat, or somebody else's token: nothing happens.
///
/// # Errors
/// 503 when it cannot be written.
pub async fn revoke(app: &App, user: UserId, token: TokenId) -> Result<(), AppError> {
    app.change(move |tx| Ok(tokens::revoke(tx, user, token)?)).await
}
