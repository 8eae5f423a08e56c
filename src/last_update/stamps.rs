//! All copies of the stamps that this process can ask: its own memory, and Redis where there is one.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::memory::{Memory, Window};
use super::shared::{Announced, Link, RedisUrl};
use super::{News, Stamp};
use crate::ids::UserId;
use crate::metrics::Metrics;

/// Where polls are answered from.
#[derive(Debug)]
pub struct Stamps {
    memory: Arc<Memory>,
    shared: Option<Arc<Link>>,
}

impl Stamps {
    /// Copies in this process, of `capacity` people, and in Redis if it is somewhere. Rings `bell` when the sweep is needed.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(capacity: usize, redis: Option<RedisUrl>, metrics: &Arc<Metrics>, bell: &SyncSender<()>) -> std::io::Result<Stamps> {
        let memory = Arc::new(Memory::with_capacity(capacity));
        let shared = redis.map(|url| Link::start(url, &memory, metrics, bell.clone())).transpose()?;
        Ok(Stamps { memory, shared })
    }

    /// The stamp of `user`, where it is known without asking anybody: remembered here, and vouched for by Redis if there is
    /// to be one. `None` means unknown.
    pub fn known(&self, user: UserId) -> Option<Stamp> {
        match &self.shared {
            None => self.memory.get(user),
            Some(link) => self.memory.vouched(user, link.lease.epoch()?),
        }
    }

    /// The stamp of `user`: no command at all where it is [`Stamps::known`], otherwise one to Redis where there is one; and
    /// none to the database. `None` means unknown.
    ///
    /// Where Redis has no copy, nobody wrote to them within the hour, and what this process remembers still holds: a
    /// write that Redis lost would have been mended here by the sweep.
    pub async fn get(&self, user: UserId) -> Option<Stamp> {
        let known = self.known(user);
        let (None, Some(link)) = (known, &self.shared) else { return known };
        let (lease, window) = (link.lease.epoch(), self.memory.open(user));
        match link.get(user).await {
            Some(copy) => self.memory.heard(window, copy, lease),
            None => self.memory.get(user),
        }
    }

    /// Of how many people this process remembers the stamp.
    pub fn number_remembered(&self) -> usize {
        self.memory.len()
    }

    /// What this process remembers of `user`, without asking anybody.
    pub fn remembered(&self, user: UserId) -> Option<Stamp> {
        self.memory.get(user)
    }

    /// Opens a window in which the caller reads the stamp of `user` from the database.
    pub fn open(&self, user: UserId) -> Option<Window> {
        self.memory.open(user)
    }

    /// Remembers what was read in `window`, unless a change came in between.
    pub fn keep(&self, window: Option<Window>, stamp: Stamp) {
        self.memory.keep(window, stamp);
    }

    /// `news` is committed: from now on nobody whom it concerns is told less, here at once and elsewhere as soon as
    /// Redis has it.
    pub fn announce(&self, news: &News) -> Option<Announced> {
        for (user, stamp) in news.stamps() {
            self.memory.announce(user, stamp);
        }
        let link = self.shared.as_ref().filter(|_| news.stamps().next().is_some())?;
        Some(link.announce(news.stamps().collect()))
    }

    /// The row of `user` says `stamp`: what this process remembers of them is raised if it lags. Whether it did.
    pub(super) fn mend(&self, user: UserId, stamp: Stamp) -> bool {
        self.memory.mend(user, stamp)
    }

    /// The link to Redis, if there is to be one.
    pub fn shared(&self) -> Option<&Arc<Link>> {
        self.shared.as_ref()
    }
}
