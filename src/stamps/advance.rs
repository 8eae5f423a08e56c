//! Moves stamps forward in their rows, and locks inboxes. Belongs in the transaction of the change itself.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::clock::Millis;
use crate::db::{Change, Connection, on_either};
use crate::ids::{Stamp, UserId};
use crate::schema::{notifications, users};

/// PostgreSQL's own clock in Unix milliseconds. Instances may disagree about the time, and the sweep asks whose stamp moved lately:
/// only if one clock both gives the stamps and is asked by the sweep is nobody overlooked.
pub const SERVER_CLOCK: &str = "int8(date_part('epoch', clock_timestamp()) * 1000)";

/// Now, by the clock that gives the stamps, in Unix milliseconds: the server's, or `now` where the database is a file on this machine.
pub fn database_now(conn: &mut Connection, now: Millis) -> QueryResult<Millis> {
    match conn {
        Connection::Postgres(conn) => diesel::select(sql::<BigInt>(SERVER_CLOCK)).get_result(conn),
        Connection::Sqlite(_) => Ok(now),
    }
}

/// The statement that moves stamps: `last_update = max(now, last_update + 1)` for the users that meet the condition `Rows`. It returns
/// their ids and new stamps.
///
/// Diesel never keeps its own UPDATE prepared, so the server parses and plans it each time, which was most of what a follow cost
/// PostgreSQL. This one has a query id, so it is kept. It is written out for each engine because each has its own clock.
#[derive(QueryId)]
pub struct AdvanceStatement<Rows> {
    /// Whose stamps.
    pub rows: Rows,
    /// Now, in Unix milliseconds. PostgreSQL uses its own clock instead.
    pub now: Millis,
}

impl<Rows> Query for AdvanceStatement<Rows> {
    type SqlType = (BigInt, BigInt);
}

impl<Rows, Conn> RunQueryDsl<Conn> for AdvanceStatement<Rows> {}

const RETURNING: &str = " RETURNING users.id, users.last_update";

impl<Rows: QueryFragment<Pg>> QueryFragment<Pg> for AdvanceStatement<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE users SET last_update = greatest(users.last_update + 1, ");
        out.push_sql(SERVER_CLOCK);
        out.push_sql(") WHERE ");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(RETURNING);
        Ok(())
    }
}

impl<Rows: QueryFragment<Sqlite>> QueryFragment<Sqlite> for AdvanceStatement<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE users SET last_update = max(users.last_update + 1, ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(") WHERE ");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(RETURNING);
        Ok(())
    }
}

/// Advances the stamps of the users that meet `rows`, and notes in `tx` who they were.
///
/// # Errors
/// Those of the database.
pub fn advance_rows<Rows>(tx: &mut Change<'_>, rows: Rows) -> QueryResult<()>
where
    Rows: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId,
{
    // Only SQLite's statement needs it. On PostgreSQL, `now` must not be read before the statement has locked the row.
    let now = if matches!(tx.conn(), Connection::Sqlite(_)) { tx.now() } else { 0 };
    let statement = AdvanceStatement { rows, now };
    let moved: Vec<(UserId, Stamp)> = on_either!(tx.conn(), |conn| statement.load(conn))?;
    moved.into_iter().for_each(|(user, stamp)| tx.touch(user, stamp));
    Ok(())
}

/// Advances the stamp of `user`, who is announced after the commit. Returns the new stamp; `None` if there is no such user.
///
/// A stamp moves once in a transaction: others see all of its changes at the same moment, so one advance tells of all.
///
/// # Errors
/// Those of the database.
pub fn advance(tx: &mut Change<'_>, user: UserId) -> QueryResult<Option<Stamp>> {
    if tx.stamp_of(user).is_none() {
        advance_rows(tx, users::id.eq(user))?;
    }
    Ok(tx.stamp_of(user))
}

/// [`advance`], if anything that `user` sees has `changed`.
///
/// # Errors
/// Those of the database.
pub fn advance_if(tx: &mut Change<'_>, changed: bool, user: UserId) -> QueryResult<()> {
    if changed {
        advance(tx, user)?;
    }
    Ok(())
}

/// Locks the owners' user rows until the commit, in id order. Locked in any other order, two transactions could each hold what the
/// other waits for.
///
/// Every change of an inbox begins with this, or with an advance of its stamp, which locks the row as well. So stamps, and the ids of
/// notifications, are given out in the order of the commits. On SQLite there is one writer at a time in any case.
///
/// # Errors
/// Those of the database; among them that a lock was waited for too long.
pub fn lock(tx: &mut Change<'_>, owners: &[UserId]) -> QueryResult<()> {
    if let Connection::Postgres(conn) = tx.conn() {
        let rows = users::table.filter(users::id.eq_any(owners)).order(users::id).select(users::id);
        rows.for_no_key_update().load::<UserId>(conn)?;
    }
    Ok(())
}

/// Advances the stamp of `actor`, whose account is being deleted, and of everybody who has a notification by them.
///
/// # Errors
/// Those of the database.
pub fn advance_with_recipients(tx: &mut Change<'_>, actor: UserId) -> QueryResult<()> {
    let recipients = || notifications::table.filter(notifications::actor_id.eq(actor)).select(notifications::recipient_id);
    // Only where there are row locks: the list of ids would exceed SQLite's limit of bound values.
    if matches!(tx.conn(), Connection::Postgres(_)) {
        let mut concerned: Vec<UserId> = recipients().load(tx.conn())?;
        concerned.push(actor);
        lock(tx, &concerned)?;
    }
    // The follows that they still make in another tab refer to their row. This lock waits for those, so that their recipients are told
    // as well, and it refuses later ones.
    if let Connection::Postgres(conn) = tx.conn() {
        users::table.find(actor).select(users::id).for_update().load::<UserId>(conn)?;
    }
    advance_rows(tx, users::id.eq_any(recipients()))?;
    // In a statement of its own: with an OR, PostgreSQL would read every user's row.
    advance(tx, actor)?;
    Ok(())
}
