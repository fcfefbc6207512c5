//! The one verification pipeline: git's `--verify`, `paraph verify`, hooks, the self-check after signing and the library all run it.
//!
//! ```text
//! raw object ─ split ─ CMS ─ certificate ─ chain ─ SCT ─ log entry ─ timestamps ─ trusted times ─ Verified
//! ```
//! It runs one way, has one exit, opens no file and no socket, and reads no clock: "now" is handed in. What it returns is the verdict:
//! only a [`Verified`] can become a good signature.

pub mod batch;
mod foreign;
mod missing_entry;
mod subject;
mod verified;

pub use missing_entry::Sought;
pub use subject::{Subject, SubjectKind};
pub use verified::{TimeSource, TrustedTime, Verification, Verified};

use crate::{
    LegacyRule, Reason, Rejection,
    certificate::{Certificate, HashAlgorithm, Sct, SignerCertificate, key::signature_hash},
    evidence::{
        detached::{DetachedEntry, LoggedContent, MAX_DETACHED},
        entry::{EntryVersion, HashedRekord, TransparencyLogEntry},
        log::{self, LoggedEntry},
        timestamp::TimestampToken,
    },
    object::{Commit, ObjectFormat, Payload, PayloadKind, PushCertificate, Signed, Tag},
    signature::{
        GitSignature, armor,
        cms::{ID_DATA, SignedData, SignerIdentifier},
    },
    trust::{IssuingPath, TrustRoot, Window},
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How far a trusted time may lie ahead of the local clock: the clock is the likelier liar.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// A CMS larger than this is not read, in bytes, however it comes: armor holds no larger one.
pub const MAX_CMS: usize = 1 << 20;

/// What to do where nothing but the log entry is missing.
const LOOKUP_HINT: &str = "`paraph verify --lookup` asks the log for one";

/// The verifier: trust roots, and what time it is.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// What a root remembers of signatures that fitted is the same for all clones.
    roots: Arc<[TrustRoot]>,
    now: Timestamp,
}

impl Verifier {
    /// A verifier over these roots, of which each signature belongs to at most one. `now` only tells what lies in the future.
    pub fn new(roots: impl Into<Arc<[TrustRoot]>>, now: Timestamp) -> Self {
        Self { roots: roots.into(), now }
    }

    /// The trust roots.
    pub fn roots(&self) -> &[TrustRoot] {
        &self.roots
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Verifies a raw commit.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_commit(&self, bytes: &[u8], format: ObjectFormat) -> Result<Verified, Rejection> {
        self.verify(&Commit::parse(bytes, format)?.signed)
    }

    /// Verifies a raw tag: the tag, not what it points to. `reference` is the full name by which it was reached, where it was: a signed tag
    /// under another name than its own says nothing about that.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_tag(&self, bytes: &[u8], format: ObjectFormat, reference: Option<&str>) -> Result<Verified, Rejection> {
        self.verify(&Tag::parse_in(bytes, format, reference)?.signed)
    }

    /// Verifies a push certificate.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_push_certificate(&self, bytes: &[u8]) -> Result<Verified, Rejection> {
        self.verify(&PushCertificate::parse(bytes)?.signed)
    }

    /// Verifies a signature over a payload, as git hands them to its program.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify(&self, signed: &Signed<'_>) -> Result<Verified, Rejection> {
        self.verify_with(signed, &[])
    }

    /// The same with log entries that stand outside the signature: found by a search, or kept from one. They count only where the signature
    /// embeds none, each is bound like an embedded one, and what rests on one is [`Verified::legacy`].
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_with(&self, signed: &Signed<'_>, entries: &[DetachedEntry]) -> Result<Verified, Rejection> {
        // first the payload: a tag with two signatures is refused as such, whichever of them git takes
        let payload = Payload::parse(&signed.payload)?;
        signed.require_x509()?;
        let detached = match entries.is_empty() {
            true => Detached::default(),
            false => Detached { entries, ids: missing_entry::id_subjects(signed) },
        };
        let subject = subject_of(payload, &signed.payload);
        self.verify_cms_with(&armor::decode(&signed.signature)?, &signed.payload, subject, &detached)
    }

    /// Verifies a signature's CMS, without armor, over a payload.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify_cms(&self, cms: &[u8], payload: &[u8]) -> Result<Verified, Rejection> {
        let subject = Subject { kind: SubjectKind::Bytes, digest: Sha256::digest(payload).into(), email: None };
        self.verify_cms_with(cms, payload, subject, &Detached::default())
    }

    fn verify_cms_with(&self, cms: &[u8], payload: &[u8], subject: Subject, detached: &Detached<'_>) -> Result<Verified, Rejection> {
        if cms.len() > MAX_CMS {
            return Err(Rejection::new(Reason::ArmorTooLarge, format!("{} bytes, at most {MAX_CMS} are read", cms.len())));
        }
        let signed_data = match SignedData::from_der(cms) {
            Ok(signed_data) => signed_data,
            Err(rejection) => return Err(foreign::classify(cms, payload).unwrap_or(rejection)),
        };
        let (signer, others) = match signer_certificate(&signed_data) {
            Ok((signer, _)) if !SignerCertificate::is_sigstore(&signer) => {
                return Err(foreign::classify(cms, payload).unwrap_or_else(|| Reason::ForeignCms.into()));
            }
            result => result?,
        };
        let signature = GitSignature::new(signed_data)?;
        let signed_bytes = check_signature(&signature, &signer, &subject.digest)?;
        let certificate = SignerCertificate::new(signer)?;

        let checked = Checked { signature, certificate, signed_bytes, subject };
        // a root may name one authority several times, each with a window of its own: one of them has to fit
        first_good(self.issued(checked.certificate.certificate(), &others)?, |issued| {
            verify_issued(&issued, &self.check_evidence(issued.root, &checked, detached), &checked)
        })
    }

    /// What a trust root says of the evidence, whoever issued the certificate.
    fn check_evidence(&self, root: &TrustRoot, checked: &Checked<'_>, detached: &Detached<'_>) -> Result<Evidence, Rejection> {
        let entry = check_entry(root, checked, detached)?;
        let times = self.trusted_times(root, &checked.signature, &entry.entry)?;
        Ok(Evidence { entry, times })
    }

    /// Checks a certificate by itself, before anything is signed with it: profile, chain and SCT. `others` are the certificates that came
    /// with it.
    ///
    /// # Errors
    /// Why the certificate is not accepted.
    pub fn check_certificate(&self, leaf: &[u8], others: &[Vec<u8>]) -> Result<SignerCertificate, Rejection> {
        let certificate = SignerCertificate::new(Certificate::from_der(leaf)?)?;
        let others = others.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        first_good(self.issued(certificate.certificate(), &others)?, |issued| match issued.legacy?.first() {
            Some(lack) => Err(lack.reason().into()),
            None => Ok(certificate.clone()),
        })
    }

    /// The ways from the certificate to authorities of the trust roots; at least one.
    fn issued<'a>(&'a self, leaf: &Certificate, others: &'a [Certificate]) -> Result<Vec<Issued<'a>>, Rejection> {
        let (mut issued, mut refused) = (Vec::new(), None);
        for root in self.roots.iter() {
            for authority in &root.authorities {
                match authority.path(leaf, others) {
                    Ok(Some(path)) => issued.push(Issued { root, legacy: check_sct(root, leaf, &path), path }),
                    Ok(None) => {}
                    Err(rejection) => refused = refused.or(Some(rejection)),
                }
            }
        }
        match (issued.is_empty(), refused) {
            (false, _) => Ok(issued),
            (true, Some(rejection)) => Err(rejection),
            (true, None) => Err(Rejection::new(Reason::UnknownAuthority, self.known_roots())),
        }
    }

    /// The roots in use, and what to do where something is not in them.
    fn known_roots(&self) -> String {
        let names: Vec<String> = self.roots.iter().map(|root| format!("{} ({})", root.instance, root.source)).collect();
        match names.is_empty() {
            true => "no trust root is configured".into(),
            false => format!("looked in {}; `paraph trust update` fetches a newer one", names.join(", ")),
        }
    }

    fn trusted_times(&self, root: &TrustRoot, signature: &GitSignature<'_>, entry: &LoggedEntry) -> Result<Vec<TrustedTime>, Rejection> {
        let mut times = Vec::new();
        times.extend(entry.integrated_time.map(|time| TrustedTime { time, source: TimeSource::Log }));
        for token in &signature.evidence.tokens {
            times
                .push(TrustedTime { time: verify_token(root, token, signature.signer.signature)?, source: TimeSource::TimestampAuthority });
        }
        if times.is_empty() {
            return Err(match entry.version {
                EntryVersion::V001 => Reason::PromiseMissing.into(),
                EntryVersion::V002 => {
                    Rejection::new(Reason::NoTrustedTime, "an entry of Rekor v2 tells no time, and there is no timestamp")
                }
            });
        }
        for trusted in &times {
            let ahead = trusted.time.duration_since(self.now);
            if ahead > CLOCK_TOLERANCE {
                return Err(Rejection::new(Reason::TimeInFuture, format!("{} is {} seconds ahead", trusted.time, ahead.as_secs())));
            }
        }
        Ok(times)
    }
}

/// The subject that a git payload is.
fn subject_of(Payload { kind, email }: Payload, bytes: &[u8]) -> Subject {
    let kind = match kind {
        PayloadKind::Commit => SubjectKind::Commit,
        PayloadKind::Tag => SubjectKind::Tag,
        PayloadKind::Push => SubjectKind::Push,
    };
    Subject { kind, digest: Sha256::digest(bytes).into(), email }
}

/// A signature whose own parts fit together; nobody trusted has vouched for it yet.
struct Checked<'a> {
    signature: GitSignature<'a>,
    certificate: SignerCertificate,
    /// The bytes that the signature is over: the SET OF signed attributes.
    signed_bytes: Vec<u8>,
    subject: Subject,
}

/// A way from a certificate to an authority of a trust root, its signatures checked.
struct Issued<'a> {
    root: &'a TrustRoot,
    path: IssuingPath<'a>,
    /// What the certificate lacks, or why its SCTs are not accepted.
    legacy: Result<Vec<OldCertificate>, Rejection>,
}

/// What a certificate of Fulcio's first months lacks. Beside a good log entry it is a legacy rule; without one it is why the signature
/// could not be checked.
#[derive(Debug, Clone, Copy)]
enum OldCertificate {
    /// The root issued it, not the intermediate.
    DirectlyFromRoot,
    /// It has no SCT.
    SctMissing,
}

impl OldCertificate {
    fn reason(self) -> Reason {
        match self {
            Self::DirectlyFromRoot => Reason::DirectlyFromRoot,
            Self::SctMissing => Reason::SctMissing,
        }
    }

    fn rule(self) -> LegacyRule {
        match self {
            Self::DirectlyFromRoot => LegacyRule::DirectlyFromRoot,
            Self::SctMissing => LegacyRule::SctMissing,
        }
    }
}

/// Evidence that a trust root accepts.
struct Evidence {
    entry: CheckedEntry,
    times: Vec<TrustedTime>,
}

/// The end of the pipeline, where certificate and evidence come together.
fn verify_issued(issued: &Issued<'_>, evidence: &Result<Evidence, Rejection>, checked: &Checked<'_>) -> Result<Verified, Rejection> {
    let certificate = checked.certificate.certificate();
    let lacks = issued.legacy.as_ref().map_err(Rejection::clone)?;
    let evidence = match evidence {
        // an old certificate's own story says more than the entry that all of its time lack
        Err(rejection) if rejection.reason() == Reason::EntryMissing => match lacks.first() {
            Some(lack) => return Err(Rejection::new(lack.reason(), format!("and no log entry is embedded; {LOOKUP_HINT}"))),
            None => return Err(rejection.clone()),
        },
        Err(rejection) => return Err(rejection.clone()),
        Ok(evidence) => evidence,
    };
    let CheckedEntry { entry, window, legacy: rules } = &evidence.entry;
    for trusted in &evidence.times {
        check_time(trusted.time, certificate, &issued.path, *window, &entry.origin)?;
    }
    let legacy_rules = lacks.iter().map(|lack| lack.rule()).chain(rules.iter().copied()).collect();
    let (instance, times) = (issued.root.instance.clone(), evidence.times.clone());
    let verification = Verification::new(instance, checked.certificate.clone(), times, entry.clone(), checked.subject.clone());
    Ok(Verified::new(verification.with_legacy_rules(legacy_rules)))
}

/// The first good result, or else the first rejection.
fn first_good<C, T>(candidates: Vec<C>, check: impl Fn(C) -> Result<T, Rejection>) -> Result<T, Rejection> {
    let mut first = None;
    for candidate in candidates {
        match check(candidate) {
            Ok(good) => return Ok(good),
            Err(rejection) => first = first.or(Some(rejection)),
        }
    }
    Err(first.unwrap_or_else(|| Reason::UnknownAuthority.into()))
}

/// The certificate that the one signer names, and the others of the bag. The bag's order is the sender's choice and means nothing.
fn signer_certificate(signed_data: &SignedData<'_>) -> Result<(Certificate, Vec<Certificate>), Rejection> {
    let [signer] = signed_data.signers.as_slice() else {
        return Err(Rejection::new(Reason::CmsSignerCount, format!("it has {}", signed_data.signers.len())));
    };
    if signed_data.certificates.is_empty() {
        return Err(Reason::CertificateMissing.into());
    }
    let SignerIdentifier::IssuerAndSerialNumber { issuer, serial } = signer.identifier else {
        return Err(Rejection::new(Reason::SignerCertificateMissing, "it is named by key identifier, not by issuer and serial number"));
    };
    let (mut found, mut others) = (None, Vec::new());
    for der in &signed_data.certificates {
        let certificate = Certificate::from_der(der)?;
        if certificate.issuer() != issuer || certificate.serial() != serial {
            others.push(certificate);
        } else if found.replace(certificate).is_some() {
            return Err(Reason::SignerCertificateAmbiguous.into());
        }
    }
    found.map(|signer| (signer, others)).ok_or_else(|| Reason::SignerCertificateMissing.into())
}

/// Checks digest and signature, and returns the bytes that the signature is over.
fn check_signature(signature: &GitSignature<'_>, certificate: &Certificate, payload_digest: &[u8; 32]) -> Result<Vec<u8>, Rejection> {
    let signer = &signature.signer;
    let algorithm = |detail: String| Rejection::new(Reason::CmsAlgorithm, detail);
    if HashAlgorithm::from_digest_algorithm(&signer.digest_algorithm) != Some(HashAlgorithm::Sha256) {
        return Err(algorithm(format!("digest {}", signer.digest_algorithm.oid)));
    }
    signer.check_signed_attributes(ID_DATA, payload_digest)?;
    let key = certificate.public_key();
    // "rsaEncryption" leaves the hash to digestAlgorithm (RFC 3370, section 3.2)
    let hash = match signer.signature_algorithm.oid {
        const_oid::db::rfc5912::RSA_ENCRYPTION => Some(HashAlgorithm::Sha256),
        _ => signature_hash(&signer.signature_algorithm, key.kind()),
    };
    if hash != Some(HashAlgorithm::Sha256) {
        return Err(algorithm(format!("signature {}", signer.signature_algorithm.oid)));
    }
    let signed_bytes = signer.signed_bytes()?;
    key.verify(HashAlgorithm::Sha256, &signed_bytes, signer.signature).map_err(|_| Reason::SignatureInvalid)?;
    Ok(signed_bytes)
}

/// Checks the certificate's SCTs, and returns what an old certificate lacks.
fn check_sct(root: &TrustRoot, certificate: &Certificate, path: &IssuingPath<'_>) -> Result<Vec<OldCertificate>, Rejection> {
    let mut lacks = Vec::new();
    if path.directly_from_root {
        lacks.push(OldCertificate::DirectlyFromRoot);
    }
    let scts = Sct::embedded(certificate)?;
    if scts.is_empty() {
        lacks.push(OldCertificate::SctMissing);
    }
    // each that is there has to fit: one that does not would be a lie that somebody signed
    for sct in &scts {
        let logs: Vec<_> = root.ct_logs(&sct.log_id).collect();
        let known = logs
            .first()
            .ok_or_else(|| Rejection::new(Reason::SctUnknownLog, format!("log {}; looked in {}", hex::encode(&sct.log_id), root.source)))?;
        let signed = sct.signed_bytes(certificate, path.issuer_spki())?;
        known.key.key.verify_again(sct.hash, &signed, &sct.signature).map_err(|_| Reason::SctInvalid)?;
        if !logs.iter().any(|log| log.window.contains(sct.time)) {
            return Err(Rejection::new(
                Reason::OutsideLogWindow,
                format!("the certificate's timestamp of {} and the CT log's {}", sct.time, known.window),
            ));
        }
    }
    Ok(lacks)
}

struct CheckedEntry {
    entry: LoggedEntry,
    window: Window,
    /// The legacy rules by which it counts; none for one that is embedded.
    legacy: Vec<LegacyRule>,
}

/// The entry that the signature embeds, and no other beside it; or else one of those that stand outside.
fn check_entry(root: &TrustRoot, checked: &Checked<'_>, detached: &Detached<'_>) -> Result<CheckedEntry, Rejection> {
    let signature = &checked.signature;
    let evidence = &signature.evidence;
    let Some(encoded) = evidence.entry else {
        let missing = if evidence.draft_entry { Reason::EntryDraftEncoding } else { Reason::EntryMissing };
        if detached.entries.is_empty() {
            return Err(Rejection::new(missing, LOOKUP_HINT));
        }
        let mut found = check_detached(root, checked, detached)?;
        if evidence.draft_entry {
            found.legacy.insert(0, LegacyRule::EntryDraftEncoding);
        }
        return Ok(found);
    };
    let entry = log::parse_entry(encoded)?;
    let certificate = checked.certificate.certificate();
    let expected = HashedRekord {
        digest: &Sha256::digest(&checked.signed_bytes).into(),
        signature: signature.signer.signature,
        certificate: certificate.der(),
        key_details: certificate.public_key().details(),
    };
    check_logged(root, &entry, &expected, Vec::new())
}

/// Entries that stand outside the signature, and the ids of the object that they may be about.
#[derive(Default)]
struct Detached<'a> {
    entries: &'a [DetachedEntry],
    ids: Vec<LoggedContent>,
}

/// The first entry that holds; or else why the first one does not that is about this object.
fn check_detached(root: &TrustRoot, checked: &Checked<'_>, detached: &Detached<'_>) -> Result<CheckedEntry, Rejection> {
    let certificate = checked.certificate.certificate();
    let mut subjects = detached.ids.clone();
    subjects.push(missing_entry::own_subject(&checked.signed_bytes, checked.signature.signer.signature));
    let mut refused: Option<Rejection> = None;
    for entry in detached.entries.iter().take(MAX_DETACHED) {
        let checked = entry
            .bind(&subjects, certificate)
            .and_then(|bound| check_logged(root, entry.entry(), &bound.record(certificate), bound.subject.rules.clone()));
        match checked {
            Ok(found) => return Ok(found),
            Err(rejection) if refused.as_ref().is_none_or(|first| first.reason() == Reason::EntryMismatch) => refused = Some(rejection),
            Err(_) => {}
        }
    }
    Err(refused.unwrap_or_else(|| Reason::EntryMissing.into()))
}

/// Checks an entry under the key of the log that it names.
fn check_logged(
    root: &TrustRoot,
    entry: &TransparencyLogEntry,
    expected: &HashedRekord<'_>,
    legacy: Vec<LegacyRule>,
) -> Result<CheckedEntry, Rejection> {
    let id = log::log_id(entry)?;
    let log = root
        .log(&id, log::stated_origin(entry))
        .ok_or_else(|| Rejection::new(Reason::LogUnknown, format!("log {}; looked in {}", hex::encode(&id), root.source)))?;
    Ok(CheckedEntry { entry: log::verify_entry(entry, expected, &log.key)?, window: log.window, legacy })
}

/// The time of a token that a trusted authority made over the signature.
fn verify_token(root: &TrustRoot, token: &[u8], signature: &[u8]) -> Result<Timestamp, Rejection> {
    let known = root.timestamp_authorities.iter().flat_map(|authority| authority.certificates());
    let token = TimestampToken::verify(token, signature, known)?;
    // a token is bound to the authority that made it: one authority's window says nothing about another's certificate
    let mut outside = None;
    for authority in &root.timestamp_authorities {
        let Some(path) = authority.path(&token.signer, &token.others)? else { continue };
        if !authority.window().contains(token.time) {
            outside = Some(Rejection::new(Reason::OutsideTimestampAuthorityWindow, format!("{} and {}", token.time, authority.window())));
            continue;
        }
        if !std::iter::once(&token.signer).chain(path).all(|certificate| certificate.is_valid_at(token.time)) {
            return Err(Rejection::new(
                Reason::OutsideTimestampAuthorityWindow,
                format!("a certificate of its chain was not valid at {}", token.time),
            ));
        }
        return Ok(token.time);
    }
    Err(outside.unwrap_or_else(|| Rejection::new(Reason::TimestampUnknownAuthority, format!("looked in {}", root.source))))
}

/// Checks the certificate, its whole chain, its authority and the log at one trusted time, without any tolerance.
fn check_time(time: Timestamp, certificate: &Certificate, path: &IssuingPath<'_>, log: Window, origin: &str) -> Result<(), Rejection> {
    for one in std::iter::once(certificate).chain(path.certificates.iter().copied()) {
        if !one.is_valid_at(time) {
            return Err(Rejection::new(
                Reason::OutsideCertificateWindow,
                format!("{time} and {} to {}", one.not_before(), one.not_after()),
            ));
        }
    }
    if !path.window.contains(time) {
        return Err(Rejection::new(Reason::OutsideAuthorityWindow, format!("{time} and {}", path.window)));
    }
    if !log.contains(time) {
        return Err(Rejection::new(Reason::OutsideLogWindow, format!("{time} and {origin}'s {log}")));
    }
    Ok(())
}
