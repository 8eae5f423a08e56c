//! So many posts an hour by one author.

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use serde_json::json;

use super::{ada_with_followers, made, number};
use crate::support::town::Town;

async fn with_posts(per_hour: &str) -> Town {
    Town::with(|settings| settings.posts_per_hour = Some(per_hour.into())).await
}

#[tokio::test]
async fn one_author_posts_so_many_an_hour_on_whatever_instance() {
    let here = with_posts("3").await;
    let there = here.another_instance_with(|settings| settings.posts_per_hour = Some("3".into())).await;
    let (ada, bob, _) = ada_with_followers(&here).await;
    let (near, bobs) = (ada.program().await, bob.program().await);
    let far = there.program().with_token(&near.token);
    for program in [&near, &far] {
        made(program, json!({"text": "a"})).await;
    }
    // What was taken back counts.
    let id = made(&near, json!({"text": "c"})).await["id"].clone();
    assert_eq!(near.deletes(&format!("/api/posts/{id}")).await.status, 204);
    let rows = |what: &str| number(&mut here.site.home.shell(), &format!("SELECT count(*) AS n FROM {what}"));
    let before = ["posts", "notifications", "limited_actions", "idempotency_keys"].map(rows);
    for program in [&near, &far] {
        let refused = program.sends(program.request(reqwest::Method::POST, "/api/posts").header("idempotency-key", "k").json(&json!({"text": "d"}))).await;
        refused.is_a_problem(429);
        let wait: u32 = refused.header("retry-after").parse().unwrap();
        assert!((3_500..=3_601).contains(&wait), "{wait}");
    }
    assert_eq!(["posts", "notifications", "limited_actions", "idempotency_keys"].map(rows), before, "nothing was written");
    near.posts("/api/posts", &json!({"text": ""})).await.is_a_problem(422);
    made(&bobs, json!({"text": "others have limits of their own"})).await;
    here.site.home.shell().batch_execute("UPDATE limited_actions SET created_at = created_at - 3600000").unwrap();
    made(&far, json!({"text": "d"})).await;
    let metrics = here.program().gets("/metrics").await.body;
    assert!(metrics.contains("tidings_limited_total{limit=\"posts\"} 1"), "{metrics}");
}

#[tokio::test]
async fn posts_sent_together_are_counted() {
    let town = with_posts("5").await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let program = ada.program().await;
    let together = join_all((0..20).map(async |n| program.posts("/api/posts", &json!({"text": format!("{n}")})).await.status.as_u16())).await;
    assert_eq!(together.iter().filter(|status| **status == 201).count(), 5, "{together:?}");
    assert!(together.iter().all(|status| [201, 429].contains(status)), "{together:?}");
    assert_eq!(bob.badge().await, 5);
}
