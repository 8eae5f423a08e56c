//! The secret addresses: made, shown, replaced, removed.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use tidings::ids::UserId;
use tidings::model::users;

use super::support::{asks, asks_unless, new_address, reads, shown_address};
use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};
use crate::support::until::until;

async fn stamp_of(town: &Town, person: &Person) -> i64 {
    let id = UserId(person.id().await);
    town.site.app.query(move |conn| Ok(users::last_update(conn, id)?)).await.unwrap().unwrap()
}

/// What is answered to somebody who asks plainly, and to those who guess the validator.
async fn statuses(town: &Town, path: &str, stamp: i64) -> [u16; 4] {
    let mut statuses = [asks(town, path).await.status.as_u16(), 0, 0, 0];
    for (n, tags) in [format!("W/\"{stamp}\""), format!("\"{stamp}\""), "*".to_owned()].iter().enumerate() {
        statuses[n + 1] = asks_unless(town, path, tags).await.status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn each_feed_has_an_address_of_its_own_that_is_shown_at_any_time() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    assert_eq!((shown_address(&ada, "notifications").await, shown_address(&ada, "posts").await), (None, None));
    let notifications = new_address(&ada, "notifications").await;
    assert_eq!(shown_address(&ada, "posts").await, None);
    let posts = new_address(&ada, "posts").await;
    assert!(notifications.starts_with("/feeds/") && notifications.ends_with("/notifications.atom") && posts.ends_with("/posts.atom"));
    assert_eq!(shown_address(&town.signs_in("ada").await, "notifications").await, Some(notifications.clone()));
    assert_eq!(shown_address(&bob, "posts").await, None);
    assert_ne!(new_address(&bob, "posts").await, posts);
    let secret = notifications.split('/').nth(2).unwrap();
    assert_eq!(asks(&town, &format!("/feeds/{secret}/posts.atom")).await.status, 404, "the address of one feed opens the other");
    assert_eq!(reads(&town, &posts).await.title, "Posts for ada");
    for nonsense in ["inbox", "Posts", "posts.atom", "%20"] {
        for action in ["", "/remove"] {
            assert_eq!(ada.posts(&format!("/settings/feeds/{nonsense}{action}"), &[]).await.status, 404, "{nonsense}");
        }
    }
}

#[tokio::test]
async fn a_replaced_or_removed_address_ends_everywhere_though_its_reader_guesses_the_stamp() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let ada = here.signs_up("ada").await;
    let (inbox, posts) = (new_address(&ada, "notifications").await, new_address(&ada, "posts").await);
    for town in [&here, &there] {
        assert_eq!(statuses(town, &inbox, stamp_of(&here, &ada).await).await, [200, 304, 304, 304]);
    }
    let replaced = new_address(&ada, "notifications").await;
    assert_ne!(replaced, inbox);
    let stamp = stamp_of(&here, &ada).await;
    assert_eq!(statuses(&here, &inbox, stamp).await, [404; 4]);
    assert_eq!((asks(&there, &inbox).await.status.as_u16(), asks_unless(&there, &inbox, "*").await.status.as_u16()), (404, 404), "at once");
    until("it ends elsewhere", async || statuses(&there, &inbox, stamp).await == [404; 4]).await;
    for town in [&here, &there] {
        assert_eq!(statuses(town, &replaced, stamp).await, [200, 304, 304, 304]);
        assert_eq!(asks(town, &posts).await.status, 200);
    }
    // The new one costs no more than the old one did.
    let before = here.site.app.statements();
    assert_eq!(asks_unless(&here, &replaced, &format!("W/\"{stamp}\"")).await.status, 304);
    assert_eq!(here.site.app.statements(), before);

    assert_eq!(ada.posts("/settings/feeds/notifications/remove", &[]).await.header("location"), "/settings?feed=removed#feeds");
    assert_eq!(shown_address(&ada, "notifications").await, None);
    let stamp = stamp_of(&here, &ada).await;
    assert_eq!(statuses(&here, &replaced, stamp).await, [404; 4]);
    until("it ends elsewhere", async || statuses(&there, &replaced, stamp).await == [404; 4]).await;
    // An instance that starts later has heard of no revocation that the database forgot.
    here.site.home.shell().batch_execute("DELETE FROM revocations").unwrap();
    let later = here.another_instance().await;
    assert_eq!(statuses(&later, &replaced, stamp).await, [404; 4]);
    assert_eq!(statuses(&later, &posts, stamp).await[0], 200);
}

#[tokio::test]
async fn a_second_press_replaces_nothing_more() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let press = async |replaces: &str| {
        assert_eq!(ada.posts("/settings/feeds/posts", &[("replaces", replaces)]).await.status, 303);
        shown_address(&ada, "posts").await.unwrap()
    };
    let first = press("0").await;
    assert_eq!(press("0").await, first);
    let id = ada.gets("/settings").await.page().attr("form[action='/settings/feeds/posts'] input", "value");
    let second = press(&id).await;
    assert_ne!(second, first);
    assert_eq!(press(&id).await, second);
    assert_ne!(new_address(&ada, "posts").await, second, "whoever names none replaces what there is");
    for _ in 0..2 {
        assert_eq!(ada.posts("/settings/feeds/posts/remove", &[]).await.status, 303);
    }
    assert_eq!(shown_address(&ada, "posts").await, None);
}

#[tokio::test]
async fn whoever_has_no_address_finds_nothing() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let path = new_address(&ada, "notifications").await;
    let nowhere = asks(&town, "/nowhere").await;
    assert_eq!(nowhere.status, 404);
    let other_site = Town::new().await;
    let elsewhere = new_address(&other_site.signs_up("ada").await, "notifications").await;
    let secret = path.split('/').nth(2).unwrap();
    let changed = format!("{}{}", if secret.starts_with('B') { "C" } else { "B" }, &secret[1..]);
    for wrong in [
        elsewhere,
        format!("/feeds/{changed}/notifications.atom"),
        format!("/feeds/{secret}A/notifications.atom"),
        format!("/feeds/{}/notifications.atom", &secret[..secret.len() - 1]),
        format!("/feeds/{secret}/notifications.rss"),
        format!("/feeds/{secret}"),
        "/feeds/1/notifications.atom".to_owned(),
        "/feeds/%00%FF/notifications.atom".to_owned(),
        "/feeds/%C3%A4/posts.atom".to_owned(),
    ] {
        for tags in ["\"0\"", "*"] {
            let answer = asks_unless(&town, &wrong, tags).await;
            assert_eq!((answer.status.as_u16(), &answer.body), (404, &nowhere.body), "{wrong}");
            assert_eq!((answer.header("cache-control"), answer.header("etag")), ("no-store", ""));
        }
    }
    // What opens other doors opens none of these.
    let reader = ada.program_with("all").await;
    assert_eq!(reader.gets(&format!("/feeds/{}/notifications.atom", reader.token)).await.status, 404);
    let api = town.program().with_token(secret);
    assert_eq!(api.gets("/api/notifications").await.status, 401);
}

#[tokio::test]
async fn the_feeds_of_a_deleted_account_are_gone_and_a_new_password_leaves_them() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let ada = here.signs_up("ada").await;
    let (inbox, posts) = (new_address(&ada, "notifications").await, new_address(&ada, "posts").await);
    ada.posts("/settings/password", &[("current", PASSWORD), ("password", "another secret")]).await;
    let stamp = stamp_of(&here, &ada).await;
    for town in [&here, &there] {
        until("the stamp arrives", async || statuses(town, &inbox, stamp).await == [200, 304, 304, 304]).await;
    }
    assert_eq!(ada.posts("/settings/delete", &[("password", "another secret")]).await.status, 303);
    let stamp = here.site.app.stamps.remembered(UserId(1)).unwrap_or(stamp);
    for path in [&inbox, &posts] {
        assert_eq!(statuses(&here, path, stamp).await, [404; 4]);
        until("they end elsewhere", async || statuses(&there, path, stamp).await == [404; 4]).await;
    }
}

/// Neither does the reader become a use of a session, nor a session let anybody see more.
#[tokio::test]
async fn a_cookie_changes_nothing() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let path = new_address(&ada, "notifications").await;
    town.site.app.clock.shift(2 * 60 * 60 * 1_000);
    let before = town.site.app.statements();
    for person in [&ada, &bob] {
        let answer = person.sends(person.request(Method::GET, &path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, ""));
        assert_eq!(answer.body, asks(&town, &path).await.body);
    }
    let read = (town.site.app.statements() - before) / 4;
    assert!((4..=5).contains(&read), "{read} statements: BEGIN, the address, the list, COMMIT");
    assert!(ada.gets("/settings").await.header("set-cookie").contains("tidings"), "only now is the session renewed");
}

/// Whoever reads the log must not be able to read the feed.
#[tokio::test]
async fn an_error_says_nothing_of_the_address() {
    let town = Town::new().await;
    let path = new_address(&town.signs_up("ada").await, "posts").await;
    let secret = path.split('/').nth(2).unwrap();
    let reader = town.program();
    let answer = reader.sends(reader.request(Method::DELETE, &path)).await;
    assert_eq!(answer.status, 405);
    assert!(!answer.body.contains(secret) && !format!("{:?}", answer.headers).contains(secret));
}
