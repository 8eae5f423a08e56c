//! Somebody with a session, in a browser or as a program.

use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::test::TestRequest;
use tidings::app::App;
use tidings::auth::session_token::SessionToken;
use tidings::http::session_cookie;
use tidings::ids::UserId;

use super::site::request;

/// A session.
pub struct Member {
    pub id: UserId,
    pub cookie: Cookie<'static>,
    pub token: String,
}

impl Member {
    pub fn new(app: &App, token: &SessionToken) -> Member {
        Member { id: token.user, cookie: session_cookie::carrying(app, token), token: app.signer.sign(token) }
    }

    /// A request of one of our own pages, by method and URL.
    pub fn browser(&self, line: &str) -> TestRequest {
        request(line).cookie(self.cookie.clone()).insert_header(("sec-fetch-site", "same-origin"))
    }

    /// The same, sent by htmx.
    pub fn htmx(&self, line: &str) -> TestRequest {
        self.browser(line).insert_header(("hx-request", "true"))
    }

    /// A request of a program, by method and URL.
    pub fn program(&self, line: &str) -> TestRequest {
        request(line).insert_header((header::AUTHORIZATION, format!("Bearer {}", self.token)))
    }
}
