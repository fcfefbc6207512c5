//! What a client wants to have signed.

use serde::{Deserialize, Serialize};

/// What is to be signed. Later programs may know more kinds: an agent refuses one that it does not know with [`Refusal::Subject`](super::Refusal::Subject).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SubjectToSign {
    /// A commit, tag or push certificate.
    Git {
        /// Its bytes without a signature, as git passes them to its signing program.
        #[serde(serialize_with = "super::to_base64", deserialize_with = "super::from_base64")]
        payload: Vec<u8>,
    },
    /// A file.
    File {
        /// Its bytes.
        #[serde(serialize_with = "super::to_base64", deserialize_with = "super::from_base64")]
        content: Vec<u8>,
        /// The name that the client claims. It is shown, and not signed.
        name: Option<String>,
    },
    /// A file by its digest alone. The digest may also be that of something else, such as a commit.
    Digest {
        /// SHA-256 in hexadecimal.
        sha256: String,
        /// The name that the client claims.
        name: Option<String>,
    },
    /// An in-toto statement.
    Statement {
        /// Its bytes.
        #[serde(serialize_with = "super::to_base64", deserialize_with = "super::from_base64")]
        payload: Vec<u8>,
    },
    /// A kind that this program does not know, whatever its fields.
    #[serde(other)]
    Unknown,
}

impl SubjectToSign {
    /// The name that the client claims.
    pub fn name(&self) -> Option<&String> {
        match self {
            Self::File { name, .. } | Self::Digest { name, .. } => name.as_ref(),
            Self::Git { .. } | Self::Statement { .. } | Self::Unknown => None,
        }
    }

    /// What the client sends of the subject, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Git { payload } | Self::Statement { payload } => payload.len(),
            Self::File { content, .. } => content.len(),
            Self::Digest { .. } | Self::Unknown => 0,
        }
    }
}
