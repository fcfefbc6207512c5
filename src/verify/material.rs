//! What the pipeline verifies.

use super::Subject;
use crate::{
    certificate::{Certificate, Scheme, SignedContent},
    evidence::{entry::TransparencyLogEntry, envelope::LoggedEnvelope},
};
use std::sync::Arc;

/// A signature with everything that came with it, whatever its format. What verifies it comes apart from it: a [`SigningCertificate`], or a
/// key that the caller trusts.
///
/// Its maker has checked that the signed content stands for the subject. Nothing else about it is checked.
#[derive(Debug)]
pub(crate) struct SignatureMaterial<'a> {
    /// What the signature is about.
    pub subject: Subject,
    /// What the signature is over.
    pub signed: SignedContent<'a>,
    /// How it may be made. The first scheme in which it verifies counts.
    pub schemes: Vec<Scheme>,
    /// The signature: a DER ECDSA-Sig-Value, or what RSA and Ed25519 give.
    pub signature: &'a [u8],
    /// The log entries.
    pub entries: Entries<'a>,
    /// RFC 3161 timestamp tokens over the signature, DER of the ContentInfo.
    pub timestamps: Vec<&'a [u8]>,
}

/// The certificate of a signer.
#[derive(Debug)]
pub(crate) struct SigningCertificate<'a> {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Further certificates, in any order.
    pub others: Vec<&'a Certificate>,
}

/// The log entries beside a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entries<'a> {
    /// The entry inside a git signature.
    Embedded(EmbeddedEntry<'a>),
    /// Those of a bundle: at least one, and all of them hold.
    Bundled(BundledEntries<'a>),
}

/// A log entry inside a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EmbeddedEntry<'a> {
    /// An encoded TransparencyLogEntry.
    Encoded(&'a [u8]),
    /// One in the draft encoding, which is not supported.
    InDraftEncoding,
    /// There is none.
    Missing,
}

/// The log entries of a bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BundledEntries<'a> {
    /// The entries.
    pub entries: &'a [TransparencyLogEntry],
    /// The envelope that they may be about.
    pub envelope: Option<EnvelopeParts<'a>>,
    /// Whether a promise is enough, and needed.
    pub by_promise: bool,
}

/// A DSSE envelope, without what verifies it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvelopeParts<'a> {
    pub payload_type: &'a str,
    pub payload: &'a [u8],
}

impl<'a> EnvelopeParts<'a> {
    /// The envelope as a log records it.
    pub(super) fn logged(self, signature: &'a [u8], verifier: crate::evidence::entry::EntryVerifier<'a>) -> LoggedEnvelope<'a> {
        LoggedEnvelope { payload_type: self.payload_type, payload: self.payload, signature, verifier }
    }
}
