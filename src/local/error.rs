//! Failures of an instance on this machine: its folder, keys, logs and port. A client's bad request is not among them: the service answers it
//! as the real one does.

use crate::private_folder;
use std::path::{Path, PathBuf};

/// A failure of the local Sigstore itself.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}: {source}", .path.display())]
    File {
        /// The verb: `read`, `write`, `create`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The folder holds no instance.
    #[error("there is no local Sigstore in {}", .0.display())]
    Absent(PathBuf),
    /// The folder for a new instance holds one already.
    #[error("there is a local Sigstore in {} already", .0.display())]
    Exists(PathBuf),
    /// The folder for a new instance holds something else.
    #[error("{} is not empty", .0.display())]
    Occupied(PathBuf),
    /// Another user could read or change the keys.
    #[error("{} {exposure}", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Why it is not safe.
        exposure: Exposure,
        /// The permissions that it should have.
        mode: &'static str,
    },
    /// A file of the folder does not hold what this program wrote.
    #[error("{} is damaged: {problem}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// Another process serves this folder.
    #[error("already running at {url}{}", .process.map(|id| format!(" (process {id})")).unwrap_or_default())]
    InUse {
        /// The instance's URL.
        url: String,
        /// The process id in the lock file, if it can be read.
        process: Option<u32>,
    },
    /// Another program uses the instance's port.
    #[error("could not listen on 127.0.0.1:{port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
    /// A log has reached the size that this program keeps in memory.
    #[error("the local log is full ({0} entries)")]
    Full(u64),
    /// A cryptographic operation failed. Only a bug in this program or its library can cause that.
    #[error("could not {0}")]
    Crypto(&'static str),
    /// An identity that cannot stand in a certificate.
    #[error("{0:?} is not an e-mail address that a certificate can name")]
    Identity(String),
}

/// Why a file that holds secrets is not safe: a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    /// It is a symbolic link.
    #[error("is a symbolic link")]
    Link,
    /// It belongs to the user with this id.
    #[error("belongs to user {0}")]
    Owner(u32),
    /// Its permissions let other users in.
    #[error("is accessible to other users (mode {0:04o})")]
    Mode(u32),
}

impl From<private_folder::Exposure> for Exposure {
    fn from(found: private_folder::Exposure) -> Self {
        match found {
            private_folder::Exposure::Owner(owner) => Self::Owner(owner),
            private_folder::Exposure::Link => Self::Link,
            private_folder::Exposure::Mode(mode) => Self::Mode(mode),
        }
    }
}

impl LocalError {
    /// What the user can do: an imperative sentence without its period.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { .. } => return None,
            Self::Identity(_) => "give an address such as ann@example.com".into(),
            Self::Absent(_) => "create one with `paraph local init`".into(),
            Self::Exists(_) => "start it with `paraph local serve`".into(),
            Self::Occupied(_) => "choose another folder".into(),
            Self::Exposed { path, mode, exposure: Exposure::Mode(_) } => format!("fix its permissions: `chmod {mode} {}`", path.display()),
            Self::Exposed { .. } => "create a new local Sigstore in another folder".into(),
            Self::Damaged { .. } => "restore the folder from a copy, or create a new local Sigstore in another folder".into(),
            Self::InUse { .. } => "to stop it, run `paraph local stop`".into(),
            Self::Port { .. } => "stop the program that uses this port; the certificates of this local Sigstore name it".into(),
            Self::Full(_) => "create a new local Sigstore in another folder".into(),
            Self::Crypto(_) => "report this: it is a bug in paraph".into(),
        })
    }

    /// Whether a write failed because nothing more can be written there. Reading goes on.
    pub(super) fn is_out_of_space(&self) -> bool {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let Self::File { source, .. } = self else { return false };
        // on a read-only file system, logs are open to read only
        let is_open_to_read = source.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error());
        is_open_to_read || matches!(source.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge)
    }

    /// A constructor for `map_err` on file operations.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    pub(super) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}
