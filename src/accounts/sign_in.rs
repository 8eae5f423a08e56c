//! Checks passwords and opens sessions.

use std::net::IpAddr;

use crate::app::App;
use crate::auth::session_token::SessionToken;
use crate::db::Change;
use crate::error::AppError;
use crate::ids::UserId;
use crate::metrics::SignInOutcome;
use crate::model::sessions::{self, NewSession, SessionKind};
use crate::model::users::{self, Credentials};
use crate::model::{LONGEST_USERNAME as LONGEST, NotAUsername, Username};

/// Signs in: opens a session. Returns its token, and whose it is.
///
/// # Errors
/// Those of [`check_password`]; 503 when it cannot be written.
pub async fn sign_in(app: &App, username: &str, password: String, address: IpAddr, kind: SessionKind) -> Result<(SessionToken, Credentials), AppError> {
    let known = check_password(app, username, password, address).await?;
    Ok((open_session(app, &known, kind).await?, known))
}

/// The account of `username`, if `password` is right. A wrong one counts as a failed try of the name and of `address`.
///
/// # Errors
/// [`AppError::WrongPassword`], after the same time whether the name is invalid, unknown, or has another password;
/// [`AppError::TooMany`] after too many failures.
pub async fn check_password(app: &App, username: &str, password: String, address: IpAddr) -> Result<Credentials, AppError> {
    // An invalid name is checked like a name that nobody has, so that it takes as long.
    let name: Result<Username, NotAUsername> = Username::parse(username);
    let attempt = app.login_throttle.begin(name.as_ref().ok(), address, app.clock.now()).map_err(|seconds| {
        log::info!("sign-in refused for now: name {}, address {address}", loggable(username));
        app.metrics.signed_in(SignInOutcome::Throttled);
        AppError::TooMany(seconds)
    })?;
    let known = app.query(move |conn| Ok(name.as_ref().ok().map(|name| users::credentials(conn, name)).transpose()?.flatten())).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let matches = app.passwords.matches(password, hash).await?;
    match known.filter(|_| matches) {
        Some(known) => {
            attempt.succeeded();
            app.metrics.signed_in(SignInOutcome::Accepted);
            Ok(known)
        }
        None => {
            attempt.failed(app.clock.now());
            log::info!("sign-in failed: name {}, address {address}", loggable(username));
            app.metrics.signed_in(SignInOutcome::Failed);
            Err(AppError::WrongPassword)
        }
    }
}

/// What was typed as a name, for the log: quoted, without control characters, and not longer than a name can be.
fn loggable(typed: &str) -> String {
    format!("{:?}", typed.chars().take(LONGEST).collect::<String>())
}

/// Opens a session for an account whose password was checked.
///
/// # Errors
/// [`AppError::WrongPassword`] if the password was changed or the account deleted since. A session opened on the old password would outlive
/// the change that was to end them all. 503 when it cannot be written.
async fn open_session(app: &App, known: &Credentials, kind: SessionKind) -> Result<SessionToken, AppError> {
    let (user, hash) = (known.id, known.password_hash.clone());
    app.change(move |tx| {
        if !users::lock_if_password(tx, user, &hash)? {
            return Err(AppError::WrongPassword);
        }
        insert_session(tx, user, kind)
    })
    .await
}

/// Opens a session of `user`.
///
/// # Errors
/// When the system has no randomness to give; those of the database.
pub fn insert_session(tx: &mut Change<'_>, user: UserId, kind: SessionKind) -> Result<SessionToken, AppError> {
    let token = SessionToken::fresh(user, tx.now())?;
    let (token_hash, idle_expires_at, expires_at) = (token.hash(), token.idle_expires_at, token.expires_at);
    sessions::insert(tx, &NewSession { user, kind, token_hash, idle_expires_at, expires_at })?;
    Ok(token)
}
