//! Every route of `routes.rs`, requested by a stranger and by somebody else. The list is read from the file itself, so a new
//! route is tested the day it is written, and one that cannot be read fails.

use reqwest::Method;
use serde_json::json;
use tidings::domain::post::{Audience, post};
use tidings::ids::UserId;
use tidings::model::posts::NewPost;

use crate::support::route_list;
use crate::support::town::Town;

/// Open to everybody. Whatever is not named here needs a session.
const OPEN: [&str; 17] = [
    "GET /",
    "GET /signup",
    "POST /signup",
    "GET /signin",
    "POST /signin",
    "POST /signout",
    "GET /people/{username}/picture.svg",
    "GET /.well-known/change-password",
    "POST /api/session",
    "GET /api/openapi.json",
    "GET /feeds/{secret}/notifications.atom",
    "GET /feeds/{secret}/posts.atom",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /favicon.ico",
    "GET /static/{file:.*}",
];

pub fn is_open(method: &Method, path: &str) -> bool {
    OPEN.contains(&format!("{method} {path}").as_str())
}

#[test]
fn every_route_is_in_the_list() {
    let routes = route_list::all();
    for (method, path) in [(Method::GET, "/"), (Method::GET, "/api/stream"), (Method::DELETE, "/api/follow/{userId}"), (Method::POST, "/settings/delete")] {
        assert!(routes.contains(&(method, path.to_owned())), "{path}: {routes:?}");
    }
    for open in OPEN {
        assert!(routes.iter().any(|(method, path)| open == format!("{method} {path}")), "{open} is open, and no route");
    }
    assert!(routes.len() > 30, "{routes:?}");
}

#[test]
fn a_route_in_a_form_that_cannot_be_read_is_an_error() {
    let read = ".service(resource(\"/a\").get(pages::a::show).post(pages::a::submit));";
    assert_eq!(route_list::parse(read).unwrap(), [(Method::GET, "/a".to_owned()), (Method::POST, "/a".to_owned())]);
    let described = "api(\"/api/a\").get(\"Show a (or b)\", api::a::show).problems([404, 422]).delete(\"End a\", api::a::end),";
    assert_eq!(route_list::parse(described).unwrap(), [(Method::GET, "/api/a".to_owned()), (Method::DELETE, "/api/a".to_owned())]);
    for other in [
        ".service(resource(pages::stream::PATH).get(pages::stream::poll))",
        ".service(resource(\"/a\"))",
        ".service(resource(\"/a\").to(a))",
        ".service(resource(\"/a\").get(a).options(b))",
        ".service(resource(\"/a\").get(|| async { Ok(b()) }))",
        ".service(resource(\"/a\").get(a)) .service(resource(\"/b\").get(b))",
        ".service(Files::new(\"/secrets\", \"data\"))",
        ".service(web::scope(\"/a\")",
        ".service(",
        ".route(\"/a\", web::get().to(a))",
        ".configure(more)",
        ".service(resource(\"/api/a\").get(api::a::show))",
        "api(\"/a\").get(\"Show a\", api::a::show),",
        "api(\"/api/a\").get(api::a::show),",
        "api(\"/api/a\").get(\"Show a\", api::a::show)",
    ] {
        assert_eq!(route_list::parse(&format!("{read}\n{other}")).unwrap_err(), other);
    }
}

#[tokio::test]
async fn a_stranger_is_refused_wherever_a_session_is_needed() {
    let town = Town::new().await;
    let (_ada, stranger) = (town.signs_up("ada").await, town.stranger("x"));
    for (method, route) in route_list::all() {
        let path = route.replace("{username}", "ada").replace("{id}", "1").replace("{userId}", "1").replace("{feed}", "posts");
        let answer = stranger.sends(stranger.request(method.clone(), &path)).await;
        match (is_open(&method, &route), path.starts_with("/api/")) {
            (true, _) => assert!(answer.status != 401 && !answer.header("location").starts_with("/signin"), "{method} {path}: {}", answer.status),
            (false, true) => answer.is_a_problem(401),
            (false, false) => {
                assert_eq!(answer.status, 303, "{method} {path}");
                assert!(answer.header("location").starts_with("/signin?next=%2F"), "{method} {path}");
                assert_eq!(answer.body, "");
            }
        }
        assert_eq!(answer.header("set-cookie").is_empty(), path != "/signout", "{method} {path}");
        if !is_open(&method, &route) {
            let htmx = stranger.sends(stranger.request(method.clone(), &path).header("HX-Request", "true")).await;
            assert_eq!((htmx.status.as_u16(), htmx.header("hx-redirect"), htmx.body.as_str()), (401, "/signin", ""), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nobody_changes_what_is_somebody_elses() {
    let town = Town::new().await;
    let (ada, bob, eve) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await);
    ada.follows(&bob).await;
    let id = bob.inbox().await[0].id.to_string();
    // A post of the same id, for himself alone.
    let post = bob.program().await.posts("/api/posts", &json!({"text": "mine", "to": ["bob"], "quiet": true})).await;
    assert_eq!(post.json()["id"].to_string(), id);
    bob.opens("/notifications").await;
    for (method, route) in route_list::all() {
        if route == "/signout" || route == "/api/session" {
            continue;
        }
        // Sessions 1 and 2 are ada's and bob's. Of those, and of tokens, it is not said whether there is one. Anybody may follow bob, which would notify him, so eve follows ada.
        let session = route.contains("sessions") || route.contains("tokens");
        let path = route.replace("{username}", "ada").replace("{id}", if session { "2" } else { &id }).replace("{userId}", "1").replace("{feed}", "posts");
        let answer = eve.sends(eve.request(method.clone(), &path).form(&[("through", id.as_str())])).await;
        if route.contains("{id}") && !session {
            assert_eq!(answer.status, 404, "{method} {path}");
        }
        assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.status);
    }
    bob.polls_and_hears_nothing().await;
    bob.sees(["ada follows you"]).await;
    assert_eq!(bob.badge().await, 1);
}

#[tokio::test]
async fn every_page_of_a_member_has_exactly_one_polling_element() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let new = NewPost { author: UserId(ada.id().await), text: "Hello".into(), url: None, direct: false, collapse: None };
    let post = town.site.app.change(move |tx| Ok(post(tx, &new, &Audience::Followers)?)).await.unwrap();
    for (method, route) in route_list::all() {
        let path = route.replace("{username}", "ada").replace("{id}", &post.0.to_string());
        if method != Method::GET
            || path.starts_with("/api/")
            || [
                "/.well-known/change-password",
                "/posts",
                "/settings/tokens",
                "/healthz",
                "/readyz",
                "/metrics",
                "/favicon.ico",
                "/signin",
                "/signup",
                "/static/{file:.*}",
            ]
            .contains(&path.as_str())
            || path.ends_with(".svg")
            || path.ends_with(".atom")
        {
            continue;
        }
        let page = bob.opens(&path).await;
        assert_eq!((page.count("#stream"), page.count("[hx-trigger^=every]"), page.count("#stream[hx-trigger^=every]")), (1, 1, 1), "{path}");
        assert_eq!(page.count("#status[role=status]"), 1, "{path}");
        assert!(page.inline_code().is_empty(), "{path}: {:?}", page.inline_code());
    }
}
