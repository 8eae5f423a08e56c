//! Notifications that give way to newer ones about the same.

use serde_json::json;

use super::{ada_with_followers, made};
use crate::support::person::Person;
use crate::support::town::Town;

/// The texts of somebody's notifications of posts, newest first; what was read in brackets.
async fn told(person: &Person) -> Vec<String> {
    let inbox = person.program().await.gets("/api/notifications").await.json();
    let lines = inbox["notifications"].as_array().unwrap().iter().filter(|line| line["kind"] == "post");
    lines
        .map(|line| (line["post"]["text"].as_str().unwrap(), line["readAt"].is_i64()))
        .map(|(text, read)| if read { format!("({text})") } else { text.into() })
        .collect()
}

#[tokio::test]
async fn an_unread_one_gives_way_and_one_that_was_read_stays() {
    let town = Town::new().await;
    let (ada, bob, cleo) = ada_with_followers(&town).await;
    cleo.follows(&bob).await;
    let (adas, bobs) = (ada.program().await, bob.program().await);
    let build = |text: &str| json!({"text": text, "collapse": "build"});
    made(&adas, build("building")).await;
    let first = cleo.inbox().await[0].id;
    assert_eq!(cleo.posts(&format!("/notifications/{first}/read"), &[]).await.status, 303);
    bob.opens("/notifications").await;
    made(&adas, build("red")).await;
    bob.hears_within(10, "ada posted: red").await;
    assert_eq!(told(&bob).await, ["red"]);
    assert_eq!(told(&cleo).await, ["red", "(building)"]);
    made(&adas, json!({"text": "deployed", "collapse": "deploy"})).await;
    made(&adas, json!({"text": "no word"})).await;
    made(&bobs, build("bob's build")).await;
    made(&adas, build("green")).await;
    assert_eq!(told(&bob).await, ["green", "no word", "deployed"]);
    assert_eq!(told(&cleo).await, ["green", "bob's build", "no word", "deployed", "(building)"]);
    for person in [&bob, &cleo] {
        let page = person.opens("/notifications").await;
        assert_eq!(page.badge(), page.notifications().iter().filter(|line| line.unread).count() as i64);
    }
    // What gave way does not come back.
    let newest = adas.gets("/api/posts?limit=1").await.json()["posts"][0]["id"].clone();
    assert_eq!(adas.deletes(&format!("/api/posts/{newest}")).await.status, 204);
    assert_eq!(told(&bob).await, ["no word", "deployed"]);
    made(&adas, build("blue")).await;
    assert_eq!(told(&bob).await, ["blue", "no word", "deployed"]);
}

#[tokio::test]
async fn it_holds_among_direct_and_public_posts_of_one_author() {
    let town = Town::new().await;
    let (ada, bob, cleo) = ada_with_followers(&town).await;
    let adas = ada.program().await;
    made(&adas, json!({"text": "to all", "collapse": "b"})).await;
    made(&adas, json!({"text": "to bob", "collapse": "b", "to": ["bob"]})).await;
    assert_eq!((told(&bob).await, told(&cleo).await), (vec!["to bob".to_owned()], vec!["to all".to_owned()]));
}
