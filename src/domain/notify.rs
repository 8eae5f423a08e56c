//! The gate: every notification is made or taken back here.

use diesel::QueryResult;

use super::event::Event;
use crate::db::Change;
use crate::ids::UserId;
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
    let notification = notification(recipient, event);
    match cause(tx, &notification)? {
        Caused::Nothing => return Ok(false),
        Caused::New => insert(tx, &notification)?,
        Caused::NewAndNotified => tx.count_notification(notification.kind),
    }
    Ok(true)
}

fn insert(tx: &mut Change<'_>, notification: &NewNotification) -> QueryResult<()> {
    if notifications::insert(tx, notification)? {
        tx.count_notification(notification.kind);
    }
    Ok(())
}

/// `event` no longer holds. `recipient` loses the notification of it if they have not read it; what they have read stays. Their inbox must
/// be locked.
///
/// # Errors
/// Those of the database.
pub fn retract(tx: &mut Change<'_>, recipient: UserId, event: Event) -> QueryResult<()> {
    notifications::remove_unread(tx, &notification(recipient, event))
}

fn notification(recipient: UserId, event: Event) -> NewNotification {
    NewNotification { recipient, actor: event.actor(), kind: event.kind(), group_key: event.group_key() }
}
