//! What the tests share.

pub mod bundle;
pub mod corpus;
pub mod sandbox;
pub mod sigstore;
