//! The object directories that git reads: the main one, those of `GIT_ALTERNATE_OBJECT_DIRECTORIES`, and the alternates of each.
//!
//! Git resolves a relative path in `info/alternates` from the folder whose file names it, and one of the environment from the top of the work tree,
//! where it runs. It ignores empty entries and comments, and reads quoted ones.

use super::{
    Error, Repository,
    bounded::{as_gix_resolves, with_alternates},
};
use gix::bstr::ByteSlice as _;
use std::path::{Path, PathBuf};

/// How entries are separated in the environment.
const SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };

impl Repository {
    /// Every object directory that git reads here, the main one first.
    pub(super) fn object_directories(&self) -> Result<Vec<PathBuf>, Error> {
        let here = std::env::current_dir().map_err(Error::CurrentDirectory)?;
        let top = self.folder_of_git(&here);
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let main = variable("GIT_OBJECT_DIRECTORY").map_or_else(|| here.join(self.common_dir()).join("objects"), |path| top.join(path));
        check_variable(&top)?;
        let mut directories = vec![main];
        if let Some(list) = variable("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
            directories.extend(listed(list.as_encoded_bytes()).into_iter().map(|path| top.join(path)));
        }
        Ok(with_alternates(directories)?.into_iter().map(|directory| directory.path).collect())
    }

    /// The folder in which git runs after it found the repository: the top of the work tree if the current folder is in it.
    pub(super) fn folder_of_git(&self, here: &Path) -> PathBuf {
        let names_tree =
            std::env::var_os("GIT_WORK_TREE").is_some() || self.gix.config_snapshot().plumbing().string("core.worktree").is_some();
        if std::env::var_os("GIT_DIR").is_some() && !names_tree {
            return here.to_owned();
        }
        let real = |path: &Path| path.canonicalize().ok();
        let (Some(current), Some(tree)) = (real(here), self.work_tree().and_then(real)) else { return here.to_owned() };
        let is_in_git_directory = self.real_git_dir().is_ok_and(|folder| current.starts_with(folder));
        if current.starts_with(&tree) && !is_in_git_directory { tree } else { here.to_owned() }
    }
}

/// Checks that `GIT_OBJECT_DIRECTORY` names a folder. `top` is where git runs; a relative path is checked only if it is known.
pub(super) fn check_variable(top: &Path) -> Result<(), Error> {
    let named = std::env::var_os("GIT_OBJECT_DIRECTORY").filter(|value| !value.is_empty()).map(|path| top.join(path));
    match named.filter(|path| path.is_absolute() && !path.is_dir()) {
        Some(path) => Err(Error::ObjectDirectory(path)),
        None => Ok(()),
    }
}

/// Whether git finds object directories from this one that gix does not find.
pub(super) fn differ_for_gix(main: &Path) -> Result<bool, Error> {
    let real = |path: &PathBuf| path.canonicalize().ok();
    let directories = with_alternates(vec![main.to_owned()])?;
    let of_gix: Vec<PathBuf> = as_gix_resolves(main, &directories).iter().filter_map(real).collect();
    Ok(directories.iter().skip(1).filter_map(|directory| real(&directory.path)).any(|directory| !of_gix.contains(&directory)))
}

/// The paths in a list of the environment.
fn listed(mut list: &[u8]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    while !list.is_empty() {
        let end = list.iter().position(|byte| *byte == SEPARATOR).unwrap_or(list.len());
        let quoted = list.starts_with(b"\"").then(|| gix::quote::ansi_c::undo(list.as_bstr()).ok()).flatten();
        let (path, end) = match quoted {
            Some((path, end)) => (path.into_owned(), end),
            None if list.starts_with(b"#") => (Default::default(), end),
            None => (list.get(..end).unwrap_or_default().into(), end),
        };
        paths.extend((!path.is_empty()).then(|| gix::path::from_bstring(path).ok()).flatten());
        list = list.get(end + 1..).unwrap_or_default();
    }
    paths
}
