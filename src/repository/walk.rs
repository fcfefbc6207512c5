//! Ranges of history: which commits and tags they hold, and their objects read on several cores.
//!
//! Replacement objects, grafts and the commit-graph file are not followed: the parents are those that the commits themselves name.

use super::{Error, ObjectKind, RawObject, Repository, git};
use gix::ObjectId;
use std::{collections::HashSet, sync::Arc};

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
}

/// Who follows history: git where objects lie in a push's quarantine, which gix does not see.
enum Walk<'a> {
    Gix(gix::revision::Walk<'a>),
    Git(git::Listing),
}

/// An annotated tag that a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagReference {
    /// The full name of the reference.
    pub reference: String,
    /// The id of the tag object.
    pub id: String,
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
        let walk = if self.objects_by_git.is_some() {
            let revisions = tips.iter().map(|id| format!("{id}\n")).chain(hidden.iter().map(|id| format!("^{id}\n")));
            let options: &[&str] = if range.first_parent { &["--first-parent"] } else { &[] };
            Walk::Git(git::Listing::start(self, &revisions.collect::<String>(), options)?)
        } else {
            let mut platform = self.gix.rev_walk(tips).with_hidden(hidden).use_commit_graph(false);
            if range.first_parent {
                platform = platform.first_parent_only();
            }
            Walk::Gix(platform.all().map_err(broken)?)
        };
        let shallow = self.gix.shallow_commits().map_err(broken)?;
        let shallow = shallow.iter().flat_map(|commits| commits.iter().copied()).collect();
        Ok(Commits { walk, shallow, cut: Vec::new() })
    }

    /// Every annotated tag under `refs/tags/`.
    ///
    /// # Errors
    /// Where the references cannot be read.
    pub fn tag_references(&self) -> Result<Vec<TagReference>, Error> {
        let platform = self.gix.references().map_err(broken)?;
        let mut tags = Vec::new();
        for reference in platform.tags().map_err(broken)? {
            let reference = reference.map_err(broken)?;
            let Some(id) = reference.try_id().map(|id| id.detach()) else { continue };
            let header = self.gix.find_header(id).map_err(broken)?;
            if header.kind() == gix::objs::Kind::Tag {
                tags.push(TagReference { reference: reference.name().as_bstr().to_string(), id: id.to_hex().to_string() });
            }
        }
        Ok(tags)
    }

    /// The object with this id, whose bytes have it.
    ///
    /// # Errors
    /// Where it is not here, damaged, or too large.
    pub fn object_by_id(&self, id: &str) -> Result<RawObject, Error> {
        self.checked_object(id, None)
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

    /// The commits that references lead to; what leads to no commit (a tag of a tree) has no history.
    fn reference_tips(&self) -> Result<Vec<ObjectId>, Error> {
        let platform = self.gix.references().map_err(broken)?;
        let mut tips: Vec<ObjectId> = self.gix.head_id().ok().map(|id| id.detach()).into_iter().collect();
        for reference in platform.all().map_err(broken)? {
            let mut reference = reference.map_err(broken)?;
            let Ok(id) = reference.peel_to_id() else { continue };
            if self.gix.find_header(id.detach()).is_ok_and(|header| header.kind() == gix::objs::Kind::Commit) {
                tips.push(id.detach());
            }
        }
        Ok(tips)
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
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = match &mut self.walk {
            Walk::Gix(walk) => walk.next()?.map(|commit| commit.id).map_err(broken),
            Walk::Git(listing) => listing.next()?.and_then(|id| ObjectId::from_hex(id.as_bytes()).map_err(broken)),
        };
        let commit = match id {
            Ok(commit) => commit,
            Err(error) => return Some(Err(error)),
        };
        let id = commit.to_hex().to_string();
        if self.shallow.contains(&commit) {
            self.cut.push(id.clone());
        }
        Some(Ok(id))
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
