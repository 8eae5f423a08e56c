//! The session cookie: written, and found in a request.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

use crate::app::App;
use crate::auth::session_token::{IDLE_TIMEOUT, SessionToken};
use crate::clock::{Millis, SECOND};
use crate::config::Config;

/// The cookie that carries `token`.
pub fn carrying(app: &App, token: &SessionToken) -> Cookie<'static> {
    let left = (token.idle_expires_at - app.clock.now()).clamp(0, IDLE_TIMEOUT);
    cookie(&app.config, app.signer.sign(token), left)
}

/// The cookie that removes the session's.
pub fn removal(config: &Config) -> Cookie<'static> {
    cookie(config, String::new(), 0)
}

fn cookie(config: &Config, value: String, left: Millis) -> Cookie<'static> {
    Cookie::build(name(config), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.is_https())
        .max_age(Duration::seconds(left / SECOND))
        .finish()
}

/// With the prefix `__Host-`, the browser itself refuses the cookie from anywhere but this very host over https.
fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-tidings" } else { "tidings" }
}

/// The value of the session cookie. It is read in place, without a cookie jar, because every poll does it; nothing in our cookie is encoded.
pub fn value<'a>(req: &'a HttpRequest, config: &Config) -> Option<&'a [u8]> {
    let name = name(config).as_bytes();
    let mut lines = req.headers().get_all(header::COOKIE).map(|line| line.as_bytes());
    lines.find_map(|line| {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b';', line).map(|semicolon| semicolon + 1));
        let mut pairs = starts.filter_map(|start| line.get(start..));
        let value = pairs.find_map(|pair| pair.trim_ascii_start().strip_prefix(name)?.strip_prefix(b"="))?;
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        value.get(..end).map(<[u8]>::trim_ascii_end)
    })
}
