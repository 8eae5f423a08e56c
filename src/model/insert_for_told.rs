//! The INSERT of a notification as a part of the statement that causes it, on PostgreSQL.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::new_notification::{InsertStart, NewNotification};
use crate::stamps::SERVER_CLOCK;

/// Inserts `notification` as a part of the statement that causes it, on PostgreSQL, where each statement is a round trip: for all
/// in its common table expression `told`, which has their `id` and new `last_update`. Like `insert_unless_taken`, it
/// returns nothing if another has the group key.
pub struct InsertForTold<'a> {
    /// What to insert.
    pub notification: &'a NewNotification,
}

// Written out because the derive asks for a 'static type.
impl QueryId for InsertForTold<'_> {
    type QueryId = InsertForTold<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for InsertForTold<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        InsertStart { notification: self.notification }.walk_ast(out.reborrow())?;
        out.push_sql("least(last_update, ");
        out.push_sql(SERVER_CLOCK);
        out.push_sql(") FROM told ON CONFLICT DO NOTHING RETURNING id");
        Ok(())
    }
}
