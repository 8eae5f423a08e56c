//! The notifications of one post.

use diesel::prelude::*;

use super::inbox::unread_of;
use crate::db::{Change, Connection};
use crate::ids::{PostId, UserId};
use crate::schema::{notifications, users};
use crate::stamps::{advance_rows, lock};

/// Who has a notification of `post`, in the order of their ids: up to `limit` of them after the user `after`.
///
/// # Errors
/// Those of the database.
pub fn recipients_of(conn: &mut Connection, post: PostId, after: UserId, limit: i64) -> QueryResult<Vec<UserId>> {
    let of_post = notifications::table.filter(notifications::post_id.eq(post)).filter(notifications::recipient_id.gt(after));
    of_post.select(notifications::recipient_id).order(notifications::recipient_id).limit(limit).load(conn)
}

/// Whether `recipient` has an unread notification of `post`.
///
/// # Errors
/// Those of the database.
pub fn is_unread_of_post(conn: &mut Connection, recipient: UserId, post: PostId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(unread_of(recipient).filter(notifications::post_id.eq(post)))).get_result(conn)
}

/// Removes the notifications of `post` from the inboxes of `recipients`, who are locked here, in the order of their ids.
///
/// # Errors
/// Those of the database.
pub fn remove_of_post(tx: &mut Change<'_>, post: PostId, recipients: &[UserId]) -> QueryResult<()> {
    lock(tx, recipients)?;
    let theirs = notifications::table.filter(notifications::post_id.eq(post)).filter(notifications::recipient_id.eq_any(recipients));
    diesel::delete(theirs).execute(tx.conn())?;
    advance_rows(tx, users::id.eq_any(recipients))
}
