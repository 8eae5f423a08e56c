//! The directory, profiles, lists and pictures.

use diesel::connection::SimpleConnection;
use tidings::db::Change;
use tidings::domain::follow::follow;
use tidings::ids::UserId;

use crate::support::crowd::crowd_follows;
use crate::support::town::Town;

#[tokio::test]
async fn names_are_found_by_their_start_in_any_case() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for name in ["bob", "bo_99", "Bonnie", "cleo"] {
        town.signs_up(name).await;
    }
    assert_eq!(ada.gets("/people").await.page().people(), ["ada", "bo_99", "bob", "bonnie", "cleo"]);
    assert_eq!(ada.gets("/people?q=BO").await.page().people(), ["bo_99", "bob", "bonnie"]);
    assert_eq!(ada.gets("/people?q=bo_").await.page().people(), ["bo_99"], "an underscore is a letter, not a wildcard");
    assert_eq!(ada.gets("/people?q=%25").await.page().people(), [""; 0]);
    ada.gets("/people?q=zed").await.is_a_page_that_says(200, "No username begins with “zed”");
}

#[tokio::test]
async fn what_was_searched_for_is_text_and_never_markup() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for q in ["%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%22onfocus%3D%22x", "%00", "%FF%FE", "a%00b"] {
        let answer = ada.gets(&format!("/people?q={q}")).await;
        assert_eq!(answer.status, 200, "{q}");
        assert!(answer.page().inline_code().is_empty(), "{}", answer.body);
    }
    let long = format!("/people?q={}", "a".repeat(5_000));
    assert_eq!(ada.gets(&long).await.status, 200);
}

#[tokio::test]
async fn the_directory_and_the_lists_are_reached_page_by_page_once() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 45).await;
    let crowd: Vec<String> = (0..45).map(|n| format!("crowd_{n:03}")).collect();
    for (start, newest_first) in [("/people", false), ("/people?q=crowd", false), ("/people/bob/followers", true)] {
        let (mut seen, mut url) = (Vec::new(), start.to_owned());
        loop {
            let page = bob.opens(&url).await;
            seen.extend(page.people());
            let Some(more) = page.pager_link("More") else { break };
            url = more;
        }
        if newest_first {
            seen.reverse();
        }
        if start == "/people" {
            assert_eq!(seen.remove(0), "bob", "oneself is listed as well");
        }
        assert_eq!(seen, crowd, "{start}");
    }
    assert_eq!(bob.gets("/people/bob").await.page().text_of(".counts"), "45 followers 0 following");
    assert_eq!(bob.gets("/people/crowd_007/following").await.page().people(), ["bob"]);
}

#[tokio::test]
async fn who_is_alone_is_told_what_to_do() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for path in ["/", "/people"] {
        assert!(ada.gets(path).await.page().text_of(".empty").contains("Tell a friend about this site"), "{path}");
    }
    town.signs_up("bob").await;
    assert!(!ada.gets("/people").await.page().exists(".empty"));
}

#[tokio::test]
async fn a_profile_is_found_in_any_case_and_nobody_is_404() {
    let town = Town::new().await;
    let (ada, _bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    assert_eq!(ada.gets("/people/BOB").await.status, 200);
    for nobody in ["/people/nobody", "/people/nobody/followers", "/people/%FF", "/people/a%00b", "/people/..%2f", "/people/%3Cb%3E"] {
        ada.gets(nobody).await.is_a_page_that_says(404, "nothing at this address");
    }
    ada.gets(&format!("/people/{}", "a".repeat(8_000))).await.is_a_page_that_says(404, "nothing at this address");
    ada.gets("/people/bob/followers?after=x").await.is_a_page_that_says(400, "could not be read");
    assert_eq!(ada.gets("/people/ada").await.page().text_of("#about > .about-you"), "This is you.");
}

#[tokio::test]
async fn everybody_has_a_picture_and_it_does_not_tell_who_exists() {
    let town = Town::new().await;
    let anybody = town.stranger("anybody");
    let picture = anybody.gets("/people/ada/picture.svg").await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/svg+xml"));
    assert!(picture.header("cache-control").starts_with("public"));
    assert_eq!(picture.body, anybody.gets("/people/ADA/picture.svg").await.body);
    assert_ne!(picture.body, anybody.gets("/people/bob/picture.svg").await.body);
    anybody.gets("/people/%3Csvg%3E/picture.svg").await.is_a_page_that_says(404, "nothing at this address");
}

#[tokio::test]
async fn the_newest_whom_one_does_not_follow_are_suggested() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let suggested = async || ada.gets("/").await.page().people();
    assert_eq!(suggested().await, ["bob"], "nobody is suggested to themselves");
    crowd_follows(&bob, 100).await;
    assert_eq!(suggested().await, ["crowd_099", "crowd_098", "crowd_097", "crowd_096", "crowd_095", "crowd_094"]);
    let (me, newest) = (UserId(ada.id().await), bob.id().await + 11..=bob.id().await + 100);
    let follow_newest = move |tx: &mut Change<'_>| newest.map(|id| follow(tx, me, UserId(id))).try_for_each(|done| done.map(drop));
    town.site.app.change(|tx| Ok(follow_newest(tx)?)).await.unwrap();
    assert_eq!(suggested().await, ["crowd_009", "crowd_008", "crowd_007", "crowd_006", "crowd_005", "crowd_004"]);
    ada.follows(&bob).await;
    for n in 0..10 {
        ada.posts(&format!("/people/crowd_{n:03}/follow"), &[]).await;
    }
    ada.gets("/").await.is_a_page_that_says(200, "nobody new to suggest");
}

#[tokio::test]
async fn a_profile_counts_up_to_ten_thousand() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let crowd = |from: i64, to: i64| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})
             INSERT INTO users (id, username, password_hash, last_update, created_at) SELECT i, 'fan_' || i, '-', 0, 0 FROM n;
             INSERT INTO follows (follower_id, followee_id, created_at) SELECT id, 2, 0 FROM users WHERE id BETWEEN {from} AND {to}"
        )
    };
    let mut shell = town.site.home.shell();
    assert_eq!(bob.id().await, 2);
    shell.batch_execute(&crowd(101, 10_099)).unwrap();
    assert_eq!(ada.gets("/people/bob").await.page().text_of(".counts"), "9,999 followers 0 following");
    let pressed = ada.presses("/people/bob/follow?on=profile", &[]).await;
    assert_eq!(pressed.fragment().text_of("#about .counts"), "10,000+ followers 0 following");
}
