//! Entries that clients propose to Rekor v1: `hashedrekord` 0.0.1 and `dsse` 0.0.1. Nothing that an entry names is fetched.
//!
//! As in the real server, a field of another type than it should have counts as absent.

use serde::Deserialize;
use serde_json::Value;

use super::{
    canonical_body::{CanonicalEntry, hashed_rekord_v001},
    invalid_entry::InvalidEntry,
    proposed_envelope,
    protobuf_json::{go_base64, object},
    verifiers::{Verifier, is_permitted, refusal, rsa_bits, verifies_digest},
};
use crate::certificate::{HashAlgorithm, KeyKind};

/// The kinds of the real server that this one does not log.
const OTHER_KINDS: [&str; 9] = ["alpine", "cose", "helm", "intoto", "jar", "rekord", "rfc3161", "rpm", "tuf"];

/// An entry as a client proposes it.
#[derive(Deserialize)]
pub(super) struct ProposedEntry {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, rename = "apiVersion")]
    api_version: Option<String>,
    #[serde(default)]
    spec: Option<Value>,
}

impl ProposedEntry {
    /// Checks form, key and signature, and returns the entry as the log stores it.
    ///
    /// # Errors
    /// [`InvalidEntry`].
    pub(super) fn into_canonical(self) -> Result<CanonicalEntry, InvalidEntry> {
        let kind = match self.kind.as_deref() {
            None | Some("") => return Err(InvalidEntry::Missing("kind")),
            Some("hashedrekord") => "hashedrekord",
            Some("dsse") => "dsse",
            Some(kind) if OTHER_KINDS.contains(&kind) => return Err(InvalidEntry::OtherKind(kind.to_owned())),
            Some(kind) => return Err(InvalidEntry::Kind(kind.to_owned())),
        };
        match self.api_version {
            None => return Err(InvalidEntry::Missing("apiVersion")),
            Some(version) if version.is_empty() => return Err(InvalidEntry::Missing("apiVersion")),
            Some(version) if semver::Version::parse(&version).is_err() => return Err(InvalidEntry::VersionForm),
            Some(version) if version != "0.0.1" => return Err(InvalidEntry::Version { kind, version }),
            Some(_) => {}
        }
        let spec = self.spec.ok_or(InvalidEntry::Missing("spec"))?;
        match &spec {
            Value::Object(_) => {}
            Value::Null => return Err(InvalidEntry::Missing("spec")),
            Value::String(_) => return Err(InvalidEntry::SpecType("string")),
            Value::Bool(_) => return Err(InvalidEntry::SpecType("bool")),
            Value::Number(_) => return Err(InvalidEntry::SpecType("json.Number")),
            Value::Array(_) => return Err(InvalidEntry::SpecType("[]interface {}")),
        }
        if kind == "dsse" { proposed_envelope::canonical(&spec) } else { hashed_rekord(&spec) }
    }
}

fn hashed_rekord(spec: &Value) -> Result<CanonicalEntry, InvalidEntry> {
    let proposed = HashedRekord::of(spec)?;
    let verifier = Verifier::from_pem(&proposed.key)?;
    let hash = proposed.algorithm;
    if proposed.value.len() != hash.length() * 2 {
        return Err(InvalidEntry::Digest);
    }
    let digest = hex::decode(proposed.value).map_err(InvalidEntry::Hex)?;
    let key = verifier.key();
    if proposed.signature.is_empty() {
        return Err(InvalidEntry::Signature("X509 signature has not been initialized"));
    }
    // no signature by a smaller RSA key can be verified here
    let is_weak = key.kind() == KeyKind::Rsa && rsa_bits(key) < 2048;
    if !is_weak && !verifies_digest(key, (hash, &digest), &proposed.signature) {
        return Err(InvalidEntry::Signature(refusal(key, hash, &proposed.signature)));
    }
    let not_insertable = (!is_permitted(key, hash)).then_some(InvalidEntry::Algorithm);
    let body = hashed_rekord_v001((hash, proposed.value), &proposed.signature, &verifier);
    Ok(CanonicalEntry { body, statement_digests: Vec::new(), not_insertable })
}

/// The fields of a `hashedrekord`.
struct HashedRekord<'a> {
    algorithm: HashAlgorithm,
    value: &'a str,
    signature: Vec<u8>,
    /// PEM.
    key: Vec<u8>,
}

impl<'a> HashedRekord<'a> {
    fn of(spec: &'a Value) -> Result<Self, InvalidEntry> {
        let content = |of: Option<&Value>, name: &'static str| {
            let text = of.and_then(|of| of.get("content")).and_then(Value::as_str).unwrap_or_default();
            go_base64(text).map_err(|error| InvalidEntry::Base64(name, error))
        };
        let signature = object(spec, "signature");
        let public_key = signature.and_then(|signature| object(signature, "publicKey"));
        let (signature_bytes, key) = (content(signature, "signature content")?, content(public_key, "public key content")?);
        let hash = object(spec, "data").and_then(|data| object(data, "hash"));
        let text = |name| hash.and_then(|hash| hash.get(name)).and_then(Value::as_str);
        let algorithm = text("algorithm").map(|name| HashAlgorithm::ALL.into_iter().find(|hash| hash.name() == name));
        let mut invalid = Vec::new();
        match (hash, algorithm) {
            (None, _) => invalid.push("data in body is required"),
            (Some(_), None) => invalid.push("data.data.hash.data.hash.algorithm in body is required"),
            (Some(_), Some(None)) => {
                invalid.push("data.data.hash.data.hash.algorithm in body should be one of [sha256 sha384 sha512]");
            }
            (Some(_), Some(Some(_))) if text("value").is_none() => invalid.push("data.data.hash.data.hash.value in body is required"),
            (Some(_), Some(Some(_))) => {}
        }
        if signature.is_none() {
            invalid.push("signature in body is required");
        }
        match (algorithm.flatten(), text("value")) {
            (Some(algorithm), Some(value)) if invalid.is_empty() => {
                if public_key.is_none() {
                    return Err(InvalidEntry::KeyMissing);
                }
                Ok(Self { algorithm, value, signature: signature_bytes, key })
            }
            _ => Err(InvalidEntry::Fields(invalid)),
        }
    }
}
