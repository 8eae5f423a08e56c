//! End to end on actix's own test server: a port, connections, and actix's client.

use actix_test::{TestServer, TestServerConfig};
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use awc::ClientRequest;
use serde_json::{Value, json};
use tidings::app::App;
use tidings::server::application;

use crate::support::Home;
use crate::support::html::Dom;

const PASSWORD: &str = "correct horse";

/// The application as the server puts it together, on a port of its own.
struct Server {
    http: TestServer,
    _home: Home,
}

/// A response, read to its end.
struct Received {
    status: StatusCode,
    headers: header::HeaderMap,
    cookie: Option<Cookie<'static>>,
    body: String,
}

impl Server {
    fn start() -> Server {
        let home = Home::in_a_file();
        let app = Data::new(App::open(home.settings().check().unwrap()).unwrap());
        let config = TestServerConfig::default().workers(1).disable_redirects();
        Server { http: actix_test::start_with(config, move || application(app.clone())), _home: home }
    }

    /// A form as our own page sends it.
    async fn posts(&self, path: &str, cookie: Option<&Cookie<'static>>, form: &[(&str, &str)]) -> Received {
        let request = self.http.post(path).insert_header((header::ORIGIN, format!("http://{}", self.http.addr())));
        received(with_cookie(request, cookie).send_form(&form)).await
    }

    /// A page, or a poll by htmx.
    async fn gets(&self, path: &str, cookie: Option<&Cookie<'static>>, by_htmx: bool) -> Received {
        let request = with_cookie(self.http.get(path), cookie);
        let request = if by_htmx { request.insert_header(("hx-request", "true")) } else { request };
        received(request.send()).await
    }

    /// Makes an account by the form. Returns the cookie.
    async fn signs_up(&self, name: &str) -> Cookie<'static> {
        let landed = self.posts("/signup", None, &[("username", name), ("password", PASSWORD), ("next", "/people")]).await;
        assert_eq!((landed.status, landed.header("location")), (StatusCode::SEE_OTHER, "/people"), "{}", landed.body);
        landed.cookie.expect("a session")
    }

    /// A program's token and its owner's id.
    async fn token(&self, name: &str) -> (String, i64) {
        let opened = received(self.http.post("/api/session").send_json(&json!({"username": name, "password": PASSWORD}))).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.body);
        let opened = opened.json();
        (opened["token"].as_str().unwrap().to_owned(), opened["user"]["id"].as_i64().unwrap())
    }
}

fn with_cookie(request: ClientRequest, cookie: Option<&Cookie<'static>>) -> ClientRequest {
    match cookie {
        Some(cookie) => request.cookie(Cookie::new(cookie.name().to_owned(), cookie.value().to_owned())),
        None => request,
    }
}

async fn received(sent: awc::SendClientRequest) -> Received {
    let mut response = sent.await.expect("a response");
    let body = String::from_utf8(response.body().await.expect("a body").to_vec()).expect("text");
    // Its name ends with the site's own.
    let cookie = response.cookies().ok().and_then(|all| all.iter().find(|cookie| cookie.name().starts_with("tidings-")).cloned());
    Received { status: response.status(), headers: response.headers().clone(), cookie, body }
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[actix_web::test]
async fn somebody_signs_up_and_follows_and_the_other_hears_of_it_and_reads_it() {
    let server = Server::start();
    let (ada, bob) = (server.signs_up("ada").await, server.signs_up("bob").await);
    let page = server.gets("/people", Some(&bob), false).await;
    assert_eq!(page.status, StatusCode::OK);
    let poll = Dom::of_page(&page.body).poll_url().unwrap();
    let unchanged = server.gets(&poll, Some(&bob), true).await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (StatusCode::NO_CONTENT, ""));

    let followed = server.posts("/people/bob/follow", Some(&ada), &[]).await;
    assert_eq!((followed.status, followed.header("location")), (StatusCode::SEE_OTHER, "/people/bob"));
    let changed = server.gets(&poll, Some(&bob), true).await;
    assert_eq!(changed.status, StatusCode::OK);
    let fragment = Dom::of_fragment(&changed.body);
    assert_eq!((fragment.announced().as_str(), fragment.badge()), ("ada follows you", 1));
    let poll = fragment.poll_url().unwrap();
    assert_eq!(server.gets(&poll, Some(&bob), true).await.status, StatusCode::NO_CONTENT);

    let inbox = Dom::of_page(&server.gets("/notifications", Some(&bob), false).await.body).notifications();
    assert!(matches!(&inbox[..], [only] if only.unread && only.text == "ada follows you"), "{inbox:?}");
    let read = server.posts(&format!("/notifications/{}/read", inbox[0].id), Some(&bob), &[]).await;
    assert_eq!(read.status, StatusCode::SEE_OTHER);
    let cleared = Dom::of_fragment(&server.gets(&poll, Some(&bob), true).await.body);
    assert_eq!(cleared.badge(), 0);
    assert_eq!(server.gets(&cleared.poll_url().unwrap(), Some(&bob), true).await.status, StatusCode::NO_CONTENT);
}

#[actix_web::test]
async fn a_program_follows_by_id_and_polls_with_the_tag() {
    let server = Server::start();
    for name in ["ada", "bob"] {
        server.signs_up(name).await;
    }
    let ((adas, _), (bobs, bob)) = (server.token("ada").await, server.token("bob").await);
    for status in [StatusCode::CREATED, StatusCode::OK] {
        let followed = received(server.http.post("/api/follow").bearer_auth(&adas).send_json(&json!({"userId": bob}))).await;
        assert_eq!((followed.status, followed.json()), (status, json!({"following": true})));
    }
    let first = received(server.http.get("/api/stream").bearer_auth(&bobs).send()).await;
    assert_eq!((first.status, &first.json()["hasUpdates"]), (StatusCode::OK, &json!(true)));
    let poll = || server.http.get("/api/stream").bearer_auth(&bobs).insert_header((header::IF_NONE_MATCH, first.header("etag"))).send();
    let unchanged = received(poll()).await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let gone = received(server.http.delete(format!("/api/follow/{bob}")).bearer_auth(&adas).send()).await;
    assert_eq!((gone.status, gone.body.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(received(poll()).await.status, StatusCode::OK, "the unread notification was taken back, which is a change");
}

#[actix_web::test]
async fn a_tab_without_a_session_is_sent_to_the_sign_in_page() {
    let server = Server::start();
    let answer = server.gets("/api/stream?since=0", None, true).await;
    assert_eq!((answer.status, answer.header("hx-redirect"), answer.body.as_str()), (StatusCode::UNAUTHORIZED, "/signin", ""));
    assert_eq!(server.gets("/people", None, false).await.header("location"), "/signin?next=%2Fpeople");
}

#[actix_web::test]
async fn a_file_is_sent_once() {
    let server = Server::start();
    let style = received(server.http.get("/static/style.css").send()).await;
    assert_eq!((style.status, style.body.as_str()), (StatusCode::OK, include_str!("../../static/style.css")));
    let again = received(server.http.get("/static/style.css").insert_header((header::IF_NONE_MATCH, style.header("etag"))).send()).await;
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (StatusCode::NOT_MODIFIED, "", style.header("etag")));
}

#[actix_web::test]
async fn head_announces_the_length_and_sends_nothing() {
    let server = Server::start();
    for path in ["/", "/signin", "/healthz", "/static/style.css", "/no/such/page"] {
        let get = received(server.http.get(path).send()).await;
        let head = received(server.http.head(path).send()).await;
        assert_eq!((head.status, head.header("content-length")), (get.status, get.body.len().to_string().as_str()), "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}

#[actix_web::test]
async fn the_lean_answer_is_as_lean_on_the_wire() {
    let server = Server::start();
    let bob = server.signs_up("bob").await;
    let unchanged = server.gets("/api/stream?since=0", Some(&bob), true).await;
    let mut names: Vec<&str> = unchanged.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!((unchanged.status, names.as_slice()), (StatusCode::NO_CONTENT, ["cache-control", "date"].as_slice()));
}
