//! One URL for each page, and the URLs that others expect to be there.

use actix_web::http::header;

use crate::support::{Site, request};

#[actix_web::test]
async fn slashes_too_many_lead_to_the_url_without() {
    let site = Site::open().await;
    for (asked, location) in [
        ("GET /people/", "/people"),
        ("GET //people", "/people"),
        ("GET /people//ada/?q=a%2Fb", "/people/ada?q=a%2Fb"),
        ("GET //evil.example/", "/evil.example"),
        ("GET //", "/"),
        ("GET /api/me/", "/api/me"),
        ("GET /static//style.css", "/static/style.css"),
        ("POST /people/ada/follow/", "/people/ada/follow"),
    ] {
        let answer = site.answers(request(asked)).await;
        assert_eq!((answer.status, answer.header("location")), (308, location), "{asked}");
    }
    for canonical in ["GET /", "GET /signin", "GET /static/style.css"] {
        assert_eq!(site.answers(request(canonical)).await.status, 200, "{canonical}");
    }
}

#[actix_web::test]
async fn password_managers_find_the_form() {
    let site = Site::open().await;
    let answer = site.answers(request("GET /.well-known/change-password")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/settings"));
}

/// Apache marks the ETag of what it compressed, and sends it on as the browser sends it back.
#[actix_web::test]
async fn an_etag_is_known_again_however_a_proxy_marked_it() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for line in ["GET /api/stream", "GET /static/style.css"] {
        let tag = site.answers(ada.program(line)).await.header("etag").to_owned();
        let marked = tag.replacen('"', "\u{0}", 1).replace('"', "-gzip\"").replace('\u{0}', "\"");
        for known in [tag.clone(), format!("W/{tag}"), marked.clone(), format!("W/{marked}"), format!("\"other\", {marked}"), "*".to_owned()] {
            let answer = site.answers(ada.program(line).insert_header((header::IF_NONE_MATCH, known.as_str()))).await;
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{line} {known}");
        }
        let other = site.answers(ada.program(line).insert_header((header::IF_NONE_MATCH, "\"other-gzip\""))).await;
        assert_eq!(other.status, 200, "{line}");
    }
}
