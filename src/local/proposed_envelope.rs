//! DSSE envelopes that clients propose to Rekor v1 as `dsse` 0.0.1. The log stores hashes, signatures and keys, but not the envelope.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    canonical_body::{CanonicalEntry, dsse_v001},
    invalid_entry::InvalidEntry,
    protobuf_json::{go_base64, nullable, object, padded_base64},
    verifiers::{Verifier, verifies_message},
};

/// The payload type of in-toto statements.
const STATEMENT: &str = "application/vnd.in-toto+json";
/// What each signature's and the payload's base64 error is called.
const NOT_BASE64: &str = "could not verify envelope: unable to base64 decode payload (is payload in the right format?)";

/// A DSSE envelope.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Envelope {
    #[serde(deserialize_with = "nullable")]
    payload_type: String,
    #[serde(deserialize_with = "nullable")]
    payload: String,
    #[serde(deserialize_with = "nullable")]
    signatures: Vec<Signature>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Signature {
    #[serde(deserialize_with = "nullable")]
    sig: String,
}

/// What the log stores of a proposed envelope.
///
/// # Errors
/// [`InvalidEntry`].
pub(super) fn canonical(spec: &Value) -> Result<CanonicalEntry, InvalidEntry> {
    let stored = StoredFields::of(spec);
    let Some(content) = object(spec, "proposedContent") else { return stored.canonical() };
    let (text, verifiers) = proposed_content(content)?;
    if stored.any() {
        return Err(InvalidEntry::Envelope(
            "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both",
        ));
    }
    let envelope: Envelope = crate::json_object::from_slice(text.as_bytes()).map_err(InvalidEntry::EnvelopeJson)?;
    if envelope.signatures.is_empty() {
        return Err(InvalidEntry::Envelope("DSSE envelope must contain 1 or more signatures"));
    }
    let verified = verify(&envelope, &verifiers)?;
    let payload = padded_base64(&envelope.payload).ok_or(InvalidEntry::Envelope(NOT_BASE64))?;
    let statement_digests = if envelope.payload_type == STATEMENT { statement_digests(&payload) } else { Vec::new() };
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let body = dsse_v001(&sha256(text.as_bytes()), &sha256(&payload), &verified);
    Ok(CanonicalEntry { body, statement_digests, not_insertable: None })
}

/// The fields that the log stores. A client gives them to look an entry up.
struct StoredFields<'a> {
    envelope_hash: Option<&'a Value>,
    payload_hash: Option<&'a Value>,
    signatures: &'a [Value],
}

impl<'a> StoredFields<'a> {
    fn of(spec: &'a Value) -> Self {
        Self {
            envelope_hash: object(spec, "envelopeHash"),
            payload_hash: object(spec, "payloadHash"),
            signatures: spec.get("signatures").and_then(Value::as_array).map_or(&[], Vec::as_slice),
        }
    }

    fn any(&self) -> bool {
        self.envelope_hash.is_some() || self.payload_hash.is_some() || !self.signatures.is_empty()
    }

    fn canonical(&self) -> Result<CanonicalEntry, InvalidEntry> {
        let incomplete = "either proposedContent or envelopeHash, payloadHash, and signatures must be present";
        let incomplete = || InvalidEntry::Envelope(incomplete);
        let text = |of: &'a Value, name| of.get(name).and_then(Value::as_str).ok_or_else(incomplete);
        let hash = |of: Option<&'a Value>| text(of.ok_or_else(incomplete)?, "value");
        let (envelope_hash, payload_hash) = (hash(self.envelope_hash)?, hash(self.payload_hash)?);
        let mut signatures = BTreeMap::new();
        for signature in self.signatures {
            let verifier = go_base64(text(signature, "verifier")?).map_err(|error| InvalidEntry::Base64("signature verifier", error))?;
            signatures.insert(text(signature, "signature")?, String::from_utf8(verifier).map_err(|_| incomplete())?);
        }
        if signatures.is_empty() {
            return Err(incomplete());
        }
        let body = dsse_v001(envelope_hash, payload_hash, &signatures);
        let not_insertable = Some(InvalidEntry::NotInsertable("missing proposed content"));
        Ok(CanonicalEntry { body, statement_digests: Vec::new(), not_insertable })
    }
}

/// The text of the envelope, and the PEM text of each verifier.
fn proposed_content(content: &Value) -> Result<(&str, Vec<Vec<u8>>), InvalidEntry> {
    let field = |problem| InvalidEntry::Fields(vec![problem]);
    let mut verifiers = None;
    if let Some(list) = content.get("verifiers").and_then(Value::as_array) {
        let texts = list.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
        let decoded = texts.map(|text| go_base64(text).map_err(|error| InvalidEntry::Base64("verifier", error)));
        verifiers = Some(decoded.collect::<Result<Vec<_>, _>>()?);
    }
    let envelope = content.get("envelope").and_then(Value::as_str);
    let envelope = envelope.ok_or_else(|| field("proposedContent.proposedContent.envelope in body is required"))?;
    let verifiers = verifiers.ok_or_else(|| field("proposedContent.proposedContent.verifiers in body is required"))?;
    if verifiers.is_empty() {
        return Err(field("proposedContent.proposedContent.verifiers in body should have at least 1 items"));
    }
    Ok((envelope, verifiers))
}

/// Each signature of the envelope with the PEM text of what verifies it. Each verifier has to verify a signature and counts for one, until all are verified.
fn verify<'a>(envelope: &'a Envelope, verifiers: &[Vec<u8>]) -> Result<BTreeMap<&'a str, String>, InvalidEntry> {
    let mut open: BTreeSet<&str> = envelope.signatures.iter().map(|signature| signature.sig.as_str()).collect();
    let mut verified = BTreeMap::new();
    let mut message = None;
    for text in verifiers {
        if open.is_empty() {
            break;
        }
        let verifier = Verifier::from_pem(text).map_err(InvalidEntry::EnvelopeVerifier)?;
        let message = match &mut message {
            Some(message) => message,
            none => none.insert(pae(envelope)?),
        };
        let mut found = None;
        for Signature { sig } in &envelope.signatures {
            let bytes = padded_base64(sig).ok_or(InvalidEntry::Envelope(NOT_BASE64))?;
            if found.is_none() && verifies_message(verifier.key(), message, &bytes) {
                found = Some(sig.as_str());
            }
        }
        let signature = found
            .ok_or(InvalidEntry::Envelope("could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1"))?;
        open.remove(signature);
        verified.insert(signature, verifier.pem());
    }
    if open.is_empty() { Ok(verified) } else { Err(InvalidEntry::Envelope("all signatures must have a key that verifies it")) }
}

/// DSSE's pre-authentication encoding: what the signatures are over.
fn pae(envelope: &Envelope) -> Result<Vec<u8>, InvalidEntry> {
    let payload = padded_base64(&envelope.payload).ok_or(InvalidEntry::Envelope(NOT_BASE64))?;
    let mut message = format!("DSSEv1 {} {} {} ", envelope.payload_type.len(), envelope.payload_type, payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    Ok(message)
}

#[derive(Deserialize)]
struct Subjects {
    #[serde(default, deserialize_with = "nullable")]
    subject: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Predicate {
    #[serde(default, deserialize_with = "nullable")]
    predicate: Materials,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Materials {
    #[serde(deserialize_with = "nullable")]
    materials: Vec<Artifact>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact {
    #[serde(deserialize_with = "nullable")]
    digest: HashMap<String, String>,
}

/// The digests of a statement's subjects, and of the materials of its predicate as in SLSA provenance 0.2.
fn statement_digests(payload: &[u8]) -> Vec<String> {
    let Ok(Subjects { subject }) = serde_json::from_slice(payload) else { return Vec::new() };
    let materials = serde_json::from_slice::<Predicate>(payload).map(|found| found.predicate.materials).unwrap_or_default();
    subject.iter().chain(&materials).flat_map(|artifact| &artifact.digest).map(|(hash, digest)| format!("{hash}:{digest}")).collect()
}
