//! The table `idempotency_keys`: the answers to posts that were sent with a key, for a day.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Text;

use crate::clock::{DAY, Millis};
use crate::db::{Change, Connection, load_unlocked, on_either};
use crate::ids::UserId;
use crate::schema::idempotency_keys;

/// SHA-256 of a body.
pub type BodyHash = [u8; 32];

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is new, and taken until the commit.
    New,
    /// It was used with this very body, and this was the answer.
    Answered(String),
    /// It was used with another body.
    OtherBody,
    /// A transaction that uses it was waited for in vain. This one has failed and must not go on.
    InUse,
}

/// Takes `key` of `author`, for a body of this hash. A transaction that takes the same key at this moment is waited for.
///
/// # Errors
/// Those of the database.
pub fn claim(tx: &mut Change<'_>, author: UserId, key: &str, body_hash: &BodyHash) -> QueryResult<Claimed> {
    if !lock(tx, author, key)? {
        return Ok(Claimed::InUse);
    }
    let now = tx.now();
    delete_old(tx, now)?;
    diesel::delete(idempotency_keys::table.find((author, key)).filter(idempotency_keys::created_at.le(now - DAY))).execute(tx.conn())?;
    let row = (
        idempotency_keys::author_id.eq(author),
        idempotency_keys::key.eq(key),
        idempotency_keys::body_hash.eq(body_hash.as_slice()),
        idempotency_keys::answer.eq(""),
        idempotency_keys::created_at.eq(now),
    );
    let insert = diesel::insert_into(idempotency_keys::table).values(row).on_conflict_do_nothing();
    let inserted = on_either!(tx.conn(), |conn| insert.execute(conn))?;
    if inserted > 0 {
        return Ok(Claimed::New);
    }
    let known = idempotency_keys::table.find((author, key)).select((idempotency_keys::body_hash, idempotency_keys::answer));
    let (hash, answer): (Vec<u8>, String) = known.first(tx.conn())?;
    Ok(if hash == body_hash { Claimed::Answered(answer) } else { Claimed::OtherBody })
}

/// Lets one transaction at a time use `key`, until the commit; false if that took too long. On SQLite there is one writer at a time.
///
/// The row of the key would do, but for that: of the errors of an INSERT, one could not tell this one.
fn lock(tx: &mut Change<'_>, author: UserId, key: &str) -> QueryResult<bool> {
    let Connection::Postgres(conn) = tx.conn() else { return Ok(true) };
    let name = format!("idempotency key:{author}:{key}");
    let locked = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text, _>(name).execute(conn);
    match locked {
        // PostgreSQL's lock_timeout, for which Diesel has no kind. A lost connection has one.
        Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, _)) => Ok(false),
        locked => locked.map(|_| true),
    }
}

/// Keeps the answer of a key that was taken in this transaction.
///
/// # Errors
/// Those of the database.
pub fn keep_answer(tx: &mut Change<'_>, author: UserId, key: &str, answer: &str) -> QueryResult<()> {
    diesel::update(idempotency_keys::table.find((author, key))).set(idempotency_keys::answer.eq(answer)).execute(tx.conn())?;
    Ok(())
}

/// Deletes those of `author`, who leaves.
///
/// # Errors
/// Those of the database.
pub fn delete_of(tx: &mut Change<'_>, author: UserId) -> QueryResult<()> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::author_id.eq(author))).execute(tx.conn())?;
    Ok(())
}

/// Deletes some that are older than a day, whosever they are: more than are made, and few enough for a request that waits.
fn delete_old(tx: &mut Change<'_>, now: Millis) -> QueryResult<()> {
    let old = idempotency_keys::table.filter(idempotency_keys::created_at.le(now - DAY)).order(idempotency_keys::created_at);
    let old = old.select((idempotency_keys::author_id, idempotency_keys::key)).limit(20);
    let old: Vec<(UserId, String)> = load_unlocked!(tx.conn(), old)?;
    for (author, key) in old {
        diesel::delete(idempotency_keys::table.find((author, key))).execute(tx.conn())?;
    }
    Ok(())
}
