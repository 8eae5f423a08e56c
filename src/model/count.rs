//! Counting with a limit.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::db::{Connection, on_either};

/// `SELECT count(*)` of a query that has a LIMIT.
#[derive(QueryId)]
struct CountStatement<Rows>(Rows);

impl<Rows> Query for CountStatement<Rows> {
    type SqlType = BigInt;
}

impl<Rows, Conn> RunQueryDsl<Conn> for CountStatement<Rows> {}

impl<DB: Backend, Rows: QueryFragment<DB>> QueryFragment<DB> for CountStatement<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// How many `rows` there are. They should have a LIMIT: counting a hundred thousand takes longer than everything else that a page asks,
/// and nobody reads such a number to its end.
///
/// # Errors
/// Those of the database.
pub fn count<Rows>(conn: &mut Connection, rows: Rows) -> QueryResult<i64>
where
    Rows: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId,
{
    let statement = CountStatement(rows);
    on_either!(conn, |conn| statement.get_result(conn))
}
