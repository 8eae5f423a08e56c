//! The inbox: reading, unreading, deleting, paging; badge and list always agree.

use crate::support::crowd::crowd_follows;
use crate::support::town::Town;

#[tokio::test]
async fn marking_one_read_in_one_tab_clears_the_badge_in_the_other() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let other_tab = town.stranger("bob");
    other_tab.takes_cookie(bob.cookie());
    other_tab.opens("/people").await;
    let id = bob.inbox().await[0].id;
    let answer = bob.presses(&format!("/notifications/{id}/read"), &[]).await;
    let swapped = answer.fragment();
    assert_eq!((swapped.notifications()[0].unread, swapped.badge()), (false, 0));
    assert_eq!(swapped.title(), "Notifications · Tidings");
    let news = other_tab.polls_and_hears("").await;
    assert_eq!((news.badge(), news.title().as_str()), (0, "People · Tidings"));
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
async fn deleting_removes_the_notification_and_its_count() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    bob.opens("/people").await;
    let id = bob.inbox().await[0].id;
    let answer = bob.presses(&format!("/notifications/{id}/delete"), &[]).await;
    let swapped = answer.fragment();
    assert_eq!((answer.status.as_u16(), swapped.badge(), swapped.notifications().len()), (200, 0, 0));
    assert_eq!(bob.polls_and_hears("").await.badge(), 0);
    bob.sees([]).await;
    assert_eq!(bob.posts(&format!("/notifications/{id}/delete"), &[]).await.status, 404);
}

#[tokio::test]
async fn mark_all_read_marks_nothing_that_was_not_shown() {
    let town = Town::new().await;
    let (ada, cleo, bob) = (town.signs_up("ada").await, town.signs_up("cleo").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let through = bob.opens("/notifications").await.attr("#read-all > input[name=through]", "value");
    cleo.follows(&bob).await;
    let answer = bob.presses("/notifications/read", &[("through", &through)]).await;
    let swapped = answer.fragment();
    assert_eq!(swapped.badge(), 1);
    let unread: Vec<_> = swapped.notifications().into_iter().filter(|notification| notification.unread).map(|notification| notification.text).collect();
    assert_eq!(unread, ["cleo follows you"]);
}

#[tokio::test]
async fn everything_is_reached_page_by_page_once() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 45).await;
    let (mut seen, mut url, mut pages) = (Vec::new(), "/notifications".to_owned(), 0);
    loop {
        let page = bob.opens(&url).await;
        assert_eq!(page.badge(), 45);
        seen.extend(page.notification_texts());
        pages += 1;
        let Some(older) = page.pager_link("Older") else { break };
        url = older;
        if pages == 1 {
            // A notification that arrives meanwhile moves nothing from one page to another.
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
        let page = bob.opens(url).await;
        assert_eq!((page.count("#stream"), page.count("[hx-trigger^=every]"), page.count("#stream[hx-trigger^=every]")), (1, 1, 1), "{url}");
        let id = bob.inbox().await[0].id;
        bob.posts(&format!("/notifications/{id}/delete"), &[]).await;
        assert_eq!(!bob.polls().await.fragment().notifications().is_empty(), brings_list, "{url}");
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
    assert_eq!(news.fragment().notification_texts(), ["ada follows you"]);
}

#[tokio::test]
async fn an_empty_inbox_says_what_to_do_next() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    for (url, says, next, label) in [
        ("/notifications", "No tidings yet", "/people", "Find people to follow"),
        ("/notifications?show=unread", "All caught up", "/notifications", "See all notifications"),
        ("/notifications?before=1", "There is nothing older here", "/notifications", "Back to the newest"),
    ] {
        let page = bob.opens(url).await;
        assert!(page.text_of(".empty").contains(says), "{url}");
        assert_eq!((page.attr(".empty a", "href").as_str(), page.text_of(".empty a").as_str()), (next, label), "{url}");
    }
}

#[tokio::test]
async fn times_are_relative_and_exact() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    town.site.app.clock.shift(3 * tidings::clock::HOUR);
    let page = bob.opens("/notifications").await;
    let (ago, exact) = page.text_of("time").split_once(" · ").map(|(ago, exact)| (ago.to_owned(), exact.to_owned())).unwrap();
    assert!(ago == "3 hours ago" && exact.starts_with(|c: char| c.is_ascii_digit()) && exact.ends_with(" UTC"), "{ago} {exact}");
    assert!(page.attr("time", "datetime").starts_with("20"));
    let older = bob.opens("/notifications?before=1000000").await;
    assert_eq!(older.text_of("time"), exact, "nothing keeps an older page's relative times true");
}

#[tokio::test]
async fn many_are_many_to_people_and_counted_for_programs() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 999).await;
    assert_eq!(bob.badge().await, 999);
    crowd_follows(&bob, 1_001).await;
    for page in ["/people", "/notifications"] {
        let page = bob.opens(page).await;
        assert!(page.title().starts_with("(999+) "), "{}", page.title());
        assert_eq!(page.text_of("#badge .visually-hidden"), ", more than 999 unread");
    }
    let program = bob.program().await;
    assert_eq!(program.gets("/api/me").await.json()["unread"], 1_001);
    let newest = program.gets("/api/notifications?limit=2").await.json();
    let all_but_one = newest["notifications"][1]["id"].as_i64().unwrap().to_string();
    bob.posts("/notifications/read", &[("through", &all_but_one)]).await;
    assert_eq!(bob.badge().await, 1);
}
