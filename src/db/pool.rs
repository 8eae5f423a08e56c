//! The pool's connections: how they are made, what is known of each, and when one is worth keeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::r2d2::{Error as R2d2Error, HandleError, ManageConnection, R2D2Connection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Address, Connection, Health, on_either};

/// A connection to a server that answered so short a while ago is not asked whether it lives before it is used again.
/// Should the server have gone in between, the first statement finds out, and is run again on another ([`super::Database`]).
/// Shorter than the grace that [`Health`] gives: what is taken for well was well within it.
const TRUSTED: Duration = Duration::from_secs(1);

/// Makes the pool's connections and counts the statements they run.
#[derive(Debug)]
pub struct Manager {
    address: Address,
    statements: Arc<AtomicU64>,
}

impl Manager {
    /// Of the database at `address`; adds to `statements`.
    pub fn new(address: &Address, statements: &Arc<AtomicU64>) -> Manager {
        Manager { address: address.clone(), statements: Arc::clone(statements) }
    }
}

/// A connection of the pool, and what is known of it.
pub struct Kept {
    pub conn: Connection,
    vitals: Arc<Vitals>,
    /// Whether it was given out without being asked, because it answered a moment ago.
    trusted: bool,
}

impl Kept {
    /// Whether it was trusted without being asked, and has gone.
    pub fn was_trusted_in_vain(&self) -> bool {
        self.trusted && self.vitals.is_lost()
    }
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
pub struct Failures(Arc<Health>);

impl Failures {
    /// They are told to `health`.
    pub fn told_to(health: &Arc<Health>) -> Failures {
        Failures(Arc::clone(health))
    }
}

impl HandleError<R2d2Error> for Failures {
    fn handle_error(&self, error: R2d2Error) {
        match error {
            R2d2Error::ConnectionError(cause) => self.0.failed(&cause),
            // A dead connection was found in the pool; whether there can be new ones, the next try will tell.
            R2d2Error::QueryError(_) => {}
        }
    }
}
