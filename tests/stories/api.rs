//! The JSON API: tokens, follows, notifications, people, and every mistake that a program can make.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::crowd::crowd_follows;
use crate::support::town::{PASSWORD, Town};

#[tokio::test]
async fn a_token_opens_the_api_until_it_is_given_back() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let opened = town.program().posts("/api/session", &json!({"username": "ADA", "password": PASSWORD})).await;
    assert_eq!(opened.status, 200);
    assert_eq!(opened.json()["user"], json!({"id": ada.id().await, "username": "ada"}));
    let program = ada.program().await;
    let me = program.gets("/api/me").await;
    assert_eq!(me.json(), json!({"id": ada.id().await, "username": "ada", "unread": 0, "lastUpdate": 0}));
    assert_eq!(program.deletes("/api/session").await.status, 204);
    program.gets("/api/me").await.is_a_problem(401);
    program.gets("/api/stream?since=5").await.is_a_problem(401);
    assert_eq!(ada.gets("/people").await.status, 200, "the browser's session is another one");
}

#[tokio::test]
async fn following_by_id() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let (program, bobs, (me, him)) = (ada.program().await, bob.program().await, (ada.id().await, bob.id().await));
    let path = format!("/api/follow/{him}");
    assert_eq!(program.gets(&path).await.json(), json!({"following": false, "followedBy": false}));
    let first = program.posts("/api/follow", &json!({"userId": him})).await;
    assert_eq!((first.status.as_u16(), first.json()), (201, json!({"following": true})));
    assert_eq!(program.posts("/api/follow", &json!({"userId": him})).await.status, 200);
    assert_eq!(bobs.gets(&format!("/api/follow/{me}")).await.json(), json!({"following": false, "followedBy": true}));
    for _ in 0..2 {
        let gone = program.deletes(&path).await;
        assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
    }
    program.posts("/api/follow", &json!({"userId": me})).await.is_a_problem(422);
    program.posts("/api/follow", &json!({"userId": 999_999})).await.is_a_problem(404);
    program.gets("/api/follow/999999").await.is_a_problem(404);
    program.deletes("/api/follow/999999").await.is_a_problem(404);
    program.gets("/api/follow/bob").await.is_a_problem(404);
}

#[tokio::test]
async fn the_inbox_newest_first_page_by_page() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 25).await;
    let program = bob.program().await;
    let first = program.gets("/api/notifications").await.json();
    let lines = first["notifications"].as_array().unwrap();
    assert_eq!((lines.len(), &first["unread"]), (20, &json!(25)));
    assert_eq!(first["lastUpdate"], program.gets("/api/me").await.json()["lastUpdate"]);
    let line = &lines[0];
    assert_eq!((&line["kind"], &line["actor"]["username"], &line["readAt"]), (&json!("follow"), &json!("crowd_024"), &Value::Null));
    assert!(line["actor"]["id"].is_i64() && line["id"].is_i64() && line["createdAt"].is_i64());
    let second = program.gets(&format!("/api/notifications?before={}", first["next"])).await.json();
    assert_eq!((second["notifications"].as_array().unwrap().len(), &second["next"]), (5, &Value::Null));

    let through = &lines[3]["id"];
    let left = program.posts("/api/notifications/read", &json!({"through": through})).await;
    assert_eq!((left.status.as_u16(), left.json()), (200, json!({"unread": 3})));
    let unread = program.gets("/api/notifications?show=unread&limit=2").await.json();
    assert_eq!((unread["notifications"].as_array().unwrap().len(), &unread["next"]), (2, &lines[1]["id"]));
    let all = program.gets("/api/notifications?limit=1000").await.json();
    assert_eq!(all["notifications"].as_array().unwrap().len(), 25);
    assert!(all["notifications"][3]["readAt"].is_i64());
}

#[tokio::test]
async fn the_directory_page_by_page() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    town.signs_up("bonnie").await;
    ada.follows(&bob).await;
    let program = ada.program().await;
    let page = program.gets("/api/people?q=B&limit=1").await.json();
    assert_eq!(page, json!({"people": [{"id": bob.id().await, "username": "bob", "following": true, "followedBy": false}], "next": "bob"}));
    let rest = program.gets("/api/people?q=B&limit=1&after=bob").await.json();
    assert_eq!((&rest["people"][0]["username"], &rest["next"]), (&json!("bonnie"), &Value::Null));
    assert_eq!(program.gets("/api/people?q=%3Cb%3E").await.json(), json!({"people": [], "next": null}));
}

#[tokio::test]
async fn every_mistake_a_program_can_make_is_a_problem_document() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (program, nobody) = (ada.program().await, town.program());
    nobody.posts("/api/session", &json!({"username": "ada", "password": "wrong password"})).await.is_a_problem(401);
    nobody.posts("/api/session", &json!({"username": "nobody", "password": "wrong password"})).await.is_a_problem(401);
    nobody.gets("/api/me").await.is_a_problem(401);
    for unknown in ["/api", "/api/nothing", "/api/follow/1/2", "/api/%FF"] {
        program.gets(unknown).await.is_a_problem(404);
    }
    let wrong_verb = program.deletes("/api/me").await;
    wrong_verb.is_a_problem(405);
    assert_eq!(wrong_verb.header("allow"), "GET, HEAD");
    program.gets("/api/session").await.is_a_problem(405);
    let raw = |path: &'static str, kind: &'static str, body: String| program.sends(program.request(Method::POST, path).header("content-type", kind).body(body));
    raw("/api/follow", "text/plain", "{}".into()).await.is_a_problem(415);
    raw("/api/follow", "application/x-www-form-urlencoded", "userId=1".into()).await.is_a_problem(415);
    program.sends(program.request(Method::POST, "/api/follow")).await.is_a_problem(415);
    for malformed in ["", "{", "null", "[]", "{}", "{\"userId\":\"one\"}", "{\"userId\":1.5}", "{\"userId\":10000000000000000000000}", "\u{0}"] {
        raw("/api/follow", "application/json", malformed.into()).await.is_a_problem(400);
    }
    raw("/api/follow", "application/json", format!("{{\"userId\":1,\"x\":\"{}\"}}", "x".repeat(100_000))).await.is_a_problem(413);
    for query in ["limit=0", "limit=-1", "limit=x", "before=x", "show=some", "limit=1&limit=2"] {
        program.gets(&format!("/api/notifications?{query}")).await.is_a_problem(400);
    }
    let basic = nobody.sends(nobody.request(Method::GET, "/api/me").header("Authorization", "Basic YTpi")).await;
    basic.is_a_problem(401);
    assert_eq!(basic.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_token_that_has_ended_is_refused_also_beside_a_good_cookie() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let program = bob.program().await;
    let asks = async || ada.sends(ada.request(Method::GET, "/api/me").header("Authorization", format!("Bearer {}", program.token))).await;
    assert_eq!(asks().await.json()["username"], "bob");
    program.deletes("/api/session").await;
    asks().await.is_a_problem(401);
    // A proxy that asks for a password of its own sends it on: that hides no cookie.
    let behind_a_proxy = ada.sends(ada.request(Method::GET, "/notifications").header("Authorization", "Basic dXNlcjpwYXNz")).await;
    assert_eq!(behind_a_proxy.status, 200);
}
