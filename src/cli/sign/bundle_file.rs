//! The file that a bundle is written to: whole or not at all, and never over another one by accident.

use crate::cli::exit::Failure;
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file that a bundle is written to.
#[derive(Debug)]
pub(in crate::cli) struct BundleFile {
    path: PathBuf,
    /// Whether an existing file is replaced.
    replace: bool,
}

impl BundleFile {
    /// The file at this path. It is checked before anything is signed, because a log entry stays for good.
    ///
    /// # Errors
    /// It exists and is not to be replaced, it is not a regular file, or its folder cannot be written to.
    pub(in crate::cli) fn plan(path: &Path, replace: bool) -> Result<Self, Failure> {
        // a link stays, and the file that it leads to is replaced
        let path = if path.is_symlink() { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() };
        match path.symlink_metadata() {
            Ok(found) if !found.is_file() => {
                return Err(
                    Failure::system(format!("{} is not a regular file", path.display())).with_hint("name another file with --bundle")
                );
            }
            Ok(_) if !replace => return Err(exists(&path)),
            _ => {}
        }
        let planned = Self { path, replace };
        planned.temporary().map_err(|error| planned.failed(&error))?;
        Ok(planned)
    }

    /// Its path.
    pub(in crate::cli) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the bundle to a temporary file beside it, and gives that its name when it is stored.
    ///
    /// # Errors
    /// Nothing was changed.
    pub(in crate::cli) fn write(&self, bundle: &str) -> Result<(), Failure> {
        let mut file = self.temporary().map_err(|error| self.failed(&error))?;
        let written = file.write_all(bundle.as_bytes()).and_then(|()| file.as_file().sync_all());
        written.map_err(|error| self.failed(&error))?;
        let stored = if self.replace { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        stored.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => self.failed(&error.error),
        })?;
        #[cfg(unix)]
        std::fs::File::open(self.folder()).and_then(|folder| folder.sync_all()).map_err(|error| self.failed(&error))?;
        Ok(())
    }

    /// A new file beside it, which is removed unless it is kept. Like every file that holds no secret, others may read it as the umask says.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".paraph-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(self.folder())
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(&format!("{} cannot be written", self.path.display()), error)
    }
}

fn exists(path: &Path) -> Failure {
    Failure::system(format!("{} exists", path.display()))
        .with_hint("remove it, replace it with --force, or name another file with --bundle")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_bundle_is_replaced_only_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sigstore.json");
        let planned = BundleFile::plan(&path, false).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new());
        planned.write("first").unwrap();
        // it appeared after the plan
        assert!(planned.write("second").unwrap_err().message.ends_with("exists"));
        assert!(BundleFile::plan(&path, false).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        BundleFile::plan(&path, true).unwrap().write("third").unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("third", 1));
    }

    #[test]
    fn what_is_not_a_regular_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(BundleFile::plan(folder.path(), true).unwrap_err().message.ends_with("is not a regular file"));
        #[cfg(unix)]
        {
            assert!(BundleFile::plan(Path::new("/dev/null"), true).is_err());
            let (link, target) = (folder.path().join("link"), folder.path().join("target"));
            std::fs::write(&target, "old").unwrap();
            std::os::unix::fs::symlink(&target, &link).unwrap();
            BundleFile::plan(&link, true).unwrap().write("new").unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
        }
        assert!(BundleFile::plan(&folder.path().join("missing/a.sigstore.json"), false).is_err());
    }
}
