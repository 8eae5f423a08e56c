//! What a handler may hold: the settings, the clock, and two doors to the database.

use std::sync::Arc;

use actix_web::web;
use diesel::Connection as _;
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{BUSY, Connection, Database, OpenError, look_into};
use crate::error::AppError;
use crate::last_update::{News, Stamp, Stamps, sweep};
use crate::model::{UserId, secrets, users};
use crate::password::Passwords;
use crate::slowdown::Slowdown;
use crate::token::Signer;

/// One running Tidings.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// Where style and script are found.
    pub assets: Assets,
    /// Hashes and checks passwords, a few at once.
    pub passwords: Passwords,
    /// Remembers who failed to sign in.
    pub slowdown: Slowdown,
    /// Signs session tokens.
    pub signer: Signer,
    /// This process's copy of the stamps.
    pub stamps: Arc<Stamps>,
    database: Database,
    /// One writer at a time, first come first served: SQLite's own waiting is a lottery that lets single writers
    /// starve for seconds, and a writer that waits here holds no thread and no connection.
    writer: Arc<Semaphore>,
}

impl App {
    /// Opens everything a running Tidings needs.
    ///
    /// # Errors
    /// In a sentence for the operator, when the database cannot be opened.
    pub fn open(config: Config) -> Result<App, OpenError> {
        let database = Database::open(&config.database)?;
        let signer = signer(&database).map_err(|cause| OpenError::new(&config.database, cause))?;
        let passwords = Passwords::new().map_err(|cause| OpenError::new(&config.database, cause))?;
        let stamps = Arc::new(Stamps::default());
        let sweep = look_into(&config.database).map_err(|cause| OpenError::new(&config.database, cause))?;
        sweep::start(sweep, &stamps).map_err(|cause| OpenError::new(&config.database, cause))?;
        Ok(App {
            clock: Clock::default(),
            assets: Assets::find(),
            passwords,
            slowdown: Slowdown::default(),
            signer,
            stamps,
            database,
            writer: Arc::new(Semaphore::new(1)),
            config,
        })
    }

    /// The reading door: runs `query` off the async threads, on one snapshot, so that what it counts and what it
    /// lists agree.
    ///
    /// # Errors
    /// What `query` fails with; 503 when the database cannot be reached.
    pub async fn read<T, F>(&self, query: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, AppError> + Send + 'static,
    {
        let database = self.database.clone();
        web::block(move || Connection::transaction(&mut *database.get()?, query)).await?
    }

    /// The writing door: runs `change` in one transaction that takes the write lock at its start, commits, and then
    /// announces exactly those whose inbox it changed. Commit and announcement run to their end even if the caller
    /// hangs up. Never call it from inside itself: the inner one would wait for the outer.
    ///
    /// # Errors
    /// What `change` fails with, and then nothing was changed; 503 when the database stays locked.
    pub async fn change<T, F>(&self, change: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<(T, News), AppError> + Send + 'static,
    {
        let turn = Arc::clone(&self.writer).acquire_owned();
        let turn = tokio::time::timeout(BUSY, turn).await.map_err(|late| AppError::Unavailable(Box::new(late)))?;
        let turn = turn.map_err(|closed| AppError::Internal(Box::new(closed)))?;
        let (database, stamps) = (self.database.clone(), Arc::clone(&self.stamps));
        web::block(move || {
            let (value, news) = Connection::immediate_transaction(&mut *database.get()?, change)?;
            drop(turn);
            for (user, stamp) in news.stamps() {
                stamps.announce(user, stamp);
            }
            Ok(value)
        })
        .await?
    }

    /// The stamp of `user`: from memory, or from their row if this process has not met them lately.
    ///
    /// # Errors
    /// 503 when it had to ask the database and could not; [`AppError::SignedOut`] for an account that is gone.
    pub async fn last_update(&self, user: UserId) -> Result<Stamp, AppError> {
        if let Some(stamp) = self.stamps.get(user) {
            return Ok(stamp);
        }
        let window = self.stamps.open(user);
        let row = self.read(move |db| Ok(users::last_update(db, user)?)).await?;
        let stamp = row.ok_or(AppError::SignedOut)?;
        self.stamps.keep(window, stamp);
        Ok(stamp)
    }

    /// How many statements this process has sent to the database.
    pub fn statements(&self) -> u64 {
        self.database.statements()
    }
}

/// The signing key of this database, made at its first start.
fn signer(database: &Database) -> Result<Signer, AppError> {
    let fresh = Signer::fresh_key()?;
    let key = Connection::immediate_transaction(&mut *database.get()?, |db| secrets::keep(db, secrets::KEY, &fresh))?;
    Signer::new(&key).map_err(|cause| AppError::Internal(Box::new(cause)))
}
