//! Rekor v2's HTTP API (rekor-tiles): create a `hashedrekord` 0.0.2 entry, and read the log as
//! [C2SP tlog-tiles](https://c2sp.org/tlog-tiles). Status codes, headers and fields are those of the real server.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, Grpc, method_not_allowed},
    canonical_body::hashed_rekord_v002,
    error::LocalError,
    faults::Fault,
    log::{Appended, Log, MAX_BODY},
    protobuf_json::{InvalidMessage, Message, protobuf_bytes},
    request::RawPath,
    routing::{only_get, only_post},
    services::LocalServices,
    tree::TILE_WIDTH,
    verifiers::{Verifier, is_permitted, verifies_digest},
};
use crate::certificate::HashAlgorithm;

const TILES: &str = "/api/v2/tile/";

/// The log's endpoints. The other paths under `/api/v2/` are Fulcio's.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    Router::new()
        .route("/api/v2/log/entries", only_post(create, method_not_allowed))
        .route("/api/v2/checkpoint", only_get(checkpoint, method_not_allowed))
        .route("/api/v2/tile/{*tile}", only_get(tile, not_found))
        .route("/api/v2/{*path}", any(not_found))
        .route("/api/v2/", any(not_found))
}

async fn not_found() -> Error {
    Error::NotFound
}

/// Why a request is refused, in the words of the real server.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("unexpected EOF")]
    Incomplete,
    #[error("proto: {0}")]
    Malformed(serde_json::Error),
    #[error("invalid type, must be hashedrekord")]
    Kind,
    #[error("invalid hashedrekord request")]
    Invalid,
    #[error("an equivalent entry already exists in the transparency log with index {0}")]
    Exists(u64),
    #[error("Not Found")]
    NotFound,
    /// The fault `rekor=lost-answer`.
    #[error("the answer was lost on the way")]
    Lost,
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl From<InvalidMessage> for Error {
    fn from(error: InvalidMessage) -> Self {
        match error {
            InvalidMessage::Incomplete => Self::Incomplete,
            InvalidMessage::Malformed(error) => Self::Malformed(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let message = self.to_string();
        let answer = match self {
            Self::Incomplete | Self::Malformed(_) | Self::Kind | Self::Invalid => Answer::grpc_error(Grpc::InvalidArgument, &message),
            Self::Exists(index) => {
                Answer::grpc_error(Grpc::AlreadyExists, &message).with(HeaderName::from_static("x-log-index"), index.to_string())
            }
            Self::NotFound => Answer::grpc_error(Grpc::NotFound, &message),
            Self::Lost => Answer::json(502, &json!({ "code": 14, "message": message, "details": [] })),
            Self::Local(_) => Answer::grpc_error(Grpc::Internal, &message),
        };
        answer.into_response()
    }
}

/// `GET /api/v2/checkpoint`.
async fn checkpoint(State(services): State<Arc<LocalServices>>) -> Answer {
    let checkpoint = services.rekor2().checkpoint().to_owned();
    Answer::new(200, "text/plain; charset=utf-8", checkpoint).with(header::CACHE_CONTROL, "no-cache")
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateEntryRequest {
    #[serde(rename = "hashedRekordRequestV002", alias = "hashed_rekord_request_v002")]
    hashed_rekord: Option<HashedRekordRequest>,
    /// Part of the protocol, but no log of this version accepts it.
    #[serde(rename = "dsseRequestV002", alias = "dsse_request_v002")]
    _dsse: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekordRequest {
    #[serde(default)]
    digest: String,
    signature: Option<Signature>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    #[serde(default)]
    content: String,
    verifier: Option<ProposedVerifier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposedVerifier {
    #[serde(rename = "x509Certificate", alias = "x509_certificate")]
    certificate: Option<RawBytes>,
    #[serde(rename = "publicKey", alias = "public_key")]
    public_key: Option<RawBytes>,
    #[serde(default, rename = "keyDetails", alias = "key_details")]
    key_details: KeyDetails,
}

/// An enum value of protobuf's JSON: its name or its number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum KeyDetails {
    Name(String),
    Number(i64),
}

impl Default for KeyDetails {
    fn default() -> Self {
        Self::Number(0)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBytes {
    #[serde(default, rename = "rawBytes", alias = "raw_bytes")]
    raw_bytes: String,
}

/// `POST /api/v2/log/entries`.
async fn create(
    State(services): State<Arc<LocalServices>>,
    request: Result<Message<CreateEntryRequest>, InvalidMessage>,
) -> Result<Answer, Error> {
    let Message(request) = request?;
    let body = canonical_body(&request.hashed_rekord.ok_or(Error::Kind)?).filter(|body| body.len() <= MAX_BODY).ok_or(Error::Invalid)?;
    let now = services.now().as_second();
    let mut log = services.rekor2();
    let index = match log.append(&body, now)? {
        Appended::New(index) => index,
        Appended::Duplicate(index) => return Err(Error::Exists(index)),
    };
    if services.has(Fault::LostAnswer) {
        return Err(Error::Lost);
    }
    let shown = if services.has(Fault::OtherEntry) { other_entry(&mut log, index, now)? } else { index };
    let mut entry = log.proof(shown)?.ok_or(LocalError::Crypto("prove a new entry"))?;
    let log_id = log.identity().key_id()?;
    drop(log);
    services.invalidate(&mut entry);
    // int64 fields are strings in protobuf's JSON
    Ok(Answer::json(
        201,
        &json!({
            "logIndex": entry.index.to_string(),
            "logId": { "keyId": STANDARD.encode(log_id) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": entry.index.to_string(),
                "rootHash": STANDARD.encode(entry.root),
                "treeSize": entry.size.to_string(),
                "hashes": entry.hashes.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
                "checkpoint": { "envelope": entry.checkpoint },
            },
            "canonicalizedBody": STANDARD.encode(&entry.body),
        }),
    ))
}

/// The index of another entry than this one, for the fault that answers with it.
fn other_entry(log: &mut Log, index: u64, now: i64) -> Result<u64, LocalError> {
    match index.checked_sub(1) {
        Some(other) => Ok(other),
        None => match log.append(br#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}"#, now)? {
            Appended::New(other) | Appended::Duplicate(other) => Ok(other),
        },
    }
}

/// The values of `PublicKeyDetails` that the real server knows, with their numbers and the hash of the content. It names Ed25519 too, whose
/// entries it cannot log.
const KEY_DETAILS: [(&str, i64, HashAlgorithm); 12] = [
    ("PKIX_ECDSA_P256_SHA_256", 5, HashAlgorithm::Sha256),
    ("PKIX_ED25519_PH", 8, HashAlgorithm::Sha512),
    ("PKIX_RSA_PKCS1V15_2048_SHA256", 9, HashAlgorithm::Sha256),
    ("PKIX_RSA_PKCS1V15_3072_SHA256", 10, HashAlgorithm::Sha256),
    ("PKIX_RSA_PKCS1V15_4096_SHA256", 11, HashAlgorithm::Sha256),
    ("PKIX_ECDSA_P384_SHA_384", 12, HashAlgorithm::Sha384),
    ("PKIX_ECDSA_P521_SHA_512", 13, HashAlgorithm::Sha512),
    ("PKIX_RSA_PSS_2048_SHA256", 16, HashAlgorithm::Sha256),
    ("PKIX_RSA_PSS_3072_SHA256", 17, HashAlgorithm::Sha256),
    ("PKIX_RSA_PSS_4096_SHA256", 18, HashAlgorithm::Sha256),
    ("PKIX_ECDSA_P384_SHA_256", 19, HashAlgorithm::Sha256),
    ("PKIX_ECDSA_P521_SHA_256", 20, HashAlgorithm::Sha256),
];

/// The canonical body of a valid request. It checks form, key and hash, and verifies the signature over the digest.
///
/// As in the real server, the key details decide the hash and nothing else: RSA signatures are PKCS #1 v1.5 under every name.
fn canonical_body(request: &HashedRekordRequest) -> Option<Vec<u8>> {
    let digest = protobuf_bytes(&request.digest)?;
    let signature = request.signature.as_ref()?;
    let proposed = signature.verifier.as_ref()?;
    let content = protobuf_bytes(&signature.content).filter(|content| !content.is_empty())?;
    let verifier = match (&proposed.certificate, &proposed.public_key) {
        (Some(certificate), None) => Verifier::certificate(&protobuf_bytes(&certificate.raw_bytes)?),
        (None, Some(key)) => Verifier::public_key(&protobuf_bytes(&key.raw_bytes)?),
        _ => return None,
    };
    let verifier = verifier.ok()?;
    let (name, _, hash) = KEY_DETAILS.into_iter().find(|(name, number, _)| match &proposed.key_details {
        KeyDetails::Name(given) => given == name,
        KeyDetails::Number(given) => given == number,
    })?;
    let valid =
        digest.len() == hash.length() && is_permitted(verifier.key(), hash) && verifies_digest(verifier.key(), (hash, &digest), &content);
    valid.then(|| hashed_rekord_v002((hash, &digest), &content, &verifier, name))
}

/// `GET /api/v2/tile/…`: a tile or an entry bundle, `LEVEL/N`, `LEVEL/N.p/W`, `entries/N`, `entries/N.p/W`.
async fn tile(State(services): State<Arc<LocalServices>>, path: RawPath) -> Result<Answer, Error> {
    let (kind, rest) = path.after(TILES).split_once('/').ok_or(Error::NotFound)?;
    let (index, width) = tile_number(rest).ok_or(Error::NotFound)?;
    let mut log = services.rekor2();
    let body = if kind == "entries" {
        entry_bundle(&mut log, index, width)?
    } else {
        let level = kind.parse::<u32>().ok().filter(|level| *level < 64 && level.to_string() == kind);
        level.and_then(|level| log.tile(level, index, width)).map(<[_]>::concat)
    };
    let answer = Answer::new(200, "application/octet-stream", body.ok_or(Error::NotFound)?);
    Ok(answer.with(header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
}

/// The bodies of these entries, each preceded by its length in 16 bits.
fn entry_bundle(log: &mut Log, index: u64, width: u64) -> Result<Option<Vec<u8>>, LocalError> {
    let Some(start) = index.checked_mul(TILE_WIDTH).filter(|start| start.saturating_add(width) <= log.size()) else { return Ok(None) };
    let mut bundle = Vec::new();
    for number in start..start + width {
        let Some((_, body)) = log.entry(number)? else { return Ok(None) };
        bundle.extend(u16::try_from(body.len()).unwrap_or_default().to_be_bytes());
        bundle.extend(body);
    }
    Ok(Some(bundle))
}

/// The number and the width of a tile: `x001/x234/067` is 1234067, and `.p/W` a partial tile of W hashes (1 to 255).
fn tile_number(path: &str) -> Option<(u64, u64)> {
    let (path, width) = match path.split_once(".p/") {
        Some((path, width)) => {
            let parsed = width.parse::<u64>().ok().filter(|parsed| (1..TILE_WIDTH).contains(parsed) && parsed.to_string() == width)?;
            (path, parsed)
        }
        None => (path, TILE_WIDTH),
    };
    let groups: Vec<&str> = path.split('/').collect();
    let (last, leading) = groups.split_last()?;
    if groups.len() > 5 || (leading.first() == Some(&"x000")) {
        return None;
    }
    let mut number = 0u64;
    for group in leading.iter().map(|group| group.strip_prefix('x')).chain([Some(*last)]) {
        let digits = group.filter(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        number = number * 1000 + digits.parse::<u64>().ok()?;
    }
    Some((number, width))
}

#[cfg(test)]
mod tests {
    use super::tile_number;

    #[test]
    fn tile_paths_have_one_form() {
        assert_eq!(tile_number("000"), Some((0, 256)));
        assert_eq!(tile_number("x001/x234/067"), Some((1_234_067, 256)));
        assert_eq!(tile_number("067.p/3"), Some((67, 3)));
        for bad in [
            "",
            "0",
            "0000",
            "x000/001",
            "x001",
            "001/002",
            "067.p/0",
            "067.p/256",
            "067.p/03",
            "067.p/",
            "../1",
            "x1/001",
            "x001/x001/x001/x001/x001/001",
        ] {
            assert_eq!(tile_number(bad), None, "{bad}");
        }
    }
}
