//! The table `notifications`: the inboxes. Badge and list start from one predicate, `of`; authorization is part of every WHERE.

use diesel::dsl::{Eq, Filter, IsNull, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};

use super::Slice;
use super::count::count;
use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::ids::{NotificationId, Stamp, UserId};
use crate::schema::{notifications, users};
use crate::stamps::{SERVER_CLOCK, advance, advance_if, lock};

/// Which part of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, strum::EnumString, strum::IntoStaticStr)]
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
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Actor {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
}

/// A notification to be made.
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// Whose inbox it goes into.
    pub recipient: UserId,
    /// Who did something; `None` where nobody did.
    pub actor: Option<UserId>,
    /// The stored name of its kind.
    pub kind: &'static str,
    /// What it is about, such as `follow:7`. A recipient has at most one notification per key: a new one replaces it. `None`: it
    /// replaces nothing.
    pub group_key: Option<String>,
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

type Of = Filter<notifications::table, Eq<notifications::recipient_id, UserId>>;
type UnreadOf = Filter<Of, IsNull<notifications::read_at>>;

/// The inbox of `recipient`: the one predicate that list, badge and every change below start from.
fn of(recipient: UserId) -> Of {
    notifications::table.filter(notifications::recipient_id.eq(recipient))
}

fn unread_of(recipient: UserId) -> UnreadOf {
    of(recipient).filter(notifications::read_at.is_null())
}

macro_rules! with_actor {
    ($query:expr) => {
        $query.left_join(users::table.on(notifications::actor_id.eq(users::id.nullable()))).select((
            notifications::id,
            notifications::kind,
            (users::id, users::username).nullable(),
            notifications::created_at,
            notifications::read_at,
            notifications::stamp,
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
    let mut query = with_actor!(of(recipient))
        .filter(notifications::id.lt(before.unwrap_or(NotificationId(i64::MAX))))
        .order(notifications::id.desc())
        .limit(limit + 1)
        .into_boxed();
    if show == Show::Unread {
        query = query.filter(notifications::read_at.is_null());
    }
    Ok(Slice::cut(query.load(conn)?, limit, |notification: &Notification| notification.id))
}

/// One notification of `recipient`.
///
/// # Errors
/// `NotFound` if there is none of that id, or it is somebody else's.
pub fn find(conn: &mut Connection, recipient: UserId, id: NotificationId) -> QueryResult<Notification> {
    with_actor!(of(recipient).filter(notifications::id.eq(id))).first(conn)
}

/// Puts a new, unread notification on top of its recipient's inbox. It replaces one with the same group key. Returns false if the
/// recipient is gone.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, new: &NewNotification) -> QueryResult<bool> {
    let Some(stamp) = advance(tx, new.recipient)? else { return Ok(false) };
    if !insert_unless_taken(tx, new, stamp)? {
        remove_replaced(tx, new)?;
        insert_unless_taken(tx, new, stamp)?;
    }
    Ok(true)
}

/// Whether it was inserted; it is not if another has its group key.
///
/// It is never dated after its stamp: the release before this one announces what is dated after the stamp that a page shows.
fn insert_unless_taken(tx: &mut Change<'_>, new: &NewNotification, stamp: Stamp) -> QueryResult<bool> {
    let now = tx.now();
    let row = (
        notifications::recipient_id.eq(new.recipient),
        notifications::actor_id.eq(new.actor),
        notifications::kind.eq(new.kind),
        notifications::group_key.eq(new.group_key.as_deref()),
        notifications::stamp.eq(stamp),
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
fn remove_replaced(tx: &mut Change<'_>, new: &NewNotification) -> QueryResult<()> {
    diesel::delete(of(new.recipient).filter(notifications::group_key.eq(new.group_key.as_deref()))).execute(tx.conn())?;
    diesel::delete(of(new.recipient).filter(written_without_a_key(new))).execute(tx.conn())?;
    Ok(())
}

/// Removes the notification of the same group key if it is unread; one that was read stays. The recipient's inbox must be locked.
///
/// # Errors
/// Those of the database.
pub fn remove_unread(tx: &mut Change<'_>, old: &NewNotification) -> QueryResult<()> {
    let keyed = diesel::delete(unread_of(old.recipient).filter(notifications::group_key.eq(old.group_key.as_deref()))).execute(tx.conn())?;
    let unkeyed = diesel::delete(unread_of(old.recipient).filter(written_without_a_key(old))).execute(tx.conn())?;
    advance_if(tx, keyed + unkeyed > 0, old.recipient)
}

/// The same notification as the release before this one writes it: without a group key. Both may run on one database.
#[diesel::dsl::auto_type(no_type_alias)]
fn written_without_a_key(notification: &NewNotification) -> _ {
    let (kind, actor): (&'static str, Option<UserId>) = (notification.kind, notification.actor);
    notifications::group_key.is_null().and(notifications::kind.eq(kind)).and(notifications::actor_id.eq(actor))
}

/// Marks one read. A repeat changes nothing.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s.
pub fn mark_read(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let now = tx.now();
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(now)).execute(tx.conn())?;
    if marked == 0 {
        find(tx.conn(), recipient, id)?;
    }
    advance_if(tx, marked > 0, recipient)
}

/// Marks one unread again. A repeat changes nothing.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s.
pub fn mark_unread(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let is_read = find(tx.conn(), recipient, id)?.read_at.is_some();
    if is_read {
        diesel::update(of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(None::<Millis>)).execute(tx.conn())?;
    }
    advance_if(tx, is_read, recipient)
}

/// Marks read whatever is unread up to and including `through`. What is newer has not been seen, and stays unread.
///
/// # Errors
/// Those of the database.
pub fn mark_all_read(tx: &mut Change<'_>, recipient: UserId, through: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let now = tx.now();
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.le(through))).set(notifications::read_at.eq(now)).execute(tx.conn())?;
    advance_if(tx, marked > 0, recipient)
}

/// Deletes one.
///
/// # Errors
/// `NotFound` if it is not `recipient`'s, or not any longer.
pub fn delete(tx: &mut Change<'_>, recipient: UserId, id: NotificationId) -> QueryResult<()> {
    lock(tx, &[recipient])?;
    let deleted = diesel::delete(of(recipient).filter(notifications::id.eq(id))).execute(tx.conn())?;
    if deleted == 0 {
        return Err(diesel::result::Error::NotFound);
    }
    advance_if(tx, true, recipient)
}
