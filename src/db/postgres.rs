//! PostgreSQL: a server that any number of instances share.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::address::PostgresUrl;
use super::health::one_line;
use super::migration_error::MigrationError;
use super::{Address, BUSY_TIMEOUT, Cause};
use crate::clock::{Millis, SECOND};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock under which one instance migrates while the others wait. Any number will do that nothing else in the same database uses.
const MIGRATION_LOCK: i64 = 7_463_491_053;

/// How often the first connection is tried. A server that starts together with us gets the time to do so, and an operator who mistyped an
/// address soon hears of it.
const TRIES: u32 = 5;
/// How long to wait between two tries.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The server's limits on one statement, and on a transaction that sits idle, in milliseconds.
const STATEMENT_TIMEOUT: Millis = 10 * SECOND;

/// Waits for the server, then runs the pending migrations. Diesel takes no lock for them: without this one, instances that start together
/// on an empty database would all try to make the same tables.
pub(super) fn prepare(url: &PostgresUrl) -> Result<(), Cause> {
    let mut conn = first_connection(url)?;
    conn.transaction(|conn| -> Result<(), MigrationError> {
        // A migration may take long, and so may waiting for another instance's.
        conn.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")?;
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))?;
        conn.run_pending_migrations(MIGRATIONS).map_err(MigrationError)?;
        Ok(())
    })
    .map_err(|MigrationError(cause)| cause)
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
                thread::sleep(RETRY_DELAY);
            }
            connected => return connected,
        }
    }
    Err(ConnectionError::BadConnection("it was never tried".to_owned()))
}

/// A connection with time limits: a wait for a lock ends as it does on SQLite, and a transaction whose process was frozen releases its
/// locks.
///
/// Isolation and access mode are set once for the connection, whatever the operator's defaults are. `plan_cache_mode` stays `auto`: with
/// one generic plan for all values, the server takes "stamps that moved lately" for a third of all users, and reads everybody.
pub(super) fn connect(url: &PostgresUrl) -> ConnectionResult<PgConnection> {
    let mut conn = PgConnection::establish(&url.with_defaults())?;
    let settings = format!(
        "SET lock_timeout = {}; SET statement_timeout = {STATEMENT_TIMEOUT}; SET idle_in_transaction_session_timeout = {STATEMENT_TIMEOUT}; \
         SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off",
        BUSY_TIMEOUT.as_millis(),
    );
    conn.batch_execute(&settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
