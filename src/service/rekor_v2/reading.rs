//! Reading Rekor v2: the newest checkpoint, and entries and proofs from the tiles.

use super::{MAX_CHECKPOINT, RekorV2};
use crate::{
    evidence::{
        checkpoint::Checkpoint,
        entry::{CheckpointEnvelope, InclusionProof, LogId, TransparencyLogEntry},
    },
    service::{Answer, Cause, Service, ServiceError, rekor_v1::stated_kind, tile},
    wording::counted,
};
use sigstore_types::Sha256Hash;

/// A whole tile of entries, in bytes: 256 entries, each with its length in 16 bits.
const MAX_ENTRY_TILE: usize = 256 * (2 + u16::MAX as usize);

impl RekorV2 {
    /// The newest checkpoint; not verified.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn checkpoint(&self) -> Result<String, ServiceError> {
        let answer = self.get("checkpoint", MAX_CHECKPOINT).await?;
        if !answer.status.is_success() {
            return Err(answer.refused());
        }
        String::from_utf8(answer.body.clone()).map_err(|_| answer.malformed("the checkpoint is not valid UTF-8"))
    }

    /// The consistency proof between two sizes of the tree, computed from its tiles; not verified.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn consistency(&self, first: u64, size: u64) -> Result<Vec<Sha256Hash>, ServiceError> {
        let tiles = self.tiles(tile::needed_for_consistency(first, size).ok_or_else(|| self.too_large(size))?).await?;
        tile::prove_consistency(first, size, &tiles).ok_or_else(|| self.too_large(size))
    }

    /// The entry at an index of the checkpoint's tree, with its proof. `note` is the checkpoint as it was sent. Nothing is verified.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn entry_at(
        &self,
        index: u64,
        checkpoint: &Checkpoint,
        note: &str,
        log_id: [u8; 32],
    ) -> Result<TransparencyLogEntry, ServiceError> {
        let size = checkpoint.tree_size;
        let too_large = || self.too_large(size);
        let (path, whole, place) = tile::entries_of(index, size).ok_or_else(too_large)?;
        let answer = self.get_tile(&path, &whole, MAX_ENTRY_TILE).await?;
        let body = entry_in(&answer, place)?;
        let kind = stated_kind(&body).ok_or_else(|| answer.malformed("the body does not state its kind and version"))?;
        let tiles = self.tiles(tile::needed(index, size).ok_or_else(too_large)?).await?;
        let (_, hashes) = tile::prove(index, size, &tiles).ok_or_else(too_large)?;
        let signed = |number: u64| i64::try_from(number).map_err(|_| self.too_large(size));
        Ok(TransparencyLogEntry {
            log_index: signed(index)?,
            log_id: Some(LogId { key_id: log_id.to_vec() }),
            kind_version: Some(kind),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: signed(index)?,
                root_hash: checkpoint.root_hash.to_vec(),
                tree_size: signed(size)?,
                hashes: hashes.iter().map(|hash| hash.as_slice().to_vec()).collect(),
                checkpoint: Some(CheckpointEnvelope { envelope: note.to_owned() }),
            }),
            canonicalized_body: body,
        })
    }

    fn too_large(&self, size: u64) -> ServiceError {
        ServiceError::new(
            Service::RekorV2,
            &self.base,
            Cause::Malformed(format!("its tree of {} has no such tiles", counted(size, "entry"))),
        )
    }
}

/// One entry of a tile: each is preceded by its length in 16 bits.
fn entry_in(answer: &Answer, place: usize) -> Result<Vec<u8>, ServiceError> {
    let mut rest = answer.body.as_slice();
    for _ in 0..place {
        rest = next_entry(rest).ok_or_else(|| answer.malformed("a tile of entries ends early"))?.1;
    }
    let (entry, _) = next_entry(rest).ok_or_else(|| answer.malformed("a tile of entries ends early"))?;
    Ok(entry.to_vec())
}

fn next_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::checkpoint::{checkpoint_text, signed_note},
        service::{
            testing::{Fake, Reply, patient, run},
            tile::tests::{root, tiles_of},
        },
    };

    fn body(number: usize) -> Vec<u8> {
        format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","number":{number}}}"#).into_bytes()
    }

    fn note(size: usize) -> (Checkpoint, String) {
        let leaves: Vec<_> = (0..size).map(|number| sigstore_merkle::hash_leaf(&body(number))).collect();
        let text = checkpoint_text("log.test", size as u64, root(&leaves).as_bytes());
        let note = signed_note(&text, "log.test", &[7; 32], b"signature");
        (Checkpoint::parse(&note).unwrap(), note)
    }

    /// A log with so many entries, whose tile of entries is `entries`.
    async fn log(size: usize, entries: Vec<u8>) -> (Fake, RekorV2) {
        let leaves: Vec<_> = (0..size).map(|number| sigstore_merkle::hash_leaf(&body(number))).collect();
        let tiles = tiles_of(&leaves);
        let fake = Fake::new(move |seen| {
            let path = seen.path.trim_start_matches("/api/v2/");
            match tiles.get(path) {
                Some(tile) => Reply::new(200, tile.clone()),
                // only the whole tiles are left
                None if path.starts_with("tile/entries/") && !path.contains(".p/") => Reply::new(200, entries.clone()),
                None => Reply::new(404, ""),
            }
        })
        .await;
        let log = RekorV2::new(&patient(), &fake.url).unwrap();
        (fake, log)
    }

    fn encoded(bodies: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        bodies.flat_map(|body| [&u16::try_from(body.len()).unwrap().to_be_bytes(), body.as_slice()].concat()).collect()
    }

    #[test]
    fn an_entry_is_read_from_its_tile_with_its_proof() {
        run(async {
            let (checkpoint, note) = note(300);
            let (_fake, log) = log(300, encoded((256..300).map(body))).await;
            let entry = log.entry_at(299, &checkpoint, &note, [7; 32]).await.unwrap();
            assert_eq!((entry.log_index, entry.canonicalized_body.clone()), (299, body(299)));
            let proof = entry.inclusion_proof.unwrap();
            let hashes: Vec<_> = proof.hashes.iter().map(|hash| Sha256Hash::try_from(hash.as_slice()).unwrap()).collect();
            let leaf = sigstore_merkle::hash_leaf(&entry.canonicalized_body);
            sigstore_merkle::verify_inclusion_proof(&leaf, 299, 300, &hashes, &Sha256Hash::new(checkpoint.root_hash)).unwrap();
            assert!(log.entry_at(300, &checkpoint, &note, [7; 32]).await.is_err());
        });
    }

    #[test]
    fn a_tile_of_entries_that_ends_early_or_holds_something_else_is_refused() {
        run(async {
            let (checkpoint, note) = note(3);
            let whole = encoded((0..3).map(body));
            for (entries, text) in [
                (Vec::new(), "a tile of entries ends early"),
                (whole[..whole.len() - 1].to_vec(), "a tile of entries ends early"),
                (encoded((0..2).map(body)), "a tile of entries ends early"),
                (encoded((0..3).map(|_| b"[]".to_vec())), "the body does not state its kind and version"),
                (vec![0; MAX_ENTRY_TILE + 1], "sent an answer of more than"),
            ] {
                let (_fake, log) = log(3, entries).await;
                let error = log.entry_at(2, &checkpoint, &note, [7; 32]).await.unwrap_err();
                assert!(error.to_string().contains(text), "{text}: {error}");
            }
        });
    }
}
