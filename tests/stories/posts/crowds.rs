//! Posts to crowds over HTTP, with deliveries beside requests, on two instances at once.

use futures_util::future::join_all;
use serde_json::json;
use tidings::db::Connection;

use super::{fans_follow, made, number};
use crate::site::Home;
use crate::support::person::Person;
use crate::support::random::Random;
use crate::support::town::{PASSWORD, Town};
use crate::support::until::until;

fn count(home: &Home, what: &str) -> i64 {
    number(&mut home.shell(), &format!("SELECT count(*) AS n FROM {what}"))
}

async fn nothing_is_open(home: &Home) {
    until("every delivery is done", async || count(home, "deliveries") == 0).await;
}

/// Badge and list agree, whatever is being written at this moment.
async fn agrees(person: &Person) {
    let page = person.gets("/notifications").await.page();
    assert_eq!(page.badge(), page.notifications().iter().filter(|line| line.unread).count() as i64);
    let inbox = person.program().await.gets("/api/notifications?show=unread&limit=100").await.json();
    assert_eq!(inbox["unread"], inbox["notifications"].as_array().unwrap().len());
}

#[tokio::test]
async fn a_crowd_hears_once_and_forgets_at_once() {
    let town = Town::new().await;
    let there = town.another_instance().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    fans_follow(&town.site.home, ada.id().await, 2_300);
    let zoe = there.signs_up("zoe").await;
    for person in [&bob, &zoe] {
        person.follows(&ada).await;
        person.opens("/notifications").await;
    }
    let program = ada.program().await;
    let id = made(&program, json!({"text": "Hello, everybody"})).await["id"].clone();
    while count(&town.site.home, "deliveries") > 0 {
        agrees(&bob).await;
        agrees(&zoe).await;
    }
    assert_eq!((count(&town.site.home, &format!("notifications WHERE post_id = {id}")), bob.badge().await, zoe.badge().await), (2_302, 1, 1));
    bob.hears_within(10, "ada posted: Hello, everybody").await;
    zoe.hears_within(10, "ada posted: Hello, everybody").await;
    let metrics = town.program().gets("/metrics").await.body + &there.program().gets("/metrics").await.body;
    assert!(metrics.contains("tidings_notifications_total{kind=\"post\"}"), "{metrics}");

    assert_eq!(program.deletes(&format!("/api/posts/{id}")).await.status, 204);
    for person in [&bob, &zoe] {
        person.sees([]).await;
        agrees(person).await;
    }
    program.gets(&format!("/api/posts/{id}")).await.is_a_problem(404);
    program.deletes(&format!("/api/posts/{id}")).await.is_a_problem(404);
    nothing_is_open(&town.site.home).await;
    assert_eq!((count(&town.site.home, "posts"), count(&town.site.home, "notifications WHERE kind = 'post'")), (0, 0));
}

/// Posts, deletions, follows and leavings on two instances, while both deliver. Locked in any order but one, some of these would wait for each
/// other, and the database would refuse one.
#[tokio::test]
async fn deliveries_deletions_and_leavings_do_not_wait_for_each_other() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let home = &here.site.home;
    let mut random = Random::new();
    let mut fans = Vec::new();
    for name in ["bob", "cleo"] {
        fans.push(here.signs_up(name).await);
    }
    for round in 0..24 {
        let ada = here.signs_up(&format!("ada_{round}")).await;
        let id = ada.id().await;
        if round == 0 {
            fans_follow(home, id, 1_200);
        } else {
            let rows = format!(
                "INSERT INTO follows (follower_id, followee_id, created_at) SELECT follower_id, {id}, 1 FROM follows WHERE followee_id = {} AND follower_id IN (SELECT id FROM users WHERE username LIKE 'fan%')",
                first_author(home)
            );
            diesel::connection::SimpleConnection::batch_execute(&mut home.shell(), &rows).unwrap();
        }
        let (near, posts) = (ada.program().await, [json!({"text": "one", "collapse": "c"}), json!({"text": "two", "collapse": "c"})]);
        let far = there.program().with_token(&near.token);
        let made = join_all([&near, &far].into_iter().zip(&posts).map(|(program, body)| program.posts("/api/posts", body))).await;
        let ids: Vec<_> = made.iter().map(|answer| answer.json()["id"].as_i64().unwrap_or_else(|| panic!("{}", answer.body))).collect();
        let (pause, leaves) = (random.below(60) as u64, round % 3 == 2);
        let undo = async {
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            if leaves {
                return vec![ada.posts("/settings/delete", &[("password", PASSWORD)]).await.status.as_u16()];
            }
            let (one, two) = (format!("/api/posts/{}", ids[0]), format!("/api/posts/{}", ids[1]));
            let both = tokio::join!(far.deletes(&one), near.deletes(&two));
            vec![both.0.status.as_u16(), both.1.status.as_u16()]
        };
        let follow = join_all(fans.iter().map(|fan| async {
            let (path, back) = (format!("/people/ada_{round}/follow"), format!("/people/ada_{round}/unfollow"));
            let mut statuses = Vec::new();
            for path in [&path, &back, &path] {
                statuses.push(fan.posts(path, &[]).await.status.as_u16());
            }
            statuses
        }));
        let (undone, followed) = tokio::join!(undo, follow);
        assert!(undone.iter().all(|status| [204, 303].contains(status)), "round {round}: {undone:?}");
        assert!(followed.concat().iter().all(|status| [303, 404].contains(status)), "round {round}: {followed:?}");
    }
    nothing_is_open(home).await;
    assert_eq!((count(home, "posts"), count(home, "notifications WHERE kind = 'post'")), (0, 0));
    if matches!(home.shell(), Connection::Postgres(_)) {
        let deadlocks = number(&mut home.shell(), "SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()");
        assert_eq!(deadlocks, 0);
    }
}

/// Whom the crowd followed first.
fn first_author(home: &Home) -> i64 {
    number(&mut home.shell(), "SELECT min(followee_id) AS n FROM follows WHERE follower_id IN (SELECT id FROM users WHERE username LIKE 'fan%')")
}
