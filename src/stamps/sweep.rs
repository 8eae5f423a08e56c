//! The sweep: asks the database whose stamp moved lately, and mends every copy that is behind.
//!
//! A process announces its own changes. Those of another reach it through Redis; the sweep finds the rest: no Redis, a crash between
//! commit and announcement, a write that Redis lost, a restored snapshot, an operator with a shell. Its cost grows with the changes,
//! not with the open tabs. `RestoreCheck` does the opposite: it finds copies that are ahead, because the rows went back.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::advance::database_now;
use super::cache::StampCache;
use super::redis::{EXPIRY, MendTask, RedisClient};
use super::restored::RestoreCheck;
use super::revocations::REVOKED_FOR;
use crate::clock::{Clock, MINUTE, Millis, SECOND};
use crate::db::{Cause, Connection, Connector, Health};
use crate::ids::{Stamp, UserId};
use crate::metrics::Metrics;
use crate::schema::{revocations, users};

/// The pause between two passes while Redis is well, and the longest between two deep passes. Far less than the 30 s within
/// which every copy must be right again.
const INTERVAL: Duration = Duration::from_millis(INTERVAL_MS as u64);
const INTERVAL_MS: Millis = 5 * SECOND;

/// How much further than necessary a deep pass reads back, in milliseconds. What is necessary is known ([`visible_until`]), but a clock
/// may be set back.
const DEEP_OVERLAP: Millis = MINUTE;

/// How much further than the last pass a quick pass reads back, in milliseconds. Longer than a change may wait for a lock: its stamp can
/// be from before that wait. A transaction that stays open for longer is left to the next deep pass.
const QUICK_OVERLAP: Millis = 4 * SECOND;

/// What a sweep works with.
#[derive(Debug)]
pub struct SweepConfig {
    /// How to connect to the database.
    pub connector: Connector,
    /// Records when the database is out of reach.
    pub health: Arc<Health>,
    /// Counts the copies that were mended.
    pub metrics: Arc<Metrics>,
    /// The pause between two passes while Redis is not well, and the sweep alone finds what other instances change.
    pub interval_without_redis: Duration,
    /// Starts a pass at once. The sender is held, too: a receiver without any sender returns at once, and there would be no pause.
    pub wake: (SyncSender<()>, Receiver<()>),
}

/// The sweep of one process. Moments are Unix milliseconds by the database's clock.
///
/// A deep pass reads back to the oldest change that may still be unseen. Between deep passes, a quick pass reads back a few seconds: that
/// finds nearly every change, because most commit within moments.
struct Sweep {
    config: SweepConfig,
    clock: Clock,
    /// `None` after a failed pass.
    conn: Option<Connection>,
    /// [`data_version`] at the last deep pass.
    data_version: Option<i64>,
    last_pass: Millis,
    last_deep_pass: Millis,
    /// Every stamp before this was seen by a deep pass.
    seen_until: Millis,
    /// Every stamp before this was mended in Redis as well.
    redis_mended_until: Millis,
    /// Which copies in Redis the last pass found right, and the number of Redis faults then. They are not asked for again.
    verified: (u64, HashMap<UserId, Stamp>),
    /// Notices rows that went back.
    restore_check: RestoreCheck,
}

/// Sweeps for as long as anybody else holds `stamps`, on a thread and a connection of its own. Every change from now on is found,
/// however late the first pass is.
///
/// # Errors
/// If the database is out of reach, or the thread cannot be started.
pub fn start(config: SweepConfig, stamps: &Arc<StampCache>) -> Result<(), Cause> {
    let clock = Clock::default();
    let mut conn = config.connector.connect_to_read()?;
    let now = database_now(&mut conn, clock.now())?;
    // All whose tokens could still be alive: a process that starts has checked none.
    revoked_since(&mut conn, now - REVOKED_FOR)?.into_iter().for_each(|(user, stamp)| stamps.note_revocation(user, stamp));
    let stamps = Arc::downgrade(stamps);
    let until = visible_until(&mut conn, now)?;
    let sweep = Sweep {
        config,
        clock,
        conn: Some(conn),
        data_version: None,
        last_pass: until,
        last_deep_pass: now,
        seen_until: until,
        redis_mended_until: until,
        verified: (0, HashMap::new()),
        restore_check: RestoreCheck::default(),
    };
    thread::Builder::new().name("sweep".to_owned()).spawn(move || sweep.run(&stamps))?;
    Ok(())
}

impl Sweep {
    fn run(mut self, stamps: &Weak<StampCache>) {
        loop {
            let Some(stamps) = stamps.upgrade() else { return };
            self.run_pass(&stamps);
            let redis_is_well = stamps.redis().is_some_and(|redis| redis.is_well());
            drop(stamps);
            let pause = if redis_is_well { INTERVAL } else { self.config.interval_without_redis };
            // Woken or timed out: either way the next pass begins.
            let _ = self.config.wake.1.recv_timeout(pause);
        }
    }

    /// Runs a pass, on a new connection if the last one failed, and sees to it that the log says what is over.
    fn run_pass(&mut self, stamps: &StampCache) {
        if let Err(moved) = self.config.connector.check_file() {
            // Opened again when the file is back.
            self.conn = None;
            self.config.health.lost(&moved);
        } else {
            self.connect_and_pass(stamps);
        }
        self.config.health.end_what_is_over();
    }

    fn connect_and_pass(&mut self, stamps: &StampCache) {
        let mut conn = match self.conn.take().map_or_else(|| self.connect(), Ok) {
            Ok(conn) => conn,
            Err(cause) => return self.config.health.failed(&cause),
        };
        match self.pass(&mut conn, stamps) {
            Ok(()) => {
                self.conn = Some(conn);
                self.config.health.succeeded();
                self.config.health.reading.succeeded();
            }
            // Not logged here: if the database is out of reach, the next attempt to connect records it.
            Err(cause) if is_connection_error(&cause) => {}
            Err(cause) => self.record_failure(&cause.to_string()),
        }
    }

    /// A new connection. It counts SQLite's `data_version` anew, so that of the last one says nothing.
    fn connect(&mut self) -> ConnectionResult<Connection> {
        self.data_version = None;
        self.config.connector.connect_to_read()
    }

    fn record_failure(&self, cause: &str) {
        self.config.connector.shows_pooler(cause);
        if self.config.health.reading.failed(cause) {
            log::warn!("cannot look for changes by others: {cause}");
        }
    }

    /// Reads whose stamp moved since the last pass, if anything was written at all, and mends their copies.
    fn pass(&mut self, conn: &mut Connection, stamps: &StampCache) -> QueryResult<()> {
        let redis = stamps.redis().map(AsRef::as_ref);
        // Before any row is read: what is found says nothing of a Redis fault that comes later.
        let task = redis.and_then(RedisClient::mend_task);
        let mending = task.is_some_and(|task| task.is_mending);
        let now = database_now(conn, self.clock.now())?;
        let data_version = data_version(conn)?;
        if data_version.is_some() && data_version == self.data_version && !mending {
            return Ok(());
        }
        let deep = mending || !(self.last_deep_pass..self.last_deep_pass + INTERVAL_MS).contains(&now);
        let until = if deep { visible_until(conn, now)? } else { now };
        let horizon = self.horizon(now, deep, task);
        let (moved, revoked) = (moved_since(conn, horizon)?, revoked_since(conn, horizon)?);
        // Before the stamps: from then on, the new ones could be guessed.
        revoked.into_iter().for_each(|(user, stamp)| stamps.note_revocation(user, stamp));
        self.mend_memory(stamps, &moved);
        let redis_mended = redis.zip(task).is_some_and(|(redis, task)| self.mend_redis(redis, task, moved));
        self.last_pass = now;
        if deep {
            self.restore_check.run(conn, stamps)?;
            (self.last_deep_pass, self.seen_until, self.data_version) = (now, until, data_version);
        }
        if deep && redis_mended {
            self.redis_mended_until = until;
        }
        Ok(())
    }

    /// The stamp from which on a pass reads. Always the smaller of two moments, because the clock may have been set back.
    fn horizon(&self, now: Millis, deep: bool, task: Option<MendTask>) -> Millis {
        match task {
            // A copy older than this has expired.
            Some(task) if task.server_replaced => now - EXPIRY - DEEP_OVERLAP,
            Some(task) if task.is_mending => self.seen_until.min(self.redis_mended_until.max(now - EXPIRY)).min(now) - DEEP_OVERLAP,
            _ if deep => self.seen_until.min(now) - DEEP_OVERLAP,
            _ => self.last_pass.min(now) - QUICK_OVERLAP,
        }
    }

    fn mend_memory(&self, stamps: &StampCache, moved: &[(UserId, Stamp)]) {
        let raised = moved.iter().filter(|(user, stamp)| stamps.mend(*user, *stamp)).count();
        self.config.metrics.mended("memory", raised as u64);
    }

    /// Mends the copies in Redis of `moved`. Returns whether no copy there is behind now.
    fn mend_redis(&mut self, redis: &RedisClient, task: MendTask, moved: Vec<(UserId, Stamp)>) -> bool {
        let (faults, verified) = &mut self.verified;
        if task.faults != *faults {
            verified.clear();
        }
        let unverified: Vec<_> = moved.iter().filter(|(user, stamp)| verified.get(user) != Some(stamp)).copied().collect();
        let Some(raised) = redis.mend(&unverified) else { return false };
        self.config.metrics.mended("redis", raised);
        self.verified = (task.faults, moved.into_iter().collect());
        redis.finish_mending(task, raised)
    }
}

/// The users whose stamp is later than `horizon`, in Unix milliseconds, and their stamps. Not bounded in number: everybody who was
/// touched since.
///
/// # Errors
/// Those of the database.
pub fn moved_since(conn: &mut Connection, horizon: Millis) -> QueryResult<Vec<(UserId, Stamp)>> {
    users::table.filter(users::last_update.gt(horizon)).select((users::id, users::last_update)).load(conn)
}

/// The users of whom a session was revoked later than `horizon`, in Unix milliseconds, and their stamps since.
///
/// # Errors
/// Those of the database.
pub fn revoked_since(conn: &mut Connection, horizon: Millis) -> QueryResult<Vec<(UserId, Stamp)>> {
    revocations::table.filter(revocations::stamp.gt(horizon)).select((revocations::user_id, revocations::stamp)).load(conn)
}

/// The moment before which no stamp can still appear: now, or the start of the oldest open transaction. A stamp is taken before its
/// commit, and nothing bounds how long a commit takes (a standby that does not answer, a disk that hangs).
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
        // One writer at a time: no commit overtakes an earlier one.
        Connection::Sqlite(_) => Ok(now),
    }
}

fn is_connection_error(cause: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    matches!(cause, Error::BrokenTransactionManager | Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _))
}

/// SQLite's `data_version`, which changes whenever another connection commits: as long as it does not, a pass has nothing to read.
/// PostgreSQL has nothing so cheap.
fn data_version(conn: &mut Connection) -> QueryResult<Option<i64>> {
    match conn {
        Connection::Sqlite(conn) => sql::<BigInt>("PRAGMA data_version").get_result(conn).map(Some),
        Connection::Postgres(_) => Ok(None),
    }
}
