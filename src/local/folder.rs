//! The instance's folder: created once by `init`, then read by each start.
//!
//! | file | who changes it | effect of another change |
//! | --- | --- | --- |
//! | `instance.json` | nobody after `init` | certificates and checkpoints no longer match the instance |
//! | `access-code` | the user may replace it, before a start | proofs and login codes need the new one |
//! | `keys/*.key` | nobody | clients that hold the trust root reject all signatures |
//! | `logs/*` | the server that holds the lock | the next start refuses the folder (see `log`) |
//! | `logs/rekor1.statements` | the server that holds the lock | searches find too little or too much (see `search_index`) |
//! | `sessions.json` | the server that holds the lock | sessions end, or ended ones continue (see `sessions`) |
//! | `logins` | the server that holds the lock | the count of logins is wrong |
//! | `tuf/*` | the server that holds the lock | clients reject the TUF repository |
//! | `lock` | the server: held while it runs, with its process id inside | – |
//! | `trusted_root.json`, `signing_config.json`, `client_trust_config.json`, `*.pem`, `*.pub`, `env` | nobody: copies for clients | only clients that use the copy notice |
//!
//! A folder or a key that other users can access is refused.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    authority::{Chain, fulcio_chain, pem_chain, timestamp_chain},
    error::LocalError,
    files::{check_private, read_file, sync_folder, write_file},
    keys::{Algorithm, random},
    lock::FolderLock,
    log::Log,
    settings::{LAYOUT, ServiceKeys, Settings, ct_identity, rekor1_identity, rekor2_identity},
    token_key::TokenAlgorithm,
    trust, tuf,
};
use crate::{private_folder, signature::pem};

const SETTINGS: &str = "instance.json";
/// The length of the shortest access code, in bytes.
const MIN_ACCESS_CODE: usize = 20;

/// Options of [`Instance::init_with`](super::Instance::init_with).
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// The algorithm of the Rekor v2 log's key: Ed25519 as in production, or P-256.
    pub rekor2_algorithm: Algorithm,
    /// The algorithm of ID tokens.
    pub token_algorithm: TokenAlgorithm,
    /// The start of the authorities' validity periods; `None` means now.
    pub created: Option<Timestamp>,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self { rekor2_algorithm: Algorithm::Ed25519, token_algorithm: TokenAlgorithm::default(), created: None }
    }
}

/// The content of an instance's folder, read and checked.
#[derive(Debug)]
pub(super) struct InstanceFolder {
    /// The folder, absolute.
    pub path: PathBuf,
    /// The content of `instance.json`.
    pub settings: Settings,
    /// The signing keys.
    pub keys: ServiceKeys,
    /// Fulcio's intermediate and root.
    pub fulcio_chain: Chain,
    /// The timestamp authority's leaf and root.
    pub timestamp_chain: Chain,
    /// The secret that logs in.
    pub access_code: Zeroizing<String>,
    /// `trusted_root.json`.
    pub trusted_root: String,
    /// `signing_config.json`.
    pub signing_config: String,
}

impl InstanceFolder {
    /// Creates an instance in a folder that does not exist, or that is empty and private. The folder appears whole or not at all.
    ///
    /// # Errors
    /// [`LocalError::Exists`] or [`LocalError::Occupied`] where the folder is not empty.
    pub(super) fn create(folder: &Path, options: &InitOptions) -> Result<(), LocalError> {
        let folder = std::path::absolute(folder).map_err(LocalError::file("find", folder))?;
        if folder.exists() {
            let mut entries = fs::read_dir(&folder).map_err(LocalError::file("read", &folder))?;
            let (is_empty, exists) = (entries.next().is_none(), folder.join(SETTINGS).exists());
            // a folder that cannot be used need not become private
            if !is_empty && !exists {
                return Err(LocalError::Occupied(folder));
            }
            check_private(&folder, "0700")?;
            if exists {
                return Err(LocalError::Exists(folder));
            }
        }
        let parent = folder.parent().ok_or_else(|| LocalError::Occupied(folder.clone()))?;
        private_folder::creating_folders().recursive(true).create(parent).map_err(LocalError::file("create", parent))?;
        let new = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o700))
            .prefix(".paraph-local-")
            .tempdir_in(parent)
            .map_err(LocalError::file("create", parent))?;
        fill(new.path(), &folder, options)?;
        fs::rename(new.path(), &folder).map_err(LocalError::file("create", &folder))?;
        // the temporary folder has moved: there is nothing left to remove
        let _ = new.keep();
        sync_folder(parent)
    }

    /// Reads an instance.
    ///
    /// # Errors
    /// Where there is none, it is damaged, or other users can access its secrets.
    pub(super) fn open(folder: &Path) -> Result<Self, LocalError> {
        let folder = std::path::absolute(folder).map_err(LocalError::file("find", folder))?;
        let settings_path = folder.join(SETTINGS);
        if !settings_path.exists() {
            return Err(LocalError::Absent(folder));
        }
        check_private(&folder, "0700")?;
        check_private(&folder.join("keys"), "0700")?;
        let settings: Settings = crate::json_object::from_slice(read_file(&settings_path)?.as_bytes())
            .map_err(|error| LocalError::damaged(&settings_path, error.to_string()))?;
        if settings.layout != LAYOUT || settings.port == 0 {
            return Err(LocalError::damaged(&settings_path, format!("layout {}, port {}", settings.layout, settings.port)));
        }
        let code_path = folder.join("access-code");
        check_private(&code_path, "0600")?;
        let access_code = Zeroizing::new(read_file(&code_path)?.trim().to_owned());
        // everybody on this machine can get proofs made with it, and could try short codes out on them
        if access_code.len() < MIN_ACCESS_CODE {
            return Err(LocalError::damaged(&code_path, format!("the code has fewer than {MIN_ACCESS_CODE} characters")));
        }
        Ok(Self {
            keys: ServiceKeys::read(&folder, &settings)?,
            fulcio_chain: read_chain(&folder.join("fulcio-chain.pem"))?,
            timestamp_chain: read_chain(&folder.join("tsa-chain.pem"))?,
            access_code,
            trusted_root: read_file(&folder.join("trusted_root.json"))?,
            signing_config: read_file(&folder.join("signing_config.json"))?,
            settings,
            path: folder,
        })
    }

    /// The folder of the logs.
    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

/// Writes the files of a new instance into `new`, which will become `folder`.
fn fill(new: &Path, folder: &Path, options: &InitOptions) -> Result<(), LocalError> {
    for name in ["keys", "logs", "tuf"] {
        let path = new.join(name);
        private_folder::make_last(&path).map_err(LocalError::file("create", &path))?;
    }
    let created = options.created.unwrap_or_else(Timestamp::now);
    let created = Timestamp::from_second(created.as_second()).unwrap_or(created);
    let settings = Settings {
        layout: LAYOUT,
        port: free_port()?,
        // a positive 63-bit number of nineteen digits, as Trillian's are
        tree_id: (u64::from_be_bytes(random()?) >> 2) | (1 << 61),
        rekor2_algorithm: options.rekor2_algorithm,
        created: created.to_string(),
    };
    ServiceKeys::create(new, settings.rekor2_algorithm, options.token_algorithm)?;
    let keys = ServiceKeys::read(new, &settings)?;
    let fulcio = fulcio_chain(&keys.fulcio_root, &keys.fulcio, created)?;
    let timestamp = timestamp_chain(&keys.timestamp_root, &keys.timestamp, created)?;
    let public = |name: &str, text: &str| write_file(&new.join(name), text.as_bytes(), 0o644);
    public("fulcio-chain.pem", &pem_chain(&fulcio))?;
    public("tsa-chain.pem", &pem_chain(&timestamp))?;
    public("ct.pub", &pem("PUBLIC KEY", keys.ct.spki()))?;
    public("rekor.pub", &pem("PUBLIC KEY", keys.rekor1.spki()))?;
    public("rekor2.pub", &pem("PUBLIC KEY", keys.rekor2.spki()))?;
    let files = trust::files(&settings, &keys, &fulcio, &timestamp)?;
    public("trusted_root.json", &files.trusted_root)?;
    public("signing_config.json", &files.signing_config)?;
    public("client_trust_config.json", &files.client_trust_config)?;
    public("env", &trust::environment(&settings, folder))?;
    tuf::create(&new.join("tuf"), &keys, &files, created)?;
    let code = Zeroizing::new(access_code()?);
    write_file(&new.join("access-code"), format!("{}\n", code.as_str()).as_bytes(), 0o600)?;
    FolderLock::create(new)?;
    let logs = new.join("logs");
    Log::create(&logs, "ct", &ct_identity(keys.ct))?;
    Log::create(&logs, "rekor1", &rekor1_identity(keys.rekor1, &settings))?;
    Log::create(&logs, "rekor2", &rekor2_identity(keys.rekor2))?;
    let settings = serde_json::to_string_pretty(&settings).map_err(|_| LocalError::Crypto("encode the settings"))?;
    write_file(&new.join(SETTINGS), settings.as_bytes(), 0o600)
}

fn read_chain(path: &Path) -> Result<Chain, LocalError> {
    let text = read_file(path)?;
    let chain: Option<Chain> = text
        .split_inclusive("-----END CERTIFICATE-----\n")
        .map(|certificate| match der::Document::from_pem(certificate) {
            Ok(("CERTIFICATE", document)) => Some(document.into_vec()),
            _ => None,
        })
        .collect();
    chain.filter(|chain| chain.len() == 2).ok_or_else(|| LocalError::damaged(path, "it must hold two certificates"))
}

/// A loopback port that is free now.
fn free_port() -> Result<u16, LocalError> {
    let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).map(|address| address.port()).map_err(|source| LocalError::Port { port: 0, source })
}

/// Four groups of five unambiguous letters and digits: 100 bits.
fn access_code() -> Result<String, LocalError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = random::<20>()?;
    let letters: Vec<char> =
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|letter| char::from(*letter)).collect();
    Ok(letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::local::lock::Holder;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("instance");
        (outer, folder)
    }

    #[test]
    fn a_new_instance_is_read_back_and_belongs_to_its_user_alone() {
        let (_outer, folder) = folder();
        InstanceFolder::create(&folder, &InitOptions::default()).unwrap();
        let state = InstanceFolder::open(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(folder.join("keys/fulcio.key")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.join("access-code")).unwrap().mode() & 0o777, 0o600);
        assert!(state.access_code.len() > 16 && state.settings.port != 0);
        assert!(matches!(InstanceFolder::create(&folder, &InitOptions::default()), Err(LocalError::Exists(_))));
    }

    #[test]
    fn a_folder_or_key_that_others_can_read_is_refused() {
        let (_outer, folder) = folder();
        InstanceFolder::create(&folder, &InitOptions::default()).unwrap();
        for (name, mode) in [("", 0o750), ("keys", 0o701), ("keys/rekor1.key", 0o640), ("access-code", 0o604)] {
            let path = if name.is_empty() { folder.clone() } else { folder.join(name) };
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(InstanceFolder::open(&folder), Err(LocalError::Exposed { .. })), "{name}");
            fs::set_permissions(&path, before).unwrap();
        }
        InstanceFolder::open(&folder).unwrap();
    }

    #[test]
    fn nothing_and_something_else_are_told_apart_from_an_instance() {
        let (outer, folder) = folder();
        assert!(matches!(InstanceFolder::open(&folder), Err(LocalError::Absent(_))));
        InstanceFolder::create(&folder, &InitOptions::default()).unwrap();
        fs::write(folder.join("instance.json"), "{}").unwrap();
        assert!(matches!(InstanceFolder::open(&folder), Err(LocalError::Damaged { .. })));
        drop(outer);
    }

    #[test]
    fn one_server_at_a_time_holds_the_folder() {
        let (_outer, folder) = folder();
        InstanceFolder::create(&folder, &InitOptions::default()).unwrap();
        assert_eq!(FolderLock::holder(&folder), None);
        let length = || fs::metadata(folder.join("lock")).unwrap().len();
        let new = length();
        let lock = FolderLock::take(&folder, "URL").unwrap();
        assert!(matches!(FolderLock::take(&folder, "URL"), Err(LocalError::InUse { process: Some(id), .. }) if id == std::process::id()));
        assert_eq!(FolderLock::holder(&folder).and_then(Holder::shown), Some(std::process::id()));
        assert_eq!(length(), new, "a start on a full disk needs no new block");
        drop(lock);
        FolderLock::take(&folder, "URL").unwrap();
    }
}
