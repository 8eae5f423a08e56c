//! The table `tokens`: those of programs. A row is found by the hash of the secret in the token, until it is revoked.

use diesel::prelude::*;

use super::sessions::TokenHash;
use super::{TokenName, revocations};
use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::ids::{Stamp, TokenId, UserId};
use crate::schema::{tokens, users};
use crate::stamps::lock;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// To read what its owner can read.
    Read,
    /// To post, and to list, read and delete its owner's own posts.
    Post,
    /// Everything but tokens and sessions.
    All,
}

/// The most tokens that an account can have at a time.
pub const MOST: i64 = 100;

/// A token that was not revoked, and whose it is.
#[derive(Debug, Clone, Queryable)]
pub struct LiveToken {
    /// Its id.
    pub id: TokenId,
    /// Its [`Scope`], as it is stored: a newer release may know others.
    pub scope: String,
    /// When it was last used, to the hour, in Unix milliseconds; `None`: never.
    pub last_used_at: Option<Millis>,
    /// Whose it is.
    pub user: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Their stamp at this moment.
    pub last_update: Stamp,
}

/// A token as its owner sees it listed.
#[derive(Debug, Clone, Queryable)]
pub struct ListedToken {
    /// Its id.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// Its [`Scope`], as it is stored.
    pub scope: String,
    /// When it was made, in Unix milliseconds.
    pub created_at: Millis,
    /// When it was last used, to the hour, in Unix milliseconds; `None`: never. Unchanged polls do not count.
    pub last_used_at: Option<Millis>,
}

/// Makes a token of `user`. Returns its id; `None` if they have [`MOST`] already. Their row is locked first: otherwise two at once could both be
/// the last.
///
/// # Errors
/// Those of the database.
pub fn insert(tx: &mut Change<'_>, user: UserId, name: &TokenName, scope: Scope, token_hash: &TokenHash) -> QueryResult<Option<TokenId>> {
    lock(tx, &[user])?;
    if tokens::table.filter(tokens::user_id.eq(user)).count().get_result::<i64>(tx.conn())? >= MOST {
        return Ok(None);
    }
    let row = (
        tokens::user_id.eq(user),
        tokens::name.eq(name.as_str()),
        tokens::scope.eq(<&str>::from(scope)),
        tokens::token_hash.eq(token_hash.as_slice()),
        tokens::created_at.eq(tx.now()),
    );
    diesel::insert_into(tokens::table).values(row).returning(tokens::id).get_result(tx.conn()).map(Some)
}

/// The token of this secret; `None` if it was revoked.
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Connection, token_hash: &TokenHash) -> QueryResult<Option<LiveToken>> {
    tokens::table
        .inner_join(users::table)
        .filter(tokens::token_hash.eq(token_hash.as_slice()))
        .select((tokens::id, tokens::scope, tokens::last_used_at, users::id, users::username, users::last_update))
        .first(conn)
        .optional()
}

/// The tokens of `user`, newest first.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Connection, user: UserId) -> QueryResult<Vec<ListedToken>> {
    tokens::table
        .filter(tokens::user_id.eq(user))
        .select((tokens::id, tokens::name, tokens::scope, tokens::created_at, tokens::last_used_at))
        .order(tokens::id.desc())
        .limit(MOST)
        .load(conn)
}

/// A token was used just now.
///
/// # Errors
/// Those of the database.
pub fn record_use(tx: &mut Change<'_>, id: TokenId) -> QueryResult<()> {
    diesel::update(tokens::table.find(id)).set(tokens::last_used_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Revokes one token of `user`. Their stamp advances: only then does a poll read the token's row, and find it gone.
///
/// A repeat, or somebody else's token: nothing happens.
///
/// # Errors
/// Those of the database.
pub fn revoke(tx: &mut Change<'_>, user: UserId, id: TokenId) -> QueryResult<()> {
    lock(tx, &[user])?;
    let deleted = diesel::delete(tokens::table.filter(tokens::user_id.eq(user)).filter(tokens::id.eq(id))).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}

/// Revokes every token of `user`.
///
/// # Errors
/// Those of the database.
pub fn revoke_all(tx: &mut Change<'_>, user: UserId) -> QueryResult<()> {
    lock(tx, &[user])?;
    let deleted = diesel::delete(tokens::table.filter(tokens::user_id.eq(user))).execute(tx.conn())?;
    revocations::record_if(tx, deleted > 0, user)
}
