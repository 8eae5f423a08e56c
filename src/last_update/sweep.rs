//! The sweep: mends this process's copies when another one has written to the same database.
//!
//! What this process changes, it announces itself. What another does (a second instance, an old one that is still
//! finishing, an operator with a shell) would otherwise never reach the copies here.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Stamp, Stamps};
use crate::clock::{Clock, Millis, SECOND};
use crate::db::Connection;
use crate::ids::UserId;
use crate::schema::users;

/// How often it looks. Well within the 30 s after which everybody is to have heard of everything.
const PAUSE: Duration = Duration::from_secs(3);

/// How far behind the last sweep it looks back, in milliseconds. A stamp is taken before its change waits for its turn
/// and is committed, so changes become visible later than their stamps say.
const OVERLAP: Millis = 30 * SECOND;

/// One process's sweep.
struct Sweep {
    conn: Connection,
    clock: Clock,
    /// SQLite's count of commits by other connections at the last sweep.
    version: Option<i64>,
    /// When the last sweep began, in Unix milliseconds.
    swept_at: Millis,
}

/// Sweeps for as long as anybody holds `stamps`, on a thread and a connection of its own.
///
/// # Errors
/// When the system has no thread to give.
pub fn start(conn: Connection, stamps: &Arc<Stamps>) -> std::io::Result<()> {
    let stamps = Arc::downgrade(stamps);
    let clock = Clock::default();
    let sweep = Sweep { conn, version: None, swept_at: clock.now(), clock };
    thread::Builder::new().name("sweep".to_owned()).spawn(move || sweep.run(&stamps)).map(drop)
}

impl Sweep {
    fn run(mut self, stamps: &Weak<Stamps>) {
        let mut well = true;
        loop {
            thread::sleep(PAUSE);
            let Some(stamps) = stamps.upgrade() else { return };
            let swept = self.once(&stamps);
            // One line per change of state, however long an outage lasts.
            match &swept {
                Err(cause) if well => log::warn!("cannot look for changes by others: {cause}"),
                Ok(()) if !well => log::info!("looking for changes by others again"),
                _ => {}
            }
            well = swept.is_ok();
        }
    }

    /// Reads whose stamp moved since the last sweep that succeeded, if anything was written at all.
    fn once(&mut self, stamps: &Stamps) -> QueryResult<()> {
        let now = self.clock.now();
        // Read before the rows: what is committed in between is looked at again the next time.
        let version = sql::<BigInt>("PRAGMA data_version").get_result(&mut self.conn)?;
        if self.version == Some(version) {
            return Ok(());
        }
        // The smaller of the two, because the clock may have been set back.
        let horizon = self.swept_at.min(now) - OVERLAP;
        let moved: Vec<(UserId, Stamp)> = users::table.filter(users::last_update.gt(horizon)).select((users::id, users::last_update)).load(&mut self.conn)?;
        for (user, stamp) in moved {
            stamps.mend(user, stamp);
        }
        (self.version, self.swept_at) = (Some(version), now);
        Ok(())
    }
}
