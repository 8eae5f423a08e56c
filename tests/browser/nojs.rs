//! The whole job without JavaScript. Only WebDriver's own commands here, no scripts.

use thirtyfour::By;
use tokio::join;

use crate::chromium::Options;
use crate::person::Person;
use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_without_javascript() {
    let town = Town::new().await;
    let (ada, bob) = join!(signs_up(&town, "ada"), signs_up(&town, "bob"));
    bob.goes_to("/notifications").await;
    bob.sees("No tidings yet").await;
    has_no_javascript(&bob).await;

    ada.goes_to("/people").await;
    ada.types("q", "BO").await;
    ada.presses("Search").await;
    ada.arrives_at("/people?q=BO").await;
    ada.presses("Follow bob").await;
    ada.sees("Unfollow bob").await;
    ada.arrives_at("/people?q=BO").await;

    bob.reloads().await;
    bob.sees("New ada follows you").await;
    bob.sees_badge("1").await;
    bob.sees_title("(1) Notifications · Tidings").await;
    bob.presses("Mark read: ada follows you").await;
    bob.sees_badge("").await;
    bob.presses("Mark unread: ada follows you").await;
    bob.sees_badge("1").await;
    bob.presses("Mark all read").await;
    bob.sees_badge("").await;
    bob.sees("Mark unread").await;
    bob.clicks(By::LinkText("Unread")).await;
    bob.sees("All caught up").await;
    bob.clicks(By::LinkText("All")).await;
    bob.presses("Delete: ada follows you").await;
    bob.sees("No tidings yet").await;

    ada.goes_to("/people/bob").await;
    ada.sees("1 follower").await;
    ada.presses("Unfollow bob").await;
    ada.sees("0 followers").await;
    makes_a_token(&ada).await;
    ada.opens_menu().await;
    ada.presses("Sign out").await;
    ada.arrives_at("/").await;
    ada.sees("Hear about it.").await;
    ada.goes_to("/notifications").await;
    ada.arrives_at("/signin?next=%2Fnotifications").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_have_addresses_without_javascript() {
    let town = Town::new().await;
    let ada = signs_up(&town, "ada").await;
    ada.goes_to("/settings").await;
    assert_eq!(ada.how_many("#feeds input[readonly]").await, 0);
    ada.presses("Make an address: Your notifications").await;
    ada.sees("Here is the address.").await;
    let first = ada.attribute("#feed-notifications-address", "value").await;
    assert!(first.starts_with(&town.site.url), "{first}");
    let status = async |address: &str| reqwest::get(address).await.unwrap().status().as_u16();
    assert_eq!(status(&first).await, 200);
    ada.presses("Replace the address: Your notifications").await;
    ada.sees("The old one no longer works.").await;
    let second = ada.attribute("#feed-notifications-address", "value").await;
    assert_eq!((status(&first).await, status(&second).await), (404, 200));
    ada.presses("Remove the address: Your notifications").await;
    ada.sees("The address has been removed.").await;
    assert_eq!((status(&second).await, ada.how_many("#feeds input[readonly]").await), (404, 0));
}

async fn signs_up(town: &Town, name: &str) -> Person {
    let person = Person::stranger(name, &town.site.url, &Options { no_javascript: true, ..Options::default() }).await;
    person.signs_up().await;
    person
}

/// The token is shown on the page that answers the form, and is in no URL.
async fn makes_a_token(ada: &Person) {
    ada.goes_to("/settings").await;
    ada.types("token-name", "Backups").await;
    ada.clicks(By::Id("scope-read")).await;
    ada.presses("Make a token").await;
    ada.arrives_at("/settings/tokens").await;
    ada.sees("Your new token for Backups").await;
    ada.sees("tdg_").await;
    ada.sees("Backups Read").await;
    ada.goes_to("/settings").await;
    ada.sees("never used").await;
    assert_eq!(ada.how_many(".secret").await, 0);
    ada.clicks(By::Css(".tokens button")).await;
    ada.sees("That token is revoked.").await;
}

/// What stands in a `noscript` is text where scripts run, and part of the page where none do.
async fn has_no_javascript(bob: &Person) {
    assert_eq!(bob.how_many("noscript > meta[http-equiv=refresh]").await, 1, "JavaScript is on, or the inbox does not refresh itself without");
    let refresh = bob.attribute("noscript > meta[http-equiv=refresh]", "content").await;
    assert_eq!(refresh, "60; url=/notifications?auto=1");
}
