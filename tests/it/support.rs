//! What the tests share.

pub mod bundle;
#[allow(dead_code, reason = "shared with the tests of the verifier")]
pub mod entries;
pub mod filter;
pub mod keys;
pub mod log;
pub mod objects;
pub mod online;
pub mod sandbox;
pub mod sigstore;
pub mod socket;
pub mod tokens;
