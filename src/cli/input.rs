//! Bytes from a file or from standard input, with a limit.

use super::{exit::Failure, ui::announce};
use crate::regular_file;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Reads a file, or standard input if `path` is `None`. More than `cap` bytes are an error.
pub(super) fn read(path: Option<&Path>, cap: usize) -> Result<Vec<u8>, Failure> {
    limited(path, read_at_most(path, cap + 1)?, cap)
}

fn limited(path: Option<&Path>, bytes: Vec<u8>, cap: usize) -> Result<Vec<u8>, Failure> {
    if bytes.len() > cap {
        return Err(Failure::system(format!("{} has more than {cap} bytes, the limit", name(path))));
    }
    Ok(bytes)
}

/// Reads a file that nobody names for this call: a regular one.
pub(super) fn read_regular(path: &Path, cap: usize) -> Result<Vec<u8>, Failure> {
    let bytes = regular_file::read_at_most(path, cap);
    let bytes = bytes.map_err(|error| Failure::io(&format!("{} cannot be read", path.display()), &error))?;
    limited(Some(path), bytes, cap)
}

/// The size of a usual signature or payload, in bytes, so that one call reads it.
const USUAL_INPUT: usize = 16 << 10;

/// The time after which somebody is told that a file has not ended.
const WAIT_ANNOUNCED: Duration = Duration::from_secs(2);

/// Reads files that the user named. A pipe or a device may have nothing to read for as long as it likes, so the user is told if it takes long.
pub(super) fn announcing_waits<'a, T>(paths: impl IntoIterator<Item = &'a Path>, read: impl FnOnce() -> T) -> T {
    let is_stream = |path: &&Path| path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    let streams: Vec<String> = paths.into_iter().filter(is_stream).map(|path| path.display().to_string()).collect();
    if streams.is_empty() {
        return read();
    }
    let (done, is_done) = mpsc::channel::<()>();
    thread::spawn(move || {
        if is_done.recv_timeout(WAIT_ANNOUNCED) == Err(RecvTimeoutError::Timeout) {
            announce(&format!("Waiting for the end of {}.", streams.join(" and ")));
        }
    });
    let result = read();
    drop(done);
    result
}

/// Reads the first `limit` bytes of a file, or of standard input if `path` is `None`.
pub(super) fn read_at_most(path: Option<&Path>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(limit.min(USUAL_INPUT));
    let result = match path {
        Some(path) => announcing_waits([path], || File::open(path).and_then(|file| file.take(limit as u64).read_to_end(&mut bytes))),
        None => io::stdin().lock().take(limit as u64).read_to_end(&mut bytes),
    };
    result.map_err(|error| Failure::io(&format!("{} cannot be read", name(path)), &error))?;
    Ok(bytes)
}

/// What standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandardInput {
    /// A pipe, which git gives to its hooks.
    Pipe,
    /// A file or a socket.
    #[cfg(unix)]
    File,
    /// A terminal, `/dev/null` or another device, or nothing.
    Other,
}

impl StandardInput {
    /// That of this process.
    #[cfg(unix)]
    pub(super) fn of_process() -> Self {
        use rustix::fs::FileType;
        match rustix::fs::fstat(io::stdin()).map(|status| FileType::from_raw_mode(status.st_mode)) {
            Ok(FileType::Fifo) => Self::Pipe,
            Ok(FileType::RegularFile | FileType::Socket) => Self::File,
            _ => Self::Other,
        }
    }

    /// That of this process. Anything but a terminal counts as a pipe, because this system does not say more.
    #[cfg(not(unix))]
    pub(super) fn of_process() -> Self {
        use std::io::IsTerminal as _;
        if io::stdin().is_terminal() { Self::Other } else { Self::Pipe }
    }
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}
