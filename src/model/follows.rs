//! Following, and no longer following: two verbs, each safe to repeat.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{UserId, notifications};
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::last_update::{News, advance_for_follow, lock};
use crate::schema::{follows, users};

/// `follower` follows `followee`, who hears of it. Returns whether that is new; a repeat changes nothing.
/// The two must differ, or the CHECK of the table refuses; `NotFound` if either is gone. Belongs in a write transaction,
/// which must not go on after an error.
pub fn follow(conn: &mut Connection, follower: UserId, followee: UserId, now: Millis) -> QueryResult<(bool, News)> {
    let news = advance_for_follow(conn, followee, follower, now)?;
    if news.is_none() {
        users::table.find(followee).select(users::id).first::<UserId>(conn)?;
        return Ok((false, news));
    }
    let row = (follows::follower_id.eq(follower), follows::followee_id.eq(followee), follows::created_at.eq(now));
    let inserted = on_either!(conn, |conn| diesel::insert_into(follows::table).values(row).on_conflict_do_nothing().execute(conn));
    match inserted {
        Ok(0) => Ok((false, news)),
        Ok(_) => Ok((true, notifications::tell(conn, news, followee, follower, notifications::Kind::Follow)?)),
        // Left in this very moment.
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(DieselError::NotFound),
        Err(trouble) => Err(trouble),
    }
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
