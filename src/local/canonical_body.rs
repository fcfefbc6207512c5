//! The canonical bodies of log entries (JCS, RFC 8785), byte for byte as the real servers store and hash them.
//!
//! The names of each object are in ascending order. Strings are base64, hexadecimal or fixed names, apart from the signatures of an envelope:
//! those stand as the client wrote them, and JCS escapes strings as `serde_json` does.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{invalid_entry::InvalidEntry, verifiers::Verifier};
use crate::certificate::HashAlgorithm;

/// A valid entry.
#[derive(Debug)]
pub(super) struct CanonicalEntry {
    /// The canonical body.
    pub body: Vec<u8>,
    /// What the search index has of the entry beyond its body, such as `sha256:HEX`: the digests in an in-toto statement.
    pub statement_digests: Vec<String>,
    /// Why the entry can be looked up but not logged.
    pub not_insertable: Option<InvalidEntry>,
}

/// Rekor v1's `hashedrekord` 0.0.1. `value` is the digest in hexadecimal, in the case that the client wrote.
pub(super) fn hashed_rekord_v001((hash, value): (HashAlgorithm, &str), signature: &[u8], verifier: &Verifier) -> Vec<u8> {
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": hash.name(), "value": value } },
            "signature": { "content": STANDARD.encode(signature), "publicKey": { "content": STANDARD.encode(verifier.pem()) } },
        },
    });
    body.to_string().into_bytes()
}

/// Rekor v1's `dsse` 0.0.1: the SHA-256 of envelope and payload in hexadecimal, and each signature with the PEM text of what verifies it.
pub(super) fn dsse_v001(envelope_hash: &str, payload_hash: &str, signatures: &BTreeMap<&str, String>) -> Vec<u8> {
    let sha256 = |value: &str| json!({ "algorithm": "sha256", "value": value });
    let signatures: Vec<_> =
        signatures.iter().map(|(signature, verifier)| json!({ "signature": signature, "verifier": STANDARD.encode(verifier) })).collect();
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": { "envelopeHash": sha256(envelope_hash), "payloadHash": sha256(payload_hash), "signatures": signatures },
    });
    body.to_string().into_bytes()
}

/// Rekor v2's `hashedrekord` 0.0.2. `key_details` is the name that the client gave.
pub(super) fn hashed_rekord_v002(
    (hash, digest): (HashAlgorithm, &[u8]),
    signature: &[u8],
    verifier: &Verifier,
    key_details: &str,
) -> Vec<u8> {
    let raw = json!({ "rawBytes": STANDARD.encode(verifier.der()) });
    let verifier = match verifier {
        Verifier::Certificate(_) => json!({ "keyDetails": key_details, "x509Certificate": raw }),
        Verifier::PublicKey(..) => json!({ "keyDetails": key_details, "publicKey": raw }),
    };
    let body = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": {
            "data": { "algorithm": hash.protobuf_name(), "digest": STANDARD.encode(digest) },
            "signature": { "content": STANDARD.encode(signature), "verifier": verifier },
        } },
    });
    body.to_string().into_bytes()
}
