//! The subjects of a statement.

use crate::{
    cli::{exit::Failure, sign::Input},
    repository::{ObjectKind, Repository},
};
use serde_json::{Value, json};
use std::ffi::OsStr;

/// A subject with one digest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct StatementSubject {
    /// Its name, as it was given: a file's without folders.
    pub(in crate::cli) name: String,
    /// The name of the digest, from in-toto's digest sets.
    algorithm: &'static str,
    /// In hexadecimal.
    digest: String,
}

impl StatementSubject {
    /// A file, or the digest of one. A name that is also a revision is refused, because nobody knows which one a reader would mean.
    pub(super) fn of_file(argument: &OsStr, repository: Option<&Repository>) -> Result<Self, Failure> {
        let input = Input::parse(argument)?;
        let is_revision = || {
            let revision = argument.to_str().filter(|_| matches!(input, Input::File(_)));
            revision.zip(repository).is_some_and(|(revision, repository)| repository.object(revision).is_ok())
        };
        let Input::File(path) = &input else { return Self::read(&input, input.name()) };
        match (path.symlink_metadata().is_ok(), is_revision()) {
            (true, false) | (false, false) => {
                let name = path.file_name().unwrap_or(argument).to_string_lossy().into_owned();
                Self::read(&input, name)
            }
            (true, true) => Err(Failure::usage(format!("\"{}\" is a file and a git revision", path.display()))
                .with_hint(format!("write ./{} for the file, or add --rev for the revision", path.display()))),
            (false, true) => Err(Failure::usage(format!("\"{}\" is a git revision, not a file", path.display())).with_hint("add --rev")),
        }
    }

    /// A file of a release, by its name without folders.
    pub(in crate::cli) fn of_release(argument: &OsStr) -> Result<Self, Failure> {
        let input = Input::parse(argument)?;
        let Input::File(path) = &input else {
            return Err(Failure::usage(format!("{} is not a file", input.name())).with_hint("a release is of files"));
        };
        let name = path.file_name().unwrap_or(argument).to_string_lossy().into_owned();
        Self::read(&input, name)
    }

    fn read(input: &Input, name: String) -> Result<Self, Failure> {
        let digest = hex::encode(input.digest()?);
        Ok(Self { name, algorithm: "sha256", digest })
    }

    /// A commit, tag or tree, by its object id.
    pub(super) fn of_revision(argument: &OsStr, repository: &Repository) -> Result<Self, Failure> {
        let revision = argument.to_str().ok_or_else(|| Failure::usage("a revision is not valid UTF-8"))?;
        let object = repository.object(revision)?;
        let algorithm = match object.kind {
            ObjectKind::Commit => "gitCommit",
            ObjectKind::Tag => "gitTag",
            ObjectKind::Tree => "gitTree",
            ObjectKind::Blob => {
                return Err(Failure::object(format!("\"{revision}\" is a blob; expected a commit, tag or tree"))
                    .with_hint("write the file out and attest it as a file"));
            }
        };
        Ok(Self { name: revision.to_owned(), algorithm, digest: object.id })
    }

    /// As a statement has it.
    pub(in crate::cli) fn to_json(&self) -> Value {
        json!({ "name": self.name, "digest": { self.algorithm: self.digest } })
    }
}
