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

    /// This file, if none of those that the call reads is in its place.
    ///
    /// # Errors
    /// The bundle would replace one of them.
    pub(in crate::cli) fn apart_from<'a>(self, inputs: impl IntoIterator<Item = &'a Path>) -> Result<Self, Failure> {
        match inputs.into_iter().any(|input| is_same_file(&self.path, input)) {
            true => Err(Failure::usage(format!("the bundle would replace {}, which it is made from", self.path.display()))
                .with_hint("name another file for the bundle")),
            false => Ok(self),
        }
    }

    /// Whether both have one place, whatever the paths are.
    pub(in crate::cli) fn is_same(&self, other: &Self) -> bool {
        let place = |file: &Self| (file.folder().canonicalize().ok(), file.path.file_name().map(ToOwned::to_owned));
        self.path == other.path || place(self) == place(other)
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

/// Whether two paths lead to one file, by links of any kind too.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    let identity = |path: &Path| {
        use std::os::unix::fs::MetadataExt as _;
        path.metadata().ok().map(|found| (found.dev(), found.ino()))
    };
    #[cfg(not(unix))]
    let identity = |path: &Path| path.canonicalize().ok();
    identity(one).is_some_and(|found| identity(other) == Some(found))
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
    fn a_bundle_takes_the_place_of_no_file_that_it_is_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        std::fs::write(&file, "x").unwrap();
        std::fs::write(&other, "x").unwrap();
        let plan = |path: &Path| BundleFile::plan(path, true).unwrap();
        assert!(plan(&other).apart_from([file.as_path(), &folder.path().join("missing")]).is_ok());
        let again = folder.path().join(".").join("file");
        std::fs::hard_link(&file, folder.path().join("hard")).unwrap();
        for path in [&file, &again, &folder.path().join("hard")] {
            assert!(plan(path).apart_from([other.as_path(), &file]).is_err(), "{path:?}");
        }
        assert!(plan(&file).is_same(&plan(&again)) && !plan(&file).is_same(&plan(&other)));
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&file, &link).unwrap();
            assert!(plan(&link).apart_from([file.as_path()]).is_err() && plan(&file).apart_from([link.as_path()]).is_err());
            let here = folder.path().join("here");
            std::os::unix::fs::symlink(folder.path(), &here).unwrap();
            assert!(plan(&here.join("new")).is_same(&plan(&folder.path().join("new"))));
        }
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
