//! PostgreSQL: outages, and what several instances could do to a database that they share.

use std::time::Duration;

use diesel::prelude::*;
use futures_util::future::join_all;
use tidings::clock::HOUR;
use tidings::ids::UserId;
use tidings::stamps::advance;

use super::servers::{Postgres, Redis, free_port};
use super::{BOUND, beside, eventually, metric};
use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::{self, Process};
use crate::support::town::Town;

#[tokio::test]
async fn down_and_back() {
    let (mut postgres, redis) = (Postgres::start().await, Redis::start().await);
    let home = Home::on(&postgres.url(), Some(&redis.url()));
    let here = Town::at(home).await;
    let there = here.another_instance().await;
    let (ada, cleo, bob) = (here.signs_up("ada").await, here.signs_up("cleo").await, there.signs_up("bob").await);
    let dora = here.signs_up("dora").await;
    ada.follows(&bob).await;
    bob.opens("/notifications").await;

    postgres.is_killed().await;
    // Nobody can be found in the database, and she is signed out in her browser all the same.
    let kept = dora.cookie();
    assert_eq!((dora.posts("/signout", &[]).await.status.as_u16(), dora.cookie()), (303, None));
    for person in [&ada, &bob] {
        person.gets("/people").await.is_a_page_that_says(503, "try again");
    }
    cleo.posts("/people/bob/follow", &[]).await.is_a_page_that_says(503, "Nothing was changed");
    bob.polls_and_hears_nothing().await;
    let ready = there.stranger("operator").gets("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.header("retry-after")), (503, "5"));
    assert_eq!(there.stranger("operator").gets("/healthz").await.status, 200);
    assert_eq!(metric(&there, "tidings_database_up").await, 0.0);

    postgres.comes_back().await;
    for town in [&here, &there] {
        eventually("ready again", async || town.stranger("operator").gets("/readyz").await.status == 200).await;
    }
    assert_eq!(metric(&there, "tidings_database_up").await, 1.0);
    dora.takes_cookie(kept);
    eventually("her session is revoked", async || dora.gets("/settings").await.status == 303).await;
    cleo.follows(&bob).await;
    bob.hears_within(BOUND, "cleo follows you").await;
    bob.sees(["cleo follows you", "ada follows you"]).await;
}

#[tokio::test]
async fn frozen_while_everybody_waits_for_it() {
    let postgres = Postgres::start().await;
    let town = Town::at(Home::on(&postgres.url(), None)).await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.opens("/notifications").await;
    // Fills the pool first, so that no connection has to be opened while it is frozen.
    let busy = join_all((0..16).map(|_| ada.gets("/people"))).await;
    assert!(busy.iter().all(|answer| answer.status == 200));
    postgres.freezes();
    let waiting = join_all((0..10).map(|_| ada.gets("/people")));
    let watching = async {
        eventually("it is noticed", async || metric(&town, "tidings_database_up").await == 0.0 || bob.gets("/people").await.status != 503).await;
        assert_eq!(metric(&town, "tidings_database_up").await, 0.0);
        bob.polls_and_hears_nothing().await;
        let begun = std::time::Instant::now();
        bob.gets("/people").await.is_a_page_that_says(503, "try again");
        assert!(begun.elapsed() < Duration::from_secs(2), "nobody waits in turn for what is known: {:?}", begun.elapsed());
        postgres.thaws();
    };
    tokio::join!(waiting, watching);
    eventually("it goes on", async || town.stranger("operator").gets("/readyz").await.status == 200).await;
    ada.follows(&bob).await;
    bob.hears_within(BOUND, "ada follows you").await;
}

#[tokio::test]
async fn connections_that_the_server_ends_are_nobodys_trouble() {
    let town = Town::at(beside(None)).await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let mut operator = town.site.home.shell();
    for round in 0..4 {
        // So many at once that the pool has several connections, used too recently to be pinged.
        let busy = join_all((0..16).map(|_| ada.gets("/people"))).await;
        assert!(busy.iter().all(|answer| answer.status == 200));
        let ended = diesel::sql_query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        assert!(ended.execute(&mut operator).unwrap() > 1, "connections besides the sweep's");
        if round % 2 == 0 {
            assert_eq!(bob.gets("/people").await.status, 200, "a look first");
        } else {
            ada.follows(&bob).await;
            ada.unfollows(&bob).await;
        }
        let after = join_all((0..16).map(|_| ada.gets("/people"))).await;
        assert!(after.iter().all(|answer| answer.status == 200), "{after:?}");
    }
}

#[tokio::test]
async fn an_outage_is_one_line_in_the_log_at_each_end() {
    let (mut postgres, mut redis) = (Postgres::start().await, Redis::start().await);
    let home = Home::on(&postgres.url(), Some(&redis.url()));
    let site = Process::serve(&home).await;
    let asks = async |path: &str| reqwest::get(format!("{}{path}", site.url)).await.unwrap().text().await.unwrap();
    redis.is_killed().await;
    eventually("Redis is missed", async || asks("/readyz").await.contains("out of use")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.comes_back().await;
    eventually("Redis is used again", async || asks("/readyz").await.contains("redis: ok")).await;
    // Full and empty: reads and pings succeed, only writes fail.
    let (_bob, crowd) = (Guest::signs_up(&site.url, "bob").await, ["ada", "cleo", "dora", "emil"]);
    let _: () = redis.asked("CONFIG SET maxmemory 1");
    for name in crowd {
        let guest = Guest::signs_up(&site.url, name).await;
        assert_eq!(guest.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    let _: () = redis.asked("CONFIG SET maxmemory 0");
    eventually("Redis is used again", async || asks("/readyz").await.contains("redis: ok")).await;
    postgres.is_killed().await;
    for _ in 0..20 {
        asks("/readyz").await;
    }
    postgres.comes_back().await;
    eventually("the database is used again", async || asks("/readyz").await.starts_with("ready")).await;
    super::servers::signal(&site.child, "TERM");
    let (log, status) = site.ends().await;
    assert!(status.success(), "{log:?}");
    let about = |word: &str| log.iter().filter(|line| line.contains(word)).count();
    assert_eq!((about("is out of use"), about("carries the stamps again")), (2, 2), "{log:#?}");
    assert_eq!((about("cannot be reached"), about("is back")), (1, 1), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[tokio::test]
async fn eight_writers_on_one_person_with_clocks_an_hour_apart() {
    let postgres = std::env::var("TEST_POSTGRES").unwrap();
    for home in [Home::in_a_file(), Home::on(&postgres, None)] {
        let here = Town::at(home).await;
        let there = here.another_instance().await;
        let bob = here.signs_up("bob").await;
        there.site.app.clock.shift(HOUR);
        let writers = join_all((0..8).map(async |n| {
            let app = if n % 2 == 0 { &here.site.app } else { &there.site.app };
            let mut written = Vec::new();
            for step in 0..40 {
                if n == 0 && step == 20 {
                    here.site.app.clock.shift(-HOUR);
                    there.site.app.clock.shift(-2 * HOUR);
                }
                let stamp = app.change(|tx| Ok(advance(tx, UserId(1))?)).await.unwrap();
                written.push(stamp.unwrap());
            }
            written
        }))
        .await;
        assert!(writers.iter().all(|stamps| stamps.is_sorted_by(|earlier, later| earlier < later)), "each sees only later ones");
        let mut all: Vec<i64> = writers.into_iter().flatten().collect();
        all.sort_unstable();
        let last = *all.last().unwrap();
        assert_eq!(all.len(), 320);
        all.dedup();
        assert_eq!(all.len(), 320, "no stamp is given twice");
        let me = bob.sends(bob.request(reqwest::Method::GET, "/api/me")).await.json();
        assert_eq!(me["lastUpdate"], last, "the newest one stays");
        eventually("every copy has it", async || there.site.app.stamps.remembered(UserId(1)).is_none_or(|stamp| stamp == last)).await;
    }
}

#[tokio::test]
async fn everybody_does_everything_to_everybody_and_nobody_is_refused() {
    let here = Town::at(beside(None)).await;
    let there = here.another_instance().await;
    let mut crowd = Vec::new();
    for n in 0..6 {
        crowd.push(if n % 2 == 0 { &here } else { &there }.signs_up(&format!("guest_{n}")).await);
    }
    let statuses = join_all(crowd.iter().enumerate().map(async |(n, guest)| {
        let mut answered = Vec::new();
        for round in 0..12 {
            for other in crowd.iter().filter(|other| other.name != guest.name) {
                answered.push(guest.posts(&format!("/people/{}/follow", other.name), &[]).await);
                if (round + n) % 3 == 0 {
                    answered.push(guest.posts(&format!("/people/{}/unfollow", other.name), &[]).await);
                }
            }
            answered.push(guest.posts("/notifications/read", &[("through", "9223372036854775807")]).await);
        }
        answered
    }))
    .await;
    let refused: Vec<_> = statuses.iter().flatten().filter(|answer| answer.status != 303).collect();
    assert!(refused.is_empty(), "{refused:?}");

    // All delete their accounts at once: each is in everybody else's inbox.
    let password = [("password", crate::support::town::PASSWORD)];
    let gone = join_all(crowd.iter().map(|guest| guest.posts("/settings/delete", &password))).await;
    assert!(gone.iter().all(|answer| answer.status == 303), "{gone:?}");
    let left: i64 = tidings::schema::users::table.count().get_result(&mut here.site.home.shell()).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_refused_in_a_sentence_after_a_few_tries() {
    let url = format!("postgres://ada:hunter2@127.0.0.1:{}/tidings", free_port());
    let refused = process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).await;
    let said = refused.stderr;
    assert!(!refused.status.success() && !said.contains("hunter2"), "{said}");
    let last = said.trim().lines().last().unwrap();
    assert!(last.starts_with("tidings: cannot open the database postgres://127.0.0.1:") && last.contains("refused"), "{said}");
    assert_eq!(said.trim().lines().count(), 2, "that it waits, and why it gave up: {said}");
}

#[tokio::test]
async fn a_wrong_password_or_database_is_said_and_not_repeated() {
    let postgres = Postgres::start().await;
    let at = postgres.url();
    let host = at.split_once('@').unwrap().1;
    for (url, why) in [(format!("postgres://nobody:hunter2@{host}/postgres"), "nobody"), (format!("{at}/nothing_here"), "nothing_here")] {
        let refused = process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).await;
        let said = refused.stderr;
        assert!(!refused.status.success() && said.contains(why) && !said.contains("hunter2"), "{said}");
        assert!(said.trim().lines().last().unwrap().starts_with("tidings: cannot open the database postgres://"), "{said}");
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    let columns = |home: Home, query: &str| -> Vec<String> {
        let rows: Vec<Column> = diesel::sql_query(query).load(&mut home.shell()).unwrap();
        rows.into_iter().map(|row| row.described).collect()
    };
    let (file, server) = (Home::in_a_file(), beside(None));
    for home in [&file, &server] {
        drop(Process::start(process::command(&[], &process::environment(home))).await);
    }
    let file = columns(
        file,
        "SELECT t.name || '.' || c.name || ' ' || CASE WHEN c.type = 'INTEGER' THEN 'BIGINT' ELSE c.type END || CASE WHEN c.\"notnull\" THEN '' ELSE ' NULL' END \
         AS described FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
         ORDER BY t.name, c.cid",
    );
    let server = columns(
        server,
        "SELECT (table_name || '.' || column_name || ' ' || replace(upper(data_type), 'BYTEA', 'BLOB') || CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END)::text \
         AS described FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' ORDER BY table_name, ordinal_position",
    );
    assert_eq!(file, server);
    assert!(file.contains(&"users.last_update BIGINT".to_owned()) && file.contains(&"notifications.read_at BIGINT NULL".to_owned()), "{file:?}");
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    described: String,
}

#[tokio::test]
async fn instances_that_start_together_on_an_empty_database_agree() {
    let home = beside(None);
    let sites = join_all((0..6).map(|_| Process::serve(&home))).await;
    for site in &sites {
        assert_eq!(reqwest::get(format!("{}/readyz", site.url)).await.unwrap().status(), 200);
        assert!(site.log.iter().all(|line| !line.contains("WARN") && !line.contains("ERROR")), "{:?}", site.log);
    }
    // One key signs for all of them.
    let ada = Guest::signs_up(&sites[0].url, "ada").await;
    for site in &sites {
        assert!(ada.inbox(&site.url).await.is_empty());
        assert_eq!(ada.polls(&site.url, "/api/stream?since=0").await.status, 204);
    }
}
