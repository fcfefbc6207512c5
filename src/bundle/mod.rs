//! Sigstore bundles: JSON in; key material, log entries, timestamps and signature out. Nothing is verified.
//!
//! Source: Sigstore protobuf-specs, `sigstore_bundle.proto`, and the client specification, section 5. What is read is canonical proto3 JSON:
//! names in lowerCamelCase, enums by name, bytes in standard base64, 64-bit integers as strings. Unknown fields, repeated fields and other
//! spellings are refused, so that no two readers see two bundles in one file.

mod json;

use crate::{
    Reason, Rejection,
    certificate::{Certificate, HashAlgorithm, KeyKind},
    evidence::{
        checkpoint::Checkpoint,
        entry::{CheckpointEnvelope, EntryKind, EntryVersion, InclusionPromise, InclusionProof, KindVersion, LogId, TransparencyLogEntry},
        rfc3161::{PkiStatus, TimeStampResp},
    },
    statement::Statement,
    wording::counted,
};
use der::{Decode, Encode};
use std::sync::{Arc, OnceLock};

/// A bundle larger than this is not read, in bytes. An envelope holds its whole payload.
pub const MAX_BUNDLE: usize = 32 << 20;
/// Bundles in a file with one on each line, at most.
pub const MAX_BUNDLES: usize = 1024;
/// Certificates, log entries and timestamps of a bundle, at most; of each.
pub const MAX_PARTS: usize = 16;

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A bundle, in its parts.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The version of its format.
    pub version: Version,
    /// What verifies the signature.
    pub signer: BundleSigner,
    /// The log entries.
    pub entries: Vec<TransparencyLogEntry>,
    /// RFC 3161 timestamp tokens, DER of the ContentInfo.
    pub timestamps: Vec<Vec<u8>>,
    /// The signature.
    pub content: BundleContent,
    /// The statement in the envelope, once it was read: several steps of a verification need it.
    statement: OnceLock<Result<Statement, Rejection>>,
}

/// The version of a bundle's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 0.1: the log's promise is required.
    V01,
    /// 0.2: an inclusion proof with a checkpoint is required.
    V02,
    /// 0.3: a single certificate.
    V03,
}

/// What verifies a bundle's signature.
#[derive(Debug, Clone)]
pub enum BundleSigner {
    /// The signer's certificate, and further ones.
    Certificates(Arc<Certificate>, Vec<Certificate>),
    /// A key that the verifier has to know, with a hint which.
    Key(String),
}

/// A bundle's signature, and what it is over.
#[derive(Debug, Clone)]
pub enum BundleContent {
    /// A signature over a file.
    Message(Message),
    /// A signature over a payload with its type.
    Envelope(Envelope),
}

/// A signature over a file.
#[derive(Debug, Clone)]
pub struct Message {
    /// The digest of the file, where it is stated.
    pub digest: Option<(HashAlgorithm, Vec<u8>)>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A DSSE envelope.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The type of the payload.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// Its one signature.
    pub signature: Vec<u8>,
}

impl Bundle {
    /// Reads one bundle.
    ///
    /// # Errors
    /// A reason of the layer `bundle`, or of the layer of the part that is malformed.
    pub fn parse(json: &[u8]) -> Result<Self, Rejection> {
        if json.len() > MAX_BUNDLE {
            return Err(Rejection::new(Reason::BundleTooLarge, format!("{} bytes; at most {MAX_BUNDLE} are read", json.len())));
        }
        let fields: json::Bundle = crate::json_object::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        let version = Version::named(&fields.media_type)?;
        let material = fields.verification_material;
        let signer = signer(material.certificate, material.x509_certificate_chain, material.public_key)?;
        let timestamps = material.timestamp_verification_data.and_then(|data| data.rfc3161_timestamps).unwrap_or_default();
        let entries = material.tlog_entries.unwrap_or_default();
        check_count(timestamps.len(), "timestamps")?;
        check_count(entries.len(), "log entries")?;
        let content = match (fields.message_signature, fields.dsse_envelope) {
            (Some(message), None) => BundleContent::Message(message.try_into()?),
            (None, Some(envelope)) => BundleContent::Envelope(self::envelope(envelope, &signer)?),
            (Some(_), Some(_)) => return Err(Rejection::new(Reason::BundleContent, "it holds both")),
            (None, None) => return Err(Rejection::new(Reason::BundleContent, "it holds neither")),
        };
        Ok(Self {
            version,
            signer,
            entries: entries.into_iter().map(entry).collect::<Result<_, _>>()?,
            timestamps: timestamps.iter().map(|answer| token(&answer.signed_timestamp.0)).collect::<Result<_, _>>()?,
            content,
            statement: OnceLock::new(),
        })
    }

    /// The lines of a file with one bundle on each (`.sigstore.jsonl`), or the whole file where it holds one bundle.
    ///
    /// # Errors
    /// [`Reason::BundleTooLarge`] or [`Reason::BundleTooMany`].
    pub fn split(file: &[u8]) -> Result<Vec<&[u8]>, Rejection> {
        // one line is one bundle, whatever it holds
        let is_one = memchr::memchr(b'\n', file.trim_ascii()).is_none();
        if is_one || serde_json::from_slice::<serde::de::IgnoredAny>(file).is_ok() {
            return Ok(vec![file]);
        }
        let lines: Vec<&[u8]> =
            file.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(MAX_BUNDLES + 1).collect();
        // a document over several lines that is not JSON is one malformed bundle
        let first_is_one = lines.first().is_some_and(|line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok());
        match lines.len() {
            MAX_BUNDLES.. if lines.len() > MAX_BUNDLES && first_is_one => {
                Err(Rejection::new(Reason::BundleTooMany, format!("the file has more than {MAX_BUNDLES} bundles")))
            }
            _ if first_is_one => Ok(lines),
            _ => Ok(vec![file]),
        }
    }

    /// The statement in the envelope; `None` where the signature is over a file.
    ///
    /// # Errors
    /// A reason of the layer `statement`.
    pub fn statement(&self) -> Result<Option<&Statement>, Rejection> {
        let BundleContent::Envelope(envelope) = &self.content else { return Ok(None) };
        if envelope.payload_type != IN_TOTO {
            return Err(Rejection::new(Reason::PayloadType, format!("it is of the type {}; expected {IN_TOTO}", envelope.payload_type)));
        }
        let statement = self.statement.get_or_init(|| Statement::parse(&envelope.payload));
        statement.as_ref().map(Some).map_err(Rejection::clone)
    }

    /// The hash functions that a file must be hashed with to check the bundle, SHA-256 first.
    pub fn hashes(&self) -> Vec<HashAlgorithm> {
        let is_ed25519 = match &self.signer {
            BundleSigner::Certificates(certificate, _) => certificate.public_key().kind() == KeyKind::Ed25519,
            BundleSigner::Key(_) => true,
        };
        let is_needed = |hash: HashAlgorithm| match &self.content {
            BundleContent::Message(Message { digest: Some((stated, _)), .. }) => {
                hash == *stated || (is_ed25519 && hash == HashAlgorithm::Sha512)
            }
            BundleContent::Message(Message { digest: None, .. }) => true,
            BundleContent::Envelope(_) => self.statement().ok().flatten().is_some_and(|statement| statement.names(hash)),
        };
        HashAlgorithm::ALL.into_iter().filter(|hash| *hash == HashAlgorithm::Sha256 || is_needed(*hash)).collect()
    }
}

impl Version {
    fn named(media_type: &str) -> Result<Self, Rejection> {
        match media_type {
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => Ok(Self::V01),
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => Ok(Self::V02),
            "application/vnd.dev.sigstore.bundle+json;version=0.3" | "application/vnd.dev.sigstore.bundle.v0.3+json" => Ok(Self::V03),
            other => Err(Rejection::new(Reason::BundleMediaType, format!("its media type is \"{other}\""))),
        }
    }

    /// Its number.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V01 => "0.1",
            Self::V02 => "0.2",
            Self::V03 => "0.3",
        }
    }
}

impl Envelope {
    /// What the signature is over: the Pre-Authentication Encoding (DSSE, protocol.md).
    pub fn signed_bytes(&self) -> Vec<u8> {
        let (kind, payload) = (&self.payload_type, &self.payload);
        let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        bytes
    }
}

fn signer(
    certificate: Option<json::RawBytes>,
    chain: Option<json::CertificateChain>,
    key: Option<json::PublicKey>,
) -> Result<BundleSigner, Rejection> {
    let certificates = match (certificate, chain, key) {
        (Some(certificate), None, None) => vec![certificate],
        (None, Some(chain), None) => chain.certificates.unwrap_or_default(),
        (None, None, Some(key)) => return Ok(BundleSigner::Key(key.hint.unwrap_or_default())),
        (None, None, None) => return Err(Rejection::new(Reason::BundleKeyMaterial, "it holds none")),
        _ => return Err(Rejection::new(Reason::BundleKeyMaterial, "it holds several")),
    };
    check_count(certificates.len(), "certificates")?;
    let mut certificates = certificates.iter().map(|certificate| Certificate::from_der(&certificate.raw_bytes.0));
    let signer = certificates.next().ok_or_else(|| Rejection::new(Reason::CertificateMissing, "the certificate chain is empty"))??;
    let others = certificates.collect::<Result<Vec<_>, _>>()?;
    // the trusted root names the roots; one that a bundle brings along is never trusted
    if others.iter().any(|other| other.subject() == other.issuer()) {
        return Err(Reason::BundleRootCertificate.into());
    }
    Ok(BundleSigner::Certificates(Arc::new(signer), others))
}

impl TryFrom<json::MessageSignature> for Message {
    type Error = Rejection;

    fn try_from(fields: json::MessageSignature) -> Result<Self, Rejection> {
        let digest = fields.message_digest.map(|digest| {
            let hash = HashAlgorithm::ALL.into_iter().find(|hash| hash.protobuf_name() == digest.algorithm);
            let hash = hash.ok_or_else(|| Rejection::new(Reason::BundleAlgorithm, format!("its digest is of {}", digest.algorithm)))?;
            match digest.digest.0.len() == hash.length() {
                true => Ok((hash, digest.digest.0)),
                false => Err(malformed(format!("its digest has {}; expected {}", counted(digest.digest.0.len(), "byte"), hash.length()))),
            }
        });
        Ok(Self { digest: digest.transpose()?, signature: fields.signature.0 })
    }
}

fn envelope(fields: json::Envelope, signer: &BundleSigner) -> Result<Envelope, Rejection> {
    let signatures = fields.signatures.unwrap_or_default();
    let count = signatures.len();
    let Ok([signature]) = <[json::EnvelopeSignature; 1]>::try_from(signatures) else {
        return Err(Rejection::new(Reason::EnvelopeSignatures, format!("it has {count}")));
    };
    // beside a key, the bundle and the envelope name the same one; beside a certificate the name says nothing
    if let (BundleSigner::Key(hint), Some(named)) = (signer, signature.keyid.filter(|named| !named.is_empty()))
        && *hint != named
    {
        return Err(Reason::BundleKeyHint.into());
    }
    Ok(Envelope {
        payload_type: fields.payload_type.unwrap_or_default(),
        payload: fields.payload.map(|payload| payload.0).unwrap_or_default(),
        signature: signature.sig.0,
    })
}

/// An entry as a git signature embeds it, but with its body.
fn entry(fields: json::Entry) -> Result<TransparencyLogEntry, Rejection> {
    let kind_version = KindVersion { kind: fields.kind_version.kind, version: fields.kind_version.version };
    let is_v2 = kind_version == EntryKind::HashedRekord(EntryVersion::V002).kind_version();
    let log_index = fields.log_index.map_or(0, |index| index.0);
    let integrated_time = fields.integrated_time.map_or(0, |time| time.0);
    let proof = fields.inclusion_proof.map(|proof| inclusion_proof(proof, is_v2.then_some(log_index))).transpose()?;
    let numbers = [("log index", log_index), ("integrated time", integrated_time)];
    if let Some((name, _)) = numbers.into_iter().find(|(_, number)| *number < 0) {
        return Err(Rejection::new(Reason::EntryMalformed, format!("its {name} is negative")));
    }
    Ok(TransparencyLogEntry {
        log_index,
        log_id: Some(LogId { key_id: fields.log_id.key_id.0 }),
        kind_version: Some(kind_version),
        integrated_time,
        inclusion_promise: fields
            .inclusion_promise
            .map(|promise| InclusionPromise { signed_entry_timestamp: promise.signed_entry_timestamp.0 }),
        inclusion_proof: proof,
        canonicalized_body: fields.canonicalized_body.map(|body| body.0).unwrap_or_default(),
    })
}

/// A proof. With Rekor v2, `index` of the entry and size and root of the checkpoint count; the proof's own copies of them are ignored.
fn inclusion_proof(fields: json::Proof, index: Option<i64>) -> Result<InclusionProof, Rejection> {
    let checkpoint = fields.checkpoint.map(|checkpoint| CheckpointEnvelope { envelope: checkpoint.envelope });
    let has_copies = fields.root_hash.is_some() && fields.tree_size.is_some();
    let signed = match (&checkpoint, index) {
        (Some(checkpoint), Some(_)) => match Checkpoint::parse(&checkpoint.envelope) {
            // the verification of the entry says so
            Err(_) if has_copies => None,
            read => Some(read?),
        },
        _ => None,
    };
    let (tree_size, root_hash) = match signed {
        Some(signed) => (i64::try_from(signed.tree_size).unwrap_or_default(), signed.root_hash.to_vec()),
        None => (fields.tree_size.map_or(0, |size| size.0), fields.root_hash.map(|hash| hash.0).unwrap_or_default()),
    };
    Ok(InclusionProof {
        log_index: index.or(fields.log_index.map(|index| index.0)).unwrap_or_default(),
        root_hash,
        tree_size,
        hashes: fields.hashes.unwrap_or_default().into_iter().map(|hash| hash.0).collect(),
        checkpoint,
    })
}

/// The token in the answer of a timestamp authority.
fn token(answer: &[u8]) -> Result<Vec<u8>, Rejection> {
    let malformed = |detail: String| Rejection::new(Reason::TimestampMalformed, detail);
    let answer = TimeStampResp::from_der(answer).map_err(|error| malformed(format!("it is not an answer of an authority: {error}")))?;
    if !matches!(answer.status.status, PkiStatus::Granted | PkiStatus::GrantedWithMods) {
        return Err(malformed("the authority refused it".to_owned()));
    }
    let token = answer.time_stamp_token.ok_or_else(|| malformed("it has no token".to_owned()))?;
    token.to_der().map_err(|error| malformed(error.to_string()))
}

fn check_count(count: usize, what: &str) -> Result<(), Rejection> {
    match count {
        0..=MAX_PARTS => Ok(()),
        _ => Err(Rejection::new(Reason::BundleTooMany, format!("{count} {what}; at most {MAX_PARTS} are read"))),
    }
}

fn malformed(detail: String) -> Rejection {
    Rejection::new(Reason::BundleMalformed, detail)
}

#[cfg(test)]
mod tests;
