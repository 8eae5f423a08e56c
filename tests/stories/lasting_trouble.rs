//! Trouble that lasts and meets every request: it is one line in the log, and one when it is over; and who signs out meanwhile is signed out.

use diesel::connection::SimpleConnection;

use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::Process;
use crate::support::until::until;

/// The lines that an operator has to read.
fn troubles(log: &[String]) -> Vec<&String> {
    log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect()
}

async fn log_at_the_end(site: Process) -> Vec<String> {
    let pid = site.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (log, status) = site.ends().await;
    assert!(status.success(), "{log:#?}");
    log
}

#[tokio::test]
async fn a_lock_is_one_line_however_many_press() {
    let home = Home::new();
    let site = Process::serve(&home).await;
    let (ada, bob) = (Guest::signs_up(&site.url, "ada").await, Guest::signs_up(&site.url, "bob").await);
    let mut lock = home.locked();
    let paths = ["/people/bob/follow", "/people/bob/unfollow", "/notifications/read", "/signout"];
    let pressed = futures_util::future::join_all(paths.map(|path| ada.posts(format!("{}{path}", site.url)))).await;
    let pressed: Vec<u16> = pressed.into_iter().map(Result::unwrap).collect();
    // Those in between have nothing to change, and PostgreSQL sees that without the lock.
    assert_eq!((pressed[0], pressed[3]), (503, 303));
    assert_eq!(bob.posts(format!("{}/signout", site.url)).await.unwrap(), 303);
    lock.batch_execute("ROLLBACK").unwrap();
    until("both are signed out after all", async || {
        let mut statuses = Vec::new();
        for guest in [&ada, &bob] {
            statuses.push(guest.gets(&format!("{}/settings", site.url)).await.status.as_u16());
        }
        statuses == [303, 303]
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    Guest::signs_up(&site.url, "cleo").await;
    let log = log_at_the_end(site).await;
    assert_eq!(troubles(&log).len(), 1, "{log:#?}");
    let over: Vec<_> = log.iter().filter(|line| line.contains("can be written again")).collect();
    assert!(over.len() == 1 && over[0].contains("failures within") && over[0].contains("lock"), "{log:#?}");
}

#[tokio::test]
async fn who_signs_out_loses_the_cookie_at_once_and_the_session_when_it_can() {
    let town = crate::support::town::Town::new().await;
    let (ada, elsewhere) = (town.signs_up("ada").await, town.signs_in("ada").await);
    elsewhere.opens("/notifications").await;
    let (kept, mut lock) = (ada.cookie(), town.site.home.locked());
    let answer = ada.posts("/signout", &[]).await;
    assert_eq!((answer.status.as_u16(), ada.cookie()), (303, None), "the cookie goes");
    ada.takes_cookie(kept);
    assert_eq!(ada.gets("/settings").await.status, 200, "what could not be written is not written");
    lock.batch_execute("ROLLBACK").unwrap();
    until("a copy of the cookie is worth nothing", async || ada.gets("/settings").await.status == 303).await;
    assert_eq!(elsewhere.gets("/settings").await.status, 200, "the other session lives on");
}
