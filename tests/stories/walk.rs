//! Every URL of `routes.rs`, walked as a stranger and as somebody else. The list is read from the file itself, so a
//! new route is walked the day it is written.

use reqwest::Method;

use crate::town::Town;

const ROUTES: &str = include_str!("../../src/routes.rs");

/// Open to everybody. Whatever is not named here is closed.
const OPEN: [&str; 13] = [
    "GET /",
    "GET /signup",
    "POST /signup",
    "GET /signin",
    "POST /signin",
    "POST /signout",
    "GET /people/{username}/picture.svg",
    "POST /api/session",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /favicon.ico",
    "GET /static/{file:.*}",
];

fn routes() -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for line in ROUTES.lines().filter_map(|line| line.trim().strip_prefix(".service(at(\"")) {
        let (path, verbs) = line.split_once("\")").unwrap();
        for (verb, method) in [(".get(", Method::GET), (".post(", Method::POST), (".delete(", Method::DELETE)] {
            if verbs.contains(verb) {
                found.push((method, path.to_owned()));
            }
        }
    }
    assert!(found.len() > 30, "{found:?}");
    found
}

fn is_open(method: &Method, path: &str) -> bool {
    OPEN.contains(&format!("{method} {path}").as_str())
}

#[tokio::test]
async fn a_stranger_finds_every_closed_door_closed() {
    let town = Town::new().await;
    let (_ada, stranger) = (town.signs_up("ada").await, town.stranger("x"));
    for (method, route) in routes() {
        let path = route.replace("{username}", "ada").replace("{id}", "1").replace("{userId}", "1");
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
        let htmx = stranger.sends(stranger.request(method.clone(), &path).header("HX-Request", "true")).await;
        if !is_open(&method, &route) {
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
    bob.opens("/notifications").await;
    for (method, route) in routes() {
        if route == "/signout" || route == "/api/session" {
            continue;
        }
        // Sessions 1 and 2 are ada's and bob's; "bob" as a followee is everybody's right, so eve walks past him.
        let session = route.contains("sessions");
        let path = route.replace("{username}", "ada").replace("{id}", if session { "2" } else { &id }).replace("{userId}", "1");
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
    for (method, route) in routes() {
        let path = route.replace("{username}", "ada");
        if method != Method::GET
            || path.starts_with("/api/")
            || ["/healthz", "/readyz", "/metrics", "/favicon.ico", "/signin", "/signup", "/static/{file:.*}"].contains(&path.as_str())
            || path.ends_with(".svg")
        {
            continue;
        }
        let page = bob.gets(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.body.matches("id=\"stream\"").count(), 1, "{path}");
        assert_eq!(page.body.matches("hx-trigger").count(), 1, "{path}");
        assert_eq!(page.body.matches("role=\"status\"").count(), 1, "{path}");
        assert!(!page.body.contains("<script>") && !page.body.contains(" onclick") && !page.body.contains("style=\""), "{path}");
    }
}
