//! The sweep: asks the database whose stamp moved lately, and mends every copy that lags.
//!
//! What this process changes, it announces itself. What another does reaches it through Redis; and where that fails (no
//! Redis, a crash between commit and announcement, a write that Redis lost, a snapshot that brought back an old copy, an
//! operator with a shell), through this. Its cost follows the changes, not the tabs.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::shared::{EXPIRY, Link, Task};
use super::{Stamp, Stamps, database_now};
use crate::clock::{Clock, MINUTE, Millis, SECOND};
use crate::db::{Address, Connection, Health, sqlite};
use crate::error::Cause;
use crate::ids::UserId;
use crate::metrics::Metrics;
use crate::schema::users;

/// How often it looks while Redis brings the news. Well within the 30 s after which everybody is to have heard of
/// everything.
const CALM: Duration = Duration::from_millis(CALM_MS as u64);
const CALM_MS: Millis = 5 * SECOND;

/// How much further than it must a far look reaches back, at least every [`CALM`]: what it must is known exactly (see
/// [`visible_until`]), but clocks are set back now and then.
const OVERLAP: Millis = MINUTE;

/// How far it looks back in between, where it alone brings the news and so looks often: nearly every change is committed
/// within moments, and what was not is found by the next far look. Longer than anybody waits for an inbox that another change
/// holds: a stamp may be from before that wait.
const SHORT_OVERLAP: Millis = 4 * SECOND;

/// What a sweep works with.
#[derive(Debug)]
pub struct Tools {
    /// Where the database is.
    pub address: Address,
    /// Where its outages are told.
    pub health: Arc<Health>,
    /// Where what it mends is counted.
    pub metrics: Arc<Metrics>,
    /// How often it looks while it alone brings the news.
    pub alert: Duration,
    /// Wakes it; both ends, so that it can sleep where nobody else holds one.
    pub bell: (SyncSender<()>, Receiver<()>),
}

/// One process's sweep. Moments are by the database's clock.
struct Sweep {
    tools: Tools,
    clock: Clock,
    conn: Option<Connection>,
    /// SQLite's count of commits by other connections at the last far look.
    version: Option<i64>,
    /// When the last look began.
    looked_at: Millis,
    /// When the last far look began.
    looked_far_at: Millis,
    /// Whatever has a stamp before this was seen by a far look.
    seen_until: Millis,
    /// And was mended in Redis, at a time when Redis lagged nowhere.
    shared_until: Millis,
    /// What Redis was seen to have, and how much trouble there had been with it then: not worth asking for again.
    verified: (u64, HashMap<UserId, Stamp>),
    /// Whether the log says that looking fails.
    told: bool,
}

/// Sweeps for as long as anybody holds `stamps`, on a thread and a connection of its own. What changes from now on is
/// seen, however long the first look is in coming.
///
/// # Errors
/// When the database cannot be reached, or the system has no thread to give.
pub fn start(tools: Tools, stamps: &Arc<Stamps>) -> Result<(), Cause> {
    let (stamps, clock) = (Arc::downgrade(stamps), Clock::default());
    let mut conn = connect(&tools.address)?;
    let now = database_now(&mut conn, clock.now())?;
    let until = visible_until(&mut conn, now)?;
    let sweep = Sweep {
        tools,
        clock,
        conn: Some(conn),
        version: None,
        looked_at: until,
        looked_far_at: now,
        seen_until: until,
        shared_until: until,
        verified: (0, HashMap::new()),
        told: false,
    };
    thread::Builder::new().name("sweep".to_owned()).spawn(move || sweep.run(&stamps))?;
    Ok(())
}

impl Sweep {
    fn run(mut self, stamps: &Weak<Stamps>) {
        loop {
            let Some(stamps) = stamps.upgrade() else { return };
            self.once(&stamps);
            let redis_brings_it = stamps.shared().is_some_and(|link| link.is_well());
            drop(stamps);
            let pause = if redis_brings_it { CALM } else { self.tools.alert };
            // Woken or not, it looks.
            let _ = self.tools.bell.1.recv_timeout(pause);
        }
    }

    /// Looks, on a new connection if the last look failed.
    fn once(&mut self, stamps: &Stamps) {
        let conn = match self.conn.take() {
            Some(conn) => Ok(conn),
            None => connect(&self.tools.address),
        };
        let mut conn = match conn {
            Ok(conn) => conn,
            Err(cause) => return self.tools.health.failed(&cause),
        };
        match self.look(&mut conn, stamps) {
            Ok(()) => {
                self.tools.health.works();
                self.conn = Some(conn);
                if std::mem::take(&mut self.told) {
                    log::info!("looking for changes by others again");
                }
            }
            // If it is the way to the database, the next connection will tell; everything else is told here, once.
            Err(cause) if cause_is_connection(&cause) => {}
            Err(cause) => {
                if !std::mem::replace(&mut self.told, true) {
                    log::warn!("cannot look for changes by others: {cause}");
                }
            }
        }
    }

    /// Reads whose stamp moved since the last look, if anything was written at all, and mends.
    fn look(&mut self, conn: &mut Connection, stamps: &Stamps) -> QueryResult<()> {
        let link = stamps.shared().map(AsRef::as_ref);
        // Before the rows are read: what is found counts for Redis as it is now.
        let task = link.and_then(Link::task);
        let mending = task.is_some_and(|task| task.is_mending);
        let now = database_now(conn, self.clock.now())?;
        let version = version(conn)?;
        if version.is_some() && version == self.version && !mending {
            return Ok(());
        }
        let far = mending || !(self.looked_far_at..self.looked_far_at + CALM_MS).contains(&now);
        let until = if far { visible_until(conn, now)? } else { now };
        let horizon = self.horizon(now, far, task);
        let moved = moved_since(conn, horizon)?;
        let raised = moved.iter().filter(|(user, stamp)| stamps.mend(*user, *stamp)).count();
        self.tools.metrics.mended("memory", raised as u64);
        let everywhere = link.zip(task).is_some_and(|(link, task)| self.mend_shared(link, task, moved));
        self.looked_at = now;
        if far {
            (self.looked_far_at, self.seen_until, self.version) = (now, until, version);
        }
        if far && everywhere {
            self.shared_until = until;
        }
        Ok(())
    }

    /// From which stamp on a look reads. Always the smaller moment of two, because the clock may have been set back.
    fn horizon(&self, now: Millis, far: bool, task: Option<Task>) -> Millis {
        match task {
            // A copy from before any later stamp is older than its expiry lets it be.
            Some(task) if task.replaced => now - EXPIRY - OVERLAP,
            Some(task) if task.is_mending => self.seen_until.min(self.shared_until.max(now - EXPIRY)).min(now) - OVERLAP,
            _ if far => self.seen_until.min(now) - OVERLAP,
            _ => self.looked_at.min(now) - SHORT_OVERLAP,
        }
    }

    /// Mends what Redis has of `moved`; whether Redis lags nowhere now.
    fn mend_shared(&mut self, link: &Link, task: Task, moved: Vec<(UserId, Stamp)>) -> bool {
        let (verified_at, verified) = &mut self.verified;
        if task.troubles != *verified_at {
            verified.clear();
        }
        let open: Vec<_> = moved.iter().filter(|(user, stamp)| verified.get(user) != Some(stamp)).copied().collect();
        let Some(raised) = link.mend(&open) else { return false };
        self.tools.metrics.mended("redis", raised);
        self.verified = (task.troubles, moved.into_iter().collect());
        link.is_done(task, raised)
    }
}

/// Whose stamp is later than `horizon`.
///
/// # Errors
/// Those of the database.
pub fn moved_since(conn: &mut Connection, horizon: Millis) -> QueryResult<Vec<(UserId, Stamp)>> {
    users::table.filter(users::last_update.gt(horizon)).select((users::id, users::last_update)).load(conn)
}

/// The moment up to which every stamp that there will ever be is visible: now, or the beginning of the oldest transaction
/// that is still open. A stamp is taken before its commit, and nothing limits how long a commit itself may take (a
/// standby that does not answer, a disk that hangs).
fn visible_until(conn: &mut Connection, now: Millis) -> QueryResult<Millis> {
    match conn {
        Connection::Postgres(conn) => {
            let oldest: Option<Millis> = diesel::select(sql::<Nullable<BigInt>>(
                "(SELECT (extract(epoch from min(xact_start)) * 1000)::bigint FROM pg_stat_activity \
                 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid())",
            ))
            .get_result(conn)?;
            Ok(oldest.map_or(now, |oldest| oldest.min(now)))
        }
        // Where there is one writer at a time, no commit is overtaken by a later one.
        Connection::Sqlite(_) => Ok(now),
    }
}

fn cause_is_connection(cause: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    matches!(cause, Error::BrokenTransactionManager | Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _))
}

/// Reads only; and an SQLite file is not even opened for more.
fn connect(address: &Address) -> ConnectionResult<Connection> {
    match address {
        Address::Sqlite(path) => sqlite::look_into(path),
        Address::Postgres(_) => Connection::establish_to(address),
    }
}

/// A number that changes whenever somebody else commits, where the engine has one that costs nothing.
fn version(conn: &mut Connection) -> QueryResult<Option<i64>> {
    match conn {
        Connection::Sqlite(conn) => sql::<BigInt>("PRAGMA data_version").get_result(conn).map(Some),
        Connection::Postgres(_) => Ok(None),
    }
}
