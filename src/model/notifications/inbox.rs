//! Reads the inboxes. Badge and list start from one predicate, `of`.

use diesel::dsl::{And, Eq, Filter, IsNull};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::is_shown::IsShown;
use crate::clock::Millis;
use crate::db::Connection;
use crate::ids::{NotificationId, PostId, Stamp, UserId};
use crate::model::Slice;
use crate::model::count::count;
use crate::schema::{notifications, posts, users};

/// Which part of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, strum::EnumString, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Show {
    /// Everything.
    #[default]
    All,
    /// What has not been read.
    Unread,
}

/// A notification as its recipient has it.
#[derive(Debug, Clone, Queryable)]
pub struct Notification {
    /// Its id, by which the inbox is ordered.
    pub id: NotificationId,
    /// What happened: the stored name of the kind. A newer release may have written one that this release does not know.
    pub kind: String,
    /// Who did it; `None` where nobody did.
    pub actor: Option<Actor>,
    /// When, in Unix milliseconds.
    pub created_at: Millis,
    /// When it was read, in Unix milliseconds; `None` = unread.
    pub read_at: Option<Millis>,
    /// See [`Notification::stamp`].
    stamp: Option<Stamp>,
    /// The post that it is about; `None`: it is about none.
    pub post: Option<NotifiedPost>,
}

/// The post that a notification is about.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct NotifiedPost {
    /// Its id.
    pub id: PostId,
    /// Its text.
    pub text: String,
    /// What it links to; null: nothing.
    #[schema(required)]
    pub url: Option<String>,
}

impl Notification {
    /// The stamp at which its recipient was told. Whoever has seen a smaller one has not been told yet.
    ///
    /// It is not the time: a stamp never goes back, and stays ahead where a clock was ahead once. (The release before this one wrote
    /// the stamp as the time.)
    pub fn stamp(&self) -> Stamp {
        self.stamp.unwrap_or(self.created_at)
    }
}

/// Who did something.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct Actor {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
}

/// What came of something that somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caused {
    /// Nothing: it was so already.
    Nothing,
    /// It is new, and its notification is still to be inserted.
    New,
    /// It is new, and its notification was inserted in the same statement.
    NewAndNotified,
}

pub(super) type Of = Filter<notifications::table, And<Eq<notifications::recipient_id, UserId>, IsShown>>;
pub(super) type UnreadOf = Filter<Of, IsNull<notifications::read_at>>;

/// The inbox of `recipient`: the one predicate that list, badge and every change of an inbox start from.
pub(super) fn of(recipient: UserId) -> Of {
    notifications::table.filter(notifications::recipient_id.eq(recipient).and(IsShown))
}

pub(super) fn unread_of(recipient: UserId) -> UnreadOf {
    of(recipient).filter(notifications::read_at.is_null())
}

macro_rules! with_actor {
    ($query:expr) => {
        $query
            .left_join(users::table.on(notifications::actor_id.eq(users::id.nullable())))
            .left_join(posts::table.on(notifications::post_id.eq(posts::id.nullable())))
            .select((
                notifications::id,
                notifications::kind,
                (users::id, users::username).nullable(),
                notifications::created_at,
                notifications::read_at,
                notifications::stamp,
                (posts::id, posts::text, posts::url).nullable(),
            ))
    };
}

/// How many are unread.
///
/// # Errors
/// Those of the database.
pub fn count_unread(conn: &mut Connection, recipient: UserId) -> QueryResult<i64> {
    unread_of(recipient).count().get_result(conn)
}

/// Where counting for a badge stops: from here on, a page says only "more than 999".
pub const MANY: i64 = 1_000;

/// How many are unread, counted up to [`MANY`]. Every page and every changed poll shows it, and for somebody with a hundred thousand
/// unread, counting them all would be most of what these cost.
///
/// # Errors
/// Those of the database.
pub fn count_unread_up_to_many(conn: &mut Connection, recipient: UserId) -> QueryResult<i64> {
    count(conn, unread_of(recipient).select(notifications::id).limit(MANY))
}

/// One page of the inbox, newest first: what is older than `before`.
///
/// # Errors
/// Those of the database.
pub fn list(
    conn: &mut Connection,
    recipient: UserId,
    show: Show,
    before: Option<NotificationId>,
    limit: i64,
) -> QueryResult<Slice<Notification, NotificationId>> {
    let before = before.unwrap_or(NotificationId(i64::MAX));
    // Two queries and not one that is boxed, which would be parsed and planned anew for every changed poll.
    let page = with_actor!(of(recipient)).filter(notifications::id.lt(before)).order(notifications::id.desc()).limit(limit + 1);
    let rows = match show {
        Show::All => page.load(conn)?,
        Show::Unread => page.filter(notifications::read_at.is_null()).load(conn)?,
    };
    Ok(Slice::cut(rows, limit, |notification: &Notification| notification.id))
}

/// One notification of `recipient`.
///
/// # Errors
/// `NotFound` if there is none of that id, or it is somebody else's.
pub fn find(conn: &mut Connection, recipient: UserId, id: NotificationId) -> QueryResult<Notification> {
    with_actor!(of(recipient).filter(notifications::id.eq(id))).first(conn)
}
