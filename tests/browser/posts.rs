//! Posting, in two windows: what one person posts shows at another's by itself, and goes again.

use std::time::Duration;

use serde_json::json;
use tokio::join;

use crate::chromium::Options;
use crate::person::Person;
use crate::town::Town;

async fn writes(person: &Person, text: &str) {
    person.goes_to("/").await;
    person.types("text", text).await;
    person.waits_for_the_guard().await;
    person.presses("Post").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ada_posts_shows_in_bobs_tabs_by_itself_and_goes_again() {
    let town = Town::new().await;
    let (ada, bob) = join!(town.signs_up("ada"), town.signs_up("bob"));
    town.knows("robot").await;
    bob.follows("ada").await;
    bob.follows("robot").await;
    bob.goes_to("/notifications").await;
    let inbox = bob.tab().await;
    let home = bob.opens_tab("/").await;
    bob.sees("You have no unread notifications.").await;
    bob.marks_the_page().await;

    ada.goes_to("/").await;
    ada.marks_the_page().await;
    writes_here(&ada, "Hello <b>world</b>, see https://a.example/b.").await;
    ada.becomes("document.querySelector('.posts > li .post-text').textContent", "Hello <b>world</b>, see https://a.example/b.").await;
    ada.becomes("document.getElementById('text').value", "").await;
    ada.becomes("document.getElementById('status').textContent", "Posted.").await;
    ada.becomes("document.activeElement === document.querySelector('.posts > li')", true).await;
    ada.is_still_on_the_marked_page().await;

    bob.sees("You have 1 unread notification.").await;
    bob.sees_badge("1").await;
    bob.becomes("document.getElementById('status').textContent", "ada posted: Hello <b>world</b>, see https://a.example/b.").await;
    town.posts("robot", "The build is green.").await;
    bob.sees_badge("2").await;
    bob.is_still_on_the_marked_page().await;
    bob.looks_at(&inbox).await;
    bob.becomes(
        "[...document.querySelectorAll('.line-post')].map(it => it.textContent)",
        json!(["The build is green.", "Hello <b>world</b>, see https://a.example/b."]),
    )
    .await;

    // To open it is to read it, in the other tab as well.
    bob.clicks(thirtyfour::By::LinkText("The build is green.")).await;
    bob.sees("robot posted").await;
    bob.sees_badge("1").await;
    bob.looks_at(&home).await;
    bob.sees("You have 1 unread notification.").await;

    ada.waits_for_the_guard().await;
    ada.clicks(thirtyfour::By::Css(".posts > li [id$=delete-button]")).await;
    ada.sees("Your feed begins with whom you follow.").await;
    ada.becomes("document.activeElement.id", "posts").await;
    ada.is_still_on_the_marked_page().await;
    bob.sees("You have no unread notifications.").await;
    bob.looks_at(&inbox).await;
    bob.sees_badge("").await;
    bob.goes_to("/").await;
    bob.sees("The build is green.").await;
    bob.no_longer_sees("world").await;
}

/// Types and posts, on the page that is open.
async fn writes_here(person: &Person, text: &str) {
    person.types("text", text).await;
    person.waits_for_the_guard().await;
    person.presses("Post").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_said_beside_the_field_and_stays() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.goes_to("/").await;
    ada.marks_the_page().await;
    ada.runs("document.getElementById('text').value = 'x'.repeat(501)").await;
    ada.presses("Post").await;
    ada.sees("Use at most 500 characters. These are 501.").await;
    ada.becomes("document.getElementById('text').value.length", 501).await;
    ada.becomes("document.activeElement.id", "text").await;
    ada.runs("document.getElementById('text').value = '👍'.repeat(500)").await;
    ada.waits_for_the_guard().await;
    ada.presses("Post").await;
    ada.becomes("document.querySelectorAll('.posts > li').length", 1).await;
    ada.no_longer_sees("Use at most").await;
    ada.is_still_on_the_marked_page().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_pressed_twice_is_one_post() {
    let town = Town::new().await;
    let plain = Options { no_javascript: true, ..Options::default() };
    let (ada, cleo) = join!(town.signs_up("ada"), Person::stranger("cleo", &town.site.url, &plain));
    cleo.signs_up().await;
    for person in [&ada, &cleo] {
        // Nothing scrolls, so a place on the page is a place in the window.
        person.has_a_window_of(1280, 2400).await;
        for pause in [40, 150, 350].map(Duration::from_millis) {
            // One that came too late to be a double click is made again.
            while !presses_twice(person, pause).await {}
        }
    }
}

/// Returns whether it was a double click.
async fn presses_twice(person: &Person, pause: Duration) -> bool {
    person.goes_to("/").await;
    let before = person.how_many(".posts > li").await;
    person.types("text", "Hear, hear").await;
    person.waits_for_the_guard().await;
    let in_time = person.double_clicks(person.place_of("#compose > button").await, pause).await;
    person.sees("Hear, hear").await;
    person.goes_to("/").await;
    assert!(!in_time || person.how_many(".posts > li").await == before + 1, "{}, {pause:?}", person.name);
    in_time
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_deleted_twice_is_one_post() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    // Nothing scrolls, so a place on the page is a place in the window.
    ada.has_a_window_of(1280, 2400).await;
    for n in 0..6 {
        town.posts("ada", &format!("post {n}")).await;
    }
    for page in ["/", "/people/ada"] {
        ada.goes_to(page).await;
        let before = ada.how_many(".posts > li").await;
        ada.waits_for_the_guard().await;
        ada.double_clicks(ada.place_of(".posts > li [id$=delete-button]").await, Duration::from_millis(150)).await;
        ada.waits_for_the_guard().await;
        ada.becomes("document.querySelectorAll('.posts > li').length", before - 1).await;
        ada.goes_to(page).await;
        assert_eq!(ada.how_many(".posts > li").await, before - 1, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_follows_on_quietly_and_is_told_again() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.knows("ada").await;
    town.hears_that("bob", "ada").await;
    town.posts("ada", "one").await;
    bob.goes_to("/notifications").await;
    bob.marks_the_page().await;
    bob.waits_for_the_guard().await;
    bob.presses("Don’t tell me of ada’s posts").await;
    bob.no_longer_sees("Don’t tell me of ada’s posts").await;
    bob.becomes("document.activeElement.className", "line-acts").await;
    bob.is_still_on_the_marked_page().await;
    town.posts("ada", "two").await;
    bob.goes_to("/").await;
    bob.sees("two").await;
    bob.sees_badge("1").await;
    bob.goes_to("/people/ada").await;
    let checked = "document.querySelector('.switch').getAttribute('aria-checked')";
    for state in ["false", "true", "false"] {
        bob.becomes(checked, state).await;
        bob.waits_for_the_guard().await;
        bob.double_clicks(bob.place_of(".switch").await, Duration::from_millis(150)).await;
        bob.becomes("document.activeElement.className", "told").await;
    }
    bob.becomes(checked, "true").await;
    bob.presses("Tell me of their posts").await;
    bob.becomes(checked, "false").await;
    bob.goes_to("/settings").await;
    bob.waits_for_the_guard().await;
    bob.presses("Tell me of ada’s posts").await;
    bob.sees("You will be told of their posts again.").await;
    town.posts("ada", "three").await;
    bob.sees_badge("2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_without_javascript() {
    let town = Town::new().await;
    let plain = Options { no_javascript: true, ..Options::default() };
    let (ada, bob) = join!(Person::stranger("ada", &town.site.url, &plain), Person::stranger("bob", &town.site.url, &plain));
    ada.signs_up().await;
    bob.signs_up().await;
    town.hears_that("bob", "ada").await;
    ada.goes_to("/").await;
    ada.waits_for_the_guard().await;
    ada.presses("Post").await;
    ada.arrives_at("/posts").await;
    ada.sees("Write something").await;
    writes_here(&ada, "Backup done").await;
    ada.arrives_at("/").await;
    ada.sees("Backup done").await;
    bob.goes_to("/notifications").await;
    bob.sees("New ada posted Backup done").await;
    bob.clicks(thirtyfour::By::LinkText("Backup done")).await;
    bob.sees_badge("").await;
    bob.goes_to("/notifications").await;
    bob.waits_for_the_guard().await;
    bob.presses("Don’t tell me of ada’s posts").await;
    bob.no_longer_sees("Don’t tell me").await;
    bob.goes_to("/settings").await;
    bob.waits_for_the_guard().await;
    bob.presses("Tell me of ada’s posts").await;
    bob.sees("People you follow quietly").await;
    ada.goes_to("/").await;
    ada.waits_for_the_guard().await;
    ada.presses("Delete: Backup done").await;
    ada.no_longer_sees("Backup done").await;
    writes(&ada, "Again").await;
    ada.clicks(thirtyfour::By::Css(".post-when")).await;
    ada.sees("ada posted").await;
    ada.waits_for_the_guard().await;
    ada.presses("Delete").await;
    ada.sees("Your post has been deleted.").await;
    bob.goes_to("/").await;
    bob.sees("Nobody you follow has posted so far.").await;
}
