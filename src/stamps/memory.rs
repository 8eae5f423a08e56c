//! The stamps that this process remembers: a bounded LRU cache, safe against a read that was overtaken by a change.

use std::hash::BuildHasherDefault;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::id_hasher::{IdHasher, STRIPES, stripe_of};
use crate::ids::{Stamp, UserId};
use crate::lru::Lru;

/// A generation of the lease. It grows whenever every copy may be out of date, so one number invalidates them all.
pub type Epoch = u64;

/// No epoch: the lease counts from 1.
const UNCONFIRMED: Epoch = 0;

/// Copies of `users.last_update`, spread over stripes with a lock each.
#[derive(Debug)]
pub struct Memory {
    stripes: Vec<Mutex<Stripe>>,
}

#[derive(Debug)]
struct Stripe {
    /// Counts everything that can make a read under way out of date. A read is kept only if this did not move during it.
    version: u64,
    stamps: Lru<UserId, Remembered, BuildHasherDefault<IdHasher>>,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    stamp: Stamp,
    /// The epoch in which Redis confirmed it, or [`UNCONFIRMED`] if there was none, or an invalidation since.
    confirmed: Epoch,
}

/// An optimistic version check, opened before a stamp is read from the database or Redis: shows whether a change came during the read.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    user: UserId,
    version: u64,
}

impl Memory {
    /// Remembers about `capacity` stamps at most. When it is full, those not used for longest are evicted. The next poll of an
    /// evicted user costs one indexed read.
    pub fn with_capacity(capacity: usize) -> Self {
        let stripe = || Mutex::new(Stripe { version: 0, stamps: Lru::new(capacity / STRIPES) });
        Memory { stripes: (0..STRIPES).map(|_| stripe()).collect() }
    }

    /// The number of users remembered.
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| lock(stripe).stamps.len()).sum()
    }

    /// The remembered stamp of `user`. `None` means unknown, never "unchanged".
    pub fn get(&self, user: UserId) -> Option<Stamp> {
        self.stripe(user)?.stamps.get(&user).map(|copy| copy.stamp)
    }

    /// The remembered stamp of `user`, if Redis confirmed it in `epoch` and sent no invalidation since.
    pub fn get_confirmed(&self, user: UserId, epoch: Epoch) -> Option<Stamp> {
        self.stripe(user)?.stamps.get(&user).filter(|copy| copy.confirmed == epoch).map(|copy| copy.stamp)
    }

    /// Opens a window in which the caller reads the stamp of `user`.
    pub fn open_window(&self, user: UserId) -> Option<Window> {
        self.stripe(user).map(|stripe| Window { user, version: stripe.version })
    }

    /// Remembers what was read from the database in `window`, unless a change came in between: the read may be older, and would hide
    /// that change from every later poll.
    pub fn keep(&self, window: Option<Window>, stamp: Stamp) {
        let Some(Window { user, version }) = window else { return };
        if let Some(mut stripe) = self.stripe(user)
            && stripe.version == version
        {
            let confirmed = stripe.stamps.get(&user).map_or(UNCONFIRMED, |copy| copy.confirmed);
            stripe.stamps.insert(user, Remembered { stamp, confirmed });
        }
    }

    /// Remembers what Redis answered in `window`; a `copy` of `None` means that it has none. Returns the newer of the answer and
    /// the remembered stamp, because Redis may have missed a change that this process knows.
    ///
    /// An answer under a lease is believed until the next invalidation, so pass the epoch from before the question. If an
    /// invalidation came during the question, the answer may be older and is not confirmed.
    pub fn record_answer(&self, window: Option<Window>, copy: Option<Stamp>, epoch: Option<Epoch>) -> Option<Stamp> {
        let Window { user, version } = window?;
        let mut stripe = self.stripe(user)?;
        let before = stripe.stamps.get(&user).map(|copy| copy.stamp);
        let stamp = before.max(copy)?;
        let confirmed = epoch.filter(|_| stripe.version == version).unwrap_or(UNCONFIRMED);
        if before < Some(stamp) {
            // A read of the database that is under way may be older than this.
            stripe.version += 1;
        }
        stripe.stamps.insert(user, Remembered { stamp, confirmed });
        Some(stamp)
    }

    /// Redis announced that the copy of `user` changed: ask again before believing it.
    pub fn invalidate(&self, user: UserId) {
        let Some(mut stripe) = self.stripe(user) else { return };
        // An answer that is under way may be from before the change.
        stripe.version += 1;
        if let Some(copy) = stripe.stamps.peek_mut(&user) {
            copy.confirmed = UNCONFIRMED;
        }
    }

    /// A change is committed: raises the remembered stamp of `user` to `stamp`. A read that is under way will not be kept.
    ///
    /// Inserts nothing: otherwise, changes of users who never poll would evict those who do.
    pub fn announce(&self, user: UserId, stamp: Stamp) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.version += 1;
            stripe.raise(user, stamp);
        }
    }

    /// The row of `user` says `stamp`: raises the remembered stamp if it is behind, and returns whether it was. Inserts nothing,
    /// but a read that is under way may be older than the row and will not be kept.
    pub fn mend(&self, user: UserId, stamp: Stamp) -> bool {
        let Some(mut stripe) = self.stripe(user) else { return false };
        if stripe.stamps.peek_mut(&user).is_some_and(|copy| copy.stamp >= stamp) {
            return false;
        }
        stripe.version += 1;
        stripe.raise(user, stamp)
    }

    /// The remembered stamps of the stripe with this index, at most `limit`, those used lately first.
    pub fn copies_in_stripe(&self, index: usize, limit: usize) -> Vec<(UserId, Stamp)> {
        let copies = |stripe: MutexGuard<'_, Stripe>| stripe.stamps.iter().take(limit).map(|(user, copy)| (*user, copy.stamp)).collect();
        self.stripes.get(index).map(lock).map(copies).unwrap_or_default()
    }

    /// Forgets the stamp of `user`: their next poll asks anew. A read that is under way will not be kept.
    pub fn forget(&self, user: UserId) {
        let Some(mut stripe) = self.stripe(user) else { return };
        stripe.version += 1;
        stripe.stamps.remove(&user);
    }

    fn stripe(&self, user: UserId) -> Option<MutexGuard<'_, Stripe>> {
        self.stripes.get(stripe_of(user)?).map(lock)
    }
}

impl Stripe {
    /// Raises a copy that is older than `stamp`. Returns whether there was one. This does not count as use: whoever polls no longer is evicted
    /// however much happens to them.
    fn raise(&mut self, user: UserId, stamp: Stamp) -> bool {
        let older = self.stamps.peek_mut(&user).filter(|copy| copy.stamp < stamp);
        older.map(|copy| copy.stamp = stamp).is_some()
    }
}

/// A poisoned lock is used all the same: a panic leaves no stamp half written.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);

    /// A memory of many users, in which ADA has the stamp 5.
    fn memory() -> Memory {
        let memory = Memory::with_capacity(1_000);
        remember(&memory, ADA, 5);
        memory
    }

    fn remember(memory: &Memory, user: UserId, stamp: Stamp) {
        memory.keep(memory.open_window(user), stamp);
    }

    #[test]
    fn what_was_read_without_a_change_in_between_is_kept() {
        let memory = Memory::with_capacity(1_000);
        let window = memory.open_window(ADA);
        memory.keep(window, 10);
        assert_eq!(memory.get(ADA), Some(10));
    }

    #[test]
    fn a_read_overtaken_by_a_change_is_not_kept() {
        let memory = memory();
        let window = memory.open_window(ADA);
        memory.announce(ADA, 20);
        memory.keep(window, 10);
        assert_eq!(memory.get(ADA), Some(20));
    }

    #[test]
    fn not_even_where_nothing_was_remembered() {
        let memory = Memory::with_capacity(1_000);
        let window = memory.open_window(ADA);
        memory.announce(ADA, 20);
        memory.keep(window, 10);
        assert_eq!(memory.get(ADA), None);
    }

    #[test]
    fn not_even_when_the_change_was_evicted_again() {
        let memory = Memory::with_capacity(STRIPES * 2);
        remember(&memory, ADA, 5);
        let window = memory.open_window(ADA);
        memory.announce(ADA, 20);
        assert_eq!(memory.get(ADA), Some(20));
        for n in 1..10 {
            remember(&memory, UserId(1 + n * STRIPES as i64), 1);
        }
        assert_eq!(memory.get(ADA), None);
        memory.keep(window, 10);
        assert_eq!(memory.get(ADA), None);
    }

    #[test]
    fn changes_of_users_who_never_poll_evict_nobody() {
        let (memory, pollers) = (Memory::with_capacity(1_000), 0..400);
        for id in pollers.clone() {
            remember(&memory, UserId(id), 10);
        }
        for id in 400..1_800 {
            memory.announce(UserId(id), 20);
        }
        let known = pollers.filter(|id| memory.get(UserId(*id)) == Some(10));
        assert_eq!((known.count(), memory.len()), (400, 400));
    }

    #[test]
    fn announcements_out_of_order_end_with_the_newest() {
        let memory = memory();
        memory.announce(ADA, 20);
        memory.announce(ADA, 10);
        assert_eq!(memory.get(ADA), Some(20));
    }

    #[test]
    fn mending_raises_what_is_behind_and_nothing_else() {
        let (memory, bob) = (memory(), UserId(2));
        memory.announce(ADA, 20);
        assert!(!memory.mend(ADA, 10));
        assert_eq!(memory.get(ADA), Some(20));
        assert!(memory.mend(ADA, 30));
        assert_eq!(memory.get(ADA), Some(30));
        let window = memory.open_window(bob);
        assert!(!memory.mend(bob, 30));
        memory.keep(window, 10);
        assert_eq!(memory.get(bob), None, "a read from before the foreign change");
    }

    #[test]
    fn an_answer_of_redis_counts_if_it_is_newer() {
        let memory = Memory::with_capacity(1_000);
        let (reading, asking) = (memory.open_window(ADA), memory.open_window(ADA));
        assert_eq!(memory.record_answer(asking, Some(20), None), Some(20));
        memory.keep(reading, 10);
        assert_eq!(memory.get(ADA), Some(20), "a read from before it");
        assert_eq!(memory.record_answer(memory.open_window(ADA), Some(10), None), Some(20), "a copy from before an outage");
        assert_eq!(memory.record_answer(memory.open_window(ADA), None, None), Some(20), "no copy says nothing");
        assert_eq!(memory.record_answer(memory.open_window(UserId(2)), None, None), None);
    }

    #[test]
    fn an_answer_under_a_lease_is_believed_until_an_invalidation() {
        let memory = Memory::with_capacity(1_000);
        memory.record_answer(memory.open_window(ADA), Some(20), Some(7));
        assert_eq!((memory.get_confirmed(ADA, 7), memory.get_confirmed(ADA, 8)), (Some(20), None));
        memory.announce(ADA, 30);
        assert_eq!(memory.get_confirmed(ADA, 7), Some(30), "a change of our own is known");
        memory.invalidate(ADA);
        assert_eq!((memory.get_confirmed(ADA, 7), memory.get(ADA)), (None, Some(30)));
        memory.record_answer(memory.open_window(ADA), None, Some(7));
        assert_eq!(memory.get_confirmed(ADA, 7), Some(30), "that there is no copy is an answer, too");
    }

    #[test]
    fn an_answer_overtaken_by_an_invalidation_is_not_confirmed() {
        let memory = Memory::with_capacity(1_000);
        let window = memory.open_window(ADA);
        memory.invalidate(ADA);
        assert_eq!(memory.record_answer(window, Some(20), Some(7)), Some(20));
        assert_eq!(memory.get_confirmed(ADA, 7), None);
    }

    #[test]
    fn the_capacity_is_never_exceeded() {
        let memory = Memory::with_capacity(6_400);
        for id in 0..100_000 {
            remember(&memory, UserId(id), 1);
        }
        assert!(memory.len() <= 6_400, "{}", memory.len());
    }
}
