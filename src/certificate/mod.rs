//! Certificates: Fulcio's profile, the identity that a certificate names, its SCT, and the keys that verify signatures.
//!
//! Structures and their rules; which authority is trusted is the business of `trust`, at which time is that of `verify`.

pub mod fulcio;
pub mod key;
mod remembered;
pub mod sct;
pub mod x509;

pub use fulcio::{Identity, IdentityKind, SignerCertificate};
pub use key::{HashAlgorithm, KeyKind, PublicKey};
pub use sct::Sct;
pub use x509::Certificate;
