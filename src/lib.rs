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
//! Public is the verifier: [`object`] (what is signed), [`trust`] (trust roots), [`verify`] (the pipeline), [`policy`] (who may sign),
//! [`report`] (the result as sentences and JSON) and [`Reason`] with its relatives (why a signature is refused).
#![forbid(unsafe_code)]
// everything else is private; `internals` names the exceptions
#![warn(private_bounds, private_interfaces, unnameable_types, unreachable_pub)]
// the documentation of private and hidden items may link to private ones
#![allow(rustdoc::private_intra_doc_links)]

// the types beside a seam of the program have no name outside the crate, and need none
#[cfg(all(feature = "cli", unix))]
#[allow(unnameable_types)]
mod agent;
mod agent_protocol;
#[cfg(feature = "cli")]
mod bounded_process;
mod bundle;
mod certificate;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod config;
mod escape;
mod evidence;
#[cfg(feature = "cli")]
mod external_verifiers;
mod git_parameters;
#[cfg(feature = "cli")]
mod git_process;
#[cfg(feature = "cli")]
mod gitsign_statement;
#[cfg(feature = "cli")]
#[allow(unnameable_types)]
mod identity;
#[doc(hidden)]
pub mod internals;
mod json_object;
#[cfg(feature = "cli")]
mod judge;
#[cfg(all(feature = "cli", unix))]
#[allow(unnameable_types)]
mod local;
pub mod object;
pub mod policy;
#[cfg(feature = "tuf")]
mod private_folder;
#[cfg(feature = "tuf")]
mod regular_file;
mod rejection;
pub mod report;
#[cfg(feature = "cli")]
mod repository;
#[cfg(feature = "cli")]
mod repository_policy;
#[cfg(feature = "cli")]
mod selection;
#[cfg(feature = "tuf")]
#[allow(unnameable_types)]
mod service;
#[cfg(feature = "cli")]
mod setup_record;
#[cfg(feature = "cli")]
#[allow(unnameable_types)]
mod sign;
mod signature;
mod statement;
pub mod trust;
#[cfg(feature = "cli")]
mod trust_store;
#[cfg(feature = "cli")]
mod verdict_cache;
pub mod verify;
mod wording;

pub use rejection::{Explanation, Layer, LegacyRule, Reason, Rejection, Standing};
