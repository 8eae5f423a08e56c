//! The table `revocations`: whose sessions were revoked, and the stamp that this gave them.

use diesel::prelude::*;

use crate::db::{Change, on_either};
use crate::ids::UserId;
use crate::schema::revocations;

/// Records that a session of `user` was revoked, or their account deleted. Their stamp must have advanced in this transaction.
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
    Ok(())
}
