//! Who asks, as parameter types: a handler that takes a [`Viewer`] cannot run for a stranger, nor for a token whose scope does not cover it.
//!
//! A [`Poller`] has a valid signature, checked without the database. A [`Viewer`] has a live row as well, of a session or of a program's token.
//! A [`SessionViewer`] has a session. A [`Caller`] is a viewer or a visitor, for the pages that greet both. (How they become parameters is in
//! `identify`.)

use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use derive_more::Deref;

use super::access;
use super::credential::{SignedToken, living_tokens};
use super::last_use::{SessionUse, session_used, token_used};
use crate::app::App;
use crate::clock::Millis;
use crate::db::Connection;
use crate::error::AppError;
use crate::ids::{SessionId, Stamp, TokenId, UserId};
use crate::model::sessions::{self, Session, TokenHash};
use crate::model::tokens::{self, LiveToken, Scope};
use crate::stamps::Window;

/// Somebody whose token carries our signature and has not expired. It may have been revoked since: good enough for "nothing new", and for
/// nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Poller {
    /// Who it is, if the token still lives.
    pub user: UserId,
    token: SignedToken,
}

/// Somebody signed in, or their program, as its row says.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp, read before anything else: what a page shows is at least as new.
    pub last_update: Stamp,
    credential: Credential,
}

/// The row by which a [`Viewer`] was found.
#[derive(Debug, Clone, Copy)]
enum Credential {
    Session(SessionUse),
    Program { id: TokenId, scope: Scope, last_used_at: Option<Millis> },
}

/// Somebody signed in by name and password: for tokens, sessions and the account itself.
#[derive(Debug, Clone, Deref)]
pub struct SessionViewer {
    #[deref]
    viewer: Viewer,
    /// The session they came with.
    pub session: SessionId,
}

/// Whoever makes the request.
#[derive(Debug)]
pub enum Caller {
    /// Nobody is signed in.
    Visitor,
    /// Somebody is.
    Member(Viewer),
}

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

    /// Everybody whom a living token of the request names, and no more than a few.
    pub fn candidates<'a>(req: &'a HttpRequest, app: &'a App) -> impl Iterator<Item = Poller> + use<'a> {
        living_tokens(req, app).map(|token| Poller { user: token.user(), token })
    }

    /// The first of whom [`Poller::confirm`] says that they are signed in.
    pub(super) async fn confirmed(req: &HttpRequest, app: &App) -> Result<(Poller, Viewer), AppError> {
        let candidates: Vec<Poller> = Poller::candidates(req, app).collect();
        for poller in candidates {
            match poller.confirm(app).await {
                Err(AppError::SignedOut) => {}
                done => return done.map(|viewer| (poller, viewer)),
            }
        }
        Err(AppError::SignedOut)
    }

    /// The hash by which the row is found.
    pub fn token_hash(&self) -> TokenHash {
        self.token.hash()
    }

    /// Whether it is somebody in a session, and no token of a program.
    pub fn has_session(&self) -> bool {
        matches!(self.token, SignedToken::Session(_))
    }

    /// Keeps it with the request, so that [`Poller::of`] need not verify the signature again.
    pub fn remember(self, req: &HttpRequest) {
        req.extensions_mut().insert(self);
    }

    /// Whether the token may be used for `method` on the route `pattern`. A session may be, for anything.
    pub fn is_covered(&self, method: &Method, pattern: &str) -> bool {
        match self.token {
            SignedToken::Session(_) => true,
            SignedToken::Program(token) => access::is_covered(token.scope, method, pattern),
        }
    }

    /// Checks the row: from here on the caller may see something.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] if the session or token was revoked; 503 when the database cannot be asked.
    pub async fn confirm(&self, app: &App) -> Result<Viewer, AppError> {
        let (token, now) = (self.token, app.clock.now());
        let window = app.stamps.open_window(self.user);
        let viewer = app.query(move |conn| Viewer::find(conn, &token, now)).await?;
        // The row was read anyway. Keeping its stamp makes the page's first poll as cheap as every later one.
        self.keep(app, window, viewer.last_update);
        Ok(viewer)
    }

    /// Whether this token may get an unchanged answer although nobody looks for its row. Not if something of this user was revoked lately, until
    /// this process has looked once; and never before that if it is the token of a program.
    pub fn is_believed(&self, app: &App) -> bool {
        match self.token {
            SignedToken::Session(token) => app.stamps.may_believe_session(self.user, token.mark()),
            SignedToken::Program(token) => app.stamps.may_believe_program(self.user, token.mark()),
        }
    }

    /// [`Poller::confirm`], unless the token is believed.
    ///
    /// # Errors
    /// Those of [`Poller::confirm`].
    pub async fn confirm_unless_believed(&self, app: &App) -> Result<(), AppError> {
        if self.is_believed(app) { Ok(()) } else { self.confirm(app).await.map(drop) }
    }

    /// Keeps what the row said.
    fn keep(&self, app: &App, window: Option<Window>, stamp: Stamp) {
        app.stamps.keep(window, stamp);
        match self.token {
            SignedToken::Session(token) => app.stamps.session_checked(self.user, token.mark(), stamp),
            SignedToken::Program(token) => app.stamps.program_checked(self.user, token.mark(), stamp),
        }
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
        let (token, now) = (self.token, app.clock.now());
        let window = app.stamps.open_window(self.user);
        let read = app.snapshot(move |conn| {
            let viewer = Viewer::find(conn, &token, now)?;
            let loaded = load(conn, &viewer)?;
            Ok((viewer, loaded))
        });
        let (viewer, loaded) = read.await?;
        self.keep(app, window, viewer.last_update);
        Ok((viewer, loaded))
    }
}

impl Viewer {
    /// Whoever has the row of this token, in one statement.
    fn find(conn: &mut Connection, token: &SignedToken, now: Millis) -> Result<Viewer, AppError> {
        match token {
            SignedToken::Session(token) => {
                let Session { id, idle_expires_at, seen_at, user, username, last_update } =
                    sessions::find(conn, &token.hash(), now)?.ok_or(AppError::SignedOut)?;
                Ok(Viewer { id: user, username, last_update, credential: Credential::Session(SessionUse { id, idle_expires_at, seen_at }) })
            }
            SignedToken::Program(token) => {
                // A row that was given another scope by hand is not that of this token any more.
                let row = tokens::find(conn, &token.hash())?.filter(|row| row.scope.parse() == Ok(token.scope));
                let LiveToken { id, last_used_at, user, username, last_update, .. } = row.ok_or(AppError::SignedOut)?;
                Ok(Viewer { id: user, username, last_update, credential: Credential::Program { id, scope: token.scope, last_used_at } })
            }
        }
    }

    /// Whether the caller may list, read and delete their own posts and nobody else's: with a token of the scope `post`.
    pub fn is_limited_to_own_posts(&self) -> bool {
        matches!(self.credential, Credential::Program { scope: Scope::Post, .. })
    }

    /// Whether the caller may use the route that they asked for.
    pub(super) fn is_covered(&self, req: &HttpRequest) -> bool {
        match self.credential {
            Credential::Session(_) => true,
            Credential::Program { scope, .. } => req.match_pattern().is_some_and(|pattern| access::is_covered(scope, req.method(), &pattern)),
        }
    }

    /// A poll had something to tell, which is a use of the token of a program. (Of a session, no poll is.)
    pub fn heard(&self, app: &Data<App>) {
        if let Credential::Program { id, last_used_at, .. } = self.credential {
            token_used(app.clone(), id, last_used_at);
        }
    }

    /// This viewer, if they came with a session.
    pub(super) fn with_session(self) -> Option<SessionViewer> {
        match self.credential {
            Credential::Session(SessionUse { id, .. }) => Some(SessionViewer { viewer: self, session: id }),
            Credential::Program { .. } => None,
        }
    }

    /// Records the use for this request.
    pub(super) fn used(&self, req: &HttpRequest, app: Data<App>, poller: &Poller) {
        match (self.credential, poller.token) {
            (Credential::Session(session), SignedToken::Session(token)) => session_used(req, app, &token, &session),
            _ => self.heard(&app),
        }
    }
}
