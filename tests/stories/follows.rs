//! Following, and what the other one hears of it.

use crate::html;
use crate::town::Town;

#[tokio::test]
async fn ada_follows_bob_and_his_open_tab_hears_of_it() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.opens("/notifications").await;
    bob.polls_and_hears_nothing().await;
    ada.follows(&bob).await;
    let news = bob.polls_and_hears("ada follows you").await;
    assert_eq!(html::title(&news.body), "(1) Notifications · Tidings");
    assert_eq!(html::badge(&news.body), 1);
    assert_eq!(html::lines(&news.body)[0].says, "ada follows you");
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
    assert_eq!(html::badge(&bob.polls_and_hears("").await.body), 0);
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
    let answers = futures_of(presses).await;
    assert!(answers.iter().all(|answer| answer.status == 303));
    bob.sees(["ada follows you"]).await;
    assert!(html::text(&bob.gets("/people/bob").await.body).contains("1 follower "));
}

/// Runs them all at once.
pub async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in pending.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(done) = future.as_mut().poll(context) {
                *output = Some(done);
            }
        }
        if pending.iter().all(|(_, output)| output.is_some()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test]
async fn nobody_follows_themselves_or_somebody_who_is_not_there() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.posts("/people/ada/follow", &[]).await.is_a_page_that_says(422, "oneself");
    ada.posts("/people/ADA/follow", &[]).await.is_a_page_that_says(422, "oneself");
    ada.posts("/people/nobody/follow", &[]).await.is_a_page_that_says(404, "nothing here");
    ada.posts("/people/nobody/unfollow", &[]).await.is_a_page_that_says(404, "nothing here");
    ada.posts("/people/%3Cscript%3E/follow", &[]).await.is_a_page_that_says(404, "nothing here");
    ada.sees([]).await;
}

#[tokio::test]
async fn htmx_gets_the_button_and_on_a_profile_the_counts_as_well() {
    let town = Town::new().await;
    let (ada, _bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let button = ada.presses("/people/bob/follow?back=%2Fpeople%23person-bob", &[]).await;
    assert_eq!(button.status, 200);
    assert!(button.body.starts_with("<form id=\"follow-bob\"") && button.body.contains("Unfollow"), "{}", button.body);
    assert!(button.body.contains("/people/bob/unfollow?back=%2Fpeople%23person-bob"), "{}", button.body);
    let profile = ada.presses("/people/bob/unfollow?on=profile", &[]).await;
    assert!(profile.body.starts_with("<section id=\"about\"") && html::text(&profile.body).contains("0 followers"), "{}", profile.body);
}

#[tokio::test]
async fn without_javascript_one_comes_back_to_the_same_place_but_never_to_another_site() {
    let town = Town::new().await;
    let (ada, _bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let back = |place: &str| format!("/people/bob/follow?back={}", place.replace('/', "%2F").replace('?', "%3F").replace('#', "%23").replace('=', "%3D"));
    assert_eq!(ada.posts(&back("/people?q=b#person-bob"), &[]).await.header("location"), "/people?q=b#person-bob");
    for foreign in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        assert_eq!(ada.posts(&back(foreign), &[]).await.header("location"), "/people/bob");
    }
    assert_eq!(ada.posts("/people/bob/unfollow", &[]).await.header("location"), "/people/bob");
}
