//! What a handler may hold: the settings, the clock, and the doors to the database: two, and a window to look in by.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use actix_web::web;
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Address, BUSY, Connection, Database, OpenError};
use crate::error::{AppError, Cause};
use crate::last_update::{News, Stamp, Stamps, sweep};
use crate::metrics::{DatabaseReading, Metrics};
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
    /// The copies of the stamps that polls are answered from.
    pub stamps: Arc<Stamps>,
    /// What is counted for operators.
    pub metrics: Arc<Metrics>,
    database: Database,
    /// On SQLite one writer at a time, first come first served: its own waiting is a lottery that lets single writers
    /// starve for seconds, and a writer that waits here holds no thread and no connection. A server has rows to lock.
    writers: Arc<Semaphore>,
}

impl App {
    /// Opens everything a running Tidings needs.
    ///
    /// # Errors
    /// In a sentence for the operator, when the database cannot be opened.
    pub fn open(config: Config) -> Result<App, OpenError> {
        fn wrong<C: std::fmt::Display>(address: &Address) -> impl Fn(C) -> OpenError {
            move |cause| OpenError::new(address, cause)
        }
        let address = &config.database;
        let database = Database::open(address)?;
        let signer = signer(&database).map_err(wrong(address))?;
        let passwords = Passwords::new().map_err(wrong(address))?;
        let metrics = Arc::new(Metrics::new().map_err(wrong(address))?);
        let stamps = copies(&config, &database, &metrics).map_err(wrong(address))?;
        let writers = if matches!(address, Address::Sqlite(_)) { 1 } else { Semaphore::MAX_PERMITS };
        Ok(App {
            clock: Clock::default(),
            assets: Assets::find(),
            passwords,
            slowdown: Slowdown::default(),
            signer,
            stamps,
            metrics,
            database,
            writers: Arc::new(Semaphore::new(writers)),
            config,
        })
    }

    /// A look through the window: runs `query`, which is one statement, off the async threads. Whatever asks twice goes
    /// through [`App::read`], or its answers may contradict each other. It may be run again on another connection.
    ///
    /// # Errors
    /// What `query` fails with; 503 when the database cannot be reached.
    pub async fn look<T, F>(&self, query: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: Fn(&mut Connection) -> Result<T, AppError> + Send + 'static,
    {
        let database = self.database.clone();
        web::block(move || database.look(query)).await?
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
        web::block(move || database.read(query)).await?
    }

    /// The writing door: runs `change` in one transaction, commits, and then announces exactly those whose inbox it
    /// changed. Commit and announcement run to their end even if the caller hangs up. Never call it from inside itself:
    /// the inner one would wait for the outer.
    ///
    /// # Errors
    /// What `change` fails with, and then nothing was changed; 503 when the database stays locked.
    pub async fn change<T, F>(&self, change: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<(T, News), AppError> + Send + 'static,
    {
        let turn = Arc::clone(&self.writers).acquire_owned();
        let turn = tokio::time::timeout(BUSY, turn).await.map_err(|late| AppError::Unavailable(Box::new(late)))?;
        let turn = turn.map_err(|closed| AppError::Internal(Box::new(closed)))?;
        let (database, stamps, metrics) = (self.database.clone(), Arc::clone(&self.stamps), Arc::clone(&self.metrics));
        let committed = web::block(move || {
            let (value, news) = database.write(change)?;
            drop(turn);
            metrics.told(news.told());
            Ok::<_, AppError>((value, stamps.announce(&news)))
        });
        let (value, announced) = committed.await??;
        if let Some(announced) = announced {
            announced.arrived().await;
        }
        Ok(value)
    }

    /// The stamp of `user`: from Redis or memory, or from their row if this process has not met them lately.
    ///
    /// # Errors
    /// 503 when it had to ask the database and could not; [`AppError::SignedOut`] for an account that is gone.
    pub async fn last_update(&self, user: UserId) -> Result<Stamp, AppError> {
        if let Some(stamp) = self.stamps.get(user).await {
            return Ok(stamp);
        }
        let window = self.stamps.open(user);
        let row = self.look(move |db| Ok(users::last_update(db, user)?)).await?;
        let stamp = row.ok_or(AppError::SignedOut)?;
        self.stamps.keep(window, stamp);
        Ok(stamp)
    }

    /// How many statements this process has sent to the database.
    pub fn statements(&self) -> u64 {
        self.database.statements()
    }

    /// How the database does at this moment.
    pub fn database_reading(&self) -> DatabaseReading {
        let (connections, idle) = self.database.connections();
        DatabaseReading { up: self.database.health().is_well(), statements: self.database.statements(), connections, idle }
    }
}

/// The copies of the stamps, and what keeps them true: the link to Redis, if there is to be one, and the sweep.
fn copies(config: &Config, database: &Database, metrics: &Arc<Metrics>) -> Result<Arc<Stamps>, Cause> {
    let bell = sync_channel(1);
    let stamps = Arc::new(Stamps::start(config.remembered_stamps, config.redis.clone(), metrics, &bell.0)?);
    let health = Arc::clone(database.health());
    let tools = sweep::Tools { address: config.database.clone(), health, metrics: Arc::clone(metrics), alert: config.sweep_pause(), bell };
    sweep::start(tools, &stamps)?;
    if let Some(link) = stamps.shared() {
        link.await_first_word();
    }
    Ok(stamps)
}

/// The signing key of this database, made at its first start.
fn signer(database: &Database) -> Result<Signer, AppError> {
    let fresh = Signer::fresh_key()?;
    let key = database.write(|db| Ok::<_, AppError>(secrets::keep(db, secrets::KEY, &fresh)?))?;
    Signer::new(&key).map_err(|cause| AppError::Internal(Box::new(cause)))
}
