//! Rows and queries, a file per table: functions of a connection that return a `QueryResult`. No HTTP, no JSON.

mod count;
pub mod follows;
pub mod notifications;
pub mod people;
pub mod secrets;
pub mod sessions;
mod username;
pub mod users;

pub use crate::ids::{FollowId, NotificationId, SessionId, UserId};
use username::is_username_letter;
pub use username::{NotAUsername, Username};

/// One page of a list, and where the next one starts.
#[derive(Debug, Clone)]
pub struct Slice<T, C> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// The cursor that brings the next page; `None` on the last.
    pub next: Option<C>,
}

impl<T, C> Slice<T, C> {
    /// Cuts rows that were asked for as `limit + 1` (so that there is a next page only if it has something on it).
    fn cut(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> C) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Slice { rows, next }
    }
}
