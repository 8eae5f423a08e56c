//! The table `limited_actions`: what counts against a limit per hour and is seen nowhere else.
//!
//! Times are by the clock of the database: one instance whose clock is wrong must neither refuse nor forget what the others did.

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::clock::{HOUR, MINUTE, Millis};
use crate::db::{Change, Connection, load_unlocked};
use crate::ids::UserId;
use crate::schema::limited_actions;
use crate::stamps::database_now;

/// How far ahead of the clock a time may be and still count, in milliseconds. What is further ahead is from before the clock was set back: it
/// must not count for longer than an hour.
pub const AHEAD: Millis = MINUTE;

/// Who is limited.
#[derive(Debug, Clone)]
pub enum LimitedActor {
    /// Whoever signs up from a network, of which this is a keyed hash.
    Network([u8; 16]),
    /// Who follows.
    Follower(UserId),
    /// Who posts.
    Author(UserId),
}

impl LimitedActor {
    fn name(&self) -> String {
        match self {
            LimitedActor::Network(hash) => format!("sign-up:{:032x}", u128::from_be_bytes(*hash)),
            LimitedActor::Follower(user) => format!("follow:{user}"),
            LimitedActor::Author(user) => format!("post:{user}"),
        }
    }
}

/// When `actor` did what is recorded here within the hour before `now` (both Unix milliseconds), newest first, at most `limit` times.
///
/// # Errors
/// Those of the database.
pub fn recorded(conn: &mut Connection, actor: &LimitedActor, now: Millis, limit: i64) -> QueryResult<Vec<Millis>> {
    limited_actions::table
        .filter(limited_actions::actor.eq(actor.name()))
        .filter(limited_actions::created_at.between(now - HOUR + 1, now + AHEAD))
        .select(limited_actions::created_at)
        .order(limited_actions::created_at.desc())
        .limit(limit)
        .load(conn)
}

/// Lets one transaction at a time count what `actor` did, until the commit: of two at the same moment, neither would see the other.
///
/// # Errors
/// Those of the database; among them that it was waited for too long.
pub fn lock(tx: &mut Change<'_>, actor: &LimitedActor) -> QueryResult<()> {
    if let Connection::Postgres(conn) = tx.conn() {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text, _>(actor.name()).execute(conn)?;
    }
    Ok(())
}

/// Records that `actor` did it at `at` (Unix milliseconds), and deletes what no longer counts, whosever it is.
///
/// # Errors
/// Those of the database.
pub fn record(tx: &mut Change<'_>, actor: &LimitedActor, at: Millis) -> QueryResult<()> {
    let now = tx.now();
    let now = database_now(tx.conn(), now)?;
    delete_old(tx, now)?;
    let row = (limited_actions::actor.eq(actor.name()), limited_actions::created_at.eq(at));
    diesel::insert_into(limited_actions::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Deletes some that are not within the hour, those included that are dated ahead because the clock was.
fn delete_old(tx: &mut Change<'_>, now: Millis) -> QueryResult<()> {
    delete_between(tx, Millis::MIN, now - HOUR)?;
    delete_between(tx, now + HOUR, Millis::MAX)
}

/// Deletes up to a thousand of that time.
fn delete_between(tx: &mut Change<'_>, from: Millis, to: Millis) -> QueryResult<()> {
    let old = limited_actions::table.filter(limited_actions::created_at.between(from, to)).order(limited_actions::created_at);
    let old = old.select(limited_actions::id).limit(1_000);
    let old: Vec<i64> = load_unlocked!(tx.conn(), old)?;
    if !old.is_empty() {
        diesel::delete(limited_actions::table.filter(limited_actions::id.eq_any(old))).execute(tx.conn())?;
    }
    Ok(())
}
