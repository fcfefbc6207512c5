//! Files as subjects: from a Sigstore bundle to [`SignatureMaterial`].

use super::{
    Artifact, ManagedKey, Subject, SubjectKind, Verified, VerifiedByKey, Verifier,
    accepted::Detached,
    material::{BundledEntries, Entries, EnvelopeParts, SignatureMaterial, SigningCertificate},
};
use crate::{
    Reason, Rejection,
    bundle::{Bundle, BundleContent, BundleSigner, Envelope, Message, Version},
    certificate::{Certificate, HashAlgorithm, KeyKind, Scheme, SignedContent},
    statement::{RELEASE, Statement},
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
    /// ```
    /// use paraph::{policy::{Policy, Verdict}, trust::{Instance, TrustRoot}, verify::{Artifact, ManagedKey, Verifier}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let read = |name: &str| std::fs::read(format!("tests/vectors/bundles/key_v1_ok/{name}"));
    /// let (bundle, file, key) = (read("bundle.sigstore.json")?, read("artifact")?, ManagedKey::from_pem(&read("key.pub")?)?);
    /// let verified = verifier.verify_bundle_by_key(&bundle, &Artifact::bytes(&file), None, &key);
    /// assert_eq!(Policy::judge_by_key(verified).verdict(), Verdict::Good);
    /// # Ok(())
    /// # }
    /// ```
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

    /// Verifies a bundle by itself: about the file whose digest it states, or about its statement. Returns its entries in their order; `None` if
    /// it states no digest.
    ///
    /// # Errors
    /// Why the bundle is not accepted.
    #[cfg(feature = "cli")]
    pub(crate) fn verify_bundle_itself(
        &self,
        bundle: &Bundle,
        key: Option<&ManagedKey>,
    ) -> Result<Option<Vec<super::LoggedEntry>>, Rejection> {
        if let (Some(_), BundleSigner::Certificates(..)) = (key, &bundle.signer) {
            return Err(Reason::KeyNotUsed.into());
        }
        let certificates = if key.is_none() { Some(signing_certificate(bundle)?) } else { None };
        let kind = match (key, &certificates) {
            (Some(key), _) => key.public_key().kind(),
            (None, Some((certificate, _))) => certificate.public_key().kind(),
            (None, None) => return Err(Reason::KeyNotGiven.into()),
        };
        let artifact;
        let material = match &bundle.content {
            BundleContent::Envelope(envelope) => {
                let statement = bundle.statement()?.ok_or(Reason::PayloadType)?;
                envelope_material(bundle, envelope, statement_subject(statement, envelope), kind)
            }
            BundleContent::Message(Message { digest: Some(digest), .. }) => {
                artifact = Artifact::digests(vec![digest.clone()]);
                material(bundle, &artifact, None, kind)?
            }
            BundleContent::Message(Message { digest: None, .. }) => return Ok(None),
        };
        Ok(Some(match (key, certificates) {
            (None, Some((certificate, others))) => {
                let verified = self.check_material(SigningCertificate { certificate, others }, material)?.verify(&Detached::default())?;
                verified.entries().cloned().collect()
            }
            (Some(key), _) => self.verify_material_by_key(key, &material)?.entries().to_vec(),
            (None, None) => Vec::new(),
        }))
    }

    /// Verifies a bundle over this very statement, whatever it is about. The check after signing needs no file.
    ///
    /// # Errors
    /// Why the bundle is not accepted.
    #[cfg(feature = "cli")]
    pub(crate) fn verify_bundled_statement(&self, bundle: &[u8], statement: &[u8]) -> Result<Verified, Rejection> {
        let bundle = Bundle::parse(bundle)?;
        let BundleContent::Envelope(envelope) = &bundle.content else { return Err(Reason::PayloadType.into()) };
        if envelope.payload != statement {
            return Err(Rejection::new(Reason::SubjectMismatch, "it holds another statement"));
        }
        let parsed = bundle.statement()?.ok_or(Reason::PayloadType)?;
        let (certificate, others) = signing_certificate(&bundle)?;
        let material = envelope_material(&bundle, envelope, statement_subject(parsed, envelope), certificate.public_key().kind());
        self.check_material(SigningCertificate { certificate, others }, material)?.verify(&Detached::default())
    }

    pub(crate) fn verify_parsed_bundle(
        &self,
        bundle: &Bundle,
        artifact: &Artifact<'_>,
        predicate_type: Option<&str>,
    ) -> Result<Verified, Rejection> {
        let (certificate, others) = signing_certificate(bundle)?;
        let material = material(bundle, artifact, predicate_type, certificate.public_key().kind())?;
        let verified = self.check_material(SigningCertificate { certificate, others }, material)?.verify(&Detached::default())?;
        check_only_a_file(bundle, artifact)?;
        Ok(verified)
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
        let verified = self.verify_material_by_key(key, &material(bundle, artifact, predicate_type, key.public_key().kind())?)?;
        check_only_a_file(bundle, artifact)?;
        Ok(verified)
    }
}

/// The material in a bundle about a file, whose digest is checked.
fn material<'a>(
    bundle: &'a Bundle,
    artifact: &'a Artifact<'_>,
    predicate_type: Option<&str>,
    key: KeyKind,
) -> Result<SignatureMaterial<'a>, Rejection> {
    let message = match &bundle.content {
        BundleContent::Message(message) => message,
        BundleContent::Envelope(envelope) => {
            let subject = envelope_subject(bundle, envelope, artifact, predicate_type)?;
            return Ok(envelope_material(bundle, envelope, subject, key));
        }
    };
    if let Some(expected) = predicate_type {
        let detail = format!("the bundle holds a signature over the file, and no statement; expected one of {expected}");
        return Err(Rejection::new(Reason::PredicateType, detail));
    }
    let hash = check_digest(message, artifact)?;
    Ok(SignatureMaterial {
        subject: message_subject(artifact),
        signed: artifact.content(),
        schemes: Scheme::of(key, hash),
        signature: &message.signature,
        entries: entries(bundle, None),
        timestamps: bundle.timestamps.iter().map(Vec::as_slice).collect(),
    })
}

/// The material in a bundle with an envelope, whose subject is checked.
fn envelope_material<'a>(bundle: &'a Bundle, envelope: &'a Envelope, subject: Subject, key: KeyKind) -> SignatureMaterial<'a> {
    let parts = EnvelopeParts { payload_type: &envelope.payload_type, payload: &envelope.payload };
    SignatureMaterial {
        subject,
        signed: SignedContent::Bytes(envelope.signed_bytes().into()),
        schemes: Scheme::of(key, None),
        signature: &envelope.signature,
        entries: entries(bundle, Some(parts)),
        timestamps: bundle.timestamps.iter().map(Vec::as_slice).collect(),
    }
}

fn entries<'a>(bundle: &'a Bundle, envelope: Option<EnvelopeParts<'a>>) -> Entries<'a> {
    Entries::Bundled(BundledEntries { entries: &bundle.entries, envelope, by_promise: bundle.version == Version::V01 })
}

/// A signature over a file must not be one that was moved from elsewhere. An envelope says itself what it is about.
fn check_only_a_file(bundle: &Bundle, artifact: &Artifact<'_>) -> Result<(), Rejection> {
    match bundle.content {
        BundleContent::Message(_) => artifact.check_only_a_file(),
        BundleContent::Envelope(_) => Ok(()),
    }
}

/// The signer's certificate, and further ones.
fn signing_certificate(bundle: &Bundle) -> Result<(Arc<Certificate>, Vec<&Certificate>), Rejection> {
    match &bundle.signer {
        BundleSigner::Certificates(certificate, others) => Ok((Arc::clone(certificate), others.iter().collect())),
        BundleSigner::Key(_) => Err(Reason::KeyNotGiven.into()),
    }
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
    Subject { kind: SubjectKind::File, digest: artifact.sha256_digest().unwrap_or_default(), email: None }
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
    Ok(statement_subject(statement, envelope))
}

fn statement_subject(statement: &Statement, envelope: &Envelope) -> Subject {
    let kind = if statement.predicate_type == RELEASE { SubjectKind::Release } else { SubjectKind::Attestation };
    Subject { kind, digest: Sha256::digest(&envelope.payload).into(), email: None }
}
