//! The headers that protect: on every answer with content, once each.

use crate::support::{Answer, Site, request};

const EXPECTED: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Answers of every kind: pages, fragments, JSON, text, files, redirects, errors of ours and of the framework's.
const LINES: [&str; 17] = [
    "GET /",
    "GET /signin",
    "GET /people",
    "GET /people/ada",
    "GET /notifications",
    "GET /settings",
    "GET /api/me",
    "GET /api/stream",
    "GET /healthz",
    "GET /metrics",
    "GET /static/style.css",
    "GET /people/ada/picture.svg",
    "GET /favicon.ico",
    "GET /no/such/page",
    "GET /notifications?before=x",
    "PUT /",
    "POST /notifications/read",
];

fn is_protected(answer: &Answer, strict_transport_security: &str, line: &str) {
    for (name, value) in EXPECTED {
        assert_eq!(answer.header(name), value, "{name} of {line}");
    }
    assert_eq!(answer.header("strict-transport-security"), strict_transport_security, "{line}");
}

async fn every_answer_is_protected(site: &Site, strict_transport_security: &str) {
    let ada = site.member("ada").await;
    for line in LINES {
        for asked in [request(line), ada.browser(line), ada.htmx(line), ada.program(line)] {
            is_protected(&site.answers(asked).await, strict_transport_security, line);
        }
    }
    let foreign = request("POST /signin").insert_header(("sec-fetch-site", "cross-site"));
    is_protected(&site.answers(foreign).await, strict_transport_security, "a request from another site");
}

#[actix_web::test]
async fn every_answer_with_content_has_them() {
    every_answer_is_protected(&Site::open().await, "").await;
}

#[actix_web::test]
async fn over_https_browsers_are_told_to_stay_there() {
    let site = Site::with(|settings| settings.public_url = Some("https://tidings.example".into())).await;
    every_answer_is_protected(&site, "max-age=31536000").await;
}

#[actix_web::test]
async fn head_has_the_headers_of_get() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for line in LINES.iter().filter_map(|line| line.strip_prefix("GET ")) {
        let get = site.answers(ada.browser(&format!("GET {line}"))).await;
        let head = site.answers(ada.browser(&format!("HEAD {line}"))).await;
        assert_eq!((head.status, head.header_names()), (get.status, get.header_names()), "{line}");
        for name in ["content-type", "cache-control", "etag", "location"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {line}");
        }
    }
}

#[actix_web::test]
async fn no_page_has_code_in_it_that_the_policy_forbids() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for (path, asked) in ["/", "/signin", "/signup", "/no/such/page"].map(|path| (path, request(&format!("GET {path}")))) {
        assert!(site.answers(asked).await.page().inline_code().is_empty(), "{path}");
    }
    for path in ["/", "/people", "/people/ada", "/people/ada/followers", "/notifications", "/settings", "/no/such/page"] {
        assert!(site.answers(ada.browser(&format!("GET {path}"))).await.page().inline_code().is_empty(), "{path}");
    }
}
