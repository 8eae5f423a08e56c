//! Limits per hour: how many accounts one network makes, how many people one person follows, how much one author
//! posts. 0 means no limit.
//!
//! They are checked in the transaction of what they limit, after it was done: a repeat that changes nothing is never refused.

use diesel::QueryResult;

use crate::clock::{HOUR, Millis, SECOND};
use crate::db::{Change, Connection};
use crate::ids::UserId;
use crate::model::follows;
use crate::model::limited_actions::{self, AHEAD, LimitedActor};
use crate::stamps::database_now;

/// From this many below the limit on, one transaction counts at a time. Further below, the few that run at the same moment, and do not see each
/// other, cannot exceed it together.
const NEAR: usize = 64;

/// The seconds until one more account may be made from `network`, a keyed hash; `None` if it may be made now (`now` in Unix milliseconds).
///
/// # Errors
/// Those of the database.
pub fn sign_up_wait(conn: &mut Connection, network: [u8; 16], now: Millis, per_hour: u32) -> QueryResult<Option<u32>> {
    if per_hour == 0 {
        return Ok(None);
    }
    let now = database_now(conn, now)?;
    let before = limited_actions::recorded(conn, &LimitedActor::Network(network), now, i64::from(per_hour))?;
    Ok(wait(&before, now, per_hour))
}

/// A new account is being made from `network`, a keyed hash. Records it; or returns the seconds to wait, and then it must not be made.
///
/// # Errors
/// Those of the database.
pub fn sign_up(tx: &mut Change<'_>, network: [u8; 16], per_hour: u32) -> QueryResult<Option<u32>> {
    if per_hour == 0 {
        return Ok(None);
    }
    let actor = LimitedActor::Network(network);
    limited_actions::lock(tx, &actor)?;
    let now = tx.now();
    let now = database_now(tx.conn(), now)?;
    let wait = sign_up_wait(tx.conn(), network, now, per_hour)?;
    if wait.is_none() {
        limited_actions::record(tx, &actor, now)?;
    }
    Ok(wait)
}

/// `author` is about to post. Records it; or returns the seconds to wait, and then nothing must be posted.
///
/// # Errors
/// Those of the database.
pub fn post(tx: &mut Change<'_>, author: UserId, per_hour: u32) -> QueryResult<Option<u32>> {
    if per_hour == 0 {
        return Ok(None);
    }
    let actor = LimitedActor::Author(author);
    limited_actions::lock(tx, &actor)?;
    let now = tx.now();
    let now = database_now(tx.conn(), now)?;
    let before = limited_actions::recorded(tx.conn(), &actor, now, i64::from(per_hour))?;
    let wait = wait(&before, now, per_hour);
    if wait.is_none() {
        limited_actions::record(tx, &actor, now)?;
    }
    Ok(wait)
}

/// `follower` has just made a new follow. Returns the seconds to wait if it is one too many, and then the transaction must fail.
///
/// # Errors
/// Those of the database.
pub fn follow(tx: &mut Change<'_>, follower: UserId, per_hour: u32) -> QueryResult<Option<u32>> {
    if per_hour == 0 {
        return Ok(None);
    }
    let (mut recent, mut now) = recent_follows(tx, follower, per_hour)?;
    if recent.len() + NEAR > per_hour as usize {
        limited_actions::lock(tx, &LimitedActor::Follower(follower))?;
        (recent, now) = recent_follows(tx, follower, per_hour)?;
    }
    // The first is the new one itself.
    Ok(wait(recent.get(1..).unwrap_or_default(), now, per_hour))
}

/// When `follower` made the follows of the last hour, those included that were taken back, newest first; and now, which is when the newest was
/// made.
fn recent_follows(tx: &mut Change<'_>, follower: UserId, per_hour: u32) -> QueryResult<(Vec<Millis>, Millis)> {
    let limit = i64::from(per_hour) + 1;
    let newest = follows::newest(tx.conn(), follower, limit)?;
    let now = newest.first().copied().unwrap_or_default();
    let mut recent: Vec<Millis> = newest.into_iter().filter(|at| (now - HOUR + 1..=now + AHEAD).contains(at)).collect();
    recent.extend(limited_actions::recorded(tx.conn(), &LimitedActor::Follower(follower), now, limit)?);
    recent.sort_unstable_by(|a, b| b.cmp(a));
    Ok((recent, now))
}

/// A follow that was made at `followed_at` (Unix milliseconds) was taken back: it still counts until its hour is over. Otherwise follow, unfollow,
/// follow would evade the limit.
///
/// # Errors
/// Those of the database.
pub fn record_unfollow(tx: &mut Change<'_>, follower: UserId, followed_at: Millis) -> QueryResult<()> {
    // Twice the hour, because the follow is dated by the clock of the database.
    if followed_at > tx.now() - 2 * HOUR { limited_actions::record(tx, &LimitedActor::Follower(follower), followed_at) } else { Ok(()) }
}

/// The seconds until the oldest of the last `per_hour` times is an hour old; `None` if there were fewer.
fn wait(newest_first: &[Millis], now: Millis, per_hour: u32) -> Option<u32> {
    let oldest = newest_first.get(usize::try_from(per_hour).ok()?.checked_sub(1)?)?;
    let wait = (oldest + HOUR - now).clamp(0, HOUR) / SECOND + 1;
    u32::try_from(wait).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_ends_when_the_oldest_that_counts_is_an_hour_old() {
        assert_eq!(wait(&[50_000, 20_000], 60_000, 3), None);
        assert_eq!(wait(&[50_000, 30_000, 20_000], 60_000, 3), Some(3_561));
        assert_eq!(wait(&[50_000, 30_000, 20_000, 10_000], 60_000, 3), Some(3_561));
        assert_eq!(wait(&[], 60_000, 0), None);
    }
}
