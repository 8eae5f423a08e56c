//! The poll: 204 as lean as can be, and what makes it anything else.

use actix_web::http::header;
use serde_json::json;

use crate::support::{Answer, Site};

/// The 204 that nearly every poll gets.
fn is_lean(answer: &Answer, what: &str) {
    assert_eq!(
        (answer.status, answer.header_names(), answer.header("cache-control"), answer.body.as_str()),
        (204, vec!["cache-control"], "no-store", ""),
        "{what}"
    );
}

/// 204 that makes the tab load its page anew.
fn is_a_refresh(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.header("hx-refresh"), answer.body.as_str()), (204, "true", ""), "{what}");
    assert_eq!(answer.header_names(), ["cache-control", "hx-refresh"], "{what}");
}

#[actix_web::test]
async fn an_unchanged_poll_is_one_header_and_no_statement() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    site.follows(&ada, &bob).await;
    for page in ["/people", "/notifications", "/notifications?show=unread", "/settings", "/people/ada"] {
        let url = site.answers(bob.browser(&format!("GET {page}"))).await.page().poll_url().unwrap();
        for _ in 0..3 {
            let (answer, statements) = site.answers_with_statements(bob.htmx(&format!("GET {url}"))).await;
            is_lean(&answer, page);
            assert_eq!(statements, 0, "{page}");
        }
    }
}

#[actix_web::test]
async fn it_is_as_lean_where_the_stamp_has_to_be_read() {
    let site = Site::open().await;
    let bob = site.member("bob").await;
    let poll = "GET /api/stream?since=0";
    let (answer, statements) = site.answers_with_statements(bob.htmx(poll)).await;
    is_lean(&answer, "nobody has met bob yet");
    assert!(statements > 0);
    let (answer, statements) = site.answers_with_statements(bob.htmx(poll)).await;
    is_lean(&answer, "remembered");
    assert_eq!(statements, 0);
}

#[actix_web::test]
async fn a_page_of_somebody_else_is_loaded_anew_and_gets_nothing() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    site.follows(&ada, &bob).await;
    let stamp = site.answers(bob.program("GET /api/me")).await.json()["lastUpdate"].clone();
    // Whatever bob's cookie could bring, ada's page does not get it; nor does it hear that nothing is new.
    for seen in ["since=0".to_owned(), format!("since={stamp}"), "since=x".to_owned()] {
        for view in ["", "&show=unread", "&title=People"] {
            let url = format!("/api/stream?{seen}&user={}{view}", ada.id);
            let (answer, statements) = site.answers_with_statements(bob.htmx(&format!("GET {url}"))).await;
            is_a_refresh(&answer, &url);
            assert_eq!(statements, 0, "{url}");
        }
    }
    let unknown = format!("GET /api/stream?user={}", ada.id);
    is_a_refresh(&site.answers(bob.htmx(&unknown)).await, "a page that knew no state");
}

#[actix_web::test]
async fn any_other_stamp_than_the_current_one_brings_the_state() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    site.follows(&ada, &bob).await;
    let stamp = site.answers(bob.program("GET /api/me")).await.json()["lastUpdate"].as_i64().unwrap();
    for (query, announced) in [
        ("since=0".to_owned(), "ada follows you"),
        (format!("since={}", stamp - 1), "ada follows you"),
        (format!("since={}", stamp + 1), ""),
        // It does not know what it has seen, so nothing is new to it.
        (String::new(), ""),
        ("since=".to_owned(), ""),
        ("since=x".to_owned(), ""),
        (format!("since={stamp}&since={stamp}"), ""),
        (format!("since={stamp}.0"), ""),
        (format!("since=0&user={}", bob.id), "ada follows you"),
        ("since=0&user=".to_owned(), "ada follows you"),
        ("since=0&user=x".to_owned(), "ada follows you"),
    ] {
        for view in ["", "&show=unread", "&title=People"] {
            let answer = site.answers(bob.htmx(&format!("GET /api/stream?{query}{view}"))).await;
            assert_eq!(answer.status, 200, "{query}{view}");
            let fragment = answer.fragment();
            assert_eq!((fragment.announced().as_str(), fragment.badge()), (announced, 1), "{query}{view}");
            let next = site.answers(bob.htmx(&format!("GET {}", fragment.poll_url().unwrap()))).await;
            is_lean(&next, "the next poll");
        }
    }
}

#[actix_web::test]
async fn only_htmx_gets_html() {
    let site = Site::open().await;
    let bob = site.member("bob").await;
    let line = "GET /api/stream?since=0";
    for (value, is_htmx) in [("true", true), ("false", false), ("1", false), ("", false)] {
        let answer = site.answers(bob.browser(line).insert_header(("hx-request", value))).await;
        assert_eq!(answer.status, if is_htmx { 204 } else { 200 }, "{value:?}");
    }
    let json = site.answers(bob.program(line)).await;
    assert_eq!((json.header("content-type"), json.json()), ("application/json", json!({"lastUpdate": 0, "hasUpdates": false})));
}

#[actix_web::test]
async fn a_program_that_knows_the_tag_gets_304_for_no_statement() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    site.follows(&ada, &bob).await;
    let first = site.answers(bob.program("GET /api/stream")).await;
    let tag = first.header("etag");
    assert_eq!((tag, first.header("x-poll-interval")), (format!("\"{}\"", first.json()["lastUpdate"]).as_str(), "10"));
    for (known, status) in
        [(tag, 304), (&format!("W/{tag}"), 304), (&format!("\"0\", {tag}"), 304), ("\"0\"", 200), ("*", 304), (tag.trim_matches('"'), 200), ("", 200)]
    {
        // With a stamp that is not current either: the tag alone says what the program has.
        let asked = bob.program("GET /api/stream?since=0").insert_header((header::IF_NONE_MATCH, known));
        let (answer, statements) = site.answers_with_statements(asked).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 304), "{known}");
        assert_eq!((answer.header("etag"), answer.header("x-poll-interval"), answer.header("cache-control")), (tag, "10", "no-store"), "{known}");
        assert!(status != 304 || statements == 0, "{known}: {statements} statements");
    }
}

#[actix_web::test]
async fn the_interval_that_programs_are_told_is_the_sites_own() {
    let site = Site::with(|settings| settings.poll_seconds = Some("7".into())).await;
    let bob = site.member("bob").await;
    assert_eq!(site.answers(bob.program("GET /api/stream")).await.header("x-poll-interval"), "7");
    let page = site.answers(bob.browser("GET /people")).await.page();
    assert!(page.attr("#stream", "hx-trigger").starts_with("every 7s"));
}
