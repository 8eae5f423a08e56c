//! Whether a notification may be seen at all.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;

/// It is not about a post that was deleted: the rows of those that had many recipients are there for a while yet.
///
/// It is an expression of its own because a query may join `posts` as well, and would then have that table twice. Of the posts, it reads only the
/// index on those that were deleted, which is nearly always empty.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct IsShown;

impl Expression for IsShown {
    type SqlType = Bool;
}

impl<From> AppearsOnTable<From> for IsShown {}

impl<Grouping> ValidGrouping<Grouping> for IsShown {
    type IsAggregate = is_aggregate::Never;
}

impl<DB: Backend> QueryFragment<DB> for IsShown {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("NOT EXISTS (SELECT 1 FROM posts AS deleted WHERE deleted.id = notifications.post_id AND deleted.deleted_at IS NOT NULL)");
        Ok(())
    }
}
