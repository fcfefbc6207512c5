//! Git repositories: finds them, and reads their configuration, revisions and objects. Nothing is written.
//!
//! Only this module uses gix. It reads what git would read, and refuses what git refuses (`safe.directory`, `safe.bareRepository`).
//! Verification needs three differences from git:
//!
//! - Replacement objects and grafts are not followed.
//! - An ambiguous name is an error, not a warning.
//! - The bytes of an object are hashed again and compared with its id, and with every other copy of the object.
//!
//! Git itself is called for what gix cannot read: references in the reftable format, and the quarantine of a push.

mod bounded;
mod commit_graphs;
mod commits;
mod config_entry;
mod configuration;
mod content;
mod copies;
mod discovery;
mod git;
mod guarded;
mod location;
mod loose_reference;
mod new_commits;
mod object_directories;
mod opening;
mod packed;
mod reading;
mod real_path;
mod references;
mod revision;
mod selected;
mod substitutes;
mod tree;
mod walk;
mod work_tree;

use crate::{
    git_parameters::{self, Parameter},
    object::ObjectFormat,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub(crate) use bounded::FileFault;
pub(crate) use config_entry::{ConfigEntry, Scope};
pub(crate) use configuration::global_configuration;
pub(crate) use content::{ContentFault, HashedContent};
pub(crate) use git::Error as GitError;
pub(crate) use guarded::Aliases;
pub(crate) use references::{Branches, TagReference, Tags, namespace_prefix};
pub(crate) use selected::{ReferenceSelection, is_of_git};
pub(crate) use substitutes::Substitutes;
pub(crate) use tree::TreeEntry;
pub(crate) use walk::{FoundCommit, Range, RepositoryHandle};

/// The largest object that is read, in bytes. Signed commits and tags are much smaller.
pub(crate) const OBJECT_LIMIT: u64 = crate::object::MAX_OBJECT as u64;

/// An open repository.
#[derive(Debug)]
pub(crate) struct Repository {
    gix: gix::Repository,
    /// Whether git resolves revisions, because gix cannot read the format of the references.
    references_by_git: bool,
    /// The file of packed references, once it was needed.
    packed_references: packed::RememberedFile,
    /// The reader if git reads objects, because some may be where gix does not look: the environment names another object directory (the
    /// quarantine of a push), or an alternate has alternates with relative paths.
    objects_by_git: Option<Arc<git::Objects>>,
    /// The configuration as git reads it, once it was needed.
    configuration_by_git: std::cell::OnceCell<Option<Vec<ConfigEntry>>>,
    /// The places with copies of objects, opened for the first object.
    copies: Arc<OnceLock<copies::Copies>>,
    /// Set once what git reads was checked.
    is_checked_for_git: std::cell::OnceCell<()>,
    /// The real paths of its folders.
    real_folders: real_path::RealFolders,
}

/// An object as it is stored, and the id of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawObject {
    /// The object id in lower-case hexadecimal: the computed hash of `bytes`.
    pub id: String,
    /// The hash function of `id`.
    pub format: ObjectFormat,
    /// The type of the object.
    pub kind: ObjectKind,
    /// The object's content without git's header.
    pub bytes: Vec<u8>,
    /// The full name of the reference, if the revision was one (`HEAD`, `refs/tags/v1`).
    pub reference: Option<String>,
}

/// The type of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ObjectKind {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
    /// A file's content.
    Blob,
    /// A directory.
    Tree,
}

/// Why a repository, its configuration or an object cannot be read. The messages may contain bytes from outside: escape them before printing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It belongs to another user, and `safe.directory` does not list it.
    #[error("the repository {} belongs to another user", .0.display())]
    ForeignOwner(PathBuf),
    /// `safe.bareRepository` is `explicit`.
    #[error("the bare repository {} was found by its location, which safe.bareRepository=explicit forbids", .0.display())]
    ImplicitBareRepository(PathBuf),
    /// It exists but cannot be opened.
    #[error("the git repository at {} cannot be opened: {cause}", .path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// `GIT_OBJECT_DIRECTORY` names no folder.
    #[error("the variable GIT_OBJECT_DIRECTORY names {}, which is not a folder", .0.display())]
    ObjectDirectory(PathBuf),
    /// `core.worktree` or `GIT_WORK_TREE` names no folder.
    #[error("the repository's work tree {} is not a folder", .0.display())]
    WorkTree(PathBuf),
    /// The current folder cannot be read.
    #[error("the current folder cannot be read: {0}")]
    CurrentDirectory(std::io::Error),
    /// A configuration file is malformed or cannot be read.
    #[error("git's configuration cannot be read: {0}")]
    Configuration(String),
    /// `GIT_CONFIG_PARAMETERS` is not in git's format.
    #[error("the variable GIT_CONFIG_PARAMETERS is not in the format of git")]
    Parameters,
    /// It is not a valid revision.
    #[error("\"{revision}\" is not a valid revision: {reason}")]
    BadRevision {
        /// The revision as given.
        revision: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No object has this name.
    #[error("\"{revision}\" is not an object in this repository{}", Cause(.cause))]
    UnknownRevision {
        /// The revision as given.
        revision: String,
        /// Why; may be empty.
        cause: String,
    },
    /// No object has this name in a shallow clone, which has only the end of the history.
    #[error("\"{0}\" is not in this shallow clone")]
    NotInShallowClone(String),
    /// It is not a commit, so that it has no history.
    #[error("\"{0}\" is not a commit; a range consists of commits")]
    NoCommit(String),
    /// Several objects have this name.
    #[error("\"{revision}\" is ambiguous: it can mean {}", .meanings.join(" or "))]
    AmbiguousRevision {
        /// The revision as given.
        revision: String,
        /// The full names that it can mean.
        meanings: Vec<String>,
    },
    /// The object is not here.
    #[error("the object {0} is not in this repository")]
    MissingObject(String),
    /// The object is here but cannot be read.
    #[error("the object {id} is damaged{}: {cause}", In(.file))]
    DamagedObject {
        /// Its id.
        id: String,
        /// The file that holds it, if it is known.
        file: Option<PathBuf>,
        /// The cause.
        cause: String,
    },
    /// The object is larger than [`OBJECT_LIMIT`].
    #[error("the object {id} has {size} bytes; at most {limit} are read")]
    ObjectTooLarge {
        /// Its id.
        id: String,
        /// Its type.
        kind: ObjectKind,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The stored bytes have another id.
    #[error("the bytes stored for the object {id} are those of {computed}: the repository is damaged or was tampered with")]
    ObjectIdMismatch {
        /// The requested id.
        id: String,
        /// The type of the stored object.
        kind: ObjectKind,
        /// The id of the stored bytes.
        computed: String,
    },
    /// Another copy of the object has other content.
    #[error("the repository has two contents for the object {id}, and git may read either: {cause}")]
    ObjectCopiesDiffer {
        /// Its id.
        id: String,
        /// The type of the copy that was read.
        kind: ObjectKind,
        /// Which copy differs.
        cause: String,
    },
    /// A commit-graph says something else about the commit.
    #[error("a commit-graph contradicts the commit {id}, and git shows what it says: {cause}")]
    CommitGraphDiffers {
        /// The commit's id.
        id: String,
        /// A commit.
        kind: ObjectKind,
        /// What it contradicts.
        cause: String,
    },
    /// A commit-graph cannot be read.
    #[error("the commit-graph in {} cannot be read, and git may use it: {cause}", .path.display())]
    CommitGraph {
        /// The folder.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// The stored bytes are part of a SHA-1 collision.
    #[error("the bytes stored for the object {id} are part of a SHA-1 collision: other content can have the same id")]
    Sha1Collision {
        /// The requested id.
        id: String,
        /// The type of the stored object.
        kind: ObjectKind,
    },
    /// A reference points to a missing object.
    #[error("the reference {reference} points to the object {id}, which is missing")]
    BrokenReference {
        /// The full name of the reference.
        reference: String,
        /// The id of the object.
        id: String,
    },
    /// The history cannot be read.
    #[error("the history cannot be read: {0}")]
    Walk(String),
    /// The file `packed-refs` has a name more than once.
    #[error("the file packed-refs has the reference {0} more than once")]
    RepeatedReference(String),
    /// A file of the references or objects cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    ObjectStore {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// A file of the repository is a device or a pipe, or too large.
    #[error("{} {fault}", .path.display())]
    IrregularFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        fault: FileFault,
    },
    /// A pattern of `paraph.guardedRefs` that guards nothing.
    #[error("paraph.guardedRefs has the pattern \"{0}\"; expected a full name of a ref, with up to 8 asterisks")]
    ReferencePattern(String),
    /// A pattern of `--include-ref` or `--exclude-ref` that matches nothing.
    #[error("\"{0}\" matches no ref; expected a full name of a ref, with up to 8 asterisks")]
    SelectionPattern(String),
    /// Git was called and failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Error {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::ForeignOwner(path) => Some(format!("if you trust it, run `git config --global --add safe.directory {}`", path.display())),
            Self::ImplicitBareRepository(_) => Some("name it with GIT_DIR or --git-dir".to_owned()),
            Self::AmbiguousRevision { meanings, .. } => Some(match meanings.iter().find(|meaning| meaning.starts_with("refs/")) {
                Some(name) => format!("give the full name, for example `{name}`"),
                None => "give the full name".to_owned(),
            }),
            Self::RepeatedReference(name) => Some(format!("set it again with `git update-ref {name} ID`, and run `git pack-refs --all`")),
            Self::ReferencePattern(_) => {
                Some("begin each pattern with `refs/`, as in `refs/heads/*`, and put spaces between patterns".to_owned())
            }
            Self::SelectionPattern(_) => Some("begin the pattern with `refs/`, as in `refs/notes/*`".to_owned()),
            Self::CommitGraph { .. } => Some("write it again with `git commit-graph write --reachable`".to_owned()),
            Self::MissingObject(_) => Some("fetch it".to_owned()),
            Self::IrregularFile { .. } => Some("find out who made it so; do not use this repository until it is repaired".to_owned()),
            Self::NotInShallowClone(_) => {
                Some("fetch the rest of the history with `git fetch --unshallow`, or check the spelling".to_owned())
            }
            Self::Git(GitError::UnknownExtension { extensions, .. }) if extensions.contains("refstorage") => {
                Some("use git 2.45 or newer, which knows the format reftable".to_owned())
            }
            Self::Git(GitError::UnknownExtension { .. }) => Some("use a newer git".to_owned()),
            Self::Git(GitError::Listing(_)) => Some("run `git fsck` where the commits come from, and here".to_owned()),
            Self::Git(GitError::UnknownVersion { .. }) => Some("use newer versions of git and paraph".to_owned()),
            Self::Git(GitError::ExtensionOfVersion1 { .. }) => {
                Some("set core.repositoryFormatVersion to 1 in the repository's file config".to_owned())
            }
            Self::DamagedObject { .. }
            | Self::BrokenReference { .. }
            | Self::ObjectCopiesDiffer { .. }
            | Self::CommitGraphDiffers { .. }
            | Self::ObjectStore { .. } => Some("look for the cause with `git fsck`".to_owned()),
            Self::BadRevision { revision, .. } | Self::UnknownRevision { revision, .. } if revision::is_path(revision) => {
                Some("give a commit, a tag or a range; to verify a file, use `paraph verify-file`".to_owned())
            }
            Self::UnknownRevision { cause, .. } if cause.is_empty() => Some("check the spelling, or fetch it with `git fetch`".to_owned()),
            Self::UnknownRevision { revision, .. } if revision == "HEAD" => {
                Some("make a first commit, or give a branch of `git branch --all`".to_owned())
            }
            Self::UnknownRevision { .. } => Some("look for it with `git log`".to_owned()),
            Self::BadRevision { .. } => Some("give a commit, a tag or a range in git's syntax".to_owned()),
            Self::NoCommit(_) => Some("give a commit, or a tag of a commit".to_owned()),
            Self::Parameters => Some("unset GIT_CONFIG_PARAMETERS".to_owned()),
            Self::ObjectDirectory(_) => Some("unset it, or let it name a folder of objects".to_owned()),
            Self::WorkTree(_) => Some("correct core.worktree or GIT_WORK_TREE".to_owned()),
            Self::Open { .. } => Some("correct it, or restore it from a copy; `git status` must succeed too".to_owned()),
            Self::CurrentDirectory(_) => Some("change to a folder that exists".to_owned()),
            Self::Configuration(_) => Some("correct it; `git config --list` must succeed too".to_owned()),
            Self::ObjectTooLarge { .. } | Self::ObjectIdMismatch { .. } | Self::Sha1Collision { .. } | Self::Walk(_) | Self::Git(_) => None,
        }
    }
}

impl Repository {
    /// The repository of the current folder, as git finds it: `GIT_DIR`, otherwise the folder or a parent. `None` if there is none.
    ///
    /// # Errors
    /// If the repository is damaged or belongs to another user. Ignoring it would ignore the restrictions in its configuration.
    pub(crate) fn discover() -> Result<Option<Self>, Error> {
        Self::discover_from(&std::env::current_dir().map_err(Error::CurrentDirectory)?)
    }

    /// [`Repository::discover`] from another folder.
    pub(crate) fn discover_from(directory: &Path) -> Result<Option<Self>, Error> {
        object_directories::check_variable(Path::new(""))?;
        bounded::check_before_opening(directory)?;
        let is_named = std::env::var_os("GIT_DIR").is_some();
        let place = discovery::place(directory)?;
        let repository = match discovery::find(directory, &place, &options(Ownership::Required)?.full) {
            Ok(found) => {
                discovery::check(found.as_ref(), &place)?;
                let Some(gix) = found else { return Ok(None) };
                Self::new(gix)?
            }
            Err(error) if discovery::is_foreign(&error) => {
                let found = discovery::find(directory, &place, &options(Ownership::Ignored)?.full);
                let Some(gix) = found.map_err(|error| opening(&error, directory.to_owned()))? else { return Ok(None) };
                discovery::check(Some(&gix), &place)?;
                let repository = Self::new(gix)?;
                if !repository.place().is_dir() {
                    return Err(Error::WorkTree(repository.place().to_owned()));
                }
                // like git, trust a repository that the caller names, and one that the call declares safe
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
    #[cfg(test)]
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        match gix::ThreadSafeRepository::open_opts(path, options(Ownership::Required)?.full) {
            Ok(gix) => Self::new(gix.to_thread_local()),
            Err(error) if discovery::is_foreign(&error) => Err(Error::ForeignOwner(path.to_owned())),
            Err(error) => Err(opening(&error, path.to_owned())),
        }
    }

    /// The git directory; in a linked work tree, its own and not the shared one.
    pub(crate) fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The git directory that all linked work trees share.
    pub(crate) fn common_dir(&self) -> &Path {
        self.gix.common_dir()
    }

    /// The folder of the work tree; `None` in a bare repository.
    pub(crate) fn work_tree(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// The hash function of the repository's object ids.
    pub(crate) fn format(&self) -> ObjectFormat {
        match self.gix.object_hash() {
            gix::hash::Kind::Sha256 => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        }
    }

    /// The object that a revision names, in git's syntax: `HEAD`, `main`, `v1`, `refs/tags/v1`, `HEAD~2`, `v1^{commit}`, an id.
    ///
    /// A tag is the tag object itself, not its target.
    ///
    /// # Errors
    /// If no object or more than one object has this name, or the object cannot be read.
    pub(crate) fn object(&self, revision: &str) -> Result<RawObject, Error> {
        let read = self.resolve(revision).and_then(|resolved| self.checked_object(&resolved.id, resolved.reference));
        read.map_err(|error| self.in_shallow_clone(error, revision))
    }

    fn new(mut gix: gix::Repository) -> Result<Self, Error> {
        gix.objects.ignore_replacements = true;
        // GIT_NAMESPACE applies to serving a repository; git's other commands ignore it
        gix.clear_namespace();
        let format = gix.config_snapshot().plumbing().string("extensions.refStorage");
        let references_by_git = format.is_some_and(|format| !format.eq_ignore_ascii_case(b"files"));
        let is_elsewhere = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"].iter().any(|name| std::env::var_os(name).is_some());
        let is_elsewhere = is_elsewhere || object_directories::differ_for_gix(&gix.common_dir().join("objects"))?;
        let objects_by_git = is_elsewhere.then(Arc::default);
        Ok(Self {
            gix,
            references_by_git,
            packed_references: packed::RememberedFile::default(),
            objects_by_git,
            configuration_by_git: std::cell::OnceCell::new(),
            copies: Arc::default(),
            is_checked_for_git: std::cell::OnceCell::new(),
            real_folders: real_path::RealFolders::default(),
        })
    }

    /// The folder that `safe.directory` lists for the repository.
    pub(crate) fn place(&self) -> &Path {
        self.work_tree().unwrap_or(self.git_dir())
    }

    /// Git's rule for `safe.directory` in `git -c` and in git's variables, which gix does not read.
    fn is_safe_by_call(&self) -> Result<bool, Error> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let place = real(self.place());
        let mut is_safe = false;
        for entry in self.configuration(&["safe"])? {
            if entry.name == "directory" && matches!(entry.scope, Scope::Environment | Scope::CommandLine) {
                is_safe = match entry.value.as_deref().map(String::from_utf8_lossy).as_deref() {
                    // an empty value removes the earlier ones
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
}

/// The id of an object with these bytes; `None` for a SHA-1 collision.
pub(crate) fn object_id(kind: ObjectKind, bytes: &[u8], format: ObjectFormat) -> Option<String> {
    let hash = match format {
        ObjectFormat::Sha1 => gix::hash::Kind::Sha1,
        ObjectFormat::Sha256 => gix::hash::Kind::Sha256,
    };
    let kind = match kind {
        ObjectKind::Commit => gix::objs::Kind::Commit,
        ObjectKind::Tag => gix::objs::Kind::Tag,
        ObjectKind::Blob => gix::objs::Kind::Blob,
        ObjectKind::Tree => gix::objs::Kind::Tree,
    };
    gix::objs::compute_hash(hash, kind, bytes).ok().map(|id| id.to_hex().to_string())
}

impl ObjectKind {
    /// Git's name of the type: `commit`, `tag`, `blob`, `tree`.
    pub(crate) fn name(self) -> &'static str {
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

struct In<'a>(&'a Option<PathBuf>);

impl std::fmt::Display for In<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |file| write!(f, " in {}", file.display()))
    }
}

/// Whether the owner of a repository matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ownership {
    /// The repository must belong to the user, or be listed in `safe.directory` of the user's or the system's configuration.
    Required,
    /// Any owner is accepted.
    Ignored,
}

/// The options for opening repositories. They are the same for every level of trust: a repository that git refuses is refused as well.
fn options(ownership: Ownership) -> Result<gix::sec::trust::Mapping<gix::open::Options>, Error> {
    let overrides: Vec<String> = command_line_parameters()?.iter().filter_map(Parameter::as_override).collect();
    let mut permissions = gix::open::Permissions::default();
    if std::env::var_os("XDG_CONFIG_HOME").is_some_and(|folder| folder.is_empty()) {
        permissions.env.xdg_config_home = gix::sec::Permission::Deny;
    }
    let options = gix::open::Options::default()
        .permissions(permissions)
        .bail_if_untrusted(ownership == Ownership::Required)
        .strict_config(true)
        .lossy_config(true)
        .config_overrides(["core.useReplaceRefs=false".to_owned(), format!("gitoxide.objects.allocLimit={OBJECT_LIMIT}")])
        .cli_overrides(overrides);
    Ok(gix::sec::trust::Mapping { full: options.clone(), reduced: options })
}

/// The variable for git's configuration files. To git, an empty `XDG_CONFIG_HOME` is none.
fn file_variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| name != "XDG_CONFIG_HOME" || !value.is_empty())
}

/// The settings of git's command line, in their order.
fn command_line_parameters() -> Result<Vec<Parameter>, Error> {
    match std::env::var_os("GIT_CONFIG_PARAMETERS") {
        None => Ok(Vec::new()),
        Some(value) => git_parameters::parse(value.to_str().ok_or(Error::Parameters)?).ok_or(Error::Parameters),
    }
}

fn opening(error: &gix::Error, path: PathBuf) -> Error {
    let cause = opening::cause(error, Some(&path));
    match chain(error).split_once("only versions 0 and 1 are supported, input=").and_then(|(_, rest)| rest.split([',', ' ']).next()) {
        Some(version) => GitError::UnknownVersion { version: version.to_owned() }.into(),
        None => Error::Open { path, cause },
    }
}

/// An error of gix with its causes, in one line.
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
