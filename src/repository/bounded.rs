//! What the files of a repository may be: regular files of limited size. Whoever made the repository chose them. A pipe or an endless device in
//! the place of one would hold the program up, or fill its memory.
//!
//! gix and git open most of them, so they are checked before, by their metadata. Missing files and folders are left to the reader.

use super::{Error, Repository};
use gix::config::{File, Source, file::Metadata as ConfigMetadata};
use std::{
    fs::Metadata,
    io::Read as _,
    path::{Path, PathBuf},
};

/// The largest file that holds one path or one reference, in bytes, and `FETCH_HEAD`.
const MAX_REFERENCE: u64 = 16 << 20;

/// The largest `.git`, `HEAD`, `commondir` or `gitdir`, in bytes.
const MAX_PATH_FILE: u64 = 64 << 10;

/// The largest file of configuration, in bytes.
const MAX_CONFIGURATION: u64 = 4 << 20;

/// The largest list of other object directories, in bytes, and of the files of a commit-graph.
const MAX_ALTERNATES: u64 = 1 << 20;

/// The largest `packed-refs`, in bytes.
const MAX_PACKED: u64 = 256 << 20;

/// The largest `shallow` or `grafts`, in bytes.
const MAX_COMMITS: u64 = 64 << 20;

/// Of a file that is mapped or read in parts.
const ANY_SIZE: u64 = u64::MAX;

/// Files that one file of configuration includes, directly or not, at most: each may include ten others.
const MAX_INCLUDES: usize = 1000;

/// The depth to which git follows inclusions.
const DEEPEST_INCLUDE: usize = 10;

/// Object directories, at most.
const MAX_DIRECTORIES: usize = 1000;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    /// It is neither a file nor a folder.
    #[error("is a {0}; expected a regular file")]
    Kind(&'static str),
    /// It is too large.
    #[error("has {size} bytes; at most {limit} are read")]
    Size {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It leads to too many others.
    #[error("leads to more than {limit} {what}")]
    TooMany {
        /// What it leads to, in the plural.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It names a file elsewhere.
    #[error("names a file in another folder")]
    Elsewhere,
    /// Git and gix read another path in it.
    #[error("names a path that ends in white space")]
    Space,
}

/// Checks a file that is read whole.
pub(super) fn check(path: &Path, limit: u64) -> Result<(), Error> {
    std::fs::metadata(path).map_or(Ok(()), |file| check_metadata(path, &file, limit))
}

fn check_metadata(path: &Path, file: &Metadata, limit: u64) -> Result<(), Error> {
    if file.is_dir() || is_null(file) {
        return Ok(());
    }
    if !file.is_file() {
        return Err(fault(path, FileFault::Kind(kind(file))));
    }
    if file.len() > limit { Err(fault(path, FileFault::Size { size: file.len(), limit })) } else { Ok(()) }
}

/// Checks a file that holds one path, and returns whether it is there. To git, only line ends at its end do not belong to the path; gix removes
/// all white space.
fn check_path_file(path: &Path) -> Result<bool, Error> {
    let Some(bytes) = read_if_possible(path, MAX_PATH_FILE)? else { return Ok(false) };
    let text = String::from_utf8_lossy(&bytes);
    let named = text.trim_end_matches(['\n', '\r']);
    if named.ends_with(char::is_whitespace) && !named.trim().is_empty() { Err(fault(path, FileFault::Space)) } else { Ok(true) }
}

/// The bytes of a file; `None` if it is missing, or cannot be read: gix says that.
fn read_if_possible(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    read(path, limit).or_else(|error| match error {
        Error::ObjectStore { .. } => Ok(None),
        error => Err(error),
    })
}

fn fault(path: &Path, fault: FileFault) -> Error {
    Error::IrregularFile { path: path.to_owned(), fault }
}

/// Checks a file that can be mapped, or that git reads. Where the folder's listing says what it is, it is not opened.
fn check_entry(entry: &std::fs::DirEntry, limit: u64) -> Result<(), Error> {
    let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
    if is_plain && limit == ANY_SIZE { Ok(()) } else { check(&entry.path(), limit) }
}

/// The bytes of a file; `None` if it is missing.
fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let read = || -> std::io::Result<Result<Vec<u8>, Error>> {
        let file = path.metadata()?;
        if let Err(fault) = check_metadata(path, &file, limit) {
            return Ok(Err(fault));
        }
        // the length is only a guess at how much there will be to read
        let mut bytes = Vec::with_capacity(usize::try_from(file.len().min(limit)).unwrap_or_default() + 1);
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(Ok(bytes))
    };
    match read() {
        Ok(read) => read.map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::ObjectStore { path: path.to_owned(), cause: error.to_string() }),
    }
}

/// The bytes of the `packed-refs` in this folder; `None` if there is none.
pub(super) fn packed_references(git_dir: &Path) -> Result<Option<Vec<u8>>, Error> {
    read(&git_dir.join("packed-refs"), MAX_PACKED)
}

/// The bytes of the file of a reference; `None` if it is missing.
pub(super) fn reference(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    read(path, MAX_REFERENCE)
}

/// The text of a `.git` that leads elsewhere.
pub(super) fn link(path: &Path) -> Option<String> {
    String::from_utf8(read(path, MAX_PATH_FILE).ok()??).ok()
}

/// Checks what finding and opening a repository from this folder reads. Folders above the first repository are left alone.
pub(super) fn check_before_opening(directory: &Path) -> Result<(), Error> {
    if let Some(named) = std::env::var_os("GIT_DIR") {
        return check_candidate(&directory.join(named)).map(|_| ());
    }
    let directory = std::path::absolute(directory).map_err(Error::CurrentDirectory)?;
    for folder in directory.ancestors() {
        if check_candidate(&folder.join(".git"))? || check_candidate(folder)? {
            break;
        }
    }
    Ok(())
}

/// Checks a place where a repository may be. Returns whether there is one.
fn check_candidate(path: &Path) -> Result<bool, Error> {
    let Ok(found) = path.metadata() else { return Ok(false) };
    if found.is_dir() {
        if path.join("HEAD").symlink_metadata().is_err() {
            return Ok(false);
        }
        return check_git_directory(path).map(|common| common.join("objects").is_dir());
    }
    if !found.is_file() {
        return Ok(false);
    }
    check_path_file(path)?;
    // gix says what is wrong with it
    gix::discover::path::from_gitdir_file(path).map_or(Ok(true), |git_dir| check_git_directory(&git_dir).map(|_| true))
}

/// Checks the files of a git directory that are read to open it, and returns the folder that its work trees share.
fn check_git_directory(git_dir: &Path) -> Result<PathBuf, Error> {
    check(&git_dir.join("HEAD"), MAX_PATH_FILE)?;
    check_path_file(&git_dir.join("gitdir"))?;
    let common = git_dir.join("commondir");
    let common = check_path_file(&common)?.then(|| gix::discover::path::from_plain_file(&common).and_then(Result::ok)).flatten();
    let common = common.map_or_else(|| git_dir.to_owned(), |path| git_dir.join(path));
    for (name, limit) in [("packed-refs", MAX_PACKED), ("shallow", MAX_COMMITS)] {
        check(&common.join(name), limit)?;
    }
    for configuration in [common.join("config"), git_dir.join("config.worktree")] {
        check_configuration(&configuration, &configuration, DEEPEST_INCLUDE, &mut 0)?;
    }
    check_alternates(&common.join("objects"))?;
    Ok(common)
}

/// Checks a file of configuration and the files that it includes. `first` is the file of the repository that leads to it.
fn check_configuration(path: &Path, first: &Path, depth: usize, included: &mut usize) -> Result<(), Error> {
    let Some(mut bytes) = read_if_possible(path, MAX_CONFIGURATION)? else { return Ok(()) };
    if !bytes.windows(7).any(|word| word.eq_ignore_ascii_case(b"include")) {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    // gix says what is wrong with it
    let Ok(file) = File::from_bytes_owned(&mut bytes, ConfigMetadata::from(Source::Local), Default::default()) else { return Ok(()) };
    for section in file.sections() {
        let name = section.header().name().to_ascii_lowercase();
        if name != b"include" && name != b"includeif" {
            continue;
        }
        for value in section.values("path") {
            *included += 1;
            if *included > MAX_INCLUDES {
                return Err(fault(first, FileFault::TooMany { what: "included files", limit: MAX_INCLUDES }));
            }
            let target = included_file(&value, path.parent().unwrap_or(path));
            check_configuration(&target, first, depth, included)?;
        }
    }
    Ok(())
}

/// The file that an inclusion names in a file of this folder. A home of an unknown user is part of its name.
pub(super) fn included_file(path: &[u8], folder: &Path) -> PathBuf {
    let home = gix::path::env::home_dir();
    let named = gix::config::Path::from(gix::bstr::BString::from(path)).interpolate(interpolation(home.as_deref()));
    folder.join(named.unwrap_or_else(|_| String::from_utf8_lossy(path).into_owned().into()))
}

/// What git puts in the place of `~` and `~user`.
pub(super) fn interpolation(home: Option<&Path>) -> gix::config::path::interpolate::Context<'_> {
    let home_for_user = Some(gix::config::path::interpolate::home_for_user as fn(&str) -> Option<PathBuf>);
    gix::config::path::interpolate::Context { home_dir: home, home_for_user, git_install_dir: None }
}

/// An object directory, with the paths in its list of alternates.
pub(super) struct ObjectDirectory {
    pub(super) path: PathBuf,
    alternates: Vec<PathBuf>,
}

/// These object directories and all of their alternates, each once.
pub(super) fn with_alternates(directories: Vec<PathBuf>) -> Result<Vec<ObjectDirectory>, Error> {
    // the usual case needs no real path
    if let [only] = directories.as_slice()
        && named_alternates(only)?.is_empty()
    {
        return Ok(vec![ObjectDirectory { path: only.clone(), alternates: Vec::new() }]);
    }
    let first = directories.first().cloned().unwrap_or_default();
    let mut pending: Vec<PathBuf> = directories.into_iter().rev().collect();
    let (mut found, mut seen) = (Vec::new(), std::collections::HashSet::new());
    while let Some(path) = pending.pop() {
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            continue;
        }
        let alternates = named_alternates(&path)?;
        pending.extend(alternates.iter().map(|alternate| path.join(alternate)));
        found.push(ObjectDirectory { path, alternates });
        if found.len() > MAX_DIRECTORIES {
            let fault = FileFault::TooMany { what: "object directories", limit: MAX_DIRECTORIES };
            return Err(Error::IrregularFile { path: first.join("info/alternates"), fault });
        }
    }
    Ok(found)
}

/// The object directories that gix opens, which resolves every relative path from the main one.
pub(super) fn as_gix_resolves(main: &Path, directories: &[ObjectDirectory]) -> Vec<PathBuf> {
    directories.iter().flat_map(|directory| &directory.alternates).map(|path| main.join(path)).collect()
}

/// The paths in the list of alternates of an object directory.
fn named_alternates(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let bytes = read(&directory.join("info/alternates"), MAX_ALTERNATES)?.unwrap_or_default();
    // gix says what is wrong with it
    Ok(gix::odb::alternate::parse(&bytes).unwrap_or_default())
}

/// The file of grafts; `None` if there is none.
pub(super) fn grafts(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    read(path, MAX_COMMITS)
}

/// Checks the lists of alternates that git and gix follow from an object directory.
fn check_alternates(objects: &Path) -> Result<(), Error> {
    let directories = with_alternates(vec![objects.to_owned()])?;
    with_alternates(as_gix_resolves(objects, &directories)).map(|_| ())
}

/// Checks the packs, indexes and commit-graphs of an object directory.
pub(super) fn check_object_directory(directory: &Path) -> Result<(), Error> {
    let (packs, info) = (directory.join("pack"), directory.join("info"));
    for entry in entries(&packs) {
        check_entry(&entry, ANY_SIZE)?;
    }
    check(&info.join("commit-graph"), ANY_SIZE)?;
    let graphs = info.join("commit-graphs");
    for entry in entries(&graphs) {
        let is_chain = entry.file_name() == "commit-graph-chain";
        check_entry(&entry, if is_chain { MAX_ALTERNATES } else { ANY_SIZE })?;
    }
    Ok(())
}

/// Checks that a multi-pack-index names packs beside it only: others were not checked.
pub(super) fn check_names(index: &Path, names: &[PathBuf]) -> Result<(), Error> {
    let is_plain = |name: &PathBuf| name.components().count() == 1 && name.file_name().is_some();
    if names.iter().all(is_plain) { Ok(()) } else { Err(fault(index, FileFault::Elsewhere)) }
}

/// Checks the loose objects of an object directory.
pub(super) fn check_loose_objects(directory: &Path) -> Result<(), Error> {
    for folder in entries(directory).filter(|folder| folder.file_name().len() == 2) {
        for entry in entries(&folder.path()) {
            check_entry(&entry, ANY_SIZE)?;
        }
    }
    Ok(())
}

/// Checks the references below a folder, or the logs of references. One link to a folder is followed, as old scripts made them.
fn check_references(folder: &Path, limit: u64, may_follow: bool) -> Result<(), Error> {
    for entry in entries(folder) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder || path.is_dir() {
            if !is_folder && !may_follow {
                return Err(fault(&path, FileFault::TooMany { what: "links to folders", limit: 1 }));
            }
            check_references(&path, limit, is_folder && may_follow)?;
        } else {
            check_entry(&entry, limit)?;
        }
    }
    Ok(())
}

pub(super) fn entries(folder: &Path) -> impl Iterator<Item = std::fs::DirEntry> + use<> {
    std::fs::read_dir(folder).into_iter().flatten().flatten()
}

impl Repository {
    /// Checks the file of a reference with this name, where there is one.
    pub(super) fn check_reference(&self, name: &str) -> Result<(), Error> {
        let name = name.strip_prefix("main-worktree/").unwrap_or(name);
        check(&self.git_dir().join(name), MAX_REFERENCE)?;
        if self.git_dir() == self.common_dir() { Ok(()) } else { check(&self.common_dir().join(name), MAX_REFERENCE) }
    }

    /// Checks the files that name the linked work trees, and their references.
    pub(super) fn check_work_trees(&self) -> Result<(), Error> {
        for work_tree in entries(&self.common_dir().join("worktrees")) {
            check(&work_tree.path().join("HEAD"), MAX_PATH_FILE)?;
            for name in ["gitdir", "commondir"] {
                check_path_file(&work_tree.path().join(name))?;
            }
        }
        Ok(())
    }

    /// Checks the files of all references and of their logs.
    pub(super) fn check_all_references(&self) -> Result<(), Error> {
        for folder in [self.common_dir(), self.git_dir()] {
            check_references(&folder.join("refs"), MAX_REFERENCE, true)?;
            // git reads them from their ends
            check_references(&folder.join("logs"), ANY_SIZE, true)?;
            for table in entries(&folder.join("reftable")) {
                check_entry(&table, ANY_SIZE)?;
            }
        }
        Ok(())
    }

    /// Checks what git reads, once, before git is called.
    pub(super) fn check_for_git(&self) -> Result<(), Error> {
        if self.is_checked_for_git.get().is_some() {
            return Ok(());
        }
        self.check_work_trees()?;
        self.check_all_references()?;
        check(&self.git_dir().join("index"), ANY_SIZE)?;
        check(&self.common_dir().join("info/grafts"), MAX_COMMITS)?;
        self.object_directories()?.iter().try_for_each(|directory| check_object_directory(directory))?;
        let _ = self.is_checked_for_git.set(());
        Ok(())
    }
}

/// Whether reading the file gives nothing, like reading the null device.
#[cfg(unix)]
fn is_null(file: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    file.file_type().is_char_device() && std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == file.rdev())
}

#[cfg(not(unix))]
fn is_null(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn kind(file: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match file.file_type() {
        kind if kind.is_fifo() => "pipe",
        kind if kind.is_socket() => "socket",
        kind if kind.is_char_device() || kind.is_block_device() => "device",
        _ => "special file",
    }
}

#[cfg(not(unix))]
fn kind(_: &Metadata) -> &'static str {
    "special file"
}
