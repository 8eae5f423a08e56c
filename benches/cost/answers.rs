//! What is not free: a poll that brings something, a page, a sign-in.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use diesel::connection::SimpleConnection;

use crate::child::Server;
use crate::crowd::{Crowd, name};
use crate::load::{Herd, press};
use crate::report::{self, thousands};
use crate::request::{inbox_poll, page, poll, sign_in};
use crate::support::Home;
use crate::{median, quartiles};

const PEOPLE: i64 = 5_000;
const ROUND: Duration = Duration::from_millis(1_500);
const CONNECTIONS: usize = 16;

type Request = Box<dyn Fn(u64, &mut Vec<u8>)>;

/// The same question asked of somebody all the time.
struct Contestant {
    name: String,
    /// The number of its server.
    server: usize,
    herd: Herd,
    request: Request,
    /// Microseconds of the server's CPU time per answer, a number per round.
    costs: Vec<f64>,
}

/// Per CPU-second of the server: on PostgreSQL the database's own work is another process's, and not in it.
pub fn changed(postgres: &str, redis: &str, rounds: usize) {
    let alone = Crowd::new(Home::in_a_file(), PEOPLE, 40);
    let shared = Crowd::new(Home::on(postgres, Some(redis)), PEOPLE, 40);
    let redis_url = shared.home.redis_url.clone().expect("a Redis");
    let servers = [
        Server::bare(&["page", "400"]),
        Server::tidings(&[("DATABASE_URL", &alone.home.database_url)]),
        Server::tidings(&[("DATABASE_URL", &shared.home.database_url), ("REDIS_URL", &redis_url)]),
    ];
    let mut contestants = Vec::new();
    let mut add = |name: &str, server: usize, request: Request| {
        let mut hello = Vec::new();
        request(0, &mut hello);
        let herd = Herd::connect(servers[server].port, CONNECTIONS, &hello).expect("connections");
        contestants.push(Contestant { name: name.to_owned(), server, herd, request, costs: Vec::new() });
    };
    let tokens = alone.sign_in(1..=PEOPLE);
    let of = move |tokens: Vec<String>, write: fn(&str, i64, i64, &mut Vec<u8>)| -> Request {
        Box::new(move |n, buffer| write(&tokens[n as usize % tokens.len()], n as i64 % PEOPLE + 1, 1, buffer))
    };
    let show = |path: &'static str, tokens: Vec<String>| -> Request { Box::new(move |n, buffer| page(path, &tokens[n as usize % tokens.len()], buffer)) };
    add("bare actix, 200 with 400 bytes", 0, of(tokens.clone(), poll));
    add("changed poll, badge, SQLite", 1, of(tokens.clone(), poll));
    add("changed poll, inbox of 20 lines, SQLite", 1, of(tokens.clone(), inbox_poll));
    add("page of the inbox, SQLite", 1, show("/notifications", tokens));
    let tokens = shared.sign_in(1..=PEOPLE);
    add("changed poll, badge, PostgreSQL + Redis", 2, of(tokens.clone(), poll));
    add("changed poll, inbox of 20 lines, PostgreSQL + Redis", 2, of(tokens.clone(), inbox_poll));
    add("page of the inbox, PostgreSQL + Redis", 2, show("/notifications", tokens));
    for round in 0..=rounds {
        for contestant in &mut contestants {
            let (server, request) = (&servers[contestant.server], &contestant.request);
            let before = server.cpu();
            let answered = press(&mut contestant.herd, ROUND, 200, |n, buffer| request(n, buffer)).expect("answers");
            let cost = (server.cpu() - before).as_secs_f64() * 1e6 / answered as f64;
            // The first round warms up.
            if round > 0 {
                contestant.costs.push(cost);
            }
        }
    }
    let mut text = format!(
        "{} people with 40 notifications each, asked for in turn; CPU time of the server's process (on PostgreSQL, the database's\n\
         own is not in it); medians of {rounds} rounds, in turns.\n\n| answer | µs of CPU | times the bare one | quartiles |\n|---|---:|---:|---|\n",
        thousands(PEOPLE as u64)
    );
    for contestant in &contestants {
        let ratios: Vec<f64> = contestant.costs.iter().zip(&contestants[0].costs).map(|(cost, base)| cost / base).collect();
        writeln!(text, "| {} | {:.0} | {:.1} | {} |", contestant.name, median(&contestant.costs), median(&ratios), quartiles(&ratios)).expect("memory");
    }
    report::put("changed polls", &text);
}

/// Against the check of the password alone, which is slow on purpose.
pub fn sign_ins(rounds: usize) {
    let crowd = Crowd::new(Home::in_a_file(), PEOPLE, 10);
    let password = "correct horse";
    let hash = Argon2::default().hash_password(password.as_bytes()).expect("a hash").to_string();
    crowd.home.shell().batch_execute(&format!("UPDATE users SET password_hash = '{hash}' WHERE id <= 1000")).expect("passwords");
    let server = Server::tidings(&[("DATABASE_URL", &crowd.home.database_url)]);
    let mut request = Vec::new();
    sign_in(&name(1), password, &mut request);
    let mut herd = Herd::connect(server.port, 1, &request).expect("a connection");
    let parsed = argon2::PasswordHash::new(&hash).expect("a hash");
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for n in 0..rounds as i64 {
        let begun = Instant::now();
        Argon2::default().verify_password(password.as_bytes(), &parsed).expect("the password");
        bare.push(begun.elapsed().as_secs_f64() * 1e3);
        request.clear();
        sign_in(&name(n % 1_000 + 1), password, &mut request);
        let begun = Instant::now();
        herd.send(0, &request, 0, begun).expect("a question");
        while herd.outstanding() > 0 {
            herd.receive(Duration::from_secs(1), |_, answer| assert_eq!(answer.status, 200)).expect("an answer");
        }
        ours.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    let text = format!(
        "One after another, medians of {rounds}, in turns: argon2id alone takes {:.1} ms; a sign-in by HTTP, with its look-up and its new\n\
         session on disk, {:.1} ms: **{:.2}** times as much.",
        median(&bare),
        median(&ours),
        median(&ratios)
    );
    report::put("sign-in", &text);
}
