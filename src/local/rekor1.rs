//! Rekor v1's HTTP API for `hashedrekord` 0.0.1 entries about certificates: create, read, search. Status codes, headers, fields and words
//! are the real server's. Nothing that a request names is ever fetched.

use std::collections::{BTreeSet, HashMap};

use axum::http::{Method, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::Document;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, Call, nullable, protobuf_bytes},
    error::LocalError,
    faults::Fault,
    log::{Appended, Log, Proof},
    services::Services,
    tree::leaf_hash,
};
use crate::{
    certificate::{Certificate, KeyKind},
    evidence::{
        entry::{EntryVersion, HashedRekord},
        log::promise_payload,
    },
    signature::pem,
};

const PREFIX: &str = "/api/v1/log/entries";
/// Entries of one `retrieve` call, as the real server has it.
const MAX_RETRIEVED: usize = 10;

/// Answers a call under `/api/v1/log` or `/api/v1/index`.
pub fn answer(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let get = call.method == Method::GET;
    let post = call.method == Method::POST;
    let known = call.path.starts_with("/api/v1/log") && call.path != "/api/v1/log/publicKey";
    if get && known && !call.accepts("application/json") {
        let message = "unsupported media type requested, only [application/json] are available";
        return Ok(Answer::api_error(406, 406, message).uncached());
    }
    match (call.path.as_str(), get, post) {
        ("/api/v1/log", true, _) => log_info(services).map(Answer::uncached),
        ("/api/v1/log/publicKey", true, _) => {
            let key = pem("PUBLIC KEY", services.state.keys.rekor1.spki());
            let answer = match call.accepts("application/x-pem-file") {
                true => Answer::new(200, "application/x-pem-file", key + "\n"),
                false => Answer::json_line(200, &json!(key)),
            };
            Ok(answer.uncached())
        }
        ("/api/v1/log/proof", true, _) => consistency(services, call).map(Answer::uncached),
        (PREFIX, true, _) => by_index(services, call).map(Answer::uncached),
        (PREFIX, _, true) => create(services, call),
        ("/api/v1/log/entries/retrieve", _, true) => retrieve(services, call),
        ("/api/v1/index/retrieve", _, true) => search(services, call),
        ("/api/v1/log" | "/api/v1/log/publicKey" | "/api/v1/log/proof", ..) => Ok(not_allowed(call, "GET")),
        (PREFIX, ..) => Ok(not_allowed(call, "GET,POST")),
        ("/api/v1/log/entries/retrieve" | "/api/v1/index/retrieve", ..) => Ok(not_allowed(call, "POST")),
        (path, ..) => match path.strip_prefix("/api/v1/log/entries/") {
            Some(uuid) if get && !uuid.contains('/') => by_uuid(services, uuid).map(Answer::uncached),
            Some(uuid) if !uuid.contains('/') => Ok(not_allowed(call, "GET")),
            _ => Ok(Answer::api_error(404, 404, &format!("path {path} was not found"))),
        },
    }
}

/// What the real server says where a path exists and a method does not.
pub fn not_allowed(call: &Call, allowed: &str) -> Answer {
    let message = format!("method {} is not allowed, but [{allowed}] are", call.method);
    Answer::api_error(405, 405, &message).with(header::ALLOW, allowed)
}

#[derive(Deserialize)]
struct Proposed {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, rename = "apiVersion")]
    api_version: Option<String>,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    data: Option<Data>,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
struct Data {
    hash: Option<Hash>,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Signature {
    content: Option<String>,
    #[serde(rename = "publicKey")]
    public_key: Option<Key>,
}

#[derive(Deserialize)]
struct Key {
    content: Option<String>,
}

/// `POST /api/v1/log/entries`.
fn create(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let body = match json_body::<Proposed>(call, "proposedEntry").and_then(|proposed| canonical_body(proposed).map_err(Refusal::answer)) {
        Ok(body) => body,
        Err(answer) => return Ok(answer),
    };
    let now = services.now().as_second();
    let mut log = services.rekor1();
    let index = match log.append(&body, now)? {
        Appended::New(index) => index,
        Appended::Duplicate(index) => {
            let uuid = log.proof(index)?.map(|proof| uuid(services, &proof.leaf)).unwrap_or_default();
            let message = format!("an equivalent entry already exists in the transparency log with UUID {uuid}");
            let answer = Answer::json_line(409, &json!({ "code": 409, "message": message }));
            return Ok(answer.with(header::LOCATION, format!("{PREFIX}/{uuid}")));
        }
    };
    if services.has(Fault::LostAnswer) {
        return Ok(Answer::api_error(502, 502, "the answer was lost on the way"));
    }
    let shown = if services.has(Fault::OtherEntry) { stranger(&mut log, index, now)? } else { index };
    let Some(proof) = log.proof(shown)? else { return Err(LocalError::Crypto("prove a new entry")) };
    drop(log);
    let uuid = uuid(services, &proof.leaf);
    let answer = Answer::json_line(201, &Value::Object(entry(services, proof)?));
    Ok(answer.with(header::ETAG, &uuid).with(header::LOCATION, format!("{PREFIX}/{uuid}")))
}

/// Another entry than the one at `index`: for the fault that answers with it.
fn stranger(log: &mut Log, index: u64, now: i64) -> Result<u64, LocalError> {
    match index.checked_sub(1) {
        Some(other) => Ok(other),
        None => match log.append(br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#, now)? {
            Appended::New(other) | Appended::Duplicate(other) => Ok(other),
        },
    }
}

/// Why an entry is refused, in the words and with the codes of the real server.
struct Refusal {
    status: u16,
    code: u16,
    message: String,
}

impl Refusal {
    fn invalid(message: impl std::fmt::Display) -> Self {
        Self { status: 400, code: 400, message: format!("error processing entry: {message}") }
    }

    fn missing(field: &str) -> Self {
        Self { status: 422, code: 602, message: format!("{field} in body is required") }
    }

    fn answer(self) -> Answer {
        if self.status == 422 {
            Answer::api_error(self.status, self.code, &self.message)
        } else {
            Answer::json_line(self.status, &json!({ "code": self.code, "message": self.message }))
        }
    }
}

/// Validates a proposed entry: form, certificate, and that the certificate's key made the signature over the digest.
fn canonical_body(proposed: Proposed) -> Result<Vec<u8>, Refusal> {
    match proposed.kind.as_deref() {
        None | Some("") => return Err(Refusal::missing("kind")),
        Some("hashedrekord") => {}
        Some(kind) => return Err(Refusal { status: 422, code: 422, message: format!("invalid kind value: {kind:?}") }),
    }
    match proposed.api_version.as_deref() {
        None | Some("") => return Err(Refusal::missing("apiVersion")),
        Some("0.0.1") => {}
        Some(version) => {
            return Err(Refusal::invalid(format!(
                "hashedrekord implementation for version '{version}' not found: unable to locate entry for version {version}"
            )));
        }
    }
    let required = |field: &str| Refusal::invalid(format!("validation failure list:\n{field} in body is required"));
    let spec = proposed.spec.ok_or_else(|| Refusal::missing("spec"))?;
    let hash = spec.data.and_then(|data| data.hash).ok_or_else(|| required("data"))?;
    match hash.algorithm.as_deref() {
        Some("sha256") => {}
        Some("sha384" | "sha512") => return Err(Refusal::invalid("invalid value for hash")),
        None => return Err(required("data.data.hash.data.hash.algorithm")),
        Some(_) => {
            return Err(Refusal::invalid(
                "validation failure list:\ndata.data.hash.data.hash.algorithm in body should be one of [sha256 sha384 sha512]",
            ));
        }
    }
    let digest = hash.value.as_deref().and_then(sha256_of_hex).ok_or_else(|| Refusal::invalid("invalid value for hash"))?;
    let signature = spec.signature.ok_or_else(|| required("signature"))?;
    let key = signature.public_key.and_then(|key| key.content).ok_or_else(|| Refusal::invalid("missing public key"))?;
    let signature = match signature.content {
        Some(content) => protobuf_bytes(&content)
            .ok_or_else(|| Refusal::invalid("failed parsing base64 data for signature content: illegal base64 data at input byte 0"))?,
        None => return Err(Refusal::invalid("verifying signature: X509 signature has not been initialized")),
    };
    let not_pem = || Refusal::invalid("invalid public key: failure decoding PEM");
    let text = protobuf_bytes(&key).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(not_pem)?;
    let certificate = match Document::from_pem(text.trim()) {
        Ok(("CERTIFICATE", document)) => {
            Certificate::from_der(document.as_bytes()).map_err(|rejection| Refusal::invalid(format!("invalid public key: {rejection}")))?
        }
        Ok(_) => return Err(Refusal::invalid("invalid public key: this log takes certificates only")),
        Err(_) => return Err(not_pem()),
    };
    if !matches!(certificate.public_key().kind(), KeyKind::EcdsaP256 | KeyKind::Rsa) {
        return Err(Refusal::invalid("entry algorithms are not allowed"));
    }
    certificate
        .public_key()
        .verify_digest(&digest, &signature)
        .map_err(|_| Refusal::invalid("verifying signature: invalid signature when validating ASN.1 encoded signature"))?;
    let entry = HashedRekord {
        digest: &digest,
        signature: &signature,
        certificate: certificate.der(),
        key_details: certificate.public_key().details(),
    };
    Ok(entry.canonical_body(EntryVersion::V001))
}

fn sha256_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("sha256:").unwrap_or(text), &mut bytes).ok()?;
    Some(bytes)
}

/// `GET /api/v1/log`.
fn log_info(services: &Services) -> Result<Answer, LocalError> {
    let log = services.rekor1();
    Ok(Answer::json_line(
        200,
        &json!({
            "inactiveShards": null,
            "rootHash": hex::encode(&log.root()),
            "signedTreeHead": log.checkpoint(),
            "treeID": services.state.settings.tree_id.to_string(),
            "treeSize": log.size(),
        }),
    ))
}

/// `GET /api/v1/log/proof`.
fn consistency(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let pairs = call.query_pairs();
    let number = |name| pairs.one(name).and_then(|value| value.parse::<u64>().ok()).filter(|number| *number > 0);
    let Some(last) = number("lastSize") else { return Ok(Answer::api_error(422, 602, "lastSize in query is required")) };
    let first = number("firstSize").unwrap_or(1);
    let log = services.rekor1();
    let Some(hashes) = log.consistency(first, last) else {
        let message = if first > last {
            format!("firstSize({first}) must be less than lastSize({last})")
        } else {
            format!("the tree size requested({last}) was greater than what is currently observable({})", log.size())
        };
        return Ok(Answer::json_line(400, &json!({ "code": 400, "message": message })));
    };
    let root = log.root_at(last).unwrap_or_default();
    Ok(Answer::json_line(
        200,
        &json!({ "hashes": hashes.iter().map(|hash| hex::encode(hash)).collect::<Vec<_>>(), "rootHash": hex::encode(&root) }),
    ))
}

/// `GET /api/v1/log/entries?logIndex=…`.
fn by_index(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let pairs = call.query_pairs();
    let Some(text) = pairs.one("logIndex") else { return Ok(Answer::api_error(422, 602, "logIndex in query is required")) };
    match text.parse::<i64>() {
        Err(_) => Ok(Answer::api_error(422, 601, &format!("logIndex in query must be of type int64: {text:?}"))),
        Ok(index) => match u64::try_from(index) {
            Err(_) => Ok(Answer::api_error(422, 609, "logIndex in query should be greater than or equal to 0")),
            Ok(index) => found(services, Some(index)),
        },
    }
}

/// `GET /api/v1/log/entries/{uuid}`.
fn by_uuid(services: &Services, text: &str) -> Result<Answer, LocalError> {
    if !matches!(text.len(), 64 | 80) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Answer::api_error(422, 605, "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'"));
    }
    found(services, index_of(services, text))
}

fn found(services: &Services, index: Option<u64>) -> Result<Answer, LocalError> {
    let proof = match index {
        Some(index) => services.rekor1().proof(index)?,
        None => None,
    };
    match proof {
        Some(proof) => Ok(Answer::json_line(200, &Value::Object(entry(services, proof)?))),
        None => Ok(Answer::new(404, "", "")),
    }
}

fn index_of(services: &Services, uuid: &str) -> Option<u64> {
    let (tree, leaf) = uuid.split_at_checked(uuid.len().checked_sub(64)?)?;
    if !tree.is_empty() && !tree.eq_ignore_ascii_case(&tree_id(services)) {
        return None;
    }
    services.rekor1().find(&sha256_of_hex(leaf)?)
}

/// `POST /api/v1/log/entries/retrieve`: by UUIDs, indexes and what was proposed.
fn retrieve(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    #[derive(Deserialize)]
    struct Query {
        #[serde(default, deserialize_with = "nullable", rename = "entryUUIDs")]
        uuids: Vec<String>,
        #[serde(default, deserialize_with = "nullable", rename = "logIndexes")]
        indexes: Vec<u64>,
        #[serde(default, deserialize_with = "nullable")]
        entries: Vec<Proposed>,
    }
    let query: Query = match json_body(call, "entry") {
        Ok(query) => query,
        Err(answer) => return Ok(answer),
    };
    let mut wanted: Vec<_> = query.uuids.iter().filter_map(|uuid| index_of(services, uuid)).collect();
    for (field, length) in [("logIndexes", query.indexes.len()), ("entries", query.entries.len()), ("entryUUIDs", wanted.len())] {
        if length > MAX_RETRIEVED {
            return Ok(Answer::api_error(422, 611, &format!("{field} in body should have at most {MAX_RETRIEVED} items")));
        }
    }
    for proposed in query.entries {
        match canonical_body(proposed) {
            Ok(body) => wanted.extend(services.rekor1().find(&leaf_hash(&body))),
            Err(refusal) => return Ok(refusal.answer()),
        }
    }
    wanted.extend(query.indexes);
    let mut entries = Vec::new();
    for index in wanted {
        let proof = services.rekor1().proof(index)?;
        if let Some(proof) = proof {
            entries.push(Value::Object(entry(services, proof)?));
        }
    }
    Ok(Answer::json_line(200, &Value::Array(entries)))
}

/// `POST /api/v1/index/retrieve`: the UUIDs of entries with this hash, certificate or address, or with all of them.
fn search(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    #[derive(Deserialize)]
    struct Query {
        hash: Option<String>,
        email: Option<String>,
        #[serde(rename = "publicKey")]
        public_key: Option<SearchedKey>,
        #[serde(default, deserialize_with = "nullable")]
        operator: String,
    }
    #[derive(Deserialize)]
    struct SearchedKey {
        #[serde(default, deserialize_with = "nullable")]
        content: String,
        format: Option<String>,
    }
    let query: Query = match json_body(call, "query") {
        Ok(query) => query,
        Err(answer) => return Ok(answer),
    };
    if !matches!(query.operator.as_str(), "" | "and" | "or") {
        return Ok(Answer::api_error(422, 606, "operator in body should be one of [and or]"));
    }
    let mut keys = Vec::new();
    if let Some(hash) = &query.hash {
        let digits = hash.rsplit(':').next().unwrap_or_default();
        if !matches!(digits.len(), 40 | 64 | 128) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = "hash in body should match '^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$'";
            return Ok(Answer::api_error(422, 605, message));
        }
        keys.push(Index::key("hash", digits.to_ascii_lowercase().as_bytes()));
    }
    if let Some(email) = &query.email {
        keys.push(Index::key("email", email.as_bytes()));
    }
    if let Some(key) = query.public_key {
        const FORMATS: [&str; 5] = ["pgp", "x509", "minisign", "ssh", "tuf"];
        match key.format.as_deref() {
            None => return Ok(Answer::api_error(422, 602, "publicKey.publicKey.format in body is required")),
            Some(format) if !FORMATS.contains(&format) => {
                let message = format!("publicKey.publicKey.format in body should be one of [{}]", FORMATS.join(" "));
                return Ok(Answer::api_error(422, 606, &message));
            }
            Some(_) => {}
        }
        let text = protobuf_bytes(&key.content).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        match Document::from_pem(text.trim()) {
            Ok((_, document)) => keys.push(Index::key("certificate", document.as_bytes())),
            Err(_) => return Ok(Answer::json_line(400, &json!({ "code": 400, "message": "public key provided could not be parsed" }))),
        }
    }
    let mut log = services.rekor1();
    let mut index = services.search_index();
    index.catch_up(&mut log)?;
    let found = keys.iter().map(|key| index.entries.get(key).into_iter().flatten().copied().collect::<BTreeSet<u64>>());
    let found = match query.operator.as_str() {
        "and" => found.reduce(|all, more| &all & &more),
        _ => found.reduce(|all, more| &all | &more),
    };
    let mut uuids = Vec::new();
    for number in found.unwrap_or_default() {
        if let Some(proof) = log.proof(number)? {
            uuids.push(uuid(services, &proof.leaf));
        }
    }
    Ok(Answer::json_line(200, &json!(uuids)))
}

/// What entries can be searched by. It is built from the log when somebody searches first, and never stored.
#[derive(Debug, Default)]
pub struct Index {
    /// The number of entries of the log that are in it.
    size: u64,
    entries: HashMap<[u8; 16], Vec<u64>>,
}

impl Index {
    fn key(kind: &str, value: &[u8]) -> [u8; 16] {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(value).finalize();
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        key
    }

    fn catch_up(&mut self, log: &mut Log) -> Result<(), LocalError> {
        while self.size < log.size() {
            let index = self.size;
            for key in log.entry(index)?.map(|(_, body)| search_keys(&body)).unwrap_or_default() {
                self.entries.entry(key).or_default().push(index);
            }
            self.size += 1;
        }
        Ok(())
    }
}

fn search_keys(body: &[u8]) -> Vec<[u8; 16]> {
    use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};
    let mut keys = Vec::new();
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return keys };
    if let Some(digest) = value.pointer("/spec/data/hash/value").and_then(Value::as_str) {
        keys.push(Index::key("hash", digest.as_bytes()));
    }
    let certificate = value.pointer("/spec/signature/publicKey/content").and_then(Value::as_str);
    let certificate = certificate.and_then(|text| STANDARD.decode(text).ok()).and_then(|text| String::from_utf8(text).ok());
    if let Some(Ok((_, document))) = certificate.as_deref().map(Document::from_pem) {
        keys.push(Index::key("certificate", document.as_bytes()));
        let names = Certificate::from_der(document.as_bytes())
            .ok()
            .and_then(|certificate| certificate.extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0));
        for name in names.unwrap_or_default() {
            if let GeneralName::Rfc822Name(address) = name {
                keys.push(Index::key("email", address.as_bytes()));
            }
        }
    }
    keys
}

/// The map of one entry that all calls answer with.
fn entry(services: &Services, mut proof: Proof) -> Result<Map<String, Value>, LocalError> {
    let uuid = uuid(services, &proof.leaf);
    let key = &services.state.keys.rekor1;
    let log_id: [u8; 32] = Sha256::digest(key.spki()).into();
    let index = i64::try_from(proof.index).unwrap_or_default();
    let mut promise = key.sign(&promise_payload(&proof.body, proof.time, &log_id, index))?;
    if services.has(Fault::BadPromise) {
        promise = key.sign(b"something else")?;
    }
    services.spoil(&mut proof);
    let value = json!({
        "body": STANDARD.encode(&proof.body),
        "integratedTime": proof.time,
        "logID": hex::encode(&log_id),
        "logIndex": proof.index,
        "verification": {
            "inclusionProof": {
                "checkpoint": proof.checkpoint,
                "hashes": proof.hashes.iter().map(|hash| hex::encode(hash)).collect::<Vec<_>>(),
                "logIndex": proof.index,
                "rootHash": hex::encode(&proof.root),
                "treeSize": proof.size,
            },
            "signedEntryTimestamp": STANDARD.encode(promise),
        },
    });
    debug_assert_eq!(leaf_hash(&proof.body), proof.leaf);
    Ok(Map::from_iter([(uuid, value)]))
}

/// An entry's UUID: the tree's id and the leaf hash, in hexadecimal.
fn uuid(services: &Services, leaf: &[u8; 32]) -> String {
    tree_id(services) + &hex::encode(leaf)
}

fn tree_id(services: &Services) -> String {
    format!("{:016x}", services.state.settings.tree_id)
}

/// The body, which the real server knows by the name `parameter`.
fn json_body<T: serde::de::DeserializeOwned>(call: &Call, parameter: &str) -> Result<T, Answer> {
    if call.body.is_empty() {
        return Err(Answer::api_error(422, 602, &format!("{parameter} in body is required")));
    }
    let media_type = call.media_type();
    if media_type != "application/json" {
        let message = format!("unsupported media type {media_type:?}, only [application/json] are allowed");
        return Err(Answer::api_error(415, 415, &message));
    }
    call.json().map_err(|error| match error.is_eof() {
        // so the real server
        true if parameter == "proposedEntry" => Answer::api_error(500, 500, "unexpected EOF"),
        true => Answer::api_error(400, 400, &format!("parsing {parameter} body from \"\" failed, because unexpected EOF")),
        false => Answer::api_error(400, 400, &format!("parsing {parameter} body from \"\" failed, because {error}")),
    })
}
