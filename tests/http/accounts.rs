//! Forms of accounts: what they take, and which session is left afterwards.

use actix_web::http::header;
use serde_json::json;

use crate::support::{Site, request};

const PASSWORD: &str = "correct horse";

/// Makes an account by the form; its name has 3 characters or more.
async fn signs_up(site: &Site, name: &str) {
    let answer = site.answers(request("POST /signup").set_form(json!({"username": name, "password": PASSWORD}))).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[actix_web::test]
async fn signing_in_over_another_session_ends_that_one() {
    let site = Site::open().await;
    signs_up(&site, "bob").await;
    let ada = site.member("ada").await;
    let wrong = ada.browser("POST /signin").set_form(json!({"username": "bob", "password": "wrong horse"}));
    assert_eq!(site.answers(wrong).await.status, 401);
    assert_eq!(site.answers(ada.browser("GET /people")).await.status, 200, "a mistake ends nothing");
    let right = ada.browser("POST /signin").set_form(json!({"username": "bob", "password": PASSWORD}));
    assert_eq!(site.answers(right).await.status, 303);
    assert_eq!(site.answers(ada.browser("GET /people")).await.status, 303, "nobody could sign it out any more");
}

#[actix_web::test]
async fn a_compressed_form_is_refused_and_not_read_as_text() {
    let site = Site::open().await;
    signs_up(&site, "bob").await;
    for (encoding, status) in [("gzip", 415), ("br", 415), ("gzip, identity", 415), ("identity", 303)] {
        let form = request("POST /signin").insert_header((header::CONTENT_ENCODING, encoding)).set_form(json!({"username": "bob", "password": PASSWORD}));
        assert_eq!(site.answers(form).await.status, status, "{encoding}");
    }
}

#[actix_web::test]
async fn what_html_cannot_hold_is_not_shown_again() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for asked in [ada.browser("GET /people?q=a%00b%1B"), request("GET /signin?next=%2Fpeople%00"), request("GET /signup?next=%2Fpeople%00")] {
        let answer = site.answers(asked).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains(['\0', '\u{1b}']));
    }
    let refused = request("POST /signin").set_form(json!({"username": "a\0b", "password": PASSWORD, "next": "/\0"}));
    let refused = site.answers(refused).await;
    assert!(refused.status == 401 && !refused.body.contains('\0'), "{}", refused.body);
}
