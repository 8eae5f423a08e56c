//! The table `users`: the accounts.

use diesel::prelude::*;

use super::{Username, deliveries, idempotency_keys, revocations};
use crate::db::{Change, Connection, on_either};
use crate::ids::{Stamp, UserId};
use crate::schema::users;
use crate::stamps::{advance_with_recipients, lock};

/// What signing in needs to know of somebody.
#[derive(Debug, Queryable)]
pub struct Credentials {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// argon2id as a PHC string.
    pub password_hash: String,
}

/// Makes an account. Returns its id; `None` if the name is taken.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, username: &Username, password_hash: &str) -> QueryResult<Option<UserId>> {
    let row = (users::username.eq(username.as_str()), users::password_hash.eq(password_hash), users::last_update.eq(0), users::created_at.eq(tx.now()));
    on_either!(tx.conn(), |conn| diesel::insert_into(users::table).values(row).on_conflict_do_nothing().returning(users::id).get_result(conn)).optional()
}

/// Whether `username` is taken.
///
/// # Errors
/// Those of the database.
pub fn is_taken(conn: &mut Connection, username: &Username) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.filter(users::username.eq(username.as_str())))).get_result(conn)
}

/// Up to `limit` users after the id `after`: ids and names, in the order of ids.
///
/// # Errors
/// Those of the database.
pub fn names(conn: &mut Connection, after: UserId, limit: i64) -> QueryResult<Vec<(UserId, String)>> {
    users::table.filter(users::id.gt(after)).select((users::id, users::username)).order(users::id).limit(limit).load(conn)
}

/// What to check a password against; `None` for a name that nobody has.
///
/// # Errors
/// Those of the database.
pub fn credentials(conn: &mut Connection, username: &Username) -> QueryResult<Option<Credentials>> {
    users::table.filter(users::username.eq(username.as_str())).select((users::id, users::username, users::password_hash)).first(conn).optional()
}

/// Whether `user` is still there with this very hash. If so, their row is locked until the commit: otherwise a session opened on the old
/// password could slip past the change of password that revokes all sessions.
///
/// # Errors
/// Those of the database.
pub fn lock_if_password(tx: &mut Change<'_>, user: UserId, password_hash: &str) -> QueryResult<bool> {
    lock(tx, &[user])?;
    diesel::select(diesel::dsl::exists(users::table.find(user).filter(users::password_hash.eq(password_hash)))).get_result(tx.conn())
}

/// The id of `username`.
///
/// # Errors
/// `NotFound` if nobody has that name.
pub fn by_username(conn: &mut Connection, username: &Username) -> QueryResult<UserId> {
    users::table.filter(users::username.eq(username.as_str())).select(users::id).first(conn)
}

/// The stamp of `user`; `None` for an account that is gone.
///
/// # Errors
/// Those of the database.
pub fn last_update(conn: &mut Connection, user: UserId) -> QueryResult<Option<Stamp>> {
    users::table.find(user).select(users::last_update).first(conn).optional()
}

/// The stamps of `users`, without those whose account is gone.
///
/// # Errors
/// Those of the database.
pub fn last_updates(conn: &mut Connection, users: &[UserId]) -> QueryResult<Vec<(UserId, Stamp)>> {
    users::table.filter(users::id.eq_any(users)).select((users::id, users::last_update)).load(conn)
}

/// Replaces the password of `user`.
///
/// # Errors
/// Those of the database.
pub fn set_password(tx: &mut Change<'_>, user: UserId, password_hash: &str) -> QueryResult<()> {
    lock(tx, &[user])?;
    diesel::update(users::table.find(user)).set(users::password_hash.eq(password_hash)).execute(tx.conn())?;
    Ok(())
}

/// Deletes every account. Nobody is told: for the demo, before it serves.
///
/// # Errors
/// Those of the database.
pub fn delete_everybody(tx: &mut Change<'_>) -> QueryResult<()> {
    diesel::delete(users::table).execute(tx.conn())?;
    Ok(())
}

/// Deletes the account and all that belongs to it. Whoever had a notification by them is told that it is gone. Their own open tabs are told
/// to look again, and then find that nobody is signed in.
///
/// Returns whether it did. It did not if they are gone already or have another password than this hash; then the transaction must fail.
/// That is asked last, because the inboxes must be locked first, together and in order. (An inbox that a follow of theirs reaches in that
/// very moment is not among them. PostgreSQL may then have to refuse one of the two, and nothing was changed.)
///
/// # Errors
/// Those of the database.
pub fn delete(tx: &mut Change<'_>, user: UserId, password_hash: &str) -> QueryResult<bool> {
    deliveries::lock_by_author(tx, user)?;
    advance_with_recipients(tx, user)?;
    idempotency_keys::delete_of(tx, user)?;
    revocations::record(tx, user)?;
    Ok(diesel::delete(users::table.find(user).filter(users::password_hash.eq(password_hash))).execute(tx.conn())? > 0)
}
