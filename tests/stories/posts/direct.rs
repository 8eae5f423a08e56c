//! Posts for those named only.

use serde_json::json;

use super::{ada_with_followers, made, texts};
use crate::support::town::{PASSWORD, Town};

#[tokio::test]
async fn only_those_named_and_the_author_ever_see_a_direct_post() {
    let town = Town::new().await;
    let (ada, bob, cleo) = ada_with_followers(&town).await;
    let (dora, eve) = (town.signs_up("dora").await, town.signs_up("eve").await);
    eve.follows(&ada).await;
    cleo.opens("/notifications").await;
    let adas = ada.program().await;
    let post = made(&adas, json!({"text": "for you", "url": "https://a.example/secret", "to": ["eve", "Bob"], "collapse": "secret"})).await;
    assert_eq!(post["to"], json!(["bob", "eve"]));
    let path = format!("/api/posts/{}", post["id"]);
    for (named, name) in [(&bob, "bob"), (&eve, "eve")] {
        named.sees(["ada posted"]).await;
        let program = named.program().await;
        let mut seen = post.clone();
        seen["to"] = json!([name]);
        assert_eq!(program.gets(&path).await.json(), seen, "and nobody else who is named");
        for list in ["/api/posts", "/api/posts?author=ada"] {
            assert_eq!(program.gets(list).await.json()["posts"], json!([seen]), "{list}");
        }
        assert_eq!(program.gets("/api/notifications").await.json()["notifications"][0]["post"]["text"], "for you");
    }
    cleo.polls_and_hears_nothing().await;
    for other in [&cleo, &dora] {
        let program = other.program().await;
        program.gets(&path).await.is_a_problem(404);
        program.deletes(&path).await.is_a_problem(404);
        for list in ["/api/posts", "/api/posts?author=ada"] {
            assert_eq!(texts(&program, list).await, [""; 0], "{list}");
        }
        for page in ["/", "/people/ada", "/notifications", &path.replace("/api", "")] {
            let shown = other.gets(page).await.body;
            assert!(!shown.contains("for you") && !shown.contains("a.example/secret"), "{page}");
        }
        assert!(!program.gets("/api/notifications").await.body.contains("for you"));
    }
    for list in ["/api/posts", "/api/posts?author=ada"] {
        assert_eq!(adas.gets(list).await.json()["posts"], json!([post]), "{list}");
    }
    // Whoever was named once may read it later, too; and whoever leaves is not named any longer.
    bob.unfollows(&ada).await;
    assert_eq!(bob.program().await.gets(&path).await.status, 200);
    adas.posts("/api/posts", &json!({"text": "a", "to": ["bob"]})).await.is_a_problem(422);
    assert_eq!(eve.posts("/settings/delete", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(adas.gets(&path).await.json()["to"], json!(["bob"]));
    assert_eq!(bob.posts("/settings/delete", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(adas.gets(&path).await.json()["to"], json!([]), "for nobody, and still not for everybody");
    cleo.program().await.gets(&path).await.is_a_problem(404);
}

#[tokio::test]
async fn one_may_tell_oneself() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    ada.opens("/people").await;
    let post = made(&ada.program().await, json!({"text": "The backup is done", "to": ["@ada"]})).await;
    assert_eq!(post["to"], json!(["ada"]));
    ada.hears_within(10, "ada posted: The backup is done").await;
    bob.sees([]).await;
}
