//! Certificates: Fulcio's profile, the identity that a certificate names, its SCTs, and the keys that verify signatures.
//!
//! This module has structures and their rules. `trust` knows which authorities are trusted, and `verify` compares times.

pub mod fulcio;
pub mod key;
mod remembered;
pub mod sct;
pub mod x509;

pub use fulcio::{Identity, IdentityKind, SignerCertificate};
pub use key::{HashAlgorithm, KeyKind, PublicKey};
pub use sct::Sct;
pub use x509::Certificate;
