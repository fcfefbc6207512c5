//! Writes Sigstore bundles of version 0.3: the signer's certificate alone, one log entry, and a message signature or a DSSE envelope.

use super::SignError;
use crate::{bundle::IN_TOTO, evidence::entry::TransparencyLogEntry};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Any, Encode as _, Tag};
use serde_json::{Map, Value, json};

/// The media type of the bundles that are written.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The parts that every bundle has.
pub(super) struct BundleParts<'a> {
    /// The signer's certificate, DER.
    pub(super) certificate: &'a [u8],
    /// The signature, DER.
    pub(super) signature: &'a [u8],
    /// With its body.
    pub(super) entry: &'a TransparencyLogEntry,
    /// RFC 3161 tokens over the signature, DER of the ContentInfo.
    pub(super) tokens: &'a [Vec<u8>],
}

impl BundleParts<'_> {
    /// The bundle of a file.
    pub(super) fn of_file(&self, digest: &[u8; 32]) -> Result<String, SignError> {
        let signature = json!({
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest) },
            "signature": STANDARD.encode(self.signature),
        });
        self.with("messageSignature", signature)
    }

    /// The bundle of a statement, byte for byte.
    pub(super) fn of_statement(&self, statement: &[u8]) -> Result<String, SignError> {
        self.with("dsseEnvelope", envelope(statement, self.signature))
    }

    fn with(&self, name: &str, signature: Value) -> Result<String, SignError> {
        let mut material = Map::new();
        material.insert("certificate".to_owned(), json!({ "rawBytes": STANDARD.encode(self.certificate) }));
        material.insert("tlogEntries".to_owned(), json!([log_entry(self.entry)]));
        if !self.tokens.is_empty() {
            let timestamps: Result<Vec<Value>, SignError> =
                self.tokens.iter().map(|token| Ok(json!({ "signedTimestamp": STANDARD.encode(response(token)?) }))).collect();
            material.insert("timestampVerificationData".to_owned(), json!({ "rfc3161Timestamps": timestamps? }));
        }
        Ok(format!("{}\n", json!({ "mediaType": MEDIA_TYPE, "verificationMaterial": material, name: signature })))
    }
}

/// The DSSE envelope of a statement.
pub(super) fn envelope(statement: &[u8], signature: &[u8]) -> Value {
    json!({
        "payload": STANDARD.encode(statement),
        "payloadType": IN_TOTO,
        "signatures": [{ "sig": STANDARD.encode(signature) }],
    })
}

/// The entry in protobuf's JSON, which omits what is empty.
fn log_entry(entry: &TransparencyLogEntry) -> Value {
    let kind = entry.kind_version.clone().unwrap_or_default();
    let log_id = entry.log_id.clone().unwrap_or_default();
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    add("logIndex", json!(entry.log_index.to_string()));
    add("logId", json!({ "keyId": STANDARD.encode(log_id.key_id) }));
    add("kindVersion", json!({ "kind": kind.kind, "version": kind.version }));
    if entry.integrated_time != 0 {
        add("integratedTime", json!(entry.integrated_time.to_string()));
    }
    if let Some(promise) = &entry.inclusion_promise {
        add("inclusionPromise", json!({ "signedEntryTimestamp": STANDARD.encode(&promise.signed_entry_timestamp) }));
    }
    if let Some(proof) = &entry.inclusion_proof {
        let checkpoint = proof.checkpoint.as_ref().map(|checkpoint| checkpoint.envelope.as_str()).unwrap_or_default();
        add(
            "inclusionProof",
            json!({
                "logIndex": proof.log_index.to_string(),
                "rootHash": STANDARD.encode(&proof.root_hash),
                "treeSize": proof.tree_size.to_string(),
                "hashes": proof.hashes.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
                "checkpoint": { "envelope": checkpoint },
            }),
        );
    }
    add("canonicalizedBody", json!(STANDARD.encode(&entry.canonicalized_body)));
    Value::Object(fields)
}

/// The token as the TimeStampResp that carried it (RFC 3161, section 2.4.2), which is what a bundle holds.
fn response(token: &[u8]) -> Result<Vec<u8>, SignError> {
    /// PKIStatusInfo: granted.
    const GRANTED: [u8; 5] = [0x30, 3, 2, 1, 0];
    Ok(Any::new(Tag::Sequence, [&GRANTED[..], token].concat())?.to_der()?)
}
