//! The entries of Rekor v1 that record a DSSE envelope: `dsse` 0.0.1 and `intoto` 0.0.2.
//!
//! Both hold the hash of the envelope as it was uploaded, which nobody can compute again. So the body comes with the entry, and each of its
//! other fields is compared. Source: Rekor v1, `pkg/types/dsse/v0.0.1` and `pkg/types/intoto/v0.0.2`.

use super::entry::{EntryKind, EntryVerifier};
use crate::{Reason, Rejection};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// An envelope with its one signature.
#[derive(Debug, Clone, Copy)]
pub struct LoggedEnvelope<'a> {
    /// payloadType.
    pub payload_type: &'a str,
    /// The payload, decoded.
    pub payload: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// What verifies it.
    pub verifier: EntryVerifier<'a>,
}

impl LoggedEnvelope<'_> {
    /// Checks that a body is about this envelope, whatever else it says. The leaf is the body itself.
    ///
    /// # Errors
    /// [`Reason::EntryMalformed`] or [`Reason::EntryMismatch`].
    pub fn check_body(&self, kind: EntryKind, body: &[u8]) -> Result<(), Rejection> {
        let malformed = |error: serde_json::Error| {
            Rejection::new(Reason::EntryMalformed, format!("its body is not of {} {}: {error}", kind.name(), kind.version()))
        };
        match kind {
            EntryKind::DsseV001 => self.check_dsse(crate::json_object::from_slice(body).map_err(malformed)?),
            EntryKind::IntotoV002 => self.check_intoto(crate::json_object::from_slice(body).map_err(malformed)?),
            EntryKind::HashedRekord(_) => Err(Reason::EntryKind.into()),
        }
    }

    fn check_dsse(&self, body: Body<DsseSpec>) -> Result<(), Rejection> {
        body.check_kind(EntryKind::DsseV001)?;
        body.spec.envelope_hash.check_form()?;
        self.check_payload_hash(&body.spec.payload_hash)?;
        let [signature] = body.spec.signatures.as_slice() else { return Err(mismatch("it has not exactly one signature")) };
        self.check_signature(&signature.signature, &signature.verifier)
    }

    fn check_intoto(&self, body: Body<IntotoSpec>) -> Result<(), Rejection> {
        body.check_kind(EntryKind::IntotoV002)?;
        let content = body.spec.content;
        content.hash.check_form()?;
        self.check_payload_hash(&content.payload_hash)?;
        if content.envelope.payload_type != self.payload_type {
            return Err(mismatch("its payload is of another type"));
        }
        // Rekor keeps the payload elsewhere; other logs have it, in base64 twice
        if content.envelope.payload.is_some_and(|payload| payload != STANDARD.encode(STANDARD.encode(self.payload))) {
            return Err(mismatch("its payload is another"));
        }
        let [signature] = content.envelope.signatures.as_slice() else { return Err(mismatch("it has not exactly one signature")) };
        let once = STANDARD.decode(&signature.sig).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        self.check_signature(once.as_deref().unwrap_or_default(), &signature.public_key)
    }

    fn check_payload_hash(&self, hash: &Hash) -> Result<(), Rejection> {
        hash.check_form()?;
        if hash.value == hex::encode(Sha256::digest(self.payload)) { Ok(()) } else { Err(mismatch("its payload is another")) }
    }

    fn check_signature(&self, signature: &str, verifier: &str) -> Result<(), Rejection> {
        if signature != STANDARD.encode(self.signature) {
            return Err(mismatch("its signature is another"));
        }
        // the log keeps the PEM as it was uploaded, in lines of any length
        match of_pem(verifier, self.verifier.label()).is_some_and(|der| der == self.verifier.der()) {
            true => Ok(()),
            false => Err(mismatch("its certificate or key is another")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body<S> {
    api_version: String,
    kind: String,
    spec: S,
}

impl<S> Body<S> {
    fn check_kind(&self, kind: EntryKind) -> Result<(), Rejection> {
        if (self.kind.as_str(), self.api_version.as_str()) == (kind.name(), kind.version()) {
            return Ok(());
        }
        Err(Rejection::new(Reason::EntryKind, format!("its body is of {} {}", self.kind, self.api_version)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseSpec {
    envelope_hash: Hash,
    payload_hash: Hash,
    signatures: Vec<DsseSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DsseSignature {
    signature: String,
    verifier: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntotoSpec {
    content: IntotoContent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoContent {
    envelope: IntotoEnvelope,
    hash: Hash,
    payload_hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoEnvelope {
    payload: Option<String>,
    payload_type: String,
    signatures: Vec<IntotoSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoSignature {
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
    public_key: String,
    sig: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hash {
    algorithm: String,
    value: String,
}

impl Hash {
    /// Rekor v1 hashes envelopes with SHA-256 alone.
    fn check_form(&self) -> Result<(), Rejection> {
        let is_hexadecimal = self.value.len() == 64 && self.value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if self.algorithm == "sha256" && is_hexadecimal {
            return Ok(());
        }
        Err(Rejection::new(Reason::EntryMalformed, "a hash in its body is not SHA-256 in hexadecimal"))
    }
}

/// The bytes in one PEM block with this label, itself in base64.
fn of_pem(encoded: &str, label: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (begin, end) = (format!("-----BEGIN {label}-----\n"), format!("-----END {label}-----"));
    let inner = text.trim_end_matches('\n').strip_prefix(&begin)?.strip_suffix(&end)?;
    STANDARD.decode(inner.replace('\n', "")).ok()
}

fn mismatch(detail: &str) -> Rejection {
    Rejection::new(Reason::EntryMismatch, detail)
}
