//! Notifications that were read long ago.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::ids::{NotificationId, UserId};
use crate::schema::{notifications, users};
use crate::stamps::{advance_rows, database_now, lock};

/// Whether any was read before `before`, in Unix milliseconds.
///
/// # Errors
/// Those of the database.
pub fn has_read_before(conn: &mut Connection, before: Millis) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(notifications::table.filter(notifications::read_at.lt(before)))).get_result(conn)
}

/// Deletes up to `limit` that were read before `before` (Unix milliseconds, by this machine's clock), whosever they are, the oldest first. Returns
/// how many.
///
/// # Errors
/// Those of the database.
pub fn delete_read_before(tx: &mut Change<'_>, before: Millis, limit: i64) -> QueryResult<usize> {
    // One machine whose clock is ahead must not delete what everybody else's keeps.
    let now = tx.now();
    let before = before - (now - database_now(tx.conn(), now)?).max(0);
    let old = || notifications::table.filter(notifications::read_at.lt(before));
    let found: Vec<(NotificationId, UserId)> =
        old().select((notifications::id, notifications::recipient_id)).order(notifications::read_at).limit(limit).load(tx.conn())?;
    let (ids, mut recipients): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    recipients.sort_unstable();
    recipients.dedup();
    lock(tx, &recipients)?;
    // Asked again, because it may have been marked unread before the lock.
    let deleted = diesel::delete(old().filter(notifications::id.eq_any(ids))).execute(tx.conn())?;
    if deleted > 0 {
        advance_rows(tx, users::id.eq_any(recipients))?;
    }
    Ok(deleted)
}
