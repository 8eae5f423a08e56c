//! A bounded LRU cache.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

/// An approximate LRU cache: holds at most `capacity` entries, always including the `capacity / 2` most recently used.
///
/// It keeps two generations instead of a linked list. An entry that is used moves to the young generation. When that holds half of
/// the capacity, the old generation is dropped and the young one takes its place. Every operation is one or two look-ups.
#[derive(Debug)]
pub struct Lru<K, V, S = RandomState> {
    half: usize,
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
}

impl<K: Eq + Hash, V: Copy, S: BuildHasher + Default> Lru<K, V, S> {
    /// An empty cache for `capacity` entries, at least two.
    pub fn new(capacity: usize) -> Self {
        Lru { half: (capacity / 2).max(1), young: HashMap::default(), old: HashMap::default() }
    }

    /// The value of `key`. Reading counts as use.
    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value);
        Some(value)
    }

    /// The value of `key`, to be changed in place. This does not count as use.
    pub fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        match self.young.get_mut(key) {
            Some(value) => Some(value),
            None => self.old.get_mut(key),
        }
    }

    /// Sets the value of `key`. A full cache evicts the entries that were not used for longest.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Every entry, those used lately first. Reading them does not count as use.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.young.iter().chain(&self.old)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_holds_more_than_its_capacity() {
        let mut cache = Lru::<_, _>::new(100);
        for n in 0..10_000 {
            cache.insert(n, n);
            assert!(cache.len() <= 100);
        }
        assert_eq!(cache.get(&9_999), Some(9_999));
        assert_eq!(cache.get(&0), None);
    }

    #[test]
    fn what_is_used_again_and_again_stays() {
        let mut cache = Lru::<_, _>::new(10);
        cache.insert("ada", 1);
        let strangers: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        for stranger in &strangers {
            cache.insert(stranger, 0);
            assert_eq!(cache.get(&"ada"), Some(1));
        }
    }

    #[test]
    fn what_is_only_changed_in_place_is_evicted_like_anything_unused() {
        let mut cache = Lru::<_, _>::new(10);
        cache.insert("ada", 1);
        for stranger in 0..100 {
            cache.insert(["a", "b", "c", "d", "e", "f", "g"][stranger % 7], 0);
            if let Some(value) = cache.peek_mut(&"ada") {
                *value += 1;
            }
        }
        assert_eq!(cache.get(&"ada"), None);
        cache.insert("bob", 1);
        *cache.peek_mut(&"bob").unwrap() = 2;
        assert_eq!(cache.get(&"bob"), Some(2));
    }

    #[test]
    fn a_new_value_replaces_the_old_one_in_either_generation() {
        let mut cache = Lru::<_, _>::new(4);
        cache.insert("ada", 1);
        cache.insert("bob", 1);
        cache.insert("cleo", 1);
        cache.insert("ada", 2);
        assert_eq!(cache.get(&"ada"), Some(2));
        cache.remove(&"ada");
        assert_eq!(cache.get(&"ada"), None);
    }
}
