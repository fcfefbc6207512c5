//! Rekor v2's HTTP API (rekor-tiles): create a `hashedrekord` 0.0.2 entry about a certificate, and read the log as
//! [C2SP tlog-tiles](https://c2sp.org/tlog-tiles). Status codes, headers and fields are the real server's.

use axum::http::{HeaderName, Method, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, Call, Grpc, protobuf_bytes},
    error::LocalError,
    faults::Fault,
    log::{Appended, Log},
    services::Services,
    tree::TILE_WIDTH,
};
use crate::{
    certificate::{Certificate, KeyKind},
    evidence::entry::{EntryVersion, HashedRekord},
};

const INVALID: &str = "invalid hashedrekord request";

/// Answers a call under `/api/v2` that is not Fulcio's.
pub fn answer(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let get = call.method == Method::GET;
    match call.path.as_str() {
        "/api/v2/log/entries" if call.method == Method::POST => create(services, call),
        "/api/v2/checkpoint" if get => {
            let checkpoint = services.rekor2().checkpoint().to_owned();
            Ok(Answer::new(200, "text/plain; charset=utf-8", checkpoint).with(header::CACHE_CONTROL, "no-cache"))
        }
        "/api/v2/log/entries" | "/api/v2/checkpoint" => Ok(Answer::grpc_error(Grpc::Unimplemented, "Method Not Allowed")),
        path => match path.strip_prefix("/api/v2/tile/") {
            Some(tile) if get => Ok(tile_answer(&mut services.rekor2(), tile)?.unwrap_or_else(not_found)),
            _ => Ok(not_found()),
        },
    }
}

fn not_found() -> Answer {
    Answer::grpc_error(Grpc::NotFound, "Not Found")
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateEntryRequest {
    #[serde(rename = "hashedRekordRequestV002", alias = "hashed_rekord_request_v002")]
    hashed_rekord: Option<HashedRekordRequest>,
    /// Known to the protocol, taken by no log of this version.
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
    verifier: Option<Verifier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    #[serde(rename = "x509Certificate", alias = "x509_certificate")]
    certificate: Option<RawBytes>,
    #[serde(rename = "publicKey", alias = "public_key")]
    _public_key: Option<RawBytes>,
    #[serde(default, rename = "keyDetails", alias = "key_details")]
    key_details: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBytes {
    #[serde(default, rename = "rawBytes", alias = "raw_bytes")]
    raw_bytes: String,
}

/// `POST /api/v2/log/entries`.
fn create(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let request: CreateEntryRequest = match call.json() {
        Ok(request) => request,
        // an empty body is an empty message
        Err(_) if call.body.is_empty() => CreateEntryRequest::default(),
        Err(error) if error.is_eof() => return Ok(Answer::grpc_error(Grpc::InvalidArgument, "unexpected EOF")),
        Err(error) => return Ok(Answer::grpc_error(Grpc::InvalidArgument, &format!("proto: {error}"))),
    };
    let Some(request) = request.hashed_rekord else {
        return Ok(Answer::grpc_error(Grpc::InvalidArgument, "invalid type, must be hashedrekord"));
    };
    let Some(body) = canonical_body(&request) else { return Ok(Answer::grpc_error(Grpc::InvalidArgument, INVALID)) };
    let now = services.now().as_second();
    let mut log = services.rekor2();
    let index = match log.append(&body, now)? {
        Appended::New(index) => index,
        Appended::Duplicate(index) => {
            let message = format!("an equivalent entry already exists in the transparency log with index {index}");
            let answer = Answer::grpc_error(Grpc::AlreadyExists, &message);
            return Ok(answer.with(HeaderName::from_static("x-log-index"), index.to_string()));
        }
    };
    if services.has(Fault::LostAnswer) {
        return Ok(Answer::json(502, &json!({ "code": 14, "message": "the answer was lost on the way", "details": [] })));
    }
    let shown = if services.has(Fault::OtherEntry) { stranger(&mut log, index, now)? } else { index };
    let Some(mut proof) = log.proof(shown)? else { return Err(LocalError::Crypto("prove a new entry")) };
    let log_id = log.identity().key_id()?;
    drop(log);
    services.spoil(&mut proof);
    // int64 fields are strings in protobuf's JSON
    Ok(Answer::json(
        201,
        &json!({
            "logIndex": proof.index.to_string(),
            "logId": { "keyId": STANDARD.encode(log_id) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": proof.index.to_string(),
                "rootHash": STANDARD.encode(proof.root),
                "treeSize": proof.size.to_string(),
                "hashes": proof.hashes.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
                "checkpoint": { "envelope": proof.checkpoint },
            },
            "canonicalizedBody": STANDARD.encode(&proof.body),
        }),
    ))
}

/// Another entry than the one at `index`: for the fault that answers with it.
fn stranger(log: &mut Log, index: u64, now: i64) -> Result<u64, LocalError> {
    match index.checked_sub(1) {
        Some(other) => Ok(other),
        None => match log.append(br#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}"#, now)? {
            Appended::New(other) | Appended::Duplicate(other) => Ok(other),
        },
    }
}

/// Validates a request: form, certificate, key details, and that the certificate's key made the signature over the digest.
fn canonical_body(request: &HashedRekordRequest) -> Option<Vec<u8>> {
    let digest: [u8; 32] = protobuf_bytes(&request.digest)?.try_into().ok()?;
    let signature = request.signature.as_ref()?;
    let verifier = signature.verifier.as_ref()?;
    let content = protobuf_bytes(&signature.content).filter(|content| !content.is_empty())?;
    let certificate = Certificate::from_der(&protobuf_bytes(&verifier.certificate.as_ref()?.raw_bytes)?).ok()?;
    let key = certificate.public_key();
    // with a digest of SHA-256, only these keys have an algorithm that the log permits
    if !matches!(key.kind(), KeyKind::EcdsaP256 | KeyKind::Rsa) || verifier.key_details != key.details() {
        return None;
    }
    key.verify_digest(&digest, &content).ok()?;
    let entry = HashedRekord { digest: &digest, signature: &content, certificate: certificate.der(), key_details: key.details() };
    Some(entry.canonical_body(EntryVersion::V002))
}

/// A tile or an entry bundle: `LEVEL/N`, `LEVEL/N.p/W`, `entries/N`, `entries/N.p/W`.
fn tile_answer(log: &mut Log, path: &str) -> Result<Option<Answer>, LocalError> {
    let Some((kind, rest)) = path.split_once('/') else { return Ok(None) };
    let Some((index, width)) = tile_number(rest) else { return Ok(None) };
    let body = if kind == "entries" {
        entry_bundle(log, index, width)?
    } else {
        let level = kind.parse::<u32>().ok().filter(|level| *level < 64 && level.to_string() == kind);
        level.and_then(|level| log.tile(level, index, width)).map(<[_]>::concat)
    };
    Ok(body
        .map(|body| Answer::new(200, "application/octet-stream", body).with(header::CACHE_CONTROL, "public, max-age=31536000, immutable")))
}

/// Entries, each after its length in 16 bits.
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

/// `x001/x234/067` is 1234067; `.p/W` is a partial tile of W hashes, 1 to 255.
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
