//! A result as the file holds it. Reports on it are the same, word for word, as on the fresh result.

use crate::{
    certificate::{Certificate, SignerCertificate},
    evidence::{
        entry::{EntryKind, EntryVersion},
        log::LoggedEntry,
    },
    trust::Instance,
    verify::{Subject, SubjectKind, TimeSource, TrustedTime, TrustedTimes, Verification},
};
use jiff::Timestamp;
use prost::Message;

/// A verified signature.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VerificationRecord {
    /// When it was verified. From then on, no trusted time of it lies in the future.
    #[prost(message, optional, tag = "1")]
    verified_at: Option<TimeRecord>,
    #[prost(string, tag = "2")]
    instance: String,
    /// The signer's certificate, DER.
    #[prost(bytes = "vec", tag = "3")]
    certificate: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    times: Vec<TrustedTimeRecord>,
    #[prost(message, optional, tag = "5")]
    entry: Option<LogEntryRecord>,
    /// The kind of subject: 0 for a commit, 1 for a tag, 2 for a push certificate.
    #[prost(uint32, optional, tag = "6")]
    kind: Option<u32>,
    #[prost(string, optional, tag = "7")]
    email: Option<String>,
    #[prost(bytes = "vec", tag = "8")]
    payload_digest: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct TimeRecord {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanoseconds: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct TrustedTimeRecord {
    #[prost(message, optional, tag = "1")]
    time: Option<TimeRecord>,
    #[prost(bool, tag = "2")]
    by_timestamp_authority: bool,
}

#[derive(Clone, PartialEq, Message)]
struct LogEntryRecord {
    #[prost(bool, tag = "1")]
    is_v2: bool,
    #[prost(uint64, tag = "2")]
    log_index: u64,
    #[prost(message, optional, tag = "3")]
    integrated_time: Option<TimeRecord>,
    #[prost(string, tag = "4")]
    origin: String,
    #[prost(uint64, tag = "5")]
    tree_size: u64,
    #[prost(bytes = "vec", tag = "6")]
    leaf_hash: Vec<u8>,
}

impl VerificationRecord {
    /// The record of a result; `None` for a legacy signature, since other settings and entries can change that result, and for a subject
    /// that is not a git object.
    pub(super) fn new(verification: &Verification, now: Timestamp) -> Option<Self> {
        if !verification.legacy_rules().is_empty() {
            return None;
        }
        let LoggedEntry { kind: entry_kind, log_index, integrated_time, origin, tree_size, leaf_hash } = verification.entry();
        let Subject { kind, digest, email } = verification.subject();
        let kind = match kind {
            SubjectKind::Commit => 0,
            SubjectKind::Tag => 1,
            SubjectKind::Push => 2,
            // the cache finds a record by a git object's id, which these do not have
            SubjectKind::Bytes | SubjectKind::File | SubjectKind::Attestation | SubjectKind::Release => return None,
        };
        let trusted = |trusted: &TrustedTime| TrustedTimeRecord {
            time: Some(trusted.time.into()),
            by_timestamp_authority: trusted.source == TimeSource::TimestampAuthority,
        };
        Some(Self {
            verified_at: Some(now.into()),
            instance: verification.instance().as_str().to_owned(),
            certificate: verification.certificate().certificate().der().to_vec(),
            times: verification.times().iter().map(trusted).collect(),
            entry: Some(LogEntryRecord {
                is_v2: *entry_kind == EntryKind::HashedRekord(EntryVersion::V002),
                log_index: *log_index,
                integrated_time: integrated_time.map(TimeRecord::from),
                origin: origin.clone(),
                tree_size: *tree_size,
                leaf_hash: leaf_hash.to_vec(),
            }),
            kind: Some(kind),
            email: email.clone(),
            payload_digest: digest.to_vec(),
        })
    }

    /// Whether the result holds at this time. Validity periods are compared with times in the signature, so a verified signature stays
    /// verified. Only before it was verified, its times may have been in the future.
    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        self.verified_at.as_ref().and_then(TimeRecord::timestamp).is_some_and(|verified_at| verified_at <= now)
    }

    /// The result; `None` where a field does not hold what [`VerificationRecord::new`] writes.
    pub(super) fn verification(&self) -> Option<Verification> {
        let entry = self.entry.as_ref()?;
        let integrated_time = match &entry.integrated_time {
            Some(time) => Some(time.timestamp()?),
            None => None,
        };
        let trusted = |trusted: &TrustedTimeRecord| {
            let source = if trusted.by_timestamp_authority { TimeSource::TimestampAuthority } else { TimeSource::Log };
            Some(TrustedTime { time: trusted.time.as_ref()?.timestamp()?, source })
        };
        let kind = match self.kind? {
            0 => SubjectKind::Commit,
            1 => SubjectKind::Tag,
            2 => SubjectKind::Push,
            _ => return None,
        };
        let entry = LoggedEntry {
            kind: EntryKind::HashedRekord(if entry.is_v2 { EntryVersion::V002 } else { EntryVersion::V001 }),
            log_index: entry.log_index,
            integrated_time,
            origin: entry.origin.clone(),
            tree_size: entry.tree_size,
            leaf_hash: entry.leaf_hash.as_slice().try_into().ok()?,
        };
        let times = TrustedTimes::new(self.times.iter().map(trusted).collect::<Option<Vec<_>>>()?)?;
        let certificate = SignerCertificate::new(Certificate::from_der(&self.certificate).ok()?).ok()?;
        let subject = Subject { kind, digest: self.payload_digest.as_slice().try_into().ok()?, email: self.email.clone() };
        Some(Verification::restore_cached(Instance::named(&self.instance)?, certificate, times, entry, subject))
    }
}

impl From<Timestamp> for TimeRecord {
    fn from(time: Timestamp) -> Self {
        Self { seconds: time.as_second(), nanoseconds: time.subsec_nanosecond() }
    }
}

impl TimeRecord {
    fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::new(self.seconds, self.nanoseconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        object::{Commit, ObjectFormat},
        signature::armor,
        trust::TrustRoot,
        verify::Verifier,
    };
    use std::path::Path;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn vectors(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)).unwrap()
    }

    fn verifier() -> Verifier {
        let root = TrustRoot::from_json(&vectors("trusted_root.json"), Instance::named("vectors").unwrap(), "vectors").unwrap();
        Verifier::new(vec![root], NOW)
    }

    #[test]
    fn each_kind_of_git_object_is_restored_as_itself() {
        let commit = verifier().verify_commit(&vectors("v1_ok/commit"), ObjectFormat::Sha1).unwrap();
        let tag = verifier().verify_tag(&vectors("tag_v1_ok/tag"), ObjectFormat::Sha1, None).unwrap();
        let push = verifier().verify_push_certificate(&vectors("push_v1_ok/push")).unwrap();
        for (verified, kind) in [(commit, SubjectKind::Commit), (tag, SubjectKind::Tag), (push, SubjectKind::Push)] {
            let restored = VerificationRecord::new(&verified, NOW).unwrap().verification().unwrap();
            assert_eq!(restored.subject(), verified.subject());
            assert_eq!(restored.subject().kind, kind);
        }
    }

    #[test]
    fn a_kind_that_is_missing_or_unknown_is_refused() {
        let verified = verifier().verify_commit(&vectors("v1_ok/commit"), ObjectFormat::Sha1).unwrap();
        let record = VerificationRecord::new(&verified, NOW).unwrap();
        for kind in [None, Some(3), Some(u32::MAX)] {
            assert!(VerificationRecord { kind, ..record.clone() }.verification().is_none(), "{kind:?}");
        }
    }

    #[test]
    fn bytes_without_an_object_id_are_not_stored() {
        let object = vectors("v1_ok/commit");
        let signed = Commit::parse(&object, ObjectFormat::Sha1).unwrap().signed;
        let verified = verifier().verify_cms(&armor::decode(&signed.signature).unwrap(), &signed.payload).unwrap();
        assert_eq!(verified.subject().kind, SubjectKind::Bytes);
        assert!(VerificationRecord::new(&verified, NOW).is_none());
    }
}
