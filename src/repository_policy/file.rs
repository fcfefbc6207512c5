//! The policy file: identities, roles and rules, read strictly.

use super::{
    pattern::Patterns,
    signer::{Credential, Signer},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A policy.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile {
    pub(super) identities: Vec<PolicyIdentity>,
    pub(super) roles: Vec<(String, Vec<usize>)>,
    pub(super) policy: Vec<usize>,
    pub(super) policy_threshold: usize,
    pub(super) rules: Vec<Rule>,
    pub(super) start: Option<String>,
}

/// One person or program.
#[derive(Debug, Clone)]
pub(crate) struct PolicyIdentity {
    /// The name by which lists refer to it.
    pub name: String,
    /// Its ways to sign, at least one.
    pub credentials: Vec<Credential>,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Action {
    /// Commits to a branch itself.
    Commit,
    /// Makes a commit that a merge brings in.
    Contribute,
    /// Merges.
    Merge,
    /// Makes a tag.
    Tag,
    /// Moves a ref.
    Push,
    /// Releases files from a tag.
    Release,
}

impl Action {
    /// Whether a rule about paths may have it.
    pub(super) fn is_about_paths(self) -> bool {
        matches!(self, Self::Commit | Self::Contribute | Self::Merge)
    }

    /// Its key in a rule, which is also its name in sentences after "may".
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Contribute => "contribute",
            Self::Merge => "merge",
            Self::Tag => "tag",
            Self::Push => "push",
            Self::Release => "release",
        }
    }
}

/// Whether what a rule refuses counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// It counts.
    #[default]
    Enforce,
    /// It is reported, and does not count.
    Warn,
}

/// One rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its name.
    pub name: String,
    /// The refs that it is about; `None` for every ref.
    pub refs: Option<Patterns>,
    /// The paths that it is about; `None` for every path.
    pub paths: Option<Patterns>,
    /// Who may do what: indices of identities, by the bytes of their names.
    pub lists: BTreeMap<Action, Vec<usize>>,
    /// How many identities must agree to a tag.
    pub tag_threshold: usize,
    /// Whether a push may delete the ref or give up commits of it.
    pub rewrite: Option<bool>,
    /// Whether what it refuses counts.
    pub mode: Mode,
}

impl PolicyFile {
    /// The first identity of this list that fits, by its index.
    pub(crate) fn first_that_fits(&self, list: &[usize], signer: &Signer) -> Option<usize> {
        let fits =
            |index: &usize| self.identities.get(*index).is_some_and(|identity| identity.credentials.iter().any(|one| one.fits(signer)));
        list.iter().copied().find(fits)
    }

    /// The identities, by the bytes of their names.
    pub(crate) fn identities(&self) -> &[PolicyIdentity] {
        &self.identities
    }

    /// Who may change the policy: indices of identities.
    pub(crate) fn policy_list(&self) -> &[usize] {
        &self.policy
    }

    /// How many of them must agree.
    pub(crate) fn policy_threshold(&self) -> usize {
        self.policy_threshold
    }

    /// The rules, in the order of the file.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The commit that is exempt with its ancestors.
    pub(crate) fn start(&self) -> Option<&str> {
        self.start.as_deref()
    }
}

/// Whether this is a full object id, as git prints it.
pub(crate) fn is_full_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
