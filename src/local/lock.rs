//! The lock on an instance's folder, which one server at a time holds.

use std::{fs::File, io::Write as _, path::Path};

use rustix::{
    fs::FlockOperation,
    process::{Flock, FlockType, Pid},
};

use super::{
    error::LocalError,
    files::{open_to_change, read_file, write_file},
};

const FILE: &str = "lock";
/// The file with a record lock, by which the system tells the holder's process id. It is another file because on some systems the two kinds
/// of locks exclude each other. The holder must not open it again: to close it would release the record lock.
const RECORD_LOCKED: &str = "instance.json";
/// The length of the file: the digits of the largest process id.
const WIDTH: usize = 10;

/// A held lock. It is released when it is dropped or when its process ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
    _record_locked: File,
}

/// The process that holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// What the system says. Only this process may get a signal.
    pub process: Option<Pid>,
    /// What stands in the file. It is an earlier process's where the holder could write nothing.
    recorded: Option<u32>,
}

impl Holder {
    /// Its process id, to show it.
    pub(crate) fn shown(self) -> Option<u32> {
        self.process.and_then(|process| process.as_raw_nonzero().get().try_into().ok()).or(self.recorded)
    }
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
        let record_path = folder.join(RECORD_LOCKED);
        let record_locked = File::open(&record_path).map_err(LocalError::file("open", &record_path))?;
        // a file system without record locks: `stop` then signals nobody
        let _ = rustix::fs::fcntl_lock(&record_locked, FlockOperation::NonBlockingLockShared);
        // only to show it. Of a fixed length, so that it needs no new block on a full disk
        if write!(file, "{:<WIDTH$}", std::process::id()).is_err() {
            // fails on a read-only mount, where the earlier number stays
            let _ = file.set_len(0);
        }
        Ok(Self { _file: file, _record_locked: record_locked })
    }

    /// The process that holds the lock, if any.
    pub(super) fn holder(folder: &Path) -> Option<Holder> {
        let path = folder.join(FILE);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Ok(()) => None,
            Err(_) => Some(Holder { process: record_lock_holder(&folder.join(RECORD_LOCKED)), recorded: recorded_process(&path) }),
        }
    }
}

/// The other process with a record lock on the file, by the system's word. A lock of no process, or of one that this one cannot see, has a
/// number below one, which `kill` would take for a group or for all.
fn record_lock_holder(path: &Path) -> Option<Pid> {
    let file = File::open(path).ok()?;
    let lock = rustix::process::fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    lock.pid.filter(|process| process.as_raw_nonzero().get() > 0)
}

fn recorded_process(path: &Path) -> Option<u32> {
    read_file(path).ok()?.trim().parse().ok()
}
