//! The last signature that failed under git, for `paraph doctor`: git often hides the message, and a desktop program shows only its own.
//!
//! The file holds what was printed, which contains no secret, and the folder. It is for the user alone. Anybody who can write it decides what
//! the doctor shows, escaped, and nothing else.

use super::{exit::Failure, one_time_notice::state_folder};
use crate::{private_folder, repository::Repository};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

const FILE: &str = "last-failure.json";
/// A longer file is not read, in bytes.
const MAX_FILE: u64 = 16 << 10;
/// Longer texts are cut, in characters.
const MAX_TEXT: usize = 1000;

/// A signature that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastFailure {
    /// When.
    pub(super) time: Timestamp,
    /// The folder in which git ran.
    pub(super) folder: String,
    /// The repository's git directory, which all its work trees share; `None` outside a repository.
    #[serde(default)]
    pub(super) repository: Option<PathBuf>,
    /// What failed and why.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

/// Stores a failure in place of the one before. An error is ignored: the message is printed as well.
pub(super) fn record(failure: &Failure) {
    let folder = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
    let last = LastFailure {
        time: Timestamp::now(),
        folder: cut(&folder),
        repository: repository(),
        message: cut(&failure.message),
        hint: failure.hint_sentence().as_deref().map(cut),
    };
    let _ = place().map(|path| store(&path, &last));
}

/// The failure that was stored last, if it was in this repository, or in none.
pub(super) fn read() -> Option<LastFailure> {
    let last = load(&place()?)?;
    (last.repository.is_none() || last.repository == repository()).then_some(last)
}

/// Removes a failure in this repository, in which a signature succeeded.
pub(super) fn forget() {
    if let Some(path) = place().filter(|path| path.exists())
        && load(&path).is_some_and(|last| last.repository == repository())
    {
        // the doctor shows the failure again
        let _ = std::fs::remove_file(path);
    }
}

fn repository() -> Option<PathBuf> {
    let folder = Repository::discover().ok()??.common_dir().to_owned();
    Some(folder.canonicalize().unwrap_or(folder))
}

fn place() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join(FILE))
}

/// Replaces the file atomically. A new file of `tempfile` is readable by its owner only.
fn store(path: &Path, last: &LastFailure) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    private_folder::make(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(last)?)?;
    file.persist(path)?;
    Ok(())
}

fn load(path: &Path) -> Option<LastFailure> {
    // a pipe or device in its place could block, or never end
    let mut text = Vec::new();
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    File::open(path).ok()?.take(MAX_FILE).read_to_end(&mut text).ok()?;
    crate::json_object::from_slice(&text).ok()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_replaces_the_one_before_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/last-failure.json");
        assert_eq!(load(&path), None);
        let failure = |message: &str| LastFailure {
            time: Timestamp::UNIX_EPOCH,
            folder: "/x".into(),
            repository: None,
            message: message.into(),
            hint: None,
        };
        for message in ["one", "two"] {
            store(&path, &failure(message)).unwrap();
            assert_eq!(load(&path), Some(failure(message)));
        }
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(load(&path), None);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(load(&path), None);
    }
}
