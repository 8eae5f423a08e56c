//! What the token of a program may be used for: every route of the JSON API, and the scopes that cover it. What is not listed here is for sessions
//! alone, and so is every page. `Viewer` and the poll ask this table, so that no handler can forget to.

use actix_web::http::Method;

use crate::model::tokens::Scope::{self, All, Post, Read};

const ROUTES: [(Method, &str, &[Scope]); 19] = [
    (Method::GET, "/api/stream", &[Read, All]),
    (Method::GET, "/api/me", &[Read, All]),
    (Method::GET, "/api/people", &[Read, All]),
    (Method::POST, "/api/follow", &[All]),
    (Method::GET, "/api/follow/{userId}", &[Read, All]),
    (Method::PUT, "/api/follow/{userId}", &[All]),
    (Method::DELETE, "/api/follow/{userId}", &[All]),
    (Method::GET, "/api/notifications", &[Read, All]),
    (Method::POST, "/api/notifications/read", &[All]),
    // With the scope `post`, only one's own: `Viewer::is_limited_to_own_posts`.
    (Method::GET, "/api/posts", &[Read, Post, All]),
    (Method::POST, "/api/posts", &[Post, All]),
    (Method::GET, "/api/posts/{id}", &[Read, Post, All]),
    (Method::DELETE, "/api/posts/{id}", &[Post, All]),
    (Method::GET, "/api/openapi.json", &[Read, Post, All]),
    // Whoever finds a token must not be able to make another, or to see which there are.
    (Method::GET, "/api/tokens", &[]),
    (Method::POST, "/api/tokens", &[]),
    (Method::DELETE, "/api/tokens/{id}", &[]),
    (Method::POST, "/api/session", &[]),
    (Method::DELETE, "/api/session", &[]),
];

/// The scopes that cover `method` on the route `pattern`, as `routes.rs` writes it; `None` if it is not listed. HEAD is covered where GET is.
pub fn scopes(method: &Method, pattern: &str) -> Option<&'static [Scope]> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|(listed, route, _)| listed == method && *route == pattern).map(|(_, _, scopes)| *scopes)
}

/// Whether a token of `scope` may be used for it.
pub fn is_covered(scope: Scope, method: &Method, pattern: &str) -> bool {
    scopes(method, pattern).is_some_and(|scopes| scopes.contains(&scope))
}
