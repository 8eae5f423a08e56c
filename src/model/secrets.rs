//! The table `secrets`: what the service made for itself and keeps, by name.

use diesel::prelude::*;

use crate::db::{Change, Connection, on_either};
use crate::schema::secrets;

/// The name of the key that signs session tokens.
pub const SESSION_KEY: &str = "session key";

/// The secret kept under `name`; if there is none, `fresh`, which is kept from now on. Two instances that start at once agree.
///
/// # Errors
/// Those of the database.
pub fn get_or_insert(tx: &mut Change<'_>, name: &str, fresh: &[u8]) -> QueryResult<Vec<u8>> {
    let row = (secrets::name.eq(name), secrets::value.eq(fresh));
    on_either!(tx.conn(), |conn| diesel::insert_into(secrets::table).values(row).on_conflict_do_nothing().execute(conn))?;
    secrets::table.find(name).select(secrets::value).first(tx.conn())
}

/// Whether anything is kept under `name`.
///
/// # Errors
/// Those of the database.
pub fn exists(conn: &mut Connection, name: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(secrets::table.find(name))).get_result(conn)
}
