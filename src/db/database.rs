//! The pool of one database, and the three ways to use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use diesel::r2d2::{Pool, PooledConnection};
use diesel::result::Error as DieselError;

use super::connection::unknown_outcome;
use super::pool::{ErrorHandler, Manager, PoolConnection};
use super::{Address, BUSY_TIMEOUT, Change, Connection, Connector, Effects, Health, OpenError};
use crate::clock::Clock;

/// How long a request waits for a connection while the database is known to be unreachable.
const UNREACHABLE: Duration = Duration::from_millis(100);

/// Connections per instance. On SQLite these are the readers, beside the one writer. On PostgreSQL, ten instances stay within the hundred
/// connections that a server allows by default.
const CONNECTIONS: u32 = 8;

/// The modes of a transaction on PostgreSQL that may write, whatever the defaults of the server and of the user are.
const WRITING: &str = "ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Why there is no connection.
#[derive(Debug)]
pub enum NoConnection {
    /// The database cannot be reached, and why; [`Health`] has logged it.
    Unreachable(String),
    /// All are in use.
    Exhausted(diesel::r2d2::PoolError),
}

/// An open, migrated database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool<Manager>,
    statements: Arc<AtomicU64>,
    health: Arc<Health>,
    connector: Connector,
    probing: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database at `address` and runs the pending migrations. An SQLite file and its folder are created.
    ///
    /// # Errors
    /// When the folder cannot be made, the file is no database, or the server does not answer after a few tries.
    pub fn open(address: &Address) -> Result<Database, OpenError> {
        let connector = Connector::prepare(address)?;
        let (statements, health) = (Arc::new(AtomicU64::new(0)), Arc::new(Health::new(address.clone())));
        let manager = Manager::new(&connector, &statements);
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(1))
            .connection_timeout(BUSY_TIMEOUT)
            // Otherwise a dead connection to a server that was restarted reaches a query.
            .test_on_check_out(true)
            .error_handler(Box::new(ErrorHandler::reporting_to(&health)))
            .build(manager)
            .map_err(|cause| OpenError::new(address, cause))?;
        Ok(Database { pool, statements, health, connector, probing: Arc::default() })
    }

    /// A connection from the pool. Blocks, so it must be called off the async threads.
    ///
    /// # Errors
    /// When none became free, or none could be made, in time.
    fn get(&self) -> Result<PooledConnection<Manager>, NoConnection> {
        // One stat, about a microsecond, before each use: otherwise a file that was moved would go on being written to.
        self.connector.check_file().map_err(|moved| self.lost(moved))?;
        let wait = if self.health.is_well() { BUSY_TIMEOUT } else { UNREACHABLE };
        match self.pool.get_timeout(wait) {
            Ok(conn) => {
                self.health.succeeded();
                Ok(conn)
            }
            Err(_) if !self.health.is_well() => Err(NoConnection::Unreachable(self.health.cause())),
            Err(exhausted) => {
                self.probe();
                Err(NoConnection::Exhausted(exhausted))
            }
        }
    }

    /// The file is not where it was.
    fn lost(&self, moved: String) -> NoConnection {
        self.health.lost(&moved);
        NoConnection::Unreachable(moved)
    }

    /// Tries a connection outside of the pool, one at a time. A full pool makes no new one: while all of its connections wait for a frozen
    /// server, it would not notice the outage.
    fn probe(&self) {
        if self.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (connector, health, probing) = (self.connector.clone(), Arc::clone(&self.health), Arc::clone(&self.probing));
        std::thread::spawn(move || {
            if let Err(cause) = connector.connect() {
                health.failed(&cause);
            }
            probing.store(false, Ordering::Release);
        });
    }

    /// Runs `first`, which is one statement, and returns it with its connection. If it failed because of the connection alone, it did nothing,
    /// and the next connection is tried.
    fn start<T, E>(&self, first: impl Fn(&mut Connection) -> Result<T, E>) -> Result<(PooledConnection<Manager>, T), E>
    where
        E: From<NoConnection>,
    {
        let mut tries = 0;
        loop {
            let mut pooled = self.get()?;
            tries += 1;
            match first(&mut pooled.conn) {
                // Bounded: after a whole pool of unfit connections, the last one was made just now.
                Err(_) if pooled.was_unfit() && tries <= CONNECTIONS => {}
                done => return done.map(|found| (pooled, found)),
            }
        }
    }

    /// Runs `query`, which is one statement and changes nothing. One statement sees one snapshot by itself, so it needs no transaction, which
    /// would be two more round trips; only through a pooler it has one, with which the time limits come. It may run again on another
    /// connection. Blocks.
    ///
    /// # Errors
    /// What `query` fails with; when there is no connection.
    pub fn query<T, E>(&self, query: impl Fn(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        if self.connector.is_pooled() {
            return self.read("READ ONLY", query);
        }
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
        self.read("ISOLATION LEVEL REPEATABLE READ READ ONLY", queries)
    }

    /// Runs `queries` where a change could be made now: on PostgreSQL, a replica refuses. (On SQLite, who holds the write lock at the moment
    /// says nothing.) Blocks.
    ///
    /// # Errors
    /// What `queries` fail with; when there is no connection, or none to a server that takes writes.
    pub fn read_where_written<T, E>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.read(WRITING, queries)
    }

    fn read<T, E>(&self, modes: &str, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let mut pooled = self.begin::<E>(modes, "BEGIN")?;
        let done = queries(&mut pooled.conn);
        if done.is_ok() {
            pooled.conn.end()
        } else {
            pooled.conn.roll_back()
        }
        done
    }

    /// Runs `work` in one transaction that may write. On SQLite it takes the write lock at its start: a transaction that reads first and writes
    /// later is refused at once if somebody else wrote in between. On PostgreSQL each statement sees what is committed by then (read
    /// committed), so whoever waited for a lock sees what it was held for. Blocks.
    ///
    /// Returns what others must learn of it, too; and, in place of the value, an error if it is not known whether COMMIT was done.
    ///
    /// # Errors
    /// What `work` fails with, and then it is rolled back; when there is no connection.
    pub fn transaction<T, E>(&self, clock: &Clock, work: impl FnOnce(&mut Change<'_>) -> Result<T, E>) -> Result<(QueryResult<T>, Effects), E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let mut pooled = self.begin::<E>(WRITING, "BEGIN IMMEDIATE")?;
        let mut tx = Change::begun(&mut pooled.conn, clock);
        let done = work(&mut tx);
        let effects = tx.into_effects();
        let value = done.inspect_err(|_| pooled.conn.roll_back())?;
        match self.commit(&mut pooled) {
            Ok(()) => Ok((Ok(value), effects)),
            Err(unknown @ DieselError::RollbackErrorOnCommit { .. }) => Ok((Err(unknown), effects)),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Commits, and checks that it was to the file that everybody else opens.
    fn commit(&self, pooled: &mut PoolConnection) -> QueryResult<()> {
        pooled.conn.commit()?;
        self.connector.check_file().map_err(|moved| {
            self.lost(moved.clone());
            unknown_outcome(DieselError::QueryBuilderError(moved.into()))
        })
    }

    fn begin<E>(&self, modes: &str, sqlite: &str) -> Result<PooledConnection<Manager>, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let begun = self.start(|conn| Ok::<_, E>(conn.begin(&self.connector.begin_on_postgres(modes), sqlite)?));
        begun.map(|(pooled, ())| pooled)
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

    /// How to connect to it.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Whether the database can be reached.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }
}
