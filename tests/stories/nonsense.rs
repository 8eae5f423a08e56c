//! Requests that make no sense, and the clear answers they get.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::html::Dom;
use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};

#[tokio::test]
async fn wrong_verbs_are_told_the_right_ones() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for (method, path, allow) in [
        (Method::POST, "/people", "GET, HEAD"),
        (Method::GET, "/people/ada/follow", "POST"),
        (Method::PUT, "/signin", "GET, HEAD, POST"),
        (Method::DELETE, "/notifications", "GET, HEAD"),
        (Method::GET, "/signout", "POST"),
        (Method::PATCH, "/", "GET, HEAD"),
        (Method::POST, "/static/style.css", "GET, HEAD"),
    ] {
        let answer = ada.sends(ada.request(method, path)).await;
        answer.is_a_page_that_says(405, "only answers");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for path in ["/", "/people", "/notifications", "/api/me", "/healthz", "/static/style.css"] {
        let answer = ada.sends(ada.request(Method::HEAD, path)).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn forms_of_the_wrong_type_too_large_or_malformed() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let raw = |path: &'static str, kind: &'static str, body: String| ada.sends(ada.request(Method::POST, path).header("content-type", kind).body(body));
    let form = "application/x-www-form-urlencoded";
    for path in ["/signin", "/signup", "/notifications/read", "/settings/password"] {
        raw(path, "application/json", "{}".into()).await.is_a_page_that_says(415, "expects a form");
        raw(path, "text/plain", "through=1".into()).await.is_a_page_that_says(415, "expects a form");
        raw(path, form, format!("username={}", "x".repeat(100_000))).await.is_a_page_that_says(413, "more than this site accepts");
    }
    raw("/people/ada/follow", form, "x".repeat(100_000)).await.is_a_page_that_says(413, "more than this site accepts");
    raw("/api/follow", "application/json", "x".repeat(100_000)).await.is_a_problem(413);
    for malformed in ["", "through=", "through=abc", "through=1&through=2", "through=1.5", "through=99999999999999999999", "%%%", "through=%FF"] {
        raw("/notifications/read", form, malformed.into()).await.is_a_page_that_says(400, "could not be read");
    }
    raw("/signin", form, "username=ada&username=bob&password=x".into()).await.is_a_page_that_says(400, "could not be read");
    for odd in ["username=a%00da&password=%00%00%00%00%00%00%00%00", "&&&=&=", "\u{0}"] {
        let answer = raw("/signup", form, odd.into()).await;
        assert!(answer.status == 422 || answer.status == 400, "{odd:?}: {}", answer.status);
    }
    assert_eq!(raw("/signin", form, format!("username=ada&password={}", PASSWORD.replace(' ', "+"))).await.status, 303);
}

/// Read as one replacement character, two different passwords would be one.
#[tokio::test]
async fn bytes_that_are_no_text_are_refused_wherever_they_stand() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let form = "application/x-www-form-urlencoded";
    for garbage in ["%FF%FE%FD%FC%FB%FA%F9%F8", "%C0%AF%C0%AF%C0%AF%C0%AF", "%ED%A0%80aaaaaaaa", "aaaaaaaa%C3", "%F4%90%80%80aaaaaaaa"] {
        for (path, body) in [
            ("/signup", format!("username=bob&password={garbage}")),
            ("/signup", format!("username={garbage}&password=a+good+secret")),
            ("/signin", format!("username=ada&password={garbage}")),
            ("/settings/password", format!("current=correct+horse&password={garbage}")),
            ("/settings/delete", format!("password={garbage}")),
        ] {
            let answer = ada.sends(ada.request(Method::POST, path).header("content-type", form).body(body)).await;
            answer.is_a_page_that_says(400, "could not be read");
        }
        ada.gets(&format!("/people/{garbage}")).await.is_a_page_that_says(404, "nothing at this address");
        assert_eq!(ada.posts(&format!("/people/{garbage}/follow"), &[]).await.status, 404);
        for path in ["/people?q=", "/people?after=", "/api/people?q=", "/api/people?after=", "/signin?next=/", "/?done=", "/settings?done="] {
            let status = ada.gets(&format!("{path}{garbage}")).await.status.as_u16();
            assert!([200, 303, 400].contains(&status), "{path}{garbage}: {status}");
        }
    }
    let program = town.program();
    let raw = |body: &'static [u8]| program.sends(program.request(Method::POST, "/api/session").header("content-type", "application/json").body(body));
    for garbage in [
        &b"{\"username\":\"ada\",\"password\":\"\xff\xfe\"}"[..],
        b"{\"username\":\"ada\",\"password\":\"\\ud800\"}",
        b"{\"username\":\"\\udc00\\ud800\",\"password\":\"x\"}",
        b"{\"username\":\"ada\",\"password\":\"\xc0\xaf\"}",
    ] {
        raw(garbage).await.is_a_problem(400);
    }
    raw(b"{\"username\":\"a\\u0000da\",\"password\":\"correct horse\"}").await.is_a_problem(401);
    raw(b"{\"username\":\"ada\",\"password\":\"correct horse\\u0000\"}").await.is_a_problem(401);
    for path in ["/people?q=%00", "/people?after=a%00", "/api/people?q=a%00b", "/people?q=%EF%BF%BD"] {
        assert_eq!(ada.gets(path).await.status, 200, "{path}");
    }
    // A NUL is a character like any other, and ends no password.
    let bob = town.stranger("bob");
    assert_eq!(bob.posts("/signup", &[("username", "bob"), ("password", "a secret\0one")]).await.status, 303);
    let other = bob.posts("/signin", &[("username", "bob"), ("password", "a secret\0two")]).await;
    assert_eq!(other.status, 401);
}

#[tokio::test]
async fn queries_that_cannot_be_read() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for path in ["/notifications?before=x", "/notifications?show=some", "/notifications?show=all&show=all", "/people?q=a&q=b", "/people/ada/followers?after=x"]
    {
        ada.gets(path).await.is_a_page_that_says(400, "could not be read");
    }
    assert_eq!(ada.gets("/notifications?before=99999999999999999999").await.status, 400);
    assert_eq!(ada.gets("/notifications?before=-5").await.status, 200);
    assert_eq!(ada.gets("/notifications?nonsense=1&%00=%FF").await.status, 200);
}

#[tokio::test]
async fn unknown_paths_lead_back() {
    let town = Town::new().await;
    let (ada, stranger) = (town.signs_up("ada").await, town.stranger("x"));
    for path in ["/nowhere", "/%FF%FE", "/a%00b", "/../etc/passwd", "/%3Cscript%3E", "/notifications/1"] {
        ada.gets(path).await.is_a_page_that_says(404, "nothing at this address");
        stranger.gets(path).await.is_a_page_that_says(404, "nothing at this address");
    }
    stranger.gets(&format!("/{}", "a".repeat(20_000))).await.is_a_page_that_says(404, "nothing at this address");
}

#[tokio::test]
async fn a_member_who_went_astray_keeps_navigation_name_and_badge() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let page = goes_astray(&bob).await;
    assert_eq!((page.text_of(".menu-name").as_str(), page.badge(), page.title().as_str()), ("bob", 1, "(1) Page not found · Tidings"));
    assert_eq!(page.attr("#stream", "hx-trigger"), "every 10s, visibilitychange from:document, online from:window");
    assert!(!town.stranger("x").gets("/nowhere").await.page().exists("#stream"));
}

/// An error page never causes another error: without the database it lacks the name, and the first poll brings the badge.
#[tokio::test]
async fn an_error_page_does_not_need_the_database() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    let mut operator = town.site.home.shell();
    operator.batch_execute("ALTER TABLE sessions RENAME TO elsewhere").unwrap();
    let page = goes_astray(&bob).await;
    assert!(page.exists("nav a[href='/notifications']") && page.exists("#menu form[action='/signout']") && !page.exists(".menu-name"));
    assert_eq!(page.attr("#stream", "hx-trigger"), "every 10s, visibilitychange from:document, online from:window, load");
    operator.batch_execute("ALTER TABLE elsewhere RENAME TO sessions").unwrap();
    let poll = bob.polls_at(&page.poll_url().unwrap()).await.fragment();
    assert_eq!((poll.badge(), poll.title().as_str()), (1, "(1) Page not found · Tidings"));
    assert_eq!(poll.attr("#stream", "hx-trigger"), "every 10s, visibilitychange from:document, online from:window", "once is enough");
    assert_eq!(goes_astray(&bob).await.text_of(".menu-name"), "bob");
}

/// By a link, in a browser.
async fn goes_astray(person: &Person) -> Dom {
    let answer = person.sends(person.request(Method::GET, "/nowhere").header("Accept", "text/html,*/*;q=0.8")).await;
    assert_eq!(answer.status, 404);
    answer.page()
}

#[tokio::test]
async fn bytes_that_are_no_http_never_make_a_500_or_stop_the_server() {
    let town = Town::new().await;
    let address = town.site.url.trim_start_matches("http://");
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(300_000));
    let header = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "a".repeat(300_000));
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: tidings=\xff\xfe\r\nAuthorization: \xff\r\nConnection: close\r\n\r\n",
        long.as_bytes(),
        header.as_bytes(),
    ] {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = connection.write_all(bytes).await;
        let _ = connection.shutdown().await;
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        let status = String::from_utf8_lossy(&answer).chars().skip(9).take(1).collect::<String>();
        assert!(status != "5", "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(town.stranger("x").gets("/healthz").await.status, 200);
}

#[tokio::test]
async fn htmx_hears_of_a_mistake_in_a_sentence_it_can_show() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let answer = ada.presses("/people/nobody/follow", &[]).await;
    assert_eq!(answer.status, 404);
    let sentence = answer.fragment();
    assert!(sentence.starts_with("span") && sentence.text_of("span").starts_with("There is nothing at this address"), "{}", answer.body);
    ada.takes_cookie(None);
    let answer = ada.presses("/people/ada/follow", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("hx-redirect")), (401, "/signin"));
}
