//! When the server cannot, whoever pressed a button hears of it.

use diesel::connection::SimpleConnection;
use tokio::join;

use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_is_said_and_passes() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    ada.goes_to("/people/bob").await;
    ada.marks_the_page().await;
    let mut somebody_else = town.site.home.locked();

    ada.presses("Follow bob").await;
    ada.becomes("document.getElementById('status').textContent", "We cannot do that at the moment. Nothing was changed; please try again in a few seconds.")
        .await;
    ada.becomes("document.activeElement.textContent", "Follow bob").await;

    somebody_else.batch_execute("ROLLBACK").unwrap();
    ada.presses("Follow bob").await;
    ada.sees("Unfollow bob").await;
    ada.sees("1 follower").await;
    ada.is_still_on_the_marked_page().await;
}
