//! Polling: one element, one timer, once an interval, and an unchanged poll touches nothing in the page.

use tokio::join;

use crate::patience::eventually;
use crate::person::Person;
use crate::town::Town;

const ASKED: &str = "performance.getEntriesByType('resource').filter(it => it.name.includes('/api/stream')).map(it => it.startTime)";

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_asks_once_an_interval_before_and_after_something_happened() {
    asks_once_an_interval("/notifications").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_asks_once_an_interval_before_and_after_something_happened() {
    asks_once_an_interval("/people").await;
}

async fn asks_once_an_interval(page: &str) {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    bob.goes_to(page).await;
    has_one_element_that_asks_every_second(&bob).await;
    counts_what_changes(&bob).await;

    // Nothing happens: three answers, and the page is not touched by them.
    has_asked(&bob, 3).await;
    assert_eq!(bob.runs("return window.__changes").await, 0);

    town.hears_that("ada", "bob").await;
    bob.sees_badge("1").await;
    assert_ne!(bob.runs("return window.__changes").await, 0);

    let so_far = times(&bob).await.len();
    has_asked(&bob, so_far + 3).await;
    has_one_element_that_asks_every_second(&bob).await;
    let times = times(&bob).await;
    was_never_in_a_hurry(&times);
    was_never_in_a_hurry(&times[so_far - 1..]);
}

/// Whole seconds: htmx 4.0.1 reads "every 0.9s" as no pause at all.
async fn has_one_element_that_asks_every_second(bob: &Person) {
    let found = bob.runs(r#"return [...document.querySelectorAll('[hx-trigger*="every"]')].map(it => it.id + ' ' + it.getAttribute('hx-trigger'))"#).await;
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found, ["stream every 1s, visibilitychange from:document, online from:window"]);
}

/// Attributes are left out: htmx sets a class while it asks.
async fn counts_what_changes(bob: &Person) {
    bob.runs(
        "window.__changes = 0;
         const watch = new MutationObserver(seen => { window.__changes += seen.length });
         watch.observe(document.documentElement, {childList: true, characterData: true, subtree: true})",
    )
    .await;
}

async fn times(bob: &Person) -> Vec<f64> {
    serde_json::from_value(bob.runs(&format!("return {ASKED}")).await).unwrap()
}

async fn has_asked(bob: &Person, often: usize) {
    eventually(&format!("{often} requests"), async || {
        let asked = times(bob).await;
        if asked.len() >= often { Ok(()) } else { Err(format!("{asked:?}")) }
    })
    .await;
}

/// Two timers, one left behind by a swap, would ask every half second on average, and a storm far more often. On
/// average, because on a busy machine one request may be late and the next one in time.
fn was_never_in_a_hurry(times: &[f64]) {
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!(mean > 600.0, "milliseconds between requests: {gaps:?}");
}
