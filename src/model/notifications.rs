//! The inbox. Badge and list are one predicate, `of`; authorization is part of every WHERE.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::{Eq, Filter, IsNull};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use super::count::count;
use super::{NotificationId, Slice, UserId};
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::last_update::{News, Stamp, advance, lock};
use crate::schema::{notifications, users};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow, Serialize)]
#[diesel(sql_type = Text)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The actor follows the recipient.
    Follow,
}

impl Kind {
    /// As it is kept and counted.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Follow => "follow",
        }
    }
}

impl<DB: Backend> ToSql<Text, DB> for Kind
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_str().to_sql(out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Kind
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        match String::from_sql(bytes)?.as_str() {
            "follow" => Ok(Kind::Follow),
            other => Err(format!("no such kind of notification: {other}").into()),
        }
    }
}

/// Which part of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// Everything.
    #[default]
    All,
    /// What has not been read.
    Unread,
}

/// One line of the inbox.
#[derive(Debug, Clone, Queryable)]
pub struct Notification {
    /// Which.
    pub id: NotificationId,
    /// What happened.
    pub kind: Kind,
    /// Who did it.
    pub actor: Actor,
    /// When, in Unix milliseconds.
    pub created_at: Millis,
    /// When it was read, in Unix milliseconds; `None` = unread.
    pub read_at: Option<Millis>,
}

/// Who did something.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Actor {
    /// Who.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
}

type Of = Filter<notifications::table, Eq<notifications::recipient_id, UserId>>;
type UnreadOf = Filter<Of, IsNull<notifications::read_at>>;

/// What is in the inbox of `recipient`: the one predicate that list, badge and every change below start from.
fn of(recipient: UserId) -> Of {
    notifications::table.filter(notifications::recipient_id.eq(recipient))
}

fn unread_of(recipient: UserId) -> UnreadOf {
    of(recipient).filter(notifications::read_at.is_null())
}

macro_rules! columns {
    () => {
        (notifications::id, notifications::kind, (users::id, users::username), notifications::created_at, notifications::read_at)
    };
}

/// How much is unread.
pub fn unread(conn: &mut Connection, recipient: UserId) -> QueryResult<i64> {
    unread_of(recipient).count().get_result(conn)
}

/// Where the number on a badge ends: whoever has so much unread has many.
pub const MANY: i64 = 1_000;

/// How much is unread, counted up to [`MANY`]: every page and every changed poll shows it, and for somebody whom a hundred
/// thousand follow, to count them all would be the greater part of its cost.
pub fn unread_up_to_many(conn: &mut Connection, recipient: UserId) -> QueryResult<i64> {
    count(conn, unread_of(recipient).select(notifications::id).limit(MANY))
}

/// One page of the inbox, newest first: what is older than `before`.
pub fn list(
    conn: &mut Connection,
    recipient: UserId,
    show: Show,
    before: Option<NotificationId>,
    limit: i64,
) -> QueryResult<Slice<Notification, NotificationId>> {
    let mut query = of(recipient)
        .inner_join(users::table.on(users::id.eq(notifications::actor_id)))
        .filter(notifications::id.lt(before.unwrap_or(NotificationId(i64::MAX))))
        .select(columns!())
        .order(notifications::id.desc())
        .limit(limit + 1)
        .into_boxed();
    if show == Show::Unread {
        query = query.filter(notifications::read_at.is_null());
    }
    Ok(Slice::cut(query.load(conn)?, limit, |line: &Notification| line.id))
}

/// One notification of `recipient`; `NotFound` if it is nobody's or somebody else's.
pub fn find(conn: &mut Connection, recipient: UserId, id: NotificationId) -> QueryResult<Notification> {
    of(recipient).filter(notifications::id.eq(id)).inner_join(users::table.on(users::id.eq(notifications::actor_id))).select(columns!()).first(conn)
}

/// `recipient` hears that `actor` did `kind`: a new, unread line on top of their inbox. Returns whether it is there; it is not
/// if an older line of the same actor and kind is in the way, which must [`make_way`] for it.
///
/// `at` is the stamp that the change has advanced, and not the clock: whatever was seen at stamp S, a later line is later than
/// S, also when both fall into one millisecond or the clock was set back between them.
pub fn tell(conn: &mut Connection, recipient: UserId, actor: UserId, kind: Kind, at: Stamp) -> QueryResult<bool> {
    let line = (notifications::recipient_id.eq(recipient), notifications::actor_id.eq(actor), notifications::kind.eq(kind), notifications::created_at.eq(at));
    let told = on_either!(conn, |conn| diesel::insert_into(notifications::table).values(line).on_conflict_do_nothing().execute(conn));
    Ok(told? > 0)
}

/// Removes the line that [`tell`] found in its way. It cannot become the new one, which must have a new id: ids are the order
/// of the inbox.
pub fn make_way(conn: &mut Connection, recipient: UserId, actor: UserId, kind: Kind) -> QueryResult<()> {
    diesel::delete(of(recipient).filter(notifications::actor_id.eq(actor)).filter(notifications::kind.eq(kind))).execute(conn)?;
    Ok(())
}

/// Removes what `recipient` has not read yet of `actor` doing `kind`. The inbox of `recipient` must be locked.
pub fn take_back(conn: &mut Connection, recipient: UserId, actor: UserId, kind: Kind, now: Millis) -> QueryResult<News> {
    let gone = diesel::delete(unread_of(recipient).filter(notifications::actor_id.eq(actor)).filter(notifications::kind.eq(kind))).execute(conn)?;
    news_if(conn, gone > 0, recipient, now)
}

/// Marks one read; `NotFound` if it is not `recipient`'s. A repeat changes nothing.
pub fn mark_read(conn: &mut Connection, recipient: UserId, id: NotificationId, now: Millis) -> QueryResult<News> {
    lock(conn, &[recipient])?;
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(now)).execute(conn)?;
    if marked == 0 {
        find(conn, recipient, id)?;
    }
    news_if(conn, marked > 0, recipient, now)
}

/// Marks one unread again; `NotFound` if it is not `recipient`'s. A repeat changes nothing.
pub fn mark_unread(conn: &mut Connection, recipient: UserId, id: NotificationId, now: Millis) -> QueryResult<News> {
    lock(conn, &[recipient])?;
    let read = find(conn, recipient, id)?.read_at.is_some();
    if read {
        diesel::update(of(recipient).filter(notifications::id.eq(id))).set(notifications::read_at.eq(None::<Millis>)).execute(conn)?;
    }
    news_if(conn, read, recipient, now)
}

/// Marks read whatever is unread up to and including `through`; what is newer has not been seen and stays.
pub fn mark_all_read(conn: &mut Connection, recipient: UserId, through: NotificationId, now: Millis) -> QueryResult<News> {
    lock(conn, &[recipient])?;
    let marked = diesel::update(unread_of(recipient).filter(notifications::id.le(through))).set(notifications::read_at.eq(now)).execute(conn)?;
    news_if(conn, marked > 0, recipient, now)
}

/// Deletes one; `NotFound` if it is not `recipient`'s (any longer).
pub fn delete(conn: &mut Connection, recipient: UserId, id: NotificationId, now: Millis) -> QueryResult<News> {
    lock(conn, &[recipient])?;
    let gone = diesel::delete(of(recipient).filter(notifications::id.eq(id))).execute(conn)?;
    if gone == 0 {
        return Err(diesel::result::Error::NotFound);
    }
    advance(conn, recipient, now)
}

fn news_if(conn: &mut Connection, changed: bool, recipient: UserId, now: Millis) -> QueryResult<News> {
    if changed { advance(conn, recipient, now) } else { Ok(News::none()) }
}
