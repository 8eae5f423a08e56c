//! Signing in and out.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use crate::accounts::sign_in::sign_in;
use crate::accounts::sign_out::end_sessions;
use crate::app::App;
use crate::clock::{MINUTE, Millis, SECOND};
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::form::Form;
use crate::http::response::{Html, RefusedForm, see_other, see_other_with};
use crate::http::session_cookie;
use crate::http::urls::{after_sign_in, printable, with_query};
use crate::http::viewer::{Caller, Poller};
use crate::model::sessions::SessionKind;
use crate::views::layout::Layout;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    username: String,
    next: String,
    error: Option<String>,
    cookie_missing: bool,
}

/// Where somebody was going before they had to sign in.
#[derive(Debug, Deserialize)]
pub struct NextQuery {
    /// A URL of this site; anything else is ignored.
    #[serde(default)]
    pub next: String,
    /// When somebody signed in and was sent here, in Unix seconds ([`landing`]).
    #[serde(default)]
    signed_in: String,
}

/// What was typed to sign in or up. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct CredentialsForm {
    /// A username.
    #[serde(default)]
    pub username: String,
    /// A password.
    #[serde(default)]
    pub password: String,
    /// As in [`NextQuery`].
    #[serde(default)]
    pub next: String,
    /// `cookies`, if it comes from our own page, and so from a browser that was not asked yet whether it keeps cookies.
    #[serde(default)]
    pub check: String,
}

/// `GET /signin`
pub async fn show(caller: Caller, query: Query<NextQuery>, req: HttpRequest, app: Data<App>) -> HttpResponse {
    let NextQuery { next, signed_in } = query.into_inner();
    if let Caller::Member(_) = caller {
        return see_other(after_sign_in(&next));
    }
    let cookie_missing = is_just_now(&signed_in, &app);
    Html(SignInPage { layout: layout(&app), username: String::new(), next: printable(&next), error: None, cookie_missing }).respond_to(&req)
}

/// How long ago somebody may have signed in for the page to say that their cookie is missing, in milliseconds. Opened later, or from a bookmark, it
/// is a page to sign in like any other.
const JUST_NOW: Millis = MINUTE;

fn is_just_now(unix_seconds: &str, app: &App) -> bool {
    let at = unix_seconds.parse::<Millis>().ok().map(|seconds| seconds.saturating_mul(SECOND));
    at.is_some_and(|at| at <= app.clock.now() && app.clock.now() < at.saturating_add(JUST_NOW))
}

/// Where to go once signed in. A browser that has not sent a cookie of ours yet may keep none: it goes by the sign-in page, which passes it on if
/// the new cookie came along, and else says that cookies are needed.
pub(super) fn landing(form: (&str, &str), req: &HttpRequest, app: &App) -> String {
    let (next, check) = form;
    let next = after_sign_in(next);
    if check != "cookies" || session_cookie::tokens(req, app).next().is_some() {
        return next.to_owned();
    }
    let signed_in = (app.clock.now() / SECOND).to_string();
    with_query("/signin", &[("next", if next == "/" { "" } else { next }), ("signed_in", &signed_in)])
}

/// `POST /signin`
///
/// The sessions of the cookies that come along end: they would go on without anybody who could sign them out.
pub async fn submit(form: Form<CredentialsForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let CredentialsForm { username, password, next, check } = form.0;
    let refusal = match sign_in(&app, &username, password, ClientInfo::of(&req, &app.config), SessionKind::Browser).await {
        Ok((token, _)) => {
            end_sessions(&app, &pollers(&req, &app)).await;
            return Ok(see_other_with(&landing((&next, &check), &req, &app), &session_cookie::carrying(&app, &token)));
        }
        Err(refusal @ (AppError::WrongPassword | AppError::TooMany(_))) => refusal,
        Err(trouble) => return Err(trouble),
    };
    let page =
        SignInPage { layout: layout(&app), username: printable(&username), next: printable(&next), error: Some(refusal.to_string()), cookie_missing: false };
    Ok(RefusedForm { status: refusal.status_code(), retry_after: refusal.retry_after(), page }.respond_to(&req))
}

/// `POST /signout`: ends this session, everywhere it is open. The cookie goes in any case.
pub async fn sign_out(req: HttpRequest, app: Data<App>) -> HttpResponse {
    end_sessions(&app, &pollers(&req, &app)).await;
    see_other_with("/", &session_cookie::removal(&app))
}

/// Everybody whose session the request's tokens name.
pub(super) fn pollers(req: &HttpRequest, app: &App) -> Vec<Poller> {
    Poller::candidates(req, app).filter(Poller::has_session).collect()
}

fn layout(app: &App) -> Layout {
    Layout::visitor(app, "Sign in")
}
