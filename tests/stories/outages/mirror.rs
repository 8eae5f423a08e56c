//! The mirror: what an instance remembers is believed without asking, as long as Redis vouches for it; and never longer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tidings::last_update::advance;
use tidings::model::UserId;

use super::link::Link;
use super::servers::Redis;
use super::{BOUND, Pair, beside, eventually};
use crate::follows::futures_of;
use crate::town::Town;

impl Pair {
    /// What Redis was asked while Bob polled so often and heard nothing.
    async fn commands_for(&self, redis: &Redis, polls: usize) -> u64 {
        let _: () = redis.asked("CONFIG RESETSTAT");
        let before = self.there.site.app.statements();
        for _ in 0..polls {
            self.bob.polls_and_hears_nothing().await;
        }
        assert_eq!(self.there.site.app.statements() - before, 0, "no query in any case");
        let calls = redis.calls();
        assert!(!calls.contains_key("set") && !calls.contains_key("evalsha"), "{calls:?}");
        calls.get("get").copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn an_unchanged_poll_is_no_command_and_no_query() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    pair.recovers().await;
    eventually("what is remembered is vouched for", async || pair.commands_for(&redis, 20).await == 0).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    // One after the news; and if the machine was out of breath for longer than the lease, a few more.
    let asked = pair.commands_for(&redis, 500).await;
    assert!(asked <= 10, "{asked}");
}

#[tokio::test]
async fn where_changes_are_not_announced_a_poll_is_one_read() {
    let redis = Redis::start().await;
    let _: () = redis.asked("ACL SETUSER default -client|tracking");
    let pair = Pair::beside(&redis).await;
    pair.recovers().await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    let asked = pair.commands_for(&redis, 500).await;
    // Fewer, if Redis was not trusted for a moment.
    assert!((300..=500).contains(&asked), "{asked}");
}

/// So many that nobody is written about again for seconds: what is wrongly believed then stays so, and is found.
const PEOPLE: usize = 3_000;
const WRITERS: usize = 4;

/// What was acknowledged, and when: nothing older may be answered later than the mirror is allowed to lag.
struct Oracle(Vec<Mutex<Vec<(Instant, i64)>>>);

impl Oracle {
    fn acknowledged(&self, person: usize, stamp: i64) {
        let mut known = self.0[person].lock().unwrap();
        // Of two that were written one after the other, the second may be acknowledged first.
        let newest = known.last().map_or(stamp, |(_, newest)| stamp.max(*newest));
        known.push((Instant::now(), newest));
    }

    /// The newest stamp that was acknowledged before `moment`.
    fn before(&self, person: usize, moment: Instant) -> i64 {
        self.0[person].lock().unwrap().iter().rev().find(|(at, _)| *at <= moment).map_or(0, |(_, stamp)| *stamp)
    }
}

/// One instance writes, the other reads, about the same people.
pub(super) struct Stage {
    here: Town,
    pub(super) there: Town,
    oracle: Oracle,
    over: AtomicBool,
    pub(super) reads: AtomicU64,
    /// Whom each writer is about to write about: that is where an answer may be overtaken by an announcement.
    hot: [AtomicUsize; WRITERS],
}

impl Stage {
    pub(super) async fn with(redis_url: String) -> Stage {
        use diesel::connection::SimpleConnection;
        let here = Town::at(beside(Some(redis_url))).await;
        let there = here.another_instance().await;
        let people = "INSERT INTO users (username, password_hash, created_at) SELECT 'person_' || n, '-', 0 FROM generate_series(1, 3000) n";
        here.site.home.shell().batch_execute(people).unwrap();
        let oracle = Oracle((0..PEOPLE).map(|_| Mutex::default()).collect());
        Stage { here, there, oracle, over: AtomicBool::new(false), reads: AtomicU64::new(0), hot: Default::default() }
    }

    async fn write(&self, writer: usize) {
        let mut n = writer * PEOPLE / WRITERS;
        while !self.over.load(Ordering::Relaxed) {
            n = (n + 1) % PEOPLE;
            self.hot[writer].store(n, Ordering::Relaxed);
            let user = UserId(n as i64 + 1);
            let written = self.here.site.app.change(move |db| {
                let news = advance(db, user, 0)?;
                use diesel::prelude::*;
                let stamp: i64 = tidings::schema::users::table.find(user).select(tidings::schema::users::last_update).first(db)?;
                Ok((stamp, news))
            });
            let stamp = written.await.unwrap();
            self.oracle.acknowledged(n, stamp);
        }
    }

    /// Reads without pause; `lag` is how old an answer may be.
    async fn read(&self, reader: usize, lag: Duration) {
        let mut chance = reader;
        while !self.over.load(Ordering::Relaxed) {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let n = if chance >> 62 == 0 { (chance >> 33) % PEOPLE } else { self.hot[(chance >> 33) % WRITERS].load(Ordering::Relaxed) };
            let begun = Instant::now();
            let stamp = self.there.site.app.last_update(UserId(n as i64 + 1)).await.unwrap();
            if let Some(moment) = begun.checked_sub(lag) {
                let due = self.oracle.before(n, moment);
                assert!(stamp >= due, "person {n}: {stamp} was answered, {due} was acknowledged more than {lag:?} before");
            }
            self.reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }

    pub(super) async fn plays(&self, lag: Duration, act: impl AsyncFnOnce()) {
        let playing = async {
            act().await;
            self.over.store(true, Ordering::Relaxed);
        };
        tokio::join!(futures_of((0..WRITERS).map(|n| self.write(n))), futures_of((0..4).map(|n| self.read(n, lag))), playing);
        for n in 0..PEOPLE {
            let (user, newest) = (UserId(n as i64 + 1), self.oracle.before(n, Instant::now()));
            eventually("everybody's newest stamp is answered", async || self.there.site.app.last_update(user).await.unwrap() == newest).await;
        }
    }
}

/// A busy machine may be late by itself. The sweep would mend within 5 s what the mirror forgot for good, so the bound
/// that tells a mirror that forgets from one that does not lies between.
pub(super) const BUSY: Duration = Duration::from_secs(2);

#[tokio::test]
async fn answers_are_never_older_than_moments_while_all_is_well() {
    let redis = Redis::start().await;
    let stage = Stage::with(redis.url()).await;
    stage.plays(BUSY, async || tokio::time::sleep(Duration::from_secs(10)).await).await;
    assert!(stage.reads.load(Ordering::Relaxed) > 1_000, "nobody looked");
}

#[tokio::test]
async fn whatever_happens_to_the_connections_no_answer_is_older_than_the_sweep_allows() {
    let mut redis = Redis::start().await;
    let link = Link::to(redis.port).await;
    let stage = Stage::with(format!("redis://127.0.0.1:{}", link.port)).await;
    let pause = async |ms| tokio::time::sleep(Duration::from_millis(ms)).await;
    let well = async || eventually("well again", async || super::readyz(&stage.there).await.contains("redis: ok")).await;
    // Once a fault is over, the mirror begins anew; the sweep is the bound throughout.
    let lag = Duration::from_secs(12);
    stage
        .plays(lag, async || {
            for _ in 0..2 {
                for kind in ["normal", "pubsub"] {
                    let _: i64 = redis.asked(&format!("CLIENT KILL TYPE {kind}"));
                    pause(300).await;
                }
                well().await;
                let _: () = redis.asked("FLUSHALL");
                pause(500).await;
                redis.freezes();
                pause(2_500).await;
                redis.thaws();
                well().await;
                link.goes_silent();
                pause(4_000).await;
                link.speaks_again();
                well().await;
                redis.is_killed().await;
                pause(500).await;
                redis.comes_back().await;
                well().await;
                pause(500).await;
            }
        })
        .await;
}
