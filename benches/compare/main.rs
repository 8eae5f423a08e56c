//! Before and after: Redis commands of one fixed workload, counted by Redis itself, once as a queue per user and once
//! through Tidings.
//!
//! The old design lives here only: every notification is pushed to a list of its recipient (`LPUSH`), and every open tab
//! takes from that list once a second (`LPOP`), which is a write whether anything is there or not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use tokio::time::{Instant, sleep_until};

#[allow(dead_code)]
#[path = "../../tests/stories/outages/servers.rs"]
mod servers;
#[allow(dead_code)]
#[path = "../../tests/support/mod.rs"]
mod support;

use servers::Redis;
use support::{Home, Site};

/// People with a tab open, all the time.
const TABS: usize = 18;
/// People who follow them.
const FOLLOWERS: usize = 30;
/// Follows, evenly spread over the time and over the tabs.
const FOLLOWS: usize = 400;
/// How long it lasts.
const MINUTES: u32 = 30;
/// How much faster than that it is played.
const COMPRESSION: u32 = 60;
/// Between two looks of a tab: as the old design had it, and as Tidings does unless told otherwise.
const OLD_LOOK: Duration = Duration::from_secs(1);
const NEW_LOOK: Duration = Duration::from_secs(10);

/// What the old site was measured to do in production, and what was hoped for from the new one.
const PUBLISHED_OLD: &str = "33,147";
const PUBLISHED_NEW: &str = "300-500";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (old, new) = runtime.block_on(async { (queue_per_user().await, stamp_per_user().await) });
    print(&old, &new);
}

fn played(time: Duration) -> Duration {
    time / COMPRESSION
}

/// Calls `act` once per `pause` of the workload's time until its end.
async fn every(pause: Duration, mut act: impl AsyncFnMut()) {
    let begun = Instant::now();
    for look in 1..=MINUTES * 60 / pause.as_secs() as u32 {
        act().await;
        sleep_until(begun + played(pause * look)).await;
    }
}

/// Calls `act` with follower and followee whenever somebody follows somebody.
async fn each_follow(act: impl AsyncFn(usize, usize)) {
    let (begun, pause) = (Instant::now(), Duration::from_secs(60) * MINUTES / FOLLOWS as u32);
    for n in 0..FOLLOWS {
        sleep_until(begun + played(pause * n as u32)).await;
        act(n / TABS % FOLLOWERS, n % TABS).await;
    }
}

async fn queue_per_user() -> Counted {
    let redis = Redis::start().await;
    let client = redis::Client::open(redis.url()).unwrap();
    let conn = client.get_multiplexed_async_connection().await.unwrap();
    let _: () = redis.asked("CONFIG RESETSTAT");
    let queue = |user: usize| format!("notifications:queue:{user}");
    let tab = async |tab: usize| {
        let (mut conn, mut received) = (conn.clone(), 0);
        every(OLD_LOOK, async || {
            let taken: Option<String> = redis::cmd("LPOP").arg(queue(tab)).query_async(&mut conn).await.unwrap();
            received += usize::from(taken.is_some());
        })
        .await;
        received
    };
    let following = each_follow(async |follower, followee| {
        let push = redis::cmd("LPUSH").arg(queue(followee)).arg(format!("{follower} follows you")).to_owned();
        push.exec_async(&mut conn.clone()).await.unwrap();
    });
    let (received, ()) = tokio::join!(join_all((0..TABS).map(tab)), following);
    Counted::at(&redis, received.into_iter().sum())
}

/// Somebody's browser.
#[derive(Clone)]
struct Browser {
    http: reqwest::Client,
    site: String,
    cookie: String,
}

impl Browser {
    async fn signs_up(site: &str, name: &str) -> Browser {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = http.post(format!("{site}/signup")).form(&[("username", name), ("password", "correct horse")]).send().await.unwrap();
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { http, site: site.to_owned(), cookie }
    }

    /// A poll as htmx makes it; `None`: nothing new.
    async fn polls(&self, url: &str) -> Option<String> {
        let answer = self.http.get(format!("{}{url}", self.site)).header(COOKIE, &self.cookie).header("HX-Request", "true").send().await.unwrap();
        match answer.status().as_u16() {
            204 => None,
            200 => Some(answer.text().await.unwrap()),
            status => panic!("a poll was answered {status}"),
        }
    }
}

/// Where a fragment says that it is to be asked again.
fn next_url(fragment: &str) -> String {
    fragment.split_once("hx-get=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&")
}

/// The number on the badge that a fragment brings.
fn unread(fragment: &str) -> usize {
    let badge = fragment.split_once("<span id=\"badge\"").unwrap().1;
    badge.split_once("\"visually-hidden\">, ").map_or(0, |(_, rest)| rest.split_once(' ').unwrap().0.parse().unwrap())
}

async fn stamp_per_user() -> Counted {
    let redis = Redis::start().await;
    let mut home = Home::in_a_file();
    home.redis_url = Some(redis.url());
    let site = Site::at(home.into(), |_| {}).await;
    let (mut watchers, mut followers) = (Vec::new(), Vec::new());
    for n in 0..TABS {
        watchers.push(Browser::signs_up(&site.url, &format!("watcher_{n}")).await);
    }
    for n in 0..FOLLOWERS {
        followers.push(Browser::signs_up(&site.url, &format!("follower_{n}")).await);
    }
    let _: () = redis.asked("CONFIG RESETSTAT");
    let tab = async |watcher: Browser| {
        let (mut url, mut shown) = ("/api/stream?since=0".to_owned(), 0);
        let mut look = async || {
            if let Some(news) = watcher.polls(&url).await {
                (url, shown) = (next_url(&news), unread(&news));
            }
        };
        every(NEW_LOOK, &mut look).await;
        look().await;
        shown
    };
    let following = each_follow(async |follower, followee| {
        let Browser { http, site, cookie } = &followers[follower];
        let follow = http.post(format!("{site}/people/watcher_{followee}/follow")).header(COOKIE, cookie).header(ORIGIN, site);
        assert_eq!(follow.send().await.unwrap().status(), 303);
    });
    let (shown, ()) = tokio::join!(join_all(watchers.into_iter().map(tab)), following);
    Counted::at(&redis, shown.into_iter().sum())
}

/// What Redis counted, and how many notifications arrived.
struct Counted {
    calls: BTreeMap<String, u64>,
    arrived: usize,
}

impl Counted {
    fn at(redis: &Redis, arrived: usize) -> Counted {
        let mut calls = redis.calls();
        // The counting itself, and what a client says once when it connects.
        calls.retain(|name, _| !name.starts_with("config") && !name.starts_with("client") && name != "hello");
        Counted { calls, arrived }
    }

    fn of(&self, names: &[&str]) -> u64 {
        names.iter().map(|name| self.calls.get(*name).copied().unwrap_or(0)).sum()
    }

    fn writes(&self) -> u64 {
        self.of(&["lpush", "lpop", "set"])
    }

    fn reads(&self) -> u64 {
        self.of(&["get"])
    }

    /// Signs of life: by the second, whoever is there. They are not part of the workload, so time is not compressed for
    /// them.
    fn beats(&self) -> u64 {
        self.of(&["ping", "info"])
    }

    fn named(&self) -> String {
        self.calls.iter().map(|(name, calls)| format!("{name} {calls}")).collect::<Vec<_>>().join(", ")
    }
}

fn print(old: &Counted, new: &Counted) {
    let ratio = old.writes() as f64 / new.writes() as f64;
    println!("\n{TABS} open tabs, {FOLLOWS} follows, {MINUTES} minutes, played {COMPRESSION} times as fast; counted by INFO commandstats\n");
    println!("{:<34} {:>16} {:>16} {:>10}", "", "queue per user", "stamp per user", "ratio");
    println!("{:<34} {:>16} {:>16} {:>9.0}x", "Redis writes", old.writes(), new.writes(), ratio);
    println!("{:<34} {:>16} {:>16}", "  published", PUBLISHED_OLD, PUBLISHED_NEW);
    println!("{:<34} {:>16} {:>16}", "Redis reads", old.reads(), new.reads());
    let total = |counted: &Counted| counted.writes() + counted.reads();
    println!("{:<34} {:>16} {:>16} {:>9.0}x", "Redis commands", total(old), total(new), total(old) as f64 / total(new) as f64);
    println!("{:<34} {:>16} {:>16}", "  and signs of life, per instance", old.beats(), new.beats());
    println!("{:<34} {:>16} {:>16}", "notifications that arrived", old.arrived, new.arrived);
    println!("\nqueue per user: {}", old.named());
    println!("stamp per user: {}", new.named());
    println!("\nA set is sent inside an evalsha, so that it only moves forward. Signs of life come by the second, in either case at");
    println!("real speed: in {MINUTES} minutes an instance sends {COMPRESSION} times as many.");
}
