//! Real paths, without symbolic links. Each folder and link is looked at once: a call of git's starts with these questions.

use super::Repository;
use std::{
    cell::OnceCell,
    collections::BTreeMap,
    ffi::OsString,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

/// The real paths of a repository's folders and of the current one, once they were needed.
#[derive(Debug, Default)]
pub(super) struct RealFolders {
    here: OnceCell<PathBuf>,
    git_dir: OnceCell<PathBuf>,
    common_dir: OnceCell<PathBuf>,
}

impl Repository {
    /// The real path of the current folder.
    pub(super) fn real_current_dir(&self) -> io::Result<&Path> {
        once(&self.real_folders.here, || std::env::current_dir()?.canonicalize())
    }

    /// The real path of the git directory.
    pub(super) fn real_git_dir(&self) -> io::Result<&Path> {
        once(&self.real_folders.git_dir, || self.git_dir().canonicalize())
    }

    /// The real path of the git directory that all linked work trees share.
    pub(super) fn real_common_dir(&self) -> io::Result<&Path> {
        if self.common_dir() == self.git_dir() {
            return self.real_git_dir();
        }
        once(&self.real_folders.common_dir, || self.common_dir().canonicalize())
    }

    /// The real paths of both, as far as they are there.
    pub(super) fn real_git_dirs(&self) -> impl Iterator<Item = &Path> {
        [self.real_common_dir(), self.real_git_dir()].into_iter().flatten()
    }
}

fn once(known: &OnceCell<PathBuf>, real: impl FnOnce() -> io::Result<PathBuf>) -> io::Result<&Path> {
    match known.get() {
        Some(path) => Ok(path),
        None => {
            let path = real()?;
            Ok(known.get_or_init(|| path))
        }
    }
}

/// The most symbolic links that are followed on the way to a file, as in Linux.
const MAX_LINKS: usize = 40;

/// An entry of a directory, by its real folder.
#[derive(Debug)]
enum Entry {
    Plain,
    Missing,
    /// A link to this path.
    Link(PathBuf),
}

/// A step on the way to a file.
enum Step {
    /// To the root.
    Root(OsString),
    /// To the folder above.
    Up,
    /// To this entry.
    Down(OsString),
}

/// Adds the steps of a path to those that are still to be made, the first one last.
fn plan(path: &Path, pending: &mut Vec<Step>) {
    pending.extend(path.components().rev().filter_map(|component| match component {
        Component::CurDir => None,
        Component::ParentDir => Some(Step::Up),
        Component::Prefix(_) | Component::RootDir => Some(Step::Root(component.as_os_str().to_owned())),
        Component::Normal(name) => Some(Step::Down(name.to_owned())),
    }));
}

/// The directory entries on the ways to files. The keys are real paths but for their last parts; as text, they are compared fast.
#[derive(Debug, Default)]
pub(super) struct Ways(BTreeMap<OsString, Entry>);

impl Ways {
    /// Notes that a path is real: nothing on the way to it is a link.
    pub(super) fn add_real(&mut self, path: &Path) {
        for folder in path.ancestors() {
            if self.0.insert(folder.as_os_str().to_owned(), Entry::Plain).is_some() {
                break;
            }
        }
    }

    /// The real path of a folder; `None` if it is not there.
    pub(super) fn real(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(Entry::Plain) = self.0.get(folder.as_os_str()) {
            return Some(folder.to_owned());
        }
        let real = folder.canonicalize().ok()?;
        self.add_real(&real);
        Some(real)
    }

    /// The directory entries on the way to a file, each with its real folder. Whoever can change one of them decides where the way leads.
    pub(super) fn to(&mut self, path: &Path) -> Vec<PathBuf> {
        let mut pending = Vec::new();
        plan(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), &mut pending);
        let (mut at, mut seen, mut links) = (PathBuf::new(), Vec::new(), 0);
        // below a missing folder, nothing is a link
        let mut is_missing = false;
        while let Some(step) = pending.pop() {
            match step {
                Step::Root(root) => {
                    at.push(root);
                    is_missing = false;
                }
                Step::Up => {
                    at.pop();
                    is_missing = false;
                }
                Step::Down(name) => {
                    at.push(name);
                    seen.push(at.clone());
                    match (!is_missing).then(|| self.entry(&at)) {
                        Some(Entry::Link(target)) if links < MAX_LINKS => {
                            links += 1;
                            at.pop();
                            plan(target, &mut pending);
                        }
                        Some(Entry::Missing) => is_missing = true,
                        _ => {}
                    }
                }
            }
        }
        seen
    }

    fn entry(&mut self, at: &Path) -> &Entry {
        self.0.entry(at.as_os_str().to_owned()).or_insert_with(|| match at.read_link() {
            Ok(target) => Entry::Link(target),
            Err(error) if error.kind() == ErrorKind::NotFound => Entry::Missing,
            Err(_) => Entry::Plain,
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder with links: `tree/link` and `real/first` lead to `etc/allowed`, `loop` to itself.
    fn folder_with_links() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for folder in ["tree/sub", "etc", "real"] {
            std::fs::create_dir_all(base.join(folder)).unwrap();
        }
        std::fs::write(base.join("etc/allowed"), "").unwrap();
        symlink("../etc/allowed", base.join("tree/link")).unwrap();
        symlink(base.join("tree/link"), base.join("real/first")).unwrap();
        symlink("loop", base.join("loop")).unwrap();
        (folder, base)
    }

    #[test]
    fn the_way_to_a_file_has_every_link_and_folder_that_decides_where_it_leads() {
        let (_folder, base) = folder_with_links();
        let tree = base.join("tree");
        // what earlier ways found does not change a later one
        let mut known = Ways::default();
        known.add_real(&base.join("etc/allowed"));
        for ways in [&mut Ways::default(), &mut known] {
            for _ in 0..2 {
                let mut through = |path: &str| ways.to(&base.join(path)).iter().any(|entry| entry.starts_with(&tree) && *entry != tree);
                assert!(through("tree/allowed") && through("tree/link") && through("real/first"));
                assert!(through("tree/sub/../../etc/allowed"), "the folder could become a link");
                assert!(through("nowhere/x/../../tree/link"), "what follows a missing folder is looked at again");
                assert!(!through("etc/allowed") && !through("tree/../etc/allowed") && !through("loop") && !through("nowhere/x"));
                assert_eq!(ways.to(&base.join("real/first")).last(), Some(&base.join("etc/allowed")));
            }
        }
    }

    #[test]
    fn a_folder_that_a_link_names_is_not_taken_for_a_real_one() {
        let (_folder, base) = folder_with_links();
        symlink("tree", base.join("alias")).unwrap();
        let mut ways = Ways::default();
        ways.to(&base.join("alias/sub"));
        assert_eq!(ways.real(&base.join("alias")), Some(base.join("tree")));
        assert_eq!(ways.real(&base.join("alias/sub")), Some(base.join("tree/sub")));
        assert_eq!(ways.real(&base.join("tree/sub")), Some(base.join("tree/sub")));
        assert_eq!(ways.real(&base.join("nowhere")), None);
    }
}
