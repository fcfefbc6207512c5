//! The certificate transparency log (RFC 6962). It takes Fulcio's precertificates in process. Over HTTP it only answers for its tree and roots.

use std::sync::Arc;

use axum::{Router, extract::State, middleware::map_response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, not_found, varying_by_origin},
    authority::IssuedSct,
    clock::milliseconds,
    error::LocalError,
    request::Query,
    routing::only_get,
    services::LocalServices,
};

/// The log's endpoints.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    Router::new()
        .route("/ct/ct/v1/get-sth", only_get(tree_head, not_found))
        .route("/ct/ct/v1/get-roots", only_get(roots, not_found))
        .route("/ct/ct/v1/get-sth-consistency", only_get(consistency, not_found))
        .route("/ct/ct/v1/get-proof-by-hash", only_get(proof_by_hash, not_found))
        .layer(map_response(varying_by_origin))
}

/// Logs a precertificate, given as the bytes that an SCT signs, and returns the SCT.
///
/// The log's leaf differs from these bytes only in the meaning of the second octet: the leaf type (timestamped_entry, 0) instead of the
/// signature type (certificate_timestamp, 0). So they are equal.
///
/// # Errors
/// Those of [`Log::append`](super::log::Log::append), and [`LocalError::Crypto`].
pub(super) fn add(services: &LocalServices, milliseconds: u64, signed_bytes: &[u8]) -> Result<IssuedSct, LocalError> {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or_default();
    services.ct().append(signed_bytes, seconds)?;
    let key = &services.folder.keys.ct;
    Ok(IssuedSct { log_id: Sha256::digest(key.spki()).into(), milliseconds, signature: key.sign(signed_bytes)? })
}

/// `get-sth`.
async fn tree_head(State(services): State<Arc<LocalServices>>) -> Result<Answer, LocalError> {
    let (size, root) = {
        let log = services.ct();
        (log.size(), log.root())
    };
    let timestamp = milliseconds(services.now());
    // RFC 6962, section 3.5: version v1, signature_type tree_hash
    let signed = [&[0, 1][..], &timestamp.to_be_bytes(), &size.to_be_bytes(), &root].concat();
    let signature = services.folder.keys.ct.sign(&signed)?;
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

/// `get-roots`.
async fn roots(State(services): State<Arc<LocalServices>>) -> Answer {
    let roots: Vec<String> = services.folder.fulcio_chain.last().map(|der| STANDARD.encode(der)).into_iter().collect();
    Answer::new(200, "text/plain; charset=utf-8", format!("{}\n", json!({ "certificates": roots })))
}

/// `get-sth-consistency`.
async fn consistency(State(services): State<Arc<LocalServices>>, Query(query): Query) -> Answer {
    let number = |name| query.one(name).and_then(|value| value.parse::<u64>().ok());
    let sizes = number("first").zip(number("second"));
    match sizes.and_then(|(first, second)| services.ct().consistency(first, second)) {
        Some(path) => Answer::json(200, &json!({ "consistency": base64_list(&path) })),
        None => Answer::text(400, "first and second must be sizes of this log, and first must not be larger than second"),
    }
}

/// `get-proof-by-hash`.
async fn proof_by_hash(State(services): State<Arc<LocalServices>>, Query(query): Query) -> Answer {
    let leaf = query.one("hash").and_then(|hash| STANDARD.decode(hash).ok()).and_then(|hash| <[u8; 32]>::try_from(hash).ok());
    let size = query.one("tree_size").and_then(|size| size.parse::<u64>().ok());
    let (Some(leaf), Some(size)) = (leaf, size) else { return Answer::text(400, "hash and tree_size are required") };
    let log = services.ct();
    match log.find(&leaf).and_then(|index| Some((index, log.inclusion(index, size)?))) {
        Some((index, path)) => Answer::json(200, &json!({ "leaf_index": index, "audit_path": base64_list(&path) })),
        None => Answer::text(404, "there is no such leaf in a tree of this size"),
    }
}

fn base64_list(hashes: &[[u8; 32]]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}
