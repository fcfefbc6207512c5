//! Why an object cannot be judged at all: the repository or the call is at fault, not the signature.

use crate::repository;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The repository could not be read.
    #[error(transparent)]
    Repository(#[from] repository::Error),
    /// An object of a kind that carries no signature.
    #[error("{id} is a {kind}; only commits and tags are signed")]
    NotSignable {
        /// The object's id.
        id: String,
        /// `blob` or `tree`.
        kind: &'static str,
    },
    /// What git names as the push certificate has another kind.
    #[error("the push certificate is a {kind}, and not a blob")]
    NoCertificate {
        /// Its kind.
        kind: &'static str,
    },
    /// More approvals of one change than are read.
    #[error("more than {limit} refs below {folder} approve one thing")]
    TooManyApprovals {
        /// The folder of the refs.
        folder: String,
        /// How many are read.
        limit: usize,
    },
    /// A name that should be a tag names another object.
    #[error("\"{name}\" names a {kind}, not a tag")]
    NotATag {
        /// The name.
        name: String,
        /// The kind of the object that it names.
        kind: &'static str,
    },
}
