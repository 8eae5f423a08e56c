//! What the service made for itself and keeps, by name.

use diesel::prelude::*;

use crate::db::{Connection, on_either};
use crate::schema::secrets;

/// The name of the key that signs session tokens.
pub const KEY: &str = "session key";

/// The secret kept under `name`, or `fresh`, kept from now on. Belongs in a write transaction, so that two
/// instances starting at once agree.
pub fn keep(conn: &mut Connection, name: &str, fresh: &[u8]) -> QueryResult<Vec<u8>> {
    let row = (secrets::name.eq(name), secrets::value.eq(fresh));
    on_either!(conn, |conn| diesel::insert_into(secrets::table).values(row).on_conflict_do_nothing().execute(conn))?;
    secrets::table.find(name).select(secrets::value).first(conn)
}

/// Whether anything is kept under `name`.
pub fn has(conn: &mut Connection, name: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(secrets::table.find(name))).get_result(conn)
}
