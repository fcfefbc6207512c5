//! The instance's TUF repository ([specification](https://theupdateframework.github.io/specification/latest/)), for clients that fetch trust from
//! a mirror. It has one version of root, targets and snapshot, and a timestamp that is renewed before it expires.
//!
//! There are two targets: `trusted_root.json` and `signing_config.v0.2.json`. Snapshots are consistent: every file name except the timestamp's
//! holds a version or a hash, and such a file never changes. The client's side is in `service::tuf`.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use sigstore_tuf::canonical_json::to_canonical_bytes;

use super::{
    authority::AUTHORITY_LIFETIME,
    error::LocalError,
    files::{read_file, write_file},
    keys::SigningKey,
    settings::ServiceKeys,
    trust::TrustFiles,
};
use crate::signature::pem;

const SPEC_VERSION: &str = "1.0.31";
/// The validity of a timestamp file. It is renewed when half of that has passed.
const TIMESTAMP_VALIDITY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Writes a new repository.
///
/// # Errors
/// [`LocalError::File`] or [`LocalError::Crypto`].
pub(super) fn create(folder: &Path, keys: &ServiceKeys, files: &TrustFiles, now: Timestamp) -> Result<(), LocalError> {
    let expires = after(now, SignedDuration::from_secs(AUTHORITY_LIFETIME))?.to_string();
    let (root_key, online_key) = (MetadataKey::new(&keys.tuf_root)?, MetadataKey::new(&keys.tuf_online)?);
    let role = |key: &MetadataKey<'_>| json!({ "keyids": [key.id], "threshold": 1 });
    let root = json!({
        "_type": "root",
        "spec_version": SPEC_VERSION,
        "version": 1,
        "expires": expires,
        "consistent_snapshot": true,
        "keys": { root_key.id.clone(): root_key.public, online_key.id.clone(): online_key.public },
        "roles": { "root": role(&root_key), "targets": role(&root_key), "snapshot": role(&online_key), "timestamp": role(&online_key) },
    });
    let root = root_key.sign(&root)?;
    let mut targets = Map::new();
    let target_folder = folder.join("targets");
    std::fs::create_dir(&target_folder).map_err(LocalError::file("create", &target_folder))?;
    for (name, content) in [("trusted_root.json", &files.trusted_root), ("signing_config.v0.2.json", &files.signing_config)] {
        let (sha256, sha512) = (hex::encode(Sha256::digest(content)), hex::encode(Sha512::digest(content)));
        for hash in [&sha256, &sha512] {
            write_file(&target_folder.join(format!("{hash}.{name}")), content.as_bytes(), 0o600)?;
        }
        targets.insert(name.into(), json!({ "length": content.len(), "hashes": { "sha256": sha256, "sha512": sha512 } }));
    }
    let targets = root_key
        .sign(&json!({ "_type": "targets", "spec_version": SPEC_VERSION, "version": 1, "expires": expires, "targets": targets }))?;
    let snapshot = online_key.sign(&json!({
        "_type": "snapshot", "spec_version": SPEC_VERSION, "version": 1, "expires": expires,
        "meta": { "targets.json": meta(&targets) },
    }))?;
    write_file(&folder.join("1.root.json"), root.as_bytes(), 0o600)?;
    write_file(&folder.join("1.targets.json"), targets.as_bytes(), 0o600)?;
    write_file(&folder.join("1.snapshot.json"), snapshot.as_bytes(), 0o600)?;
    write_file(&folder.join("timestamp.json"), timestamp(&online_key, 1, &snapshot, now)?.as_bytes(), 0o600)
}

/// The file at the path that a client requests; `None` if there is none.
///
/// # Errors
/// [`LocalError::File`], [`LocalError::Damaged`] or [`LocalError::Crypto`].
pub(super) fn file(folder: &Path, path: &str, keys: &ServiceKeys, now: Timestamp) -> Result<Option<String>, LocalError> {
    let name = match path {
        "timestamp.json" => return fresh_timestamp(folder, keys, now).map(Some),
        "root.json" | "1.root.json" => "1.root.json",
        "1.targets.json" | "1.snapshot.json" => path,
        _ => {
            // a target's name is a hexadecimal hash, a dot and one of two names, so the path cannot leave the folder
            let target = path.strip_prefix("targets/").and_then(|target| target.split_once('.'));
            match target {
                Some((hash, "trusted_root.json" | "signing_config.v0.2.json")) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
                _ => return Ok(None),
            }
        }
    };
    let file = folder.join(name);
    if file.exists() { read_file(&file).map(Some) } else { Ok(None) }
}

/// The stored timestamp file, renewed with the next version number when half of its validity has passed.
fn fresh_timestamp(folder: &Path, keys: &ServiceKeys, now: Timestamp) -> Result<String, LocalError> {
    let path = folder.join("timestamp.json");
    let stored = read_file(&path)?;
    let damaged = || LocalError::damaged(&path, "not a timestamp file of a TUF repository");
    let parsed: Value = serde_json::from_str(&stored).map_err(|_| damaged())?;
    let signed = parsed.get("signed").ok_or_else(damaged)?;
    let expires: Timestamp = signed.get("expires").and_then(Value::as_str).and_then(|time| time.parse().ok()).ok_or_else(damaged)?;
    if after(now, TIMESTAMP_VALIDITY / 2)? < expires {
        return Ok(stored);
    }
    let version = signed.get("version").and_then(Value::as_u64).ok_or_else(damaged)?;
    let snapshot = read_file(&folder.join("1.snapshot.json"))?;
    let renewed = timestamp(&MetadataKey::new(&keys.tuf_online)?, version.saturating_add(1), &snapshot, now)?;
    match write_file(&path, renewed.as_bytes(), 0o600) {
        Ok(()) => Ok(renewed),
        // as on a full disk: the stored one is valid for days
        Err(_) if now < expires => Ok(stored),
        Err(error) => Err(error),
    }
}

fn timestamp(key: &MetadataKey<'_>, version: u64, snapshot: &str, now: Timestamp) -> Result<String, LocalError> {
    key.sign(&json!({
        "_type": "timestamp", "spec_version": SPEC_VERSION, "version": version,
        "expires": after(now, TIMESTAMP_VALIDITY)?.to_string(),
        "meta": { "snapshot.json": meta(snapshot) },
    }))
}

fn meta(file: &str) -> Value {
    json!({ "version": 1, "length": file.len(), "hashes": { "sha256": hex::encode(Sha256::digest(file)) } })
}

/// The time that comes this long after `now`, in whole seconds as TUF writes times.
fn after(now: Timestamp, duration: SignedDuration) -> Result<Timestamp, LocalError> {
    let time = now.checked_add(duration).and_then(|time| Timestamp::from_second(time.as_second()));
    time.map_err(|_| LocalError::Crypto("calculate when TUF metadata expire"))
}

/// A key with its id and its form in TUF metadata.
struct MetadataKey<'a> {
    key: &'a SigningKey,
    id: String,
    public: Value,
}

impl<'a> MetadataKey<'a> {
    fn new(key: &'a SigningKey) -> Result<Self, LocalError> {
        let public = json!({ "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": { "public": pem("PUBLIC KEY", key.spki()) } });
        Ok(Self { key, id: hex::encode(Sha256::digest(canonical(&public)?)), public })
    }

    /// A metadata file with this signed part.
    fn sign(&self, signed: &Value) -> Result<String, LocalError> {
        let signature = hex::encode(self.key.sign(&canonical(signed)?)?);
        let metadata = json!({ "signatures": [{ "keyid": self.id, "sig": signature }], "signed": signed });
        serde_json::to_string_pretty(&metadata).map_err(|_| LocalError::Crypto("encode TUF metadata"))
    }
}

fn canonical(value: &Value) -> Result<Vec<u8>, LocalError> {
    to_canonical_bytes(value).map_err(|_| LocalError::Crypto("encode TUF metadata"))
}
