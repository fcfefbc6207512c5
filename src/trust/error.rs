//! Why a trust root cannot be used.

use super::{MAX_CHAIN, MAX_ENTRIES, MAX_TRUSTED_ROOT};
use crate::Rejection;

/// A trust root that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct TrustRootError {
    /// Which root: the name of a file, or `embedded in this program`.
    pub source_name: String,
    /// What is wrong with it.
    pub cause: TrustRootDefect,
}

impl TrustRootError {
    pub(super) fn new(source_name: &str, cause: TrustRootDefect) -> Self {
        Self { source_name: source_name.to_owned(), cause }
    }

    fn sentence(&self) -> String {
        let Self { source_name, cause } = self;
        match cause {
            TrustRootDefect::NotJson | TrustRootDefect::MediaType(_) => format!("{source_name} is not a trusted root: {cause}"),
            _ => format!("the trust root {source_name} cannot be used: {cause}"),
        }
    }
}

/// What is wrong with a trust root, as a clause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustRootDefect {
    /// The file is too large.
    #[error("it has {0} bytes; at most {MAX_TRUSTED_ROOT} are read")]
    TooLarge(usize),
    /// A trusted root that is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// JSON in another form; with the parser's words.
    #[error("{0}")]
    Json(String),
    /// A media type other than that of a trusted root.
    #[error("its media type is {0:?}")]
    MediaType(String),
    /// Too many authorities or logs of one kind.
    #[error("it has more than {MAX_ENTRIES} entries of one kind")]
    TooManyEntries,
    /// An authority, named by its address.
    #[error("{name}: {cause}")]
    Authority {
        /// Its address.
        name: String,
        /// What is wrong with it.
        cause: Box<TrustRootDefect>,
    },
    /// A chain without certificates.
    #[error("its chain is empty")]
    EmptyChain,
    /// A chain with too many certificates.
    #[error("its chain has {0} certificates; at most {MAX_CHAIN} are allowed")]
    LongChain(usize),
    /// A certificate that cannot be used.
    #[error("one of its certificates cannot be used: {0}")]
    Certificate(String),
    /// A log id of another length.
    #[error("the log id of {0} is not of 32 bytes")]
    LogId(String),
    /// A log without the start of its validity period: it would be trusted from ever.
    #[error("the log {0} has no start of its validity period (publicKey.validFor.start)")]
    LogWithoutStart(String),
    /// One log twice.
    #[error("the log {0} is listed twice")]
    DuplicateLog(String),
    /// A file that is not text.
    #[error("it is not valid UTF-8")]
    NotUtf8,
    /// A PEM block that cannot be read; with the parser's words.
    #[error("it is not valid PEM: {0}")]
    Pem(String),
    /// A PEM block without its last line.
    #[error("a PEM block has no end")]
    UnfinishedPem,
    /// A file of certificates that has none.
    #[error("it holds no certificate")]
    NoCertificate,
    /// A file of public keys that has none.
    #[error("it holds no public key")]
    NoPublicKey,
    /// A public key that cannot be used.
    #[error("one of its public keys cannot be used: {0}")]
    PublicKey(String),
}

impl TrustRootDefect {
    /// A certificate that cannot be used. The rejection names the certificate of a signature, so that only its detail fits here.
    pub(super) fn of_certificate(rejection: &Rejection) -> Self {
        let detail = rejection.detail();
        Self::Certificate(if detail.is_empty() { rejection.to_string() } else { detail.to_owned() })
    }

    pub(super) fn of_json(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        match error.classify() {
            Category::Syntax | Category::Eof => Self::NotJson,
            Category::Data | Category::Io => Self::Json(error.to_string()),
        }
    }
}
