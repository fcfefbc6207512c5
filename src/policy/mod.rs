//! Who may sign what: the identities that a user or a server trusts, and the verdict on an object.
//!
//! A signature can be valid and still nobody's that the user knows. Policy never turns a rejected signature into a good one; it decides
//! among the verified. It reads no file: the caller hands in the text.

mod allowed;
mod expected;

pub use allowed::{AllowedIdentities, AllowedIdentity, MAX_FILE, PolicyError};
pub use expected::{Expected, ExpectedIdentity, Pattern};

use crate::{Rejection, Standing, verify::Verified};

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
    pub result: Result<Verified, Rejection>,
    /// Why a verified signature got its verdict.
    pub decision: Option<Decision>,
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

impl Policy {
    /// Judges the result of a verification.
    pub fn judge(&self, result: Result<Verified, Rejection>) -> Judgement {
        let verified = match &result {
            Ok(verified) => verified,
            Err(rejection) => {
                let verdict = match rejection.reason().standing() {
                    Standing::Wrong => Verdict::Bad,
                    Standing::Unchecked => Verdict::Unchecked,
                    Standing::Unsigned => Verdict::Unsigned,
                    Standing::Foreign => Verdict::Other,
                };
                return Judgement { verdict, result, decision: None };
            }
        };
        let decision = self.decide(verified);
        let verdict = match decision {
            Decision::Allowed(_) | Decision::Expected(_) => Verdict::Good,
            Decision::Legacy => Verdict::Legacy,
            _ => Verdict::Untrusted,
        };
        Judgement { verdict, result, decision: Some(decision) }
    }

    fn decide(&self, verified: &Verified) -> Decision {
        if !verified.legacy.is_empty() && !self.allow_legacy {
            return Decision::Legacy;
        }
        let claimed = verified.payload.as_ref().and_then(|payload| payload.email.clone());
        if self.match_committer && claimed.as_ref() != Some(&verified.identity().name) {
            return Decision::NotTheCommitter(claimed);
        }
        match (&self.expected, &self.allowed) {
            (Some(expected), _) => expected::decide(expected, verified),
            (None, Some(allowed)) => allowed.decide(verified),
            (None, None) => Decision::NobodyNamed,
        }
    }
}
