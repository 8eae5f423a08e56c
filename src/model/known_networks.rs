//! The table `known_networks`: from where people signed up or in before.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::Username;
use crate::db::{Change, Connection, on_either};
use crate::ids::UserId;
use crate::schema::{known_networks, users};

/// How many are kept of each user.
const KEPT: i64 = 10;

/// Whether the user of this name was signed in from `network` (a keyed hash) before.
///
/// # Errors
/// Those of the database.
pub fn is_known(conn: &mut Connection, username: &Username, network: &[u8]) -> QueryResult<bool> {
    let rows = known_networks::table.inner_join(users::table).filter(users::username.eq(username.as_str())).filter(known_networks::network.eq(network));
    diesel::select(exists(rows)).get_result(conn)
}

/// Remembers that `user`, whose row is locked or new, signed up or in from `network` (a keyed hash), and forgets all but the newest few.
///
/// # Errors
/// Those of the database.
pub fn remember(tx: &mut Change<'_>, user: UserId, network: &[u8]) -> QueryResult<()> {
    let now = tx.now();
    let row = (known_networks::user_id.eq(user), known_networks::network.eq(network), known_networks::seen_at.eq(now));
    on_either!(tx.conn(), |conn| diesel::insert_into(known_networks::table)
        .values(row)
        .on_conflict((known_networks::user_id, known_networks::network))
        .do_update()
        .set(known_networks::seen_at.eq(now))
        .execute(conn))?;
    let theirs = known_networks::table.filter(known_networks::user_id.eq(user)).order(known_networks::seen_at.desc());
    // SQLite takes no OFFSET without a LIMIT.
    let older: Vec<i64> = theirs.select(known_networks::id).limit(1_000).offset(KEPT).load(tx.conn())?;
    if !older.is_empty() {
        diesel::delete(known_networks::table.filter(known_networks::id.eq_any(older))).execute(tx.conn())?;
    }
    Ok(())
}
