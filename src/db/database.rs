//! The pool of one database, and the three ways to use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::r2d2::{Pool, PooledConnection};
use diesel::result::Error as DieselError;

use super::pool::{ErrorHandler, Manager};
use super::{Address, BUSY_TIMEOUT, Change, Connection, Effects, Health, OpenError, postgres, sqlite};
use crate::clock::Clock;

/// How long a request waits for a connection while the database is known to be unreachable.
const UNREACHABLE: Duration = Duration::from_millis(100);

/// Connections per instance. On SQLite these are the readers, beside the one writer. On PostgreSQL, ten instances stay within the hundred
/// connections that a server allows by default.
const CONNECTIONS: u32 = 8;

/// Why there is no connection.
#[derive(Debug)]
pub enum NoConnection {
    /// The database cannot be reached; [`Health`] has logged it.
    Unreachable,
    /// All are in use.
    Exhausted(diesel::r2d2::PoolError),
}

/// An open, migrated database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool<Manager>,
    statements: Arc<AtomicU64>,
    health: Arc<Health>,
    address: Address,
    probing: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database at `address` and runs the pending migrations. An SQLite file and its folder are created.
    ///
    /// # Errors
    /// When the folder cannot be made, the file is no database, or the server does not answer after a few tries.
    pub fn open(address: &Address) -> Result<Database, OpenError> {
        let prepared = match address {
            Address::Sqlite(path) => sqlite::prepare(path),
            Address::Postgres(url) => postgres::prepare(url),
        };
        prepared.map_err(|cause| OpenError::new(address, cause))?;
        let (statements, health) = (Arc::new(AtomicU64::new(0)), Arc::new(Health::new(address.clone())));
        let manager = Manager::new(address, &statements);
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(1))
            .connection_timeout(BUSY_TIMEOUT)
            // Otherwise a dead connection to a server that was restarted reaches a query.
            .test_on_check_out(true)
            .error_handler(Box::new(ErrorHandler::reporting_to(&health)))
            .build(manager)
            .map_err(|cause| OpenError::new(address, cause))?;
        Ok(Database { pool, statements, health, address: address.clone(), probing: Arc::default() })
    }

    /// A connection from the pool. Blocks, so it must be called off the async threads.
    ///
    /// # Errors
    /// When none became free, or none could be made, in time.
    fn get(&self) -> Result<PooledConnection<Manager>, NoConnection> {
        let wait = if self.health.is_well() { BUSY_TIMEOUT } else { UNREACHABLE };
        match self.pool.get_timeout(wait) {
            Ok(conn) => {
                self.health.succeeded();
                Ok(conn)
            }
            Err(_) if !self.health.is_well() => Err(NoConnection::Unreachable),
            Err(exhausted) => {
                self.probe();
                Err(NoConnection::Exhausted(exhausted))
            }
        }
    }

    /// Tries a connection outside of the pool, one at a time. A full pool makes no new one: while all of its connections wait for a frozen
    /// server, it would not notice the outage.
    fn probe(&self) {
        if self.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (address, health, probing) = (self.address.clone(), Arc::clone(&self.health), Arc::clone(&self.probing));
        std::thread::spawn(move || {
            if let Err(cause) = Connection::establish_to(&address) {
                health.failed(&cause);
            }
            probing.store(false, Ordering::Release);
        });
    }

    /// Runs `first`, which is one statement, and returns it with its connection. If the ping was skipped and the connection was dead, that
    /// statement did nothing, and the next connection is tried.
    fn start<T, E>(&self, first: impl Fn(&mut Connection) -> Result<T, E>) -> Result<(PooledConnection<Manager>, T), E>
    where
        E: From<NoConnection>,
    {
        loop {
            let mut pooled = self.get()?;
            match first(&mut pooled.conn) {
                Err(_) if pooled.was_dead_without_ping() => {}
                done => return done.map(|found| (pooled, found)),
            }
        }
    }

    /// Runs `query`, which is one statement and changes nothing. One statement sees one snapshot by itself, so it needs no transaction, which
    /// would be two more round trips. It may run again on another connection. Blocks.
    ///
    /// # Errors
    /// What `query` fails with; when there is no connection.
    pub fn query<T, E>(&self, query: impl Fn(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<NoConnection>,
    {
        self.start(query).map(|(_, found)| found)
    }

    /// Runs `queries` on one snapshot, so that what they count and what they list agree. Blocks.
    ///
    /// # Errors
    /// What `queries` fail with; when there is no connection.
    pub fn snapshot<T, E>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN", queries)
    }

    /// Runs `work` in one transaction that may write. On SQLite it takes the write lock at its start: a transaction that reads first and writes
    /// later is refused at once if somebody else wrote in between. On PostgreSQL each statement sees what is committed by then (read
    /// committed), so whoever waited for a lock sees what it was held for. Returns what others must learn of it, too. Blocks.
    ///
    /// # Errors
    /// What `work` fails with, and then it is rolled back; when there is no connection.
    pub fn transaction<T, E>(&self, clock: &Clock, work: impl FnOnce(&mut Change<'_>) -> Result<T, E>) -> Result<(T, Effects), E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.begin("BEGIN", "BEGIN IMMEDIATE", |conn| {
            let mut tx = Change::begun(conn, clock);
            let value = work(&mut tx)?;
            Ok((value, tx.into_effects()))
        })
    }

    fn begin<T, E>(&self, postgres: &str, sqlite: &str, work: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let (mut pooled, ()) = self.start(|conn| Ok::<_, E>(conn.begin(postgres, sqlite)?))?;
        pooled.conn.finish(work)
    }

    /// How many statements this process has sent to the database, BEGIN, COMMIT and pings included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many connections the pool has: (all, idle).
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// Whether the database can be reached.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }
}
