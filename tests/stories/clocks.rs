//! Stories of time: labels that age by themselves, clocks that were wrong, and a database that went back in time.

use diesel::connection::SimpleConnection;
use tidings::clock::{DAY, MINUTE, Millis, SECOND};

use crate::support::html::Dom;
use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::session_tab::stamp_in;
use crate::support::town::Town;

const DECADE: Millis = 3_650 * DAY;

fn now() -> Millis {
    tidings::clock::Clock::default().now()
}

/// What the open page says of the time of its newest line.
fn newest(page: &Dom) -> String {
    page.text_of(".lines > li:first-child time").split_once(" · ").map(|(ago, _)| ago.to_owned()).unwrap()
}

async fn created_at(program: &Program) -> Vec<Millis> {
    let inbox = program.gets("/api/notifications").await.json();
    inbox["notifications"].as_array().unwrap().iter().map(|line| line["createdAt"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn in_an_open_inbox_just_now_does_not_stay_for_ever() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    assert_eq!(newest(&bob.opens("/notifications").await), "just now");
    for (wait, says) in [(MINUTE, "1 minute ago"), (MINUTE, "2 minutes ago"), (58 * MINUTE, "1 hour ago"), (2 * DAY, "2 days ago")] {
        bob.polls_and_hears_nothing().await;
        town.site.app.clock.shift(wait + SECOND);
        assert_eq!(newest(&bob.polls_and_hears("").await), says);
        let before = town.site.app.statements();
        bob.polls_and_hears_nothing().await;
        assert_eq!(town.site.app.statements(), before, "no read for a poll at which no label turns");
    }
    bob.opens("/people").await;
    town.site.app.clock.shift(MINUTE);
    bob.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn after_a_clock_that_was_ahead_times_are_right_and_everything_is_announced() {
    let town = Town::new().await;
    let [ada, bob, eve] = [town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await];
    let program = bob.program().await;
    // PostgreSQL gives the stamps by its own clock, which no test can move: what such a clock leaves behind is moved instead.
    let ahead = format!("UPDATE users SET last_update = {} WHERE username = 'bob'", now() + DECADE);
    town.site.home.shell().batch_execute(&ahead).unwrap();
    let bob = town.signs_in("bob").await;
    let page = bob.opens("/notifications").await;
    assert!(stamp_in(&page.poll_url().unwrap()) > now() + DECADE - DAY, "the stamp stays ahead");
    hears_of(&bob, &ada).await;
    hears_of(&bob, &eve).await;
    let times = created_at(&program).await;
    assert!(times.len() == 2 && times.iter().all(|at| (at - now()).abs() < MINUTE), "{times:?}");
}

/// `follower` follows; it is announced once, and is "just now".
async fn hears_of(person: &Person, follower: &Person) {
    follower.follows(person).await;
    let fragment = person.polls_and_hears(&format!("{} follows you", follower.name)).await;
    assert_eq!(newest(&fragment), "just now");
    person.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_hides_nothing() {
    let town = Town::new().await;
    let [ada, bob, eve] = [town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await];
    town.site.app.clock.shift(DAY);
    ada.follows(&bob).await;
    bob.opens("/notifications").await;
    town.site.app.clock.shift(-DAY);
    hears_of(&bob, &eve).await;
    let program = bob.program().await;
    let newest_at = created_at(&program).await[0];
    assert!((newest_at - now()).abs() < MINUTE, "{newest_at}");
}

#[tokio::test]
async fn a_backup_restored_under_the_running_site_is_seen_in_every_open_tab() {
    let town = Town::new().await;
    let other = town.another_instance().await;
    let [ada, bob, eve] = [town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await];
    let backup = "DELETE FROM notifications; DELETE FROM follows; UPDATE users SET last_update = 0; DELETE FROM users WHERE username = 'eve'";
    ada.follows(&bob).await;
    ada.follows(&eve).await;
    let elsewhere = bob.at(&other);
    for tab in [&elsewhere, &eve] {
        tab.opens("/notifications").await;
        tab.polls_and_hears_nothing().await;
    }
    town.site.home.shell().batch_execute(backup).unwrap();
    elsewhere.hears_within(30, "").await;
    elsewhere.sees([]).await;
    elsewhere.polls_and_hears_nothing().await;
    for _ in 0..300 {
        match eve.polls().await.status.as_u16() {
            204 => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            status => return assert_eq!(status, 401, "there was no account of hers yet"),
        }
    }
    panic!("an account that the backup does not have is told 204");
}
