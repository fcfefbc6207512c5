//! The messages of `sigstore_bundle.proto` as canonical proto3 JSON. A field that may be left out is an `Option`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use std::fmt;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Bundle {
    pub media_type: String,
    pub verification_material: Material,
    pub message_signature: Option<MessageSignature>,
    pub dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Material {
    pub public_key: Option<PublicKey>,
    #[serde(rename = "x509CertificateChain")]
    pub x509_certificate_chain: Option<CertificateChain>,
    pub certificate: Option<RawBytes>,
    pub tlog_entries: Option<Vec<Entry>>,
    pub timestamp_verification_data: Option<TimestampData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicKey {
    pub hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateChain {
    pub certificates: Option<Vec<RawBytes>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawBytes {
    pub raw_bytes: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    pub log_index: Option<Int64>,
    pub log_id: LogId,
    pub kind_version: KindVersion,
    pub integrated_time: Option<Int64>,
    pub inclusion_promise: Option<Promise>,
    pub inclusion_proof: Option<Proof>,
    pub canonicalized_body: Option<Base64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LogId {
    pub key_id: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindVersion {
    pub kind: String,
    pub version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Promise {
    pub signed_entry_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Proof {
    pub log_index: Option<Int64>,
    pub root_hash: Option<Base64>,
    pub tree_size: Option<Int64>,
    pub hashes: Option<Vec<Base64>>,
    pub checkpoint: Option<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    pub envelope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimestampData {
    #[serde(rename = "rfc3161Timestamps")]
    pub rfc3161_timestamps: Option<Vec<SignedTimestamp>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SignedTimestamp {
    pub signed_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MessageSignature {
    pub message_digest: Option<Digest>,
    pub signature: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    pub algorithm: String,
    pub digest: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Envelope {
    pub payload: Option<Base64>,
    pub payload_type: Option<String>,
    pub signatures: Option<Vec<EnvelopeSignature>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvelopeSignature {
    pub sig: Base64,
    pub keyid: Option<String>,
}

/// Bytes in standard base64 with padding.
pub(super) struct Base64(pub Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // a bundle has thirty of them, so none is copied before it is decoded
        deserializer.deserialize_str(Base64Visitor)
    }
}

struct Base64Visitor;

impl Visitor<'_> for Base64Visitor {
    type Value = Base64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Base64, E> {
        STANDARD.decode(text).map(Base64).map_err(|error| E::custom(format!("not base64: {error}")))
    }
}

/// A 64-bit integer as a string of its digits.
pub(super) struct Int64(pub i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
        number.map(Self).ok_or_else(|| D::Error::custom("not a 64-bit integer in digits"))
    }
}
