//! The body of an error, by who asks: a page for people, a sentence for htmx, a problem document for programs.

use actix_web::http::header;
use actix_web::test::TestRequest;
use serde_json::json;

use crate::support::{Answer, Member, Site, request};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");

/// A request with a body, as a browser or a program announces it.
fn with_body(request: TestRequest, kind: &str, body: &str) -> TestRequest {
    request.insert_header((header::CONTENT_TYPE, kind)).insert_header((header::CONTENT_LENGTH, body.len())).set_payload(body.to_owned())
}

fn is_a_page(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!(answer.status, status, "{sentence}");
    let page = answer.page();
    assert_eq!(page.text_of("main p:first-of-type"), sentence);
    assert!(page.exists("main a[href='/']"), "{sentence}");
}

fn is_a_sentence(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"), "{sentence}");
    assert_eq!(answer.body, format!("<span>{sentence}</span>"));
}

fn is_a_problem(answer: &Answer, status: u16, title: &str, detail: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{}", answer.body);
    assert_eq!(answer.json(), json!({"type": "about:blank", "title": title, "status": status, "detail": detail}));
}

/// What a person can do wrong: the request, the status and the sentence.
fn mistakes_of_people(ada: &Member) -> [(TestRequest, u16, &'static str); 11] {
    let too_large = "x".repeat(17_000);
    [
        (with_body(ada.browser("POST /notifications/read"), FORM, "through=abc"), 400, "The request could not be read. Please go back and try again."),
        (ada.browser("GET /notifications?before=x"), 400, "The request could not be read. Please go back and try again."),
        (ada.browser("POST /people/bob/follow").insert_header(FOREIGN), 403, "This request came from another site, so nothing was changed."),
        (ada.browser("GET /people/nobody"), 404, "There is nothing at this address. The page may have been deleted, or the address may be mistyped."),
        (ada.browser("GET /no/such/page"), 404, "There is nothing at this address. The page may have been deleted, or the address may be mistyped."),
        (ada.browser("GET /static/no.css"), 404, "There is nothing at this address. The page may have been deleted, or the address may be mistyped."),
        (ada.browser("PUT /signin"), 405, "This address only answers GET, HEAD, POST requests."),
        (with_body(ada.browser("POST /people/bob/follow"), FORM, &too_large), 413, "That is more than this site accepts at once."),
        // Its length is not announced.
        (ada.browser("POST /signin").insert_header((header::CONTENT_TYPE, FORM)).set_payload(too_large), 413, "That is more than this site accepts at once."),
        (with_body(ada.browser("POST /signin"), "text/plain", "username=ada"), 415, "This address expects a form."),
        (ada.browser("POST /people/ada/follow"), 422, "You cannot follow yourself."),
    ]
}

#[actix_web::test]
async fn people_get_a_page_with_a_way_back() {
    let site = Site::open().await;
    let (ada, _bob) = (site.member("ada").await, site.member("bob").await);
    for (request, status, sentence) in mistakes_of_people(&ada) {
        let answer = site.answers(request).await;
        is_a_page(&answer, status, sentence);
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"), "{sentence}");
    }
}

#[actix_web::test]
async fn htmx_gets_a_sentence_to_show() {
    let site = Site::open().await;
    let (ada, _bob) = (site.member("ada").await, site.member("bob").await);
    for (request, status, sentence) in mistakes_of_people(&ada) {
        is_a_sentence(&site.answers(request.insert_header(("hx-request", "true"))).await, status, sentence);
    }
}

#[actix_web::test]
async fn programs_get_a_problem_document() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    let own_id = format!("{{\"userId\":{}}}", ada.id);
    let too_large = "x".repeat(17_000);
    let nothing = "There is nothing at this address. The page may have been deleted, or the address may be mistyped.";
    let from_elsewhere = ada.browser("POST /api/follow").insert_header(FOREIGN);
    for (request, status, title, detail) in [
        (ada.program("GET /api/people?limit=0"), 400, "Bad Request", "limit must be at least 1."),
        (request("GET /api/me"), 401, "Unauthorized", "You are not signed in, or your session has ended."),
        (from_elsewhere, 403, "Forbidden", "This request came from another site, so nothing was changed."),
        (ada.program("GET /api/nothing"), 404, "Not Found", nothing),
        (ada.program("GET /api"), 404, "Not Found", nothing),
        (ada.program("GET /api/follow/bob"), 404, "Not Found", nothing),
        (ada.program("GET /api/follow/999"), 404, "Not Found", nothing),
        (ada.program("PUT /api/me"), 405, "Method Not Allowed", "This address only answers GET, HEAD requests."),
        (with_body(ada.program("POST /api/follow"), JSON, &too_large), 413, "Payload Too Large", "That is more than this site accepts at once."),
        (
            ada.program("POST /api/follow").insert_header((header::CONTENT_TYPE, JSON)).set_payload(too_large),
            413,
            "Payload Too Large",
            "That is more than this site accepts at once.",
        ),
        (with_body(ada.program("POST /api/follow"), FORM, "userId=1"), 415, "Unsupported Media Type", "The body must be application/json."),
        (with_body(ada.program("POST /api/follow"), JSON, &own_id), 422, "Unprocessable Entity", "That is your own id."),
    ] {
        is_a_problem(&site.answers(request).await, status, title, detail);
    }
}

#[actix_web::test]
async fn a_program_is_told_where_its_json_is_wrong() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for (body, hint) in
        [("{", "EOF while parsing"), ("{}", "missing field `userId`"), ("{\"userId\":\"one\"}", "invalid type: string"), ("{\"userId\":1}x", "trailing")]
    {
        let answer = site.answers(with_body(ada.program("POST /api/follow"), JSON, body)).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400, "{body}");
        assert!(detail.starts_with("The request could not be read: ") && detail.contains(hint), "{body}: {detail}");
    }
}

/// The API belongs to programs, also where htmx asks: only then is it htmx that gets the sentence.
#[actix_web::test]
async fn htmx_gets_its_sentence_from_the_api_too() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    is_a_sentence(&site.answers(ada.htmx("PUT /api/stream")).await, 405, "This address only answers GET, HEAD requests.");
}

#[actix_web::test]
async fn a_stranger_is_led_to_the_sign_in_page_each_in_their_own_way() {
    let site = Site::open().await;
    let page = site.answers(request("GET /settings")).await;
    assert_eq!((page.status, page.header("location"), page.header("www-authenticate"), page.body.as_str()), (303, "/signin?next=%2Fsettings", "", ""));
    for line in ["GET /settings", "POST /people/ada/follow", "GET /api/stream?since=1"] {
        let htmx = site.answers(request(line).insert_header(("hx-request", "true"))).await;
        assert_eq!((htmx.status, htmx.header("hx-redirect"), htmx.body.as_str()), (401, "/signin", ""), "{line}");
    }
    let program = site.answers(request("GET /api/stream?since=1")).await;
    assert_eq!((program.status, program.header("hx-redirect"), program.header("www-authenticate")), (401, "", "Bearer"));
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for (line, allow) in [
        ("POST /", "GET, HEAD"),
        ("DELETE /people/ada", "GET, HEAD"),
        ("POST /people/ada/picture.svg", "GET, HEAD"),
        ("GET /people/ada/unfollow", "POST"),
        ("HEAD /signout", "POST"),
        ("PATCH /signup", "GET, HEAD, POST"),
        ("GET /settings/sessions/others/revoke", "POST"),
        ("GET /settings/sessions/1/revoke", "POST"),
        ("POST /api/stream", "GET, HEAD"),
        ("GET /api/session", "POST, DELETE"),
        ("PUT /api/follow", "POST"),
        ("POST /api/follow/1", "GET, HEAD, PUT, DELETE"),
        ("POST /healthz", "GET, HEAD"),
        ("POST /favicon.ico", "GET, HEAD"),
        ("POST /static/style.css", "GET, HEAD"),
        ("OPTIONS /people", "GET, HEAD"),
    ] {
        for asked in [request(line), ada.browser(line), ada.htmx(line), ada.program(line)] {
            let (answer, statements) = site.answers_with_statements(asked).await;
            assert_eq!((answer.status, answer.header("allow"), statements), (405, allow, 0), "{line}");
        }
    }
}

/// A request as a browser opens a page.
fn opened(request: TestRequest) -> TestRequest {
    request.insert_header((header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8"))
}

fn has_the_head_of(answer: &Answer, name: &str, badge: i64) {
    let page = answer.page();
    assert_eq!(page.text_of(".menu-name"), name, "{}", answer.body);
    assert_eq!((page.badge(), page.count("#menu a"), page.count("form[action='/signout']"), page.count(".main-nav a")), (badge, 2, 1, 2));
    assert_eq!((page.count("#stream"), page.poll_url().unwrap().contains("since=")), (1, true));
}

#[actix_web::test]
async fn a_member_keeps_name_menu_and_badge() {
    let site = Site::open().await;
    let (ada, bob) = (site.member("ada").await, site.member("bob").await);
    site.follows(&bob, &ada).await;
    for (request, status, sentence) in mistakes_of_people(&ada) {
        let answer = site.answers(opened(request)).await;
        is_a_page(&answer, status, sentence);
        has_the_head_of(&answer, "ada", 1);
    }
    // A transaction of two statements.
    let (_, statements) = site.answers_with_statements(opened(ada.browser("GET /no/such/page"))).await;
    assert_eq!(statements, 4);
}

#[actix_web::test]
async fn a_visitor_keeps_the_way_to_sign_in() {
    let site = Site::open().await;
    for line in ["GET /no/such/page", "PUT /signin", "GET /static/no.css"] {
        let (answer, statements) = site.answers_with_statements(opened(request(line))).await;
        let page = answer.page();
        assert_eq!((page.count(".top a[href='/signin']"), page.count(".top a[href='/signup']"), statements), (1, 1, 0), "{line}");
        assert!(!page.exists("#stream"), "{line}");
    }
}

/// Somebody whose session has ended is a visitor, whatever their cookie says.
#[actix_web::test]
async fn a_session_that_has_ended_has_no_name() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    site.answers(ada.browser("POST /signout")).await;
    let answer = site.answers(opened(ada.browser("GET /no/such/page"))).await;
    assert_eq!((answer.status, answer.page().exists(".menu-name"), answer.page().count(".top a[href='/signin']")), (404, false, 1));
}

/// Pictures, scripts, programs and htmx ask for no page. Theirs costs no statement.
#[actix_web::test]
async fn an_error_costs_whoever_opens_no_page_nothing() {
    let site = Site::open().await;
    let ada = site.member("ada").await;
    for asked in [
        ada.browser("GET /no/such/page").insert_header((header::ACCEPT, "image/svg+xml,image/*;q=0.8,*/*;q=0.5")),
        ada.browser("GET /no/such/page"),
        opened(ada.htmx("GET /no/such/page")),
        ada.program("GET /no/such/page"),
        opened(ada.program("GET /api/nothing")),
        opened(ada.browser("GET /api/nothing")),
    ] {
        let (answer, statements) = site.answers_with_statements(asked).await;
        assert_eq!((answer.status, statements), (404, 0), "{}", answer.body);
    }
}
