//! The database: which one, how connections are made, and its migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{Error as R2d2Error, ManageConnection, Pool, PooledConnection, R2D2Connection};
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use url::Url;

/// What every query takes.
pub type Connection = SqliteConnection;
/// A connection on loan from the pool.
pub type Pooled = PooledConnection<Manager>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How long a statement waits for another process's lock before it fails with "busy" (503 to the caller).
pub const BUSY: Duration = Duration::from_secs(3);

/// Readers at once. One writer at a time is [`crate::app::App::change`]'s business.
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
    /// `cause` stands in the way of using the database at `path`.
    pub fn new(path: &Path, cause: impl std::fmt::Display) -> OpenError {
        OpenError(format!("cannot open the database {}: {cause}", path.display()))
    }
}

/// Makes the pool's connections and counts the statements they run.
#[derive(Debug)]
pub struct Manager {
    path: String,
    statements: Arc<AtomicU64>,
}

/// An open, migrated database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool<Manager>,
    statements: Arc<AtomicU64>,
}

impl Database {
    /// Opens the SQLite database at `path`, creating its folder and file, and brings its schema up to date.
    ///
    /// # Errors
    /// Says in a sentence what stands in the way: a folder that cannot be made, a file that is no database.
    pub fn open(path: &Path) -> Result<Database, OpenError> {
        prepare(path).map_err(|cause| OpenError::new(path, cause))?;
        let statements = Arc::new(AtomicU64::new(0));
        let manager = Manager { path: plain(path), statements: Arc::clone(&statements) };
        let pool =
            Pool::builder().max_size(CONNECTIONS).min_idle(Some(1)).connection_timeout(BUSY).build(manager).map_err(|cause| OpenError::new(path, cause))?;
        Ok(Database { pool, statements })
    }

    /// A connection from the pool. Blocks: call it off the async threads.
    ///
    /// # Errors
    /// When none became free, or none could be made, in time.
    pub fn get(&self) -> Result<Pooled, diesel::r2d2::PoolError> {
        self.pool.get()
    }

    /// How many statements (transaction brackets included) this process has sent to the database.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

/// Whether there is a file at `path` that holds anything.
pub fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

/// A connection to an existing file that changes nothing in it, nor creates it.
///
/// Opened read-only, and not merely told to be: a connection that may write folds a killed site's log into the file
/// when it closes, also if it never wrote anything itself.
///
/// # Errors
/// When there is no such file or it cannot be opened.
pub fn look_into(path: &Path) -> ConnectionResult<Connection> {
    let wrong = |cause: &str| ConnectionError::BadConnection(cause.to_owned());
    let path = std::path::absolute(path).map_err(|cause| wrong(&cause.to_string()))?;
    let url = Url::from_file_path(path).map_err(|()| wrong("the path cannot be written as a URL"))?;
    let mut conn = Connection::establish(&format!("{url}?mode=ro"))?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", BUSY.as_millis())).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Everything that must be true before the pool exists.
///
/// WAL is set here, once: set by each connection of a pool it fails under load. The migrations run inside one
/// immediate transaction, because on their own they take no lock, and two processes starting at once would both
/// run them.
fn prepare(path: &Path) -> Result<(), AnyError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    create(path)?;
    let mut conn = connect(&plain(path))?;
    switch_to_wal(&mut conn)?;
    conn.immediate_transaction(|conn| -> Result<(), Migrating> {
        conn.run_pending_migrations(MIGRATIONS).map_err(Migrating)?;
        Ok(())
    })
    .map_err(|Migrating(cause)| cause)
}

/// Lets readers and the writer work side by side; the file remembers it. The switch needs the file for itself, and
/// where another process is starting too SQLite refuses at once, whatever the busy timeout: so it is tried again.
fn switch_to_wal(conn: &mut Connection) -> QueryResult<()> {
    for attempt in 1.. {
        if sql::<Text>("PRAGMA journal_mode").get_result::<String>(conn)? == "wal" {
            break;
        }
        match sql::<Text>("PRAGMA journal_mode = WAL").get_result::<String>(conn) {
            Err(refusal) if attempt == 100 => return Err(refusal),
            Err(_) => std::thread::sleep(Duration::from_millis(30)),
            // A file system without shared memory, say.
            Ok(mode) if mode != "wal" => {
                log::warn!("the database keeps its journal as {mode:?}, so every change makes all readers wait");
                break;
            }
            Ok(_) => break,
        }
    }
    Ok(())
}

/// Makes the file, if it is not there, readable by its owner only: it will hold password hashes and the key that
/// signs sessions. SQLite gives its side files the same mode.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

struct Migrating(AnyError);

impl From<diesel::result::Error> for Migrating {
    fn from(cause: diesel::result::Error) -> Self {
        Migrating(Box::new(cause))
    }
}

/// The busy timeout comes first: without it the next pragma may already fail. `FULL` is what lets an answer mean
/// "on disk": with `NORMAL` a power cut can take back what was answered.
fn connect(path: &str) -> ConnectionResult<Connection> {
    let mut conn = Connection::establish(path)?;
    let pragmas = format!("PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", BUSY.as_millis());
    conn.batch_execute(&pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// A path that SQLite takes for a file's name and nothing else: `:memory:` or `file:…` would be special.
fn plain(path: &Path) -> String {
    let path = if path.is_absolute() { PathBuf::from(path) } else { Path::new(".").join(path) };
    path.to_string_lossy().into_owned()
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = R2d2Error;

    fn connect(&self) -> Result<Connection, R2d2Error> {
        let mut conn = connect(&self.path).map_err(R2d2Error::ConnectionError)?;
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { .. } = event {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut Connection) -> Result<(), R2d2Error> {
        conn.ping().map_err(R2d2Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Connection) -> bool {
        // A closure that panicked may have left its transaction open.
        std::thread::panicking() || conn.is_broken()
    }
}
