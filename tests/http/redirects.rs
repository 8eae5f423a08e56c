//! Where a redirect leads that a request asks for: never to another site.

use crate::support::{Site, request};

/// What was asked for, and where it leads; `None` is to where one goes without being asked.
fn targets() -> Vec<(String, Option<String>)> {
    let longest = format!("/{}", "a".repeat(1_999));
    let safe = ["/", "/people", "/people?q=b&after=a", "/people/bob#about", "/a/../b", "/?next=//evil.example", &longest];
    let unsafe_ones = [
        "",
        "people",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "https://evil.example",
        "HTTPS:evil.example",
        "javascript:alert(1)",
        " /people",
        "/a\r\nSet-Cookie: x=y",
        "/\t/evil.example",
        "/a\0b",
        "/a\u{85}b",
        "@evil.example",
        ".evil.example",
        &format!("{longest}a"),
    ];
    let safe = safe.into_iter().map(|target| (target.to_owned(), Some(target.to_owned())));
    safe.chain(unsafe_ones.into_iter().map(|target| (target.to_owned(), None))).collect()
}

fn with(path: &str, name: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{path}?{query}")
}

#[actix_web::test]
async fn who_is_signed_in_goes_on_to_next_if_that_is_here() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for page in ["/signin", "/signup"] {
        for (next, leads_to) in targets() {
            let answer = site.answers(ada.browser(&format!("GET {}", with(page, "next", &next)))).await;
            assert_eq!((answer.status, answer.header("location")), (303, leads_to.as_deref().unwrap_or("/")), "{page} {next:?}");
            assert_eq!(answer.body, "");
        }
    }
}

#[actix_web::test]
async fn the_buttons_lead_back_if_that_is_here() {
    let site = Site::open().await;
    let (ada, _bob) = (site.member("ada").await, site.member("bob").await);
    for path in ["/people/bob/follow", "/people/BOB/unfollow"] {
        for (back, leads_to) in targets() {
            let answer = site.answers(ada.browser(&format!("POST {}", with(path, "back", &back)))).await;
            assert_eq!((answer.status, answer.header("location")), (303, leads_to.as_deref().unwrap_or("/people/bob")), "{path} {back:?}");
        }
    }
}

#[actix_web::test]
async fn the_forms_carry_next_as_text() {
    let site = Site::open().await;
    for page in ["/signin", "/signup"] {
        for next in ["/people?q=b", "\"><script>alert(1)</script>", "//evil.example"] {
            let form = site.answers(request(&format!("GET {}", with(page, "next", next)))).await.page();
            assert_eq!(form.attr("input[name=next]", "value"), next);
            assert!(form.inline_code().is_empty());
        }
    }
}

#[actix_web::test]
async fn a_stranger_comes_back_to_the_page_or_to_where_the_button_was() {
    let site = Site::open().await;
    for (line, next) in [
        ("GET /people?q=b&after=a", "/people?q=b&after=a"),
        ("GET /people/bob/followers", "/people/bob/followers"),
        ("GET /notifications?show=unread", "/notifications?show=unread"),
        ("POST /people/bob/follow?back=%2Fpeople", "/people/bob"),
        ("POST /people/bob/unfollow", "/people/bob"),
        ("POST /notifications/7/delete", "/notifications"),
        ("POST /notifications/read", "/notifications"),
        ("POST /settings/sessions/7/revoke", "/settings"),
        ("POST /settings/delete", "/settings"),
    ] {
        let answer = site.answers(request(line)).await;
        assert_eq!((answer.status, answer.header("location")), (303, with("/signin", "next", next).as_str()), "{line}");
    }
}
