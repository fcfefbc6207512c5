//! Finds the repository of a folder as git finds it.
//!
//! Where a folder on the way looks like part of a repository but is not a usual one, gix and git can find different ones. There git is asked.

use super::{Error, GitError, chain};
use crate::git_process;
use gix::{open::Options, sec::trust::Mapping};
use std::path::{Path, PathBuf};

/// Where git finds the repository.
#[derive(Debug)]
pub(super) enum Place {
    /// Where gix finds it too.
    Usual,
    /// In this git directory.
    At(PathBuf),
    /// Nowhere.
    Nowhere,
}

/// Where git finds the repository of this folder. git is asked only where gix could find another one.
///
/// # Errors
/// If git refuses what it finds.
pub(super) fn place(directory: &Path) -> Result<Place, Error> {
    if std::env::var_os("GIT_DIR").is_some() {
        return Ok(Place::Usual);
    }
    let directory = std::path::absolute(directory).map_err(Error::CurrentDirectory)?;
    if is_usual(&directory) { Ok(Place::Usual) } else { by_git(&directory) }
}

/// Whether the first thing on the way that looks like part of a repository is a usual one, and nothing ends git's search before it: a folder in
/// `GIT_CEILING_DIRECTORIES`, or another file system.
fn is_usual(directory: &Path) -> bool {
    let list = std::env::var_os("GIT_CEILING_DIRECTORIES").unwrap_or_default();
    let ceilings: Vec<PathBuf> = std::env::split_paths(&list).filter_map(|path| path.canonicalize().ok()).collect();
    let own_device = std::cell::LazyCell::new(|| device(directory));
    let mut is_ended = false;
    for (height, folder) in directory.ancestors().enumerate() {
        let is_ceiling = height > 0 && folder.canonicalize().is_ok_and(|folder| ceilings.contains(&folder));
        is_ended = is_ended || is_ceiling || (height > 0 && device(folder) != *own_device);
        let link = folder.join(".git");
        if let Ok(found) = link.symlink_metadata() {
            let git_dir = match found.is_file() {
                true => gix::discover::path::from_gitdir_file(&link).ok(),
                false => Some(link),
            };
            return !is_ended && git_dir.is_some_and(|path| is_git_directory(&path, found.is_file()));
        }
        if folder.join("HEAD").symlink_metadata().is_ok() {
            return !is_ended && is_git_directory(folder, false);
        }
    }
    true
}

/// Whether this is a git directory in the usual form. Only one to which a file leads can be that of a linked work tree.
fn is_git_directory(path: &Path, can_be_linked: bool) -> bool {
    let is_linked = path.join("commondir").symlink_metadata().is_ok();
    let has_head = path.join("HEAD").symlink_metadata().is_ok_and(|head| head.is_file());
    let has_folders = || ["objects", "refs"].iter().all(|name| path.join(name).is_dir());
    has_head && if is_linked { can_be_linked } else { has_folders() }
}

#[cfg(unix)]
fn device(folder: &Path) -> Option<u64> {
    folder.metadata().ok().map(|found| std::os::unix::fs::MetadataExt::dev(&found))
}

#[cfg(not(unix))]
fn device(_: &Path) -> Option<u64> {
    None
}

fn by_git(directory: &Path) -> Result<Place, Error> {
    let mut call = git_process::git(["rev-parse", "--absolute-git-dir"]);
    let output = call.current_dir(directory).env("LC_ALL", "C").output().map_err(GitError::Start)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        if message.contains("not a git repository (or any") {
            return Ok(Place::Nowhere);
        }
        if let Some(error) = GitError::of_format(&message) {
            return Err(error.into());
        }
        let line = message.lines().next().unwrap_or_default();
        let cause = line.strip_prefix("fatal: ").unwrap_or(line).to_owned();
        return Err(Error::Open { path: directory.to_owned(), cause });
    }
    let answer = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout).to_owned();
    let path = gix::path::from_bstring(answer).map_err(|_| GitError::Answer { command: "rev-parse" })?;
    Ok(Place::At(path))
}

/// Opens the repository; `None` if there is none.
pub(super) fn find(directory: &Path, place: &Place, options: &Options) -> gix::Result<Option<gix::Repository>> {
    match place {
        Place::Nowhere => Ok(None),
        Place::Usual | Place::At(_) => discovered(directory, options),
    }
}

/// Refuses to take another repository for the one that git finds.
pub(super) fn check(found: Option<&gix::Repository>, place: &Place) -> Result<(), Error> {
    match place {
        Place::At(git_dir) if !found.is_some_and(|found| is_in(found, git_dir)) => Err(Error::Open {
            path: git_dir.clone(),
            cause: "git takes this folder for a git directory, but it is not one in the usual form".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_in(found: &gix::Repository, git_dir: &Path) -> bool {
    matches!((found.git_dir().canonicalize(), git_dir.canonicalize()), (Ok(found), Ok(git_dir)) if found == git_dir)
}

fn as_it_is(git_dir: &Path, options: &Options) -> gix::Result<gix::Repository> {
    gix::ThreadSafeRepository::open_opts(git_dir, options.clone().open_path_as_is(true)).map(|found| found.to_thread_local())
}

fn discovered(directory: &Path, options: &Options) -> gix::Result<Option<gix::Repository>> {
    // git calls the hooks of a server so; gix would take a folder named `.git` for that of a work tree
    if std::env::var_os("GIT_DIR").is_some_and(|place| place == ".")
        && let Ok(folder) = std::env::current_dir()
    {
        return as_it_is(&folder, options).map(Some);
    }
    let upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
    let options = Mapping { full: options.clone(), reduced: options.clone() };
    match gix::ThreadSafeRepository::discover_with_environment_overrides_opts(directory, upwards, options) {
        Ok(found) => Ok(Some(found.to_thread_local())),
        Err(error) if is_not_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_not_there(error: &gix::Error) -> bool {
    use gix::discover::upwards::Error as Upwards;
    matches!(
        error.downcast_any_ref::<Upwards>(),
        Some(Upwards::NoGitRepository { .. } | Upwards::NoGitRepositoryWithinCeiling { .. } | Upwards::NoGitRepositoryWithinFs { .. })
    )
}

/// gix reports a wrong owner by its message only: other errors of access have the same type.
pub(super) fn is_foreign(error: &gix::Error) -> bool {
    chain(error).contains("is considered unsafe")
}
