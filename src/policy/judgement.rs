//! The verdict on one object, with what led to it.

use super::{ExternalJudgement, Ruling, Verdict};
use crate::{Explanation, Rejection, Standing, verify::Verification};

/// How one object was judged.
#[derive(Debug, Clone)]
pub struct Judgement {
    outcome: Outcome,
}

/// What can come out of judging.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "most objects are verified")]
pub(crate) enum Outcome {
    /// The signature verified, and the policy decided.
    Verified {
        /// What was verified.
        verification: Verification,
        /// What the policy decided.
        ruling: Ruling,
    },
    /// The signature was refused, or there is none.
    Rejected(Rejection),
    /// The signature is of another kind, and another verifier judged it.
    External(ExternalJudgement),
}

impl Judgement {
    pub(super) fn verified(verification: Verification, ruling: Ruling) -> Self {
        Self { outcome: Outcome::Verified { verification, ruling } }
    }

    /// The outcome.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Verified { ruling, .. } => ruling.decision().verdict(),
            Outcome::Rejected(rejection) => rejection.reason().standing().into(),
            Outcome::External(external) => external.finding.verdict(),
        }
    }

    /// Why the verdict is not good: the policy's decision, the reason of the rejection, or the other verifier's finding. `None` where it is
    /// good.
    pub fn explanation(&self) -> Option<&dyn Explanation> {
        let explanation: &dyn Explanation = match &self.outcome {
            Outcome::Verified { ruling, .. } => ruling.explanation(),
            Outcome::Rejected(rejection) => rejection.explanation(),
            Outcome::External(external) => &external.finding,
        };
        (self.verdict() != Verdict::Good).then_some(explanation)
    }

    /// What was verified, where something was.
    pub fn verification(&self) -> Option<&Verification> {
        match &self.outcome {
            Outcome::Verified { verification, .. } => Some(verification),
            Outcome::Rejected(_) | Outcome::External(_) => None,
        }
    }

    /// Why the signature was refused, where it was and no other verifier judged it.
    pub fn rejection(&self) -> Option<&Rejection> {
        match &self.outcome {
            Outcome::Rejected(rejection) => Some(rejection),
            Outcome::Verified { .. } | Outcome::External(_) => None,
        }
    }

    /// What the policy decided, where a signature was verified.
    pub fn ruling(&self) -> Option<&Ruling> {
        match &self.outcome {
            Outcome::Verified { ruling, .. } => Some(ruling),
            Outcome::Rejected(_) | Outcome::External(_) => None,
        }
    }

    /// Replaces the verdict `other` by what another verifier says. Any other verdict stands.
    #[doc(hidden)]
    #[must_use]
    pub fn with_external(self, external: ExternalJudgement) -> Self {
        match self.outcome {
            Outcome::Rejected(rejection) if rejection.reason().standing() == Standing::Foreign => {
                Self { outcome: Outcome::External(external.with_fault(rejection)) }
            }
            outcome => Self { outcome },
        }
    }
}

/// No policy is needed to judge a refused signature.
impl From<Rejection> for Judgement {
    fn from(rejection: Rejection) -> Self {
        Self { outcome: Outcome::Rejected(rejection) }
    }
}
