//! The way in, for people and programs alike: accounts made, passwords checked, sessions opened.

use std::net::IpAddr;

use crate::app::App;
use crate::clock::Millis;
use crate::db::Connection;
use crate::error::AppError;
use crate::last_update::News;
use crate::model::sessions::{self, Kind};
use crate::model::users::{self, Credentials};
use crate::model::{UserId, Username};
use crate::token::Token;

/// A new account and its first session, both or neither; `None` if the name is taken, also by somebody who was a
/// moment faster.
///
/// # Errors
/// 503 when it cannot be written.
pub async fn sign_up(app: &App, name: Username, password: String) -> Result<Option<Token>, AppError> {
    let wanted = name.clone();
    // Asked first, because a hash is expensive and most collisions are plain ones.
    if app.look(move |db| Ok(users::is_taken(db, &wanted)?)).await? {
        return Ok(None);
    }
    let (hash, now) = (app.passwords.hash(password).await?, app.clock.now());
    app.change(move |db| {
        let user = users::create(db, &name, &hash, now)?;
        let token = user.map(|user| new_session(db, user, Kind::Browser, now)).transpose()?;
        Ok((token, News::none()))
    })
    .await
}

/// Whose name and password these are. Opens nothing yet.
///
/// # Errors
/// [`AppError::WrongPassword`], after the same time whether the name exists, cannot exist, or the password is wrong;
/// [`AppError::TooMany`] after too many failures.
pub async fn sign_in(app: &App, username: &str, password: String, address: IpAddr) -> Result<Credentials, AppError> {
    // What can be no name is tried as one that nobody can have signed up with, so that it costs the same.
    let name = Username::parse(username).ok();
    let attempt = app.slowdown.attempt(name.as_ref(), address, app.clock.now()).map_err(AppError::TooMany)?;
    let known = app.look(move |db| Ok(name.as_ref().map(|name| users::credentials(db, name)).transpose()?.flatten())).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let matches = app.passwords.matches(password, hash).await?;
    match known.filter(|_| matches) {
        Some(known) => {
            attempt.succeeded();
            Ok(known)
        }
        None => {
            attempt.failed(app.clock.now());
            Err(AppError::WrongPassword)
        }
    }
}

/// Signs in: a new session, and whose it is.
///
/// # Errors
/// Those of [`sign_in`]; 503 when it cannot be written.
pub async fn enter(app: &App, username: &str, password: String, address: IpAddr, kind: Kind) -> Result<(Token, Credentials), AppError> {
    let known = sign_in(app, username, password, address).await?;
    Ok((open_session(app, &known, kind).await?, known))
}

/// A new session for whoever was found to be `known`.
///
/// # Errors
/// [`AppError::WrongPassword`] if the password was changed or the account deleted since: a session opened on the old
/// one would outlive the change that was to end them all. 503 when it cannot be written.
async fn open_session(app: &App, known: &Credentials, kind: Kind) -> Result<Token, AppError> {
    let (now, user, hash) = (app.clock.now(), known.id, known.password_hash.clone());
    app.change(move |db| {
        if !users::has_password(db, user, &hash)? {
            return Err(AppError::WrongPassword);
        }
        Ok((new_session(db, user, kind, now)?, News::none()))
    })
    .await
}

fn new_session(db: &mut Connection, user: UserId, kind: Kind, now: Millis) -> Result<Token, AppError> {
    let token = Token::fresh(user, now)?;
    sessions::open(db, user, kind, &token, now)?;
    Ok(token)
}
