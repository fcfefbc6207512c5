//! The signature: PEM armor, CMS SignedData (RFC 5652) and the two unsigned attributes that carry the evidence.
//!
//! Bytes in, structures out, and back; no key is used and nothing is judged here beside form.

pub mod armor;
pub mod cms;
pub mod git;
mod parsed;

pub use armor::pem;
pub use git::GitSignature;
pub use parsed::{MAX_CMS, ParsedSignature, SignatureContent, SignerCertificates};
