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

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Millis,
}

impl Default for Slowdown {
    fn default() -> Self {
        Slowdown { failures: Mutex::new(Recent::new(WATCHED)) }
    }
}

impl Slowdown {
    /// Somebody at `address` is about to try `name` (`None`: what can be no name). It counts as a failure until [`Slowdown::forgive`] is called:
    /// counted only afterwards, a hundred tries sent at once would all slip through.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many failures; being told so does not count as another one.
    pub fn attempt(&self, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<(), u32> {
        let mut failures = self.lock();
        let keys = Watched::by(name, address);
        let wait = keys.iter().map(|key| failures.get(key).map_or(0, |past| past.wait(key.patience(), now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(u32::try_from(wait.div_euclid(SECOND).saturating_add(1)).unwrap_or(u32::MAX));
        }
        for key in keys {
            let before = failures.get(&key).filter(|past| now - past.last < PEACE).map_or(0, |past| past.count);
            failures.insert(key, Failures { count: before.saturating_add(1), last: now });
        }
        Ok(())
    }

    /// The attempt succeeded: name and address start afresh with each other, and elsewhere get this one try back (and
    /// no more, or one good account would buy endless guesses at the others).
    pub fn forgive(&self, name: &Username, address: IpAddr) {
        let mut failures = self.lock();
        for key in Watched::by(Some(name), address) {
            match (failures.get(&key).copied(), &key) {
                (_, Watched::Pair(..)) => failures.remove(&key),
                (Some(past), _) => failures.insert(key, Failures { count: past.count.saturating_sub(1), ..past }),
                (None, _) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Watched, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    /// Milliseconds until the next try: doubling from one second, once the free ones are used up.
    fn wait(&self, Patience { free, longest }: Patience, now: Millis) -> Millis {
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

    #[test]
    fn five_mistakes_are_free_then_each_wait_doubles() {
        let slowdown = Slowdown::default();
        for _ in 0..5 {
            assert_eq!(slowdown.attempt(Some(&name(1)), address(1), 0), Ok(()));
        }
        assert_eq!(slowdown.attempt(Some(&name(1)), address(1), 0), Err(2));
        assert_eq!(slowdown.attempt(Some(&name(1)), address(1), SECOND), Ok(()));
        assert_eq!(slowdown.attempt(Some(&name(1)), address(1), 2 * SECOND), Err(2));
        assert_eq!(slowdown.attempt(Some(&name(1)), address(1), 3 * SECOND), Ok(()));
    }

    #[test]
    fn who_hammers_at_a_name_does_not_keep_its_owner_out() {
        let slowdown = Slowdown::default();
        for tenths in 0..36_000 {
            let now = tenths * SECOND / 10;
            let _ = slowdown.attempt(Some(&name(1)), address(66), now);
            if tenths % 600 == 0 {
                assert_eq!(slowdown.attempt(Some(&name(1)), address(1), now), Ok(()), "after {tenths} tenths of a second");
                slowdown.forgive(&name(1), address(1));
            }
        }
    }

    #[test]
    fn from_a_thousand_addresses_one_name_is_tried_a_few_times_a_minute() {
        let slowdown = Slowdown::default();
        let crowd = (0..1_000).map(|n| IpAddr::from([10, 0, (n / 250) as u8, (n % 250) as u8]));
        let tries = (0..600_i64).flat_map(|tenths| crowd.clone().map(move |address| (tenths * SECOND / 10, address)));
        let let_through = tries.filter(|(now, address)| slowdown.attempt(Some(&name(1)), *address, *now).is_ok()).count();
        assert!((20..40).contains(&let_through), "{let_through}");
    }

    #[test]
    fn one_address_cannot_go_through_many_names() {
        let slowdown = Slowdown::default();
        let refused = (0..100).filter(|n| slowdown.attempt(Some(&name(*n)), address(1), 0).is_err()).count();
        assert_eq!(refused, 70);
        assert_eq!(slowdown.attempt(Some(&name(1)), address(2), 0), Ok(()));
    }

    #[test]
    fn nor_through_what_can_be_no_names() {
        let slowdown = Slowdown::default();
        assert_eq!((0..100).filter(|_| slowdown.attempt(None, address(1), 0).is_err()).count(), 70);
    }

    #[test]
    fn success_clears_the_pair_but_buys_no_guesses() {
        let slowdown = Slowdown::default();
        for n in 0..30 {
            assert_eq!(slowdown.attempt(Some(&name(n)), address(1), 0), Ok(()));
        }
        slowdown.forgive(&name(29), address(1));
        assert_eq!(slowdown.attempt(Some(&name(29)), address(1), 0), Ok(()));
        assert!(slowdown.attempt(Some(&name(29)), address(1), 0).is_err());
    }

    #[test]
    fn a_quarter_of_an_hour_of_peace_is_forgiveness() {
        let slowdown = Slowdown::default();
        for _ in 0..5 {
            let _ = slowdown.attempt(Some(&name(1)), address(1), 0);
        }
        for _ in 0..5 {
            assert_eq!(slowdown.attempt(Some(&name(1)), address(1), PEACE), Ok(()));
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
