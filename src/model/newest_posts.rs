//! The ids of the newest posts out of several sources, each by an index of its own.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};

use crate::db::{Connection, on_either};
use crate::ids::{PostId, UserId};

/// Posts that somebody may see. Each is one branch of a UNION, which reads at most one page of its index: as one condition with ORs, an author's
/// million direct posts to others would be read for the few that a viewer may see.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// Everything by this author, who asks.
    Own(UserId),
    /// What this author posted for everybody.
    Public(UserId),
    /// Direct posts from one to another.
    Direct {
        /// Who wrote them.
        from: UserId,
        /// Who is named in them.
        to: UserId,
    },
    /// Direct posts to this user from those whom they follow.
    DirectFromFollowees(UserId),
}

/// The `limit` newest posts of all `sources` together with an id less than `before`.
#[derive(Debug, Clone)]
pub struct NewestPosts {
    /// Where from.
    pub sources: Vec<Source>,
    /// The cursor.
    pub before: PostId,
    /// How many.
    pub limit: i64,
}

impl NewestPosts {
    /// Their ids, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(self, conn: &mut Connection) -> QueryResult<Vec<PostId>> {
        on_either!(conn, |conn| RunQueryDsl::load(self, conn))
    }
}

// There are as many branches as sources, so the statement is not kept.
impl QueryId for NewestPosts {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for NewestPosts {
    type SqlType = BigInt;
}

impl<Conn> RunQueryDsl<Conn> for NewestPosts {}

impl<DB> QueryFragment<DB> for NewestPosts
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
    UserId: ToSql<BigInt, DB>,
    PostId: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT id FROM (");
        for (n, source) in self.sources.iter().enumerate() {
            out.push_sql(if n == 0 { "SELECT id FROM (" } else { " UNION SELECT id FROM (" });
            source.walk(&self.before, &self.limit, &mut out)?;
            out.push_sql(") AS source");
        }
        out.push_sql(") AS posts_of_all ORDER BY id DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl Source {
    fn walk<'b, DB>(&'b self, before: &'b PostId, limit: &'b i64, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt>,
        i64: ToSql<BigInt, DB>,
        UserId: ToSql<BigInt, DB>,
        PostId: ToSql<BigInt, DB>,
    {
        const DIRECT: &str = "SELECT post_id AS id FROM post_recipients JOIN posts ON posts.id = post_id AND posts.direct AND deleted_at IS NULL";
        match self {
            Source::Own(author) => {
                out.push_sql("SELECT id FROM posts WHERE deleted_at IS NULL AND author_id = ");
                out.push_bind_param::<BigInt, _>(author)?;
                out.push_sql(" AND id < ");
            }
            Source::Public(author) => {
                out.push_sql("SELECT id FROM posts WHERE NOT direct AND deleted_at IS NULL AND author_id = ");
                out.push_bind_param::<BigInt, _>(author)?;
                out.push_sql(" AND id < ");
            }
            Source::Direct { from, to } => {
                out.push_sql(DIRECT);
                out.push_sql(" AND author_id = ");
                out.push_bind_param::<BigInt, _>(from)?;
                out.push_sql(" WHERE user_id = ");
                out.push_bind_param::<BigInt, _>(to)?;
                out.push_sql(" AND post_id < ");
            }
            Source::DirectFromFollowees(to) => {
                out.push_sql(DIRECT);
                out.push_sql(" JOIN follows ON followee_id = author_id AND follower_id = user_id WHERE user_id = ");
                out.push_bind_param::<BigInt, _>(to)?;
                out.push_sql(" AND post_id < ");
            }
        }
        out.push_bind_param::<BigInt, _>(before)?;
        out.push_sql(" ORDER BY 1 DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(limit)
    }
}
