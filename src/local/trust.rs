//! The files with which a client uses and trusts the instance: Sigstore's `TrustedRoot` v0.1, `SigningConfig` v0.2 and `ClientTrustConfig` v0.1
//! (protobuf-specs, JSON), and the environment variables of stock gitsign. The crate's `trust` module reads such files.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    authority::{ORGANIZATION, ROOT_NAME, TIMESTAMP_ROOT_NAME},
    error::LocalError,
    keys::SigningKey,
    settings::{HOST, ServiceKeys, Settings},
};
use crate::{certificate::PublicKey, evidence::checkpoint::key_id};

/// The JSON files for clients.
#[derive(Debug, Clone)]
pub(super) struct TrustFiles {
    /// `trusted_root.json`.
    pub trusted_root: String,
    /// `signing_config.json`.
    pub signing_config: String,
    /// `client_trust_config.json`, which holds both for sigstore-python.
    pub client_trust_config: String,
}

/// Describes the instance to its clients.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn files(settings: &Settings, keys: &ServiceKeys, fulcio: &[Vec<u8>], timestamp: &[Vec<u8>]) -> Result<TrustFiles, LocalError> {
    let url = settings.url();
    let valid_for = json!({ "start": settings.created });
    let chain = |certificates: &[Vec<u8>]| -> Value {
        json!({ "certificates": certificates.iter().map(|der| json!({ "rawBytes": STANDARD.encode(der) })).collect::<Vec<_>>() })
    };
    let log = |base_url: &str, key: &SigningKey, log_id: &[u8; 32]| {
        json!({
            "baseUrl": base_url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": { "rawBytes": STANDARD.encode(key.spki()), "keyDetails": key.algorithm().public_key_details(), "validFor": valid_for },
            "logId": { "keyId": STANDARD.encode(log_id) },
        })
    };
    let rekor2 = PublicKey::from_spki(keys.rekor2.spki()).map_err(|_| LocalError::Crypto("parse a public key"))?;
    let spki_hash = |key: &SigningKey| -> [u8; 32] { Sha256::digest(key.spki()).into() };
    let authority = |common_name: &str, uri: &str, certificates: &[Vec<u8>]| {
        json!({
            "subject": { "organization": ORGANIZATION, "commonName": common_name },
            "uri": uri,
            "certChain": chain(certificates),
            "validFor": valid_for,
        })
    };
    let timestamp_url = format!("{url}/api/v1/timestamp");
    let trusted_root = json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [
            log(&url, &keys.rekor1, &spki_hash(&keys.rekor1)),
            log(&url, &keys.rekor2, &key_id(HOST, &rekor2, keys.rekor2.spki())),
        ],
        "certificateAuthorities": [authority(ROOT_NAME, &url, fulcio)],
        "ctlogs": [log(&format!("{url}/ct"), &keys.ct, &spki_hash(&keys.ct))],
        "timestampAuthorities": [authority(TIMESTAMP_ROOT_NAME, &timestamp_url, timestamp)],
    });
    let service =
        |url: &str, version: u32| json!({ "url": url, "majorApiVersion": version, "validFor": valid_for, "operator": ORGANIZATION });
    let signing_config = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": [service(&url, 1)],
        "oidcUrls": [service(&url, 1)],
        "rekorTlogUrls": [service(&url, 2), service(&url, 1)],
        "tsaUrls": [service(&timestamp_url, 1)],
        "rekorTlogConfig": { "selector": "ANY" },
        "tsaConfig": { "selector": "ANY" },
    });
    let client_trust_config = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": trusted_root,
        "signingConfig": signing_config,
    });
    let text = |value: &Value| serde_json::to_string_pretty(value).map_err(|_| LocalError::Crypto("encode JSON"));
    Ok(TrustFiles {
        trusted_root: text(&trusted_root)?,
        signing_config: text(&signing_config)?,
        client_trust_config: text(&client_trust_config)?,
    })
}

/// A shell script that sets the variables with which gitsign, and paraph in its place, sign and verify against this instance with Rekor v1.
pub(super) fn environment(settings: &Settings, folder: &Path) -> String {
    let url = settings.url();
    let file = |name: &str| shell_word(&folder.join(name).to_string_lossy());
    format!(
        "# a local Sigstore for gitsign and compatible programs: `. {env}`\n\
         export GITSIGN_FULCIO_URL={url} GITSIGN_REKOR_URL={url} GITSIGN_OIDC_ISSUER={url} GITSIGN_REKOR_MODE=offline\n\
         export GITSIGN_FULCIO_ROOT={chain}\n\
         export SIGSTORE_REKOR_PUBLIC_KEY={rekor}\n\
         export SIGSTORE_CT_LOG_PUBLIC_KEY_FILE={ct}\n",
        env = file("env"),
        chain = file("fulcio-chain.pem"),
        rekor = file("rekor.pub"),
        ct = file("ct.pub"),
    )
}

fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_with_quotes_stays_one_word() {
        assert_eq!(super::shell_word("/it's here"), r"'/it'\''s here'");
    }
}
