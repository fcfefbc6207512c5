//! Rekor v1's HTTP API for `hashedrekord` and `dsse` 0.0.1 entries: create, read, search. Status codes, headers, fields and words are those of
//! the real server.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, State},
    handler::Handler,
    http::{Method, header},
    middleware::{Next, from_fn, map_response},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, any, on},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, uncached, varying_by_origin},
    api_error::{method_not_allowed, not_found},
    canonical_body::CanonicalEntry,
    error::LocalError,
    faults::Fault,
    invalid_entry::InvalidEntry,
    log::{Appended, Log, MAX_BODY, ProvenEntry},
    proposed_entry::ProposedEntry,
    protobuf_json::{first_value, nullable, protobuf_bytes},
    request::{Accepted, MediaType, Query, RawPath},
    routing::only_post,
    search_index::{SearchKey, search_key, verifier_text},
    services::LocalServices,
    tree::leaf_hash,
    verifiers::Verifier,
};
use crate::{evidence::log::set_payload, signature::pem};

const ENTRIES: &str = "/api/v1/log/entries";
const ENTRY: &str = "/api/v1/log/entries/";
/// The maximum number of entries of one `retrieve` call, as in the real server.
const MAX_RETRIEVED: usize = 10;
/// The maximum length of a subject to search for, in characters.
const MAX_SUBJECT: usize = 512;

/// The log's endpoints. The other paths under `/api/v1/` are Fulcio's and the timestamp authority's.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    let json = Router::new()
        .route("/api/v1/log", read(log_info, "GET"))
        .route("/api/v1/log/proof", read(consistency, "GET"))
        .route(ENTRIES, read(by_index, "GET,POST").post(create))
        .route("/api/v1/log/entries/retrieve", only_post(retrieve, method_not_allowed("POST")))
        .route(ENTRY, read(by_uuid, "GET"))
        .route("/api/v1/log/entries/{uuid}", read(by_uuid, "GET"))
        .route("/api/v1/log/{*path}", any(not_found))
        .route("/api/v1/log/", any(not_found))
        .layer(from_fn(only_json));
    Router::new()
        .merge(json)
        .route("/api/v1/log/publicKey", read(public_key, "GET"))
        .route("/api/v1/index/retrieve", only_post(search, method_not_allowed("POST")))
        .route("/api/v1/{*path}", any(not_found))
        .route("/api/v1/", any(not_found))
        .layer(map_response(varying_by_origin))
}

/// GET goes to `handler`, whose answers are not cached. Other methods are refused with those that are allowed.
fn read<H, T>(handler: H, allowed: &'static str) -> MethodRouter<Arc<LocalServices>>
where
    H: Handler<T, Arc<LocalServices>>,
    T: 'static,
{
    let refuse = method_not_allowed(allowed);
    any(refuse.clone()).head(refuse).merge(on(MethodFilter::GET, handler).layer(map_response(uncached)))
}

/// Refuses to answer with JSON where the client does not accept it.
async fn only_json(method: Method, accepted: Accepted, request: Request, next: Next) -> Response {
    if method == Method::GET && !accepted.includes("application/json") {
        return uncached(Error::NotAcceptable.into_response()).await;
    }
    next.run(request).await
}

/// Why a request is refused, in the words of the real server.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("unsupported media type requested, only [application/json] are available")]
    NotAcceptable,
    #[error("unsupported media type {0:?}, only [application/json] are allowed")]
    MediaType(String),
    #[error("{0} in body is required")]
    MissingBody(&'static str),
    /// The real server answers so where a proposed entry is incomplete.
    #[error("unexpected EOF")]
    IncompleteEntry,
    #[error("parsing {0} body from \"\" failed, because unexpected EOF")]
    IncompleteBody(&'static str),
    #[error("parsing {0} body from \"\" failed, because {1}")]
    MalformedBody(&'static str, serde_json::Error),
    /// A parameter is invalid; the number is go-openapi's code.
    #[error("{1}")]
    Parameter(u16, String),
    #[error("{0}")]
    BadRequest(String),
    #[error(transparent)]
    EntryForm(InvalidEntry),
    #[error("error processing entry: {0}")]
    Entry(InvalidEntry),
    /// The real server has no such limit.
    #[error("error processing entry: its canonical form is larger than {MAX_BODY} bytes")]
    EntryTooLarge,
    #[error("an equivalent entry already exists in the transparency log with UUID {0}")]
    Exists(String),
    #[error("there is no such entry")]
    NotFound,
    /// The fault `rekor=lost-answer`.
    #[error("the answer was lost on the way")]
    Lost,
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl From<InvalidEntry> for Error {
    fn from(error: InvalidEntry) -> Self {
        match error {
            InvalidEntry::Missing(_) | InvalidEntry::VersionForm | InvalidEntry::Kind(_) => Self::EntryForm(error),
            error => Self::Entry(error),
        }
    }
}

impl Error {
    fn parameter(code: u16, message: impl Into<String>) -> Self {
        Self::Parameter(code, message.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let message = self.to_string();
        let line = |code: u16| Answer::json_line(code, &json!({ "code": code, "message": message }));
        let answer = match self {
            Self::NotAcceptable => Answer::api_error(406, 406, &message),
            Self::MediaType(_) => Answer::api_error(415, 415, &message),
            Self::MissingBody(_) | Self::EntryForm(InvalidEntry::Missing(_)) => Answer::api_error(422, 602, &message),
            Self::EntryForm(InvalidEntry::VersionForm) => Answer::api_error(422, 605, &message),
            Self::IncompleteEntry => Answer::api_error(500, 500, &message),
            Self::IncompleteBody(_) | Self::MalformedBody(..) => Answer::api_error(400, 400, &message),
            Self::Parameter(code, _) => Answer::api_error(422, code, &message),
            Self::EntryForm(_) => Answer::api_error(422, 422, &message),
            Self::BadRequest(_) | Self::EntryTooLarge | Self::Entry(_) => line(400),
            Self::Exists(uuid) => line(409).with(header::LOCATION, format!("{ENTRY}{uuid}")),
            Self::NotFound => Answer::new(404, "", ""),
            Self::Lost => Answer::api_error(502, 502, &message),
            Self::Local(error) => return error.into_response(),
        };
        answer.into_response()
    }
}

/// A body whose parameter the real server calls `Self::NAME`.
trait Parameter: DeserializeOwned {
    const NAME: &'static str;
    /// What an incomplete body leads to.
    fn incomplete() -> Error {
        Error::IncompleteBody(Self::NAME)
    }
}

impl Parameter for ProposedEntry {
    const NAME: &'static str = "proposedEntry";
    fn incomplete() -> Error {
        Error::IncompleteEntry
    }
}

/// A JSON body.
struct JsonBody<T>(T);

impl<S: Send + Sync, T: Parameter> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let Ok(MediaType(media_type)) = MediaType::from_request_parts(&mut parts, state).await;
        let body = Bytes::from_request(Request::from_parts(parts, body), state).await.map_err(|_| Error::MissingBody(T::NAME))?;
        if body.is_empty() {
            return Err(Error::MissingBody(T::NAME));
        }
        if media_type != "application/json" {
            return Err(Error::MediaType(media_type));
        }
        first_value(&body).map(Self).map_err(|error| if error.is_eof() { T::incomplete() } else { Error::MalformedBody(T::NAME, error) })
    }
}

/// `POST /api/v1/log/entries`.
async fn create(State(services): State<Arc<LocalServices>>, JsonBody(proposed): JsonBody<ProposedEntry>) -> Result<Answer, Error> {
    let CanonicalEntry { body, statement_digests, not_insertable } = proposed.into_canonical()?;
    if let Some(error) = not_insertable {
        return Err(error.into());
    }
    if body.len() > MAX_BODY {
        return Err(Error::EntryTooLarge);
    }
    let now = services.now().as_second();
    let mut log = services.rekor1();
    let index = match log.append(&body, now)? {
        Appended::New(index) => {
            services.search_index().add_statement(index, &statement_digests)?;
            index
        }
        Appended::Duplicate(index) => {
            let uuid = log.proof(index)?.map(|entry| uuid(&services, &entry.leaf)).unwrap_or_default();
            return Err(Error::Exists(uuid));
        }
    };
    if services.has(Fault::LostAnswer) {
        return Err(Error::Lost);
    }
    let shown = if services.has(Fault::OtherEntry) { other_entry(&mut log, index, now)? } else { index };
    let entry = log.proof(shown)?.ok_or(LocalError::Crypto("prove a new entry"))?;
    drop(log);
    let uuid = uuid(&services, &entry.leaf);
    let answer = Answer::json_line(201, &Value::Object(entry_map(&services, entry)?));
    Ok(answer.with(header::ETAG, &uuid).with(header::LOCATION, format!("{ENTRY}{uuid}")))
}

/// The index of another entry than this one, for the fault that answers with it.
fn other_entry(log: &mut Log, index: u64, now: i64) -> Result<u64, LocalError> {
    match index.checked_sub(1) {
        Some(other) => Ok(other),
        None => match log.append(br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#, now)? {
            Appended::New(other) | Appended::Duplicate(other) => Ok(other),
        },
    }
}

/// `GET /api/v1/log/publicKey`.
async fn public_key(State(services): State<Arc<LocalServices>>, accepted: Accepted) -> Answer {
    let key = pem("PUBLIC KEY", services.folder.keys.rekor1.spki());
    if accepted.includes("application/x-pem-file") {
        Answer::new(200, "application/x-pem-file", key + "\n")
    } else {
        Answer::json_line(200, &json!(key))
    }
}

/// `GET /api/v1/log`.
async fn log_info(State(services): State<Arc<LocalServices>>) -> Answer {
    let log = services.rekor1();
    Answer::json_line(
        200,
        &json!({
            "inactiveShards": null,
            "rootHash": hex::encode(log.root()),
            "signedTreeHead": log.checkpoint(),
            "treeID": services.folder.settings.tree_id.to_string(),
            "treeSize": log.size(),
        }),
    )
}

/// `GET /api/v1/log/proof`.
async fn consistency(State(services): State<Arc<LocalServices>>, Query(query): Query) -> Result<Answer, Error> {
    let number = |name| query.one(name).and_then(|value| value.parse::<u64>().ok()).filter(|number| *number > 0);
    let last = number("lastSize").ok_or_else(|| Error::parameter(602, "lastSize in query is required"))?;
    let first = number("firstSize").unwrap_or(1);
    let log = services.rekor1();
    let Some(hashes) = log.consistency(first, last) else {
        return Err(Error::BadRequest(if first > last {
            format!("firstSize({first}) must be less than lastSize({last})")
        } else {
            format!("the tree size requested({last}) was greater than what is currently observable({})", log.size())
        }));
    };
    let root = log.root_at(last).unwrap_or_default();
    Ok(Answer::json_line(200, &json!({ "hashes": hashes.iter().map(hex::encode).collect::<Vec<_>>(), "rootHash": hex::encode(root) })))
}

/// `GET /api/v1/log/entries?logIndex=…`.
async fn by_index(State(services): State<Arc<LocalServices>>, Query(query): Query) -> Result<Answer, Error> {
    let text = query.one("logIndex").ok_or_else(|| Error::parameter(602, "logIndex in query is required"))?;
    let index: i64 = text.parse().map_err(|_| Error::parameter(601, format!("logIndex in query must be of type int64: {text:?}")))?;
    let index = u64::try_from(index).map_err(|_| Error::parameter(609, "logIndex in query should be greater than or equal to 0"))?;
    found(&services, Some(index))
}

/// `GET /api/v1/log/entries/{uuid}`.
async fn by_uuid(State(services): State<Arc<LocalServices>>, path: RawPath) -> Result<Answer, Error> {
    let uuid = path.after(ENTRY);
    if !matches!(uuid.len(), 64 | 80) || !uuid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::parameter(605, "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'"));
    }
    found(&services, index_of(&services, uuid))
}

fn found(services: &LocalServices, index: Option<u64>) -> Result<Answer, Error> {
    let entry = match index {
        Some(index) => services.rekor1().proof(index)?,
        None => None,
    };
    Ok(Answer::json_line(200, &Value::Object(entry_map(services, entry.ok_or(Error::NotFound)?)?)))
}

fn index_of(services: &LocalServices, uuid: &str) -> Option<u64> {
    let (tree, leaf) = uuid.split_at_checked(uuid.len().checked_sub(64)?)?;
    if !tree.is_empty() && !tree.eq_ignore_ascii_case(&tree_id(services)) {
        return None;
    }
    let mut hash = [0; 32];
    hex::decode_to_slice(leaf, &mut hash).ok()?;
    services.rekor1().find(&hash)
}

/// The body of a `retrieve` call.
#[derive(Deserialize)]
struct RetrieveQuery {
    #[serde(default, deserialize_with = "nullable", rename = "entryUUIDs")]
    uuids: Vec<String>,
    #[serde(default, deserialize_with = "nullable", rename = "logIndexes")]
    indexes: Vec<u64>,
    #[serde(default, deserialize_with = "nullable")]
    entries: Vec<ProposedEntry>,
}

impl Parameter for RetrieveQuery {
    const NAME: &'static str = "entry";
}

/// `POST /api/v1/log/entries/retrieve`: entries by UUIDs, indexes and proposed entries.
async fn retrieve(State(services): State<Arc<LocalServices>>, JsonBody(query): JsonBody<RetrieveQuery>) -> Result<Answer, Error> {
    let mut wanted: Vec<_> = query.uuids.iter().filter_map(|uuid| index_of(&services, uuid)).collect();
    for (field, length) in [("logIndexes", query.indexes.len()), ("entries", query.entries.len()), ("entryUUIDs", wanted.len())] {
        if length > MAX_RETRIEVED {
            return Err(Error::parameter(611, format!("{field} in body should have at most {MAX_RETRIEVED} items")));
        }
    }
    for proposed in query.entries {
        // what is wrong with it is said without introduction here
        let entry = proposed.into_canonical().map_err(|error| match Error::from(error) {
            Error::Entry(error) => Error::BadRequest(error.to_string()),
            error => error,
        });
        let body = entry?.body;
        wanted.extend(services.rekor1().find(&leaf_hash(&body)));
    }
    wanted.extend(query.indexes);
    let mut entries = Vec::new();
    for index in wanted {
        let entry = services.rekor1().proof(index)?;
        if let Some(entry) = entry {
            entries.push(Value::Object(entry_map(&services, entry)?));
        }
    }
    Ok(Answer::json_line(200, &Value::Array(entries)))
}

/// The body of a search. An empty field counts as absent.
#[derive(Deserialize)]
struct SearchQuery {
    #[serde(default, deserialize_with = "nullable")]
    hash: String,
    #[serde(default, deserialize_with = "nullable")]
    email: String,
    #[serde(default, deserialize_with = "nullable")]
    subject: String,
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

impl Parameter for SearchQuery {
    const NAME: &'static str = "query";
}

/// `POST /api/v1/index/retrieve`: the UUIDs of the entries with this hash, key, address or other name, or with all of them.
async fn search(State(services): State<Arc<LocalServices>>, JsonBody(query): JsonBody<SearchQuery>) -> Result<Answer, Error> {
    let keys = query.keys()?;
    let mut log = services.rekor1();
    let mut index = services.search_index();
    index.update(&mut log)?;
    let found = keys.iter().map(|key| index.find(key).collect::<BTreeSet<u64>>());
    let found = match query.operator.as_str() {
        "and" => found.reduce(|all, more| &all & &more),
        _ => found.reduce(|all, more| &all | &more),
    };
    let mut uuids = Vec::new();
    for number in found.unwrap_or_default() {
        if let Some(entry) = log.proof(number)? {
            uuids.push(uuid(&services, &entry.leaf));
        }
    }
    Ok(Answer::json_line(200, &json!(uuids)))
}

impl SearchQuery {
    /// The keys to search by.
    fn keys(&self) -> Result<Vec<SearchKey>, Error> {
        if !matches!(self.operator.as_str(), "" | "and" | "or") {
            return Err(Error::parameter(606, "operator in body should be one of [and or]"));
        }
        if self.subject.chars().count() > MAX_SUBJECT {
            return Err(Error::parameter(603, format!("subject in body should be at most {MAX_SUBJECT} chars long")));
        }
        let mut keys = Vec::new();
        if !self.hash.is_empty() {
            keys.push(search_key(&prefixed(&self.hash)?));
        }
        keys.extend([&self.email, &self.subject].into_iter().filter(|text| !text.is_empty()).map(|text| search_key(text)));
        if let Some(key) = &self.public_key {
            keys.push(key.key()?);
        }
        Ok(keys)
    }
}

/// A digest with the name of its hash function.
fn prefixed(hash: &str) -> Result<String, Error> {
    let (name, digits) = hash.split_once(':').map_or((None, hash), |(name, digits)| (Some(name), digits));
    let known = match digits.len() {
        40 => "sha1",
        64 => "sha256",
        128 => "sha512",
        _ => "",
    };
    if known.is_empty() || name.is_some_and(|name| name != known) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pattern = "^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$";
        return Err(Error::parameter(605, format!("hash in body should match '{pattern}'")));
    }
    Ok(format!("{known}:{digits}"))
}

impl SearchedKey {
    fn key(&self) -> Result<SearchKey, Error> {
        const FORMATS: [&str; 5] = ["pgp", "x509", "minisign", "ssh", "tuf"];
        let format = self.format.as_deref().ok_or_else(|| Error::parameter(602, "publicKey.publicKey.format in body is required"))?;
        if !FORMATS.contains(&format) {
            let message = format!("publicKey.publicKey.format in body should be one of [{}]", FORMATS.join(" "));
            return Err(Error::parameter(606, message));
        }
        let text = protobuf_bytes(&self.content).unwrap_or_default();
        let verifier = Verifier::from_pem(&text).map_err(|_| Error::BadRequest("public key provided could not be parsed".into()))?;
        Ok(search_key(&verifier_text(&verifier)))
    }
}

/// One entry as all calls answer with it: a map from its UUID.
fn entry_map(services: &LocalServices, mut entry: ProvenEntry) -> Result<Map<String, Value>, LocalError> {
    let uuid = uuid(services, &entry.leaf);
    let key = &services.folder.keys.rekor1;
    let log_id: [u8; 32] = Sha256::digest(key.spki()).into();
    let index = i64::try_from(entry.index).unwrap_or_default();
    let mut set = key.sign(&set_payload(&entry.body, entry.time, &log_id, index))?;
    if services.has(Fault::BadSet) {
        set = key.sign(b"something else")?;
    }
    services.invalidate(&mut entry);
    let value = json!({
        "body": STANDARD.encode(&entry.body),
        "integratedTime": entry.time,
        "logID": hex::encode(log_id),
        "logIndex": entry.index,
        "verification": {
            "inclusionProof": {
                "checkpoint": entry.checkpoint,
                "hashes": entry.hashes.iter().map(hex::encode).collect::<Vec<_>>(),
                "logIndex": entry.index,
                "rootHash": hex::encode(entry.root),
                "treeSize": entry.size,
            },
            "signedEntryTimestamp": STANDARD.encode(set),
        },
    });
    debug_assert_eq!(leaf_hash(&entry.body), entry.leaf);
    Ok(Map::from_iter([(uuid, value)]))
}

/// The UUID of an entry: tree id and leaf hash in hexadecimal.
fn uuid(services: &LocalServices, leaf: &[u8; 32]) -> String {
    tree_id(services) + &hex::encode(leaf)
}

fn tree_id(services: &LocalServices) -> String {
    format!("{:016x}", services.folder.settings.tree_id)
}
