//! A bounded memory of what was used recently.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

/// Remembers at most `capacity` entries, and among them the `capacity / 2` used last.
///
/// Two generations instead of a linked list: what is used moves to the young one; when that is half of the
/// capacity, the old one is forgotten and the young one takes its place. Every operation is one or two look-ups, by the hash `S`.
#[derive(Debug)]
pub struct Recent<K, V, S = RandomState> {
    half: usize,
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
}

impl<K: Eq + Hash, V: Copy, S: BuildHasher + Default> Recent<K, V, S> {
    /// A memory for `capacity` entries, at least two.
    pub fn new(capacity: usize) -> Self {
        Recent { half: (capacity / 2).max(1), young: HashMap::default(), old: HashMap::default() }
    }

    /// What is remembered under `key`; reading counts as use.
    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value);
        Some(value)
    }

    /// Remembers `value`, forgetting what was under `key` and, when full, the entries not used for longest.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// How many entries are remembered now.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_holds_more_than_its_capacity() {
        let mut memory = Recent::<_, _>::new(100);
        for n in 0..10_000 {
            memory.insert(n, n);
            assert!(memory.len() <= 100);
        }
        assert_eq!(memory.get(&9_999), Some(9_999));
        assert_eq!(memory.get(&0), None);
    }

    #[test]
    fn what_is_used_again_and_again_stays() {
        let mut memory = Recent::<_, _>::new(10);
        memory.insert("ada", 1);
        let strangers: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        for stranger in &strangers {
            memory.insert(stranger, 0);
            assert_eq!(memory.get(&"ada"), Some(1));
        }
    }

    #[test]
    fn a_new_value_replaces_the_old_one_in_either_generation() {
        let mut memory = Recent::<_, _>::new(4);
        memory.insert("ada", 1);
        memory.insert("bob", 1);
        memory.insert("cleo", 1);
        memory.insert("ada", 2);
        assert_eq!(memory.get(&"ada"), Some(2));
        memory.remove(&"ada");
        assert_eq!(memory.get(&"ada"), None);
    }
}
