//! What an unchanged poll costs, against a handler that does nothing but say 204, and against one that asks Redis first.

use std::time::Duration;

use crate::child::Server;
use crate::crowd::Crowd;
use crate::load::{Herd, ask, press};
use crate::median;
use crate::request::{Tab, poll};
use crate::support::Home;

const PEOPLE: i64 = 20_000;
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_millis(1_500);

/// One server under the same polls.
struct Contestant {
    name: &'static str,
    server: Server,
    herd: Herd,
    tabs: Vec<Tab>,
    /// Polls per CPU-second of the server, a number per round.
    rates: Vec<f64>,
}

impl Contestant {
    fn new(name: &'static str, server: Server, tabs: Vec<Tab>) -> Contestant {
        let herd = Herd::connect(server.port, CONNECTIONS).expect("connections");
        let mut contestant = Contestant { name, server, herd, tabs, rates: Vec::new() };
        // Everybody's first poll fills memories; it is not what is measured.
        contestant.warm_up();
        contestant
    }

    fn warm_up(&mut self) {
        let tabs = &self.tabs;
        ask(&mut self.herd, tabs.len() as u64, 204, |n, buffer| poll(&tabs[n as usize], buffer)).expect("answers");
    }

    fn round(&mut self, time: Duration) -> f64 {
        let (before, tabs) = (self.server.cpu(), &self.tabs);
        let answered = press(&mut self.herd, time, 204, |n, buffer| poll(&tabs[n as usize % tabs.len()], buffer)).expect("answers");
        answered as f64 / (self.server.cpu() - before).as_secs_f64()
    }
}

/// Everybody's tab, with the stamp that they have seen.
pub fn tabs(crowd: &Crowd) -> Vec<Tab> {
    (1..=crowd.people).map(|user| Tab { token: crowd.seal(&crowd.token(user)), since: crowd.stamp(user) }).collect()
}

pub fn run(postgres: &str, redis: &str, rounds: usize) {
    let alone = Crowd::new(Home::in_a_file(), PEOPLE, 10);
    let shared = Crowd::new(Home::on(postgres, Some(redis)), PEOPLE, 10);
    let redis_url = shared.home.redis_url.clone().expect("a Redis");
    let mut contestants = vec![
        Contestant::new("bare actix, 204", Server::bare(&["nothing"]), tabs(&alone)),
        Contestant::new("Tidings, SQLite", Server::tidings(&[("DATABASE_URL", &alone.home.database_url)]), tabs(&alone)),
        Contestant::new(
            "Tidings, PostgreSQL + Redis",
            Server::tidings(&[("DATABASE_URL", &shared.home.database_url), ("REDIS_URL", &redis_url)]),
            tabs(&shared),
        ),
        Contestant::new("bare actix, GET, 204", Server::bare(&["get", &redis_url]), tabs(&alone)),
    ];
    for _ in 0..rounds {
        for contestant in &mut contestants {
            let rate = contestant.round(ROUND);
            contestant.rates.push(rate);
        }
    }
    let base = contestants[0].rates.clone();
    for contestant in &contestants {
        let ratios: Vec<f64> = contestant.rates.iter().zip(&base).map(|(rate, base)| rate / base).collect();
        println!("{:<32} {:>9.0} polls per CPU-second, ratio {:.3}", contestant.name, median(&contestant.rates), median(&ratios));
    }
}
