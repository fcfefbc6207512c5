//! The proof that an entry is still in its log.

use super::{LogError, LogReader, Provable, not_accepted};
use crate::{
    evidence::{
        checkpoint::Checkpoint,
        entry::{EntryKind, EntryVersion},
        log::verify_included,
    },
    service::{
        ServiceError,
        rekor_v1::{RekorV1, Shard},
        rekor_v2::RekorV2,
    },
    trust::Log,
};
use sigstore_merkle::verify_consistency_proof;
use sigstore_types::Sha256Hash;
use std::time::Duration;

/// The number of requests for a newest checkpoint that is not older than the embedded one: a log's replicas may be behind.
const LOOK_UPS: u32 = 3;
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);

/// The size of a tree and its root hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeHead {
    /// The number of entries.
    pub size: u64,
    /// The RFC 6962 root hash.
    pub root_hash: [u8; 32],
}

/// The proof that an entry is in the newest tree of its log.
#[derive(Debug)]
pub(crate) struct LogProof {
    /// The log's address.
    pub url: String,
    /// The log's id.
    pub log_id: [u8; 32],
    /// The name that the newest checkpoint gives the log.
    pub origin: String,
    /// The tree of the embedded checkpoint; `None` for an entry that the log only promised to include.
    pub embedded: Option<TreeHead>,
    /// The newest tree.
    pub newest: TreeHead,
}

impl From<&Checkpoint> for TreeHead {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self { size: checkpoint.tree_size, root_hash: checkpoint.root_hash }
    }
}

/// A log's client.
enum Client {
    V1(RekorV1),
    V2(RekorV2),
}

/// A checkpoint that the log's key signed, and its tree.
struct Newest {
    checkpoint: Checkpoint,
    /// With Rekor v1.
    shard: Option<Shard>,
}

impl LogReader<'_> {
    /// Proves that an entry is in the newest tree of its log. The trust root names the log's address, unless `url` is given.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) async fn prove(&self, provable: &Provable, url: Option<&str>) -> Result<LogProof, LogError> {
        let known = self.log_of(&provable.entry).map_err(LogError::Signature)?;
        let id = known.key.id;
        let url = url.unwrap_or(&known.base_url).trim_end_matches('/');
        if url.is_empty() {
            return Err(LogError::NoAddress { log: hex::encode(id) });
        }
        let (client, api) = match provable.logged.kind {
            EntryKind::HashedRekord(EntryVersion::V002) => (Client::V2(RekorV2::new(&self.http, url)?), EntryVersion::V002),
            _ => (Client::V1(RekorV1::new(&self.http, url)?), EntryVersion::V001),
        };
        let at = LogAt { reader: self, client, url, known: &known };
        let proven = |embedded, newest: &Checkpoint| LogProof {
            url: url.to_owned(),
            log_id: id,
            origin: newest.origin.clone(),
            embedded,
            newest: newest.into(),
        };
        match embedded_checkpoint(provable)? {
            Some(embedded) => {
                let newest = at.continuing(&embedded, api).await?;
                Ok(proven(Some((&embedded).into()), &newest.checkpoint))
            }
            None => Ok(proven(None, &at.including(provable).await?)),
        }
    }
}

/// The checkpoint of an entry; the verification of the signature has checked it.
fn embedded_checkpoint(provable: &Provable) -> Result<Option<Checkpoint>, LogError> {
    let proof = provable.entry.inclusion_proof.as_ref().filter(|_| provable.logged.tree_size > 0);
    let Some(envelope) = proof.and_then(|proof| proof.checkpoint.as_ref()) else { return Ok(None) };
    Checkpoint::parse(&envelope.envelope).map(Some).map_err(LogError::Signature)
}

/// A log at its address, with its trusted key.
struct LogAt<'a> {
    reader: &'a LogReader<'a>,
    client: Client,
    url: &'a str,
    known: &'a Log,
}

impl LogAt<'_> {
    /// The newest checkpoint, which continues the embedded one.
    async fn continuing(&self, embedded: &Checkpoint, api: EntryVersion) -> Result<Newest, LogError> {
        let origin = || embedded.origin.clone();
        let mut newest = self.newest(embedded, api).await?;
        for _ in 1..LOOK_UPS {
            if newest.checkpoint.tree_size >= embedded.tree_size || !self.reader.http.wait(LOOK_UP_PAUSE).await {
                break;
            }
            newest = self.newest(embedded, api).await?;
        }
        let (first, last) = (embedded.tree_size, newest.checkpoint.tree_size);
        if last < first {
            return Err(LogError::Rollback { origin: origin(), embedded: first, newest: last });
        }
        if last == first {
            return match newest.checkpoint.root_hash == embedded.root_hash {
                true => Ok(newest),
                false => Err(LogError::Fork { origin: origin(), size: first }),
            };
        }
        let hashes = self.consistency(&newest, first).await?;
        let (old, new) = (Sha256Hash::new(embedded.root_hash), Sha256Hash::new(newest.checkpoint.root_hash));
        match verify_consistency_proof(first, last, &hashes, &old, &new) {
            Ok(()) => Ok(newest),
            Err(_) => Err(LogError::Inconsistent { origin: origin(), embedded: first, newest: last }),
        }
    }

    /// The newest checkpoint of the embedded one's tree, signed by the log.
    async fn newest(&self, embedded: &Checkpoint, api: EntryVersion) -> Result<Newest, LogError> {
        let not_accepted = |rejection| not_accepted(self.url, rejection);
        let (checkpoint, shard) = match &self.client {
            Client::V2(client) => (Checkpoint::parse(&client.checkpoint().await?).map_err(not_accepted)?, None),
            Client::V1(client) => {
                let mut of_tree = None;
                for shard in client.shards().await? {
                    let checkpoint = Checkpoint::parse(&shard.checkpoint).map_err(not_accepted)?;
                    if checkpoint.origin == embedded.origin {
                        of_tree = Some((checkpoint, Some(shard)));
                        break;
                    }
                }
                of_tree.ok_or_else(|| LogError::NoTree { url: self.url.to_owned(), origin: embedded.origin.clone() })?
            }
        };
        checkpoint.verify(&self.known.key.key, &self.known.key.id).map_err(not_accepted)?;
        if api == EntryVersion::V002 && checkpoint.origin != embedded.origin {
            return Err(LogError::NoTree { url: self.url.to_owned(), origin: embedded.origin.clone() });
        }
        Ok(Newest { checkpoint, shard })
    }

    async fn consistency(&self, newest: &Newest, first: u64) -> Result<Vec<Sha256Hash>, ServiceError> {
        let last = newest.checkpoint.tree_size;
        match (&self.client, &newest.shard) {
            (Client::V1(client), Some(shard)) => client.consistency(shard, first, last).await,
            (Client::V2(client), _) => client.consistency(first, last).await,
            (Client::V1(_), None) => Ok(Vec::new()),
        }
    }

    /// The checkpoint that covers a promised entry now.
    async fn including(&self, provable: &Provable) -> Result<Checkpoint, LogError> {
        let index = provable.logged.log_index;
        let found = match &self.client {
            Client::V1(client) => client.entry_at(index).await?,
            // every entry of Rekor v2 has a checkpoint
            Client::V2(_) => None,
        };
        let (_, entry) = found.ok_or_else(|| LogError::Promise { url: self.url.to_owned(), index })?;
        let included =
            verify_included(&entry, EntryVersion::V001, &self.known.key).map_err(|rejection| not_accepted(self.url, rejection))?;
        match included.leaf_hash == provable.logged.leaf_hash && included.log_index == index {
            true => Ok(included.checkpoint),
            false => Err(LogError::OtherEntry { url: self.url.to_owned(), index }),
        }
    }
}
