//! Post something, and take it back.
//!
//! Locks are taken in one order, by all that touches posts: the delivery, the inboxes by id, the author and the post. In any other, a deletion,
//! a delivery and somebody who leaves could wait for each other.

use diesel::QueryResult;

use super::event::Event;
use super::notify::{notify_many, retract_post};
use crate::db::Change;
use crate::ids::{PostId, UserId};
use crate::model::posts::{self, NewPost};
use crate::model::{deliveries, follows, notifications};
use crate::stamps::lock;

/// How many are told in the transaction of the post itself. Of more, the delivery is written down, and carried out in batches.
pub const AT_ONCE: usize = 100;

/// Who sees a post, and who is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody sees it. Whoever follows the author and wants to be told is told.
    Followers,
    /// Only those named see it, and the author. Each must follow the author, or be the author.
    Named {
        /// Who sees it.
        seen_by: Vec<UserId>,
        /// Who of them is told.
        told: Vec<UserId>,
    },
    /// Everybody sees it, and nobody is told: it is in the feeds only.
    Nobody,
}

/// Makes a post, and tells its audience, or writes down that they are to be told. Once it is committed, everybody who is to hear of it will,
/// whatever dies afterwards.
///
/// # Errors
/// Those of the database; a violated foreign key if somebody named, or the author, is gone. A transaction that failed must not go on.
pub fn post(tx: &mut Change<'_>, new: &NewPost, audience: &Audience) -> QueryResult<PostId> {
    let (mut told, has_more) = first_told(tx, new.author, audience)?;
    told.sort_unstable();
    if !has_more {
        // Before the post, whose row locks its author.
        lock(tx, &told)?;
    }
    let seen_by: &[UserId] = if let Audience::Named { seen_by, .. } = audience { seen_by } else { &[] };
    let post = posts::insert(tx, new, seen_by)?;
    if has_more {
        deliveries::insert(tx, post, false)?;
    } else if !told.is_empty() {
        let event = Event::Post { author: new.author, post, collapse: new.collapse.clone() };
        notify_many(tx, &told, &event)?;
    }
    Ok(post)
}

/// Who is to be told at once, and whether there are too many for that.
fn first_told(tx: &mut Change<'_>, author: UserId, audience: &Audience) -> QueryResult<(Vec<UserId>, bool)> {
    match audience {
        Audience::Nobody => Ok((Vec::new(), false)),
        Audience::Named { told, .. } => Ok((told.clone(), false)),
        Audience::Followers => {
            let told = follows::told(tx.conn(), author, UserId(0), AT_ONCE as i64 + 1)?;
            let has_more = told.len() > AT_ONCE;
            Ok((told, has_more))
        }
    }
}

/// Deletes a post of `author`. From the commit on nobody sees it, nor a notification of it. Where there are many of these, they are removed in
/// batches.
///
/// # Errors
/// `NotFound` if there is none, or somebody else wrote it.
pub fn delete(tx: &mut Change<'_>, author: UserId, post: PostId) -> QueryResult<()> {
    // Otherwise a stranger could hold up a delivery.
    if !posts::is_by(tx.conn(), author, post)? {
        return Err(diesel::result::Error::NotFound);
    }
    let is_in_delivery = deliveries::lock(tx, post)?.is_some();
    let recipients = notifications::recipients_of(tx.conn(), post, UserId(0), AT_ONCE as i64 + 1)?;
    if is_in_delivery {
        posts::hide(tx, author, post)?;
        return deliveries::turn_back(tx, post);
    }
    if recipients.len() > AT_ONCE {
        posts::hide(tx, author, post)?;
        return deliveries::insert(tx, post, true);
    }
    lock(tx, &recipients)?;
    posts::hide(tx, author, post)?;
    retract_post(tx, post, &recipients)?;
    posts::delete_row(tx, post)
}

/// The next batch of the delivery that waited longest: up to `size` people are told of its post, or lose the notification of one that was
/// deleted. Returns whether there was anything to do.
///
/// # Errors
/// Those of the database. A transaction that failed must not go on.
pub fn deliver_batch(tx: &mut Change<'_>, size: i64) -> QueryResult<bool> {
    let Some(delivery) = deliveries::claim(tx)? else { return Ok(false) };
    let post = delivery.post;
    let batch = if delivery.removing {
        let recipients = notifications::recipients_of(tx.conn(), post, delivery.done_to, size)?;
        retract_post(tx, post, &recipients)?;
        recipients
    } else {
        tell_batch(tx, post, delivery.done_to, size)?
    };
    match batch.last() {
        Some(last) if batch.len() as i64 == size => deliveries::advance(tx, post, *last)?,
        _ if delivery.removing => posts::delete_row(tx, post)?,
        _ => deliveries::delete(tx, post)?,
    }
    Ok(true)
}

fn tell_batch(tx: &mut Change<'_>, post: PostId, done_to: UserId, size: i64) -> QueryResult<Vec<UserId>> {
    let posts::Delivered { author, collapse } = posts::delivered(tx.conn(), post)?;
    let told = follows::told(tx.conn(), author, done_to, size)?;
    notify_many(tx, &told, &Event::Post { author, post, collapse })?;
    Ok(told)
}
