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
use diesel::sql_types::BigInt;

use super::shared::{Debt, EXPIRY, Link};
use super::{Stamp, Stamps, database_now};
use crate::clock::{Clock, Millis, SECOND};
use crate::db::postgres::LONGEST_TRANSACTION;
use crate::db::{Address, Connection, Health, sqlite};
use crate::error::Cause;
use crate::ids::UserId;
use crate::metrics::Metrics;
use crate::schema::users;

/// How often it looks while Redis brings the news. Well within the 30 s after which everybody is to have heard of
/// everything.
const CALM: Duration = Duration::from_millis(CALM_MS as u64);
const CALM_MS: Millis = 5 * SECOND;

/// How far behind the last sweep it looks back, at least every [`CALM`]: a stamp is taken before its change is committed,
/// so changes become visible later than their stamps say.
const OVERLAP: Millis = LONGEST_TRANSACTION;

/// How far it looks back in between, where it alone brings the news and so looks often: nearly every change is committed
/// within moments, and what was not is found by the next long look.
const SHORT_OVERLAP: Millis = 2 * SECOND;

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
    looked_at: Option<Millis>,
    /// When the last far look began.
    looked_far_at: Option<Millis>,
    /// When the last look began after which Redis lagged nowhere.
    shared_at: Option<Millis>,
    /// What Redis was seen to have, and how much trouble there had been with it then: not worth asking for again.
    verified: (u64, HashMap<UserId, Stamp>),
}

/// Sweeps for as long as anybody holds `stamps`, on a thread and a connection of its own.
///
/// # Errors
/// When the system has no thread to give.
pub fn start(tools: Tools, stamps: &Arc<Stamps>) -> std::io::Result<()> {
    let stamps = Arc::downgrade(stamps);
    let (clock, verified) = (Clock::default(), (0, HashMap::new()));
    let sweep = Sweep { tools, clock, conn: None, version: None, looked_at: None, looked_far_at: None, shared_at: None, verified };
    thread::Builder::new().name("sweep".to_owned()).spawn(move || sweep.run(&stamps)).map(drop)
}

impl Sweep {
    fn run(mut self, stamps: &Weak<Stamps>) {
        loop {
            let Some(stamps) = stamps.upgrade() else { return };
            match self.once(&stamps) {
                Ok(()) => self.tools.health.works(),
                Err(cause) => self.tools.health.failed(&cause),
            }
            let redis_brings_it = stamps.shared().is_some_and(|link| link.is_well());
            drop(stamps);
            let pause = if redis_brings_it { CALM } else { self.tools.alert };
            // Woken or not, it looks.
            let _ = self.tools.bell.1.recv_timeout(pause);
        }
    }

    fn once(&mut self, stamps: &Stamps) -> Result<(), Cause> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect(&self.tools.address)?,
        };
        self.look(&mut conn, stamps)?;
        // One that failed is not used again.
        self.conn = Some(conn);
        Ok(())
    }

    /// Reads whose stamp moved since the last look, if anything was written at all, and mends.
    fn look(&mut self, conn: &mut Connection, stamps: &Stamps) -> QueryResult<()> {
        let link = stamps.shared().map(AsRef::as_ref);
        let debt = link.and_then(Link::debt);
        let now = database_now(conn, self.clock.now())?;
        // Read before the rows: what is committed in between is looked at again the next time.
        let version = version(conn)?;
        if version.is_some() && version == self.version && debt.is_none() {
            return Ok(());
        }
        let far = debt.is_some() || self.looked_far_at.is_none_or(|at| !(at..at + CALM_MS).contains(&now));
        let horizon = self.horizon(now, far, debt);
        let moved: Vec<(UserId, Stamp)> = users::table.filter(users::last_update.gt(horizon)).select((users::id, users::last_update)).load(conn)?;
        let raised = moved.iter().filter(|(user, stamp)| stamps.mend(*user, *stamp)).count();
        self.tools.metrics.mended("memory", raised as u64);
        if link.is_some_and(|link| self.mend_shared(link, debt, moved)) {
            self.shared_at = Some(now);
        }
        self.looked_at = Some(now);
        if far {
            (self.looked_far_at, self.version) = (Some(now), version);
        }
        Ok(())
    }

    /// From which stamp on a look reads. Always the smaller moment of two, because the clock may have been set back.
    fn horizon(&self, now: Millis, far: bool, debt: Option<Debt>) -> Millis {
        let before = |at: Option<Millis>| at.unwrap_or(now).min(now);
        match debt {
            // A copy from before any later stamp is older than its expiry lets it be.
            Some(debt) if debt.replaced => now - EXPIRY - OVERLAP,
            Some(_) => before(self.shared_at).min(before(self.looked_far_at)) - OVERLAP,
            None if far => before(self.looked_far_at) - OVERLAP,
            None => before(self.looked_at) - SHORT_OVERLAP,
        }
    }

    /// Mends what Redis has of `moved`; whether Redis lags nowhere now.
    fn mend_shared(&mut self, link: &Link, debt: Option<Debt>, moved: Vec<(UserId, Stamp)>) -> bool {
        let troubles = link.troubles();
        let (verified_at, verified) = &mut self.verified;
        if troubles != *verified_at {
            verified.clear();
        }
        let open: Vec<_> = moved.iter().filter(|(user, stamp)| verified.get(user) != Some(stamp)).copied().collect();
        let Some(raised) = link.mend(&open) else { return false };
        self.tools.metrics.mended("redis", raised);
        if let Some(debt) = debt {
            link.settle(debt, raised);
        }
        self.verified = (troubles, moved.into_iter().collect());
        true
    }
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
