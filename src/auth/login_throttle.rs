//! The login throttle: a rate limit of failed sign-ins, per name, per address, and per pair of both.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{MINUTE, Millis, SECOND};
use crate::lru::Lru;
use crate::model::Username;

/// How many names and addresses are remembered at once. The least recently seen are forgotten first.
const REMEMBERED: usize = 20_000;
/// Failures expire after 15 quiet minutes (milliseconds).
const FAILURES_EXPIRE: Millis = 15 * MINUTE;

/// Tries of one name, or from one address, that may be under way at once. A fleet of programs may sign in together.
const CONCURRENT: u32 = 40;

/// The limits of one key: how many failures cost nothing, and the longest wait after that in milliseconds.
struct Limit {
    free: u32,
    longest: Millis,
}

/// One name from one address: its owner mistypes a few times; whoever goes on is guessing.
const PAIR: Limit = Limit { free: 5, longest: 15 * MINUTE };
/// One address with any name: many people may share it.
const ADDRESS: Limit = Limit { free: 30, longest: 15 * MINUTE };
/// One name from any address. The waits are short, or anybody could lock anybody out by failing on purpose. A thousand addresses together
/// still get only some ten thousand guesses a day.
const NAME: Limit = Limit { free: 20, longest: 8 * SECOND };

/// The failures of the last minutes. Each process counts its own.
#[derive(Debug)]
pub struct LoginThrottle {
    failures: Mutex<Lru<ThrottleKey, Failures>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ThrottleKey {
    Pair(Username, IpAddr),
    Name(Username),
    Address(IpAddr),
}

impl ThrottleKey {
    /// What a try counts against.
    fn all(name: Option<&Username>, address: IpAddr) -> Vec<ThrottleKey> {
        let address = network(address);
        let named = name.map(|name| [ThrottleKey::Pair(name.clone(), address), ThrottleKey::Name(name.clone())]);
        named.into_iter().flatten().chain([ThrottleKey::Address(address)]).collect()
    }

    fn limit(&self) -> Limit {
        match self {
            ThrottleKey::Pair(..) => PAIR,
            ThrottleKey::Name(_) => NAME,
            ThrottleKey::Address(_) => ADDRESS,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: u32,
    /// When the last one was, in Unix milliseconds.
    last: Millis,
    /// Tries that are not decided yet.
    pending: u32,
}

/// A try that is under way. If it is dropped undecided (our own trouble, or a caller who hung up and so learnt nothing), it counts for nothing.
#[derive(Debug)]
#[must_use]
pub struct LoginAttempt<'a> {
    throttle: &'a LoginThrottle,
    keys: Vec<ThrottleKey>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        LoginThrottle { failures: Mutex::new(Lru::new(REMEMBERED)) }
    }
}

impl LoginThrottle {
    /// Begins a try of `name` from `address` at `now` (Unix milliseconds). `None`: what was typed is not a valid name.
    ///
    /// # Errors
    /// The seconds to wait, after too many failures; a refused try does not count as another failure. Also while too many tries are under
    /// way: otherwise a hundred guesses sent together would all slip through before the first has failed.
    pub fn begin(&self, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<LoginAttempt<'_>, u32> {
        let mut failures = self.lock();
        let keys = ThrottleKey::all(name, address);
        let wait = keys.iter().map(|key| failures.get(key).map_or(0, |past| past.wait(key.limit(), now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(u32::try_from(wait.div_euclid(SECOND).saturating_add(1)).unwrap_or(u32::MAX));
        }
        for key in &keys {
            let past = failures.get(key).unwrap_or_default();
            let count = if now - past.last < FAILURES_EXPIRE { past.count } else { 0 };
            failures.insert(key.clone(), Failures { count, pending: past.pending.saturating_add(1), ..past });
        }
        drop(failures);
        Ok(LoginAttempt { throttle: self, keys })
    }

    fn lock(&self) -> MutexGuard<'_, Lru<ThrottleKey, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginAttempt<'_> {
    /// The password was wrong.
    pub fn failed(self, now: Millis) {
        self.update(|past, _| Failures { count: past.count.saturating_add(1), last: now, ..past });
    }

    /// The password was right: the failures of this name from this address are forgotten. Those of the name from elsewhere, and of the address
    /// with other names, are not, or one good account would buy endless guesses.
    pub fn succeeded(self) {
        self.update(|past, key| if matches!(key, ThrottleKey::Pair(..)) { Failures { count: 0, ..past } } else { past });
    }

    fn update(&self, change: impl Fn(Failures, &ThrottleKey) -> Failures) {
        let mut failures = self.throttle.lock();
        for key in &self.keys {
            if let Some(past) = failures.get(key) {
                failures.insert(key.clone(), change(past, key));
            }
        }
    }
}

impl Drop for LoginAttempt<'_> {
    fn drop(&mut self) {
        self.update(|past, _| Failures { pending: past.pending.saturating_sub(1), ..past });
    }
}

impl Failures {
    /// Milliseconds until the next try: doubling from one second, once the free failures are used up.
    fn wait(&self, Limit { free, longest }: Limit, now: Millis) -> Millis {
        let concurrent = if self.count < free { CONCURRENT } else { 1 };
        if self.pending >= concurrent {
            return SECOND;
        }
        let Some(excess) = self.count.checked_sub(free) else { return 0 };
        let pause = SECOND.saturating_mul(1 << excess.min(20)).min(longest);
        (self.last.saturating_add(pause) - now).clamp(0, longest)
    }
}

/// The /64 of an IPv6 address, because one household or server has all of it; an IPv4 address as it is.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u32) -> Username {
        Username::parse(&format!("name_{n}")).unwrap()
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    /// A wrong password.
    fn fails(throttle: &LoginThrottle, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<(), u32> {
        throttle.begin(name, address, now).map(|attempt| attempt.failed(now))
    }

    #[test]
    fn five_mistakes_are_free_then_each_wait_doubles() {
        let throttle = LoginThrottle::default();
        for _ in 0..5 {
            assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Ok(()));
        }
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Err(2));
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), SECOND), Ok(()));
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 2 * SECOND), Err(2));
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 3 * SECOND), Ok(()));
    }

    #[test]
    fn right_passwords_are_no_failures_however_many_come_at_once() {
        let throttle = LoginThrottle::default();
        for _ in 0..100 {
            let together: Vec<_> = (0..40).map(|_| throttle.begin(Some(&name(1)), address(1), 0).unwrap()).collect();
            together.into_iter().for_each(LoginAttempt::succeeded);
        }
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Ok(()));
    }

    #[test]
    fn guesses_sent_together_do_not_slip_through_together() {
        let throttle = LoginThrottle::default();
        let together: Vec<_> = (0..100).filter_map(|_| throttle.begin(Some(&name(1)), address(1), 0).ok()).collect();
        assert_eq!(together.len(), 40);
        together.into_iter().for_each(|attempt| attempt.failed(0));
        assert!(fails(&throttle, Some(&name(1)), address(1), 14 * MINUTE).is_err(), "and now the wait is long");
        let later = 16 * MINUTE;
        let _one = throttle.begin(Some(&name(2)), address(1), later).unwrap();
    }

    #[test]
    fn what_was_never_decided_counts_for_nothing() {
        let throttle = LoginThrottle::default();
        for _ in 0..100 {
            drop(throttle.begin(Some(&name(1)), address(1), 0).unwrap());
        }
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Ok(()));
    }

    #[test]
    fn who_hammers_at_a_name_does_not_keep_its_owner_out() {
        let throttle = LoginThrottle::default();
        let mut let_in = 0;
        for tenths in 0..36_000 {
            let now = tenths * SECOND / 10;
            let _ = fails(&throttle, Some(&name(1)), address(66), now);
            if tenths % 600 == 0 {
                let_in += throttle.begin(Some(&name(1)), address(1), now).map(LoginAttempt::succeeded).is_ok() as u32;
            }
        }
        assert_eq!(let_in, 60, "once a minute for an hour");
    }

    #[test]
    fn from_a_thousand_addresses_one_name_is_tried_a_few_times_a_minute() {
        let throttle = LoginThrottle::default();
        let crowd = (0..1_000).map(|n| IpAddr::from([10, 0, (n / 250) as u8, (n % 250) as u8]));
        let tries = (0..600_i64).flat_map(|tenths| crowd.clone().map(move |address| (tenths * SECOND / 10, address)));
        let let_through = tries.filter(|(now, address)| fails(&throttle, Some(&name(1)), *address, *now).is_ok()).count();
        assert!((20..40).contains(&let_through), "{let_through}");
    }

    #[test]
    fn one_address_cannot_go_through_many_names() {
        let throttle = LoginThrottle::default();
        let refused = (0..100).filter(|n| fails(&throttle, Some(&name(*n)), address(1), 0).is_err()).count();
        assert_eq!(refused, 70);
        assert_eq!(fails(&throttle, Some(&name(1)), address(2), 0), Ok(()));
    }

    #[test]
    fn nor_through_what_can_be_no_names() {
        let throttle = LoginThrottle::default();
        assert_eq!((0..100).filter(|_| fails(&throttle, None, address(1), 0).is_err()).count(), 70);
    }

    #[test]
    fn success_forgives_the_pair_but_buys_no_guesses() {
        let throttle = LoginThrottle::default();
        for n in 0..30 {
            assert_eq!(fails(&throttle, Some(&name(n % 6)), address(1), 0), Ok(()), "{n}");
        }
        assert!(throttle.begin(Some(&name(99)), address(1), 0).is_err());
        let later = 2 * SECOND;
        throttle.begin(Some(&name(99)), address(1), later).unwrap().succeeded();
        assert_eq!(fails(&throttle, Some(&name(98)), address(1), later), Ok(()));
        assert!(fails(&throttle, Some(&name(97)), address(1), later).is_err());
    }

    #[test]
    fn failures_expire_after_fifteen_quiet_minutes() {
        let throttle = LoginThrottle::default();
        for now in [0, FAILURES_EXPIRE] {
            for _ in 0..5 {
                assert_eq!(fails(&throttle, Some(&name(1)), address(1), now), Ok(()));
            }
        }
    }

    #[test]
    fn an_ipv6_household_counts_once() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_ne!(network(a), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), address(1));
    }
}
