//! A post to a hundred thousand followers: how long until the last of them has it, and who waits meanwhile.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use hdrhistogram::Histogram;
use tidings::db::Connection;

use crate::child::{Server, stay_anywhere};
use crate::crowd::Crowd;
use crate::load::Herd;
use crate::report::{self, thousands};
use crate::request::{follow, poll, post};
use crate::support::Home;
use crate::{median, quartiles};

/// Everybody up to this number follows both authors, who come after them.
const FOLLOWERS: i64 = 100_000;
/// Those after the authors, who follow one another and look at their tabs meanwhile.
const OTHERS: i64 = 10_000;
const PEOPLE: i64 = FOLLOWERS + 2 + OTHERS;
/// Notifications that everybody has already.
const LINES: i64 = 10;
const FOLLOWS_A_SECOND: u64 = 100;
/// Each of the others has one tab.
const INTERVAL: Duration = Duration::from_secs(10);
/// In the first second nothing is posted yet.
const LEAD: Duration = Duration::from_secs(1);
const FOLLOW: u64 = 1 << 40;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(shell: &mut Connection, sql: &str) -> i64 {
    let query = diesel::sql_query(sql);
    match shell {
        Connection::Postgres(conn) => query.get_result::<Number>(conn),
        Connection::Sqlite(conn) => query.get_result::<Number>(conn),
    }
    .expect("a number")
    .number
}

/// Both authors get their followers.
fn gather(crowd: &Crowd) {
    let mut shell = crowd.home.shell();
    for author in [FOLLOWERS + 1, FOLLOWERS + 2] {
        let follows = format!(
            "INSERT INTO follows (follower_id, followee_id, created_at) SELECT id, {author}, 0 FROM users WHERE id <= {FOLLOWERS} ON CONFLICT DO NOTHING"
        );
        shell.batch_execute(&follows).expect("followers");
    }
    let after = if matches!(shell, Connection::Sqlite(_)) { "ANALYZE" } else { "VACUUM ANALYZE" };
    shell.batch_execute(after).expect("statistics");
}

/// The same lines in batches as large, by three plain statements each, with nothing else going on: seconds.
fn bare(crowd: &Crowd) -> f64 {
    let mut shell = crowd.home.shell();
    let author = FOLLOWERS + 2;
    let (size, clock, most) = match shell {
        Connection::Sqlite(_) => (500, "1".to_owned(), "max"),
        Connection::Postgres(_) => (1_000, "1".to_owned(), "greatest"),
    };
    shell.batch_execute(if size == 500 { "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON" } else { "SELECT 1" }).expect("a setting");
    shell.batch_execute(&format!("INSERT INTO posts (author_id, text, created_at) VALUES ({author}, 'bare', 0)")).expect("a post");
    let post = number(&mut shell, "SELECT max(id) AS number FROM posts");
    let begun = Instant::now();
    for first in (0..FOLLOWERS).step_by(size as usize) {
        let range = format!("follower_id > {first} AND follower_id <= {}", first + size);
        let told = format!("SELECT follower_id FROM follows WHERE followee_id = {author} AND notify AND {range}");
        let begin = if size == 500 { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let update = format!("UPDATE users SET last_update = {most}(last_update + 1, {clock}) WHERE id IN ({told})");
        let insert = format!(
            "INSERT INTO notifications (recipient_id, actor_id, kind, post_id, stamp, created_at) \
             SELECT id, {author}, 'post', {post}, last_update, 1 FROM users WHERE id IN ({told}) ORDER BY id"
        );
        for statement in [begin, update.as_str(), insert.as_str(), "COMMIT"] {
            shell.batch_execute(statement).expect("a batch");
        }
    }
    begun.elapsed().as_secs_f64()
}

/// What was seen while a post was delivered.
struct Delivered {
    seconds: f64,
    polls: Histogram<u64>,
    follows: Histogram<u64>,
}

/// Who asks meanwhile: the others.
struct Bystanders<'a> {
    crowd: &'a Crowd,
    tokens: &'a [String],
    /// How many have followed so far, in all rounds.
    followed: u64,
}

impl Bystanders<'_> {
    fn id(n: u64) -> i64 {
        FOLLOWERS + 3 + (n as i64 % OTHERS)
    }

    /// Writes the `n`-th poll, and whose it is.
    fn poll(&self, n: u64, seen: &[i64], buffer: &mut Vec<u8>) {
        let which = n as usize % self.tokens.len();
        poll(&self.tokens[which], Self::id(n), seen[which], buffer);
    }

    /// Somebody follows somebody whom they do not follow yet.
    fn follow(&mut self, buffer: &mut Vec<u8>) {
        let (n, all) = (self.followed, OTHERS as u64);
        self.followed += 1;
        // Everybody follows the ten after them already; and whoever is followed is nobody whose tab is looked at in this second.
        let (follower, followee) = (n % all, (n + 20 + n / all) % all);
        follow(&self.tokens[follower as usize], Self::id(followee), buffer);
    }
}

/// Posts, and goes on until everybody has it.
fn deliver(server: &Server, author: &str, bystanders: &mut Bystanders<'_>, seen: &mut [i64]) -> std::io::Result<Delivered> {
    let mut shell = bystanders.crowd.home.shell();
    let hello = b"GET /healthz HTTP/1.1\r\nHost: tidings.example\r\n\r\n";
    let mut herd = Herd::connect(server.port, 256, hello)?;
    let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).expect("a histogram");
    let mut delivered = Delivered { seconds: 0.0, polls: histogram(), follows: histogram() };
    let (begun, mut buffer) = (Instant::now(), Vec::new());
    let (mut polls, mut follows, mut posted, mut looked) = (0_u64, 0_u64, None, Instant::now());
    let polls_a_second = bystanders.tokens.len() as f64 / INTERVAL.as_secs_f64();
    loop {
        let now = begun.elapsed();
        while polls as f64 / polls_a_second < now.as_secs_f64() {
            buffer.clear();
            bystanders.poll(polls, seen, &mut buffer);
            herd.send((polls as usize) % 200, &buffer, polls, begun + Duration::from_secs_f64(polls as f64 / polls_a_second))?;
            polls += 1;
        }
        while Duration::from_millis(follows * 1_000 / FOLLOWS_A_SECOND) < now {
            buffer.clear();
            bystanders.follow(&mut buffer);
            herd.send(200 + (follows as usize) % 55, &buffer, FOLLOW, begun + Duration::from_millis(follows * 1_000 / FOLLOWS_A_SECOND))?;
            follows += 1;
        }
        if posted.is_none() && now > LEAD {
            buffer.clear();
            post("/api/posts", Some(author), "{\"text\":\"To everybody\"}", &mut buffer);
            herd.send(255, &buffer, FOLLOW + 1, Instant::now())?;
            posted = Some(None);
        }
        if let Some(Some(since)) = posted
            && looked.elapsed() > Duration::from_millis(20)
        {
            looked = Instant::now();
            if number(&mut shell, "SELECT count(*) AS number FROM deliveries") == 0 {
                delivered.seconds = looked.duration_since(since).as_secs_f64();
                return Ok(delivered);
            }
        }
        herd.receive(Duration::from_millis(1), |_, answer| match answer.tag {
            FOLLOW => {
                assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(answer.body));
                delivered.follows.saturating_record(answer.took.as_micros() as u64);
            }
            tag if tag > FOLLOW => {
                assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(answer.body));
                posted = Some(Some(Instant::now()));
            }
            tag if answer.status == 200 => {
                seen[tag as usize % seen.len()] = crate::request::stamp(answer.body).expect("a stamp");
            }
            _ => {
                assert_eq!(answer.status, 204);
                delivered.polls.saturating_record(answer.took.as_micros() as u64);
            }
        })?;
    }
}

pub fn run(postgres: &str, redis: &str, rounds: usize) {
    stay_anywhere();
    let mut text = format!(
        "A post to {} followers, one instance, while {FOLLOWS_A_SECOND} people a second follow somebody and {} tabs ask (open loop): seconds from the\n\
         answer `201` to the commit of the last notification. *Bare batches*: the same rows in batches as large, by plain statements, with\n\
         nothing else going on. All on all cores (server, database and load share them), medians of {rounds} rounds, in turns; everybody\n\
         has {LINES} notifications before.\n\n\
         | engine | bare batches, s | delivery, s | bare ÷ delivery | lines a second | unchanged polls, p99 ms | follows, p99 ms |\n|---|---:|---:|---:|---:|---:|---:|\n",
        thousands(FOLLOWERS as u64),
        thousands(OTHERS as u64)
    );
    for (engine, home) in [("SQLite", Home::in_a_file()), ("PostgreSQL + Redis", Home::on(postgres, Some(redis)))] {
        let crowd = Crowd::new(home, PEOPLE, LINES);
        gather(&crowd);
        let author = crowd.sign_in(std::iter::once(FOLLOWERS + 1)).remove(0);
        let tokens = crowd.sign_in((0..OTHERS as u64).map(Bystanders::id));
        let mut seen: Vec<i64> = (0..OTHERS as u64).map(|n| crowd.stamp(Bystanders::id(n))).collect();
        let url = crowd.home.redis_url.clone().unwrap_or_default();
        let limits = [("FOLLOWS_PER_HOUR", "0"), ("POSTS_PER_HOUR", "0")];
        let server = Server::tidings_anywhere(&[&[("DATABASE_URL", crowd.home.database_url.as_str()), ("REDIS_URL", url.as_str())][..], &limits].concat());
        let mut bystanders = Bystanders { crowd: &crowd, tokens: &tokens, followed: 0 };
        let (mut bares, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let (mut polls, mut follows) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let bare = bare(&crowd);
            let delivered = deliver(&server, &author, &mut bystanders, &mut seen).expect("answers");
            println!(
                "  {engine}: bare {bare:.1} s, delivery {:.1} s, polls p50 {} p99 {} µs, follows p50 {} p99 {} µs",
                delivered.seconds,
                delivered.polls.value_at_quantile(0.5),
                delivered.polls.value_at_quantile(0.99),
                delivered.follows.value_at_quantile(0.5),
                delivered.follows.value_at_quantile(0.99)
            );
            bares.push(bare);
            ours.push(delivered.seconds);
            ratios.push(bare / delivered.seconds);
            polls.push(delivered.polls.value_at_quantile(0.99) as f64 / 1_000.0);
            follows.push(delivered.follows.value_at_quantile(0.99) as f64 / 1_000.0);
        }
        let lines = thousands((FOLLOWERS as f64 / median(&ours)) as u64);
        writeln!(
            text,
            "| {engine} | {:.1} | {:.1} | {:.2} ({}) | {lines} | {:.1} | {:.1} |",
            median(&bares),
            median(&ours),
            median(&ratios),
            quartiles(&ratios),
            median(&polls),
            median(&follows)
        )
        .expect("memory");
    }
    report::put("fan-out", &text);
}
