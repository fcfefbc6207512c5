//! Why Rekor v1 refuses a proposed entry.

use super::{protobuf_json::InvalidBase64, verifiers::InvalidVerifier};

/// Semantic versions.
const VERSION_PATTERN: &str = concat!(
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)",
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$",
);

/// Why an entry is refused, in the words of the real server.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidEntry {
    /// A field is missing.
    #[error("{0} in body is required")]
    Missing(&'static str),
    /// No server knows the kind.
    #[error("invalid kind value: {0:?}")]
    Kind(String),
    /// The version is not a semantic version.
    #[error("apiVersion in body should match '{VERSION_PATTERN}'")]
    VersionForm,
    /// The entry's content is not an object; Go's name of its type.
    #[error("unsupported input type {0} for DecodeEntry")]
    SpecType(&'static str),
    /// The real server knows the kind, and this one does not log it.
    #[error("entry kind '{0}' is not enabled for submission on this server")]
    OtherKind(String),
    /// The entry has not what an envelope's entry needs.
    #[error("entry not insertable into log: {0}")]
    NotInsertable(&'static str),
    /// The kind has no such version.
    #[error("{kind} implementation for version '{version}' not found: unable to locate entry for version {version}")]
    Version {
        /// The entry's kind.
        kind: &'static str,
        /// The version that was asked for.
        version: String,
    },
    /// Fields are missing or have a value that is not allowed.
    #[error("validation failure list:\n{}", .0.join("\n"))]
    Fields(Vec<&'static str>),
    /// A field is not base64.
    #[error("failed parsing base64 data for {0}: {1}")]
    Base64(&'static str, InvalidBase64),
    /// A certificate or a public key is malformed.
    #[error("{0}")]
    Verifier(#[from] InvalidVerifier),
    /// A verifier of an envelope is malformed.
    #[error("could not parse public key as x509: {0}")]
    EnvelopeVerifier(InvalidVerifier),
    /// The digest has another length.
    #[error("invalid value for hash")]
    Digest,
    /// The digest is not hexadecimal.
    #[error("encoding/hex: {0}")]
    Hex(hex::FromHexError),
    /// There is no public key.
    #[error("missing public key")]
    KeyMissing,
    /// The signature does not verify.
    #[error("verifying signature: {0}")]
    Signature(&'static str),
    /// The key may not sign with this hash.
    #[error("entry algorithms are not allowed")]
    Algorithm,
    /// The envelope is not JSON.
    #[error("{0}")]
    EnvelopeJson(serde_json::Error),
    /// The envelope or its signatures are not as they must be.
    #[error("{0}")]
    Envelope(&'static str),
}
