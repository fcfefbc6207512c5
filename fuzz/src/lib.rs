//! What the fuzz targets share: the test vectors as seeds and as facts to compare with, git's own readings of the same bytes as a second
//! opinion, and a mutator that keeps DER well-formed.
//!
//! A target fails where the verifier panics, is slow or takes up too much memory, and where a property does not hold that its
//! documentation promises. The keys of the vectors are nowhere near the fuzzer: whatever is accepted, somebody signed in the seeds.

pub mod der_tree;
pub mod facts;
pub mod reference;
pub mod seeds;
pub mod template;

use paraph::{Explanation as _, Rejection, escape};

/// Whatever a refusal says, it can be printed once it is escaped.
pub fn check_refusal(rejection: &Rejection) {
    assert!(!rejection.reason().id().is_empty());
    let text = escape::Escaped(&rejection.to_string()).to_string();
    assert!(escape::is_printable(&text), "{text:?}");
}
