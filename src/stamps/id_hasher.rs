//! How user ids are spread: over stripes by their remainder, and within the hash table of a stripe by their quotient.

use std::hash::Hasher;

use crate::ids::UserId;

/// The number of stripes. A power of two, large enough that two cores rarely want the same lock.
pub const STRIPES: usize = 64;

/// The index of the stripe of `user`, below [`STRIPES`].
pub fn stripe_of(user: UserId) -> Option<usize> {
    usize::try_from(user.0.rem_euclid(STRIPES as i64)).ok()
}

/// Ids are sequential; an identity hash keeps neighbours in the same cache lines. Safe: callers cannot choose ids.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_i64(&mut self, id: i64) {
        self.0 = id.cast_unsigned() / STRIPES as u64;
    }

    /// Required by the trait. Ids come through `write_i64`.
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    /// A hash table starts to search at the low bits of a hash, and compares the top seven. Plain ids a table's length apart share the
    /// low bits, and the top ones are always zero, so higher bits are mixed into both.
    fn finish(&self) -> u64 {
        let low = self.0 ^ (self.0 >> 14);
        low ^ (low.wrapping_mul(0x9E37_79B9_7F4A_7C15) & (0x7F << 57))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(id: i64) -> u64 {
        let mut hasher = IdHasher::default();
        hasher.write_i64(id);
        hasher.finish()
    }

    #[test]
    fn neighbours_in_a_stripe_are_neighbours_in_its_table() {
        let places: Vec<u64> = (0..100).map(|n| hash(7 + n * STRIPES as i64) & 0xFFFF).collect();
        assert_eq!(places, (0..100).collect::<Vec<_>>());
        assert_eq!((stripe_of(UserId(7)), stripe_of(UserId(7 + STRIPES as i64))), (Some(7), Some(7)));
    }

    #[test]
    fn ids_a_tables_length_apart_differ_in_place_and_in_the_top_bits() {
        let (one, other) = (hash(0), hash((STRIPES << 14) as i64));
        assert_ne!(one & 0x3FFF, other & 0x3FFF);
        assert_ne!(one >> 57, other >> 57);
    }
}
