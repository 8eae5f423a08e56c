//! Following, and what the other one hears of it.

use futures_util::future::join_all;

use crate::support::town::Town;

#[tokio::test]
async fn ada_follows_bob_and_his_open_tab_hears_of_it() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.opens("/notifications").await;
    bob.polls_and_hears_nothing().await;
    ada.follows(&bob).await;
    let news = bob.polls_and_hears("ada follows you").await;
    assert_eq!(news.title(), "(1) Notifications · Tidings");
    assert_eq!(news.badge(), 1);
    assert_eq!(news.notification_texts(), ["ada follows you"]);
    bob.polls_and_hears_nothing().await;
    bob.sees(["ada follows you"]).await;
}

#[tokio::test]
async fn a_second_click_changes_nothing() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    ada.follows(&bob).await;
    bob.sees(["ada follows you"]).await;
    ada.follows(&bob).await;
    bob.polls_and_hears_nothing().await;
}

#[tokio::test]
async fn an_unread_follow_is_taken_back_and_a_read_one_stays() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    bob.sees(["ada follows you"]).await;
    ada.unfollows(&bob).await;
    assert_eq!(bob.polls_and_hears("").await.badge(), 0);
    bob.sees([]).await;

    ada.follows(&bob).await;
    let id = bob.inbox().await[0].id;
    bob.posts(&format!("/notifications/{id}/read"), &[]).await;
    ada.unfollows(&bob).await;
    bob.sees(["ada follows you"]).await;
    assert_eq!(bob.badge().await, 0);
}

#[tokio::test]
async fn however_often_somebody_comes_and_goes_there_is_one_line_of_it() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    for _ in 0..3 {
        ada.follows(&bob).await;
        let id = bob.inbox().await[0].id;
        bob.posts(&format!("/notifications/{id}/read"), &[]).await;
        ada.unfollows(&bob).await;
        ada.unfollows(&bob).await;
    }
    ada.follows(&bob).await;
    bob.sees(["ada follows you"]).await;
    assert_eq!(bob.badge().await, 1, "coming back is news");
}

#[tokio::test]
async fn ten_follows_of_one_pair_at_once_are_one_follow_and_one_notification() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let presses = (0..10).map(|_| ada.posts("/people/bob/follow", &[]));
    let answers = join_all(presses).await;
    assert!(answers.iter().all(|answer| answer.status == 303));
    bob.sees(["ada follows you"]).await;
    assert_eq!(bob.gets("/people/bob").await.page().text_of(".counts"), "1 follower 0 following");
}

#[tokio::test]
async fn nobody_follows_themselves_or_somebody_who_is_not_there() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.posts("/people/ada/follow", &[]).await.is_a_page_that_says(422, "You cannot follow yourself.");
    ada.posts("/people/ADA/follow", &[]).await.is_a_page_that_says(422, "You cannot follow yourself.");
    ada.posts("/people/nobody/follow", &[]).await.is_a_page_that_says(404, "nothing at this address");
    ada.posts("/people/nobody/unfollow", &[]).await.is_a_page_that_says(404, "nothing at this address");
    ada.posts("/people/%3Cscript%3E/follow", &[]).await.is_a_page_that_says(404, "nothing at this address");
    ada.sees([]).await;
}

#[tokio::test]
async fn htmx_gets_the_button_and_on_a_profile_the_counts_as_well() {
    let town = Town::new().await;
    let (ada, _bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let button = ada.presses("/people/bob/follow?back=%2Fpeople%23person-bob", &[]).await;
    assert_eq!(button.status, 200);
    let button = button.fragment();
    assert!(button.starts_with("div#follow-bob[autofocus]"));
    assert_eq!(button.text_of("#follow-bob > form > button"), "Unfollow bob");
    for attribute in ["action", "hx-post"] {
        assert_eq!(button.attr("#follow-bob-form", attribute), "/people/bob/unfollow?back=%2Fpeople%23person-bob");
    }
    let profile = ada.presses("/people/bob/unfollow?on=profile", &[]).await;
    let profile = profile.fragment();
    assert!(profile.starts_with("section#about"));
    assert_eq!(profile.text_of("#about .counts"), "0 followers 0 following");
}

#[tokio::test]
async fn without_javascript_one_comes_back_to_the_same_page_but_never_to_another_site() {
    let town = Town::new().await;
    let (ada, _bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let back = |url: &str| format!("/people/bob/follow?back={}", url.replace('/', "%2F").replace('?', "%3F").replace('#', "%23").replace('=', "%3D"));
    assert_eq!(ada.posts(&back("/people?q=b#person-bob"), &[]).await.header("location"), "/people?q=b#person-bob");
    for foreign in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        assert_eq!(ada.posts(&back(foreign), &[]).await.header("location"), "/people/bob");
    }
    assert_eq!(ada.posts("/people/bob/unfollow", &[]).await.header("location"), "/people/bob");
}
