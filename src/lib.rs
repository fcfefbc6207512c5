//! Keyless signing and verification for git.
//!
//! A signature that git stores holds its own evidence: a CMS signature by an ephemeral key, the certificate that bound the key to an
//! OpenID identity for ten minutes, an entry of a public log, and a timestamp. This crate makes such signatures and verifies them offline.
//!
//! Without its default features it is the verifier alone: no clock, no network, no terminal, no git.
//!
//! ```
//! use paraph::{object::ObjectFormat, policy::{AllowedIdentities, Policy, Verdict}, trust::{Instance, TrustRoot}, verify::Verifier};
//!
//! # fn judge(raw_commit: &[u8], now: jiff::Timestamp) -> Result<Verdict, Box<dyn std::error::Error>> {
//! let root = TrustRoot::embedded(&Instance::Public)?.ok_or("no root")?;
//! let verifier = Verifier::new(vec![root], now);
//! let allowed = AllowedIdentities::parse("alice@example.com https://accounts.google.com")?;
//! let policy = Policy { allowed: Some(allowed), ..Policy::default() };
//! let judgement = policy.judge(verifier.verify_commit(raw_commit, ObjectFormat::Sha1));
//! # Ok(judgement.verdict())
//! # }
//! # let verdict = judge(b"no commit", jiff::Timestamp::UNIX_EPOCH).unwrap();
//! # assert_eq!(verdict, Verdict::Bad);
//! ```
//!
//! The rooms, each below those that use it: [`object`], [`signature`], [`certificate`], [`evidence`], [`trust`], [`verify`], [`policy`].
#![forbid(unsafe_code)]

#[cfg(all(feature = "cli", unix))]
pub mod agent;
// without the program as well: it is fuzzed there
#[cfg_attr(not(feature = "cli"), doc(hidden))]
pub mod agent_protocol;
pub mod certificate;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
pub mod escape;
pub mod evidence;
#[cfg(feature = "cli")]
pub mod external_verifiers;
#[doc(hidden)]
pub mod git_parameters;
#[cfg(feature = "cli")]
mod git_process;
#[cfg(feature = "cli")]
pub mod identity;
#[cfg(feature = "cli")]
pub(crate) mod judge;
#[cfg(all(feature = "cli", unix))]
pub mod local;
pub mod object;
pub mod policy;
pub mod rejection;
pub mod report;
#[cfg(feature = "cli")]
pub mod repository;
#[cfg(feature = "cli")]
pub mod selection;
#[cfg(feature = "tuf")]
pub mod service;
#[cfg(feature = "cli")]
pub mod sign;
pub mod signature;
pub mod trust;
#[cfg(feature = "cli")]
pub(crate) mod trust_store;
#[cfg(feature = "cli")]
pub mod verdict_cache;
pub mod verify;

pub use rejection::{Explanation, Layer, LegacyRule, Reason, Rejection, Standing};
