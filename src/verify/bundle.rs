//! Files as subjects: from a Sigstore bundle to [`SignatureMaterial`].

use super::{
    Artifact, ManagedKey, Subject, SubjectKind, Verified, VerifiedByKey, Verifier,
    evidence::Detached,
    material::{BundledEntries, Entries, EnvelopeParts, SignatureMaterial, SigningCertificate},
};
use crate::{
    Reason, Rejection,
    bundle::{Bundle, BundleContent, BundleSigner, Envelope, Message, Version},
    certificate::{HashAlgorithm, KeyKind, Scheme, SignedContent},
    statement::RELEASE,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Verifier {
    /// Verifies a Sigstore bundle about a file: a signature over it, or an in-toto statement that names it. With `predicate_type`, the statement
    /// must be of that type. The certificate says who signed; the policy decides whether it may.
    ///
    /// ```
    /// use paraph::{trust::{Instance, TrustRoot}, verify::{Artifact, Verifier}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let judge = |file: &[u8], bundle: &[u8]| match verifier.verify_bundle(bundle, &Artifact::bytes(file), None) {
    ///     Ok(verified) => format!("{} signed it at {}", verified.identity().name, verified.time()),
    ///     Err(rejection) => format!("it is not accepted: {rejection}"),
    /// };
    /// assert!(judge(b"a file", b"{}").starts_with("it is not accepted: the bundle is malformed"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the bundle is not accepted.
    pub fn verify_bundle(&self, bundle: &[u8], artifact: &Artifact<'_>, predicate_type: Option<&str>) -> Result<Verified, Rejection> {
        self.verify_parsed_bundle(&Bundle::parse(bundle)?, artifact, predicate_type)
    }

    /// Verifies a Sigstore bundle whose signature a key made that the caller trusts. The result names no identity.
    ///
    /// # Errors
    /// Why the bundle is not accepted.
    pub fn verify_bundle_by_key(
        &self,
        bundle: &[u8],
        artifact: &Artifact<'_>,
        predicate_type: Option<&str>,
        key: &ManagedKey,
    ) -> Result<VerifiedByKey, Rejection> {
        self.verify_parsed_bundle_by_key(&Bundle::parse(bundle)?, artifact, predicate_type, key)
    }

    pub(crate) fn verify_parsed_bundle(
        &self,
        bundle: &Bundle,
        artifact: &Artifact<'_>,
        predicate_type: Option<&str>,
    ) -> Result<Verified, Rejection> {
        let (certificate, others) = match &bundle.signer {
            BundleSigner::Certificates(certificate, others) => (Arc::clone(certificate), others.iter().collect()),
            BundleSigner::Key(_) => return Err(Reason::KeyNotGiven.into()),
        };
        let material = material(bundle, artifact, predicate_type, certificate.public_key().kind())?;
        self.check_material(SigningCertificate { certificate, others }, material)?.verify(&Detached::default())
    }

    pub(crate) fn verify_parsed_bundle_by_key(
        &self,
        bundle: &Bundle,
        artifact: &Artifact<'_>,
        predicate_type: Option<&str>,
        key: &ManagedKey,
    ) -> Result<VerifiedByKey, Rejection> {
        match &bundle.signer {
            BundleSigner::Key(_) => {}
            BundleSigner::Certificates(..) => return Err(Reason::KeyNotUsed.into()),
        }
        self.verify_material_by_key(key, &material(bundle, artifact, predicate_type, key.public_key().kind())?)
    }
}

/// The material in a bundle about a file, whose digest is checked.
fn material<'a>(
    bundle: &'a Bundle,
    artifact: &'a Artifact<'_>,
    predicate_type: Option<&str>,
    key: KeyKind,
) -> Result<SignatureMaterial<'a>, Rejection> {
    let (subject, signed, signature, schemes, envelope) = match &bundle.content {
        BundleContent::Message(message) => {
            if let Some(expected) = predicate_type {
                let detail = format!("the bundle holds a signature over the file, and no statement; expected one of {expected}");
                return Err(Rejection::new(Reason::PredicateType, detail));
            }
            let hash = check_digest(message, artifact)?;
            (message_subject(artifact), artifact.content(), &message.signature, Scheme::of(key, hash), None)
        }
        BundleContent::Envelope(envelope) => {
            let subject = envelope_subject(bundle, envelope, artifact, predicate_type)?;
            let signed = SignedContent::Bytes(envelope.signed_bytes().into());
            let parts = EnvelopeParts { payload_type: &envelope.payload_type, payload: &envelope.payload };
            (subject, signed, &envelope.signature, Scheme::of(key, None), Some(parts))
        }
    };
    let by_promise = bundle.version == Version::V01;
    Ok(SignatureMaterial {
        subject,
        signed,
        schemes,
        signature,
        entries: Entries::Bundled(BundledEntries { entries: &bundle.entries, envelope, by_promise }),
        timestamps: bundle.timestamps.iter().map(Vec::as_slice).collect(),
    })
}

/// Compares the digest that the bundle states with the file's. Returns its hash.
fn check_digest(message: &Message, artifact: &Artifact<'_>) -> Result<Option<HashAlgorithm>, Rejection> {
    let Some((hash, stated)) = &message.digest else { return Ok(None) };
    let digest = artifact.digest(*hash).ok_or_else(|| Rejection::new(Reason::DigestUnknown, format!("it states {}", hash.name())))?;
    match *digest == **stated {
        true => Ok(Some(*hash)),
        false => Err(Rejection::new(Reason::MessageDigest, format!("it states {} {}", hash.name(), hex::encode(stated)))),
    }
}

fn message_subject(artifact: &Artifact<'_>) -> Subject {
    // an artifact without it is known by longer digests alone
    let digest = artifact.digest(HashAlgorithm::Sha256).and_then(|digest| <[u8; 32]>::try_from(digest.as_ref()).ok());
    Subject { kind: SubjectKind::File, digest: digest.unwrap_or_default(), email: None }
}

/// The statement as a subject: it is of the expected type, and names the file.
fn envelope_subject(
    bundle: &Bundle,
    envelope: &Envelope,
    artifact: &Artifact<'_>,
    predicate_type: Option<&str>,
) -> Result<Subject, Rejection> {
    let statement = bundle.statement()?.ok_or(Reason::PayloadType)?;
    if let Some(expected) = predicate_type.filter(|expected| *expected != statement.predicate_type) {
        return Err(Rejection::new(Reason::PredicateType, format!("it is {}; expected {expected}", statement.predicate_type)));
    }
    statement.subject(|hash| artifact.digest(hash))?;
    let kind = if statement.predicate_type == RELEASE { SubjectKind::Release } else { SubjectKind::Attestation };
    Ok(Subject { kind, digest: Sha256::digest(&envelope.payload).into(), email: None })
}
