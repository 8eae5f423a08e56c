//! A session ended elsewhere ends here.

use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_signed_out_from_elsewhere_goes_to_the_sign_in_page_by_itself() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let bob_at_work = town.signs_in("bob").await;
    bob_at_work.goes_to("/people").await;
    let people = bob_at_work.tab().await;
    let inbox = bob_at_work.opens_tab("/notifications").await;
    bob_at_work.sees("No tidings yet").await;

    bob.goes_to("/settings").await;
    bob.presses("Sign out everywhere else").await;
    bob.arrives_at("/settings?done=others").await;

    for (tab, next) in [(&inbox, "%2Fnotifications"), (&people, "%2Fpeople")] {
        bob_at_work.looks_at(tab).await;
        bob_at_work.arrives_at(&format!("/signin?next={next}")).await;
        bob_at_work.sees("Please sign in").await;
    }
    bob.goes_to("/notifications").await;
    bob.sees("No tidings yet").await;
}
