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
pub struct Memory {
    stripes: Vec<Mutex<Stripe>>,
}

#[derive(Debug)]
struct Stripe {
    /// Counts announcements. A copy read from the database may be kept only if this did not move meanwhile.
    announced: u64,
    stamps: Recent<UserId, Stamp>,
}

/// Taken before a stamp is read from the database; see [`Memory::keep`].
#[derive(Debug, Clone, Copy)]
pub struct Window {
    user: UserId,
    announced: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Memory::with_capacity(CAPACITY)
    }
}

impl Memory {
    /// A memory of at most about `capacity` stamps.
    pub fn with_capacity(capacity: usize) -> Self {
        let stripe = || Mutex::new(Stripe { announced: 0, stamps: Recent::new(capacity / STRIPES) });
        Memory { stripes: (0..STRIPES).map(|_| stripe()).collect() }
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

    /// The row of `user` says `stamp`: a copy that lags is raised, which is what it returns. Where there is none, a read
    /// under way may be older than that row, so it must not be kept.
    pub fn mend(&self, user: UserId, stamp: Stamp) -> bool {
        let Some(mut stripe) = self.stripe(user) else { return false };
        let copy = stripe.stamps.get(&user).copied();
        if copy.is_some_and(|copy| copy >= stamp) {
            return false;
        }
        stripe.announced += 1;
        if copy.is_some() {
            stripe.stamps.insert(user, stamp);
        }
        copy.is_some()
    }

    /// Another instance says `stamp` of `user`. Returns what is remembered now: the newer of the two, because what Redis
    /// says may be from before something that this process knows. A read under way that knows neither is not kept.
    pub fn heard(&self, user: UserId, stamp: Stamp) -> Stamp {
        let Some(mut stripe) = self.stripe(user) else { return stamp };
        match stripe.stamps.get(&user).copied() {
            Some(copy) if copy >= stamp => copy,
            _ => {
                stripe.announced += 1;
                stripe.stamps.insert(user, stamp);
                stamp
            }
        }
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
        let stamps = Memory::default();
        let window = stamps.open(ADA);
        stamps.announce(ADA, 20);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), Some(20));
    }

    #[test]
    fn not_even_when_the_change_was_forgotten_again() {
        let stamps = Memory::with_capacity(STRIPES * 2);
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
        let stamps = Memory::default();
        stamps.announce(ADA, 20);
        stamps.announce(ADA, 10);
        assert_eq!(stamps.get(ADA), Some(20));
    }

    #[test]
    fn mending_raises_what_lags_and_nothing_else() {
        let (stamps, bob) = (Memory::default(), UserId(2));
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
    fn what_another_instance_says_counts_if_it_is_newer() {
        let stamps = Memory::default();
        let window = stamps.open(ADA);
        assert_eq!(stamps.heard(ADA, 20), 20);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), Some(20), "a read from before it");
        assert_eq!(stamps.heard(ADA, 10), 20, "a copy from before an outage");
    }

    #[test]
    fn what_was_read_in_peace_is_kept() {
        let stamps = Memory::default();
        let window = stamps.open(ADA);
        stamps.keep(window, 10);
        assert_eq!(stamps.get(ADA), Some(10));
    }

    #[test]
    fn a_crowd_does_not_fill_the_machine() {
        let stamps = Memory::with_capacity(6_400);
        for n in 0..100_000 {
            stamps.announce(UserId(n), 1);
        }
        let remembered: usize = stamps.stripes.iter().map(|stripe| lock(stripe).stamps.len()).sum();
        assert!(remembered <= 6_400, "{remembered}");
    }
}
