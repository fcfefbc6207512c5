//! One result as it stands in the file: what verification found out about an object, so that it can be told again word for word.

use crate::{
    certificate::{Certificate, SignerCertificate},
    evidence::{entry::EntryVersion, log::LoggedEntry},
    object::{Payload, PayloadKind},
    trust::Instance,
    verify::{TimeSource, TrustedTime, Verified},
};
use jiff::Timestamp;
use prost::Message;

/// A verified signature.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    /// When it was verified: from then on nothing that it rests on lies in the future.
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
    /// The kind of payload; absent where only a digest was known.
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

const KINDS: [PayloadKind; 3] = [PayloadKind::Commit, PayloadKind::Tag, PayloadKind::Push];

impl Record {
    /// `None` for what is not kept: what needed a rule of old, which other settings and evidence can change.
    pub(super) fn new(verified: &Verified, now: Timestamp) -> Option<Self> {
        let Verified { instance, certificate, times, entry, payload, payload_digest, legacy } = verified;
        if !legacy.is_empty() {
            return None;
        }
        let LoggedEntry { version, log_index, integrated_time, origin, tree_size, leaf_hash } = entry;
        let trusted = |trusted: &TrustedTime| Trusted {
            time: Some(trusted.time.into()),
            by_timestamp_authority: trusted.source == TimeSource::TimestampAuthority,
        };
        let kind = |payload: &Payload| KINDS.iter().position(|kind| *kind == payload.kind).and_then(|kind| u32::try_from(kind).ok());
        Some(Self {
            verified_at: Some(now.into()),
            instance: instance.as_str().to_owned(),
            certificate: certificate.certificate().der().to_vec(),
            times: times.iter().map(trusted).collect(),
            entry: Some(Entry {
                is_v2: *version == EntryVersion::V002,
                log_index: *log_index,
                integrated_time: integrated_time.map(Time::from),
                origin: origin.clone(),
                tree_size: *tree_size,
                leaf_hash: leaf_hash.to_vec(),
            }),
            kind: payload.as_ref().and_then(kind),
            email: payload.as_ref().and_then(|payload| payload.email.clone()),
            payload_digest: payload_digest.to_vec(),
        })
    }

    /// Whether it holds at this time. Every window is compared with times that stand in the signature, so that passing time changes a
    /// verified signature in no way; only before it was verified, its times may have lain in the future.
    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        self.verified_at.as_ref().and_then(Time::timestamp).is_some_and(|verified_at| verified_at <= now)
    }

    /// The result; `None` where a field is not as it is written.
    pub(super) fn verified(&self) -> Option<Verified> {
        let entry = self.entry.as_ref()?;
        let integrated_time = match &entry.integrated_time {
            Some(time) => Some(time.timestamp()?),
            None => None,
        };
        let trusted = |trusted: &Trusted| {
            let source = if trusted.by_timestamp_authority { TimeSource::TimestampAuthority } else { TimeSource::Log };
            Some(TrustedTime { time: trusted.time.as_ref()?.timestamp()?, source })
        };
        let payload = match self.kind {
            Some(kind) => Some(Payload { kind: *KINDS.get(usize::try_from(kind).ok()?)?, email: self.email.clone() }),
            None => None,
        };
        Some(Verified {
            instance: Instance::named(&self.instance)?,
            certificate: SignerCertificate::new(Certificate::from_der(&self.certificate).ok()?).ok()?,
            times: self.times.iter().map(trusted).collect::<Option<Vec<_>>>().filter(|times| !times.is_empty())?,
            entry: LoggedEntry {
                version: if entry.is_v2 { EntryVersion::V002 } else { EntryVersion::V001 },
                log_index: entry.log_index,
                integrated_time,
                origin: entry.origin.clone(),
                tree_size: entry.tree_size,
                leaf_hash: entry.leaf_hash.as_slice().try_into().ok()?,
            },
            payload,
            payload_digest: self.payload_digest.as_slice().try_into().ok()?,
            legacy: Vec::new(),
        })
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
