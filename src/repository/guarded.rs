//! The references that a hook guards (`paraph.guardedRefs`), and the history that they make known.
//!
//! A reference is guarded if a pattern matches its name, its name as the clients of its namespace see it, or the name of a symbolic reference
//! that leads to it or that it is.

use super::{
    ConfigEntry, Error, Repository, Scope, git,
    loose_reference::{FilesOfReferences, LooseReference},
    references::{Reference, namespace_prefix},
};
use crate::object::without_namespaces;
use gix::glob::wildmatch::Mode;
use std::collections::{BTreeSet, HashSet};

/// The longest pattern, in bytes, and the most asterisks in it: matching takes more steps with each.
const MAX_PATTERN: usize = 256;
const MAX_ASTERISKS: usize = 8;

/// Patterns of full names of references: an asterisk also stands for slashes, as in a refspec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReferencePatterns {
    patterns: Vec<String>,
    mode: Mode,
}

/// The references of a repository that are guarded.
#[derive(Debug)]
pub(crate) struct GuardedReferences<'a> {
    patterns: &'a ReferencePatterns,
    aliases: Aliases,
    known: BTreeSet<String>,
}

/// Other names of references.
#[derive(Debug)]
pub(crate) struct Aliases {
    /// The prefix of the names that git gives to a hook, for `GIT_NAMESPACE`.
    prefix: String,
    /// The symbolic references, each with the reference that it names, which may be symbolic too or missing.
    symbolic: Vec<(String, String)>,
    /// How the names below a link to a folder begin, and the same names without the link.
    folders: Vec<(String, String)>,
}

impl Repository {
    /// The patterns in `paraph.guardedRefs`, of all files; an empty value removes the earlier ones. `None` without a pattern.
    ///
    /// # Errors
    /// If a pattern could match no reference.
    pub(crate) fn guarded_patterns(&self) -> Result<Option<ReferencePatterns>, Error> {
        let mut patterns: Vec<String> = Vec::new();
        for ConfigEntry { section, subsection, name, value, scope, .. } in self.configuration(&["paraph"])? {
            if section == "paraph" && subsection.is_none() && name == "guardedrefs" && is_file(scope) {
                let value = value.unwrap_or_default();
                let text = String::from_utf8_lossy(&value);
                match text.trim() {
                    "" => patterns.clear(),
                    words => patterns.extend(words.split_whitespace().map(str::to_owned)),
                }
            }
        }
        if let Some(pattern) = patterns.iter().find(|pattern| !is_pattern(pattern)) {
            return Err(Error::ReferencePattern(pattern.clone()));
        }
        let ignore_case = self.gix.config_snapshot().boolean("core.ignoreCase").unwrap_or_default();
        let mode = if ignore_case { Mode::IGNORE_CASE } else { Mode::empty() };
        Ok(Some(patterns).filter(|patterns| !patterns.is_empty()).map(|patterns| ReferencePatterns { patterns, mode }))
    }

    /// The references that these patterns guard. `namespace` is git's `GIT_NAMESPACE`, which may be empty.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn guarded<'a>(&self, patterns: &'a ReferencePatterns, namespace: &str) -> Result<GuardedReferences<'a>, Error> {
        let references = self.references()?;
        let aliases = self.aliases(&references, namespace)?;
        let guarded = GuardedReferences { patterns, aliases, known: BTreeSet::new() };
        let known = references.into_iter().filter(|reference| guarded.is_guarded(&reference.name)).map(|Reference { id, .. }| id);
        Ok(GuardedReferences { known: known.collect(), ..guarded })
    }

    /// The other names of the references. `namespace` is git's `GIT_NAMESPACE`, which may be empty.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn other_names(&self, namespace: &str) -> Result<Aliases, Error> {
        let listed = if self.references_by_git { self.references()? } else { Vec::new() };
        self.aliases(&listed, namespace)
    }

    /// The names that lead to the same reference: symbolic ones, and those below a linked folder. git lists those that lead to an object, with the
    /// last reference of a chain; so the files are read, except in a format that only git reads.
    fn aliases(&self, listed: &[Reference], namespace: &str) -> Result<Aliases, Error> {
        let prefix = namespace_prefix(namespace);
        if self.references_by_git {
            let symbolic = listed.iter().filter_map(|reference| Some((reference.name.clone(), reference.symbolic.clone()?))).collect();
            return Ok(Aliases { prefix, symbolic, folders: Vec::new() });
        }
        self.check_all_references()?;
        let FilesOfReferences { files, links } = self.files_of_references();
        let mut symbolic = Vec::new();
        for (name, path) in files {
            symbolic.extend(LooseReference::read_file(&path, self.gix.object_hash().len_in_hex())?.target().map(|target| (name, target)));
        }
        Ok(Aliases { prefix, symbolic, folders: links })
    }

    /// The objects that a remote has, as far as this repository knows: the targets of `refs/remotes/NAME/`, without those of other remotes. With
    /// a `pushurl`, the target of a push can have other commits; then none are known. A remote without a name has its URL as the name, and no
    /// branches here. With patterns, only branches that they match count.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn known_of_remote(&self, remote: &str, url: &str, patterns: Option<&ReferencePatterns>) -> Result<BTreeSet<String>, Error> {
        if remote == url || git::fetch_url(self, remote).is_none_or(|fetched| fetched != url) {
            return Ok(BTreeSet::new());
        }
        let folder = format!("refs/remotes/{remote}/");
        let others: HashSet<String> = self.configuration(&["remote"])?.into_iter().filter_map(|entry| entry.subsection).collect();
        let others: Vec<String> = others.iter().map(|other| format!("refs/remotes/{other}/")).collect();
        let is_other = |name: &str| others.iter().any(|other| other.len() > folder.len() && name.starts_with(other));
        let is_guarded = |branch: &str| patterns.is_none_or(|patterns| patterns.matches(&format!("refs/heads/{branch}")));
        let references = self.references()?.into_iter().filter(|reference| {
            !is_other(&reference.name) && reference.symbolic.is_none() && reference.name.strip_prefix(&folder).is_some_and(is_guarded)
        });
        let is_here = |id: &String| self.kind_of("", id).is_ok_and(|kind| matches!(kind, gix::objs::Kind::Commit | gix::objs::Kind::Tag));
        Ok(references.map(|reference| reference.id).filter(is_here).collect())
    }
}

impl ReferencePatterns {
    /// Whether a pattern matches this full name, or the name as the clients of its namespace see it.
    pub(crate) fn matches(&self, name: &str) -> bool {
        [name, without_namespaces(name)]
            .iter()
            .any(|name| self.patterns.iter().any(|pattern| gix::glob::wildmatch(pattern.as_str().into(), (*name).into(), self.mode)))
    }
}

impl GuardedReferences<'_> {
    /// Whether the hook guards a reference, under the name that git gives to the hook.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.patterns.matches(name) || self.is_guarded(&format!("{}{name}", self.aliases.prefix))
    }

    /// The objects that the guarded references lead to, by id.
    pub(crate) fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// Whether a pattern matches the name, or that of a reference that changes with it: a chain of symbolic references has one target.
    fn is_guarded(&self, name: &str) -> bool {
        let folders = &self.aliases.folders;
        let is_match = |name: &str| {
            self.patterns.matches(name)
                || folders.iter().filter_map(|(link, target)| moved(name, target, link)).any(|name| self.patterns.matches(&name))
        };
        self.aliases.related(name).iter().any(|name| is_match(name))
    }
}

impl Aliases {
    /// The names, without namespaces, of what a push changes that moves this reference: its own, and those of the references that lead to it or
    /// to which it leads.
    pub(crate) fn moved_with(&self, name: &str) -> BTreeSet<String> {
        let others = self.related(&format!("{}{name}", self.prefix));
        others.iter().map(|other| without_namespaces(other).to_owned()).chain([without_namespaces(name).to_owned()]).collect()
    }

    /// The full names of the references that change with this one: a chain of symbolic references has one target.
    fn related(&self, name: &str) -> BTreeSet<String> {
        let mut related = BTreeSet::from([name.to_owned()]);
        loop {
            let before = related.len();
            for (from, to) in &self.symbolic {
                if related.contains(from) || related.contains(to) {
                    related.extend([from.clone(), to.clone()]);
                }
            }
            for (link, target) in &self.folders {
                let without_link: Vec<String> = related.iter().filter_map(|name| moved(name, link, target)).collect();
                related.extend(without_link);
            }
            if related.len() == before {
                return related;
            }
        }
    }
}

/// A name with another beginning.
fn moved(name: &str, from: &str, to: &str) -> Option<String> {
    name.strip_prefix(from).map(|rest| format!("{to}{rest}"))
}

/// Whether only the owner of the machine or of the repository can change it.
fn is_file(scope: Scope) -> bool {
    !matches!(scope, Scope::Environment | Scope::CommandLine)
}

fn is_pattern(text: &str) -> bool {
    let asterisks = text.bytes().filter(|byte| *byte == b'*').count();
    text.starts_with("refs/")
        && !text.ends_with(['/', ','])
        && !text.contains(",refs/")
        && text.len() <= MAX_PATTERN
        && asterisks <= MAX_ASTERISKS
}
