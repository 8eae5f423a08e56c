//! The form that changes the password.

use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page::{Said, error_text, refuse};
use crate::accounts::sign_in::{check_own_password, insert_session, sign_in};
use crate::app::App;
use crate::auth::password_rules;
use crate::auth::session_token::SessionToken;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::form::Form;
use crate::http::response::see_other_with;
use crate::http::session_cookie;
use crate::http::viewer::SessionViewer;
use crate::model::sessions::{self, SessionKind};
use crate::model::tokens;
use crate::model::users::{self, Credentials};

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    /// `revoke`: the tokens of programs end as well.
    #[serde(default)]
    tokens: String,
}

/// `POST /settings/password`, fields `current`, `password` and `tokens`. A new password revokes all sessions, because whoever changes it may have lost the
/// old one to somebody; this browser gets a new one, and a copy of its cookie ends. Pressed twice, the second comes with the ended cookie: if name
/// and new password match, it is a sign-in. Tokens of programs go on, unless they are to end as well.
pub async fn change(
    viewer: Result<SessionViewer, AppError>,
    form: Result<Form<PasswordForm>, Error>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Error> {
    let client = ClientInfo::of(&req, &app.config);
    let (viewer, Form(PasswordForm { current, password, tokens, .. })) = match (viewer, form) {
        (Err(AppError::SignedOut), Ok(form)) => return Ok(sign_in_with_new_password(form.0, client, &app).await?),
        (viewer, form) => (viewer?, form?),
    };
    let revokes_tokens = tokens == REVOKE;
    let said = |current, new| Said { current, new, revokes_tokens, ..Said::default() };
    if let Some(objection) = password_rules::objection(&password, &viewer.username) {
        return Ok(refuse(&viewer, &req, &app, said(None, Some(objection)), None).await?);
    }
    match check_own_password(&app, &viewer, current, client.address).await {
        Ok(known) => {
            let token = replace_password(&viewer, &known, (password, revokes_tokens), client, &app).await?;
            Ok(see_other_with(password_changed(revokes_tokens), &session_cookie::carrying(&app, &token)))
        }
        Err(error) => {
            let current = Some(error_text(&error));
            Ok(refuse(&viewer, &req, &app, said(current, None), Some(error)).await?)
        }
    }
}

/// What the field `tokens` says if the tokens of programs are to end as well.
const REVOKE: &str = "revoke";

/// The settings, which say that the password has been changed.
fn password_changed(revokes_tokens: bool) -> &'static str {
    if revokes_tokens { "/settings?done=password-tokens" } else { "/settings?done=password" }
}

async fn sign_in_with_new_password(form: PasswordForm, client: ClientInfo, app: &App) -> Result<HttpResponse, AppError> {
    let PasswordForm { username, password, tokens, .. } = form;
    if username.is_empty() {
        return Err(AppError::SignedOut);
    }
    match sign_in(app, &username, password, client, SessionKind::Browser).await {
        Ok((token, _)) => Ok(see_other_with(password_changed(tokens == REVOKE), &session_cookie::carrying(app, &token))),
        Err(AppError::WrongPassword) => Err(AppError::SignedOut),
        Err(error) => Err(error),
    }
}

/// Replaces the password, and every session by a new one; and revokes the tokens of programs, if asked to.
async fn replace_password(
    viewer: &SessionViewer,
    known: &Credentials,
    (password, revokes_tokens): (String, bool),
    client: ClientInfo,
    app: &App,
) -> Result<SessionToken, AppError> {
    let (me, old_hash) = (viewer.id, known.password_hash.clone());
    let hash = app.passwords.hash(password).await?;
    app.change(move |tx| {
        // Of two that change it at once, the second has been signed out by the first.
        if !users::lock_if_password(tx, me, &old_hash)? {
            return Err(AppError::SignedOut);
        }
        users::set_password(tx, me, &hash)?;
        sessions::revoke_all(tx, me)?;
        if revokes_tokens {
            tokens::revoke_all(tx, me)?;
        }
        insert_session(tx, me, SessionKind::Browser, client.description)
    })
    .await
}
