//! Does it stay as cheap when a site grows? The same questions at a thousand people and at a million, and of somebody whom
//! a hundred thousand follow.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHasher};
use diesel::connection::SimpleConnection;

use crate::child::Server;
use crate::client::Client;
use crate::crowd::{Crowd, name};
use crate::load::{Herd, ask, press};
use crate::median;
use crate::plot::{Curve, curves};
use crate::report::{self, thousands};
use crate::request::{follow, inbox_poll, mark_all_read, page, poll, sign_in};
use crate::support::Home;

const SIZES: [i64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const LINES: i64 = 10;
/// People of whom each page is asked for.
const SAMPLE: usize = 300;
const FANS: i64 = 100_000;
const PASSWORD: &str = "correct horse";

/// One question, and what it costs at each size.
struct Row {
    name: &'static str,
    unit: &'static str,
    costs: Vec<f64>,
}

/// Costs in the order in which they are first mentioned.
#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn add(&mut self, name: &'static str, unit: &'static str, cost: f64) {
        match self.0.iter_mut().find(|row| row.name == name) {
            Some(row) => row.costs.push(cost),
            None => self.0.push(Row { name, unit, costs: vec![cost] }),
        }
    }
}

/// Somebody anywhere in the crowd.
fn anybody(n: i64, people: i64) -> i64 {
    (n * 7_919 + 13) % people + 1
}

/// What a poll costs, as a multiple of what a bare handler costs that is asked in turns with it.
fn poll_cost(crowd: &Crowd, server: &Server, bare: &Server) -> f64 {
    let tokens: Vec<String> = (1..=crowd.people).map(|user| crowd.seal(&crowd.token(user))).collect();
    let write = |n: u64, buffer: &mut Vec<u8>| {
        let user = anybody(n as i64, crowd.people);
        poll(&tokens[user as usize - 1], user, crowd.stamp(user), buffer);
    };
    let mut hello = Vec::new();
    write(0, &mut hello);
    let mut herds = [bare, server].map(|server| Herd::connect(server.port, 64, &hello).expect("connections"));
    // Everybody once: that reads their row, and is not what is measured. (7,919 is prime, so it comes round to all.)
    ask(&mut herds[1], crowd.people as u64, 204, write).expect("answers");
    herds[0] = Herd::connect(bare.port, 64, &hello).expect("connections");
    let mut ratios = Vec::new();
    for _ in 0..21 {
        let costs = [bare, server].into_iter().zip(&mut herds).map(|(server, herd)| {
            let before = server.cpu();
            let answered = press(herd, Duration::from_millis(400), 204, write).expect("answers");
            (server.cpu() - before).as_secs_f64() / answered as f64
        });
        let costs: Vec<f64> = costs.collect();
        ratios.push(costs[1] / costs[0]);
    }
    median(&ratios)
}

fn pages(table: &mut Table, crowd: &Crowd, server: &Server) {
    let sample: Vec<i64> = (0..SAMPLE as i64).map(|n| anybody(n, crowd.people)).collect();
    let tokens = crowd.sign_in(sample.iter().copied());
    let mut client = Client::of(server);
    let show = |path: &'static str| {
        let tokens = &tokens;
        move |n: usize, buffer: &mut Vec<u8>| page(path, &tokens[n], buffer)
    };
    for (title, path) in [("home page", "/"), ("people, first page", "/people"), ("inbox page", "/notifications")] {
        client.median(SAMPLE, 200, show(path));
        table.add(title, "ms", client.median(SAMPLE, 200, show(path)));
    }
    let profile = |n: usize, buffer: &mut Vec<u8>| page(&format!("/people/{}", name(anybody(n as i64 + 5_000, crowd.people))), &tokens[n], buffer);
    table.add("somebody's profile", "ms", client.median(SAMPLE, 200, profile));
    let followers = |n: usize, buffer: &mut Vec<u8>| page(&format!("/people/{}/followers", name(anybody(n as i64 + 5_000, crowd.people))), &tokens[n], buffer);
    table.add("their followers", "ms", client.median(SAMPLE, 200, followers));
    table.add("changed poll, inbox", "ms", client.median(SAMPLE, 200, |n, buffer| inbox_poll(&tokens[n], sample[n], 1, buffer)));
    table.add("changed poll, badge", "ms", client.median(SAMPLE, 200, |n, buffer| poll(&tokens[n], sample[n], 1, buffer)));
    // Everybody follows the ten after them already.
    let somebody_new = |n: usize| (sample[n] + 10 + n as i64) % crowd.people + 1;
    table.add("a new follow", "ms", client.median(SAMPLE, 201, |n, buffer| follow(&tokens[n], somebody_new(n), buffer)));
}

/// Somebody whom a hundred thousand follow, and who has read nothing of it.
fn star(crowd: &Crowd, server: &Server) -> String {
    let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).expect("a hash").to_string();
    // Whoever is close follows them already.
    let fans =
        format!("SELECT id, 1, 0 FROM users WHERE id > 20 AND id <= {} AND id NOT IN (SELECT follower_id FROM follows WHERE followee_id = 1)", FANS + 20);
    let lines = "SELECT 1, follower_id, 'follow', 'follow:' || follower_id, 1 FROM follows WHERE followee_id = 1 \
                 AND follower_id NOT IN (SELECT actor_id FROM notifications WHERE recipient_id = 1) ORDER BY id";
    let statements = format!(
        "UPDATE users SET password_hash = '{hash}' WHERE id = 1; INSERT INTO follows (follower_id, followee_id, created_at) {fans}; \
         INSERT INTO notifications (recipient_id, actor_id, kind, group_key, created_at) {lines}"
    );
    let mut shell = crowd.home.shell();
    for statement in statements.split("; ") {
        shell.batch_execute(statement).expect("fans");
    }
    let token = crowd.sign_in(1..=1).remove(0);
    let (mut client, star) = (Client::of(server), name(1));
    let mut often = |status: u16, write: &dyn Fn(&mut Vec<u8>)| client.median(15, status, |_, buffer| write(buffer));
    let show = |path: &str| {
        let (path, token) = (path.to_owned(), token.clone());
        move |buffer: &mut Vec<u8>| page(&path, &token, buffer)
    };
    let figures = [
        ("signing in", often(200, &|buffer| sign_in(&star, PASSWORD, buffer))),
        ("home page", often(200, &show("/"))),
        ("inbox page", often(200, &show("/notifications"))),
        ("own profile", often(200, &show(&format!("/people/{star}")))),
        ("own followers", often(200, &show(&format!("/people/{star}/followers")))),
        ("changed poll, badge", often(200, &|buffer| poll(&token, 1, 1, buffer))),
        ("marking all read, once", client.asks(200, |buffer| mark_all_read(&token, buffer))),
    ];
    figures.iter().map(|(what, ms)| format!("| {what} | {ms:.1} |\n")).collect()
}

pub fn run(postgres: &str, redis: &str, largest: i64) {
    let mut text = format!(
        "Everybody has {LINES} notifications and follows {LINES}; at {} people that is {} of either. One client, one question after\n\
         another, medians of {SAMPLE} people anywhere in the crowd, in milliseconds until the answer is there. The unchanged poll is\n\
         pressed instead, by everybody in turn, and its cost is that of CPU time as a multiple of a bare handler's, asked in turns.\n",
        thousands(largest as u64),
        thousands((largest * LINES) as u64)
    );
    let sizes: Vec<i64> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    let mut drawn = Vec::new();
    for engine in ["SQLite", "PostgreSQL + Redis"] {
        let (mut table, mut fans) = (Table::default(), String::new());
        for size in &sizes {
            let home = if engine == "SQLite" { Home::in_a_file() } else { Home::on(postgres, Some(redis)) };
            let begun = Instant::now();
            let crowd = Crowd::new(home, *size, LINES);
            println!("  {engine}, {} people made in {:.0} s", thousands(*size as u64), begun.elapsed().as_secs_f64());
            let url = crowd.home.redis_url.clone().unwrap_or_default();
            let settings = [("DATABASE_URL", crowd.home.database_url.as_str()), ("REDIS_URL", &url), ("REMEMBERED_STAMPS", "4000000")];
            let server = Server::tidings(&settings);
            if engine == "SQLite" {
                table.add("unchanged poll", "× bare", poll_cost(&crowd, &server, &Server::bare(&["nothing"])));
            }
            pages(&mut table, &crowd, &server);
            if *size == largest && largest > FANS {
                fans = star(&crowd, &server);
            }
        }
        writeln!(text, "\n**{engine}**\n").expect("memory");
        let heads: Vec<String> = sizes.iter().map(|size| thousands(*size as u64)).collect();
        writeln!(text, "| people | {} | last ÷ first |\n|---|{}---:|", heads.join(" | "), "---:|".repeat(sizes.len())).expect("memory");
        for row in &table.0 {
            let costs: Vec<String> = row.costs.iter().map(|cost| format!("{cost:.2}")).collect();
            let ratio = row.costs.last().zip(row.costs.first()).map_or(f64::NAN, |(last, first)| last / first);
            writeln!(text, "| {}, {} | {} | {ratio:.2} |", row.name, row.unit, costs.join(" | ")).expect("memory");
            let relative = sizes.iter().zip(&row.costs).map(|(size, cost)| (*size as f64, cost / row.costs[0])).collect();
            drawn.push(Curve { name: format!("{} ({})", row.name, if engine == "SQLite" { "SQLite" } else { "PostgreSQL" }), points: relative });
        }
        if !fans.is_empty() {
            writeln!(text, "\nSomebody whom {} follow, none of it read:\n\n| | ms |\n|---|---:|\n{fans}", thousands(FANS as u64)).expect("memory");
        }
    }
    report::put("growth", &text);
    curves("docs/bench-growth.svg", "Cost by the number of people, relative to a thousand", ("people", "times the cost at 1,000"), &drawn);
}
