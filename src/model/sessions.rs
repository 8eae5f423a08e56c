//! Sessions. A row is found by the hash of the secret in the cookie, and only while it lives.

use diesel::prelude::*;

use super::{SessionId, UserId};
use crate::clock::{HOUR, Millis};
use crate::db::Connection;
use crate::last_update::{News, Stamp, advance, lock};
use crate::schema::{sessions, users};
use crate::token::{Token, TokenHash};

/// How much of [`crate::token::IDLE`] must be used up before a page is worth a write that gives it back.
pub const RENEW_AFTER: Millis = HOUR;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A cookie in a browser.
    Browser,
    /// A bearer token of a program.
    Program,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Browser => "browser",
            Kind::Program => "program",
        }
    }
}

/// A living session and whose it is.
#[derive(Debug, Clone, Queryable)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp at this moment.
    pub last_update: Stamp,
}

/// A session as its owner sees it listed.
#[derive(Debug, Clone, Queryable)]
pub struct Listed {
    /// Which.
    pub id: SessionId,
    /// `browser` or `program`.
    pub kind: String,
    /// When it was signed in, in Unix milliseconds.
    pub created_at: Millis,
    /// When a page was last opened with it, to the hour, in Unix milliseconds.
    pub seen_at: Millis,
}

/// Opens the session of `token` for `user`, and clears away those of anybody that have ended.
pub fn open(conn: &mut Connection, user: UserId, kind: Kind, token: &Token, now: Millis) -> QueryResult<()> {
    clear_away(conn, now)?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(token.hash().as_slice()),
            sessions::user_id.eq(user),
            sessions::kind.eq(kind.as_str()),
            sessions::created_at.eq(now),
            sessions::seen_at.eq(now),
            sessions::idle_expires_at.eq(token.idle_expires_at),
            sessions::expires_at.eq(token.expires_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Removes sessions that have ended, some at a time. What somebody else is busy with is left for the next time: it may be
/// a stranger's, and to wait for it would be to wait for each other.
fn clear_away(conn: &mut Connection, now: Millis) -> QueryResult<()> {
    // In the order of their ends, so that the index on those is used: PostgreSQL would rather read the table from its start and
    // hope to meet enough of them.
    let ended = sessions::table.filter(sessions::idle_expires_at.le(now)).select(sessions::id).order(sessions::idle_expires_at).limit(1_000);
    let ended: Vec<SessionId> = match conn {
        Connection::Postgres(conn) => ended.for_update().skip_locked().load(conn)?,
        Connection::Sqlite(conn) => ended.load(conn)?,
    };
    if !ended.is_empty() {
        diesel::delete(sessions::table.filter(sessions::id.eq_any(ended))).execute(conn)?;
    }
    Ok(())
}

/// The living session of this secret; `None` if it was revoked or has ended.
pub fn find(conn: &mut Connection, token_hash: &TokenHash, now: Millis) -> QueryResult<Option<Session>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::token_hash.eq(token_hash.as_slice()))
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, users::id, users::username, users::last_update))
        .first(conn)
        .optional()
}

/// Lets a session live until `idle_expires_at`: a person opened a page.
pub fn renew(conn: &mut Connection, id: SessionId, now: Millis, idle_expires_at: Millis) -> QueryResult<()> {
    diesel::update(sessions::table.find(id)).set((sessions::seen_at.eq(now), sessions::idle_expires_at.eq(idle_expires_at))).execute(conn)?;
    Ok(())
}

/// The living sessions of `user`, newest first.
pub fn list(conn: &mut Connection, user: UserId, now: Millis) -> QueryResult<Vec<Listed>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, sessions::kind, sessions::created_at, sessions::seen_at))
        .order(sessions::id.desc())
        .limit(100)
        .load(conn)
}

/// Ends one session of `user`. Its tabs hear of it at the next poll. A repeat, or one that is not theirs: nothing.
pub fn revoke(conn: &mut Connection, user: UserId, id: SessionId, now: Millis) -> QueryResult<News> {
    lock(conn, &[user])?;
    let gone = diesel::delete(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.eq(id))).execute(conn)?;
    if gone == 0 { Ok(News::none()) } else { advance(conn, user, now) }
}

/// Ends every session of `user` but `kept`.
pub fn revoke_others(conn: &mut Connection, user: UserId, kept: SessionId, now: Millis) -> QueryResult<News> {
    lock(conn, &[user])?;
    let gone = diesel::delete(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.ne(kept))).execute(conn)?;
    if gone == 0 { Ok(News::none()) } else { advance(conn, user, now) }
}
