//! A notification to be made, and how the INSERT of it for several begins.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};

use crate::ids::{PostId, UserId};

/// A notification to be made.
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// Who did something; `None` where nobody did.
    pub actor: Option<UserId>,
    /// The stored name of its kind.
    pub kind: &'static str,
    /// What it is about, such as `follow:7`. A recipient has at most one notification per key: a new one replaces it. `None`: it
    /// replaces nothing.
    pub group_key: Option<String>,
    /// The post that it is about; `None`: it is about none.
    pub post: Option<PostId>,
}

/// The columns of the INSERT and what goes into them, up to that of `created_at`. The rest selects the recipients with their new stamps.
pub(super) struct InsertStart<'a> {
    /// What to insert.
    pub notification: &'a NewNotification,
}

impl<'a> InsertStart<'a> {
    /// Not of the trait `QueryFragment`, because what is bound must live as long as the notification.
    pub fn walk_ast<'b, DB>(&self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        'a: 'b,
        DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
        Option<UserId>: ToSql<Nullable<BigInt>, DB>,
        Option<PostId>: ToSql<Nullable<BigInt>, DB>,
        Option<String>: ToSql<Nullable<Text>, DB>,
        &'static str: ToSql<Text, DB>,
    {
        let notification = self.notification;
        out.push_sql("INSERT INTO notifications (recipient_id, actor_id, kind, group_key, post_id, stamp, created_at) SELECT id, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&notification.actor)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&notification.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&notification.group_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&notification.post)?;
        out.push_sql(", last_update, ");
        Ok(())
    }
}
