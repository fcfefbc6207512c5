//! The policy that an argument names: a file, standard input, or the file of a commit.

use crate::{
    cli::{exit::Failure, input::read_at_most},
    escape::Escaped,
    repository::{ObjectKind, Repository, TreeEntry},
    repository_policy::{FILE, MAX_FILE, PolicyFile},
    selection::SelectionError,
};
use std::path::{Path, PathBuf};

/// A policy with its name for messages, escaped.
pub(super) struct NamedPolicy {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) policy: PolicyFile,
}

impl NamedPolicy {
    /// The policy of a file or of a revision; without a name, that of the work tree. A branch brings files along, so a name that is both is
    /// neither.
    pub(super) fn read(named: Option<&str>) -> Result<Self, Failure> {
        match named {
            None => Self::of_file(&in_work_tree()?),
            Some("-") => Self::of_file(Path::new("-")),
            Some(name) if Path::new(name).is_file() => match Repository::discover()?.is_some_and(|here| here.object(name).is_ok()) {
                true => Err(Failure::usage(format!("{name} is a file and a revision")).with_hint(format!("write ./{name} for the file"))),
                false => Self::of_file(Path::new(name)),
            },
            Some(revision) => Self::of_revision(revision),
        }
    }

    /// The policy of a file; `-` is standard input.
    pub(super) fn of_file(path: &Path) -> Result<Self, Failure> {
        let (named, shown) = match path.as_os_str() == "-" {
            true => (None, Path::new("standard input")),
            false => (Some(path), path),
        };
        Self::parse(shown, read_at_most(named, MAX_FILE + 1)?)
    }

    /// The policy of a revision, whatever files there are.
    pub(super) fn of_revision(revision: &str) -> Result<Self, Failure> {
        let repository = Repository::discover()?.ok_or_else(|| {
            Failure::object(format!("there is no file {revision}, and no repository here"))
                .with_hint("name a file, or change into a repository")
        })?;
        let object = repository.object(revision)?;
        if object.kind == ObjectKind::Blob {
            return Self::parse(Path::new(revision), object.bytes);
        }
        let missing = || Failure::object(format!("{revision} has no file {FILE}")).with_hint("name a commit that has one");
        let commit = repository.commit_behind_object(&object.id)?.ok_or_else(missing)?;
        let Some(TreeEntry::File { id }) = repository.entry_at(&commit, FILE)? else { return Err(missing()) };
        let bytes = repository.file(&id, MAX_FILE)?;
        let place = format!("{revision}:{FILE}");
        Self::parse(Path::new(&place), bytes.ok_or_else(|| Failure::configuration(format!("{place} is larger than a policy may be")))?)
    }

    fn parse(place: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        let policy = PolicyFile::parse(&bytes);
        let policy = policy.map_err(|cause| SelectionError::PolicyFile { path: place.to_owned(), cause })?;
        Ok(Self { name: Escaped(&place.to_string_lossy()).to_string(), bytes, policy })
    }
}

/// The policy file of the work tree.
fn in_work_tree() -> Result<PathBuf, Failure> {
    let repository = Repository::discover()?;
    let top = repository.as_ref().and_then(Repository::work_tree);
    top.map(|top| top.join(FILE)).ok_or_else(|| Failure::usage("there is no work tree here").with_hint("name the file or a commit"))
}
