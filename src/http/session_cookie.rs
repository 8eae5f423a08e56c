//! The session cookie: written, and found in a request.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

use crate::app::App;
use crate::auth::session_token::{IDLE_TIMEOUT, SessionToken};
use crate::clock::{Millis, SECOND};

/// The cookie that carries `token`.
pub fn carrying(app: &App, token: &SessionToken) -> Cookie<'static> {
    let left = (token.idle_expires_at - app.clock.now()).clamp(0, IDLE_TIMEOUT);
    cookie(app, app.signer.sign(token), left)
}

/// The cookie that removes the session's.
pub fn removal(app: &App) -> Cookie<'static> {
    cookie(app, String::new(), 0)
}

fn cookie(app: &App, value: String, left: Millis) -> Cookie<'static> {
    Cookie::build(app.cookie_name.clone(), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.is_https())
        .max_age(Duration::seconds(left / SECOND))
        .finish()
}

/// What the release before called the cookie. With the prefix `__Host-`, the browser itself refuses it from anywhere but this very host over
/// https.
fn old_name(app: &App) -> &'static str {
    if app.config.is_https() { "__Host-tidings" } else { "tidings" }
}

/// The tokens of the request's session cookies: those that are ours. There can be several, because a cookie of another
/// path or of the release before stays beside a newer one.
pub fn tokens<'a>(req: &'a HttpRequest, app: &'a App) -> impl Iterator<Item = SessionToken> + use<'a> {
    let values = values(req, app.cookie_name.as_bytes()).chain(values(req, old_name(app).as_bytes()));
    values.filter_map(|value| app.signer.verify(value))
}

/// The values of the cookies called `name`. They are read in place, without a cookie jar, because every poll does it; nothing in our cookie is
/// encoded.
fn values<'a>(req: &'a HttpRequest, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let lines = req.headers().get_all(header::COOKIE).map(|line| line.as_bytes());
    lines.flat_map(move |line| {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b';', line).map(|semicolon| semicolon + 1));
        starts.filter_map(move |start| {
            let value = line.get(start..)?.trim_ascii_start().strip_prefix(name)?.strip_prefix(b"=")?;
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            value.get(..end).map(<[u8]>::trim_ascii_end)
        })
    })
}
