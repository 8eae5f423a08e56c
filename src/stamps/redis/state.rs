//! The state of Redis, and every transition:
//!
//! ```text
//!            connected           every copy that was behind is mended
//!   down ───────────────▶ mending ──────────────────────────────────▶ well
//!    ▲                       │ fault                          fault    │
//!    └───────────────────────┴─────────────────────────────────────────┘
//! ```
//! Copies are read only while it is well: after an outage, a copy may be older than what polls were told since. Writes are sent
//! as soon as there is a connection.

use crate::ids::{Stamp, UserId};

/// See the picture above.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No usable connection.
    #[default]
    Down,
    /// Connected, but copies may be behind.
    Mending,
    /// Copies are read and written.
    Well,
}

/// A command that a request or the sweep sends.
#[derive(Debug, Clone, Copy)]
pub enum RedisCommand {
    /// Reads the copy of a user's stamp.
    Read(UserId),
    /// Raises it.
    Write(UserId, Stamp),
}

/// What a pass of the sweep can do for Redis. To be taken before the pass reads any row: what it finds says nothing of a fault that
/// comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MendTask {
    /// The number of faults so far.
    pub faults: u64,
    /// Whether copies may be behind that an ordinary pass would not find.
    pub is_mending: bool,
    /// Whether a copy may be as old as its expiry allows. If not, it can lack only what changed since the outage began.
    pub server_replaced: bool,
}

/// What is known of Redis.
#[derive(Debug, Default)]
pub struct RedisState {
    pub phase: Phase,
    /// The number of faults so far.
    faults: u64,
    /// Whether the log says that Redis is out of use.
    outage_logged: bool,
    /// Which server it is. `None` before the first connection, and where INFO is forbidden.
    identity: Option<String>,
    /// Whether the server may hold copies from before it was restarted or replaced.
    server_replaced: bool,
    /// The command that Redis refused. Until it succeeds, Redis is not [`Phase::Well`]: a full server, a read-only replica or half a
    /// cluster still answers PING.
    pub refused: Option<RedisCommand>,
}

impl RedisState {
    /// There is a new connection, to the server `identity`.
    pub fn connected(&mut self, identity: Option<String>) {
        self.server_replaced |= identity.is_none() || self.identity != identity;
        (self.identity, self.phase) = (identity, Phase::Mending);
    }

    /// Something went wrong. Returns whether to log it: once an outage.
    pub fn record_fault(&mut self) -> bool {
        self.faults += 1;
        self.phase = Phase::Down;
        !std::mem::replace(&mut self.outage_logged, true)
    }

    /// Redis refused `command`. A refused write stays until it succeeds: a read may work where writes do not.
    pub fn record_refusal(&mut self, command: RedisCommand) {
        if !matches!((self.refused, command), (Some(RedisCommand::Write(..)), RedisCommand::Read(_))) {
            self.refused = Some(command);
        }
    }

    /// What the sweep can do now; `None` without a connection.
    pub fn mend_task(&self) -> Option<MendTask> {
        let is_mending = self.phase == Phase::Mending;
        (self.phase != Phase::Down).then_some(MendTask { faults: self.faults, is_mending, server_replaced: is_mending && self.server_replaced })
    }

    /// Whether `task` still applies. It does not if there was a fault or a new connection since it was taken.
    pub fn is_current(&self, task: MendTask) -> bool {
        self.mend_task() == Some(task)
    }

    /// Every copy is mended. If Redis was not well before, returns the word for the log: "now" or "again".
    pub fn mended(&mut self) -> Option<&'static str> {
        if self.phase != Phase::Mending {
            return None;
        }
        let again = if self.outage_logged { "again" } else { "now" };
        let (identity, faults) = (self.identity.take(), self.faults);
        *self = RedisState { phase: Phase::Well, identity, faults, ..RedisState::default() };
        Some(again)
    }

    /// Whether `identity` is the server of this connection. Takes the first that is known as the right one.
    pub fn is_same_server(&mut self, identity: Option<String>) -> bool {
        if self.identity.is_none() {
            self.identity = identity;
            return true;
        }
        self.identity == identity
    }

    /// Whether the log says that Redis is out of use.
    pub fn is_outage_logged(&self) -> bool {
        self.outage_logged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> RedisState {
        let mut state = RedisState::default();
        state.connected(Some("a".into()));
        state.mended();
        state
    }

    #[test]
    fn a_pass_that_began_before_the_connection_does_not_count_for_it() {
        let mut state = well();
        state.record_fault();
        assert_eq!(state.mend_task(), None);
        state.connected(Some("a".into()));
        let task = state.mend_task().unwrap();
        assert!(state.is_current(task) && task.is_mending && !task.server_replaced);
        state.record_fault();
        state.connected(Some("a".into()));
        assert!(!state.is_current(task), "there was a fault meanwhile");
    }

    #[test]
    fn another_server_may_hold_copies_of_any_age() {
        let mut state = well();
        state.record_fault();
        state.connected(Some("b".into()));
        assert!(state.mend_task().unwrap().server_replaced);
        state.record_fault();
        state.connected(Some("b".into()));
        assert!(state.mend_task().unwrap().server_replaced, "until they are mended");
        state.mended();
        state.record_fault();
        state.connected(Some("b".into()));
        assert!(!state.mend_task().unwrap().server_replaced);
        state.connected(None);
        assert!(state.mend_task().unwrap().server_replaced, "and so may one that does not say who it is");
    }

    #[test]
    fn an_outage_is_logged_once() {
        let mut state = well();
        assert!(state.record_fault() && !state.record_fault());
        state.connected(Some("a".into()));
        assert!(!state.record_fault(), "it never was well in between");
        state.connected(Some("a".into()));
        assert_eq!(state.mended(), Some("again"));
        assert!(state.record_fault());
    }

    #[test]
    fn a_refused_read_does_not_replace_a_refused_write() {
        let mut state = well();
        state.record_refusal(RedisCommand::Write(UserId(1), 5));
        state.record_refusal(RedisCommand::Read(UserId(2)));
        assert!(matches!(state.refused, Some(RedisCommand::Write(..))));
    }
}
