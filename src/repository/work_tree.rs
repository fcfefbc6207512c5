//! Whether the tracked files are those of a commit. git compares them with an index that is new, because the repository's index can call a
//! file unchanged without a look at it. Only the user's own configuration starts a program here.

use super::{Error as RepositoryError, Repository, git::Error};
use crate::git_process;
use gix::bstr::ByteSlice as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Variables that are about one repository.
const VARIABLES: [&str; 4] = ["GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR"];

/// Submodules inside submodules, at most.
const MAX_DEPTH: usize = 32;

/// Settings that let git pass over a change, or start a program of the repository.
const SETTINGS: &[(&str, &str)] = &[
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.ignoreStat", "false"),
    ("core.splitIndex", "false"),
    // elsewhere, a file system can lack modes and links
    #[cfg(unix)]
    ("core.fileMode", "true"),
    #[cfg(unix)]
    ("core.symlinks", "true"),
];

impl Repository {
    /// A tracked file that is not as the commit has it, or that the index has and the commit does not. Files that a sparse checkout leaves
    /// out, and submodules that are not checked out, may be missing.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn modified_file(&self, commit: &str) -> Result<Option<PathBuf>, RepositoryError> {
        self.check_for_git()?;
        let here = std::env::current_dir().map_err(RepositoryError::CurrentDirectory)?;
        let top = self.work_tree().ok_or_else(|| failed("there is no work tree"))?;
        let tree = WorkTree::new(here.join(self.git_dir()), here.join(top), false)?;
        tree.modified_file(commit, MAX_DEPTH)
    }
}

/// A work tree, as git reads it without the repository's own programs.
struct WorkTree {
    git_dir: PathBuf,
    top: PathBuf,
    /// Holds the new index, and no hook.
    folder: tempfile::TempDir,
    /// Further settings: programs of the repository that do not run.
    filters: BTreeMap<String, String>,
    /// Whether it is a submodule's, to which the variables of the call do not apply.
    is_submodule: bool,
}

/// Which index git reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Own,
    New,
}

impl WorkTree {
    fn new(git_dir: PathBuf, top: PathBuf, is_submodule: bool) -> Result<Self, RepositoryError> {
        let folder = tempfile::tempdir().map_err(Error::Start)?;
        let mut tree = Self { git_dir, top, folder, filters: BTreeMap::new(), is_submodule };
        tree.filters = tree.repository_filters()?;
        Ok(tree)
    }

    fn modified_file(&self, commit: &str, depth: usize) -> Result<Option<PathBuf>, RepositoryError> {
        // what is staged; this can also be a file that the commit lacks
        if let Some(path) = self.status(Index::Own)?.into_iter().next() {
            return Ok(Some(path));
        }
        self.printed(Index::New, &["read-tree", "--no-sparse-checkout", commit])?;
        let mut changed = self.status(Index::New)?;
        if !changed.is_empty() {
            let omitted = self.omitted()?;
            changed.retain(|path| !(omitted.contains(path) && is_missing(&self.top.join(path))));
        }
        if let Some(path) = changed.into_iter().next() {
            return Ok(Some(path));
        }
        for (path, commit) in self.submodules()? {
            if let Some(file) = self.modified_in_submodule(&path, &commit, depth)? {
                return Ok(Some(path.join(file)));
            }
        }
        Ok(None)
    }

    fn modified_in_submodule(&self, path: &Path, commit: &str, depth: usize) -> Result<Option<PathBuf>, RepositoryError> {
        let top = self.top.join(path);
        if is_missing(&top.join(".git")) {
            // not checked out
            let is_empty = top.read_dir().map_or(is_missing(&top), |mut entries| entries.next().is_none());
            return Ok((!is_empty).then(PathBuf::new));
        }
        let depth = depth.checked_sub(1).ok_or_else(|| failed("there are too many submodules inside each other"))?;
        let module = Self::new(top.join(".git"), top, true)?;
        let head = module.printed(Index::Own, &["rev-parse", "--verify", "--end-of-options", "HEAD^{commit}"])?;
        if head.trim_ascii() != commit.as_bytes() {
            return Ok(Some(PathBuf::new()));
        }
        module.modified_file(commit, depth)
    }

    /// The files that git calls changed.
    fn status(&self, index: Index) -> Result<Vec<PathBuf>, RepositoryError> {
        let options = ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all"];
        let output = self.printed(index, &[&["status"], &options[..]].concat())?;
        let records = output.split(|byte| *byte == 0).filter(|record| !record.is_empty());
        records.map(|record| path_of(record.get(3..))).collect()
    }

    /// The files that a sparse checkout leaves out.
    fn omitted(&self) -> Result<BTreeSet<PathBuf>, RepositoryError> {
        let sparse = self.printed(Index::Own, &["config", "--type=bool", "--default=false", "--get", "core.sparseCheckout"])?;
        if sparse.trim_ascii() != b"true" {
            return Ok(BTreeSet::new());
        }
        let output = self.printed(Index::Own, &["ls-files", "-t", "-z"])?;
        output.split(|byte| *byte == 0).filter_map(|record| record.strip_prefix(b"S ")).map(|path| path_of(Some(path))).collect()
    }

    /// The submodules of the commit, and the commits that it has of them.
    fn submodules(&self) -> Result<Vec<(PathBuf, String)>, RepositoryError> {
        let output = self.printed(Index::New, &["ls-files", "--stage", "-z"])?;
        let links = output.split(|byte| *byte == 0).filter_map(|record| record.strip_prefix(b"160000 "));
        let link = |record: &[u8]| {
            let (head, path) = record.split_once_str("\t")?;
            let (id, _) = head.split_once_str(" ")?;
            Some((path.to_path().ok()?.to_owned(), id.to_str().ok()?.to_owned()))
        };
        links.map(|record| link(record).ok_or_else(invalid)).collect()
    }

    /// Settings that give each filter of the repository's own files back to the user's own ones, or turn it off.
    fn repository_filters(&self) -> Result<BTreeMap<String, String>, RepositoryError> {
        let output = self.printed(Index::Own, &["config", "--list", "--null", "--show-scope", "--includes"])?;
        let mut parts = output.split(|byte| *byte == 0);
        let (mut own, mut named) = (BTreeMap::new(), BTreeSet::new());
        while let (Some(scope), Some(entry)) = (parts.next(), parts.next()) {
            let (key, value) = entry.split_once_str("\n").unwrap_or((entry, b"true"));
            let text = |bytes: &[u8]| bytes.to_str().map(str::to_owned).map_err(|_| invalid());
            let Some((name, variable)) = key.strip_prefix(b"filter.").and_then(|rest| rest.rsplit_once_str(".")) else { continue };
            let key = (text(name)?, text(variable)?);
            match scope {
                b"local" | b"worktree" => drop(named.insert(key)),
                _ => drop(own.insert(key, text(value)?)),
            }
        }
        let programs = named.into_iter().filter(|(_, variable)| matches!(variable.as_str(), "clean" | "process" | "required"));
        let setting = |key: (String, String)| {
            let none = if key.1 == "required" { "false" } else { "" };
            (format!("filter.{}.{}", key.0, key.1), own.get(&key).cloned().unwrap_or_else(|| none.to_owned()))
        };
        Ok(programs.map(setting).collect())
    }

    /// What git prints.
    fn printed(&self, index: Index, arguments: &[&str]) -> Result<Vec<u8>, RepositoryError> {
        let command = match arguments.first() {
            Some(&"status") => "status",
            Some(&"read-tree") => "read-tree",
            Some(&"config") => "config",
            Some(&"rev-parse") => "rev-parse",
            _ => "ls-files",
        };
        let output = self.git(index).args(arguments).stderr(Stdio::piped()).output().map_err(Error::Start)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = output.stderr.to_str_lossy().split_whitespace().collect::<Vec<_>>().join(" ");
        Err(Error::Failed { command, message }.into())
    }

    fn git(&self, index: Index) -> Command {
        let mut git = git_process::reading(&self.git_dir);
        git.arg("--work-tree").arg(&self.top).current_dir(&self.top);
        if self.is_submodule {
            VARIABLES.iter().for_each(|name| {
                git.env_remove(name);
            });
        }
        let hooks = self.folder.path().to_string_lossy().into_owned();
        let mut settings: Vec<(&str, &str)> = SETTINGS.to_vec();
        settings.push(("core.hooksPath", &hooks));
        settings.extend(self.filters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if index == Index::New {
            git.env("GIT_INDEX_FILE", self.folder.path().join("index"));
            settings.push(("core.sparseCheckout", "false"));
        }
        // a name may hold an equals sign, which `git -c` would split at
        let first: usize = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or_default();
        git.env("GIT_CONFIG_COUNT", (first + settings.len()).to_string());
        for (number, (name, value)) in settings.into_iter().enumerate() {
            let number = first + number;
            git.env(format!("GIT_CONFIG_KEY_{number}"), name).env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        git
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
}

fn path_of(bytes: Option<&[u8]>) -> Result<PathBuf, RepositoryError> {
    bytes.and_then(|bytes| bytes.to_path().ok()).map(Path::to_owned).ok_or_else(invalid)
}

fn invalid() -> RepositoryError {
    Error::Answer { command: "status" }.into()
}

fn failed(message: &str) -> RepositoryError {
    Error::Failed { command: "status", message: message.to_owned() }.into()
}
