//! Rekor v1: creates a `hashedrekord` or `dsse` 0.0.1 entry, or finds an existing one.
//!
//! The answer is compared with the request: the body, and the leaf hash in the entry's id. The verifier checks the signed entry timestamp, the
//! proof and the checkpoint.

use super::{Answer, Call, Http, Retry, Service, ServiceError, endpoint};
use crate::evidence::{
    entry::{CheckpointEnvelope, EntryKind, EntryVersion, HashedRekord, InclusionPromise, InclusionProof, LogId, TransparencyLogEntry},
    envelope::LoggedEnvelope,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

#[cfg(feature = "cli")]
mod reading;

#[cfg(feature = "cli")]
pub(crate) use reading::{Shard, is_uuid, stated_kind};

/// The longest audit path that is read.
const MAX_HASHES: usize = 64;
/// The number of requests for an entry that the log has accepted but not yet integrated.
const LOOK_UPS: u32 = 5;
const LOOK_UP_PAUSE: Duration = Duration::from_millis(500);

/// A client of Rekor's v1 API.
#[derive(Debug, Clone)]
pub struct RekorV1 {
    http: Http,
    entries: reqwest::Url,
}

impl RekorV1 {
    /// A client of the log at `base`, such as `https://rekor.sigstore.dev`.
    ///
    /// # Errors
    /// [`Cause::Address`](super::Cause::Address).
    pub fn new(http: &Http, base: &str) -> Result<Self, ServiceError> {
        Ok(Self { http: http.clone(), entries: endpoint(Service::RekorV1, base, "api/v1/log/entries")? })
    }

    /// Adds `record` to the log and returns its entry with the body. An existing entry is fetched.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn create(&self, record: &HashedRekord<'_>) -> Result<TransparencyLogEntry, ServiceError> {
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": { "hash": { "algorithm": record.hash.name(), "value": hex::encode(record.digest) } },
                "signature": {
                    "content": STANDARD.encode(record.signature),
                    "publicKey": { "content": STANDARD.encode(record.verifier.pem()) },
                },
            },
        });
        let expected = record.canonical_body(EntryVersion::V001);
        self.add(&body, EntryKind::HashedRekord(EntryVersion::V001), &|body| body == expected).await
    }

    /// Adds an envelope to the log and returns its entry, a `dsse` 0.0.1, with the body. The log gets the payload, and stores hashes.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn create_envelope(&self, envelope: &LoggedEnvelope<'_>) -> Result<TransparencyLogEntry, ServiceError> {
        let uploaded = json!({
            "payload": STANDARD.encode(envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": [{ "sig": STANDARD.encode(envelope.signature) }],
        });
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "proposedContent": {
                    "envelope": uploaded.to_string(),
                    "verifiers": [STANDARD.encode(envelope.verifier.pem())],
                },
            },
        });
        self.add(&body, EntryKind::DsseV001, &|body| envelope.check_body(EntryKind::DsseV001, body).is_ok()).await
    }

    async fn add(&self, body: &Value, kind: EntryKind, is_expected: IsExpected<'_>) -> Result<TransparencyLogEntry, ServiceError> {
        let call = Call { retry: Retry::Safe, ..Call::post_json(Service::RekorV1, self.entries.clone(), body) };
        let answer = self.http.send(&call).await?;
        match answer.status.as_u16() {
            201 => read(&answer, kind, is_expected),
            // the log has it: from an earlier attempt, or from somebody else with the same signature
            409 => self.fetch(&answer, kind, is_expected).await,
            _ => Err(answer.refused()),
        }
    }

    /// The entry that a 409 names. Only the id is taken from the answer: the request goes to the configured log.
    async fn fetch(&self, conflict: &Answer, kind: EntryKind, is_expected: IsExpected<'_>) -> Result<TransparencyLogEntry, ServiceError> {
        let named = conflict.header("location").and_then(|location| location.rsplit('/').next()).unwrap_or_default();
        if !is_id(named) {
            return Err(conflict.malformed("it says that the entry exists, but its Location header names none"));
        }
        let mut url = self.entries.clone();
        url.set_path(&format!("{}/{named}", url.path()));
        for look_up in 1.. {
            let call = Call { accept: Some("application/json"), ..Call::get(Service::RekorV1, url.clone()) };
            let answer = self.http.send(&call).await?;
            match answer.status.as_u16() {
                200 => return read(&answer, kind, is_expected),
                // accepted but not yet integrated
                404 if look_up < LOOK_UPS && self.http.wait(LOOK_UP_PAUSE).await => {}
                _ => return Err(answer.refused()),
            }
        }
        Err(conflict.refused())
    }
}

/// Whether a text is the id of an entry: the leaf hash in hexadecimal, optionally after sixteen digits of the shard.
pub(super) fn is_id(id: &str) -> bool {
    matches!(id.len(), 64 | 80) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: i64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Proof,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: i64,
    root_hash: String,
    tree_size: i64,
}

/// Whether a body is that of the entry that was asked for.
type IsExpected<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// The only entry of an answer, which is of this kind and has the expected body.
fn read(answer: &Answer, kind: EntryKind, is_expected: IsExpected<'_>) -> Result<TransparencyLogEntry, ServiceError> {
    let (_, entry) = read_entry(answer, is_expected)?;
    Ok(TransparencyLogEntry { kind_version: Some(kind.kind_version()), ..entry })
}

/// The only entry of an answer, of whatever kind, and its id.
pub(super) fn read_entry(answer: &Answer, is_expected: IsExpected<'_>) -> Result<(String, TransparencyLogEntry), ServiceError> {
    let mut entries: BTreeMap<String, LogEntry> = answer.json()?;
    let (Some((id, entry)), true) = (entries.pop_first(), entries.is_empty()) else {
        return Err(answer.malformed("it does not contain exactly one entry"));
    };
    let body = STANDARD.decode(&entry.body).map_err(|_| answer.malformed("the body is not base64"))?;
    if !is_expected(&body) {
        return Err(answer.mismatch("the entry is about another signature"));
    }
    let leaf = sigstore_merkle::hash_leaf(&body).to_hex();
    if !is_id(&id) || !id.to_ascii_lowercase().ends_with(&leaf) {
        return Err(answer.mismatch("the entry's id is not the hash of its body"));
    }
    let proof = entry.verification.inclusion_proof;
    if proof.hashes.len() > MAX_HASHES {
        return Err(answer.malformed(format!("an inclusion proof of {} hashes", proof.hashes.len())));
    }
    if [entry.log_index, entry.integrated_time, proof.log_index, proof.tree_size].iter().any(|number| *number < 0) {
        return Err(answer.malformed("it contains a negative number"));
    }
    let hash = |text: &str, what: &str| unhex(text).ok_or_else(|| answer.malformed(format!("{what} is not a hash in hexadecimal")));
    let promise = STANDARD
        .decode(&entry.verification.signed_entry_timestamp)
        .map_err(|_| answer.malformed("the signed entry timestamp is not base64"))?;
    let entry = TransparencyLogEntry {
        log_index: entry.log_index,
        log_id: Some(LogId { key_id: hash(&entry.log_id, "logID")? }),
        kind_version: Some(EntryVersion::V001.kind_version()),
        integrated_time: entry.integrated_time,
        inclusion_promise: Some(InclusionPromise { signed_entry_timestamp: promise }),
        inclusion_proof: Some(InclusionProof {
            log_index: proof.log_index,
            root_hash: hash(&proof.root_hash, "rootHash")?,
            tree_size: proof.tree_size,
            hashes: proof.hashes.iter().map(|text| hash(text, "a hash of the proof")).collect::<Result<_, _>>()?,
            checkpoint: Some(CheckpointEnvelope { envelope: proof.checkpoint }),
        }),
        canonicalized_body: body,
    };
    Ok((id, entry))
}

/// Thirty-two bytes from hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    sigstore_types::Sha256Hash::from_hex(text).ok().map(|hash| hash.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        Cause,
        testing::{Fake, Reply, body_of, impatient, nobody, patient, recorded, run, without_port},
    };

    /// What the recorded request had logged.
    struct Record {
        digest: [u8; 32],
        signature: Vec<u8>,
        certificate: Vec<u8>,
    }

    impl Record {
        fn recorded() -> Self {
            let request: Value = serde_json::from_slice(&body_of(&recorded("rekor-v1-created")["request"])).unwrap();
            let spec = &request["spec"];
            let pem = STANDARD.decode(spec["signature"]["publicKey"]["content"].as_str().unwrap()).unwrap();
            Self {
                digest: unhex(spec["data"]["hash"]["value"].as_str().unwrap()).unwrap().try_into().unwrap(),
                signature: STANDARD.decode(spec["signature"]["content"].as_str().unwrap()).unwrap(),
                certificate: der::pem::decode_vec(&pem).unwrap().1,
            }
        }

        fn as_hashed_rekord(&self) -> HashedRekord<'_> {
            let Self { digest, signature, certificate } = self;
            HashedRekord::of_certificate(digest, signature, certificate, "PKIX_ECDSA_P256_SHA_256")
        }
    }

    async fn create(http: &Http, url: &str) -> Result<TransparencyLogEntry, ServiceError> {
        RekorV1::new(http, url).unwrap().create(&Record::recorded().as_hashed_rekord()).await
    }

    #[test]
    fn the_real_logs_answer_is_an_entry_whose_proof_verifies() {
        run(async {
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-created")).await;
            let entry = create(&patient(), &fake.url).await.unwrap();
            assert_eq!(entry.kind_version, Some(EntryVersion::V001.kind_version()));
            assert!(entry.integrated_time > 1_795_000_000);
            let proof = entry.inclusion_proof.unwrap();
            let root = sigstore_types::Sha256Hash::try_from(proof.root_hash.as_slice()).unwrap();
            assert_eq!((proof.log_index, proof.tree_size, proof.hashes.len()), (0, 1, 0));
            assert_eq!(sigstore_merkle::hash_leaf(&entry.canonicalized_body), root);
            assert!(proof.checkpoint.unwrap().envelope.starts_with("rekor.peers.test - "));
        });
    }

    #[test]
    fn the_request_is_the_recorded_one() {
        run(async {
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-created")).await;
            create(&patient(), &fake.url).await.unwrap();
            let seen = &fake.seen()[0];
            let known: Value = serde_json::from_slice(&body_of(&recorded("rekor-v1-created")["request"])).unwrap();
            assert_eq!(seen.json(), known);
            assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/api/v1/log/entries"));
        });
    }

    #[test]
    fn an_entry_that_exists_is_fetched_from_the_configured_log() {
        run(async {
            let fake = Fake::new(|seen| match seen.method.as_str() {
                "POST" => Reply::recorded("rekor-v1-duplicate"),
                // integrated only when asked for the second time
                _ if seen.number == 2 => Reply::recorded("rekor-v1-entry-unknown"),
                _ => Reply::recorded("rekor-v1-entry"),
            })
            .await;
            let entry = create(&patient(), &fake.url).await.unwrap();
            let made = Fake::new(|_| Reply::recorded("rekor-v1-created")).await;
            assert_eq!(entry.canonicalized_body, create(&patient(), &made.url).await.unwrap().canonicalized_body);
            let duplicate = Reply::recorded("rekor-v1-duplicate");
            let location = duplicate.header_value("location").unwrap();
            let path = location.get(location.find("/api/").unwrap()..).unwrap().to_owned();
            assert!(fake.seen()[1..].iter().all(|seen| seen.method == "GET" && seen.path == path), "{path}");
        });
    }

    #[test]
    fn a_location_on_another_host_or_without_an_id_leads_nowhere_else() {
        run(async {
            let id = "ab".repeat(40);
            let elsewhere = Fake::new(|_| Reply::recorded("rekor-v1-entry")).await;
            let location = format!("{}/api/v1/log/entries/{id}", elsewhere.url);
            let fake = Fake::new(move |seen| match seen.method.as_str() {
                "POST" => Reply::new(409, "").header("location", location.clone()),
                _ => Reply::recorded("rekor-v1-entry"),
            })
            .await;
            create(&patient(), &fake.url).await.unwrap();
            assert!(elsewhere.seen().is_empty());
            for location in ["", "/", "/api/v1/log/entries/../../../x", "/api/v1/log/entries/zz"] {
                let fake = Fake::new(move |_| Reply::new(409, "").header("location", location)).await;
                let error = create(&patient(), &fake.url).await.unwrap_err();
                assert_eq!(fake.seen().len(), 1);
                insta::allow_duplicates! { insta::assert_snapshot!(
                    without_port(&error),
                    @"Rekor v1 at http://HOST/api/v1/log/entries sent an invalid answer: it says that the entry exists, but its Location header names none"
                ) };
            }
        });
    }

    #[test]
    fn a_lying_log_is_found_out() {
        let (id, good) = {
            let answer: Value = serde_json::from_slice(&body_of(&recorded("rekor-v1-created")["response"])).unwrap();
            let (id, entry) = answer.as_object().unwrap().iter().next().unwrap();
            (id.clone(), entry.clone())
        };
        let with = |path: &str, value: Value| {
            let mut entry = good.clone();
            *entry.pointer_mut(path).unwrap() = value;
            json!({ id.clone(): entry })
        };
        let other_body = STANDARD.encode(r#"{"apiVersion":"0.0.1","kind":"hashedrekord"}"#);
        let proof = "/verification/inclusionProof";
        for (answer, expected) in [
            (with("/body", json!(other_body)), "the entry is about another signature"),
            (json!({ "ab".repeat(40): good }), "the entry's id is not the hash of its body"),
            (json!({ id.clone(): good, "ab".repeat(40): good }), "it does not contain exactly one entry"),
            (json!({}), "it does not contain exactly one entry"),
            (with("/body", json!("?")), "the body is not base64"),
            (with("/logID", json!("abcd")), "logID is not a hash in hexadecimal"),
            (with("/logIndex", json!(-1)), "it contains a negative number"),
            (with(&format!("{proof}/rootHash"), json!("é")), "rootHash is not a hash in hexadecimal"),
            (with(&format!("{proof}/hashes"), json!(vec!["00".repeat(32); 65])), "an inclusion proof of 65 hashes"),
            (with(proof, Value::Null), "invalid type: null"),
        ] {
            run(async {
                let body = answer.clone();
                let fake = Fake::new(move |_| Reply::json(201, &body)).await;
                let error = create(&patient(), &fake.url).await.unwrap_err();
                assert!(matches!(error.cause(), Cause::Malformed(_) | Cause::Mismatch(_)), "{error}");
                assert!(error.to_string().contains(expected), "{error}");
            });
        }
    }

    #[test]
    fn refusals_are_told_in_the_logs_words() {
        run(async {
            let fake = Fake::new(|_| Reply::recorded("rekor-v1-empty-object")).await;
            insta::assert_snapshot!(
                without_port(&create(&patient(), &fake.url).await.unwrap_err()),
                @"Rekor v1 at http://HOST/api/v1/log/entries refused the request with 422 Unprocessable Entity: kind in body is required"
            );
        });
    }

    #[test]
    fn a_log_that_is_dead_slow_or_recovering() {
        run(async {
            let error = create(&impatient(), &nobody()).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"Rekor v1 at http://HOST/api/v1/log/entries could not be reached: connection refused");
            let fake = Fake::new(|_| Reply::never()).await;
            let error = create(&impatient(), &fake.url).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"Rekor v1 at http://HOST/api/v1/log/entries gave no answer within 0.3 s");
            // the first create reached the log, its answer was lost on the way
            let fake = Fake::new(|seen| match seen.number {
                1 => Reply::new(502, ""),
                2 => Reply::recorded("rekor-v1-duplicate"),
                _ => Reply::recorded("rekor-v1-entry"),
            })
            .await;
            create(&patient(), &fake.url).await.unwrap();
        });
    }
}
