//! A Redis Cluster: stamps live on several servers, and one of them goes away.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::mirror::{BUSY, Stage};
use super::servers::Redis;
use super::{BOUND, Pair, eventually};

/// Three masters, each with a replica.
pub async fn cluster() -> Vec<Redis> {
    let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"];
    let mut nodes = Vec::new();
    for _ in 0..6 {
        // Nodes talk to each other on a second port, by default their own + 10,000, which may be too high or taken.
        let bus = super::servers::free_port().to_string();
        nodes.push(Redis::with(&[&options[..], &["--cluster-port", &bus]].concat()).await);
    }
    let mut create = tokio::process::Command::new("redis-cli");
    create.args(["--cluster", "create"]).args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
    let made = create.args(["--cluster-replicas", "1", "--cluster-yes"]).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let deadline = Instant::now() + Duration::from_secs(20);
    let agrees = |node: &Redis| node.asked::<String>("CLUSTER INFO").contains("cluster_state:ok");
    let follows = |node: &Redis| is_master(node) || node.asked::<String>("INFO replication").contains("master_link_status:up");
    while !nodes.iter().all(|node| agrees(node) && follows(node)) {
        assert!(Instant::now() < deadline, "the cluster does not form");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    nodes
}

fn is_master(node: &Redis) -> bool {
    node.asked::<String>("INFO replication").contains("role:master")
}

#[tokio::test]
async fn stamps_are_spread_and_a_master_that_dies_is_replaced() {
    let mut nodes = cluster().await;
    let urls: Vec<String> = nodes.iter().take(2).map(Redis::url).collect();
    let pair = Pair::with(Some(urls.join(","))).await;
    pair.recovers().await;
    for _ in 0..3 {
        pair.ada.follows(&pair.bob).await;
        pair.bob.hears_within(BOUND, "ada follows you").await;
        pair.ada.unfollows(&pair.bob).await;
        pair.bob.hears_within(BOUND, "").await;
    }
    let stars = "INSERT INTO users (username, password_hash, created_at) SELECT 'star_' || n, '-', 0 FROM generate_series(1, 40) n";
    pair.here.site.home.shell().batch_execute(stars).unwrap();
    for n in 1..=40 {
        assert_eq!(pair.cleo.posts(&format!("/people/star_{n}/follow"), &[]).await.status, 303);
    }
    let holders = nodes.iter().filter(|node| is_master(node) && node.asked::<i64>("DBSIZE") > 0).count();
    assert!(holders > 1, "on more than one server");

    // Whoever holds Bob's stamp.
    let slot: u16 = nodes[0].asked("CLUSTER KEYSLOT notifications:3:lastUpdate");
    let holder = nodes.iter().position(|node| is_master(node) && node.asked::<Vec<String>>(&format!("CLUSTER GETKEYSINSLOT {slot} 1")).len() == 1).unwrap();
    nodes[holder].is_killed().await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    pair.goes_on().await;
    pair.recovers().await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.bob.sees(["cleo follows you", "ada follows you"]).await;
}

/// An unchanged poll asks nothing there either: every master announces what changes on it.
#[tokio::test]
async fn a_cluster_is_not_asked_for_what_did_not_change() {
    let mut nodes = cluster().await;
    let pair = Pair::with(Some(nodes.iter().take(2).map(Redis::url).collect::<Vec<_>>().join(","))).await;
    pair.recovers().await;
    let asked_by_polls = async |nodes: &[Redis]| {
        let living = || nodes.iter().filter(|node| node.is_running());
        living().for_each(|node| node.asked::<()>("CONFIG RESETSTAT"));
        for _ in 0..20 {
            pair.bob.polls_and_hears_nothing().await;
        }
        living().map(|node| node.calls().get("get").copied().unwrap_or(0)).sum::<u64>()
    };
    eventually("the local copy is valid", async || asked_by_polls(&nodes).await == 0).await;
    pair.ada.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "ada follows you").await;
    eventually("and again after the news", async || asked_by_polls(&nodes).await == 0).await;
    let master = nodes.iter().position(is_master).unwrap();
    nodes[master].is_killed().await;
    pair.cleo.follows(&pair.bob).await;
    pair.bob.hears_within(BOUND, "cleo follows you").await;
    pair.recovers().await;
    eventually("and with the new master", async || asked_by_polls(&nodes).await == 0).await;
}

#[tokio::test]
async fn answers_are_never_older_than_moments_whichever_master_they_come_from() {
    let nodes = cluster().await;
    let stage = Stage::with(nodes.iter().map(Redis::url).collect::<Vec<_>>().join(",")).await;
    stage.plays(BUSY, async || tokio::time::sleep(Duration::from_secs(8)).await).await;
    assert!(stage.reads.load(Ordering::Relaxed) > 1_000, "too few reads");
}

/// As with one server, plus the time that a cluster takes to replace a master.
#[tokio::test]
async fn no_answer_is_older_than_the_sweep_allows_while_masters_come_and_go() {
    let mut nodes = cluster().await;
    let stage = Stage::with(nodes.iter().map(Redis::url).collect::<Vec<_>>().join(",")).await;
    let pause = async |ms| tokio::time::sleep(Duration::from_millis(ms)).await;
    stage
        .plays(Duration::from_secs(12), async || {
            pause(3_000).await;
            let frozen = nodes.iter().position(is_master).unwrap();
            nodes[frozen].freezes();
            pause(4_000).await;
            nodes[frozen].thaws();
            pause(2_000).await;
            let killed = nodes.iter().position(is_master).unwrap();
            nodes[killed].is_killed().await;
            pause(5_000).await;
        })
        .await;
    assert!(stage.reads.load(Ordering::Relaxed) > 1_000, "too few reads");
}
