//! The table `deliveries`: posts whose notifications are still being written or removed, in batches.
//!
//! The lock on a delivery's row comes before any other, everywhere: before those on inboxes, and on posts.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::ids::{PostId, UserId};
use crate::schema::{deliveries, posts};

/// A delivery, locked until the commit.
#[derive(Debug, Clone, Queryable)]
pub struct Delivery {
    /// Of which post.
    pub post: PostId,
    /// Whether its notifications are being removed.
    pub removing: bool,
    /// The greatest id of a user for whom it is done.
    pub done_to: UserId,
}

/// What operators want to know of the deliveries.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Backlog {
    /// How many there are.
    pub open: i64,
    /// When the oldest began, in Unix milliseconds.
    pub oldest: Option<Millis>,
}

/// Begins a delivery, or with `removing` a removal.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, post: PostId, removing: bool) -> QueryResult<()> {
    let now = tx.now();
    let times = (deliveries::touched_at.eq(now), deliveries::created_at.eq(now));
    diesel::insert_into(deliveries::table).values((deliveries::post_id.eq(post), deliveries::removing.eq(removing), times)).execute(tx.conn())?;
    tx.note_delivery();
    Ok(())
}

macro_rules! columns {
    ($query:expr) => {
        $query.select((deliveries::post_id, deliveries::removing, deliveries::done_to))
    };
}

/// Locks the delivery that waited longest, without those that another instance works on. `None`: there is none.
///
/// It must be the first of its transaction: who holds the lock may be killed and yet commit, so only what is read after the lock is true.
///
/// # Errors
/// Those of the database.
pub fn claim(tx: &mut Change<'_>) -> QueryResult<Option<Delivery>> {
    let next = columns!(deliveries::table.order((deliveries::touched_at, deliveries::post_id)).limit(1));
    match tx.conn() {
        Connection::Postgres(conn) => next.for_update().skip_locked().first(conn).optional(),
        Connection::Sqlite(conn) => next.first(conn).optional(),
    }
}

/// Locks the delivery of `post`, which may have to be waited for; `None`: it has none.
///
/// # Errors
/// Those of the database.
pub fn lock(tx: &mut Change<'_>, post: PostId) -> QueryResult<Option<Delivery>> {
    let of_post = columns!(deliveries::table.find(post));
    match tx.conn() {
        Connection::Postgres(conn) => of_post.for_update().first(conn).optional(),
        Connection::Sqlite(conn) => of_post.first(conn).optional(),
    }
}

/// Locks all deliveries of posts by `author`.
///
/// # Errors
/// Those of the database.
pub fn lock_by_author(tx: &mut Change<'_>, author: UserId) -> QueryResult<()> {
    if let Connection::Postgres(conn) = tx.conn() {
        let theirs = posts::table.filter(posts::author_id.eq(author)).select(posts::id);
        let locked = deliveries::table.filter(deliveries::post_id.eq_any(theirs)).order(deliveries::post_id).select(deliveries::post_id);
        locked.for_update().load::<PostId>(conn)?;
    }
    Ok(())
}

/// It is done for everybody up to `done_to`. Others have their turn first.
///
/// # Errors
/// Those of the database.
pub fn advance(tx: &mut Change<'_>, post: PostId, done_to: UserId) -> QueryResult<()> {
    let now = tx.now();
    diesel::update(deliveries::table.find(post)).set((deliveries::done_to.eq(done_to), deliveries::touched_at.eq(now))).execute(tx.conn())?;
    Ok(())
}

/// The post was deleted: from here on its notifications are removed, from the first to the last.
///
/// # Errors
/// Those of the database.
pub fn turn_back(tx: &mut Change<'_>, post: PostId) -> QueryResult<()> {
    let now = tx.now();
    let start = (deliveries::removing.eq(true), deliveries::done_to.eq(UserId(0)), deliveries::touched_at.eq(now));
    diesel::update(deliveries::table.find(post)).set(start).execute(tx.conn())?;
    tx.note_delivery();
    Ok(())
}

/// It is done for everybody.
///
/// # Errors
/// Those of the database.
pub fn delete(tx: &mut Change<'_>, post: PostId) -> QueryResult<()> {
    diesel::delete(deliveries::table.find(post)).execute(tx.conn())?;
    Ok(())
}

/// How many there are, and since when.
///
/// # Errors
/// Those of the database.
pub fn backlog(conn: &mut Connection) -> QueryResult<Backlog> {
    deliveries::table.select((diesel::dsl::count_star(), diesel::dsl::min(deliveries::created_at))).first(conn)
}
