//! The file of allowed identities that a line is added to.

use crate::{
    cli::{exit::Failure, input::read_regular},
    policy::{AllowedIdentities, MAX_FILE},
    private_folder::creating,
    repository::Repository,
};
use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The file, which may not exist yet.
#[derive(Debug)]
pub(super) struct AllowedFile {
    /// The path that the user knows.
    named: PathBuf,
    /// Where links lead.
    real: PathBuf,
    content: Vec<u8>,
}

impl AllowedFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not a regular file, or cannot be read.
    pub(super) fn open(named: PathBuf) -> Result<Self, Failure> {
        // a link stays, and the file that it leads to is replaced
        let real = match named.canonicalize() {
            Ok(real) => real,
            Err(_) if named.is_symlink() => {
                return Err(Failure::system(format!("{} is a link that leads to nothing", named.display()))
                    .with_hint("correct the link, or remove it"));
            }
            Err(_) => named.clone(),
        };
        let content = Self::read(&real)?;
        Ok(Self { named, real, content })
    }

    fn read(path: &Path) -> Result<Vec<u8>, Failure> {
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            _ => read_regular(path, MAX_FILE),
        }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.named
    }

    /// Its path as git's configuration can hold it.
    ///
    /// # Errors
    /// It is not valid UTF-8.
    pub(super) fn name(&self) -> Result<&str, Failure> {
        let message = || format!("the path {} is not valid UTF-8, which git's configuration requires", self.named.display());
        self.named.to_str().ok_or_else(|| Failure::configuration(message()))
    }

    /// Its lines.
    ///
    /// # Errors
    /// It has a mistake: then nobody is trusted, and another line would not help.
    pub(super) fn identities(&self) -> Result<AllowedIdentities, Failure> {
        let place = self.named.display();
        let text = std::str::from_utf8(&self.content)
            .map_err(|_| Failure::configuration(format!("{place} is not valid UTF-8")).with_hint("correct the file"))?;
        AllowedIdentities::parse(text)
            .map_err(|error| Failure::configuration(format!("{place}, {error}")).with_hint("correct that line first"))
    }

    /// Refuses a file in a work tree: of the repository in use, and of another in which it lies.
    ///
    /// # Errors
    /// It lies in one, or a repository cannot be read.
    pub(super) fn refuse_in_work_tree(&self, repository: Option<&Repository>) -> Result<(), Failure> {
        let folder = self.real.ancestors().skip(1).find(|folder| folder.is_dir());
        // what is no repository that git would open has no branches to change
        let around = folder.and_then(|folder| Repository::discover_from(folder).ok().flatten());
        for repository in repository.into_iter().chain(around.as_ref()) {
            if repository.first_in_work_tree([self.named.clone(), self.real.clone()])?.is_some() {
                let message = format!("{} is in a work tree: anyone who can change a branch there can change it", self.named.display());
                return Err(Failure::configuration(message)
                    .with_hint("move it, and set paraph.allowedIdentities to its new place, or edit it by hand"));
            }
        }
        Ok(())
    }

    /// Adds a line at the end: the whole file is replaced in one step. Another process that adds one waits for nobody: it is refused.
    ///
    /// # Errors
    /// The file cannot be written, or was changed meanwhile. Nothing was changed then.
    pub(super) fn add(&self, line: &str) -> Result<(), Failure> {
        if let Some(folder) = self.real.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::io(&format!("{} cannot be created", folder.display()), &error))?;
        }
        let lock = Lock::take(&self.real)?;
        // another process may have added a line meanwhile
        if Self::read(&self.real)? != self.content {
            let message = format!("{} was changed meanwhile", self.named.display());
            return Err(Failure::system(message).with_hint("call the command again"));
        }
        let mut content = self.content.clone();
        if !content.is_empty() && !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        content.extend_from_slice(format!("{line}\n").as_bytes());
        lock.replace(&self.real, &content).map_err(|error| Failure::io(&format!("{} cannot be written", self.named.display()), &error))
    }
}

/// The new file beside the old one, which keeps other processes away. It is removed if it does not take the place of the old one.
struct Lock(PathBuf);

impl Lock {
    fn take(of: &Path) -> Result<Self, Failure> {
        let mut name = of.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        match creating().create_new(true).open(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::system(format!("{} exists: another process changes the file, or was interrupted", path.display()))
                    .with_hint("wait for it; if there is none, remove that file"))
            }
            Err(error) => Err(Failure::io(&format!("{} cannot be created", path.display()), &error)),
        }
    }

    fn replace(self, old: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.0)?;
        file.write_all(content)?;
        if let Ok(found) = old.metadata() {
            file.set_permissions(found.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&self.0, old)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // after the file took the place of the old one, there is none
        let _ = std::fs::remove_file(&self.0);
    }
}
