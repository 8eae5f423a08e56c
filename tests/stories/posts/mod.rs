//! Posts: made, read, told and taken back, by programs.

mod bad_input;
mod batches;
mod collapse;
mod crowds;
mod direct;
mod idempotency;
mod killed;
mod limit;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use reqwest::Method;
use serde_json::{Value, json};
use tidings::db::Connection;

use crate::site::Home;

use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::town::Town;

/// Ada, and bob and cleo, who follow her.
async fn ada_with_followers(town: &Town) -> (Person, Person, Person) {
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    bob.follows(&ada).await;
    cleo.follows(&ada).await;
    (ada, bob, cleo)
}

/// Posts, and returns what was answered with 201.
async fn made(program: &Program, body: Value) -> Value {
    let answer = program.posts("/api/posts", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

/// `size` people without a password who follow the user `author`, made without HTTP.
fn fans_follow(home: &Home, author: i64, size: usize) {
    let rows = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})
             INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'fan_' || i, '-', 0, 1 FROM n;
         INSERT INTO follows (follower_id, followee_id, created_at) SELECT id, {author}, 1 FROM users WHERE username LIKE 'fan~_%' ESCAPE '~' ORDER BY id"
    );
    home.shell().batch_execute(&rows).unwrap();
}

/// The number `n` that a query gives.
fn number(db: &mut Connection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    diesel::sql_query(query).get_result::<Number>(db).unwrap().n
}

/// A body that is no JSON.
async fn sends(program: &Program, media_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    program.sends(program.request(Method::POST, "/api/posts").header("content-type", media_type).body(body)).await
}

/// The texts of a list, newest first.
async fn texts(program: &Program, path: &str) -> Vec<String> {
    let answer = program.gets(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["posts"].as_array().unwrap().iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whoever_follows_hears_of_a_post_and_it_goes_with_its_notifications() {
    let town = Town::new().await;
    let (ada, bob, cleo) = ada_with_followers(&town).await;
    let dora = town.signs_up("dora").await;
    for person in [&bob, &dora, &ada] {
        person.opens("/notifications").await;
    }
    let (program, bobs) = (ada.program().await, bob.program().await);
    let answer = program.posts("/api/posts", &json!({"text": " Hello\r\nthere ", "url": "https://a.example", "mood": "good"})).await;
    let post = answer.json();
    let id = post["id"].as_i64().unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("location"), answer.header("idempotent-replayed")), (201, &*format!("/api/posts/{id}"), ""));
    let expected = json!({
        "id": id, "author": {"id": ada.id().await, "username": "ada"}, "text": "Hello\nthere", "url": "https://a.example", "to": null,
        "createdAt": post["createdAt"].as_i64().unwrap()
    });
    assert_eq!(post, expected);
    bob.hears_within(10, "ada posted: Hello there").await;
    dora.polls_and_hears_nothing().await;
    ada.polls_and_hears_nothing().await;

    let line = &bobs.gets("/api/notifications").await.json()["notifications"][0];
    assert_eq!((&line["kind"], &line["actor"]["username"]), (&json!("post"), &json!("ada")));
    assert_eq!(line["post"], json!({"id": id, "text": "Hello\nthere", "url": "https://a.example"}));
    let follow = &program.gets("/api/notifications").await.json()["notifications"][0];
    assert!(follow["kind"] == "follow" && follow.get("post").is_none());

    for reader in [&program, &bobs, &dora.program().await] {
        assert_eq!(reader.gets(&format!("/api/posts/{id}")).await.json(), expected);
        assert_eq!(reader.gets("/api/posts?author=ADA").await.json(), json!({"posts": [expected.clone()], "next": null}));
    }
    assert_eq!((texts(&bobs, "/api/posts").await.len(), texts(&program, "/api/posts").await.len()), (1, 1));
    assert_eq!(texts(&dora.program().await, "/api/posts").await.len(), 0);
    assert_eq!((bob.badge().await, cleo.badge().await), (1, 1), "reading it through the API does not mark it read");

    bobs.deletes(&format!("/api/posts/{id}")).await.is_a_problem(404);
    let gone = program.deletes(&format!("/api/posts/{id}")).await;
    assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
    bob.hears_within(10, "").await;
    assert_eq!((bob.badge().await, cleo.badge().await), (0, 0));
    bob.sees([]).await;
    for path in [format!("/api/posts/{id}"), "/api/posts/99".into(), "/api/posts/x".into(), "/api/posts?author=nobody".into(), "/api/posts?author=".into()] {
        bobs.gets(&path).await.is_a_problem(404);
    }
    program.deletes(&format!("/api/posts/{id}")).await.is_a_problem(404);
    assert_eq!(program.gets("/api/posts").await.json(), json!({"posts": [], "next": null}));
}

#[tokio::test]
async fn a_feed_is_read_page_by_page() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let (adas, bobs) = (ada.program().await, bob.program().await);
    for n in 0..5 {
        made(if n % 2 == 0 { &adas } else { &bobs }, json!({"text": format!("number {n}")})).await;
    }
    let mut path = "/api/posts?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = bobs.gets(&path).await.json();
        seen.extend(page["posts"].as_array().unwrap().iter().map(|post| post["text"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_i64() else { break };
        path = format!("/api/posts?limit=2&before={next}");
    }
    assert_eq!(seen, ["number 4", "number 3", "number 2", "number 1", "number 0"]);
    assert_eq!(texts(&bobs, "/api/posts?author=ada&limit=2").await, ["number 4", "number 2"]);
    for query in ["limit=0", "limit=x", "before=x", "author=a&author=b"] {
        bobs.gets(&format!("/api/posts?{query}")).await.is_a_problem(400);
    }
}

#[tokio::test]
async fn one_may_follow_and_not_be_told() {
    let town = Town::new().await;
    let (ada, bob, cleo) = ada_with_followers(&town).await;
    let (adas, bobs) = (ada.program().await, bob.program().await);
    let path = format!("/api/follow/{}", ada.id().await);
    assert_eq!(bobs.gets(&path).await.json(), json!({"following": true, "followedBy": false, "notify": true}));
    for notify in [false, false] {
        let answer = bobs.sends(bobs.request(Method::PUT, &path).json(&json!({"notify": notify}))).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"following": true, "followedBy": false, "notify": notify})));
    }
    made(&adas, json!({"text": "quietly"})).await;
    made(&adas, json!({"text": "to bob", "to": ["bob"]})).await;
    bob.sees([]).await;
    cleo.sees(["ada posted"]).await;
    assert_eq!(texts(&bobs, "/api/posts").await, ["to bob", "quietly"]);
    bobs.sends(bobs.request(Method::PUT, &path).json(&json!({"notify": true}))).await;
    made(&adas, json!({"text": "aloud"})).await;
    bob.sees(["ada posted"]).await;
    // Whoever does not follow cannot be told.
    let adas_path = format!("/api/follow/{}", bob.id().await);
    adas.sends(adas.request(Method::PUT, &adas_path).json(&json!({"notify": true}))).await.is_a_problem(404);
    adas.sends(adas.request(Method::PUT, &path).json(&json!({"notify": true}))).await.is_a_problem(422);
    assert_eq!(adas.gets(&adas_path).await.json(), json!({"following": false, "followedBy": true}));
    // Following again begins aloud.
    bobs.sends(bobs.request(Method::PUT, &path).json(&json!({"notify": false}))).await;
    bobs.deletes(&path).await;
    bobs.posts("/api/follow", &json!({"userId": ada.id().await})).await;
    assert_eq!(bobs.gets(&path).await.json()["notify"], true);
}

#[tokio::test]
async fn a_quiet_post_is_in_the_feeds_and_tells_nobody() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let (adas, bobs) = (ada.program().await, bob.program().await);
    bob.opens("/notifications").await;
    made(&adas, json!({"text": "for the record", "quiet": true})).await;
    let direct = made(&adas, json!({"text": "for bob's record", "quiet": true, "to": ["bob"]})).await;
    assert_eq!(direct["to"], json!(["bob"]));
    bob.polls_and_hears_nothing().await;
    assert_eq!(texts(&bobs, "/api/posts").await, ["for bob's record", "for the record"]);
}

#[tokio::test]
async fn a_token_to_post_with_sees_its_owners_posts_and_no_others() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let (adas, bobs) = (ada.program_with("post").await, bob.program_with("post").await);
    let theirs = made(&adas, json!({"text": "by ada"})).await["id"].clone();
    let own = made(&bobs, json!({"text": "by bob"})).await["id"].clone();
    assert_eq!(texts(&bob.program().await, "/api/posts").await, ["by bob", "by ada"]);
    for path in ["/api/posts", "/api/posts?author=bob", "/api/posts?author=@BOB"] {
        assert_eq!(texts(&bobs, path).await, ["by bob"], "{path}");
    }
    for author in ["ada", "nobody"] {
        bobs.gets(&format!("/api/posts?author={author}")).await.is_a_problem(403);
    }
    bobs.gets(&format!("/api/posts/{theirs}")).await.is_a_problem(404);
    bobs.deletes(&format!("/api/posts/{theirs}")).await.is_a_problem(404);
    assert_eq!((bobs.gets(&format!("/api/posts/{own}")).await.status.as_u16(), bobs.deletes(&format!("/api/posts/{own}")).await.status.as_u16()), (200, 204));
    for other in ["/api/notifications", "/api/me", "/api/stream"] {
        bobs.gets(other).await.is_a_problem(403);
    }
    let reader = ada.program_with("read").await;
    reader.posts("/api/posts", &json!({"text": "no"})).await.is_a_problem(403);
    assert_eq!(reader.gets(&format!("/api/posts/{theirs}")).await.status, 200);
}
