//! The database: which one, its pool, and the three ways to use it: a look, a read, a write. What differs between the
//! engines is in [`sqlite`] and [`postgres`]; everything else is written once.

mod address;
mod either;
mod health;
pub mod postgres;
pub mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::r2d2::{Error as R2d2Error, HandleError, ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

pub use address::Address;
pub use either::AnyConnection as Connection;
pub(crate) use either::on_either;
pub use health::Health;

/// How long a statement waits for somebody else's lock, and a request for a free connection, before it fails with
/// "busy" (503 to the caller).
pub const BUSY: Duration = Duration::from_secs(3);

/// How long a request waits for a connection while the database is known to be out of reach.
const UNREACHABLE: Duration = Duration::from_millis(100);

/// Connections per instance. On SQLite these are readers, beside the one writer that [`crate::app::App::change`]
/// lets through; on PostgreSQL ten instances stay within the hundred connections that a server allows by default.
const CONNECTIONS: u32 = 8;

/// A connection to a server that answered so short a while ago is not asked whether it lives before it is used again.
/// Should the server have gone in between, the first statement finds out, and is run again on another ([`Database::start`]).
/// Shorter than the grace that [`Health`] gives: what is taken for well was well within it.
const TRUSTED: Duration = Duration::from_secs(1);

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

/// Makes the pool's connections and counts the statements they run.
#[derive(Debug)]
struct Manager {
    address: Address,
    statements: Arc<AtomicU64>,
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
        let manager = Manager { address: address.clone(), statements: Arc::clone(&statements) };
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .min_idle(Some(1))
            .connection_timeout(BUSY)
            // A dead connection to a server that was restarted must not reach a query.
            .test_on_check_out(true)
            .error_handler(Box::new(Failures(Arc::clone(&health))))
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
                Err(_) if kept.trusted && kept.vitals.is_lost() => {}
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
    /// sees what is committed by then, also where the operator's default is another: what was waited for is seen. Blocks.
    ///
    /// # Errors
    /// What `change` fails with, and then nothing was changed; when there is no connection.
    pub fn write<T, E>(&self, change: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.transaction("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "BEGIN IMMEDIATE", change)
    }

    fn transaction<T, E>(&self, postgres: &str, sqlite: &str, work: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let (mut kept, ()) = self.start(|conn| Ok::<_, E>(conn.begin(postgres, sqlite)?))?;
        kept.conn.end(work)
    }

    /// How many statements (the brackets of transactions and questions whether a connection lives included) this process has sent to the database.
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

/// A connection of the pool, and what is known of it.
struct Kept {
    conn: Connection,
    vitals: Arc<Vitals>,
    /// Whether it was given out without being asked, because it answered a moment ago.
    trusted: bool,
}

/// What the statements that pass over a connection tell of it.
#[derive(Debug)]
struct Vitals {
    made_at: Instant,
    /// When a statement last ended well, in milliseconds after it was made; 0: never.
    answered: AtomicU64,
    /// Whether it has gone.
    lost: AtomicBool,
}

impl Vitals {
    fn new() -> Vitals {
        Vitals { made_at: Instant::now(), answered: AtomicU64::new(0), lost: AtomicBool::new(false) }
    }

    /// A statement has ended.
    fn note(&self, error: Option<&DieselError>) {
        match error {
            None => self.answered.store(u64::try_from(self.made_at.elapsed().as_millis()).unwrap_or(0), Ordering::Relaxed),
            Some(DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)) => {
                self.lost.store(true, Ordering::Relaxed);
            }
            Some(_) => {}
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn answered_lately(&self) -> bool {
        let answered = Duration::from_millis(self.answered.load(Ordering::Relaxed));
        !self.is_lost() && !answered.is_zero() && self.made_at.elapsed().saturating_sub(answered) < TRUSTED
    }
}

impl ManageConnection for Manager {
    type Connection = Kept;
    type Error = R2d2Error;

    fn connect(&self) -> Result<Kept, R2d2Error> {
        let mut conn = Connection::establish_to(&self.address).map_err(R2d2Error::ConnectionError)?;
        let (statements, vitals) = (Arc::clone(&self.statements), Arc::new(Vitals::new()));
        let felt = Arc::clone(&vitals);
        on_either!(&mut conn, |inner| inner.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => drop(statements.fetch_add(1, Ordering::Relaxed)),
            InstrumentationEvent::FinishQuery { error, .. } => felt.note(error),
            _ => {}
        }));
        Ok(Kept { conn, vitals, trusted: false })
    }

    fn is_valid(&self, kept: &mut Kept) -> Result<(), R2d2Error> {
        // A file does not go away as a server does, and whoever does nothing but read should not pay twice.
        kept.trusted = kept.vitals.answered_lately();
        match &mut kept.conn {
            Connection::Postgres(conn) if !kept.trusted => conn.ping().map_err(R2d2Error::QueryError),
            Connection::Postgres(_) | Connection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, kept: &mut Kept) -> bool {
        // A closure that panicked may have left its transaction open.
        std::thread::panicking() || kept.vitals.is_lost() || on_either!(&mut kept.conn, |inner| inner.is_broken())
    }
}

/// Where the pool reports that it could not connect. (By itself it would write a line to the log at every try.)
#[derive(Debug)]
struct Failures(Arc<Health>);

impl HandleError<R2d2Error> for Failures {
    fn handle_error(&self, error: R2d2Error) {
        match error {
            R2d2Error::ConnectionError(cause) => self.0.failed(&cause),
            // A dead connection was found in the pool; whether there can be new ones, the next try will tell.
            R2d2Error::QueryError(_) => {}
        }
    }
}
