//! Entries that clients propose to Rekor v1: `hashedrekord` 0.0.1 about a certificate. Nothing that an entry names is fetched.

use der::Document;
use serde::Deserialize;

use super::protobuf_json::protobuf_bytes;
use crate::{
    certificate::{Certificate, KeyKind},
    evidence::entry::{EntryVersion, HashedRekord},
};

/// A `hashedrekord` entry as a client proposes it.
#[derive(Deserialize)]
pub(super) struct ProposedEntry {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, rename = "apiVersion")]
    api_version: Option<String>,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    data: Option<Data>,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
struct Data {
    hash: Option<Hash>,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Signature {
    content: Option<String>,
    #[serde(rename = "publicKey")]
    public_key: Option<Key>,
}

#[derive(Deserialize)]
struct Key {
    content: Option<String>,
}

/// Why an entry is refused, in the words of the real server.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidEntry {
    /// A field is missing.
    #[error("{0} in body is required")]
    Missing(&'static str),
    /// The kind is not `hashedrekord`.
    #[error("invalid kind value: {0:?}")]
    Kind(String),
    /// The entry itself is invalid.
    #[error("error processing entry: {0}")]
    Invalid(String),
}

impl InvalidEntry {
    fn missing(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn invalid(message: impl std::fmt::Display) -> Self {
        Self::Invalid(message.to_string())
    }
}

/// The canonical body of a valid entry. It checks form and certificate, and verifies the signature over the digest.
///
/// # Errors
/// [`InvalidEntry`].
pub(super) fn canonical_body(proposed: ProposedEntry) -> Result<Vec<u8>, InvalidEntry> {
    match proposed.kind.as_deref() {
        None | Some("") => return Err(InvalidEntry::missing("kind")),
        Some("hashedrekord") => {}
        Some(kind) => return Err(InvalidEntry::Kind(kind.to_owned())),
    }
    match proposed.api_version.as_deref() {
        None | Some("") => return Err(InvalidEntry::missing("apiVersion")),
        Some("0.0.1") => {}
        Some(version) => {
            return Err(InvalidEntry::invalid(format!(
                "hashedrekord implementation for version '{version}' not found: unable to locate entry for version {version}"
            )));
        }
    }
    let required = |field: &str| InvalidEntry::invalid(format!("validation failure list:\n{field} in body is required"));
    let spec = proposed.spec.ok_or_else(|| InvalidEntry::missing("spec"))?;
    let hash = spec.data.and_then(|data| data.hash).ok_or_else(|| required("data"))?;
    match hash.algorithm.as_deref() {
        Some("sha256") => {}
        Some("sha384" | "sha512") => return Err(InvalidEntry::invalid("invalid value for hash")),
        None => return Err(required("data.data.hash.data.hash.algorithm")),
        Some(_) => {
            return Err(InvalidEntry::invalid(
                "validation failure list:\ndata.data.hash.data.hash.algorithm in body should be one of [sha256 sha384 sha512]",
            ));
        }
    }
    let digest = hash.value.as_deref().and_then(sha256_of_hex).ok_or_else(|| InvalidEntry::invalid("invalid value for hash"))?;
    let signature = spec.signature.ok_or_else(|| required("signature"))?;
    let key = signature.public_key.and_then(|key| key.content).ok_or_else(|| InvalidEntry::invalid("missing public key"))?;
    let signature = match signature.content {
        Some(content) => protobuf_bytes(&content).ok_or_else(|| {
            InvalidEntry::invalid("failed parsing base64 data for signature content: illegal base64 data at input byte 0")
        })?,
        None => return Err(InvalidEntry::invalid("verifying signature: X509 signature has not been initialized")),
    };
    let not_pem = || InvalidEntry::invalid("invalid public key: failure decoding PEM");
    let text = protobuf_bytes(&key).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(not_pem)?;
    let certificate = match Document::from_pem(text.trim()) {
        Ok(("CERTIFICATE", document)) => Certificate::from_der(document.as_bytes())
            .map_err(|rejection| InvalidEntry::invalid(format!("invalid public key: {rejection}")))?,
        Ok(_) => return Err(InvalidEntry::invalid("invalid public key: this log takes certificates only")),
        Err(_) => return Err(not_pem()),
    };
    if !matches!(certificate.public_key().kind(), KeyKind::EcdsaP256 | KeyKind::Rsa) {
        return Err(InvalidEntry::invalid("entry algorithms are not allowed"));
    }
    certificate
        .public_key()
        .verify_digest(&digest, &signature)
        .map_err(|_| InvalidEntry::invalid("verifying signature: invalid signature when validating ASN.1 encoded signature"))?;
    let entry = HashedRekord {
        digest: &digest,
        signature: &signature,
        certificate: certificate.der(),
        key_details: certificate.public_key().details(),
    };
    Ok(entry.canonical_body(EntryVersion::V001))
}

/// A SHA-256 digest in hexadecimal, with or without `sha256:` before it.
pub(super) fn sha256_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("sha256:").unwrap_or(text), &mut bytes).ok()?;
    Some(bytes)
}
