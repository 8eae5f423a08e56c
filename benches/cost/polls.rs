//! What an unchanged poll costs, against a handler that does nothing but say 204, and against one that asks Redis first: saturated, and at half
//! load.

use std::fmt::Write as _;
use std::time::Duration;

use crate::child::Server;
use crate::crowd::Crowd;
use crate::load::{Herd, ask, pace, press};
use crate::report::{self, thousands};
use crate::request::{Tab, poll};
use crate::support::Home;
use crate::{median, quartiles};

const PEOPLE: i64 = 20_000;
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_millis(250);
/// Before each round, and not measured: after another server's turn, the caches know nothing of this one.
const WARM_UP: Duration = Duration::from_millis(50);

/// One server under the same polls.
struct Contestant {
    name: &'static str,
    server: Server,
    herd: Herd,
    tabs: Vec<Tab>,
    /// Polls per CPU-second of the server, a number per round.
    saturated: Vec<f64>,
    /// The same while only half as many polls come as the bare server could answer.
    half_load: Vec<f64>,
}

/// How the polls come.
#[derive(Clone, Copy)]
enum Load {
    /// As fast as answers come.
    Saturated,
    /// So many a second.
    Rate(f64),
}

impl Contestant {
    fn new(name: &'static str, server: Server, crowd: &Crowd) -> Contestant {
        let tabs = tabs(crowd);
        let mut hello = Vec::new();
        write(&tabs, 0, &mut hello);
        let herd = Herd::connect(server.port, CONNECTIONS, &hello).expect("connections");
        let mut contestant = Contestant { name, server, herd, tabs, saturated: Vec::new(), half_load: Vec::new() };
        // Everybody's first poll fills memories; it is not what is measured.
        let tabs = &contestant.tabs;
        ask(&mut contestant.herd, tabs.len() as u64, 204, |n, buffer| write(tabs, n, buffer)).expect("answers");
        contestant
    }

    /// Polls per CPU-second under `load`.
    fn round(&mut self, load: Load) -> f64 {
        let (herd, tabs, name) = (&mut self.herd, &self.tabs, self.name);
        let mut run = |time| {
            let answered = match load {
                Load::Saturated => press(herd, time, 204, |n, buffer| write(tabs, n, buffer)),
                Load::Rate(rate) => pace(herd, time, rate, 204, |n, buffer| write(tabs, n, buffer)),
            };
            answered.unwrap_or_else(|trouble| panic!("{name}: {trouble}"))
        };
        run(WARM_UP);
        let before = self.server.cpu();
        let answered = run(ROUND);
        answered as f64 / (self.server.cpu() - before).as_secs_f64()
    }
}

fn write(tabs: &[Tab], n: u64, buffer: &mut Vec<u8>) {
    let Tab { token, user, since } = &tabs[n as usize % tabs.len()];
    poll(token, *user, *since, buffer);
}

/// Everybody's tab, with the stamp that they have seen.
fn tabs(crowd: &Crowd) -> Vec<Tab> {
    (1..=crowd.people).map(|user| Tab { token: crowd.seal(&crowd.token(user)), user, since: crowd.stamp(user) }).collect()
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
    // Saturated, the server's core is busy all the time, so polls per CPU-second are polls a second.
    let first: Vec<f64> = (0..15).map(|_| contestants[0].round(Load::Saturated)).collect();
    let half = median(&first) / 2.0;
    for _ in 0..rounds {
        for contestant in &mut contestants {
            let saturated = contestant.round(Load::Saturated);
            contestant.saturated.push(saturated);
        }
        for contestant in &mut contestants {
            let half_load = contestant.round(Load::Rate(half));
            contestant.half_load.push(half_load);
        }
    }
    publish(&contestants, rounds, half);
}

fn publish(contestants: &[Contestant], rounds: usize, half: f64) {
    let mut text = format!(
        "{} people with a tab each, over {CONNECTIONS} connections; the server on one core, the load on another. *Saturated*: as fast as\n\
         answers come. *Half load*: {} polls a second, evenly. Medians of {rounds} rounds of {} s, in turns. The ratio is that of\n\
         neighbouring rounds, with its quartiles.\n\n\
         | server | polls per CPU-second, saturated | ratio | quartiles | at half load | ratio | quartiles |\n|---|---:|---:|---|---:|---:|---|\n",
        thousands(PEOPLE as u64),
        thousands(half as u64),
        ROUND.as_secs_f64()
    );
    for contestant in contestants {
        let column = |of: fn(&Contestant) -> &Vec<f64>| {
            let ratios: Vec<f64> = of(contestant).iter().zip(of(&contestants[0])).map(|(rate, base)| rate / base).collect();
            format!("{} | {:.2} | {}", thousands(median(of(contestant)) as u64), median(&ratios), quartiles(&ratios))
        };
        writeln!(text, "| {} | {} | {} |", contestant.name, column(|it| &it.saturated), column(|it| &it.half_load)).expect("memory");
    }
    report::put("unchanged polls", &text);
}
