//! Imported trust: one file for each instance, `NAME.json`, written by `paraph trust import`.
//!
//! It is the user's word that a trusted root may be used. Anyone who can change the file changes whom the user trusts.

use super::Error;
use crate::private_folder;
use crate::trust::{Instance, MAX_TRUSTED_ROOT, TrustRootDefect, TrustRootError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImportedTrust {
    /// The file that was imported, as the user named it.
    file: String,
    /// When it was imported.
    pub(super) imported: Timestamp,
    /// Its content, `trusted_root.json`.
    pub(super) trusted_root: String,
}

impl ImportedTrust {
    pub(super) fn new(file: &str, json: &[u8], now: Timestamp) -> Result<Self, TrustRootError> {
        let trusted_root =
            std::str::from_utf8(json).map_err(|_| TrustRootError { source_name: file.to_owned(), cause: TrustRootDefect::NotUtf8 })?;
        Ok(Self { file: file.to_owned(), imported: now, trusted_root: trusted_root.to_owned() })
    }

    /// The import of an instance, if there is one.
    pub(super) fn read(folder: &Path, instance: &Instance) -> Result<Option<Self>, Error> {
        let path = path(folder, instance);
        let unreadable = |cause| Error::UnreadableImport { path: path.clone(), cause };
        let Some(file) = private_folder::open(&path).map_err(unreadable)? else { return Ok(None) };
        let mut bytes = Vec::new();
        // room for a trusted root in JSON inside JSON
        file.take(4 * MAX_TRUSTED_ROOT as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        crate::json_object::from_slice(&bytes).map(Some).map_err(|cause| Error::DamagedImport { path, cause })
    }

    /// Replaces the file in one step.
    pub(super) fn write(&self, folder: &Path, instance: &Instance) -> Result<(), Error> {
        let path = path(folder, instance);
        self.write_to(folder, &path).map_err(|cause| Error::UnwritableImport { path, cause })
    }

    fn write_to(&self, folder: &Path, path: &Path) -> std::io::Result<()> {
        let json = serde_json::to_vec_pretty(self)?;
        private_folder::create(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&json)?;
        file.persist(path)?;
        Ok(())
    }

    /// Where the trust came from, as a noun phrase.
    pub(super) fn description(&self) -> String {
        format!("imported from {} on {}", self.file, self.imported.strftime("%Y-%m-%d"))
    }
}

/// The file of an instance's import.
pub(super) fn path(folder: &Path, instance: &Instance) -> PathBuf {
    folder.join(format!("{instance}.json"))
}
