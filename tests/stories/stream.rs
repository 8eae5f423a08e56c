//! The stream: 204 until something happens, and then the current state.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use tidings::clock::{DAY, HOUR};
use tidings::ids::UserId;
use tidings::stamps::advance;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::town::Town;

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
        let state = program.gets(&format!("/api/stream?since={stamp}")).await.json();
        assert_eq!(state, serde_json::json!({"lastUpdate": stamp, "hasUpdates": false}));
    }
    assert_eq!(town.site.app.statements() - before, 0);
}

#[tokio::test]
async fn an_instance_that_remembers_nobody_yet_asks_the_database_once() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    bob.opens("/people").await;
    // As after a restart, or behind a load balancer without sticky sessions.
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
        let answer = bob.polls_at(&format!("/api/stream{since}")).await;
        assert_eq!(answer.status, 200, "{since}");
        let fragment = answer.fragment();
        assert_eq!((fragment.badge(), fragment.notifications().len()), (1, 1), "{since}");
        assert!(fragment.poll_url().is_some(), "{since}");
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
    let fragment = bob.polls_and_hears("ada follows you").await;
    assert!(fragment.starts_with("div#stream"));
    assert_eq!(fragment.attr("#badge", "hx-swap-oob"), "true");
    assert_eq!(fragment.attr("p#status", "hx-swap-oob"), "innerHTML");
    assert_eq!(fragment.count("[hx-swap-oob]"), 2);
    assert_eq!(fragment.title(), "(1) People · Tidings");
    assert_eq!(fragment.attr("#stream", "hx-trigger"), "every 10s, visibilitychange from:document, online from:window");
    assert_eq!((fragment.attr("#stream", "hx-swap").as_str(), fragment.attr("#stream", "hx-sync").as_str()), ("outerMorph", "this:drop"));
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
async fn no_answer_may_be_cached_and_all_say_what_they_depend_on() {
    let town = Town::new().await;
    let (bob, stranger) = (town.signs_up("bob").await, town.stranger("stranger"));
    bob.opens("/people").await;
    let program = bob.program().await;
    let unchanged = bob.polls().await;
    let headers: Vec<_> = unchanged.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!((unchanged.status.as_u16(), headers.as_slice(), unchanged.header("cache-control")), (204, ["cache-control", "date"].as_slice(), "no-store"));
    for answer in
        [bob.gets("/api/stream").await, program.gets("/api/stream?since=5").await, stranger.gets("/api/stream").await, stranger.polls_at("/api/stream").await]
    {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("vary"), "HX-Request, Accept, Cookie, Authorization");
    }
}

/// Status line, date, and what a cache must know: there is no body to protect.
#[tokio::test]
async fn an_unchanged_answer_has_fewer_than_120_bytes() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let url = bob.opens("/people").await.poll_url().unwrap();
    let request = format!("GET {url} HTTP/1.1\r\nHost: t\r\nHX-Request: true\r\nCookie: {}\r\n\r\n", bob.cookie().unwrap());
    let mut tab = TcpStream::connect(town.site.url.trim_start_matches("http://")).await.unwrap();
    // Also with the memory of an instance that has not met bob yet, where the fast path does not apply.
    for _ in 0..2 {
        tab.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1_024];
        let length = tab.read(&mut answer).await.unwrap();
        let answer = std::str::from_utf8(&answer[..length]).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204 No Content\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(length < 120, "{length} bytes:\n{answer}");
    }
}

/// Two people, one browser: the tab of the one polls with the cookie of the other.
#[tokio::test]
async fn a_page_of_somebody_else_is_reloaded_and_told_nothing() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    for page in ["/notifications", "/people"] {
        ada.opens(page).await;
        let adas = ada.cookie();
        ada.takes_cookie(bob.cookie());
        cleo.follows(&bob).await;
        let before = town.site.app.statements();
        let answer = ada.polls().await;
        assert_eq!((answer.status.as_u16(), answer.header("hx-refresh"), answer.body.as_str()), (204, "true", ""));
        assert_eq!(town.site.app.statements(), before);
        assert!(ada.opens(page).await.poll_url().unwrap().contains("user=2"), "the page is bob's now");
        ada.polls_and_hears_nothing().await;
        ada.takes_cookie(adas);
        cleo.unfollows(&bob).await;
    }
    let nobodys = bob.polls_at("/api/stream?since=-1&title=People").await;
    assert_eq!(nobodys.status, 200, "a URL that names nobody is the caller's own");
}

/// As many pollers as are remembered are not pushed out by what happens to people who never look.
#[tokio::test]
async fn changes_of_people_who_never_look_cost_pollers_nothing() {
    let town = Town::with(|settings| settings.remembered_stamps = Some("1000".into())).await;
    let app = &town.site.app;
    let people = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1800)
        INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'person_' || i, '-', 0, 0 FROM n";
    town.site.home.shell().batch_execute(people).unwrap();
    for poller in 1..=400 {
        app.last_update(UserId(poller)).await.unwrap();
    }
    app.change(|tx| (401..=1_800).try_for_each(|other| Ok(advance(tx, UserId(other)).map(drop)?))).await.unwrap();
    let before = app.statements();
    for poller in 1..=400 {
        assert_eq!(app.last_update(UserId(poller)).await.unwrap(), 0);
    }
    assert_eq!(app.statements(), before);
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
        bob.opens("/people").await;
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
async fn a_press_renews_a_session_as_a_page_does() {
    let town = Town::new().await;
    let (bob, _ada) = (town.signs_up("bob").await, town.signs_up("ada").await);
    bob.opens("/people").await;
    for n in 0..6 {
        town.site.app.clock.shift(5 * DAY);
        let verb = if n % 2 == 0 { "follow" } else { "unfollow" };
        let pressed = bob.presses(&format!("/people/ada/{verb}"), &[]).await;
        assert_eq!(pressed.status, 200);
        assert!(!pressed.header("set-cookie").is_empty());
    }
}

/// The tab says where it was, so that signing in again leads back there.
#[tokio::test]
async fn a_tab_that_was_signed_out_elsewhere_says_so_and_leads_back() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let (elsewhere, url) = (town.signs_in("bob").await, bob.opens("/people?q=a").await.poll_url().unwrap());
    elsewhere.posts("/settings/sessions/others/revoke", &[]).await;
    let polls_from = async |page: &str| {
        let poll = bob.request(Method::GET, &url).header("HX-Request", "true").header("HX-Current-URL", page);
        let answer = bob.sends(poll).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, ""));
        answer.header("hx-redirect").to_owned()
    };
    let back = polls_from(&format!("{}/people?q=a", town.site.url)).await;
    assert_eq!(back, "/signin?next=%2Fpeople%3Fq%3Da");
    bob.gets(&back).await.is_a_page_that_says(200, "your session has ended");
    for foreign in ["https://evil.example/people", "//evil.example", "javascript:alert(1)", "people", ""] {
        assert_eq!(polls_from(foreign).await, "/signin", "{foreign}");
    }
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
    let answer = bob.polls_at(url).await;
    assert_eq!(answer.status, 200);
    let fragment = answer.fragment();
    assert!(!fragment.exists("script") && fragment.inline_code().is_empty() && !answer.body.contains('\0'), "{}", answer.body);
    assert_eq!(fragment.title(), "</title><script>alert(1)</script>\" · Tidings");
}

#[tokio::test]
async fn an_error_page_gets_the_badge_by_its_first_poll_and_announcements_by_later_ones() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    ada.follows(&bob).await;
    let lost = bob.gets("/no/such/page").await;
    assert_eq!(lost.status, 404);
    let poll = lost.page().poll_url().expect("also an error page polls");
    let first = bob.polls_at(&poll).await.fragment();
    assert_eq!(first.badge(), 1);
    assert_eq!(first.announced(), "", "it was there before");
    cleo.follows(&bob).await;
    let second = bob.polls_at(&first.poll_url().unwrap()).await.fragment();
    assert_eq!(second.announced(), "cleo follows you");
}
