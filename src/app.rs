//! State shared by handlers, and the three ways to the database for them.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use actix_web::web;
use derive_more::Deref;
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password::Passwords;
use crate::auth::pending_revocations::PendingRevocations;
use crate::auth::session_token::Signer;
use crate::config::Config;
use crate::db::{Address, BUSY_TIMEOUT, Cause, Change, Connection, OpenError};
use crate::domain::follow_allowance::FollowAllowance;
use crate::error::AppError;
use crate::ids::{Stamp, UserId};
use crate::metrics::DatabaseGauges;
use crate::model::{secrets, users};
use crate::stamps::{Announced, StampCache, sweep};
use crate::store::Store;

/// One running Tidings.
#[derive(Debug, Deref)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// Where style and script are found.
    pub assets: Assets,
    /// Hashes and checks passwords, on threads of its own.
    pub passwords: Passwords,
    /// Slows down whoever keeps failing to sign in.
    pub login_throttle: LoginThrottle,
    /// Follows that need no look at their limit.
    pub follow_allowance: FollowAllowance,
    /// Sessions that were signed out and are still to be revoked.
    pub pending_revocations: PendingRevocations,
    /// Signs session tokens.
    pub signer: Signer,
    /// The name of the session cookie. It names the site, because browsers do not tell the ports of a host apart: two sites on one host would
    /// sign each other out.
    pub cookie_name: String,
    #[deref]
    store: Store,
    /// On SQLite, one writer at a time, first come first served. SQLite's own waiting is unfair and lets single writers starve for seconds;
    /// and a writer that waits here holds no thread and no connection. PostgreSQL has row locks instead.
    writers: Arc<Semaphore>,
}

impl App {
    /// Opens everything that a running Tidings needs, and starts its threads: those of the passwords, the sweep, and the connection to Redis.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn open(config: Config) -> Result<App, OpenError> {
        let mut store = Store::open(&config)?;
        let failed = |cause: Cause| OpenError::new(&config.database, cause);
        let signer = store.signer().map_err(|error| failed(error.into_cause()))?;
        let passwords = Passwords::new().map_err(|cause| failed(Box::new(cause)))?;
        store.stamps = shared_stamps(&config, &store).map_err(failed)?;
        let writers = if matches!(config.database, Address::Sqlite(_)) { 1 } else { Semaphore::MAX_PERMITS };
        Ok(App {
            assets: Assets::find(),
            passwords,
            login_throttle: LoginThrottle::default(),
            follow_allowance: FollowAllowance::default(),
            pending_revocations: PendingRevocations::default(),
            cookie_name: format!("{}tidings-{}", if config.is_https() { "__Host-" } else { "" }, signer.site_id()),
            signer,
            store,
            writers: Arc::new(Semaphore::new(writers)),
            config,
        })
    }

    /// The limit against which one more follow by `follower` is to be checked; 0 for none.
    pub fn follow_limit(&self, follower: UserId) -> u32 {
        self.follow_allowance.limit(follower, self.config.follows_per_hour, self.clock.uptime())
    }

    /// Runs `query`, one statement, off the async threads. Statements that must agree go through [`App::snapshot`]. The query may be run
    /// again on another connection.
    ///
    /// # Errors
    /// What `query` fails with; 503 when the database cannot be reached.
    pub async fn query<T, F>(&self, query: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: Fn(&mut Connection) -> Result<T, AppError> + Send + 'static,
    {
        let store = self.store.clone();
        web::block(move || store.query(query)).await?
    }

    /// Runs `queries` on one snapshot, off the async threads, so that what they count and what they list agree.
    ///
    /// # Errors
    /// What `queries` fail with; 503 when the database cannot be reached.
    pub async fn snapshot<T, F>(&self, queries: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, AppError> + Send + 'static,
    {
        let store = self.store.clone();
        web::block(move || store.snapshot(queries)).await?
    }

    /// Runs `work` in one transaction, off the async threads, commits, and then announces exactly the users that it touched. Commit and
    /// announcement run to their end even if the caller hangs up. It must not be called inside itself: on SQLite the inner one would wait for
    /// the outer.
    ///
    /// # Errors
    /// What `work` fails with, and then nothing was changed; 503 when the database stays locked.
    pub async fn change<T, F>(&self, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let (value, announced) = self.commit(work).await?;
        if let Some(announced) = announced {
            announced.arrived().await;
        }
        Ok(value)
    }

    /// [`App::change`] for work that nobody waits for, and that touches hundreds: it returns when Redis has all of their stamps, or cannot be
    /// written, however long that takes. So no more is under way at once than one batch.
    ///
    /// # Errors
    /// Those of [`App::change`].
    pub async fn change_in_bulk<T, F>(&self, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let (value, announced) = self.commit(work).await?;
        if let Some(announced) = announced {
            announced.written().await;
        }
        Ok(value)
    }

    async fn commit<T, F>(&self, work: F) -> Result<(T, Option<Announced>), AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Change<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let permit = Arc::clone(&self.writers).acquire_owned();
        // In SQLite's words, because for an operator it is the same.
        let permit = tokio::time::timeout(BUSY_TIMEOUT, permit).await.map_err(|_| AppError::Unavailable("database is locked".into()))?;
        let permit = permit.map_err(AppError::internal)?;
        let store = self.store.clone();
        let committed = web::block(move || {
            let done = store.change(work);
            drop(permit);
            done
        });
        committed.await?
    }

    /// Whether the database can be used: it answers, and is no read-only replica. A full disk, or SQLite's write lock in use, is no reason to fail.
    ///
    /// # Errors
    /// 503 if not.
    pub async fn check_database(&self) -> Result<(), AppError> {
        let store = self.store.clone();
        // A real row: `SELECT 1` would be answered without a look at the file.
        web::block(move || store.database.read_where_written(|conn| Ok(secrets::exists(conn, secrets::SESSION_KEY)?))).await?.map(drop)
    }

    /// The stamp of `user`: from memory, from Redis, or from their row if this process has not met them lately.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for an account that is gone; 503 when the database had to be asked and could not.
    pub async fn last_update(&self, user: UserId) -> Result<Stamp, AppError> {
        if let Some(stamp) = self.stamps.get(user).await {
            return Ok(stamp);
        }
        let window = self.stamps.open_window(user);
        let row = self.query(move |conn| Ok(users::last_update(conn, user)?)).await?;
        let stamp = row.ok_or(AppError::SignedOut)?;
        self.stamps.keep(window, stamp);
        Ok(stamp)
    }

    /// Logs that work for which nobody waits failed to write: once for as long as that lasts. An outage is logged by itself.
    pub fn log_failure<T>(&self, what: &str, done: &Result<T, AppError>) {
        let Err(AppError::Unavailable(cause) | AppError::Unknown(cause) | AppError::Internal(cause)) = done else { return };
        if self.database.health().writing.failed(&cause.to_string()) {
            log::warn!("{what}: {cause}");
        }
    }

    /// How many statements requests of this process have sent to the database.
    pub fn statements(&self) -> u64 {
        self.database.statements()
    }

    /// The state of the database, for the metrics.
    pub fn database_gauges(&self) -> DatabaseGauges {
        let (connections, idle) = self.database.connections();
        let health = self.database.health();
        DatabaseGauges {
            up: health.is_well(),
            reading_fails: health.reading.is_ongoing(),
            writing_fails: health.writing.is_ongoing(),
            statements: self.database.statements(),
            connections,
            idle,
        }
    }
}

/// The copies of the stamps, with the threads that keep them true: the connection to Redis, if there is to be one, and the sweep.
fn shared_stamps(config: &Config, store: &Store) -> Result<Arc<StampCache>, Cause> {
    let wake = sync_channel(1);
    let stamps = Arc::new(StampCache::start(config.remembered_stamps, config.redis.clone(), &store.metrics, &wake.0)?);
    let sweep = sweep::SweepConfig {
        connector: store.database.connector().clone(),
        health: Arc::clone(store.database.health()),
        metrics: Arc::clone(&store.metrics),
        interval_without_redis: config.sweep_interval(),
        wake,
    };
    sweep::start(sweep, &stamps)?;
    if let Some(redis) = stamps.redis() {
        redis.wait_for_first_answer();
    }
    Ok(stamps)
}
