//! Makes accounts.

use std::net::IpAddr;

use super::sign_in::{insert_session, sign_in};
use crate::app::App;
use crate::auth::session_token::SessionToken;
use crate::error::AppError;
use crate::model::sessions::SessionKind;
use crate::model::{Username, users};

/// Makes an account and its first session, both or neither. Pressed twice, or repeated after a lost answer, the second signs in: the name and the
/// password are those of the account that is there. `None` if the name is somebody else's.
///
/// # Errors
/// [`AppError::TooMany`], because a taken name with a wrong password is a failed sign-in; 503 when it cannot be written.
pub async fn sign_up(app: &App, name: Username, password: String, address: IpAddr) -> Result<Option<SessionToken>, AppError> {
    let wanted = name.clone();
    // Before the hash, which is expensive: most names that are taken were taken long ago.
    if app.query(move |conn| Ok(users::is_taken(conn, &wanted)?)).await? {
        return sign_in_instead(app, &name, password, address).await;
    }
    let (hash, wanted) = (app.passwords.hash(password.clone()).await?, name.clone());
    let made = app.change(move |tx| match users::insert(tx, &wanted, &hash)? {
        Some(user) => insert_session(tx, user, SessionKind::Browser).map(Some),
        None => Ok(None),
    });
    match made.await? {
        Some(token) => {
            app.metrics.signed_up();
            Ok(Some(token))
        }
        // Somebody was a moment faster: perhaps this very person.
        None => sign_in_instead(app, &name, password, address).await,
    }
}

async fn sign_in_instead(app: &App, name: &Username, password: String, address: IpAddr) -> Result<Option<SessionToken>, AppError> {
    match sign_in(app, name.as_str(), password, address, SessionKind::Browser).await {
        Ok((token, _)) => Ok(Some(token)),
        Err(AppError::WrongPassword) => Ok(None),
        Err(error) => Err(error),
    }
}
