//! The database: which one, its pool, and the three ways to use it: a look, a read, a write. What differs between the
//! engines is in [`sqlite`] and [`postgres`]; everything else is written once.

mod address;
mod either;
mod health;
mod pool;
pub mod postgres;
pub mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::r2d2::{Pool, PooledConnection};
use diesel::result::Error as DieselError;

pub use address::Address;
pub use either::AnyConnection as Connection;
pub(crate) use either::on_either;
pub use health::Health;
use pool::{Failures, Manager};

/// How long a statement waits for somebody else's lock, and a request for a free connection, before it fails with
/// "busy" (503 to the caller).
pub const BUSY: Duration = Duration::from_secs(3);

/// How long a request waits for a connection while the database is known to be out of reach.
const UNREACHABLE: Duration = Duration::from_millis(100);

/// Connections per instance. On SQLite these are readers, beside the one writer that [`crate::app::App::change`]
/// lets through; on PostgreSQL ten instances stay within the hundred connections that a server allows by default.
const CONNECTIONS: u32 = 8;

/// Why the database could not be opened, in words for the operator.
#[derive(Debug)]
pub struct OpenError(String);

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

impl OpenError {
    /// `cause` stands in the way of using the database at `address`.
    pub fn new(address: &Address, cause: impl std::fmt::Display) -> OpenError {
        OpenError(format!("cannot open the database {address}: {}", health::one_line(&address.without_secrets(&cause.to_string()))))
    }
}

/// Why there is no connection at this moment.
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
    /// Opens the database at `address` and brings its schema up to date. An SQLite file and its folder are created.
    ///
    /// # Errors
    /// Says in a sentence what stands in the way: a folder that cannot be made, a file that is no database, a server
    /// that does not answer after a few tries.
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
            .connection_timeout(BUSY)
            // A dead connection to a server that was restarted must not reach a query.
            .test_on_check_out(true)
            .error_handler(Box::new(Failures::told_to(&health)))
            .build(manager)
            .map_err(|cause| OpenError::new(address, cause))?;
        Ok(Database { pool, statements, health, address: address.clone(), probing: Arc::default() })
    }

    /// A connection from the pool. Blocks: call it off the async threads.
    ///
    /// # Errors
    /// When none became free, or none could be made, in time.
    fn get(&self) -> Result<PooledConnection<Manager>, NoConnection> {
        let patience = if self.health.is_well() { BUSY } else { UNREACHABLE };
        match self.pool.get_timeout(patience) {
            Ok(conn) => {
                self.health.works();
                Ok(conn)
            }
            Err(_) if !self.health.is_well() => Err(NoConnection::Unreachable),
            Err(exhausted) => {
                self.probe();
                Err(NoConnection::Exhausted(exhausted))
            }
        }
    }

    /// Tries a connection of its own, one at a time: where all of the pool's are waiting for a server that is frozen, the
    /// pool itself makes no new one and would not notice.
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

    /// Runs `first`, which is one statement, on a connection, and gives both back. A connection that was trusted and has gone
    /// is nobody's failure: that statement did nothing, and the next connection gets its turn, until one was asked before.
    fn start<T, E>(&self, first: impl Fn(&mut Connection) -> Result<T, E>) -> Result<(PooledConnection<Manager>, T), E>
    where
        E: From<NoConnection>,
    {
        loop {
            let mut kept = self.get()?;
            match first(&mut kept.conn) {
                Err(_) if kept.was_trusted_in_vain() => {}
                outcome => return outcome.map(|found| (kept, found)),
            }
        }
    }

    /// Runs `query`, which is one statement and changes nothing: it is a snapshot by itself, so the brackets of a transaction
    /// would only be two more ways to the server and back. Blocks.
    ///
    /// # Errors
    /// What `query` fails with; when there is no connection.
    pub fn look<T, E>(&self, query: impl Fn(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<NoConnection>,
    {
        self.start(query).map(|(_, found)| found)
    }

    /// Runs `query` on one snapshot, so that what it counts and what it lists agree. Blocks.
    ///
    /// # Errors
    /// What `query` fails with; when there is no connection.
    pub fn read<T, E>(&self, query: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN", query)
    }

    /// Runs `change` in one transaction, which on SQLite takes the write lock at its start: a transaction that reads
    /// first and writes later would be refused at once whenever somebody else wrote in between. On PostgreSQL every statement
    /// sees what is committed by then (the connection's default): what was waited for is seen. Blocks.
    ///
    /// # Errors
    /// What `change` fails with, and then nothing was changed; when there is no connection.
    pub fn write<T, E>(&self, change: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.transaction("BEGIN", "BEGIN IMMEDIATE", change)
    }

    fn transaction<T, E>(&self, postgres: &str, sqlite: &str, work: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let (mut kept, ()) = self.start(|conn| Ok::<_, E>(conn.begin(postgres, sqlite)?))?;
        kept.conn.end(work)
    }

    /// How many statements (the brackets of transactions, and questions whether a connection lives, included) this process has
    /// sent to the database.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Connections of the pool: (all, idle).
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// Whether the database can be reached, as far as is known.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }
}
