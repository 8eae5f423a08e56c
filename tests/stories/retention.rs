//! What was read long ago goes; what was not read stays.

use diesel::connection::SimpleConnection;

use crate::support::town::Town;
use crate::support::until::until;

const DAY: i64 = 86_400_000;

/// Bob has read what ada did, and has not read what cleo did; both are 91 days old.
async fn of_long_ago(town: &Town) -> crate::support::person::Person {
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    ada.follows(&bob).await;
    cleo.follows(&bob).await;
    let read = bob.inbox().await[1].id;
    assert_eq!(bob.posts(&format!("/notifications/{read}/read"), &[]).await.status, 303);
    let then = town.site.app.clock.now() - 91 * DAY;
    let aged = format!("UPDATE notifications SET created_at = {then}; UPDATE notifications SET read_at = {then} WHERE id = {read}");
    town.site.home.shell().batch_execute(&aged).unwrap();
    bob.opens("/notifications").await;
    bob
}

#[tokio::test]
async fn what_was_read_long_ago_goes_from_every_tab_and_what_was_not_stays() {
    let town = Town::new().await;
    let bob = of_long_ago(&town).await;
    bob.sees(["cleo follows you", "ada follows you"]).await;
    let _restarted = town.another_instance().await;
    // The tab that is open hears of it.
    until("ada's line goes", async || bob.polls().await.status == 200).await;
    bob.sees(["cleo follows you"]).await;
    assert_eq!(bob.badge().await, 1);
}

#[tokio::test]
async fn an_operator_may_keep_all_or_less() {
    let town = Town::new().await;
    let bob = of_long_ago(&town).await;
    let _keeps_all = town.another_instance_with(|settings| settings.retention_days = Some("0".into())).await;
    let _keeps_more = town.another_instance_with(|settings| settings.retention_days = Some("92".into())).await;
    bob.sees(["cleo follows you", "ada follows you"]).await;
    let _keeps_less = town.another_instance_with(|settings| settings.retention_days = Some("91".into())).await;
    until("ada's line goes", async || bob.inbox().await.len() == 1).await;
    bob.sees(["cleo follows you"]).await;
}
