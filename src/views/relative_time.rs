//! Times as people read them: "5 minutes ago".

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::clock::{DAY, HOUR, MINUTE, Millis};

const ISO: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const EXACT: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
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
    /// "5 minutes ago"; after a month, the date. A time ahead of now, because a clock was set back, is "just now".
    pub fn relative(&self) -> String {
        let ago = self.now.saturating_sub(self.at);
        match ago {
            ..MINUTE => "just now".to_owned(),
            MINUTE..HOUR => count(ago / MINUTE, "minute"),
            HOUR..DAY => count(ago / HOUR, "hour"),
            _ if ago < 30 * DAY => count(ago / DAY, "day"),
            _ => self.format(DATE),
        }
    }

    /// "23 November 2026, 20:15 UTC".
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
        assert_eq!(ago(-5 * HOUR), "just now");
        assert_eq!(ago(MINUTE - 1), "just now");
        assert_eq!(ago(MINUTE), "1 minute ago");
        assert_eq!(ago(HOUR - 1), "59 minutes ago");
        assert_eq!(ago(23 * HOUR), "23 hours ago");
        assert_eq!(ago(DAY), "1 day ago");
        assert_eq!(ago(40 * DAY), "14 October 2026");
    }

    #[test]
    fn the_exact_time_stands_behind_them() {
        let time = RelativeTime { at: 1_795_464_900_000, now: 0 };
        assert_eq!(time.exact(), "23 November 2026, 20:15 UTC");
        assert_eq!(time.iso(), "2026-11-23T20:15:00Z");
    }
}
