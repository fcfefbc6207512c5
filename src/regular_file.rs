//! Files that are opened because configuration names them, or because they lie beside others: regular files only.
//!
//! A pipe in the place of one would hold the program up until somebody writes to it, and a device may never end. A file that the user names for
//! one call may be a pipe, as a shell makes one for `<(...)`, but no device.

use crate::wording::spoken_duration;
use std::{
    collections::BTreeMap,
    fs::{File, Metadata, OpenOptions},
    io::{Error, Read as _, Result},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// Opens a regular file to read it.
pub(crate) fn open(path: &Path) -> Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Opens a regular file to append to it. A new one is readable by its owner only.
pub(crate) fn append(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open_with(options.append(true).create(true), path)
}

/// Reads at most one byte more than `cap` of a regular file: whoever parses it refuses a larger one.
pub(crate) fn read_at_most(path: &Path, cap: usize) -> Result<Vec<u8>> {
    let file = open(path)?;
    // the length is only a guess at how much there will be to read
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(cap).min(cap) + 1);
    file.take(cap as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How long a pipe may take until its end.
const STREAM_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads at most one byte more than `cap` of a file or pipe that the user names for this call. The content of a pipe is remembered, since it
/// can be read once only.
///
/// # Errors
/// Also if a pipe has not ended after 30 s.
pub(crate) fn read_stream_once(path: &Path, cap: usize) -> Result<Vec<u8>> {
    static READ: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());
    if check_stream(path)? {
        return read_at_most(path, cap);
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = read.get(path) {
        return Ok(bytes.clone());
    }
    let (result, received) = mpsc::sync_channel(1);
    let named = path.to_owned();
    thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let read = File::open(&named).and_then(|file| file.take(cap as u64 + 1).read_to_end(&mut bytes));
        let _ = result.send(read.map(|_| bytes));
    })?;
    let late = |_| Error::other(format!("it has not ended after {}", spoken_duration(STREAM_TIMEOUT)));
    let bytes = received.recv_timeout(STREAM_TIMEOUT).map_err(late)??;
    read.insert(path.to_owned(), bytes.clone());
    Ok(bytes)
}

/// Opens a file or pipe that the user names for this call.
pub(crate) fn open_stream(path: &Path) -> Result<File> {
    check_stream(path)?;
    File::open(path)
}

/// Refuses a device, which may never end. Returns whether the file can be opened several times.
pub(crate) fn check_stream(path: &Path) -> Result<bool> {
    let metadata = path.metadata()?;
    if !is_standard_input(path) && is_device(&metadata) {
        return Err(Error::other("it is a device; expected a file, a pipe or standard input"));
    }
    Ok(metadata.is_file())
}

fn open_with(options: &mut OpenOptions, path: &Path) -> Result<File> {
    // opening a device may already do something
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(irregular());
    }
    // what takes its place meanwhile must not block
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
}

fn irregular() -> Error {
    Error::other("it is not a regular file")
}

fn is_standard_input(path: &Path) -> bool {
    ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name))
}

#[cfg(unix)]
fn is_device(file: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file.file_type().is_char_device() || file.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}
