//! Feeds, as feed readers read them.

mod addresses;
mod atom;
mod entries;
mod support;

use reqwest::Method;
use serde_json::json;

use self::support::{asks, asks_unless, new_address, posts, reads, says};
use crate::support::raw_answer::RawAnswer;
use crate::support::town::Town;

#[tokio::test]
async fn the_inbox_is_a_feed_and_reading_it_marks_nothing_as_read() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let path = new_address(&bob, "notifications").await;
    assert_eq!(reads(&town, &path).await.titles(), [""; 0]);
    ada.follows(&bob).await;
    bob.opens("/people").await;
    let answer = asks(&town, &path).await;
    let headers = ["content-type", "cache-control", "x-robots-tag", "set-cookie"].map(|name| answer.header(name));
    assert_eq!(headers, ["application/atom+xml; charset=utf-8", "private, no-cache", "noindex", ""]);
    let feed = reads(&town, &path).await;
    assert_eq!((feed.title.as_str(), feed.titles()), ("Notifications for bob", vec!["ada follows you"]));
    let (url, entry) = (&town.site.url, &feed.entries[0]);
    assert_eq!((entry.author.as_str(), entry.link("alternate")), ("ada", &*format!("{url}/people/ada")));
    assert_eq!((entry.content.0.as_str(), entry.content.1.as_str()), ("text", "ada follows you"));
    assert_eq!((feed.link("alternate"), &feed.updated), (&*format!("{url}/notifications"), &entry.updated));
    let own = url::Url::parse(&town.url(&path)).unwrap();
    assert_eq!(own.join(feed.link("self")).unwrap(), own);

    bob.polls_and_hears_nothing().await;
    assert_eq!(bob.badge().await, 1);
    let program = town.program();
    let head = program.sends(program.request(Method::HEAD, &path)).await;
    assert_eq!((head.status.as_u16(), head.header("etag"), head.body.as_str()), (200, answer.header("etag"), ""));
    program.sends(program.request(Method::POST, &path)).await.is_a_page_that_says(405, "only answers GET, HEAD");
}

#[tokio::test]
async fn an_unchanged_inbox_is_304_without_a_statement() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let path = new_address(&bob, "notifications").await;
    let etag = asks(&town, &path).await.header("etag").to_owned();
    let bare = etag.strip_prefix("W/").expect("the tag is weak");
    let before = town.site.app.statements();
    for tags in [etag.as_str(), bare, &format!("\"x\", {etag}"), &format!("W/\"1\",\"2\" , {bare}")] {
        let answer = asks_unless(&town, &path, tags).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag"), answer.body.as_str()), (304, etag.as_str(), ""), "{tags}");
        assert_eq!((answer.header("cache-control"), answer.header("set-cookie")), ("private, no-cache", ""));
    }
    assert_eq!(town.site.app.statements(), before);
    assert_eq!(asks_unless(&town, &path, "*").await.status, 304);
    for other in ["\"1\"", "W/\"\"", "nonsense", "\"x\", W/\"1\""] {
        assert_eq!(asks_unless(&town, &path, other).await.status, 200, "{other}");
    }
    ada.follows(&bob).await;
    assert_eq!(asks_unless(&town, &path, &etag).await.status, 200);
    // Read, and so another state of the inbox.
    let etag = asks(&town, &path).await.header("etag").to_owned();
    let id = bob.inbox().await[0].id;
    bob.posts(&format!("/notifications/{id}/read"), &[]).await;
    assert_eq!(asks_unless(&town, &path, &etag).await.status, 200);
}

/// A process that has just started looks for the address once.
#[tokio::test]
async fn another_instance_answers_alike() {
    let here = Town::new().await;
    let (ada, bob) = (here.signs_up("ada").await, here.signs_up("bob").await);
    let path = new_address(&bob, "notifications").await;
    let there = here.another_instance().await;
    let etag = asks(&here, &path).await.header("etag").to_owned();
    assert_eq!(asks_unless(&there, &path, &etag).await.status, 304);
    let before = there.site.app.statements();
    for _ in 0..5 {
        assert_eq!(asks_unless(&there, &path, &etag).await.status, 304);
    }
    assert_eq!(there.site.app.statements(), before);
    ada.follows(&bob).await;
    crate::support::until::until("the change arrives", async || asks_unless(&there, &path, &etag).await.status == 200).await;
    assert_eq!(asks(&there, &path).await.body, asks(&here, &path).await.body.replace(&here.site.url, &there.site.url));
}

#[tokio::test]
async fn the_feed_has_what_its_owner_sees_and_nothing_else() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    bob.follows(&ada).await;
    cleo.follows(&ada).await;
    let (inbox, feed, cleos) = (new_address(&bob, "notifications").await, new_address(&bob, "posts").await, new_address(&cleo, "posts").await);
    let (adas, bobs, cleos_own) = (ada.program().await, bob.program().await, cleo.program().await);
    says(&adas, "Hello\nthere").await;
    says(&bobs, "My own").await;
    says(&cleos_own, "Not followed").await;
    posts(&adas, json!({"text": "Quietly", "quiet": true})).await;
    posts(&adas, json!({"text": "Only bob", "to": ["bob"]})).await;
    let gone = says(&adas, "Gone").await;
    let before = reads(&town, &feed).await;
    assert_eq!((before.title.as_str(), before.titles()), ("Posts for bob", vec!["Gone", "Only bob", "Quietly", "My own", "Hello"]));
    assert_eq!(reads(&town, &inbox).await.titles(), ["Gone", "Only bob", "Hello"]);
    assert_eq!(reads(&town, &cleos).await.titles(), ["Gone", "Quietly", "Not followed", "Hello"]);

    let etag = asks(&town, &feed).await.header("etag").to_owned();
    assert!(adas.deletes(&format!("/api/posts/{gone}")).await.status.is_success());
    assert_eq!(asks_unless(&town, &feed, &etag).await.status, 200);
    let after = reads(&town, &feed).await;
    assert_eq!(after.titles(), ["Only bob", "Quietly", "My own", "Hello"]);
    assert_eq!(reads(&town, &inbox).await.titles(), ["Only bob", "Hello"]);
    for entry in &after.entries {
        assert!(before.entries.iter().any(|known| (&known.id, &known.updated) == (&entry.id, &entry.updated)), "{} changed its id", entry.title);
    }
    let hello = after.entries.last().unwrap();
    assert_eq!((hello.author.as_str(), hello.content.0.as_str()), ("ada", "html"));
    assert_eq!(hello.id, reads(&town, &cleos).await.entries.last().unwrap().id, "it is one post, whoever reads it");

    bob.unfollows(&ada).await;
    assert_eq!(reads(&town, &feed).await.titles(), ["My own"]);
}

#[tokio::test]
async fn a_post_that_tells_nobody_is_in_the_feed_at_once() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let (path, adas) = (new_address(&bob, "posts").await, ada.program().await);
    says(&adas, "First").await;
    let answer = asks(&town, &path).await;
    let etag = answer.header("etag");
    for tags in [etag, etag.strip_prefix("W/").unwrap(), "*"] {
        let answer = asks_unless(&town, &path, tags).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag"), answer.header("x-robots-tag"), answer.body.as_str()), (304, etag, "noindex", ""));
    }
    bob.opens("/people").await;
    posts(&adas, json!({"text": "Second", "quiet": true})).await;
    bob.polls_and_hears_nothing().await;
    assert_eq!(asks_unless(&town, &path, etag).await.status, 200);
    assert_eq!(reads(&town, &path).await.titles(), ["Second", "First"]);
}

#[tokio::test]
async fn a_feed_has_the_newest_fifty_and_is_compressed_without_its_address() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (path, adas) = (new_address(&ada, "posts").await, ada.program().await);
    for n in 1..=51 {
        says(&adas, &format!("Post number {n}")).await;
    }
    let feed = reads(&town, &path).await;
    assert_eq!((feed.entries.len(), feed.titles()[0], feed.titles()[49]), (50, "Post number 51", "Post number 2"));
    let program = town.program();
    let packed = RawAnswer::to(program.request(Method::GET, &path).header("Accept-Encoding", "gzip")).await;
    assert_eq!((packed.status, packed.header("content-encoding").as_str()), (200, "gzip"));
    let document = String::from_utf8(packed.unpacked()).unwrap();
    assert_eq!(document, asks(&town, &path).await.body);
    // Whoever posts and watches the length of what is sent could otherwise guess it, letter by letter.
    let secret = path.split('/').nth(2).unwrap();
    assert!(secret.len() > 40 && !document.contains(secret), "{document}");
    let etag = packed.headers["etag"].to_str().unwrap();
    assert_eq!(asks_unless(&town, &path, etag).await.status, 304);
}
