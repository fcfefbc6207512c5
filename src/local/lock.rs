//! The lock on an instance's folder, which one server at a time holds.

use std::{fs::File, io::Write as _, path::Path};

use super::{
    error::LocalError,
    files::{is_read_only, open_to_change, read_file, write_file},
};

const FILE: &str = "lock";
/// The length of the file: the digits of the largest process id.
const WIDTH: usize = 10;

/// A held lock. It is released when it is dropped or when its process ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Creates the file with room for a process id, so that a start on a full disk can write it.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn create(folder: &Path) -> Result<(), LocalError> {
        write_file(&folder.join(FILE), format!("{:WIDTH$}", "").as_bytes(), 0o600)
    }

    /// Takes the lock for the process that serves `url`, and writes the process id into its file.
    ///
    /// # Errors
    /// [`LocalError::InUse`] where another process holds it.
    pub(super) fn take(folder: &Path, url: &str) -> Result<Self, LocalError> {
        let path = folder.join(FILE);
        let mut file = open_to_change(&path)?;
        if file.try_lock().is_err() {
            return Err(LocalError::InUse { url: url.to_owned(), process: recorded_process(&path) });
        }
        // of a fixed length, so that it needs no new block on a full disk. Without it `stop` does not find this process, but no other one either
        if write!(file, "{:<WIDTH$}", std::process::id()).is_err() && !is_read_only(&path) {
            file.set_len(0).map_err(LocalError::file("write", &path))?;
        }
        Ok(Self { _file: file })
    }

    /// The process that holds the lock, if any.
    pub(super) fn holder(folder: &Path) -> Option<u32> {
        let path = folder.join(FILE);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Ok(()) => None,
            Err(_) => recorded_process(&path),
        }
    }
}

fn recorded_process(path: &Path) -> Option<u32> {
    read_file(path).ok()?.trim().parse().ok()
}
