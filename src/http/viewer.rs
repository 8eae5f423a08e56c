//! Who asks, as parameter types: a handler that takes a [`Viewer`] cannot run for a stranger.
//!
//! A [`Poller`] has a valid signature, checked without the database. A [`Viewer`] has a live session row as well. A [`Caller`] is a viewer or a
//! visitor, for the pages that greet both.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, rt};

use super::request::{app, bearer, is_for_programs, is_htmx};
use super::session_cookie;
use crate::app::App;
use crate::auth::session_token::{RENEW_AFTER, SessionToken};
use crate::clock::Millis;
use crate::db::Connection;
use crate::error::AppError;
use crate::ids::{SessionId, Stamp, UserId};
use crate::model::sessions::{self, Session, TokenHash};
use crate::stamps::Window;

/// Somebody whose token carries our signature and has not expired. It may have been revoked since: good enough for "nothing new", and for
/// nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Poller {
    /// Who it is, if the session still lives.
    pub user: UserId,
    token: SessionToken,
}

/// Somebody signed in, as their session's row says.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp, read before anything else: what a page shows is at least as new.
    pub last_update: Stamp,
    /// The session they came with.
    pub session: SessionId,
    /// When that session ends unless it is renewed, in Unix milliseconds.
    idle_expires_at: Millis,
    /// When it was last used, to the hour, in Unix milliseconds.
    seen_at: Millis,
}

/// Whoever makes the request.
#[derive(Debug)]
pub enum Caller {
    /// Nobody is signed in.
    Visitor,
    /// Somebody is.
    Member(Viewer),
}

/// How many tokens of one request are looked at.
const MOST_TOKENS: usize = 4;

impl Poller {
    /// Whoever the request's token names.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if there is no token, or none that is ours and alive.
    pub fn of(req: &HttpRequest, app: &App) -> Result<Poller, AppError> {
        let remembered = req.extensions().get::<Poller>().copied();
        remembered.map_or_else(|| Poller::verify(req, app), Ok)
    }

    /// [`Poller::of`] of a request that nobody has looked at yet.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if there is no token, or none that is ours and alive.
    pub fn verify(req: &HttpRequest, app: &App) -> Result<Poller, AppError> {
        Poller::candidates(req, app).next().ok_or(AppError::SignedOut)
    }

    /// Everybody whom a living token of the request names, and no more than a few. That is one, but where a stale cookie stands beside a newer
    /// one. (A header has room for a thousand copies of a token, each of which would cost a statement.)
    pub fn candidates<'a>(req: &'a HttpRequest, app: &'a App) -> impl Iterator<Item = Poller> + use<'a> {
        // A token of ours speaks for its bearer, also one that has ended. Any other hides no cookie: a proxy may have put it there.
        let bearer = bearer(req.headers()).and_then(|signed| app.signer.verify(signed.as_bytes()));
        let cookies = bearer.is_none().then(|| session_cookie::tokens(req, app));
        let now = app.clock.now();
        let alive = bearer.into_iter().chain(cookies.into_iter().flatten()).filter(move |token| token.is_alive(now));
        alive.take(MOST_TOKENS).map(|token| Poller { user: token.user, token })
    }

    /// The first of whom [`Poller::confirm`] says that they are signed in.
    async fn confirmed(req: &HttpRequest, app: &App) -> Result<(Poller, Viewer), AppError> {
        let candidates: Vec<Poller> = Poller::candidates(req, app).collect();
        for poller in candidates {
            match poller.confirm(app).await {
                Err(AppError::SignedOut) => {}
                done => return done.map(|viewer| (poller, viewer)),
            }
        }
        Err(AppError::SignedOut)
    }

    /// The hash by which the session's row is found.
    pub fn token_hash(&self) -> TokenHash {
        self.token.hash()
    }

    /// Keeps it with the request, so that [`Poller::of`] need not verify the signature again.
    pub fn remember(self, req: &HttpRequest) {
        req.extensions_mut().insert(self);
    }

    /// Checks the session's row: from here on the caller may see something.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if the session was revoked; 503 when the database cannot be asked.
    pub async fn confirm(&self, app: &App) -> Result<Viewer, AppError> {
        let (hash, now) = (self.token.hash(), app.clock.now());
        let window = app.stamps.open_window(self.user);
        let viewer = app.query(move |conn| Viewer::find(conn, &hash, now)).await?;
        // The row was read anyway. Keeping its stamp makes the page's first poll as cheap as every later one.
        self.keep(app, window, viewer.last_update);
        Ok(viewer)
    }

    /// Whether this token may get an unchanged answer although nobody looks for its row. Not if a session of this user was revoked lately, until
    /// this process has looked once.
    pub fn is_believed(&self, app: &App) -> bool {
        app.stamps.may_believe(self.user, self.token.mark())
    }

    /// [`Poller::confirm`], unless the token is believed.
    ///
    /// # Errors
    /// Those of [`Poller::confirm`].
    pub async fn confirm_unless_believed(&self, app: &App) -> Result<(), AppError> {
        if self.is_believed(app) { Ok(()) } else { self.confirm(app).await.map(drop) }
    }

    /// Keeps what the row of the session said.
    fn keep(&self, app: &App, window: Option<Window>, stamp: Stamp) {
        app.stamps.keep(window, stamp);
        app.stamps.session_checked(self.user, self.token.mark(), stamp);
    }

    /// [`Poller::confirm`], and what `load` finds for them on the same snapshot: so that is exactly as new as the stamp.
    ///
    /// # Errors
    /// Those of [`Poller::confirm`]; what `load` fails with.
    pub async fn confirm_and<T, F>(&self, app: &App, load: F) -> Result<(Viewer, T), AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Viewer) -> Result<T, AppError> + Send + 'static,
    {
        let (hash, now) = (self.token.hash(), app.clock.now());
        let window = app.stamps.open_window(self.user);
        let read = app.snapshot(move |conn| {
            let viewer = Viewer::find(conn, &hash, now)?;
            let loaded = load(conn, &viewer)?;
            Ok((viewer, loaded))
        });
        let (viewer, loaded) = read.await?;
        self.keep(app, window, viewer.last_update);
        Ok((viewer, loaded))
    }
}

impl Viewer {
    /// Whoever has the session of this hash, in one statement.
    fn find(conn: &mut Connection, hash: &TokenHash, now: Millis) -> Result<Viewer, AppError> {
        let Session { id, idle_expires_at, seen_at, user, username, last_update } = sessions::find(conn, hash, now)?.ok_or(AppError::SignedOut)?;
        Ok(Viewer { id: user, username, last_update, session: id, idle_expires_at, seen_at })
    }
}

impl FromRequest for Viewer {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Viewer, AppError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let app = app(&req)?;
            let (poller, viewer) = Poller::confirmed(&req, &app).await?;
            if is_done_by_a_person(&req) {
                renew(&req, app, &poller, &viewer);
            } else if bearer(req.headers()).is_some() {
                record_use(app, &viewer, viewer.idle_expires_at);
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

/// Left with the request for the middleware: the session was renewed, and this is its new cookie.
#[derive(Debug)]
pub struct RenewedCookie(pub Cookie<'static>);

/// Whether a person opened a page or pressed a button. Nothing else renews a session: no poll, no page that reloads itself, no program.
fn is_done_by_a_person(req: &HttpRequest) -> bool {
    let reloaded_itself = req.query_string().split('&').any(|pair| pair == "auto=1");
    let opened_a_page = req.method() == Method::GET && !is_htmx(req) && !reloaded_itself;
    let pressed_a_button = !req.method().is_safe();
    (opened_a_page || pressed_a_button) && bearer(req.headers()).is_none() && !is_for_programs(req)
}

/// Renews the session, at most once an hour: its cookie with this answer, and its row.
fn renew(req: &HttpRequest, app: Data<App>, poller: &Poller, viewer: &Viewer) {
    let token = poller.token.renewed(app.clock.now());
    if token.idle_expires_at - poller.token.idle_expires_at >= RENEW_AFTER {
        req.extensions_mut().insert(RenewedCookie(session_cookie::carrying(&app, &token)));
    }
    record_use(app, viewer, token.idle_expires_at.max(viewer.idle_expires_at));
}

/// Writes that the session was used, and when it ends, at most once an hour; in the background, because a page must not wait for a locked
/// database. A row that could not be written is still due at the next use. One that is dated ahead, because the clock was, is due as well.
fn record_use(app: Data<App>, viewer: &Viewer, idle_expires_at: Millis) {
    let was_lately = (viewer.seen_at..viewer.seen_at.saturating_add(RENEW_AFTER)).contains(&app.clock.now());
    if !was_lately || idle_expires_at - viewer.idle_expires_at >= RENEW_AFTER {
        rt::spawn(renew_row(app, viewer.session, idle_expires_at));
    }
}

async fn renew_row(app: Data<App>, session: SessionId, idle_expires_at: Millis) {
    let renewed = app.change(move |tx| Ok(sessions::renew(tx, session, idle_expires_at)?)).await;
    let Err(AppError::Unavailable(cause) | AppError::Unknown(cause) | AppError::Internal(cause)) = renewed else { return };
    if app.database.health().writing.failed(&cause.to_string()) {
        log::warn!("sessions are not renewed: {cause}");
    }
}
