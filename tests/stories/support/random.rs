//! Random numbers that can be drawn again: a test prints its seed, and `TEST_SEED` repeats it.

use std::hash::{BuildHasher, RandomState};

/// splitmix64.
pub struct Random(u64);

impl Random {
    /// From [`seed`].
    pub fn new() -> Random {
        Random(seed())
    }

    /// One of several that draw at the same time, each its own numbers.
    pub fn nth(seed: u64, n: usize) -> Random {
        Random(Random(seed ^ n as u64).draw())
    }

    /// A number from 0 up to, but not including, `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `TEST_SEED`, or else a fresh one. It is printed, so that the output of a test that failed says how to repeat it.
pub fn seed() -> u64 {
    let seed = match std::env::var("TEST_SEED") {
        Ok(given) => given.parse().expect("TEST_SEED is a whole number"),
        Err(_) => RandomState::new().hash_one(()),
    };
    println!("TEST_SEED={seed}");
    seed
}
