//! Limits per hour: accounts from one address, follows by one person.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::process::{Process, command, environment, run};
use crate::support::town::{PASSWORD, Town};

async fn with_sign_ups(per_hour: &str) -> Town {
    Town::with(|settings| {
        settings.signups_per_hour = Some(per_hour.into());
        settings.trusted_proxies = Some("127.0.0.1".into());
    })
    .await
}

async fn with_follows(per_hour: &str) -> Town {
    Town::with(|settings| settings.follows_per_hour = Some(per_hour.into())).await
}

async fn signs_up_from(town: &Town, address: &str, name: &str) -> u16 {
    town.stranger(name).posts_from(address, "/signup", &[("username", name), ("password", PASSWORD)]).await.status.as_u16()
}

/// Lets an hour pass for what is recorded: the clock of a server cannot be moved.
fn an_hour_passes(town: &Town) {
    let rows = "UPDATE limited_actions SET created_at = created_at - 3600000; UPDATE follows SET created_at = created_at - 3600000";
    town.site.home.shell().batch_execute(rows).unwrap();
}

#[tokio::test]
async fn one_address_makes_so_many_accounts_an_hour_on_whatever_instance() {
    let here = with_sign_ups("3").await;
    let there = here.another_instance_with(|settings| {
        settings.signups_per_hour = Some("3".into());
        settings.trusted_proxies = Some("127.0.0.1".into());
    });
    let there = there.await;
    for (town, name) in [(&here, "ada"), (&there, "bob"), (&here, "cleo")] {
        assert_eq!(signs_up_from(town, "203.0.113.5", name).await, 303);
    }
    for town in [&here, &there] {
        let refused = town.stranger("dora").posts_from("203.0.113.5", "/signup", &[("username", "Dora"), ("password", PASSWORD), ("next", "/people")]).await;
        refused.is_a_page_that_says(429, "Too many accounts were made from your network");
        let wait: u32 = refused.header("retry-after").parse().unwrap();
        assert!((3_500..=3_601).contains(&wait), "{wait}");
        let page = refused.page();
        assert_eq!((page.attr("#username", "value"), page.attr("input[name=next]", "value")), ("Dora".to_owned(), "/people".to_owned()));
        assert!(!page.exists("[aria-invalid]"), "nothing is wrong with what was typed");
    }
    assert_eq!(signs_up_from(&here, "203.0.113.5", "ada").await, 303, "a repeat is a sign-in");
    assert_eq!(signs_up_from(&here, "203.0.113.6", "dora").await, 303, "somebody else's address");
    an_hour_passes(&here);
    assert_eq!(signs_up_from(&there, "203.0.113.5", "eve").await, 303);
    let metrics = here.program().gets("/metrics").await.body;
    assert!(metrics.contains("tidings_limited_total{limit=\"sign_ups\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_household_of_ipv6_is_one_address_and_sign_ups_sent_together_are_counted() {
    let town = with_sign_ups("4").await;
    let together = join_all((0..12).map(async |n| signs_up_from(&town, &format!("2001:db8:0:7::{n}"), &format!("guest_{n}")).await)).await;
    assert_eq!(together.iter().filter(|status| **status == 303).count(), 4, "{together:?}");
    assert!(together.iter().all(|status| [303, 429].contains(status)), "{together:?}");
    assert_eq!(signs_up_from(&town, "2001:db8:0:8::1", "ada").await, 303, "the next household");
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test]
async fn no_address_is_kept_and_what_no_longer_counts_goes() {
    let town = with_sign_ups("3").await;
    signs_up_from(&town, "203.0.113.5", "ada").await;
    let mut shell = town.site.home.shell();
    let mut count = |what: &str| diesel::sql_query(format!("SELECT count(*) AS n FROM limited_actions {what}")).get_result::<Number>(&mut shell).unwrap().n;
    assert_eq!((count(""), count("WHERE actor LIKE '%203%113%'")), (1, 0));
    an_hour_passes(&town);
    signs_up_from(&town, "203.0.113.6", "bob").await;
    assert_eq!(count(""), 1, "ada's is gone");
    let unlimited = with_sign_ups("0").await;
    for n in 0..25 {
        assert_eq!(signs_up_from(&unlimited, "203.0.113.5", &format!("guest_{n}")).await, 303);
    }
}

#[tokio::test]
async fn one_person_follows_so_many_an_hour_by_page_and_program() {
    let here = with_follows("3").await;
    let there = here.another_instance_with(|settings| settings.follows_per_hour = Some("3".into())).await;
    let ada = here.signs_up("ada").await;
    let mut others = Vec::new();
    for name in ["bob", "cleo", "dora", "eve"] {
        others.push(here.signs_up(name).await);
    }
    let [bob, cleo, dora, eve] = &others[..] else { panic!() };
    let (program, there) = (ada.program().await, there.signs_in("ada").await);
    ada.follows(bob).await;
    there.follows(cleo).await;
    let follow = async |whom: i64| program.posts("/api/follow", &json!({"userId": whom})).await;
    assert_eq!(follow(dora.id().await).await.status, 201);
    for refused in [follow(eve.id().await).await, there.program().await.posts("/api/follow", &json!({"userId": eve.id().await})).await] {
        refused.is_a_problem(429);
        let wait: u32 = refused.header("retry-after").parse().unwrap();
        assert!((3_500..=3_601).contains(&wait), "{wait}");
    }
    ada.posts("/people/eve/follow", &[]).await.is_a_page_that_says(429, "You have followed a lot of people");
    let pressed = ada.presses("/people/eve/follow", &[]).await;
    assert!(pressed.status == 429 && pressed.body.starts_with("<span>You have followed a lot of people"), "{}", pressed.body);
    eve.sees([]).await;
    // What is there already is no new follow.
    assert_eq!((follow(bob.id().await).await.status.as_u16(), ada.posts("/people/cleo/follow", &[]).await.status.as_u16()), (200, 303));
    assert_eq!(bob.posts("/people/eve/follow", &[]).await.status, 303, "others have limits of their own");
    an_hour_passes(&here);
    assert_eq!(follow(eve.id().await).await.status, 201);
}

#[tokio::test]
async fn taking_a_follow_back_does_not_evade_the_limit() {
    let town = with_follows("3").await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    for _ in 0..3 {
        ada.follows(&bob).await;
        ada.unfollows(&bob).await;
    }
    for name in ["bob", "cleo"] {
        assert_eq!(ada.posts(&format!("/people/{name}/follow"), &[]).await.status, 429, "{name}");
    }
    ada.unfollows(&bob).await;
    an_hour_passes(&town);
    ada.follows(&bob).await;
    // An old follow that is taken back counts for nothing.
    an_hour_passes(&town);
    ada.unfollows(&bob).await;
    for other in [&bob, &cleo, &bob] {
        ada.follows(other).await;
    }
}

#[tokio::test]
async fn follows_sent_together_are_counted() {
    let town = with_follows("5").await;
    let ada = town.signs_up("ada").await;
    town.site
        .home
        .shell()
        .batch_execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO users (username, password_hash, last_update, created_at) \
             SELECT 'guest_' || i, '-', 0, i FROM n",
        )
        .unwrap();
    let together = join_all((1..=30).map(async |n| ada.posts(&format!("/people/guest_{n}/follow"), &[]).await.status.as_u16())).await;
    assert_eq!(together.iter().filter(|status| **status == 303).count(), 5, "{together:?}");
    assert!(together.iter().all(|status| [303, 429].contains(status)), "{together:?}");
}

/// What is limited is written down with the address, as README's filter for fail2ban reads it; and operators are not limited.
#[tokio::test]
async fn a_refusal_is_in_the_log_and_operators_are_not_limited() {
    let town = Town::new().await;
    let home = &town.site.home;
    let limits = [("SIGNUPS_PER_HOUR", "1"), ("FOLLOWS_PER_HOUR", "1")];
    let process = Process::start(command(&[], &[environment(home), limits.to_vec()].concat())).await;
    let post = async |path: &str, cookie: &str, form: &[(&str, &str)]| {
        let request = crate::support::http::client().post(format!("{}{path}", process.url)).form(form).header("sec-fetch-site", "same-origin");
        let request = if cookie.is_empty() { request } else { request.header("cookie", cookie) };
        request.send().await.unwrap()
    };
    let made = post("/signup", "", &[("username", "ada"), ("password", PASSWORD)]).await;
    let cookie = made.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(post("/signup", "", &[("username", "bob"), ("password", PASSWORD)]).await.status(), 429);
    for name in ["cleo", "dora"] {
        assert!(run(&["user", "add", name], &environment(home)).await.status.success());
        post(&format!("/people/{name}/follow"), &cookie, &[]).await;
    }
    let metrics = reqwest::get(format!("{}/metrics", process.url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("limited_total{limit=\"sign_ups\"} 1") && metrics.contains("limited_total{limit=\"follows\"} 1"), "{metrics}");
    let log = process.stops().await;
    let refused: Vec<_> = log.iter().filter(|line| line.ends_with("answered 429: address 127.0.0.1")).collect();
    assert!(refused.len() == 2 && refused[0].contains("POST /signup") && refused[1].contains("POST /people/dora/follow"), "{log:?}");
}
