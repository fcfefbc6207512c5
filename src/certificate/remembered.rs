//! The signatures that verified with a key in this run.
//!
//! A fact is a hash over everything that decides whether a signature verifies with the key: hash function, message and signature. Only success
//! is remembered, so that forgetting costs time and remembering cannot make a bad signature good. A fact has no time: validity periods are
//! checked each time.

use super::hash::HashAlgorithm;
use sha2::{Digest, Sha256};
use std::{collections::HashSet, sync::Mutex};

/// Facts in one generation. There are two.
const GENERATION: usize = 4096;

/// This signature over this message, with this hash function, verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fact([u8; 32]);

impl Fact {
    pub(super) fn new(hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> Self {
        let hash = match hash {
            HashAlgorithm::Sha256 => 0u8,
            HashAlgorithm::Sha384 => 1,
            HashAlgorithm::Sha512 => 2,
        };
        // the length separates message and signature
        let length = u64::try_from(message.len()).unwrap_or(u64::MAX).to_be_bytes();
        let whole = Sha256::new().chain_update([hash]).chain_update(length).chain_update(message).chain_update(signature);
        Self(whole.finalize().into())
    }
}

/// The facts, the newest at least [`GENERATION`] of them.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Fact>,
    old: HashSet<Fact>,
}

impl Remembered {
    pub(super) fn holds(&self, fact: &Fact) -> bool {
        // a thread that panicked may have left something half-done
        let Ok(mut generations) = self.0.lock() else { return false };
        let is_old = generations.old.contains(fact);
        if is_old && !generations.young.contains(fact) {
            generations.insert(*fact);
        }
        is_old || generations.young.contains(fact)
    }

    pub(super) fn keep(&self, fact: Fact) {
        if let Ok(mut generations) = self.0.lock() {
            generations.insert(fact);
        }
    }
}

impl Generations {
    fn insert(&mut self, fact: Fact) {
        if self.young.len() == GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(number: usize) -> Fact {
        Fact::new(HashAlgorithm::Sha256, &number.to_be_bytes(), b"signature")
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let remembered = Remembered::default();
        for number in 0..5 * GENERATION {
            remembered.keep(fact(number));
            assert!(remembered.holds(&fact(number)) && remembered.holds(&fact(0)), "{number}");
        }
        let generations = remembered.0.lock().unwrap();
        assert!(generations.young.len() <= GENERATION && generations.old.len() <= GENERATION);
        drop(generations);
        assert!(!remembered.holds(&fact(1)));
    }

    #[test]
    fn each_input_is_part_of_a_fact() {
        let new = |hash, message: &str, signature: &str| Fact::new(hash, message.as_bytes(), signature.as_bytes());
        let one = new(HashAlgorithm::Sha256, "ab", "cd");
        assert_eq!(one, new(HashAlgorithm::Sha256, "ab", "cd"));
        for other in [
            new(HashAlgorithm::Sha384, "ab", "cd"),
            new(HashAlgorithm::Sha512, "ab", "cd"),
            new(HashAlgorithm::Sha256, "abc", "d"),
            new(HashAlgorithm::Sha256, "a", "bcd"),
            new(HashAlgorithm::Sha256, "ab", "ce"),
            new(HashAlgorithm::Sha256, "aa", "cd"),
        ] {
            assert_ne!(one, other);
        }
    }
}
