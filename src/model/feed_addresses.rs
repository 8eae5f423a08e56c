//! The table `feed_addresses`: which feeds have an address. The address itself is not kept: `auth` makes it of the row.

use diesel::prelude::*;

use super::revocations;
use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::ids::{FeedAddressId, Stamp, UserId};
use crate::schema::{feed_addresses, users};
use crate::stamps::lock;

/// Which feed. Its name in lower case is the stored one, and the one in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "lowercase")]
pub enum FeedKind {
    /// The inbox.
    Notifications,
    /// The posts of those whom somebody follows, and their own.
    Posts,
}

/// The row of an address.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AddressRow {
    /// Its id.
    pub id: FeedAddressId,
    /// Whose feed it is.
    pub user: UserId,
    /// Its [`FeedKind`], as it is stored.
    pub feed: String,
    /// When it was made, in Unix milliseconds.
    pub created_at: Millis,
}

/// Whose feed an address leads to.
#[derive(Debug, Clone, Queryable)]
pub struct FeedOwner {
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp at this moment.
    pub last_update: Stamp,
}

/// The addresses of `user`.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Connection, user: UserId) -> QueryResult<Vec<AddressRow>> {
    let columns = (feed_addresses::id, feed_addresses::user_id, feed_addresses::feed, feed_addresses::created_at);
    feed_addresses::table.filter(feed_addresses::user_id.eq(user)).select(columns).load(conn)
}

/// Whose feed the address of this row is; `None` if it was replaced or removed.
///
/// # Errors
/// Those of the database.
pub fn owner(conn: &mut Connection, feed: FeedKind, user: UserId, id: FeedAddressId, created_at: Millis) -> QueryResult<Option<FeedOwner>> {
    feed_addresses::table
        .inner_join(users::table)
        .filter(feed_addresses::id.eq(id))
        .filter(feed_addresses::user_id.eq(user))
        .filter(feed_addresses::feed.eq(<&str>::from(feed)))
        .filter(feed_addresses::created_at.eq(created_at))
        .select((users::username, users::last_update))
        .first(conn)
        .optional()
}

/// Makes an address of `feed`, in the place of the one before. If `replaces` names the row that it is to replace (0: there is none), nothing
/// happens where there is another by now: a form that is sent twice replaces once.
///
/// # Errors
/// Those of the database.
pub fn replace(tx: &mut Change<'_>, user: UserId, feed: FeedKind, replaces: Option<i64>) -> QueryResult<()> {
    lock(tx, &[user])?;
    let theirs = feed_addresses::table.filter(feed_addresses::user_id.eq(user)).filter(feed_addresses::feed.eq(<&str>::from(feed)));
    let present: Option<FeedAddressId> = theirs.select(feed_addresses::id).first(tx.conn()).optional()?;
    if replaces.is_some_and(|expected| expected != present.map_or(0, |id| id.0)) {
        return Ok(());
    }
    remove(tx, user, feed)?;
    let row = (feed_addresses::user_id.eq(user), feed_addresses::feed.eq(<&str>::from(feed)), feed_addresses::created_at.eq(tx.now()));
    diesel::insert_into(feed_addresses::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Removes the address of `feed`. The stamp of `user` advances: otherwise whoever reads the feed could go on hearing that nothing is new.
///
/// A repeat: nothing happens.
///
/// # Errors
/// Those of the database.
pub fn remove(tx: &mut Change<'_>, user: UserId, feed: FeedKind) -> QueryResult<()> {
    lock(tx, &[user])?;
    let theirs = feed_addresses::table.filter(feed_addresses::user_id.eq(user)).filter(feed_addresses::feed.eq(<&str>::from(feed)));
    let deleted = diesel::delete(theirs).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}
