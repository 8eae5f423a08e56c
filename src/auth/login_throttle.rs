//! The login throttle: a rate limit of failed sign-ins, by who guesses at what from where.
//!
//! Whatever strangers can fill must not keep the owner out: who is signed in, or comes from where they were signed in before, is judged by
//! counts of their own.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::failures::{Failures, Limit};
use super::network::network;
use crate::clock::{MINUTE, Millis, SECOND};
use crate::ids::SessionId;
use crate::lru::Lru;
use crate::model::Username;

/// How many names and addresses are remembered at once. The least recently seen are forgotten first.
const REMEMBERED: usize = 20_000;

/// One name from one address, or in one session: its owner mistypes a few times; whoever goes on is guessing.
const OWN: Limit = Limit::Doubling { free: 5, longest: 15 * MINUTE };
/// One address with any name: many people may share it, so the others' waits are short.
const ADDRESS: Limit = Limit::Doubling { free: 30, longest: 8 * SECOND };
/// One name from any address: fewer than a hundred guesses an hour, from however many addresses.
const NAME: Limit = Limit::Bucket { free: 15, interval: 90 * SECOND };

/// Who tries a password.
#[derive(Debug, Clone, Copy)]
pub enum Guesser<'a> {
    /// Anybody, with a name (`None`: what was typed can be none) and from an address.
    Stranger(Option<&'a Username>, IpAddr),
    /// Somebody at an address from which this name was signed in before.
    AtKnownNetwork(&'a Username, IpAddr),
    /// Somebody who is signed in.
    Member(SessionId),
}

/// The failures of the last minutes. Each process counts its own.
#[derive(Debug)]
pub struct LoginThrottle {
    failures: Mutex<Lru<ThrottleKey, Failures>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ThrottleKey {
    Pair(Username, IpAddr),
    Name(Username),
    NameAtKnownNetworks(Username),
    Address(IpAddr),
    Session(SessionId),
}

impl ThrottleKey {
    /// What a try counts against.
    fn all(guesser: Guesser<'_>) -> Vec<ThrottleKey> {
        match guesser {
            Guesser::Stranger(name, address) => {
                let address = network(address);
                let named = name.map(|name| [ThrottleKey::Pair(name.clone(), address), ThrottleKey::Name(name.clone())]);
                named.into_iter().flatten().chain([ThrottleKey::Address(address)]).collect()
            }
            Guesser::AtKnownNetwork(name, address) => {
                vec![ThrottleKey::Pair(name.clone(), network(address)), ThrottleKey::NameAtKnownNetworks(name.clone())]
            }
            Guesser::Member(session) => vec![ThrottleKey::Session(session)],
        }
    }

    fn limit(&self) -> Limit {
        match self {
            ThrottleKey::Pair(..) | ThrottleKey::Session(_) => OWN,
            ThrottleKey::Name(_) | ThrottleKey::NameAtKnownNetworks(_) => NAME,
            ThrottleKey::Address(_) => ADDRESS,
        }
    }
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
    /// Begins a try at `now` (milliseconds of uptime).
    ///
    /// # Errors
    /// The seconds to wait, after too many failures; a refused try does not count as another failure. Also while too many tries are under
    /// way: otherwise a hundred guesses sent together would all slip through before the first has failed.
    pub fn begin(&self, guesser: Guesser<'_>, now: Millis) -> Result<LoginAttempt<'_>, u32> {
        let mut failures = self.lock();
        let keys = ThrottleKey::all(guesser);
        let wait = keys.iter().map(|key| failures.get(key).map_or(0, |past| past.wait(key.limit(), now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(u32::try_from(wait.div_euclid(SECOND).saturating_add(1)).unwrap_or(u32::MAX));
        }
        for key in &keys {
            let past = failures.get(key).unwrap_or_default();
            failures.insert(key.clone(), past.begun());
        }
        drop(failures);
        Ok(LoginAttempt { throttle: self, keys })
    }

    fn lock(&self) -> MutexGuard<'_, Lru<ThrottleKey, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginAttempt<'_> {
    /// The password was wrong, at `now` (milliseconds of uptime).
    pub fn failed(self, now: Millis) {
        self.update(|past, key| past.failed(key.limit(), now));
    }

    /// The password was right: the failures of this name from this address, or in this session, are forgotten. Those of the name from elsewhere,
    /// and of the address with other names, are not, or one good account would buy endless guesses.
    pub fn succeeded(self) {
        self.update(|past, key| if matches!(key, ThrottleKey::Pair(..) | ThrottleKey::Session(_)) { past.forgiven() } else { past });
    }

    fn update(&self, change: impl Fn(Failures, &ThrottleKey) -> Failures) {
        let mut failures = self.throttle.lock();
        for key in &self.keys {
            let Some(past) = failures.get(key) else { continue };
            match change(past, key) {
                // Not kept: otherwise, tries that never failed would push out what is remembered of those that did.
                nothing if nothing.is_none() => failures.remove(key),
                left => failures.insert(key.clone(), left),
            }
        }
    }
}

impl Drop for LoginAttempt<'_> {
    fn drop(&mut self) {
        self.update(|past, _| past.ended());
    }
}

#[cfg(test)]
mod tests {
    use super::super::failures::FAILURES_EXPIRE;
    use super::*;
    use crate::clock::HOUR;

    fn name(n: u32) -> Username {
        Username::parse(&format!("name_{n}")).unwrap()
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    /// A wrong password.
    fn fails(throttle: &LoginThrottle, name: Option<&Username>, address: IpAddr, now: Millis) -> Result<(), u32> {
        throttle.begin(Guesser::Stranger(name, address), now).map(|attempt| attempt.failed(now))
    }

    /// A try of somebody at address 1.
    fn begins(throttle: &LoginThrottle, n: u32, now: Millis) -> Result<LoginAttempt<'_>, u32> {
        throttle.begin(Guesser::Stranger(Some(&name(n)), address(1)), now)
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
            let together: Vec<_> = (0..40).map(|_| begins(&throttle, 1, 0).unwrap()).collect();
            together.into_iter().for_each(LoginAttempt::succeeded);
        }
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Ok(()));
    }

    #[test]
    fn guesses_sent_together_do_not_slip_through_together() {
        let throttle = LoginThrottle::default();
        let together: Vec<_> = (0..100).filter_map(|_| begins(&throttle, 1, 0).ok()).collect();
        assert_eq!(together.len(), 40);
        together.into_iter().for_each(|attempt| attempt.failed(0));
        assert!(fails(&throttle, Some(&name(1)), address(1), 14 * MINUTE).is_err(), "and now the wait is long");
        let later = 16 * MINUTE;
        let _one = begins(&throttle, 2, later).unwrap();
    }

    #[test]
    fn what_was_never_decided_counts_for_nothing() {
        let throttle = LoginThrottle::default();
        for _ in 0..100 {
            drop(begins(&throttle, 1, 0).unwrap());
        }
        assert_eq!(fails(&throttle, Some(&name(1)), address(1), 0), Ok(()));
    }

    /// An hour in which forty addresses, or forty /64s of one /56, try one name all the time; its owner tries once a minute.
    #[test]
    fn strangers_get_few_guesses_and_do_not_keep_the_owner_out() {
        let forty: [fn(u16) -> IpAddr; 2] = [|n| IpAddr::from([10, 0, 1, n as u8]), |n| IpAddr::from([0x2001, 0xdb8, 0, n, 0, 0, 0, 1])];
        for addresses in forty {
            let (throttle, ada) = (LoginThrottle::default(), name(1));
            let (mut guesses, mut signed_in, mut changed) = (0, 0, 0);
            for now in (0..HOUR).step_by(100) {
                guesses += (0..40).filter(|n| fails(&throttle, Some(&ada), addresses(*n), now).is_ok()).count();
                if now % MINUTE == 0 {
                    signed_in += throttle.begin(Guesser::AtKnownNetwork(&ada, address(1)), now).map(LoginAttempt::succeeded).is_ok() as u32;
                    changed += throttle.begin(Guesser::Member(SessionId(1)), now).map(LoginAttempt::succeeded).is_ok() as u32;
                }
            }
            assert!((40..100).contains(&guesses), "{guesses}");
            assert_eq!((signed_in, changed), (60, 60), "once a minute for an hour");
        }
    }

    #[test]
    fn who_is_signed_in_or_at_a_known_network_may_not_guess_either() {
        for guesser in [Guesser::Member(SessionId(1)), Guesser::AtKnownNetwork(&name(1), address(1))] {
            let throttle = LoginThrottle::default();
            let tries = (0..HOUR).step_by(100).filter(|now| throttle.begin(guesser, *now).map(|attempt| attempt.failed(*now)).is_ok());
            assert!((5..40).contains(&tries.count()));
        }
    }

    /// A family, an office, or everybody behind a proxy that is not trusted.
    #[test]
    fn behind_an_address_with_failures_others_wait_for_seconds() {
        let throttle = LoginThrottle::default();
        for n in 0..60 {
            let _ = fails(&throttle, Some(&name(n)), address(1), Millis::from(n) * SECOND);
        }
        let wait = (100..).find_map(|n| fails(&throttle, Some(&name(n)), address(1), MINUTE).err()).unwrap();
        assert!(wait <= 9, "{wait}");
        assert_eq!(fails(&throttle, Some(&name(99)), address(1), MINUTE + Millis::from(wait) * SECOND), Ok(()));
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
        assert!(begins(&throttle, 99, 0).is_err());
        let later = 2 * SECOND;
        begins(&throttle, 99, later).unwrap().succeeded();
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
}
