//! Clients of the services that signing needs: Fulcio, Rekor v1 and v2, timestamp authorities, TUF mirrors.
//!
//! They speak the protocols and check that an answer fits its question. Whether an answer can be believed (signatures, chains, proofs) is
//! the verifier's to say, and the caller asks it before anything is used. Nothing here reads configuration or the environment, except for
//! the system's proxies and certificates.

mod address;
mod error;
pub mod fulcio;
mod http;
pub mod rekor_v1;
pub mod rekor_v2;
#[cfg(feature = "cli")]
mod runtime;
pub mod search;
#[cfg(test)]
pub(crate) mod testing;
mod tile;
pub mod timestamp;
pub mod tuf;

pub use address::{is_loopback, is_metadata_service};
pub(crate) use error::causes;
pub use error::{Cause, Service, ServiceError, quotable};
pub(crate) use http::{Answer, Call, Retry, endpoint};
pub use http::{Http, Settings, USER_AGENT};
#[cfg(feature = "cli")]
pub(crate) use runtime::runtime;
