//! A git signature as a Sigstore bundle, so that an independent verifier can judge it.
//!
//! A bundle holds the certificate, the signature, the log entry and the timestamps; the artifact is the DER of the signed attributes. What
//! stands around them (the object, the armor, the CMS structure, the payload) it does not know. Certificates are taken apart by `x509-cert`
//! alone, so that one that the verifier refuses can be put in as well.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode, Encode};
use paraph::internals::{
    certificate::PublicKey,
    evidence::{
        entry::{EntryVersion, HashedRekord, TransparencyLogEntry},
        log::parse_entry,
    },
    signature::{GitSignature, armor, cms::SignedData, cms::SignerIdentifier},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The bundle's JSON, and the artifact that it is over: the DER of the signed attributes. Otherwise, what no bundle can hold.
pub fn bundle(armored: &[u8]) -> Result<(String, Vec<u8>), String> {
    let cms = armor::decode(armored).map_err(|error| error.to_string())?;
    let signature = SignedData::from_der(&cms).and_then(GitSignature::new).map_err(|error| error.to_string())?;
    let signer = &signature.signer;
    let SignerIdentifier::IssuerAndSerialNumber { issuer, serial } = signer.identifier else { return Err("a key identifier".into()) };
    let is_leaf = |der: &&&[u8]| {
        let certificate = x509_cert::Certificate::from_der(der).ok();
        certificate.is_some_and(|certificate| {
            let tbs = certificate.tbs_certificate();
            tbs.issuer().to_der().unwrap() == issuer && tbs.serial_number().as_bytes() == serial
        })
    };
    let leaf = *signature.certificates.iter().find(is_leaf).ok_or("no certificate of the signer")?;
    let others: Vec<&[u8]> = signature.certificates.iter().copied().filter(|other| *other != leaf).collect();
    let artifact = signer.signed_bytes().map_err(|error| error.to_string())?;
    let digest: [u8; 32] = Sha256::digest(&artifact).into();

    let spki = x509_cert::Certificate::from_der(leaf).unwrap().tbs_certificate().subject_public_key_info().to_der().unwrap();
    let record = HashedRekord::of_certificate(
        &digest,
        signer.signature,
        leaf,
        PublicKey::from_spki(&spki).map_or("PUBLIC_KEY_DETAILS_UNSPECIFIED", |key| key.details()),
    );
    let entry = parse_entry(signature.evidence.entry.ok_or("no log entry")?).map_err(|error| error.to_string())?;
    let timestamps: Vec<_> = signature.evidence.tokens.iter().map(|token| json!({"signedTimestamp": b64(&response(token))})).collect();
    let mut material = json!({"tlogEntries": [log_entry(&entry, &record)], "timestampVerificationData": {"rfc3161Timestamps": timestamps}});
    // only the older bundle holds more certificates than the leaf
    let version = if others.is_empty() { "0.3" } else { "0.2" };
    if others.is_empty() {
        material["certificate"] = json!({"rawBytes": b64(leaf)});
    } else {
        let chain: Vec<_> = [leaf].into_iter().chain(others).map(|der| json!({"rawBytes": b64(der)})).collect();
        material["x509CertificateChain"] = json!({"certificates": chain});
    }
    let bundle = json!({
        "mediaType": format!("application/vnd.dev.sigstore.bundle{}", if version == "0.3" { ".v0.3+json" } else { "+json;version=0.2" }),
        "verificationMaterial": material,
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(&digest)},
            "signature": b64(signer.signature),
        },
    });
    Ok((bundle.to_string(), artifact))
}

fn log_entry(entry: &TransparencyLogEntry, record: &HashedRekord<'_>) -> Value {
    let promise = entry.inclusion_promise.as_ref().filter(|promise| !promise.signed_entry_timestamp.is_empty());
    let stated = entry.kind_version.clone().unwrap_or_default();
    // gitsign 0.17 gives the version of v1 to its entries of Rekor v2, which alone have no promise
    let version = if promise.is_none() || stated.version == "0.0.2" { EntryVersion::V002 } else { EntryVersion::V001 };
    let kind = if stated.version == "0.0.1" { version.kind_version() } else { stated };
    let body = match entry.canonicalized_body.as_slice() {
        [] => &record.canonical_body(version),
        embedded => embedded,
    };
    let mut log_entry = json!({
        "logIndex": entry.log_index.to_string(),
        "logId": {"keyId": b64(&entry.log_id.clone().unwrap_or_default().key_id)},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "canonicalizedBody": b64(body),
    });
    if let Some(proof) = &entry.inclusion_proof {
        log_entry["inclusionProof"] = json!({
            "logIndex": proof.log_index.to_string(),
            "rootHash": b64(&proof.root_hash),
            "treeSize": proof.tree_size.to_string(),
            "hashes": proof.hashes.iter().map(|hash| b64(hash)).collect::<Vec<_>>(),
        });
        if let Some(checkpoint) = &proof.checkpoint {
            log_entry["inclusionProof"]["checkpoint"] = json!({"envelope": checkpoint.envelope});
        }
    }
    if let Some(promise) = promise {
        log_entry["inclusionPromise"] = json!({"signedEntryTimestamp": b64(&promise.signed_entry_timestamp)});
        log_entry["integratedTime"] = json!(entry.integrated_time.to_string());
    }
    log_entry
}

fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A token as the answer that carried it, which is what a bundle holds: a sequence of the status "granted" and the token, whatever that is.
fn response(token: &[u8]) -> Vec<u8> {
    let content = [&[0x30, 3, 2, 1, 0], token].concat();
    der::Any::new(der::Tag::Sequence, content).unwrap().to_der().unwrap()
}

/// What the `sigstore-verify` crate says of a bundle over an artifact under a trusted root in JSON: the identity, where the
/// certificate has it in a form that the crate reads, and the issuer.
pub fn judge(json: &str, artifact: &[u8], trusted_root: &str) -> Result<(Option<String>, String), String> {
    let root = sigstore_trust_root::TrustedRoot::from_json(trusted_root).map_err(|error| error.to_string())?;
    let bundle = sigstore_types::Bundle::from_json(json).map_err(|error| error.to_string())?;
    let policy = sigstore_verify::VerificationPolicy::any_identity();
    let result = sigstore_verify::verify(artifact, &bundle, &policy, &root).map_err(|error| error.to_string())?;
    let identity = result.identity().map(|identity| identity.as_str().to_owned());
    Ok((identity, result.issuer().ok_or("it names no issuer")?.to_owned()))
}

/// What the `sigstore-verify` crate says of a git signature, which has to name this identity and issuer.
pub fn second_opinion(armored: &[u8], trusted_root: &str, identity: &str, issuer: &str) -> Result<(), String> {
    let (json, artifact) = bundle(armored)?;
    let found = judge(&json, &artifact, trusted_root)?;
    if found == (Some(identity.to_owned()), issuer.to_owned()) { Ok(()) } else { Err(format!("it names {found:?}")) }
}
