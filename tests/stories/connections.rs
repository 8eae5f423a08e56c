//! Connections of clients that do not behave: that ask and never read, or send a body without an end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::site::Home;
use crate::support::process::Process;
use crate::support::town::Town;

/// Longer than anything here should take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A client that pipelines 200 requests for a large file, and reads none of the answers.
#[cfg(target_os = "linux")]
async fn asks_and_never_reads(address: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    let requests = "GET /static/vendor/htmx-4.0.1.min.js HTTP/1.1\r\nHost: t\r\n\r\n".repeat(200);
    // As much as the server takes: it stops reading.
    let _ = timeout(Duration::from_secs(2), client.write_all(requests.as_bytes())).await;
    client
}

#[cfg(target_os = "linux")]
async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("clients that never read are neither served nor cut off");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_asks_and_never_reads_costs_little_memory_and_is_cut_off() {
    let home = Home::new();
    let site = Process::serve(&home).await;
    let address = site.url.trim_start_matches("http://").to_owned();
    let (before, idle) = (site.memory(), site.open_files());
    let clients = futures_util::future::join_all((0..60).map(|_| asks_and_never_reads(&address))).await;
    until(|| site.open_files() >= idle + clients.len()).await;
    // It opens some files of its own meanwhile.
    until(|| site.open_files() < idle + clients.len() / 2).await;
    let taken = site.memory() - before;
    assert!(taken < 50, "{taken} MiB for 60 clients: their requests or answers pile up");
}

/// Sends the head of a request and a chunked body without an end, until the connection is closed; returns the answer.
async fn sends_without_end(address: &str, head: &str) -> String {
    let (client, head) = (TcpStream::connect(address).await.unwrap(), head.to_owned());
    let (mut answers, mut requests) = client.into_split();
    let part_of_body = format!("200\r\n{}\r\n", "a".repeat(0x200));
    let sending = tokio::spawn(async move {
        let mut part = requests.write_all(head.as_bytes()).await;
        while part.is_ok() {
            part = requests.write_all(part_of_body.as_bytes()).await;
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, answers.read_to_end(&mut answer)).await;
    sending.abort();
    // A reset counts as an end, too: the client was still sending.
    let _ = read.unwrap_or_else(|_| panic!("the connection stays open after {}", String::from_utf8_lossy(&answer)));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_without_end_is_not_read_on_after_the_answer() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let poll = bob.opens("/people").await.poll_url().unwrap();
    let cookie = bob.cookie().unwrap();
    let address = town.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (start, headers, status) in [
        ("POST /signin", "Sec-Fetch-Site: cross-site\r\n".to_owned(), 403),
        ("POST /signin", String::new(), 415),
        ("POST /nowhere", String::new(), 404),
        ("GET /signup", String::new(), 200),
        ("GET /static/style.css", String::new(), 200),
        ("POST /api/session", "Content-Type: application/json\r\n".to_owned(), 413),
        ("POST /signin", form.to_owned(), 413),
        (&format!("GET {poll}"), format!("Cookie: {cookie}\r\nHX-Request: true\r\n"), 204),
    ] {
        let head = format!("{start} HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");
        let answer = sends_without_end(&address, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{start} {headers}: {answer}");
    }
}

#[tokio::test]
async fn a_chunked_body_with_an_end_is_read_and_the_connection_goes_on() {
    let town = Town::new().await;
    town.signs_up("bob").await;
    let address = town.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut client = TcpStream::connect(&address).await.unwrap();
    let (head, body) =
        ("POST /api/session HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n", r#"{"username":"bob","password":"correct horse"}"#);
    for _ in 0..3 {
        let request = format!("{head}Host: {address}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4_096];
        let length = timeout(PATIENCE, client.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("token"), "{answer}");
    }
}
