//! The policy file: identities, roles and rules, read strictly.

use super::{
    document::{Document, Fault},
    pattern::{PatternError, Patterns},
    signer::Credential,
};
use crate::{certificate::claim_names, escape::Escaped};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A larger file is not read, in bytes.
pub(crate) const MAX_FILE: usize = 256 << 10;
/// The most identities, roles and rules together.
pub(super) const MAX_ENTRIES: usize = 2_000;
/// The most patterns of all rules together: what a question may cost.
pub(super) const MAX_PATTERNS: usize = 500;

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

/// A file that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {cause}")]
pub(crate) struct FileError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub cause: FileFault,
}

/// What is wrong with a policy file. Texts from the file are escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileFault {
    #[error("the file has more than {MAX_FILE} bytes")]
    TooLarge,
    #[error("the file is not UTF-8")]
    NotUtf8,
    #[error("{0}")]
    Toml(String),
    #[error("version {0} is unknown; this program knows version 1")]
    Version(i64),
    #[error("there are more than {MAX_ENTRIES} identities, roles and rules")]
    TooManyEntries,
    #[error("there are more than {MAX_PATTERNS} patterns")]
    TooManyPatterns,
    #[error("\"{}\" is not a name; letters, digits, `-` and `_` make one", Escaped(.0))]
    Name(String),
    #[error("the name \"{}\" is taken", Escaped(.0))]
    NameTaken(String),
    #[error("nothing defines \"{}\"; expected an identity, a role or `all`", Escaped(.0))]
    Undefined(String),
    #[error("a role lists identities, and \"{}\" is a role", Escaped(.0))]
    NestedRole(String),
    #[error("\"{}\" stands in the list twice", Escaped(.0))]
    Repeated(String),
    #[error("an identity has `subject` and `issuer`, or `openpgp`, or `ssh`")]
    NoCredential,
    #[error("`{0}` has no meaning beside `openpgp` or `ssh`: such a signature has no trusted time and no certificate")]
    BesideKey(&'static str),
    #[error("a subject must not be empty, nor contain control characters")]
    Subject,
    #[error("an issuer is a URL without `*`")]
    Issuer,
    #[error("\"{}\" is not an instance name", Escaped(.0))]
    Instance(String),
    #[error("\"{}\" is not a claim of a certificate; expected one of: {}", Escaped(.0), claim_names().collect::<Vec<_>>().join(", "))]
    Claim(String),
    #[error("\"{}\" is not a time in RFC 3339, such as \"2026-01-31T00:00:00Z\"", Escaped(.0))]
    Time(String),
    #[error("`from` is not before `until`, so the identity never fits")]
    EmptyWindow,
    #[error("\"{}\" is not the fingerprint of an OpenPGP key: 40 or 64 hexadecimal digits", Escaped(.0))]
    OpenPgpFingerprint(String),
    #[error("\"{}\" is not the fingerprint of an SSH key: `SHA256:` and 43 characters of base64", Escaped(.0))]
    SshFingerprint(String),
    #[error("\"{}\": {fault}", Escaped(.pattern))]
    Pattern { pattern: String, fault: PatternError },
    #[error("a rule with `paths` has the actions `commit`, `contribute` and `merge` only; `{0}` is not about paths")]
    NotAboutPaths(&'static str),
    #[error("the rule says nothing: it has neither an action nor `rewrite`")]
    EmptyRule,
    #[error("`{0}` needs the list `{1}` beside it")]
    ThresholdWithoutList(&'static str, &'static str),
    #[error("`{key}` is {threshold}, and the list has {listed} identities")]
    Threshold { key: &'static str, threshold: i64, listed: usize },
    #[error("`start` is a full commit id: 40 or 64 hexadecimal digits in lower case")]
    Start,
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        let at = |text: &str, offset: usize, cause| Err(FileError::at(text, offset, cause));
        if bytes.len() > MAX_FILE {
            return at("", 0, FileFault::TooLarge);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
                return at(&valid, valid.len(), FileFault::NotUtf8);
            }
        };
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                return at(text, start, FileFault::Toml(Escaped(error.message()).to_string()));
            }
        };
        document.into_policy().map_err(|Fault(span, cause)| FileError::at(text, span.start, cause))
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

    /// The roles with the indices of their identities.
    pub(crate) fn roles(&self) -> &[(String, Vec<usize>)] {
        &self.roles
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

impl FileError {
    fn at(text: &str, offset: usize, cause: FileFault) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, cause }
    }
}
