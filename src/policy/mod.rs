//! Who may sign what: the identities that a user or a server trusts, and the verdict on an object.
//!
//! A signature can be valid and still nobody's that the user knows. Policy never turns a rejected signature into a good one; it decides
//! among the verified. It reads no file: the caller hands in the text.

mod allowed;
mod expected;
mod other;

pub use allowed::{AllowedIdentities, AllowedIdentity, MAX_FILE, PolicyError, time_of};
pub use expected::{Expected, ExpectedIdentity, Pattern};
pub use other::{Finding, JudgedBy, OtherJudgement};

use crate::{Explanation, Rejection, Standing, verify::Verification};

/// One word for an object, the same in JSON, summaries and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Verified, and the identity is allowed.
    Good,
    /// Verified; nobody whom the user trusts named the identity.
    Untrusted,
    /// Verified by a rule of old that must be asked for.
    Legacy,
    /// There is no signature.
    Unsigned,
    /// Another kind of signature: named, not judged.
    Other,
    /// Could not be checked; the reason says what is missing.
    Unchecked,
    /// Checked, and wrong.
    Bad,
}

impl Verdict {
    /// Every verdict, the best first and the worst last.
    pub const ALL: [Self; 7] = [Self::Good, Self::Untrusted, Self::Legacy, Self::Unsigned, Self::Other, Self::Unchecked, Self::Bad];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Untrusted => "untrusted",
            Self::Legacy => "legacy",
            Self::Unsigned => "unsigned",
            Self::Other => "other",
            Self::Unchecked => "unchecked",
            Self::Bad => "bad",
        }
    }
}

/// What decides among verified signatures.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The identities that are allowed; `None` where the user named no file.
    pub allowed: Option<AllowedIdentities>,
    /// The identities that the caller expects; then these decide, and the file does not.
    pub expected: Option<Vec<ExpectedIdentity>>,
    /// Whether the identity must also be the committer's (tagger's, pusher's) e-mail address. It only restricts.
    pub match_committer: bool,
    /// Whether signatures that need a rule of old are judged as their identity deserves.
    pub allow_legacy: bool,
}

/// The verdict on one object, with what led to it.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What was verified, or why not.
    pub result: Result<Verification, Rejection>,
    /// Why a verified signature got its verdict.
    pub decision: Option<Decision>,
    /// What another verifier says of a signature that is of another kind; then the verdict is its.
    pub other: Option<OtherJudgement>,
}

impl Judgement {
    /// The judgement with another verifier's word. Only a signature of another kind is open to it: any other verdict stands.
    #[must_use]
    pub fn with_other(self, other: OtherJudgement) -> Self {
        match self.verdict {
            Verdict::Other => Self { verdict: other.finding.verdict(), other: Some(other), ..self },
            _ => self,
        }
    }

    /// Why it is not good, by a stable identifier: the reason of a rejection, another verifier's finding, or the policy's decision.
    pub fn cause(&self) -> Option<&'static str> {
        match (self.verdict, &self.other, &self.result, &self.decision) {
            (Verdict::Good, ..) => None,
            (_, Some(other), ..) => Some(other.finding.id()),
            (_, None, Err(rejection), _) => Some(rejection.reason().id()),
            (_, None, Ok(_), decision) => decision.as_ref().map(Decision::id),
        }
    }
}

/// Why a verified signature is trusted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A line of the allowed identities names it: its number.
    Allowed(usize),
    /// The caller expects it: the number of the pair.
    Expected(usize),
    /// The caller expects somebody else: why it is not this one.
    NotExpected(String),
    /// No allowed identities are configured.
    NobodyNamed,
    /// No line names the identity and issuer.
    NotListed,
    /// A line names the identity, but not here: why.
    ListedOtherwise(String),
    /// It is not the committer's identity: whose the object claims to be.
    NotTheCommitter(Option<String>),
    /// It needs a rule of old, which the user did not ask for.
    Legacy,
}

/// A line of the table of decisions that are not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionInfo {
    /// The stable identifier.
    pub id: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What it means: a clause without a period.
    pub sentence: &'static str,
    /// What to do about it: a clause without a period.
    pub advice: &'static str,
}

impl Decision {
    /// The decisions that are not good.
    pub const TABLE: [DecisionInfo; 6] = [
        DecisionInfo {
            id: "identity-not-expected",
            verdict: Verdict::Untrusted,
            sentence: "the identity is another than the expected one",
            advice: "find out who signed it; the flags --certificate-identity and --certificate-oidc-issuer say whom you expect",
        },
        DecisionInfo {
            id: "nobody-allowed",
            verdict: Verdict::Untrusted,
            sentence: "no allowed identities are configured",
            advice: "put `IDENTITY ISSUER` of everybody whom you trust (with `instance=NAME` where it is not the public one) into a file, and name it by paraph.allowedIdentities",
        },
        DecisionInfo {
            id: "identity-not-allowed",
            verdict: Verdict::Untrusted,
            sentence: "the allowed identities do not name the identity",
            advice: "where you trust it, add a line `IDENTITY ISSUER` to your allowed identities (with `instance=NAME` where it is not the public one)",
        },
        DecisionInfo {
            id: "identity-allowed-elsewhere",
            verdict: Verdict::Untrusted,
            sentence: "the allowed identities name the identity for something else",
            advice: "compare its line of the allowed identities: times, instance and kinds of objects have to fit",
        },
        DecisionInfo {
            id: "identity-not-committer",
            verdict: Verdict::Untrusted,
            sentence: "the object claims to be from somebody else than the identity that signed it",
            advice: "ask whoever signed it why; paraph.matchCommitter demands that both are the same",
        },
        DecisionInfo {
            id: "legacy-rule",
            verdict: Verdict::Legacy,
            sentence: "it needs a rule for old signatures, which must be asked for",
            advice: "where you accept such signatures, set paraph.allowLegacy; else have it signed anew",
        },
    ];

    /// The stable identifier.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Allowed(_) => "identity-allowed",
            Self::Expected(_) => "identity-expected",
            Self::NotExpected(_) => "identity-not-expected",
            Self::NobodyNamed => "nobody-allowed",
            Self::NotListed => "identity-not-allowed",
            Self::ListedOtherwise(_) => "identity-allowed-elsewhere",
            Self::NotTheCommitter(_) => "identity-not-committer",
            Self::Legacy => "legacy-rule",
        }
    }
}

/// A refused signature needs no policy to be judged.
impl From<Rejection> for Judgement {
    fn from(rejection: Rejection) -> Self {
        let verdict = match rejection.reason().standing() {
            Standing::Wrong => Verdict::Bad,
            Standing::Unchecked => Verdict::Unchecked,
            Standing::Unsigned => Verdict::Unsigned,
            Standing::Foreign => Verdict::Other,
        };
        Self { verdict, result: Err(rejection), decision: None, other: None }
    }
}

impl Policy {
    /// Judges the result of a verification.
    pub fn judge(&self, result: Result<impl Into<Verification>, Rejection>) -> Judgement {
        let verification = match result {
            Ok(verified) => verified.into(),
            Err(rejection) => return rejection.into(),
        };
        let decision = self.decide(&verification);
        let verdict = match decision {
            Decision::Allowed(_) | Decision::Expected(_) => Verdict::Good,
            Decision::Legacy => Verdict::Legacy,
            _ => Verdict::Untrusted,
        };
        Judgement { verdict, result: Ok(verification), decision: Some(decision), other: None }
    }

    fn decide(&self, verified: &Verification) -> Decision {
        if !verified.legacy_rules().is_empty() && !self.allow_legacy {
            return Decision::Legacy;
        }
        let claimed = &verified.subject().email;
        if self.match_committer && claimed.as_ref() != Some(&verified.identity().name) {
            return Decision::NotTheCommitter(claimed.clone());
        }
        match (&self.expected, &self.allowed) {
            (Some(expected), _) => expected::decide(expected, verified),
            (None, Some(allowed)) => allowed.decide(verified),
            (None, None) => Decision::NobodyNamed,
        }
    }
}
