//! Trouble that lasts, and meets every request while it does: a full disk, a locked database, a pool without a free connection. It is logged
//! when it begins and when it is over, however many requests fail in between.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::one_line;

/// An outage is over when something worked and nothing has failed for this long. On a disk that is nearly full, small writes still succeed
/// between the large ones that fail, and each failure would be an outage of its own.
const QUIET: Duration = Duration::from_secs(5);

/// A cause that was not seen before in an outage is news, unless the log has had a line of it this lately: one trouble may have two names.
const PAUSE: Duration = Duration::from_secs(5);

/// How many different causes are counted apart. PostgreSQL names files and numbers in some of its messages.
const CAUSES: usize = 8;

/// One kind of work that may fail for a while.
#[derive(Debug)]
pub struct Outage {
    /// What the log says when it is over.
    over: &'static str,
    ongoing: AtomicBool,
    state: Mutex<Option<Ongoing>>,
}

#[derive(Debug)]
struct Ongoing {
    began: Instant,
    last_failure: Instant,
    last_news: Instant,
    failures: BTreeMap<String, u64>,
    has_worked: bool,
}

impl Outage {
    /// No outage. `over` is what the log says at the end of one.
    pub fn none(over: &'static str) -> Outage {
        Outage { over, ongoing: AtomicBool::new(false), state: Mutex::default() }
    }

    /// Whether it lasts.
    pub fn is_ongoing(&self) -> bool {
        self.ongoing.load(Ordering::Relaxed)
    }

    /// Records that something failed because of `cause`. Returns whether that is news, which the caller logs.
    pub fn failed(&self, cause: &str) -> bool {
        let (now, mut state) = (Instant::now(), self.state());
        let begins = state.is_none();
        let ongoing = state.get_or_insert_with(|| Ongoing::began(now));
        (ongoing.last_failure, ongoing.has_worked) = (now, false);
        let is_new_cause = ongoing.count(one_line(cause));
        let is_news = begins || (is_new_cause && now.duration_since(ongoing.last_news) >= PAUSE);
        if is_news {
            ongoing.last_news = now;
        }
        self.ongoing.store(true, Ordering::Relaxed);
        is_news
    }

    /// Records that something worked.
    pub fn succeeded(&self) {
        // Read first: nearly always there is no outage, and nothing to lock.
        if self.is_ongoing() {
            if let Some(ongoing) = self.state().as_mut() {
                ongoing.has_worked = true;
            }
            self.end_if_over();
        }
    }

    /// Logs the end of an outage that is over. To be called now and then, because no request may follow the last success.
    pub fn end_if_over(&self) {
        if !self.is_ongoing() {
            return;
        }
        let mut state = self.state();
        if let Some(ended) = state.take_if(|ongoing| ongoing.has_worked && ongoing.last_failure.elapsed() >= QUIET) {
            self.ongoing.store(false, Ordering::Relaxed);
            log::info!("{}; {ended}", self.over);
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<Ongoing>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ongoing {
    fn began(now: Instant) -> Ongoing {
        Ongoing { began: now, last_failure: now, last_news: now, failures: BTreeMap::new(), has_worked: false }
    }

    /// Whether the log does not know this cause yet. A cause that comes too soon after another to be news is counted with the others, and is
    /// news later.
    fn count(&mut self, cause: String) -> bool {
        let is_known = self.failures.contains_key(&cause);
        let is_full = self.failures.len() >= CAUSES && !is_known;
        *self.failures.entry(if is_full { "other causes".to_owned() } else { cause }).or_default() += 1;
        !is_known && !is_full
    }
}

impl std::fmt::Display for Ongoing {
    /// "97 failures within 34 s (database or disk is full: 90, disk I/O error: 7)"
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let causes: Vec<String> = self.failures.iter().map(|(cause, times)| format!("{cause}: {times}")).collect();
        let (times, seconds) = (self.failures.values().sum::<u64>(), self.last_failure.duration_since(self.began).as_secs());
        write!(f, "{times} {} within {seconds} s ({})", if times == 1 { "failure" } else { "failures" }, causes.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet_for_a_while(outage: &Outage) {
        let mut state = outage.state();
        let ongoing = state.as_mut().unwrap();
        ongoing.last_failure = ongoing.last_failure.checked_sub(QUIET).unwrap();
    }

    #[test]
    fn only_the_first_failure_is_news_until_it_is_over() {
        let outage = Outage::none("written again");
        assert!(outage.failed("disk full"));
        assert!((0..100).all(|_| !outage.failed("disk full") && !outage.failed("locked")));
        quiet_for_a_while(&outage);
        outage.end_if_over();
        assert!(outage.is_ongoing(), "nothing has worked yet");
        outage.succeeded();
        assert!(!outage.is_ongoing() && outage.failed("disk full"));
    }

    #[test]
    fn a_success_between_two_failures_ends_nothing() {
        let outage = Outage::none("written again");
        assert!(outage.failed("disk full"));
        for _ in 0..10 {
            outage.succeeded();
            assert!(!outage.failed("disk full"));
        }
        outage.succeeded();
        assert!(outage.is_ongoing());
        quiet_for_a_while(&outage);
        outage.end_if_over();
        assert!(!outage.is_ongoing());
    }

    #[test]
    fn it_tells_how_often_and_why_without_end() {
        let outage = Outage::none("written again");
        for n in 0..100 {
            outage.failed(&format!("no space for\nfile {n}"));
        }
        let state = outage.state();
        let ongoing = state.as_ref().unwrap();
        assert_eq!(ongoing.failures.len(), CAUSES + 1);
        assert!(ongoing.to_string().starts_with("100 failures within 0 s (no space for file 0: 1, "), "{ongoing}");
    }
}
