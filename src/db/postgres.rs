//! PostgreSQL: a server that any number of instances share.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::address::PostgresUrl;
use super::health::one_line;
use super::sqlite::Migrating;
use super::{Address, BUSY};
use crate::clock::{Millis, SECOND};
use crate::error::Cause;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Under this number one instance migrates while the others wait. Any number will do that nothing else in the same
/// database uses.
const MIGRATING: i64 = 7_463_491_053;

/// How often a server that does not answer at the start is tried, and how long between two tries: one that starts
/// together with us gets the time to do so, and an operator who mistyped an address soon hears of it.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// The longest that one statement may take, and the longest that a transaction may be left alone, in milliseconds.
const LONGEST_STEP: Millis = 10 * SECOND;

/// Waits for the server, then brings its schema up to date.
///
/// Migrations take no lock by themselves: without this one, instances that start together on an empty database would
/// all try to make the same tables.
pub(super) fn prepare(url: &PostgresUrl) -> Result<(), Cause> {
    let mut conn = first_connection(url)?;
    conn.transaction(|conn| -> Result<(), Migrating> {
        // A migration may take as long as it takes, and so may waiting for another instance's.
        conn.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")?;
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({MIGRATING})"))?;
        conn.run_pending_migrations(MIGRATIONS).map_err(Migrating)?;
        Ok(())
    })
    .map_err(|Migrating(cause)| cause)
}

fn first_connection(url: &PostgresUrl) -> ConnectionResult<PgConnection> {
    for attempt in 1.. {
        match connect(url) {
            Err(cause) if attempt < TRIES => {
                if attempt == 1 {
                    let address = Address::Postgres(url.clone());
                    let cause = address.without_secrets(&cause.to_string());
                    log::info!("waiting for the database {address}: {}", one_line(&cause));
                }
                thread::sleep(BETWEEN_TRIES);
            }
            outcome => return outcome,
        }
    }
    Err(ConnectionError::BadConnection("it was never tried".to_owned()))
}

/// A connection on which nothing can take for ever: waiting for a lock ends as it does on SQLite, and a transaction
/// whose process was frozen in its midst gives back what it held.
///
/// What every transaction is like is said once, whatever the operator's defaults are, rather than at the beginning of each.
/// Whether a prepared statement is planned anew is left to the server (`plan_cache_mode = auto`): made to keep to one plan for
/// all values, it would take a third of all people for those whose stamp moved lately, and read them all.
pub(super) fn connect(url: &PostgresUrl) -> ConnectionResult<PgConnection> {
    let mut conn = PgConnection::establish(&url.with_defaults())?;
    let settings = format!(
        "SET lock_timeout = {}; SET statement_timeout = {LONGEST_STEP}; SET idle_in_transaction_session_timeout = {LONGEST_STEP}; \
         SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off",
        BUSY.as_millis(),
    );
    conn.batch_execute(&settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
