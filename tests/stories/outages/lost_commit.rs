//! Connections to PostgreSQL that are cut around COMMIT: what is said then, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::beside;
use super::servers::Redis;
use crate::site::{Home, Site};
use crate::support::town::Town;

/// Where a connection is cut.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Cut {
    Nowhere,
    /// COMMIT is done, and its answer does not arrive.
    AfterCommit,
    /// COMMIT does not arrive.
    BeforeCommit,
    /// A statement before it does not arrive.
    BeforeInsert,
}

/// A way to the PostgreSQL of the tests that can be cut.
struct Way {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Way {
    async fn to(target: u16) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, cut) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU8::new(Cut::Nowhere as u8)));
        let cuts = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                tokio::spawn(carry(near, far, Arc::clone(&cuts)));
            }
        });
        Way { port, cut }
    }

    fn is_cut(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

/// Carries both directions, one message at a time, until the cut.
async fn carry(mut near: TcpStream, mut far: TcpStream, cut: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = near.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                let at = cut.load(Ordering::SeqCst);
                let has = |word: &[u8]| asked[..read].windows(word.len()).any(|bytes| bytes == word);
                if (at == Cut::BeforeCommit as u8 && has(b"COMMIT\0")) || (at == Cut::BeforeInsert as u8 && has(b"INSERT")) {
                    return;
                }
                far.write_all(&asked[..read]).await.unwrap();
                if at == Cut::AfterCommit as u8 && has(b"COMMIT\0") {
                    assert!(far.read(&mut answered).await.unwrap() > 0);
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if near.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

// The way carries what this thread waits for.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_that_nothing_was_changed_where_it_may_have_been() {
    let redis = Redis::start().await;
    let there = Town::at(beside(Some(redis.url()))).await;
    let direct = &there.site.home.database_url;
    let target: u16 = direct.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    let way = Way::to(target).await;
    let mut cut_home = Home::named(direct.replace(&target.to_string(), &way.port.to_string()));
    cut_home.redis_url = Some(redis.url());
    let here = Town { site: Arc::new(Site::at(Arc::new(cut_home), |_| {}).await) };

    let (ada, cleo, dora) = (here.signs_up("ada").await, here.signs_up("cleo").await, here.signs_up("dora").await);
    let (near, bob) = (here.signs_up("emil").await, there.signs_up("bob").await);
    let (program, bob_id) = (dora.program().await, serde_json::json!({"userId": bob.id().await}));
    near.opens("/notifications").await;
    bob.opens("/notifications").await;

    way.is_cut(Cut::AfterCommit);
    let answer = ada.posts("/people/emil/follow", &[]).await;
    answer.is_a_page_that_says(503, "We do not know whether");
    assert!(!answer.body.contains("Nothing was changed"), "{}", answer.body);
    // Sooner than any sweep: with Redis it comes by every five seconds.
    near.polls_and_hears("ada follows you").await;
    ada.posts("/people/bob/follow", &[]).await.is_a_page_that_says(503, "We do not know whether");
    bob.hears_within(2, "ada follows you").await;
    let answer = program.posts("/api/follow", &bob_id).await;
    answer.is_a_problem(503);
    assert!(answer.json()["detail"].as_str().unwrap().starts_with("We do not know whether"), "{}", answer.body);
    bob.hears_within(2, "dora follows you").await;

    way.is_cut(Cut::BeforeCommit);
    cleo.presses("/people/bob/follow", &[]).await;
    cleo.posts("/people/bob/follow", &[]).await.is_a_page_that_says(503, "We do not know whether");
    way.is_cut(Cut::BeforeInsert);
    cleo.posts("/people/bob/follow", &[]).await.is_a_page_that_says(503, "Nothing was changed");

    way.is_cut(Cut::Nowhere);
    bob.sees(["dora follows you", "ada follows you"]).await;
    // Nobody was told of what was not done.
    bob.polls_and_hears_nothing().await;
    cleo.follows(&bob).await;
    bob.hears_within(2, "cleo follows you").await;
}
