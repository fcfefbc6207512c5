//! The folder of the agent's sockets, in which only the user can create files. `location` says where it is.
//!
//! | file | mode | meaning |
//! | --- | --- | --- |
//! | the folder | 0700 | anyone who can write to it decides which process gets the requests |
//! | `agent.sock` | 0600 | accepts all calls |
//! | `forward.sock` | 0600 | accepts only signatures, each confirmed; may be forwarded |
//! | `agent.lock` | 0600 | held by the agent, so that only one runs |
//! | `locked` | 0600 | exists while the agent is locked, so that the next agent is locked too |

use super::{
    location::{Candidate, Candidates, MAX_PATH, Surroundings},
    peer,
};
use crate::private_folder::{self, Exposure};
use rustix::fs::OFlags;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The checked folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
    /// The other folders that an agent of this user may use, now or later.
    others: Vec<PathBuf>,
    notice: Option<String>,
}

/// Why the folder or a socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A folder or socket that others may control.
    #[error("{} is not used for the agent: {why}", .path.display())]
    Unsafe {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A folder or socket of another user.
    #[error("{} is not used for the agent: it belongs to user {owner}; this is user {user}", .path.display())]
    Foreign {
        /// Its path.
        path: PathBuf,
        /// Its owner's id, which in a container is not that of the host.
        owner: u32,
        /// The id of this user.
        user: u32,
    },
    /// The path is too long for a socket.
    #[error("{} is too long for a socket: {} bytes; at most {MAX_PATH} are possible", .path.display(), .path.as_os_str().len())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// There is no folder to use.
    #[error("there is no folder for the agent's sockets")]
    NoFolder,
    /// Other users have the user id of this process.
    #[error("the user id {user} of this process stands for all users that this user namespace does not map, so they cannot be told apart")]
    SharedUserId {
        /// The id.
        user: u32,
    },
    /// The system reported an error.
    #[error("{} cannot be used for the agent: {cause}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
}

impl PlaceError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SharedUserId { .. } => "run this as a user that the namespace maps",
            Self::Foreign { .. } => "run this as the user to whom it belongs",
            Self::TooLong { .. } | Self::NoFolder => "set PARAPH_RUNTIME_DIR to an existing folder of your own with a short path",
            _ => "fix its permissions with `chmod 700`",
        }
    }
}

impl Place {
    /// The user's folder, created if it does not exist.
    ///
    /// # Errors
    /// [`PlaceError`]: each possible folder is a symbolic link, or others may write to it, or it belongs to another user.
    pub(crate) fn of_user() -> Result<Self, PlaceError> {
        Self::choose(surroundings()?.candidates(), true)
    }

    /// The user's folder, which need not exist.
    ///
    /// # Errors
    /// The same as [`Place::of_user`].
    pub(crate) fn planned() -> Result<Self, PlaceError> {
        Self::choose(surroundings()?.candidates(), false)
    }

    /// The best of the candidates, without those that others may control or that cannot be created.
    fn choose(candidates: Candidates, create: bool) -> Result<Self, PlaceError> {
        let Candidates { folders, earlier, mut notice } = candidates;
        let mut unusable = None;
        for candidate in &folders {
            match Self::check(candidate, create) {
                Ok(folder) => {
                    let others = folders.iter().map(|candidate| &candidate.folder).chain(&earlier).filter(|other| **other != folder);
                    let others = others.cloned().collect();
                    if let Some(error) = &unusable {
                        notice = Some(format!("{error}; the folder is {}", folder.display()));
                    }
                    return Ok(Self { folder, others, notice });
                }
                Err(error @ (PlaceError::Foreign { .. } | PlaceError::Unsafe { .. } | PlaceError::Io { .. })) => {
                    unusable = unusable.or(Some(error))
                }
                Err(error) => return Err(error),
            }
        }
        Err(unusable.unwrap_or(PlaceError::NoFolder))
    }

    /// This folder, created if it does not exist.
    ///
    /// # Errors
    /// As [`Place::of_user`].
    pub(crate) fn at(folder: PathBuf) -> Result<Self, PlaceError> {
        Self::choose(Candidates { folders: vec![Candidate { folder, creates_parents: false }], ..Candidates::default() }, true)
    }

    /// The other folders of this user in which there is an agent's socket, or a lock.
    pub(crate) fn others(&self) -> Vec<Self> {
        let identity = |path: &Path| std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        let mut known = vec![identity(&self.folder)];
        let mut found = Vec::new();
        for folder in &self.others {
            let candidate = Candidate { folder: folder.clone(), creates_parents: false };
            // the links that an agent puts into another folder lead to its own sockets
            let is_socket = std::fs::symlink_metadata(folder.join("agent.sock")).is_ok_and(|found| found.file_type().is_socket());
            let has_anything = is_socket || std::fs::symlink_metadata(folder.join("locked")).is_ok();
            if has_anything && !known.contains(&identity(folder)) && Self::check(&candidate, false).is_ok() {
                known.push(identity(folder));
                found.push(Self { folder: folder.clone(), others: Vec::new(), notice: None });
            }
        }
        found
    }

    /// What the user should know about a folder that is not used.
    pub(crate) fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Checks a folder, and returns its path.
    fn check(candidate: &Candidate, create: bool) -> Result<PathBuf, PlaceError> {
        let folder = candidate.folder.clone();
        let longest = folder.join("forward.sock");
        if longest.as_os_str().len() > MAX_PATH {
            return Err(PlaceError::TooLong { path: longest });
        }
        if create {
            let made = if candidate.creates_parents { private_folder::make(&folder) } else { private_folder::make_last(&folder) };
            made.map_err(|cause| PlaceError::Io { path: folder.clone(), cause })?;
        }
        let user = own_user()?;
        let metadata = match std::fs::symlink_metadata(&folder) {
            Ok(metadata) => metadata,
            Err(error) if !create && error.kind() == io::ErrorKind::NotFound => return Ok(folder),
            Err(cause) => return Err(PlaceError::Io { path: folder, cause }),
        };
        let exposure = Exposure::find(&metadata, user, 0o077);
        // in a folder to which nobody else could write, nothing of others can be
        let is_repaired = matches!(exposure, Some(Exposure::Mode(mode)) if mode & 0o022 == 0) && metadata.is_dir();
        let exposure = exposure.filter(|_| !(is_repaired && (!create || set_private(&folder).is_ok())));
        let why = match exposure {
            Some(Exposure::Owner(owner)) => return Err(PlaceError::Foreign { path: folder, owner, user }),
            Some(Exposure::Link) => Some("it is a symbolic link".to_owned()),
            _ if !metadata.is_dir() => Some("it is not a folder".to_owned()),
            Some(Exposure::Mode(mode)) => Some(format!("others may enter it (mode {mode:04o}; expected 0700)")),
            None => folder.parent().and_then(replaceable),
        };
        why.map_or(Ok(folder.clone()), |why| Err(PlaceError::Unsafe { path: folder, why }))
    }

    /// Puts links to the sockets into `paraph` of `$XDG_RUNTIME_DIR`, if that is another folder of the user's, for programs that look for them
    /// there. The agent does without them.
    pub(crate) fn link_sockets(&self) {
        let Some(links) = surroundings().ok().and_then(|surroundings| surroundings.links()) else { return };
        let Ok(links) = Self::at(links) else { return };
        // an agent of another version may be there
        let Ok(Some(_lock)) = links.lock() else { return };
        for (link, socket) in [(links.socket(), self.socket()), (links.forward_socket(), self.forward_socket())] {
            let is_ours = |kind: std::fs::FileType| kind.is_symlink() || kind.is_socket();
            if std::fs::symlink_metadata(&link).is_ok_and(|found| is_ours(found.file_type())) {
                let _ = std::fs::remove_file(&link);
            }
            let _ = std::os::unix::fs::symlink(socket, link);
        }
    }

    /// The socket for the user's own programs.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("agent.sock")
    }

    /// The socket to forward.
    pub(crate) fn forward_socket(&self) -> PathBuf {
        self.folder.join("forward.sock")
    }

    /// The lock of the only agent, held while the file is open; `None` if an agent holds it.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn lock(&self) -> Result<Option<File>, PlaceError> {
        let path = self.folder.join("agent.lock");
        let failed = |cause| PlaceError::Io { path: path.clone(), cause };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }

    /// Whether the agent is locked, here or in another folder of this user.
    pub(crate) fn is_locked(&self) -> bool {
        self.folder.join("locked").exists() || self.others().iter().any(Self::is_locked)
    }

    /// Locks or unlocks the agent and the next ones, also those in other folders of this user.
    ///
    /// # Errors
    /// [`PlaceError::Io`].
    pub(crate) fn set_locked(&self, locked: bool) -> Result<(), PlaceError> {
        let path = self.folder.join("locked");
        let done = match locked {
            true => OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map(drop),
            false => std::fs::remove_file(&path),
        };
        match done {
            Err(error) if locked || error.kind() != io::ErrorKind::NotFound => Err(PlaceError::Io { path, cause: error }),
            // one lock is enough
            _ if locked => Ok(()),
            _ => self.others().iter().try_for_each(|other| other.set_locked(false)),
        }
    }

    /// Listens on a socket of this folder, and removes what an earlier agent left there. The caller must hold the lock.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn listen(&self, path: &Path) -> Result<std::os::unix::net::UnixListener, PlaceError> {
        let failed = |cause| PlaceError::Io { path: path.to_owned(), cause };
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path).map_err(failed)?,
            Ok(_) => return Err(PlaceError::Unsafe { path: path.to_owned(), why: "it is not a socket".into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(failed(cause)),
        }
        // the folder keeps others out until the mode is set
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(listener)
    }
}

/// Identifies a socket, so that one that replaces it is noticed.
pub(crate) fn mark(socket: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(socket).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Refuses a socket that another user could have created: a symbolic link, or a socket of another user.
///
/// # Errors
/// [`PlaceError`].
pub(crate) fn check_socket(path: &Path) -> Result<(), PlaceError> {
    let metadata = std::fs::symlink_metadata(path).map_err(|cause| PlaceError::Io { path: path.to_owned(), cause })?;
    let user = own_user()?;
    let why = if metadata.file_type().is_symlink() {
        "it is a symbolic link".to_owned()
    } else if !metadata.file_type().is_socket() {
        "it is not a socket".to_owned()
    } else if metadata.uid() != user {
        return Err(PlaceError::Foreign { path: path.to_owned(), owner: metadata.uid(), user });
    } else {
        return Ok(());
    };
    Err(PlaceError::Unsafe { path: path.to_owned(), why })
}

fn set_private(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

fn surroundings() -> Result<Surroundings, PlaceError> {
    Surroundings::of_process().ok_or_else(|| PlaceError::SharedUserId { user: rustix::process::geteuid().as_raw() })
}

fn own_user() -> Result<u32, PlaceError> {
    peer::own_user().ok_or_else(|| PlaceError::SharedUserId { user: rustix::process::geteuid().as_raw() })
}

/// Why others could replace a folder in `parent`; `None` if they could not.
fn replaceable(parent: &Path) -> Option<String> {
    let mode = private_folder::open_mode(parent, 0o022)?;
    Some(format!("others may write to {} (mode {mode:04o}) and could replace it", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(result: Result<impl Sized, PlaceError>, folder: &Path) -> String {
        match result {
            Ok(_) => "fine".into(),
            Err(error) => error.to_string().replace(&folder.display().to_string(), "FOLDER"),
        }
    }

    #[test]
    fn a_folder_that_is_not_the_users_alone_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| Place::at(base.path().join(name));
        assert_eq!(say(at("new"), base.path()), "fine");
        assert_eq!(std::fs::metadata(base.path().join("new")).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(say(at("new"), base.path()), "fine");
        std::os::unix::fs::symlink(base.path().join("new"), base.path().join("link")).unwrap();
        assert_eq!(say(at("link"), base.path()), "FOLDER/link is not used for the agent: it is a symbolic link");
        std::fs::write(base.path().join("file"), "").unwrap();
        assert_eq!(say(at("file"), base.path()), "FOLDER/file is not used for the agent: it is not a folder");
        std::fs::set_permissions(base.path().join("new"), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(say(at("new"), base.path()), "FOLDER/new is not used for the agent: others may enter it (mode 0777; expected 0700)");
        let long = "x".repeat(MAX_PATH);
        assert!(say(at(&long), base.path()).contains("is too long for a socket"), "{}", say(at(&long), base.path()));
        assert!(!base.path().join(long).exists());
        assert!(say(at("no/such"), base.path()).starts_with("FOLDER/no/such cannot be used for the agent"));
        let open = base.path().join("open");
        std::fs::create_dir(&open).unwrap();
        for (mode, expected) in [
            (0o777, "FOLDER/open/place is not used for the agent: others may write to FOLDER/open (mode 0777) and could replace it"),
            (0o1777, "fine"),
            (0o755, "fine"),
        ] {
            std::fs::set_permissions(&open, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(say(at("open/place"), base.path()), expected);
        }
    }

    #[test]
    fn an_own_folder_that_others_may_read_is_repaired_and_one_that_they_may_write_to_is_passed_over() {
        let base = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| base.path().join(name));
        let candidates = || Candidates {
            folders: [&first, &second].map(|folder| Candidate { folder: folder.clone(), creates_parents: false }).into(),
            ..Candidates::default()
        };
        std::fs::create_dir(&first).unwrap();
        let set = |mode| std::fs::set_permissions(&first, std::fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o755, 0o750, 0o711, 0o1755] {
            set(mode);
            // a folder that is only looked for stays as it is
            assert_eq!(Place::choose(candidates(), false).unwrap().folder, first, "{mode:o}");
            assert_eq!(std::fs::metadata(&first).unwrap().mode() & 0o7777, mode);
            assert_eq!(Place::choose(candidates(), true).unwrap().folder, first, "{mode:o}");
            assert_eq!(std::fs::metadata(&first).unwrap().mode() & 0o7777, 0o700);
        }
        for mode in [0o777, 0o770, 0o720, 0o1777] {
            set(mode);
            for create in [false, true] {
                let place = Place::choose(candidates(), create).unwrap();
                let notice = place.notice().unwrap();
                assert!(
                    place.folder == second && notice.contains(&format!("(mode {mode:04o}; expected 0700); the folder is ")),
                    "{notice}"
                );
            }
            assert_eq!(std::fs::metadata(&first).unwrap().mode() & 0o7777, mode);
        }
        std::fs::remove_dir(&first).unwrap();
        std::os::unix::fs::symlink(&second, &first).unwrap();
        assert_eq!(Place::choose(candidates(), true).unwrap().folder, second);
    }

    #[test]
    fn a_stale_socket_is_replaced_and_anything_else_is_not() {
        let base = tempfile::tempdir().unwrap();
        let place = Place::at(base.path().join("place")).unwrap();
        drop(place.listen(&place.socket()).unwrap());
        let listener = place.listen(&place.socket()).unwrap();
        assert_eq!(std::fs::metadata(place.socket()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(say(check_socket(&place.socket()), base.path()), "fine");
        drop(listener);
        std::fs::remove_file(place.socket()).unwrap();
        std::fs::write(place.socket(), "precious").unwrap();
        assert_eq!(
            say(place.listen(&place.socket()), base.path()),
            "FOLDER/place/agent.sock is not used for the agent: it is not a socket"
        );
        assert_eq!(std::fs::read_to_string(place.socket()).unwrap(), "precious");
        std::os::unix::fs::symlink("/nowhere", place.forward_socket()).unwrap();
        assert_eq!(
            say(check_socket(&place.forward_socket()), base.path()),
            "FOLDER/place/forward.sock is not used for the agent: it is a symbolic link"
        );
    }

    #[test]
    fn only_one_agent_gets_the_lock() {
        let base = tempfile::tempdir().unwrap();
        let place = Place::at(base.path().join("place")).unwrap();
        let first = place.lock().unwrap();
        assert!(first.is_some());
        assert!(place.lock().unwrap().is_none());
        drop(first);
        assert!(place.lock().unwrap().is_some());
    }
}
