//! Whom somebody follows, by when those posted last.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable};

use crate::db::{Connection, on_either};
use crate::ids::{PostId, UserId};

/// Those whom `viewer` follows and whose newest public posts before `before` are the `limit` newest.
///
/// On the first page, all is read from the small table of newest posts. On later ones, whoever has posted since must be asked for an older post, by
/// index.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct LatestAuthors {
    /// Who follows.
    pub viewer: UserId,
    /// The cursor.
    pub before: PostId,
    /// How many.
    pub limit: i64,
}

impl LatestAuthors {
    /// Their ids.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(self, conn: &mut Connection) -> QueryResult<Vec<UserId>> {
        let rows: Vec<(UserId, Option<PostId>)> = on_either!(conn, |conn| RunQueryDsl::load(self, conn))?;
        Ok(rows.into_iter().filter(|(_, latest)| latest.is_some()).map(|(author, _)| author).collect())
    }
}

impl Query for LatestAuthors {
    type SqlType = (BigInt, Nullable<BigInt>);
}

impl<Conn> RunQueryDsl<Conn> for LatestAuthors {}

impl<DB> QueryFragment<DB> for LatestAuthors
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
    UserId: ToSql<BigInt, DB>,
    PostId: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT latest_posts.author_id, CASE WHEN latest_posts.post_id < ");
        out.push_bind_param::<BigInt, _>(&self.before)?;
        out.push_sql(" THEN latest_posts.post_id ELSE (SELECT id FROM posts WHERE NOT direct AND deleted_at IS NULL");
        out.push_sql(" AND posts.author_id = latest_posts.author_id AND id < ");
        out.push_bind_param::<BigInt, _>(&self.before)?;
        out.push_sql(" ORDER BY id DESC LIMIT 1) END FROM follows JOIN latest_posts ON latest_posts.author_id = followee_id WHERE follower_id = ");
        out.push_bind_param::<BigInt, _>(&self.viewer)?;
        out.push_sql(" ORDER BY 2 DESC NULLS LAST LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
