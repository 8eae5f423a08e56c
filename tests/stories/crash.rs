//! Processes that are killed, and several on one database: what was answered is there, and everybody hears of it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;

use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::pairs;
use crate::support::process::Process;

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let home = Home::new();
    let mut site = Process::serve(&home).await;
    let bob = Guest::signs_up(&site.url, "bob").await;
    let mut answered = Vec::new();
    for name in ["ada", "cleo", "dora"] {
        let guest = Guest::signs_up(&site.url, name).await;
        assert_eq!(guest.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
        site.child.kill().await.unwrap();
        answered.insert(0, format!("{name} follows you"));
        site = Process::serve(&home).await;
        assert_eq!(bob.inbox(&site.url).await, answered, "the session outlives the process, and so does the news");
    }
}

#[tokio::test]
async fn what_another_process_writes_to_the_same_database_is_heard_of_within_seconds() {
    let home = Home::new();
    let (here, there) = (Process::serve(&home).await, Process::serve(&home).await);
    let bob = Guest::signs_up(&here.url, "bob").await;
    let (ada, cleo) = (Guest::signs_up(&there.url, "ada").await, Guest::signs_up(&there.url, "cleo").await);
    let mut tab = bob.opens_inbox(&here.url).await;
    for (guest, url, name) in [(&ada, &there.url, "ada"), (&cleo, &here.url, "cleo")] {
        assert_eq!(guest.posts(format!("{url}/people/bob/follow")).await.unwrap(), 303);
        let deadline = Instant::now() + Duration::from_secs(10);
        let news = loop {
            let poll = bob.polls(&here.url, &tab).await;
            if poll.status == 200 {
                break poll.fragment();
            }
            assert!(Instant::now() < deadline, "{name} was not heard of");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(news.notification_texts()[0], format!("{name} follows you"));
        tab = news.poll_url().unwrap();
    }
    let moved_by_hand = "DELETE FROM notifications; UPDATE users SET last_update = last_update + 1 WHERE username = 'bob'";
    home.shell().batch_execute(moved_by_hand).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    for site in [&here, &there] {
        while !bob.inbox(&site.url).await.is_empty() || bob.polls(&site.url, &tab).await.status != 200 {
            assert!(Instant::now() < deadline, "a stamp moved by hand was not seen");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test]
async fn killed_during_follows_every_answered_one_is_there_with_its_notification() {
    let home = Home::new();
    let mut site = Process::serve(&home).await;
    let mut crowd = Vec::new();
    for n in 0..4 {
        crowd.push(Guest::signs_up(&site.url, &format!("guest_{n}")).await);
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
    let (answered, ()) = tokio::join!(join_all((0..4).map(follow_the_stars)), kill);
    site.child.wait().await.unwrap();
    let answered: Vec<_> = answered.into_iter().flatten().collect();
    assert!(answered.len() > 4 && answered.len() < 12_000, "killed in the middle, not before or after: {}", answered.len());

    let _site = Process::serve(&home).await;
    let (follows, told) = (pairs::follows(&mut db), pairs::notifications(&mut db));
    assert_eq!(follows, told, "no follow without its notification, no notification without its follow");
    let lost: Vec<_> = answered.iter().filter(|pair| !follows.contains(*pair)).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
    let unstamped = pairs::unstamped(&mut db);
    assert!(unstamped.is_empty(), "notified without a stamp: {unstamped:?}");
}
