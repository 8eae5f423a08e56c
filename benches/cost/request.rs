//! Requests as browsers and programs make them, and what is read from the answers.

use std::io::Write;

/// An open tab: who looks, and what they have seen.
#[derive(Clone)]
pub struct Tab {
    pub token: String,
    pub user: i64,
    pub since: i64,
}

/// What Chromium and htmx send with a poll, but for the encodings, so that the answer can be read here as it comes.
const BROWSER: &str = "Host: tidings.example\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\nAccept: text/html\r\nHX-Request: true\r\nHX-Current-URL: https://tidings.example/people\r\n\
    HX-Source: div#stream\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\
    Referer: https://tidings.example/people\r\nAccept-Language: en-GB,en;q=0.9\r\n";

/// Writes the poll of a tab that shows another page than the inbox into `buffer`.
pub fn poll(token: &str, user: i64, since: i64, buffer: &mut Vec<u8>) {
    write!(buffer, "GET /api/stream?since={since}&user={user}&title=People HTTP/1.1\r\n{BROWSER}Cookie: tidings={token}\r\n\r\n").expect("memory");
}

/// The poll of a tab that shows the inbox.
pub fn inbox_poll(token: &str, user: i64, since: i64, buffer: &mut Vec<u8>) {
    write!(buffer, "GET /api/stream?since={since}&user={user} HTTP/1.1\r\n{BROWSER}Cookie: tidings={token}\r\n\r\n").expect("memory");
}

/// Writes the request for a page. As one that reloads itself, so that it prolongs no session: that is a write once an
/// hour, and here everybody's hour would begin at once.
pub fn page(path: &str, token: &str, buffer: &mut Vec<u8>) {
    write!(buffer, "GET {path}?auto=1 HTTP/1.1\r\nHost: tidings.example\r\nAccept: text/html\r\nCookie: tidings={token}\r\n\r\n").expect("memory");
}

/// Writes a program's request to follow `followee`.
pub fn follow(token: &str, followee: i64, buffer: &mut Vec<u8>) {
    post("/api/follow", Some(token), &format!("{{\"userId\":{followee}}}"), buffer);
}

/// Writes a program's request for a token.
pub fn sign_in(name: &str, password: &str, buffer: &mut Vec<u8>) {
    post("/api/session", None, &format!("{{\"username\":\"{name}\",\"password\":\"{password}\"}}"), buffer);
}

/// Writes a program's request to mark everything read.
pub fn mark_all_read(token: &str, buffer: &mut Vec<u8>) {
    post("/api/notifications/read", Some(token), &format!("{{\"through\":{}}}", i64::MAX), buffer);
}

/// Writes a program's request with a body of JSON.
pub fn post(path: &str, token: Option<&str>, body: &str, buffer: &mut Vec<u8>) {
    let length = body.len();
    write!(buffer, "POST {path} HTTP/1.1\r\nHost: tidings.example\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n").expect("memory");
    if let Some(token) = token {
        write!(buffer, "Authorization: Bearer {token}\r\n").expect("memory");
    }
    write!(buffer, "\r\n{body}").expect("memory");
}

/// The stamp that a fragment says to ask with from now on.
pub fn stamp(fragment: &[u8]) -> Option<i64> {
    let start = memchr::memmem::find(fragment, b"since=")? + "since=".len();
    let digits: Vec<u8> = fragment.get(start..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}
