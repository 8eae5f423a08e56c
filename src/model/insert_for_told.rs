//! The INSERT of a notification as a part of the statement that causes it.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};

use super::notifications::NewNotification;
use crate::stamps::SERVER_CLOCK;

/// Inserts `notification` as a part of the statement that causes it, on PostgreSQL, where each statement is a round trip: for whoever
/// is in its common table expression `told`, which has their `id` and their new `last_update`. Like `insert_unless_taken`, it
/// returns nothing if another has the group key.
pub struct InsertForTold<'a> {
    /// What to insert. Its recipient must be the one in `told`.
    pub notification: &'a NewNotification,
}

// Written out because the derive asks for a 'static type.
impl QueryId for InsertForTold<'_> {
    type QueryId = InsertForTold<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for InsertForTold<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO notifications (recipient_id, actor_id, kind, group_key, stamp, created_at) SELECT id, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.notification.actor)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.notification.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.notification.group_key)?;
        out.push_sql(", last_update, least(last_update, ");
        out.push_sql(SERVER_CLOCK);
        out.push_sql(") FROM told ON CONFLICT DO NOTHING RETURNING id");
        Ok(())
    }
}
