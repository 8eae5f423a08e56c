//! The pool's connections: how they are made, when they are pinged, and when they are given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::r2d2::{Error as R2d2Error, HandleError, ManageConnection, R2D2Connection};
use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};

use super::{Address, Connection, Connector, Health, on_either};

/// A connection that answered this recently is not pinged before it is used again, which saves a round trip. If the server has gone in
/// between, the first statement fails, and [`super::Database`] runs it again on another connection. Shorter than the grace of [`Health`],
/// so that an outage is not hidden.
const NO_PING_WITHIN: Duration = Duration::from_secs(1);

/// Makes the pool's connections, and counts the statements that they run.
#[derive(Debug)]
pub struct Manager {
    connector: Connector,
    statements: Arc<AtomicU64>,
}

impl Manager {
    /// Connects with `connector`; adds to `statements`.
    pub fn new(connector: &Connector, statements: &Arc<AtomicU64>) -> Manager {
        Manager { connector: connector.clone(), statements: Arc::clone(statements) }
    }
}

/// A connection of the pool.
pub struct PoolConnection {
    pub conn: Connection,
    liveness: Arc<Liveness>,
    /// Whether it was given out without a ping, because it answered a moment ago.
    ping_skipped: bool,
    /// Whether it was made for a shared session.
    pooled: bool,
}

impl PoolConnection {
    /// Whether its first statement failed because of the connection alone: it skipped the ping and was dead, or it leads to a server that cannot
    /// be used like this. Another one may do.
    pub fn was_unfit(&self) -> bool {
        self.liveness.is_unfit() || (self.ping_skipped && self.liveness.is_lost())
    }
}

/// What its statements have shown of a connection.
#[derive(Debug)]
struct Liveness {
    created_at: Instant,
    /// When a statement last succeeded, in milliseconds after `created_at`; 0: never.
    answered: AtomicU64,
    /// Whether the connection was lost.
    lost: AtomicBool,
    /// Whether it answers, but leads to a server that takes no writes, or to a shared session.
    unfit: AtomicBool,
}

impl Liveness {
    fn new() -> Liveness {
        Liveness { created_at: Instant::now(), answered: AtomicU64::new(0), lost: AtomicBool::new(false), unfit: AtomicBool::new(false) }
    }

    /// Records how a statement ended.
    fn record(&self, error: Option<&DieselError>, begins: impl Fn() -> bool, connector: &Connector) {
        let Some(error) = error else {
            return self.answered.store(u64::try_from(self.created_at.elapsed().as_millis()).unwrap_or(0), Ordering::Relaxed);
        };
        let DieselError::DatabaseError(kind, said) = error else { return };
        match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => self.lost.store(true, Ordering::Relaxed),
            _ if connector.shows_pooler(said.message()) => self.unfit.store(true, Ordering::Relaxed),
            // It leads to a server that has become a replica. The next connection may lead to the one that writes.
            DatabaseErrorKind::ReadOnlyTransaction => self.unfit.store(true, Ordering::Relaxed),
            // A replica refuses BEGIN READ WRITE with a code of its own; nothing else refuses to begin, but SQLite's lock.
            _ if begins() && matches!(connector.address(), Address::Postgres(_)) => self.unfit.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn is_unfit(&self) -> bool {
        self.unfit.load(Ordering::Relaxed)
    }

    fn answered_recently(&self) -> bool {
        let answered = Duration::from_millis(self.answered.load(Ordering::Relaxed));
        !self.is_lost() && !answered.is_zero() && self.created_at.elapsed().saturating_sub(answered) < NO_PING_WITHIN
    }
}

impl ManageConnection for Manager {
    type Connection = PoolConnection;
    type Error = R2d2Error;

    fn connect(&self) -> Result<PoolConnection, R2d2Error> {
        self.connector.check_file().map_err(|moved| R2d2Error::ConnectionError(ConnectionError::BadConnection(moved)))?;
        let pooled = self.connector.is_pooled();
        let mut conn = self.connector.connect().map_err(R2d2Error::ConnectionError)?;
        let (statements, liveness) = (Arc::clone(&self.statements), Arc::new(Liveness::new()));
        let (recorder, connector) = (Arc::clone(&liveness), self.connector.clone());
        on_either!(&mut conn, |inner| inner.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => drop(statements.fetch_add(1, Ordering::Relaxed)),
            InstrumentationEvent::FinishQuery { error, query, .. } => recorder.record(error, || query.to_string().starts_with("BEGIN"), &connector),
            _ => {}
        }));
        Ok(PoolConnection { conn, liveness, ping_skipped: false, pooled })
    }

    fn is_valid(&self, pooled: &mut PoolConnection) -> Result<(), R2d2Error> {
        // Made before the pooler was noticed.
        if pooled.pooled != self.connector.is_pooled() {
            return Err(R2d2Error::QueryError(DieselError::BrokenTransactionManager));
        }
        // Only servers are pinged: a file does not hang up.
        pooled.ping_skipped = pooled.liveness.answered_recently();
        match &mut pooled.conn {
            Connection::Postgres(conn) if !pooled.ping_skipped => conn.ping().map_err(R2d2Error::QueryError),
            Connection::Postgres(_) | Connection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, pooled: &mut PoolConnection) -> bool {
        // A closure that panicked may have left its transaction open.
        std::thread::panicking() || pooled.liveness.is_lost() || pooled.liveness.is_unfit() || on_either!(&mut pooled.conn, |inner| inner.is_broken())
    }
}

/// Takes the errors of the pool. Without it, r2d2 logs a line for every failed try.
#[derive(Debug)]
pub struct ErrorHandler(Arc<Health>);

impl ErrorHandler {
    /// Reports them to `health`.
    pub fn reporting_to(health: &Arc<Health>) -> ErrorHandler {
        ErrorHandler(Arc::clone(health))
    }
}

impl HandleError<R2d2Error> for ErrorHandler {
    fn handle_error(&self, error: R2d2Error) {
        match error {
            R2d2Error::ConnectionError(cause) => self.0.failed(&cause),
            // A dead connection was found in the pool. Whether the server is gone, the next connect will show.
            R2d2Error::QueryError(_) => {}
        }
    }
}
