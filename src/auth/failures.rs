//! Failed sign-ins of one key, and how long the next has to wait. All times are milliseconds of uptime.

use crate::clock::{MINUTE, Millis, SECOND};

/// Failures of a [`Limit::Doubling`] expire after 15 quiet minutes (milliseconds).
pub(super) const FAILURES_EXPIRE: Millis = 15 * MINUTE;

/// Tries of one key that may be under way at once. A fleet of programs may sign in together.
pub(super) const CONCURRENT: u32 = 40;

/// What a key allows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// After so many free failures each wait is twice as long as the one before, from a second up to the longest.
    Doubling {
        /// How many failures cost nothing.
        free: u32,
        /// The longest wait.
        longest: Millis,
    },
    /// A leaky bucket: a failure fills it by one, and one leaks out in each interval. In no hour are there more failures than [`CONCURRENT`]
    /// and those that leak, whatever the pauses between them. (Failures that expire all at once could simply be waited out.)
    Bucket {
        /// How many failures it holds.
        free: u32,
        /// How long one takes to leak out.
        interval: Millis,
    },
}

/// The failures of a key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    count: u32,
    /// When the last one was.
    last: Millis,
    /// Tries that are not decided yet.
    pending: u32,
}

impl Failures {
    /// How many count at `now`.
    fn count(&self, limit: Limit, now: Millis) -> u32 {
        match limit {
            Limit::Doubling { .. } if now - self.last >= FAILURES_EXPIRE => 0,
            Limit::Doubling { .. } => self.count,
            Limit::Bucket { interval, .. } => self.count.saturating_sub(u32::try_from((now - self.last) / interval).unwrap_or(u32::MAX)),
        }
    }

    /// Milliseconds until the next try.
    pub(super) fn wait(&self, limit: Limit, now: Millis) -> Millis {
        let count = self.count(limit, now);
        let (Limit::Doubling { free, .. } | Limit::Bucket { free, .. }) = limit;
        let concurrent = match limit {
            Limit::Bucket { .. } if count > 0 => free.saturating_sub(count).max(1),
            _ if count < free => CONCURRENT,
            _ => 1,
        };
        if self.pending >= concurrent {
            return SECOND;
        }
        let Some(excess) = count.checked_sub(free) else { return 0 };
        let pause = match limit {
            Limit::Doubling { longest, .. } => SECOND.saturating_mul(1 << excess.min(20)).min(longest),
            Limit::Bucket { interval, .. } => interval * Millis::from(self.count - free + 1),
        };
        (self.last + pause - now).clamp(0, pause)
    }

    /// One more try is under way.
    pub(super) fn begun(self) -> Failures {
        Failures { pending: self.pending.saturating_add(1), ..self }
    }

    /// A try is decided, or given up.
    pub(super) fn ended(self) -> Failures {
        Failures { pending: self.pending.saturating_sub(1), ..self }
    }

    /// Whether there is nothing to remember: no failure, and no try under way.
    pub(super) fn is_none(self) -> bool {
        self.count == 0 && self.pending == 0
    }

    /// One more failure at `now`.
    pub(super) fn failed(self, limit: Limit, now: Millis) -> Failures {
        Failures { count: self.count(limit, now).saturating_add(1), last: now, ..self }
    }

    /// None any more.
    pub(super) fn forgiven(self) -> Failures {
        Failures { count: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HOUR;

    const BUCKET: Limit = Limit::Bucket { free: 15, interval: 90 * SECOND };

    /// The most failures in any hour, if `guesser` tries at every moment of a day when it likes to.
    fn most_in_an_hour(wants: impl Fn(Millis) -> bool) -> usize {
        let (mut failures, mut moments) = (Failures::default(), Vec::new());
        for now in (0..24 * HOUR).step_by(100).filter(|now| wants(*now)) {
            while failures.wait(BUCKET, now) == 0 {
                failures = failures.failed(BUCKET, now);
                moments.push(now);
            }
        }
        moments.iter().map(|from| moments.iter().filter(|at| (*from..from + HOUR).contains(at)).count()).max().unwrap()
    }

    #[test]
    fn a_bucket_leaks_as_slowly_for_those_who_pause() {
        for pause in [0, 5, 14, 15, 16, 30, 59, 60] {
            let most = most_in_an_hour(|now| pause == 0 || now % ((pause + 1) * MINUTE) < MINUTE);
            assert!((15..=15 + 40 + 1).contains(&most), "{most} with pauses of {pause} minutes");
        }
    }

    #[test]
    fn a_burst_that_was_sent_together_leaks_out_before_the_next() {
        let mut failures = (0..CONCURRENT).fold(Failures::default(), |failures, _| failures.begun());
        assert!(failures.wait(BUCKET, 0) > 0);
        for _ in 0..CONCURRENT {
            failures = failures.failed(BUCKET, 0).ended();
        }
        let wait = failures.wait(BUCKET, 0);
        assert_eq!(wait, 26 * 90 * SECOND);
        assert_eq!(failures.wait(BUCKET, wait), 0);
        assert_eq!(failures.begun().wait(BUCKET, wait), SECOND, "one at a time while it is nearly full");
    }
}
