//! A session in the list of the settings.

use crate::clock::{HOUR, Millis};
use crate::ids::SessionId;
use crate::model::sessions::{ListedSession, SessionKind};
use crate::views::relative_time::RelativeTime;

/// A session in the list.
pub(super) struct SessionRow {
    pub(super) id: SessionId,
    /// "Chrome on Linux".
    pub(super) what: String,
    pub(super) is_this: bool,
    pub(super) since: RelativeTime,
    seen: RelativeTime,
}

impl SessionRow {
    pub(super) fn new(session: ListedSession, this: SessionId, now: Millis) -> SessionRow {
        let ListedSession { id, kind, created_at, seen_at, client } = session;
        SessionRow {
            id,
            what: client.unwrap_or_else(|| if is_program(&kind) { "A program" } else { "A browser" }.to_owned()),
            is_this: id == this,
            since: RelativeTime { at: created_at, now },
            seen: RelativeTime { at: seen_at, now },
        }
    }

    /// When it was last used. That is written down once an hour, so within the hour nothing more exact is known; but this very session is in use.
    pub(super) fn last_active(&self) -> String {
        match self.seen.now - self.seen.at {
            _ if self.is_this => "active now".to_owned(),
            ..HOUR => "active within the last hour".to_owned(),
            _ => format!("last active {}", self.seen.relative()),
        }
    }
}

fn is_program(kind: &str) -> bool {
    kind.parse() == Ok(SessionKind::Program)
}
