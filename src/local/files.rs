//! Reading and writing the instance's files: each is written whole or not at all, and secrets belong to their owner alone.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use super::error::LocalError;
use crate::private_folder;

/// The largest file that is read whole, in bytes. Logs are not read this way.
const MAX_FILE: u64 = 1 << 20;
/// The prefix of files that are being written.
const NEW_PREFIX: &str = ".new-";

/// Writes a file with these permission bits. The content is on disk when this returns.
///
/// # Errors
/// [`LocalError::File`].
pub(super) fn write_file(path: &Path, content: &[u8], mode: u32) -> Result<(), LocalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || LocalError::file("write", path);
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).prefix(NEW_PREFIX).tempfile_in(folder).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    file.as_file().sync_data().map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    sync_folder(folder)
}

/// Opens a file to read and change it, or only to read it if nothing can be written there. Writing to that file fails.
///
/// # Errors
/// [`LocalError::File`].
pub(super) fn open_to_change(path: &Path) -> Result<File, LocalError> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
    match opened {
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => File::open(path),
        other => other,
    }
    .map_err(LocalError::file("open", path))
}

/// Reads a text of at most 1 MiB.
///
/// # Errors
/// [`LocalError::File`].
pub(super) fn read_file(path: &Path) -> Result<String, LocalError> {
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text)).map_err(LocalError::file("read", path))?;
    Ok(text)
}

/// Makes a rename or a new file in this folder durable.
///
/// # Errors
/// [`LocalError::File`].
pub(super) fn sync_folder(folder: &Path) -> Result<(), LocalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LocalError::file("write", folder))
}

/// Removes the unfinished files of a writer that was killed. The caller holds the instance's lock.
pub(super) fn remove_unfinished(folder: &Path) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        if file.file_name().to_string_lossy().starts_with(NEW_PREFIX) {
            // one that stays does no harm: the next start tries again
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Checks that a file or folder belongs to this user and that nobody else can reach it.
///
/// # Errors
/// [`LocalError::Exposed`] names `mode`, the permissions that it should have.
pub(super) fn check_private(path: &Path, mode: &'static str) -> Result<(), LocalError> {
    let metadata = fs::symlink_metadata(path).map_err(LocalError::file("read", path))?;
    match private_folder::Exposure::find(&metadata, rustix::process::geteuid().as_raw(), 0o077) {
        Some(exposure) => Err(LocalError::Exposed { path: path.to_owned(), exposure: exposure.into(), mode }),
        None => Ok(()),
    }
}
