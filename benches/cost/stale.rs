//! How old an answer can be: somebody follows on one instance, and a tab on another asks until it hears of it.

use std::thread;
use std::time::{Duration, Instant};

use crate::child::Server;
use crate::client::Client;
use crate::crowd::Crowd;
use crate::link::Link;
use crate::median;
use crate::report;
use crate::request::{follow, poll, stamp};
use crate::support::Home;

const HEALTHY: i64 = 300;
const SILENT: i64 = 9;
/// Between two questions of the tab that waits for it, which also bounds how finely it is told.
const PAUSE: Duration = Duration::from_micros(200);

/// Somebody who is followed again and again on one instance, and their tab on the other.
struct Watch<'a> {
    here: Client,
    there: Client,
    tokens: &'a [String],
    seen: i64,
    followers: i64,
}

impl Watch<'_> {
    /// Milliseconds from the answer to a follow until the tab hears of it.
    fn one(&mut self) -> f64 {
        self.followers += 1;
        let (follower, me) = (&self.tokens[self.followers as usize], &self.tokens[0]);
        self.here.asks(201, |buffer| follow(follower, 1, buffer));
        let begun = Instant::now();
        loop {
            let seen = self.seen;
            let (_, news) = self.there.hears(|buffer| poll(me, 1, seen, buffer), |status, body| if status == 200 { stamp(body) } else { None });
            if let Some(news) = news {
                self.seen = news;
                return begun.elapsed().as_secs_f64() * 1e3;
            }
            thread::sleep(PAUSE);
        }
    }
}

pub fn run(postgres: &str, redis: &str) {
    // Nobody near follows the first already: everybody follows those who come after them.
    let crowd = Crowd::new(Home::on(postgres, Some(redis)), 1_000, 1);
    let tokens = crowd.sign_in(1..=HEALTHY + SILENT + 2);
    let direct = crowd.home.redis_url.clone().expect("a Redis");
    let (machine, path) = direct.strip_prefix("redis://127.0.0.1:").and_then(|rest| rest.split_once('/')).expect("an address");
    let carrier = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let link = carrier.block_on(Link::to(machine.parse().expect("a port")));
    let linked = format!("redis://127.0.0.1:{}/{path}", link.port);
    let [here, there] = [&direct, &linked].map(|redis| Server::tidings(&[("DATABASE_URL", crowd.home.database_url.as_str()), ("REDIS_URL", redis.as_str())]));
    let mut watch = Watch { here: Client::of(&here), there: Client::of(&there), tokens: &tokens, seen: 0, followers: 0 };
    watch.one();
    let healthy: Vec<f64> = (0..HEALTHY).map(|_| watch.one()).collect();
    let mut silent = Vec::new();
    for n in 0..SILENT {
        // Not always at the same moment between two signs of life.
        thread::sleep(Duration::from_millis(4_000 + 137 * n as u64));
        link.goes_silent();
        silent.push(watch.one());
        link.speaks_again();
    }
    let most = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    let text = format!(
        "Two instances on PostgreSQL + Redis. A follow on one is answered; how long until a tab that asks the other without end\n\
         ({} µs between two questions) hears of it, in milliseconds. *Silent*: from just before the follow, nothing passes between the\n\
         other instance and Redis, though the connections stay.\n\n\
         | link to Redis | follows | median | longest |\n|---|---:|---:|---:|\n\
         | healthy | {HEALTHY} | {:.2} | {:.1} |\n| silent | {SILENT} | {:.0} | {:.0} |\n",
        PAUSE.as_micros(),
        median(&healthy),
        most(&healthy),
        median(&silent),
        most(&silent)
    );
    report::put("stale", &text);
}
