//! The page, and what each form of it can have to say.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use super::feeds_section::FeedsSection;
use super::session_row::SessionRow;
use super::tokens_section::{MadeToken, TokenForm, TokenRow, TokensSection};
use crate::app::App;
use crate::db::Connection;
use crate::error::AppError;
use crate::http::response::{Html, RefusedForm, see_other};
use crate::http::viewer::SessionViewer;
use crate::model::{feed_addresses, sessions, tokens};
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::quiet_follows::QuietFollows;

#[derive(Template)]
#[template(path = "settings.html")]
pub(super) struct SettingsPage {
    layout: Layout,
    username: String,
    sessions: Vec<SessionRow>,
    others: bool,
    tokens: TokensSection,
    quiet_follows: QuietFollows,
    feeds: FeedsSection,
    said: Said,
}

/// What the page says of a form that was sent: that it was done, or what was wrong with it.
#[derive(Default)]
pub(super) struct Said {
    pub(super) done: &'static str,
    pub(super) made: Option<MadeToken>,
    /// What is wrong with the current password.
    pub(super) current: Option<String>,
    /// What is wrong with the new one.
    pub(super) new: Option<&'static str>,
    /// Whether the tokens were to be revoked together with the old password.
    pub(super) revokes_tokens: bool,
    /// What is wrong with the password that confirms the end of the account.
    pub(super) delete: Option<String>,
    pub(super) token: TokenForm,
}

/// What was just done, to say so after the redirect.
#[derive(Debug, Deserialize)]
pub struct SettingsQuery {
    #[serde(default)]
    done: String,
}

/// `GET /settings`
pub async fn show(viewer: SessionViewer, query: Query<SettingsQuery>, req: HttpRequest, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let done = match query.done.as_str() {
        "password" => "Your password has been changed. You are signed out everywhere else.",
        "password-tokens" => "Your password has been changed. You are signed out everywhere else, and your tokens are revoked.",
        "revoked" => "That session is signed out.",
        "told" => "You will be told of their posts again.",
        "others" => "You are signed out everywhere else.",
        "token" => "That token is revoked. Programs that use it are refused from now on.",
        _ => "",
    };
    Ok(Html(page(&viewer, &req, &app, Said { done, ..Said::default() }).await?))
}

/// `GET /.well-known/change-password`: where password managers look for the form.
pub async fn well_known() -> HttpResponse {
    see_other("/settings")
}

/// The page.
pub(super) async fn page(viewer: &SessionViewer, req: &HttpRequest, app: &App, mut said: Said) -> Result<SettingsPage, AppError> {
    let (me, now) = (viewer.id, app.clock.now());
    let lists = move |conn: &mut Connection| {
        Ok((sessions::list(conn, me, now)?, tokens::list(conn, me)?, QuietFollows::load(conn, me)?, feed_addresses::list(conn, me)?))
    };
    let (unread, (sessions, listed, quiet_follows, addresses)) = with_unread(app, viewer, lists).await?;
    let mut form = std::mem::take(&mut said.token);
    form.key = format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?);
    Ok(SettingsPage {
        layout: Layout::member(app, viewer, "Settings", unread),
        username: viewer.username.clone(),
        others: sessions.len() > 1,
        sessions: sessions.into_iter().map(|session| SessionRow::new(session, viewer.session, now)).collect(),
        tokens: TokensSection { tokens: listed.into_iter().map(|token| TokenRow::new(token, now)).collect(), form },
        quiet_follows,
        feeds: FeedsSection::new(&addresses, req, app, now),
        said,
    })
}

/// The page again, with what was wrong. Trouble that is not the reader's mistake stays an error.
pub(super) async fn refuse(viewer: &SessionViewer, req: &HttpRequest, app: &App, said: Said, cause: Option<AppError>) -> Result<HttpResponse, AppError> {
    let (status, retry_after) = match cause {
        None | Some(AppError::WrongPassword) => (StatusCode::UNPROCESSABLE_ENTITY, None),
        Some(wait @ AppError::TooMany(_)) => (wait.status_code(), wait.retry_after()),
        Some(trouble) => return Err(trouble),
    };
    let page = page(viewer, req, app, said).await?;
    Ok(RefusedForm { status, retry_after, page }.respond_to(req))
}

pub(super) fn error_text(error: &AppError) -> String {
    match error {
        AppError::WrongPassword => "That is not your password.".to_owned(),
        other => other.to_string(),
    }
}
