//! Following, and no longer following: two verbs, each safe to repeat.

use diesel::prelude::*;

use super::{UserId, notifications};
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::last_update::{News, lock};
use crate::schema::follows;

/// `follower` follows `followee`, who hears of it. Returns whether that is new; a repeat changes nothing.
/// The two must differ, or the CHECK of the table refuses; `NotFound` if either is leaving at this moment. Belongs in a
/// write transaction.
pub fn follow(conn: &mut Connection, follower: UserId, followee: UserId, now: Millis) -> QueryResult<(bool, News)> {
    // Both: the row that is inserted refers to both, and whoever leaves at this moment locks in the same order.
    if lock(conn, &[follower, followee])? < 2 {
        return Err(diesel::result::Error::NotFound);
    }
    let row = (follows::follower_id.eq(follower), follows::followee_id.eq(followee), follows::created_at.eq(now));
    let inserted = on_either!(conn, |conn| diesel::insert_into(follows::table).values(row).on_conflict_do_nothing().execute(conn))?;
    if inserted == 0 {
        return Ok((false, News::none()));
    }
    let news = notifications::tell(conn, followee, follower, notifications::Kind::Follow, now)?;
    Ok((true, news))
}

/// `follower` follows `followee` no longer; what `followee` has not read of it yet is taken back.
/// Returns whether there was a follow. Belongs in a write transaction.
pub fn unfollow(conn: &mut Connection, follower: UserId, followee: UserId, now: Millis) -> QueryResult<(bool, News)> {
    lock(conn, &[followee])?;
    let deleted = diesel::delete(follows::table).filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq(followee)).execute(conn)?;
    if deleted == 0 {
        return Ok((false, News::none()));
    }
    let news = notifications::take_back(conn, followee, follower, notifications::Kind::Follow, now)?;
    Ok((true, news))
}

/// Whether `follower` follows `followee`.
pub fn exists(conn: &mut Connection, follower: UserId, followee: UserId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(follows::table.filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq(followee)))).get_result(conn)
}
