//! Which references `--all` and `--tags` follow. Some lead to commits that git makes itself and cannot sign: those are left out.

use super::{Error, Repository};
use crate::object::without_namespaces;
use gix::glob::wildmatch::Mode;

/// The references that are left out unless a pattern takes them in: of the stash, notes, `git bisect`, `git rebase --rebase-merges`, a work
/// tree, `git maintenance`, `git filter-branch`, replacements, and those that paraph makes.
const LEFT_OUT: [&str; 9] = [
    "refs/stash",
    "refs/notes",
    "refs/bisect",
    "refs/rewritten",
    "refs/worktree",
    "refs/prefetch",
    "refs/original",
    "refs/replace",
    "refs/paraph",
];

/// The longest pattern, in bytes, and the most asterisks in it: matching takes more steps with each.
const MAX_PATTERN: usize = 256;
const MAX_ASTERISKS: usize = 8;

/// The references that count among all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReferenceSelection {
    included: Vec<String>,
    excluded: Vec<String>,
}

impl ReferenceSelection {
    /// The default, with what the first patterns match, and without what the others match.
    ///
    /// # Errors
    /// If a pattern could match no reference.
    pub(crate) fn new(included: &[String], excluded: &[String]) -> Result<Self, Error> {
        match included.iter().chain(excluded).find(|pattern| !is_pattern(pattern)) {
            Some(pattern) => Err(Error::SelectionPattern(pattern.clone())),
            None => Ok(Self { included: included.to_vec(), excluded: excluded.to_vec() }),
        }
    }

    /// The patterns that match none of these names.
    fn unmatched(&self, names: &[String]) -> Vec<String> {
        let matches_none = |pattern: &&String| !names.iter().any(|name| matches(pattern, name));
        self.included.iter().chain(&self.excluded).filter(matches_none).cloned().collect()
    }

    /// Whether a reference counts.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_in = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        !is_in(&self.excluded) && (!is_of_git(name) || is_in(&self.included))
    }
}

impl Repository {
    /// The patterns that match no reference here: likely misspelled.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn unmatched_patterns(&self, selection: &ReferenceSelection) -> Result<Vec<String>, Error> {
        if selection == &ReferenceSelection::default() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = self.references()?.into_iter().map(|reference| reference.name).collect();
        Ok(selection.unmatched(&names))
    }
}

/// Whether git makes the commits behind this reference itself, and cannot sign them.
pub(crate) fn is_of_git(reference: &str) -> bool {
    let name = without_namespaces(reference);
    LEFT_OUT.iter().any(|left_out| is_below(name, left_out))
}

/// The whole name, the name up to a slash, or a pattern in which an asterisk also stands for slashes: as in `git for-each-ref` and
/// `git rev-list --exclude`.
fn matches(pattern: &str, name: &str) -> bool {
    is_below(name, pattern.trim_end_matches('/')) || gix::glob::wildmatch(pattern.into(), name.into(), Mode::empty())
}

fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_pattern(text: &str) -> bool {
    let asterisks = text.bytes().filter(|byte| *byte == b'*').count();
    text.len() > "refs/".len() && text.starts_with("refs/") && text.len() <= MAX_PATTERN && asterisks <= MAX_ASTERISKS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(included: &[&str], excluded: &[&str]) -> ReferenceSelection {
        let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
        ReferenceSelection::new(&owned(included), &owned(excluded)).unwrap()
    }

    #[test]
    fn what_git_makes_itself_is_left_out_unless_a_pattern_takes_it_in() {
        let all = of(&[], &[]);
        for name in ["refs/heads/main", "refs/heads/notes/x", "refs/tags/stash", "refs/stashes", "refs/remotes/o/main", "refs/pull/1/head"]
        {
            assert!(all.has(name), "{name}");
        }
        for name in
            LEFT_OUT.map(|folder| format!("{folder}/x")).iter().map(String::as_str).chain(["refs/stash", "refs/namespaces/n/refs/notes/c"])
        {
            assert!(!all.has(name), "{name}");
        }
        assert!(of(&["refs/notes"], &[]).has("refs/notes/commits") && !of(&["refs/notes"], &[]).has("refs/stash"));
        assert!(of(&["refs/s*"], &[]).has("refs/stash") && of(&["refs/*"], &[]).has("refs/notes/a/b"));
        assert!(!of(&["refs/notes"], &["refs/notes/b*"]).has("refs/notes/build"));
    }

    #[test]
    fn patterns_are_those_of_git() {
        for (pattern, name, expected) in [
            ("refs/heads/main", "refs/heads/main", true),
            ("refs/heads", "refs/heads/a/b", true),
            ("refs/heads/", "refs/heads/a", true),
            ("refs/head", "refs/heads/a", false),
            ("refs/heads/*", "refs/heads/a/b", true),
            ("refs/heads/rel-?", "refs/heads/rel-1", true),
            ("refs/heads/rel-[0-9]", "refs/heads/rel-x", false),
            ("refs/*/main", "refs/remotes/o/main", true),
        ] {
            assert_eq!(of(&[], &[pattern]).has(name), !expected, "{pattern} {name}");
        }
        let bad = |pattern: String| ReferenceSelection::new(&[pattern], &[]).is_err();
        assert!(["", "main", "refs/", "HEAD"].map(str::to_owned).into_iter().all(bad));
        assert!(bad(format!("refs/{}", "*".repeat(9))) && bad(format!("refs/{}", "x".repeat(300))));
    }
}
