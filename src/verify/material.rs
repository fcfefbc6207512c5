//! What the pipeline verifies.

use super::Subject;
use crate::certificate::Certificate;
use std::sync::Arc;

/// A signature with everything that came with it, whatever its format. It is hashed with SHA-256.
///
/// Its maker has checked that the signed bytes stand for the subject. Nothing else about it is checked.
#[derive(Debug)]
pub(crate) struct SignatureMaterial<'a> {
    /// What the signature is about.
    pub subject: Subject,
    /// The signer's certificate.
    pub certificate: Arc<Certificate>,
    /// Further certificates, in any order.
    pub others: Vec<&'a Certificate>,
    /// The bytes that the signature is over.
    pub signed_bytes: Vec<u8>,
    /// The signature: a DER ECDSA-Sig-Value, or PKCS #1.
    pub signature: &'a [u8],
    /// The log entry.
    pub entry: EmbeddedEntry<'a>,
    /// RFC 3161 timestamp tokens over the signature, DER of the ContentInfo.
    pub timestamps: &'a [&'a [u8]],
}

/// A log entry inside a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EmbeddedEntry<'a> {
    /// An encoded TransparencyLogEntry.
    Encoded(&'a [u8]),
    /// One in the draft encoding, which is not supported.
    Draft,
    /// There is none.
    Missing,
}
