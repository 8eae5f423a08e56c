//! Requests as browsers and programs make them.

use std::io::Write;

/// An open tab: who looks, and what they have seen.
#[derive(Clone)]
pub struct Tab {
    pub token: String,
    pub since: i64,
}

/// What Chromium and htmx send with a poll, but for the encodings, so that the answer can be read here as it comes.
const BROWSER: &str = "Host: tidings.example\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\nAccept: text/html\r\nHX-Request: true\r\nHX-Current-URL: https://tidings.example/people\r\n\
    HX-Source: div#stream\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\
    Referer: https://tidings.example/people\r\nAccept-Language: en-GB,en;q=0.9\r\n";

/// Writes the poll of `tab` into `buffer`.
pub fn poll(tab: &Tab, buffer: &mut Vec<u8>) {
    let Tab { token, since } = tab;
    write!(buffer, "GET /api/stream?since={since}&title=People HTTP/1.1\r\n{BROWSER}Cookie: tidings={token}\r\n\r\n").expect("memory");
}
