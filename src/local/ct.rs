//! The certificate transparency log (RFC 6962): it takes Fulcio's precertificates in process and promises to include them. From outside it
//! only answers for its tree head and its roots; nobody else can add to it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, Call, Grpc},
    authority::Promise,
    error::LocalError,
    services::Services,
};

/// Logs a precertificate by the bytes that an SCT signs. The log's leaf has the same bytes but for the second octet, the leaf type
/// (timestamped_entry, 0) in place of the signature type (certificate_timestamp, 0): they are equal.
pub fn add(services: &Services, milliseconds: u64, signed_bytes: &[u8]) -> Result<Promise, LocalError> {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or_default();
    services.ct().append(signed_bytes, seconds)?;
    let key = &services.state.keys.ct;
    Ok(Promise { log_id: Sha256::digest(key.spki()).into(), milliseconds, signature: key.sign(signed_bytes)? })
}

/// `GET /ct/ct/v1/…`.
pub fn read(services: &Services, call: &Call, method: &str) -> Result<Answer, LocalError> {
    match method {
        "get-sth" => tree_head(services),
        "get-roots" => {
            let roots: Vec<String> = services.state.fulcio_chain.last().map(|der| STANDARD.encode(der)).into_iter().collect();
            Ok(Answer::new(200, "text/plain; charset=utf-8", format!("{}\n", json!({ "certificates": roots }))))
        }
        "get-sth-consistency" => {
            let pairs = call.query_pairs();
            let number = |name| pairs.one(name).and_then(|value| value.parse::<u64>().ok());
            let log = services.ct();
            let path = number("first").zip(number("second")).and_then(|(first, second)| log.consistency(first, second));
            Ok(match path {
                Some(path) => {
                    Answer::json(200, &json!({ "consistency": path.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>() }))
                }
                None => Answer::text(400, "first and second must be sizes of this log, first not larger than second"),
            })
        }
        "get-proof-by-hash" => proof_by_hash(services, call),
        _ => Ok(Answer::grpc_error(Grpc::NotFound, "Not Found")),
    }
}

fn tree_head(services: &Services) -> Result<Answer, LocalError> {
    let (size, root) = {
        let log = services.ct();
        (log.size(), log.root())
    };
    let timestamp = u64::try_from(services.now().as_millisecond()).unwrap_or_default();
    // RFC 6962, section 3.5: version v1, signature_type tree_hash
    let signed = [&[0, 1][..], &timestamp.to_be_bytes(), &size.to_be_bytes(), &root].concat();
    let signature = services.state.keys.ct.sign(&signed)?;
    let length = u16::try_from(signature.len()).unwrap_or_default().to_be_bytes();
    let digitally_signed = [&[4, 3][..], &length, &signature].concat();
    Ok(Answer::json(
        200,
        &json!({
            "tree_size": size,
            "timestamp": timestamp,
            "sha256_root_hash": STANDARD.encode(root),
            "tree_head_signature": STANDARD.encode(digitally_signed),
        }),
    ))
}

fn proof_by_hash(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let pairs = call.query_pairs();
    let leaf = pairs.one("hash").and_then(|hash| STANDARD.decode(hash).ok()).and_then(|hash| <[u8; 32]>::try_from(hash).ok());
    let size = pairs.one("tree_size").and_then(|size| size.parse::<u64>().ok());
    let (Some(leaf), Some(size)) = (leaf, size) else { return Ok(Answer::text(400, "hash and tree_size are needed")) };
    let log = services.ct();
    let found = log.find(&leaf).and_then(|index| Some((index, log.inclusion(index, size)?)));
    Ok(match found {
        Some((index, path)) => Answer::json(
            200,
            &json!({ "leaf_index": index, "audit_path": path.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>() }),
        ),
        None => Answer::text(404, "no such leaf in a tree of this size"),
    })
}
