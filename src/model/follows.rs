//! Following, and no longer following: two verbs, each safe to repeat.

use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::Sqlite;

use super::UserId;
use super::notifications::{self, Kind};
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::last_update::{Forward, News, Stamp, forward, lock};
use crate::schema::{follows, users};

/// `follower` follows `followee`, who hears of it. Returns whether that is new; a repeat changes nothing.
/// The two must differ, or the CHECK of the table refuses; `NotFound` if either is gone. Belongs in a write transaction,
/// which must not go on after an error.
pub fn follow(conn: &mut Connection, follower: UserId, followee: UserId, now: Millis) -> QueryResult<(bool, News)> {
    let attempt = Attempt { follower, followee, now };
    let outcome = match conn {
        Connection::Postgres(conn) => attempt.at_once(conn),
        Connection::Sqlite(_) => attempt.step_by_step(conn),
    };
    let outcome = outcome.map_err(|cause| match cause {
        // Left in this very moment.
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => DieselError::NotFound,
        other => other,
    });
    let Some(Outcome { stamp, is_new, is_told }) = outcome? else {
        // They do already, or there is nobody.
        users::table.find(followee).select(users::id).first::<UserId>(conn)?;
        return Ok((false, News::none()));
    };
    let news = News::of(vec![(followee, stamp)]);
    if !is_new {
        return Ok((false, news));
    }
    if !is_told {
        notifications::make_way(conn, followee, follower, Kind::Follow)?;
        notifications::tell(conn, followee, follower, Kind::Follow, stamp)?;
    }
    Ok((true, news.telling(Kind::Follow.as_str())))
}

/// Who wants to follow whom, and when.
struct Attempt {
    follower: UserId,
    followee: UserId,
    now: Millis,
}

/// What came of it where the stamp was advanced.
#[derive(Queryable)]
struct Outcome {
    stamp: Stamp,
    /// Of two that ask at the same instant both may get as far as the stamp; one of them finds the other's follow.
    is_new: bool,
    /// Whether no older line was in the way of the new one.
    is_told: bool,
}

impl Attempt {
    /// The followee's row, unless the follow is there already. The stamp is the first to be changed: that takes the inbox
    /// ([`lock`]).
    fn row(&self) -> impl QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId + use<> {
        let follow = follows::table.filter(follows::follower_id.eq(self.follower)).filter(follows::followee_id.eq(self.followee));
        users::id.eq(self.followee).and(not(diesel::dsl::exists(follow)))
    }

    fn step_by_step(&self, conn: &mut Connection) -> QueryResult<Option<Outcome>> {
        let &Attempt { follower, followee, now } = self;
        let Some((_, stamp)) = forward(conn, self.row(), now)?.pop() else { return Ok(None) };
        let row = (follows::follower_id.eq(follower), follows::followee_id.eq(followee), follows::created_at.eq(now));
        let inserted = on_either!(conn, |conn| diesel::insert_into(follows::table).values(row).on_conflict_do_nothing().execute(conn))?;
        let is_new = inserted > 0;
        let is_told = is_new && notifications::tell(conn, followee, follower, Kind::Follow, stamp)?;
        Ok(Some(Outcome { stamp, is_new, is_told }))
    }

    /// The same in one statement: on a server, each is a way there and back.
    fn at_once(&self, conn: &mut PgConnection) -> QueryResult<Option<Outcome>> {
        let &Attempt { follower, now, .. } = self;
        AtOnce { stamp: Forward { rows: self.row(), now }, follower, now }.get_result(conn).optional()
    }
}

/// [`Attempt::step_by_step`] in one statement, of which each step takes what the one before gives back.
#[derive(QueryId)]
struct AtOnce<Advance> {
    stamp: Advance,
    follower: UserId,
    now: Millis,
}

impl<Advance> Query for AtOnce<Advance> {
    type SqlType = (BigInt, Bool, Bool);
}

impl<Advance> RunQueryDsl<PgConnection> for AtOnce<Advance> {}

impl<Advance: QueryFragment<Pg>> QueryFragment<Pg> for AtOnce<Advance> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH followee AS (");
        self.stamp.walk_ast(out.reborrow())?;
        out.push_sql("), follow AS (INSERT INTO follows (follower_id, followee_id, created_at) SELECT ");
        out.push_bind_param::<BigInt, _>(&self.follower)?;
        out.push_sql(", id, ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" FROM followee ON CONFLICT DO NOTHING RETURNING follower_id), ");
        out.push_sql("line AS (INSERT INTO notifications (recipient_id, actor_id, kind, created_at) SELECT followee.id, follow.follower_id, ");
        out.push_bind_param::<Text, _>(&Kind::Follow)?;
        out.push_sql(", followee.last_update FROM followee CROSS JOIN follow ON CONFLICT DO NOTHING RETURNING id) ");
        out.push_sql("SELECT last_update, EXISTS (SELECT FROM follow), EXISTS (SELECT FROM line) FROM followee");
        Ok(())
    }
}

/// `follower` follows `followee` no longer; what `followee` has not read of it yet is taken back.
/// Returns whether there was a follow. Belongs in a write transaction.
pub fn unfollow(conn: &mut Connection, follower: UserId, followee: UserId, now: Millis) -> QueryResult<(bool, News)> {
    lock(conn, &[followee])?;
    let deleted = diesel::delete(follows::table).filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq(followee)).execute(conn)?;
    if deleted == 0 {
        return Ok((false, News::none()));
    }
    let news = notifications::take_back(conn, followee, follower, notifications::Kind::Follow, now)?;
    Ok((true, news))
}

/// Whether `follower` follows `followee`.
pub fn exists(conn: &mut Connection, follower: UserId, followee: UserId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(follows::table.filter(follows::follower_id.eq(follower)).filter(follows::followee_id.eq(followee)))).get_result(conn)
}
