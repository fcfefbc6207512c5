//! Signing: payload in, armored signature out. Everything in between is checked.
//!
//! ```text
//! token ─ ephemeral key ─ certificate, checked ─ CMS ─┬─ log entry ─┐
//!                                                     └─ timestamp ─┴─ embed ─ self-verify ─ signature
//! ```
//! A [`Session`] does this for the direct path and for the agent. The verifier that judges other people's signatures judges this one too.
//! Until then it is a [`Draft`], which nobody can mistake for a signature.

mod credential;
mod error;
mod payload;
mod publication;
mod services;
mod session;

pub(crate) use credential::Credential;
pub(crate) use error::{CertificateMismatch, SignError};
pub(crate) use payload::{PayloadError, parse_payload};
pub(crate) use publication::Publication;
pub use services::{LogVersion, Services};
pub use session::Session;
pub use session::Signature;
pub use session::Silent;
pub(crate) use session::{Announce, Draft, Spent};
