//! Whether the database can be reached. An outage is a state: it is logged once when it begins and once when it ends, however many
//! requests fail in between.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Address;

/// A refused connection is no outage if something worked this recently: a server that is out of connections still serves those it gave.
const GRACE: Duration = Duration::from_secs(2);

/// Whether the database can be reached, as far as is known.
#[derive(Debug)]
pub struct Health {
    address: Address,
    well: AtomicBool,
    created_at: Instant,
    /// When something worked last, in milliseconds after `created_at`.
    worked_at: AtomicU64,
}

impl Health {
    /// Starts as reachable.
    pub fn new(address: Address) -> Health {
        Health { address, well: AtomicBool::new(true), created_at: Instant::now(), worked_at: AtomicU64::new(0) }
    }

    /// Whether it can be reached.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// Records that it could not be reached because of `cause`.
    pub fn failed(&self, cause: &dyn Display) {
        let worked_at = Duration::from_millis(self.worked_at.load(Ordering::Relaxed));
        if self.created_at.elapsed().saturating_sub(worked_at) < GRACE {
            return;
        }
        if self.well.swap(false, Ordering::Relaxed) {
            let cause = self.address.without_secrets(&cause.to_string());
            log::warn!("the database {} cannot be reached; polls go on, everything else fails: {}", self.address, one_line(&cause));
        }
    }

    /// Records that it answered.
    pub fn succeeded(&self) {
        let now = u64::try_from(self.created_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.worked_at.store(now, Ordering::Relaxed);
        // Read before the swap: nearly always nothing changes, and a write would make every core reload the cache line.
        if !self.is_well() && !self.well.swap(true, Ordering::Relaxed) {
            log::info!("the database {} is back", self.address);
        }
    }
}

/// `text` on one line: libpq writes its errors on several, and a log entry is one.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
