//! The gate: every notification is made or taken back here.

use diesel::QueryResult;

use super::event::Event;
use crate::db::Change;
use crate::ids::UserId;
use crate::model::notifications::{self, NewNotification};

/// Tells `recipient` of `event`: a new, unread notification on top of their inbox, which replaces the one about the same thing. Their stamp
/// advances, so that every open tab of theirs hears of it after the commit. Nothing happens if the recipient is gone.
///
/// # Errors
/// Those of the database.
pub fn notify(tx: &mut Change<'_>, recipient: UserId, event: Event) -> QueryResult<()> {
    if notifications::insert(tx, &notification(recipient, event))? {
        tx.count_notification(event.kind());
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
