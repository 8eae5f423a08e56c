//! PostgreSQL behind PgBouncer with `pool_mode=transaction`: any connection may find itself in any session, from one transaction to the next.

use std::time::{Duration, Instant};

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use futures_util::future::join_all;

use super::servers::{PgBouncer, Postgres};
use super::{BOUND, eventually, link::Link, metric};
use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::person::Person;
use crate::support::process::Process;
use crate::support::town::Town;

/// Another program's connection, which has set nothing.
fn another_client(url: &str) -> PgConnection {
    let mut conn = PgConnection::establish(url).unwrap();
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    conn
}

/// Many at once, so that every session is used by everybody.
async fn everybody_reads(people: &[&Person]) {
    let pages = ["/", "/people", "/people/bob", "/notifications", "/settings"];
    let read = join_all(people.iter().flat_map(|person| pages.map(|page| person.gets(page)))).await;
    assert!(read.iter().all(|answer| answer.status == 200), "{read:?}");
}

#[tokio::test]
async fn two_instances_share_two_sessions() {
    let postgres = Postgres::start().await;
    let pooler = PgBouncer::before(&postgres).await;
    let here = Town::at(Home::on(&pooler.url(), None)).await;
    let there = here.another_instance().await;
    let (ada, cleo, bob) = (here.signs_up("ada").await, there.signs_up("cleo").await, there.signs_up("bob").await);
    bob.opens("/notifications").await;
    for round in 0..10 {
        for person in [&ada, &cleo] {
            if round % 2 == 0 { person.follows(&bob).await } else { person.unfollows(&bob).await }
        }
        everybody_reads(&[&ada, &bob, &cleo]).await;
    }
    ada.follows(&bob).await;
    bob.hears_within(BOUND, "ada follows you").await;
    bob.sees(["ada follows you"]).await;

    // Nothing of ours stays behind for others, and nothing waits for ever.
    let mut other = another_client(&here.site.home.database_url);
    for limit in ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"] {
        let (one, two): (String, String) = (setting(&mut other, limit), setting(&mut another_client(&here.site.home.database_url), limit));
        assert_eq!((one.as_str(), two.as_str()), ("0", "0"), "{limit}");
    }
    let mut lock = another_client(&here.site.home.database_url.replace(&pooler.port.to_string(), &postgres.port.to_string()));
    lock.batch_execute("BEGIN; LOCK TABLE users").unwrap();
    let begun = Instant::now();
    let (read, written) = tokio::join!(ada.gets("/people"), cleo.posts("/people/bob/follow", &[]));
    assert_eq!((read.status.as_u16(), written.status.as_u16()), (503, 503));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    lock.batch_execute("ROLLBACK").unwrap();
    cleo.follows(&bob).await;
    bob.hears_within(BOUND, "cleo follows you").await;
}

fn setting(conn: &mut PgConnection, name: &str) -> String {
    diesel::select(sql::<Text>(&format!("current_setting('{name}')"))).get_result(conn).unwrap()
}

#[tokio::test]
async fn instances_that_start_together_through_it_agree_and_say_it_once() {
    let postgres = Postgres::start().await;
    let pooler = PgBouncer::before(&postgres).await;
    let home = Home::on(&pooler.url(), None);
    let sites = join_all((0..4).map(|_| Process::serve(&home))).await;
    let ada = Guest::signs_up(&sites[0].url, "ada").await;
    for site in sites {
        assert!(ada.inbox(&site.url).await.is_empty());
        super::servers::signal(&site.child, "TERM");
        let (log, status) = site.ends().await;
        let about = log.iter().filter(|line| line.contains("through a pooler")).count();
        assert!(status.success() && about == 1 && !log.iter().any(|line| line.contains("WARN") || line.contains("ERROR")), "{log:#?}");
    }
}

// The link carries what this thread waits for.
#[tokio::test(flavor = "multi_thread")]
async fn put_in_between_under_a_running_site_it_is_noticed() {
    let postgres = Postgres::start().await;
    let pooler = PgBouncer::before(&postgres).await;
    let way = Link::to(postgres.port).await;
    let here = Town::at(Home::on(&format!("postgres://tidings@127.0.0.1:{}", way.port), None)).await;
    let there = here.another_instance().await;
    let (ada, cleo, bob) = (here.signs_up("ada").await, there.signs_up("cleo").await, there.signs_up("bob").await);
    everybody_reads(&[&ada, &bob, &cleo]).await;
    way.leads_to(pooler.port);
    let mut operator = another_client(&format!("{}/postgres", postgres.url()));
    operator.batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't\\_%'").unwrap();
    let goes_on = async || {
        let read = join_all([&ada, &bob, &cleo].map(|person| person.gets("/people"))).await;
        let written = join_all([&ada, &cleo].map(|person| person.posts("/people/bob/follow", &[]))).await;
        assert!(read.iter().chain(&written).all(|answer| [200, 303, 503].contains(&answer.status.as_u16())), "{read:?} {written:?}");
        read.iter().chain(&written).all(|answer| answer.status != 503)
    };
    eventually("both have noticed", async || goes_on().await && goes_on().await && goes_on().await).await;
    for _ in 0..10 {
        everybody_reads(&[&ada, &bob, &cleo]).await;
        assert!(goes_on().await, "and it stays so");
    }
    assert_eq!(metric(&here, "tidings_database_up").await, 1.0);
    let mut told: Vec<String> = bob.inbox().await.into_iter().map(|line| line.text).collect();
    told.sort();
    assert_eq!(told, ["ada follows you", "cleo follows you"]);
}

#[tokio::test]
async fn what_it_refuses_is_told_to_the_operator() {
    let postgres = Postgres::start().await;
    let pooler = PgBouncer::before(&postgres).await;
    let _home = Home::on(&postgres.url(), None);
    let url = format!("{}/nothing_here", pooler.url());
    let refused = crate::support::process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).await;
    let said = refused.stderr.trim().lines().last().unwrap_or_default().to_owned();
    assert!(!refused.status.success() && said.contains("nothing_here") && !said.contains("Nothing was changed"), "{said}");
}
