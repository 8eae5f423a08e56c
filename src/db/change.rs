//! The write context: what a function needs to be allowed to write.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::Connection;
use crate::clock::{Clock, Millis};
use crate::ids::{Stamp, UserId};

/// One write transaction. Whatever writes takes `&mut Change`; whatever reads takes `&mut Connection`, which a change lends
/// ([`Change::conn`]). So a write inside a read does not compile:
///
/// ```compile_fail
/// use tidings::db::Connection;
/// use tidings::domain::follow::follow;
/// use tidings::ids::UserId;
///
/// fn in_a_read(conn: &mut Connection, ada: UserId, bob: UserId) {
///     let _ = follow(conn, ada, bob);
/// }
/// ```
///
/// The same call inside a change does:
///
/// ```
/// use tidings::db::Change;
/// use tidings::domain::follow::follow;
/// use tidings::ids::UserId;
///
/// fn in_a_change(tx: &mut Change<'_>, ada: UserId, bob: UserId) {
///     let _ = follow(tx, ada, bob);
/// }
/// ```
///
/// After the commit [`crate::store::Store::change`] announces exactly the users that were touched. If the transaction fails, they
/// are dropped with it: nobody is told of what was rolled back.
pub struct Change<'a> {
    conn: &'a mut Connection,
    clock: &'a Clock,
    now: OnceCell<Millis>,
    effects: Effects,
}

/// What a transaction did that others must learn once it is committed.
#[derive(Debug, Default)]
pub struct Effects {
    /// Whose stamp moved, and to what.
    pub touched: BTreeMap<UserId, Stamp>,
    /// How many notifications of each kind, by its stored name, were made, for the metrics.
    pub notified: BTreeMap<&'static str, u64>,
    /// Whose sessions were revoked.
    pub revoked: Vec<UserId>,
    /// Whether there is a new delivery.
    pub has_delivery: bool,
}

impl<'a> Change<'a> {
    /// A transaction that has begun on `conn`. Only a transaction of [`super::Database`] makes one.
    pub(super) fn begun(conn: &'a mut Connection, clock: &'a Clock) -> Change<'a> {
        Change { conn, clock, now: OnceCell::new(), effects: Effects::default() }
    }

    /// The connection, for reads and for the statements of `model`.
    pub fn conn(&mut self) -> &mut Connection {
        self.conn
    }

    /// Now, in Unix milliseconds: the same for the whole transaction.
    ///
    /// It is read at its first use, which is after the write lock. On SQLite that lock is held before there is a `Change`; on
    /// PostgreSQL a change begins by locking the rows that it writes to. Read before the wait for a lock, it could be seconds old, and
    /// older than what the change before wrote.
    pub fn now(&self) -> Millis {
        *self.now.get_or_init(|| self.clock.observe())
    }

    /// A moment that is past even if the clock was set ahead a while ago ([`Clock::long_past`]).
    pub fn long_past(&self) -> Option<Millis> {
        self.clock.long_past()
    }

    /// `user` sees something else from now on; their row says `stamp`.
    pub(crate) fn touch(&mut self, user: UserId, stamp: Stamp) {
        self.effects.touched.insert(user, stamp);
    }

    /// The stamp that this transaction has given `user`, if it has.
    pub(crate) fn stamp_of(&self, user: UserId) -> Option<Stamp> {
        self.effects.touched.get(&user).copied()
    }

    /// A session of `user`, whose stamp has moved, was revoked.
    pub(crate) fn note_revocation(&mut self, user: UserId) {
        self.effects.revoked.push(user);
    }

    /// `number` notifications of `kind` were made.
    pub(crate) fn count_notifications(&mut self, kind: &'static str, number: u64) {
        *self.effects.notified.entry(kind).or_default() += number;
    }

    /// There is a new delivery, for the background work to begin with.
    pub(crate) fn note_delivery(&mut self) {
        self.effects.has_delivery = true;
    }

    pub(super) fn into_effects(self) -> Effects {
        self.effects
    }
}
