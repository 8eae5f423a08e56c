//! Slows down whoever keeps failing to sign in, per name and per address.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{MINUTE, Millis, SECOND};
use crate::model::Username;
use crate::recent::Recent;

/// How many names and addresses are watched at once; the least recently seen are forgotten first.
const WATCHED: usize = 20_000;
/// Failures are forgotten after this much peace.
const PEACE: Millis = 15 * MINUTE;

/// Tries of one name, or from one address, that may be under way together: a fleet of programs may sign in at once.
const AT_ONCE: u32 = 40;

/// How patient we are with one kind of failure: how many cost nothing, and how long the longest wait is.
struct Patience {
    free: u32,
    longest: Millis,
}

/// One name from one address: its owner mistypes a few times; who goes on is guessing.
const PAIR: Patience = Patience { free: 5, longest: 15 * MINUTE };
/// One address with any names: many people may share it.
const ADDRESS: Patience = Patience { free: 30, longest: 15 * MINUTE };
/// One name from any address. The waits are short, or anybody could lock anybody out by failing on purpose; but from
/// a thousand addresses, too, there are only some ten thousand guesses a day.
const NAME: Patience = Patience { free: 20, longest: 8 * SECOND };

/// What is remembered of those who failed lately. Each process remembers its own.
#[derive(Debug)]
pub struct Slowdown {
    failures: Mutex<Recent<Watched, Failures>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Watched {
    Pair(Username, IpAddr),
    Name(Username),
    Address(IpAddr),
}

impl Watched {
    /// What an attempt counts against.
    fn by(name: Option<&Username>, address: IpAddr) -> Vec<Watched> {
        let address = network(address);
        let named = name.map(|name| [Watched::Pair(name.clone(), address), Watched::Name(name.clone())]);
        named.into_iter().flatten().chain([Watched::Address(address)]).collect()
    }

    fn patience(&self) -> Patience {
        match self {
            Watched::Pair(..) => PAIR,
            Watched::Name(_) => NAME,
            Watched::Address(_) => ADDRESS,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: u32,
    last: Millis,
    /// Tries whose outcome is not known yet.
    pending: u32,
}

/// A try under way. Dropped without a verdict (our own trouble, a caller who hung up and so learnt nothing), it counts
/// for nothing.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    slowdown: &'a Slowdown,
    keys: Vec<Watched>,
}

impl Default for Slowdown {
    fn default() -> Self {
        Slowdown { failures: Mutex::new(Recent::new(WATCHED)) }
    }
}

impl Slowdown {
    /// Somebody at `address` is about to try `name` (`None`: what can be no name).
    ///
    /// # Errors
    /// The seconds to wait, when there were too many failures; being told so does not count as another one. Also when
    /// too many tries are under way at once: a hundred guesses sent together must not all slip through before the
    /// first of them has failed.
    pub fn attempt(&self, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<Attempt<'_>, u32> {
        let mut failures = self.lock();
        let keys = Watched::by(name, address);
        let wait = keys.iter().map(|key| failures.get(key).map_or(0, |past| past.wait(key.patience(), now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(u32::try_from(wait.div_euclid(SECOND).saturating_add(1)).unwrap_or(u32::MAX));
        }
        for key in &keys {
            let past = failures.get(key).unwrap_or_default();
            let count = if now - past.last < PEACE { past.count } else { 0 };
            failures.insert(key.clone(), Failures { count, pending: past.pending.saturating_add(1), ..past });
        }
        drop(failures);
        Ok(Attempt { slowdown: self, keys })
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Watched, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The password was wrong.
    pub fn failed(self, now: Millis) {
        self.settle(|past, _| Failures { count: past.count.saturating_add(1), last: now, ..past });
    }

    /// The password was right: name and address start afresh with each other. What others did to the name from
    /// elsewhere, or this address to other names, is not forgiven, or one good account would buy endless guesses.
    pub fn succeeded(self) {
        self.settle(|past, key| if matches!(key, Watched::Pair(..)) { Failures { count: 0, ..past } } else { past });
    }

    fn settle(&self, verdict: impl Fn(Failures, &Watched) -> Failures) {
        let mut failures = self.slowdown.lock();
        for key in &self.keys {
            if let Some(past) = failures.get(key) {
                failures.insert(key.clone(), verdict(past, key));
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.settle(|past, _| Failures { pending: past.pending.saturating_sub(1), ..past });
    }
}

impl Failures {
    /// Milliseconds until the next try: doubling from one second, once the free ones are used up.
    fn wait(&self, Patience { free, longest }: Patience, now: Millis) -> Millis {
        let at_once = if self.count < free { AT_ONCE } else { 1 };
        if self.pending >= at_once {
            return SECOND;
        }
        let Some(excess) = self.count.checked_sub(free) else { return 0 };
        let pause = SECOND.saturating_mul(1 << excess.min(20)).min(longest);
        (self.last.saturating_add(pause) - now).clamp(0, longest)
    }
}

/// One household or server has a whole /64 of IPv6 addresses, so that is what is watched.
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
    fn fails(slowdown: &Slowdown, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<(), u32> {
        slowdown.attempt(name, address, now).map(|attempt| attempt.failed(now))
    }

    #[test]
    fn five_mistakes_are_free_then_each_wait_doubles() {
        let slowdown = Slowdown::default();
        for _ in 0..5 {
            assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 0), Ok(()));
        }
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 0), Err(2));
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), SECOND), Ok(()));
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 2 * SECOND), Err(2));
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 3 * SECOND), Ok(()));
    }

    #[test]
    fn right_passwords_are_no_failures_however_many_come_at_once() {
        let slowdown = Slowdown::default();
        for _ in 0..100 {
            let together: Vec<_> = (0..40).map(|_| slowdown.attempt(Some(&name(1)), address(1), 0).unwrap()).collect();
            together.into_iter().for_each(Attempt::succeeded);
        }
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 0), Ok(()));
    }

    #[test]
    fn guesses_sent_together_do_not_slip_through_together() {
        let slowdown = Slowdown::default();
        let together: Vec<_> = (0..100).filter_map(|_| slowdown.attempt(Some(&name(1)), address(1), 0).ok()).collect();
        assert_eq!(together.len(), 40);
        together.into_iter().for_each(|attempt| attempt.failed(0));
        assert!(fails(&slowdown, Some(&name(1)), address(1), 14 * MINUTE).is_err(), "and now the wait is long");
        let later = 16 * MINUTE;
        let _one = slowdown.attempt(Some(&name(2)), address(1), later).unwrap();
    }

    #[test]
    fn what_came_to_no_verdict_counts_for_nothing() {
        let slowdown = Slowdown::default();
        for _ in 0..100 {
            drop(slowdown.attempt(Some(&name(1)), address(1), 0).unwrap());
        }
        assert_eq!(fails(&slowdown, Some(&name(1)), address(1), 0), Ok(()));
    }

    #[test]
    fn who_hammers_at_a_name_does_not_keep_its_owner_out() {
        let slowdown = Slowdown::default();
        let mut let_in = 0;
        for tenths in 0..36_000 {
            let now = tenths * SECOND / 10;
            let _ = fails(&slowdown, Some(&name(1)), address(66), now);
            if tenths % 600 == 0 {
                let_in += slowdown.attempt(Some(&name(1)), address(1), now).map(Attempt::succeeded).is_ok() as u32;
            }
        }
        assert_eq!(let_in, 60, "once a minute for an hour");
    }

    #[test]
    fn from_a_thousand_addresses_one_name_is_tried_a_few_times_a_minute() {
        let slowdown = Slowdown::default();
        let crowd = (0..1_000).map(|n| IpAddr::from([10, 0, (n / 250) as u8, (n % 250) as u8]));
        let tries = (0..600_i64).flat_map(|tenths| crowd.clone().map(move |address| (tenths * SECOND / 10, address)));
        let let_through = tries.filter(|(now, address)| fails(&slowdown, Some(&name(1)), *address, *now).is_ok()).count();
        assert!((20..40).contains(&let_through), "{let_through}");
    }

    #[test]
    fn one_address_cannot_go_through_many_names() {
        let slowdown = Slowdown::default();
        let refused = (0..100).filter(|n| fails(&slowdown, Some(&name(*n)), address(1), 0).is_err()).count();
        assert_eq!(refused, 70);
        assert_eq!(fails(&slowdown, Some(&name(1)), address(2), 0), Ok(()));
    }

    #[test]
    fn nor_through_what_can_be_no_names() {
        let slowdown = Slowdown::default();
        assert_eq!((0..100).filter(|_| fails(&slowdown, None, address(1), 0).is_err()).count(), 70);
    }

    #[test]
    fn success_forgives_the_pair_but_buys_no_guesses() {
        let slowdown = Slowdown::default();
        for n in 0..30 {
            assert_eq!(fails(&slowdown, Some(&name(n % 6)), address(1), 0), Ok(()), "{n}");
        }
        assert!(slowdown.attempt(Some(&name(99)), address(1), 0).is_err());
        let later = 2 * SECOND;
        slowdown.attempt(Some(&name(99)), address(1), later).unwrap().succeeded();
        assert_eq!(fails(&slowdown, Some(&name(98)), address(1), later), Ok(()));
        assert!(fails(&slowdown, Some(&name(97)), address(1), later).is_err());
    }

    #[test]
    fn a_quarter_of_an_hour_of_peace_is_forgiveness() {
        let slowdown = Slowdown::default();
        for now in [0, PEACE] {
            for _ in 0..5 {
                assert_eq!(fails(&slowdown, Some(&name(1)), address(1), now), Ok(()));
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
