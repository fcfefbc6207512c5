//! Walks ranges of history, and reads their objects from several threads.
//!
//! Replacement objects, grafts and the commit-graph file are ignored: the parents are those that the commits name.

use super::{Error, ObjectKind, RawObject, ReferenceSelection, Repository, copies::Copies, git};
use gix::{ObjectId, objs::Find as _};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashSet},
    rc::Rc,
    sync::{Arc, OnceLock},
};

/// A part of history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range<'a> {
    /// `A..B`, `^A` or `B`, as in git: the commits that are included and not excluded.
    pub revisions: Vec<&'a str>,
    /// The references that are included as well, if any.
    pub all: Option<&'a ReferenceSelection>,
    /// Whether only the first parent of each commit is followed.
    pub first_parent: bool,
}

/// The commits of a range, newest branch tips first.
pub(crate) struct Commits<'a> {
    walk: Walk<'a>,
    shallow: Rc<HashSet<ObjectId>>,
    /// Commits whose parents are missing in a shallow clone.
    cut: Vec<String>,
    left_out: Vec<String>,
    /// Commits whose bytes are wrong, if the walk hashes them.
    foreign: Option<Foreign>,
    /// The commit that the walk could not read.
    unreadable: Rc<Cell<Option<ObjectId>>>,
    repository: &'a Repository,
}

/// The program that walks: git if objects are in the quarantine of a push, which gix cannot read; otherwise gix.
enum Walk<'a> {
    Own(Box<Own<'a>>),
    Git(git::Listing),
}

/// A larger commit is not kept in memory until it is verified, but read again: many commits can wait at the same time.
const MAX_CARRIED: usize = 32 << 10;

/// A walk that keeps the bytes of its current commit.
type Own<'a> = gix::traverse::commit::Simple<Hashed<'a>, fn(&gix::oid) -> bool>;

/// Commits whose bytes have another id or differ from another copy, with what is wrong: a sentence.
type Foreign = Rc<RefCell<BTreeMap<ObjectId, String>>>;

/// Reads commits for a walk. If commits are excluded, each commit is hashed and compared with its copies: nobody verifies the excluded ones later,
/// and wrong parents of one could hide commits from verification, or show other ones in git.
struct Hashed<'a> {
    repository: &'a Repository,
    copies: &'a Copies,
    /// The commit that could not be read. Not every error names it.
    unreadable: Rc<Cell<Option<ObjectId>>>,
    /// Those with wrong bytes; `None` if the walk returns all commits that it reads.
    foreign: Option<Foreign>,
    /// The commits at which a shallow clone ends. The walk does not see their parents.
    shallow: Rc<HashSet<ObjectId>>,
}

impl gix::objs::Find for Hashed<'_> {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        if !self.shallow.contains(id) {
            return self.read(id, buffer);
        }
        let mut whole = Vec::new();
        let Some(gix::objs::Data { kind, object_hash, data }) = self.read(id, &mut whole)? else { return Ok(None) };
        without_parents(data, buffer);
        Ok(Some(gix::objs::Data { kind, object_hash, data: buffer }))
    }
}

impl Hashed<'_> {
    fn read<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        let regular = self.copies.check_loose(id).map_err(gix::Error::from_error);
        let found = regular
            .and_then(|()| self.repository.gix.objects.try_find(id, buffer))
            .inspect_err(|_| self.unreadable.set(Some(id.to_owned())))?;
        if let Some(object) = &found
            && let Some(foreign) = &self.foreign
            && let Some(fault) = self.fault(id, object)
        {
            foreign.borrow_mut().insert(id.to_owned(), fault);
        }
        Ok(found)
    }

    /// What is wrong with the bytes of an object.
    fn fault(&self, id: &gix::oid, object: &gix::objs::Data<'_>) -> Option<String> {
        let has_its_id = gix::objs::compute_hash(id.kind(), object.kind, object.data).is_ok_and(|computed| computed == id);
        if !has_its_id {
            return Some(format!("the bytes stored for the commit {id} have another id; look for the cause with `git fsck`"));
        }
        self.repository.compare_copies(&id.to_hex().to_string(), object.kind, object.data).err().map(|error| error.to_string())
    }
}

/// The bytes of a commit without its parent lines.
fn without_parents(commit: &[u8], into: &mut Vec<u8>) {
    let header = memchr::memmem::find(commit, b"\n\n").map_or(commit.len(), |end| end + 1);
    let (header, rest) = commit.split_at(header);
    into.clear();
    header
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"parent "))
        .for_each(|line| into.extend_from_slice(line));
    into.extend_from_slice(rest);
}

/// A commit that a walk has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundCommit {
    /// Its id.
    pub id: String,
    /// Its content, if the walk has kept it.
    bytes: Option<Vec<u8>>,
    /// Whether the bytes were hashed, have the id, and are the same in every copy.
    is_hashed: bool,
}

impl From<String> for FoundCommit {
    fn from(id: String) -> Self {
        Self { id, bytes: None, is_hashed: false }
    }
}

impl Repository {
    /// The commits of a range.
    ///
    /// # Errors
    /// If a revision does not name a commit.
    pub(crate) fn commits(&self, range: &Range<'_>) -> Result<Commits<'_>, Error> {
        let (mut tips, mut hidden) = (Vec::new(), Vec::new());
        for revision in &range.revisions {
            if revision.contains("...") {
                return Err(Error::BadRevision {
                    revision: (*revision).to_owned(),
                    reason: "a symmetric difference cannot be verified; expected A..B",
                });
            }
            if let Some((from, to)) = revision.split_once("..") {
                hidden.push(self.commit_id(or_head(from))?);
                tips.push(self.commit_id(or_head(to))?);
            } else if let Some(excluded) = revision.strip_prefix('^') {
                hidden.push(self.commit_id(excluded)?);
            } else {
                tips.push(self.commit_id(revision)?);
            }
        }
        let selected = range.all.map(|selection| self.reference_tips(selection)).transpose()?.unwrap_or_default();
        tips.extend(selected.commits);
        let foreign = (!hidden.is_empty()).then(Rc::default);
        let ends = self.gix.shallow_commits().map_err(broken)?;
        let shallow: Rc<HashSet<ObjectId>> = Rc::new(ends.iter().flat_map(|commits| commits.iter().copied()).collect());
        let unreadable = Rc::default();
        let walk = if self.objects_by_git.is_some() {
            let revisions = tips.iter().map(|id| format!("{id}\n")).chain(hidden.iter().map(|id| format!("^{id}\n")));
            let options: &[&str] = if range.first_parent { &["--first-parent"] } else { &[] };
            Walk::Git(git::Listing::start(self, &revisions.collect::<String>(), options)?)
        } else {
            use gix::traverse::commit::{Parents, Simple, simple::Sorting};
            let objects = Hashed {
                repository: self,
                copies: self.copies()?,
                unreadable: Rc::clone(&unreadable),
                foreign: foreign.clone(),
                shallow: Rc::clone(&shallow),
            };
            let parents = if range.first_parent { Parents::First } else { Parents::All };
            let walk = Simple::new(tips, objects).sorting(Sorting::BreadthFirst).map_err(broken)?;
            let walk = walk.parents(parents).hide(hidden).map_err(|error| self.named(broken(error), &unreadable))?;
            Walk::Own(Box::new(walk))
        };
        Ok(Commits { walk, shallow, cut: Vec::new(), left_out: selected.left_out, foreign, unreadable, repository: self })
    }

    /// The object with this id. Its bytes are hashed again.
    ///
    /// # Errors
    /// If it is missing, damaged or too large.
    pub(crate) fn object_by_id(&self, id: &str) -> Result<RawObject, Error> {
        self.checked_object(id, None)
    }

    /// The object of a commit that a walk has found. Its bytes have its id.
    ///
    /// # Errors
    /// If it is missing, damaged or too large.
    pub(crate) fn found(&self, found: FoundCommit) -> Result<RawObject, Error> {
        match found.bytes {
            Some(bytes) if found.is_hashed => {
                Ok(RawObject { id: found.id, format: self.format(), kind: ObjectKind::Commit, bytes, reference: None })
            }
            Some(bytes) => self.with_its_id(&found.id, gix::objs::Kind::Commit, bytes, None),
            None => self.checked_object(&found.id, None),
        }
    }

    /// A handle of this repository for another thread.
    pub(crate) fn handle(&self) -> RepositoryHandle {
        RepositoryHandle {
            gix: self.gix.clone().into_sync(),
            references_by_git: self.references_by_git,
            objects_by_git: self.objects_by_git.clone(),
            copies: Arc::clone(&self.copies),
        }
    }

    /// The error of a walk, as that of the commit that could not be read: it names the commit, its file and what to do.
    fn named(&self, error: Error, unreadable: &Cell<Option<ObjectId>>) -> Error {
        match (error, unreadable.get().map(|id| id.to_hex().to_string())) {
            (Error::Walk(cause), Some(id)) => match self.object_by_id(&id) {
                Err(error) => error,
                Ok(_) => Error::Walk(format!("the commit {id} cannot be read: {cause}")),
            },
            (error, _) => error,
        }
    }

    fn commit_id(&self, revision: &str) -> Result<ObjectId, Error> {
        // the walk reads it, and judging compares its copies
        let commit = self.resolve(&format!("{revision}^{{commit}}")).map_err(|error| match (error, self.object(revision)) {
            (Error::UnknownRevision { .. }, Err(as_given)) => as_given,
            (Error::UnknownRevision { .. }, Ok(_)) => Error::NoCommit(revision.to_owned()),
            (error, _) => self.in_shallow_clone(error, revision),
        })?;
        ObjectId::from_hex(commit.id.as_bytes()).map_err(broken)
    }
}

/// The error of a walk, with the innermost cause.
fn broken(error: impl std::error::Error + 'static) -> Error {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Error::Walk(cause.to_string())
}

/// A missing side of a range means HEAD, as in git.
fn or_head(side: &str) -> &str {
    if side.is_empty() { "HEAD" } else { side }
}

impl Commits<'_> {
    /// The commits found so far at which a shallow clone ends. Their parents were not read.
    pub(crate) fn cut(&self) -> &[String] {
        &self.cut
    }

    /// The full names of references that were left out.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl Iterator for Commits<'_> {
    type Item = Result<FoundCommit, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (id, bytes) = match &mut self.walk {
            Walk::Own(walk) => match walk.next() {
                Some(commit) => {
                    let commit = commit.map(|commit| commit.id);
                    // at the end of a shallow clone, the walk has the bytes without the parents
                    let is_whole = commit.as_ref().is_ok_and(|commit| !self.shallow.contains(commit));
                    let data = walk.commit_data();
                    (commit.map_err(broken), (is_whole && data.len() <= MAX_CARRIED).then(|| data.to_owned()))
                }
                // excluded commits with wrong bytes made the walk wrong
                None => {
                    let (_, fault) = self.foreign.as_ref()?.borrow_mut().pop_first()?;
                    return Some(Err(Error::Walk(fault)));
                }
            },
            Walk::Git(listing) => (listing.next()?.and_then(|id| ObjectId::from_hex(id.as_bytes()).map_err(broken)), None),
        };
        let commit = match id {
            Ok(commit) => commit,
            Err(error) => return Some(Err(self.repository.named(error, &self.unreadable))),
        };
        let id = commit.to_hex().to_string();
        if self.shallow.contains(&commit) {
            self.cut.push(id.clone());
        }
        // a returned commit with a wrong id is found when it is verified
        let is_foreign = self.foreign.as_ref().map(|foreign| foreign.borrow_mut().remove(&commit).is_some());
        let is_hashed = bytes.is_some() && is_foreign == Some(false);
        Some(Ok(FoundCommit { id, bytes, is_hashed }))
    }
}

/// A repository to share between threads. Each thread opens its own from it.
#[derive(Debug, Clone)]
pub(crate) struct RepositoryHandle {
    gix: gix::ThreadSafeRepository,
    references_by_git: bool,
    objects_by_git: Option<Arc<git::Objects>>,
    copies: Arc<OnceLock<Copies>>,
}

impl RepositoryHandle {
    /// The repository for this thread.
    pub(crate) fn to_repository(&self) -> Repository {
        let mut gix = self.gix.to_thread_local();
        gix.objects.ignore_replacements = true;
        Repository {
            gix,
            references_by_git: self.references_by_git,
            packed_references: super::packed::RememberedFile::default(),
            objects_by_git: self.objects_by_git.clone(),
            configuration_by_git: std::cell::OnceCell::new(),
            copies: Arc::clone(&self.copies),
            is_checked_for_git: std::cell::OnceCell::new(),
            real_folders: super::real_path::RealFolders::default(),
        }
    }
}
