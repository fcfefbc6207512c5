//! Signing: a payload, file or statement in, a signature out. Everything in between is checked.
//!
//! ```text
//! token ─ ephemeral key ─ certificate, checked ─ signature ─┬─ log entry ─┐
//!                                                           └─ timestamp ─┴─ CMS or bundle ─ self-verify ─ signature
//! ```
//! A [`Content`] says what is signed and in which form.
//!
//! A [`Session`] does this for the direct path and for the agent. The verifier that judges other people's signatures judges this one too.
//! Until then it is a [`Draft`], which nobody can mistake for a signature.

mod bundle;
mod content;
mod credential;
mod error;
mod payload;
mod publication;
mod services;
mod session;

pub(crate) use content::MAX_STATEMENT;
pub use content::{Content, MAX_STATEMENT_REKOR_V1};
pub(crate) use credential::Credential;
pub(crate) use error::{CertificateMismatch, SignError};
#[cfg(unix)]
pub(crate) use payload::{ParsedSubject, SigningKind};
pub(crate) use payload::{PayloadError, parse_subject};
pub(crate) use publication::{FILE, Publication};
pub use services::{LogVersion, Services};
pub(crate) use session::Announce;
pub use session::Session;
pub use session::Signature;
pub use session::Silent;
#[cfg(unix)]
pub(crate) use session::{Draft, Spent};
