//! The database and the copies of the stamps, without background threads; `App` adds those.

use std::sync::Arc;

use diesel::result::Error as DieselError;
use tokio::sync::Notify;

use crate::auth::session_token::Signer;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Change, Connection, Database, Effects, NoConnection, OpenError};
use crate::error::AppError;
use crate::ids::UserId;
use crate::metrics::Metrics;
use crate::model::{secrets, users};
use crate::stamps::{Announced, StampCache};

/// State shared by everything that reads or writes, and the three ways to the database. All of them block.
#[derive(Debug, Clone)]
pub struct Store {
    /// What time it is.
    pub clock: Arc<Clock>,
    /// The copies of the stamps.
    pub stamps: Arc<StampCache>,
    /// What is counted for operators.
    pub metrics: Arc<Metrics>,
    /// The database itself.
    pub database: Database,
    /// Wakes the deliveries when there is a new one.
    pub wake_deliveries: Arc<Notify>,
}

impl Store {
    /// Opens the database and keeps the stamps in memory. No thread is started: what this process changes, instances that serve learn from
    /// their sweep, within seconds.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn open(config: &Config) -> Result<Store, OpenError> {
        let database = Database::open(&config.database)?;
        let metrics = Arc::new(Metrics::new().map_err(|cause| OpenError::new(&config.database, cause))?);
        Ok(Store {
            clock: Arc::default(),
            stamps: Arc::new(StampCache::in_memory(config.remembered_stamps)),
            metrics,
            database,
            wake_deliveries: Arc::default(),
        })
    }

    /// Runs `query`, which is one statement. Statements that must agree go through [`Store::snapshot`].
    ///
    /// # Errors
    /// What `query` fails with; when there is no connection.
    pub fn query<T, E>(&self, query: impl Fn(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.database.query(query).inspect(|_| self.database.health().reading.succeeded())
    }

    /// Runs `queries` on one snapshot.
    ///
    /// # Errors
    /// What `queries` fail with; when there is no connection.
    pub fn snapshot<T, E>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        self.database.snapshot(queries).inspect(|_| self.database.health().reading.succeeded())
    }

    /// Runs `work` in one transaction, commits, and then announces exactly the users whose stamps it advanced. So nobody can forget to
    /// notify, notify before the commit, or notify for what was rolled back. Returns [`Announced`] as well, if the stamps are on their way
    /// to Redis.
    ///
    /// If it is not known whether the transaction was committed, it announces what the rows say.
    ///
    /// # Errors
    /// What `work` fails with, and then nothing was changed; when there is no connection; [`DieselError::RollbackErrorOnCommit`] if it is not
    /// known whether it was done.
    pub fn change<T, E>(&self, work: impl FnOnce(&mut Change<'_>) -> Result<T, E>) -> Result<(T, Option<Announced>), E>
    where
        E: From<DieselError> + From<NoConnection>,
    {
        let (committed, effects) = self.database.transaction(&self.clock, work)?;
        // First: from the announcement on, the new stamp could be guessed.
        for user in &effects.revoked {
            effects.touched.get(user).into_iter().for_each(|stamp| self.stamps.note_revocation(*user, *stamp));
        }
        let value = committed.inspect_err(|_| self.announce_rows(&effects))?;
        self.database.health().writing.succeeded();
        self.metrics.notified(&effects.notified);
        if effects.has_delivery {
            self.wake_deliveries.notify_one();
        }
        let touched: Vec<_> = effects.touched.into_iter().collect();
        Ok((value, self.stamps.announce(&touched)))
    }

    /// Signs with the key of this database, which is made at its first start.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn signer(&self) -> Result<Signer, AppError> {
        let fresh = Signer::fresh_key()?;
        let (key, _) = self.change(|tx| Ok::<_, AppError>(secrets::get_or_insert(tx, secrets::SESSION_KEY, &fresh)?))?;
        Signer::new(&key).map_err(AppError::internal)
    }

    /// Announces what the rows of those who were touched say, whether or not that is of this change. What cannot be read now is forgotten here,
    /// and found by the sweeps elsewhere. (The stamps of the change itself could be ahead of all rows.)
    fn announce_rows(&self, effects: &Effects) {
        let touched: Vec<UserId> = effects.touched.keys().copied().collect();
        match self.query(|conn| Ok::<_, AppError>(users::last_updates(conn, &touched)?)) {
            Ok(rows) => drop(self.stamps.announce(&rows)),
            Err(_) => touched.into_iter().for_each(|user| self.stamps.forget(user)),
        }
    }
}
