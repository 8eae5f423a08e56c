//! Which requests may change something: every combination of what browsers say about where a request comes from.

use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;

use crate::support::{Member, Site, request};

/// Headers of one request; a name may be there twice.
type Headers<'a> = &'a [(&'a str, &'a str)];

const OWN: &str = "https://tidings.example";
const FOREIGN: &str = "https://evil.example";
const BOTH_SAME: Headers<'static> = &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];

/// What a browser may say, and whether it may change something in the name of its cookie.
const FROM_A_BROWSER: [(Headers<'_>, bool); 23] = [
    (&[("sec-fetch-site", "same-origin")], true),
    // Typed, or from a bookmark.
    (&[("sec-fetch-site", "none")], true),
    (&[("sec-fetch-site", "same-site")], false),
    (&[("sec-fetch-site", "cross-site")], false),
    (&[("sec-fetch-site", "")], false),
    (&[("sec-fetch-site", "same-origin, cross-site")], false),
    (BOTH_SAME, false),
    // It says more than the origin does, so the origin is not asked.
    (&[("sec-fetch-site", "same-origin"), ("origin", FOREIGN)], true),
    (&[("sec-fetch-site", "same-site"), ("origin", OWN)], false),
    (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], false),
    (&[("origin", OWN)], true),
    // A proxy may speak https for us.
    (&[("origin", "http://tidings.example")], true),
    (&[("origin", "https://TIDINGS.example")], true),
    (&[("origin", FOREIGN)], false),
    (&[("origin", "https://tidings.example:8443")], false),
    (&[("origin", "https://tidings.example.evil.example")], false),
    (&[("origin", "https://www.tidings.example")], false),
    (&[("origin", "https://evil.example/https://tidings.example")], false),
    (&[("origin", "tidings.example")], false),
    (&[("origin", "null")], false),
    (&[("origin", "")], false),
    (&[("origin", OWN), ("origin", OWN)], false),
    (&[], false),
];

fn with(request: TestRequest, headers: Headers<'_>) -> TestRequest {
    headers.iter().fold(request, |request, header| request.append_header(*header))
}

/// Whether the check lets `request` pass. What it refuses must not have come as far as the database.
async fn passes(site: &Site, request: TestRequest) -> bool {
    let (answer, statements) = site.answers_with_statements(request).await;
    let refused = answer.status == 403;
    assert!(!refused || (answer.body.contains("so nothing was changed") && statements == 0), "{answer:?}");
    !refused
}

fn with_cookie(member: &Member, line: &str) -> TestRequest {
    request(line).cookie(member.cookie.clone())
}

#[actix_web::test]
async fn a_cookie_counts_only_from_our_own_pages() {
    let site = Site::open().await;
    let (ada, _bob) = (site.member("ada").await, site.member("bob").await);
    for (headers, allowed) in FROM_A_BROWSER {
        assert_eq!(passes(&site, with(with_cookie(&ada, "POST /people/bob/follow"), headers)).await, allowed, "{headers:?}");
    }
    let no_text = HeaderValue::from_bytes(b"same-origin\xff").unwrap();
    assert!(!passes(&site, with_cookie(&ada, "POST /people/bob/follow").insert_header(("sec-fetch-site", no_text))).await);
}

#[actix_web::test]
async fn without_a_cookie_a_request_is_refused_only_if_a_browser_says_that_it_is_foreign() {
    let site = Site::open().await;
    for (headers, allowed) in FROM_A_BROWSER {
        let allowed = allowed || headers.is_empty();
        assert_eq!(passes(&site, with(request("POST /signout"), headers)).await, allowed, "{headers:?}");
    }
}

#[actix_web::test]
async fn a_bearer_token_is_sent_by_no_browser_unless_a_cookie_comes_along() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    let line = format!("DELETE /api/follow/{}", bob.id);
    for (headers, allowed) in FROM_A_BROWSER {
        assert!(passes(&site, with(ada.program(&line), headers)).await, "{headers:?}");
        let beside_a_cookie = ada.program(&line).cookie(ada.cookie.clone());
        assert_eq!(passes(&site, with(beside_a_cookie, headers)).await, allowed, "{headers:?} and a cookie");
    }
}

/// Browsers add a password that they were asked for, also to what another site sends.
#[actix_web::test]
async fn basic_authorization_is_no_bearer_token() {
    let site = Site::open().await;
    for line in ["POST /signup", "POST /signin", "POST /signout", "POST /api/session"] {
        for (headers, allowed) in FROM_A_BROWSER {
            let basic = request(line).insert_header((header::AUTHORIZATION, "Basic dXNlcjpwYXNz"));
            let allowed = allowed || headers.is_empty();
            assert_eq!(passes(&site, with(basic, headers)).await, allowed, "{line} {headers:?}");
        }
    }
}

/// Some proxies write the port that browsers leave out.
#[actix_web::test]
async fn the_port_of_the_scheme_may_be_there_or_not() {
    let site = Site::open().await;
    for (host, origin, allowed) in [
        ("nas.test:80", "http://nas.test", true),
        ("nas.test", "http://nas.test:80", true),
        ("NAS.test:443", "https://nas.test", true),
        ("[::1]:80", "http://[::1]", true),
        ("nas.test:443", "http://nas.test", false),
        ("nas.test:80", "https://nas.test", false),
        ("nas.test:8080", "http://nas.test", false),
        ("nas.test:80", "http://nas.test:8080", false),
    ] {
        let asked = TestRequest::post().uri("/signout").insert_header((header::HOST, host)).insert_header((header::ORIGIN, origin));
        assert_eq!(passes(&site, asked).await, allowed, "{host} {origin}");
    }
}

#[actix_web::test]
async fn who_is_refused_is_told_where_it_would_work() {
    for (public_url, told) in [(None, "go to localhost:8080 instead"), (Some("https://tidings.example".to_owned()), "go to https://tidings.example instead")] {
        let site = Site::with(|settings| settings.public_url = public_url).await;
        let asked = TestRequest::post().uri("/signout").insert_header((header::HOST, "localhost:8080")).insert_header((header::ORIGIN, "http://nas.test"));
        let answer = site.answers(asked).await;
        assert!(answer.status == 403 && answer.body.contains("http://nas.test") && answer.body.contains(told), "{}", answer.body);
        let markup = TestRequest::post().uri("/signout").insert_header((header::HOST, "<b>")).insert_header((header::ORIGIN, "http://<script>"));
        assert!(!site.answers(markup).await.body.contains("<script>"));
    }
}

#[actix_web::test]
async fn any_cookie_means_a_browser() {
    let site = Site::open().await;
    assert!(passes(&site, request("POST /signout")).await);
    assert!(!passes(&site, request("POST /signout").insert_header((header::COOKIE, "theme=dark"))).await);
}

#[actix_web::test]
async fn only_methods_that_change_something_are_checked() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for (method, safe) in [
        ("GET", true),
        ("HEAD", true),
        ("OPTIONS", true),
        ("TRACE", true),
        ("POST", false),
        ("PUT", false),
        ("PATCH", false),
        ("DELETE", false),
        ("LINK", false),
    ] {
        for path in ["/", "/signout", "/api/session", "/api/stream", "/static/style.css", "/nowhere"] {
            let foreign = with_cookie(&ada, &format!("{method} {path}")).insert_header(("sec-fetch-site", "cross-site"));
            assert_eq!(passes(&site, foreign).await, safe, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn without_a_host_to_compare_with_no_origin_is_our_own() {
    let site = Site::open().await;
    let nowhere = TestRequest::post().uri("/signout");
    assert!(!passes(&site, nowhere.insert_header((header::ORIGIN, OWN))).await);
}

#[actix_web::test]
async fn where_the_public_url_is_known_the_origin_must_be_exactly_that() {
    let site = Site::with(|settings| settings.public_url = Some(OWN.into())).await;
    for (origin, allowed) in [
        (OWN, true),
        ("HTTPS://Tidings.Example", true),
        ("http://tidings.example", false),
        ("https://tidings.example:443", false),
        ("https://tidings.example/", false),
        (FOREIGN, false),
        ("null", false),
    ] {
        // The host that was asked no longer matters: behind a proxy it may be anything.
        let foreign_host = request("POST /signout").insert_header((header::HOST, "evil.example")).insert_header((header::ORIGIN, origin));
        assert_eq!(passes(&site, foreign_host).await, allowed, "{origin}");
    }
}
