//! SQLite: a file beside the process.

use std::path::Path;
use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use url::Url;

use super::migration_error::MigrationError;
use super::{BUSY_TIMEOUT, Cause};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Whether there is a file at `path` that is not empty.
pub fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

/// Opens an existing file read-only. (`PRAGMA query_only` is not enough: a connection that may write moves a killed site's write-ahead log
/// into the file when it closes, even if it never wrote anything itself.)
///
/// # Errors
/// When there is no such file or it cannot be opened.
pub fn open_read_only(path: &Path) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(&url(path, Mode::ReadOnly)?)?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis())).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Creates the file and its folder, switches it to WAL, and runs the pending migrations.
///
/// WAL is set here and not by each connection of the pool, which fails under load. The migrations run inside one immediate transaction:
/// Diesel takes no lock for them, and two processes that start at once would both run them.
pub(super) fn prepare(path: &Path) -> Result<(), Cause> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    create(path)?;
    let mut conn = connect(path, Mode::ReadWrite)?;
    switch_to_wal(&mut conn)?;
    conn.immediate_transaction(|conn| -> Result<(), MigrationError> {
        conn.run_pending_migrations(MIGRATIONS).map_err(MigrationError)?;
        Ok(())
    })
    .map_err(|MigrationError(cause)| cause)
}

/// Switches to a write-ahead log, beside which readers do not wait for the writer; the file remembers it. The switch ignores the busy
/// timeout where another process is starting too, so it is retried here.
fn switch_to_wal(conn: &mut SqliteConnection) -> QueryResult<()> {
    for attempt in 1.. {
        if sql::<Text>("PRAGMA journal_mode").get_result::<String>(conn)? == "wal" {
            break;
        }
        match sql::<Text>("PRAGMA journal_mode = WAL").get_result::<String>(conn) {
            Err(refusal) if attempt == 100 => return Err(refusal),
            Err(_) => std::thread::sleep(Duration::from_millis(30)),
            // Such as on a file system without shared memory.
            Ok(mode) if mode != "wal" => {
                log::warn!("the database's journal mode is {mode:?} and not WAL, so all readers wait for every change");
                break;
            }
            Ok(_) => break,
        }
    }
    Ok(())
}

/// Creates the file with mode 0600: it will hold password hashes and the key that signs sessions. SQLite gives its side files the same mode.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A connection of the pool. The busy timeout is set first: without it, the next pragma may already fail. With `synchronous = FULL` an answer
/// means "on disk"; with `NORMAL`, a power cut can take back what was answered.
pub(super) fn connect(path: &Path, mode: Mode) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(&url(path, mode)?)?;
    let pragmas = format!("PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", BUSY_TIMEOUT.as_millis());
    conn.batch_execute(&pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, strum::IntoStaticStr)]
pub(super) enum Mode {
    /// It must be there.
    #[strum(serialize = "ro")]
    ReadOnly,
    /// It must be there: a running site would make an empty one where its own was moved away.
    #[strum(serialize = "rw")]
    ReadWrite,
    /// An empty one is made where there is none.
    #[strum(serialize = "rwc")]
    Create,
}

/// The path as a URL: whatever is special in it is encoded.
fn url(path: &Path, mode: Mode) -> ConnectionResult<String> {
    let wrong = |cause: &str| ConnectionError::BadConnection(cause.to_owned());
    let path = std::path::absolute(path).map_err(|cause| wrong(&cause.to_string()))?;
    let url = Url::from_file_path(path).map_err(|()| wrong("the path cannot be written as a URL"))?;
    Ok(format!("{url}?mode={}", <&str>::from(mode)))
}
