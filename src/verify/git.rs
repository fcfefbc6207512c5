//! Git objects as subjects: from a signed commit, tag or push certificate to [`SignatureMaterial`].

use super::{
    Subject, SubjectKind, Verified, Verifier,
    accepted::Detached,
    foreign,
    lookup::{self, LookupKeys},
    material::{EmbeddedEntry, Entries, SignatureMaterial, SigningCertificate},
    pipeline::CheckedMaterial,
};
use crate::{
    Layer, Reason, Rejection,
    certificate::{Certificate, HashAlgorithm, KeyKind, Scheme, SignedContent, SignerCertificate, key::signature_hash},
    evidence::detached::{DetachedEntry, LoggedContent},
    object::{Commit, ObjectFormat, Payload, PayloadKind, PushCertificate, SignatureKind, Signed, Tag},
    signature::{GitSignature, ParsedSignature, cms::ID_DATA},
};
use sha2::{Digest, Sha256};
use std::{cell::OnceCell, sync::Arc};

impl Verifier {
    /// Verifies a raw commit, as `git cat-file commit` prints it.
    ///
    /// ```
    /// use paraph::{object::ObjectFormat, trust::{Instance, TrustRoot}, verify::Verifier};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let commit = std::fs::read("tests/vectors/v1_ok/commit")?;
    /// let verified = verifier.verify_commit(&commit, ObjectFormat::Sha1)?;
    /// assert_eq!(verified.identity().name, "alice@example.com");
    /// assert_eq!(verified.identity().issuer, "https://issuer.example");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_commit(&self, bytes: &[u8], format: ObjectFormat) -> Result<Verified, Rejection> {
        self.verify(&commit(bytes, format)?.signed)
    }

    /// Verifies a raw tag: the tag, not the object that it names. `reference` is the full name of the ref that led to it, if one did: a
    /// signed tag under another name than its own is refused.
    ///
    /// ```
    /// use paraph::{Reason, object::ObjectFormat, trust::{Instance, TrustRoot}, verify::Verifier};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let tag = std::fs::read("tests/vectors/tag_v1_ok/tag")?;
    /// assert!(verifier.verify_tag(&tag, ObjectFormat::Sha1, None).is_ok());
    /// let moved = verifier.verify_tag(&tag, ObjectFormat::Sha1, Some("refs/tags/another"));
    /// assert_eq!(moved.unwrap_err().reason(), Reason::TagName);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_tag(&self, bytes: &[u8], format: ObjectFormat, reference: Option<&str>) -> Result<Verified, Rejection> {
        let tag = tag(bytes)?;
        check_tag(&tag, bytes, format, reference)?;
        self.verify(&tag.signed)
    }

    /// Verifies a push certificate. The caller compares its nonce and its updates with those of the push.
    ///
    /// ```
    /// use paraph::{object::PushCertificate, trust::{Instance, TrustRoot}, verify::Verifier};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let push = std::fs::read("tests/vectors/push_v1_ok/push")?;
    /// let verified = verifier.verify_push_certificate(&push)?;
    /// let certificate = PushCertificate::parse(&push)?;
    /// println!("{} moves {}", verified.identity().name, certificate.updates[0].name);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_push_certificate(&self, bytes: &[u8]) -> Result<Verified, Rejection> {
        self.verify(&push_certificate(bytes)?.signed)
    }

    /// Verifies a signature over a payload, as git hands them to its program.
    ///
    /// ```
    /// use paraph::{object::{Commit, ObjectFormat}, trust::{Instance, TrustRoot}, verify::Verifier};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let commit = std::fs::read("tests/vectors/v1_ok/commit")?;
    /// let signed = Commit::parse(&commit, ObjectFormat::Sha1)?.signed;
    /// assert_eq!(verifier.verify(&signed)?.identity().name, "alice@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify(&self, signed: &Signed<'_>) -> Result<Verified, Rejection> {
        self.verify_with(signed, &[])
    }

    /// Verifies a signature with log entries from elsewhere. See [`CheckedSignature::verify_with`].
    ///
    /// # Errors
    /// Why the signature is not accepted.
    #[doc(hidden)]
    pub fn verify_with(&self, signed: &Signed<'_>, entries: &[DetachedEntry]) -> Result<Verified, Rejection> {
        let mut cms = Vec::new();
        let signature = ParsedSignature::parse(&signed.signature, &mut cms);
        self.check(signed, &signature)?.verify_with(entries)
    }

    /// Verifies a CMS signature, without armor, over bytes that are not a git object. Its subject is of the kind [`SubjectKind::Bytes`].
    ///
    /// ```
    /// use paraph::{trust::{Instance, TrustRoot}, verify::{SubjectKind, Verifier}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// # let commit = std::fs::read("tests/vectors/v1_ok/commit")?;
    /// # let signed = paraph::object::Commit::parse(&commit, paraph::object::ObjectFormat::Sha1)?.signed;
    /// # let armor = String::from_utf8(signed.signature.into_owned())?;
    /// # let base64: String = armor.lines().filter(|line| !line.starts_with("-----")).collect();
    /// # let cms = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64)?;
    /// # let content = signed.payload;
    /// // `cms` is the DER of a detached signature over `content`
    /// let verified = verifier.verify_cms(&cms, &content)?;
    /// assert_eq!(verified.subject().kind, SubjectKind::Bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_cms(&self, cms: &[u8], content: &[u8]) -> Result<Verified, Rejection> {
        let signature = ParsedSignature::of_cms(cms);
        let (certificate, material) = material(&signature, content, SubjectKind::Bytes, None)?;
        self.check_material(certificate, material)?.verify(&Detached::default())
    }

    /// Checks everything that needs no log entry: object, signature, certificate, and the path to a trusted authority. `signature` is the
    /// parsed signature of `signed`.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    #[doc(hidden)]
    pub fn check<'a>(&'a self, signed: &'a Signed<'a>, signature: &'a ParsedSignature<'a>) -> Result<CheckedSignature<'a>, Rejection> {
        // the payload first: a tag with two signatures is refused as such, whichever of them git takes
        let Payload { kind, email } = Payload::before(&signed.payload, SignatureKind::of(&signed.signature))
            .map_err(|fault| foreign::with_fault(fault, Some(signed), &signed.payload))?;
        signed.require_x509()?;
        let material = material(signature, &signed.payload, kind.into(), email);
        let (certificate, material) = material.map_err(|rejection| match (rejection.reason(), rejection.reason().layer()) {
            // what stands before a tag's signature has passed
            (Reason::MultipleSignatures, _) | (_, Layer::Armor) => foreign::with_fault(rejection, Some(signed), &[]),
            _ => rejection,
        })?;
        Ok(CheckedSignature { checked: self.check_material(certificate, material)?, signed, logged: OnceCell::new() })
    }
}

/// Splits a commit. See [`foreign::with_fault`] for one that cannot be split.
pub(crate) fn commit(bytes: &[u8], format: ObjectFormat) -> Result<Commit<'_>, Rejection> {
    Commit::parse(bytes, format).map_err(|fault| match foreign::is_fault(&fault) {
        true => foreign::with_fault(fault, Signed::of_faulty_commit(bytes, format).as_ref(), &[]),
        false => fault,
    })
}

/// Splits a tag, as [`commit`] does a commit.
pub(crate) fn tag(bytes: &[u8]) -> Result<Tag<'_>, Rejection> {
    Tag::parse(bytes).map_err(|fault| with_fault_of_text(fault, bytes))
}

/// Checks what the bytes of a split tag alone do not tell. See [`Tag::parse_in`].
pub(crate) fn check_tag(tag: &Tag<'_>, bytes: &[u8], format: ObjectFormat, reference: Option<&str>) -> Result<(), Rejection> {
    tag.check_in(format, reference).map_err(|fault| with_fault_of_text(fault, bytes))
}

/// Splits a push certificate, as [`commit`] does a commit.
pub(crate) fn push_certificate(bytes: &[u8]) -> Result<PushCertificate<'_>, Rejection> {
    PushCertificate::parse(bytes).map_err(|fault| with_fault_of_text(fault, bytes))
}

/// A fault of an object whose signature stands at its end. See [`foreign::with_fault`].
fn with_fault_of_text(fault: Rejection, bytes: &[u8]) -> Rejection {
    match foreign::is_fault(&fault).then(|| Signed::of_faulty_text(bytes)).flatten() {
        Some(signed) => foreign::with_fault(fault, Some(&signed), &signed.payload),
        None => fault,
    }
}

/// A git object's signature that lacks nothing but the check of its log entry and its times.
#[derive(Debug)]
pub struct CheckedSignature<'a> {
    checked: CheckedMaterial<'a>,
    signed: &'a Signed<'a>,
    logged: OnceCell<Vec<LoggedContent>>,
}

impl CheckedSignature<'_> {
    /// The keys of a lookup; `None` where a lookup cannot help, because an entry is embedded or the certificate is not accepted.
    pub fn lookup_keys(&self) -> Option<LookupKeys> {
        self.checked.may_use_detached_entry().then(|| LookupKeys {
            certificate: self.checked.certificate().der().to_vec(),
            digests: self.logged().iter().map(|content| content.signed.digest()).collect(),
        })
    }

    /// Verifies the signature with its embedded log entry.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify(&self) -> Result<Verified, Rejection> {
        self.verify_with(&[])
    }

    /// Verifies the signature with log entries from a lookup or a store. They count only where the signature embeds none. Each is bound to
    /// the signature like an embedded one, and a signature that needs one needs a legacy rule.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_with(&self, entries: &[DetachedEntry]) -> Result<Verified, Rejection> {
        let contents = if entries.is_empty() { &[] } else { self.logged() };
        self.checked.verify(&Detached { entries, contents })
    }

    /// What a log entry of this signature may be about.
    fn logged(&self) -> &[LoggedContent] {
        self.logged.get_or_init(|| lookup::logged_ids(self.signed).chain([self.checked.logged_signature()]).collect())
    }
}

impl From<PayloadKind> for SubjectKind {
    fn from(kind: PayloadKind) -> Self {
        match kind {
            PayloadKind::Commit => Self::Commit,
            PayloadKind::Tag => Self::Tag,
            PayloadKind::Push => Self::Push,
        }
    }
}

/// The material in a CMS signature over `content`, whose digest is checked.
fn material<'a>(
    signature: &'a ParsedSignature<'a>,
    content: &[u8],
    kind: SubjectKind,
    email: Option<String>,
) -> Result<(SigningCertificate<'a>, SignatureMaterial<'a>), Rejection> {
    let foreign = || foreign::classify(signature.der(), content);
    let parts = signature.content().map_err(|rejection| foreign().unwrap_or(rejection))?;
    let certificates = parts.signer_certificates()?;
    if !SignerCertificate::is_sigstore(certificates.signer) {
        return Err(foreign().unwrap_or_else(|| Reason::ForeignCms.into()));
    }
    let form = parts.form()?;
    let subject = Subject { kind, digest: Sha256::digest(content).into(), email };
    let signed_bytes = signed_bytes(form, certificates.signer, &subject.digest)?;
    let entry = match form.evidence.entry {
        Some(encoded) => EmbeddedEntry::Encoded(encoded),
        None if form.evidence.draft_entry => EmbeddedEntry::InDraftEncoding,
        None => EmbeddedEntry::Missing,
    };
    let scheme = match certificates.signer.public_key().kind() {
        KeyKind::Rsa => Scheme::Pkcs1(HashAlgorithm::Sha256),
        _ => Scheme::Ecdsa(HashAlgorithm::Sha256),
    };
    let material = SignatureMaterial {
        subject,
        signed: SignedContent::Bytes(signed_bytes.into()),
        schemes: vec![scheme],
        signature: form.signer.signature,
        entries: Entries::Embedded(entry),
        timestamps: form.evidence.tokens.clone(),
    };
    Ok((SigningCertificate { certificate: Arc::clone(certificates.signer), others: certificates.others }, material))
}

/// The bytes that the signature is over: the SET OF signed attributes, which hold the content's digest. All algorithms are SHA-256.
fn signed_bytes(signature: &GitSignature<'_>, certificate: &Certificate, digest: &[u8; 32]) -> Result<Vec<u8>, Rejection> {
    let signer = &signature.signer;
    let algorithm = |detail: String| Rejection::new(Reason::CmsAlgorithm, detail);
    if HashAlgorithm::from_digest_algorithm(&signer.digest_algorithm) != Some(HashAlgorithm::Sha256) {
        return Err(algorithm(format!("digest {}", signer.digest_algorithm.oid)));
    }
    signer.check_signed_attributes(ID_DATA, digest)?;
    // "rsaEncryption" leaves the hash to digestAlgorithm (RFC 3370, section 3.2)
    let hash = match signer.signature_algorithm.oid {
        const_oid::db::rfc5912::RSA_ENCRYPTION => Some(HashAlgorithm::Sha256),
        _ => signature_hash(&signer.signature_algorithm, certificate.public_key().kind()),
    };
    if hash != Some(HashAlgorithm::Sha256) {
        return Err(algorithm(format!("signature {}", signer.signature_algorithm.oid)));
    }
    signer.signed_bytes()
}
