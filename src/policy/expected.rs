//! Identities that a caller expects, given on the command line instead of a file: exact, or as regular expressions.
//!
//! The flags have the names that cosign and gitsign use. A pattern must match the whole text. Where it matches only a part, the message
//! shows the pattern that would match, since "any name that contains this" is rarely what was meant.

use super::{Decision, Ruling};
use crate::{certificate::names::near_miss, verify::Verification};
use regex::{Regex, RegexBuilder};

/// A compiled pattern larger than this is refused, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// How a text must match.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Exactly this.
    Exactly(String),
    /// A text that this matches as a whole.
    Pattern(Pattern),
}

/// A regular expression that must match a whole text.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As it was written.
    text: String,
    whole: Regex,
    part: Regex,
}

/// An identity with its issuer, and the claims that a workload's token must have made.
///
/// ```
/// use paraph::policy::{Expected, ExpectedIdentity, Pattern, Policy};
///
/// let release = ExpectedIdentity {
///     identity: Expected::Pattern(Pattern::new("https://github.com/org/repo/.*@refs/heads/main").unwrap()),
///     issuer: Expected::Exactly("https://token.actions.githubusercontent.com".into()),
///     claims: vec![("buildTrigger", "push".into())],
/// };
/// let policy = Policy { expected: Some(vec![release]), ..Policy::default() };
/// ```
#[derive(Debug, Clone)]
pub struct ExpectedIdentity {
    /// The subject alternative name.
    pub identity: Expected,
    /// The OpenID issuer.
    pub issuer: Expected,
    /// Claims by the names of Fulcio's table, with their exact values.
    pub claims: Vec<(&'static str, String)>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Where it is not a regular expression, or too large.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build().map_err(|error| PatternError::new(&error));
        // by itself first: a surplus parenthesis must be an error, and not close the one that is put around the pattern
        let part = compile(text)?;
        // in the mode (?x) a comment extends to the end of its line, and a line break matches nothing
        let whole = compile(&format!(r"\A(?:{text})\z")).or_else(|_| compile(&format!("\\A(?:{text}\n)\\z")))?;
        Ok(Self { text: text.to_owned(), whole, part })
    }
}

impl Pattern {
    /// The narrowest pattern made of this one that matches the whole text.
    fn widened(&self, text: &str) -> Option<String> {
        // without the group, what is added would belong to one of the alternatives only
        let inner = if self.text.contains('|') { format!("(?:{})", self.text) } else { self.text.clone() };
        let mut wider = [format!("{inner}.*"), format!(".*{inner}"), format!(".*{inner}.*")].into_iter();
        wider.find(|pattern| Self::new(pattern).is_ok_and(|pattern| pattern.whole.is_match(text)))
    }
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl PatternError {
    fn new(error: &regex::Error) -> Self {
        // the text is a drawing of several lines; the last says what is wrong
        let text = error.to_string();
        Self(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
    }
}

impl Expected {
    /// Why `text` is not the expected one; `None` where it is.
    fn mismatch(&self, what: &str, text: &str) -> Option<String> {
        match self {
            Self::Exactly(expected) if expected == text => None,
            Self::Exactly(expected) => {
                let cause = near_miss(expected, text).map(|cause| format!(", and {cause}")).unwrap_or_default();
                Some(format!("the {what} is {text}; expected {expected}{cause}"))
            }
            Self::Pattern(pattern) if pattern.whole.is_match(text) => None,
            Self::Pattern(pattern) if pattern.part.is_match(text) => {
                let partly = format!("the pattern {} matches only a part of the {what} {text}", pattern.text);
                Some(match pattern.widened(text) {
                    Some(wider) => format!("{partly}; {wider} would match the whole, and other texts too"),
                    None => format!("{partly}, and must match the whole"),
                })
            }
            Self::Pattern(pattern) => Some(format!("the {what} is {text}, which the pattern {} does not match", pattern.text)),
        }
    }
}

impl ExpectedIdentity {
    fn mismatch(&self, verified: &Verification) -> Option<String> {
        let identity = verified.identity();
        let claims = verified.certificate().claims();
        let missing = |(name, expected): &(&'static str, String)| match claims.iter().find(|(claim, _)| claim == name) {
            Some((_, value)) if value == expected => None,
            Some((_, value)) => Some(format!("the claim {name} is {value}; expected {expected}")),
            None => Some(format!("the certificate has no claim {name}; expected {expected}")),
        };
        let is_named = || matches!(&self.identity, Expected::Exactly(name) if identity.is_named(name));
        self.issuer
            .mismatch("issuer", &identity.issuer)
            .or_else(|| self.identity.mismatch("identity", &identity.name).filter(|_| !is_named()))
            .or_else(|| self.claims.iter().find_map(missing))
    }
}

/// Whether one of the expected identities made this signature. An empty list expects nobody.
pub(super) fn decide(expected: &[ExpectedIdentity], verification: &Verification) -> Ruling {
    let mut mismatch = None;
    for identity in expected {
        match identity.mismatch(verification) {
            None => return Ruling::plain(Decision::Expected),
            Some(clause) => mismatch = Some(clause),
        }
    }
    Ruling::in_words(Decision::NotExpected, mismatch.unwrap_or_else(|| "nobody is expected".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Expected {
        Expected::Pattern(Pattern::new(text).unwrap())
    }

    #[test]
    fn a_pattern_must_match_in_full() {
        assert_eq!(pattern(r".*@example\.com").mismatch("identity", "alice@example.com"), None);
        assert_eq!(pattern("a|alice@example.com").mismatch("identity", "alice@example.com"), None);
        let part = pattern(r"@example\.com").mismatch("identity", "alice@example.com.evil.org").unwrap();
        assert!(part.contains("only a part") && part.contains(r".*@example\.com.*"), "{part}");
        for (narrow, text, wider) in [
            ("alice", "alice@example.com", "; alice.* would"),
            (r"@example\.com", "alice@example.com", r"; .*@example\.com would"),
            ("^alice", "alice@example.com", "; ^alice.* would"),
            ("bob|alice", "alice@example.com", "; (?:bob|alice).* would"),
            ("a$", "a@evil.org\na", ", and must match the whole"),
        ] {
            let words = pattern(narrow).mismatch("identity", text).unwrap();
            assert!(words.contains("only a part") && words.contains(wider), "{words}");
        }
        assert_eq!(pattern("(?x) alice @ .* # whoever").mismatch("identity", "alice@example.com"), None);
        assert!(pattern("(?x) alice # whoever").mismatch("identity", "alice@example.com").is_some());
        assert!(pattern("bob").mismatch("identity", "alice@example.com").unwrap().contains("does not match"));
        assert!(pattern(r".*@example\.com").mismatch("identity", "a@evil.org\na@example.com").is_some());
    }

    #[test]
    fn what_is_no_pattern_is_an_error() {
        assert_eq!(Pattern::new("(").unwrap_err().to_string(), "unclosed group");
        assert!(Pattern::new("a{1000}{1000}{1000}").is_err());
        assert!(Pattern::new("x)(?:y").is_err());
    }
}
