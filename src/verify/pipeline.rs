//! The steps of verification, in order. See the [module](super).

use super::{
    CLOCK_TOLERANCE, TimeSource, TrustedTime, Verification, Verified, Verifier, lookup,
    material::{EmbeddedEntry, SignatureMaterial},
};
use crate::{
    LegacyRule, Reason, Rejection,
    certificate::{Certificate, HashAlgorithm, Sct, SignerCertificate},
    evidence::{
        detached::{DetachedEntry, LoggedContent, MAX_DETACHED},
        entry::{HashedRekord, TransparencyLogEntry},
        log::{self, LoggedEntry},
        timestamp::TimestampToken,
    },
    trust::{TrustRoot, Window, authority::IssuingPath},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What to do where only the log entry is missing.
const LOOKUP_HINT: &str = "`paraph verify --lookup` asks the log for it";

impl Verifier {
    /// Checks everything that needs no log entry: signature, certificate, path and SCTs.
    pub(super) fn check_material<'a>(&'a self, material: SignatureMaterial<'a>) -> Result<CheckedMaterial<'a>, Rejection> {
        let key = material.certificate.public_key();
        key.verify(HashAlgorithm::Sha256, &material.signed_bytes, material.signature).map_err(|_| Reason::SignatureInvalid)?;
        let certificate = SignerCertificate::new(Arc::clone(&material.certificate))?;
        let issued = self.issued(&material.certificate, material.others.iter().copied())?;
        Ok(CheckedMaterial { verifier: self, material, certificate, issued })
    }

    /// Checks a certificate before anything is signed with it: profile, path and SCTs. `others` are the certificates that came with it.
    ///
    /// # Errors
    /// Why the certificate is not accepted.
    #[doc(hidden)]
    pub fn check_certificate(&self, leaf: &[u8], others: &[Vec<u8>]) -> Result<SignerCertificate, Rejection> {
        let certificate = SignerCertificate::new(Certificate::from_der(leaf)?)?;
        let others = others.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        first_good(self.issued(certificate.certificate(), &others)?, |issued| match issued.lacks?.first() {
            Some(lack) => Err(lack.reason().into()),
            None => Ok(certificate.clone()),
        })
    }

    /// The paths from the certificate to authorities of the trust roots; at least one.
    fn issued<'a>(
        &'a self,
        leaf: &Certificate,
        others: impl IntoIterator<Item = &'a Certificate> + Clone,
    ) -> Result<Vec<Issued<'a>>, Rejection> {
        let (mut issued, mut refused) = (Vec::new(), None);
        for root in self.roots.iter() {
            for authority in &root.authorities {
                match authority.path(leaf, others.clone()) {
                    Ok(Some(path)) => issued.push(Issued { root, lacks: check_sct(root, leaf, &path), path }),
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

    /// The roots in use, and what to do if something is not in them.
    fn known_roots(&self) -> String {
        let keys: Vec<String> = self.roots.iter().map(TrustRoot::keys).collect();
        match keys.is_empty() {
            true => "no trust root is configured".into(),
            false => format!("checked with {}; `paraph trust update` fetches newer ones", keys.join(" and ")),
        }
    }
}

/// A signature that fits its certificate, which comes from authorities of the trust roots. What is left to check is the evidence.
#[derive(Debug)]
pub(super) struct CheckedMaterial<'a> {
    verifier: &'a Verifier,
    material: SignatureMaterial<'a>,
    certificate: SignerCertificate,
    issued: Vec<Issued<'a>>,
}

/// Log entries outside the signature, and what they may be about.
#[derive(Debug, Default)]
pub(super) struct Detached<'a> {
    pub entries: &'a [DetachedEntry],
    pub contents: &'a [LoggedContent],
}

impl CheckedMaterial<'_> {
    /// The signer's certificate.
    pub(super) fn certificate(&self) -> &Certificate {
        &self.material.certificate
    }

    /// The signature as a log entry outside it would name it.
    pub(super) fn logged_signature(&self) -> LoggedContent {
        lookup::logged_signature(&self.material.signed_bytes, self.material.signature)
    }

    /// Whether verification without detached entries fails for the log entry alone: none is embedded, and the SCTs are accepted.
    pub(super) fn lacks_entry(&self) -> bool {
        !matches!(self.material.entry, EmbeddedEntry::Encoded(_)) && self.issued.first().is_some_and(|issued| issued.lacks.is_ok())
    }

    /// The last steps: log entry, timestamps and trusted times.
    pub(super) fn verify(&self, detached: &Detached<'_>) -> Result<Verified, Rejection> {
        // a root may name one authority several times, each with its own validity period: one of them must fit
        first_good(&self.issued, |issued| self.verify_issued(issued, detached))
    }

    /// What a trust root says of the evidence. Who issued the certificate does not matter here.
    fn check_evidence(&self, root: &TrustRoot, detached: &Detached<'_>) -> Result<Evidence, Rejection> {
        let entry = self.check_entry(root, detached)?;
        let times = self.trusted_times(root, &entry.entry)?;
        Ok(Evidence { entry, times })
    }

    /// Certificate and evidence together.
    fn verify_issued(&self, issued: &Issued<'_>, detached: &Detached<'_>) -> Result<Verified, Rejection> {
        let lacks = issued.lacks.as_ref().map_err(Rejection::clone)?;
        let evidence = self.check_evidence(issued.root, detached).map_err(|rejection| match lacks.first() {
            // what an old certificate lacks says more than the entry that all signatures of its time lack
            Some(lack) if rejection.reason() == Reason::EntryMissing => {
                Rejection::new(lack.reason(), format!("and no log entry is embedded; {LOOKUP_HINT}"))
            }
            _ => rejection,
        })?;
        let Evidence { entry: CheckedEntry { entry, window, rules }, times } = evidence;
        for trusted in &times {
            check_time(trusted.time, &self.material.certificate, &issued.path, window, &entry.origin)?;
        }
        let legacy_rules = lacks.iter().map(|lack| lack.rule()).chain(rules).collect();
        let (instance, subject) = (issued.root.instance.clone(), self.material.subject.clone());
        let verification = Verification::new(instance, self.certificate.clone(), times, entry, subject);
        Ok(Verified::new(verification.with_legacy_rules(legacy_rules)))
    }

    /// The embedded entry, and no other; or else the first detached one that holds.
    fn check_entry(&self, root: &TrustRoot, detached: &Detached<'_>) -> Result<CheckedEntry, Rejection> {
        let missing = match self.material.entry {
            EmbeddedEntry::Encoded(encoded) => {
                let certificate = &self.material.certificate;
                let expected = HashedRekord {
                    digest: &Sha256::digest(&self.material.signed_bytes).into(),
                    signature: self.material.signature,
                    certificate: certificate.der(),
                    key_details: certificate.public_key().details(),
                };
                return check_logged(root, &log::parse_entry(encoded)?, &expected, Vec::new());
            }
            EmbeddedEntry::Draft => Reason::EntryDraftEncoding,
            EmbeddedEntry::Missing => Reason::EntryMissing,
        };
        if detached.entries.is_empty() {
            return Err(Rejection::new(missing, LOOKUP_HINT));
        }
        let mut found = self.check_detached(root, detached)?;
        if missing == Reason::EntryDraftEncoding {
            found.rules.insert(0, LegacyRule::EntryDraftEncoding);
        }
        Ok(found)
    }

    /// The first detached entry that holds; or else why the first one does not that is about this signature.
    fn check_detached(&self, root: &TrustRoot, detached: &Detached<'_>) -> Result<CheckedEntry, Rejection> {
        let certificate = &self.material.certificate;
        let mut refused: Option<Rejection> = None;
        for entry in detached.entries.iter().take(MAX_DETACHED) {
            let checked = entry
                .bind(detached.contents, certificate)
                .and_then(|bound| check_logged(root, entry.entry(), &bound.record(certificate), bound.content.rules.clone()));
            match checked {
                Ok(found) => return Ok(found),
                Err(rejection) if refused.as_ref().is_none_or(|first| first.reason() == Reason::EntryMismatch) => refused = Some(rejection),
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or_else(|| Reason::EntryMissing.into()))
    }

    /// The time in the signed entry timestamp and those of the timestamp tokens; at least one.
    fn trusted_times(&self, root: &TrustRoot, entry: &LoggedEntry) -> Result<Vec<TrustedTime>, Rejection> {
        let mut times = Vec::new();
        times.extend(entry.integrated_time.map(|time| TrustedTime { time, source: TimeSource::Log }));
        for token in self.material.timestamps {
            let time = verify_token(root, token, self.material.signature)?;
            times.push(TrustedTime { time, source: TimeSource::TimestampAuthority });
        }
        if times.is_empty() {
            return Err(Rejection::new(Reason::NoTrustedTime, "an entry of Rekor v2 has no time, and there is no timestamp"));
        }
        for trusted in &times {
            let ahead = trusted.time.duration_since(self.verifier.now);
            if ahead > CLOCK_TOLERANCE {
                return Err(Rejection::new(
                    Reason::TimeInFuture,
                    format!("{} is {} ahead", trusted.time, spoken(ahead.as_secs().unsigned_abs())),
                ));
            }
        }
        Ok(times)
    }
}

/// A path from a certificate to an authority of a trust root, its signatures checked.
#[derive(Debug)]
struct Issued<'a> {
    root: &'a TrustRoot,
    path: IssuingPath<'a>,
    /// What the certificate lacks, or why its SCTs are not accepted.
    lacks: Result<Vec<OldCertificate>, Rejection>,
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

struct CheckedEntry {
    entry: LoggedEntry,
    window: Window,
    /// The legacy rules by which it counts; none for one that is embedded.
    rules: Vec<LegacyRule>,
}

/// A number of seconds as people say it: `45 s`, `5 min 1 s`, `23 h 55 min`, `2523 days`.
pub(crate) fn spoken(seconds: u64) -> String {
    let parts = |first: u64, unit: &str, second: u64, part: &str| match second {
        0 => format!("{first} {unit}"),
        second => format!("{first} {unit} {second} {part}"),
    };
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => parts(seconds / 60, "min", seconds % 60, "s"),
        3600..172_800 => parts(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The first good result, or else the first rejection.
fn first_good<C, T>(candidates: impl IntoIterator<Item = C>, check: impl Fn(C) -> Result<T, Rejection>) -> Result<T, Rejection> {
    let mut first = None;
    for candidate in candidates {
        match check(candidate) {
            Ok(good) => return Ok(good),
            Err(rejection) => first = first.or(Some(rejection)),
        }
    }
    Err(first.unwrap_or_else(|| Reason::UnknownAuthority.into()))
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
    // all of them must verify
    for sct in &scts {
        let logs: Vec<_> = root.ct_logs(&sct.log_id).collect();
        let known = logs.first().ok_or_else(|| {
            Rejection::new(Reason::SctUnknownLog, format!("log {}; checked with {}", hex::encode(sct.log_id), root.keys()))
        })?;
        let signed = sct.signed_bytes(certificate, path.issuer_spki())?;
        known.key.key.verify_cached(sct.hash, &signed, &sct.signature).map_err(|_| Reason::SctInvalid)?;
        if !logs.iter().any(|log| log.window.contains(sct.time)) {
            return Err(Rejection::new(
                Reason::OutsideLogWindow,
                format!("the certificate's timestamp of {} and the CT log's {}", sct.time, known.window),
            ));
        }
    }
    Ok(lacks)
}

/// Checks an entry under the key of the log that it names.
fn check_logged(
    root: &TrustRoot,
    entry: &TransparencyLogEntry,
    expected: &HashedRekord<'_>,
    rules: Vec<LegacyRule>,
) -> Result<CheckedEntry, Rejection> {
    let id = log::log_id(entry)?;
    let log = root
        .log(&id, log::stated_origin(entry))
        .ok_or_else(|| Rejection::new(Reason::LogUnknown, format!("log {}; checked with {}", hex::encode(id), root.keys())))?;
    Ok(CheckedEntry { entry: log::verify_entry(entry, expected, &log.key)?, window: log.window, rules })
}

/// The time in a timestamp token over the signature, by a trusted authority.
fn verify_token(root: &TrustRoot, token: &[u8], signature: &[u8]) -> Result<Timestamp, Rejection> {
    let known = root.timestamp_authorities.iter().flat_map(|authority| authority.certificates());
    let token = TimestampToken::verify(token, signature, known)?;
    // a token belongs to the authority that made it: another authority's validity period does not count
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
    Err(outside.unwrap_or_else(|| Rejection::new(Reason::TimestampUnknownAuthority, format!("checked with {}", root.keys()))))
}

/// Checks that the certificate, its chain, its authority and the log were valid at a trusted time. There is no tolerance.
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
