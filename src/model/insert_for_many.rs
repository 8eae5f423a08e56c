//! The INSERT of the same notification for many, whose stamps advance with it: a batch of a delivery.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::insert_for_told::InsertForTold;
use super::new_notification::{InsertStart, NewNotification};
use crate::clock::Millis;
use crate::stamps::AdvanceStatement;

/// On PostgreSQL: advances the stamps of `told`, and inserts the notification for all of them, in one round trip.
///
/// Returns the id of each, their new stamp, and how many notifications were inserted in all.
pub struct AdvanceAndInsertForMany<'a, Recipients> {
    /// Whose inbox they go into.
    pub told: AdvanceStatement<Recipients>,
    /// What to insert.
    pub notification: InsertForTold<'a>,
}

// Written out because the derive asks for a 'static type.
impl<Recipients: QueryId> QueryId for AdvanceAndInsertForMany<'_, Recipients> {
    type QueryId = AdvanceAndInsertForMany<'static, Recipients::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Recipients::HAS_STATIC_QUERY_ID;
}

impl<Recipients> Query for AdvanceAndInsertForMany<'_, Recipients> {
    type SqlType = (BigInt, BigInt, BigInt);
}

impl<Recipients> RunQueryDsl<PgConnection> for AdvanceAndInsertForMany<'_, Recipients> {}

impl<Recipients: QueryFragment<Pg>> QueryFragment<Pg> for AdvanceAndInsertForMany<'_, Recipients> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH told AS (");
        self.told.walk_ast(out.reborrow())?;
        out.push_sql("), inserted AS (");
        self.notification.walk_ast(out.reborrow())?;
        out.push_sql(") SELECT id, last_update, (SELECT count(*) FROM inserted) FROM told");
        Ok(())
    }
}

/// On SQLite: inserts the notification for all `recipients`, whose stamps have advanced.
pub struct InsertForMany<'a, Recipients> {
    /// What to insert.
    pub notification: &'a NewNotification,
    /// Now, in Unix milliseconds.
    pub now: Millis,
    /// The condition that finds the users.
    pub recipients: Recipients,
}

// The condition has as many values as there are recipients, so the statement is not kept.
impl<Recipients> QueryId for InsertForMany<'_, Recipients> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Recipients> RunQueryDsl<SqliteConnection> for InsertForMany<'_, Recipients> {}

impl<Recipients: QueryFragment<Sqlite>> QueryFragment<Sqlite> for InsertForMany<'_, Recipients> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        InsertStart { notification: self.notification }.walk_ast(out.reborrow())?;
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" FROM users WHERE ");
        self.recipients.walk_ast(out.reborrow())?;
        out.push_sql(" ORDER BY id ON CONFLICT DO NOTHING");
        Ok(())
    }
}
