//! Why a signature is refused, and which legacy rules an accepted one needed. All modules of the verifier use this vocabulary.
//!
//! A [`Rejection`] is a [`Reason`] with the details of one case. A reason has a stable identifier, which appears in `--json`, in the
//! documentation and in test vectors. Its [`Layer`] is the step that found it. Its [`Standing`] tells what was checked and is wrong from
//! what could not be checked. A [`LegacyRule`] belongs to a signature that verified.
//!
//! Errors of files, services and configuration are not rejections, with one exception: a log that does not answer a lookup leaves the
//! signature unchecked.

mod explanation;
mod legacy_rule;
mod reason;

pub use explanation::Explanation;
pub(crate) use explanation::{Audience, explained};
pub use legacy_rule::LegacyRule;
pub use reason::Reason;

use std::fmt;

/// A refused signature: which reason, and what was found in this case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .reason.sentence(), Detail(.detail))]
pub struct Rejection {
    reason: Reason,
    /// May hold bytes that an attacker chose: escape before printing.
    detail: String,
    finding: Option<Reason>,
}

impl Rejection {
    /// A rejection with what was found: a clause that follows the reason's sentence after a colon.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), finding: None }
    }

    /// A signature of another kind, in an object with a fault. Programs of that kind may pass over the fault, so it is named and not judged.
    pub(crate) fn with_finding(reason: Reason, fault: &Self) -> Self {
        Self { reason, detail: fault.to_string(), finding: Some(fault.reason) }
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    pub(crate) fn explanation(&self) -> &dyn Explanation {
        &self.reason
    }

    /// The fault of an object whose signature is of another kind. The detail describes it.
    pub fn finding(&self) -> Option<Reason> {
        self.finding
    }

    /// What was expected and found, as a clause; empty where the reason says it all. It may hold bytes that an attacker chose.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason, String::new())
    }
}

struct Detail<'a>(&'a str);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// What a rejection says about the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Checked, and wrong.
    Wrong,
    /// Could not be checked: something is missing or not known here.
    Unchecked,
    /// There is no signature.
    Unsigned,
    /// Another kind of signature (OpenPGP, SSH, a foreign CMS): named, not judged.
    Foreign,
}

/// The step of verification that found a reason, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The git object's own structure.
    Object,
    /// The Sigstore bundle.
    Bundle,
    /// The in-toto statement in a bundle.
    Statement,
    /// The PEM armor.
    Armor,
    /// The CMS SignedData (RFC 5652).
    Cms,
    /// The signer's certificate (RFC 5280, Fulcio's profile).
    Certificate,
    /// The path from the certificate to a trusted certificate authority.
    Chain,
    /// The signed certificate timestamp (RFC 6962).
    Sct,
    /// The transparency log entry, its signed entry timestamp (SET), proof and checkpoint.
    Log,
    /// The RFC 3161 timestamp.
    Timestamp,
    /// The trusted times and the validity periods of keys and certificates.
    Time,
}

impl Layer {
    /// The stable identifier.
    pub fn id(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Bundle => "bundle",
            Self::Statement => "statement",
            Self::Armor => "armor",
            Self::Cms => "cms",
            Self::Certificate => "certificate",
            Self::Chain => "chain",
            Self::Sct => "sct",
            Self::Log => "log",
            Self::Timestamp => "timestamp",
            Self::Time => "time",
        }
    }

    /// What it looks at, as a clause without a period.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Object => "the git object's own structure",
            Self::Bundle => "the Sigstore bundle of a file",
            Self::Statement => "the in-toto statement in a bundle",
            Self::Armor => "the PEM armor around the signature",
            Self::Cms => "the CMS SignedData (RFC 5652)",
            Self::Certificate => "the signer's certificate (RFC 5280, Fulcio's profile)",
            Self::Chain => "the path from the certificate to a trusted certificate authority",
            Self::Sct => "the signed certificate timestamp (RFC 6962)",
            Self::Log => "the transparency log entry, its signed entry timestamp (SET), proof and checkpoint",
            Self::Timestamp => "the RFC 3161 timestamp",
            Self::Time => "the trusted times, and the validity periods of keys and certificates",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn identifiers_are_unique_and_in_kebab_case() {
        fn check<T: Explanation>(all: &[T]) {
            let mut seen = HashSet::new();
            for one in all {
                let id = one.id();
                assert!(seen.insert(id), "{id} appears twice");
                assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{id}");
                assert!(!one.sentence().ends_with('.') && !one.advice().ends_with('.'), "{id}");
            }
        }
        check(Reason::ALL);
        check(LegacyRule::ALL);
    }

    #[test]
    fn what_is_both_a_reason_and_a_legacy_rule_says_the_same() {
        let both = LegacyRule::ALL.iter().filter_map(|rule| Some((rule, Reason::ALL.iter().find(|reason| reason.id() == rule.id())?)));
        let both: Vec<_> = both.collect();
        assert_eq!(both.len(), 3);
        for (rule, reason) in both {
            assert_eq!(rule.sentence(), reason.sentence());
            assert!(reason.is_missing_entry(), "{}", reason.id());
        }
    }

    #[test]
    fn a_rejection_reads_as_a_sentence_with_its_detail() {
        let plain = Rejection::from(Reason::NoSignature);
        assert_eq!(plain.to_string(), "the object carries no signature");
        let detailed = Rejection::new(Reason::DuplicateHeader, "tree");
        assert_eq!(detailed.to_string(), "a header appears twice that may appear once: tree");
    }
}
