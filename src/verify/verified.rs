//! What verification returns.

use super::Subject;
use crate::{
    LegacyRule,
    certificate::{Identity, SignerCertificate},
    evidence::log::LoggedEntry,
    trust::Instance,
};
use jiff::Timestamp;
use std::ops::Deref;

/// A signature that passed every check. Only the pipeline makes one. Whether its identity may sign, `policy` decides.
#[derive(Debug, Clone)]
pub struct Verified(Verification);

impl Verified {
    pub(super) fn new(verification: Verification) -> Self {
        Self(verification)
    }
}

impl Deref for Verified {
    type Target = Verification;

    fn deref(&self) -> &Verification {
        &self.0
    }
}

impl From<Verified> for Verification {
    fn from(verified: Verified) -> Self {
        verified.0
    }
}

/// What is known of a verified signature, whether the pipeline found it now ([`Verified`]) or in an earlier run (a verdict cache). Policy and
/// reports work on this.
#[derive(Debug, Clone)]
pub struct Verification {
    instance: Instance,
    certificate: SignerCertificate,
    /// The certificate's whole chain was checked at each.
    times: TrustedTimes,
    entry: LoggedEntry,
    /// A bundle may hold more than one.
    further_entries: Vec<LoggedEntry>,
    subject: Subject,
    legacy_rules: Vec<LegacyRule>,
}

impl Verification {
    /// A verification that needed no legacy rule.
    pub(super) fn new(
        instance: Instance,
        certificate: SignerCertificate,
        times: TrustedTimes,
        entry: LoggedEntry,
        subject: Subject,
    ) -> Self {
        Self { instance, certificate, times, entry, further_entries: Vec::new(), subject, legacy_rules: Vec::new() }
    }

    /// What the pipeline found in an earlier run, for the verdict cache only: it stored a [`Verified`], and checks its record against
    /// damage.
    #[cfg(feature = "cli")]
    pub(crate) fn restore_cached(
        instance: Instance,
        certificate: SignerCertificate,
        times: TrustedTimes,
        entry: LoggedEntry,
        subject: Subject,
    ) -> Self {
        Self::new(instance, certificate, times, entry, subject)
    }

    pub(super) fn with_legacy_rules(self, legacy_rules: Vec<LegacyRule>) -> Self {
        Self { legacy_rules, ..self }
    }

    pub(super) fn with_further_entries(self, further_entries: Vec<LoggedEntry>) -> Self {
        Self { further_entries, ..self }
    }

    /// The instance whose trust root vouches for the signature.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The signer's certificate.
    pub fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// The identity that the certificate names.
    pub fn identity(&self) -> &Identity {
        self.certificate.identity()
    }

    /// The trusted times, at least one. The certificate's whole chain was valid at each.
    pub fn times(&self) -> &[TrustedTime] {
        &self.times.all
    }

    /// The first of the trusted times: the signature existed by then.
    pub fn time(&self) -> Timestamp {
        self.times.first
    }

    /// The log entry; the first one of a bundle that holds several.
    pub fn entry(&self) -> &LoggedEntry {
        &self.entry
    }

    /// All log entries, at least one.
    pub fn entries(&self) -> impl Iterator<Item = &LoggedEntry> {
        std::iter::once(&self.entry).chain(&self.further_entries)
    }

    /// What was signed.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The legacy rules that the signature needed, in the order of the pipeline. A current signature needs none.
    pub fn legacy_rules(&self) -> &[LegacyRule] {
        &self.legacy_rules
    }
}

/// A bundle whose signature a key made that the caller trusts, with evidence that passed every check. Only the pipeline makes one. It has no
/// certificate and no identity, and is not a [`Verified`]: who holds the key, the caller has to know.
#[derive(Debug, Clone)]
pub struct VerifiedByKey {
    pub(super) instance: Instance,
    pub(super) key: [u8; 32],
    pub(super) times: TrustedTimes,
    pub(super) entries: Vec<LoggedEntry>,
    pub(super) subject: Subject,
}

impl VerifiedByKey {
    /// The instance whose trust root vouches for the evidence.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub fn key_fingerprint(&self) -> [u8; 32] {
        self.key
    }

    /// The trusted times, at least one.
    pub fn times(&self) -> &[TrustedTime] {
        &self.times.all
    }

    /// The first of the trusted times: the signature existed by then.
    pub fn time(&self) -> Timestamp {
        self.times.first
    }

    /// The log entries, at least one.
    pub fn entries(&self) -> &[LoggedEntry] {
        &self.entries
    }

    /// What was signed.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// Trusted times, at least one.
#[derive(Debug, Clone)]
pub(crate) struct TrustedTimes {
    first: Timestamp,
    all: Vec<TrustedTime>,
}

impl TrustedTimes {
    /// These times; `None` if there are none.
    pub(crate) fn new(all: Vec<TrustedTime>) -> Option<Self> {
        let first = all.iter().map(|trusted| trusted.time).min()?;
        Some(Self { first, all })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &TrustedTime> {
        self.all.iter()
    }
}

/// A time that somebody trusted vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedTime {
    /// The time.
    pub time: Timestamp,
    /// Who vouches for it.
    pub source: TimeSource,
}

/// Who vouches for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// The log, in its signed entry timestamp (Rekor v1).
    Log,
    /// A timestamp authority.
    TimestampAuthority,
}

impl TimeSource {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::TimestampAuthority => "timestamp-authority",
        }
    }
}
