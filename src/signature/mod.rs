//! The signature: PEM armor, CMS SignedData (RFC 5652) and the two unsigned attributes that carry the evidence.
//!
//! This module turns bytes into structures and back. It uses no key, and checks only the form.

pub(crate) mod armor;
pub(crate) mod cms;
pub(crate) mod git;
mod parsed;

pub use armor::pem;
pub use git::GitSignature;
pub use parsed::{MAX_CMS, ParsedSignature, SignatureContent, SignerCertificates};
