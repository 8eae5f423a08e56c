//! SQLite: a file beside the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use url::Url;

use super::{BUSY, Connection};
use crate::error::Cause;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

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
    let mut conn = SqliteConnection::establish(&format!("{url}?mode=ro"))?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", BUSY.as_millis())).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(Connection::Sqlite(conn))
}

/// Everything that must be true before the pool exists.
///
/// WAL is set here, once: set by each connection of a pool it fails under load. The migrations run inside one
/// immediate transaction, because on their own they take no lock, and two processes starting at once would both
/// run them.
pub(super) fn prepare(path: &Path) -> Result<(), Cause> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    create(path)?;
    let mut conn = connect(path)?;
    switch_to_wal(&mut conn)?;
    conn.immediate_transaction(|conn| -> Result<(), Migrating> {
        conn.run_pending_migrations(MIGRATIONS).map_err(Migrating)?;
        Ok(())
    })
    .map_err(|Migrating(cause)| cause)
}

/// Lets readers and the writer work side by side; the file remembers it. The switch needs the file for itself, and
/// where another process is starting too SQLite refuses at once, whatever the busy timeout: so it is tried again.
fn switch_to_wal(conn: &mut SqliteConnection) -> QueryResult<()> {
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

/// An error of Diesel's or of its migrations: a transaction wants one type that both can become.
pub(super) struct Migrating(pub(super) Cause);

impl From<diesel::result::Error> for Migrating {
    fn from(cause: diesel::result::Error) -> Self {
        Migrating(Box::new(cause))
    }
}

/// The busy timeout comes first: without it the next pragma may already fail. `FULL` is what lets an answer mean
/// "on disk": with `NORMAL` a power cut can take back what was answered.
pub(super) fn connect(path: &Path) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(&plain(path))?;
    let pragmas = format!("PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", BUSY.as_millis());
    conn.batch_execute(&pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// A path that SQLite takes for a file's name and nothing else: `:memory:` or `file:…` would be special.
fn plain(path: &Path) -> String {
    let path = if path.is_absolute() { PathBuf::from(path) } else { Path::new(".").join(path) };
    path.to_string_lossy().into_owned()
}
