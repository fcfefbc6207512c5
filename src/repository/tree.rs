//! Trees of commits: what stands at a path, the content of small files, and which paths differ. Each tree that is read is hashed again.

use super::{Error, ObjectKind, Repository};
use gix::{
    ObjectId,
    objs::{TreeRefIter, tree::EntryRef},
};
use std::collections::{BTreeMap, BTreeSet};

/// Trees inside trees that are followed, at most; git's own limit is 2048.
const DEEPEST_TREE: usize = 2048;

/// The part of a mode that tells what an entry is.
const KIND: u16 = 0o170_000;
/// A folder.
const TREE: u16 = 0o040_000;
/// A regular file.
const FILE: u16 = 0o100_000;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TreeEntry {
    /// A regular file, executable or not.
    File {
        /// Its id.
        id: String,
    },
    /// A symbolic link, a folder or a submodule.
    Other,
}

/// The mode and the id of an entry.
type Entry = (u16, ObjectId);

/// The entries of one tree by their names.
type Entries = BTreeMap<Vec<u8>, Entry>;

impl Repository {
    /// What stands at this path of a commit.
    ///
    /// # Errors
    /// Where the commit or a tree cannot be read.
    pub(crate) fn entry_at(&self, commit: &str, path: &str) -> Result<Option<TreeEntry>, Error> {
        let mut found = Some((TREE, self.tree_of(commit)?));
        for segment in path.split('/') {
            let Some(id) = tree(found) else { return Ok(None) };
            found = self.entries(id)?.remove(segment.as_bytes());
        }
        Ok(found.map(|(mode, id)| match mode & KIND {
            FILE => TreeEntry::File { id: id.to_hex().to_string() },
            _ => TreeEntry::Other,
        }))
    }

    /// The content of a file; `None` if it has more bytes than `limit`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn file(&self, id: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let is_small = |size: u64| usize::try_from(size).is_ok_and(|size| size <= limit);
        self.check_loose(id)?;
        if let Some(object) = self.object_id(id).filter(|_| self.objects_by_git.is_none())
            && let Ok(Some(header)) = self.gix.try_find_header(object)
            && !is_small(header.size())
        {
            return Ok(None);
        }
        match self.object_by_id(id) {
            Ok(object) if object.kind == ObjectKind::Blob => Ok(Some(object.bytes).filter(|bytes| bytes.len() <= limit)),
            Ok(object) => Err(self.damaged(id, format!("it is a {}, not a file", object.kind.name()))),
            Err(Error::ObjectTooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The paths that differ between two commits, or all paths of `new` where there is no `old`. `wanted` says of which entries of the top
    /// folder the paths are wanted. `None` if they are more than `limit`.
    ///
    /// # Errors
    /// Where a commit or a tree cannot be read.
    pub(crate) fn changed_paths(
        &self,
        old: Option<&str>,
        new: &str,
        wanted: impl Fn(&[u8]) -> bool,
        limit: usize,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let old = old.map(|old| self.tree_of(old)).transpose()?;
        let new = self.tree_of(new)?;
        self.differing_paths(old, new, wanted, limit)
    }

    /// Whether a path differs between a commit and a tree. `wanted` is as in [`Repository::changed_paths`].
    ///
    /// # Errors
    /// Where the commit or a tree cannot be read.
    pub(crate) fn differs_from_tree(&self, commit: &str, tree: &str, wanted: impl Fn(&[u8]) -> bool) -> Result<bool, Error> {
        let new = self.object_id(tree).ok_or_else(|| Error::MissingObject(tree.to_owned()))?;
        Ok(self.differing_paths(Some(self.tree_of(commit)?), new, wanted, 1)?.is_none_or(|paths| !paths.is_empty()))
    }

    fn differing_paths(
        &self,
        old: Option<ObjectId>,
        new: ObjectId,
        wanted: impl Fn(&[u8]) -> bool,
        limit: usize,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        if old == Some(new) {
            return Ok(Some(Vec::new()));
        }
        let mut paths = Vec::new();
        let mut open = vec![(Vec::new(), old, Some(new), 0)];
        while let Some((folder, old, new, depth)) = open.pop() {
            let mut before = old.map_or_else(|| Ok(Entries::new()), |id| self.entries(id))?;
            let mut after = new.map_or_else(|| Ok(Entries::new()), |id| self.entries(id))?;
            if depth == 0 {
                before.retain(|name, _| wanted(name));
                after.retain(|name, _| wanted(name));
            }
            let names: BTreeSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
            for name in names {
                let (one, other) = (before.get(name).copied(), after.get(name).copied());
                if one == other {
                    continue;
                }
                let path = if folder.is_empty() { name.clone() } else { [folder.as_slice(), name].join(&b'/') };
                if [one, other].into_iter().flatten().any(|(mode, _)| mode & KIND != TREE) {
                    paths.push(path.clone());
                }
                if paths.len() + open.len() > limit {
                    return Ok(None);
                }
                let (one, other) = (tree(one), tree(other));
                if one.is_some() || other.is_some() {
                    if depth == DEEPEST_TREE {
                        return Ok(None);
                    }
                    open.push((path, one, other, depth + 1));
                }
            }
        }
        Ok(Some(paths))
    }

    /// The tree that a commit names.
    fn tree_of(&self, commit: &str) -> Result<ObjectId, Error> {
        let object = self.object_by_id(commit).map_err(|error| self.in_shallow_clone(error, commit))?;
        if object.kind != ObjectKind::Commit {
            return Err(Error::NoCommit(commit.to_owned()));
        }
        let tree = gix::objs::CommitRefIter::from_bytes(&object.bytes, self.gix.object_hash()).tree_id();
        tree.map_err(|_| self.damaged(commit, "it names no tree".into()))
    }

    fn entries(&self, id: ObjectId) -> Result<Entries, Error> {
        let name = id.to_hex().to_string();
        let object = self.object_by_id(&name)?;
        if object.kind != ObjectKind::Tree {
            return Err(self.damaged(&name, format!("it is a {}, not a tree", object.kind.name())));
        }
        let malformed = |what: &str| self.damaged(&name, format!("the tree is malformed: {what}"));
        let (mut entries, mut last) = (Entries::new(), Vec::new());
        for entry in TreeRefIter::from_bytes(&object.bytes, self.gix.object_hash()) {
            let entry = entry.map_err(|_| malformed("an entry cannot be read"))?;
            if !is_name(entry.filename) {
                return Err(malformed("an entry has a name that no path has"));
            }
            let key = sort_key(&entry);
            let before = entries.insert(entry.filename.to_vec(), (entry.mode.value(), entry.oid.to_owned()));
            if before.is_some() || key <= last {
                return Err(malformed("two entries have one name, or are not in git's order"));
            }
            last = key;
        }
        Ok(entries)
    }
}

/// Whether an entry may have this name. Programs disagree about what a tree with others holds at a path.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/')
}

/// git sorts the name of a folder as if a slash followed.
fn sort_key(entry: &EntryRef<'_>) -> Vec<u8> {
    let mut key = entry.filename.to_vec();
    if entry.mode.value() & KIND == TREE {
        key.push(b'/');
    }
    key
}

/// The id of a tree.
fn tree(entry: Option<Entry>) -> Option<ObjectId> {
    entry.filter(|(mode, _)| mode & KIND == TREE).map(|(_, id)| id)
}
