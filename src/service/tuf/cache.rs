//! The cache of a mirror: one file with the verified trust and the metadata for the next refresh.
//!
//! | line | meaning |
//! | --- | --- |
//! | 1 | `paraph trust cache 1` |
//! | 2 | the SHA-256 of line 3, a space, the SHA-256 of line 4, both in lower-case hexadecimal and without the line feed |
//! | 3 | [`TrustMaterial`] in JSON, or `null`; read by verification |
//! | 4 | [`Metadata`] in JSON; read by a refresh |
//!
//! Only paraph writes the file: as a whole, while it holds the lock in the same folder. The digests detect damage, not an attacker. Anyone who
//! can write the file decides whom the user trusts, as with the user's git configuration.

use super::{Files, TrustMaterial, TufError};
use crate::private_folder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{File, TryLockError},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

const FIRST_LINE: &str = "paraph trust cache 1";
const FILE: &str = "trust";
const LOCK: &str = "lock";
/// The largest cache that is read, in bytes. That of the public instance has about 200,000.
const MAX_FILE: u64 = 32 << 20;

/// The cache of one mirror.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
    file: PathBuf,
}

/// The content of the file.
#[derive(Debug, Default)]
pub(super) struct CacheContent {
    pub(super) trust: Option<TrustMaterial>,
    pub(super) metadata: Metadata,
}

/// The metadata for the next refresh.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Metadata {
    /// The first root, if the user gave one.
    pub(super) first_root: Option<String>,
    /// The verified metadata and targets.
    pub(super) files: Files,
}

impl Metadata {
    /// Whether trust began with this root or came to it.
    pub(super) fn has_root(&self, root: &str) -> bool {
        self.first_root.as_deref() == Some(root) || self.files.iter().any(|(name, text)| super::client::is_root(name) && text == root)
    }
}

/// The lock, held until it is dropped or the process ends.
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Cache {
    /// The name of the folder has the mirror's host, for people, and a digest of its address.
    pub(super) fn new(caches: &Path, mirror: &url::Url) -> Self {
        let host: String =
            mirror.host_str().unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(60).collect();
        let digest = hex::encode(Sha256::digest(mirror.as_str().trim_end_matches('/')));
        let folder = caches.join("tuf").join(format!("{}-{}", host.trim_start_matches('.'), digest.get(..16).unwrap_or_default()));
        Self { file: folder.join(FILE), folder }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The lock; `None` while another process holds it.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, TufError> {
        private_folder::create(&self.folder).map_err(|source| TufError::Io { path: self.folder.clone(), source })?;
        let path = self.folder.join(LOCK);
        let lock = private_folder::creating().open(&path).map_err(|source| TufError::Io { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Lock(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Interrupted => Ok(None),
            Err(TryLockError::Error(source)) => Err(TufError::Io { path, source }),
        }
    }

    /// The trust for verification. The metadata is neither checked nor parsed.
    pub(super) fn read_trust(&self) -> Result<Option<TrustMaterial>, TufError> {
        let Some(text) = self.text()? else { return Ok(None) };
        let [trust, _] = self.lines(&text)?;
        self.checked(trust)
    }

    pub(super) fn read(&self) -> Result<Option<CacheContent>, TufError> {
        let Some(text) = self.text()? else { return Ok(None) };
        let [trust, metadata] = self.lines(&text)?;
        Ok(Some(CacheContent { trust: self.checked(trust)?, metadata: self.checked(metadata)? }))
    }

    /// Replaces the file in one step.
    pub(super) fn write(&self, state: &CacheContent) -> Result<(), TufError> {
        let failed = |source| TufError::Io { path: self.file.clone(), source };
        let (trust, metadata) = serde_json::to_string(&state.trust)
            .and_then(|trust| Ok((trust, serde_json::to_string(&state.metadata)?)))
            .map_err(|error| failed(error.into()))?;
        let text = format!("{FIRST_LINE}\n{} {}\n{trust}\n{metadata}\n", digest(&trust), digest(&metadata));
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&self.file).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn text(&self) -> Result<Option<String>, TufError> {
        let failed = |source| TufError::Io { path: self.file.clone(), source };
        let Some(file) = private_folder::open(&self.file).map_err(failed)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(self.damaged("it is too large"));
        }
        String::from_utf8(bytes).map(Some).map_err(|_| self.damaged("it is not valid UTF-8"))
    }

    /// Lines 3 and 4, each with its expected digest.
    fn lines<'a>(&self, text: &'a str) -> Result<[(&'a str, &'a str); 2], TufError> {
        let mut lines = text.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(self.damaged("its first line is wrong"));
        }
        let digests = lines.next().and_then(|line| line.split_once(' '));
        match (digests, lines.next(), lines.next(), lines.next(), lines.next()) {
            (Some((first, second)), Some(trust), Some(metadata), Some(""), None) => Ok([(first, trust), (second, metadata)]),
            _ => Err(self.damaged("it does not have four lines")),
        }
    }

    fn checked<T: serde::de::DeserializeOwned>(&self, (expected, line): (&str, &str)) -> Result<T, TufError> {
        if digest(line) != expected {
            return Err(self.damaged("it was changed after it was written"));
        }
        crate::json_object::value(line.as_bytes()).map_err(|_| self.damaged("it is not in the expected format"))
    }

    fn damaged(&self, detail: &str) -> TufError {
        TufError::Damaged { path: self.file.clone(), detail: detail.into() }
    }
}

fn digest(line: &str) -> String {
    hex::encode(Sha256::digest(line))
}
