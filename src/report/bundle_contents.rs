//! The contents of a bundle, for `paraph show`: its claims. Nothing here is verified.

use super::contents::{CertificateContents, EntryContents, TimestampContents};
use crate::bundle::{Bundle, BundleContent, BundleSigner};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value};

/// The contents of a bundle.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleContents {
    /// The version of its format.
    pub version: &'static str,
    /// The digest that it states of the file: algorithm and hexadecimal value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The signature, base64.
    pub signature: String,
    /// The type of the envelope's payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_type: Option<String>,
    /// The in-toto statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementContents>,
    /// The hint which key signed, where no certificate says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_hint: Option<String>,
    /// The certificates, the signer's first.
    pub certificates: Vec<CertificateContents>,
    /// The log entries.
    pub log_entries: Vec<EntryContents>,
    /// The timestamp tokens.
    pub timestamps: Vec<TimestampContents>,
}

/// An in-toto statement without its predicate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatementContents {
    /// The type of the predicate.
    pub predicate_type: String,
    /// What it is about.
    pub subjects: Vec<SubjectContents>,
}

/// A subject.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SubjectContents {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its digests by the names of their algorithms.
    pub digest: Map<String, Value>,
}

impl BundleContents {
    /// The contents of a bundle.
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let (key_hint, certificates) = match &bundle.signer {
            BundleSigner::Key(hint) => (Some(hint.clone()), Vec::new()),
            BundleSigner::Certificates(signer, others) => {
                let others = others.iter().map(|other| CertificateContents::of(other, false));
                (None, std::iter::once(CertificateContents::of(signer, true)).chain(others).collect())
            }
        };
        let (digest, signature, payload_type) = match &bundle.content {
            BundleContent::Message(message) => {
                let digest = message.digest.as_ref().map(|(hash, digest)| format!("{}:{}", hash.name(), hex::encode(digest)));
                (digest, &message.signature, None)
            }
            BundleContent::Envelope(envelope) => (None, &envelope.signature, Some(envelope.payload_type.clone())),
        };
        // what is no statement is only named by its type
        let statement = bundle.statement().ok().flatten().map(|statement| StatementContents {
            predicate_type: statement.predicate_type.clone(),
            subjects: statement
                .subjects
                .iter()
                .map(|subject| SubjectContents {
                    name: subject.name.clone(),
                    digest: subject.digests.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect(),
                })
                .collect(),
        });
        Self {
            version: bundle.version.as_str(),
            digest,
            signature: STANDARD.encode(signature),
            payload_type,
            statement,
            key_hint,
            certificates,
            log_entries: bundle.entries.iter().cloned().map(EntryContents::of_entry).collect(),
            timestamps: bundle.timestamps.iter().map(|token| TimestampContents::of(token)).collect(),
        }
    }
}
