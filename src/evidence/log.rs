//! The checks of a transparency log entry: it is about this signature, and its signed entry timestamp (SET), inclusion proof and checkpoint
//! verify.
//!
//! Nothing here uses the network. `verify` checks whether the log was trusted at the entry's time.

#[cfg(feature = "cli")]
mod included;

#[cfg(feature = "cli")]
pub(crate) use included::{IncludedEntry, verify_included};

use super::{
    checkpoint::Checkpoint,
    entry::{EntryKind, EntryVersion, HashedRekord, InclusionProof, TransparencyLogEntry},
    envelope::LoggedEnvelope,
};
use crate::{
    Reason, Rejection,
    certificate::{HashAlgorithm, PublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use prost::Message;
use sigstore_merkle::{hash_leaf, verify_inclusion_proof};
use sigstore_types::Sha256Hash;

/// An encoded entry larger than this is not read, in bytes.
pub const MAX_ENTRY: usize = 256 * 1024;
/// Hashes in an inclusion proof, at most: a tree of 2^64 leaves has no longer path.
pub const MAX_PROOF: usize = 64;

/// A log's key, as a trust root names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The key.
    pub key: PublicKey,
    /// Rekor v1: SHA-256 of the SPKI. Rekor v2: the C2SP key id.
    pub id: [u8; 32],
    /// The origin that the log's checkpoints must bear; `None` where the trust root does not say. It is known for Rekor v2, whose
    /// origin is the host name of its base URL.
    pub origin: Option<String>,
}

/// What a checked entry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEntry {
    /// The kind and version of the canonical body that the proof is for.
    pub kind: EntryKind,
    /// The global index.
    pub log_index: u64,
    /// When the log integrated the entry, where the signed entry timestamp authenticates it.
    pub integrated_time: Option<Timestamp>,
    /// The origin of the checkpoint; the log's id where there is none.
    pub origin: String,
    /// The size of the tree under the checkpoint; 0 where the log only promised to include the entry, as in the oldest bundles.
    pub tree_size: u64,
    /// The RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
}

/// Reads an encoded entry.
///
/// # Errors
/// [`Reason::EntryMalformed`].
pub fn parse_entry(encoded: &[u8]) -> Result<TransparencyLogEntry, Rejection> {
    if encoded.len() > MAX_ENTRY {
        return Err(malformed(&format!("{} bytes; at most {MAX_ENTRY} are read", encoded.len())));
    }
    TransparencyLogEntry::decode(encoded).map_err(|error| malformed(&error.to_string()))
}

/// The id of the log that the entry names: 32 bytes.
///
/// # Errors
/// [`Reason::EntryMalformed`].
pub fn log_id(entry: &TransparencyLogEntry) -> Result<[u8; 32], Rejection> {
    let id = entry.log_id.as_ref().map(|id| id.key_id.as_slice()).unwrap_or_default();
    id.try_into().map_err(|_| malformed("its log id does not have 32 bytes"))
}

/// The first line of the entry's checkpoint: the name that it gives the log. Nothing is checked.
pub fn stated_origin(entry: &TransparencyLogEntry) -> &str {
    let checkpoint = entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_ref());
    checkpoint.and_then(|checkpoint| checkpoint.envelope.lines().next()).unwrap_or_default()
}

/// Checks that an entry is about the expected signature, and that the log that it names vouches for it.
///
/// # Errors
/// A reason of the layer `log`.
pub fn verify_entry(entry: &TransparencyLogEntry, expected: &HashedRekord<'_>, log: &LogKey) -> Result<LoggedEntry, Rejection> {
    let stated = stated_version(entry)?;
    let proof = ReadProof::of(entry.inclusion_proof.as_ref().ok_or(Reason::ProofMissing)?)?;
    // gitsign 0.17 embeds entries of Rekor v2 with the version of v1: they have no SET, and their proof is for the body of v2
    let candidates: &[EntryVersion] = match (stated, promise(entry)) {
        (EntryVersion::V001, None) => &[EntryVersion::V001, EntryVersion::V002],
        (EntryVersion::V001, Some(_)) => &[EntryVersion::V001],
        (EntryVersion::V002, _) => &[EntryVersion::V002],
    };
    let bodies = candidates.iter().map(|version| (*version, expected.canonical_body(*version)));
    let bodies: Vec<_> = bodies.map(|(version, body)| (version, hash_leaf(&body), body)).collect();
    let included = bodies.iter().find(|(_, leaf, _)| proof.includes(leaf));
    let Some((version, leaf, body)) = included else { return Err(mismatch_or_bad_proof(entry, &bodies)) };
    check_index(entry, *version)?;
    // an embedded body is redundant, so it must be the same
    if !entry.canonicalized_body.is_empty() && entry.canonicalized_body != *body {
        return Err(Rejection::new(Reason::EntryMismatch, "its body is not that of this signature"));
    }
    let kind = EntryKind::HashedRekord(*version);
    let checkpoint = proof.checkpoint(kind, log)?;
    // Rekor v1 signs one for every entry, so a missing one was removed, and with it a trusted time
    if *version == EntryVersion::V001 && promise(entry).is_none() {
        return Err(Reason::PromiseMissing.into());
    }
    logged(entry, kind, (body, leaf), Some((&proof, checkpoint)), log)
}

/// What the entries of a bundle must be about, and what the bundle's version asks of them.
#[derive(Debug, Clone, Copy)]
pub struct BundledRecord<'a> {
    /// The signature; `None` for a scheme that no `hashedrekord` can hold.
    pub record: Option<HashedRekord<'a>>,
    /// The envelope, where the signature is over one.
    pub envelope: Option<LoggedEnvelope<'a>>,
    /// Whether every entry needs a promise and none a proof, as in version 0.1. Later ones need a proof with a checkpoint.
    pub by_promise: bool,
}

impl BundledRecord<'_> {
    /// Checks that the entry's body is about this.
    fn check_body(&self, kind: EntryKind, body: &[u8]) -> Result<(), Rejection> {
        match (kind, &self.envelope, &self.record) {
            (EntryKind::DsseV001 | EntryKind::IntotoV002, Some(envelope), _) => envelope.check_body(kind, body),
            // Rekor v1 has kinds of its own for envelopes
            (EntryKind::HashedRekord(EntryVersion::V001), None, Some(record)) if record.canonical_body(EntryVersion::V001) == body => {
                Ok(())
            }
            (EntryKind::HashedRekord(EntryVersion::V002), _, Some(record)) if record.canonical_body(EntryVersion::V002) == body => Ok(()),
            (EntryKind::HashedRekord(EntryVersion::V001), None, Some(_)) | (EntryKind::HashedRekord(EntryVersion::V002), _, Some(_)) => {
                Err(Rejection::new(Reason::EntryMismatch, "its body is not that of this signature"))
            }
            _ => Err(Rejection::new(Reason::EntryKind, format!("{} {}", kind.name(), kind.version()))),
        }
    }
}

/// Checks an entry of a bundle as [`verify_entry`] checks that of a git signature.
///
/// # Errors
/// A reason of the layer `log`.
pub fn verify_bundled_entry(entry: &TransparencyLogEntry, expected: &BundledRecord<'_>, log: &LogKey) -> Result<LoggedEntry, Rejection> {
    let stated = entry.kind_version.clone().unwrap_or_default();
    let kind =
        EntryKind::stated(&stated).ok_or_else(|| Rejection::new(Reason::EntryKind, format!("{} {}", stated.kind, stated.version)))?;
    let body = entry.canonicalized_body.as_slice();
    if body.is_empty() {
        return Err(malformed("it has no body"));
    }
    expected.check_body(kind, body)?;
    if expected.by_promise && promise(entry).is_none() {
        return Err(Reason::PromiseMissing.into());
    }
    let leaf = hash_leaf(body);
    let proof = entry.inclusion_proof.as_ref().map(ReadProof::of).transpose()?;
    if proof.as_ref().is_some_and(|proof| !proof.includes(&leaf)) {
        return Err(Reason::ProofInvalid.into());
    }
    let proof = match proof {
        Some(proof) if proof.has_checkpoint() || !expected.by_promise => {
            let checkpoint = proof.checkpoint(kind, log)?;
            Some((proof, checkpoint))
        }
        None if !expected.by_promise => return Err(Reason::ProofMissing.into()),
        // what nobody signed proves nothing, so the promise alone counts
        Some(_) | None => None,
    };
    if let (EntryKind::HashedRekord(version), true) = (kind, proof.is_some()) {
        check_index(entry, version)?;
    }
    logged(entry, kind, (body, &leaf), proof.as_ref().map(|(proof, checkpoint)| (proof, checkpoint.clone())), log)
}

/// What a checked entry shows. The promise is checked here.
fn logged(
    entry: &TransparencyLogEntry,
    kind: EntryKind,
    (body, leaf): (&[u8], &Sha256Hash),
    proof: Option<(&ReadProof<'_>, Checkpoint)>,
    log: &LogKey,
) -> Result<LoggedEntry, Rejection> {
    let integrated_time = promise(entry).map(|set| verify_set(entry, body, set, log)).transpose()?;
    let stated_index = unsigned(entry.log_index, "log index")?;
    Ok(LoggedEntry {
        kind,
        // without a SET nothing covers the index over all shards
        log_index: proof.as_ref().filter(|_| integrated_time.is_none()).map_or(stated_index, |(proof, _)| proof.index),
        integrated_time,
        tree_size: proof.as_ref().map_or(0, |(proof, _)| proof.size),
        origin: proof.map_or_else(|| hex::encode(log.id), |(_, checkpoint)| checkpoint.origin),
        leaf_hash: *leaf.as_bytes(),
    })
}

/// Rekor v1's signed entry timestamp.
fn promise(entry: &TransparencyLogEntry) -> Option<&[u8]> {
    entry.inclusion_promise.as_ref().map(|promise| promise.signed_entry_timestamp.as_slice()).filter(|set| !set.is_empty())
}

/// Rekor v1's SET covers the index over all shards; Rekor v2 has only the index of the proof.
fn check_index(entry: &TransparencyLogEntry, version: EntryVersion) -> Result<(), Rejection> {
    let proven = entry.inclusion_proof.as_ref().map(|proof| proof.log_index);
    match version == EntryVersion::V002 && proven != Some(entry.log_index) {
        true => Err(malformed("its index is not that of its proof")),
        false => Ok(()),
    }
}

/// An inclusion proof in its parts. Nothing is checked but the form.
struct ReadProof<'a> {
    proof: &'a InclusionProof,
    root: Sha256Hash,
    path: Vec<Sha256Hash>,
    index: u64,
    size: u64,
}

impl<'a> ReadProof<'a> {
    fn of(proof: &'a InclusionProof) -> Result<Self, Rejection> {
        let root = fixed_hash(&proof.root_hash)?;
        let path = audit_path(proof)?;
        let (index, size) = (unsigned(proof.log_index, "proof index")?, unsigned(proof.tree_size, "tree size")?);
        Ok(Self { proof, root, path, index, size })
    }

    fn includes(&self, leaf: &Sha256Hash) -> bool {
        verify_inclusion_proof(leaf, self.index, self.size, &self.path, &self.root).is_ok()
    }

    fn has_checkpoint(&self) -> bool {
        self.proof.checkpoint.is_some()
    }

    /// The proof's checkpoint, by the log.
    fn checkpoint(&self, kind: EntryKind, log: &LogKey) -> Result<Checkpoint, Rejection> {
        let checkpoint = self.proof.checkpoint.as_ref().ok_or_else(|| Rejection::new(Reason::ProofMissing, "it has no checkpoint"))?;
        let checkpoint = Checkpoint::parse(&checkpoint.envelope)?;
        if checkpoint.root_hash != *self.root.as_bytes() || checkpoint.tree_size != self.size {
            return Err(Reason::CheckpointMismatch.into());
        }
        checkpoint.verify(&log.key, &log.id)?;
        let is_v2 = kind == EntryKind::HashedRekord(EntryVersion::V002);
        if is_v2 && log.origin.as_ref().is_some_and(|origin| *origin != checkpoint.origin) {
            return Err(Rejection::new(Reason::CheckpointOrigin, checkpoint.origin));
        }
        Ok(checkpoint)
    }
}

/// What Rekor v1's signed entry timestamp is over: canonical JSON (RFC 8785). `integrated_time` is in seconds since the Unix epoch.
pub fn set_payload(body: &[u8], integrated_time: i64, log_id: &[u8; 32], log_index: i64) -> Vec<u8> {
    // room for the body in base64 and for the rest, so that nothing moves
    let mut payload = String::with_capacity(body.len().div_ceil(3) * 4 + 192);
    payload.push_str(r#"{"body":""#);
    STANDARD.encode_string(body, &mut payload);
    let log_id = hex::encode(log_id);
    payload.push_str(&format!(r#"","integratedTime":{integrated_time},"logID":"{log_id}","logIndex":{log_index}}}"#));
    payload.into_bytes()
}

fn verify_set(entry: &TransparencyLogEntry, body: &[u8], set: &[u8], log: &LogKey) -> Result<Timestamp, Rejection> {
    let payload = set_payload(body, entry.integrated_time, &log.id, entry.log_index);
    log.key.verify(HashAlgorithm::Sha256, &payload, set).map_err(|_| Reason::PromiseInvalid)?;
    Timestamp::from_second(entry.integrated_time)
        .ok()
        .filter(|time| time.as_second() > 0)
        .ok_or_else(|| malformed("its integrated time is out of range"))
}

pub(super) fn stated_version(entry: &TransparencyLogEntry) -> Result<EntryVersion, Rejection> {
    let stated = entry.kind_version.clone().unwrap_or_default();
    match EntryKind::stated(&stated) {
        Some(EntryKind::HashedRekord(version)) => Ok(version),
        _ => Err(Rejection::new(Reason::EntryKind, format!("{} {}", stated.kind, stated.version))),
    }
}

/// Tells a wrong proof from one for another signature, by the embedded body.
fn mismatch_or_bad_proof(entry: &TransparencyLogEntry, bodies: &[(EntryVersion, Sha256Hash, Vec<u8>)]) -> Rejection {
    let foreign = !entry.canonicalized_body.is_empty() && bodies.iter().all(|(_, _, body)| *body != entry.canonicalized_body);
    if foreign { Reason::EntryMismatch.into() } else { Reason::ProofInvalid.into() }
}

fn audit_path(proof: &InclusionProof) -> Result<Vec<Sha256Hash>, Rejection> {
    if proof.hashes.len() > MAX_PROOF {
        return Err(malformed(&format!("an inclusion proof of {} hashes", proof.hashes.len())));
    }
    proof.hashes.iter().map(|hash| fixed_hash(hash)).collect()
}

fn fixed_hash(bytes: &[u8]) -> Result<Sha256Hash, Rejection> {
    <[u8; 32]>::try_from(bytes).map(Sha256Hash::new).map_err(|_| malformed("a hash does not have 32 bytes"))
}

fn unsigned(value: i64, what: &str) -> Result<u64, Rejection> {
    value.try_into().map_err(|_| malformed(&format!("its {what} is negative")))
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::EntryMalformed, detail)
}
