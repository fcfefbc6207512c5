use super::*;
use crate::service::testing::{Fake, Reply, impatient, nobody, patient, run};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::{EncodePublicKey as _, LineEnding},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const DAY: i64 = 24 * 3600;

fn at(day: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000 + day * DAY).unwrap()
}

struct Key {
    id: String,
    public: Value,
    key: SigningKey,
}

impl Key {
    fn new(number: u8) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        let pem = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
        let public = json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": pem}});
        Self { id: format!("key-{number}"), public, key }
    }
}

fn envelope(signed: &Value, keys: &[&Key]) -> String {
    let canonical = sigstore_tuf::canonical_json::to_canonical_bytes(signed).unwrap();
    let signatures: Vec<_> = keys
        .iter()
        .map(|key| {
            let signature: DerSignature = key.key.sign(&canonical);
            json!({"keyid": key.id, "sig": hex::encode(signature.as_bytes())})
        })
        .collect();
    json!({"signed": signed, "signatures": signatures}).to_string()
}

/// A repository with one key for the root and one for all else, each role's version and expiry as the test wants.
#[derive(Clone)]
struct Published {
    root: u64,
    /// The root's key in each version.
    root_keys: Vec<u8>,
    online_key: u8,
    timestamp: u64,
    others: u64,
    expires: i64,
    trusted_root: &'static str,
    signing_config: Option<&'static str>,
}

const FIRST: Published = Published {
    root: 1,
    root_keys: Vec::new(),
    online_key: 9,
    timestamp: 1,
    others: 1,
    expires: 30,
    trusted_root: "the first trusted root",
    signing_config: Some("the first signing config"),
};

impl Published {
    fn root_key(&self, version: u64) -> Key {
        Key::new(self.root_keys.get(usize::try_from(version).unwrap() - 1).copied().unwrap_or(1))
    }

    fn root_file(&self, version: u64) -> String {
        let (key, online) = (self.root_key(version), Key::new(self.online_key));
        let role = |key: &Key| json!({"keyids": [key.id], "threshold": 1});
        let signed = json!({
            "_type": "root", "spec_version": "1.0.31", "version": version, "expires": at(1000).to_string(), "consistent_snapshot": true,
            "keys": {key.id.clone(): key.public, online.id.clone(): online.public},
            "roles": {"root": role(&key), "timestamp": role(&online), "snapshot": role(&online), "targets": role(&online)},
        });
        let before = self.root_key(version.max(2) - 1);
        if before.id == key.id { envelope(&signed, &[&key]) } else { envelope(&signed, &[&before, &key]) }
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let online = Key::new(self.online_key);
        let mut targets = serde_json::Map::new();
        for (name, content) in [(TRUSTED_ROOT, Some(self.trusted_root)), (SIGNING_CONFIG, self.signing_config)] {
            let Some(content) = content else { continue };
            let hash = hex::encode(Sha256::digest(content));
            files.insert(format!("/targets/{hash}.{name}"), content.as_bytes().to_vec());
            targets.insert(name.into(), json!({"length": content.len(), "hashes": {"sha256": hash}}));
        }
        let expires = at(self.expires).to_string();
        let others = self.others;
        let role = |kind: &str, version: u64, field: &str, value: Value| {
            envelope(&json!({"_type": kind, "spec_version": "1.0.31", "version": version, "expires": expires, field: value}), &[&online])
        };
        let targets = role("targets", others, "targets", targets.into());
        let snapshot = role("snapshot", others, "meta", json!({"targets.json": {"version": others}}));
        let timestamp = role("timestamp", self.timestamp, "meta", json!({"snapshot.json": {"version": others}}));
        for version in 1..=self.root {
            files.insert(format!("/{version}.root.json"), self.root_file(version).into_bytes());
        }
        files.insert(format!("/{others}.targets.json"), targets.into_bytes());
        files.insert(format!("/{others}.snapshot.json"), snapshot.into_bytes());
        files.insert("/timestamp.json".into(), timestamp.into_bytes());
        files
    }
}

/// A mirror on loopback whose content the test replaces, and its cache.
struct Setting {
    fake: Fake,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    caches: tempfile::TempDir,
}

impl Setting {
    async fn new(published: &Published) -> Self {
        let files = Arc::new(Mutex::new(published.files()));
        let served = Arc::clone(&files);
        let fake = Fake::new(move |seen| {
            served.lock().unwrap().get(&seen.path).map_or_else(|| Reply::new(404, ""), |file| Reply::new(200, file.clone()))
        })
        .await;
        let setting = Self { fake, files, caches: tempfile::tempdir().unwrap() };
        setting.mirror().initialize(&patient(), published.root_file(1).as_bytes()).await.unwrap();
        setting
    }

    fn mirror(&self) -> Mirror {
        Mirror::new(self.caches.path(), &self.fake.url).unwrap()
    }

    fn publish(&self, published: &Published) {
        *self.files.lock().unwrap() = published.files();
    }

    fn serve(&self, path: &str, content: Vec<u8>) {
        self.files.lock().unwrap().insert(path.into(), content);
    }

    async fn refresh(&self, day: i64) -> Result<TrustMaterial, String> {
        let outcome = self.mirror().refresh(&patient(), at(day)).await;
        outcome.map_err(|error| self.plain(&error))
    }

    fn plain(&self, error: &TufError) -> String {
        let text = error.to_string().replace(&self.fake.url, "http://HOST");
        let folder = self.mirror().cache_file().parent().unwrap().display().to_string();
        text.replace(&folder, "FOLDER")
    }
}

#[test]
fn the_first_refresh_fetches_and_keeps_what_the_mirror_vouches_for() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        assert_eq!(setting.mirror().cached().unwrap(), None);
        let trust = setting.refresh(1).await.unwrap();
        assert_eq!(
            (trust.trusted_root.as_str(), trust.signing_config.as_deref()),
            ("the first trusted root", Some("the first signing config"))
        );
        assert_eq!(trust.versions, Versions { root: 1, timestamp: 1, snapshot: 1, targets: 1 });
        assert_eq!((trust.expires, trust.refreshed), (at(30), at(1)));
        assert_eq!(setting.mirror().cached().unwrap(), Some(trust));
    });
}

#[test]
fn nothing_is_fetched_twice_and_newer_trust_replaces_older() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.refresh(1).await.unwrap();
        let before = setting.fake.seen().len();
        assert_eq!(setting.refresh(2).await.unwrap().refreshed, at(2));
        let paths: Vec<_> = setting.fake.seen().into_iter().skip(before).map(|seen| seen.path).collect();
        assert_eq!(paths, ["/2.root.json", "/timestamp.json"]);
        setting.publish(&Published { timestamp: 2, others: 2, trusted_root: "the second", signing_config: None, ..FIRST });
        let trust = setting.refresh(3).await.unwrap();
        assert_eq!((trust.trusted_root.as_str(), trust.signing_config), ("the second", None));
        assert_eq!(trust.versions, Versions { root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    });
}

#[test]
fn a_new_root_is_followed_by_its_predecessors_signature() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.refresh(1).await.unwrap();
        let rotated =
            Published { root: 3, root_keys: vec![1, 2, 2], online_key: 8, timestamp: 2, others: 2, trusted_root: "rotated", ..FIRST };
        setting.publish(&rotated);
        let trust = setting.refresh(2).await.unwrap();
        assert_eq!((trust.versions.root, trust.trusted_root.as_str()), (3, "rotated"));
        // the rotated root is where the next refresh begins
        let before = setting.fake.seen().len();
        setting.refresh(3).await.unwrap();
        assert_eq!(setting.fake.seen()[before].path, "/4.root.json");
    });
}

#[test]
fn what_a_mirror_must_not_do_is_refused_and_the_cache_stays() {
    run(async {
        let mut told = Vec::new();
        let newer = Published { timestamp: 2, others: 2, trusted_root: "newer", ..FIRST };
        let foreign = Published { root: 2, root_keys: vec![7, 7], ..newer.clone() };
        let tampered = |path: &str, published: &Published| {
            let mut content = published.files()[path].clone();
            let position = content.windows(4).position(|window| window == b"2026").unwrap();
            content[position + 3] = b'7';
            (path.to_owned(), content)
        };
        let cases = [
            ("rollback of the timestamp", FIRST, None, 3),
            ("rollback of the targets", Published { timestamp: 3, others: 1, ..FIRST }, None, 3),
            ("freeze", newer.clone(), None, 31),
            ("a root with other keys", foreign, None, 3),
            (
                "a tampered timestamp",
                Published { timestamp: 3, ..newer.clone() },
                Some(tampered("/timestamp.json", &Published { timestamp: 3, ..newer.clone() })),
                3,
            ),
            ("other online keys", Published { online_key: 6, timestamp: 3, others: 3, ..FIRST }, None, 3),
            ("endless data", newer.clone(), Some(("/timestamp.json".into(), vec![b' '; 20_000])), 3),
            ("no JSON", newer.clone(), Some(("/timestamp.json".into(), b"<html>".to_vec())), 3),
            ("a target of another content", Published { timestamp: 3, others: 3, trusted_root: "other", ..FIRST }, None, 3),
        ];
        for (name, published, change, day) in cases {
            let setting = Setting::new(&FIRST).await;
            setting.publish(&newer);
            let known = setting.refresh(2).await.unwrap();
            setting.publish(&published);
            if name == "a target of another content" {
                setting.serve(&format!("/targets/{}.{TRUSTED_ROOT}", hex::encode(Sha256::digest("other"))), b"evil!".to_vec());
            }
            if let Some((path, content)) = change {
                setting.serve(&path, content);
            }
            let error = setting.refresh(day).await.unwrap_err();
            told.push(format!("{name}: {error}"));
            assert_eq!(setting.mirror().cached().unwrap(), Some(known), "{name}");
        }
        insta::assert_snapshot!(told.join("\n"), @r"
        rollback of the timestamp: the metadata of the TUF mirror at http://HOST is not accepted: rollback detected for timestamp: trusted version 2 > new version 1
        rollback of the targets: the metadata of the TUF mirror at http://HOST is not accepted: rollback detected for snapshot (via timestamp): trusted version 2 > new version 1
        freeze: the metadata of the TUF mirror at http://HOST is not accepted: timestamp metadata expired at 2026-10-21 14:13:20 UTC
        a root with other keys: the metadata of the TUF mirror at http://HOST is not accepted: signature threshold not met for role root: 0/1 valid signatures
        a tampered timestamp: the metadata of the TUF mirror at http://HOST is not accepted: signature threshold not met for role timestamp: 0/1 valid signatures
        other online keys: the metadata of the TUF mirror at http://HOST is not accepted: signature threshold not met for role timestamp: 0/1 valid signatures
        endless data: the TUF mirror at http://HOST/timestamp.json sent an answer of more than 16384 bytes
        no JSON: the metadata of the TUF mirror at http://HOST is not accepted: failed to parse JSON: expected value at line 1 column 1
        a target of another content: the metadata of the TUF mirror at http://HOST is not accepted: integrity check failed: trusted_root.json: sha256 mismatch
        ");
    });
}

#[test]
fn a_newer_version_that_was_seen_binds_the_next_refresh() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.refresh(1).await.unwrap();
        // the timestamp is new and good, its snapshot is missing
        setting.publish(&Published { timestamp: 5, others: 5, ..FIRST });
        setting.files.lock().unwrap().remove("/5.snapshot.json");
        setting.refresh(2).await.unwrap_err();
        setting.publish(&Published { timestamp: 4, others: 4, ..FIRST });
        assert!(setting.refresh(3).await.unwrap_err().contains("rollback"));
    });
}

/// Each file that a mirror holds back before the first refresh has succeeded: what was verified until there binds the next one.
#[test]
fn newer_metadata_binds_the_next_refresh_also_before_the_first_trust() {
    run(async {
        let newer = Published { root: 3, timestamp: 5, others: 5, ..FIRST };
        let hash = hex::encode(Sha256::digest(FIRST.trusted_root));
        let target = format!("/targets/{hash}.{TRUSTED_ROOT}");
        for (missing, older, refusal) in [
            ("/timestamp.json", Published { root: 2, ..newer.clone() }, None),
            ("/5.snapshot.json", Published { timestamp: 4, ..newer.clone() }, Some("rollback")),
            ("/5.targets.json", Published { timestamp: 6, others: 4, ..newer.clone() }, Some("rollback")),
            (target.as_str(), Published { timestamp: 6, others: 4, ..newer.clone() }, Some("rollback")),
        ] {
            let setting = Setting::new(&FIRST).await;
            setting.publish(&newer);
            setting.files.lock().unwrap().remove(missing);
            setting.refresh(1).await.unwrap_err();
            assert_eq!(setting.mirror().cached().unwrap(), None, "{missing}");
            setting.publish(&older);
            let before = setting.fake.seen().len();
            let outcome = setting.refresh(2).await;
            // the newest root is where the next refresh begins
            assert_eq!(setting.fake.seen()[before].path, "/4.root.json", "{missing}");
            match refusal {
                Some(refusal) => assert!(outcome.unwrap_err().contains(refusal), "{missing}"),
                None => assert_eq!(outcome.unwrap().versions.root, 3),
            }
            setting.publish(&newer);
            setting.refresh(3).await.unwrap();
        }
    });
}

#[test]
fn to_begin_again_with_a_verified_root_forgets_nothing() {
    run(async {
        let newer = Published { root: 3, timestamp: 5, others: 5, ..FIRST };
        let older = Published { timestamp: 4, ..newer.clone() };
        for is_complete in [false, true] {
            for version in 1..=3 {
                let setting = Setting::new(&FIRST).await;
                setting.publish(&newer);
                if !is_complete {
                    setting.files.lock().unwrap().remove("/5.snapshot.json");
                }
                let first = setting.refresh(1).await.ok();
                assert_eq!(first.is_some(), is_complete);
                setting.mirror().initialize(&patient(), newer.root_file(version).as_bytes()).await.unwrap();
                assert_eq!(setting.mirror().cached().unwrap(), first, "{version}");
                setting.publish(&older);
                assert!(setting.refresh(2).await.unwrap_err().contains("rollback"), "{version}");
                // a root of other keys was not verified, and begins anew
                let other = Published { root_keys: vec![7], ..FIRST };
                setting.publish(&other);
                setting.mirror().initialize(&patient(), other.root_file(1).as_bytes()).await.unwrap();
                assert_eq!(setting.refresh(3).await.unwrap().versions.timestamp, 1);
            }
        }
    });
}

#[test]
fn a_first_refresh_follows_more_roots_than_one_run_may() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.publish(&Published { root: 40, ..FIRST });
        assert!(setting.refresh(1).await.unwrap_err().contains("root rotations"));
        assert_eq!(setting.refresh(1).await.unwrap().versions.root, 40);
    });
}

#[test]
fn trust_that_has_expired_is_still_read_and_says_so() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.refresh(1).await.unwrap();
        let trust = setting.mirror().cached().unwrap().unwrap();
        assert!(!trust.is_expired(at(2)) && trust.is_expired(at(100)));
        let sources = [1, 2, 20, 100].map(|day| trust.describe(at(day)).replace(&setting.fake.url, "http://HOST")).join("\n");
        insta::assert_snapshot!(sources, @r"
            the trust root of http://HOST, version 1, refreshed today
            the trust root of http://HOST, version 1, refreshed yesterday
            the trust root of http://HOST, version 1, refreshed 19 days ago
            the trust root of http://HOST, version 1, refreshed 99 days ago, expired on 2026-10-21
            ");
    });
}

#[test]
fn a_damaged_cache_is_an_error_wherever_it_is_damaged() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        setting.refresh(1).await.unwrap();
        let file = setting.mirror().cache_file().to_owned();
        let good = std::fs::read(&file).unwrap();
        let metadata = good.len() - 1 - good[..good.len() - 1].iter().rev().position(|byte| *byte == b'\n').unwrap();
        let flip = |position: usize| {
            let mut bad = good.clone();
            bad[position] ^= 1;
            bad
        };
        for (what, bad, seen_offline) in [
            ("empty", Vec::new(), true),
            ("cut", good[..good.len() / 2].to_vec(), true),
            ("without its end", good[..good.len() - 1].to_vec(), true),
            ("longer", [good.clone(), b"x".to_vec()].concat(), true),
            ("first line", flip(3), true),
            ("digest", flip(30), true),
            ("trust", flip(300), true),
            ("not text", [b"\xff".to_vec(), good.clone()].concat(), true),
            // verification does not read it
            ("metadata", flip(metadata + 100), false),
        ] {
            std::fs::write(&file, bad).unwrap();
            let offline = setting.mirror().cached();
            assert_eq!(offline.is_err(), seen_offline, "{what}: {offline:?}");
            let error = setting.mirror().refresh(&patient(), at(2)).await.unwrap_err();
            assert!(matches!(error, TufError::Damaged { .. }), "{what}: {error}");
            let error = setting.mirror().initialize(&patient(), FIRST.root_file(1).as_bytes()).await.unwrap_err();
            assert!(matches!(error, TufError::Damaged { .. }), "{what}: {error}");
        }
        std::fs::write(&file, flip(300)).unwrap();
        let error = setting.mirror().cached().unwrap_err();
        insta::assert_snapshot!(setting.plain(&error), @"the cached trust in FOLDER/trust is damaged: it was changed after it was written");
        std::fs::remove_file(&file).unwrap();
        setting.mirror().initialize(&patient(), FIRST.root_file(1).as_bytes()).await.unwrap();
        setting.refresh(2).await.unwrap();
    });
}

#[test]
fn two_refreshes_at_once_leave_one_whole_cache() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        let (one, other) = (setting.mirror(), setting.mirror());
        let http = patient();
        let (one, other) = tokio::join!(one.refresh(&http, at(1)), other.refresh(&http, at(1)));
        assert_eq!(one.unwrap(), other.unwrap());
        setting.mirror().cached().unwrap().unwrap();
    });
}

#[test]
fn a_refresh_waits_for_another_only_as_long_as_calls_may_take() {
    run(async {
        let setting = Setting::new(&FIRST).await;
        let mirror = setting.mirror();
        let lock = mirror.cache.try_lock().unwrap().unwrap();
        let error = mirror.refresh(&patient().within(Duration::from_millis(200)), at(1)).await.unwrap_err();
        insta::assert_snapshot!(setting.plain(&error), @"another process has not finished refreshing the trust cache FOLDER/trust in time");
        drop(lock);
        setting.refresh(1).await.unwrap();
    });
}

#[test]
fn trust_begins_with_a_root_that_the_user_gives() {
    run(async {
        let caches = tempfile::tempdir().unwrap();
        let mirror = Mirror::new(caches.path(), "https://mirror.test/").unwrap();
        let mut told = vec![mirror.refresh(&patient(), at(1)).await.unwrap_err().to_string()];
        let unsigned = json!({"signed": {"_type": "root"}, "signatures": []}).to_string();
        let mut tampered = FIRST.root_file(1);
        tampered = tampered.replace("\"consistent_snapshot\":true", "\"consistent_snapshot\":false");
        for root in ["", "{}", unsigned.as_str(), tampered.as_str()] {
            told.push(mirror.initialize(&patient(), root.as_bytes()).await.unwrap_err().to_string());
        }
        insta::assert_snapshot!(told.join("\n"), @r"
        trust in the TUF mirror at https://mirror.test is not initialized
        the root for the TUF mirror at https://mirror.test is not valid: failed to parse JSON: EOF while parsing a value at line 1 column 0
        the root for the TUF mirror at https://mirror.test is not valid: malformed metadata: missing `signed`
        the root for the TUF mirror at https://mirror.test is not valid: failed to parse JSON: missing field `spec_version`
        the root for the TUF mirror at https://mirror.test is not valid: signature threshold not met for role root: 0/1 valid signatures
        ");
        assert_eq!(mirror.cached().unwrap(), None);
    });
}

#[test]
fn the_public_mirror_begins_with_the_root_that_is_built_in() {
    let caches = tempfile::tempdir().unwrap();
    let mirror = Mirror::public(caches.path()).unwrap();
    assert_eq!(mirror.url(), "https://tuf-repo-cdn.sigstore.dev");
    assert!(mirror.checked_root(mirror.built_in_root.unwrap()).is_ok());
    assert!(mirror.cache_file().starts_with(caches.path().join("tuf")));
    assert_eq!(mirror.cached().unwrap(), None);
    // however it is written
    assert_eq!(Mirror::new(caches.path(), "https://tuf-repo-cdn.sigstore.dev/").unwrap().cache_file(), mirror.cache_file());
    assert_ne!(Mirror::new(caches.path(), "https://tuf-repo-cdn.sigstore.dev/x").unwrap().cache_file(), mirror.cache_file());
    assert!(Mirror::new(caches.path(), "file:///tmp").is_err());
}

#[test]
fn a_mirror_that_is_dead_is_named() {
    run(async {
        let caches = tempfile::tempdir().unwrap();
        let mirror = Mirror::new(caches.path(), &nobody()).unwrap();
        mirror.initialize(&impatient(), FIRST.root_file(1).as_bytes()).await.unwrap();
        let error = mirror.refresh(&impatient(), at(1)).await.unwrap_err();
        insta::assert_snapshot!(error.to_string().replace(mirror.url(), "http://HOST"), @r"the TUF mirror at http://HOST/2.root.json could not be reached: connection refused");
    });
}
