//! The local instance: a private Sigstore in one process, on one loopback port, its state in one folder.
//!
//! An OpenID issuer, Fulcio, a CT log, Rekor v1 and v2, an RFC 3161 timestamp authority and a TUF repository, for trying paraph out, for
//! tests and for machines without a network. It is not for serving other machines: whoever can read its folder can sign as anybody.
//!
//! Any web page and any user of the machine can reach a loopback port, so every request must name our host, a foreign origin is refused,
//! and an identity is given only to who knows the access code that lies in the folder.

mod authority;
mod error;
mod keys;
mod log;
mod state;
mod tree;
mod trust;
mod tuf;

pub use error::LocalError;
pub use keys::Algorithm;
pub use state::InitOptions;
