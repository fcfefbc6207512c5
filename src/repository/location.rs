//! Where a repository and its work trees are, and how it was found.

use super::{
    Error, Repository,
    bounded::{self, included_file},
    real_path::Ways,
};
use gix::bstr::ByteSlice as _;
use std::path::{Path, PathBuf};

impl Repository {
    /// Whether it is a shallow clone, which has only the end of the history.
    pub(crate) fn is_shallow(&self) -> bool {
        self.gix.shallow_commits().ok().flatten().is_some()
    }

    /// Whether a file stands at the place of a ref. git passes over one that leads to nothing.
    pub(crate) fn has_reference_file(&self, reference: &str) -> bool {
        self.common_dir().join(reference).symlink_metadata().is_ok_and(|found| !found.is_dir())
    }

    /// The folders of all work trees of this repository: the main one, the linked ones, and this one.
    ///
    /// # Errors
    /// If the list of linked work trees cannot be read.
    pub(crate) fn work_trees(&self) -> Result<Vec<PathBuf>, Error> {
        let unreadable = |error: &dyn std::fmt::Display| Error::Configuration(format!("the linked work trees cannot be listed: {error}"));
        let mut folders: Vec<PathBuf> = self.work_tree().map(Path::to_owned).into_iter().collect();
        // in a hook on a server, only the git directory is known
        let common = self.real_common_dir().map_err(|error| unreadable(&error))?;
        folders.extend(common.parent().filter(|_| common.ends_with(".git")).map(Path::to_owned));
        // a bare repository can have a work tree too, to which a hook or `updateInstead` checks out
        let configured = self.gix.config_snapshot().plumbing().string("core.worktree").map(|path| path.to_str_lossy().into_owned());
        // git checks out to a git directory that is not bare and belongs to no folder that it knows
        let is_own_tree = configured.is_none() && self.work_tree().is_none() && !common.ends_with(".git");
        let is_own_tree = is_own_tree && self.gix.config_snapshot().boolean("core.bare") == Some(false);
        folders.extend(is_own_tree.then(|| common.to_owned()));
        folders.extend(configured.map(|path| self.git_dir().join(path)));
        folders.extend(std::env::var_os("GIT_WORK_TREE").and_then(|path| std::path::absolute(path).ok()));
        self.check_work_trees()?;
        for linked in self.gix.worktrees().map_err(|error| unreadable(&error))? {
            folders.push(linked.base().map_err(|error| unreadable(&error))?);
        }
        Ok(folders)
    }

    /// Whether git checks out into the git directory itself: it is not bare, and belongs to no folder that its configuration names.
    pub(crate) fn is_its_own_work_tree(&self) -> bool {
        let Ok(common) = self.real_common_dir() else { return false };
        self.work_trees().is_ok_and(|trees| trees.iter().any(|tree| tree.canonicalize().is_ok_and(|tree| tree == common)))
    }

    /// The file of the hook with this name that git runs here, whether it exists or not.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(crate) fn hook(&self, name: &str) -> Result<PathBuf, Error> {
        let here = std::env::current_dir().map_err(Error::CurrentDirectory)?;
        let entries = self.configuration(&["core"])?;
        let configured = entries.into_iter().rfind(|entry| entry.subsection.is_none() && entry.name == "hookspath");
        let folder = match configured.and_then(|entry| entry.value).filter(|path| !path.is_empty()) {
            Some(path) => included_file(&path, &self.folder_of_git(&here)),
            None => here.join(self.common_dir()).join("hooks"),
        };
        Ok(folder.join(name))
    }

    /// The first file, link or folder in a work tree on the way to one of these files: a branch of this repository can change it. Files in the git
    /// directory are safe, except for those of a work tree in it. Files that do not exist yet count too.
    ///
    /// # Errors
    /// If the work trees cannot be listed.
    pub(crate) fn first_in_work_tree(&self, files: impl IntoIterator<Item = PathBuf>) -> Result<Option<PathBuf>, Error> {
        let (mut own, mut ways): (Vec<&Path>, Ways) = (self.real_git_dirs().collect(), Ways::default());
        own.dedup();
        own.iter().for_each(|folder| ways.add_real(folder));
        let mut trees: Vec<PathBuf> = self.work_trees()?.iter().filter_map(|tree| ways.real(tree)).collect();
        trees.dedup();
        // a work tree can lie inside the git directory, or be the git directory itself if that is not named `.git`
        let is_inside = |tree: &Path, folder: &Path| tree.starts_with(folder) && (tree != folder || !folder.ends_with(".git"));
        let is_of_tree = |entry: &Path| {
            let is_own = |tree: &Path| own.iter().any(|folder| entry.starts_with(folder) && !is_inside(tree, folder));
            let is_link = || trees.iter().any(|tree| entry == tree.join(".git"));
            trees.iter().any(|tree| entry.starts_with(tree) && entry != tree && !is_own(tree)) && !is_link()
        };
        Ok(files.into_iter().find_map(|file| ways.to(&file).into_iter().rfind(|entry| is_of_tree(entry))))
    }

    /// Whether this is the repository at `path`: its git directory, or the folder that holds it as `.git`. What the repository's own
    /// configuration says about its work tree does not count.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        leads_to(path).any(|path| self.real_git_dirs().any(|own| own == path))
    }

    /// Whether it was found by its location inside the work tree of another repository, and nothing says that it is meant: no `GIT_DIR`, and
    /// no `safe.bareRepository` of the user. A clone or a push can create such a folder.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(crate) fn is_embedded(&self) -> Result<bool, Error> {
        let is_found = if std::env::var_os("GIT_DIR").is_none() {
            self.is_found_by_location()
        } else {
            // where git finds a bare repository by its location, it exports this variable beside GIT_DIR
            let is_implied = std::env::var_os("GIT_IMPLICIT_WORK_TREE").is_some_and(|value| value == "0");
            (is_implied && self.is_found_by_location()) || self.may_be_found_by_git()
        };
        if !is_found {
            return Ok(false);
        }
        let folder = self.real_git_dir().map_err(Error::CurrentDirectory)?;
        // its file `commondir` can name the repository around it, but its own file of configuration counts too
        let common = self.real_common_dir().ok().filter(|common| folder.starts_with(common));
        let is_own = |above: &Path| leads_to(above).any(|path| path == folder || Some(path.as_path()) == common);
        let is_in_tree = folder.ancestors().skip(1).any(|above| above.join(".git").symlink_metadata().is_ok() && !is_own(above));
        Ok(is_in_tree && self.bare_repository_rule()?.as_deref() != Some(b"all"))
    }

    /// Whether git calls this program (`GIT_PREFIX`) and may have found the repository by its location. If a bare repository has a work tree, git
    /// exports `GIT_DIR` alone, as if the user had named it, and changes to the work tree.
    fn may_be_found_by_git(&self) -> bool {
        let has_tree =
            std::env::var_os("GIT_WORK_TREE").is_some() || self.gix.config_snapshot().plumbing().string("core.worktree").is_some();
        if std::env::var_os("GIT_PREFIX").is_none() || !has_tree {
            return false;
        }
        let Ok(folder) = self.real_git_dir() else { return true };
        let here = self.real_current_dir().unwrap_or(Path::new(""));
        let is_dot_git = folder.components().any(|part| part.as_os_str() == ".git");
        !is_dot_git && !here.ancestors().any(|above| leads_to(above).skip(1).any(|path| path == folder))
    }

    /// Whether the current folder is the git directory or inside it, and it is not the `.git` of a work tree. Its own configuration cannot
    /// hide that by naming a work tree, and its file `commondir` cannot by naming another folder.
    fn is_found_by_location(&self) -> bool {
        self.real_git_dirs().any(|folder| {
            let is_dot_git = folder.components().any(|part| part.as_os_str() == ".git");
            // git finds the `.git` of a work tree before it looks at the folder above
            let is_in_work_tree =
                |here: &Path| here.ancestors().take_while(|above| *above != folder).any(|above| above.join(".git").exists());
            !is_dot_git && self.real_current_dir().is_ok_and(|here| here.starts_with(folder) && !is_in_work_tree(here))
        })
    }

    /// The value of `safe.bareRepository`, which only the user's and the system's configuration and the call can set.
    fn bare_repository_rule(&self) -> Result<Option<Vec<u8>>, Error> {
        let entries = self.configuration(&["safe"])?;
        let entry = entries.into_iter().rfind(|entry| entry.name == "barerepository" && !entry.scope.is_repository());
        Ok(entry.and_then(|entry| entry.value))
    }

    /// Git's rule for `safe.bareRepository=explicit`: only the user's and the system's configuration can set it, and it does not apply to the git
    /// directory of a work tree.
    pub(super) fn refuse_implicit_bare(&self) -> Result<(), Error> {
        if !self.is_found_by_location() {
            return Ok(());
        }
        let explicit = self.bare_repository_rule()?.as_deref() == Some(b"explicit".as_slice());
        if explicit { Err(Error::ImplicitBareRepository(self.git_dir().to_owned())) } else { Ok(()) }
    }
}

/// The git directories, by their real paths, that a path can mean: itself, its `.git`, and what a file of that name leads to.
fn leads_to(path: &Path) -> impl Iterator<Item = PathBuf> {
    let link = path.join(".git");
    let linked = if link.is_file() { bounded::link(&link) } else { None };
    let linked = linked.as_deref().and_then(|text| text.strip_prefix("gitdir: ")).map(|target| path.join(target.trim_end()));
    [Some(path.to_owned()), Some(link), linked].into_iter().flatten().filter_map(|path| path.canonicalize().ok())
}
