//! The instance's folder: its keys and settings, created once, and the files that clients are given.
//!
//! | file | who changes it | if somebody does |
//! | --- | --- | --- |
//! | `instance.json` | nobody after `init` | the certificates and checkpoints no longer fit the instance |
//! | `access-code` | the user may replace it | the login page then asks for the new one |
//! | `keys/*.key` | nobody | clients that hold the trust root refuse all that is signed |
//! | `logs/*` | the server that holds the lock | the next start refuses the folder (see `log`) |
//! | `sessions.json` | the server that holds the lock | sessions end, or go on that had ended (see `sessions`) |
//! | `logins` | the server that holds the lock | the count of logins is another |
//! | `tuf/*` | the server that holds the lock | clients of the repository refuse it |
//! | `lock` | the server: held while it runs, with its process id inside | – |
//! | `trusted_root.json`, `signing_config.json`, `client_trust_config.json`, `*.pem`, `*.pub`, `env` | nobody: copies for clients | only those who use the copy notice |
//!
//! Folder and keys are refused where anybody else could read them.

use std::{
    fs::{self, DirBuilder, File},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    authority::{Chain, fulcio_chain, timestamp_chain},
    error::LocalError,
    keys::{Algorithm, SigningKey, random},
    log::{Log, LogIdentity},
    trust, tuf,
};
use crate::signature::pem;

/// The host that the instance is reached under, which is also its logs' name.
pub const HOST: &str = "127.0.0.1";
/// The largest file of the folder that is read whole, in bytes (logs are not).
const MAX_FILE: u64 = 1 << 20;
/// How the names of files begin that are being written.
const NEW_PREFIX: &str = ".new-";

/// The settings that `init` chose.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The version of the folder's layout.
    pub layout: u32,
    /// The port, drawn once: it stands in every certificate.
    pub port: u16,
    /// The Rekor v1 tree's id.
    pub tree_id: u64,
    /// The algorithm of the Rekor v2 log's key.
    pub rekor2_algorithm: Algorithm,
    /// When the instance was made: the start of its authorities' validity, RFC 3339.
    pub created: String,
}

/// The layout that this program writes and reads.
const LAYOUT: u32 = 1;

impl Settings {
    /// The base URL of all services, which is the issuer's URL.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }
}

/// The signing keys by their services.
#[derive(Debug)]
pub struct Keys {
    /// Fulcio's root; used at `init` only.
    pub fulcio_root: Arc<SigningKey>,
    /// Fulcio's intermediate, which issues.
    pub fulcio: Arc<SigningKey>,
    /// The CT log's.
    pub ct: Arc<SigningKey>,
    /// Rekor v1's: promises and checkpoints, as stock clients expect one key for both.
    pub rekor1: Arc<SigningKey>,
    /// Rekor v2's.
    pub rekor2: Arc<SigningKey>,
    /// The timestamp authority's root; used at `init` only.
    pub timestamp_root: Arc<SigningKey>,
    /// The timestamp authority's leaf.
    pub timestamp: Arc<SigningKey>,
    /// The OpenID issuer's.
    pub issuer: Arc<SigningKey>,
    /// The TUF repository's root and targets.
    pub tuf_root: Arc<SigningKey>,
    /// The TUF repository's snapshot and timestamp.
    pub tuf_online: Arc<SigningKey>,
}

/// What `init` may be told.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// The algorithm of the Rekor v2 log's key: Ed25519 as in production, or P-256.
    pub rekor2_algorithm: Algorithm,
    /// When the authorities' certificates begin; `None` is now.
    pub created: Option<Timestamp>,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self { rekor2_algorithm: Algorithm::Ed25519, created: None }
    }
}

/// The folder, read and checked.
#[derive(Debug)]
pub struct State {
    /// The folder.
    pub folder: PathBuf,
    /// Its settings.
    pub settings: Settings,
    /// Its keys.
    pub keys: Keys,
    /// Intermediate, root.
    pub fulcio_chain: Chain,
    /// Leaf, root.
    pub timestamp_chain: Chain,
    /// What the login page asks for.
    pub access_code: Zeroizing<String>,
    /// `trusted_root.json`.
    pub trusted_root: String,
    /// `signing_config.json`.
    pub signing_config: String,
}

impl State {
    /// Creates an instance in `folder`, which must not exist, or be empty and the user's alone. It appears whole or not at all.
    pub fn create(folder: &Path, options: &InitOptions) -> Result<(), LocalError> {
        let folder = std::path::absolute(folder).map_err(LocalError::file("find", folder))?;
        if folder.exists() {
            check_private(&folder, 0o077, "0700")?;
            let mut entries = fs::read_dir(&folder).map_err(LocalError::file("read", &folder))?;
            if entries.next().is_some() {
                return Err(LocalError::Occupied(folder));
            }
        }
        let parent = folder.parent().ok_or_else(|| LocalError::Occupied(folder.clone()))?;
        fs::create_dir_all(parent).map_err(LocalError::file("create", parent))?;
        let new = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o700))
            .prefix(".paraph-local-")
            .tempdir_in(parent)
            .map_err(LocalError::file("create", parent))?;
        fill(new.path(), &folder, options)?;
        fs::rename(new.path(), &folder).map_err(LocalError::file("create", &folder))?;
        // it has moved: there is nothing left to remove
        let _ = new.keep();
        sync_folder(parent)
    }

    /// Reads an instance.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        let folder = std::path::absolute(folder).map_err(LocalError::file("find", folder))?;
        let settings_path = folder.join("instance.json");
        if !settings_path.exists() {
            return Err(LocalError::Absent(folder));
        }
        check_private(&folder, 0o077, "0700")?;
        check_private(&folder.join("keys"), 0o077, "0700")?;
        let settings: Settings =
            serde_json::from_str(&read_file(&settings_path)?).map_err(|error| LocalError::damaged(&settings_path, error.to_string()))?;
        if settings.layout != LAYOUT || settings.port == 0 {
            return Err(LocalError::damaged(&settings_path, format!("layout {}, port {}", settings.layout, settings.port)));
        }
        let code_path = folder.join("access-code");
        check_private(&code_path, 0o077, "0600")?;
        let access_code = Zeroizing::new(read_file(&code_path)?.trim().to_owned());
        if access_code.len() < 8 {
            return Err(LocalError::damaged(&code_path, "the code is shorter than 8 characters"));
        }
        Ok(Self {
            keys: Keys::read(&folder, &settings)?,
            fulcio_chain: read_chain(&folder.join("fulcio-chain.pem"))?,
            timestamp_chain: read_chain(&folder.join("tsa-chain.pem"))?,
            access_code,
            trusted_root: read_file(&folder.join("trusted_root.json"))?,
            signing_config: read_file(&folder.join("signing_config.json"))?,
            settings,
            folder,
        })
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }
}

impl Keys {
    const FILES: [(&'static str, Algorithm); 10] = [
        ("fulcio-root", Algorithm::EcdsaP384),
        ("fulcio", Algorithm::EcdsaP384),
        ("ct", Algorithm::EcdsaP256),
        ("rekor1", Algorithm::EcdsaP256),
        ("rekor2", Algorithm::Ed25519),
        ("timestamp-root", Algorithm::EcdsaP384),
        ("timestamp", Algorithm::EcdsaP256),
        ("issuer", Algorithm::EcdsaP256),
        ("tuf-root", Algorithm::EcdsaP256),
        ("tuf-online", Algorithm::EcdsaP256),
    ];

    fn create(folder: &Path, rekor2: Algorithm) -> Result<(), LocalError> {
        for (name, algorithm) in Self::FILES {
            let pem = SigningKey::generate(if name == "rekor2" { rekor2 } else { algorithm })?;
            write_file(&folder.join("keys").join(format!("{name}.key")), pem.as_bytes(), 0o600)?;
        }
        Ok(())
    }

    fn read(folder: &Path, settings: &Settings) -> Result<Self, LocalError> {
        let key = |name: &str, algorithm| {
            let path = folder.join("keys").join(format!("{name}.key"));
            check_private(&path, 0o077, "0600")?;
            let pem = Zeroizing::new(read_file(&path)?);
            SigningKey::from_pem(algorithm, &pem).map(Arc::new).ok_or_else(|| LocalError::damaged(&path, "it is no key of its kind"))
        };
        Ok(Self {
            fulcio_root: key("fulcio-root", Algorithm::EcdsaP384)?,
            fulcio: key("fulcio", Algorithm::EcdsaP384)?,
            ct: key("ct", Algorithm::EcdsaP256)?,
            rekor1: key("rekor1", Algorithm::EcdsaP256)?,
            rekor2: key("rekor2", settings.rekor2_algorithm)?,
            timestamp_root: key("timestamp-root", Algorithm::EcdsaP384)?,
            timestamp: key("timestamp", Algorithm::EcdsaP256)?,
            issuer: key("issuer", Algorithm::EcdsaP256)?,
            tuf_root: key("tuf-root", Algorithm::EcdsaP256)?,
            tuf_online: key("tuf-online", Algorithm::EcdsaP256)?,
        })
    }
}

/// The identity of the CT log, whose checkpoint nobody outside reads.
pub fn ct_identity(key: Arc<SigningKey>) -> LogIdentity {
    LogIdentity { origin: format!("{HOST}/ct"), name: format!("{HOST}/ct"), key }
}

/// The identity of the Rekor v1 log: the tree's id is part of its origin.
pub fn rekor1_identity(key: Arc<SigningKey>, settings: &Settings) -> LogIdentity {
    LogIdentity { origin: format!("{HOST} - {}", settings.tree_id), name: HOST.into(), key }
}

/// The identity of the Rekor v2 log: the host name of its base URL, without port, from which clients derive it.
pub fn rekor2_identity(key: Arc<SigningKey>) -> LogIdentity {
    LogIdentity { origin: HOST.into(), name: HOST.into(), key }
}

/// The lock that one server holds; released when it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder for this process.
    pub fn take(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join("lock");
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(LocalError::file("open", &path))?;
        if file.try_lock().is_err() {
            return Err(LocalError::InUse { folder: folder.to_owned(), process: holder(&path) });
        }
        file.set_len(0).map_err(LocalError::file("write", &path))?;
        write!(file, "{}", std::process::id()).map_err(LocalError::file("write", &path))?;
        Ok(Self { _file: file })
    }

    /// The process that serves the folder, where one does.
    pub fn held_by(folder: &Path) -> Option<u32> {
        let path = folder.join("lock");
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Ok(()) => None,
            Err(_) => holder(&path),
        }
    }
}

fn holder(path: &Path) -> Option<u32> {
    read_file(path).ok()?.trim().parse().ok()
}

fn fill(new: &Path, folder: &Path, options: &InitOptions) -> Result<(), LocalError> {
    for name in ["keys", "logs", "tuf"] {
        let path = new.join(name);
        DirBuilder::new().mode(0o700).create(&path).map_err(LocalError::file("create", &path))?;
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
    Keys::create(new, settings.rekor2_algorithm)?;
    let keys = Keys::read(new, &settings)?;
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
    let logs = new.join("logs");
    Log::create(&logs, "ct", &ct_identity(keys.ct))?;
    Log::create(&logs, "rekor1", &rekor1_identity(keys.rekor1, &settings))?;
    Log::create(&logs, "rekor2", &rekor2_identity(keys.rekor2))?;
    let settings = serde_json::to_string_pretty(&settings).map_err(|_| LocalError::Crypto("encode the settings"))?;
    write_file(&new.join("instance.json"), settings.as_bytes(), 0o600)
}

/// Removes what a writer that was killed left behind. The caller holds the lock.
pub fn sweep(folder: &Path) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        if file.file_name().to_string_lossy().starts_with(NEW_PREFIX) {
            // it is in nobody's way: the next start tries again
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Certificates as PEM, one after the other.
pub fn pem_chain(chain: &[Vec<u8>]) -> String {
    chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
}

/// Writes a file whole or not at all, on disk when it returns.
pub fn write_file(path: &Path, content: &[u8], mode: u32) -> Result<(), LocalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || LocalError::file("write", path);
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).prefix(NEW_PREFIX).tempfile_in(folder).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    file.as_file().sync_data().map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    sync_folder(folder)
}

/// Reads a file of the folder, up to a size that none has.
pub fn read_file(path: &Path) -> Result<String, LocalError> {
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text)).map_err(LocalError::file("read", path))?;
    Ok(text)
}

fn sync_folder(folder: &Path) -> Result<(), LocalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LocalError::file("write", folder))
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
    chain.filter(|chain| chain.len() == 2).ok_or_else(|| LocalError::damaged(path, "it does not hold two certificates"))
}

fn check_private(path: &Path, forbidden: u32, mode: &'static str) -> Result<(), LocalError> {
    let metadata = fs::symlink_metadata(path).map_err(LocalError::file("read", path))?;
    let exposed = |what: String| Err(LocalError::Exposed { path: path.to_owned(), what, mode });
    if metadata.file_type().is_symlink() {
        return exposed("is a symbolic link".into());
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return exposed(format!("belongs to user {}", metadata.uid()));
    }
    if metadata.mode() & forbidden != 0 {
        return exposed(format!("can be reached by others (mode {:04o})", metadata.mode() & 0o7777));
    }
    Ok(())
}

/// A port of loopback that nobody listens on now.
fn free_port() -> Result<u16, LocalError> {
    let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).map(|address| address.port()).map_err(|source| LocalError::Port { port: 0, source })
}

/// Four groups of five letters and digits that nobody mistakes for each other: 100 bits.
fn access_code() -> Result<String, LocalError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = random::<20>()?;
    let letters: Vec<char> =
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|letter| char::from(*letter)).collect();
    Ok(letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("instance");
        (outer, folder)
    }

    #[test]
    fn a_new_instance_is_read_back_and_belongs_to_its_user_alone() {
        let (_outer, folder) = folder();
        State::create(&folder, &InitOptions::default()).unwrap();
        let state = State::open(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(folder.join("keys/fulcio.key")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.join("access-code")).unwrap().mode() & 0o777, 0o600);
        assert!(state.access_code.len() > 16 && state.settings.port != 0);
        assert!(matches!(State::create(&folder, &InitOptions::default()), Err(LocalError::Occupied(_))));
    }

    #[test]
    fn a_folder_or_key_that_others_can_read_is_refused() {
        let (_outer, folder) = folder();
        State::create(&folder, &InitOptions::default()).unwrap();
        for (name, mode) in [("", 0o750), ("keys", 0o701), ("keys/rekor1.key", 0o640), ("access-code", 0o604)] {
            let path = if name.is_empty() { folder.clone() } else { folder.join(name) };
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(State::open(&folder), Err(LocalError::Exposed { .. })), "{name}");
            fs::set_permissions(&path, before).unwrap();
        }
        State::open(&folder).unwrap();
    }

    #[test]
    fn nothing_and_something_else_are_told_apart_from_an_instance() {
        let (outer, folder) = folder();
        assert!(matches!(State::open(&folder), Err(LocalError::Absent(_))));
        State::create(&folder, &InitOptions::default()).unwrap();
        fs::write(folder.join("instance.json"), "{}").unwrap();
        assert!(matches!(State::open(&folder), Err(LocalError::Damaged { .. })));
        drop(outer);
    }

    #[test]
    fn one_server_at_a_time_holds_the_folder() {
        let (_outer, folder) = folder();
        State::create(&folder, &InitOptions::default()).unwrap();
        assert_eq!(Lock::held_by(&folder), None);
        let lock = Lock::take(&folder).unwrap();
        assert!(matches!(Lock::take(&folder), Err(LocalError::InUse { process: Some(id), .. }) if id == std::process::id()));
        assert_eq!(Lock::held_by(&folder), Some(std::process::id()));
        drop(lock);
        Lock::take(&folder).unwrap();
    }
}
