//! The home feed of somebody who follows thousands, against that of somebody who follows ten.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use tidings::db::Connection;

use crate::child::{Server, stay_anywhere};
use crate::crowd::Crowd;
use crate::load::{Herd, ask};
use crate::median;
use crate::report::{self, thousands};
use crate::request::page;
use crate::support::Home;

/// Who are followed, and write.
const AUTHORS: i64 = 5_000;
/// Who follow ten, all of them, and who wrote later than all of those.
const FEW: i64 = AUTHORS + 1;
const MANY: i64 = AUTHORS + 2;
const LOUD: i64 = AUTHORS + 3;
const POSTS: i64 = 1_000_000;
const LOOKS: u64 = 101;

fn fill(crowd: &Crowd) {
    let mut shell = crowd.home.shell();
    shell.batch_execute("DELETE FROM follows").expect("nobody follows");
    for (follower, most) in [(FEW, 10), (MANY, AUTHORS)] {
        let follows = format!("INSERT INTO follows (follower_id, followee_id, created_at) SELECT {follower}, id, 0 FROM users WHERE id <= {most}");
        shell.batch_execute(&follows).expect("follows");
    }
    write_posts(&mut shell, &format!("(n * 7919) % {AUTHORS} + 1"));
}

/// A million posts, the `n`-th by `author`.
fn write_posts(shell: &mut Connection, author: &str) {
    let (numbers, after) = match shell {
        Connection::Sqlite(_) => (format!("WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {POSTS})"), "ANALYZE"),
        Connection::Postgres(_) => (format!("WITH s(n) AS (SELECT generate_series(1, {POSTS}::bigint))"), "VACUUM ANALYZE"),
    };
    let text = "'What happened today, told in about as many words as people use'";
    shell.batch_execute(&format!("INSERT INTO posts (author_id, text, created_at) {numbers} SELECT {author}, {text}, n FROM s")).expect("posts");
    shell.batch_execute(after).expect("statistics");
}

/// Milliseconds until the page is there, one after another.
fn look(server: &Server, token: &str) -> f64 {
    let hello = b"GET /healthz HTTP/1.1\r\nHost: tidings.example\r\n\r\n";
    let mut herd = Herd::connect(server.port, 1, hello).expect("a connection");
    let mut times = Vec::new();
    for n in 0..LOOKS {
        let begun = Instant::now();
        ask(&mut herd, 1, 200, |_, buffer| page("/", token, buffer)).expect("a page");
        if n > 0 {
            times.push(begun.elapsed());
        }
    }
    median(&times.iter().map(Duration::as_secs_f64).collect::<Vec<_>>()) * 1_000.0
}

pub fn run(postgres: &str) {
    stay_anywhere();
    let mut text = format!(
        "The first page of the feed, with everything around it, in milliseconds until it is there; medians of {} looks. Of somebody who follows\n\
         10 people, and of somebody who follows {}, who together wrote {} posts; *silent*: somebody else has written as many since.\n\n\
         | engine | follows 10 | follows {} | ratio | the same, silent | ratio |\n|---|---:|---:|---:|---:|---:|\n",
        LOOKS - 1,
        thousands(AUTHORS as u64),
        thousands(POSTS as u64),
        thousands(AUTHORS as u64)
    );
    for (engine, home) in [("SQLite", Home::in_a_file()), ("PostgreSQL", Home::on(postgres, None))] {
        let crowd = Crowd::new(home, AUTHORS + 3, 1);
        fill(&crowd);
        let tokens = crowd.sign_in([FEW, MANY].into_iter());
        let server = Server::tidings_anywhere(&[("DATABASE_URL", &crowd.home.database_url)]);
        let (few, many) = (look(&server, &tokens[0]), look(&server, &tokens[1]));
        write_posts(&mut crowd.home.shell(), &LOUD.to_string());
        let (few_later, silent) = (look(&server, &tokens[0]), look(&server, &tokens[1]));
        println!("  {engine}: {few:.2} / {many:.2}, silent {few_later:.2} / {silent:.2} ms");
        writeln!(text, "| {engine} | {few:.2} | {many:.2} | {:.1} | {silent:.2} | {:.1} |", many / few, silent / few_later).expect("memory");
    }
    report::put("feed", &text);
}
