//! Redis with ACLs: the user of README.md may do what is needed, and nothing more.

use super::servers::Redis;
use super::{BOUND, Pair, eventually};

/// The line of README.md.
fn documented() -> &'static str {
    let line = include_str!("../../../README.md").lines().find(|line| line.starts_with("ACL SETUSER tidings "));
    line.expect("README.md has the line")
}

/// A Redis with the user `tidings`, made by `line`; and its URL for them.
async fn with_user(line: &str) -> (Redis, String) {
    let redis = Redis::start().await;
    let _: () = redis.asked(line);
    let url = redis.url().replace("redis://", "redis://tidings:PASSWORD@");
    (redis, url)
}

fn denied(redis: &Redis) -> Vec<redis::Value> {
    redis.asked("ACL LOG")
}

#[tokio::test]
async fn the_documented_user_has_what_is_needed() {
    let (redis, url) = with_user(documented()).await;
    let pair = Pair::with(Some(url)).await;
    pair.recovers().await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    // Mirrored: a poll asks nobody.
    eventually("polls ask Redis no longer", async || {
        let before = redis.calls().get("get").copied();
        for _ in 0..5 {
            pair.bob.polls_and_hears_nothing().await;
        }
        redis.calls().get("get").copied() == before
    })
    .await;
    // With all scripts forgotten, too.
    let _: () = redis.asked("SCRIPT FLUSH");
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.recovers().await;
    assert!(denied(&redis).is_empty(), "{:?}", denied(&redis));
}

#[tokio::test]
async fn and_nothing_that_is_not() {
    let words: Vec<&str> = documented().split(' ').filter(|word| word.starts_with('+')).collect();
    assert!(words.len() >= 5, "{words:?}");
    for word in words {
        let (redis, url) = with_user(&documented().replace(&format!(" {word}"), "")).await;
        let pair = Pair::with(Some(url)).await;
        pair.ada.follows(&pair.bob).await;
        eventually(&format!("{word} is missed"), async || !denied(&redis).is_empty()).await;
        pair.bob.hears_within(BOUND, "ada follows you").await;
    }
}

#[tokio::test]
async fn what_another_database_and_a_cluster_need_besides() {
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("another database number also needs `+select`, a cluster `+cluster|slots`"));
    let (redis, url) = with_user(&format!("{} +select", documented())).await;
    let pair = Pair::with(Some(format!("{url}/7"))).await;
    pair.recovers().await;
    assert!(denied(&redis).is_empty(), "{:?}", denied(&redis));

    let nodes = super::cluster::cluster().await;
    let user = format!("{} +cluster|slots", documented());
    nodes.iter().for_each(|node| node.asked(&user));
    let urls: Vec<String> = nodes.iter().take(2).map(|node| node.url().replace("redis://", "redis://tidings:PASSWORD@")).collect();
    let pair = Pair::with(Some(urls.join(","))).await;
    pair.recovers().await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    let denied: Vec<_> = nodes.iter().flat_map(denied).collect();
    assert!(denied.is_empty(), "{denied:?}");
}
