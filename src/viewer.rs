//! Who is asking, as parameter types: a handler that takes a [`Viewer`] cannot run for a stranger.
//!
//! [`Poller`] has a valid signature and cost nothing. [`Viewer`] has a living session row as well. [`Caller`] is
//! either a viewer or a visitor, for the pages that greet both.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::app::App;
use crate::clock::{Millis, SECOND};
use crate::config::Config;
use crate::db::Connection;
use crate::error::AppError;
use crate::last_update::{News, Stamp};
use crate::model::sessions::{self, RENEW_AFTER, Session};
use crate::model::{SessionId, UserId};
use crate::token::{IDLE, Token, TokenHash};

/// Somebody whose token carries our signature and has not expired. It may have been revoked since: good enough for
/// "nothing new", not for anything else.
#[derive(Debug, Clone, Copy)]
pub struct Poller {
    /// Who they are, if the session still lives.
    pub user: UserId,
    token: Token,
}

/// Somebody signed in, as their session's row says.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp, read before anything else: what a page shows is at least as new.
    pub last_update: Stamp,
    /// The session they came with.
    pub session: SessionId,
}

/// Whoever comes: somebody signed in, or a visitor.
#[derive(Debug)]
pub enum Caller {
    /// Nobody is signed in.
    Visitor,
    /// Somebody is.
    Member(Viewer),
}

impl Poller {
    /// Checks the session's row: from here on the caller may see something.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if the session was revoked; 503 when the database cannot be asked.
    pub async fn confirm(&self, app: &App) -> Result<Viewer, AppError> {
        let (hash, now) = (self.token.hash(), app.clock.now());
        let window = app.stamps.open(self.user);
        let viewer = app.look(move |db| Viewer::of(db, &hash, now)).await?;
        // The row was read anyway: keeping its stamp makes the page's first poll as cheap as every later one.
        app.stamps.keep(window, viewer.last_update);
        Ok(viewer)
    }

    /// [`Poller::confirm`], and on the same snapshot what `load` finds for them: it is exactly as new as the stamp.
    ///
    /// # Errors
    /// Those of [`Poller::confirm`]; what `load` fails with.
    pub async fn confirm_and<T, F>(&self, app: &App, load: F) -> Result<(Viewer, T), AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Viewer) -> Result<T, AppError> + Send + 'static,
    {
        let (hash, now) = (self.token.hash(), app.clock.now());
        let window = app.stamps.open(self.user);
        let read = app.read(move |db| {
            let viewer = Viewer::of(db, &hash, now)?;
            let loaded = load(db, &viewer)?;
            Ok((viewer, loaded))
        });
        let (viewer, loaded) = read.await?;
        app.stamps.keep(window, viewer.last_update);
        Ok((viewer, loaded))
    }

    /// Whoever the request's token names.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if there is no token, or none that is ours and alive.
    pub fn of(req: &HttpRequest, app: &App) -> Result<Poller, AppError> {
        let sealed = bearer(req).map(str::as_bytes).or_else(|| cookie_of(req, cookie_name(&app.config)));
        let token = sealed.and_then(|sealed| app.signer.open(sealed)).filter(|token| token.lives(app.clock.now()));
        let token = token.ok_or(AppError::SignedOut)?;
        Ok(Poller { user: token.user, token })
    }
}

impl Viewer {
    /// Whose session has the secret of this hash, in one statement.
    fn of(db: &mut Connection, hash: &TokenHash, now: Millis) -> Result<Viewer, AppError> {
        let Session { id, user, username, last_update } = sessions::find(db, hash, now)?.ok_or(AppError::SignedOut)?;
        Ok(Viewer { id: user, username, last_update, session: id })
    }
}

impl FromRequest for Viewer {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Viewer, AppError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let app = app(&req)?;
            let poller = Poller::of(&req, &app)?;
            let viewer = poller.confirm(&app).await?;
            if is_opened_by_a_person(&req) {
                renew(&req, &app, &poller, &viewer).await;
            }
            Ok(viewer)
        })
    }
}

impl FromRequest for Caller {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Caller, AppError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(req, payload);
        Box::pin(async move {
            match viewer.await {
                Ok(viewer) => Ok(Caller::Member(viewer)),
                Err(AppError::SignedOut) => Ok(Caller::Visitor),
                Err(trouble) => Err(trouble),
            }
        })
    }
}

/// A cookie for the border to set on the way out: the session was renewed.
#[derive(Debug)]
pub struct Renewed(pub Cookie<'static>);

/// Only such pages prolong a session: no poll, no fragment, no page that reloads itself, no program.
fn is_opened_by_a_person(req: &HttpRequest) -> bool {
    let reloaded_itself = req.query_string().split('&').any(|pair| pair == "auto=1");
    req.method() == Method::GET && bearer(req).is_none() && !is_htmx(req) && !reloaded_itself && !req.path().starts_with("/api/")
}

/// Prolongs the session, at most once an hour. If that cannot be written now, the page is not worse for it.
async fn renew(req: &HttpRequest, app: &App, poller: &Poller, viewer: &Viewer) {
    let (now, session) = (app.clock.now(), viewer.session);
    let token = poller.token.renewed(now);
    if token.idle_expires_at - poller.token.idle_expires_at < RENEW_AFTER {
        return;
    }
    let until = token.idle_expires_at;
    match app.change(move |db| Ok((sessions::renew(db, session, now, until)?, News::none()))).await {
        Ok(()) => drop(req.extensions_mut().insert(Renewed(cookie(app, &token)))),
        Err(cause) => log::warn!("a session was not renewed: {}", cause.cause().map_or_else(|| cause.to_string(), ToString::to_string)),
    }
}

/// The cookie that carries `token`.
pub fn cookie(app: &App, token: &Token) -> Cookie<'static> {
    let left = (token.idle_expires_at - app.clock.now()).clamp(0, IDLE);
    session_cookie(&app.config, app.signer.seal(token), left)
}

/// The cookie that takes the session's away.
pub fn no_cookie(config: &Config) -> Cookie<'static> {
    session_cookie(config, String::new(), 0)
}

fn session_cookie(config: &Config, value: String, left: Millis) -> Cookie<'static> {
    Cookie::build(cookie_name(config), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https(config))
        .max_age(Duration::seconds(left / SECOND))
        .finish()
}

/// With `__Host-` the browser itself refuses the cookie from anywhere but this very host over https.
fn cookie_name(config: &Config) -> &'static str {
    if is_https(config) { "__Host-tidings" } else { "tidings" }
}

/// The value of the cookie `name`. Looked for where it stands, because every poll needs it, and nothing that we put into a
/// cookie has to be decoded.
fn cookie_of<'a>(req: &'a HttpRequest, name: &str) -> Option<&'a [u8]> {
    let mut lines = req.headers().get_all(header::COOKIE).map(|line| line.as_bytes());
    lines.find_map(|line| {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b';', line).map(|semicolon| semicolon + 1));
        let mut pairs = starts.filter_map(|start| line.get(start..));
        let value = pairs.find_map(|pair| pair.trim_ascii_start().strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        value.get(..end).map(<[u8]>::trim_ascii_end)
    })
}

/// Whether people reach this service over https.
pub fn is_https(config: &Config) -> bool {
    config.public_url.as_ref().is_some_and(|url| url.https)
}

/// The token of an `Authorization: Bearer` header, if there is such a header.
pub fn bearer(req: &HttpRequest) -> Option<&str> {
    let value = req.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    // Some other scheme, or garbage, is no token, but it is not nothing either: it must not fall back to a cookie.
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// Whether htmx asks, and so wants a fragment rather than a page.
pub fn is_htmx(req: &HttpRequest) -> bool {
    req.headers().get(&HX_REQUEST).is_some_and(|value| value == "true")
}

/// What every handler works with.
///
/// # Errors
/// Only if the server was put together without it.
pub fn app(req: &HttpRequest) -> Result<Data<App>, AppError> {
    req.app_data::<Data<App>>().cloned().ok_or_else(|| AppError::Internal("no App in the server's data".into()))
}

/// The caller's address; what `X-Forwarded-For` says is believed only from the proxies that are trusted, and from
/// the right: the first address that is no trusted proxy is the one a trusted proxy saw.
pub fn address(req: &HttpRequest, config: &Config) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
    let trusted = |address: &IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let lines: Vec<&str> = req.headers().get_all("X-Forwarded-For").filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut nearest = peer;
    for hop in hops {
        nearest = hop.to_canonical();
        if !trusted(&nearest) {
            break;
        }
    }
    nearest
}
