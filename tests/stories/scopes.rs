//! Every route of `routes.rs`, requested with a token of every scope.

use reqwest::Method;
use reqwest::header::{ACCEPT, ORIGIN};
use serde_json::json;

use crate::support::program::Program;
use crate::support::route_list;
use crate::support::town::Town;
use crate::walk::is_open;

/// What the contract says: the scopes that cover a route of the JSON API. A page is covered by none.
const COVERED: [(&str, &str); 18] = [
    ("GET /api/stream", "read all"),
    ("GET /api/me", "read all"),
    ("GET /api/people", "read all"),
    ("POST /api/follow", "all"),
    ("GET /api/follow/{userId}", "read all"),
    ("PUT /api/follow/{userId}", "all"),
    ("DELETE /api/follow/{userId}", "all"),
    ("GET /api/notifications", "read all"),
    ("POST /api/notifications/read", "all"),
    ("GET /api/posts", "read post all"),
    ("POST /api/posts", "post all"),
    ("GET /api/posts/{id}", "read post all"),
    ("DELETE /api/posts/{id}", "post all"),
    ("GET /api/tokens", ""),
    ("POST /api/tokens", ""),
    ("DELETE /api/tokens/{id}", ""),
    ("POST /api/session", ""),
    ("DELETE /api/session", ""),
];

const SCOPES: [&str; 3] = ["read", "post", "all"];

/// Whether the contract lets a token of `scope` use it.
fn is_covered(method: &Method, route: &str, scope: &str) -> bool {
    let covered = COVERED.iter().find(|(line, _)| *line == format!("{method} {route}"));
    let covered = covered.unwrap_or_else(|| panic!("{method} {route} is new: say in COVERED, and in src/http/access.rs, which scopes cover it"));
    covered.1.split(' ').any(|covered| covered == scope)
}

/// A body that a form expects, and for the API one that no route expects.
async fn asks(program: &Program, method: Method, path: &str) -> crate::support::http::Answer {
    let request = program.request(method.clone(), path);
    let request = match method {
        Method::GET | Method::HEAD => request,
        _ if path.starts_with("/api/") => request.json(&json!({})),
        _ => request.form(&[("through", "1")]),
    };
    program.sends(request).await
}

/// A route that is not in the table of `http/access.rs` is refused to every token.
#[tokio::test]
async fn a_token_reaches_what_its_scope_covers_and_nothing_else() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for scope in SCOPES {
        let program = ada.program_with(scope).await;
        for (method, route) in route_list::all() {
            let path = route.replace("{username}", "ada").replace("{id}", "9999").replace("{userId}", "9999");
            let answer = asks(&program, method.clone(), &path).await;
            let status = answer.status.as_u16();
            match (path.starts_with("/api/"), is_open(&method, &route)) {
                (true, _) if route == "/api/openapi.json" => assert_eq!(status, 200),
                (true, _) if is_covered(&method, &route, scope) => assert!(![401, 403].contains(&status) && status < 500, "{scope}: {method} {path}: {status}"),
                (true, _) => {
                    answer.is_a_problem(403);
                    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"insufficient_scope\"", "{scope}: {method} {path}");
                }
                // Some of these greet whoever is signed in, or lead to a page that does.
                (false, true) => assert!(status < 500, "{scope}: {method} {path}: {status}"),
                (false, false) => assert_eq!(status, 403, "{scope}: {method} {path}"),
            }
        }
        assert_eq!(asks(&program, Method::HEAD, "/api/me").await.status.as_u16() == 403, scope == "post");
    }
}

#[tokio::test]
async fn an_error_page_tells_a_token_nothing() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let program = ada.program_with("all").await;
    for (path, status) in [("/notifications", 403), ("/nowhere", 404)] {
        let answer = program.sends(program.request(Method::GET, path).header(ACCEPT, "text/html")).await;
        assert_eq!(answer.status, status);
        assert!(!answer.body.contains("ada") && !answer.page().exists("#stream"), "{}", answer.body);
    }
}

/// A revoked token is no token, whatever it would have been good for.
#[tokio::test]
async fn a_revoked_token_is_refused_as_unknown_where_its_scope_would_not_do_either() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for scope in SCOPES {
        let program = ada.program_with(scope).await;
        let listed = ada.gets("/api/tokens").await.json();
        let id = listed["tokens"][0]["id"].as_i64().unwrap();
        assert_eq!(ada.sends(ada.request(Method::DELETE, &format!("/api/tokens/{id}"))).await.status, 204);
        for (method, route) in route_list::all() {
            let path = route.replace("{username}", "ada").replace("{id}", "9999").replace("{userId}", "9999");
            if path.starts_with("/api/") && !is_open(&method, &route) {
                asks(&program, method, &path).await.is_a_problem(401);
            }
        }
    }
}

/// A signed-in browser asks with its cookie; a program with a token has none, so that nobody can misuse it from another site.
#[tokio::test]
async fn a_token_needs_no_origin() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let (program, him) = (ada.program_with("all").await, bob.id().await);
    let follow = program.request(Method::POST, "/api/follow").header(ORIGIN, "https://elsewhere.example").json(&json!({"userId": him}));
    assert_eq!(program.sends(follow).await.status, 201);
    bob.sees(["ada follows you"]).await;
}
