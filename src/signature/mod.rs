//! The signature: PEM armor and CMS SignedData (RFC 5652).

pub mod armor;
pub use armor::pem;
