//! The lease: how long this process may believe its own copies without asking Redis.
//!
//! Redis announces every key that changes, over connections of their own ([`super::tracking`]). An answer on such a connection
//! proves that everything written before the question has been announced. The lease runs for [`TERM`] from the question; when it
//! ends, Redis is asked again. So a connection that goes silent delays a change by no more than the term.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::stamps::memory::Epoch;

/// Three times the pause between two pings, so that a late answer does not end the lease.
const TERM: Duration = Duration::from_secs(3);

/// Whether copies may be believed, and which. A new epoch invalidates all of them at once.
#[derive(Debug)]
pub struct Lease {
    created_at: Instant,
    epoch: AtomicU64,
    /// When it ends, in milliseconds after `created`; 0 while there is no lease.
    until: AtomicU64,
    /// The only one who may renew it.
    holder: Mutex<u64>,
}

impl Default for Lease {
    fn default() -> Self {
        Lease { created_at: Instant::now(), epoch: AtomicU64::new(1), until: AtomicU64::new(0), holder: Mutex::new(0) }
    }
}

impl Lease {
    /// The epoch whose copies may be believed now; `None` while there is no lease.
    pub fn epoch(&self) -> Option<Epoch> {
        (self.millis(Instant::now()) < self.until.load(Ordering::Acquire)).then(|| self.epoch.load(Ordering::Acquire))
    }

    /// Changes are announced from now on. Returns the new holder, with which to renew and end the lease. Older copies are not
    /// believed: they may have changed before.
    pub fn begin(&self) -> u64 {
        let mut holder = self.lock_holder();
        self.next_epoch();
        *holder += 1;
        *holder
    }

    /// Renews the lease for [`TERM`] from `asked`, when the question was sent. Returns false if `holder` no longer holds it.
    pub fn renew(&self, holder: u64, asked: Instant) -> bool {
        let current = self.lock_holder();
        if *current == holder {
            self.until.store(self.millis(asked + TERM), Ordering::Release);
        }
        *current == holder
    }

    /// Ends the lease, if `holder` still holds it: its connection is gone, or may have missed something.
    pub fn end(&self, holder: u64) {
        let mut current = self.lock_holder();
        if *current == holder {
            *current += 1;
            self.until.store(0, Ordering::Release);
            self.next_epoch();
        }
    }

    /// Invalidates every copy made so far. The lease itself goes on.
    pub fn next_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn millis(&self, moment: Instant) -> u64 {
        u64::try_from(moment.duration_since(self.created_at).as_millis()).unwrap_or(u64::MAX)
    }

    fn lock_holder(&self) -> MutexGuard<'_, u64> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_from_the_question_and_not_from_the_answer() {
        let lease = Lease::default();
        assert_eq!(lease.epoch(), None);
        let holder = lease.begin();
        assert!(lease.renew(holder, Instant::now()));
        assert!(lease.epoch().is_some());
        std::thread::sleep(Duration::from_millis(5));
        let asked = Instant::now().checked_sub(TERM);
        if let Some(asked) = asked.filter(|asked| *asked > lease.created_at) {
            assert!(lease.renew(holder, asked));
            assert_eq!(lease.epoch(), None, "an answer that took as long as the lease");
        }
    }

    #[test]
    fn only_the_holder_renews_or_ends_it() {
        let lease = Lease::default();
        let first = lease.begin();
        let second = lease.begin();
        assert!(!lease.renew(first, Instant::now()));
        assert!(lease.renew(second, Instant::now()));
        lease.end(first);
        assert!(lease.epoch().is_some());
        lease.end(second);
        assert_eq!(lease.epoch(), None);
        assert!(!lease.renew(second, Instant::now()));
    }

    #[test]
    fn what_was_copied_before_it_began_is_not_believed() {
        let lease = Lease::default();
        let holder = lease.begin();
        lease.renew(holder, Instant::now());
        let before = lease.epoch();
        lease.next_epoch();
        assert!(lease.epoch().is_some() && lease.epoch() != before);
        let other = lease.begin();
        lease.renew(other, Instant::now());
        assert!(lease.epoch().is_some() && lease.epoch() != before);
    }
}
