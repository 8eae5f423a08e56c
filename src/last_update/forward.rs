//! The one statement that moves stamps: always forward, also when two changes share a millisecond or a clock was set back.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::Stamp;
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::ids::UserId;

/// PostgreSQL's own clock in Unix milliseconds. Instances may disagree about the time, and the sweep asks whose stamp
/// moved lately: only if one clock gives the stamps and is asked by the sweep is nobody overlooked.
pub const SERVER_CLOCK: &str = "int8(date_part('epoch', clock_timestamp()) * 1000)";

/// `max(now, last + 1)` for the users that `Rows` says.
///
/// Diesel's own UPDATE is read and planned anew each time, because it may set something else each time, and that was the
/// greater part of what a follow cost PostgreSQL. This one always sets the same, so it is kept as a prepared statement. Written
/// for each engine, because each has its own clock.
#[derive(QueryId)]
pub struct Forward<Rows> {
    /// The condition that they meet.
    pub rows: Rows,
    /// Now, where the database has no clock of its own.
    pub now: Millis,
}

impl<Rows> Query for Forward<Rows> {
    type SqlType = (BigInt, BigInt);
}

impl<Rows, Conn> RunQueryDsl<Conn> for Forward<Rows> {}

const RETURNING: &str = " RETURNING users.id, users.last_update";

impl<Rows: QueryFragment<Pg>> QueryFragment<Pg> for Forward<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE users SET last_update = greatest(users.last_update + 1, ");
        out.push_sql(SERVER_CLOCK);
        out.push_sql(") WHERE ");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(RETURNING);
        Ok(())
    }
}

impl<Rows: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Forward<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE users SET last_update = max(users.last_update + 1, ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(") WHERE ");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(RETURNING);
        Ok(())
    }
}

/// Moves the stamps of `rows`; who that were, and their new stamps, come back.
pub fn forward<Rows>(conn: &mut Connection, rows: Rows, now: Millis) -> QueryResult<Vec<(UserId, Stamp)>>
where
    Rows: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId,
{
    let moved = Forward { rows, now };
    on_either!(conn, |conn| moved.load(conn))
}
