//! Counting no further than anybody wants to know.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::db::{Connection, on_either};

/// How many rows a query has that says itself where it ends.
#[derive(QueryId)]
struct Count<Rows>(Rows);

impl<Rows> Query for Count<Rows> {
    type SqlType = BigInt;
}

impl<Rows, Conn> RunQueryDsl<Conn> for Count<Rows> {}

impl<DB: Backend, Rows: QueryFragment<DB>> QueryFragment<DB> for Count<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// How many `rows` there are, which should have a limit: to count a hundred thousand takes longer than all else that a page
/// asks, and nobody reads such a number to its end.
pub fn count<Rows>(conn: &mut Connection, rows: Rows) -> QueryResult<i64>
where
    Rows: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId,
{
    let count = Count(rows);
    on_either!(conn, |conn| count.get_result(conn))
}
