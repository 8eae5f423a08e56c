//! What Tidings costs, each figure as a ratio against a baseline measured in turns with it, in the same run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bare;
mod child;
mod crowd;
mod load;
mod polls;
mod request;
#[allow(dead_code)]
#[path = "../../tests/support/mod.rs"]
mod support;

/// The one in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, what @ ..] = arguments.as_slice()
        && first == "serve"
    {
        return bare::serve(what).expect("a server");
    }
    let server = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: make bench does it"));
    let (postgres, redis) = (server("TEST_POSTGRES"), server("TEST_REDIS"));
    child::stay_on(child::LOAD_CORE);
    polls::run(&postgres, &redis, 9);
}
