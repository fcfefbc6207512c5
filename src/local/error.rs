//! What can go wrong with an instance on this machine: its folder, its keys, its logs, its port. Not for a client's bad request: those are
//! HTTP answers, in the shape that the real services give them.

use std::path::{Path, PathBuf};

/// A failure of the local instance itself.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}: {source}", .path.display())]
    File {
        /// The verb: `read`, `write`, `create`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The folder holds no instance.
    #[error("there is no local instance in {}; create one with `paraph local init`", .0.display())]
    Absent(PathBuf),
    /// The folder holds an instance, or something else, already.
    #[error("{} is not empty; choose another folder for a new local instance", .0.display())]
    Occupied(PathBuf),
    /// Somebody else could read or change the keys.
    #[error("{} {what}; a local instance keeps signing keys there, so it must be yours alone (owned by you, mode {mode})", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The mode that it should have.
        mode: &'static str,
    },
    /// A file of the folder does not hold what this program wrote.
    #[error("{} is damaged ({what}); restore the folder from a copy, or create a new instance in another folder", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Two servers must not share a folder.
    #[error("another process{} serves the local instance in {}; stop it with `paraph local stop`", .process.map(|id| format!(" ({id})")).unwrap_or_default(), .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Its process, where the lock file says so.
        process: Option<u32>,
    },
    /// The kept port is taken by somebody else.
    #[error("could not listen on 127.0.0.1:{port}, the port that this instance's certificates name: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A log has reached the size that this program keeps in memory.
    #[error("the local log is full ({0} entries); create a new instance in another folder")]
    Full(u64),
    /// A cryptographic operation failed, which only a fault of this program or its library explains.
    #[error("could not {0}; this is a fault of paraph")]
    Crypto(&'static str),
    /// An identity that cannot stand in a certificate.
    #[error("`{}` is not an e-mail address that a certificate can name", .0.escape_debug())]
    Identity(String),
}

impl LocalError {
    /// For `map_err` on file operations.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
