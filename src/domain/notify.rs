//! The gate: every notification is made or taken back here.

use diesel::QueryResult;

use super::event::Event;
use crate::db::Change;
use crate::ids::{PostId, UserId};
use crate::model::notifications::{self, Caused, NewNotification};

/// Tells `recipient` of `event`, if `cause`, which makes it so, did anything new; returns whether it did. They get a new, unread
/// notification on top of their inbox, which replaces the one about the same thing. Their stamp advances, so that every open tab of
/// theirs hears of it after the commit. Nobody is told if the recipient is gone.
///
/// The cause is given the notification and may insert it in its own statement: on PostgreSQL, that is a round trip less.
///
/// # Errors
/// Those of `cause`, and of the database.
pub fn notify<C>(tx: &mut Change<'_>, recipient: UserId, event: Event, cause: C) -> QueryResult<bool>
where
    C: FnOnce(&mut Change<'_>, &NewNotification) -> QueryResult<Caused>,
{
    let notification = notification(&event);
    match cause(tx, &notification)? {
        Caused::Nothing => return Ok(false),
        Caused::New => insert(tx, recipient, &notification)?,
        Caused::NewAndNotified => tx.count_notifications(notification.kind, 1),
    }
    Ok(true)
}

fn insert(tx: &mut Change<'_>, recipient: UserId, notification: &NewNotification) -> QueryResult<()> {
    if notifications::insert(tx, recipient, notification)? {
        tx.count_notifications(notification.kind, 1);
    }
    Ok(())
}

/// Tells all of `recipients` of `event`, which is about a post. They must be in the order of their ids, and few enough for one transaction.
/// Whoever has been told of this post already is not told again.
///
/// # Errors
/// Those of the database.
pub fn notify_many(tx: &mut Change<'_>, recipients: &[UserId], event: &Event) -> QueryResult<()> {
    if recipients.is_empty() {
        return Ok(());
    }
    let notification = notification(event);
    let inserted = notifications::insert_many(tx, recipients, &notification)?;
    tx.count_notifications(notification.kind, inserted);
    Ok(())
}

/// `event` no longer holds. `recipient` loses the notification of it if they have not read it; what they have read stays. Their inbox must
/// be locked.
///
/// # Errors
/// Those of the database.
pub fn retract(tx: &mut Change<'_>, recipient: UserId, event: Event) -> QueryResult<()> {
    notifications::remove_unread(tx, recipient, &notification(&event))
}

/// `post` was deleted. All of `recipients`, in the order of their ids, lose the notification of it, read or not.
///
/// # Errors
/// Those of the database.
pub fn retract_post(tx: &mut Change<'_>, post: PostId, recipients: &[UserId]) -> QueryResult<()> {
    if recipients.is_empty() { Ok(()) } else { notifications::remove_of_post(tx, post, recipients) }
}

fn notification(event: &Event) -> NewNotification {
    NewNotification { actor: event.actor(), kind: event.kind(), group_key: event.group_key(), post: event.post() }
}
