//! What can happen to Redis.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use tidings::clock::HOUR;
use tidings::ids::UserId;
use tidings::stamps::advance;

use super::link::Link;
use super::servers::Redis;
use super::{BOUND, Pair, beside, eventually, metric};
use crate::support::person::Person;
use crate::support::town::Town;

/// Ada and Cleo come first, so Bob is number three.
const BOB: i64 = 3;

/// Whether the next poll brings the news; if not, it must come soon. On a busy machine Redis may now and then exceed its
/// timeout, so that a story can ask this to be so nearly always, and not always.
async fn at_once(bob: &Person, announced: &str) -> bool {
    bob.hears_within(BOUND, announced).await < Duration::from_millis(50)
}

#[tokio::test]
async fn news_is_in_the_next_poll_on_another_instance() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    let mut prompt = 0;
    for _ in 0..20 {
        pair.ada.follows(&pair.bob).await;
        prompt += u32::from(at_once(&pair.bob, "ada follows you").await);
        pair.ada.unfollows(&pair.bob).await;
        prompt += u32::from(at_once(&pair.bob, "").await);
    }
    assert!(prompt >= 36, "{prompt} of 40");
    pair.bob.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn an_answer_means_that_every_instance_can_know() {
    let redis = Redis::start().await;
    let link = Link::to(redis.port).await;
    let pair = Pair::with(Some(format!("redis://127.0.0.1:{}", link.port))).await;
    // Bob's instance reaches Redis directly, Ada's through the slow link.
    let near = pair.here.another_instance_with(|settings| settings.redis_url = Some(redis.url())).await;
    let bob = pair.bob.at(&near);
    pair.ada.follows(&bob).await;
    bob.hears_within(BOUND, "ada follows you").await;
    link.slows_down(10);
    let mut prompt = 0;
    for _ in 0..5 {
        pair.ada.unfollows(&bob).await;
        prompt += u32::from(at_once(&bob, "").await);
        pair.ada.follows(&bob).await;
        prompt += u32::from(at_once(&bob, "ada follows you").await);
    }
    assert!(prompt >= 8, "{prompt} of 10");
}

#[tokio::test]
async fn a_thousand_follows_are_a_thousand_writes_and_nothing_else() {
    let redis = Redis::start().await;
    let town = Town::at(beside(Some(redis.url()))).await;
    let ada = town.signs_up("ada").await;
    town.site
        .home
        .shell()
        .batch_execute("INSERT INTO users (username, password_hash, created_at) SELECT 'star_' || n, '-', 0 FROM generate_series(1, 1000) n")
        .unwrap();
    let _: () = redis.asked("CONFIG RESETSTAT");
    for n in 1..=1_000 {
        assert_eq!(ada.posts(&format!("/people/star_{n}/follow"), &[]).await.status, 303);
    }
    let calls = redis.calls();
    let of = |name: &str| calls.get(name).copied().unwrap_or(0);
    assert_eq!((of("set"), of("evalsha")), (1_000, 1_000 + 1), "one more for the script that a fresh server does not know: {calls:?}");
    let other: Vec<_> =
        calls.keys().filter(|name| !["set", "evalsha", "script|load", "ping", "info", "get", "config|resetstat"].contains(&name.as_str())).collect();
    assert!(other.iter().all(|name| name.starts_with("client|") || name.starts_with("hello")), "{calls:?}");
    assert!(of("get") <= 2_000, "the sweep reads each change once or twice, whoever looks: {calls:?}");

    let keys: Vec<String> = redis.asked("KEYS *");
    assert_eq!(keys.len(), 1_000);
    for key in keys {
        assert!(key.starts_with("notifications:") && key.ends_with(":lastUpdate"), "{key}");
        let seconds: i64 = redis.asked(&format!("TTL {key}"));
        assert!((3_500..=3_600).contains(&seconds), "{key}: {seconds}");
    }
    assert_eq!(metric(&town, "tidings_notifications_total{kind=\"follow\"}").await, 1_000.0);
    assert_eq!(metric(&town, "tidings_stamps_mended_total{copy=\"redis\"}").await, 0.0, "a healthy Redis needs no mending");
}

#[tokio::test]
async fn killed_and_back_empty() {
    let mut redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    redis.is_killed().await;
    pair.goes_on().await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    pair.notices().await;
    pair.goes_on().await;
    assert_eq!(metric(&pair.there, "tidings_redis_up").await, 0.0);
    pair.cleo.follows(&pair.bob).await;
    redis.comes_back().await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.recovers().await;
    assert_eq!(metric(&pair.there, "tidings_redis_up").await, 1.0);
    pair.ada.unfollows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "").await;
    pair.bob.sees(["cleo follows you"]).await;
}

#[tokio::test]
async fn emptied_at_any_moment() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    // What Redis loses before anybody has read it is found by the sweep, every few seconds.
    for _ in 0..2 {
        pair.ada.follows(&pair.bob).await;
        let _: () = redis.asked("FLUSHALL");
        pair.bob.hears_within(BOUND, "ada follows you").await;
        pair.ada.unfollows(&pair.bob).await;
        let _: () = redis.asked("DEL notifications:3:lastUpdate");
        pair.bob.hears_within(BOUND, "").await;
    }
    pair.goes_on().await;
}

#[tokio::test]
async fn restored_from_an_old_snapshot() {
    let mut redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    let _: () = redis.asked("SAVE");
    let old = redis.stamp(BOB);
    pair.ada.follows(&pair.bob).await;
    redis.is_killed().await;
    redis.comes_back().await;
    assert_eq!(redis.stamp(BOB), old, "it remembers what was so before");
    // A third instance has no copy of Bob's stamp that is newer than what Redis says.
    let third = pair.here.another_instance().await;
    let bob = pair.bob.at(&third);
    bob.hears_within(BOUND, "ada follows you").await;
    eventually("the copy is mended", async || redis.stamp(BOB) > old).await;
    bob.sees(["ada follows you", "cleo follows you"]).await;
}

#[tokio::test]
async fn old_copies_of_any_age_are_mended_before_they_are_used() {
    let redis = Redis::start().await;
    let here = Town::at(beside(Some(redis.url()))).await;
    let bob = here.signs_up("bob").await;
    // Ten minutes ago something happened to Bob, and Redis has what was so before that.
    let ago = |seconds: i64| here.site.app.clock.now() - seconds * 1_000;
    let (old, true_one) = (ago(700), ago(600));
    here.site.home.shell().batch_execute(&format!("UPDATE users SET last_update = {true_one}")).unwrap();
    let _: () = redis.asked(&format!("SET notifications:1:lastUpdate {old} EX 2900"));
    let there = here.another_instance().await;
    let answer = bob.at(&there).gets(&format!("/api/stream?since={old}")).await;
    assert_eq!(answer.json(), serde_json::json!({"lastUpdate": true_one, "hasUpdates": true}));
    eventually("the copy is mended", async || redis.stamp(1) == Some(true_one)).await;
}

#[tokio::test]
async fn out_of_memory() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    let old = redis.stamp(BOB);
    let _: () = redis.asked("CONFIG SET maxmemory 1");
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    assert_eq!(redis.stamp(BOB), old, "Redis did refuse");
    pair.goes_on().await;
    pair.ada.unfollows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "").await;
    let _: () = redis.asked("CONFIG SET maxmemory 0");
    pair.recovers().await;
    eventually("the copy is mended", async || redis.stamp(BOB) == Some(pair.stamp_of_bob())).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
}

#[tokio::test]
async fn read_only() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    // A replica of a master that does not answer: it serves reads and refuses writes.
    let _: () = redis.asked("REPLICAOF 127.0.0.1 9");
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.goes_on().await;
    let _: () = redis.asked("REPLICAOF NO ONE");
    pair.recovers().await;
    eventually("the copy is mended", async || redis.stamp(BOB) == Some(pair.stamp_of_bob())).await;
    pair.ada.unfollows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "").await;
}

#[tokio::test]
async fn frozen() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    redis.freezes();
    nobody_waits(&pair).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    pair.notices().await;
    nobody_waits(&pair).await;
    redis.thaws();
    pair.recovers().await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
}

#[tokio::test]
async fn reached_through_a_link_that_goes_silent() {
    let redis = Redis::start().await;
    let link = Link::to(redis.port).await;
    let pair = Pair::with(Some(format!("redis://127.0.0.1:{}", link.port))).await;
    pair.recovers().await;
    link.goes_silent();
    nobody_waits(&pair).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    pair.notices().await;
    link.speaks_again();
    pair.recovers().await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.bob.sees(["cleo follows you", "ada follows you"]).await;
}

#[tokio::test]
async fn too_slow_to_be_of_use() {
    let redis = Redis::start().await;
    let link = Link::to(redis.port).await;
    let pair = Pair::with(Some(format!("redis://127.0.0.1:{}", link.port))).await;
    pair.recovers().await;
    link.slows_down(80);
    for _ in 0..100 {
        pair.bob.polls_and_hears_nothing().await;
        pair.ada.gets("/people").await;
    }
    // A request may wait for the timeout once, but not every time.
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    eventually("it is given up", async || {
        pair.bob.polls().await;
        super::readyz(&pair.there).await.contains("redis: out of use")
    })
    .await;
    link.slows_down(0);
    pair.recovers().await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
}

/// While Redis does not answer, a request waits for a timeout of milliseconds once, and not for Redis to come back. (The
/// benchmarks measure how long exactly. Here a second leaves room for a busy machine.)
async fn nobody_waits(pair: &Pair) {
    for _ in 0..5 {
        let begun = Instant::now();
        pair.bob.polls_and_hears_nothing().await;
        assert_eq!(pair.ada.gets("/people").await.status, 200);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn down_for_a_while_under_load() {
    let mut redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    let load = async {
        let deadline = Instant::now() + Duration::from_secs(8);
        let mut pages = 0;
        while Instant::now() < deadline {
            pair.ada.follows(&pair.bob).await;
            pair.cleo.follows(&pair.bob).await;
            pair.bob.hears_within(BOUND, "cleo and ada follow you").await;
            for person in [&pair.ada, &pair.bob] {
                assert_eq!(person.gets("/notifications").await.status, 200);
                pages += 1;
            }
            pair.ada.unfollows(&pair.bob).await;
            pair.cleo.unfollows(&pair.bob).await;
            while pair.bob.polls().await.status == 200 {}
        }
        pages
    };
    let fault = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        redis.is_killed().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        redis.comes_back().await;
    };
    let (pages, ()) = tokio::join!(load, fault);
    assert!(pages > 0);
    pair.recovers().await;
    pair.ada.follows(&pair.bob).await;
    eventually("the last one is shown", async || pair.bob.badge().await == 1).await;
}

#[tokio::test]
async fn a_stamp_moved_by_hand_as_a_crashed_instance_leaves_it() {
    let redis = Redis::start().await;
    let pair = Pair::beside(&redis).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    let by_hand = "DELETE FROM notifications; UPDATE users SET last_update = (extract(epoch from clock_timestamp()) * 1000)::bigint WHERE username = 'bob'";
    pair.here.site.home.shell().batch_execute(by_hand).unwrap();
    pair.bob.hears_within(BOUND, "").await;
    pair.bob.sees([]).await;
    eventually("the copy is mended", async || redis.stamp(BOB) == Some(pair.stamp_of_bob())).await;
    let mended = async || {
        let (here, there) = (&pair.here, &pair.there);
        metric(here, "tidings_stamps_mended_total{copy=\"redis\"}").await + metric(there, "tidings_stamps_mended_total{copy=\"redis\"}").await
    };
    eventually("and counted", async || mended().await >= 1.0).await;
}

#[tokio::test]
async fn without_redis_the_sweep_alone_carries_the_news_within_one_interval() {
    let pair = Pair::with(None).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        pair.ada.follows(&pair.bob).await;
        slowest = slowest.max(pair.bob.hears_within(10, "ada follows you").await);
        pair.ada.unfollows(&pair.bob).await;
        slowest = slowest.max(pair.bob.hears_within(10, "").await);
    }
    // Half a second between two sweeps, and what a busy machine adds. A tab polls half a second earlier than it must.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

#[tokio::test]
async fn an_instance_whose_clock_is_wrong_is_heard_all_the_same() {
    for wrong in [-HOUR, HOUR] {
        let pair = Pair::with(None).await;
        pair.here.site.app.clock.shift(wrong);
        pair.ada.follows(&pair.bob).await;
        pair.bob.hears_within(BOUND, "ada follows you").await;
        pair.there.signs_in("cleo").await.follows(&pair.bob).await;
        pair.bob.hears_within(BOUND, "cleo follows you").await;
    }
}

#[tokio::test]
async fn what_is_committed_long_after_its_stamp_was_taken_is_found() {
    let redis = Redis::start().await;
    for redis_url in [None, Some(redis.url())] {
        let pair = Pair::with(redis_url).await;
        pair.ada.follows(&pair.bob).await;
        pair.bob.hears_within(BOUND, "ada follows you").await;
        let mut slow = pair.here.site.home.shell();
        let begun = "BEGIN; DELETE FROM notifications; \
                     UPDATE users SET last_update = (extract(epoch from clock_timestamp()) * 1000)::bigint WHERE username = 'bob'";
        slow.batch_execute(begun).unwrap();
        // Long enough for several sweeps.
        tokio::time::sleep(Duration::from_secs(8)).await;
        pair.bob.polls_and_hears_nothing().await;
        slow.batch_execute("COMMIT").unwrap();
        pair.bob.hears_within(BOUND, "").await;
        pair.bob.sees([]).await;
    }
}

#[tokio::test]
async fn copies_only_move_forward_whatever_the_order_and_whatever_was_there() {
    let redis = Redis::start().await;
    let town = Town::at(beside(Some(redis.url()))).await;
    let bob = town.signs_up("bob").await;
    let touch = async || {
        town.site.app.change(|tx| Ok(advance(tx, UserId(1))?)).await.unwrap();
        redis.stamp(1).unwrap()
    };
    let first = touch().await;
    let _: () = redis.asked(&format!("SET notifications:1:lastUpdate {}", first + 60_000));
    assert_eq!(touch().await, first + 60_000, "an instance that was faster");
    assert!(redis.asked::<i64>("TTL notifications:1:lastUpdate") > 3_500);
    for foreign in ["SET notifications:1:lastUpdate nonsense", "DEL notifications:1:lastUpdate", "LPUSH notifications:1:lastUpdate x"] {
        let _: () = redis.asked("DEL notifications:1:lastUpdate");
        let _: redis::Value = redis.asked(foreign);
        bob.opens("/people").await;
        bob.polls_and_hears_nothing().await;
        assert!(touch().await > first, "{foreign} gives way");
    }
}

impl Pair {
    fn stamp_of_bob(&self) -> i64 {
        use diesel::prelude::*;
        let mut db = self.here.site.home.shell();
        tidings::schema::users::table.find(UserId(BOB)).select(tidings::schema::users::last_update).first(&mut db).unwrap()
    }
}
