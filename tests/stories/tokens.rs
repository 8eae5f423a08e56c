//! Tokens of programs: made, used, listed, revoked.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, IF_NONE_MATCH};
use serde_json::{Value, json};
use tidings::clock::{DAY, HOUR, MINUTE};

use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::town::{PASSWORD, Town};

async fn makes(person: &Person, body: &Value) -> Answer {
    person.sends(person.request(Method::POST, "/api/tokens").json(body)).await
}

async fn tokens_of(person: &Person) -> Vec<Value> {
    person.gets("/api/tokens").await.json()["tokens"].as_array().unwrap().clone()
}

async fn revokes(person: &Person, id: &Value) -> Answer {
    person.sends(person.request(Method::DELETE, &format!("/api/tokens/{id}"))).await
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let made = makes(&ada, &json!({"name": " CI of <b>main</b> ", "scope": "read", "colour": "red"})).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.body);
    let (created, token) = (made.json(), made.json()["token"].as_str().unwrap().to_owned());
    assert!(token.starts_with("tdg_") && token.len() == 75 && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{token}");
    let now = town.site.app.clock.now();
    assert!((now - MINUTE..=now).contains(&created["createdAt"].as_i64().unwrap()));
    let listed = ada.gets("/api/tokens").await;
    let expected = json!({"id": created["id"], "name": "CI of <b>main</b>", "scope": "read", "createdAt": created["createdAt"], "lastUsedAt": null});
    assert_eq!(listed.json(), json!({"tokens": [expected]}));
    assert!(!listed.body.contains("tdg_"));
    let program = town.program().with_token(&token);
    assert_eq!(program.gets("/api/me").await.json()["username"], "ada");
    // No clock ends it.
    town.site.app.clock.shift(1_000 * DAY);
    assert_eq!(program.gets("/api/me").await.status, 200);
    let ada = town.signs_in("ada").await;
    for _ in 0..2 {
        let gone = revokes(&ada, &created["id"]).await;
        assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
    }
    program.gets("/api/me").await.is_a_problem(401);
    assert_eq!(tokens_of(&ada).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_session_of_a_program_makes_tokens_too_and_a_token_none() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let session = ada.program().await;
    let made = session.posts("/api/tokens", &json!({"name": "x", "scope": "all"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let program = town.program().with_token(made.json()["token"].as_str().unwrap());
    program.posts("/api/tokens", &json!({"name": "x", "scope": "all"})).await.is_a_problem(403);
    program.gets("/api/tokens").await.is_a_problem(403);
    program.deletes(&format!("/api/tokens/{}", made.json()["id"])).await.is_a_problem(403);
    program.deletes("/api/session").await.is_a_problem(403);
    program.posts("/api/session", &json!({"username": "ada", "password": PASSWORD})).await.is_a_problem(403);
    assert_eq!((tokens_of(&ada).await.len(), program.gets("/api/me").await.status.as_u16()), (1, 200));
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_in_a_sentence() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let long = "ä".repeat(61);
    for name in ["", " ", "\u{a0}\u{2003}", "\u{200b}", "\u{3164}", "a\nb", "a\0b", "\u{1b}[31m", "\t\t", &long] {
        makes(&ada, &json!({"name": name, "scope": "read"})).await.is_a_problem(422);
    }
    for scope in ["", "READ", "write", "read post", "\0"] {
        let refused = makes(&ada, &json!({"name": "x", "scope": scope})).await;
        refused.is_a_problem(422);
        assert!(refused.body.contains("read, post or all"), "{}", refused.body);
    }
    for body in [json!({}), json!({"name": "x"}), json!({"scope": "read"}), json!({"name": 1, "scope": "read"}), json!([]), json!(null)] {
        makes(&ada, &body).await.is_a_problem(400);
    }
    assert_eq!(tokens_of(&ada).await.len(), 0);
    assert_eq!(makes(&ada, &json!({"name": "ä".repeat(60), "scope": "read"})).await.status, 201);
    // Somebody else's, and none at all: nothing happens.
    let id = tokens_of(&ada).await[0]["id"].clone();
    assert_eq!((revokes(&bob, &id).await.status.as_u16(), revokes(&bob, &json!(999)).await.status.as_u16()), (204, 204));
    revokes(&ada, &json!("x")).await.is_a_problem(404);
    assert_eq!(tokens_of(&ada).await.len(), 1);
    for _ in 0..99 {
        assert_eq!(makes(&ada, &json!({"name": "x", "scope": "post"})).await.status, 201);
    }
    let refused = makes(&ada, &json!({"name": "x", "scope": "read"})).await;
    refused.is_a_problem(422);
    assert!(refused.body.contains("at most 100 tokens"), "{}", refused.body);
    assert_eq!((tokens_of(&ada).await.len(), makes(&bob, &json!({"name": "x", "scope": "read"})).await.status.as_u16()), (100, 201));
}

/// Whatever begins like a token is meant to be one: it is refused by itself, and no cookie beside it makes it good.
#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let good = bob.program_with("all").await.token;
    let garbled = format!("{}{}", &good[..74], if good.ends_with('A') { "B" } else { "A" });
    for bearer in [&garbled, &good[..74], &format!("{good}A"), "tdg_", "tdg_x", &format!("tdg_{good}")] {
        let program = town.program().with_token(bearer);
        program.gets("/api/me").await.is_a_problem(401);
        program.gets("/api/stream").await.is_a_problem(401);
        program.posts("/api/follow", &json!({"userId": "?"})).await.is_a_problem(401);
        let beside_a_cookie = ada.sends(ada.request(Method::GET, "/api/me").header(AUTHORIZATION, format!("Bearer {bearer}"))).await;
        beside_a_cookie.is_a_problem(401);
    }
    let speaks = ada.sends(ada.request(Method::GET, "/api/me").header(AUTHORIZATION, format!("Bearer {good}"))).await;
    assert_eq!(speaks.json()["username"], "bob");
    // Anywhere but in the header it is nothing.
    for path in [format!("/api/me?access_token={good}"), format!("/api/me?token={good}"), format!("/api/me?{good}")] {
        town.program().gets(&path).await.is_a_problem(401);
        assert_eq!(ada.gets(&path).await.json()["username"], "ada");
    }
    let in_a_cookie = town.stranger("x");
    in_a_cookie.takes_cookie(Some(format!("{}={good}", town.site.app.cookie_name)));
    in_a_cookie.gets("/api/me").await.is_a_problem(401);
}

/// What each way to poll answers to a program that knows the exact stamp.
async fn polls(program: &Program, stamp: i64) -> [u16; 4] {
    let tagged = async |tag: String| program.sends(program.request(Method::GET, "/api/stream").header(IF_NONE_MATCH, tag)).await.status.as_u16();
    let htmx = program.request(Method::GET, &format!("/api/stream?since={stamp}")).header("HX-Request", "true");
    [
        program.gets(&format!("/api/stream?since={stamp}")).await.status.as_u16(),
        tagged(format!("\"{stamp}\"")).await,
        tagged("*".to_owned()).await,
        program.sends(htmx).await.status.as_u16(),
    ]
}

async fn stamp_of(person: &Person) -> i64 {
    person.gets("/api/me").await.json()["lastUpdate"].as_i64().unwrap()
}

#[tokio::test]
async fn an_unchanged_poll_with_a_token_asks_nobody() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let stamp = stamp_of(&bob).await;
    for scope in ["read", "all"] {
        let program = bob.program_with(scope).await;
        assert_eq!(polls(&program, stamp).await, [200, 304, 304, 204]);
        let before = town.site.app.statements();
        for _ in 0..10 {
            assert_eq!(polls(&program, stamp).await, [200, 304, 304, 204]);
        }
        assert_eq!(town.site.app.statements(), before, "{scope}");
    }
    // And it is no use.
    assert!(tokens_of(&bob).await.iter().all(|token| token["lastUsedAt"].is_null()));
    // With a scope that does not cover it, it is refused, at no greater cost.
    let post = bob.program_with("post").await;
    assert_eq!(polls(&post, stamp).await, [403; 4]);
    let before = town.site.app.statements();
    assert_eq!(polls(&post, stamp).await, [403; 4]);
    assert_eq!(town.site.app.statements(), before);
}

#[tokio::test]
async fn a_program_with_a_token_hears() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let program = bob.program_with("read").await;
    let first = program.gets("/api/stream").await;
    assert_eq!((first.json(), first.header("x-poll-interval")), (json!({"lastUpdate": 0, "hasUpdates": false}), "10"));
    ada.follows(&bob).await;
    let news = program.sends(program.request(Method::GET, "/api/stream").header(IF_NONE_MATCH, first.header("etag"))).await;
    assert_eq!(news.json()["hasUpdates"], true, "{}", news.body);
    assert_eq!(program.gets("/api/notifications").await.json()["notifications"][0]["actor"]["username"], "ada");
}

#[tokio::test]
async fn a_revoked_token_ends_at_its_next_poll_on_every_instance() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let ada = here.signs_up("ada").await;
    let (program, other) = (ada.program_with("all").await, ada.program_with("read").await);
    let elsewhere = there.program().with_token(&program.token);
    for program in [&program, &other, &elsewhere] {
        assert_eq!(polls(program, 0).await, [200, 304, 304, 204]);
    }
    let id = tokens_of(&ada).await[1]["id"].clone();
    assert_eq!(revokes(&ada, &id).await.status, 204);
    let stamp = stamp_of(&ada).await;
    assert!(stamp > 0, "revoking moves the stamp");
    assert_eq!(polls(&program, stamp).await, [401; 4]);
    assert_eq!(polls(&program, 0).await, [401; 4]);
    ends_within_seconds(&elsewhere, stamp).await;
    // An instance that starts years later has met nobody, and knows as well.
    let later = here.another_instance().await;
    later.site.app.clock.shift(1_000 * DAY);
    assert_eq!(polls(&later.program().with_token(&program.token), stamp).await, [401; 4]);
    // The other one goes on, without a statement.
    assert_eq!(polls(&other, stamp).await, [200, 304, 304, 204]);
    let before = here.site.app.statements();
    assert_eq!(polls(&other, stamp).await, [200, 304, 304, 204]);
    assert_eq!(here.site.app.statements(), before);
}

async fn ends_within_seconds(program: &Program, stamp: i64) {
    for _ in 0..300 {
        if polls(program, stamp).await == [401; 4] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it goes on elsewhere");
}

/// The record of a revocation goes after a month, because a session's token has expired by then. That of a program never does.
#[tokio::test]
async fn a_token_stays_revoked_when_the_record_of_it_is_gone() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let program = ada.program_with("read").await;
    assert_eq!(polls(&program, 0).await, [200, 304, 304, 204]);
    revokes(&ada, &tokens_of(&ada).await[0]["id"]).await;
    town.site.app.clock.shift(100 * DAY);
    let bob = town.signs_up("bob").await;
    bob.posts("/signout", &[]).await;
    let stamp = stamp_of(&town.signs_in("ada").await).await;
    assert_eq!(polls(&program, stamp).await, [401; 4]);
    assert_eq!(polls(&town.another_instance().await.program().with_token(&program.token), stamp).await, [401; 4]);
}

#[tokio::test]
async fn a_token_goes_with_its_account() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let program = ada.program_with("all").await;
    assert_eq!(polls(&program, 0).await, [200, 304, 304, 204]);
    ada.posts("/settings/delete", &[("password", PASSWORD)]).await;
    assert_eq!(polls(&program, 0).await, [401; 4]);
    program.gets("/api/me").await.is_a_problem(401);
}

/// A session that a new password has ended cannot make a token that outlives it.
#[tokio::test]
async fn a_stolen_session_makes_no_token_once_it_is_ended() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let thief = town.signs_in("ada").await;
    ada.posts("/settings/sessions/others/revoke", &[]).await;
    makes(&thief, &json!({"name": "x", "scope": "all"})).await.is_a_problem(401);
    assert_eq!(tokens_of(&ada).await.len(), 0);
}

async fn last_use_becomes(person: &Person, expected: impl Fn(&Value) -> bool) {
    for _ in 0..100 {
        if expected(&tokens_of(person).await[0]["lastUsedAt"]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", tokens_of(person).await);
}

#[tokio::test]
async fn the_last_use_is_written_once_an_hour() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let (program, clock) = (bob.program_with("read").await, &town.site.app.clock);
    let begun = clock.now();
    program.gets("/api/me").await;
    last_use_becomes(&bob, |used| used.as_i64().is_some_and(|used| used >= begun)).await;
    let first = tokens_of(&bob).await[0]["lastUsedAt"].clone();
    clock.shift(HOUR - MINUTE);
    program.gets("/api/me").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tokens_of(&bob).await[0]["lastUsedAt"], first);
    // A poll that has something to tell is a use; one that has not is none.
    clock.shift(2 * MINUTE);
    program.gets("/api/stream?since=0").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tokens_of(&bob).await[0]["lastUsedAt"], first);
    ada.follows(&bob).await;
    program.gets("/api/stream?since=0").await;
    last_use_becomes(&bob, |used| used.as_i64() > first.as_i64()).await;
}
