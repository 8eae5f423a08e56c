//! What Tidings costs, each figure as a ratio against a baseline measured in turns with it, in the same run.
//!
//! Without arguments everything but the growth is measured; with arguments, the parts that they name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod answers;
mod bare;
mod child;
mod client;
mod crowd;
mod fanout;
mod feed;
mod follows;
mod growth;
#[allow(dead_code)]
#[path = "../../tests/stories/outages/link.rs"]
mod link;
mod load;
mod memory;
mod plot;
mod polls;
mod report;
mod request;
mod stale;
#[allow(dead_code)]
#[path = "../../tests/support/mod.rs"]
mod support;
mod tabs;

/// The one in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The first and the third quartile: half of the values lie between them.
pub fn quartiles(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 4).copied().unwrap_or(f64::NAN);
    format!("{:.2}–{:.2}", at(1), at(3))
}

const PARTS: [&str; 9] = ["polls", "tabs", "memory", "changed", "sign-in", "follows", "stale", "fan-out", "feed"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, what @ ..] = arguments.as_slice()
        && first == "serve"
    {
        return bare::serve(what).expect("a server");
    }
    let server = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: make bench does it"));
    let (postgres, redis) = (server("TEST_POSTGRES"), server("TEST_REDIS"));
    let parts: Vec<&str> = if arguments.is_empty() { PARTS.to_vec() } else { arguments.iter().map(String::as_str).collect() };
    child::stay_on(child::LOAD_CORE);
    report::put("machine", &report::machine());
    for part in parts {
        match part {
            "polls" => polls::run(&postgres, &redis, 120),
            "tabs" => tabs::run(false),
            "tabs-directly" => tabs::run(true),
            "memory" => memory::run(5),
            "changed" => answers::changed(&postgres, &redis, 7),
            "sign-in" => answers::sign_ins(61),
            "growth" => growth::run(&postgres, &redis, 1_000_000),
            "little-growth" => growth::run(&postgres, &redis, 100_000),
            "stale" => stale::run(&postgres, &redis),
            "fan-out" => fanout::run(&postgres, &redis, 5),
            "feed" => feed::run(&postgres),
            "follows" => follows::run(&postgres, &redis, 5),
            other => panic!("no such part: {other}; there are {PARTS:?}"),
        }
    }
}
