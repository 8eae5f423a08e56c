//! Whether the database can be reached: an outage is a state with one line in the log at each end, however many
//! requests fall into it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Address;

/// Where something worked so short a while ago, a connection that is refused is no outage: a server that has no more
/// connections to give still serves those that it gave.
const GRACE: Duration = Duration::from_secs(2);

/// What is known of the way to the database.
#[derive(Debug)]
pub struct Health {
    address: Address,
    well: AtomicBool,
    since: Instant,
    /// When something worked last, in milliseconds after `since`.
    worked_at: AtomicU64,
}

impl Health {
    /// Well, until something else is known.
    pub fn new(address: Address) -> Health {
        Health { address, well: AtomicBool::new(true), since: Instant::now(), worked_at: AtomicU64::new(0) }
    }

    /// Whether it can be reached.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// It could not be reached, because of `cause`.
    pub fn failed(&self, cause: &dyn Display) {
        let worked_at = Duration::from_millis(self.worked_at.load(Ordering::Relaxed));
        if self.since.elapsed().saturating_sub(worked_at) < GRACE {
            return;
        }
        if self.well.swap(false, Ordering::Relaxed) {
            let cause = self.address.without_secrets(&cause.to_string());
            log::warn!("the database {} cannot be reached; polls go on, everything else waits: {}", self.address, one_line(&cause));
        }
    }

    /// It answered.
    pub fn works(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.worked_at.store(now, Ordering::Relaxed);
        // Read first: nearly always nothing changes, and a write would be felt by every core.
        if !self.is_well() && !self.well.swap(true, Ordering::Relaxed) {
            log::info!("the database {} is back", self.address);
        }
    }
}

/// libpq explains itself over several lines.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
