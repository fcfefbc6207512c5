//! Entries of Rekor v1 as its API answers with them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::evidence::{
    detached::DetachedEntry,
    entry::{CheckpointEnvelope, EntryVersion, InclusionPromise, InclusionProof, LogId, TransparencyLogEntry},
};
use serde_json::Value;

/// The one entry of an answer.
pub fn entry_of_answer(answer: &Value) -> TransparencyLogEntry {
    let (_, entry) = answer.as_object().unwrap().iter().next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_i64().unwrap();
    let proof = &entry["verification"]["inclusionProof"];
    TransparencyLogEntry {
        log_index: number(&entry["logIndex"]),
        log_id: Some(LogId { key_id: unhex(&text(&entry["logID"])) }),
        kind_version: Some(EntryVersion::V001.kind_version()),
        integrated_time: number(&entry["integratedTime"]),
        inclusion_promise: Some(InclusionPromise {
            signed_entry_timestamp: STANDARD.decode(text(&entry["verification"]["signedEntryTimestamp"])).unwrap(),
        }),
        inclusion_proof: Some(InclusionProof {
            log_index: number(&proof["logIndex"]),
            root_hash: unhex(&text(&proof["rootHash"])),
            tree_size: number(&proof["treeSize"]),
            hashes: proof["hashes"].as_array().unwrap().iter().map(|hash| unhex(&text(hash))).collect(),
            checkpoint: Some(CheckpointEnvelope { envelope: text(&proof["checkpoint"]) }),
        }),
        canonicalized_body: STANDARD.decode(text(&entry["body"])).unwrap(),
    }
}

/// The entry of a file with an answer.
pub fn entry_of_file(path: &std::path::Path) -> DetachedEntry {
    let answer = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    DetachedEntry::new(entry_of_answer(&answer)).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}
