//! A git signature as a Sigstore bundle, so that an independent verifier can judge it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Any, Decode, Encode};
use paraph::{
    certificate::Certificate,
    evidence::{
        entry::{EntryVersion, HashedRekord},
        log::parse_entry,
        rfc3161::{PkiStatus, PkiStatusInfo, TimeStampResp},
    },
    signature::{GitSignature, armor, cms::SignedData, cms::SignerIdentifier},
};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The bundle's JSON, and the artifact that it is over: the DER of the signed attributes.
pub fn bundle(armored: &[u8]) -> (String, Vec<u8>) {
    let cms = armor::decode(armored).unwrap();
    let signature = GitSignature::new(SignedData::from_der(&cms).unwrap()).unwrap();
    let SignerIdentifier::IssuerAndSerialNumber { issuer, serial } = signature.signer.identifier else { panic!("a key identifier") };
    let certificates = signature.certificates.iter().map(|der| Certificate::from_der(der).unwrap());
    let leaf = certificates.into_iter().find(|one| one.issuer() == issuer && one.serial() == serial).unwrap();
    let artifact = signature.signer.signed_bytes().unwrap();
    let digest: [u8; 32] = Sha256::digest(&artifact).into();

    let entry = parse_entry(signature.evidence.entry.unwrap()).unwrap();
    let promise = entry.inclusion_promise.as_ref().filter(|promise| !promise.signed_entry_timestamp.is_empty());
    // not by its stated version: gitsign 0.17 gives that of v1 to its entries of Rekor v2, which alone have no promise
    let version = if promise.is_none() { EntryVersion::V002 } else { EntryVersion::V001 };
    let kind = version.kind_version();
    let record = HashedRekord {
        digest: &digest,
        signature: signature.signer.signature,
        certificate: leaf.der(),
        key_details: leaf.public_key().details(),
    };
    let proof = entry.inclusion_proof.clone().unwrap();
    let b64 = |bytes: &[u8]| STANDARD.encode(bytes);
    let mut log_entry = json!({
        "logIndex": entry.log_index.to_string(),
        "logId": {"keyId": b64(&entry.log_id.clone().unwrap().key_id)},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "inclusionProof": {
            "logIndex": proof.log_index.to_string(),
            "rootHash": b64(&proof.root_hash),
            "treeSize": proof.tree_size.to_string(),
            "hashes": proof.hashes.iter().map(|hash| b64(hash)).collect::<Vec<_>>(),
            "checkpoint": {"envelope": proof.checkpoint.clone().unwrap().envelope},
        },
        "canonicalizedBody": b64(&record.canonical_body(version)),
    });
    if let Some(promise) = promise {
        log_entry["inclusionPromise"] = json!({"signedEntryTimestamp": b64(&promise.signed_entry_timestamp)});
        log_entry["integratedTime"] = json!(entry.integrated_time.to_string());
    }
    let timestamps: Vec<_> = signature.evidence.tokens.iter().map(|token| json!({"signedTimestamp": b64(&response(token))})).collect();
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(leaf.der())},
            "tlogEntries": [log_entry],
            "timestampVerificationData": {"rfc3161Timestamps": timestamps},
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(&digest)},
            "signature": b64(signature.signer.signature),
        },
    });
    (bundle.to_string(), artifact)
}

/// A token as the answer that carried it, which is what a bundle holds.
fn response(token: &[u8]) -> Vec<u8> {
    let status = PkiStatusInfo { status: PkiStatus::Granted, status_string: None, fail_info: None };
    TimeStampResp { status, time_stamp_token: Some(Any::from_der(token).unwrap()) }.to_der().unwrap()
}

/// What the `sigstore-verify` crate says of a git signature under a trusted root in JSON.
pub fn second_opinion(armored: &[u8], trusted_root: &str, identity: &str, issuer: &str) -> Result<(), String> {
    let (json, artifact) = bundle(armored);
    let root = sigstore_trust_root::TrustedRoot::from_json(trusted_root).map_err(|error| error.to_string())?;
    let bundle = sigstore_types::Bundle::from_json(&json).map_err(|error| error.to_string())?;
    let policy = sigstore_verify::VerificationPolicy::new(identity, issuer);
    sigstore_verify::verify(artifact.as_slice(), &bundle, &policy, &root).map(|_| ()).map_err(|error| error.to_string())
}
