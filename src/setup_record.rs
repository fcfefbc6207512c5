//! The settings that `paraph setup` replaced, so that `--undo` can restore them.
//!
//! One file: `paraph-setup.json` in the repository's git directory, or `setup.json` in the user's state folder. It is read by `paraph setup`
//! only. Anyone who can change it decides which settings `--undo` restores; the user sees them first.

use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// A record larger than this is not read, in bytes.
const MAX_RECORD: u64 = 64 << 10;

/// Why the record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupRecordError {
    /// The file cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file is larger than any record.
    #[error("{} has more than {MAX_RECORD} bytes, the limit", .0.display())]
    TooLarge(PathBuf),
    /// The file is not what this program writes.
    #[error("{} is damaged: {cause}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        cause: serde_json::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {cause}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
}

impl SetupRecordError {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::Damaged { .. } => "remove it; the earlier settings are then lost",
            Self::Unreadable { .. } => "check its permissions",
            Self::Unwritable { .. } => "check the folder's permissions and the free space",
        }
    }
}

/// What `paraph setup` changed in one place.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRecord {
    /// The changes in the order in which they were made.
    pub(crate) changes: Vec<Change>,
}

/// A change of a key in git's configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// The key, as git spells it.
    pub(crate) key: String,
    /// All earlier values in their order; empty if the key was not set. A key without an equals sign has the value `None`.
    pub(crate) before: Vec<Option<String>>,
    /// The one value after the change.
    pub(crate) after: String,
}

impl SetupRecord {
    /// Reads the record; an empty one if there is no file.
    ///
    /// # Errors
    /// If there is a file that cannot be read, or that this program did not write.
    pub(crate) fn read(file: &Path) -> Result<Self, SetupRecordError> {
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|opened| opened.take(MAX_RECORD + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(SetupRecordError::Unreadable { path: file.to_owned(), cause }),
            Ok(length) if length as u64 > MAX_RECORD => return Err(SetupRecordError::TooLarge(file.to_owned())),
            Ok(_) => {}
        }
        crate::json_object::from_slice(&bytes).map_err(|cause| SetupRecordError::Damaged { path: file.to_owned(), cause })
    }

    /// Adds changes. For each key, the values before its first change stay.
    pub(crate) fn add(&mut self, changes: &[Change]) {
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
    ///
    /// # Errors
    /// If the file cannot be written or removed.
    pub(crate) fn write(&self, file: &Path) -> Result<(), SetupRecordError> {
        self.replace(file).map_err(|cause| SetupRecordError::Unwritable { path: file.to_owned(), cause })
    }

    fn replace(&self, file: &Path) -> io::Result<()> {
        if self.changes.is_empty() {
            return match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let folder = file.parent().map(PathBuf::from).unwrap_or_default();
        crate::private_folder::make(&folder)?;
        let mut whole = tempfile::NamedTempFile::new_in(&folder)?;
        whole.write_all(&serde_json::to_vec_pretty(self)?)?;
        whole.persist(file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Option<&str>, after: &str) -> Change {
        let before = before.map(|value| Some(value.to_owned())).into_iter().collect();
        Change { key: "gpg.format".into(), before, after: after.into() }
    }

    #[test]
    fn the_values_before_the_first_change_are_restored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/record.json");
        let mut record = SetupRecord::read(&file).unwrap();
        record.add(&[change(Some("openpgp"), "x509")]);
        record.add(&[change(Some("x509"), "ssh")]);
        record.write(&file).unwrap();
        let read = SetupRecord::read(&file).unwrap();
        assert!(read.changes == [change(Some("openpgp"), "ssh")]);
        SetupRecord::default().write(&file).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_file_that_is_not_a_record_is_an_error_with_its_cause() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("record.json");
        for (content, expected) in
            [("{", "is damaged"), ("{\"changes\":[],\"x\":1}", "is damaged"), (&" ".repeat(1 << 17), "has more than 65536 bytes")]
        {
            std::fs::write(&file, content).unwrap();
            let error = SetupRecord::read(&file).err().unwrap();
            assert!(error.to_string().contains(expected) && error.hint().starts_with("remove it"), "{error}");
        }
    }
}
