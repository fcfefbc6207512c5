//! What the tests share.

pub mod bundle;
pub mod corpus;
pub mod filter;
pub mod objects;
pub mod sandbox;
pub mod sigstore;
pub mod socket;
pub mod tokens;
