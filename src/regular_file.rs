//! Files that are opened because configuration names them, or because they lie beside others: regular files only.
//!
//! A pipe in the place of one would hold the program up until somebody writes to it, and a device may never end. A file that the user names for
//! one call may be a pipe, as a shell makes one for `<(...)`, but no device.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{Error, Read as _, Result},
    path::Path,
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
