//! A result as the file holds it. Reports on it are the same, word for word, as on the fresh result.

use crate::{
    certificate::{Certificate, SignerCertificate},
    evidence::{entry::EntryVersion, log::LoggedEntry},
    trust::Instance,
    verify::{Subject, SubjectKind, TimeSource, TrustedTime, Verification},
};
use jiff::Timestamp;
use prost::Message;

/// A verified signature.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    /// When it was verified. From then on, no trusted time of it lies in the future.
    #[prost(message, optional, tag = "1")]
    verified_at: Option<Time>,
    #[prost(string, tag = "2")]
    instance: String,
    /// The signer's certificate, DER.
    #[prost(bytes = "vec", tag = "3")]
    certificate: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    times: Vec<Trusted>,
    #[prost(message, optional, tag = "5")]
    entry: Option<Entry>,
    /// The kind of subject, as its place in `KINDS`; absent for bytes.
    #[prost(uint32, optional, tag = "6")]
    kind: Option<u32>,
    #[prost(string, optional, tag = "7")]
    email: Option<String>,
    #[prost(bytes = "vec", tag = "8")]
    payload_digest: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanoseconds: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Trusted {
    #[prost(message, optional, tag = "1")]
    time: Option<Time>,
    #[prost(bool, tag = "2")]
    by_timestamp_authority: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(bool, tag = "1")]
    is_v2: bool,
    #[prost(uint64, tag = "2")]
    log_index: u64,
    #[prost(message, optional, tag = "3")]
    integrated_time: Option<Time>,
    #[prost(string, tag = "4")]
    origin: String,
    #[prost(uint64, tag = "5")]
    tree_size: u64,
    #[prost(bytes = "vec", tag = "6")]
    leaf_hash: Vec<u8>,
}

const KINDS: [SubjectKind; 3] = [SubjectKind::Commit, SubjectKind::Tag, SubjectKind::Push];

impl Record {
    /// The record of a result; `None` for a legacy signature, since other settings and entries can change that result.
    pub(super) fn new(verification: &Verification, now: Timestamp) -> Option<Self> {
        if !verification.legacy_rules().is_empty() {
            return None;
        }
        let LoggedEntry { version, log_index, integrated_time, origin, tree_size, leaf_hash } = verification.entry();
        let Subject { kind, digest, email } = verification.subject();
        let trusted = |trusted: &TrustedTime| Trusted {
            time: Some(trusted.time.into()),
            by_timestamp_authority: trusted.source == TimeSource::TimestampAuthority,
        };
        Some(Self {
            verified_at: Some(now.into()),
            instance: verification.instance().as_str().to_owned(),
            certificate: verification.certificate().certificate().der().to_vec(),
            times: verification.times().iter().map(trusted).collect(),
            entry: Some(Entry {
                is_v2: *version == EntryVersion::V002,
                log_index: *log_index,
                integrated_time: integrated_time.map(Time::from),
                origin: origin.clone(),
                tree_size: *tree_size,
                leaf_hash: leaf_hash.to_vec(),
            }),
            kind: KINDS.iter().position(|known| known == kind).and_then(|place| u32::try_from(place).ok()),
            email: email.clone(),
            payload_digest: digest.to_vec(),
        })
    }

    /// Whether the result holds at this time. Validity periods are compared with times in the signature, so a verified signature stays
    /// verified. Only before it was verified, its times may have been in the future.
    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        self.verified_at.as_ref().and_then(Time::timestamp).is_some_and(|verified_at| verified_at <= now)
    }

    /// The result; `None` where a field does not hold what [`Record::new`] writes.
    pub(super) fn verification(&self) -> Option<Verification> {
        let entry = self.entry.as_ref()?;
        let integrated_time = match &entry.integrated_time {
            Some(time) => Some(time.timestamp()?),
            None => None,
        };
        let trusted = |trusted: &Trusted| {
            let source = if trusted.by_timestamp_authority { TimeSource::TimestampAuthority } else { TimeSource::Log };
            Some(TrustedTime { time: trusted.time.as_ref()?.timestamp()?, source })
        };
        let kind = match self.kind {
            Some(place) => *KINDS.get(usize::try_from(place).ok()?)?,
            None => SubjectKind::Bytes,
        };
        let entry = LoggedEntry {
            version: if entry.is_v2 { EntryVersion::V002 } else { EntryVersion::V001 },
            log_index: entry.log_index,
            integrated_time,
            origin: entry.origin.clone(),
            tree_size: entry.tree_size,
            leaf_hash: entry.leaf_hash.as_slice().try_into().ok()?,
        };
        let times = self.times.iter().map(trusted).collect::<Option<Vec<_>>>().filter(|times| !times.is_empty())?;
        let certificate = SignerCertificate::new(Certificate::from_der(&self.certificate).ok()?).ok()?;
        let subject = Subject { kind, digest: self.payload_digest.as_slice().try_into().ok()?, email: self.email.clone() };
        Some(Verification::new(Instance::named(&self.instance)?, certificate, times, entry, subject))
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self { seconds: time.as_second(), nanoseconds: time.subsec_nanosecond() }
    }
}

impl Time {
    fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::new(self.seconds, self.nanoseconds).ok()
    }
}
