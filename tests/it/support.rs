//! What the tests share.

pub mod browser;
pub mod bundle;
pub mod chromium;
pub mod corpus;
pub mod filter;
pub mod objects;
pub mod sandbox;
pub mod sigstore;
pub mod socket;
