//! Requests that are sent again, and at the same instant.

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tidings::db::Connection;

use super::{ada_with_followers, number, texts};
use crate::support::http::Answer;
use crate::support::program::Program;
use crate::support::town::Town;

async fn with_key(program: &Program, key: &str, body: &Value) -> Answer {
    program.sends(program.request(Method::POST, "/api/posts").header("idempotency-key", key).json(body)).await
}

fn is_replayed(answer: &Answer) -> bool {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.header("idempotent-replayed") == "true"
}

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer_and_posts_nothing() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let (adas, bobs) = (ada.program().await, bob.program().await);
    let (body, other) = (json!({"text": "Backup done", "to": ["bob"]}), json!({"text": "Backup failed"}));
    let first = with_key(&adas, "backup-7", &body).await;
    assert!(!is_replayed(&first));
    for _ in 0..2 {
        let again = with_key(&adas, "backup-7", &body).await;
        assert!(is_replayed(&again));
        assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    }
    with_key(&adas, "backup-7", &other).await.is_a_problem(422);
    // The same words as another type are another request.
    let as_text = adas.request(Method::POST, "/api/posts").header("idempotency-key", "backup-7").header("content-type", "text/plain");
    adas.sends(as_text.body(body.to_string())).await.is_a_problem(422);
    assert_eq!(texts(&adas, "/api/posts").await, ["Backup done"]);
    bob.sees(["ada posted"]).await;

    // A key is its author's own.
    assert!(!is_replayed(&with_key(&bobs, "backup-7", &other).await));
    // Also when the post is gone.
    assert_eq!(adas.deletes(first.header("location")).await.status, 204);
    let again = with_key(&adas, "backup-7", &body).await;
    assert!(is_replayed(&again) && again.body == first.body);
    assert_eq!(texts(&adas, "/api/posts").await, [""; 0]);
    // Without a key, each is a post.
    for _ in 0..2 {
        assert!(!is_replayed(&adas.posts("/api/posts", &body).await));
    }
    assert_eq!(texts(&adas, "/api/posts").await.len(), 2);
}

#[tokio::test]
async fn what_was_refused_keeps_no_key() {
    let town = Town::with(|settings| settings.posts_per_hour = Some("1".into())).await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let program = ada.program().await;
    for refused in [json!({"text": ""}), json!({"text": "a", "to": ["nobody"]})] {
        with_key(&program, "k", &refused).await.is_a_problem(422);
    }
    let good = json!({"text": "a"});
    assert!(!is_replayed(&with_key(&program, "k", &good).await));
    assert!(is_replayed(&with_key(&program, "k", &good).await), "a repeat is not refused by the limit");
    with_key(&program, "l", &good).await.is_a_problem(429);
    town.site.home.shell().batch_execute("UPDATE limited_actions SET created_at = created_at - 3600000").unwrap();
    assert!(!is_replayed(&with_key(&program, "l", &good).await));
    bob.sees(["ada posted", "ada posted"]).await;
}

#[tokio::test]
async fn a_key_is_one_word_and_holds_for_a_day() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let program = ada.program().await;
    let body = json!({"text": "a"});
    for key in ["", "two words", " ", "\u{e9}", &"k".repeat(256)] {
        with_key(&program, key, &body).await.is_a_problem(422);
    }
    let twice = program.request(Method::POST, "/api/posts").header("idempotency-key", "a").header("idempotency-key", "b");
    program.sends(twice.json(&body)).await.is_a_problem(422);
    let longest = "~".repeat(255);
    for key in [longest.as_str(), "\"quoted\""] {
        assert!(!is_replayed(&with_key(&program, key, &body).await));
        assert!(is_replayed(&with_key(&program, key, &body).await));
    }
    let mut shell = town.site.home.shell();
    shell.batch_execute("UPDATE idempotency_keys SET created_at = created_at - 86400000").unwrap();
    assert!(!is_replayed(&with_key(&program, &longest, &json!({"text": "another"})).await));
    assert_eq!(number(&mut shell, "SELECT count(*) AS n FROM idempotency_keys"), 1, "what is older than a day goes");
}

#[tokio::test]
async fn sent_at_the_same_instant_to_two_instances_it_is_one_post() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let (ada, bob, _) = ada_with_followers(&here).await;
    let program = ada.program().await;
    let others = [here.program().with_token(&program.token), there.program().with_token(&program.token)];
    for round in 0..10 {
        let (key, body) = (format!("round-{round}"), json!({"text": format!("round {round}")}));
        let answers = join_all((0..8).map(|n| with_key(&others[n % 2], &key, &body))).await;
        let first: Vec<_> = answers.iter().filter(|answer| answer.status == 201 && answer.header("idempotent-replayed").is_empty()).collect();
        assert_eq!(first.len(), 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 409) {
            assert_eq!((answer.status.as_u16(), &answer.body), (201, &first[0].body));
        }
    }
    assert_eq!(texts(&program, "/api/posts").await.len(), 10);
    assert_eq!(bob.badge().await, 10);
}

#[tokio::test]
async fn a_key_that_is_in_use_for_seconds_is_said_to_be() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let program = ada.program().await;
    let mut shell = town.site.home.shell();
    if matches!(shell, Connection::Sqlite(_)) {
        return;
    }
    let name = format!("idempotency key:{}:k", ada.id().await);
    shell.batch_execute(&format!("SELECT pg_advisory_lock(hashtextextended('{name}', 0))")).unwrap();
    with_key(&program, "k", &json!({"text": "a"})).await.is_a_problem(409);
    shell.batch_execute("SELECT pg_advisory_unlock_all()").unwrap();
    assert!(!is_replayed(&with_key(&program, "k", &json!({"text": "a"})).await));
}
