//! The contents of a bundle, for `paraph show`: its claims. Nothing here is verified.

use super::contents::{CertificateContents, EntryContents, TimestampContents};
use crate::{
    bundle::{Bundle, BundleContent, BundleSigner},
    evidence::entry::TransparencyLogEntry,
};
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
    /// The envelope's payload byte for byte, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The in-toto statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementContents>,
    /// The hint which key signed, where no certificate says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_hint: Option<String>,
    /// The certificates, the signer's first.
    pub certificates: Vec<CertificateContents>,
    /// The log entries.
    pub log_entries: Vec<BundleEntry>,
    /// The timestamp tokens.
    pub timestamps: Vec<TimestampContents>,
}

/// A log entry with its body.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleEntry {
    /// All but the body.
    #[serde(flatten)]
    pub entry: EntryContents,
    /// The body, if it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The body byte for byte, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonicalized_body: Option<String>,
}

impl BundleEntry {
    fn of(entry: &TransparencyLogEntry) -> Self {
        let body = &entry.canonicalized_body;
        Self {
            body: serde_json::from_slice(body).ok(),
            canonicalized_body: (!body.is_empty()).then(|| STANDARD.encode(body)),
            entry: EntryContents::of_entry(entry.clone()),
        }
    }
}

/// An in-toto statement.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatementContents {
    /// The type of the predicate.
    pub predicate_type: String,
    /// What it is about.
    pub subjects: Vec<SubjectContents>,
    /// What it says about them. Of a name that appears twice, this is the last value; the payload has both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Value>,
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
    /// Without the documents in it, which people read in another form.
    pub(crate) fn without_documents(mut self) -> Self {
        self.payload = None;
        if let Some(statement) = &mut self.statement {
            statement.predicate = None;
        }
        for entry in &mut self.log_entries {
            (entry.body, entry.canonicalized_body) = (None, None);
        }
        self
    }

    /// The contents of a bundle.
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let (key_hint, certificates) = match &bundle.signer {
            BundleSigner::Key(hint) => (Some(hint.clone()), Vec::new()),
            BundleSigner::Certificates(signer, others) => {
                let others = others.iter().map(|other| CertificateContents::of(other, false));
                (None, std::iter::once(CertificateContents::of(signer, true)).chain(others).collect())
            }
        };
        let (digest, signature, envelope) = match &bundle.content {
            BundleContent::Message(message) => {
                let digest = message.digest.as_ref().map(|(hash, digest)| format!("{}:{}", hash.name(), hex::encode(digest)));
                (digest, &message.signature, None)
            }
            BundleContent::Envelope(envelope) => (None, &envelope.signature, Some(envelope)),
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
            predicate: envelope.and_then(|envelope| {
                let mut fields: Map<String, Value> = serde_json::from_slice(&envelope.payload).ok()?;
                fields.remove("predicate")
            }),
        });
        Self {
            version: bundle.version.as_str(),
            digest,
            signature: STANDARD.encode(signature),
            payload_type: envelope.map(|envelope| envelope.payload_type.clone()),
            payload: envelope.map(|envelope| STANDARD.encode(&envelope.payload)),
            statement,
            key_hint,
            certificates,
            log_entries: bundle.entries.iter().map(BundleEntry::of).collect(),
            timestamps: bundle.timestamps.iter().map(|token| TimestampContents::of(token)).collect(),
        }
    }
}
