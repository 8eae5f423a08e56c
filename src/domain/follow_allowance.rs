//! Follows that are made without a look at the limit per hour, which costs each of them two round trips to a server.

use std::sync::{Mutex, PoisonError};

use crate::clock::{HOUR, Millis};
use crate::ids::UserId;
use crate::lru::Lru;

/// The part of a limit that a process does not ask about: of each person, the first one in so many. Those follows count in the database all the
/// same, so one process keeps the limit exactly; each further instance can add no more than its part.
const PART: u32 = 12;

/// How many people are remembered.
const REMEMBERED: usize = 20_000;

/// How often who has followed lately, as far as this process knows.
#[derive(Debug)]
pub struct FollowAllowance {
    lately: Mutex<Lru<UserId, Lately>>,
}

#[derive(Debug, Clone, Copy)]
struct Lately {
    /// When they last did, in milliseconds of uptime. An hour later, none of these follows counts any longer.
    last: Millis,
    follows: u32,
}

impl Default for FollowAllowance {
    fn default() -> Self {
        FollowAllowance { lately: Mutex::new(Lru::new(REMEMBERED)) }
    }
}

impl FollowAllowance {
    /// The limit against which one more follow by `follower` is to be checked, at `now` (milliseconds of uptime): `per_hour`, or 0 for none.
    pub fn limit(&self, follower: UserId, per_hour: u32, now: Millis) -> u32 {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lately.get(&follower).filter(|known| now - known.last < HOUR);
        let follows = known.map_or(0, |known| known.follows);
        lately.insert(follower, Lately { last: now, follows: follows.saturating_add(1) });
        if follows < per_hour / PART { 0 } else { per_hour }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_not_checked() {
        let (allowance, ada) = (FollowAllowance::default(), UserId(1));
        let checked = |now| (0..300).filter(|_| allowance.limit(ada, 200, now) == 200).count();
        assert_eq!(checked(0), 300 - 16);
        assert_eq!(checked(HOUR - 1), 300);
        assert_eq!(checked(2 * HOUR - 1), 300 - 16, "none within the hour");
        assert_eq!(allowance.limit(UserId(2), 200, 0), 0);
    }

    #[test]
    fn a_small_limit_is_always_checked() {
        let allowance = FollowAllowance::default();
        assert_eq!((allowance.limit(UserId(1), 3, 0), allowance.limit(UserId(1), 0, 0)), (3, 0));
    }
}
