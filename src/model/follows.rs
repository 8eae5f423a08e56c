//! The table `follows`: who follows whom.

use diesel::dsl::{exists, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::Sqlite;

use crate::clock::Millis;
use crate::db::{Change, Connection, on_either};
use crate::ids::{Stamp, UserId};
use crate::model::insert_for_told::InsertForTold;
use crate::model::notifications::{Caused, NewNotification};
use crate::schema::{follows, users};
use crate::stamps::{AdvanceStatement, SERVER_CLOCK, advance_if, advance_rows, lock};

/// Inserts the follow, and advances the followee's stamp. A repeat changes nothing. Where it costs nothing more, the `notification` of
/// it is inserted as well; the gate ([`crate::domain::notify`]) does the rest.
///
/// The stamp comes first, because that locks the followee's inbox ([`lock`]). If it were locked after the insert, this and a
/// deletion of the account at the same moment could each wait for the other.
///
/// # Errors
/// `NotFound` if either is gone. The two must differ, or the table's CHECK refuses. A transaction that failed must not go on.
pub fn insert(tx: &mut Change<'_>, follower: UserId, followee: UserId, notification: &NewNotification) -> QueryResult<Caused> {
    let inserted = match tx.conn() {
        Connection::Postgres(_) => insert_in_one_statement(tx, follower, followee, notification),
        Connection::Sqlite(_) => insert_in_two_statements(tx, follower, followee),
    };
    let inserted = inserted.map_err(|cause| match cause {
        // One of the two accounts was deleted at this very moment.
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => DieselError::NotFound,
        other => other,
    });
    match inserted? {
        Some(inserted) => Ok(inserted),
        // They follow already, or there is nobody.
        None => users::table.find(followee).select(users::id).first::<UserId>(tx.conn()).map(|_| Caused::Nothing),
    }
}

/// The condition that finds the followee's row, unless the follow exists already.
fn if_not_following(follower: UserId, followee: UserId) -> impl QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId {
    users::id.eq(followee).and(not(exists(pair(follower, followee))))
}

fn insert_in_two_statements(tx: &mut Change<'_>, follower: UserId, followee: UserId) -> QueryResult<Option<Caused>> {
    advance_rows(tx, if_not_following(follower, followee))?;
    if tx.stamp_of(followee).is_none() {
        return Ok(None);
    }
    let row = (follows::follower_id.eq(follower), follows::followee_id.eq(followee), follows::created_at.eq(tx.now()));
    let inserted = on_either!(tx.conn(), |conn| diesel::insert_into(follows::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(Some(if inserted > 0 { Caused::New } else { Caused::Nothing }))
}

/// The same as one statement, with the notification, because on a server each statement is a round trip.
fn insert_in_one_statement(tx: &mut Change<'_>, follower: UserId, followee: UserId, notification: &NewNotification) -> QueryResult<Option<Caused>> {
    let statement = AdvanceAndInsert {
        followee: AdvanceStatement { rows: if_not_following(follower, followee), now: 0 },
        follower,
        notification: InsertForTold { notification },
    };
    let Connection::Postgres(conn) = tx.conn() else { return Ok(None) };
    let done: Option<(Stamp, bool, bool)> = statement.get_result(conn).optional()?;
    Ok(done.map(|(stamp, has_follow, has_notification)| {
        tx.touch(followee, stamp);
        match (has_follow, has_notification) {
            (false, _) => Caused::Nothing,
            (true, false) => Caused::New,
            (true, true) => Caused::NewAndNotified,
        }
    }))
}

/// [`insert_in_two_statements`] in one, of which each step takes what the one before returns. Of two that run at the same instant, both
/// may advance the stamp; one of them then finds the other's follow.
#[derive(QueryId)]
struct AdvanceAndInsert<Advance, Notification> {
    followee: Advance,
    follower: UserId,
    notification: Notification,
}

impl<Advance, Notification> Query for AdvanceAndInsert<Advance, Notification> {
    type SqlType = (BigInt, Bool, Bool);
}

impl<Advance, Notification> RunQueryDsl<PgConnection> for AdvanceAndInsert<Advance, Notification> {}

impl<Advance: QueryFragment<Pg>, Notification: QueryFragment<Pg>> QueryFragment<Pg> for AdvanceAndInsert<Advance, Notification> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH followee AS (");
        self.followee.walk_ast(out.reborrow())?;
        out.push_sql("), follow AS (INSERT INTO follows (follower_id, followee_id, created_at) SELECT ");
        out.push_bind_param::<BigInt, _>(&self.follower)?;
        out.push_sql(", id, ");
        out.push_sql(SERVER_CLOCK);
        out.push_sql(" FROM followee ON CONFLICT DO NOTHING RETURNING id) ");
        out.push_sql(", told AS (SELECT id, last_update FROM followee WHERE EXISTS (SELECT FROM follow)), notification AS (");
        self.notification.walk_ast(out.reborrow())?;
        out.push_sql(") SELECT last_update, EXISTS (SELECT FROM follow), EXISTS (SELECT FROM notification) FROM followee");
        Ok(())
    }
}

/// Deletes the follow. Returns when it was made, in Unix milliseconds; `None` if there was none. The followee's inbox is locked from here on.
///
/// # Errors
/// Those of the database.
pub fn delete(tx: &mut Change<'_>, follower: UserId, followee: UserId) -> QueryResult<Option<Millis>> {
    lock(tx, &[followee])?;
    diesel::delete(pair(follower, followee)).returning(follows::created_at).get_result(tx.conn()).optional()
}

/// When `follower` made their newest follows, in Unix milliseconds, newest first, at most `limit` of them.
///
/// # Errors
/// Those of the database.
pub fn newest(conn: &mut Connection, follower: UserId, limit: i64) -> QueryResult<Vec<Millis>> {
    follows::table.filter(follows::follower_id.eq(follower)).select(follows::created_at).order(follows::id.desc()).limit(limit).load(conn)
}

/// Who follows `author` and wants to be told of their posts, in the order of their ids: up to `limit` of them after the user `after`.
///
/// # Errors
/// Those of the database.
pub fn told(conn: &mut Connection, author: UserId, after: UserId, limit: i64) -> QueryResult<Vec<UserId>> {
    let told = follows::table.filter(follows::followee_id.eq(author)).filter(follows::notify).filter(follows::follower_id.gt(after));
    told.select(follows::follower_id).order(follows::follower_id).limit(limit).load(conn)
}

/// Somebody named in a direct post, who may be.
#[derive(Debug, Clone, Queryable)]
pub struct NamedFollower {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Whether they want to be told of the author's posts; `None`: they are the author.
    pub notify: Option<bool>,
}

/// Who of those with these names follows `author`, or is `author`, in the order of their ids.
///
/// # Errors
/// Those of the database.
pub fn named(conn: &mut Connection, author: UserId, names: &[&str]) -> QueryResult<Vec<NamedFollower>> {
    let follow_of_author = follows::follower_id.eq(users::id).and(follows::followee_id.eq(author));
    let named = users::table.left_join(follows::table.on(follow_of_author)).filter(users::username.eq_any(names));
    let columns = (users::id, users::username, follows::notify.nullable());
    named.filter(users::id.eq(author).or(follows::id.nullable().is_not_null())).select(columns).order(users::id).load(conn)
}

/// Sets whether `follower` is told of the posts of `followee`. Their inbox offers it, so their stamp advances. A repeat changes nothing. Returns
/// whether they follow them.
///
/// # Errors
/// Those of the database.
pub fn set_notify(tx: &mut Change<'_>, follower: UserId, followee: UserId, notify: bool) -> QueryResult<bool> {
    lock(tx, &[follower])?;
    let other = pair(follower, followee).filter(follows::notify.ne(notify));
    let changed = diesel::update(other).set(follows::notify.eq(notify)).execute(tx.conn())? > 0;
    advance_if(tx, changed, follower)?;
    if changed { Ok(true) } else { is_following(tx.conn(), follower, followee) }
}

/// Whether `follower` is told of the posts of `followee`; `None` if they do not follow them.
///
/// # Errors
/// Those of the database.
pub fn is_told(conn: &mut Connection, follower: UserId, followee: UserId) -> QueryResult<Option<bool>> {
    pair(follower, followee).select(follows::notify).first(conn).optional()
}

/// Whom of `authors` `follower` is told of: they follow them, and not quietly.
///
/// # Errors
/// Those of the database.
pub fn told_of(conn: &mut Connection, follower: UserId, authors: &[UserId]) -> QueryResult<Vec<UserId>> {
    let told = follows::table.filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq_any(authors)).filter(follows::notify);
    told.select(follows::followee_id).load(conn)
}

/// The names of those whom `follower` follows quietly, newest follow first, at most `limit` of them.
///
/// # Errors
/// Those of the database.
pub fn quiet(conn: &mut Connection, follower: UserId, limit: i64) -> QueryResult<Vec<String>> {
    let quiet = follows::table.filter(follows::follower_id.eq(follower)).filter(not(follows::notify));
    let named = quiet.inner_join(users::table.on(users::id.eq(follows::followee_id)));
    named.select(users::username).order(follows::id.desc()).limit(limit).load(conn)
}

/// Whether `follower` follows anybody.
///
/// # Errors
/// Those of the database.
pub fn follows_anybody(conn: &mut Connection, follower: UserId) -> QueryResult<bool> {
    diesel::select(exists(follows::table.filter(follows::follower_id.eq(follower)))).get_result(conn)
}

/// Whether `follower` follows `followee`.
///
/// # Errors
/// Those of the database.
pub fn is_following(conn: &mut Connection, follower: UserId, followee: UserId) -> QueryResult<bool> {
    diesel::select(exists(pair(follower, followee))).get_result(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn pair(follower: UserId, followee: UserId) -> _ {
    follows::table.filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq(followee))
}
