//! Ranges of history: which commits and tags they hold, and their objects read on several cores.
//!
//! Replacement objects, grafts and the commit-graph file are not followed: the parents are those that the commits themselves name.

use super::{Error, ObjectKind, RawObject, Repository, git};
use gix::ObjectId;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashSet},
    rc::Rc,
    sync::Arc,
};

/// A part of history.
#[derive(Debug, Clone, Default)]
pub struct Range<'a> {
    /// `A..B`, `^A` or `B`, as git has them; what they include and do not exclude is meant.
    pub revisions: Vec<&'a str>,
    /// All references beside them.
    pub all: bool,
    /// Only the first parent of each commit.
    pub first_parent: bool,
}

/// The commits of a range, newest branch tips first.
pub struct Commits<'a> {
    walk: Walk<'a>,
    shallow: HashSet<ObjectId>,
    /// Commits whose parents a shallow clone left out.
    cut: Vec<String>,
    /// Commits that the walk read and whose bytes have another id, where it hashes them.
    foreign: Option<Rc<RefCell<BTreeSet<ObjectId>>>>,
    /// The commit that the walk could not read.
    unreadable: Rc<Cell<Option<ObjectId>>>,
}

/// Who follows history: git where objects lie in a push's quarantine, which gix does not see.
enum Walk<'a> {
    Whole(Box<Whole<'a>>),
    Shallow(gix::revision::Walk<'a>),
    Git(git::Listing),
}

/// A walk that keeps the bytes of the commit that it stands at.
type Whole<'a> = gix::traverse::commit::Simple<Hashed<'a>, fn(&gix::oid) -> bool>;

/// Commits as a walk reads them. Where a side is left out each is hashed, since nobody hashes those on it later, and one stored under
/// another's id would lead the walk past what nobody verified.
struct Hashed<'a> {
    objects: &'a gix::OdbHandle,
    /// The commit that could not be read, which not every error names.
    unreadable: Rc<Cell<Option<ObjectId>>>,
    /// The ids whose bytes have another; `None` where the walk hands out all that it reads.
    foreign: Option<Rc<RefCell<BTreeSet<ObjectId>>>>,
}

impl gix::objs::Find for Hashed<'_> {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        let found = self.objects.try_find(id, buffer).inspect_err(|_| self.unreadable.set(Some(id.to_owned())))?;
        if let Some(object) = &found
            && let Some(foreign) = &self.foreign
            && gix::objs::compute_hash(id.kind(), object.kind, object.data).ok().is_none_or(|computed| computed != id)
        {
            foreign.borrow_mut().insert(id.to_owned());
        }
        Ok(found)
    }
}

/// A commit that a walk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its content as the walk read it, so that nobody reads it twice.
    bytes: Option<Vec<u8>>,
    /// Whether those bytes were hashed, and have the id.
    is_hashed: bool,
}

impl From<String> for Found {
    fn from(id: String) -> Self {
        Self { id, bytes: None, is_hashed: false }
    }
}

impl Repository {
    /// The commits of a range.
    ///
    /// # Errors
    /// Where a revision names nothing, or no commit.
    pub fn commits(&self, range: &Range<'_>) -> Result<Commits<'_>, Error> {
        let (mut tips, mut hidden) = (Vec::new(), Vec::new());
        for revision in &range.revisions {
            if revision.contains("...") {
                return Err(Error::BadRevision {
                    revision: (*revision).to_owned(),
                    reason: "a symmetric difference is not a range that is verified; give A..B",
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
        if range.all {
            tips.extend(self.reference_tips()?);
        }
        let shallow = self.gix.shallow_commits().map_err(broken)?;
        let foreign = (!hidden.is_empty()).then(Rc::default);
        let shallow: HashSet<ObjectId> = shallow.iter().flat_map(|commits| commits.iter().copied()).collect();
        let unreadable = Rc::default();
        let walk = if self.objects_by_git.is_some() {
            let revisions = tips.iter().map(|id| format!("{id}\n")).chain(hidden.iter().map(|id| format!("^{id}\n")));
            let options: &[&str] = if range.first_parent { &["--first-parent"] } else { &[] };
            Walk::Git(git::Listing::start(self, &revisions.collect::<String>(), options)?)
        } else {
            let objects = Hashed { objects: &self.gix.objects, unreadable: Rc::clone(&unreadable), foreign: foreign.clone() };
            self.walk(tips, hidden, range.first_parent, shallow.is_empty().then_some(objects)).map_err(|error| named(error, &unreadable))?
        };
        Ok(Commits { walk, shallow, cut: Vec::new(), foreign, unreadable })
    }

    /// Over `objects` where history is whole.
    fn walk<'a>(
        &'a self,
        tips: Vec<ObjectId>,
        hidden: Vec<ObjectId>,
        first_parent: bool,
        objects: Option<Hashed<'a>>,
    ) -> Result<Walk<'a>, Error> {
        if let Some(objects) = objects {
            use gix::traverse::commit::{Parents, Simple, simple::Sorting};
            let parents = if first_parent { Parents::First } else { Parents::All };
            let walk = Simple::new(tips, objects).sorting(Sorting::BreadthFirst).map_err(broken)?;
            return Ok(Walk::Whole(Box::new(walk.parents(parents).hide(hidden).map_err(broken)?)));
        }
        let mut platform = self.gix.rev_walk(tips).with_hidden(hidden).use_commit_graph(false);
        if first_parent {
            platform = platform.first_parent_only();
        }
        Ok(Walk::Shallow(platform.all().map_err(broken)?))
    }

    /// The object with this id, whose bytes have it.
    ///
    /// # Errors
    /// Where it is not here, damaged, or too large.
    pub fn object_by_id(&self, id: &str) -> Result<RawObject, Error> {
        self.checked_object(id, None)
    }

    /// The commit that a walk came to, whose bytes have its id.
    ///
    /// # Errors
    /// Where it is not here, damaged, or too large.
    pub fn found(&self, found: Found) -> Result<RawObject, Error> {
        match found.bytes {
            Some(bytes) if found.is_hashed => {
                Ok(RawObject { id: found.id, format: self.format(), kind: ObjectKind::Commit, bytes, reference: None })
            }
            Some(bytes) => self.with_its_id(&found.id, gix::objs::Kind::Commit, bytes, None),
            None => self.checked_object(&found.id, None),
        }
    }

    /// The same repository for another thread.
    pub fn handle(&self) -> Handle {
        Handle { gix: self.gix.clone().into_sync(), references_by_git: self.references_by_git, objects_by_git: self.objects_by_git.clone() }
    }

    fn commit_id(&self, revision: &str) -> Result<ObjectId, Error> {
        let object = self.object(&format!("{revision}^{{commit}}")).map_err(|error| match (error, self.object(revision)) {
            (Error::UnknownRevision { .. }, Err(as_given)) => as_given,
            (Error::UnknownRevision { .. }, Ok(_)) => Error::NoCommit(revision.to_owned()),
            (error, _) => error,
        })?;
        debug_assert_eq!(object.kind, ObjectKind::Commit);
        ObjectId::from_hex(object.id.as_bytes()).map_err(broken)
    }
}

/// History that cannot be followed, with the innermost cause.
fn broken(error: impl std::error::Error + 'static) -> Error {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Error::Walk(cause.to_string())
}

/// The same with the commit at which it happened, where the error does not name it.
fn named(error: Error, unreadable: &Cell<Option<ObjectId>>) -> Error {
    match (error, unreadable.get().map(|id| id.to_hex().to_string())) {
        (Error::Walk(cause), Some(id)) if !cause.contains(&id) => Error::Walk(format!("the commit {id} cannot be read: {cause}")),
        (error, _) => error,
    }
}

/// A side of a range that is left out means HEAD, as in git.
fn or_head(side: &str) -> &str {
    if side.is_empty() { "HEAD" } else { side }
}

impl Commits<'_> {
    /// The commits at which a shallow clone ends, of those that were walked so far. What lies behind them was not looked at.
    pub fn cut(&self) -> &[String] {
        &self.cut
    }
}

impl Iterator for Commits<'_> {
    type Item = Result<Found, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (id, bytes) = match &mut self.walk {
            Walk::Whole(walk) => match walk.next() {
                Some(commit) => (commit.map(|commit| commit.id).map_err(broken), Some(walk.commit_data().to_owned())),
                // those that were not handed out, where their ids would have been noticed, led the walk astray
                None => {
                    let id = self.foreign.as_ref()?.borrow_mut().pop_first()?.to_hex().to_string();
                    return Some(Err(Error::Walk(format!("the bytes stored for the commit {id} are not its own; `git fsck` tells more"))));
                }
            },
            Walk::Shallow(walk) => (walk.next()?.map(|commit| commit.id).map_err(broken), None),
            Walk::Git(listing) => (listing.next()?.and_then(|id| ObjectId::from_hex(id.as_bytes()).map_err(broken)), None),
        };
        let commit = match id {
            Ok(commit) => commit,
            Err(error) => return Some(Err(named(error, &self.unreadable))),
        };
        let id = commit.to_hex().to_string();
        if self.shallow.contains(&commit) {
            self.cut.push(id.clone());
        }
        let is_hashed = bytes.is_some() && self.foreign.as_ref().is_some_and(|foreign| !foreign.borrow_mut().remove(&commit));
        Some(Ok(Found { id, bytes, is_hashed }))
    }
}

/// A repository that threads can share; each opens its own from it.
#[derive(Debug, Clone)]
pub struct Handle {
    gix: gix::ThreadSafeRepository,
    references_by_git: bool,
    objects_by_git: Option<Arc<git::Objects>>,
}

impl Handle {
    /// The repository for this thread.
    pub fn to_repository(&self) -> Repository {
        let mut gix = self.gix.to_thread_local();
        gix.objects.ignore_replacements = true;
        Repository { gix, references_by_git: self.references_by_git, objects_by_git: self.objects_by_git.clone() }
    }
}
