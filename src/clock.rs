//! The wall clock, in one place, so that a test can let two weeks pass.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
pub type Millis = i64;

/// One second, in milliseconds.
pub const SECOND: Millis = 1_000;
/// One minute, in milliseconds.
pub const MINUTE: Millis = 60 * SECOND;
/// One hour, in milliseconds.
pub const HOUR: Millis = 60 * MINUTE;
/// One day, in milliseconds.
pub const DAY: Millis = 24 * HOUR;

/// The system's clock, moved by as much as a test says.
#[derive(Debug, Default)]
pub struct Clock {
    moved: AtomicI64,
}

impl Clock {
    /// Now, in Unix milliseconds. A system clock set before 1970 reads as 1970.
    pub fn now(&self) -> Millis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX);
        now.saturating_add(self.moved.load(Ordering::Relaxed))
    }

    /// Moves this clock by `by` milliseconds, backwards if negative.
    pub fn shift(&self, by: Millis) {
        self.moved.fetch_add(by, Ordering::Relaxed);
    }
}
