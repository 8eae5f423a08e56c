//! The settings: sessions, the password, deleting the account.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{Error, HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use crate::accounts::sign_in::{check_own_password, insert_session, sign_in};
use crate::app::App;
use crate::auth::password_rules;
use crate::auth::session_token::SessionToken;
use crate::clock::HOUR;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::client_ip::client_ip;
use crate::http::form::Form;
use crate::http::response::{Html, RefusedForm, see_other, see_other_with};
use crate::http::session_cookie;
use crate::http::viewer::{Poller, SessionViewer};
use crate::ids::SessionId;
use crate::model::sessions::{self, ListedSession, SessionKind};
use crate::model::users::{self, Credentials};
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::relative_time::RelativeTime;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    username: String,
    sessions: Vec<SessionRow>,
    others: bool,
    done: &'static str,
    errors: SettingsErrors,
}

/// What was wrong with what was typed.
#[derive(Default)]
struct SettingsErrors {
    current: Option<String>,
    new: Option<&'static str>,
    delete: Option<String>,
}

/// A session in the list.
struct SessionRow {
    id: SessionId,
    /// "Chrome on Linux".
    what: String,
    is_this: bool,
    since: RelativeTime,
    seen: RelativeTime,
}

impl SessionRow {
    /// When it was last used. That is written down once an hour, so within the hour nothing more exact is known; but this very session is in use.
    fn last_active(&self) -> String {
        match self.seen.now - self.seen.at {
            _ if self.is_this => "active now".to_owned(),
            ..HOUR => "active within the last hour".to_owned(),
            _ => format!("last active {}", self.seen.relative()),
        }
    }
}

/// What was just done, to say so after the redirect.
#[derive(Debug, Deserialize)]
pub struct SettingsQuery {
    #[serde(default)]
    done: String,
}

/// `GET /settings`
pub async fn show(viewer: SessionViewer, query: Query<SettingsQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let done = match query.done.as_str() {
        "password" => "Your password has been changed. You are signed out everywhere else.",
        "revoked" => "That session is signed out.",
        "others" => "You are signed out everywhere else.",
        _ => "",
    };
    Ok(Html(page(&viewer, &app, done, SettingsErrors::default()).await?))
}

/// `GET /.well-known/change-password`: where password managers look for the form.
pub async fn well_known() -> HttpResponse {
    see_other("/settings")
}

async fn page(viewer: &SessionViewer, app: &App, done: &'static str, errors: SettingsErrors) -> Result<SettingsPage, AppError> {
    let (me, now) = (viewer.id, app.clock.now());
    let (unread, listed) = with_unread(app, viewer, move |conn| Ok(sessions::list(conn, me, now)?)).await?;
    let row = |ListedSession { id, kind, created_at, seen_at, client }| SessionRow {
        id,
        what: client.unwrap_or_else(|| if is_program(&kind) { "A program" } else { "A browser" }.to_owned()),
        is_this: id == viewer.session,
        since: RelativeTime { at: created_at, now },
        seen: RelativeTime { at: seen_at, now },
    };
    Ok(SettingsPage {
        layout: Layout::member(app, viewer, "Settings", unread),
        username: viewer.username.clone(),
        others: listed.len() > 1,
        sessions: listed.into_iter().map(row).collect(),
        done,
        errors,
    })
}

fn is_program(kind: &str) -> bool {
    kind.parse() == Ok(SessionKind::Program)
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

/// `POST /settings/password`, fields `current` and `password`. A new password revokes all sessions, because whoever changes it may have lost the
/// old one to somebody; this browser gets a new one, and a copy of its cookie ends. Pressed twice, the second comes with the ended cookie: if name
/// and new password match, it is a sign-in.
pub async fn change_password(
    viewer: Result<SessionViewer, AppError>,
    form: Result<Form<PasswordForm>, Error>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Error> {
    let client = ClientInfo::of(&req, &app.config);
    let (viewer, Form(PasswordForm { current, password, .. })) = match (viewer, form) {
        (Err(AppError::SignedOut), Ok(form)) => return Ok(sign_in_with_new_password(form.0, client, &app).await?),
        (viewer, form) => (viewer?, form?),
    };
    if let Some(objection) = password_rules::objection(&password, &viewer.username) {
        return Ok(refuse(&viewer, &req, &app, SettingsErrors { new: Some(objection), ..SettingsErrors::default() }, None).await?);
    }
    match check_own_password(&app, &viewer, current, client.address).await {
        Ok(known) => {
            let token = replace_password(&viewer, &known, password, client, &app).await?;
            Ok(see_other_with(PASSWORD_CHANGED, &session_cookie::carrying(&app, &token)))
        }
        Err(error) => {
            let current = Some(error_text(&error));
            Ok(refuse(&viewer, &req, &app, SettingsErrors { current, ..SettingsErrors::default() }, Some(error)).await?)
        }
    }
}

/// The settings, which say that the password has been changed.
const PASSWORD_CHANGED: &str = "/settings?done=password";

async fn sign_in_with_new_password(form: PasswordForm, client: ClientInfo, app: &App) -> Result<HttpResponse, AppError> {
    let PasswordForm { username, password, .. } = form;
    if username.is_empty() {
        return Err(AppError::SignedOut);
    }
    match sign_in(app, &username, password, client, SessionKind::Browser).await {
        Ok((token, _)) => Ok(see_other_with(PASSWORD_CHANGED, &session_cookie::carrying(app, &token))),
        Err(AppError::WrongPassword) => Err(AppError::SignedOut),
        Err(error) => Err(error),
    }
}

/// Replaces the password, and every session by a new one.
async fn replace_password(viewer: &SessionViewer, known: &Credentials, password: String, client: ClientInfo, app: &App) -> Result<SessionToken, AppError> {
    let (me, old_hash) = (viewer.id, known.password_hash.clone());
    let hash = app.passwords.hash(password).await?;
    app.change(move |tx| {
        // Of two that change it at once, the second has been signed out by the first.
        if !users::lock_if_password(tx, me, &old_hash)? {
            return Err(AppError::SignedOut);
        }
        users::set_password(tx, me, &hash)?;
        sessions::revoke_all(tx, me)?;
        insert_session(tx, me, SessionKind::Browser, client.description)
    })
    .await
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct DeleteForm {
    #[serde(default)]
    password: String,
}

/// The front page, which says that the account has been deleted.
const DELETED: &str = "/?done=deleted";

/// `POST /settings/delete`, field `password`: deletes the account, and everything about it that others have. Pressed twice, the second finds no
/// account, and is answered like the first.
pub async fn delete_account(
    viewer: Result<SessionViewer, AppError>,
    form: Result<Form<DeleteForm>, Error>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Error> {
    let viewer = match viewer {
        Err(AppError::SignedOut) if is_deleted(&req, &app).await? => return Ok(see_other_with(DELETED, &session_cookie::removal(&app))),
        viewer => viewer?,
    };
    let known = match check_own_password(&app, &viewer, form?.0.password, client_ip(&req, &app.config)).await {
        Ok(known) => known,
        Err(error) => {
            let delete = Some(error_text(&error));
            return Ok(refuse(&viewer, &req, &app, SettingsErrors { delete, ..SettingsErrors::default() }, Some(error)).await?);
        }
    };
    app.change(move |tx| {
        // Not if the password was changed a moment ago: that may have been done to shut this session out.
        if users::delete(tx, viewer.id, &known.password_hash)? { Ok(()) } else { Err(AppError::SignedOut) }
    })
    .await?;
    Ok(see_other_with(DELETED, &session_cookie::removal(&app)))
}

/// Whether the request has a token of ours, of an account that is gone.
async fn is_deleted(req: &HttpRequest, app: &App) -> Result<bool, AppError> {
    let Ok(poller) = Poller::of(req, app) else { return Ok(false) };
    Ok(app.query(move |conn| Ok(users::last_update(conn, poller.user)?)).await?.is_none())
}

/// The page again, with what was wrong. Trouble that is not the reader's mistake stays an error.
async fn refuse(viewer: &SessionViewer, req: &HttpRequest, app: &App, errors: SettingsErrors, cause: Option<AppError>) -> Result<HttpResponse, AppError> {
    let (status, retry_after) = match cause {
        None | Some(AppError::WrongPassword) => (StatusCode::UNPROCESSABLE_ENTITY, None),
        Some(wait @ AppError::TooMany(_)) => (wait.status_code(), wait.retry_after()),
        Some(trouble) => return Err(trouble),
    };
    let page = page(viewer, app, "", errors).await?;
    Ok(RefusedForm { status, retry_after, page }.respond_to(req))
}

fn error_text(error: &AppError) -> String {
    match error {
        AppError::WrongPassword => "That is not your password.".to_owned(),
        other => other.to_string(),
    }
}

/// `POST /settings/sessions/{id}/revoke`
pub async fn revoke(viewer: SessionViewer, session: Path<SessionId>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let session = session.into_inner();
    app.change(move |tx| Ok(sessions::revoke(tx, viewer.id, session)?)).await?;
    Ok(see_other("/settings?done=revoked"))
}

/// `POST /settings/sessions/others/revoke`
pub async fn revoke_others(viewer: SessionViewer, app: Data<App>) -> Result<HttpResponse, AppError> {
    app.change(move |tx| Ok(sessions::revoke_others(tx, viewer.id, viewer.session)?)).await?;
    Ok(see_other("/settings?done=others"))
}
