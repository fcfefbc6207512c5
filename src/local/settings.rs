//! What `init` chose for an instance, its signing keys, and the names of its logs.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    error::LocalError,
    files::{check_private, read_file, write_file},
    keys::{Algorithm, SigningKey},
    log::LogIdentity,
    token_key::{TokenAlgorithm, TokenKey},
};

/// The host in the instance's URLs, and the name of its logs.
pub(super) const HOST: &str = "127.0.0.1";
/// The layout of the folder that this program reads and writes.
pub(super) const LAYOUT: u32 = 1;

/// The content of `instance.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Settings {
    /// The version of the folder's layout.
    pub layout: u32,
    /// The port. It never changes, because every certificate names it.
    pub port: u16,
    /// The id of the Rekor v1 tree.
    pub tree_id: u64,
    /// The algorithm of the Rekor v2 log's key.
    pub rekor2_algorithm: Algorithm,
    /// When the instance was created, in RFC 3339: the start of its authorities' validity periods.
    pub created: String,
}

impl Settings {
    /// The base URL of all services, which is also the issuer's URL.
    pub(super) fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }
}

/// The signing keys of the services.
#[derive(Debug)]
pub(super) struct ServiceKeys {
    /// Fulcio's root. It signs during `init` only.
    pub fulcio_root: Arc<SigningKey>,
    /// Fulcio's intermediate, which issues certificates.
    pub fulcio: Arc<SigningKey>,
    /// The CT log.
    pub ct: Arc<SigningKey>,
    /// Rekor v1. It signs both SETs and checkpoints, because stock clients expect one key.
    pub rekor1: Arc<SigningKey>,
    /// Rekor v2.
    pub rekor2: Arc<SigningKey>,
    /// The timestamp authority's root. It signs during `init` only.
    pub timestamp_root: Arc<SigningKey>,
    /// The timestamp authority's leaf.
    pub timestamp: Arc<SigningKey>,
    /// The OpenID issuer.
    pub issuer: Arc<TokenKey>,
    /// The TUF repository's root and targets roles.
    pub tuf_root: Arc<SigningKey>,
    /// The TUF repository's snapshot and timestamp roles.
    pub tuf_online: Arc<SigningKey>,
}

impl ServiceKeys {
    const FILES: [(&'static str, Algorithm); 9] = [
        ("fulcio-root", Algorithm::EcdsaP384),
        ("fulcio", Algorithm::EcdsaP384),
        ("ct", Algorithm::EcdsaP256),
        ("rekor1", Algorithm::EcdsaP256),
        ("rekor2", Algorithm::Ed25519),
        ("timestamp-root", Algorithm::EcdsaP384),
        ("timestamp", Algorithm::EcdsaP256),
        ("tuf-root", Algorithm::EcdsaP256),
        ("tuf-online", Algorithm::EcdsaP256),
    ];

    /// Generates all keys and writes them to `keys/` in this folder.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn create(folder: &Path, rekor2: Algorithm, tokens: TokenAlgorithm) -> Result<(), LocalError> {
        let write = |name: &str, pem: &str| write_file(&folder.join("keys").join(format!("{name}.key")), pem.as_bytes(), 0o600);
        for (name, algorithm) in Self::FILES {
            let pem = SigningKey::generate(if name == "rekor2" { rekor2 } else { algorithm })?;
            write(name, &pem)?;
        }
        write("issuer", &TokenKey::generate(tokens)?)
    }

    /// Reads the keys.
    ///
    /// # Errors
    /// Where a key is missing, is of another algorithm, or is accessible to other users.
    pub(super) fn read(folder: &Path, settings: &Settings) -> Result<Self, LocalError> {
        let path = |name: &str| folder.join("keys").join(format!("{name}.key"));
        let pem = |name: &str| {
            check_private(&path(name), "0600")?;
            read_file(&path(name)).map(Zeroizing::new)
        };
        let damaged = |name: &str| LocalError::damaged(&path(name), "not a key of the expected kind");
        let key = |name: &str, algorithm| SigningKey::from_pem(algorithm, &pem(name)?).map(Arc::new).ok_or_else(|| damaged(name));
        Ok(Self {
            fulcio_root: key("fulcio-root", Algorithm::EcdsaP384)?,
            fulcio: key("fulcio", Algorithm::EcdsaP384)?,
            ct: key("ct", Algorithm::EcdsaP256)?,
            rekor1: key("rekor1", Algorithm::EcdsaP256)?,
            rekor2: key("rekor2", settings.rekor2_algorithm)?,
            timestamp_root: key("timestamp-root", Algorithm::EcdsaP384)?,
            timestamp: key("timestamp", Algorithm::EcdsaP256)?,
            issuer: TokenKey::from_pem(&pem("issuer")?).map(Arc::new).ok_or_else(|| damaged("issuer"))?,
            tuf_root: key("tuf-root", Algorithm::EcdsaP256)?,
            tuf_online: key("tuf-online", Algorithm::EcdsaP256)?,
        })
    }
}

/// The identity of the CT log. Nobody outside reads its checkpoint.
pub(super) fn ct_identity(key: Arc<SigningKey>) -> LogIdentity {
    LogIdentity { origin: format!("{HOST}/ct"), name: format!("{HOST}/ct"), key }
}

/// The identity of the Rekor v1 log, whose origin holds the tree's id.
pub(super) fn rekor1_identity(key: Arc<SigningKey>, settings: &Settings) -> LogIdentity {
    LogIdentity { origin: format!("{HOST} - {}", settings.tree_id), name: HOST.into(), key }
}

/// The identity of the Rekor v2 log: the host name of its base URL without the port, from which clients derive it.
pub(super) fn rekor2_identity(key: Arc<SigningKey>) -> LogIdentity {
    LogIdentity { origin: HOST.into(), name: HOST.into(), key }
}
