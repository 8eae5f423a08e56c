//! This process's copy of the stamps, bounded, and safe against a read that was overtaken by a change.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Stamp;
use super::shared::Epoch;
use crate::ids::UserId;
use crate::recent::Recent;

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
    stamps: Recent<UserId, Kept, BuildHasherDefault<Id>>,
}

/// Ids are their own hash. They are given out one after the other, so those of a stripe fill a table nearly without a gap, and
/// neighbours are neighbours. Spread by chance, as names must be that anybody may choose, they would be in a part of memory
/// that no cache holds, twice a poll.
#[derive(Debug, Default)]
struct Id(u64);

impl Hasher for Id {
    fn write_i64(&mut self, id: i64) {
        self.0 = id.cast_unsigned() / STRIPES as u64;
    }

    /// Of nothing else.
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        // Those a table's length apart would begin at the same place, and the seven bits on top, by which a table tells them
        // apart there, would be the same for all.
        let place = self.0 ^ (self.0 >> 14);
        place ^ (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) & (0x7F << 57))
    }
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    stamp: Stamp,
    /// Since this epoch of the lease nothing has been announced of them; 0: nobody vouches for it.
    vouched: Epoch,
}

/// Taken before a stamp is read, from the database or from Redis; see [`Memory::keep`].
#[derive(Debug, Clone, Copy)]
pub struct Window {
    user: UserId,
    announced: u64,
}

impl Memory {
    /// A memory of at most about `capacity` stamps: when it is full, those go that were asked for longest ago. Whoever is
    /// forgotten costs one indexed read at their next poll, nothing worse.
    pub fn with_capacity(capacity: usize) -> Self {
        let stripe = || Mutex::new(Stripe { announced: 0, stamps: Recent::new(capacity / STRIPES) });
        Memory { stripes: (0..STRIPES).map(|_| stripe()).collect() }
    }

    /// Of how many people something is remembered.
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| lock(stripe).stamps.len()).sum()
    }

    /// The stamp remembered for `user`, if any. `None` means unknown, never "unchanged".
    pub fn get(&self, user: UserId) -> Option<Stamp> {
        self.stripe(user)?.stamps.get(&user).map(|kept| kept.stamp)
    }

    /// The same, if it was vouched for under `epoch` and nothing has been announced of `user` since.
    pub fn vouched(&self, user: UserId, epoch: Epoch) -> Option<Stamp> {
        self.stripe(user)?.stamps.get(&user).filter(|kept| kept.vouched == epoch).map(|kept| kept.stamp)
    }

    /// Opens a window in which the caller reads the stamp of `user` elsewhere.
    pub fn open(&self, user: UserId) -> Option<Window> {
        self.stripe(user).map(|stripe| Window { user, announced: stripe.announced })
    }

    /// Remembers what was read from the database in `window`, unless an announcement came in between: then the read may
    /// be older than the change, and keeping it would hide that change from every later poll.
    pub fn keep(&self, window: Option<Window>, stamp: Stamp) {
        let Some(Window { user, announced }) = window else { return };
        if let Some(mut stripe) = self.stripe(user)
            && stripe.announced == announced
        {
            let vouched = stripe.stamps.get(&user).map_or(0, |kept| kept.vouched);
            stripe.stamps.insert(user, Kept { stamp, vouched });
        }
    }

    /// Redis was asked in `window` and answered `copy`, nothing if it has none. Returns what is remembered now: the newer
    /// of the two, because what Redis says may be from before something that this process knows. If the answer was given
    /// under a lease, it holds until something is announced, unless that came while the answer was under way: then the
    /// answer may be from before it.
    pub fn heard(&self, window: Option<Window>, copy: Option<Stamp>, lease: Option<Epoch>) -> Option<Stamp> {
        let Window { user, announced } = window?;
        let mut stripe = self.stripe(user)?;
        let kept = stripe.stamps.get(&user);
        let stamp = kept.map(|kept| kept.stamp).max(copy)?;
        let vouched = lease.filter(|_| stripe.announced == announced).unwrap_or(0);
        if kept.is_none_or(|kept| kept.stamp < stamp) {
            // A read of the database that is under way may know neither.
            stripe.announced += 1;
        }
        stripe.stamps.insert(user, Kept { stamp, vouched });
        Some(stamp)
    }

    /// Redis announces that the stamp of `user` may be another.
    pub fn invalidate(&self, user: UserId) {
        let Some(mut stripe) = self.stripe(user) else { return };
        // The counter first, and under one lock: an answer that is under way must not be believed.
        stripe.announced += 1;
        if let Some(kept) = stripe.stamps.get(&user) {
            stripe.stamps.insert(user, Kept { vouched: 0, ..kept });
        }
    }

    /// A change was committed: from now on no poll of `user` is answered with less than `stamp`.
    pub fn announce(&self, user: UserId, stamp: Stamp) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.announced += 1;
            let kept = stripe.stamps.get(&user).unwrap_or(Kept { stamp, vouched: 0 });
            stripe.stamps.insert(user, Kept { stamp: kept.stamp.max(stamp), ..kept });
        }
    }

    /// The row of `user` says `stamp`: a copy that lags is raised, which is what it returns. Where there is none, a read
    /// under way may be older than that row, so it must not be kept.
    pub fn mend(&self, user: UserId, stamp: Stamp) -> bool {
        let Some(mut stripe) = self.stripe(user) else { return false };
        let kept = stripe.stamps.get(&user);
        if kept.is_some_and(|kept| kept.stamp >= stamp) {
            return false;
        }
        stripe.announced += 1;
        if let Some(kept) = kept {
            stripe.stamps.insert(user, Kept { stamp, ..kept });
        }
        kept.is_some()
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
        let stamps = Memory::with_capacity(1_000);
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
        let stamps = Memory::with_capacity(1_000);
        stamps.announce(ADA, 20);
        stamps.announce(ADA, 10);
        assert_eq!(stamps.get(ADA), Some(20));
    }

    #[test]
    fn mending_raises_what_lags_and_nothing_else() {
        let (stamps, bob) = (Memory::with_capacity(1_000), UserId(2));
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
        let stamps = Memory::with_capacity(1_000);
        let (reading, asking) = (stamps.open(ADA), stamps.open(ADA));
        assert_eq!(stamps.heard(asking, Some(20), None), Some(20));
        stamps.keep(reading, 10);
        assert_eq!(stamps.get(ADA), Some(20), "a read from before it");
        assert_eq!(stamps.heard(stamps.open(ADA), Some(10), None), Some(20), "a copy from before an outage");
        assert_eq!(stamps.heard(stamps.open(ADA), None, None), Some(20), "no copy says nothing");
        assert_eq!(stamps.heard(stamps.open(UserId(2)), None, None), None);
    }

    #[test]
    fn an_answer_given_under_a_lease_holds_until_something_is_announced() {
        let stamps = Memory::with_capacity(1_000);
        stamps.heard(stamps.open(ADA), Some(20), Some(7));
        assert_eq!((stamps.vouched(ADA, 7), stamps.vouched(ADA, 8)), (Some(20), None));
        stamps.announce(ADA, 30);
        assert_eq!(stamps.vouched(ADA, 7), Some(30), "what we did ourselves is known");
        stamps.invalidate(ADA);
        assert_eq!((stamps.vouched(ADA, 7), stamps.get(ADA)), (None, Some(30)));
        stamps.heard(stamps.open(ADA), None, Some(7));
        assert_eq!(stamps.vouched(ADA, 7), Some(30), "that there is no copy is an answer, too");
    }

    #[test]
    fn an_answer_overtaken_by_an_announcement_does_not_hold() {
        let stamps = Memory::with_capacity(1_000);
        let window = stamps.open(ADA);
        stamps.invalidate(ADA);
        assert_eq!(stamps.heard(window, Some(20), Some(7)), Some(20));
        assert_eq!(stamps.vouched(ADA, 7), None);
    }

    #[test]
    fn what_was_read_in_peace_is_kept() {
        let stamps = Memory::with_capacity(1_000);
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
        assert!(stamps.len() <= 6_400, "{}", stamps.len());
    }
}
