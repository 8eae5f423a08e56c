//! What happens to me shows by itself, in every tab.

use tokio::join;

use crate::person::Person;
use crate::town::Town;

const TITLE_OF_THE_OTHER: &str = "localStorage.getItem('title')";

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_bob_shows_in_all_his_tabs_by_itself() {
    let town = Town::new().await;
    let (ada, bob) = join!(town.signs_up("ada"), town.signs_up("bob"));
    bob.goes_to("/notifications").await;
    let inbox = bob.tab().await;
    bob.sees("No tidings yet").await;
    let people = bob.opens_tab("/people").await;
    bob.marks_the_page().await;
    tells_the_other_tabs_its_title(&bob).await;
    bob.looks_at(&inbox).await;
    bob.marks_the_page().await;

    ada.follows("bob").await;

    bob.sees("ada follows you").await;
    bob.sees_badge("1").await;
    bob.sees_title("(1) Notifications · Tidings").await;
    bob.becomes("document.querySelector('#status[role=status]').textContent", "ada follows you").await;
    bob.becomes(TITLE_OF_THE_OTHER, "hidden: (1) People · Tidings").await;
    bob.looks_at(&people).await;
    bob.sees_badge("1").await;
    bob.sees_title("(1) People · Tidings").await;
    bob.becomes("document.querySelector('#status[role=status]').textContent", "ada follows you").await;

    bob.looks_at(&inbox).await;
    bob.presses("Mark read: ada follows you").await;
    bob.sees_badge("").await;
    bob.sees_title("Notifications · Tidings").await;
    bob.becomes(TITLE_OF_THE_OTHER, "hidden: People · Tidings").await;
    bob.looks_at(&people).await;
    bob.sees_badge("").await;
    bob.sees_title("People · Tidings").await;

    // What he has read stays when ada changes her mind; what he has not read is taken back.
    ada.unfollows("bob").await;
    ada.follows("bob").await;
    bob.sees_badge("1").await;
    ada.unfollows("bob").await;
    bob.sees_badge("").await;
    bob.is_still_on_the_marked_page().await;
    bob.looks_at(&inbox).await;
    bob.sees("No tidings yet").await;
    bob.sees_title("Notifications · Tidings").await;
    bob.is_still_on_the_marked_page().await;
}

/// To look at a tab wakes it, and then it asks at once. So it has to say what it shows while nobody looks.
async fn tells_the_other_tabs_its_title(bob: &Person) {
    bob.runs(
        "const tell = () => localStorage.setItem('title', document.visibilityState + ': ' + document.title);
         new MutationObserver(tell).observe(document.head, {childList: true, characterData: true, subtree: true})",
    )
    .await;
}
