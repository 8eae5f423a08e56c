//! A restored backup: rows that went back in time under a running site.
//!
//! Copies only move forward, and the sweep reads only whose stamp moved lately. So a copy that is ahead of its row would stay, and hide
//! everything that the restored rows show until the next event.

use std::collections::HashMap;

use diesel::prelude::*;

use super::cache::StampCache;
use super::id_hasher::STRIPES;
use crate::db::Connection;
use crate::ids::{Stamp, UserId};
use crate::schema::users;

/// How many copies are compared with their rows at a time. A restored backup sets many rows back, so a part of the copies is enough to notice
/// it; on a site with fewer copies, all are compared.
const SAMPLE: usize = 1_000;

/// Compares copies with their rows, a part of them at a time.
#[derive(Debug, Default)]
pub struct RestoreCheck {
    next_stripe: usize,
    /// Whether a copy was found ahead of its row, and not every copy is corrected yet.
    is_correcting: bool,
}

impl RestoreCheck {
    /// Compares the next part, and if a copy in it is ahead of its row, corrects all of them. Blocks.
    ///
    /// An account that is gone is no sign of a backup, because accounts are deleted; its copy alone is corrected.
    ///
    /// # Errors
    /// Those of the database. What could not be corrected is tried again the next time.
    pub fn run(&mut self, conn: &mut Connection, stamps: &StampCache) -> QueryResult<()> {
        // Memory is right by then, and no copy in Redis is read meanwhile.
        if self.is_correcting && stamps.redis().is_some_and(|redis| !redis.is_well()) {
            return Ok(());
        }
        let sample = self.sample(stamps);
        // Read after the copies: a copy is never ahead of a row that is read later.
        let rows = rows_of(conn, &sample)?;
        let (known, gone): (Vec<_>, Vec<_>) = sample.into_iter().partition(|(user, _)| rows.contains_key(user));
        correct(conn, stamps, &gone)?;
        if !self.is_correcting && known.iter().all(|(user, copy)| rows.get(user) >= Some(copy)) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.is_correcting, true) {
            log::warn!("the database went back in time, as if a backup had been restored: every open page is told to look again");
            stamps.forget_found_tokens();
        }
        self.is_correcting = !correct_all(conn, stamps)?;
        Ok(())
    }

    fn sample(&mut self, stamps: &StampCache) -> Vec<(UserId, Stamp)> {
        let mut sample = Vec::new();
        for _ in 0..STRIPES {
            sample.extend(stamps.copies_in_stripe(self.next_stripe, SAMPLE));
            self.next_stripe = (self.next_stripe + 1) % STRIPES;
            if sample.len() >= SAMPLE {
                break;
            }
        }
        sample.truncate(SAMPLE);
        sample
    }
}

/// The stamps of the users of `copies`. Who is not among them has no account.
fn rows_of(conn: &mut Connection, copies: &[(UserId, Stamp)]) -> QueryResult<HashMap<UserId, Stamp>> {
    let ids: Vec<UserId> = copies.iter().map(|(user, _)| *user).collect();
    let rows = users::table.filter(users::id.eq_any(ids)).select((users::id, users::last_update));
    Ok(rows.load(conn)?.into_iter().collect())
}

/// Whether every copy is right now; not if Redis failed.
fn correct_all(conn: &mut Connection, stamps: &StampCache) -> QueryResult<bool> {
    let mut done = true;
    for stripe in 0..STRIPES {
        for copies in stamps.copies_in_stripe(stripe, usize::MAX).chunks(SAMPLE) {
            done &= correct(conn, stamps, copies)?;
        }
    }
    Ok(done)
}

/// Makes copies as their rows are, in Redis and in memory. Redis first: a poll in between would take its copy into memory again.
fn correct(conn: &mut Connection, stamps: &StampCache, copies: &[(UserId, Stamp)]) -> QueryResult<bool> {
    if copies.is_empty() {
        return Ok(true);
    }
    let users: Vec<UserId> = copies.iter().map(|(user, _)| *user).collect();
    let done = match stamps.redis() {
        None => true,
        Some(redis) => match redis.copies(&users) {
            None => false,
            Some(in_redis) => redis.set_back(&in_redis, &rows_of(conn, &in_redis)?).is_some(),
        },
    };
    let windows: Vec<_> = users.iter().map(|user| stamps.open_window(*user)).collect();
    let rows = rows_of(conn, copies)?;
    for ((user, copy), window) in copies.iter().zip(windows) {
        match rows.get(user) {
            Some(row) => stamps.keep(window, *row),
            None => stamps.forget(*user),
        }
        // A revocation since the backup is not among the rows, so none of the user's tokens could be checked against it.
        if rows.get(user) < Some(copy) {
            stamps.forget_revocation(*user);
        }
    }
    Ok(done)
}
