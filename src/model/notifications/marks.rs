//! Marks notifications read or unread, and deletes them.

use diesel::prelude::*;

use super::inbox::{find, of, unread_of};
use crate::clock::Millis;
use crate::db::Change;
use crate::ids::{NotificationId, PostId, UserId};
use crate::schema::notifications;
use crate::stamps::{advance_if, lock};

/// Marks one read. A repeat changes nothing.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s.
pub fn mark_read(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let now = tx.now();
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(now)).execute(tx.conn())?;
    if marked == 0 {
        find(tx.conn(), recipient, id)?;
    }
    advance_if(tx, marked > 0, recipient)
}

/// Marks one unread again. A repeat changes nothing.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s.
pub fn mark_unread(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let is_read = find(tx.conn(), recipient, id)?.read_at.is_some();
    if is_read {
        diesel::update(of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(None::<Millis>)).execute(tx.conn())?;
    }
    advance_if(tx, is_read, recipient)
}

/// Marks read whatever is unread up to and including `through`. What is newer has not been seen, and stays unread.
///
/// # Errors
/// Those of the database.
pub fn mark_all_read(tx: &mut Change<'_>, recipient: UserId, through: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let now = tx.now();
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.le(through))).set(notifications::read_at.eq(now)).execute(tx.conn())?;
    advance_if(tx, marked > 0, recipient)
}

/// Deletes one.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s, or not any longer.
pub fn delete(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let deleted = diesel::delete(of(recipient).filter(notifications::id.eq(id))).execute(tx.conn())?;
    if deleted == 0 {
        return Err(diesel::result::Error::NotFound);
    }
    advance_if(tx, true, recipient)
}

/// Marks read what `recipient` was told of `post`, which they have opened. If there is nothing, or it was read, nothing changes.
///
/// # Errors
/// Those of the database.
pub fn mark_post_read(tx: &mut Change<'_>, recipient: UserId, post: PostId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let now = tx.now();
    let marked = diesel::update(unread_of(recipient).filter(notifications::post_id.eq(post))).set(notifications::read_at.eq(now)).execute(tx.conn())?;
    advance_if(tx, marked > 0, recipient)
}
