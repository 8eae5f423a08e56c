//! How things stand with Redis, and every way in which that changes.
//!
//! ```text
//!            connected                 every copy that lags is mended
//!   down ───────────────▶ mending ──────────────────────────────────▶ well
//!    ▲                       │ trouble                      trouble    │
//!    └───────────────────────┴─────────────────────────────────────────┘
//! ```
//! Copies are read only while it is well: what Redis remembers from before an outage may be older than what was promised
//! since. Writes go out as soon as there is a connection.

use crate::ids::UserId;
use crate::last_update::Stamp;

/// See the picture.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No connection, or none that is of any use.
    #[default]
    Down,
    /// A connection, but copies may lag.
    Mending,
    /// As it should be.
    Well,
}

/// What a request or a sweep asks of Redis.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    /// The copy of somebody's stamp.
    Get(UserId),
    /// Moves it forward.
    Forward(UserId, Stamp),
}

/// What a look of the sweep can do for Redis. Taken before the look begins: what it finds counts for Redis as it was
/// then, and for nothing that happened meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Counts all trouble until now.
    pub troubles: u64,
    /// Whether copies may lag that an ordinary look would not find.
    pub is_mending: bool,
    /// And whether they may be as old as copies can be, rather than as old as the trouble.
    pub replaced: bool,
}

/// How things stand.
#[derive(Debug, Default)]
pub struct Standing {
    pub state: State,
    /// Counts everything that went wrong.
    troubles: u64,
    /// Whether the log says that it is out of use.
    told: bool,
    /// Which server it is; `None` before the first, and where it may not be asked.
    identity: Option<String>,
    /// Whether the server may hold copies from before it was started or replaced.
    replaced: bool,
    /// What was refused: it is tried again before Redis counts as well, because as long as that is refused Redis is of
    /// no use, however well it answers to other things (a server without memory, a replica, half a cluster).
    pub refused: Option<Command>,
    /// Tries in a row that came to nothing.
    pub failures: u32,
    pub beats: u32,
}

impl Standing {
    /// There is a connection, to the server `identity`.
    pub fn connected(&mut self, identity: Option<String>) {
        self.replaced |= identity.is_none() || self.identity != identity;
        (self.identity, self.state, self.failures) = (identity, State::Mending, 0);
    }

    /// Something went wrong. Whether that is news for the log.
    pub fn trouble(&mut self) -> bool {
        self.troubles += 1;
        self.state = State::Down;
        !std::mem::replace(&mut self.told, true)
    }

    /// `command` was refused. That something can be read does not show that it can be written: a write that is still to
    /// be repeated stays.
    pub fn refused(&mut self, command: Command) {
        if !matches!((self.refused, command), (Some(Command::Forward(..)), Command::Get(_))) {
            self.refused = Some(command);
        }
    }

    /// What the sweep can do now; `None` while there is no connection.
    pub fn task(&self) -> Option<Task> {
        let is_mending = self.state == State::Mending;
        (self.state != State::Down).then_some(Task { troubles: self.troubles, is_mending, replaced: is_mending && self.replaced })
    }

    /// A look found nothing that lags any longer. Whether that still counts: not if anything went wrong since it began,
    /// nor if the connection is another.
    pub fn is_done(&self, task: Task) -> bool {
        self.task() == Some(task)
    }

    /// Everything is mended: it is well. How the log should call that, if it was not so before.
    pub fn settle(&mut self) -> Option<&'static str> {
        if self.state != State::Mending {
            return None;
        }
        let again = if self.told { "again" } else { "now" };
        let (identity, troubles) = (self.identity.take(), self.troubles);
        *self = Standing { state: State::Well, identity, troubles, ..Standing::default() };
        Some(again)
    }

    /// Whether `identity` is the server that it was. The first to be known is adopted.
    pub fn is_still(&mut self, identity: Option<String>) -> bool {
        if self.identity.is_none() {
            self.identity = identity;
            return true;
        }
        self.identity == identity
    }

    /// Whether the log says that it is out of use.
    pub fn is_told(&self) -> bool {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Standing {
        let mut standing = Standing::default();
        standing.connected(Some("a".into()));
        standing.settle();
        standing
    }

    #[test]
    fn a_look_that_began_before_the_connection_does_not_count_for_it() {
        let mut standing = well();
        standing.trouble();
        assert_eq!(standing.task(), None);
        standing.connected(Some("a".into()));
        let task = standing.task().unwrap();
        assert!(standing.is_done(task) && task.is_mending && !task.replaced);
        standing.trouble();
        standing.connected(Some("a".into()));
        assert!(!standing.is_done(task), "something went wrong meanwhile");
    }

    #[test]
    fn another_server_may_hold_copies_of_any_age() {
        let mut standing = well();
        standing.trouble();
        standing.connected(Some("b".into()));
        assert!(standing.task().unwrap().replaced);
        standing.trouble();
        standing.connected(Some("b".into()));
        assert!(standing.task().unwrap().replaced, "until they are mended");
        standing.settle();
        standing.trouble();
        standing.connected(Some("b".into()));
        assert!(!standing.task().unwrap().replaced);
        standing.connected(None);
        assert!(standing.task().unwrap().replaced, "and one that does not say who it is always may");
    }

    #[test]
    fn an_outage_is_news_once() {
        let mut standing = well();
        assert!(standing.trouble() && !standing.trouble());
        standing.connected(Some("a".into()));
        assert!(!standing.trouble(), "it never was well in between");
        standing.connected(Some("a".into()));
        assert_eq!(standing.settle(), Some("again"));
        assert!(standing.trouble());
    }

    #[test]
    fn a_refused_write_is_not_forgotten_for_a_refused_read() {
        let mut standing = well();
        standing.refused(Command::Forward(UserId(1), 5));
        standing.refused(Command::Get(UserId(2)));
        assert!(matches!(standing.refused, Some(Command::Forward(..))));
    }
}
