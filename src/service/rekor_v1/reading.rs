//! Reading Rekor v1: an entry by its name, the newest checkpoints, and consistency proofs.

use super::{MAX_HASHES, RekorV1, is_id, read_entry, unhex};
use crate::{
    evidence::entry::{KindVersion, TransparencyLogEntry},
    service::{Answer, Call, Service, ServiceError},
};
use serde::Deserialize;
use sigstore_types::Sha256Hash;

/// The largest list of shards that is read, in bytes. The public log has fewer than ten, each with a checkpoint of 300 bytes.
const MAX_SHARDS: usize = 256 << 10;

/// A tree of the log. A log begins a new one from time to time, and keeps the old ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Its number, in decimal digits.
    pub tree_id: String,
    /// Its newest checkpoint; not verified.
    pub checkpoint: String,
}

impl RekorV1 {
    /// The entry with this UUID; `None` if the log does not have it.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn entry(&self, uuid: &str) -> Result<Option<(String, TransparencyLogEntry)>, ServiceError> {
        let mut url = self.entries.clone();
        url.set_path(&format!("{}/{uuid}", url.path()));
        let Some((found, entry, answer)) = self.found(url).await? else { return Ok(None) };
        let (asked, found_id) = (uuid.to_ascii_lowercase(), found.to_ascii_lowercase());
        // both may lack the shard
        match asked.ends_with(&found_id) || found_id.ends_with(&asked) {
            true => Ok(Some((found, entry))),
            false => Err(answer.mismatch("the entry has a different id than the requested one")),
        }
    }

    /// The entry with this index over all shards; `None` if the log does not have it.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn entry_at(&self, index: u64) -> Result<Option<(String, TransparencyLogEntry)>, ServiceError> {
        let mut url = self.entries.clone();
        url.query_pairs_mut().append_pair("logIndex", &index.to_string());
        let Some((found, entry, answer)) = self.found(url).await? else { return Ok(None) };
        match u64::try_from(entry.log_index) {
            Ok(given) if given == index => Ok(Some((found, entry))),
            _ => Err(answer.mismatch(format!("the entry has the index {}; requested was {index}", entry.log_index))),
        }
    }

    /// The log's trees with their newest checkpoints, the active one first.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn shards(&self) -> Result<Vec<Shard>, ServiceError> {
        let answer = self.get(self.above_entries(""), MAX_SHARDS).await?;
        let info: LogInfo = answer.json()?;
        let active = (info.tree_id, info.signed_tree_head);
        let inactive = info.inactive_shards.unwrap_or_default().into_iter().map(|shard| (shard.tree_id, shard.signed_tree_head));
        let shards = std::iter::once(active).chain(inactive).map(|(tree_id, checkpoint)| {
            match !tree_id.is_empty() && tree_id.len() <= 20 && tree_id.bytes().all(|byte| byte.is_ascii_digit()) {
                true => Ok(Shard { tree_id, checkpoint }),
                false => Err(answer.malformed("a treeID is not a number")),
            }
        });
        shards.collect()
    }

    /// The consistency proof between two sizes of a tree; not verified.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub(crate) async fn consistency(&self, shard: &Shard, first: u64, last: u64) -> Result<Vec<Sha256Hash>, ServiceError> {
        let mut url = self.above_entries("/proof");
        let (first, last) = (first.to_string(), last.to_string());
        url.query_pairs_mut().append_pair("firstSize", &first).append_pair("lastSize", &last).append_pair("treeID", &shard.tree_id);
        let answer = self.get(url, MAX_SHARDS).await?;
        let proof: ConsistencyProof = answer.json()?;
        let hashes = proof.hashes.unwrap_or_default();
        // at most two hashes for each level of the tree
        if hashes.len() > 2 * MAX_HASHES {
            return Err(answer.malformed(format!("a consistency proof of {} hashes", hashes.len())));
        }
        let hash = |text: &String| unhex(text).and_then(|bytes| Sha256Hash::try_from(bytes.as_slice()).ok());
        let read: Option<Vec<_>> = hashes.iter().map(hash).collect();
        read.ok_or_else(|| answer.malformed("a hash of the proof is not a hash in hexadecimal"))
    }

    async fn found(&self, url: reqwest::Url) -> Result<Option<(String, TransparencyLogEntry, Answer)>, ServiceError> {
        let call = Call { accept: Some("application/json"), ..Call::get(Service::RekorV1, url) };
        let answer = self.http.send(&call).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(answer.refused()),
        }
        let (id, entry) = read_entry(&answer, &|_| true)?;
        let kind =
            stated_kind(&entry.canonicalized_body).ok_or_else(|| answer.malformed("the body does not state its kind and version"))?;
        Ok(Some((id, TransparencyLogEntry { kind_version: Some(kind), ..entry }, answer)))
    }

    async fn get(&self, url: reqwest::Url, limit: usize) -> Result<Answer, ServiceError> {
        let call = Call { accept: Some("application/json"), max_answer: limit, ..Call::get(Service::RekorV1, url) };
        let answer = self.http.send(&call).await?;
        if answer.status == 200 { Ok(answer) } else { Err(answer.refused()) }
    }

    /// The address `api/v1/log` with more behind it.
    fn above_entries(&self, more: &str) -> reqwest::Url {
        let mut url = self.entries.clone();
        let path = format!("{}{more}", url.path().trim_end_matches("/entries"));
        url.set_path(&path);
        url
    }
}

/// Whether a text is the UUID of an entry of Rekor v1.
pub(crate) fn is_uuid(name: &str) -> bool {
    is_id(name)
}

/// The kind and version that the body of an entry states.
pub(crate) fn stated_kind(body: &[u8]) -> Option<KindVersion> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Stated {
        kind: String,
        api_version: String,
    }
    let stated: Stated = crate::json_object::from_slice(body).ok()?;
    Some(KindVersion { kind: stated.kind, version: stated.api_version })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInfo {
    #[serde(rename = "treeID")]
    tree_id: String,
    signed_tree_head: String,
    inactive_shards: Option<Vec<InactiveShard>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InactiveShard {
    #[serde(rename = "treeID")]
    tree_id: String,
    signed_tree_head: String,
}

#[derive(Deserialize)]
struct ConsistencyProof {
    hashes: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        Cause,
        testing::{Fake, Reply, body_of, patient, recorded, run},
    };
    use serde_json::{Value, json};

    fn log(fake: &Fake) -> RekorV1 {
        RekorV1::new(&patient(), &fake.url).unwrap()
    }

    /// The recorded entry and its UUID.
    fn entry() -> (String, Value) {
        let answer: Value = serde_json::from_slice(&body_of(&recorded("rekor-v1-entry")["response"])).unwrap();
        let (id, entry) = answer.as_object().unwrap().iter().next().unwrap();
        (id.clone(), entry.clone())
    }

    #[test]
    fn the_real_log_s_answers_are_read() {
        run(async {
            let (id, known) = entry();
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-entry")).await;
            for name in [id.as_str(), &id[16..], &id.to_uppercase()] {
                let (found, entry) = log(&fake).entry(name).await.unwrap().unwrap();
                assert_eq!((found, entry.kind_version.unwrap().kind.as_str()), (id.clone(), "hashedrekord"));
            }
            let index = known["logIndex"].as_u64().unwrap();
            assert!(log(&fake).entry_at(index).await.unwrap().is_some());
            assert_eq!(fake.seen().last().unwrap().query, format!("logIndex={index}"));
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-entry-by-index-unknown")).await;
            assert!(log(&fake).entry_at(999_999).await.unwrap().is_none());
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-log")).await;
            let shards = log(&fake).shards().await.unwrap();
            assert_eq!((shards.len(), shards[0].tree_id.as_str()), (1, "6126767534719139078"));
            assert!(shards[0].checkpoint.starts_with("rekor.peers.test - 6126767534719139078\n1\n"));
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-proof")).await;
            assert_eq!(log(&fake).consistency(&shards[0], 1, 2).await.unwrap().len(), 1);
            assert_eq!(fake.seen()[0].path, "/api/v1/log/proof");
            assert_eq!(fake.seen()[0].query, "firstSize=1&lastSize=2&treeID=6126767534719139078");
        });
    }

    #[test]
    fn the_trees_of_a_sharded_log_are_listed() {
        run(async {
            let shard = |id: &str| json!({"treeID": id, "signedTreeHead": format!("of {id}"), "rootHash": "", "treeSize": 1});
            let mut active = shard("3");
            active["inactiveShards"] = json!([shard("1"), shard("2")]);
            let fake = Fake::new(move |_| Reply::json(200, &active)).await;
            let shards = log(&fake).shards().await.unwrap();
            let read: Vec<(&str, &str)> = shards.iter().map(|shard| (shard.tree_id.as_str(), shard.checkpoint.as_str())).collect();
            assert_eq!(read, [("3", "of 3"), ("1", "of 1"), ("2", "of 2")]);
        });
    }

    #[test]
    fn a_log_that_answers_wrongly_is_found_out() {
        let (id, good) = entry();
        let other = { format!("{}{}", "ab".repeat(8), &id[16..]) };
        let shard = Shard { tree_id: "1".into(), checkpoint: String::new() };
        let index = good["logIndex"].as_u64().unwrap();
        run(async {
            let fake = |value: Value| Fake::new(move |_| Reply::json(200, &value));
            let is_mismatch = |error: ServiceError, text: &str| {
                assert!(matches!(error.cause(), Cause::Mismatch(_) | Cause::Malformed(_)) && error.to_string().contains(text), "{error}");
            };
            let answer = fake(json!({ id.clone(): good })).await;
            let different = "a different id than the requested one";
            is_mismatch(log(&answer).entry(&"ab".repeat(32)).await.unwrap_err(), different);
            // the same leaf in another tree is another entry
            is_mismatch(log(&answer).entry(&other).await.unwrap_err(), different);
            is_mismatch(log(&answer).entry_at(index + 1).await.unwrap_err(), &format!("the entry has the index {index}"));
            let odd = fake(json!({"treeID": "1&treeID=2", "signedTreeHead": "x"})).await;
            is_mismatch(log(&odd).shards().await.unwrap_err(), "a treeID is not a number");
            for (hashes, text) in [(json!(vec!["ab".repeat(32); 129]), "129 hashes"), (json!(["x"]), "not a hash in hexadecimal")] {
                let proof = fake(json!({ "hashes": hashes, "rootHash": "" })).await;
                is_mismatch(log(&proof).consistency(&shard, 1, 2).await.unwrap_err(), text);
            }
        });
    }
}
