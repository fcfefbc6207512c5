//! The trees and files of a commit, hashed: git shows what is stored under their ids, and hashes nothing when it reads.

use super::{Error, ObjectKind, Repository};
use gix::{
    ObjectId,
    objs::{Kind, TreeRefIter},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Trees inside trees that are followed, at most; git's own limit is 2048.
const DEEPEST_TREE: usize = 2048;

/// Objects whose content was hashed, each with the first fault in it. Commits share most of their trees and files.
#[derive(Debug, Default)]
pub(crate) struct HashedContent {
    seen: Mutex<HashMap<ObjectId, Option<ContentFault>>>,
}

/// Why the content of a commit is not what its id says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContentFault {
    /// An object is stored under an id that its bytes do not have, or that other bytes have too.
    Wrong(String),
    /// An object is not here or cannot be hashed.
    Unchecked(String),
}

impl Repository {
    /// The first fault in what a commit, a tag's target or a tree leads to, without submodules and parents.
    pub(crate) fn content_fault(&self, id: &str, hashed: &HashedContent) -> Option<ContentFault> {
        match self.object_by_id(id) {
            Ok(object) => match object.kind {
                ObjectKind::Commit => {
                    let tree = gix::objs::CommitRefIter::from_bytes(&object.bytes, self.gix.object_hash()).tree_id();
                    // a commit without a tree is malformed, which its own verdict says
                    self.content(tree.ok()?, Kind::Tree, hashed, DEEPEST_TREE)
                }
                ObjectKind::Tree => self.content(self.object_id(id)?, Kind::Tree, hashed, DEEPEST_TREE),
                ObjectKind::Tag | ObjectKind::Blob => None,
            },
            Err(error) => Some(error.into()),
        }
    }

    fn content(&self, id: ObjectId, kind: Kind, hashed: &HashedContent, depth: usize) -> Option<ContentFault> {
        if let Some(seen) = hashed.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return seen.clone();
        }
        let fault = self.hash_content(id, kind, hashed, depth);
        hashed.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id, fault.clone());
        fault
    }

    fn hash_content(&self, id: ObjectId, kind: Kind, hashed: &HashedContent, depth: usize) -> Option<ContentFault> {
        let name = id.to_hex().to_string();
        let object = match self.object_by_id(&name) {
            Ok(object) => object,
            Err(error) => return Some(error.into()),
        };
        if object.kind != kind.into() {
            return Some(ContentFault::Wrong(format!("{name} is a {}, not a {kind}", object.kind.name())));
        }
        if kind == Kind::Blob {
            return None;
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Some(ContentFault::Unchecked(format!("the tree {name} is more than {DEEPEST_TREE} deep")));
        };
        for entry in TreeRefIter::from_bytes(&object.bytes, self.gix.object_hash()) {
            let Ok(entry) = entry else { return Some(ContentFault::Wrong(format!("the tree {name} is malformed"))) };
            let kind = match entry.mode.kind() {
                gix::objs::tree::EntryKind::Tree => Kind::Tree,
                // a commit of another repository
                gix::objs::tree::EntryKind::Commit => continue,
                _ => Kind::Blob,
            };
            if let Some(fault) = self.content(entry.oid.to_owned(), kind, hashed, depth) {
                return Some(fault);
            }
        }
        None
    }
}

impl From<Error> for ContentFault {
    fn from(error: Error) -> Self {
        match error {
            Error::ObjectIdMismatch { .. } | Error::ObjectCopiesDiffer { .. } | Error::Sha1Collision { .. } => {
                Self::Wrong(error.to_string())
            }
            error => Self::Unchecked(error.to_string()),
        }
    }
}
