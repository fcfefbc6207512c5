//! The transparency log entry as `dev.sigstore.rekor.v1.TransparencyLogEntry`, and the two canonical bodies of `hashedrekord`. The bodies of
//! envelopes are in `envelope`.
//!
//! Source: Sigstore protobuf-specs, `sigstore_rekor.proto`; Rekor v1 `hashedrekord` 0.0.1; rekor-tiles `hashedrekord` 0.0.2.
//! The seven messages are written out because the generated crate brings fifty-five others.

use crate::certificate::HashAlgorithm;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message;
use std::fmt::Write as _;

/// `TransparencyLogEntry`: what a signature embeds, its body cleared and recomputed at verification.
#[derive(Clone, PartialEq, Message)]
pub struct TransparencyLogEntry {
    /// The global index over all shards of the log.
    #[prost(int64, tag = "1")]
    pub log_index: i64,
    /// The log: 32 bytes.
    #[prost(message, optional, tag = "2")]
    pub log_id: Option<LogId>,
    /// The type of the entry.
    #[prost(message, optional, tag = "3")]
    pub kind_version: Option<KindVersion>,
    /// Seconds since the Unix epoch; trusted only where the signed entry timestamp authenticates it. Zero with Rekor v2.
    #[prost(int64, tag = "4")]
    pub integrated_time: i64,
    /// Rekor v1's signed entry timestamp.
    #[prost(message, optional, tag = "5")]
    pub inclusion_promise: Option<InclusionPromise>,
    /// The RFC 6962 inclusion proof.
    #[prost(message, optional, tag = "6")]
    pub inclusion_proof: Option<InclusionProof>,
    /// The leaf's content: canonical JSON.
    #[prost(bytes = "vec", tag = "7")]
    pub canonicalized_body: Vec<u8>,
}

/// `LogId`.
#[derive(Clone, PartialEq, Message)]
pub struct LogId {
    /// Rekor v1: the SHA-256 of the log's SPKI. Rekor v2: its C2SP checkpoint key id, whole.
    #[prost(bytes = "vec", tag = "1")]
    pub key_id: Vec<u8>,
}

/// `KindVersion`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KindVersion {
    /// `hashedrekord`.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// `0.0.1` or `0.0.2`.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// `InclusionPromise`.
#[derive(Clone, PartialEq, Message)]
pub struct InclusionPromise {
    /// The DER ECDSA signature over the canonical JSON of body, time, log and index.
    #[prost(bytes = "vec", tag = "1")]
    pub signed_entry_timestamp: Vec<u8>,
}

/// `InclusionProof`.
#[derive(Clone, PartialEq, Message)]
pub struct InclusionProof {
    /// The index within the shard that the checkpoint is of.
    #[prost(int64, tag = "1")]
    pub log_index: i64,
    /// 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub root_hash: Vec<u8>,
    /// The number of leaves.
    #[prost(int64, tag = "3")]
    pub tree_size: i64,
    /// The audit path, 32 bytes each, from the leaf's sibling up.
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub hashes: Vec<Vec<u8>>,
    /// The tree's checkpoint.
    #[prost(message, optional, tag = "5")]
    pub checkpoint: Option<CheckpointEnvelope>,
}

/// `Checkpoint`: a C2SP signed note.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CheckpointEnvelope {
    /// The note's text, signatures included.
    #[prost(string, tag = "1")]
    pub envelope: String,
}

/// The version of a `hashedrekord` entry, which decides its canonical body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryVersion {
    /// `0.0.1`, written by Rekor v1.
    V001,
    /// `0.0.2`, written by Rekor v2 (rekor-tiles).
    V002,
}

impl EntryVersion {
    /// The version string of the entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V001 => "0.0.1",
            Self::V002 => "0.0.2",
        }
    }

    /// The entry's kind and version.
    #[doc(hidden)]
    pub fn kind_version(self) -> KindVersion {
        EntryKind::HashedRekord(self).kind_version()
    }
}

/// The kind of an entry with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// `hashedrekord`: a signature over a digest.
    HashedRekord(EntryVersion),
    /// `dsse` 0.0.1, written by Rekor v1: an envelope.
    DsseV001,
    /// `intoto` 0.0.2, written by Rekor v1: an envelope, in the older form.
    IntotoV002,
}

impl EntryKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HashedRekord(_) => "hashedrekord",
            Self::DsseV001 => "dsse",
            Self::IntotoV002 => "intoto",
        }
    }

    /// The version string of the entry.
    pub fn version(self) -> &'static str {
        match self {
            Self::HashedRekord(version) => version.as_str(),
            Self::DsseV001 => "0.0.1",
            Self::IntotoV002 => "0.0.2",
        }
    }

    /// Both, as an entry states them.
    #[doc(hidden)]
    pub fn kind_version(self) -> KindVersion {
        KindVersion { kind: self.name().into(), version: self.version().into() }
    }

    /// The kind that an entry states.
    pub(super) fn stated(stated: &KindVersion) -> Option<Self> {
        let known = [Self::HashedRekord(EntryVersion::V001), Self::HashedRekord(EntryVersion::V002), Self::DsseV001, Self::IntotoV002];
        known.into_iter().find(|kind| (kind.name(), kind.version()) == (stated.kind.as_str(), stated.version.as_str()))
    }
}

/// What a log names as the verifier of a signature.
#[derive(Debug, Clone, Copy)]
pub enum EntryVerifier<'a> {
    /// The signer's certificate, DER.
    Certificate(&'a [u8]),
    /// The signer's public key, a DER SubjectPublicKeyInfo.
    PublicKey(&'a [u8]),
}

impl<'a> EntryVerifier<'a> {
    /// As Rekor v1 writes it.
    pub(crate) fn pem(self) -> String {
        crate::signature::pem(self.label(), self.der())
    }

    /// The label of its PEM.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Certificate(_) => "CERTIFICATE",
            Self::PublicKey(_) => "PUBLIC KEY",
        }
    }

    pub(super) fn der(self) -> &'a [u8] {
        match self {
            Self::Certificate(der) | Self::PublicKey(der) => der,
        }
    }

    /// Its field in Rekor v2, with the bytes in base64.
    pub(crate) fn field(self) -> (&'static str, String) {
        match self {
            Self::Certificate(der) => ("x509Certificate", STANDARD.encode(der)),
            Self::PublicKey(der) => ("publicKey", STANDARD.encode(der)),
        }
    }
}

/// What a `hashedrekord` entry says: this signature over this digest was made with this certificate or key.
#[derive(Debug, Clone, Copy)]
pub struct HashedRekord<'a> {
    /// The hash function.
    pub hash: HashAlgorithm,
    /// The digest of the signed bytes: of the SET OF signed attributes, or of a file.
    pub digest: &'a [u8],
    /// The signature: a DER ECDSA-Sig-Value, or what RSA and Ed25519 give.
    pub signature: &'a [u8],
    /// What verifies it.
    pub verifier: EntryVerifier<'a>,
    /// The `PublicKeyDetails` name of key and scheme; only 0.0.2 holds it.
    pub key_details: &'a str,
}

impl<'a> HashedRekord<'a> {
    /// A signature over a SHA-256 digest, with its certificate: what git signatures have.
    pub fn of_certificate(digest: &'a [u8; 32], signature: &'a [u8], certificate: &'a [u8], key_details: &'a str) -> Self {
        Self { hash: HashAlgorithm::Sha256, digest, signature, verifier: EntryVerifier::Certificate(certificate), key_details }
    }

    /// The canonical body (JCS, RFC 8785), byte for byte as the log hashes it.
    ///
    /// All values are base64, hexadecimal or fixed names, so that no string needs escaping.
    pub fn canonical_body(&self, version: EntryVersion) -> Vec<u8> {
        let signature = STANDARD.encode(self.signature);
        // the certificate is in base64 twice; with room for all of it, nothing moves
        let mut body = String::with_capacity(2 * (self.signature.len() + self.verifier.der().len()) + 512);
        let written = match version {
            EntryVersion::V001 => write!(
                body,
                concat!(
                    r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"{}","value":"{}"}}}},"#,
                    r#""signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#
                ),
                self.hash.name(),
                hex::encode(self.digest),
                signature,
                STANDARD.encode(self.verifier.pem()),
            ),
            EntryVersion::V002 => {
                let (field, verifier) = self.verifier.field();
                write!(
                    body,
                    concat!(
                        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"{}","digest":"{}"}},"#,
                        r#""signature":{{"content":"{}","verifier":{{"keyDetails":"{}","{}":{{"rawBytes":"{}"}}}}}}}}}}}}"#
                    ),
                    self.hash.protobuf_name(),
                    STANDARD.encode(self.digest),
                    signature,
                    self.key_details,
                    field,
                    verifier,
                )
            }
        };
        debug_assert!(written.is_ok(), "a String takes everything");
        body.into_bytes()
    }
}
