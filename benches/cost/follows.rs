//! Follows a second, against the bare transaction on the same engine: the three rows that a follow is, and a commit.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidings::db::Connection;
use tidings::schema::{follows, notifications, users};

use crate::child::{Server, stay_anywhere};
use crate::crowd::Crowd;
use crate::load::{Herd, press};
use crate::report;
use crate::request::follow;
use crate::support::Home;
use crate::{median, range};

const PEOPLE: i64 = 5_000;
const ROUND: Duration = Duration::from_secs(3);
/// As many as the pool of an instance has connections.
const WRITERS: usize = 8;

/// Pairs of people who do not follow one another yet, each given out once.
struct Pairs(AtomicI64);

impl Pairs {
    fn next(&self) -> (i64, i64) {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let follower = n % PEOPLE;
        // Everybody follows the ten after them already.
        (follower + 1, (follower + 11 + n / PEOPLE) % PEOPLE + 1)
    }
}

/// One follow with nothing around it: no request, no session, no look-up, no answer.
fn bare_follow(conn: &mut Connection, (follower, followee): (i64, i64), now: i64) -> QueryResult<()> {
    let follow = (follows::follower_id.eq(follower), follows::followee_id.eq(followee), follows::created_at.eq(now));
    diesel::insert_into(follows::table).values(follow).execute(conn)?;
    diesel::update(users::table.filter(users::id.eq(followee))).set(users::last_update.eq(users::last_update + 1)).execute(conn)?;
    let notification =
        (notifications::recipient_id.eq(followee), notifications::actor_id.eq(follower), notifications::kind.eq("follow"), notifications::created_at.eq(now));
    diesel::insert_into(notifications::table).values(notification).execute(conn)?;
    Ok(())
}

/// Transactions a second of so many writers. On SQLite they take turns, as Tidings' own do: without, they would disturb one
/// another more than they write.
fn bare(home: &Home, pairs: &Pairs) -> f64 {
    let (done, turn, begun) = (AtomicI64::new(0), Mutex::new(()), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let mut conn = home.shell();
                conn.batch_execute(if matches!(conn, Connection::Sqlite(_)) { "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON" } else { "SELECT 1" })
                    .expect("a setting");
                while begun.elapsed() < ROUND {
                    let turn = matches!(conn, Connection::Sqlite(_)).then(|| turn.lock().expect("a turn"));
                    let begin = if turn.is_some() { "BEGIN IMMEDIATE" } else { "BEGIN" };
                    conn.batch_execute(begin).expect("a transaction");
                    bare_follow(&mut conn, pairs.next(), 1).expect("a follow");
                    conn.batch_execute("COMMIT").expect("a commit");
                    drop(turn);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

pub fn run(postgres: &str, redis: &str, rounds: usize) {
    // Two cores for all: server, database and load share them in either case.
    stay_anywhere();
    let mut text = format!(
        "New follows a second over the JSON API ({WRITERS} at once), against a bare transaction of three statements (insert the follow,\n\
         advance the stamp, insert the notification) on {WRITERS} connections; both on all cores, medians of {rounds} rounds of {} s, in turns.\n\n\
         | engine | bare transactions/s | follows/s | ratio | range |\n|---|---:|---:|---:|---|\n",
        ROUND.as_secs()
    );
    for (engine, home) in [("SQLite", Home::in_a_file()), ("PostgreSQL + Redis", Home::on(postgres, Some(redis)))] {
        let crowd = Crowd::new(home, PEOPLE, 10);
        let tokens = crowd.sign_in(1..=PEOPLE);
        let pairs = Pairs(AtomicI64::new(0));
        let url = crowd.home.redis_url.clone().unwrap_or_default();
        let server = Server::tidings_anywhere(&[("DATABASE_URL", &crowd.home.database_url), ("REDIS_URL", &url)]);
        let ask = |_: u64, buffer: &mut Vec<u8>| {
            let (follower, followee) = pairs.next();
            follow(&tokens[follower as usize - 1], followee, buffer);
        };
        let (mut bares, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            bares.push(bare(&crowd.home, &pairs));
            // Connections on which nobody spoke for long are closed, so each round has its own.
            let mut hello = Vec::new();
            ask(0, &mut hello);
            let mut herd = Herd::connect(server.port, 1, &hello).expect("connections");
            for _ in 1..WRITERS {
                hello.clear();
                ask(0, &mut hello);
                herd.grow(server.port, &hello).expect("a connection");
            }
            let begun = Instant::now();
            let done = press(&mut herd, ROUND, 201, ask).expect("answers");
            ours.push(done as f64 / begun.elapsed().as_secs_f64());
        }
        let ratios: Vec<f64> = ours.iter().zip(&bares).map(|(ours, bare)| ours / bare).collect();
        writeln!(text, "| {engine} | {:.0} | {:.0} | {:.2} | {} |", median(&bares), median(&ours), median(&ratios), range(&ratios)).expect("memory");
    }
    report::put("follows", &text);
}
