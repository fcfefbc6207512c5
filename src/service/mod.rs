//! Clients of the services that signing needs: Fulcio, Rekor v1 and v2, timestamp authorities, TUF mirrors.
//!
//! The clients speak the protocols and check that an answer belongs to its request. They do not check signatures, chains or proofs: the caller
//! verifies an answer before it uses it. Nothing here reads configuration or the environment, except the system's proxies and certificates.

mod address;
mod error;
pub(crate) mod fulcio;
mod http;
mod network;
pub(crate) mod rekor_v1;
pub(crate) mod rekor_v2;
#[cfg(feature = "cli")]
mod runtime;
pub(crate) mod search;
#[cfg(feature = "cli")]
mod server;
#[cfg(test)]
pub(crate) mod testing;
mod tile;
pub(crate) mod timestamp;
pub(crate) mod tuf;

pub(crate) use address::{is_loopback, stays_on_host};
pub(crate) use error::causes;
pub(crate) use error::{Cause, Service, ServiceError, quotable};
pub(crate) use http::USER_AGENT;
pub(crate) use http::{Answer, Body, Call, Retry, endpoint};
pub use http::{Http, TimeLimits};
#[cfg(feature = "cli")]
pub(crate) use network::Network;
#[cfg(feature = "cli")]
pub(crate) use network::{Addresses, NetworkName, NetworkSetting};
#[cfg(feature = "cli")]
pub(crate) use runtime::runtime;
#[cfg(all(unix, feature = "cli"))]
pub(crate) use server::Connection;
#[cfg(feature = "cli")]
pub(crate) use server::serve;
