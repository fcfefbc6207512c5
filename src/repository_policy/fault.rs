//! What is wrong with a policy file, and where.

use super::pattern::PatternError;
use crate::{certificate::claim_names, escape::Escaped, wording::counted};

/// A larger file is not read, in bytes.
pub(crate) const MAX_FILE: usize = 256 << 10;
/// The most identities, roles and rules together.
pub(super) const MAX_ENTRIES: usize = 2_000;
/// The most patterns of all rules together: what a question may cost.
pub(super) const MAX_PATTERNS: usize = 500;

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
    #[error("`{key}` is {threshold}, and the list has {}", counted(*listed, "identity"))]
    Threshold { key: &'static str, threshold: i64, listed: usize },
    #[error("`start` is a full commit id: 40 or 64 hexadecimal digits in lower case")]
    Start,
}

impl FileError {
    pub(super) fn at(text: &str, offset: usize, cause: FileFault) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, cause }
    }
}
