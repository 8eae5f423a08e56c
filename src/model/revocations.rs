//! The table `revocations`: whose sessions or tokens were revoked, and the stamp that this gave them.

use diesel::prelude::*;

use crate::db::{Change, load_unlocked, on_either};
use crate::ids::UserId;
use crate::schema::revocations;
use crate::stamps::{REVOKED_FOR, advance_if};

/// If any sessions or tokens of `user` were `revoked`, their stamp advances, and no process believes what they hold unseen any longer.
///
/// # Errors
/// Those of the database.
pub fn record_if(tx: &mut Change<'_>, revoked: bool, user: UserId) -> QueryResult<()> {
    advance_if(tx, revoked, user)?;
    if revoked { record(tx, user) } else { Ok(()) }
}

/// Records that a session or a token of `user` was revoked, or their account deleted. Their stamp must have advanced in this transaction.
///
/// # Errors
/// Those of the database.
pub fn record(tx: &mut Change<'_>, user: UserId) -> QueryResult<()> {
    let Some(stamp) = tx.stamp_of(user) else { return Ok(()) };
    let row = (revocations::user_id.eq(user), revocations::stamp.eq(stamp));
    on_either!(tx.conn(), |conn| diesel::insert_into(revocations::table)
        .values(row)
        .on_conflict(revocations::user_id)
        .do_update()
        .set(revocations::stamp.eq(stamp))
        .execute(conn))?;
    tx.note_revocation(user);
    delete_old(tx)
}

/// Deletes some whose revoked tokens have expired by now.
fn delete_old(tx: &mut Change<'_>) -> QueryResult<()> {
    // In order: otherwise PostgreSQL reads the table and not the index.
    let old = revocations::table.filter(revocations::stamp.lt(tx.now() - 2 * REVOKED_FOR)).order(revocations::stamp);
    let old = old.select(revocations::user_id).limit(100);
    let old: Vec<UserId> = load_unlocked!(tx.conn(), old)?;
    if !old.is_empty() {
        diesel::delete(revocations::table.filter(revocations::user_id.eq_any(old))).execute(tx.conn())?;
    }
    Ok(())
}
