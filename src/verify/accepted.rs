//! The last steps of verification: log entries, timestamps and trusted times. They are the same whoever signed.

use super::{
    CLOCK_TOLERANCE, TimeSource, TrustedTime, TrustedTimes,
    material::{BundledEntries, EmbeddedEntry, Entries, SignatureMaterial},
};
use crate::{
    LegacyRule, Reason, Rejection,
    certificate::{Certificate, PublicKey, Scheme},
    evidence::{
        detached::{DetachedEntry, LoggedContent, MAX_DETACHED},
        entry::{EntryVerifier, HashedRekord, TransparencyLogEntry},
        log::{self, BundledRecord, LogKey, LoggedEntry},
        timestamp::TimestampToken,
    },
    trust::{TrustRoot, Window, authority::IssuingPath},
    wording::{spoken_duration, spoken_time},
};
use jiff::Timestamp;

/// What to do where only the log entry is missing.
pub(super) const LOOKUP_HINT: &str = "`paraph verify --lookup` asks the log for it";

/// Log entries outside the signature, and what they may be about.
#[derive(Debug, Default)]
pub(super) struct Detached<'a> {
    pub entries: &'a [DetachedEntry],
    pub contents: &'a [LoggedContent],
}

/// Evidence that a trust root accepts. Every log, and the certificate with its chain, was valid at each of the times.
pub(super) struct AcceptedEvidence {
    /// At least one.
    pub entries: Vec<CheckedEntry>,
    pub times: TrustedTimes,
}

/// A log entry that holds.
pub(super) struct CheckedEntry {
    pub entry: LoggedEntry,
    pub window: Window,
    /// The legacy rules by which it counts; none for one that came with the signature.
    pub rules: Vec<LegacyRule>,
}

/// Who signed, as a log names it.
#[derive(Debug, Clone, Copy)]
pub(super) enum LoggedSigner<'a> {
    /// By a certificate, with its path to an authority.
    Certificate(&'a Certificate, &'a IssuingPath<'a>),
    /// By a key, with its DER SubjectPublicKeyInfo.
    Key(&'a PublicKey, &'a [u8]),
}

impl<'a> LoggedSigner<'a> {
    fn key(self) -> &'a PublicKey {
        match self {
            Self::Certificate(certificate, _) => certificate.public_key(),
            Self::Key(key, _) => key,
        }
    }

    fn verifier(self) -> EntryVerifier<'a> {
        match self {
            Self::Certificate(certificate, _) => EntryVerifier::Certificate(certificate.der()),
            Self::Key(_, spki) => EntryVerifier::PublicKey(spki),
        }
    }

    /// Checks that the certificate, its chain and its authority were valid at a trusted time. There is no tolerance. A key is valid as long as
    /// the caller trusts it.
    fn check_time(self, time: Timestamp) -> Result<(), Rejection> {
        let Self::Certificate(certificate, path) = self else { return Ok(()) };
        for one in std::iter::once(certificate).chain(path.certificates.iter().copied()) {
            if !one.is_valid_at(time) {
                return Err(Rejection::new(
                    Reason::OutsideCertificateWindow,
                    format!("{} and {} to {}", spoken_time(time), spoken_time(one.not_before()), spoken_time(one.not_after())),
                ));
            }
        }
        match path.window.contains(time) {
            true => Ok(()),
            false => Err(Rejection::new(Reason::OutsideAuthorityWindow, format!("{} and {}", spoken_time(time), path.window))),
        }
    }
}

/// A signature that verified in a scheme, and whose evidence is to be checked.
#[derive(Debug)]
pub(super) struct SignatureToLog<'a> {
    pub material: &'a SignatureMaterial<'a>,
    pub scheme: Scheme,
    pub signer: LoggedSigner<'a>,
    pub now: Timestamp,
}

impl SignatureToLog<'_> {
    /// What a trust root says of the evidence: its entries, its times, and that signer and logs were valid at each of the times.
    pub(super) fn check(&self, root: &TrustRoot, detached: &Detached<'_>) -> Result<AcceptedEvidence, Rejection> {
        let entries = match &self.material.entries {
            Entries::Embedded(embedded) => vec![self.check_embedded(root, *embedded, detached)?],
            Entries::Bundled(bundled) => self.check_bundled(root, bundled)?,
        };
        let times = self.trusted_times(root, &entries)?;
        for trusted in times.iter() {
            self.signer.check_time(trusted.time)?;
            entries.iter().try_for_each(|checked| checked.check_window(trusted.time))?;
        }
        Ok(AcceptedEvidence { entries, times })
    }

    /// Every entry of a bundle.
    fn check_bundled(&self, root: &TrustRoot, bundled: &BundledEntries<'_>) -> Result<Vec<CheckedEntry>, Rejection> {
        if bundled.entries.is_empty() {
            return Err(Rejection::new(Reason::EntryMissing, "the bundle has none"));
        }
        let digest = self.scheme.hash().and_then(|hash| Some((hash, self.material.signed.digest(hash)?)));
        let record = digest.as_ref().map(|(hash, digest)| HashedRekord {
            hash: *hash,
            digest,
            signature: self.material.signature,
            verifier: self.signer.verifier(),
            // a combination without a name is in no entry of Rekor v2
            key_details: self.scheme.details(self.signer.key()).unwrap_or("PUBLIC_KEY_DETAILS_UNSPECIFIED"),
        });
        let envelope = bundled.envelope.map(|envelope| envelope.logged(self.material.signature, self.signer.verifier()));
        let expected = BundledRecord { record, envelope, by_promise: bundled.by_promise };
        let check = |entry| check_logged(root, entry, Vec::new(), |log| log::verify_bundled_entry(entry, &expected, log));
        bundled.entries.iter().map(check).collect()
    }

    /// The embedded entry, and no other; or else the first detached one that holds.
    fn check_embedded(&self, root: &TrustRoot, embedded: EmbeddedEntry<'_>, detached: &Detached<'_>) -> Result<CheckedEntry, Rejection> {
        let missing = match embedded {
            EmbeddedEntry::Encoded(encoded) => {
                let hash = self.scheme.hash().unwrap_or(crate::certificate::HashAlgorithm::Sha256);
                let expected = HashedRekord {
                    hash,
                    digest: &self.material.signed.digest(hash).unwrap_or_default(),
                    signature: self.material.signature,
                    verifier: self.signer.verifier(),
                    key_details: self.signer.key().details(),
                };
                let entry = log::parse_entry(encoded)?;
                return check_logged(root, &entry, Vec::new(), |log| log::verify_entry(&entry, &expected, log));
            }
            EmbeddedEntry::InDraftEncoding => Reason::EntryDraftEncoding,
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
        let LoggedSigner::Certificate(certificate, _) = self.signer else { return Err(Reason::EntryMissing.into()) };
        let mut refused: Option<Rejection> = None;
        for entry in detached.entries.iter().take(MAX_DETACHED) {
            let checked = entry.bind(detached.contents, certificate).and_then(|bound| {
                let rules = bound.content.rules.clone();
                check_logged(root, entry.entry(), rules, |log| log::verify_entry(entry.entry(), &bound.record(certificate), log))
            });
            match checked {
                Ok(found) => return Ok(found),
                Err(rejection) if refused.as_ref().is_none_or(|first| first.reason() == Reason::EntryMismatch) => refused = Some(rejection),
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or_else(|| Reason::EntryMissing.into()))
    }

    /// The times in the signed entry timestamps and those of the timestamp tokens.
    fn trusted_times(&self, root: &TrustRoot, entries: &[CheckedEntry]) -> Result<TrustedTimes, Rejection> {
        let integrated = entries.iter().filter_map(|checked| checked.entry.integrated_time);
        let mut times: Vec<_> = integrated.map(|time| TrustedTime { time, source: TimeSource::Log }).collect();
        for token in &self.material.timestamps {
            let time = verify_token(root, token, self.material.signature)?;
            times.push(TrustedTime { time, source: TimeSource::TimestampAuthority });
        }
        let Some(times) = TrustedTimes::new(times) else {
            let detail = match &self.material.entries {
                Entries::Embedded(_) => "an entry of Rekor v2 has no time, and there is no timestamp",
                Entries::Bundled(_) => "no log entry of the bundle has a signed time, and there is no timestamp",
            };
            return Err(Rejection::new(Reason::NoTrustedTime, detail));
        };
        for trusted in times.iter() {
            let ahead = trusted.time.duration_since(self.now);
            if ahead > CLOCK_TOLERANCE {
                return Err(Rejection::new(
                    Reason::TimeInFuture,
                    format!("{} is {} ahead", spoken_time(trusted.time), spoken_duration(ahead.unsigned_abs())),
                ));
            }
        }
        Ok(times)
    }
}

impl CheckedEntry {
    /// Checks that the log was trusted at a time. There is no tolerance.
    fn check_window(&self, time: Timestamp) -> Result<(), Rejection> {
        match self.window.contains(time) {
            true => Ok(()),
            false => {
                Err(Rejection::new(Reason::OutsideLogWindow, format!("{} and {}'s {}", spoken_time(time), self.entry.origin, self.window)))
            }
        }
    }
}

/// Checks an entry under the key of the log that it names.
fn check_logged(
    root: &TrustRoot,
    entry: &TransparencyLogEntry,
    rules: Vec<LegacyRule>,
    verify: impl Fn(&LogKey) -> Result<LoggedEntry, Rejection>,
) -> Result<CheckedEntry, Rejection> {
    let id = log::log_id(entry)?;
    let log = root
        .log(&id, log::stated_origin(entry))
        .ok_or_else(|| Rejection::new(Reason::LogUnknown, format!("log {}; checked with {}", hex::encode(id), root.keys())))?;
    Ok(CheckedEntry { entry: verify(&log.key)?, window: log.window, rules })
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
            outside = Some(Rejection::new(
                Reason::OutsideTimestampAuthorityWindow,
                format!("{} and {}", spoken_time(token.time), authority.window()),
            ));
            continue;
        }
        if !std::iter::once(&token.signer).chain(path).all(|certificate| certificate.is_valid_at(token.time)) {
            return Err(Rejection::new(
                Reason::OutsideTimestampAuthorityWindow,
                format!("a certificate of its chain was not valid at {}", spoken_time(token.time)),
            ));
        }
        return Ok(token.time);
    }
    Err(outside.unwrap_or_else(|| Rejection::new(Reason::TimestampUnknownAuthority, format!("checked with {}", root.keys()))))
}
