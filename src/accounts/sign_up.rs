//! Makes accounts.

use super::sign_in::{insert_session, network_hash, sign_in};
use crate::app::App;
use crate::auth::network::network;
use crate::auth::session_token::SessionToken;
use crate::domain::limits;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::metrics::HourlyLimit;
use crate::model::sessions::SessionKind;
use crate::model::{Username, known_networks, users};

/// Makes an account and its first session, both or neither. Pressed twice, or repeated after a lost answer, the second signs in: the name and the
/// password are those of the account that is there. `None` if the name is somebody else's.
///
/// # Errors
/// [`AppError::LimitReached`] if that network made too many accounts; [`AppError::TooMany`], because a taken name with a wrong password is a failed
/// sign-in; 503 when it cannot be written.
pub async fn sign_up(app: &App, name: Username, password: String, client: ClientInfo) -> Result<Option<SessionToken>, AppError> {
    let made = if is_taken(app, &name).await? { None } else { make(app, &name, &password, &client).await? };
    match made {
        Some(token) => {
            app.metrics.signed_up();
            Ok(Some(token))
        }
        // Perhaps this very person was a moment faster.
        None => sign_in_instead(app, &name, password, client).await,
    }
}

/// Whether somebody has that name. Asked before the hash, which is expensive: most names that are taken were taken long ago.
async fn is_taken(app: &App, name: &Username) -> Result<bool, AppError> {
    let name = name.clone();
    app.query(move |conn| Ok(users::is_taken(conn, &name)?)).await
}

/// Makes the account, unless somebody has taken the name by now.
async fn make(app: &App, name: &Username, password: &str, client: &ClientInfo) -> Result<Option<SessionToken>, AppError> {
    let (per_hour, now) = (app.config.signups_per_hour, app.clock.now());
    let limited = app.signer.keyed_hash("sign-ups", &network(client.address).to_string());
    let refused = |wait: Option<u32>| wait.map_or(Ok(()), |seconds| Err(AppError::LimitReached(HourlyLimit::SignUps, seconds)));
    // Also asked before the hash, or every sign-up beyond the limit would cost one.
    refused(app.snapshot(move |conn| Ok(limits::sign_up_wait(conn, limited, now, per_hour)?)).await?)?;
    let hash = app.passwords.hash(password.to_owned()).await?;
    let (name, known, description) = (name.clone(), network_hash(app, name, client.address), client.description.clone());
    app.change(move |tx| {
        let Some(user) = users::insert(tx, &name, &hash)? else { return Ok(None) };
        refused(limits::sign_up(tx, limited, per_hour)?)?;
        known_networks::remember(tx, user, &known)?;
        insert_session(tx, user, SessionKind::Browser, description).map(Some)
    })
    .await
}

async fn sign_in_instead(app: &App, name: &Username, password: String, client: ClientInfo) -> Result<Option<SessionToken>, AppError> {
    match sign_in(app, name.as_str(), password, client, SessionKind::Browser).await {
        Ok((token, _)) => Ok(Some(token)),
        Err(AppError::WrongPassword) => Ok(None),
        Err(error) => Err(error),
    }
}
