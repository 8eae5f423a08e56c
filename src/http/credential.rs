//! What a request shows of who makes it: the token of a session, in a cookie or a bearer header, or the token of a program. Only the signature is
//! checked here.

use actix_web::HttpRequest;

use super::request::bearer;
use super::session_cookie;
use crate::app::App;
use crate::auth::api_token::{self, ApiToken};
use crate::auth::session_token::SessionToken;
use crate::clock::Millis;
use crate::ids::UserId;
use crate::model::sessions::TokenHash;

/// A token that carries our signature.
#[derive(Debug, Clone, Copy)]
pub enum SignedToken {
    /// Of a session, opened by name and password.
    Session(SessionToken),
    /// Of a program, which has a scope and no end.
    Program(ApiToken),
}

impl SignedToken {
    /// Whose it is.
    pub fn user(&self) -> UserId {
        match self {
            SignedToken::Session(token) => token.user,
            SignedToken::Program(token) => token.user,
        }
    }

    /// The hash by which its row is found.
    pub fn hash(&self) -> TokenHash {
        match self {
            SignedToken::Session(token) => token.hash(),
            SignedToken::Program(token) => token.hash(),
        }
    }

    /// Whether it has not ended at `now` (Unix milliseconds). It may have been revoked.
    pub fn is_alive(&self, now: Millis) -> bool {
        match self {
            SignedToken::Session(token) => token.is_alive(now),
            SignedToken::Program(_) => true,
        }
    }
}

/// How many tokens of one request are looked at.
const MOST_TOKENS: usize = 4;

/// The living tokens of the request, and no more than a few. That is one, but where a stale cookie stands beside a newer one. (A header has room for
/// a thousand copies of a token, each of which would cost a statement.)
pub fn living_tokens<'a>(req: &'a HttpRequest, app: &'a App) -> impl Iterator<Item = SignedToken> + use<'a> {
    let (speaks, bearer) = of_bearer(req, app);
    let cookies = (!speaks).then(|| session_cookie::tokens(req, app).map(SignedToken::Session));
    let now = app.clock.now();
    bearer.into_iter().chain(cookies.into_iter().flatten()).filter(move |token| token.is_alive(now)).take(MOST_TOKENS)
}

/// The token of the bearer header; and whether it alone speaks for its bearer, so that no cookie beside it counts. So does the token of a session
/// with our signature, also one that has ended; and whatever begins like the token of a program, garbled or not. Any other hides no cookie: a
/// proxy may have put it there.
fn of_bearer(req: &HttpRequest, app: &App) -> (bool, Option<SignedToken>) {
    let Some(bearer) = bearer(req.headers()) else { return (false, None) };
    if bearer.starts_with(api_token::PREFIX) {
        return (true, app.signer.verify_api_token(bearer).map(SignedToken::Program));
    }
    let session = app.signer.verify(bearer.as_bytes());
    (session.is_some(), session.map(SignedToken::Session))
}
