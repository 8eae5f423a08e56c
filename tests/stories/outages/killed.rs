//! Instances that are killed at any moment, under load.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;

use super::servers::Redis;
use super::{BOUND, beside, eventually};
use crate::support::guest::Guest;
use crate::support::pairs;
use crate::support::process::{self, Process};
use crate::support::random::Random;

#[tokio::test]
async fn two_instances_killed_again_and_again_while_everybody_follows() {
    let redis = Redis::start().await;
    let home = beside(Some(redis.url()));
    let mut sites = [Process::serve(&home).await, Process::serve(&home).await];
    let urls = Mutex::new(sites.iter().map(|site| site.url.clone()).collect::<Vec<_>>());
    let url = |n: usize| urls.lock().unwrap()[n % 2].clone();
    let stars = ["star_0", "star_1", "star_2", "star_3"];
    let mut watchers = Vec::new();
    for star in stars {
        let guest = Guest::signs_up(&url(0), star).await;
        let tab = guest.opens_inbox(&url(0)).await;
        watchers.push((guest, tab));
    }
    let mut crowd = Vec::new();
    for n in 0..4 {
        crowd.push(Guest::signs_up(&url(n), &format!("guest_{n}")).await);
    }
    let many = "INSERT INTO users (username, password_hash, created_at) SELECT 'extra_' || n, '-', 0 FROM generate_series(1, 400) n";
    home.shell().batch_execute(many).unwrap();

    let done = Mutex::new(false);
    let follow = async |n: usize| {
        let mut answered = Vec::new();
        for step in 0..200 {
            let name = if step % 50 == 7 * n { stars[step / 50].to_owned() } else { format!("extra_{}", 1 + step + 50 * n) };
            // Without an answer, tries again on the other instance.
            let deadline = Instant::now() + Duration::from_secs(BOUND);
            while !matches!(crowd[n].posts(format!("{}/people/{name}/follow", url(step + n))).await, Ok(303)) {
                assert!(Instant::now() < deadline, "{name}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answered.push((format!("guest_{n}"), name));
        }
        answered
    };
    let load = async {
        let answered = join_all((0..4).map(follow)).await;
        *done.lock().unwrap() = true;
        answered
    };
    let kill = async {
        let (mut kills, mut random) = (0, Random::new());
        while !*done.lock().unwrap() {
            tokio::time::sleep(Duration::from_millis(random.below(500) as u64)).await;
            let victim = kills % 2;
            sites[victim].child.kill().await.unwrap();
            sites[victim] = Process::serve(&home).await;
            urls.lock().unwrap()[victim] = sites[victim].url.clone();
            kills += 1;
        }
        kills
    };
    let (answered, kills) = tokio::join!(load, kill);
    assert!(kills >= 3, "killed in the middle, not before or after: {kills}");

    let (follows, told) = (pairs::follows(&mut home.shell()), pairs::notifications(&mut home.shell()));
    assert_eq!(follows, told, "no follow without its notification, no notification without its follow");
    let answered: BTreeSet<_> = answered.into_iter().flatten().collect();
    let lost: Vec<_> = answered.difference(&follows).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");

    // Tabs that have been open all the time show the final state, on either instance.
    for (n, (guest, tab)) in watchers.iter().enumerate() {
        let expected: BTreeSet<String> = follows.iter().filter(|(_, other)| other == stars[n]).map(|(actor, _)| format!("{actor} follows you")).collect();
        for at in 0..2 {
            let mut tab = tab.clone();
            let mut shown = (0, BTreeSet::new());
            eventually("the tab shows what there is", async || {
                let poll = guest.polls(&url(at), &tab).await;
                if poll.status == 200 {
                    let news = poll.fragment();
                    tab = news.poll_url().unwrap();
                    shown = (news.badge(), news.notification_texts().into_iter().collect());
                }
                shown == (expected.len() as i64, expected.clone())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn requests_that_alternate_between_instances_of_which_one_goes() {
    let redis = Redis::start().await;
    let home = beside(Some(redis.url()));
    let (first, second) = (Process::serve(&home).await, Process::serve(&home).await);
    let urls = [first.url.clone(), second.url.clone()];
    let (ada, bob) = (Guest::signs_up(&urls[0], "ada").await, Guest::signs_up(&urls[1], "bob").await);
    let mut tab = bob.opens_inbox(&urls[0]).await;
    let mut step = async |followed: bool, at: &str, next: &str| {
        let verb = if followed { "follow" } else { "unfollow" };
        assert_eq!(ada.posts(format!("{at}/people/bob/{verb}")).await.unwrap(), 303);
        let mut news = None;
        eventually("a poll on the other instance brings it", async || {
            let poll = bob.polls(next, &tab).await;
            news = (poll.status == 200).then(|| poll.fragment());
            news.is_some()
        })
        .await;
        let news = news.unwrap();
        tab = news.poll_url().unwrap();
        assert_eq!(news.notifications().len(), usize::from(followed));
        assert_eq!(bob.polls(at, &tab).await.status, 204, "and the one after that, on the first, nothing more");
    };
    for n in 0..20 {
        step(n % 2 == 0, &urls[n % 2], &urls[(n + 1) % 2]).await;
    }
    drop(first);
    for n in 0..20 {
        step(n % 2 == 0, &urls[1], &urls[1]).await;
    }
}

#[tokio::test]
async fn told_to_stop_while_it_waits_for_its_database_it_stops() {
    use tokio::io::AsyncBufReadExt;
    // A server that accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://tidings@{}/x?connect_timeout=30", silent.local_addr().unwrap());
    let child = process::command(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).spawn().unwrap();
    let _held = silent.accept().unwrap();
    super::servers::signal(&child, "TERM");
    let begun = Instant::now();
    let ended = child.wait_with_output().await.unwrap();
    let said = ended.stderr.lines().next_line().await.unwrap().unwrap_or_default();
    assert!(ended.status.success() && said.ends_with("stopped before it served"), "{} {said}", ended.status);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_runs_and_lets_idle_tabs_go() {
    let home = beside(None);
    let site = Process::serve(&home).await;
    let (ada, bob) = (Guest::signs_up(&site.url, "ada").await, Guest::signs_up(&site.url, "bob").await);
    // Bob's connection stays open, as a tab's does between two polls.
    assert!(bob.inbox(&site.url).await.is_empty());
    let mut lock = home.locked();
    let url = site.url.clone();
    let following = async { ada.posts(format!("{url}/people/bob/follow")).await };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        super::servers::signal(&site.child, "TERM");
        tokio::time::sleep(Duration::from_millis(700)).await;
        let refused = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.is_err();
        lock.batch_execute("ROLLBACK").unwrap();
        refused
    };
    let begun = Instant::now();
    let (answer, refused) = tokio::join!(following, stopping);
    assert_eq!(answer.unwrap(), 303, "what ran is finished");
    assert!(refused, "nothing new is accepted");
    let (said, status) = site.ends().await;
    assert!(status.success() && begun.elapsed() < Duration::from_secs(10), "{status} after {:?}: {said:?}", begun.elapsed());
}
