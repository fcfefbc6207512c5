//! Certificates: Fulcio's profile, the identity that a certificate names, its SCTs, and the keys that verify signatures.
//!
//! This module has structures and their rules. `trust` knows which authorities are trusted, and `verify` compares times.

pub(crate) mod fulcio;
mod hash;
pub(crate) mod key;
pub(crate) mod names;
mod remembered;
pub(crate) mod scheme;
pub(crate) mod sct;
pub(crate) mod x509;

#[cfg(feature = "cli")]
pub(crate) use fulcio::claim_names;
pub use fulcio::{Identity, IdentityKind, SignerCertificate};
pub use hash::HashAlgorithm;
pub use key::{KeyKind, PublicKey};
pub use scheme::{Scheme, SignedContent};
pub use sct::Sct;
pub use x509::Certificate;
