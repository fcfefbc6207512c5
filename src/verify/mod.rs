//! The one verification pipeline, for git's `--verify`, `paraph verify`, the hooks, the self-check after signing, and the library.
//!
//! ```text
//! git object ─ CMS ─► material ─ signature ─ certificate ─ path ─ SCT ─ log entries ─ timestamps ─ trusted times ─► Verified
//! file ─ bundle ────►          └────────── pipeline.rs ───────────────┘ └────────── accepted.rs ─────────────┘
//! ```
//! The pipeline verifies signature material about a [`Subject`] and does not know git. A git object is one subject; the format of its signature
//! is CMS. A file is another; the format is a Sigstore bundle. `git.rs` and `bundle.rs` make the material.
//!
//! Every step runs once, in this order. Nothing here opens a file or a socket, or reads a clock: the caller passes "now". The verdict is the
//! return type: only the pipeline makes a [`Verified`]. The verdict cache restores what it stored of one as a [`Verification`]. Nothing else
//! makes a Sigstore signature good. Other kinds of signatures are judged by other programs, or by a forge's key.

mod accepted;
mod artifact;
#[cfg(feature = "cli")]
pub(crate) mod batch;
pub(crate) mod bundle;
mod disguise;
mod foreign;
pub(crate) mod git;
pub(crate) mod lookup;
mod managed_key;
mod material;
mod pipeline;
mod subject;
mod verified;

pub use artifact::Artifact;
#[cfg(feature = "cli")]
pub(crate) use artifact::ArtifactHasher;
pub(crate) use disguise::Disguise;
#[cfg(feature = "cli")]
pub(crate) use git::CheckedSignature;
#[cfg(feature = "cli")]
pub(crate) use lookup::LookupKeys;
pub use managed_key::ManagedKey;
pub use subject::{Subject, SubjectKind};
pub(crate) use verified::TrustedTimes;
pub use verified::{TimeSource, TrustedTime, Verification, Verified, VerifiedByKey};
// what a verification consists of
pub use crate::{
    certificate::{Identity, IdentityKind, SignerCertificate},
    evidence::{
        entry::{EntryKind, EntryVersion},
        log::LoggedEntry,
    },
};

use crate::trust::TrustRoot;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How far a trusted time may be ahead of the local clock, which is less reliable.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The verifier: trust roots, and what time it is.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// Clones share what a root's keys remember of earlier checks.
    roots: Arc<[TrustRoot]>,
    now: Timestamp,
}

impl Verifier {
    /// A verifier that accepts signatures under any of these roots. `now` only decides what is in the future.
    pub fn new(roots: impl Into<Arc<[TrustRoot]>>, now: Timestamp) -> Self {
        Self { roots: roots.into(), now }
    }

    /// The trust roots.
    pub fn roots(&self) -> &[TrustRoot] {
        &self.roots
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }
}
