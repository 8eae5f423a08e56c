//! What an unchanged poll costs, against a handler that does nothing but say 204, and against one that asks Redis first.

use std::fmt::Write as _;
use std::time::Duration;

use crate::child::Server;
use crate::crowd::Crowd;
use crate::load::{Herd, ask, press};
use crate::report::{self, thousands};
use crate::request::{Tab, poll};
use crate::support::Home;
use crate::{median, range};

const PEOPLE: i64 = 20_000;
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_millis(250);
/// Before each round, and not measured: after a turn of somebody else's, caches know nothing of this server.
const WARM_UP: Duration = Duration::from_millis(50);

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
    fn new(name: &'static str, server: Server, crowd: &Crowd) -> Contestant {
        let tabs = tabs(crowd);
        let mut hello = Vec::new();
        poll(&tabs[0].token, tabs[0].since, &mut hello);
        let herd = Herd::connect(server.port, CONNECTIONS, &hello).expect("connections");
        let mut contestant = Contestant { name, server, herd, tabs, rates: Vec::new() };
        // Everybody's first poll fills memories; it is not what is measured.
        let tabs = &contestant.tabs;
        ask(&mut contestant.herd, tabs.len() as u64, 204, |n, buffer| poll(&tabs[n as usize].token, tabs[n as usize].since, buffer)).expect("answers");
        contestant
    }

    fn round(&mut self) -> f64 {
        let tabs = &self.tabs;
        let ask = |n: u64, buffer: &mut Vec<u8>| {
            let Tab { token, since } = &tabs[n as usize % tabs.len()];
            poll(token, *since, buffer);
        };
        press(&mut self.herd, WARM_UP, 204, ask).expect("answers");
        let before = self.server.cpu();
        let answered = press(&mut self.herd, ROUND, 204, ask).expect("answers");
        answered as f64 / (self.server.cpu() - before).as_secs_f64()
    }
}

/// Everybody's tab, with the stamp that they have seen.
fn tabs(crowd: &Crowd) -> Vec<Tab> {
    (1..=crowd.people).map(|user| Tab { token: crowd.seal(&crowd.token(user)), since: crowd.stamp(user) }).collect()
}

pub fn run(postgres: &str, redis: &str, rounds: usize) {
    let alone = Crowd::new(Home::in_a_file(), PEOPLE, 10);
    let shared = Crowd::new(Home::on(postgres, Some(redis)), PEOPLE, 10);
    let redis_url = shared.home.redis_url.clone().expect("a Redis");
    let mut contestants = [
        Contestant::new("bare actix, 204", Server::bare(&["nothing"]), &alone),
        Contestant::new("Tidings, SQLite", Server::tidings(&[("DATABASE_URL", &alone.home.database_url)]), &alone),
        Contestant::new("Tidings, PostgreSQL + Redis", Server::tidings(&[("DATABASE_URL", &shared.home.database_url), ("REDIS_URL", &redis_url)]), &shared),
        Contestant::new("bare actix, one GET from Redis, 204", Server::bare(&["get", &redis_url]), &alone),
    ];
    for _ in 0..rounds {
        for contestant in &mut contestants {
            let rate = contestant.round();
            contestant.rates.push(rate);
        }
    }
    publish(&contestants, rounds);
}

fn publish(contestants: &[Contestant], rounds: usize) {
    let mut text = format!(
        "{} people with a tab each, over {CONNECTIONS} connections, as fast as answers come; the server on one core, the load on another;\n\
         medians of {rounds} rounds of {} s, in turns. The ratio is that of neighbouring rounds.\n\n\
         | server | polls per CPU-second | ratio | range |\n|---|---:|---:|---|\n",
        thousands(PEOPLE as u64),
        ROUND.as_secs_f64()
    );
    for contestant in contestants {
        let ratios: Vec<f64> = contestant.rates.iter().zip(&contestants[0].rates).map(|(rate, base)| rate / base).collect();
        writeln!(text, "| {} | {} | {:.2} | {} |", contestant.name, thousands(median(&contestant.rates) as u64), median(&ratios), range(&ratios))
            .expect("memory");
    }
    report::put("unchanged polls", &text);
}
