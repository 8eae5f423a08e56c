//! Sessions that were signed out while the database could not be written.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::UserId;
use crate::model::sessions::TokenHash;

/// The sessions to revoke as soon as it can be written, and whether a worker is already at it.
#[derive(Debug, Default)]
pub struct PendingRevocations(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<TokenHash, UserId>,
    has_worker: bool,
}

impl PendingRevocations {
    /// Adds a session. Returns whether the caller has to start the worker, because there is none.
    #[must_use]
    pub fn add(&self, user: UserId, token: TokenHash) -> bool {
        let mut queue = self.queue();
        queue.waiting.insert(token, user);
        !std::mem::replace(&mut queue.has_worker, true)
    }

    /// One that waits. `None` when all are done; then the next one added needs a worker again.
    pub fn first(&self) -> Option<(UserId, TokenHash)> {
        let mut queue = self.queue();
        let first = queue.waiting.first_key_value().map(|(token, user)| (*user, *token));
        queue.has_worker = first.is_some();
        first
    }

    /// That one is revoked.
    pub fn done(&self, token: &TokenHash) {
        self.queue().waiting.remove(token);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_for_all_until_all_are_done() {
        let (pending, ada) = (PendingRevocations::default(), UserId(1));
        assert!(pending.add(ada, [1; 32]));
        assert!(!pending.add(ada, [2; 32]) && !pending.add(ada, [2; 32]));
        for token in [[1; 32], [2; 32]] {
            assert_eq!(pending.first(), Some((ada, token)));
            pending.done(&token);
        }
        assert_eq!(pending.first(), None);
        assert!(pending.add(ada, [3; 32]));
    }
}
