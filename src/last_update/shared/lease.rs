//! The lease: how long this process may believe its own copies without asking Redis.
//!
//! Over a connection of its own Redis announces every key that changes ([`super::tracking`]). An answer on that connection
//! proves that whatever was written before the question was sent has been announced; the lease lasts for a short while
//! after that moment, and when it ends, Redis is asked again. So a link that goes silent makes nobody's news later than
//! the lease.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a sign of life is good for. Three of them fit in, so that one that is late does no harm.
const TERM: Duration = Duration::from_secs(3);

/// Copies that were vouched for under another epoch than the present one are not believed.
pub type Epoch = u64;

/// See the file. All is voided at once by moving to the next epoch.
#[derive(Debug)]
pub struct Lease {
    born: Instant,
    epoch: AtomicU64,
    /// In milliseconds after `born`; 0 = there is none.
    until: AtomicU64,
    /// The connection that may prolong it.
    holder: Mutex<u64>,
}

impl Default for Lease {
    fn default() -> Self {
        Lease { born: Instant::now(), epoch: AtomicU64::new(1), until: AtomicU64::new(0), holder: Mutex::new(0) }
    }
}

impl Lease {
    /// The epoch whose copies may be believed now; `None` while there is no lease.
    pub fn epoch(&self) -> Option<Epoch> {
        (self.millis(Instant::now()) < self.until.load(Ordering::Acquire)).then(|| self.epoch.load(Ordering::Acquire))
    }

    /// A connection has begun to announce changes. What was copied before is not vouched for. Returns what it prolongs
    /// the lease with.
    pub fn begin(&self) -> u64 {
        let mut holder = self.holder();
        self.void();
        *holder += 1;
        *holder
    }

    /// An answer came to what was asked at `asked`, on the connection that was given `ticket`. Whether it still counts.
    pub fn prolong(&self, ticket: u64, asked: Instant) -> bool {
        let holder = self.holder();
        if *holder == ticket {
            self.until.store(self.millis(asked + TERM), Ordering::Release);
        }
        *holder == ticket
    }

    /// The connection that was given `ticket` is gone, or may have missed something.
    pub fn end(&self, ticket: u64) {
        let mut holder = self.holder();
        if *holder == ticket {
            *holder += 1;
            self.until.store(0, Ordering::Release);
            self.void();
        }
    }

    /// Every copy may be another now, but what comes will be announced.
    pub fn void(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn millis(&self, moment: Instant) -> u64 {
        u64::try_from(moment.duration_since(self.born).as_millis()).unwrap_or(u64::MAX)
    }

    fn holder(&self) -> MutexGuard<'_, u64> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_the_question_and_not_from_the_answer() {
        let lease = Lease::default();
        assert_eq!(lease.epoch(), None);
        let ticket = lease.begin();
        assert!(lease.prolong(ticket, Instant::now()));
        assert!(lease.epoch().is_some());
        std::thread::sleep(Duration::from_millis(5));
        let asked = Instant::now().checked_sub(TERM);
        if let Some(asked) = asked.filter(|asked| *asked > lease.born) {
            assert!(lease.prolong(ticket, asked));
            assert_eq!(lease.epoch(), None, "an answer that took as long as the lease");
        }
    }

    #[test]
    fn only_the_connection_that_holds_it_prolongs_or_ends_it() {
        let lease = Lease::default();
        let first = lease.begin();
        let second = lease.begin();
        assert!(!lease.prolong(first, Instant::now()));
        assert!(lease.prolong(second, Instant::now()));
        lease.end(first);
        assert!(lease.epoch().is_some());
        lease.end(second);
        assert_eq!(lease.epoch(), None);
        assert!(!lease.prolong(second, Instant::now()));
    }

    #[test]
    fn what_was_copied_before_it_began_is_not_believed() {
        let lease = Lease::default();
        let ticket = lease.begin();
        lease.prolong(ticket, Instant::now());
        let before = lease.epoch();
        lease.void();
        assert!(lease.epoch().is_some() && lease.epoch() != before);
        let other = lease.begin();
        lease.prolong(other, Instant::now());
        assert!(lease.epoch().is_some() && lease.epoch() != before);
    }
}
