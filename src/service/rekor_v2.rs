//! Rekor v2 (rekor-tiles): creates a `hashedrekord` 0.0.2 entry, or finds an existing one in the tiles.
//!
//! The answer is compared with the request. The verifier checks the proof and the checkpoint's signature.

use super::{
    Answer, Call, Cause, Http, Retry, Service, ServiceError, endpoint,
    tile::{self, Tile, Tiles},
};
use crate::{
    evidence::entry::{CheckpointEnvelope, EntryVersion, HashedRekord, InclusionProof, LogId, TransparencyLogEntry},
    wording::counted,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de};
use serde_json::json;
use sigstore_types::checkpoint::Checkpoint;
use std::{collections::BTreeSet, time::Duration};

#[cfg(feature = "cli")]
mod reading;

/// The longest audit path that is read.
const MAX_HASHES: usize = 64;
/// The largest checkpoint that is read, in bytes.
const MAX_CHECKPOINT: usize = 1 << 16;
/// A whole tile, in bytes.
const TILE: usize = 256 * 32;
/// The number of requests for a checkpoint that covers an existing entry.
const LOOK_UPS: u32 = 20;
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);

/// A client of Rekor's v2 API.
#[derive(Debug, Clone)]
pub struct RekorV2 {
    http: Http,
    base: String,
    entries: reqwest::Url,
}

impl RekorV2 {
    /// A client of the log at `base`, such as `https://log2025-1.rekor.sigstore.dev`.
    ///
    /// # Errors
    /// [`Cause::Address`].
    pub fn new(http: &Http, base: &str) -> Result<Self, ServiceError> {
        Ok(Self { http: http.clone(), base: base.to_owned(), entries: endpoint(Service::RekorV2, base, "api/v2/log/entries")? })
    }

    /// Adds `record` to the log and returns its entry with the body.
    ///
    /// An existing entry is found by its index, and its proof is computed from the checkpoint and the tiles. A checkpoint has only four bytes of
    /// the log's id; the whole id is found in `log_ids`, the ids of the logs in the trust root.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn create(&self, record: &HashedRekord<'_>, log_ids: &[Vec<u8>]) -> Result<TransparencyLogEntry, ServiceError> {
        let (verifier, verifier_bytes) = record.verifier.field();
        let body = json!({
            "hashedRekordRequestV002": {
                "digest": STANDARD.encode(record.digest),
                "signature": {
                    "content": STANDARD.encode(record.signature),
                    "verifier": {
                        verifier: { "rawBytes": verifier_bytes },
                        "keyDetails": record.key_details,
                    },
                },
            },
        });
        let expected = record.canonical_body(EntryVersion::V002);
        let call = Call::post_json(Service::RekorV2, self.entries.clone(), &body);
        let answer = self.http.send(&Call { retry: Retry::Safe, ..call }).await?;
        match answer.status.as_u16() {
            200 | 201 => read(&answer, expected),
            409 => self.find(&answer, expected, log_ids).await,
            _ => Err(answer.refused()),
        }
    }

    /// The entry that a 409 names by its index.
    async fn find(&self, conflict: &Answer, expected: Vec<u8>, log_ids: &[Vec<u8>]) -> Result<TransparencyLogEntry, ServiceError> {
        let index = conflict.header("x-log-index").and_then(|index| index.parse::<u64>().ok());
        let Some(index) = index else {
            return Err(conflict.malformed("it says that the entry exists, but its X-Log-Index header names none"));
        };
        let (answer, envelope, checkpoint) = self.covering(index).await?;
        let log_id = log_of(&checkpoint, log_ids).ok_or_else(|| {
            answer.error(Cause::Unsupported(format!(
                "its checkpoint of {} is not signed by a log of the trust root",
                super::quotable(checkpoint.origin())
            )))
        })?;
        let size = checkpoint.tree_size();
        let needed = tile::needed(index, size).ok_or_else(|| answer.malformed(format!("a tree of {}", counted(size, "entry"))))?;
        let tiles = self.tiles(needed).await?;
        let (leaf, hashes) = tile::prove(index, size, &tiles).ok_or_else(|| answer.mismatch("its tiles do not contain the entry"))?;
        if leaf != sigstore_merkle::hash_leaf(&expected) {
            return Err(answer.mismatch(format!("entry {index} is about another signature")));
        }
        sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &hashes, checkpoint.root_hash())
            .map_err(|_| answer.mismatch("its tiles do not lead to the root hash of its checkpoint"))?;
        let signed = |number: u64| i64::try_from(number).map_err(|_| answer.malformed("a number is too large"));
        Ok(TransparencyLogEntry {
            log_index: signed(index)?,
            log_id: Some(LogId { key_id: log_id.to_vec() }),
            kind_version: Some(EntryVersion::V002.kind_version()),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: signed(index)?,
                root_hash: checkpoint.root_hash().as_slice().to_vec(),
                tree_size: signed(size)?,
                hashes: hashes.iter().map(|hash| hash.as_slice().to_vec()).collect(),
                checkpoint: Some(CheckpointEnvelope { envelope }),
            }),
            canonicalized_body: expected,
        })
    }

    /// A checkpoint of a tree with leaf `index`.
    async fn covering(&self, index: u64) -> Result<(Answer, String, Checkpoint), ServiceError> {
        for look_up in 1.. {
            let answer = self.get("checkpoint", MAX_CHECKPOINT).await?;
            if !answer.status.is_success() {
                return Err(answer.refused());
            }
            let envelope = String::from_utf8(answer.body.clone()).map_err(|_| answer.malformed("the checkpoint is not valid UTF-8"))?;
            let checkpoint = Checkpoint::from_text(&envelope).map_err(|error| answer.malformed(super::quotable(&error.to_string())))?;
            if checkpoint.tree_size() > index {
                return Ok((answer, envelope, checkpoint));
            }
            if look_up == LOOK_UPS || !self.http.wait(LOOK_UP_PAUSE).await {
                return Err(answer.mismatch(format!(
                    "its checkpoint of {} does not cover the existing entry {index}",
                    counted(checkpoint.tree_size(), "entry")
                )));
            }
        }
        Err(ServiceError::new(Service::RekorV2, &self.base, Cause::Deadline(LOOK_UP_PAUSE * LOOK_UPS)))
    }

    async fn tiles(&self, needed: BTreeSet<Tile>) -> Result<Tiles, ServiceError> {
        let mut tiles = Tiles::new();
        for tile in needed {
            let answer = self.get_tile(&tile.path(), &tile.whole_path(), TILE).await?;
            let hashes = tile.read(&answer.body).ok_or_else(|| answer.malformed(format!("a tile of {} bytes", answer.body.len())))?;
            tiles.insert(tile, hashes);
        }
        Ok(tiles)
    }

    /// A tile, or the whole one at its place if the tree has grown in the meantime.
    async fn get_tile(&self, path: &str, whole: &str, limit: usize) -> Result<Answer, ServiceError> {
        let mut answer = self.get(path, limit).await?;
        if path != whole && answer.status.as_u16() == 404 {
            answer = self.get(whole, limit).await?;
        }
        if answer.status.is_success() { Ok(answer) } else { Err(answer.refused()) }
    }

    async fn get(&self, path: &str, limit: usize) -> Result<Answer, ServiceError> {
        let url = endpoint(Service::RekorV2, &self.base, &format!("api/v2/{path}"))?;
        self.http.send(&Call { max_answer: limit, ..Call::get(Service::RekorV2, url) }).await
    }
}

/// The id of the log that signed the checkpoint under the checkpoint's own name.
fn log_of<'a>(checkpoint: &Checkpoint, log_ids: &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let by_log = |id: &&Vec<u8>| {
        let signatures = checkpoint.signatures().iter();
        signatures
            .filter(|signature| signature.name == checkpoint.origin())
            .any(|signature| id.len() == 32 && id.starts_with(signature.key_id.as_slice()))
    };
    log_ids.iter().find(by_log).map(Vec::as_slice)
}

/// Protobuf's JSON of a `TransparencyLogEntry`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson {
    #[serde(default, deserialize_with = "int64")]
    log_index: i64,
    log_id: KeyId,
    kind_version: Kind,
    #[serde(default, deserialize_with = "int64")]
    integrated_time: i64,
    inclusion_proof: Proof,
    canonicalized_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyId {
    key_id: String,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    #[serde(default, deserialize_with = "int64")]
    log_index: i64,
    root_hash: String,
    #[serde(deserialize_with = "int64")]
    tree_size: i64,
    #[serde(default)]
    hashes: Vec<String>,
    checkpoint: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    envelope: String,
}

/// A 64-bit integer in protobuf's JSON: a string or a number.
fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Number(i64),
    }
    match Number::deserialize(deserializer)? {
        Number::Text(text) => text.parse().map_err(|_| de::Error::custom("not a 64-bit integer")),
        Number::Number(number) => Ok(number),
    }
}

fn read(answer: &Answer, expected: Vec<u8>) -> Result<TransparencyLogEntry, ServiceError> {
    let entry: EntryJson = answer.json()?;
    let decode = |text: &str, what: &str| STANDARD.decode(text).map_err(|_| answer.malformed(format!("{what} is not base64")));
    let hash = |text: &str, what: &str| {
        decode(text, what)
            .and_then(|bytes| if bytes.len() == 32 { Ok(bytes) } else { Err(answer.malformed(format!("{what} is not of 32 bytes"))) })
    };
    if decode(&entry.canonicalized_body, "canonicalizedBody")? != expected {
        return Err(answer.mismatch("the entry is about another signature"));
    }
    let kind_version = EntryVersion::V002.kind_version();
    if (entry.kind_version.kind.as_str(), entry.kind_version.version.as_str())
        != (kind_version.kind.as_str(), kind_version.version.as_str())
    {
        return Err(answer.mismatch("the entry is of another kind or version"));
    }
    let proof = entry.inclusion_proof;
    if proof.hashes.len() > MAX_HASHES {
        return Err(answer.malformed(format!("an inclusion proof of {} hashes", proof.hashes.len())));
    }
    if [entry.log_index, proof.log_index, proof.tree_size].iter().any(|number| *number < 0) {
        return Err(answer.malformed("it contains a negative number"));
    }
    if entry.integrated_time != 0 {
        return Err(answer.error(Cause::Unsupported("the entry has a time without a proof of it".into())));
    }
    Ok(TransparencyLogEntry {
        log_index: entry.log_index,
        log_id: Some(LogId { key_id: hash(&entry.log_id.key_id, "logId")? }),
        kind_version: Some(kind_version),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: proof.log_index,
            root_hash: hash(&proof.root_hash, "rootHash")?,
            tree_size: proof.tree_size,
            hashes: proof.hashes.iter().map(|text| hash(text, "a hash of the proof")).collect::<Result<_, _>>()?,
            checkpoint: Some(CheckpointEnvelope { envelope: proof.checkpoint.envelope }),
        }),
        canonicalized_body: expected,
    })
}

#[cfg(test)]
mod tests;
