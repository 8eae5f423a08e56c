//! Guessing at passwords, and those who must not suffer from it: the owner, neighbours behind one address. And clocks that are set.

use diesel::connection::SimpleConnection;

use crate::support::person::Person;
use crate::support::process::{Process, command, environment};
use crate::support::town::{PASSWORD, Town};
use tidings::clock::{DAY, HOUR, MINUTE, SECOND};

async fn behind_a_proxy() -> Town {
    Town::with(|settings| settings.trusted_proxies = Some("127.0.0.1".into())).await
}

async fn guesses(town: &Town, from: &str, name: &str) -> u16 {
    town.stranger(name).posts_from(from, "/signin", &[("username", name), ("password", "wrong password")]).await.status.as_u16()
}

async fn signs_in(town: &Town, from: &str, name: &str) -> u16 {
    town.stranger(name).posts_from(from, "/signin", &[("username", name), ("password", PASSWORD)]).await.status.as_u16()
}

async fn signs_up(town: &Town, from: &str, name: &str) -> Person {
    let person = town.stranger(name);
    assert_eq!(person.posts_from(from, "/signup", &[("username", name), ("password", PASSWORD)]).await.status, 303);
    person
}

#[tokio::test]
async fn strangers_who_guess_at_a_name_do_not_keep_its_owner_out() {
    let town = behind_a_proxy().await;
    for (name, home, attackers) in [("ada", "203.0.113.5", "198.51.100.{}"), ("bob", "2001:db8:5:5::5", "2001:db8:0:{}::1")] {
        let owner = signs_up(&town, home, name).await;
        let mut statuses = Vec::new();
        for n in 0..40 {
            statuses.push(guesses(&town, &attackers.replace("{}", &n.to_string()), name).await);
        }
        assert!((10..40).contains(&statuses.iter().filter(|status| **status == 401).count()), "{statuses:?}");
        assert_eq!(signs_in(&town, "192.0.2.77", name).await, 429, "from where they never were, even the right password waits");
        for _ in 0..10 {
            assert_eq!(signs_in(&town, home, name).await, 303, "from where they signed up");
        }
        let change = [("username", name), ("current", PASSWORD), ("password", "another secret")];
        assert_eq!(owner.posts_from("192.0.2.77", "/settings/password", &change).await.header("location"), "/settings?done=password");
        assert_eq!(owner.posts_from("192.0.2.78", "/settings/delete", &[("password", "another secret")]).await.header("location"), "/?done=deleted");
    }
}

#[tokio::test]
async fn where_somebody_was_signed_in_is_remembered_also_by_another_instance_and_after_signing_out() {
    let here = behind_a_proxy().await;
    signs_up(&here, "203.0.113.5", "ada").await;
    let visitor = here.stranger("ada");
    visitor.posts_from("203.0.113.9", "/signin", &[("username", "ada"), ("password", PASSWORD)]).await;
    visitor.posts("/signout", &[]).await;
    let there = here.another_instance_with(|settings| settings.trusted_proxies = Some("127.0.0.1".into())).await;
    for town in [&here, &there] {
        for n in 0..20 {
            guesses(town, &format!("198.51.100.{n}"), "ada").await;
        }
        assert_eq!((signs_in(town, "203.0.113.9", "ada").await, signs_in(town, "203.0.113.5", "ada").await), (303, 303));
        assert_eq!(signs_in(town, "203.0.113.10", "ada").await, 429);
    }
}

/// Who knows a password of one account is not let off guessing at another; and from a known place nobody may guess for ever.
#[tokio::test]
async fn a_known_address_is_known_for_one_name_and_is_no_licence_to_guess() {
    let town = behind_a_proxy().await;
    signs_up(&town, "203.0.113.5", "ada").await;
    signs_up(&town, "203.0.113.66", "eve").await;
    for n in 0..20 {
        guesses(&town, &format!("198.51.100.{n}"), "ada").await;
    }
    assert_eq!(guesses(&town, "203.0.113.66", "ada").await, 429);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(guesses(&town, "203.0.113.5", "ada").await);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    assert_eq!(signs_in(&town, "203.0.113.66", "eve").await, 303);
}

#[tokio::test]
async fn an_address_with_many_failures_lets_the_neighbours_in_and_newcomers_within_seconds() {
    let town = Town::new().await;
    town.signs_up("ada").await;
    town.site.home.shell().batch_execute("INSERT INTO users (username, password_hash, created_at) SELECT 'newcomer', password_hash, 1 FROM users").unwrap();
    for n in 0..100 {
        let stranger = town.stranger("x");
        stranger.posts("/signin", &[("username", &format!("name_{n}")), ("password", "wrong password")]).await;
        town.site.app.clock.shift(1_000);
    }
    town.signs_in("ada").await;
    let newcomer = town.stranger("newcomer");
    let mut answer = newcomer.posts("/signin", &[("username", "newcomer"), ("password", PASSWORD)]).await;
    if answer.status == 429 {
        let wait: i64 = answer.header("retry-after").parse().unwrap();
        assert!(wait < 10, "{wait}");
        town.site.app.clock.shift(wait * 1_000);
        answer = newcomer.posts("/signin", &[("username", "newcomer"), ("password", PASSWORD)]).await;
    }
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_said_once_in_the_log() {
    let town = Town::new().await;
    let process = Process::start(command(&[], &environment(&town.site.home))).await;
    for _ in 0..3 {
        let request = reqwest::Client::new().post(format!("{}/signin", process.url)).header("X-Forwarded-For", "203.0.113.5");
        request.form(&[("username", "ada"), ("password", "wrong password")]).send().await.unwrap();
    }
    let log = process.stops().await;
    let said: Vec<_> = log.iter().filter(|line| line.contains("TRUSTED_PROXIES")).collect();
    assert!(said.len() == 1 && said[0].contains("WARN") && said[0].contains("127.0.0.1 sends X-Forwarded-For"), "{log:?}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nobody_wait() {
    let town = Town::new().await;
    town.signs_up("ada").await;
    let wrong = async || town.stranger("ada").posts("/signin", &[("username", "ada"), ("password", "wrong password")]).await;
    for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8] {
        town.site.app.clock.shift(pause * SECOND);
        assert_eq!(wrong().await.status, 401);
    }
    for jump in [-HOUR, 2 * HOUR, -HOUR] {
        town.site.app.clock.jump(jump);
        let refused = wrong().await;
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!(refused.status == 429 && (2..=17).contains(&wait), "{wait}");
    }
    town.site.app.clock.shift(16 * SECOND);
    town.signs_in("ada").await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_while_ends_no_session() {
    let town = Town::new().await;
    let (ada, program) = (town.signs_up("ada").await, town.signs_up("bob").await.program().await);
    for ahead in [16 * DAY, 3_650 * DAY] {
        for (uptime, name) in [(0, "first"), (2 * DAY, "later")] {
            town.site.app.clock.shift(uptime);
            ada.opens("/people").await;
            town.signs_in("bob").await;
            town.site.app.clock.jump(ahead);
            assert_eq!(ada.gets("/people").await.status, 303);
            town.signs_up(&format!("{name}_{}", ahead / DAY)).await;
            town.site.app.clock.jump(-ahead);
            ada.opens("/people").await;
            assert_eq!(program.gets("/api/me").await.status, 200);
        }
    }
}

#[tokio::test]
async fn sessions_that_ended_long_ago_are_deleted() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.posts("/settings/sessions/others/revoke", &[]).await;
    let old = "UPDATE sessions SET idle_expires_at = 1000";
    town.site.home.shell().batch_execute(old).unwrap();
    town.signs_up("bob").await;
    assert_eq!(count_sessions(&town), 2, "nothing is certain of a clock that was just started");
    town.site.app.clock.shift(DAY + MINUTE);
    town.signs_up("cleo").await;
    assert_eq!(count_sessions(&town), 2, "bob's and cleo's");
}

fn count_sessions(town: &Town) -> i64 {
    use diesel::prelude::*;
    tidings::schema::sessions::table.count().get_result(&mut town.site.home.shell()).unwrap()
}
