//! The local cache of stamps (client-side caching): an instance answers from it without asking, as long as Redis tracks its
//! keys, and never longer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tidings::ids::UserId;
use tidings::stamps::advance;

use super::link::Link;
use super::servers::Redis;
use super::{BOUND, Pair, beside, eventually};
use crate::support::random::{self, Random};
use crate::support::town::Town;

impl Pair {
    /// How many GETs Redis counted while Bob polled so often and heard nothing.
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
    eventually("the local copy is valid", async || pair.commands_for(&redis, 20).await == 0).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    // One after the news; and a few more if the machine stalled for longer than the lease.
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
    // Fewer, if Redis was out of use for a moment.
    assert!((300..=500).contains(&asked), "{asked}");
}

/// So many that a user's stamp does not change again for seconds: a stale copy then stays stale, and is found.
const PEOPLE: usize = 3_000;
const WRITERS: usize = 4;

/// Which stamps were acknowledged, and when: older ones may be answered only as long as the copy is allowed to lag.
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

/// One instance writes the stamps of some people, the other reads them.
pub(super) struct Stage {
    here: Town,
    pub(super) there: Town,
    oracle: Oracle,
    over: AtomicBool,
    pub(super) reads: AtomicU64,
    /// Whose stamp each writer is about to write: there an invalidation may overtake the answer to a read.
    hot: [AtomicUsize; WRITERS],
    seed: u64,
}

impl Stage {
    pub(super) async fn with(redis_url: String) -> Stage {
        use diesel::connection::SimpleConnection;
        let here = Town::at(beside(Some(redis_url))).await;
        let there = here.another_instance().await;
        let people = "INSERT INTO users (username, password_hash, created_at) SELECT 'person_' || n, '-', 0 FROM generate_series(1, 3000) n";
        here.site.home.shell().batch_execute(people).unwrap();
        let oracle = Oracle((0..PEOPLE).map(|_| Mutex::default()).collect());
        Stage { here, there, oracle, over: AtomicBool::new(false), reads: AtomicU64::new(0), hot: Default::default(), seed: random::seed() }
    }

    async fn write(&self, writer: usize) {
        let mut n = writer * PEOPLE / WRITERS;
        while !self.over.load(Ordering::Relaxed) {
            n = (n + 1) % PEOPLE;
            self.hot[writer].store(n, Ordering::Relaxed);
            let user = UserId(n as i64 + 1);
            let stamp = self.here.site.app.change(move |tx| Ok(advance(tx, user)?)).await.unwrap();
            self.oracle.acknowledged(n, stamp.unwrap());
        }
    }

    /// Reads without pause; `lag` is how old an answer may be.
    async fn read(&self, reader: usize, lag: Duration) {
        let mut random = Random::nth(self.seed, reader);
        while !self.over.load(Ordering::Relaxed) {
            let anybody = random.below(4) == 0;
            let n = if anybody { random.below(PEOPLE) } else { self.hot[random.below(WRITERS)].load(Ordering::Relaxed) };
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
        tokio::join!(join_all((0..WRITERS).map(|n| self.write(n))), join_all((0..4).map(|n| self.read(n, lag))), playing);
        for n in 0..PEOPLE {
            let (user, newest) = (UserId(n as i64 + 1), self.oracle.before(n, Instant::now()));
            eventually("everybody's newest stamp is answered", async || self.there.site.app.last_update(user).await.unwrap() == newest).await;
        }
    }
}

/// A busy machine may be late by itself, and the sweep repairs within 5 s a copy that missed an invalidation. The bound that
/// finds a missed invalidation lies between.
pub(super) const BUSY: Duration = Duration::from_secs(2);

#[tokio::test]
async fn answers_are_never_older_than_moments_while_all_is_well() {
    let redis = Redis::start().await;
    let stage = Stage::with(redis.url()).await;
    stage.plays(BUSY, async || tokio::time::sleep(Duration::from_secs(10)).await).await;
    assert!(stage.reads.load(Ordering::Relaxed) > 1_000, "too few reads");
}

#[tokio::test]
async fn whatever_happens_to_the_connections_no_answer_is_older_than_the_sweep_allows() {
    let mut redis = Redis::start().await;
    let link = Link::to(redis.port).await;
    let stage = Stage::with(format!("redis://127.0.0.1:{}", link.port)).await;
    let pause = async |ms| tokio::time::sleep(Duration::from_millis(ms)).await;
    let well = async || eventually("well again", async || super::readyz(&stage.there).await.contains("redis: ok")).await;
    // After a fault the copy starts empty; the sweep's bound holds throughout.
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
