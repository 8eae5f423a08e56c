//! Processes that are killed amid deliveries.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tidings::db::Connection;

use super::{fans_follow, number};
use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::Process;
use crate::support::random::Random;
use crate::support::town::PASSWORD;
use crate::support::until::until;

/// Sends a post with a key until somebody has answered; returns its id.
async fn posts(token: &str, url: &dyn Fn(usize) -> String, key: usize) -> i64 {
    let deadline = Instant::now() + Duration::from_secs(30);
    for attempt in key.. {
        let request = reqwest::Client::new().post(format!("{}/api/posts", url(attempt))).bearer_auth(token).header("idempotency-key", format!("key-{key}"));
        if let Ok(answer) = request.json(&json!({"text": format!("number {key}")})).send().await
            && answer.status() == 201
            && let Ok(post) = answer.json::<Value>().await
        {
            return post["id"].as_i64().unwrap();
        }
        assert!(Instant::now() < deadline, "nobody answered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!()
}

/// Two instances on a server, and one where the data is a file.
#[tokio::test]
async fn killed_at_any_moment_of_a_delivery_every_follower_has_exactly_one_line() {
    const FANS: usize = 3_000;
    const POSTS: usize = 6;
    let home = Home::new();
    let instances = if matches!(home.shell(), Connection::Sqlite(_)) { 1 } else { 2 };
    let mut sites = Vec::new();
    for _ in 0..instances {
        sites.push(Process::serve(&home).await);
    }
    Guest::signs_up(&sites[0].url, "ada").await;
    let credentials = json!({"username": "ada", "password": PASSWORD});
    let session = reqwest::Client::new().post(format!("{}/api/session", sites[0].url)).json(&credentials).send().await.unwrap();
    let token = session.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    fans_follow(&home, 1, FANS);

    let urls = std::sync::Mutex::new(sites.iter().map(|site| site.url.clone()).collect::<Vec<_>>());
    let url = |n: usize| urls.lock().unwrap()[n % instances].clone();
    let (mut random, mut open_when_killed) = (Random::new(), 0);
    let posting = join_all((0..POSTS).map(async |n| {
        tokio::time::sleep(Duration::from_millis(n as u64 * 300)).await;
        posts(&token, &url, n).await
    }));
    let killing = async {
        for kill in 0..20 {
            tokio::time::sleep(Duration::from_millis(random.below(250) as u64)).await;
            let victim = kill % instances;
            sites[victim].child.kill().await.unwrap();
            open_when_killed += i32::from(number(&mut home.shell(), "SELECT count(*) AS n FROM deliveries") > 0);
            sites[victim] = Process::serve(&home).await;
            urls.lock().unwrap()[victim] = sites[victim].url.clone();
        }
    };
    let (ids, ()) = tokio::join!(posting, killing);
    assert!(open_when_killed > 0, "killed in the middle, not before or after");
    until("every delivery is done", async || number(&mut home.shell(), "SELECT count(*) AS n FROM deliveries") == 0).await;
    let mut shell = home.shell();
    for id in &ids {
        let lines = number(&mut shell, &format!("SELECT count(*) AS n FROM notifications WHERE post_id = {id}"));
        let heard = number(&mut shell, &format!("SELECT count(DISTINCT recipient_id) AS n FROM notifications WHERE post_id = {id}"));
        assert_eq!((lines, heard), (FANS as i64, FANS as i64), "post {id}");
    }
    assert_eq!(number(&mut shell, "SELECT count(*) AS n FROM posts"), POSTS as i64, "each key is one post");
    let unstamped = "SELECT count(*) AS n FROM users u WHERE last_update < (SELECT max(stamp) FROM notifications n WHERE n.recipient_id = u.id)";
    assert_eq!(number(&mut shell, unstamped), 0);
}
