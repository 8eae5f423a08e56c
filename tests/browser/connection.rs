//! No network, a server that hangs, a proxy without a server behind it: whoever presses or waits is told, and told again when it works.

use serde_json::json;
use tokio::join;

use crate::person::Person;
use crate::town::Town;

const LOST: &str = "Tidings cannot be reached at the moment. Trying again …";
const UNSENT: &str = "No answer from the server, so this may not have been saved. You can safely try again.";

/// Lets the page's own preparations finish: what it says without a network is in the browser's cache by then.
async fn is_prepared(person: &Person) {
    person.becomes("performance.getEntriesByType('resource').some(it => it.name.includes('connection.html') && it.responseEnd > 0)", true).await;
    person.devtools("Network.enable", json!({})).await;
}

async fn network(person: &Person, offline: bool, latency: u32) {
    let conditions = json!({"offline": offline, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1});
    person.devtools("Network.emulateNetworkConditions", conditions).await;
}

async fn is_told(person: &Person, region: &str, words: &str) {
    person.becomes(&format!("document.getElementById('{region}').textContent.trim()"), words).await;
    person.becomes(&format!("document.querySelector('#{region} > *').checkVisibility()"), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_without_network_is_told_and_so_is_the_network_again() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    town.has_fans(1, "ada").await;
    for (page, press, done) in [("/people/bob", "Follow bob", "Unfollow bob"), ("/notifications", "Mark read: fan_01 follows you", "Mark unread")] {
        ada.goes_to(page).await;
        is_prepared(&ada).await;
        ada.marks_the_page().await;
        network(&ada, true, 0).await;
        is_told(&ada, "connection", LOST).await;
        ada.presses(press).await;
        is_told(&ada, "status", UNSENT).await;
        ada.saves_a_screenshot(&format!("lost{}", page.replace('/', "-"))).await;
        network(&ada, false, 0).await;
        is_told(&ada, "connection", "Connected again.").await;
        ada.presses(press).await;
        ada.sees(done).await;
        ada.is_still_on_the_marked_page().await;
    }
}

/// Nothing is announced twice: while it goes on, the page does not change.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gets_no_answers_looks_like_one_and_says_it_once() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    for page in ["/notifications", "/people"] {
        bob.goes_to(page).await;
        is_prepared(&bob).await;
        bob.devtools("Network.setBlockedURLs", json!({"urls": ["*/api/stream*"]})).await;
        is_told(&bob, "connection", LOST).await;
        bob.runs(
            "window.__changes = 0; window.__errors = 0;
             document.addEventListener('htmx:error', () => window.__errors++);
             new MutationObserver(seen => { window.__changes += seen.length })
                 .observe(document.querySelector('.notices'), {childList: true, characterData: true, subtree: true})",
        )
        .await;
        bob.becomes("window.__errors >= 3", true).await;
        assert_eq!(bob.runs("return window.__changes").await, 0);
        bob.devtools("Network.setBlockedURLs", json!({"urls": []})).await;
        is_told(&bob, "connection", "Connected again.").await;
    }
    town.hears_that("ada", "bob").await;
    bob.sees_badge("1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_said_while_it_does_and_given_up() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    ada.goes_to("/people/bob").await;
    is_prepared(&ada).await;
    assert_eq!(ada.runs("return document.querySelector('.waiting span').checkVisibility({visibilityProperty: true})").await, false);
    network(&ada, false, 60_000).await;
    ada.presses("Follow bob").await;
    ada.becomes("document.querySelector('.waiting span').checkVisibility({visibilityProperty: true})", true).await;
    is_told(&ada, "connection", LOST).await;
    // Of the press, after ten seconds of htmx's own.
    ada.becomes("document.querySelector('form.htmx-request') === null", true).await;
    is_told(&ada, "status", UNSENT).await;
    network(&ada, false, 0).await;
    is_told(&ada, "connection", "Connected again.").await;
}

/// Ours say what is wrong; a proxy's page is no sentence, and never gets into ours.
#[tokio::test(flavor = "multi_thread")]
async fn every_status_speaks() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    ada.goes_to("/people/bob").await;
    is_prepared(&ada).await;
    ada.marks_the_page().await;
    // The browser's own fetch, answered as a server would; polls go through.
    ada.runs(
        "const real = window.fetch; window.__answer = null;
         window.fetch = (url, options) => options.method === 'POST' && window.__answer ? Promise.resolve(new Response(window.__answer.body, {status: window.__answer.status, headers: {'content-type': 'text/html'}})) : real(url, options)",
    )
    .await;
    for status in [400, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503] {
        ada.runs(&format!("window.__answer = {{status: {status}, body: '<span>It is {status}.</span>'}}")).await;
        ada.presses("Follow bob").await;
        is_told(&ada, "status", &format!("It is {status}.")).await;
    }
    for status in [502, 504, 520, 599] {
        ada.runs(&format!("document.getElementById('status').replaceChildren(); window.__answer = {{status: {status}, body: '<html><head><title>Bad</title></head><body><h1>Bad</h1></body></html>'}}")).await;
        ada.presses("Follow bob").await;
        is_told(&ada, "status", UNSENT).await;
    }
    ada.sees_title("bob · Tidings").await;
    ada.runs("window.__answer = null").await;
    ada.presses("Follow bob").await;
    ada.sees("Unfollow bob").await;
    ada.is_still_on_the_marked_page().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_that_are_refused_are_no_answers() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.goes_to("/notifications").await;
    is_prepared(&ada).await;
    ada.runs(
        "const real = window.fetch; window.__status = 200;
         window.fetch = (url, options) => url.includes('/api/stream') && window.__status !== 200 ? Promise.resolve(new Response('<h1>Bad</h1>', {status: window.__status})) : real(url, options)",
    )
    .await;
    for status in [502, 503, 429] {
        ada.runs(&format!("window.__status = {status}")).await;
        is_told(&ada, "connection", LOST).await;
        ada.runs("window.__status = 200").await;
        is_told(&ada, "connection", "Connected again.").await;
    }
    ada.sees("No tidings yet").await;
}
