//! Trouble: a locked database, requests that never end, everybody at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join_all;
use tidings::clock::DAY;
use tidings::db::Connection;

use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::Process;
use crate::support::town::Town;

#[tokio::test]
async fn a_locked_database_is_a_503_for_who_writes_and_nothing_for_who_reads() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let program = ada.program().await;
    bob.opens("/notifications").await;
    let mut other = town.site.home.locked();
    let follow = ada.posts("/people/bob/follow", &[]).await;
    follow.is_a_page_that_says(503, "Nothing was changed");
    assert_eq!(follow.header("retry-after"), "5");
    let body = serde_json::json!({"userId": bob.id().await});
    let follow = program.posts("/api/follow", &body).await;
    follow.is_a_problem(503);
    assert_eq!(follow.header("retry-after"), "5");
    bob.polls_and_hears_nothing().await;
    bob.sees([]).await;
    assert_eq!(ada.gets("/people/bob").await.status, 200);

    // Ten at once do not queue: each is answered within the time that one may take.
    let begun = Instant::now();
    let answers = join_all((0..10).map(|_| ada.posts("/people/bob/follow", &[]))).await;
    assert!(answers.iter().all(|answer| answer.status == 503));
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());

    other.batch_execute("ROLLBACK").unwrap();
    bob.sees([]).await;
    ada.follows(&bob).await;
    bob.sees(["ada follows you"]).await;
}

#[tokio::test]
async fn a_page_that_renews_its_session_does_not_wait_for_a_locked_database() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.site.app.clock.shift(3 * DAY);
    let mut other = town.site.home.shell();
    let lock = if matches!(other, Connection::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN; LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE" };
    other.batch_execute(lock).unwrap();
    for _ in 0..3 {
        let begun = Instant::now();
        let page = bob.gets("/people").await;
        assert_eq!(page.status, 200);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    other.batch_execute("ROLLBACK").unwrap();
    // What could not be written then is written at a later page, and the fortnight counts from there.
    let renewed = async || {
        bob.gets("/people").await;
        let ends = "SELECT idle_expires_at AS n FROM sessions";
        diesel::sql_query(ends).get_result::<Number>(&mut town.site.home.shell()).unwrap().n > town.site.app.clock.now() + 13 * DAY
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while !renewed().await {
        assert!(Instant::now() < deadline, "the session was never renewed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    town.site.app.clock.shift(13 * DAY);
    assert_eq!(bob.gets("/people").await.status, 200);
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test]
async fn a_crowd_at_once_is_counted_to_the_last() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    bob.opens("/notifications").await;
    let mut crowd = Vec::new();
    for n in 0..16 {
        crowd.push(Arc::new(town.signs_up(&format!("guest_{n:02}")).await));
    }
    let stamps = join_all(crowd.iter().map(async |guest| {
        guest.follows(&bob).await;
        town.site.app.stamps.remembered(tidings::ids::UserId(1)).unwrap()
    }))
    .await;
    assert!(stamps.iter().all(|stamp| *stamp > 0));
    assert_eq!(bob.polls().await.fragment().badge(), 16);
    bob.polls_and_hears_nothing().await;
    assert_eq!(bob.inbox().await.len(), 16);
}

#[tokio::test]
async fn a_poll_that_reads_while_follows_commit_misses_none() {
    let town = Town::new().await;
    let bob = Arc::new(town.signs_up("bob").await);
    bob.opens("/people").await;
    let mut crowd = Vec::new();
    for n in 0..6 {
        crowd.push(town.signs_up(&format!("guest_{n:02}")).await);
    }
    let polling = async {
        let mut last = 0;
        for _ in 0..400 {
            let answer = bob.polls().await;
            if answer.status == 200 {
                last = answer.fragment().badge();
            }
        }
        last
    };
    let following = join_all(crowd.iter().map(async |guest| {
        for _ in 0..5 {
            guest.follows(&bob).await;
            guest.unfollows(&bob).await;
        }
        guest.follows(&bob).await;
    }));
    let (mut heard, _) = tokio::join!(polling, following);
    while let answer = bob.polls().await
        && answer.status == 200
    {
        heard = answer.fragment().badge();
    }
    assert_eq!(heard, 6, "what the tab shows once it hears nothing more");
    assert_eq!(bob.inbox().await.len(), 6);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_flood_of_sign_ins_does_not_fill_the_memory() {
    let home = Home::new();
    let site = Process::serve(&home).await;
    Guest::signs_up(&site.url, "ada").await;
    for _ in 0..4 {
        let signing_in = (0..20).map(|_| Guest::signs_in(&site.url, "ada"));
        join_all(signing_in).await;
    }
    // At most four threads hash, 19 MiB each. (With every thread of the server it was half a gigabyte.)
    assert!(site.memory() < 150, "{} MiB", site.memory());
}

#[tokio::test]
async fn a_body_that_never_arrives_is_not_waited_for_for_ever() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let town = Town::new().await;
    let mut connection = tokio::net::TcpStream::connect(town.site.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = connection.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(40), reading).await.expect("still waiting").unwrap();
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn alive_and_ready_are_two_things() {
    let town = Town::new().await;
    let operator = town.stranger("operator");
    assert_eq!(operator.gets("/healthz").await.status, 200);
    assert_eq!(operator.gets("/readyz").await.status, 200);
    let before = town.site.app.statements();
    operator.gets("/healthz").await;
    assert_eq!(town.site.app.statements(), before, "healthz touches nothing");

    // A database that hangs: every connection of the pool is in use.
    let app = &town.site.app;
    let hanging = join_all((0..8).map(|_| {
        app.snapshot(|_| {
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        })
    }));
    let asking = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::join!(operator.gets("/readyz"), operator.gets("/healthz"))
    };
    let (_, (ready, alive)) = tokio::join!(hanging, asking);
    assert_eq!((ready.status.as_u16(), ready.header("retry-after")), (503, "5"));
    assert_eq!(alive.status, 200, "nobody restarts it for that");
    assert_eq!(operator.gets("/readyz").await.status, 200, "and it passes");
}

#[tokio::test]
async fn the_cause_is_logged_once_and_a_polite_stop_is_a_clean_one() {
    let home = Home::new();
    let site = Process::serve(&home).await;
    let ada = Guest::signs_up(&site.url, "ada").await;
    Guest::signs_up(&site.url, "bob").await;
    let other = home.locked();
    assert_eq!(ada.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 503);
    drop(other);
    assert_eq!(ada.posts(format!("{}/people/nobody/follow", site.url)).await.unwrap(), 404);
    let pid = site.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (log, status) = site.ends().await;
    let troubles: Vec<_> = log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(troubles.len() == 1 && troubles[0].contains("POST /people/bob/follow answered 503") && troubles[0].contains("lock"), "{troubles:?}");
    assert!(status.success() && log.last().unwrap().ends_with("stopped"), "{status} {log:?}");
}

#[tokio::test]
async fn another_writer_is_waited_for_and_what_it_wrote_is_seen() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let mut other = town.site.home.locked();
    other.batch_execute("UPDATE users SET last_update = last_update + 1 WHERE username = 'ada'").unwrap();
    let commit = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        other.batch_execute("COMMIT").unwrap();
    };
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(ada.posts("/people/bob/follow", &[]), commit);
    assert_eq!(answer.status, 303);
    assert!(begun.elapsed() >= Duration::from_millis(400));
    bob.sees(["ada follows you"]).await;
    let me = ada.sends(ada.request(reqwest::Method::GET, "/api/me")).await.json();
    assert_eq!(me["lastUpdate"], 1, "what the other one wrote is there as well");
}

#[tokio::test]
async fn whom_one_follows_while_they_leave_is_gone() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let program = ada.program().await;
    let (id, mut leaving) = (bob.id().await, town.site.home.shell());
    let begin = if matches!(leaving, Connection::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN" };
    leaving.batch_execute(&format!("{begin}; DELETE FROM users WHERE username = 'bob'")).unwrap();
    let gone = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        leaving.batch_execute("COMMIT").unwrap();
    };
    let body = serde_json::json!({"userId": id});
    let (page, json, ()) = tokio::join!(ada.posts("/people/bob/follow", &[]), program.posts("/api/follow", &body), gone);
    page.is_a_page_that_says(404, "nothing at this address");
    json.is_a_problem(404);
}
