//! Whom a request is answered as: by the cookie, by the bearer token, or as nobody.

use actix_web::http::header;

use crate::support::{Site, request};

#[actix_web::test]
async fn a_cookie_is_found_among_others_and_only_by_its_whole_name() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    let (token, name) = (&ada.token, ada.cookie.name());
    for (cookie, status) in [
        (format!("{name}={token}"), 200),
        (format!("a=b; {name}={token}"), 200),
        (format!("a=b;{name}={token}"), 200),
        (format!("{name}={token} ; a=b"), 200),
        // A stale cookie beside a living one, in either order.
        (format!("{name}={token}; {name}=x"), 200),
        (format!("{name}=x; {name}={token}"), 200),
        // As the release before called it.
        (format!("tidings={token}"), 200),
        (format!("tidings=x; {name}={token}"), 200),
        (format!("not{name}={token}"), 401),
        (format!("{name}2={token}"), 401),
        (format!("__Host-{name}={token}"), 401),
        (format!("{}={token}", name.to_uppercase()), 401),
        (format!("a={name}={token}"), 401),
        (format!("{name}=\"{token}\""), 401),
        (format!("{name}={token}A"), 401),
        (format!("{name}="), 401),
        (name.to_owned(), 401),
        (String::new(), 401),
    ] {
        let answer = site.answers(request("GET /api/me").insert_header((header::COOKIE, cookie.as_str()))).await;
        assert_eq!(answer.status, status, "{cookie}");
    }
    let in_two_lines = request("GET /api/me").append_header((header::COOKIE, "a=b")).append_header((header::COOKIE, format!("{name}={token}")));
    assert_eq!(site.answers(in_two_lines).await.status, 200);
}

#[actix_web::test]
async fn over_https_only_the_cookie_that_is_bound_to_the_host_counts() {
    let site = Site::with(|settings| settings.public_url = Some("https://tidings.example".into())).await;
    let ada = site.member("ada").await;
    assert!(ada.cookie.name().starts_with("__Host-tidings-") && ada.cookie.secure() == Some(true));
    assert_eq!(site.answers(ada.browser("GET /api/me")).await.status, 200);
    for name in ["tidings", ada.cookie.name().trim_start_matches("__Host-")] {
        let unbound = request("GET /api/me").insert_header((header::COOKIE, format!("{name}={}", ada.token)));
        assert_eq!(site.answers(unbound).await.status, 401, "{name}");
    }
}

#[actix_web::test]
async fn a_token_of_ours_speaks_for_its_bearer_and_nothing_else_hides_a_cookie() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    let token = &ada.token;
    for (authorization, speaks) in [
        (format!("Bearer {token}"), true),
        (format!("bearer {token}"), true),
        (format!("BEARER  {token} "), true),
        // What a proxy that asks for a password sends on.
        ("Basic dXNlcjpwYXNz".to_owned(), false),
        (format!("Basic {token}"), false),
        (format!("Bearer{token}"), false),
        (format!("Bearer {token}A"), false),
        (format!("Bearer tidings={token}"), false),
        (token.clone(), false),
        ("Bearer".to_owned(), false),
        ("Bearer ".to_owned(), false),
        (String::new(), false),
    ] {
        let beside_a_cookie = bob.browser("GET /api/me").insert_header((header::AUTHORIZATION, authorization.as_str()));
        let answer = site.answers(beside_a_cookie).await;
        assert_eq!((answer.status, answer.json()["username"].as_str()), (200, Some(if speaks { "ada" } else { "bob" })), "{authorization}");
        let alone = request("GET /api/me").insert_header((header::AUTHORIZATION, authorization.as_str()));
        assert_eq!(site.answers(alone).await.status == 200, speaks, "{authorization}");
    }
}
