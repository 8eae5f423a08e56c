//! The stamp: when did anything this person would see last change?
//!
//! `users.last_update` is the truth, set inside the transaction of the change ([`advance`]) and strictly
//! increasing per person. [`Stamps`] is this process's copy of it, so that a poll need not ask the database.

mod memory;
pub mod sweep;

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::Connection;
use crate::ids::UserId;
use crate::schema::{notifications, users};

pub use memory::Stamps;

/// A value of `users.last_update`: Unix milliseconds, 0 for somebody to whom nothing ever happened.
pub type Stamp = i64;

/// Whose inbox now looks different, and their new stamps. Only [`advance`] and its like make some; [`crate::app::App::change`]
/// takes it and, once the change is committed, announces exactly these.
#[must_use = "a change that nobody is told of is a lost notification"]
#[derive(Debug, Default)]
pub struct News(Vec<(UserId, Stamp)>);

impl News {
    /// Nobody would see a difference.
    pub fn none() -> News {
        News::default()
    }

    /// Those of both.
    pub fn and(mut self, other: News) -> News {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn stamps(&self) -> impl Iterator<Item = (UserId, Stamp)> {
        self.0.iter().copied()
    }
}

/// `max(now, last + 1)`: always forward, also when two changes share a millisecond or a clock was set back.
macro_rules! forward {
    ($now:expr) => {
        diesel::dsl::case_when(users::last_update.ge($now), users::last_update + 1).otherwise($now)
    };
}

/// Advances the stamp of `user`. Belongs in the transaction of the change itself. Nobody of that id: no news.
pub fn advance(conn: &mut Connection, user: UserId, now: Millis) -> QueryResult<News> {
    let stamp = diesel::update(users::table.find(user))
        .set(users::last_update.eq(forward!(now)))
        .returning((users::id, users::last_update))
        .get_result(conn)
        .optional()?;
    Ok(News(stamp.into_iter().collect()))
}

/// Advances the stamps of all who have a notification by `actor` in their inbox, in one statement: they may be many.
pub fn advance_recipients(conn: &mut Connection, actor: UserId, now: Millis) -> QueryResult<News> {
    let recipients = notifications::table.filter(notifications::actor_id.eq(actor)).select(notifications::recipient_id);
    let stamps = diesel::update(users::table.filter(users::id.eq_any(recipients)))
        .set(users::last_update.eq(forward!(now)))
        .returning((users::id, users::last_update))
        .get_results(conn)?;
    Ok(News(stamps))
}
