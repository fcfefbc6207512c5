use super::*;
use crate::service::testing::{Fake, Reply, Seen, body_of, impatient, nobody, patient, recorded, run, without_port};
use serde_json::Value;
use sigstore_types::Sha256Hash;

/// What a recorded request had logged.
struct Record {
    digest: [u8; 32],
    signature: Vec<u8>,
    certificate: Vec<u8>,
}

impl Record {
    fn recorded(name: &str) -> Self {
        let request: Value = serde_json::from_slice(&body_of(&recorded(name)["request"])).unwrap();
        let request = &request["hashedRekordRequestV002"];
        let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        Self {
            digest: bytes(&request["digest"]).try_into().unwrap(),
            signature: bytes(&request["signature"]["content"]),
            certificate: bytes(&request["signature"]["verifier"]["x509Certificate"]["rawBytes"]),
        }
    }

    fn as_hashed_rekord(&self) -> HashedRekord<'_> {
        let Self { digest, signature, certificate } = self;
        HashedRekord::of_certificate(digest, signature, certificate, "PKIX_ECDSA_P256_SHA_256")
    }
}

fn answered(name: &str) -> Value {
    serde_json::from_slice(&body_of(&recorded(name)["response"])).unwrap()
}

fn log_ids() -> Vec<Vec<u8>> {
    let id = STANDARD.decode(answered("rekor-v2-created")["logId"]["keyId"].as_str().unwrap()).unwrap();
    vec![vec![9; 32], id]
}

async fn create(http: &Http, url: &str, name: &str) -> Result<TransparencyLogEntry, ServiceError> {
    RekorV2::new(http, url).unwrap().create(&Record::recorded(name).as_hashed_rekord(), &log_ids()).await
}

fn verify(entry: &TransparencyLogEntry) {
    let proof = entry.inclusion_proof.as_ref().unwrap();
    let hash = |bytes: &[u8]| Sha256Hash::try_from(bytes).unwrap();
    let hashes: Vec<_> = proof.hashes.iter().map(|bytes| hash(bytes)).collect();
    let number = |number: i64| u64::try_from(number).unwrap();
    let leaf = sigstore_merkle::hash_leaf(&entry.canonicalized_body);
    sigstore_merkle::verify_inclusion_proof(&leaf, number(proof.log_index), number(proof.tree_size), &hashes, &hash(&proof.root_hash))
        .unwrap();
}

#[test]
fn the_real_logs_answers_are_entries_whose_proofs_verify() {
    run(async {
        for (name, index, size, hashes) in [("rekor-v2-created", 0, 1, 0), ("rekor-v2-created-later", 6, 7, 2)] {
            let fake = Fake::new(move |_| Reply::recorded(name)).await;
            let entry = create(&patient(), &fake.url, name).await.unwrap();
            verify(&entry);
            let proof = entry.inclusion_proof.as_ref().unwrap();
            assert_eq!((entry.log_index, proof.tree_size, proof.hashes.len()), (index, size, hashes));
            assert_eq!((entry.integrated_time, &entry.inclusion_promise), (0, &None));
            assert_eq!(entry.log_id.as_ref().unwrap().key_id, log_ids()[1]);
        }
    });
}

#[test]
fn the_request_is_the_recorded_one() {
    run(async {
        let fake = Fake::new(|_| Reply::recorded("rekor-v2-created")).await;
        create(&patient(), &fake.url, "rekor-v2-created").await.unwrap();
        let seen = &fake.seen()[0];
        let known: Value = serde_json::from_slice(&body_of(&recorded("rekor-v2-created")["request"])).unwrap();
        assert_eq!(seen.json(), known);
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/api/v2/log/entries"));
    });
}

/// Answers as the real log answers a duplicate, with the tiles that it wrote.
fn with_tiles(seen: &Seen, index: &str) -> Reply {
    let files = recorded("rekor-v2-tiles");
    match seen.path.as_str() {
        "/api/v2/log/entries" => {
            let duplicate = recorded("rekor-v2-duplicate");
            Reply::new(409, body_of(&duplicate["response"])).header("x-log-index", index)
        }
        "/api/v2/checkpoint" => Reply::new(200, files["checkpoint"].as_str().unwrap()),
        path => match files[path.trim_start_matches("/api/v2/")].as_str() {
            Some(text) => Reply::new(200, STANDARD.decode(text).unwrap()),
            None => Reply::new(404, ""),
        },
    }
}

#[test]
fn an_entry_that_exists_is_proved_from_the_real_logs_tiles() {
    run(async {
        for (name, index) in [("rekor-v2-created", "0"), ("rekor-v2-created-later", "6")] {
            let fake = Fake::new(move |seen| with_tiles(seen, index)).await;
            let entry = create(&patient(), &fake.url, name).await.unwrap();
            verify(&entry);
            assert_eq!(entry.log_index.to_string(), index);
            assert_eq!(entry.log_id.as_ref().unwrap().key_id, log_ids()[1]);
            if index == "6" {
                // the log itself gave the same proof when it made the entry
                let made = Fake::new(|_| Reply::recorded("rekor-v2-created-later")).await;
                assert_eq!(entry, create(&patient(), &made.url, name).await.unwrap());
            }
        }
    });
}

#[test]
fn a_checkpoint_that_lags_behind_is_waited_for() {
    run(async {
        let fake = Fake::new(|seen| {
            if seen.number == 2 {
                let old = answered("rekor-v2-created")["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap().to_owned();
                return Reply::new(200, old);
            }
            with_tiles(seen, "6")
        })
        .await;
        verify(&create(&patient(), &fake.url, "rekor-v2-created-later").await.unwrap());
    });
}

#[test]
fn a_partial_tile_that_is_gone_is_read_from_the_whole_one() {
    run(async {
        let record = Record::recorded("rekor-v2-created");
        let mut leaves = tile::tests::leaves(300);
        leaves[258] = sigstore_merkle::hash_leaf(&record.as_hashed_rekord().canonical_body(EntryVersion::V002));
        let root = tile::tests::root(&leaves[..260]);
        // the tree has grown from 260 to 512 entries since the checkpoint was made
        leaves.resize(512, leaves[0]);
        let files = tile::tests::tiles_of(&leaves);
        let id = STANDARD.encode([log_ids()[1][..4].to_vec(), vec![0; 64]].concat());
        let checkpoint = format!("log.test\n260\n{}\n\n— log.test {id}\n", root.to_base64());
        let fake = Fake::new(move |seen| match seen.path.as_str() {
            "/api/v2/log/entries" => Reply::new(409, "").header("x-log-index", "258"),
            "/api/v2/checkpoint" => Reply::new(200, checkpoint.clone()),
            // at level 1 the partial tile of the smaller tree is one hash, the larger tree's whole tile is not there yet
            "/api/v2/tile/1/000.p/1" => Reply::new(200, files["tile/1/000.p/2"][..32].to_vec()),
            path => {
                files.get(path.trim_start_matches("/api/v2/")).map_or_else(|| Reply::new(404, ""), |tile| Reply::new(200, tile.clone()))
            }
        })
        .await;
        verify(&create(&patient(), &fake.url, "rekor-v2-created").await.unwrap());
        let paths: Vec<_> = fake.seen().iter().map(|seen| seen.path.clone()).collect();
        assert!(paths.contains(&"/api/v2/tile/0/001.p/4".into()) && paths.contains(&"/api/v2/tile/0/001".into()), "{paths:?}");
    });
}

#[test]
fn a_log_that_lies_about_a_duplicate_is_found_out() {
    run(async {
        let mut sentences = Vec::new();
        let cases: [fn(&Seen) -> Reply; 6] = [
            |seen| with_tiles(seen, "nonsense"),
            |seen| with_tiles(seen, "-1"),
            // another entry's index
            |seen| with_tiles(seen, "3"),
            |seen| match seen.path.as_str() {
                "/api/v2/checkpoint" => Reply::recorded("rekor-v2-checkpoint-not-served"),
                _ => with_tiles(seen, "0"),
            },
            |seen| match seen.path.as_str() {
                "/api/v2/checkpoint" => {
                    let signed = recorded("rekor-v2-tiles")["checkpoint"].as_str().unwrap().to_owned();
                    Reply::new(200, signed.replace("SrmD", "TrmD"))
                }
                _ => with_tiles(seen, "0"),
            },
            |seen| match seen.path.as_str() {
                "/api/v2/tile/0/000.p/7" => Reply::new(200, "short"),
                _ => with_tiles(seen, "0"),
            },
        ];
        for case in cases {
            let fake = Fake::new(case).await;
            sentences.push(without_port(&create(&patient(), &fake.url, "rekor-v2-created").await.unwrap_err()));
        }
        insta::assert_snapshot!(sentences.join("\n"), @r"
        Rekor v2 at http://HOST/api/v2/log/entries sent an invalid answer: it says that the entry exists, but its X-Log-Index header names none
        Rekor v2 at http://HOST/api/v2/log/entries sent an invalid answer: it says that the entry exists, but its X-Log-Index header names none
        Rekor v2 at http://HOST/api/v2/checkpoint sent an answer that does not match the request: entry 3 is about another signature
        Rekor v2 at http://HOST/api/v2/checkpoint refused the request with 501 Not Implemented: method GetCheckpoint not implemented
        Rekor v2 at http://HOST/api/v2/checkpoint sent an answer that does not match the request: its tiles do not lead to the root hash of its checkpoint
        Rekor v2 at http://HOST/api/v2/tile/0/000.p/7 sent an invalid answer: a tile of 5 bytes
        ");
    });
}

#[test]
fn a_checkpoint_that_no_trusted_log_signed_is_not_taken() {
    run(async {
        let fake = Fake::new(|seen| with_tiles(seen, "0")).await;
        let client = RekorV2::new(&patient(), &fake.url).unwrap();
        let error = client.create(&Record::recorded("rekor-v2-created").as_hashed_rekord(), &[vec![1; 32]]).await.unwrap_err();
        insta::assert_snapshot!(without_port(&error), @"Rekor v2 at http://HOST/api/v2/checkpoint sent an answer that is not accepted: its checkpoint of localhost is not signed by a log of the trust root");
    });
}

#[test]
fn a_lying_log_is_found_out() {
    let good = answered("rekor-v2-created");
    let with = |path: &str, value: Value| {
        let mut entry = good.clone();
        *entry.pointer_mut(path).unwrap() = value;
        entry
    };
    for (answer, expected) in [
        (answered("rekor-v2-created-later"), "the entry is about another signature"),
        (with("/kindVersion/version", json!("0.0.1")), "the entry is of another kind or version"),
        (with("/integratedTime", json!("1700000000")), "the entry has a time"),
        (with("/logIndex", json!("-1")), "it contains a negative number"),
        (with("/logIndex", json!("9223372036854775808")), "not a 64-bit integer"),
        (with("/logId/keyId", json!("AAAA")), "logId is not of 32 bytes"),
        (with("/inclusionProof", Value::Null), "invalid type: null"),
        (with("/inclusionProof/hashes", json!(vec!["A"; 65])), "an inclusion proof of 65 hashes"),
        (with("/inclusionProof/rootHash", json!("?")), "rootHash is not base64"),
        (json!("text"), "invalid type"),
    ] {
        run(async {
            let body = answer.clone();
            let fake = Fake::new(move |_| Reply::json(201, &body)).await;
            let error = create(&patient(), &fake.url, "rekor-v2-created").await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        });
    }
}

#[test]
fn a_log_that_is_dead_refusing_or_recovering() {
    run(async {
        let error = create(&impatient(), &nobody(), "rekor-v2-created").await.unwrap_err();
        insta::assert_snapshot!(without_port(&error), @"Rekor v2 at http://HOST/api/v2/log/entries could not be reached: connection refused");
        let fake = Fake::new(|_| Reply::recorded("rekor-v2-signature-wrong")).await;
        let error = create(&patient(), &fake.url, "rekor-v2-created").await.unwrap_err();
        insta::assert_snapshot!(without_port(&error), @"Rekor v2 at http://HOST/api/v2/log/entries refused the request with 400 Bad Request: invalid hashedrekord request");
        let fake = Fake::new(|seen| if seen.number == 1 { Reply::new(502, "") } else { Reply::recorded("rekor-v2-created") }).await;
        verify(&create(&patient(), &fake.url, "rekor-v2-created").await.unwrap());
        // a create that blocks longer than other requests may is still bounded by the budget
        let fake = Fake::new(|_| Reply::never()).await;
        let error = create(&patient().within(Duration::from_millis(200)), &fake.url, "rekor-v2-created").await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Budget(_)), "{error}");
    });
}
