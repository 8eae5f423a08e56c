//! Inserts notifications, and removes what they replace.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::inbox::{of, unread_of};
use crate::db::{Change, Connection};
use crate::ids::{Stamp, UserId};
use crate::model::insert_for_many::{AdvanceAndInsertForMany, InsertForMany};
use crate::model::insert_for_told::InsertForTold;
use crate::model::new_notification::NewNotification;
use crate::schema::{notifications, users};
use crate::stamps::{AdvanceStatement, SERVER_CLOCK, advance, advance_if, advance_rows, lock};

/// Puts a new, unread notification on top of the inbox of `recipient`. It replaces one with the same group key. Returns false if they are
/// gone.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, recipient: UserId, new: &NewNotification) -> QueryResult<bool> {
    let Some(stamp) = advance(tx, recipient)? else { return Ok(false) };
    if !insert_unless_taken(tx, recipient, new, stamp)? {
        remove_replaced(tx, recipient, new)?;
        insert_unless_taken(tx, recipient, new, stamp)?;
    }
    Ok(true)
}

/// Whether it was inserted; it is not if another has its group key.
///
/// It is never dated after its stamp: the release before this one announces what is dated after the stamp that a page shows.
fn insert_unless_taken(tx: &mut Change<'_>, recipient: UserId, new: &NewNotification, stamp: Stamp) -> QueryResult<bool> {
    let now = tx.now();
    let row = (
        notifications::recipient_id.eq(recipient),
        notifications::actor_id.eq(new.actor),
        notifications::kind.eq(new.kind),
        notifications::group_key.eq(new.group_key.as_deref()),
        notifications::stamp.eq(stamp),
        notifications::post_id.eq(new.post),
    );
    let insert = diesel::insert_into(notifications::table);
    let inserted = match tx.conn() {
        Connection::Postgres(conn) => {
            let at = notifications::created_at.eq(sql::<BigInt>("least(").sql(SERVER_CLOCK).sql(", ").bind::<BigInt, _>(stamp).sql(")"));
            insert.values((row, at)).on_conflict_do_nothing().execute(conn)?
        }
        Connection::Sqlite(conn) => insert.values((row, notifications::created_at.eq(now))).on_conflict_do_nothing().execute(conn)?,
    };
    Ok(inserted > 0)
}

/// Removes what `new` replaces. The old row cannot become the new one, which must have a new id: ids are the order of the inbox.
fn remove_replaced(tx: &mut Change<'_>, recipient: UserId, new: &NewNotification) -> QueryResult<()> {
    diesel::delete(of(recipient).filter(notifications::group_key.eq(new.group_key.as_deref()))).execute(tx.conn())?;
    diesel::delete(of(recipient).filter(written_without_a_key(new))).execute(tx.conn())?;
    Ok(())
}

/// Removes the notification of the same group key if it is unread; one that was read stays. The recipient's inbox must be locked.
///
/// # Errors
/// Those of the database.
pub fn remove_unread(tx: &mut Change<'_>, recipient: UserId, old: &NewNotification) -> QueryResult<()> {
    let keyed = diesel::delete(unread_of(recipient).filter(notifications::group_key.eq(old.group_key.as_deref()))).execute(tx.conn())?;
    let unkeyed = diesel::delete(unread_of(recipient).filter(written_without_a_key(old))).execute(tx.conn())?;
    advance_if(tx, keyed + unkeyed > 0, recipient)
}

/// The same notification as the release before this one writes it: without a group key. Both may run on one database.
#[diesel::dsl::auto_type(no_type_alias)]
fn written_without_a_key(notification: &NewNotification) -> _ {
    let (kind, actor): (&'static str, Option<UserId>) = (notification.kind, notification.actor);
    notifications::group_key.is_null().and(notifications::kind.eq(kind)).and(notifications::actor_id.eq(actor))
}

/// Puts the same new, unread notification of a post on top of the inbox of each of `recipients`, who are locked here, in the order of their ids.
/// Returns how many were inserted: there is none for whoever is gone, or has a notification of this post.
///
/// With a group key it takes the place of the unread one of an earlier post, and one that was read stays. If that of a later post is there
/// already, there is none for this one: deliveries may overtake each other.
///
/// # Errors
/// Those of the database.
pub fn insert_many(tx: &mut Change<'_>, recipients: &[UserId], new: &NewNotification) -> QueryResult<u64> {
    lock(tx, recipients)?;
    give_way(tx, recipients, new)?;
    match tx.conn() {
        Connection::Postgres(_) => insert_many_in_one_statement(tx, recipients, new),
        Connection::Sqlite(_) => insert_many_in_two_statements(tx, recipients, new),
    }
}

/// Removes what is unread of earlier posts with the same group key, and takes the key from what was read.
fn give_way(tx: &mut Change<'_>, recipients: &[UserId], new: &NewNotification) -> QueryResult<()> {
    let (Some(key), Some(post)) = (&new.group_key, new.post) else { return Ok(()) };
    let earlier = || {
        let theirs = notifications::table.filter(notifications::recipient_id.eq_any(recipients)).filter(notifications::group_key.eq(key));
        theirs.filter(notifications::post_id.lt(post))
    };
    diesel::delete(earlier().filter(notifications::read_at.is_null())).execute(tx.conn())?;
    diesel::update(earlier()).set(notifications::group_key.eq(None::<&str>)).execute(tx.conn())?;
    Ok(())
}

fn insert_many_in_two_statements(tx: &mut Change<'_>, recipients: &[UserId], new: &NewNotification) -> QueryResult<u64> {
    advance_rows(tx, users::id.eq_any(recipients))?;
    let statement = InsertForMany { notification: new, now: tx.now(), recipients: users::id.eq_any(recipients) };
    let Connection::Sqlite(conn) = tx.conn() else { return Ok(0) };
    Ok(statement.execute(conn)?.try_into().unwrap_or_default())
}

fn insert_many_in_one_statement(tx: &mut Change<'_>, recipients: &[UserId], new: &NewNotification) -> QueryResult<u64> {
    let told = AdvanceStatement { rows: users::id.eq_any(recipients), now: 0 };
    let statement = AdvanceAndInsertForMany { told, notification: InsertForTold { notification: new } };
    let Connection::Postgres(conn) = tx.conn() else { return Ok(0) };
    let told: Vec<(UserId, Stamp, i64)> = statement.load(conn)?;
    let inserted = told.first().map_or(0, |(_, _, inserted)| *inserted);
    told.into_iter().for_each(|(user, stamp, _)| tx.touch(user, stamp));
    Ok(inserted.try_into().unwrap_or_default())
}
