//! The place of an entry in a log, whatever the entry says.

use super::{LogKey, ReadProof, check_index, malformed, promise, unsigned, verify_set};
use crate::{
    Reason, Rejection,
    evidence::{
        checkpoint::Checkpoint,
        entry::{EntryKind, EntryVersion, TransparencyLogEntry},
    },
};
use jiff::Timestamp;
use sigstore_merkle::hash_leaf;

/// An entry whose place in the log is proven. What it says is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IncludedEntry {
    /// The index over all shards; authenticated by the signed entry timestamp (Rekor v1), or by the proof (Rekor v2).
    pub log_index: u64,
    /// The index in the tree of the checkpoint.
    pub proof_index: u64,
    /// When the log integrated the entry, by its signed entry timestamp.
    pub integrated_time: Option<Timestamp>,
    /// The RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

/// Checks that a log has an entry of any kind: inclusion proof, checkpoint and, with Rekor v1, the signed entry timestamp. `api` is the version of
/// `hashedrekord` that a log of this kind writes.
///
/// # Errors
/// A reason of the layer `log`.
pub(crate) fn verify_included(entry: &TransparencyLogEntry, api: EntryVersion, log: &LogKey) -> Result<IncludedEntry, Rejection> {
    let body = entry.canonicalized_body.as_slice();
    if body.is_empty() {
        return Err(malformed("it has no body"));
    }
    let leaf = hash_leaf(body);
    let proof = ReadProof::of(entry.inclusion_proof.as_ref().ok_or(Reason::ProofMissing)?)?;
    if !proof.includes(&leaf) {
        return Err(Reason::ProofInvalid.into());
    }
    check_index(entry, api)?;
    let checkpoint = proof.checkpoint(EntryKind::HashedRekord(api), log)?;
    let integrated_time = promise(entry).map(|set| verify_set(entry, body, set, log)).transpose()?;
    if api == EntryVersion::V001 && integrated_time.is_none() {
        return Err(Reason::PromiseMissing.into());
    }
    Ok(IncludedEntry {
        log_index: unsigned(entry.log_index, "log index")?,
        proof_index: proof.index,
        integrated_time,
        leaf_hash: *leaf.as_bytes(),
        checkpoint,
    })
}
