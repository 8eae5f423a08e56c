//! The stamp: when did anything this person would see last change?
//!
//! `users.last_update` is the truth, set inside the transaction of the change ([`advance`]) and strictly
//! increasing per person. [`Stamps`] are the copies of it, so that a poll need not ask the database.

mod forward;
mod memory;
mod shared;
mod stamps;
pub mod sweep;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Millis;
use crate::db::Connection;
use crate::ids::UserId;
use crate::schema::{notifications, users};

use forward::SERVER_CLOCK;
pub(crate) use forward::{Forward, forward};
pub use shared::{Announced, Link, RedisUrl};
pub use stamps::Stamps;

/// A value of `users.last_update`: Unix milliseconds, 0 for somebody to whom nothing ever happened.
pub type Stamp = i64;

/// Whose inbox now looks different, and their new stamps. Only [`advance`] and its like make some; [`crate::app::App::change`]
/// takes it and, once the change is committed, announces exactly these.
#[must_use = "a change that nobody is told of is a lost notification"]
#[derive(Debug, Default)]
pub struct News {
    stamps: Vec<(UserId, Stamp)>,
    /// The kinds of the notifications that were made, to be counted once they are committed.
    told: Vec<&'static str>,
}

impl News {
    /// Nobody would see a difference.
    pub fn none() -> News {
        News::default()
    }

    /// These were advanced.
    pub(crate) fn of(stamps: Vec<(UserId, Stamp)>) -> News {
        News { stamps, told: Vec::new() }
    }

    /// The same, and a notification of the kind `kind` is part of it.
    pub(crate) fn telling(mut self, kind: &'static str) -> News {
        self.told.push(kind);
        self
    }

    pub(crate) fn stamps(&self) -> impl Iterator<Item = (UserId, Stamp)> {
        self.stamps.iter().copied()
    }

    pub(crate) fn told(&self) -> &[&'static str] {
        &self.told
    }
}

/// Now, by the clock that stamps are taken from: the server's, or `now` where the database is a file on this machine.
pub(crate) fn database_now(conn: &mut Connection, now: Millis) -> QueryResult<Millis> {
    match conn {
        Connection::Postgres(conn) => diesel::select(sql::<BigInt>(SERVER_CLOCK)).get_result(conn),
        Connection::Sqlite(_) => Ok(now),
    }
}

/// Takes the inboxes of `owners` for the rest of the transaction. Every change of an inbox begins with it, or with an advance
/// of its stamp, which takes it as well, so that two changes of one inbox never cross: their stamps and the ids of their lines
/// are given out in the order in which they are committed, and neither waits for what the other holds. On SQLite there is one
/// writer at a time in any case.
pub fn lock(conn: &mut Connection, owners: &[UserId]) -> QueryResult<()> {
    // In the order of their ids: taken in any other, two transactions could each hold what the other wants.
    let rows = users::table.filter(users::id.eq_any(owners)).order(users::id).select(users::id);
    if let Connection::Postgres(conn) = conn {
        rows.for_no_key_update().load::<UserId>(conn)?;
    }
    Ok(())
}

/// Advances the stamp of `user`. Belongs in the transaction of the change itself. Nobody of that id: no news.
pub fn advance(conn: &mut Connection, user: UserId, now: Millis) -> QueryResult<News> {
    forward(conn, users::id.eq(user), now).map(News::of)
}

/// Advances the stamps of `actor`, who is leaving, and of all who have a notification by them in their inbox, these in one
/// statement: they may be many.
pub fn advance_with_recipients(conn: &mut Connection, actor: UserId, now: Millis) -> QueryResult<News> {
    let recipients = || notifications::table.filter(notifications::actor_id.eq(actor)).select(notifications::recipient_id);
    // On SQLite there is nothing to be locked, and a limit to the values in one statement, which those who have a line about
    // somebody busy would exceed.
    if matches!(conn, Connection::Postgres(_)) {
        let mut concerned: Vec<UserId> = recipients().load(conn)?;
        concerned.push(actor);
        lock(conn, &concerned)?;
    }
    // What they still do in another tab refers to their row. This waits for it, so that whoever hears of it is among the
    // recipients, and refuses what comes later.
    if let Connection::Postgres(conn) = conn {
        users::table.find(actor).select(users::id).for_update().load::<UserId>(conn)?;
    }
    let mut stamps = forward(conn, users::id.eq_any(recipients()), now)?;
    // By themselves: with an "or" PostgreSQL would read everybody's row to find these.
    stamps.extend(forward(conn, users::id.eq(actor), now)?);
    Ok(News::of(stamps))
}
