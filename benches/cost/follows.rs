//! Follows a second, against the bare transaction on the same engine.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidings::db::{Address, Connection};
use tidings::domain;
use tidings::ids::UserId;
use tidings::schema::{follows, notifications, users};
use tidings::store::Store;

use crate::child::{Server, stay_anywhere};
use crate::crowd::{Crowd, Trouble};
use crate::load::{Herd, press};
use crate::report;
use crate::request::follow;
use crate::support::Home;
use crate::{median, quartiles};

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
    let notification = (
        notifications::recipient_id.eq(followee),
        notifications::actor_id.eq(follower),
        notifications::kind.eq("follow"),
        notifications::group_key.eq(format!("follow:{follower}")),
        notifications::created_at.eq(now),
    );
    diesel::insert_into(notifications::table).values(notification).execute(conn)?;
    Ok(())
}

/// Transactions a second of so many writers. On SQLite they take turns, as Tidings' own do: without, they would disturb one
/// another more than they write.
fn bare(home: &Home, pairs: &Pairs) -> f64 {
    let (turn, kind) = (Mutex::new(()), Address::parse(&home.database_url).expect("an address"));
    write_on(|| {
        let mut conn = home.shell();
        let sqlite = matches!(kind, Address::Sqlite(_));
        conn.batch_execute(if sqlite { "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON" } else { "SELECT 1" }).expect("a setting");
        let turn = &turn;
        move || {
            let turn = sqlite.then(|| turn.lock().expect("a turn"));
            conn.batch_execute(if sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).expect("a transaction");
            bare_follow(&mut conn, pairs.next(), 1).expect("a follow");
            conn.batch_execute("COMMIT").expect("a commit");
            drop(turn);
        }
    })
}

/// The same of Tidings' own transaction, on its own pool.
fn own(store: &Store, sqlite: bool, pairs: &Pairs) -> f64 {
    let turn = Mutex::new(());
    write_on(|| {
        || {
            let (follower, followee) = pairs.next();
            let turn = sqlite.then(|| turn.lock().expect("a turn"));
            let followed = store.change(|tx| Ok::<_, Trouble>(domain::follow::follow(tx, UserId(follower), UserId(followee))?));
            drop(turn);
            assert!(followed.expect("a follow").0);
        }
    })
}

/// How often a second so many threads do what `prepare` gives them to do.
fn write_on<W: FnMut()>(prepare: impl Fn() -> W + Sync) -> f64 {
    let (done, begun) = (AtomicI64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let mut write = prepare();
                while begun.elapsed() < ROUND {
                    write();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// Follows a second over HTTP.
fn asked(server: &Server, tokens: &[String], pairs: &Pairs) -> f64 {
    let ask = |_: u64, buffer: &mut Vec<u8>| {
        let (follower, followee) = pairs.next();
        follow(&tokens[follower as usize - 1], followee, buffer);
    };
    let hello = b"GET /healthz HTTP/1.1\r\nHost: tidings.example\r\n\r\n";
    // Connections on which nobody spoke for long are closed, so each round has its own.
    let mut herd = Herd::connect(server.port, WRITERS, hello).expect("connections");
    let begun = Instant::now();
    let done = press(&mut herd, ROUND, 201, ask).expect("answers");
    done as f64 / begun.elapsed().as_secs_f64()
}

pub fn run(postgres: &str, redis: &str, rounds: usize) {
    // Two cores for all: server, database and load share them in either case.
    stay_anywhere();
    let mut text = format!(
        "New follows a second, {WRITERS} at once. *Three statements*: insert the follow, advance the stamp, insert the notification, and\n\
         nothing else, by Diesel, in one transaction. *Own transaction*: what Tidings does in it (the stamp first, which locks the inbox\n\
         and asks whether the follow is new). *Over HTTP*: the JSON API, with signature, session, answer and announcement. All on all\n\
         cores (server, database and load share them), medians of {rounds} rounds of {} s, in turns.\n\n\
         | engine | three statements | own transaction | over HTTP | ÷ three statements | ÷ own transaction |\n|---|---:|---:|---:|---:|---:|\n",
        ROUND.as_secs()
    );
    let homes = [("SQLite", Home::in_a_file()), ("PostgreSQL", Home::on(postgres, None)), ("PostgreSQL + Redis", Home::on(postgres, Some(redis)))];
    for (engine, home) in homes {
        let crowd = Crowd::new(home, PEOPLE, 10);
        let tokens = crowd.sign_in(1..=PEOPLE);
        let pairs = Pairs(AtomicI64::new(0));
        let url = crowd.home.redis_url.clone().unwrap_or_default();
        let server = Server::tidings_anywhere(&[("DATABASE_URL", &crowd.home.database_url), ("REDIS_URL", &url)]);
        let store = Store::open(&crowd.home.settings().check().expect("settings")).expect("a database");
        let (mut bares, mut owns, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            bares.push(bare(&crowd.home, &pairs));
            owns.push(own(&store, engine == "SQLite", &pairs));
            ours.push(asked(&server, &tokens, &pairs));
        }
        let ratio = |base: &[f64]| {
            let ratios: Vec<f64> = ours.iter().zip(base).map(|(ours, base)| ours / base).collect();
            format!("{:.2} ({})", median(&ratios), quartiles(&ratios))
        };
        let (three, own) = (ratio(&bares), ratio(&owns));
        writeln!(text, "| {engine} | {:.0} | {:.0} | {:.0} | {three} | {own} |", median(&bares), median(&owns), median(&ours)).expect("memory");
    }
    report::put("follows", &text);
}
