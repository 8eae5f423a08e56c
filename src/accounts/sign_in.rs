//! Checks passwords and opens sessions.

use std::net::IpAddr;

use crate::app::App;
use crate::auth::login_throttle::{Guesser, LoginAttempt};
use crate::auth::network::network;
use crate::auth::session_token::{KeyedHash, SessionToken};
use crate::db::Change;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::viewer::SessionViewer;
use crate::ids::UserId;
use crate::metrics::SignInOutcome;
use crate::model::sessions::{self, NewSession, SessionKind};
use crate::model::users::{self, Credentials};
use crate::model::{LONGEST_USERNAME as LONGEST, Username, known_networks};

/// Signs in: opens a session. Returns its token, and whose it is.
///
/// # Errors
/// [`AppError::WrongPassword`], after the same time whether the name is invalid, unknown, or has another password;
/// [`AppError::TooMany`] after too many failures; 503 when it cannot be written.
pub async fn sign_in(app: &App, username: &str, password: String, client: ClientInfo, kind: SessionKind) -> Result<(SessionToken, Credentials), AppError> {
    // An invalid name is checked like a name that nobody has, so that it takes as long.
    let name = Username::parse(username).ok();
    let attempt = begin(app, name.as_ref(), client.address).await.inspect_err(|error| record_throttled(app, username, client.address, error))?;
    let known = check(app, attempt, username, name, password, client.address).await?;
    Ok((open_session(app, &known, kind, client).await?, known))
}

/// The account of somebody who is signed in, if `password` is right. Their tries have a count of their own, which nobody else can fill: otherwise
/// strangers who guess at a password could keep its owner from changing it.
///
/// # Errors
/// [`AppError::WrongPassword`]; [`AppError::TooMany`] after too many failures in this session.
pub async fn check_own_password(app: &App, viewer: &SessionViewer, password: String, address: IpAddr) -> Result<Credentials, AppError> {
    let begun = app.login_throttle.begin(Guesser::Member(viewer.session), app.clock.uptime()).map_err(AppError::TooMany);
    let attempt = begun.inspect_err(|error| record_throttled(app, &viewer.username, address, error))?;
    check(app, attempt, &viewer.username, Username::parse(&viewer.username).ok(), password, address).await
}

/// Begins a try. Counts that strangers can fill do not hold up whoever comes from where this name was signed in before. The database is asked
/// about that only once they are full.
async fn begin<'a>(app: &'a App, name: Option<&Username>, address: IpAddr) -> Result<LoginAttempt<'a>, AppError> {
    let now = app.clock.uptime();
    let refused = match app.login_throttle.begin(Guesser::Stranger(name, address), now) {
        Ok(attempt) => return Ok(attempt),
        Err(seconds) => AppError::TooMany(seconds),
    };
    let Some(name) = name else { return Err(refused) };
    let (asked, network) = (name.clone(), network_hash(app, name, address));
    // Asked before the try begins: strangers' tries must not fill this count, either.
    if !app.query(move |conn| Ok(known_networks::is_known(conn, &asked, &network)?)).await? {
        return Err(refused);
    }
    app.login_throttle.begin(Guesser::AtKnownNetwork(name, address), now).map_err(AppError::TooMany)
}

/// Checks `password`, and decides the attempt.
async fn check(app: &App, attempt: LoginAttempt<'_>, typed: &str, name: Option<Username>, password: String, address: IpAddr) -> Result<Credentials, AppError> {
    let known = app.query(move |conn| Ok(name.as_ref().map(|name| users::credentials(conn, name)).transpose()?.flatten())).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let matches = app.passwords.matches(password, hash).await?;
    match known.filter(|_| matches) {
        Some(known) => {
            attempt.succeeded();
            app.metrics.signed_in(SignInOutcome::Accepted);
            Ok(known)
        }
        None => {
            attempt.failed(app.clock.uptime());
            log::info!("sign-in failed: name {}, address {address}", loggable(typed));
            app.metrics.signed_in(SignInOutcome::Failed);
            Err(AppError::WrongPassword)
        }
    }
}

fn record_throttled(app: &App, typed: &str, address: IpAddr, error: &AppError) {
    if matches!(error, AppError::TooMany(_)) {
        log::info!("sign-in refused for now: name {}, address {address}", loggable(typed));
        app.metrics.signed_in(SignInOutcome::Throttled);
    }
}

/// What was typed as a name, for the log: quoted, without control characters, and not longer than a name can be.
fn loggable(typed: &str) -> String {
    format!("{:?}", typed.chars().take(LONGEST).collect::<String>())
}

/// A keyed hash, by which a network from which `name` was signed in is recognised.
pub(super) fn network_hash(app: &App, name: &Username, address: IpAddr) -> KeyedHash {
    app.signer.keyed_hash("known network", &format!("{name} {}", network(address)))
}

/// Opens a session for an account whose password was checked.
///
/// # Errors
/// [`AppError::WrongPassword`] if the password was changed or the account deleted since. A session opened on the old password would outlive
/// the change that was to end them all. 503 when it cannot be written.
async fn open_session(app: &App, known: &Credentials, kind: SessionKind, client: ClientInfo) -> Result<SessionToken, AppError> {
    let (user, hash) = (known.id, known.password_hash.clone());
    let network = Username::parse(&known.username).ok().map(|name| network_hash(app, &name, client.address));
    app.change(move |tx| {
        if !users::lock_if_password(tx, user, &hash)? {
            return Err(AppError::WrongPassword);
        }
        if let Some(network) = network {
            known_networks::remember(tx, user, &network)?;
        }
        insert_session(tx, user, kind, client.description)
    })
    .await
}

/// Opens a session of `user`; `client` is what they opened it with, in words.
///
/// # Errors
/// When the system has no randomness to give; those of the database.
pub fn insert_session(tx: &mut Change<'_>, user: UserId, kind: SessionKind, client: Option<String>) -> Result<SessionToken, AppError> {
    let token = SessionToken::fresh(user, tx.now())?;
    let (token_hash, idle_expires_at, expires_at) = (token.hash(), token.idle_expires_at, token.expires_at);
    sessions::insert(tx, &NewSession { user, kind, token_hash, idle_expires_at, expires_at, client })?;
    Ok(token)
}
