//! Whether the database can be reached. An outage is a state: it is logged once when it begins and once when it ends, however many
//! requests fail in between.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Address, Outage, one_line};

/// A refused connection is no outage if something worked this recently: a server that is out of connections still serves those it gave.
const GRACE: Duration = Duration::from_secs(2);

/// Whether the database can be reached, as far as is known.
#[derive(Debug)]
pub struct Health {
    address: Address,
    well: AtomicBool,
    /// Why it cannot be reached, without its password.
    cause: Mutex<String>,
    created_at: Instant,
    /// When something worked last, in milliseconds after `created_at`.
    worked_at: AtomicU64,
    /// It is reached, but what reads fails.
    pub reading: Outage,
    /// It is reached, but what writes fails.
    pub writing: Outage,
}

impl Health {
    /// Starts as reachable.
    pub fn new(address: Address) -> Health {
        Health {
            address,
            well: AtomicBool::new(true),
            cause: Mutex::default(),
            created_at: Instant::now(),
            worked_at: AtomicU64::new(0),
            reading: Outage::none("the database can be read again"),
            writing: Outage::none("the database can be written again"),
        }
    }

    /// Whether it can be reached.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// Why it cannot be reached.
    pub fn cause(&self) -> String {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that a connection failed because of `cause`.
    pub fn failed(&self, cause: &dyn Display) {
        let worked_at = Duration::from_millis(self.worked_at.load(Ordering::Relaxed));
        if self.created_at.elapsed().saturating_sub(worked_at) >= GRACE {
            self.lost(cause);
        }
    }

    /// Records that it is out of reach because of `cause`, beyond doubt.
    pub fn lost(&self, cause: &dyn Display) {
        if self.is_well() {
            let cause = one_line(&self.address.without_secrets(&cause.to_string()));
            self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&cause);
            if self.well.swap(false, Ordering::Relaxed) {
                log::warn!("the database {} cannot be reached; polls go on, everything else fails: {cause}", self.address);
            }
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

    /// Logs the end of what is over.
    pub fn end_what_is_over(&self) {
        self.reading.end_if_over();
        self.writing.end_if_over();
    }
}
