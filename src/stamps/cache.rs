//! The stamp cache: this process's memory, and Redis where there is one.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::memory::{Memory, Window};
use super::redis::{self, Announced, RedisClient, RedisUrl};
use super::revocations::{Revocations, TokenMark};
use crate::ids::{Stamp, UserId};
use crate::metrics::Metrics;

/// Copies of `users.last_update`, from which polls are answered.
#[derive(Debug)]
pub struct StampCache {
    memory: Arc<Memory>,
    redis: Option<Arc<RedisClient>>,
    revocations: Revocations,
}

impl StampCache {
    /// A cache of about `capacity` users in this process alone. It starts no thread.
    pub fn in_memory(capacity: usize) -> StampCache {
        StampCache { memory: Arc::new(Memory::with_capacity(capacity)), redis: None, revocations: Revocations::default() }
    }

    /// A cache of about `capacity` users in this process, and in Redis if `redis` says where that is. Sends to `wake_sweep` when
    /// the sweep should run at once.
    ///
    /// # Errors
    /// If the thread of the Redis client cannot be started. That Redis is out of reach is no error.
    pub fn start(capacity: usize, redis: Option<RedisUrl>, metrics: &Arc<Metrics>, wake_sweep: &SyncSender<()>) -> std::io::Result<StampCache> {
        let memory = Arc::new(Memory::with_capacity(capacity));
        let redis = redis.map(|url| redis::start(url, &memory, metrics, wake_sweep.clone())).transpose()?;
        Ok(StampCache { memory, redis, revocations: Revocations::default() })
    }

    /// The stamp of `user`, if it is known without a query or a command: it is remembered and, with Redis, covered by the lease.
    /// `None` means unknown.
    pub fn known(&self, user: UserId) -> Option<Stamp> {
        match &self.redis {
            None => self.memory.get(user),
            Some(redis) => self.memory.get_confirmed(user, redis.lease_epoch()?),
        }
    }

    /// The stamp of `user`, without a database query: [`StampCache::known`], or else the answer to one Redis command. `None` means
    /// unknown.
    ///
    /// If Redis has no copy, the remembered stamp holds. Nobody wrote one within an hour, its expiry; and if Redis lost one, the sweep has
    /// mended memory.
    pub async fn get(&self, user: UserId) -> Option<Stamp> {
        let known = self.known(user);
        let (None, Some(redis)) = (known, &self.redis) else { return known };
        // Before the question: the answer may be older than what comes from here on.
        let (epoch, window) = (redis.lease_epoch(), self.memory.open_window(user));
        match redis.get(user).await {
            Some(copy) => self.memory.record_answer(window, copy, epoch),
            None => self.memory.get(user),
        }
    }

    /// How many users this process remembers. Bounded by the capacity.
    pub fn number_remembered(&self) -> usize {
        self.memory.len()
    }

    /// The stamp that this process remembers for `user`, whether or not it may still be believed.
    pub fn remembered(&self, user: UserId) -> Option<Stamp> {
        self.memory.get(user)
    }

    /// To be called before the stamp of `user` is read from the database; see [`StampCache::keep`].
    pub fn open_window(&self, user: UserId) -> Option<Window> {
        self.memory.open_window(user)
    }

    /// Remembers a stamp that was read from the database after `window` was opened. Does nothing if a change came in between.
    pub fn keep(&self, window: Option<Window>, stamp: Stamp) {
        self.memory.keep(window, stamp);
    }

    /// Tells memory and Redis of the stamps of a change. To be called after its commit: before, a poll could hand out a stamp whose
    /// rows nobody can see yet.
    ///
    /// On return, no copy in memory is behind. A user who is not remembered is read anew at their next poll. `Some` if the stamps are on
    /// their way to Redis as well.
    pub fn announce(&self, touched: &[(UserId, Stamp)]) -> Option<Announced> {
        for (user, stamp) in touched {
            self.memory.announce(*user, *stamp);
        }
        let redis = self.redis.as_ref().filter(|_| !touched.is_empty())?;
        Some(redis.announce(touched.to_vec()))
    }

    /// A session or token of `user` was revoked, which moved their stamp to `stamp`. To be called before that stamp is announced.
    pub fn note_revocation(&self, user: UserId, stamp: Stamp) {
        self.revocations.note(user, stamp);
    }

    /// Whether the token of a session of `user` with our signature may get an unchanged answer although nobody has looked for its row.
    pub fn may_believe_session(&self, user: UserId, session: TokenMark) -> bool {
        self.revocations.may_believe_session(user, session)
    }

    /// [`StampCache::may_believe_session`] of the token of a program, or of the address of a feed.
    pub fn may_believe_program(&self, user: UserId, token: TokenMark) -> bool {
        self.revocations.may_believe_program(user, token)
    }

    /// The row of a session of `user` was found, together with their stamp `seen`.
    pub fn session_checked(&self, user: UserId, session: TokenMark, seen: Stamp) {
        self.revocations.session_checked(user, session, seen);
    }

    /// The row of the token of a program of `user`, or of the address of a feed, was found, together with their stamp `seen`.
    pub fn program_checked(&self, user: UserId, token: TokenMark, seen: Stamp) {
        self.revocations.program_checked(user, token, seen);
    }

    /// Raises the remembered stamp of `user` to `stamp`, which is what the row says. Whether it was behind.
    pub(super) fn mend(&self, user: UserId, stamp: Stamp) -> bool {
        self.memory.mend(user, stamp)
    }

    /// The remembered stamps of one of the [`super::id_hasher::STRIPES`], at most `limit`.
    pub(super) fn copies_in_stripe(&self, index: usize, limit: usize) -> Vec<(UserId, Stamp)> {
        self.memory.copies_in_stripe(index, limit)
    }

    /// Forgets what was revoked of `user`, and which of their tokens were found.
    pub(super) fn forget_revocation(&self, user: UserId) {
        self.revocations.forget(user);
    }

    /// Forgets which tokens of programs were found in the database.
    pub(super) fn forget_found_tokens(&self) {
        self.revocations.forget_found();
    }

    /// Forgets the stamp of `user`: their next poll asks anew.
    pub fn forget(&self, user: UserId) {
        self.memory.forget(user);
    }

    /// The Redis client, if Redis is configured.
    pub fn redis(&self) -> Option<&Arc<RedisClient>> {
        self.redis.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_in_memory_needs_nothing_else() {
        let (stamps, ada) = (StampCache::in_memory(1_000), UserId(1));
        assert_eq!(stamps.known(ada), None);
        stamps.keep(stamps.open_window(ada), 10);
        assert_eq!(stamps.known(ada), Some(10));
        assert!(stamps.announce(&[(ada, 20), (UserId(2), 20)]).is_none() && stamps.redis().is_none());
        assert_eq!((stamps.known(ada), stamps.known(UserId(2)), stamps.number_remembered()), (Some(20), None, 1));
    }
}
