//! Follows somebody, within the limit per hour.

use crate::db::Change;
use crate::domain::{follow, limits};
use crate::error::AppError;
use crate::ids::UserId;
use crate::metrics::HourlyLimit;

/// [`follow::follow`], at most `per_hour` new ones in an hour; 0 means no limit.
///
/// # Errors
/// [`AppError::LimitReached`]; `NotFound` if either is gone. A transaction that failed must not go on.
pub fn follow_within_limit(tx: &mut Change<'_>, follower: UserId, followee: UserId, per_hour: u32) -> Result<bool, AppError> {
    let is_new = follow::follow(tx, follower, followee)?;
    let wait = if is_new { limits::follow(tx, follower, per_hour)? } else { None };
    wait.map_or(Ok(is_new), |seconds| Err(AppError::LimitReached(HourlyLimit::Follows, seconds)))
}
