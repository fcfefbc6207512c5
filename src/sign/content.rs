//! What a session signs.
//!
//! The kinds differ in the bytes that are signed, in the log entry, in how signature and evidence are wrapped, and in how the result is
//! verified. Everything else about a signature is the same.

use super::{LogVersion, SignError, bundle::BundleParts};
use crate::{
    Rejection,
    bundle::{Envelope, IN_TOTO},
    certificate::{Certificate, SignerCertificate},
    evidence::{
        entry::{EntryVerifier, HashedRekord, TransparencyLogEntry},
        envelope::LoggedEnvelope,
    },
    object::Signed,
    signature::{
        armor,
        git::{GitSignatureParts, signed_attributes},
    },
    verify::{Artifact, Verified, Verifier},
};
use jiff::Timestamp;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The largest statement that is signed, in bytes.
pub(crate) const MAX_STATEMENT: usize = 16 << 20;
/// The largest statement that Rekor v1 is sent, in bytes. It gets the whole envelope, and the public log answers larger ones with 502.
pub const MAX_STATEMENT_REKOR_V1: usize = 8 << 20;

/// What a session signs.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// A commit, tag or push certificate without its signature. The result is an armored CMS.
    Git(&'a [u8]),
    /// A file, by its SHA-256. The result is a bundle with a message signature.
    File([u8; 32]),
    /// An in-toto statement. The result is a bundle with a DSSE envelope.
    Statement(&'a [u8]),
}

impl<'a> Content<'a> {
    /// The bytes to sign.
    pub(super) fn prepare(self, now: Timestamp) -> Result<Prepared<'a>, SignError> {
        let signed = match self {
            Self::Git(payload) => signed_attributes(&Sha256::digest(payload).into(), now.as_second().unsigned_abs())?,
            Self::File(digest) => return Ok(Prepared { content: self, signed: Vec::new(), digest }),
            Self::Statement(statement) => signed_bytes_of(statement),
        };
        let digest = Sha256::digest(&signed).into();
        Ok(Prepared { content: self, signed, digest })
    }

    /// SHA-256 of the payload, file or statement.
    #[cfg(unix)]
    pub(crate) fn digest(self) -> [u8; 32] {
        match self {
            Self::Git(bytes) | Self::Statement(bytes) => Sha256::digest(bytes).into(),
            Self::File(digest) => digest,
        }
    }

    /// Whether a log of this version takes it.
    ///
    /// # Errors
    /// [`SignError::StatementTooLarge`].
    pub(crate) fn check_size(self, log: LogVersion) -> Result<(), SignError> {
        let Self::Statement(statement) = self else { return Ok(()) };
        let limit = match log {
            LogVersion::V1 => MAX_STATEMENT_REKOR_V1,
            LogVersion::V2 => MAX_STATEMENT,
        };
        if statement.len() <= limit { Ok(()) } else { Err(SignError::StatementTooLarge { size: statement.len(), limit, log }) }
    }

    /// Verifies a finished signature over this.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub(crate) fn verify(self, signature: &str, verifier: &Verifier) -> Result<Verified, Rejection> {
        match self {
            Self::Git(payload) => {
                verifier.verify(&Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(signature.as_bytes()) })
            }
            Self::File(digest) => verifier.verify_bundle(signature.as_bytes(), &Artifact::sha256(digest), None),
            Self::Statement(statement) => verifier.verify_bundled_statement(signature.as_bytes(), statement),
        }
    }
}

/// What the signature of a statement is over.
fn signed_bytes_of(statement: &[u8]) -> Vec<u8> {
    Envelope { payload_type: IN_TOTO.to_owned(), payload: statement.to_vec(), signature: Vec::new() }.signed_bytes()
}

/// What the credential signs for a content.
pub(super) struct Prepared<'a> {
    content: Content<'a>,
    /// Signed attributes or a pre-authentication encoding; empty for a file, of which only the digest may be known.
    signed: Vec<u8>,
    digest: [u8; 32],
}

/// A signature with its evidence.
pub(super) struct SignatureWithEvidence<'a> {
    pub(super) certificate: &'a SignerCertificate,
    pub(super) signature: &'a [u8],
    /// With its body.
    pub(super) entry: TransparencyLogEntry,
    /// RFC 3161 tokens over the signature.
    pub(super) tokens: &'a [Vec<u8>],
}

impl Prepared<'_> {
    /// SHA-256 of the signed bytes.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The envelope that Rekor v1 gets of a statement.
    pub(super) fn envelope<'r>(&'r self, signature: &'r [u8], certificate: &'r Certificate) -> Option<LoggedEnvelope<'r>> {
        let Content::Statement(payload) = self.content else { return None };
        let verifier = EntryVerifier::Certificate(certificate.der());
        Some(LoggedEnvelope { payload_type: IN_TOTO, payload, signature, verifier })
    }

    /// What a `hashedrekord` entry says of the signature.
    pub(super) fn record<'r>(&'r self, signature: &'r [u8], certificate: &'r Certificate) -> HashedRekord<'r> {
        HashedRekord::of_certificate(&self.digest, signature, certificate.der(), certificate.public_key().details())
    }

    /// The finished signature.
    pub(super) fn wrap(&self, evidence: SignatureWithEvidence<'_>) -> Result<String, SignError> {
        let SignatureWithEvidence { certificate, signature, mut entry, tokens } = evidence;
        let certificate = certificate.certificate();
        let parts = BundleParts { certificate: certificate.der(), signature, entry: &entry, tokens };
        match self.content {
            Content::File(digest) => parts.of_file(&digest),
            Content::Statement(statement) => parts.of_statement(statement),
            Content::Git(_) => {
                // the verifier computes it
                entry.canonicalized_body.clear();
                let cms = GitSignatureParts {
                    certificate: certificate.der(),
                    issuer: certificate.issuer(),
                    serial: certificate.serial(),
                    signed_attributes: &self.signed,
                    signature,
                    entry: Some(&entry.encode_to_vec()),
                    tokens,
                };
                Ok(armor::encode(&cms.to_der()?))
            }
        }
    }
}
