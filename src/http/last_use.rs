//! When a session or a token was last used, and how long a session lives: written at most once an hour, in the background, because a page must not
//! wait for a locked database.

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, rt};

use super::request::{bearer, is_for_programs, is_htmx};
use super::session_cookie;
use crate::app::App;
use crate::auth::session_token::{RENEW_AFTER, SessionToken};
use crate::clock::Millis;
use crate::ids::{SessionId, TokenId};
use crate::model::{sessions, tokens};

/// What the row of a session says of its use.
#[derive(Debug, Clone, Copy)]
pub struct SessionUse {
    /// Its id.
    pub id: SessionId,
    /// When it ends unless it is renewed, in Unix milliseconds.
    pub idle_expires_at: Millis,
    /// When it was last used, to the hour, in Unix milliseconds.
    pub seen_at: Millis,
}

/// Left with the request for the middleware: the session was renewed, and this is its new cookie.
#[derive(Debug)]
pub struct RenewedCookie(pub Cookie<'static>);

/// The session was used for this request: renews it if a person did, and records it if a program did.
pub(super) fn session_used(req: &HttpRequest, app: Data<App>, token: &SessionToken, session: &SessionUse) {
    if is_done_by_a_person(req) {
        renew(req, app, token, session);
    } else if bearer(req.headers()).is_some() {
        record_use(app, session, session.idle_expires_at);
    }
}

/// Whether a person opened a page or pressed a button. Nothing else renews a session: no poll, no page that reloads itself, no program.
fn is_done_by_a_person(req: &HttpRequest) -> bool {
    let reloaded_itself = req.query_string().split('&').any(|pair| pair == "auto=1");
    let opened_a_page = req.method() == Method::GET && !is_htmx(req) && !reloaded_itself;
    let pressed_a_button = !req.method().is_safe();
    (opened_a_page || pressed_a_button) && bearer(req.headers()).is_none() && !is_for_programs(req)
}

/// Renews the session, at most once an hour: its cookie with this answer, and its row.
fn renew(req: &HttpRequest, app: Data<App>, token: &SessionToken, session: &SessionUse) {
    let renewed = token.renewed(app.clock.now());
    if renewed.idle_expires_at - token.idle_expires_at >= RENEW_AFTER {
        req.extensions_mut().insert(RenewedCookie(session_cookie::carrying(&app, &renewed)));
    }
    record_use(app, session, renewed.idle_expires_at.max(session.idle_expires_at));
}

/// Writes that the session was used, and when it ends. A row that could not be written is still due at the next use.
fn record_use(app: Data<App>, session: &SessionUse, idle_expires_at: Millis) {
    if !was_lately(session.seen_at, &app) || idle_expires_at - session.idle_expires_at >= RENEW_AFTER {
        rt::spawn(renew_row(app, session.id, idle_expires_at));
    }
}

/// Whether a use at `recorded` is recent enough to be left as it is. One that is dated ahead, because the clock was, is not.
fn was_lately(recorded: Millis, app: &App) -> bool {
    (recorded..recorded.saturating_add(RENEW_AFTER)).contains(&app.clock.now())
}

async fn renew_row(app: Data<App>, session: SessionId, idle_expires_at: Millis) {
    let renewed = app.change(move |tx| Ok(sessions::renew(tx, session, idle_expires_at)?)).await;
    app.log_failure("sessions are not renewed", &renewed);
}

/// The token of a program was used, which its row says to have been used at `recorded` before.
pub(super) fn token_used(app: Data<App>, token: TokenId, recorded: Option<Millis>) {
    if recorded.is_none_or(|recorded| !was_lately(recorded, &app)) {
        rt::spawn(record_token_use(app, token));
    }
}

async fn record_token_use(app: Data<App>, token: TokenId) {
    let recorded = app.change(move |tx| Ok(tokens::record_use(tx, token)?)).await;
    app.log_failure("the use of tokens is not recorded", &recorded);
}
