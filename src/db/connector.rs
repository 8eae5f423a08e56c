//! How to connect: to which address, to which file, and whether through a connection pooler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::ConnectionResult;

use super::file_identity::FileIdentity;
use super::sqlite::Mode;
use super::{Address, Cause, Connection, OpenError, postgres, sqlite};

/// What Diesel calls the statements that it prepares. An error that names one says that another client's statement was met, or that ours is
/// not there: the session is shared. The SQLSTATE (42P05, 26000) would say the same, but Diesel does not pass it on.
const PREPARED: &str = "__diesel_stmt";

/// Makes connections to a database that is prepared: its schema is up to date.
#[derive(Debug, Clone)]
pub struct Connector {
    address: Address,
    /// The file that was opened first; `None` for a server.
    file: Option<Arc<FileIdentity>>,
    /// Whether several connections share a session on the server, as behind PgBouncer with `pool_mode=transaction`.
    pooled: Arc<AtomicBool>,
}

impl Connector {
    /// Runs the pending migrations of the database at `address`. An SQLite file and its folder are created.
    ///
    /// # Errors
    /// When the folder cannot be made, the file is no database, or the server does not answer after a few tries.
    pub fn prepare(address: &Address) -> Result<Connector, OpenError> {
        let prepared = match address {
            Address::Sqlite(path) => sqlite::prepare(path).and_then(|()| Ok((Some(Arc::new(FileIdentity::of(path)?)), false))),
            Address::Postgres(url) => postgres::prepare(url).map(|pooled| (None, pooled)),
        };
        let (file, pooled) = prepared.map_err(|cause: Cause| OpenError::new(address, cause))?;
        Ok(Connector { address: address.clone(), file, pooled: Arc::new(AtomicBool::new(pooled)) })
    }

    /// A connection that may write.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn connect(&self) -> ConnectionResult<Connection> {
        match &self.address {
            Address::Postgres(url) if self.is_pooled() => postgres::connect_through_pooler(url).map(Connection::Postgres),
            Address::Postgres(url) => postgres::connect(url).map(Connection::Postgres),
            Address::Sqlite(path) => sqlite::connect(path, Mode::ReadWrite).map(Connection::Sqlite),
        }
    }

    /// A connection for reading only; SQLite opens the file read-only.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn connect_to_read(&self) -> ConnectionResult<Connection> {
        match &self.address {
            Address::Sqlite(path) => sqlite::open_read_only(path).map(Connection::Sqlite),
            Address::Postgres(_) => self.connect(),
        }
    }

    /// Checks that the path still leads to the file that was opened. A server is never asked.
    ///
    /// # Errors
    /// What is there instead.
    pub fn check_file(&self) -> Result<(), String> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// Whether sessions of the server are shared: nothing that is set or prepared outlives a transaction.
    pub fn is_pooled(&self) -> bool {
        self.pooled.load(Ordering::Relaxed)
    }

    /// Whether an error with this text shows that sessions are shared; if so, that is remembered.
    pub fn shows_pooler(&self, error: &str) -> bool {
        let shows = error.contains(PREPARED);
        if shows && !self.pooled.swap(true, Ordering::Relaxed) {
            postgres::log_pooler();
        }
        shows
    }

    /// The statement that begins a transaction on PostgreSQL: `BEGIN` with the modes `modes`. Through a pooler the time limits come with it.
    pub(super) fn begin_on_postgres(&self, modes: &str) -> String {
        if self.is_pooled() { format!("BEGIN {modes}; {}", postgres::local_limits()) } else { format!("BEGIN {modes}") }
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }
}
