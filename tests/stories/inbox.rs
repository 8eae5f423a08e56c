//! The inbox: reading, unreading, deleting, paging; badge and list always of one mind.

use tidings::model::{UserId, Username, follows, users};

use crate::html;
use crate::town::{Person, Town};

/// As many people as it takes to fill several pages, made behind the scenes.
pub async fn crowd_follows(person: &Person, size: usize) {
    let (followee, app) = (UserId(person.id().await), &person.town.site.app);
    app.change(move |db| {
        let mut all = tidings::last_update::News::none();
        for n in 0..size {
            let name = Username::parse(&format!("crowd_{n:03}")).unwrap();
            let follower = match users::create(db, &name, "-", 0)? {
                Some(id) => id,
                None => users::by_username(db, &name)?,
            };
            all = follows::follow(db, follower, followee, n as i64 + 1)?.1;
        }
        Ok(((), all))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn marking_one_read_in_one_tab_puts_out_the_badge_in_the_other() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let other_tab = town.stranger("bob");
    other_tab.takes_cookie(bob.cookie());
    other_tab.opens("/people").await;
    let id = bob.inbox().await[0].id;
    let answer = bob.presses(&format!("/notifications/{id}/read"), &[]).await;
    assert_eq!((html::lines(&answer.body)[0].unread, html::badge(&answer.body)), (false, 0));
    assert_eq!(html::title(&answer.body), "Notifications · Tidings");
    let news = other_tab.polls_and_hears("").await;
    assert_eq!((html::badge(&news.body), html::title(&news.body).as_str()), (0, "People · Tidings"));
    other_tab.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn reading_is_undone_by_unreading_and_repeats_change_nothing() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let id = bob.inbox().await[0].id;
    for (verb, unread) in [("read", 0), ("read", 0), ("unread", 1), ("unread", 1)] {
        let answer = bob.posts(&format!("/notifications/{id}/{verb}"), &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, format!("/notifications#n{id}").as_str()));
        assert_eq!(bob.badge().await, unread);
    }
    bob.opens("/notifications").await;
    bob.posts(&format!("/notifications/{id}/unread"), &[]).await;
    bob.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn deleting_removes_the_line_and_its_count() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    bob.opens("/people").await;
    let id = bob.inbox().await[0].id;
    let answer = bob.presses(&format!("/notifications/{id}/delete"), &[]).await;
    assert_eq!((answer.status.as_u16(), html::badge(&answer.body), html::lines(&answer.body).len()), (200, 0, 0));
    assert_eq!(html::badge(&bob.polls_and_hears("").await.body), 0);
    bob.sees([]).await;
    assert_eq!(bob.posts(&format!("/notifications/{id}/delete"), &[]).await.status, 404);
}

#[tokio::test]
async fn mark_all_read_swallows_nothing_that_was_not_shown() {
    let town = Town::new().await;
    let (ada, cleo, bob) = (town.signs_up("ada").await, town.signs_up("cleo").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let page = bob.opens("/notifications").await.body;
    let through = html::between(&page, "name=\"through\" value=\"", "\"").unwrap();
    cleo.follows(&bob).await;
    let answer = bob.presses("/notifications/read", &[("through", through)]).await;
    assert_eq!(html::badge(&answer.body), 1);
    let unread: Vec<_> = html::lines(&answer.body).into_iter().filter(|line| line.unread).map(|line| line.says).collect();
    assert_eq!(unread, ["cleo follows you"]);
}

#[tokio::test]
async fn everything_is_reached_page_by_page_once() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 45).await;
    let (mut seen, mut url, mut pages) = (Vec::new(), "/notifications".to_owned(), 0);
    loop {
        let page = bob.opens(&url).await.body;
        assert_eq!(html::badge(&page), 45);
        seen.extend(html::lines(&page).into_iter().map(|line| line.says));
        pages += 1;
        match html::between(&page, "<nav class=\"pager\"", "</nav>").and_then(|pager| pager.rsplit_once("href=\"")) {
            Some((_, rest)) if rest.contains("Older") => url = html::unescape(rest.split('"').next().unwrap()),
            _ => break,
        }
        if pages == 1 {
            // What arrives while one pages moves nothing from one page to another.
            let ada = town.signs_up("ada").await;
            ada.follows(&bob).await;
            bob.posts("/notifications/read", &[("through", "0")]).await;
            ada.unfollows(&bob).await;
        }
    }
    let expected: Vec<_> = (0..45).rev().map(|n| format!("crowd_{n:03} follows you")).collect();
    assert_eq!((seen, pages), (expected, 3));
}

#[tokio::test]
async fn the_first_page_is_live_and_older_ones_watch_the_badge() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 25).await;
    for (url, brings_list) in [("/notifications", true), ("/notifications?show=unread", true), ("/notifications?before=10", false), ("/people", false)] {
        let page = bob.opens(url).await.body;
        assert_eq!(page.matches("id=\"stream\"").count(), 1, "{url}");
        assert_eq!(page.matches("hx-trigger").count(), 1, "{url}");
        let id = bob.inbox().await[0].id;
        bob.posts(&format!("/notifications/{id}/delete"), &[]).await;
        assert_eq!(!html::lines(&bob.polls().await.body).is_empty(), brings_list, "{url}");
    }
}

#[tokio::test]
async fn the_unread_part_is_live_as_itself() {
    let town = Town::new().await;
    let (ada, cleo, bob) = (town.signs_up("ada").await, town.signs_up("cleo").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    cleo.follows(&bob).await;
    let id = bob.inbox().await[0].id;
    bob.opens("/notifications?show=unread").await;
    let answer = bob.posts(&format!("/notifications/{id}/read?show=unread"), &[]).await;
    assert_eq!(answer.header("location"), format!("/notifications?show=unread#n{id}"));
    let news = bob.polls().await;
    assert_eq!(html::lines(&news.body).into_iter().map(|line| line.says).collect::<Vec<_>>(), ["ada follows you"]);
}

#[tokio::test]
async fn an_empty_inbox_says_what_to_do_next() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let page = bob.opens("/notifications").await.body;
    assert!(page.contains("No tidings yet") && page.contains("href=\"/people\""));
    assert!(bob.opens("/notifications?show=unread").await.body.contains("All caught up"));
    assert!(bob.opens("/notifications?before=1").await.body.contains("Back to the newest"));
}

#[tokio::test]
async fn times_are_relative_with_the_exact_time_behind_them() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    town.site.app.clock.shift(3 * tidings::clock::HOUR);
    let page = bob.opens("/notifications").await.body;
    let time = html::between(&page, "<time", "</time>").unwrap();
    assert!(time.ends_with(">3 hours ago") && time.contains("datetime=\"20") && time.contains(" UTC\""), "{time}");
}

#[tokio::test]
async fn many_are_many_to_people_and_counted_for_programs() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 999).await;
    assert!(bob.gets("/people").await.body.contains(", 999 unread"));
    crowd_follows(&bob, 1_001).await;
    for page in ["/people", "/notifications"] {
        let page = bob.opens(page).await.body;
        assert!(page.contains("<title>(999+) ") && page.contains(", more than 999 unread"), "{page}");
    }
    let program = bob.program().await;
    assert_eq!(program.gets("/api/me").await.json()["unread"], 1_001);
    let newest = program.gets("/api/notifications?limit=2").await.json();
    let all_but_one = newest["notifications"][1]["id"].as_i64().unwrap().to_string();
    bob.posts("/notifications/read", &[("through", &all_but_one)]).await;
    assert_eq!(bob.badge().await, 1);
}
