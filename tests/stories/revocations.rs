//! Revoked tokens that guess: whoever hits the current stamp must not be told that nothing is new.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use tidings::ids::UserId;
use tidings::model::users;

use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::town::{PASSWORD, Town};

async fn stamp_of(town: &Town, person: i64) -> i64 {
    town.site.app.query(move |conn| Ok(users::last_update(conn, UserId(person))?)).await.unwrap().unwrap()
}

/// What each way to poll answers to a token that knows the exact stamp.
async fn polls_with(program: &Program, tab: &Person, stamp: i64) -> [u16; 4] {
    let tagged = async |tag: String| program.sends(program.request(Method::GET, "/api/stream").header(IF_NONE_MATCH, tag)).await.status.as_u16();
    [
        program.gets(&format!("/api/stream?since={stamp}")).await.status.as_u16(),
        tagged(format!("\"{stamp}\"")).await,
        tagged("*".to_owned()).await,
        tab.polls_at(&format!("/api/stream?since={stamp}")).await.status.as_u16(),
    ]
}

#[tokio::test]
async fn a_revoked_token_ends_everywhere_though_it_guesses_the_stamp() {
    let here = Town::new().await;
    let there = here.another_instance().await;
    let ada = here.signs_up("ada").await;
    let (id, program, tab) = (ada.id().await, ada.program().await, here.signs_in("ada").await);
    let elsewhere = there.program().with_token(&program.token);
    let tab_elsewhere = there.stranger("ada");
    tab_elsewhere.takes_cookie(tab.cookie());
    // Both instances have met them.
    for (program, tab) in [(&program, &tab), (&elsewhere, &tab_elsewhere)] {
        assert_eq!(polls_with(program, tab, stamp_of(&here, id).await).await, [200, 304, 304, 204]);
    }
    ada.posts("/settings/sessions/others/revoke", &[]).await;
    let stamp = stamp_of(&here, id).await;
    assert_eq!(polls_with(&program, &tab, stamp).await, [401; 4]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while polls_with(&elsewhere, &tab_elsewhere, stamp).await != [401; 4] {
        assert!(Instant::now() < deadline, "it goes on elsewhere");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // An instance that starts later, and has met nobody, knows as well.
    let later = here.another_instance().await;
    let tab_later = later.stranger("ada");
    tab_later.takes_cookie(tab.cookie());
    assert_eq!(polls_with(&later.program().with_token(&program.token), &tab_later, stamp).await, [401; 4]);
}

#[tokio::test]
async fn whoever_was_not_revoked_is_looked_for_once_and_then_polls_without_a_statement() {
    let here = Town::new().await;
    let (ada, other) = (here.signs_up("ada").await, here.signs_in("ada").await);
    other.posts("/signout", &[]).await;
    let bob = here.signs_up("bob").await;
    ada.follows(&bob).await;
    for person in [&ada, &bob] {
        person.opens("/people").await;
        person.polls().await;
        let before = here.site.app.statements();
        for _ in 0..10 {
            person.polls_and_hears_nothing().await;
        }
        assert_eq!(here.site.app.statements(), before, "{}", person.name);
    }
    // On another instance, too.
    let there = here.another_instance().await;
    let ada = ada.at(&there);
    ada.polls_and_hears_nothing().await;
    ada.polls_and_hears_nothing().await;
    let before = there.site.app.statements();
    for _ in 0..10 {
        ada.polls_and_hears_nothing().await;
    }
    assert_eq!(there.site.app.statements(), before);
}

#[tokio::test]
async fn thousands_of_tags_are_not_read() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let (program, stamp) = (bob.program().await, stamp_of(&town, bob.id().await).await);
    let tagged = async |tags: Vec<i64>| {
        let tags = tags.iter().map(|tag| format!("\"{tag}\"")).collect::<Vec<_>>().join(", ");
        program.sends(program.request(Method::GET, "/api/stream").header(IF_NONE_MATCH, tags)).await.status.as_u16()
    };
    assert_eq!((tagged(vec![stamp]).await, tagged(vec![1, 2, stamp]).await), (304, 304));
    assert_eq!(tagged((0..4_500).map(|n| stamp - 4_400 + n).collect()).await, 200);
}

/// A new password ends every other session, and an account that is gone ends them all.
#[tokio::test]
async fn so_it_is_with_a_new_password_and_a_deleted_account() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (id, program, tab) = (ada.id().await, ada.program().await, town.signs_in("ada").await);
    ada.posts("/settings/password", &[("current", PASSWORD), ("password", "another secret")]).await;
    let stamp = stamp_of(&town, id).await;
    assert_eq!(polls_with(&program, &tab, stamp).await, [401; 4]);
    assert_eq!(ada.gets(&format!("/api/stream?since={stamp}")).await.status, 200);
    let copy = town.stranger("ada");
    copy.takes_cookie(ada.cookie());
    ada.posts("/settings/delete", &[("password", "another secret")]).await;
    let known = town.site.app.stamps.remembered(UserId(id)).unwrap_or_default();
    assert_eq!(copy.polls_at(&format!("/api/stream?since={known}")).await.status, 401);
}
