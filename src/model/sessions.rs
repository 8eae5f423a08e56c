//! The table `sessions`. A row is found by the hash of the secret in the cookie, and only until it expires or is revoked.

use diesel::prelude::*;

use super::revocations;
use crate::clock::Millis;
use crate::db::{Change, Connection, load_unlocked};
use crate::ids::{SessionId, Stamp, UserId};
use crate::schema::{sessions, users};
use crate::stamps::{database_now, lock};

/// SHA-256 of a session's secret.
pub type TokenHash = [u8; 32];

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SessionKind {
    /// A cookie in a browser.
    Browser,
    /// A bearer token of a program.
    Program,
}

/// An active session, and whose it is.
#[derive(Debug, Clone, Queryable)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When it ends unless it is renewed, in Unix milliseconds.
    pub idle_expires_at: Millis,
    /// When it was last used, to the hour, in Unix milliseconds.
    pub seen_at: Millis,
    /// Whose it is.
    pub user: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp at this moment.
    pub last_update: Stamp,
}

/// A session as its owner sees it listed.
#[derive(Debug, Clone, Queryable)]
pub struct ListedSession {
    /// Its id.
    pub id: SessionId,
    /// `browser` or `program`.
    pub kind: String,
    /// When it was opened by signing in, in Unix milliseconds.
    pub created_at: Millis,
    /// When it was last used for anything but polls, to the hour, in Unix milliseconds.
    pub seen_at: Millis,
    /// What it was opened with, in words; `None` if that is not known.
    pub client: Option<String>,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub kind: SessionKind,
    /// The hash of its secret.
    pub token_hash: TokenHash,
    /// When it ends unless it is renewed, in Unix milliseconds.
    pub idle_expires_at: Millis,
    /// When it ends in any case, in Unix milliseconds.
    pub expires_at: Millis,
    /// What it is opened with, in words, at most 60 characters; `None` if that is not known.
    pub client: Option<String>,
}

/// Opens a session, and deletes some that ended long ago, whosever they are.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, new: &NewSession) -> QueryResult<()> {
    delete_ended(tx)?;
    let now = tx.now();
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(new.token_hash.as_slice()),
            sessions::user_id.eq(new.user),
            sessions::kind.eq(<&str>::from(new.kind)),
            sessions::created_at.eq(now),
            sessions::seen_at.eq(now),
            sessions::idle_expires_at.eq(new.idle_expires_at),
            sessions::expires_at.eq(new.expires_at),
            sessions::client.eq(new.client.as_deref()),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Deletes up to a thousand sessions that have ended for certain, by this machine's clock and by the database's: one jump of a clock must not
/// delete what is alive once the clock is right again. Rows that another transaction has locked are skipped: they may be a stranger's, and
/// two that sign in could each wait for the other.
fn delete_ended(tx: &mut Change<'_>) -> QueryResult<()> {
    let Some(past) = tx.long_past() else { return Ok(()) };
    let past = database_now(tx.conn(), past)?.min(past);
    // Ordered, so that the index on the ends is used. Otherwise PostgreSQL reads the table from its start until it has met enough.
    let ended = sessions::table.filter(sessions::idle_expires_at.le(past)).select(sessions::id).order(sessions::idle_expires_at).limit(1_000);
    let ended: Vec<SessionId> = load_unlocked!(tx.conn(), ended)?;
    if !ended.is_empty() {
        diesel::delete(sessions::table.filter(sessions::id.eq_any(ended))).execute(tx.conn())?;
    }
    Ok(())
}

/// The active session of this secret; `None` if it was revoked, or has expired at `now` (Unix milliseconds).
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Connection, token_hash: &TokenHash, now: Millis) -> QueryResult<Option<Session>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::token_hash.eq(token_hash.as_slice()))
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, sessions::idle_expires_at, sessions::seen_at, users::id, users::username, users::last_update))
        .first(conn)
        .optional()
}

/// Whether that session of `user` is still there.
///
/// # Errors
/// Those of the database.
pub fn exists(conn: &mut Connection, user: UserId, id: SessionId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(sessions::table.find(id).filter(sessions::user_id.eq(user)))).get_result(conn)
}

/// A session was used just now, and lives until `idle_expires_at` (Unix milliseconds).
///
/// # Errors
/// Those of the database.
pub fn renew(tx: &mut Change<'_>, id: SessionId, idle_expires_at: Millis) -> QueryResult<()> {
    let renewed = (sessions::seen_at.eq(tx.now()), sessions::idle_expires_at.eq(idle_expires_at));
    diesel::update(sessions::table.find(id)).set(renewed).execute(tx.conn())?;
    Ok(())
}

/// The sessions of `user` that are active at `now` (Unix milliseconds), newest first, at most a hundred.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Connection, user: UserId, now: Millis) -> QueryResult<Vec<ListedSession>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, sessions::kind, sessions::created_at, sessions::seen_at, sessions::client))
        .order(sessions::id.desc())
        .limit(100)
        .load(conn)
}

/// Revokes one session of `user`. Their stamp advances: only then does a poll read the session's row, and find it gone.
///
/// Its tabs are signed out at their next poll. A repeat, or somebody else's session: nothing happens.
///
/// # Errors
/// Those of the database.
pub fn revoke(tx: &mut Change<'_>, user: UserId, id: SessionId) -> QueryResult<()> {
    lock(tx, &[user])?;
    let deleted = diesel::delete(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.eq(id))).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}

/// Revokes the session of this secret, as [`revoke`] does.
///
/// # Errors
/// Those of the database.
pub fn revoke_token(tx: &mut Change<'_>, user: UserId, token_hash: &TokenHash) -> QueryResult<()> {
    lock(tx, &[user])?;
    let theirs = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::token_hash.eq(token_hash.as_slice()));
    let deleted = diesel::delete(theirs).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}

/// Revokes every session of `user`.
///
/// # Errors
/// Those of the database.
pub fn revoke_all(tx: &mut Change<'_>, user: UserId) -> QueryResult<()> {
    // No session has this id.
    revoke_others(tx, user, SessionId(0))
}

/// Revokes every session of `user` but `kept`.
///
/// # Errors
/// Those of the database.
pub fn revoke_others(tx: &mut Change<'_>, user: UserId, kept: SessionId) -> QueryResult<()> {
    lock(tx, &[user])?;
    let deleted = diesel::delete(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.ne(kept))).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}
