//! Which tokens may be believed although nobody looks for their row: of sessions, all but those of somebody of whom one was revoked lately; of
//! programs, those that this process has looked for once.
//!
//! An unchanged poll checks a signature and a stamp, and no row. Revoking moves the stamp, so a revoked token meets the changed path, which reads
//! its row; but whoever guesses the new stamp would meet the unchanged one again. So the tokens of such a user are checked once by every
//! process, after their last revocation.
//!
//! A session's token expires, so its revocation can be forgotten after a while. The token of a program does not: it has to be found once by every
//! process that believes it.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::id_hasher::{IdHasher, STRIPES, stripe_of};
use crate::clock::{DAY, Millis};
use crate::ids::{Stamp, UserId};

/// What tells the tokens of a user apart. It is taken from the secret of a token whose signature is ours.
pub type TokenMark = u64;

/// For how long the token of a revoked session could still be alive, in milliseconds: a fortnight without use, and a day for clocks that disagree.
pub const REVOKED_FOR: Millis = 15 * DAY;

/// Each time a stripe has grown by this many users, those are dropped whose revoked tokens have expired by now.
const MANY: usize = 1_000;

/// How many tokens of a user are kept as checked. Were it fewer than somebody uses at a time, each of their polls would be looked for.
const CHECKED: usize = 1_000;

/// Of how many users a stripe keeps tokens of programs as found: about 250,000 in all. Beyond that, it begins anew, and each is looked for once more.
const FOUND: usize = 4_000;

/// Revocations and checks of every user, spread over stripes with a lock each.
#[derive(Debug)]
pub(super) struct Revocations {
    /// Whether there are any. A site on which nobody has signed out lately needs no lock to know it.
    any: AtomicBool,
    stripes: Vec<Mutex<UserStripe>>,
}

#[derive(Debug, Default)]
struct UserStripe {
    revoked: PerUser<Revoked>,
    /// The tokens of programs whose row was found, and of whose user nothing was revoked since.
    found: PerUser<Vec<TokenMark>>,
}

type PerUser<T> = HashMap<UserId, T, BuildHasherDefault<IdHasher>>;

/// The last revocation of a user.
#[derive(Debug)]
struct Revoked {
    /// The user's stamp since then.
    stamp: Stamp,
    /// The sessions whose row was found after it.
    checked: Vec<TokenMark>,
}

impl Default for Revocations {
    fn default() -> Self {
        Revocations { any: AtomicBool::new(false), stripes: (0..STRIPES).map(|_| Mutex::default()).collect() }
    }
}

impl Revocations {
    /// A session or token of `user` was revoked, which moved their stamp to `stamp`.
    pub(super) fn note(&self, user: UserId, stamp: Stamp) {
        self.any.store(true, Ordering::Release);
        let Some(mut stripe) = self.stripe(user) else { return };
        if stripe.revoked.get(&user).is_none_or(|known| known.stamp < stamp) {
            stripe.revoked.insert(user, Revoked { stamp, checked: Vec::new() });
            stripe.found.remove(&user);
        }
        if stripe.revoked.len().is_multiple_of(MANY) {
            stripe.revoked.retain(|_, known| known.stamp > stamp - REVOKED_FOR);
        }
    }

    /// Nothing of `user` was revoked, as the database says by now.
    pub(super) fn forget(&self, user: UserId) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.revoked.remove(&user);
            stripe.found.remove(&user);
        }
    }

    /// Forgets all tokens of programs that were found: the database may know them no more.
    pub(super) fn forget_found(&self) {
        for stripe in &self.stripes {
            stripe.lock().unwrap_or_else(PoisonError::into_inner).found.clear();
        }
    }

    /// Whether the token of a session of `user` may be believed although nobody has looked for its row.
    pub(super) fn may_believe_session(&self, user: UserId, session: TokenMark) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return true;
        }
        self.stripe(user).is_none_or(|stripe| stripe.revoked.get(&user).is_none_or(|known| known.checked.contains(&session)))
    }

    /// Whether the token of a program of `user` may be believed: its row was found, and nothing of theirs was revoked since.
    pub(super) fn may_believe_program(&self, user: UserId, token: TokenMark) -> bool {
        self.stripe(user).is_some_and(|stripe| stripe.found.get(&user).is_some_and(|found| found.contains(&token)))
    }

    /// The row of the session was found, together with the user's stamp `seen`: as of then it is not revoked.
    pub(super) fn session_checked(&self, user: UserId, session: TokenMark, seen: Stamp) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let Some(mut stripe) = self.stripe(user) else { return };
        if let Some(known) = stripe.revoked.get_mut(&user).filter(|known| known.stamp <= seen) {
            keep(&mut known.checked, session);
        }
    }

    /// The row of the token of a program was found, together with the user's stamp `seen`: as of then it is not revoked.
    pub(super) fn program_checked(&self, user: UserId, token: TokenMark, seen: Stamp) {
        let Some(mut stripe) = self.stripe(user) else { return };
        if stripe.revoked.get(&user).is_some_and(|known| known.stamp > seen) {
            return;
        }
        if stripe.found.len() >= FOUND && !stripe.found.contains_key(&user) {
            stripe.found.clear();
        }
        keep(stripe.found.entry(user).or_default(), token);
    }

    fn stripe(&self, user: UserId) -> Option<MutexGuard<'_, UserStripe>> {
        self.stripes.get(stripe_of(user)?).map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps `mark` in a list of the last few.
fn keep(marks: &mut Vec<TokenMark>, mark: TokenMark) {
    if !marks.contains(&mark) {
        marks.truncate(CHECKED - 1);
        marks.insert(0, mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);

    #[test]
    fn after_a_revocation_each_token_is_checked_once() {
        let revocations = Revocations::default();
        assert!(revocations.may_believe_session(ADA, 7));
        revocations.note(ADA, 20);
        assert!(!revocations.may_believe_session(ADA, 7) && revocations.may_believe_session(UserId(2), 7));
        revocations.session_checked(ADA, 7, 19);
        assert!(!revocations.may_believe_session(ADA, 7), "a row from before the revocation");
        revocations.session_checked(ADA, 7, 20);
        assert!(revocations.may_believe_session(ADA, 7) && !revocations.may_believe_session(ADA, 8));
        revocations.note(ADA, 20);
        assert!(revocations.may_believe_session(ADA, 7), "the sweep tells of the same again");
        revocations.note(ADA, 30);
        assert!(!revocations.may_believe_session(ADA, 7));
    }

    #[test]
    fn a_token_of_a_program_is_believed_once_it_was_found_and_until_something_is_revoked() {
        let (revocations, bob) = (Revocations::default(), UserId(2));
        assert!(!revocations.may_believe_program(ADA, 7));
        revocations.program_checked(ADA, 7, 10);
        revocations.program_checked(bob, 9, 10);
        assert!(revocations.may_believe_program(ADA, 7) && !revocations.may_believe_program(ADA, 8) && !revocations.may_believe_program(bob, 7));
        revocations.note(ADA, 20);
        assert!(!revocations.may_believe_program(ADA, 7) && revocations.may_believe_program(bob, 9));
        revocations.program_checked(ADA, 7, 19);
        assert!(!revocations.may_believe_program(ADA, 7), "a row from before the revocation");
        revocations.program_checked(ADA, 7, 20);
        revocations.note(ADA, 20);
        assert!(revocations.may_believe_program(ADA, 7), "the sweep tells of the same again");
        revocations.forget(ADA);
        revocations.forget_found();
        assert!(!revocations.may_believe_program(ADA, 7) && !revocations.may_believe_program(bob, 9), "a restored backup may know no such token");
    }

    /// A revocation is forgotten when the tokens of sessions have expired. Those of programs never do.
    #[test]
    fn a_revoked_token_of_a_program_is_not_believed_again_after_weeks() {
        let revocations = Revocations::default();
        revocations.program_checked(ADA, 7, 10);
        revocations.note(ADA, 20);
        let strangers = (1..=MANY as i64).map(|n| UserId(ADA.0 + n * STRIPES as i64));
        strangers.for_each(|stranger| revocations.note(stranger, 20 + 2 * REVOKED_FOR));
        assert!(revocations.may_believe_session(ADA, 7) && !revocations.may_believe_program(ADA, 7));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let revocations = Revocations::default();
        for n in 0..300_000 {
            revocations.note(UserId(n), n * 60_000);
        }
        let kept: usize = revocations.stripes.iter().map(|stripe| stripe.lock().unwrap().revoked.len()).sum();
        assert!(kept < 2 * STRIPES * MANY, "{kept}");
        for n in 0..1_000_000 {
            revocations.program_checked(UserId(n), 7, i64::MAX);
        }
        let found: usize = revocations.stripes.iter().map(|stripe| stripe.lock().unwrap().found.len()).sum();
        assert!(found <= STRIPES * FOUND && revocations.may_believe_program(UserId(999_999), 7), "{found}");
        revocations.note(ADA, i64::MAX);
        for session in 0..2_000 {
            revocations.session_checked(ADA, session, i64::MAX);
        }
        assert!(revocations.may_believe_session(ADA, 1_999) && !revocations.may_believe_session(ADA, 1));
    }
}
