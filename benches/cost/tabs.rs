//! How many open tabs one instance on one core holds: an open loop. Every tab asks at its own moment of the ten seconds,
//! whatever the server does, while people follow one another; and how long an answer took is counted from that moment.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::child::Server;
use crate::crowd::Crowd;
use crate::load::{Herd, ask};
use crate::plot::{Curve, curves};
use crate::report::{self, thousands};
use crate::request::{follow, poll, stamp};
use crate::support::Home;

const PEOPLE: i64 = 100_000;
const INTERVAL: Duration = Duration::from_secs(10);
const FOLLOWS_A_SECOND: u64 = 20;
/// The tag of a follow is the followee's id beyond this; that of a poll the number of the tab.
const FOLLOW: u64 = 1 << 40;
/// What a poll may take at the 99th percentile.
const BAR: Duration = Duration::from_millis(50);

/// What happened during one run.
struct Held {
    tabs: usize,
    latency: Histogram<u64>,
    changed: u64,
    /// From a follow's answer to the news of it in the last of the followee's tabs.
    heard: Histogram<u64>,
    /// Follows that were not heard of in time by all tabs of the followee.
    unheard: usize,
    /// Follows that the server had no time for.
    refused: usize,
    /// The share of its one core that the server was busy.
    busy: f64,
    /// The longest that this program itself was late to send.
    late: Duration,
}

/// The clocks of `tabs` tabs: who asks when, in the order of an interval's moments.
fn moments(tabs: usize) -> Vec<(Duration, u32)> {
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    let mut moments: Vec<(Duration, u32)> = (0..tabs as u32)
        .map(|tab| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (INTERVAL.mul_f64((chance >> 11) as f64 / (1_u64 << 53) as f64), tab)
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// Everybody who looks, and what their tabs have seen. A tab is the tab of the person of its number, counted round.
struct Audience<'a> {
    tokens: &'a [String],
    followers: &'a [String],
    seen: Vec<i64>,
    /// Whose follow was answered when; their tabs are still to hear of it.
    followed: HashMap<usize, (Instant, usize)>,
}

impl Audience<'_> {
    fn of(&self, tab: u64) -> usize {
        tab as usize % self.tokens.len()
    }

    /// One interval to settle, then one that counts, and what is on its way at its end.
    fn hold(&mut self, herd: &mut Herd, server: &Server, first_followee: i64) -> std::io::Result<Held> {
        let moments = moments(self.seen.len());
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).expect("a histogram");
        let mut held =
            Held { tabs: self.seen.len(), latency: histogram(), changed: 0, heard: histogram(), unheard: 0, refused: 0, busy: 0.0, late: Duration::ZERO };
        let (begun, mut buffer, mut next, mut follows) = (Instant::now(), Vec::new(), 0, 0);
        let (mut counting, mut cpu) = (false, Duration::ZERO);
        let end = 2 * INTERVAL;
        loop {
            let now = begun.elapsed();
            if !counting && now >= INTERVAL {
                (counting, cpu) = (true, server.cpu());
            }
            while let Some(due) = moment(&moments, next).filter(|due| *due <= begun.elapsed() && *due < end) {
                let tab = u64::from(moments[next % moments.len()].1);
                buffer.clear();
                poll(&self.tokens[self.of(tab)], self.of(tab) as i64 + 1, self.seen[tab as usize], &mut buffer);
                if counting {
                    held.late = held.late.max(begun.elapsed() - due);
                }
                herd.send(tab as usize % herd.len(), &buffer, tab, begun + due)?;
                next += 1;
            }
            let due = Duration::from_millis(follows * 1_000 / FOLLOWS_A_SECOND);
            // The last interval's follows must be heard within it.
            if !self.followers.is_empty() && due <= now && due < INTERVAL {
                let followee = first_followee + follows as i64;
                buffer.clear();
                follow(&self.followers[follows as usize % self.followers.len()], followee, &mut buffer);
                herd.send(follows as usize % herd.len(), &buffer, FOLLOW + followee as u64, begun + due)?;
                // A tab may hear of it before whoever follows is told that they do.
                self.followed.insert(followee as usize - 1, (Instant::now(), self.seen.len() / self.tokens.len()));
                follows += 1;
            }
            if now >= end && (herd.outstanding() == 0 || now >= end + INTERVAL) {
                break;
            }
            let pause = moment(&moments, next).map_or(Duration::ZERO, |due| due.saturating_sub(begun.elapsed()));
            herd.receive(pause.min(Duration::from_millis(1)), |_, answer| {
                if answer.tag >= FOLLOW {
                    let person = (answer.tag - FOLLOW) as usize - 1;
                    // Refused for want of time: nobody is to hear of it.
                    if answer.status != 201 {
                        held.refused += 1;
                        self.followed.remove(&person);
                    } else if let Some((since, _)) = self.followed.get_mut(&person) {
                        *since = Instant::now();
                    }
                    return;
                }
                if counting {
                    held.latency.saturating_record(answer.took.as_micros() as u64);
                }
                if answer.status == 200 {
                    self.seen[answer.tag as usize] = stamp(answer.body).expect("a stamp");
                    held.changed += 1;
                    if let Some((since, left)) = self.followed.get_mut(&self.of(answer.tag)) {
                        *left -= 1;
                        held.heard.saturating_record(since.elapsed().as_micros() as u64);
                    }
                } else if answer.status != 204 {
                    held.refused += 1;
                }
            })?;
        }
        held.busy = (server.cpu() - cpu).as_secs_f64() / (begun.elapsed() - INTERVAL).as_secs_f64();
        held.unheard = self.followed.values().filter(|(_, left)| *left > 0).count();
        self.followed.clear();
        Ok(held)
    }
}

/// When the `n`-th poll of all is due.
fn moment(moments: &[(Duration, u32)], n: usize) -> Option<Duration> {
    Some(INTERVAL * (n / moments.len()) as u32 + moments.get(n % moments.len())?.0)
}

/// As many connections as this machine lets one process have, with some to spare.
fn most_connections() -> usize {
    let limit = std::fs::read_to_string("/proc/self/limits").expect("limits");
    let files = limit.lines().find_map(|line| line.strip_prefix("Max open files")).and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    files.unwrap_or(1_024_usize).saturating_sub(1_000)
}

/// How tabs reach the server, and how many are tried.
struct Way {
    name: &'static str,
    connections: usize,
    tabs: &'static [usize],
}

pub fn run(with_direct: bool) {
    let crowd = Crowd::new(Home::in_a_file(), PEOPLE, 10);
    let tokens = crowd.sign_in(1..=PEOPLE);
    let ways = [
        Way { name: "behind a proxy", connections: 256, tabs: &[100_000, 300_000, 500_000, 600_000] },
        Way { name: "directly", connections: most_connections(), tabs: &[100_000, 200_000, 300_000] },
    ];
    let mut next_followee = 1_000;
    let mut measured = Vec::new();
    for way in ways.iter().take(if with_direct { 2 } else { 1 }) {
        for (name, followers) in [("bare actix, 204", &[][..]), ("Tidings", &tokens[..200])] {
            let mut curve = Vec::new();
            for tabs in way.tabs {
                let held = one(&crowd, &tokens, followers, way.connections.min(*tabs), *tabs, next_followee);
                next_followee += 500;
                println!("  {:<15} {}", way.name, line(name, &held));
                let slow = held.latency.value_at_quantile(0.5) > 1_000_000;
                curve.push(held);
                // Beyond that there is nothing to learn but how long a line grows.
                if slow {
                    break;
                }
            }
            measured.push((way, name, curve));
        }
    }
    publish(&measured);
}

/// One number of tabs at one server of its own.
fn one(crowd: &Crowd, tokens: &[String], followers: &[String], connections: usize, tabs: usize, first_followee: i64) -> Held {
    let mut hello = Vec::new();
    poll(&tokens[0], 1, crowd.stamp(1), &mut hello);
    let server = if followers.is_empty() { Server::bare(&["nothing"]) } else { Server::tidings(&[("DATABASE_URL", &crowd.home.database_url)]) };
    if !followers.is_empty() {
        let mut few = Herd::connect(server.port, 64, &hello).expect("connections");
        let first = |n: u64, buffer: &mut Vec<u8>| poll(&tokens[n as usize], n as i64 + 1, 0, buffer);
        // Everybody's first poll reads their row; what is measured are the later ones.
        ask(&mut few, tokens.len() as u64, 200, first).expect("answers");
    }
    let mut herd = Herd::connect(server.port, connections, &hello).expect("connections");
    let seen = (0..tabs).map(|tab| crowd.stamp((tab % tokens.len()) as i64 + 1)).collect();
    let mut audience = Audience { tokens, followers, seen, followed: HashMap::new() };
    audience.hold(&mut herd, &server, first_followee).expect("answers")
}

fn line(name: &str, held: &Held) -> String {
    let at = |quantile: f64| held.latency.value_at_quantile(quantile) as f64 / 1_000.0;
    format!(
        "{name:<16} {:>8} tabs {:>6.0} polls/s: p50 {:>8.2} ms, p99 {:>8.2} ms, max {:>8.1} ms, core busy {:>3.0} %, {} changed, heard within {:.1} s, sender late {:.1} ms",
        thousands(held.tabs as u64),
        held.latency.len() as f64 / INTERVAL.as_secs_f64(),
        at(0.5),
        at(0.99),
        held.latency.max() as f64 / 1_000.0,
        held.busy * 100.0,
        held.changed,
        held.heard.max() as f64 / 1e6,
        held.late.as_secs_f64() * 1_000.0
    )
}

fn publish(measured: &[(&Way, &str, Vec<Held>)]) {
    let mut text = format!(
        "One instance on one core, SQLite; {} people, a tab asks every 10 s at a moment of its own, {FOLLOWS_A_SECOND} follows a second,\n\
         each to be heard by all tabs of the followee. *Behind a proxy*, tabs share 256 kept connections, as a reverse proxy makes them.\n\
         *Directly*, there are {} connections, which is as many files as one process may open on this machine (less some to\n\
         spare); what asks seldom over many connections is costlier than the same over few, for the kernel and for the framework.\n\n\
         | way | tabs | polls/s | server | p50 ms | p99 ms | max ms | core busy | last tab heard of a follow after |\n\
         |---|---:|---:|---|---:|---:|---:|---:|---:|\n",
        thousands(PEOPLE as u64),
        thousands(most_connections() as u64)
    );
    let mut drawn = Vec::new();
    for (way, name, curve) in measured {
        for held in curve {
            let at = |quantile: f64| held.latency.value_at_quantile(quantile) as f64 / 1_000.0;
            let heard = match (held.heard.is_empty(), held.unheard + held.refused) {
                (true, _) => "-".to_owned(),
                (false, 0) => format!("{:.1} s", held.heard.max() as f64 / 1e6),
                (false, some) => format!("{some} not in time"),
            };
            let (tabs, rate) = (thousands(held.tabs as u64), thousands((held.latency.len() as f64 / INTERVAL.as_secs_f64()) as u64));
            let (max, busy) = (held.latency.max() as f64 / 1_000.0, held.busy * 100.0);
            writeln!(text, "| {} | {tabs} | {rate} | {name} | {:.2} | {:.2} | {max:.1} | {busy:.0} % | {heard} |", way.name, at(0.5), at(0.99))
                .expect("memory");
        }
        let points = curve.iter().map(|held| (held.tabs as f64, held.latency.value_at_quantile(0.99) as f64 / 1_000.0)).collect();
        drawn.push(Curve { name: format!("{name}, {}", way.name), points });
    }
    for (way, name, curve) in measured {
        let most = curve.iter().take_while(|held| held.latency.value_at_quantile(0.99) < BAR.as_micros() as u64).last().map(|held| held.tabs);
        let most = most.map_or("none of these".to_owned(), |tabs| thousands(tabs as u64));
        writeln!(text, "\nMost of these with a p99 under {} ms, {name}, {}: **{most}**.", BAR.as_millis(), way.name).expect("memory");
    }
    report::put("tabs", &text);
    let axes = ("open tabs, each asking every 10 s", "milliseconds");
    curves("docs/bench-tabs.svg", "99th percentile of a poll's latency by the number of open tabs (one core, open loop)", axes, &drawn);
}
