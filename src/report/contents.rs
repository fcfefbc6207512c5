//! The contents of a signature, for `paraph show`: its claims. Nothing here is verified.

use crate::{
    Rejection,
    certificate::{Certificate, Sct, SignerCertificate},
    evidence::{entry::TransparencyLogEntry, log::parse_entry, rfc3161::TstInfo},
    signature::ParsedSignature,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

/// The contents of a signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// The length of the CMS in bytes.
    pub cms_length: usize,
    /// The time by the signer's clock, which nothing confirms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_time: Option<String>,
    /// The digest algorithm, as an object identifier.
    pub digest_algorithm: String,
    /// The signature algorithm, as an object identifier.
    pub signature_algorithm: String,
    /// The signature value, base64.
    pub signature: String,
    /// The certificates, in their order in the CMS.
    pub certificates: Vec<CertificateContents>,
    /// The embedded log entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<EntryContents>,
    /// Whether a log entry is embedded in the draft encoding, which is not supported.
    pub draft_log_entry: bool,
    /// The embedded timestamp tokens.
    pub timestamps: Vec<TimestampContents>,
    /// The object identifiers of unknown unsigned attributes.
    pub unknown_attributes: Vec<String>,
}

/// A certificate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateContents {
    /// Whether it is the signer's.
    pub signer: bool,
    /// SHA-256 of its DER, upper-case hexadecimal.
    pub fingerprint: String,
    /// The serial number, hexadecimal.
    pub serial_number: String,
    /// The issuer's name (RFC 4514).
    pub issuer_name: String,
    /// The subject's name (RFC 4514).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject_name: String,
    /// The first second of its validity period.
    pub not_before: String,
    /// The last second of its validity period.
    pub not_after: String,
    /// The kind of its key.
    pub key: &'static str,
    /// The identity that it names, where it follows Fulcio's profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The OpenID issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The claims of a workload.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Its SCTs: the CT logs that promised to include it, and when.
    pub signed_certificate_timestamps: Vec<String>,
}

/// A log entry.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryContents {
    /// The kind and version.
    pub kind: String,
    /// The log's id, hexadecimal.
    pub log_id: String,
    /// The global index.
    pub log_index: i64,
    /// The time in the signed entry timestamp (SET).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<String>,
    /// Whether it has a signed entry timestamp (Rekor v1).
    pub inclusion_promise: bool,
    /// The index in the tree of the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_index: Option<i64>,
    /// The size of that tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree_size: Option<i64>,
    /// The checkpoint, line by line.
    pub checkpoint: Vec<String>,
}

/// A timestamp token.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimestampContents {
    /// Its time (`genTime`), RFC 3339; `None` if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The authority's policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The token's length in bytes.
    pub length: usize,
}

impl Contents {
    /// The contents of a signature.
    ///
    /// # Errors
    /// Where it does not have the form of a git signature.
    pub fn of(signature: &ParsedSignature<'_>) -> Result<Self, Rejection> {
        let content = signature.content()?;
        let form = content.form()?;
        let (signer, evidence) = (&form.signer, &form.evidence);
        Ok(Self {
            cms_length: signature.der().len(),
            signing_time: form.signing_time().map(|time| time.to_string()),
            digest_algorithm: signer.digest_algorithm.oid.to_string(),
            signature_algorithm: signer.signature_algorithm.oid.to_string(),
            signature: STANDARD.encode(signer.signature),
            certificates: content
                .certificates()
                .map(|certificate| certificate.map(|(certificate, is_signer)| CertificateContents::of(certificate, is_signer)))
                .collect::<Result<_, _>>()?,
            log_entry: evidence.entry.map(EntryContents::of).transpose()?,
            draft_log_entry: evidence.draft_entry,
            timestamps: evidence.tokens.iter().map(|token| TimestampContents::of(token)).collect(),
            unknown_attributes: evidence.unknown.iter().map(ToString::to_string).collect(),
        })
    }
}

impl CertificateContents {
    pub(super) fn of(certificate: &Certificate, is_signer: bool) -> Self {
        let profile = SignerCertificate::new(certificate.clone()).ok();
        let claims = profile.iter().flat_map(|profile| profile.claims()).map(|(name, value)| ((*name).to_owned(), value.clone().into()));
        let scts = Sct::embedded(certificate).unwrap_or_default();
        Self {
            signer: is_signer,
            fingerprint: hex::encode(certificate.fingerprint()).to_ascii_uppercase(),
            serial_number: hex::encode(certificate.serial()),
            issuer_name: name(certificate.issuer()),
            subject_name: name(certificate.subject()),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
            key: certificate.public_key().details(),
            identity: profile.as_ref().map(|profile| profile.identity().name.clone()),
            issuer: profile.as_ref().map(|profile| profile.identity().issuer.clone()),
            claims: claims.collect(),
            signed_certificate_timestamps: scts.iter().map(|sct| format!("{} by the log {}", sct.time, hex::encode(sct.log_id))).collect(),
        }
    }
}

impl EntryContents {
    fn of(encoded: &[u8]) -> Result<Self, Rejection> {
        Ok(Self::of_entry(parse_entry(encoded)?))
    }

    pub(crate) fn of_entry(entry: TransparencyLogEntry) -> Self {
        let kind = entry.kind_version.unwrap_or_default();
        let proof = entry.inclusion_proof;
        let checkpoint =
            proof.as_ref().and_then(|proof| proof.checkpoint.as_ref()).map(|checkpoint| checkpoint.envelope.as_str()).unwrap_or_default();
        let integrated =
            Some(entry.integrated_time).filter(|seconds| *seconds != 0).and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        Self {
            kind: format!("{} {}", kind.kind, kind.version),
            log_id: hex::encode(&entry.log_id.unwrap_or_default().key_id),
            log_index: entry.log_index,
            integrated_time: integrated.map(|time| time.to_string()),
            inclusion_promise: entry.inclusion_promise.is_some_and(|promise| !promise.signed_entry_timestamp.is_empty()),
            proof_index: proof.as_ref().map(|proof| proof.log_index),
            tree_size: proof.as_ref().map(|proof| proof.tree_size),
            checkpoint: checkpoint.lines().map(str::to_owned).collect(),
        }
    }
}

impl TimestampContents {
    pub(super) fn of(token: &[u8]) -> Self {
        let info = TstInfo::of_token(token).ok();
        let time = info
            .as_ref()
            .and_then(|info| jiff::Timestamp::new(info.gen_time.unix_seconds(), i32::try_from(info.gen_time.nanoseconds()).ok()?).ok());
        Self { time: time.map(|time| time.to_string()), policy: info.map(|info| info.policy.to_string()), length: token.len() }
    }
}

/// A Name in the notation of RFC 4514.
fn name(der: &[u8]) -> String {
    use der::Decode;
    x509_cert::name::Name::from_der(der).map(|name| name.to_string()).unwrap_or_default()
}
