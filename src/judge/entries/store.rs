//! The files of stored log entries: one file for each signature, below the user's cache folder.
//!
//! The file is `entries/AB/CDEF…`, named by the SHA-256 of the object's id in hexadecimal (`printf %s "$(git rev-parse v1.0)" | sha256sum`).
//! [`detached`](crate::evidence::detached) describes its content. Only paraph writes there, each file whole. The verifier binds everything
//! that is read to object, certificate and log again: anyone who can write there can make a legacy signature fail, but cannot make one good.
//! Files may be removed at any time.

use crate::evidence::detached::{DetachedEntry, MAX_ENTRY_FILE, from_file, to_file};
use crate::private_folder;
use directories::ProjectDirs;
use std::{
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files in each of the 256 folders, at most; a new one replaces the oldest.
const MAX_FILES: usize = 1000;

/// The folder of stored entries.
#[derive(Debug)]
pub(super) struct EntryStore {
    folder: PathBuf,
}

/// Why a file of stored entries cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("{}: it is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {cause}", .path.display())]
    Damaged { path: PathBuf, cause: String },
    #[error("it has {0} bytes; at most {MAX_ENTRY_FILE} are stored")]
    TooLarge(usize),
}

impl EntryStore {
    /// The user's; `None` where the user has no cache folder.
    pub(super) fn of_user() -> Option<Self> {
        ProjectDirs::from("", "", "paraph").map(|places| Self { folder: places.cache_dir().join("entries") })
    }

    fn file(&self, name: &str) -> PathBuf {
        let (folder, file) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join(folder).join(file)
    }

    /// The entries stored under a name; `None` where there is no file.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<DetachedEntry>>, StoreError> {
        let path = self.file(name);
        let mut bytes = Vec::new();
        // a pipe would keep the reader waiting
        let read = match std::fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => return Err(StoreError::NotAFile(path)),
            Ok(_) => private_folder::open(&path),
            Err(error) => Err(error),
        };
        match read.and_then(|file| file.map_or(Ok(0), |file| file.take(MAX_ENTRY_FILE as u64 + 1).read_to_end(&mut bytes))) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }),
        }
        let Ok(text) = String::from_utf8(bytes) else { return Err(StoreError::Damaged { path, cause: "it is not valid UTF-8".into() }) };
        from_file(&text).map(Some).map_err(|cause| StoreError::Damaged { path, cause: cause.to_string() })
    }

    /// Stores entries under a name, in place of those that were there.
    pub(super) fn write(&self, name: &str, entries: &[DetachedEntry]) -> Result<(), StoreError> {
        let text = to_file(entries);
        if text.len() > MAX_ENTRY_FILE {
            return Err(StoreError::TooLarge(text.len()));
        }
        let path = self.file(name);
        let Some(folder) = path.parent() else { return Ok(()) };
        let write = || -> io::Result<File> {
            private_folder::create(folder)?;
            make_room(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|source| StoreError::Io { path: path.clone(), source })
    }
}

/// Removes the oldest files of a full folder.
fn make_room(folder: &Path) -> std::io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // another paraph may have removed it meanwhile
        let Ok(metadata) = entry.metadata() else { continue };
        files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
    }
    files.sort();
    let surplus = (files.len() + 1).saturating_sub(MAX_FILES);
    for (_, path) in files.into_iter().take(surplus) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::entry::{EntryVersion, HashedRekord, TransparencyLogEntry};

    fn entry() -> DetachedEntry {
        let record = HashedRekord::of_certificate(&[7; 32], b"signature", b"certificate", "");
        DetachedEntry::new(TransparencyLogEntry {
            kind_version: Some(EntryVersion::V001.kind_version()),
            canonicalized_body: record.canonical_body(EntryVersion::V001),
            ..TransparencyLogEntry::default()
        })
        .unwrap()
    }

    fn store() -> (EntryStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (EntryStore { folder: folder.path().join("entries") }, folder)
    }

    #[test]
    fn stored_entries_are_read_under_their_own_name_only() {
        let (store, _folder) = store();
        assert_eq!(store.read("abcd").unwrap(), None);
        store.write("abcd", &[entry()]).unwrap();
        store.write("abcd", &[entry(), entry()]).unwrap();
        assert_eq!(store.read("abcd").unwrap(), Some(vec![entry(), entry()]));
        assert_eq!(store.read("abce").unwrap(), None);
        assert!(store.folder.join("ab/cd").is_file());
        assert_eq!(std::fs::read_dir(store.folder.join("ab")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_read_gives_the_cause() {
        let (store, _folder) = store();
        store.write("abcd", &[entry()]).unwrap();
        let file = store.folder.join("ab/cd");
        let whole = std::fs::read(&file).unwrap();
        for (content, expected) in [
            (&whole[..whole.len() - 9], "it was changed after it was written"),
            (b"", "its first line is another"),
            (b"\xff", "it is not valid UTF-8"),
            (&vec![b'A'; MAX_ENTRY_FILE + 5], "it is too large"),
        ] {
            std::fs::write(&file, content).unwrap();
            let error = store.read("abcd").unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("cd: "), "{error}");
        }
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(store.read("abcd").unwrap_err().to_string().contains("it is not a regular file"));
        assert!(store.write("abcd", &[entry()]).is_err());
    }

    #[test]
    fn a_full_folder_loses_its_oldest_files() {
        let (store, _folder) = store();
        let folder = store.folder.join("ab");
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..MAX_FILES {
            let file = File::create(folder.join(format!("{number:04}"))).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64)).unwrap();
        }
        store.write("abnew", &[entry()]).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), MAX_FILES);
        assert!(!folder.join("0000").exists() && folder.join("0001").exists() && folder.join("new").exists());
    }
}
