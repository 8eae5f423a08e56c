//! Kinds of notifications that this release does not know: a newer one wrote them, and was rolled back.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::town::Town;

/// A row put in by hand, with the stamp moved. People are numbered as they signed up.
fn insert(town: &Town, recipient: i64, actor: Option<i64>, kind: &str) {
    let (actor, now) = (actor.map_or("NULL".to_owned(), |id| id.to_string()), town.site.app.clock.now());
    let rows = format!(
        "UPDATE users SET last_update = CASE WHEN last_update < {now} THEN {now} ELSE last_update + 1 END WHERE id = {recipient};
         INSERT INTO notifications (recipient_id, actor_id, kind, created_at) SELECT id, {actor}, '{kind}', last_update FROM users WHERE id = {recipient}"
    );
    town.site.home.shell().batch_execute(&rows).unwrap();
}

#[tokio::test]
async fn a_kind_from_a_newer_release_is_shown_plainly_everywhere() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    cleo.follows(&bob).await;
    let elsewhere = town.signs_in("bob").await;
    bob.opens("/notifications").await;
    elsewhere.opens("/people").await;
    insert(&town, 2, Some(1), "dance");
    bob.hears_within(10, "ada: something new").await;
    elsewhere.hears_within(10, "ada: something new").await;
    bob.sees(["ada: something new", "cleo follows you"]).await;

    let program = bob.program().await;
    let inbox = program.gets("/api/notifications").await.json();
    assert_eq!((&inbox["unread"], &inbox["notifications"][0]["kind"]), (&json!(2), &json!("dance")));
    assert_eq!(inbox["notifications"][0]["actor"], json!({"id": ada.id().await, "username": "ada"}));

    let id = bob.inbox().await[0].id;
    let answer = bob.presses(&format!("/notifications/{id}/read"), &[]).await.fragment();
    assert_eq!((answer.badge(), answer.notification_texts()[0].as_str()), (1, "ada: something new"));
    assert_eq!(bob.presses(&format!("/notifications/{id}/delete"), &[]).await.fragment().notification_texts(), ["cleo follows you"]);
}

#[tokio::test]
async fn what_nobody_did_has_no_actor() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    bob.opens("/notifications").await;
    insert(&town, 1, None, "maintenance");
    bob.hears_within(10, "Something new").await;
    bob.sees(["Something new"]).await;
    let line = &bob.program().await.gets("/api/notifications").await.json()["notifications"][0];
    assert_eq!((&line["kind"], &line["actor"]), (&json!("maintenance"), &Value::Null));
    let page = bob.opens("/notifications").await;
    assert!(!page.exists(".line-text a") && page.attr(".line img", "src") == "/static/icon.svg");
}

#[tokio::test]
async fn different_things_at_once_are_announced_in_one_sentence() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.opens("/people").await;
    ada.follows(&bob).await;
    insert(&town, 2, Some(1), "dance");
    insert(&town, 2, Some(1), "dance");
    bob.hears_within(10, "ada: something new, and more").await;
    bob.sees(["ada: something new", "ada: something new", "ada follows you"]).await;
}
