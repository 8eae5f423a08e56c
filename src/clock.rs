//! The wall clock and uptime, in one place, so that a test can let two weeks pass, or set the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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

/// How long a clock must have run before something counts as long past: a day, in milliseconds of uptime.
const TRUSTED_AFTER: Millis = DAY;

/// The system's two clocks: the wall clock, which says what time it is and may be set; and uptime, which only runs. Whatever waits, waits by
/// uptime. A test moves either.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    moved: AtomicI64,
    passed: AtomicI64,
    readings: Mutex<Readings>,
}

/// Readings of the wall clock, in two periods of [`TRUSTED_AFTER`] of uptime.
#[derive(Debug)]
struct Readings {
    /// When the present period began, by uptime.
    since: Millis,
    /// The lowest reading of the present period.
    lowest: Millis,
    /// The lowest reading of the period before.
    before: Option<Millis>,
}

impl Default for Clock {
    fn default() -> Clock {
        let readings = Mutex::new(Readings { since: 0, lowest: system_time(), before: None });
        Clock { started: Instant::now(), moved: AtomicI64::new(0), passed: AtomicI64::new(0), readings }
    }
}

impl Clock {
    /// Now, in Unix milliseconds. A system clock set before 1970 reads as 1970.
    pub fn now(&self) -> Millis {
        system_time().saturating_add(self.moved.load(Ordering::Relaxed))
    }

    /// Milliseconds since this clock was made. Nobody can set it: by the wall clock, a wait of a second could last an hour.
    pub fn uptime(&self) -> Millis {
        let elapsed = Millis::try_from(self.started.elapsed().as_millis()).unwrap_or(Millis::MAX);
        elapsed.saturating_add(self.passed.load(Ordering::Relaxed))
    }

    /// [`Clock::now`], remembered for [`Clock::long_past`]: whatever writes reads the clock by this.
    pub fn observe(&self) -> Millis {
        let (now, uptime) = (self.now(), self.uptime());
        let mut readings = self.lock();
        if uptime - readings.since >= TRUSTED_AFTER {
            *readings = Readings { since: uptime, lowest: now, before: Some(readings.lowest.min(now)) };
        }
        readings.lowest = readings.lowest.min(now);
        now
    }

    /// A moment in Unix milliseconds that is past even if the wall clock was set ahead a while ago: the lowest reading of the last day or two of
    /// uptime. `None` before there is a day of it. What is deleted because it has expired must have expired before this: otherwise a clock that is
    /// ahead for an hour would delete what is alive.
    pub fn long_past(&self) -> Option<Millis> {
        self.observe();
        let readings = self.lock();
        readings.before.map(|before| before.min(readings.lowest))
    }

    fn lock(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `by` milliseconds pass, on both clocks. If negative, the wall clock is set back, and nothing passes.
    pub fn shift(&self, by: Millis) {
        self.passed.fetch_add(by.max(0), Ordering::Relaxed);
        self.jump(by);
    }

    /// Sets the wall clock by `by` milliseconds, backwards if negative; uptime goes on.
    pub fn jump(&self, by: Millis) {
        self.moved.fetch_add(by, Ordering::Relaxed);
    }
}

fn system_time() -> Millis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_wall_clock_moves_no_uptime() {
        let clock = Clock::default();
        clock.jump(DAY);
        clock.shift(-2 * DAY);
        assert!(clock.uptime() < MINUTE);
        clock.shift(DAY);
        assert!((DAY..DAY + MINUTE).contains(&clock.uptime()));
    }

    #[test]
    fn what_is_long_past_was_past_before_the_clock_was_set_ahead() {
        let clock = Clock::default();
        let begun = clock.now();
        assert_eq!(clock.long_past(), None, "nothing is known of a clock that was just started");
        clock.jump(16 * DAY);
        assert_eq!(clock.long_past(), None);
        clock.jump(-16 * DAY);
        clock.shift(DAY);
        assert!(clock.long_past().is_some_and(|past| (begun..begun + MINUTE).contains(&past)));
        clock.jump(3650 * DAY);
        assert!(clock.long_past().is_some_and(|past| past < begun + DAY + MINUTE));
        clock.shift(DAY);
        assert!(clock.long_past().is_some_and(|past| past < begun + 2 * DAY + MINUTE), "the day before it was set still counts");
        clock.shift(DAY);
        assert!(clock.long_past().is_some_and(|past| past > begun + 3650 * DAY), "after days it is what time it is");
    }
}
