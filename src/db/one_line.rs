//! Text for the log.

/// `text` on one line: libpq writes its errors on several, and a log entry is one.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
