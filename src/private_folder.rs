//! Folders in which paraph keeps what decides: fetched and imported trust, verdicts, log entries, registrations. Only the user may write there.
//!
//! Whoever can write to such a folder decides what the user trusts, so each is created for the user alone, whatever the umask says, and is used
//! only if it still belongs to the user. Others may read these folders. They may not enter the agent's folder ([`crate::agent`]) and that of a
//! local Sigstore ([`crate::local`]), which are checked by the same [`Exposure`].

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The name of the program's own folders, below which every folder must be the user's.
const PROGRAM: &str = "paraph";

/// A folder or file that others may control.
#[derive(Debug, thiserror::Error)]
#[error("{} is not used: {fault}", .path.display())]
pub(crate) struct Unsafe {
    path: PathBuf,
    fault: Fault,
}

/// Why others may control it.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("it is not a regular file")]
    NoFile,
    #[cfg(unix)]
    #[error("it is a symbolic link")]
    Link,
    #[cfg(unix)]
    #[error("it belongs to user {owner}; this is user {user}")]
    Owner { owner: u32, user: u32 },
    /// The folder of another user, in which this user's folder would be created.
    #[cfg(unix)]
    #[error("it belongs to user {owner}; this is user {user}")]
    OwnerOfParent { owner: u32, user: u32 },
    #[cfg(unix)]
    #[error("others may write to it (mode {0:04o})")]
    Writable(u32),
    /// A folder of others, in which this user's folder could be replaced.
    #[cfg(unix)]
    #[error("everybody may write to it (mode {0:04o})")]
    OpenParent(u32),
}

/// What to do about an error of this module, as an imperative sentence without its period.
pub(crate) fn hint(error: &io::Error) -> Option<String> {
    let Unsafe { path, fault } = error.get_ref()?.downcast_ref()?;
    let path = path.display();
    Some(match fault {
        Fault::NoFile => format!("check what it is, then remove it: `rm -r {path}`"),
        #[cfg(unix)]
        Fault::Link => format!("remove the link: `rm {path}`"),
        #[cfg(unix)]
        Fault::Owner { .. } => format!("check who wrote to it, then remove it as its owner or as root: `sudo rm -r {path}`"),
        #[cfg(unix)]
        Fault::OwnerOfParent { .. } => "set HOME (or XDG_CACHE_HOME and XDG_DATA_HOME) to a folder of your own".to_owned(),
        #[cfg(unix)]
        Fault::Writable(_) => format!("check who wrote to it, then remove it or run `chmod -R go-w {path}`"),
        #[cfg(unix)]
        Fault::OpenParent(_) => format!("check who wrote to it, then run `chmod o-w {path}`"),
    })
}

/// The file by which the user imported the trust of an instance. It need not exist.
#[cfg(feature = "cli")]
pub(crate) fn imported_trust(instance: &str) -> Option<PathBuf> {
    imports().map(|folder| folder.join(format!("{instance}.json")))
}

/// The folder of imported trust.
#[cfg(feature = "cli")]
pub(crate) fn imports() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", PROGRAM).as_ref().map(imports_in)
}

/// The same in these folders.
#[cfg(feature = "cli")]
pub(crate) fn imports_in(folders: &directories::ProjectDirs) -> PathBuf {
    folders.data_local_dir().join("trust")
}

/// Creates a folder and its parents for the user alone, where they are missing, and checks it.
///
/// # Errors
/// If it cannot be created, or others may control it ([`Unsafe`]).
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    make(folder)?;
    check(folder).map(drop)
}

/// The same without the check, for a folder that decides nothing.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(parent) = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok())
        && parent != folder
    {
        unix::check_parent_of_new(parent)?;
    }
    creating_folders().recursive(true).create(folder)
}

/// Creates a folder for the user alone, where it is missing. Its parent must exist. Nothing is checked.
///
/// # Errors
/// If it cannot be created.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn make_last(folder: &Path) -> io::Result<()> {
    match creating_folders().create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Options that create a folder for the user alone.
pub(crate) fn creating_folders() -> std::fs::DirBuilder {
    #[cfg(unix)]
    {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
    }
    #[cfg(not(unix))]
    std::fs::DirBuilder::new()
}

/// Whether a folder or file exists that only the user may write to.
///
/// # Errors
/// If others may control it ([`Unsafe`]), or it cannot be looked at.
pub(crate) fn check(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
        #[cfg(unix)]
        Ok(_) => unix::check(path).map(|()| true),
        #[cfg(not(unix))]
        Ok(_) => Ok(true),
    }
}

/// Opens a file to read it, if there is one; only the user may write to it and to its folders.
///
/// # Errors
/// As [`check`], or if it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    if !check(path)? {
        return Ok(None);
    }
    // a pipe would be waited for
    if !path.metadata()?.is_file() {
        return Err(io::Error::other(Unsafe { path: path.to_owned(), fault: Fault::NoFile }));
    }
    File::open(path).map(Some)
}

/// Options that create a file for the user alone.
pub(crate) fn creating() -> OpenOptions {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(all(unix, feature = "cli"))]
pub(crate) use unix::{Exposure, open_mode};

#[cfg(unix)]
mod unix {
    use super::{Fault, PROGRAM, Unsafe};
    use std::{fs::Metadata, io, os::unix::fs::MetadataExt as _, path::Path};

    const STICKY: u32 = 0o1000;

    /// Why a file or folder is not the user's alone.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Exposure {
        /// It belongs to the user with this id.
        Owner(u32),
        /// It is a symbolic link.
        Link,
        /// Its mode gives others a permission that they must not have.
        Mode(u32),
    }

    impl Exposure {
        /// The exposure of something that should belong to `user`, and to which others should not have the permissions `denied`. The metadata
        /// is that of a link itself.
        pub(crate) fn find(metadata: &Metadata, user: u32, denied: u32) -> Option<Self> {
            let mode = metadata.mode() & 0o7777;
            if metadata.uid() != user {
                Some(Self::Owner(metadata.uid()))
            } else if metadata.file_type().is_symlink() {
                Some(Self::Link)
            } else {
                (mode & denied != 0).then_some(Self::Mode(mode))
            }
        }
    }

    /// The mode of a folder in which those with the permissions `writers` could replace what belongs to another user; `None` if they could not.
    pub(crate) fn open_mode(parent: &Path, writers: u32) -> Option<u32> {
        let mode = std::fs::metadata(parent).ok()?.mode() & 0o7777;
        (mode & writers != 0 && mode & STICKY == 0).then_some(mode)
    }

    /// Checks a path and its folders up to the program's own, and that nobody can replace that one.
    pub(super) fn check(path: &Path) -> io::Result<()> {
        let is_own = path.ancestors().any(|folder| folder.file_name().is_some_and(|name| name == PROGRAM));
        for place in path.ancestors() {
            check_one(place)?;
            if !is_own || place.file_name().is_some_and(|name| name == PROGRAM) {
                return place.parent().map_or(Ok(()), check_replaceable);
            }
        }
        Ok(())
    }

    /// Refuses to create something in a folder of another user, which that user could not use afterwards.
    pub(super) fn check_parent_of_new(parent: &Path) -> io::Result<()> {
        let (metadata, user) = (std::fs::metadata(parent)?, own_user());
        // a shared folder such as /tmp is for everybody
        if metadata.uid() == user || metadata.uid() == 0 || metadata.mode() & STICKY != 0 {
            return Ok(());
        }
        Err(refuse(parent, Fault::OwnerOfParent { owner: metadata.uid(), user }))
    }

    fn check_one(place: &Path) -> io::Result<()> {
        let (metadata, user) = (place.symlink_metadata()?, own_user());
        let fault = match Exposure::find(&metadata, user, 0o022) {
            None => return Ok(()),
            Some(Exposure::Owner(owner)) => Fault::Owner { owner, user },
            Some(Exposure::Link) => Fault::Link,
            Some(Exposure::Mode(mode)) => Fault::Writable(mode),
        };
        Err(refuse(place, fault))
    }

    /// Refuses a folder in which every user could put another one in this one's place.
    fn check_replaceable(parent: &Path) -> io::Result<()> {
        match open_mode(parent, 0o002) {
            Some(mode) => Err(refuse(parent, Fault::OpenParent(mode))),
            None => Ok(()),
        }
    }

    fn refuse(path: &Path, fault: Fault) -> io::Error {
        io::Error::other(Unsafe { path: path.to_owned(), fault })
    }

    fn own_user() -> u32 {
        rustix::process::geteuid().as_raw()
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let base = tempfile::tempdir().unwrap();
        set_mode(base.path(), 0o700);
        let file = base.path().join("file");
        std::fs::write(&file, "x").unwrap();
        set_mode(&file, 0o600);
        assert!(open(&file).unwrap().is_some());
        assert!(open(&base.path().join("none")).unwrap().is_none());
        assert_eq!(message(open(base.path()), base.path()), "BASE is not used: it is not a regular file");
    }

    fn message(result: io::Result<impl Sized>, base: &Path) -> String {
        result.map_or_else(|error| error.to_string().replace(&base.display().to_string(), "BASE"), |_| "fine".to_owned())
    }

    #[test]
    fn what_is_created_is_the_users_alone() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("cache/paraph/tuf/host");
        create(&folder).unwrap();
        for made in folder.ancestors().take(4) {
            assert_eq!(made.metadata().unwrap().mode() & 0o777, 0o700, "{}", made.display());
        }
        creating().open(folder.join("lock")).unwrap();
        assert_eq!(folder.join("lock").metadata().unwrap().mode() & 0o777, 0o600);
        assert!(check(&folder.join("lock")).unwrap() && !check(&folder.join("nothing")).unwrap());
    }

    #[test]
    fn every_level_up_to_the_programs_folder_must_be_the_users_alone() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("cache/paraph/tuf/host/trust");
        create(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "x").unwrap();
        set_mode(&file, 0o644);
        for (place, mode, expected) in [
            ("cache/paraph/tuf/host/trust", 0o666, "BASE/cache/paraph/tuf/host/trust is not used: others may write to it (mode 0666)"),
            ("cache/paraph/tuf/host", 0o770, "BASE/cache/paraph/tuf/host is not used: others may write to it (mode 0770)"),
            ("cache/paraph/tuf", 0o1777, "BASE/cache/paraph/tuf is not used: others may write to it (mode 1777)"),
            ("cache/paraph", 0o775, "BASE/cache/paraph is not used: others may write to it (mode 0775)"),
            ("cache", 0o777, "BASE/cache is not used: everybody may write to it (mode 0777)"),
            ("cache", 0o1777, "fine"),
            ("cache", 0o775, "fine"),
            ("cache/paraph", 0o755, "fine"),
        ] {
            let place = base.path().join(place);
            let before = place.metadata().unwrap().mode();
            set_mode(&place, mode);
            assert_eq!(message(open(&file), base.path()), expected);
            assert_eq!(message(create(file.parent().unwrap()), base.path()) == "fine", expected == "fine" || place == file);
            set_mode(&place, before);
        }
    }

    /// Each hint removes what it is about.
    #[test]
    fn each_refusal_has_a_hint_that_works() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("paraph/verdicts");
        let shell = |hint: String| {
            let command = hint.split('`').nth(1).unwrap().trim_start_matches("sudo ").to_owned();
            assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
        };
        let faults: [(&str, &dyn Fn()); 3] = [
            ("it is a symbolic link", &|| symlink("/nowhere", &folder).unwrap()),
            ("others may write to it (mode 0777)", &|| {
                create(&folder).unwrap();
                set_mode(&folder, 0o777);
            }),
            ("everybody may write to it (mode 0777)", &|| {
                create(&folder).unwrap();
                set_mode(base.path(), 0o777);
            }),
        ];
        for (expected, spoil) in faults {
            create(folder.parent().unwrap()).unwrap();
            spoil();
            let error = check(&folder).unwrap_err();
            assert!(error.to_string().ends_with(expected), "{error}");
            shell(hint(&error).unwrap());
            create(&folder).unwrap();
            std::fs::remove_dir(&folder).unwrap();
        }
        // a folder of another user, if this one can make such a folder
        create(&folder).unwrap();
        if std::os::unix::fs::chown(&folder, Some(12345), None).is_ok() {
            let error = check(&folder).unwrap_err();
            assert!(error.to_string().contains("it belongs to user 12345; this is user "), "{error}");
            shell(hint(&error).unwrap());
            create(&folder).unwrap();
            std::os::unix::fs::chown(base.path(), Some(12345), None).unwrap();
            let error = create(&base.path().join("other/paraph")).unwrap_err();
            assert!(hint(&error).unwrap().starts_with("set HOME"), "{error}");
        }
    }

    #[test]
    fn a_symbolic_link_is_refused_with_a_hint() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(base.path().join("paraph")).unwrap();
        symlink("/nowhere", base.path().join("paraph/verdicts")).unwrap();
        assert!(create(&base.path().join("paraph/verdicts/x")).is_err());
        let error = check(&base.path().join("paraph/verdicts")).unwrap_err();
        assert!(error.to_string().ends_with("paraph/verdicts is not used: it is a symbolic link"));
        assert!(hint(&error).unwrap().starts_with("remove the link: `rm "));
    }
}
