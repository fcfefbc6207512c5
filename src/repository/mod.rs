//! Git repositories: where they are, what their configuration says, which object a revision names, and that object's bytes.
//!
//! This is the only room that knows gix. It reads what git itself would read, refuses what git refuses (`safe.directory`,
//! `safe.bareRepository`), and differs in three ways that verification needs: replacement objects and grafts are not followed, an
//! ambiguous name is an error instead of a warning, and the bytes of an object are hashed again and compared with its id. Where gix
//! does not reach (references in the reftable format, the quarantine of a push), git itself is asked. It never writes.

mod configuration;
mod git;
mod new;
mod references;
mod revision;
mod walk;

use crate::{
    git_parameters::{self, Parameter},
    object::ObjectFormat,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use configuration::{Entry, Scope, global_configuration};
pub use git::Error as GitError;
pub use new::{KnownReferences, NewCommits};
pub use references::{TagReference, Tags};
pub use walk::{Commits, Found, Handle, Range};

/// The largest object that is read: no signed commit or tag comes near it.
pub const OBJECT_LIMIT: u64 = crate::object::MAX_OBJECT as u64;

/// An open repository.
#[derive(Debug)]
pub struct Repository {
    gix: gix::Repository,
    /// References are stored in a format that gix does not read, so git resolves revisions.
    references_by_git: bool,
    /// The environment names another object directory (a push's quarantine), so git reads objects.
    objects_by_git: Option<Arc<git::Objects>>,
}

/// An object as it is stored, with the id that its bytes have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// The object id in lower-case hexadecimal: the hash of `bytes`, computed anew.
    pub id: String,
    /// The hash that `id` is.
    pub format: ObjectFormat,
    /// What the object is.
    pub kind: ObjectKind,
    /// The object's content without git's header.
    pub bytes: Vec<u8>,
    /// The full name of the reference, where the revision was one (`HEAD`, `refs/tags/v1`).
    pub reference: Option<String>,
}

/// The type of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
    /// A file's content.
    Blob,
    /// A directory.
    Tree,
}

/// Why a repository, its configuration or an object could not be read. The texts may hold bytes from outside: escape before printing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `safe.directory` does not name it.
    #[error("the repository {} belongs to another user, so it is not read; if you trust it, run: git config --global --add safe.directory {}", .0.display(), .0.display())]
    ForeignOwner(PathBuf),
    /// `safe.bareRepository` is `explicit`.
    #[error("the bare repository {} was found by its place alone, which safe.bareRepository=explicit forbids; name it with GIT_DIR or --git-dir", .0.display())]
    ImplicitBareRepository(PathBuf),
    /// There is none, and the caller asked for one.
    #[error("{} is not a git repository, and no parent folder is one", .0.display())]
    NoRepository(PathBuf),
    /// It is there and cannot be opened.
    #[error("the git repository at {} cannot be opened: {cause}", .path.display())]
    Open {
        /// Where it was looked for.
        path: PathBuf,
        /// What git's files or the system said.
        cause: String,
    },
    /// The current folder is gone or not readable.
    #[error("the current folder cannot be read: {0}")]
    CurrentDirectory(std::io::Error),
    /// A configuration file is malformed or not readable.
    #[error("git's configuration cannot be read: {0}")]
    Configuration(String),
    /// `GIT_CONFIG_PARAMETERS` is not as git writes it.
    #[error("the variable GIT_CONFIG_PARAMETERS is not in the format in which git passes `git -c` on")]
    Parameters,
    /// Not a name that could be a revision.
    #[error("'{revision}' cannot name an object: {reason}")]
    BadRevision {
        /// As given.
        revision: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing has this name.
    #[error("'{revision}' names no object in this repository{}", Cause(.cause))]
    UnknownRevision {
        /// As given.
        revision: String,
        /// More about it; may be empty.
        cause: String,
    },
    /// It names something that has no history.
    #[error("'{0}' names no commit, and only commits make a range")]
    NoCommit(String),
    /// Several things have this name.
    #[error("'{revision}' is ambiguous, it may mean {}; give the full name", .meanings.join(" or "))]
    AmbiguousRevision {
        /// As given.
        revision: String,
        /// The full names that it may mean.
        meanings: Vec<String>,
    },
    /// The id is known, the object is not here.
    #[error("the object {0} is not in this repository; fetch it first")]
    MissingObject(String),
    /// The object is here and cannot be read.
    #[error("the object {id} cannot be read: {cause}; `git fsck` tells more")]
    DamagedObject {
        /// Its id.
        id: String,
        /// What is wrong.
        cause: String,
    },
    /// More than [`OBJECT_LIMIT`].
    #[error("the object {id} has {size} bytes, more than the {limit} that are read")]
    ObjectTooLarge {
        /// Its id.
        id: String,
        /// What it is.
        kind: ObjectKind,
        /// Its size.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The stored bytes belong to another id.
    #[error("the bytes stored for the object {id} are those of {computed}: the repository is damaged or was tampered with")]
    ObjectIdMismatch {
        /// The id that was asked for.
        id: String,
        /// What is stored there.
        kind: ObjectKind,
        /// The id of the bytes.
        computed: String,
    },
    /// The stored bytes were made so that others have the same SHA-1.
    #[error("the bytes stored for the object {id} are made for a collision of SHA-1: it may stand for other content")]
    Sha1Collision {
        /// The id that was asked for.
        id: String,
        /// What is stored there.
        kind: ObjectKind,
    },
    /// A reference leads nowhere.
    #[error("the reference {reference} leads to the object {id}, which is not here or cannot be read; `git fsck` tells more")]
    BrokenReference {
        /// Its full name.
        reference: String,
        /// The object on the way.
        id: String,
    },
    /// History could not be followed.
    #[error("history cannot be followed: {0}")]
    Walk(String),
    /// git was asked and did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Repository {
    /// The repository of the current folder, as git finds it: `GIT_DIR`, else the folder and its parents.
    ///
    /// `None` where there is none. One that is there but damaged, or that belongs to somebody else, is an error: passing over it would
    /// pass over the restrictions in its configuration.
    pub fn discover() -> Result<Option<Self>, Error> {
        Self::discover_from(&std::env::current_dir().map_err(Error::CurrentDirectory)?)
    }

    /// [`Repository::discover`] from another folder than the current one.
    pub fn discover_from(directory: &Path) -> Result<Option<Self>, Error> {
        let is_named = std::env::var_os("GIT_DIR").is_some();
        let repository = match find(directory, options(Ownership::Required)?) {
            Ok(gix) => Self::new(gix)?,
            Err(error) if is_not_there(&error) => return Ok(None),
            Err(error) if is_foreign(&error) => {
                let gix = find(directory, options(Ownership::Ignored)?).map_err(|error| opening(&error, directory.to_owned()))?;
                let repository = Self::new(gix)?;
                // git trusts a repository that the caller named, and what the call itself says is safe.
                if !is_named && !repository.is_safe_by_call()? {
                    return Err(Error::ForeignOwner(repository.place().to_owned()));
                }
                repository
            }
            Err(error) => return Err(opening(&error, std::env::var_os("GIT_DIR").map_or(directory.to_owned(), PathBuf::from))),
        };
        if !is_named {
            repository.refuse_implicit_bare()?;
        }
        Ok(Some(repository))
    }

    /// The repository at `path`: a work tree or a git directory.
    pub fn open(path: &Path) -> Result<Self, Error> {
        match gix::ThreadSafeRepository::open_opts(path, options(Ownership::Required)?.full) {
            Ok(gix) => Self::new(gix.to_thread_local()),
            Err(error) if is_foreign(&error) => Err(Error::ForeignOwner(path.to_owned())),
            Err(error) => Err(opening(&error, path.to_owned())),
        }
    }

    /// The git directory; in a linked work tree its own, not the shared one.
    pub fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The git directory that all linked work trees share.
    pub fn common_dir(&self) -> &Path {
        self.gix.common_dir()
    }

    /// The work tree's folder; none in a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// The folders of all work trees of this repository: the main one, those linked to it, and this one.
    ///
    /// # Errors
    /// Where the list of the linked ones cannot be read.
    pub fn work_trees(&self) -> Result<Vec<PathBuf>, Error> {
        let unreadable = |error: &dyn std::fmt::Display| Error::Configuration(format!("the linked work trees cannot be listed: {error}"));
        let mut folders: Vec<PathBuf> = self.work_tree().map(Path::to_owned).into_iter().collect();
        // in a hook on a server, git names the git directory only
        let common = self.common_dir().canonicalize().map_err(|error| unreadable(&error))?;
        folders.extend(common.parent().filter(|_| common.ends_with(".git")).map(Path::to_owned));
        for linked in self.gix.worktrees().map_err(|error| unreadable(&error))? {
            folders.push(linked.base().map_err(|error| unreadable(&error))?);
        }
        Ok(folders)
    }

    /// The hash of the repository's object ids.
    pub fn format(&self) -> ObjectFormat {
        match self.gix.object_hash() {
            gix::hash::Kind::Sha256 => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        }
    }

    /// The object that a revision names, in git's syntax: `HEAD`, `main`, `v1`, `refs/tags/v1`, `HEAD~2`, `v1^{commit}`, an id.
    ///
    /// A tag is the tag object itself, not what it points to.
    pub fn object(&self, revision: &str) -> Result<RawObject, Error> {
        let resolved = self.resolve(revision)?;
        self.checked_object(&resolved.id, resolved.reference)
    }

    /// The object with this id; its bytes are hashed anew.
    fn checked_object(&self, id: &str, reference: Option<String>) -> Result<RawObject, Error> {
        let (kind, bytes) = match &self.objects_by_git {
            Some(objects) => objects.read(self, id)?,
            None => self.read(id)?,
        };
        self.with_its_id(id, kind, bytes, reference)
    }

    /// The object of these bytes, which are hashed anew.
    fn with_its_id(&self, id: &str, kind: gix::objs::Kind, bytes: Vec<u8>, reference: Option<String>) -> Result<RawObject, Error> {
        // the one error of this hash is a collision that somebody made; git refuses the same bytes
        let computed = gix::objs::compute_hash(self.gix.object_hash(), kind, &bytes)
            .map_err(|_| Error::Sha1Collision { id: id.to_owned(), kind: kind.into() })?
            .to_hex()
            .to_string();
        if computed != id {
            return Err(Error::ObjectIdMismatch { id: id.to_owned(), kind: kind.into(), computed });
        }
        Ok(RawObject { id: computed, format: self.format(), kind: kind.into(), bytes, reference })
    }

    fn new(mut gix: gix::Repository) -> Result<Self, Error> {
        gix.objects.ignore_replacements = true;
        // GIT_NAMESPACE is for what is served to others; git's own commands see all references by their names
        gix.clear_namespace();
        let format = gix.config_snapshot().plumbing().string("extensions.refStorage");
        let references_by_git = format.is_some_and(|format| !format.eq_ignore_ascii_case(b"files"));
        let is_elsewhere = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"].iter().any(|name| std::env::var_os(name).is_some());
        let objects_by_git = is_elsewhere.then(Arc::default);
        Ok(Self { gix, references_by_git, objects_by_git })
    }

    fn read(&self, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), Error> {
        let damaged = |cause: String| Error::DamagedObject { id: id.to_owned(), cause };
        let object_id = gix::ObjectId::from_hex(id.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        let header = self.gix.try_find_header(object_id).map_err(|error| damaged(chain(&error)))?;
        let header = header.ok_or_else(|| Error::MissingObject(id.to_owned()))?;
        within_limit(id, header.kind(), header.size())?;
        let object = self.gix.find_object(object_id).map_err(|error| damaged(chain(&error)))?.detach();
        within_limit(id, object.kind, u64::try_from(object.data.len()).unwrap_or(u64::MAX))?;
        Ok((object.kind, object.data))
    }

    /// The folder by which `safe.directory` names the repository.
    pub fn place(&self) -> &Path {
        self.work_tree().unwrap_or(self.git_dir())
    }

    /// git's rule for `safe.directory` in `git -c` and git's variables, which gix does not look at.
    fn is_safe_by_call(&self) -> Result<bool, Error> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let place = real(self.place());
        let mut is_safe = false;
        for entry in self.configuration(&["safe"])? {
            if entry.name == "directory" && matches!(entry.scope, Scope::Environment | Scope::CommandLine) {
                is_safe = match entry.value.as_deref().map(String::from_utf8_lossy).as_deref() {
                    // An empty value takes back the ones before it.
                    None | Some("") => false,
                    Some("*") => true,
                    Some(path) => match path.strip_suffix("/*") {
                        Some(parent) => is_safe || place.starts_with(real(Path::new(parent))),
                        None => is_safe || place == real(Path::new(path)),
                    },
                };
            }
        }
        Ok(is_safe)
    }

    /// git's rule for `safe.bareRepository=explicit`: only the user's and the system's configuration may set it, and a git directory
    /// that belongs to a work tree is not meant.
    fn refuse_implicit_bare(&self) -> Result<(), Error> {
        let directory = self.git_dir();
        let belongs_to_work_tree = directory.components().any(|part| part.as_os_str() == ".git");
        if self.work_tree().is_some() || belongs_to_work_tree {
            return Ok(());
        }
        let mut explicit = false;
        for entry in self.configuration(&["safe"])? {
            if entry.name == "barerepository" && !entry.scope.is_repository() {
                explicit = entry.value.as_deref() == Some(b"explicit".as_slice());
            }
        }
        if explicit { Err(Error::ImplicitBareRepository(directory.to_owned())) } else { Ok(()) }
    }
}

impl ObjectKind {
    /// The name that git gives it: `commit`, `tag`, `blob`, `tree`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Blob => "blob",
            Self::Tree => "tree",
        }
    }
}

impl From<gix::objs::Kind> for ObjectKind {
    fn from(kind: gix::objs::Kind) -> Self {
        match kind {
            gix::objs::Kind::Commit => Self::Commit,
            gix::objs::Kind::Tag => Self::Tag,
            gix::objs::Kind::Blob => Self::Blob,
            gix::objs::Kind::Tree => Self::Tree,
        }
    }
}

struct Cause<'a>(&'a str);

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// What is asked of the owner of a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ownership {
    /// It must be the user, or `safe.directory` of the user's or the system's configuration must name it.
    Required,
    /// The caller decides.
    Ignored,
}

/// How repositories are opened, the same for every level of trust: one that git would refuse is refused, not read with fewer rights.
fn options(ownership: Ownership) -> Result<gix::sec::trust::Mapping<gix::open::Options>, Error> {
    let overrides: Vec<String> = command_line_parameters()?.iter().filter_map(Parameter::as_override).collect();
    let options = gix::open::Options::default()
        .bail_if_untrusted(ownership == Ownership::Required)
        .strict_config(true)
        .lossy_config(true)
        .config_overrides(["core.useReplaceRefs=false".to_owned(), format!("gitoxide.objects.allocLimit={OBJECT_LIMIT}")])
        .cli_overrides(overrides);
    Ok(gix::sec::trust::Mapping { full: options.clone(), reduced: options })
}

/// What git's command line set, in its order.
fn command_line_parameters() -> Result<Vec<Parameter>, Error> {
    match std::env::var_os("GIT_CONFIG_PARAMETERS") {
        None => Ok(Vec::new()),
        Some(value) => git_parameters::parse(value.to_str().ok_or(Error::Parameters)?).ok_or(Error::Parameters),
    }
}

fn find(directory: &Path, options: gix::sec::trust::Mapping<gix::open::Options>) -> gix::Result<gix::Repository> {
    // so git names the repository of a server's hooks; gix takes it for a work tree where the folder is called `.git`
    if std::env::var_os("GIT_DIR").is_some_and(|place| place == ".")
        && let Ok(folder) = std::env::current_dir()
    {
        return gix::ThreadSafeRepository::open_opts(folder, options.full.open_path_as_is(true)).map(|found| found.to_thread_local());
    }
    let upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
    gix::ThreadSafeRepository::discover_with_environment_overrides_opts(directory, upwards, options).map(|found| found.to_thread_local())
}

fn within_limit(id: &str, kind: gix::objs::Kind, size: u64) -> Result<(), Error> {
    if size > OBJECT_LIMIT {
        Err(Error::ObjectTooLarge { id: id.to_owned(), kind: kind.into(), size, limit: OBJECT_LIMIT })
    } else {
        Ok(())
    }
}

fn is_not_there(error: &gix::Error) -> bool {
    use gix::discover::upwards::Error as Upwards;
    matches!(
        error.downcast_any_ref::<Upwards>(),
        Some(Upwards::NoGitRepository { .. } | Upwards::NoGitRepositoryWithinCeiling { .. } | Upwards::NoGitRepositoryWithinFs { .. })
    )
}

/// gix tells an owner's fault by its text alone: other refusals of access are of the same class.
fn is_foreign(error: &gix::Error) -> bool {
    error.iter_errors().any(|source| source.to_string().contains("is considered unsafe"))
}

fn opening(error: &gix::Error, path: PathBuf) -> Error {
    Error::Open { path, cause: chain(error) }
}

/// An error of gix in one line: what happened, then why.
fn chain(error: &gix::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for source in error.iter_errors() {
        let text = source.to_string();
        if !text.is_empty() && texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests;
