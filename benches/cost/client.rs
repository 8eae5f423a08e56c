//! Somebody who asks one thing after another.

use std::time::{Duration, Instant};

use crate::child::Server;
use crate::load::Herd;
use crate::median;

/// A connection to a server, on which nothing is asked before the answer to the last is there.
pub struct Client {
    herd: Herd,
    buffer: Vec<u8>,
}

impl Client {
    pub fn of(server: &Server) -> Client {
        let hello = b"GET /healthz HTTP/1.1\r\nHost: tidings.example\r\n\r\n";
        Client { herd: Herd::connect(server.port, 1, hello).expect("a connection"), buffer: Vec::new() }
    }

    /// Asks, and hands status and body of the answer to `heard`. Returns how many milliseconds that took.
    pub fn hears<T>(&mut self, write: impl FnOnce(&mut Vec<u8>), mut heard: impl FnMut(u16, &[u8]) -> T) -> (f64, T) {
        self.buffer.clear();
        write(&mut self.buffer);
        let (begun, mut answer) = (Instant::now(), None);
        self.herd.send(0, &self.buffer, 0, begun).expect("a question");
        while answer.is_none() {
            self.herd.receive(Duration::from_secs(5), |_, said| answer = Some(heard(said.status, said.body))).expect("an answer");
        }
        (begun.elapsed().as_secs_f64() * 1e3, answer.expect("an answer"))
    }

    /// Milliseconds until the answer, which must have `status`.
    pub fn asks(&mut self, status: u16, write: impl FnOnce(&mut Vec<u8>)) -> f64 {
        self.hears(write, |got, body| assert_eq!(got, status, "{}", String::from_utf8_lossy(body))).0
    }

    /// The median of so many questions.
    pub fn median(&mut self, questions: usize, status: u16, write: impl Fn(usize, &mut Vec<u8>)) -> f64 {
        let times: Vec<f64> = (0..questions).map(|n| self.asks(status, |buffer| write(n, buffer))).collect();
        median(&times)
    }
}
