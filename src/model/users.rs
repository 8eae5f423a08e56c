//! Accounts.

use diesel::prelude::*;

use super::{UserId, Username};
use crate::clock::Millis;
use crate::db::{Connection, on_either};
use crate::last_update::{News, advance_with_recipients, lock};
use crate::schema::users;

/// What signing in needs to know of somebody.
#[derive(Debug, Queryable)]
pub struct Credentials {
    /// Who.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// argon2id as a PHC string.
    pub password_hash: String,
}

/// A new account, and who it is; `None` when the name is taken.
pub fn create(conn: &mut Connection, username: &Username, password_hash: &str, now: Millis) -> QueryResult<Option<UserId>> {
    let row = (users::username.eq(username.as_str()), users::password_hash.eq(password_hash), users::last_update.eq(0), users::created_at.eq(now));
    on_either!(conn, |conn| diesel::insert_into(users::table).values(row).on_conflict_do_nothing().returning(users::id).get_result(conn)).optional()
}

/// Whether `username` is an account already.
pub fn is_taken(conn: &mut Connection, username: &Username) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.filter(users::username.eq(username.as_str())))).get_result(conn)
}

/// What to check a password against; `None` for a name nobody has.
pub fn credentials(conn: &mut Connection, username: &Username) -> QueryResult<Option<Credentials>> {
    users::table.filter(users::username.eq(username.as_str())).select((users::id, users::username, users::password_hash)).first(conn).optional()
}

/// Whether `user` is still there, with this very hash; and if so, they keep it until the transaction ends: a session
/// opened on it cannot slip past a change of the password that ends all sessions.
pub fn has_password(conn: &mut Connection, user: UserId, password_hash: &str) -> QueryResult<bool> {
    lock(conn, &[user])?;
    diesel::select(diesel::dsl::exists(users::table.find(user).filter(users::password_hash.eq(password_hash)))).get_result(conn)
}

/// Who bears this name; `NotFound` if nobody.
pub fn by_username(conn: &mut Connection, username: &Username) -> QueryResult<UserId> {
    users::table.filter(users::username.eq(username.as_str())).select(users::id).first(conn)
}

/// The stamp of `user`; `None` for an account that is gone.
pub fn last_update(conn: &mut Connection, user: UserId) -> QueryResult<Option<i64>> {
    users::table.find(user).select(users::last_update).first(conn).optional()
}

/// Replaces the password of `user`.
pub fn set_password(conn: &mut Connection, user: UserId, password_hash: &str) -> QueryResult<()> {
    lock(conn, &[user])?;
    diesel::update(users::table.find(user)).set(users::password_hash.eq(password_hash)).execute(conn)?;
    Ok(())
}

/// Deletes the account and all that belongs to it. Whoever had a line about them in the inbox sees it gone, and their
/// own open tabs are told to look again, and then find that nobody is signed in. `None`, and then the transaction must
/// fail, if they are gone already or have another password than this hash: that is asked last, because the inboxes must
/// be locked together, in their order, before anything else is. (One that a follow of theirs reaches in that very moment is not
/// among them; then PostgreSQL may have to refuse one of two who wait for each other, and nothing was changed.)
pub fn delete(conn: &mut Connection, user: UserId, password_hash: &str, now: Millis) -> QueryResult<Option<News>> {
    let news = advance_with_recipients(conn, user, now)?;
    let gone = diesel::delete(users::table.find(user).filter(users::password_hash.eq(password_hash))).execute(conn)?;
    Ok((gone > 0).then_some(news))
}
