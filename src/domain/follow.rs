//! Follow and unfollow: two verbs, each idempotent.

use diesel::QueryResult;

use super::event::Event;
use super::limits;
use super::notify::{notify, retract};
use crate::db::Change;
use crate::ids::UserId;
use crate::model::follows;

/// `follower` follows `followee`, who is told. Returns whether that is new: a repeat changes nothing and tells nobody.
///
/// # Errors
/// `NotFound` if either is gone. The two must differ, or the table's CHECK refuses. A transaction that failed must not go on.
pub fn follow(tx: &mut Change<'_>, follower: UserId, followee: UserId) -> QueryResult<bool> {
    notify(tx, followee, Event::Follow { follower }, |tx, notification| follows::insert(tx, follower, followee, notification))
}

/// `follower` stops following `followee`. Returns whether they followed them.
///
/// # Errors
/// Those of the database.
pub fn unfollow(tx: &mut Change<'_>, follower: UserId, followee: UserId) -> QueryResult<bool> {
    let Some(followed_at) = follows::delete(tx, follower, followee)? else { return Ok(false) };
    retract(tx, followee, Event::Follow { follower })?;
    limits::record_unfollow(tx, follower, followed_at)?;
    Ok(true)
}
