//! This process's copy of the stamps, bounded, and safe against a read that was overtaken by a change.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Stamp;
use crate::ids::UserId;
use crate::recent::Recent;

/// How many stamps one process remembers: at about 60 bytes each some 60 MB when full, and a person beyond them
/// costs one indexed read at the next poll, nothing worse.
const CAPACITY: usize = 1_000_000;

/// A power of two, enough that two cores rarely want the same lock.
const STRIPES: usize = 64;

/// The copies of `users.last_update` that polls are answered from.
#[derive(Debug)]
pub struct Stamps {
    stripes: Vec<Mutex<Stripe>>,
}

#[derive(Debug)]
struct Stripe {
    /// Counts announcements. A copy read from the database may be kept only if this did not move meanwhile.
    announced: u64,
    stamps: Recent<UserId, Stamp>,
}

/// Taken before a stamp is read from the database; see [`Stamps::keep`].
#[derive(Debug, Clone, Copy)]
pub struct Window {
    user: UserId,
    announced: u64,
}

impl Default for Stamps {
    fn default() -> Self {
        Stamps::with_capacity(CAPACITY)
    }
}

impl Stamps {
    /// A memory of at most about `capacity` stamps.
    pub fn with_capacity(capacity: usize) -> Self {
        let stripe = || Mutex::new(Stripe { announced: 0, stamps: Recent::new(capacity / STRIPES) });
        Stamps { stripes: (0..STRIPES).map(|_| stripe()).collect() }
    }

    /// The stamp remembered for `user`, if any. `None` means unknown, never "unchanged".
    pub fn get(&self, user: UserId) -> Option<Stamp> {
        self.stripe(user)?.stamps.get(&user).copied()
    }

    /// Opens a window in which the caller reads the stamp of `user` from the database.
    pub fn open(&self, user: UserId) -> Option<Window> {
        self.stripe(user).map(|stripe| Window { user, announced: stripe.announced })
    }

    /// Remembers what was read in `window`, unless an announcement came in between: then the read may be older than
    /// the change, and keeping it would hide that change from every later poll.
    pub fn keep(&self, window: Option<Window>, stamp: Stamp) {
        let Some(Window { user, announced }) = window else { return };
        if let Some(mut stripe) = self.stripe(user)
            && stripe.announced == announced
        {
            stripe.stamps.insert(user, stamp);
        }
    }

    /// A change was committed: from now on no poll of `user` is answered with less than `stamp`.
    pub fn announce(&self, user: UserId, stamp: Stamp) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.announced += 1;
            let newest = stripe.stamps.get(&user).copied().unwrap_or(stamp).max(stamp);
            stripe.stamps.insert(user, newest);
        }
    }

    /// The row of `user` says `stamp`: a copy that lags is raised. Where there is none, a read under way may be older
    /// than that row, so it must not be kept.
    pub fn mend(&self, user: UserId, stamp: Stamp) {
        let Some(mut stripe) = self.stripe(user) else { return };
        match stripe.stamps.get(&user).copied() {
            Some(copy) if copy >= stamp => {}
            Some(_) => {
                stripe.announced += 1;
                stripe.stamps.insert(user, stamp);
            }
            None => stripe.announced += 1,
        }
    }

    /// How many stamps are remembered now.
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| lock(stripe).stamps.len()).sum()
    }

    /// Whether no stamp is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn stripe(&self, user: UserId) -> Option<MutexGuard<'_, Stripe>> {
        let which = usize::try_from(user.0.rem_euclid(STRIPES as i64)).ok()?;
        self.stripes.get(which).map(lock)
    }
}

/// A panic elsewhere does not make a map of numbers untrue.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);

    #[test]
    fn a_read_overtaken_by_a_change_is_not_kept() {
        let stamps = Stamps::default();
        let window = stamps.open(ADA);
        stamps.announce(ADA, 20);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), Some(20));
    }

    #[test]
    fn not_even_when_the_change_was_forgotten_again() {
        let stamps = Stamps::with_capacity(STRIPES * 2);
        let window = stamps.open(ADA);
        stamps.announce(ADA, 20);
        for n in 1..10 {
            stamps.announce(UserId(1 + n * STRIPES as i64), 1);
        }
        assert_eq!(stamps.get(ADA), None);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), None);
    }

    #[test]
    fn announcements_out_of_order_end_with_the_newest() {
        let stamps = Stamps::default();
        stamps.announce(ADA, 20);
        stamps.announce(ADA, 10);
        assert_eq!(stamps.get(ADA), Some(20));
    }

    #[test]
    fn mending_raises_what_lags_and_nothing_else() {
        let (stamps, bob) = (Stamps::default(), UserId(2));
        stamps.announce(ADA, 20);
        stamps.mend(ADA, 10);
        assert_eq!(stamps.get(ADA), Some(20));
        stamps.mend(ADA, 30);
        assert_eq!(stamps.get(ADA), Some(30));
        let window = stamps.open(bob);
        stamps.mend(bob, 30);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(bob), None, "a read from before the foreign change");
    }

    #[test]
    fn what_was_read_in_peace_is_kept() {
        let stamps = Stamps::default();
        let window = stamps.open(ADA);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), Some(10));
    }

    #[test]
    fn a_crowd_does_not_fill_the_machine() {
        let stamps = Stamps::with_capacity(6_400);
        for n in 0..100_000 {
            stamps.announce(UserId(n), 1);
        }
        assert!(stamps.len() <= 6_400, "{}", stamps.len());
    }
}
