//! Whom a request is answered as: by the cookie, by the bearer token, or as nobody.

use actix_web::http::header;

use crate::support::{Site, request};

#[actix_web::test]
async fn a_cookie_is_found_among_others_and_only_by_its_whole_name() {
    let site = Site::open().await;
    let token = &site.member("ada").await.token;
    for (cookie, status) in [
        (format!("tidings={token}"), 200),
        (format!("a=b; tidings={token}"), 200),
        (format!("a=b;tidings={token}"), 200),
        (format!("tidings={token} ; a=b"), 200),
        (format!("tidings={token}; tidings=x"), 200),
        (format!("tidings=x; tidings={token}"), 401),
        (format!("nottidings={token}"), 401),
        (format!("tidings2={token}"), 401),
        (format!("__Host-tidings={token}"), 401),
        (format!("TIDINGS={token}"), 401),
        (format!("a=tidings={token}"), 401),
        (format!("tidings=\"{token}\""), 401),
        (format!("tidings={token}A"), 401),
        ("tidings=".to_owned(), 401),
        ("tidings".to_owned(), 401),
        (String::new(), 401),
    ] {
        let answer = site.answers(request("GET /api/me").insert_header((header::COOKIE, cookie.as_str()))).await;
        assert_eq!(answer.status, status, "{cookie}");
    }
    let in_two_lines = request("GET /api/me").append_header((header::COOKIE, "a=b")).append_header((header::COOKIE, format!("tidings={token}")));
    assert_eq!(site.answers(in_two_lines).await.status, 200);
}

#[actix_web::test]
async fn over_https_only_the_cookie_that_is_bound_to_the_host_counts() {
    let site = Site::with(|settings| settings.public_url = Some("https://tidings.example".into())).await;
    let ada = site.member("ada").await;
    assert_eq!((ada.cookie.name(), ada.cookie.secure()), ("__Host-tidings", Some(true)));
    assert_eq!(site.answers(ada.browser("GET /api/me")).await.status, 200);
    let unbound = request("GET /api/me").insert_header((header::COOKIE, format!("tidings={}", ada.token)));
    assert_eq!(site.answers(unbound).await.status, 401);
}

#[actix_web::test]
async fn whoever_shows_a_token_is_judged_by_it_alone() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    let token = &ada.token;
    for (authorization, status) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (format!("BEARER  {token} "), 200),
        (format!("Basic {token}"), 401),
        (format!("Bearer{token}"), 401),
        (format!("Bearer {token}A"), 401),
        (format!("Bearer tidings={token}"), 401),
        (token.clone(), 401),
        ("Bearer".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        (String::new(), 401),
    ] {
        let asked = bob.browser("GET /api/me").insert_header((header::AUTHORIZATION, authorization.as_str()));
        let answer = site.answers(asked).await;
        assert_eq!(answer.status, status, "{authorization}");
        assert!(status != 200 || answer.json()["username"] == "ada", "the token counts, and not the cookie beside it");
    }
}
