//! What somebody has under their hands stays there when something happens.

use tokio::join;

use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn what_bob_types_stays_as_it_is_and_so_does_the_cursor() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    bob.goes_to("/people").await;
    bob.types("q", "somebody").await;
    bob.runs("document.getElementById('q').setSelectionRange(2, 5)").await;

    town.hears_that("ada", "bob").await;

    bob.sees_badge("1").await;
    let hands = bob.runs("const q = document.activeElement; return [q.id, q.value, q.selectionStart, q.selectionEnd]").await;
    assert_eq!(hands, serde_json::json!(["q", "somebody", 2, 5]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_on_top_moves_nothing_of_what_bob_is_looking_at() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    town.has_fans(30, "bob").await;
    bob.goes_to("/notifications").await;
    bob.sees_badge("30").await;
    bob.runs("const button = document.querySelectorAll('.lines > li')[12].querySelector('button'); button.scrollIntoView({block: 'center'}); button.focus({focusVisible: true}); window.__mine = button").await;
    bob.becomes("scrollY > 300", true).await;
    let top = "return document.activeElement.getBoundingClientRect().top";
    let before = bob.runs(top).await.as_f64().unwrap();

    town.hears_that("ada", "bob").await;

    bob.becomes("document.querySelector('.lines > li').textContent.includes('ada follows you')", true).await;
    bob.becomes("document.querySelectorAll('.lines > li').length", 20).await;
    bob.becomes("document.activeElement === window.__mine && window.__mine.isConnected", true).await;
    let moved = bob.runs(top).await.as_f64().unwrap() - before;
    assert!(moved.abs() <= 2.0, "the button moved by {moved} px");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_menu_stays_open() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    town.knows("eve").await;
    for (page, other, badge) in [("/people", "ada", "1"), ("/notifications", "eve", "2")] {
        bob.goes_to(page).await;
        bob.opens_menu().await;
        bob.becomes("document.querySelector('#menu').matches(':popover-open')", true).await;
        town.hears_that(other, "bob").await;
        bob.sees_badge(badge).await;
        bob.becomes("document.querySelector('#menu').matches(':popover-open')", true).await;
        bob.becomes("document.activeElement.className", "menu-button").await;
    }
}
