//! Where looked-up log entries are kept: a file a signature below the user's cache folder.
//!
//! `entries/AB/CDEF…`, the name being the SHA-256 of the object's id in hexadecimal (`printf %s "$(git rev-parse v1.0)" | sha256sum`), and
//! the content what [`detached`](crate::evidence::detached) says. Only paraph writes there, each file whole. Everything that is read is
//! bound again to object, certificate and log: who can write there can make a signature of old fail, and cannot make one good. Files may be
//! removed at any time.

use crate::evidence::detached::{DetachedEntry, MAX_KEPT, from_file, to_file};
use directories::ProjectDirs;
use std::{
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files in one folder, at most, of which there are 256: when one more comes, the oldest goes.
const MAX_FILES: usize = 1000;

/// The folder.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// The user's; `None` on a machine where a user has no cache folder.
    pub(super) fn of_user() -> Option<Self> {
        ProjectDirs::from("", "", "paraph").map(|places| Self { folder: places.cache_dir().join("entries") })
    }

    fn file(&self, name: &str) -> PathBuf {
        let (folder, file) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join(folder).join(file)
    }

    /// What is kept under a name; `None` where there is nothing.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<DetachedEntry>>, String> {
        let path = self.file(name);
        let said = |why: String| format!("{}: {why}", path.display());
        let mut bytes = Vec::new();
        // a pipe would keep the reader waiting
        let read = match std::fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => return Err(said("it is no regular file".into())),
            Ok(_) => File::open(&path).and_then(|file| file.take(MAX_KEPT as u64 + 1).read_to_end(&mut bytes)),
            Err(error) => Err(error),
        };
        match read {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(said(error.to_string())),
        }
        let text = String::from_utf8(bytes).map_err(|_| said("it is no text".into()))?;
        from_file(&text).map(Some).map_err(said)
    }

    /// Keeps entries under a name, in place of what was there.
    pub(super) fn write(&self, name: &str, entries: &[DetachedEntry]) -> Result<(), String> {
        let text = to_file(entries);
        if text.len() > MAX_KEPT {
            return Err(format!("it has {} bytes, and at most {MAX_KEPT} are kept", text.len()));
        }
        let path = self.file(name);
        let Some(folder) = path.parent() else { return Ok(()) };
        let write = || {
            std::fs::create_dir_all(folder)?;
            make_room(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(|_| ()).map_err(|error: std::io::Error| format!("{}: {error}", path.display()))
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
        let record = HashedRekord { digest: &[7; 32], signature: b"signature", certificate: b"certificate", key_details: "" };
        DetachedEntry::new(TransparencyLogEntry {
            kind_version: Some(EntryVersion::V001.kind_version()),
            canonicalized_body: record.canonical_body(EntryVersion::V001),
            ..TransparencyLogEntry::default()
        })
        .unwrap()
    }

    fn kept() -> (Kept, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Kept { folder: folder.path().join("entries") }, folder)
    }

    #[test]
    fn what_is_kept_is_read_again_under_its_name_alone() {
        let (kept, _folder) = kept();
        assert_eq!(kept.read("abcd"), Ok(None));
        kept.write("abcd", &[entry()]).unwrap();
        kept.write("abcd", &[entry(), entry()]).unwrap();
        assert_eq!(kept.read("abcd"), Ok(Some(vec![entry(), entry()])));
        assert_eq!(kept.read("abce"), Ok(None));
        assert!(kept.folder.join("ab/cd").is_file());
        assert_eq!(std::fs::read_dir(kept.folder.join("ab")).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let (kept, _folder) = kept();
        kept.write("abcd", &[entry()]).unwrap();
        let file = kept.folder.join("ab/cd");
        let whole = std::fs::read(&file).unwrap();
        for (content, expected) in [
            (&whole[..whole.len() - 9], "it was changed after it was written"),
            (b"", "its first line is another"),
            (b"\xff", "it is no text"),
            (&vec![b'A'; MAX_KEPT + 5], "it is too large"),
        ] {
            std::fs::write(&file, content).unwrap();
            let error = kept.read("abcd").unwrap_err();
            assert!(error.contains(expected) && error.contains("cd: "), "{error}");
        }
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(kept.read("abcd").unwrap_err().contains("it is no regular file"));
        assert!(kept.write("abcd", &[entry()]).is_err());
    }

    #[test]
    fn a_full_folder_loses_its_oldest_files() {
        let (kept, _folder) = kept();
        let folder = kept.folder.join("ab");
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..MAX_FILES {
            let file = File::create(folder.join(format!("{number:04}"))).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64)).unwrap();
        }
        kept.write("abnew", &[entry()]).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), MAX_FILES);
        assert!(!folder.join("0000").exists() && folder.join("0001").exists() && folder.join("new").exists());
    }
}
