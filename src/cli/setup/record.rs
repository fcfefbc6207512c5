//! The settings that `paraph setup` replaced, so that `--undo` can restore them.
//!
//! One file: `paraph-setup.json` in the repository's git directory, or `setup.json` in the user's state folder. It is read by `paraph setup`
//! only. Anyone who can change it decides which settings `--undo` restores; the user sees them first.

use super::super::exit::{Exit, Failure};
use serde::{Deserialize, Serialize};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// A record larger than this is not read, in bytes.
const MAX_RECORD: usize = 64 << 10;

/// The record.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupRecord {
    /// The changes in the order in which they were made.
    pub(super) changes: Vec<Change>,
}

/// A change of a key in git's configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The key, as git spells it.
    pub(super) key: String,
    /// All earlier values in their order; empty if the key was not set. A key without an equals sign has the value `None`.
    pub(super) before: Vec<Option<String>>,
    /// The one value after the change.
    pub(super) after: String,
}

impl SetupRecord {
    /// Reads the record; an empty one if there is no file.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let bytes = match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            _ => super::super::input::read(Some(file), MAX_RECORD)?,
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(Exit::Io, format!("{} is damaged: {error}", file.display()))
                .with_hint("remove it; the earlier settings are then lost")
        })
    }

    /// Adds changes. For each key, the values before its first change are kept.
    pub(super) fn add(&mut self, changes: &[Change]) {
        for change in changes {
            match self.changes.iter_mut().find(|known| known.key == change.key) {
                Some(known) if change.before == [Some(known.after.clone())] => known.after.clone_from(&change.after),
                // the user changed it in between: that value is restored
                Some(known) => known.clone_from(change),
                None => self.changes.push(change.clone()),
            }
        }
    }

    /// Replaces the file in one step, or removes it if there is nothing to restore.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let failure = |error: &std::io::Error| Failure::io(&format!("{} cannot be written", file.display()), error);
        if self.changes.is_empty() {
            return match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failure(&error)),
                _ => Ok(()),
            };
        }
        let folder = file.parent().map(PathBuf::from).unwrap_or_default();
        let json = serde_json::to_vec_pretty(self).map_err(|error| Failure::new(Exit::Io, error.to_string()))?;
        std::fs::create_dir_all(&folder).map_err(|error| failure(&error))?;
        let mut whole = tempfile::NamedTempFile::new_in(&folder).map_err(|error| failure(&error))?;
        whole.write_all(&json).map_err(|error| failure(&error))?;
        whole.persist(file).map_err(|error| failure(&error.error))?;
        Ok(())
    }
}
