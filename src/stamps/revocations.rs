//! Whose sessions were revoked lately: their tokens are not believed unseen.
//!
//! An unchanged poll checks a signature and a stamp, and no row. Revoking moves the stamp, so a revoked token meets the changed path, which reads
//! its row; but whoever guesses the new stamp would meet the unchanged one again. So the tokens of such a user are checked once by every
//! process, after their last revocation.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::id_hasher::{IdHasher, STRIPES, stripe_of};
use crate::clock::{DAY, Millis};
use crate::ids::{Stamp, UserId};

/// What tells the sessions of a user apart. It is taken from the secret of a token whose signature is ours.
pub type SessionMark = u64;

/// For how long a revoked token could still be alive, in milliseconds: a fortnight without use, and a day for clocks that disagree.
pub const REVOKED_FOR: Millis = 15 * DAY;

/// Each time a stripe has grown by this many users, those are dropped whose revoked tokens have expired by now.
const MANY: usize = 1_000;

/// How many sessions of a user are kept as checked. Were it fewer than somebody uses at a time, each of their polls would be looked for.
const CHECKED: usize = 1_000;

/// The users with revoked sessions, spread over stripes with a lock each.
#[derive(Debug)]
pub(super) struct Revocations {
    /// Whether there are any. A site on which nobody has signed out lately needs no lock to know it.
    any: AtomicBool,
    stripes: Vec<Mutex<HashMap<UserId, Revoked, BuildHasherDefault<IdHasher>>>>,
}

/// The last revocation of a user.
#[derive(Debug)]
struct Revoked {
    /// The user's stamp since then.
    stamp: Stamp,
    /// The sessions whose row was found after it.
    checked: Vec<SessionMark>,
}

type RevokedUsers<'a> = MutexGuard<'a, HashMap<UserId, Revoked, BuildHasherDefault<IdHasher>>>;

impl Default for Revocations {
    fn default() -> Self {
        Revocations { any: AtomicBool::new(false), stripes: (0..STRIPES).map(|_| Mutex::default()).collect() }
    }
}

impl Revocations {
    /// A session of `user` was revoked, which moved their stamp to `stamp`.
    pub(super) fn note(&self, user: UserId, stamp: Stamp) {
        self.any.store(true, Ordering::Release);
        let Some(mut stripe) = self.stripe(user) else { return };
        if stripe.get(&user).is_none_or(|known| known.stamp < stamp) {
            stripe.insert(user, Revoked { stamp, checked: Vec::new() });
        }
        if stripe.len().is_multiple_of(MANY) {
            stripe.retain(|_, known| known.stamp > stamp - REVOKED_FOR);
        }
    }

    /// No session of `user` was revoked, as the database says by now.
    pub(super) fn forget(&self, user: UserId) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.remove(&user);
        }
    }

    /// Whether a token of `user` may be believed although nobody has looked for its row.
    pub(super) fn may_believe(&self, user: UserId, session: SessionMark) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return true;
        }
        self.stripe(user).is_none_or(|stripe| stripe.get(&user).is_none_or(|known| known.checked.contains(&session)))
    }

    /// The row of the session was found, together with the user's stamp `seen`: as of then it is not revoked.
    pub(super) fn checked(&self, user: UserId, session: SessionMark, seen: Stamp) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let Some(mut stripe) = self.stripe(user) else { return };
        if let Some(known) = stripe.get_mut(&user).filter(|known| known.stamp <= seen && !known.checked.contains(&session)) {
            known.checked.truncate(CHECKED - 1);
            known.checked.insert(0, session);
        }
    }

    fn stripe(&self, user: UserId) -> Option<RevokedUsers<'_>> {
        self.stripes.get(stripe_of(user)?).map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);

    #[test]
    fn after_a_revocation_each_token_is_checked_once() {
        let revocations = Revocations::default();
        assert!(revocations.may_believe(ADA, 7));
        revocations.note(ADA, 20);
        assert!(!revocations.may_believe(ADA, 7) && revocations.may_believe(UserId(2), 7));
        revocations.checked(ADA, 7, 19);
        assert!(!revocations.may_believe(ADA, 7), "a row from before the revocation");
        revocations.checked(ADA, 7, 20);
        assert!(revocations.may_believe(ADA, 7) && !revocations.may_believe(ADA, 8));
        revocations.note(ADA, 20);
        assert!(revocations.may_believe(ADA, 7), "the sweep tells of the same again");
        revocations.note(ADA, 30);
        assert!(!revocations.may_believe(ADA, 7));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let revocations = Revocations::default();
        for n in 0..300_000 {
            revocations.note(UserId(n), n * 60_000);
        }
        let kept: usize = revocations.stripes.iter().map(|stripe| stripe.lock().unwrap().len()).sum();
        assert!(kept < 2 * STRIPES * MANY, "{kept}");
        revocations.note(ADA, i64::MAX);
        for session in 0..2_000 {
            revocations.checked(ADA, session, i64::MAX);
        }
        assert!(revocations.may_believe(ADA, 1_999) && !revocations.may_believe(ADA, 1));
    }
}
