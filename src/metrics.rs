//! Counters and gauges for operators, in Prometheus's text format.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prometheus::core::Collector;
use prometheus::{Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use redis::RedisResult;
use strum::IntoEnumIterator;

use crate::clock::{Millis, SECOND};

/// Upper bounds of the latencies of polls, in seconds: an unchanged one takes microseconds, a changed one milliseconds.
const BUCKETS: [f64; 12] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.25, 1.0];

/// The statuses of refusals that an operator may want to act on.
const REFUSALS: [&str; 2] = ["403", "429"];

/// The metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    polls: [(IntCounter, Histogram); 3],
    redis_commands: IntCounterVec,
    /// 1 while Redis is in use, otherwise 0.
    pub redis_up: IntGauge,
    database_up: IntGauge,
    database_failing: IntGaugeVec,
    database_statements: IntCounter,
    database_connections: IntGaugeVec,
    notifications: IntCounterVec,
    mended: IntCounterVec,
    sign_ins: IntCounterVec,
    sign_ups: IntCounter,
    limited: IntCounterVec,
    refusals: IntCounterVec,
    deliveries_open: IntGauge,
    delivery_age: IntGauge,
    /// How many users' stamps this process has in memory.
    pub remembered: IntGauge,
    writing: Mutex<()>,
}

/// How a poll ended.
#[derive(Debug, Clone, Copy)]
pub enum PollOutcome {
    /// Nothing new.
    Unchanged,
    /// Something new was sent.
    Changed,
    /// Nobody is signed in, or it could not be answered.
    Refused,
}

/// How a sign-in ended, or another check of a password.
#[derive(Debug, Clone, Copy, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SignInOutcome {
    /// The password was right.
    Accepted,
    /// Name and password do not match.
    Failed,
    /// Refused unseen, after too many failures.
    Throttled,
}

/// A limit per hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HourlyLimit {
    /// New accounts from one network.
    SignUps,
    /// New follows by one person.
    Follows,
    /// New posts by one author.
    Posts,
}

/// The state of the database when the metrics are read.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseGauges {
    /// Whether it can be reached.
    pub up: bool,
    /// Whether what reads fails, though it can be reached.
    pub reading_fails: bool,
    /// Whether what writes fails, though it can be reached.
    pub writing_fails: bool,
    /// Statements sent so far.
    pub statements: u64,
    /// Connections of the pool.
    pub connections: u32,
    /// Those of them that are not in use.
    pub idle: u32,
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> prometheus::Result<C> {
    let collector = made?;
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// If two had the same name.
    pub fn new() -> prometheus::Result<Metrics> {
        let registry = Registry::new_custom(Some("tidings".to_owned()), None)?;
        let counter = |name, help, labels: &[&str]| registered(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauge = |name, help| registered(&registry, IntGauge::new(name, help));
        let polls = counter("polls_total", "Polls of the stream, by how they ended", &["outcome"])?;
        let latency = HistogramOpts::new("poll_seconds", "How long polls of the stream took to answer, by how they ended").buckets(BUCKETS.to_vec());
        let latency = registered(&registry, HistogramVec::new(latency, &["outcome"]))?;
        let of = |outcome: &str| (polls.with_label_values(&[outcome]), latency.with_label_values(&[outcome]));
        let sign_ins = counter("sign_ins_total", "Checks of a password, by how they ended", &["outcome"])?;
        let refusals = counter("refusals_total", "Requests that were refused, by status: 403, 429", &["status"])?;
        // From zero: the first increase of a counter that was not there before is none.
        SignInOutcome::iter().for_each(|outcome| drop(sign_ins.with_label_values(&[<&str>::from(outcome)])));
        REFUSALS.iter().for_each(|status| drop(refusals.with_label_values(&[*status])));
        let database_failing = Opts::new("database_failing", "Whether reading or writing fails though the database can be reached");
        let build = Opts::new("build_info", "Which program this is").const_label("version", env!("CARGO_PKG_VERSION"));
        registered(&registry, IntGauge::with_opts(build))?.set(1);
        let database_connections = IntGaugeVec::new(Opts::new("database_connections", "Connections of this instance's pool"), &["state"]);
        Ok(Metrics {
            polls: [of("unchanged"), of("changed"), of("refused")],
            redis_commands: counter("redis_commands_total", "Commands sent to Redis, by name and how they ended", &["command", "outcome"])?,
            redis_up: gauge("redis_up", "Whether stamps are shared through Redis; 0 also where there is none")?,
            database_up: gauge("database_up", "Whether the database can be reached")?,
            database_statements: registered(
                &registry,
                IntCounter::new("database_statements_total", "Statements that requests sent to the database, BEGIN, COMMIT and pings included"),
            )?,
            database_connections: registered(&registry, database_connections)?,
            notifications: counter("notifications_total", "Notifications made and committed, by kind", &["kind"])?,
            mended: counter("stamps_mended_total", "Copies of stamps that lagged behind the database and were raised by the sweep", &["copy"])?,
            database_failing: registered(&registry, IntGaugeVec::new(database_failing, &["work"]))?,
            sign_ins,
            refusals,
            sign_ups: registered(&registry, IntCounter::new("sign_ups_total", "Accounts made by signing up"))?,
            limited: counter("limited_total", "Refusals by a limit per hour, by what it limits", &["limit"])?,
            deliveries_open: gauge("deliveries_open", "Posts whose notifications are still being written or removed, by any instance")?,
            delivery_age: gauge("delivery_oldest_seconds", "How long ago the oldest of these began")?,
            remembered: gauge("stamps_remembered", "People whose stamp this instance has in memory")?,
            writing: Mutex::default(),
            registry,
        })
    }

    /// A poll that began at `begun` ended with `outcome`.
    pub fn polled(&self, outcome: PollOutcome, begun: Instant) {
        let [unchanged, changed, refused] = &self.polls;
        let (counter, latency) = match outcome {
            PollOutcome::Unchanged => unchanged,
            PollOutcome::Changed => changed,
            PollOutcome::Refused => refused,
        };
        counter.inc();
        latency.observe(begun.elapsed().as_secs_f64());
    }

    /// A password was checked.
    pub fn signed_in(&self, outcome: SignInOutcome) {
        self.sign_ins.with_label_values(&[<&str>::from(outcome)]).inc();
    }

    /// An account was made.
    pub fn signed_up(&self) {
        self.sign_ups.inc();
    }

    /// Something was refused by a limit per hour.
    pub fn limited(&self, limit: HourlyLimit) {
        self.limited.with_label_values(&[<&str>::from(limit)]).inc();
    }

    /// A request was answered with `status`, which counts if it is 403 or 429.
    pub fn answered(&self, status: &str) {
        if REFUSALS.contains(&status) {
            self.refusals.with_label_values(&[status]).inc();
        }
    }

    /// A command to Redis was answered.
    pub fn redis<T>(&self, command: &str, answer: &RedisResult<T>) {
        let outcome = match answer {
            Ok(_) => "ok",
            Err(cause) if cause.is_timeout() => "timeout",
            Err(_) => "error",
        };
        self.redis_commands.with_label_values(&[command, outcome]).inc();
    }

    /// A command to Redis timed out.
    pub fn redis_timeout(&self, command: &str) {
        self.redis_commands.with_label_values(&[command, "timeout"]).inc();
    }

    /// So many notifications of each kind were committed.
    pub fn notified(&self, kinds: &BTreeMap<&'static str, u64>) {
        for (kind, number) in kinds {
            self.notifications.with_label_values(&[*kind]).inc_by(*number);
        }
    }

    /// There are `open` deliveries, the oldest of which began `age` milliseconds ago.
    pub fn set_deliveries(&self, open: i64, age: Millis) {
        self.deliveries_open.set(open);
        self.delivery_age.set(age / SECOND);
    }

    /// The sweep raised `number` copies in `copy`, which is `memory` or `redis`.
    pub fn mended(&self, copy: &str, number: u64) {
        self.mended.with_label_values(&[copy]).inc_by(number);
    }

    /// All of them, with the database as it is now, in Prometheus's text format.
    ///
    /// # Errors
    /// If they cannot be encoded, which would be a fault of ours.
    pub fn text(&self, database: DatabaseGauges) -> prometheus::Result<String> {
        // One caller at a time: two would both add the statements since the last time.
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.database_up.set(i64::from(database.up));
        self.database_failing.with_label_values(&["reading"]).set(i64::from(database.reading_fails));
        self.database_failing.with_label_values(&["writing"]).set(i64::from(database.writing_fails));
        self.database_statements.inc_by(database.statements.saturating_sub(self.database_statements.get()));
        self.database_connections.with_label_values(&["idle"]).set(i64::from(database.idle));
        self.database_connections.with_label_values(&["busy"]).set(i64::from(database.connections.saturating_sub(database.idle)));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;
