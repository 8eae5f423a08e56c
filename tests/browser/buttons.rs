//! Buttons with htmx: they change what they are about, and leave page and focus where they are.

use thirtyfour::By;
use tokio::join;

use crate::person::Person;
use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_does_as_it_is_told_without_loading_a_page() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.has_fans(3, "bob").await;
    bob.goes_to("/notifications").await;
    bob.sees_badge("3").await;
    bob.marks_the_page().await;

    bob.presses("Mark read: fan_01 follows you").await;
    bob.sees_badge("2").await;
    bob.sees_title("(2) Notifications · Tidings").await;
    has_focus_around(&bob, "Mark unread: fan_01 follows you").await;
    bob.presses("Mark unread: fan_01 follows you").await;
    bob.sees_badge("3").await;
    has_focus_around(&bob, "Mark read: fan_01 follows you").await;

    bob.presses("Delete: fan_02 follows you").await;
    bob.sees_badge("2").await;
    bob.no_longer_sees("fan_02").await;
    has_focus_around(&bob, "Mark read: fan_01 follows you").await;
    bob.becomes("document.getElementById('status').textContent", "Notification deleted.").await;

    bob.presses("Mark all read").await;
    bob.sees_badge("").await;
    bob.sees_title("Notifications · Tidings").await;
    bob.no_longer_sees("New").await;
    bob.no_longer_sees("Mark all read").await;
    bob.sees("Mark unread").await;
    bob.becomes("document.activeElement.className", "tabs").await;
    bob.presses("Delete: fan_01 follows you").await;
    has_focus_around(&bob, "Mark unread: fan_03 follows you").await;
    bob.presses("Delete: fan_03 follows you").await;
    bob.sees("No tidings yet").await;
    bob.becomes("document.activeElement.className", "tabs").await;
    bob.is_still_on_the_marked_page().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unread_part_of_the_inbox_is_live_too() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    town.has_fans(2, "bob").await;
    bob.goes_to("/notifications").await;
    bob.presses("Mark read: fan_01 follows you").await;
    bob.sees_badge("1").await;
    bob.clicks(By::LinkText("Unread")).await;
    bob.arrives_at("/notifications?show=unread").await;
    bob.sees("fan_02 follows you").await;
    bob.no_longer_sees("fan_01").await;
    bob.marks_the_page().await;

    bob.presses("Mark read: fan_02 follows you").await;
    bob.sees("All caught up").await;
    bob.becomes("document.activeElement.className", "tabs").await;
    town.hears_that("ada", "bob").await;
    bob.sees("ada follows you").await;
    bob.no_longer_sees("All caught up").await;
    bob.no_longer_sees("fan_").await;
    bob.is_still_on_the_marked_page().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_changes_the_button_and_the_counts_and_nothing_else() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    for (page, before, after) in [("/people", "", ""), ("/", "", ""), ("/people/bob", "0 followers", "1 follower")] {
        ada.goes_to(page).await;
        ada.marks_the_page().await;
        ada.sees(before).await;
        ada.presses("Follow bob").await;
        ada.sees("Unfollow bob").await;
        ada.sees(after).await;
        has_focus_around(&ada, "Unfollow bob").await;
        ada.presses("Unfollow bob").await;
        ada.no_longer_sees("Unfollow bob").await;
        ada.sees(before).await;
        has_focus_around(&ada, "Follow bob").await;
        ada.is_still_on_the_marked_page().await;
    }
}

/// The focus is on what holds the button, where a key that is still held does nothing; the next Tab leads to it.
async fn has_focus_around(person: &Person, button: &str) {
    person.becomes("document.activeElement.querySelector('button')?.textContent.trim()", button).await;
    person.becomes("['group', null].includes(document.activeElement.getAttribute('role')) && document.activeElement.tabIndex", -1).await;
}
