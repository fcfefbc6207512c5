//! What the fuzz targets share: the test vectors as seeds and as facts, git's reading of the same bytes as a second opinion, and a mutator
//! that keeps DER well-formed.
//!
//! A target fails if the verifier panics, is slow, takes too much memory, or breaks a documented property. The fuzzer has no keys of the
//! vectors, so everything that is accepted was signed in the seeds.

pub mod der_tree;
pub mod facts;
pub mod reference;
pub mod seeds;
pub mod template;

use paraph::{Explanation as _, Rejection, internals::escape};

/// Checks that a refusal can be printed after escaping.
pub fn check_refusal(rejection: &Rejection) {
    assert!(!rejection.reason().id().is_empty());
    let text = escape::Escaped(&rejection.to_string()).to_string();
    assert!(escape::is_printable(&text), "{text:?}");
}
