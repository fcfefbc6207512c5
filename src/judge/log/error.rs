//! Why a log's entry is not shown, or not proven.

use crate::{Explanation as _, Reason, Rejection, service::ServiceError, wording::counted};

/// What to do about a log that changed its history.
const REPORT: &str = "keep this file or commit as evidence, and report it to the operator of the log";

/// Why a log's entry is not shown, or not proven.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// The log does not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What the log says does not verify.
    #[error("the answer of the log at {url} is not accepted: {rejection}")]
    Answer {
        /// The log's address.
        url: String,
        /// The cause.
        rejection: Rejection,
    },
    /// The signature whose entry is to be proven does not verify.
    #[error("the signature does not verify, so its log entry proves nothing: {0}")]
    Signature(Rejection),
    /// Without the file, only the stated digest tells what a bundle is about.
    #[error("the bundle does not state the digest of its file")]
    NoDigest,
    /// There is no such entry.
    #[error("the log at {url} has no entry {name}")]
    NotFound {
        /// The log's address.
        url: String,
        /// The entry as the caller named it.
        name: String,
    },
    /// A name that only Rekor v1 gives.
    #[error("entries of Rekor v2 have no UUID")]
    UuidOfV2,
    /// The trust root knows the log's key, but not where it is.
    #[error("the trust root names no address of the log {log}")]
    NoAddress {
        /// Its id in hexadecimal.
        log: String,
    },
    /// The tree of the entry is not listed.
    #[error("the log at {url} lists no tree \"{origin}\", which has the entry")]
    NoTree {
        /// The log's address.
        url: String,
        /// The origin of the embedded checkpoint.
        origin: String,
    },
    /// The log shows fewer entries than it signed before.
    #[error("the log \"{origin}\" was rolled back: its newest checkpoint has {}; the embedded one has {embedded}", counted(*newest, "entry"))]
    Rollback {
        /// The origin of the checkpoints.
        origin: String,
        /// The embedded size.
        embedded: u64,
        /// The newest size.
        newest: u64,
    },
    /// Two trees of one size.
    #[error("the log \"{origin}\" was forked: its newest checkpoint and the embedded one have {} and different root hashes", counted(*size, "entry"))]
    Fork {
        /// The origin of the checkpoints.
        origin: String,
        /// Their size.
        size: u64,
    },
    /// The newest tree does not continue the embedded one.
    #[error(
        "the log \"{origin}\" does not prove that its newest checkpoint ({}) continues the embedded one ({})",
        counted(*newest, "entry"),
        counted(*embedded, "entry")
    )]
    Inconsistent {
        /// The origin of the checkpoints.
        origin: String,
        /// The embedded size.
        embedded: u64,
        /// The newest size.
        newest: u64,
    },
    /// The promise was not kept.
    #[error("the log at {url} has no entry {index}, which it promised to include")]
    Promise {
        /// The log's address.
        url: String,
        /// The promised index.
        index: u64,
    },
    /// The promised index holds something else.
    #[error("the log at {url} has another entry at the index {index} than the one that it promised to include")]
    OtherEntry {
        /// The log's address.
        url: String,
        /// The promised index.
        index: u64,
    },
}

impl LogError {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Service(error) => return error.hint().map(str::to_owned),
            Self::Signature(rejection) => return Some(rejection.reason().advice().to_owned()),
            Self::Answer { rejection, .. } if rejection.reason() == Reason::LogUnknown => {
                "run `paraph trust update`, or name the log's instance with --instance or --trusted-root"
            }
            Self::Answer { .. } => "check the log's address; if it is right, report the answer to the operator of the log",
            Self::NoDigest => "verify it with its file: `paraph verify-file FILE --bundle BUNDLE`",
            Self::NotFound { .. } => "check the UUID or index and the log's address; --rekor-url names another log",
            Self::UuidOfV2 => "give the entry's index, or leave --rekor-version out",
            Self::NoAddress { .. } => "name its address with --rekor-url",
            Self::NoTree { .. } => "check the log's address; if it is right, report the missing tree to the operator of the log",
            Self::Rollback { .. } | Self::Fork { .. } | Self::Inconsistent { .. } | Self::Promise { .. } | Self::OtherEntry { .. } => {
                REPORT
            }
        };
        Some(hint.to_owned())
    }
}
