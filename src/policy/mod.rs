//! Who may sign what: the identities that a user or a server trusts, and the verdict on an object.
//!
//! A signature can verify and still be from somebody unknown. Policy never turns a rejected signature into a good one; it decides about
//! verified signatures. It reads no file: the caller passes the text.

pub(crate) mod allowed;
mod allowed_line;
mod decision;
mod expected;
pub(crate) mod external;
mod judgement;
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only the program judges by the policy of a repository"))]
#[allow(unreachable_pub, reason = "the macro of explanations makes public types")]
mod policy_ruling;
mod verdict;

pub use allowed::{AllowedIdentities, AllowedIdentity, LineError, PolicyError};
#[cfg(feature = "cli")]
pub(crate) use allowed::{MAX_FILE, kind_named, name_matches, time_of};
#[cfg(feature = "cli")]
pub(crate) use allowed_line::AllowedLine;
pub use decision::{Decision, Ruling};
pub use expected::{Expected, ExpectedIdentity, Pattern, PatternError};
pub(crate) use external::ExternalJudgement;
#[cfg(feature = "cli")]
pub(crate) use external::{Finding, JudgedBy};
pub use judgement::Judgement;
pub(crate) use judgement::Outcome;
pub(crate) use policy_ruling::{PolicyDecision, PolicyRuling, PolicyWeight};
pub use verdict::Verdict;

use crate::{
    Rejection,
    certificate::names::near_miss,
    verify::{Verification, VerifiedByKey},
};

/// What decides about verified signatures.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The identities that are allowed; `None` where the user configured no file.
    pub allowed: Option<AllowedIdentities>,
    /// The identities that the caller expects. Where there are some, they decide, and the file does not.
    pub expected: Option<Vec<ExpectedIdentity>>,
    /// Whether the identity must also be the e-mail address of the committer, tagger or pusher. This is an additional requirement, for git objects.
    pub match_committer: bool,
    /// Whether legacy signatures are judged by their identity.
    pub allow_legacy: bool,
}

impl Policy {
    /// Judges the result of a verification.
    ///
    /// ```
    /// use paraph::{object::ObjectFormat, policy::{AllowedIdentities, Policy, Verdict}, trust::{Instance, TrustRoot}, verify::Verifier};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = TrustRoot::from_json(&std::fs::read("tests/vectors/trusted_root.json")?, Instance::Custom, "trusted_root.json")?;
    /// let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse()?);
    /// let verified = verifier.verify_commit(&std::fs::read("tests/vectors/v1_ok/commit")?, ObjectFormat::Sha1)?;
    /// let allowed = AllowedIdentities::parse("bob@example.com https://issuer.example")?;
    /// let policy = Policy { allowed: Some(allowed), ..Policy::default() };
    /// assert_eq!(policy.judge(Ok(verified)).verdict(), Verdict::Untrusted);
    /// # Ok(())
    /// # }
    /// ```
    pub fn judge(&self, result: Result<impl Into<Verification>, Rejection>) -> Judgement {
        match result {
            Ok(verified) => {
                let verification = verified.into();
                let ruling = self.decide(&verification);
                Judgement::verified(verification, ruling)
            }
            Err(rejection) => rejection.into(),
        }
    }

    /// Judges a bundle that was verified with a key. Who gave the key trusts it, so identities do not matter.
    ///
    /// ```
    /// use paraph::{Reason, policy::{Policy, Verdict}};
    ///
    /// let judgement = Policy::judge_by_key(Err(Reason::NoBundle.into()));
    /// assert_eq!(judgement.verdict(), Verdict::Unsigned);
    /// ```
    pub fn judge_by_key(result: Result<VerifiedByKey, Rejection>) -> Judgement {
        match result {
            Ok(verified) => Judgement::by_key(verified),
            Err(rejection) => rejection.into(),
        }
    }

    fn decide(&self, verification: &Verification) -> Ruling {
        if !verification.legacy_rules().is_empty() && !self.allow_legacy {
            return Ruling::plain(Decision::LegacyRule);
        }
        let claimed = verification.subject().email.as_deref();
        // a file has no committer
        let is_of_git = !verification.subject().kind.is_bundled();
        if self.match_committer && is_of_git && !claimed.is_some_and(|claimed| verification.identity().is_named(claimed)) {
            let near = claimed.and_then(|claimed| near_miss(claimed, &verification.identity().name));
            let clause = match claimed {
                Some(claimed) if near.is_some() => {
                    format!("the object claims to be from {claimed}, and {}", near.unwrap_or_default())
                }
                Some(claimed) => format!("the object claims to be from {claimed}, which is not the identity that signed it"),
                None => "the object names no e-mail address to compare with the identity that signed it".to_owned(),
            };
            return Ruling::in_words(Decision::NotCommitter, clause);
        }
        match (&self.expected, &self.allowed) {
            (Some(expected), _) => expected::decide(expected, verification),
            (None, Some(allowed)) => allowed.decide(verification),
            (None, None) => Ruling::plain(Decision::NobodyAllowed),
        }
    }
}
