//! Who may keep an answer, and for how long, by its URL.

use actix_web::http::header;

use crate::support::{Site, request};

const YEAR: &str = "public, max-age=31536000, immutable";
const DAY: &str = "public, max-age=86400";
const ENCODING: &str = "Accept-Encoding";
const CALLER: &str = "HX-Request, Accept, Cookie, Authorization";

#[actix_web::test]
async fn only_this_releases_own_urls_are_kept_for_a_year() {
    let site = Site::open().await;
    let (own_style, own_connection) = (site.app.assets.style.as_str(), site.app.assets.connection.as_str());
    for (url, status, rule, vary) in [
        (own_style, 200, YEAR, ENCODING),
        ("/static/vendor/htmx-4.0.1.min.js", 200, YEAR, ENCODING),
        (own_connection, 200, YEAR, ENCODING),
        ("/static/connection.html", 200, "no-cache", ENCODING),
        ("/static/style.css", 200, "no-cache", ENCODING),
        ("/static/style.css?v=", 200, "no-cache", ENCODING),
        ("/static/style.css?v=00000000", 200, "no-cache", ENCODING),
        (&format!("{own_style}0"), 200, "no-cache", ENCODING),
        (&format!("{own_style}&v=00000000"), 200, "no-cache", ENCODING),
        (&format!("/static/icon.svg?{}", own_style.split_once('?').unwrap().1), 200, "no-cache", ENCODING),
        ("/static/icon.svg", 200, "no-cache", ENCODING),
        ("/static/calm.svg", 200, "no-cache", ENCODING),
        // What is missing is not missing for a year.
        ("/static/vendor/htmx-9.9.9.min.js", 404, "no-store", CALLER),
        ("/static/no.css?v=1", 404, "no-store", CALLER),
        ("/people/ada/picture.svg", 200, DAY, ENCODING),
        ("/favicon.ico", 301, DAY, ENCODING),
        ("/people/no/picture.svg", 404, "no-store", CALLER),
    ] {
        let answer = site.answers(request(&format!("GET {url}"))).await;
        assert_eq!((answer.status, answer.header("cache-control"), answer.header("vary")), (status, rule, vary), "{url}");
    }
}

#[actix_web::test]
async fn nobody_keeps_what_depends_on_who_asks() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for line in [
        "GET /",
        "GET /signin",
        "GET /people",
        "GET /people/ada",
        "GET /notifications",
        "GET /settings",
        "POST /people/ada/follow",
        "POST /signin",
        "GET /api/me",
        "GET /api/people",
        "GET /api/notifications",
        "GET /api/nothing",
        "GET /api/stream",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /no/such/page",
    ] {
        for asked in [request(line), ada.browser(line), ada.htmx(line), ada.program(line)] {
            let answer = site.answers(asked).await;
            assert_eq!((answer.header("cache-control"), answer.header("vary")), ("no-store", CALLER), "{line}: {}", answer.status);
        }
    }
}

#[actix_web::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let site = Site::open().await;
    let own_style = site.app.assets.style.clone();
    for (url, rule) in
        [(own_style.as_str(), YEAR), ("/static/style.css", "no-cache"), ("/static/vendor/htmx-4.0.1.min.js", YEAR), ("/static/icon.svg", "no-cache")]
    {
        let line = format!("GET {url}");
        let first = site.answers(request(&line)).await;
        let tag = first.header("etag");
        for (known, status) in [(tag, 304), (&format!("W/{tag}"), 304), (&format!("\"other\", {tag}"), 304), ("*", 304), ("\"other\"", 200)] {
            let again = site.answers(request(&line).insert_header((header::IF_NONE_MATCH, known))).await;
            assert_eq!((again.status, again.body.is_empty()), (status, status == 304), "{url} {known}");
            assert_eq!((again.header("etag"), again.header("cache-control"), again.header("vary")), (tag, rule, ENCODING), "{url} {known}");
        }
    }
}

#[actix_web::test]
async fn a_compressed_file_has_a_weak_tag_that_is_known_again() {
    let site = Site::open().await;
    let compressed = request("GET /static/style.css").insert_header((header::ACCEPT_ENCODING, "gzip"));
    let plain = site.answers(request("GET /static/style.css")).await;
    let again = site.answers(compressed.insert_header((header::IF_NONE_MATCH, format!("W/{}", plain.header("etag"))))).await;
    assert_eq!((again.status, again.header("content-encoding")), (304, ""));
}
