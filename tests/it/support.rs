//! What the tests share.

pub mod bundle;
pub mod filter;
pub mod objects;
pub mod sandbox;
pub mod sigstore;
pub mod socket;
