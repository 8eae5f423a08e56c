//! Whether the database can be reached: an outage is a state with one line in the log at each end, however many
//! requests fall into it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Address;

/// What is known of the way to the database.
#[derive(Debug)]
pub struct Health {
    address: Address,
    well: AtomicBool,
}

impl Health {
    /// Well, until something else is known.
    pub fn new(address: Address) -> Health {
        Health { address, well: AtomicBool::new(true) }
    }

    /// Whether it can be reached.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// It could not be reached, because of `cause`.
    pub fn failed(&self, cause: &dyn Display) {
        if self.well.swap(false, Ordering::Relaxed) {
            let cause = self.address.without_secrets(&cause.to_string());
            log::warn!("the database {} cannot be reached; polls go on, everything else waits: {}", self.address, one_line(&cause));
        }
    }

    /// It answered.
    pub fn works(&self) {
        // Read first: nearly always nothing changes, and a write would be felt by every core.
        if !self.is_well() && !self.well.swap(true, Ordering::Relaxed) {
            log::info!("the database {} is back", self.address);
        }
    }

    /// Whether the last thing heard was that no connection could be made.
    pub(super) fn could_not_connect(&self) -> bool {
        !self.is_well()
    }
}

/// libpq explains itself over several lines.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
