//! Times as people read them: "5 minutes ago".

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::clock::{DAY, HOUR, MINUTE, Millis};

/// From when on a time counts as a date.
const MONTH: Millis = 30 * DAY;
/// How far ahead of now a time may be (negative, like all that is still to come) to count as now.
const AHEAD: Millis = -HOUR;

const ISO: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const EXACT: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:long] [year]");

/// A time, and the time at which it is shown; both in Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct RelativeTime {
    /// The time to show.
    pub at: Millis,
    /// Now.
    pub now: Millis,
}

impl RelativeTime {
    /// "5 minutes ago"; after a month, the date. A time somewhat ahead of now, because two clocks differ, is "just now"; one that is
    /// further ahead, because a clock was wrong, is a date.
    pub fn relative(&self) -> String {
        let ago = self.ago();
        match ago {
            ..AHEAD => self.format(DATE),
            AHEAD..MINUTE => "just now".to_owned(),
            MINUTE..HOUR => count(ago / MINUTE, "minute"),
            HOUR..DAY => count(ago / HOUR, "hour"),
            DAY..MONTH => count(ago / DAY, "day"),
            MONTH.. => self.format(DATE),
        }
    }

    /// When [`RelativeTime::relative`] turns false, in Unix milliseconds; `None` for a date.
    pub fn due(&self) -> Option<Millis> {
        let ago = self.ago();
        let step = match ago {
            AHEAD..HOUR => MINUTE,
            HOUR..DAY => HOUR,
            DAY..MONTH => DAY,
            _ => return None,
        };
        // A time ahead of now is "just now" until a minute after it.
        Some(self.at + (ago.max(0) / step + 1) * step)
    }

    fn ago(&self) -> Millis {
        self.now.saturating_sub(self.at)
    }

    /// "23 Nov 2026, 20:15 UTC".
    pub fn exact(&self) -> String {
        self.format(EXACT)
    }

    /// For `<time datetime>`.
    pub fn iso(&self) -> String {
        self.format(ISO)
    }

    fn format(&self, format: &[BorrowedFormatItem<'_>]) -> String {
        OffsetDateTime::from_unix_timestamp(self.at.div_euclid(1_000)).ok().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
    }
}

fn count(n: i64, unit: &str) -> String {
    if n == 1 { format!("1 {unit} ago") } else { format!("{n} {unit}s ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_say_what_people_say() {
        let now = 1_795_464_900_000;
        let ago = |ms| RelativeTime { at: now - ms, now }.relative();
        assert_eq!(ago(-5 * MINUTE), "just now");
        assert_eq!(ago(-5 * HOUR), "24 November 2026");
        assert_eq!(ago(MINUTE - 1), "just now");
        assert_eq!(ago(MINUTE), "1 minute ago");
        assert_eq!(ago(HOUR - 1), "59 minutes ago");
        assert_eq!(ago(23 * HOUR), "23 hours ago");
        assert_eq!(ago(DAY), "1 day ago");
        assert_eq!(ago(40 * DAY), "14 October 2026");
    }

    #[test]
    fn a_relative_time_says_when_it_turns_false() {
        let at = 1_795_464_900_000;
        let turns = |ago| RelativeTime { at, now: at + ago }.due().map(|due| due - at);
        assert_eq!(turns(-5 * MINUTE), Some(MINUTE));
        assert_eq!(turns(0), Some(MINUTE));
        assert_eq!(turns(MINUTE), Some(2 * MINUTE));
        assert_eq!(turns(HOUR - 1), Some(HOUR));
        assert_eq!(turns(HOUR + MINUTE), Some(2 * HOUR));
        assert_eq!(turns(3 * DAY), Some(4 * DAY));
        assert_eq!((turns(40 * DAY), turns(-5 * HOUR)), (None, None));
        for ago in (-2 * HOUR..32 * DAY).step_by(17 * 60_123) {
            let (before, Some(due)) = (RelativeTime { at, now: at + ago }, turns(ago)) else { continue };
            let then = |now| RelativeTime { at, now }.relative();
            assert_eq!(then(at + due - 1), before.relative(), "{ago}");
            assert_ne!(then(at + due), before.relative(), "{ago}");
        }
    }

    #[test]
    fn the_exact_time_stands_behind_them() {
        let time = RelativeTime { at: 1_795_464_900_000, now: 0 };
        assert_eq!(time.exact(), "23 Nov 2026, 20:15 UTC");
        assert_eq!(time.iso(), "2026-11-23T20:15:00Z");
    }
}
