//! The verifier alone, as a library: vectors, mutations, real objects, Wycheproof, and the second opinion. No program, no git, no clock but
//! where a second opinion has one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

#[path = "../it/support/bundle.rs"]
#[allow(dead_code, reason = "shared with the tests of the program")]
mod bundle;
#[path = "../it/vectors/bundle_case.rs"]
mod bundle_case;
#[path = "../it/vectors/case.rs"]
#[allow(dead_code, reason = "shared with the tests of the program")]
mod case;
mod entries;
#[path = "../it/vectors/library.rs"]
mod library;
mod objects_of_corpus;

mod advice;
mod attacks;
mod bundle_vectors;
mod bundles;
mod caps;
mod corpus;
mod keys;
mod mutation;
mod parsed;
mod paths;
mod real_objects;
mod reports;
mod roots;
mod schemes;
mod second_opinion;
mod small;
mod vectors;
mod wycheproof;
