//! Compression and caching: answers are compressed where that pays, and files are not sent again to whoever has them.

use reqwest::Method;
use reqwest::header::ACCEPT_ENCODING;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::crowd::crowd_follows;
use crate::support::person::Person;
use crate::support::raw_answer::RawAnswer;
use crate::support::town::Town;

const BROWSERS: &str = "gzip, deflate, br, zstd";

async fn as_browsers_ask(person: &Person, path: &str) -> RawAnswer {
    RawAnswer::to(person.request(Method::GET, path).header(ACCEPT_ENCODING, BROWSERS)).await
}

#[tokio::test]
async fn what_is_large_is_compressed_for_whoever_can_read_it() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 40).await;
    for path in [
        "/",
        "/people",
        "/people/bob",
        "/notifications",
        "/settings",
        "/api/people",
        "/api/notifications",
        "/metrics",
        "/static/style.css",
        "/static/vendor/htmx-4.0.1.min.js",
    ] {
        let packed = as_browsers_ask(&bob, path).await;
        assert_eq!((packed.status, packed.header("content-encoding").as_str()), (200, "gzip"), "{path}");
        assert!(packed.header("vary").contains("accept-encoding"), "{path}: {}", packed.header("vary"));
        assert!(path.starts_with("/static/") || packed.header("vary").contains("hx-request, accept, cookie, authorization"), "{path}");
        for plain in [bob.request(Method::GET, path), bob.request(Method::GET, path).header(ACCEPT_ENCODING, "br, identity;q=0")] {
            let plain = RawAnswer::to(plain).await;
            assert_eq!((plain.status, plain.header("content-encoding").as_str()), (200, ""), "{path}");
            println!("{path}: {} bytes, compressed {}", plain.bytes.len(), packed.bytes.len());
            assert!(packed.bytes.len() * 3 < plain.bytes.len() * 2, "{path}");
            // Pages have a random polling interval, and metrics go on counting.
            let same = if path.starts_with("/static/") || path.starts_with("/api/") { plain.bytes == packed.unpacked() } else { true };
            assert!(same && packed.unpacked().len().abs_diff(plain.bytes.len()) < 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_poll_that_brings_the_inbox_is_compressed_and_one_that_brings_a_number_is_not() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    bob.opens("/notifications").await;
    let unchanged = RawAnswer::to(bob.request(Method::GET, "/api/stream?since=0").header("HX-Request", "true").header(ACCEPT_ENCODING, BROWSERS)).await;
    assert_eq!((unchanged.status, unchanged.bytes.len()), (204, 0));
    assert_eq!((unchanged.header("content-encoding").as_str(), unchanged.header("vary").contains("encoding")), ("", false));
    crowd_follows(&bob, 40).await;
    for (query, encoding) in [("", "gzip"), ("&title=People", "")] {
        let poll = bob.request(Method::GET, &format!("/api/stream?since=-1{query}")).header("HX-Request", "true");
        let poll = RawAnswer::to(poll.header(ACCEPT_ENCODING, BROWSERS)).await;
        println!("a poll {query}: {} bytes", poll.bytes.len());
        assert_eq!((poll.status, poll.header("content-encoding").as_str()), (200, encoding), "{query}");
    }
}

#[tokio::test]
async fn what_is_small_or_goes_wrong_is_left_as_it_is() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    for (path, status) in [("/api/me", 200), ("/api/follow/7", 404), ("/nowhere", 404), ("/signin", 303), ("/people/bob/picture.svg", 200), ("/healthz", 200)] {
        let answer = as_browsers_ask(&bob, path).await;
        println!("{path}: {} bytes", answer.bytes.len());
        assert_eq!((answer.status, answer.header("content-encoding").as_str()), (status, ""), "{path}");
    }
    let head = RawAnswer::to(bob.request(Method::HEAD, "/people").header(ACCEPT_ENCODING, BROWSERS)).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
}

/// A text browser that speaks HTTP/1.0, and says that it reads gzip: a compressed answer would come in chunks, which it does not know.
#[tokio::test]
async fn a_browser_of_http_1_0_reads_every_page() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 40).await;
    for (path, words) in [("/", "Hear about it."), ("/signin", "Username"), ("/signup", "Use at least 8 characters")] {
        let dump = tokio::process::Command::new("w3m").args(["-dump", "-no-cookie", &town.url(path)]).output().await.expect("w3m");
        let text = String::from_utf8_lossy(&dump.stdout);
        assert!(text.contains(words) && !text.contains("\r"), "{path}: {text}");
    }
    for path in ["/people", "/notifications", "/settings", "/api/notifications", "/metrics", "/static/style.css"] {
        let request = format!("GET {path} HTTP/1.0\r\nAccept-Encoding: gzip\r\nCookie: {}\r\n\r\n", bob.cookie().unwrap());
        let mut connection = TcpStream::connect(town.site.url.trim_start_matches("http://")).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let head = String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(head.contains(" 200 ok") && !head.contains("chunked") && !head.contains("gzip"), "{path}: {head}");
    }
}

#[tokio::test]
async fn a_file_that_is_kept_is_not_sent_again() {
    let town = Town::new().await;
    let bob = town.stranger("bob");
    let style = town.site.app.assets.style.clone();
    for (path, kept) in [
        ("/static/style.css", "no-cache"),
        // While a release is rolled out, an old instance is asked for the style of the new one: it must not be kept under that URL.
        ("/static/style.css?v=of-another-release", "no-cache"),
        (style.as_str(), "public, max-age=31536000, immutable"),
        (&town.site.app.assets.htmx, "public, max-age=31536000, immutable"),
    ] {
        let (plain, packed) = (RawAnswer::to(bob.request(Method::GET, path)).await, as_browsers_ask(&bob, path).await);
        assert!(plain.header("etag").starts_with('"'), "{}", plain.header("etag"));
        assert_eq!(packed.header("etag"), format!("w/{}", plain.header("etag")), "other bytes, the same text");
        for first in [&plain, &packed] {
            assert_eq!((first.header("cache-control").as_str(), first.header("vary").as_str()), (kept, "accept-encoding"), "{path}");
            for encodings in ["identity", BROWSERS] {
                let tag = first.headers.get("etag").unwrap();
                let again = RawAnswer::to(bob.request(Method::GET, path).header("if-none-match", tag).header(ACCEPT_ENCODING, encodings)).await;
                assert_eq!((again.status, again.bytes.len(), again.header("content-encoding").as_str()), (304, 0, ""), "{path}");
                assert_eq!((again.header("cache-control").as_str(), again.header("vary").as_str()), (kept, "accept-encoding"), "{path}");
            }
        }
        let part = RawAnswer::to(bob.request(Method::GET, path).header("range", "bytes=0-1999").header(ACCEPT_ENCODING, BROWSERS)).await;
        assert_eq!((part.status, part.bytes.as_slice()), (206, &plain.bytes[..2000]), "{path}: parts are of the file itself");
    }
}
