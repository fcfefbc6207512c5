//! What git shows otherwise than it is stored: replaced objects (`git replace`), and commits with other parents (grafts). Nothing here is followed;
//! the caller warns of it. The references and the file are read once, and objects only where there are any.

use super::{Error, ObjectKind, Repository, bounded, git, references::Reference};
use crate::object::TagHeaders;
use gix::objs::{CommitRefIter, TreeRefIter};
use std::collections::HashSet;

/// Where replacement references are, unless `GIT_REPLACE_REF_BASE` names another place.
const REPLACEMENTS: &str = "refs/replace/";

/// The objects in whose place git shows others, and the commits to which it gives other parents.
#[derive(Debug, Default)]
pub(crate) struct Substitutes {
    replaced: HashSet<String>,
    grafted: HashSet<String>,
    /// The repository, unless there are none.
    repository: Option<Repository>,
    /// Whether what a commit's tree leads to counts too.
    is_deep: bool,
    /// Trees without a replaced object.
    seen: HashSet<String>,
}

impl Repository {
    /// The substitutes for objects here. Those of files and folders inside a commit's tree count only if they are `deep`.
    pub(crate) fn substitutes(&self, deep: bool) -> Substitutes {
        let (replaced, grafted) = (self.replaced(), self.grafted());
        let repository = (!replaced.is_empty() || !grafted.is_empty()).then(|| self.handle().to_repository());
        Substitutes { replaced, grafted, repository, is_deep: deep, seen: HashSet::new() }
    }

    /// The ids of the objects in whose place git shows others: those with a replacement reference, unless the call turns these off.
    fn replaced(&self) -> HashSet<String> {
        let replaced = self.replacements();
        if replaced.is_empty() || std::env::var_os("GIT_NO_REPLACE_OBJECTS").is_some() || self.shows_originals() {
            return HashSet::new();
        }
        replaced
    }

    /// Whether the configuration turns replacement off for git. gix has it off anyway.
    fn shows_originals(&self) -> bool {
        let entries = self.configuration(&["core"]).unwrap_or_default();
        let value = entries.into_iter().rfind(|entry| entry.name == "usereplacerefs").and_then(|entry| entry.value);
        value.is_some_and(|value| [&b"false"[..], b"no", b"off", b"0", b""].iter().any(|word| word.eq_ignore_ascii_case(&value)))
    }

    fn replacements(&self) -> HashSet<String> {
        let base = std::env::var("GIT_REPLACE_REF_BASE").unwrap_or_else(|_| REPLACEMENTS.to_owned());
        // like git, take the last part of the name for the id
        let replaced = |name: &str| name.starts_with(&base).then(|| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase());
        if let (false, Some(names)) = (self.references_by_git, self.names_below(&base)) {
            return names.iter().filter_map(|name| replaced(name)).collect();
        }
        self.references().unwrap_or_default().iter().filter_map(|Reference { name, .. }| replaced(name)).collect()
    }

    /// The names of the references that begin so; `None` if gix cannot read them all.
    fn names_below(&self, base: &str) -> Option<Vec<String>> {
        let references = self.gix.references().ok()?;
        let found = references.prefixed(base).ok()?;
        found.map(|reference| Some(reference.ok()?.name().as_bstr().to_string())).collect()
    }

    /// The ids of the commits to which a file gives other parents.
    fn grafted(&self) -> HashSet<String> {
        let named = std::env::var_os("GIT_GRAFT_FILE").map(std::path::PathBuf::from);
        let file = named.unwrap_or_else(|| self.common_dir().join("info/grafts"));
        let bytes = bounded::grafts(&file).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_ascii_lowercase)
            .collect()
    }

    /// Whether git finds something else by the revision or range, because an object on the way has a substitute.
    fn leads_elsewhere(&self, revision: &str) -> bool {
        let found = |is_original: bool| git::revisions(self, revision, is_original);
        !revision.starts_with('-')
            && revision.contains(['^', '~', ':', '{', '.'])
            && !matches!((found(true), found(false)), (Ok(stored), Ok(shown)) if stored == shown)
    }
}

impl Substitutes {
    /// Whether git shows another object in place of this one, or gives it other parents.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.replaced.contains(id) || self.grafted.contains(id)
    }

    /// The object with a substitute in what git shows of this one: itself, a tag's target, a commit's tree.
    pub(crate) fn in_place_of(&mut self, id: &str) -> Option<String> {
        let repository = self.repository.take()?;
        let found = self.find(&repository, id);
        self.repository = Some(repository);
        found
    }

    /// Whether git finds something else than paraph by this revision or range.
    pub(crate) fn lead_elsewhere(&self, revision: &str) -> bool {
        self.repository.as_ref().is_some_and(|repository| repository.leads_elsewhere(revision))
    }

    fn find(&mut self, repository: &Repository, id: &str) -> Option<String> {
        let mut pending = vec![id.to_owned()];
        while let Some(id) = pending.pop() {
            if self.has(&id) {
                return Some(id);
            }
            if self.seen.contains(&id) {
                continue;
            }
            // an object that cannot be read has a verdict that says so
            if let Ok(led) = self.led_to(repository, &id) {
                pending.extend(led);
            }
            self.seen.insert(id);
        }
        None
    }

    /// The objects that git shows with this one.
    fn led_to(&self, repository: &Repository, id: &str) -> Result<Vec<String>, Error> {
        // of a tree, only its id counts
        if !self.is_deep && repository.kind_of("", id)? == gix::objs::Kind::Tree {
            return Ok(Vec::new());
        }
        let hash = repository.gix.object_hash();
        let object = repository.object_by_id(id)?;
        Ok(match object.kind {
            ObjectKind::Commit => {
                CommitRefIter::from_bytes(&object.bytes, hash).tree_id().map(|tree| tree.to_hex().to_string()).into_iter().collect()
            }
            ObjectKind::Tag => TagHeaders::parse(&object.bytes).map(|headers| headers.target.to_owned()).into_iter().collect(),
            ObjectKind::Tree => {
                let entries = TreeRefIter::from_bytes(&object.bytes, hash).flatten();
                entries.filter(|entry| !entry.mode.is_commit()).map(|entry| entry.oid.to_hex().to_string()).collect()
            }
            ObjectKind::Blob => Vec::new(),
        })
    }
}
