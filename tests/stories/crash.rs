//! Killed at once, and several processes on one database: what was answered is there, and everybody hears of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidings::db::Connection;

use crate::follows::futures_of;
use crate::guest::Guest;
use crate::html;
use crate::program::Running;
use crate::support::Home;

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let home = Home::new();
    let mut site = Running::serve(&home).await;
    let bob = Guest::comes(&site.url, "/signup", "bob").await;
    let mut answered = Vec::new();
    for name in ["ada", "cleo", "dora"] {
        let guest = Guest::comes(&site.url, "/signup", name).await;
        assert_eq!(guest.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
        site.child.kill().await.unwrap();
        answered.insert(0, format!("{name} follows you"));
        site = Running::serve(&home).await;
        assert_eq!(bob.inbox(&site.url).await, answered, "the session outlives the process, and so does the news");
    }
}

#[tokio::test]
async fn what_another_process_writes_to_the_same_database_is_heard_of_within_seconds() {
    let home = Home::new();
    let (here, there) = (Running::serve(&home).await, Running::serve(&home).await);
    let bob = Guest::comes(&here.url, "/signup", "bob").await;
    let (ada, cleo) = (Guest::comes(&there.url, "/signup", "ada").await, Guest::comes(&there.url, "/signup", "cleo").await);
    let page = bob.http.get(format!("{}/notifications", here.url)).header("cookie", &bob.cookie).send().await.unwrap().text().await.unwrap();
    let mut tab = html::poll_url(&page).unwrap();
    for (guest, url, name) in [(&ada, &there.url, "ada"), (&cleo, &here.url, "cleo")] {
        assert_eq!(guest.posts(format!("{url}/people/bob/follow")).await.unwrap(), 303);
        let deadline = Instant::now() + Duration::from_secs(10);
        let news = loop {
            let poll = bob.poll(&here.url, &tab).await;
            if poll.status() == 200 {
                break poll.text().await.unwrap();
            }
            assert!(Instant::now() < deadline, "{name} was not heard of");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert!(html::lines(&news)[0].says.starts_with(name), "{news}");
        tab = html::poll_url(&news).unwrap();
    }
    let moved_by_hand = "DELETE FROM notifications; UPDATE users SET last_update = last_update + 1 WHERE username = 'bob'";
    home.shell().batch_execute(moved_by_hand).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    for site in [&here, &there] {
        while !bob.inbox(&site.url).await.is_empty() || bob.poll(&site.url, &tab).await.status() != 200 {
            assert!(Instant::now() < deadline, "a stamp moved by hand was not seen");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test]
async fn killed_amid_follows_every_answered_one_is_there_with_its_notification() {
    let home = Home::new();
    let mut site = Running::serve(&home).await;
    let mut crowd = Vec::new();
    for n in 0..4 {
        crowd.push(Guest::comes(&site.url, "/signup", &format!("guest_{n}")).await);
    }
    let mut db = home.shell();
    db.batch_execute(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) \
         INSERT INTO users (username, password_hash, created_at) SELECT 'star_' || n, '-', 0 FROM n",
    )
    .unwrap();
    let url = site.url.clone();
    let follow_the_stars = async |guest: usize| {
        let mut answered = Vec::new();
        for star in 1..=3_000 {
            match crowd[guest].posts(format!("{url}/people/star_{star}/follow")).await {
                Ok(303) => answered.push((format!("guest_{guest}"), format!("star_{star}"))),
                _ => break,
            }
        }
        answered
    };
    let kill = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        site.child.start_kill().unwrap();
    };
    let (answered, ()) = tokio::join!(futures_of((0..4).map(follow_the_stars)), kill);
    site.child.wait().await.unwrap();
    let answered: Vec<_> = answered.into_iter().flatten().collect();
    assert!(answered.len() > 4 && answered.len() < 12_000, "killed amid, not before or after: {}", answered.len());

    let _site = Running::serve(&home).await;
    let follows = pairs(
        &mut db,
        "SELECT a.username AS actor, b.username AS other FROM follows f JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id",
    );
    let told = pairs(
        &mut db,
        "SELECT a.username AS actor, b.username AS other FROM notifications n JOIN users a ON a.id = n.actor_id JOIN users b ON b.id = n.recipient_id",
    );
    assert_eq!(follows, told, "no follow without its notification, no notification without its follow");
    let lost: Vec<_> = answered.iter().filter(|pair| !follows.contains(*pair)).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
    let stamped = pairs(&mut db, "SELECT username AS actor, '' AS other FROM users WHERE last_update = 0 AND id IN (SELECT recipient_id FROM notifications)");
    assert!(stamped.is_empty(), "told without a stamp: {stamped:?}");
}

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = diesel::sql_types::Text)]
    actor: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    other: String,
}

pub fn pairs(db: &mut Connection, query: &str) -> BTreeSet<(String, String)> {
    let rows: Vec<Pair> = diesel::sql_query(query).load(db).unwrap();
    rows.into_iter().map(|pair| (pair.actor, pair.other)).collect()
}
