//! Outages: real servers killed, frozen, emptied, filled up, restored from old snapshots, and reached through links that
//! go silent, while people go on following each other on two instances.
//!
//! The bound is the one that the README promises: whatever happens to Redis, everybody hears of everything within 30 seconds.

mod acl;
mod cluster;
mod database;
mod encrypted;
mod killed;
mod link;
mod lost_commit;
mod mirror;
mod pooler;
mod redis_faults;
mod servers;
mod standby;

use std::time::{Duration, Instant};

use servers::Redis;

use crate::site::Home;
use crate::support::person::Person;
use crate::support::town::Town;

/// The sweep's bound, in seconds.
pub const BOUND: u64 = 30;

/// A new database on the tests' PostgreSQL, and the Redis at `redis_url` if there is one.
fn beside(redis_url: Option<String>) -> Home {
    let postgres = std::env::var("TEST_POSTGRES").expect("TEST_POSTGRES: run this through scripts/with-servers");
    let mut home = Home::on(&postgres, None);
    home.redis_url = redis_url;
    home
}

/// Two instances of one site, and two people who never meet on the same one.
struct Pair {
    here: Town,
    there: Town,
    /// Acts here.
    ada: Person,
    /// Acts here.
    cleo: Person,
    /// Looks there: an open inbox.
    bob: Person,
}

impl Pair {
    async fn beside(redis: &Redis) -> Pair {
        Pair::with(Some(redis.url())).await
    }

    async fn with(redis_url: Option<String>) -> Pair {
        let here = Town::at(beside(redis_url)).await;
        let there = here.another_instance().await;
        let (ada, cleo, bob) = (here.signs_up("ada").await, here.signs_up("cleo").await, there.signs_up("bob").await);
        bob.opens("/notifications").await;
        Pair { here, there, ada, cleo, bob }
    }

    /// Both instances use Redis (again), without anybody's help.
    async fn recovers(&self) {
        for town in [&self.here, &self.there] {
            eventually("Redis carries the stamps again", async || readyz(town).await.contains("redis: ok")).await;
        }
    }

    /// Both instances have noticed that Redis is out of use.
    async fn notices(&self) {
        for town in [&self.here, &self.there] {
            eventually("the outage is shown", async || readyz(town).await.contains("redis: out of use")).await;
        }
    }

    /// Pages and polls are answered as if nothing had happened.
    async fn goes_on(&self) {
        for path in ["/", "/people", "/people/bob", "/notifications", "/settings"] {
            for person in [&self.ada, &self.bob] {
                assert_eq!(person.gets(path).await.status, 200, "{path}");
            }
        }
        self.bob.polls_and_hears_nothing().await;
    }
}

async fn readyz(town: &Town) -> String {
    let answer = town.stranger("operator").gets("/readyz").await;
    assert_eq!(answer.status, 200, "trouble with Redis sends nobody elsewhere");
    answer.body
}

/// One number of `/metrics`.
async fn metric(town: &Town, name: &str) -> f64 {
    let text = town.stranger("operator").gets("/metrics").await.body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.parse().unwrap()
}

/// Waits until `is_so`, as long as the promises allow.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(BOUND);
    while !is_so().await {
        assert!(Instant::now() < deadline, "not within {BOUND} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
