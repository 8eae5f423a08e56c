//! What an open tab costs between two polls: a kept connection on which nobody speaks.

use std::fmt::Write as _;
use std::time::Duration;

use crate::child::Server;
use crate::crowd::Crowd;
use crate::load::Herd;
use crate::report::{self, thousands};
use crate::request::poll;
use crate::support::Home;
use crate::{median, quartiles};

const TABS: usize = 10_000;

/// Bytes per connection, after each was used for one poll.
fn per_tab(server: &Server, hello: &[u8]) -> f64 {
    // What is made for the first few is not made again.
    let few = Herd::connect(server.port, 100, hello).expect("connections");
    std::thread::sleep(Duration::from_millis(300));
    let before = server.memory();
    let many = Herd::connect(server.port, TABS, hello).expect("connections");
    std::thread::sleep(Duration::from_millis(700));
    let after = server.memory();
    drop((few, many));
    after.saturating_sub(before) as f64 / TABS as f64
}

pub fn run(rounds: usize) {
    let crowd = Crowd::new(Home::in_a_file(), 1_000, 10);
    let mut hello = Vec::new();
    poll(&crowd.sign_in(1..=1)[0], 1, crowd.stamp(1), &mut hello);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(per_tab(&Server::bare(&["nothing"]), &hello) / 1_000.0);
        ours.push(per_tab(&Server::tidings(&[("DATABASE_URL", &crowd.home.database_url)]), &hello) / 1_000.0);
    }
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    let mut text = format!(
        "{} connections, each used for one poll and then idle: growth of the server's resident memory (the kernel's own is not in\n\
         it, and the same for both); medians of {rounds} fresh servers each.\n\n| server | kB per tab | ratio | quartiles |\n|---|---:|---:|---|\n",
        thousands(TABS as u64)
    );
    writeln!(text, "| bare actix, 204 | {:.1} | 1.00 | |", median(&bare)).expect("memory");
    writeln!(text, "| Tidings, SQLite | {:.1} | {:.2} | {} |", median(&ours), median(&ratios), quartiles(&ratios)).expect("memory");
    report::put("memory", &text);
}
