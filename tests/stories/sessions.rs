//! Sessions as their owner sees them listed, and browsers that keep no cookies.

use reqwest::Method;
use reqwest::header::USER_AGENT;
use serde_json::json;
use tidings::clock::{DAY, HOUR, MINUTE, SECOND};

use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";

async fn comes_with(town: &Town, user_agent: &str, path: &str) -> Person {
    let person = town.stranger("ada");
    let request = person.request(Method::POST, path).header(USER_AGENT, user_agent).form(&[("username", "ada"), ("password", PASSWORD)]);
    assert_eq!(person.sends(request).await.status, 303);
    person
}

/// The list in the settings: a line each, newest first, without the exact times.
async fn sessions_of(person: &Person) -> Vec<String> {
    let without_time = |line: String| {
        let (before, time) = line.split_once("Signed in ").unwrap();
        let (time, after) = time.split_once(" UTC").unwrap();
        assert!(time.contains(" 20") && time.contains(':'), "{time} is no exact time");
        format!("{before}Signed in{after}")
    };
    person.opens("/settings").await.session_lines().into_iter().map(without_time).collect()
}

#[tokio::test]
async fn sessions_can_be_told_apart() {
    let town = Town::new().await;
    let firefox = comes_with(&town, FIREFOX, "/signup").await;
    let safari = comes_with(&town, SAFARI, "/signin").await;
    comes_with(&town, &format!("<b>x</b>{}", "long ".repeat(1_000)), "/signin").await;
    let program = town.program();
    let request = program.request(Method::POST, "/api/session").header(USER_AGENT, "curl/8.14.1");
    let token = program.sends(request.json(&json!({"username": "ada", "password": PASSWORD}))).await.json()["token"].as_str().unwrap().to_owned();
    town.stranger("ada").program().await;
    let active = "Signed in, active within the last hour";
    assert_eq!(
        sessions_of(&safari).await,
        [
            format!("A program {active}"),
            format!("curl {active}"),
            format!("A browser {active}"),
            "Safari on iPhone This session Signed in, active now".to_owned(),
            format!("Firefox on Windows {active}"),
        ]
    );
    // A use is written down once an hour, a poll never.
    town.site.app.clock.shift(3 * HOUR);
    firefox.opens("/people").await;
    let program = program.with_token(&token);
    program.gets("/api/stream?since=7").await;
    says(&safari, 4, "Firefox on Windows Signed in, active within the last hour").await;
    assert_eq!(sessions_of(&safari).await[1], "curl Signed in, last active 3 hours ago");
    program.gets("/api/me").await;
    says(&safari, 1, "curl Signed in, active within the last hour").await;
    assert_eq!(sessions_of(&safari).await[0], "A program Signed in, last active 3 hours ago");
    // The new session of a new password has the words of its browser, too.
    let change = safari.request(Method::POST, "/settings/password").header(USER_AGENT, SAFARI);
    safari.sends(change.form(&[("current", PASSWORD), ("password", "another secret")])).await;
    assert_eq!(sessions_of(&safari).await, ["Safari on iPhone This session Signed in, active now"]);
}

/// What is written in the background is there soon.
async fn says(person: &Person, line: usize, end: &str) {
    for _ in 0..100 {
        if sessions_of(person).await[line].ends_with(end) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}: {line} never ends with {end}", sessions_of(person).await);
}

/// In its last fortnight a session is not renewed any more, but it is used.
#[tokio::test]
async fn the_last_use_is_true_to_the_end() {
    let town = Town::new().await;
    let (ada, other) = (town.signs_up("ada").await, town.signs_in("ada").await);
    for _ in 0..8 {
        town.site.app.clock.shift(10 * DAY);
        ada.opens("/people").await;
        says(&other, 1, "active within the last hour").await;
        // Their own is written in the background, too: ten more days without it, and it would have ended.
        says(&ada, 0, "active within the last hour").await;
    }
    town.site.app.clock.shift(5 * HOUR);
    says(&other, 1, "last active 5 hours ago").await;
    ada.opens("/people").await;
    says(&other, 1, "active within the last hour").await;
}

#[tokio::test]
async fn the_last_use_is_true_again_once_a_clock_that_was_ahead_is_right() {
    let town = Town::new().await;
    let (ada, other) = (town.signs_up("ada").await, town.signs_in("ada").await);
    town.site.app.clock.jump(2 * DAY);
    says(&other, 1, "last active 2 days ago").await;
    ada.opens("/people").await;
    says(&other, 1, "active within the last hour").await;
    town.site.app.clock.jump(-2 * DAY);
    ada.opens("/people").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    town.site.app.clock.shift(5 * HOUR);
    says(&other, 1, "last active 5 hours ago").await;
}

/// The page that a browser ends on if it keeps no cookies.
async fn without_cookies(town: &Town, form: &str) -> (Answer, String) {
    let browser = town.stranger("ada");
    let page = browser.gets(form).await.page();
    let fields =
        [("username", "ada"), ("password", PASSWORD), ("next", &page.attr("input[name=next]", "value")), ("check", &page.attr("input[name=check]", "value"))];
    let mut answer = browser.posts(form.split('?').next().unwrap(), &fields).await;
    let mut url = String::new();
    while answer.status == 303 {
        browser.takes_cookie(None);
        url = answer.header("location").to_owned();
        answer = browser.gets(&url).await;
    }
    (answer, url)
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_that_they_are_needed() {
    let town = Town::new().await;
    for form in ["/signup", "/signin", "/signin?next=%2Fpeople%3Fq%3Dbob"] {
        let (answer, url) = without_cookies(&town, form).await;
        answer.is_a_page_that_says(200, "Please allow cookies for this site");
        assert_eq!(answer.page().attr("input[name=next]", "value"), if form.contains("next") { "/people?q=bob" } else { "" });
        // Opened later, or from a bookmark, it is a page like any other; and who is signed in goes on.
        town.site.app.clock.shift(MINUTE + SECOND);
        assert!(!town.stranger("ada").gets(&url).await.body.contains("allow cookies"), "{url}");
        let member = town.signs_in("ada").await;
        assert_eq!(member.gets(&url).await.header("location"), if form.contains("next") { "/people?q=bob" } else { "/" });
    }
    for odd in ["", "x", "-1", "99999999999999999999", "1e9", "9223372036854775807"] {
        let answer = town.stranger("ada").gets(&format!("/signin?signed_in={odd}")).await;
        assert!(answer.status == 200 && !answer.body.contains("allow cookies"), "{odd}");
    }
}

#[tokio::test]
async fn a_browser_that_keeps_cookies_lands_where_it_was_going() {
    let town = Town::new().await;
    town.signs_up("ada").await;
    for (next, lands) in [("/people?q=bob", "/people?q=bob"), ("//evil.example", "/"), ("/é", "/"), ("", "/")] {
        let browser = town.stranger("ada");
        let form = [("username", "ada"), ("password", PASSWORD), ("next", next), ("check", "cookies")];
        let through = browser.posts("/signin", &form).await.header("location").to_owned();
        assert!(through.starts_with("/signin?") && !through.contains("evil"), "{through}");
        assert_eq!(browser.gets(&through).await.header("location"), lands);
        assert_eq!(browser.posts("/signin", &form).await.header("location"), lands, "a browser that sent a cookie keeps them");
    }
}
