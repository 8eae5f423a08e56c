//! The stream: 204 until something happens, and then the whole truth.

use reqwest::Method;
use tidings::clock::{DAY, HOUR};

use crate::html;
use crate::town::Town;

#[tokio::test]
async fn a_thousand_unchanged_polls_touch_no_database() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    for page in ["/notifications", "/people"] {
        bob.opens(page).await;
        let before = town.site.app.statements();
        for _ in 0..1_000 {
            bob.polls_and_hears_nothing().await;
        }
        assert_eq!(town.site.app.statements() - before, 0);
    }
    bob.opens("/people").await;
    assert!(town.site.app.statements() > 0, "the counter counts");
}

#[tokio::test]
async fn a_program_polls_for_nothing_as_well() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let program = bob.program().await;
    let stamp = program.gets("/api/me").await.json()["lastUpdate"].as_i64().unwrap();
    let before = town.site.app.statements();
    for _ in 0..100 {
        let standing = program.gets(&format!("/api/stream?since={stamp}")).await.json();
        assert_eq!(standing, serde_json::json!({"lastUpdate": stamp, "hasUpdates": false}));
    }
    assert_eq!(town.site.app.statements() - before, 0);
}

#[tokio::test]
async fn a_server_that_knows_nobody_yet_asks_once() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    bob.opens("/people").await;
    // As after a restart, or behind a proxy that sends everybody anywhere.
    let elsewhere = town.another_instance().await;
    let bob = bob.at(&elsewhere);
    let before = elsewhere.site.app.statements();
    bob.polls_and_hears_nothing().await;
    let asked = elsewhere.site.app.statements() - before;
    assert!(asked > 0);
    bob.polls_and_hears_nothing().await;
    assert_eq!(elsewhere.site.app.statements() - before, asked);
}

#[tokio::test]
async fn whatever_is_not_the_stamp_gets_the_current_state() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let odd = [
        "",
        "?since=",
        "?since=abc",
        "?since=-1",
        "?since=1000000000000000000000000000000",
        "?since=0",
        "?since=9999999999999",
        "?since=1&since=2",
        "?since=%00",
        "?since=%FF",
        "?since[]=1",
        "?SINCE=1",
        "?since=1.5",
    ];
    for since in odd {
        let answer = bob.sends(bob.request(Method::GET, &format!("/api/stream{since}")).header("HX-Request", "true")).await;
        assert_eq!(answer.status, 200, "{since}");
        assert!(answer.header("content-type").starts_with("text/html"));
        assert_eq!((html::badge(&answer.body), html::lines(&answer.body).len()), (1, 1), "{since}");
        assert!(html::poll_url(&answer.body).is_some(), "{since}");
        let json = bob.gets(&format!("/api/stream{since}")).await;
        assert_eq!((json.status.as_u16(), json.json()["hasUpdates"].as_bool()), (200, Some(true)), "{since}");
    }
}

#[tokio::test]
async fn the_fragment_is_the_element_again_with_badge_title_and_status_out_of_band() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.opens("/people?q=a").await;
    ada.follows(&bob).await;
    let news = bob.polls_and_hears("ada follows you").await;
    assert!(news.body.starts_with("<div id=\"stream\""), "{}", news.body);
    assert!(news.body.contains("id=\"badge\" hx-swap-oob=\"true\"") && news.body.contains("<p id=\"status\" hx-swap-oob="));
    assert_eq!(html::title(&news.body), "(1) People · Tidings");
    let trigger = html::between(&news.body, "hx-trigger=\"every ", "ms, visibilitychange from:document\"").unwrap();
    let ms: u32 = trigger.parse().expect("whole milliseconds: htmx 4.0.1 polls without pause when given fractions");
    assert!((9_000..=10_000).contains(&ms));
    assert!(news.body.contains("hx-swap=\"outerMorph\"") && news.body.contains("hx-sync=\"this:drop\""));
}

#[tokio::test]
async fn what_was_announced_once_is_not_announced_again() {
    let town = Town::new().await;
    let (ada, cleo, bob) = (town.signs_up("ada").await, town.signs_up("cleo").await, town.signs_up("bob").await);
    bob.opens("/people").await;
    ada.follows(&bob).await;
    bob.polls_and_hears("ada follows you").await;
    cleo.follows(&bob).await;
    bob.polls_and_hears("cleo follows you").await;
    ada.unfollows(&bob).await;
    cleo.unfollows(&bob).await;
    ada.follows(&bob).await;
    cleo.follows(&bob).await;
    bob.polls_and_hears("cleo and ada follow you").await;
}

#[tokio::test]
async fn every_answer_says_how_to_treat_it() {
    let town = Town::new().await;
    let (bob, stranger) = (town.signs_up("bob").await, town.stranger("stranger"));
    bob.opens("/people").await;
    let program = bob.program().await;
    for answer in [
        bob.polls().await,
        bob.gets("/api/stream").await,
        program.gets("/api/stream?since=5").await,
        stranger.gets("/api/stream").await,
        stranger.sends(stranger.request(Method::GET, "/api/stream").header("HX-Request", "true")).await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("vary"), "HX-Request, Accept, Cookie, Authorization");
    }
}

#[tokio::test]
async fn programs_hear_of_it_by_etag() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let program = bob.program().await;
    let quiet = program.gets("/api/stream").await;
    assert_eq!(quiet.json(), serde_json::json!({"lastUpdate": 0, "hasUpdates": false}), "nothing ever happened to bob");
    assert_eq!((quiet.header("x-poll-interval"), quiet.header("etag")), ("10", "\"0\""));
    let known = |tag: &'static str| program.sends(program.request(Method::GET, "/api/stream").header("If-None-Match", tag));
    for tag in ["\"0\"", "W/\"0\"", "\"7\", \"0\""] {
        let unchanged = known(tag).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.body.as_str()), (304, ""), "{tag}");
        assert_eq!((unchanged.header("etag"), unchanged.header("x-poll-interval")), ("\"0\"", "10"));
    }
    ada.follows(&bob).await;
    let news = known("\"0\"").await;
    assert_eq!(news.status, 200);
    let stamp = news.json()["lastUpdate"].as_i64().unwrap();
    assert_eq!(news.header("etag"), format!("\"{stamp}\""));
    assert_eq!(known("garbage").await.status, 200);
}

#[tokio::test]
async fn a_revoked_session_stops_its_own_tabs_at_the_next_poll() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let (elsewhere, tab) = (town.signs_in("bob").await, town.stranger("bob"));
    tab.takes_cookie(bob.cookie());
    tab.opens("/notifications").await;
    elsewhere.opens("/notifications").await;
    bob.posts("/signout", &[]).await;
    let answer = tab.polls().await;
    assert_eq!((answer.status.as_u16(), answer.header("hx-redirect"), answer.body.as_str()), (401, "/signin", ""));
    assert_eq!(elsewhere.polls().await.status, 200, "the other session lives");
    elsewhere.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn polls_never_prolong_a_session_and_pages_do() {
    let town = Town::new().await;
    let (bob, idler) = (town.signs_up("bob").await, town.signs_in("bob").await);
    let clock = &town.site.app.clock;
    for browser in [&bob, &idler] {
        browser.opens("/people").await;
    }
    for _ in 0..20 {
        clock.shift(DAY - HOUR);
        assert_eq!(bob.opens("/people").await.status, 200);
        let poll = idler.polls().await;
        assert_eq!(poll.header("set-cookie"), "");
        assert_eq!(idler.gets("/notifications?auto=1").await.header("set-cookie"), "", "nor does a page that reloads itself");
    }
    assert_eq!(bob.polls().await.status, 204);
    assert_eq!(idler.polls().await.status, 401);
    for _ in 0..80 {
        clock.shift(DAY);
        bob.gets("/people").await;
    }
    assert_eq!(bob.gets("/people").await.status, 303, "ninety days are the end in any case");
}

#[tokio::test]
async fn a_clock_set_back_loses_nothing() {
    let town = Town::new().await;
    let (ada, cleo, bob) = (town.signs_up("ada").await, town.signs_up("cleo").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    bob.opens("/people").await;
    town.site.app.clock.shift(-HOUR);
    cleo.follows(&bob).await;
    bob.polls_and_hears("cleo follows you").await;
    bob.sees(["cleo follows you", "ada follows you"]).await;
}

#[tokio::test]
async fn a_tab_may_name_its_page_but_not_write_in_it() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let url = "/api/stream?since=1&title=%3C%2Ftitle%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%00";
    let answer = bob.sends(bob.request(Method::GET, url).header("HX-Request", "true")).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("<script") && !answer.body.contains('\0'), "{}", answer.body);
}

#[tokio::test]
async fn a_page_that_knows_nothing_is_told_how_things_stand_but_no_news() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    ada.follows(&bob).await;
    let lost = bob.gets("/no/such/page").await;
    assert_eq!(lost.status, 404);
    let poll = html::poll_url(&lost.body).expect("also an error page polls");
    let told = bob.sends(bob.request(Method::GET, &poll).header("HX-Request", "true")).await;
    assert!(told.body.contains(", 1 unread"), "{}", told.body);
    assert_eq!(html::said(&told.body), "", "it was there before");
    let next = html::poll_url(&told.body).unwrap();
    cleo.follows(&bob).await;
    let news = bob.sends(bob.request(Method::GET, &next).header("HX-Request", "true")).await;
    assert_eq!(html::said(&news.body), "cleo follows you");
}
