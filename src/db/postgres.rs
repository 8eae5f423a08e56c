//! PostgreSQL: a server that any number of instances share.

use std::thread;
use std::time::Duration;

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::address::PostgresUrl;
use super::migration_error::MigrationError;
use super::{Address, BUSY_TIMEOUT, Cause, one_line};
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
/// on an empty database would all try to make the same tables. Returns whether there is a connection pooler in between.
pub(super) fn prepare(url: &PostgresUrl) -> Result<bool, Cause> {
    let mut conn = first_connection(url)?;
    let pooled = is_pooled(&mut conn, url);
    if pooled {
        log_pooler();
    }
    // The modes are those of the transaction, not of the session: so they hold through a pooler, too.
    conn.build_transaction().read_committed().read_write().run(migrate).map_err(|MigrationError(cause)| cause)?;
    Ok(pooled)
}

fn migrate(conn: &mut PgConnection) -> Result<(), MigrationError> {
    // A migration may take long, and so may waiting for another instance's.
    conn.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")?;
    conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))?;
    conn.run_pending_migrations(MIGRATIONS).map_err(MigrationError)?;
    Ok(())
}

/// How often two connections are compared. One comparison may be fooled by others who use the pooler at the same moment.
const COMPARISONS: usize = 4;

/// Whether two open connections share sessions of the server, as through PgBouncer with `pool_mode=transaction`. There, what one of them
/// prepares or sets is found by whoever gets that session next.
fn is_pooled(first: &mut PgConnection, url: &PostgresUrl) -> bool {
    let Ok(mut second) = connect_through_pooler(url) else { return false };
    let mut seen = [0; 2];
    (0..COMPARISONS).any(|_| {
        let (Ok(one), Ok(other)) = (backend(first), backend(&mut second)) else { return false };
        let moved = seen != [0; 2] && seen != [one, other];
        seen = [one, other];
        moved || one == other
    })
}

/// The server process that answers.
fn backend(conn: &mut PgConnection) -> QueryResult<i32> {
    diesel::select(sql::<Integer>("pg_backend_pid()")).get_result(conn)
}

/// Tells the operator.
pub(super) fn log_pooler() {
    log::info!("PostgreSQL is reached through a pooler that shares its sessions: no statement stays prepared, and time limits are set for each transaction");
}

fn first_connection(url: &PostgresUrl) -> ConnectionResult<PgConnection> {
    for attempt in 1.. {
        match connect_through_pooler(url) {
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
    let settings = limits().map(|(name, limit)| format!("SET {name} = {limit}; ")).concat();
    let settings = settings + "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off";
    conn.batch_execute(&settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// A connection that leaves nothing behind on the server, and relies on nothing there: through a pooler, the session may be another one in
/// the next transaction. Plain `SET` would hold for whoever gets it next, and a statement that was prepared under a name may be another's.
pub(super) fn connect_through_pooler(url: &PostgresUrl) -> ConnectionResult<PgConnection> {
    let mut conn = PgConnection::establish(&url.with_defaults())?;
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    Ok(conn)
}

/// The time limits for one transaction, which end with it.
pub(super) fn local_limits() -> String {
    limits().map(|(name, limit)| format!("SET LOCAL {name} = {limit}")).join("; ")
}

/// The server's time limits, in milliseconds.
fn limits() -> [(&'static str, Millis); 3] {
    let lock_timeout = Millis::try_from(BUSY_TIMEOUT.as_millis()).unwrap_or(Millis::MAX);
    [("lock_timeout", lock_timeout), ("statement_timeout", STATEMENT_TIMEOUT), ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT)]
}
