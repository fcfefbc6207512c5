//! What `paraph setup` found before it changed git's configuration, so that `--undo` can put it back.
//!
//! One file: `paraph-setup.json` in the repository's git directory, or `setup.json` in the user's state folder. Whoever can change it
//! decides what `--undo` puts into git's configuration, after it was shown; it is read for nothing else.

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
pub(super) struct Record {
    /// In the order in which they were made.
    pub(super) changes: Vec<Change>,
}

/// A key of git's configuration that was changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The key.
    pub(super) key: String,
    /// All its values before, in their order; none where it was not set. A key without an equals sign has no text.
    pub(super) before: Vec<Option<String>>,
    /// Its one value afterwards.
    pub(super) after: String,
}

impl Record {
    /// Reads it; an empty one where there is none.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let bytes = match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            _ => super::super::input::read(Some(file), MAX_RECORD)?,
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(Exit::Io, format!("{} is damaged: {error}", file.display()))
                .with_hint("remove it; what was set before paraph is then no longer known")
        })
    }

    /// Adds changes. What was there before the first change of a key stays what is put back.
    pub(super) fn add(&mut self, changes: &[Change]) {
        for change in changes {
            match self.changes.iter_mut().find(|known| known.key == change.key) {
                Some(known) if change.before == [Some(known.after.clone())] => known.after.clone_from(&change.after),
                // somebody has changed it in between: theirs is what is put back
                Some(known) => known.clone_from(change),
                None => self.changes.push(change.clone()),
            }
        }
    }

    /// Writes it whole, or removes it where nothing is left to put back.
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
