//! The verdict on one object, with what led to it.

use super::{Decision, ExternalJudgement, Ruling, Verdict};
use crate::{
    Explanation, Rejection, Standing,
    rejection::Audience,
    verify::{Verification, VerifiedByKey},
};

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
    /// A bundle verified with the key that the caller gave. There is no identity.
    ByKey(VerifiedByKey),
    /// The signature was refused, or there is none.
    Rejected(Rejection),
    /// The signature is of another kind, and another verifier judged it.
    External(ExternalJudgement),
}

impl Judgement {
    pub(super) fn verified(verification: Verification, ruling: Ruling) -> Self {
        Self { outcome: Outcome::Verified { verification, ruling } }
    }

    pub(super) fn by_key(verified: VerifiedByKey) -> Self {
        Self { outcome: Outcome::ByKey(verified) }
    }

    /// The outcome.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Verified { ruling, .. } => ruling.decision().verdict(),
            Outcome::ByKey(_) => Decision::KeyGiven.verdict(),
            Outcome::Rejected(rejection) => rejection.reason().standing().into(),
            Outcome::External(external) => external.finding.verdict(),
        }
    }

    /// Why the verdict is not good: the policy's decision, the reason of the rejection, or the other verifier's finding. `None` where it is
    /// good.
    pub fn explanation(&self) -> Option<&dyn Explanation> {
        let explanation: &dyn Explanation = match &self.outcome {
            Outcome::Verified { ruling, .. } => ruling.explanation(),
            Outcome::ByKey(_) => &Decision::KeyGiven,
            Outcome::Rejected(rejection) => rejection.explanation(),
            Outcome::External(external) => &external.finding,
        };
        (self.verdict() != Verdict::Good).then_some(explanation)
    }

    /// What this audience can do about the object, as a clause without a period, escaped; `None` where the verdict is good, or the report says
    /// all there is to say.
    pub(crate) fn advice_for(&self, audience: Audience) -> Option<String> {
        match &self.outcome {
            Outcome::Verified { verification, ruling } => ruling.advice_for(audience, verification),
            Outcome::ByKey(_) => None,
            Outcome::Rejected(rejection) => rejection.reason().advice_for(audience).map(Into::into),
            Outcome::External(external) => external.finding.advice_for(audience),
        }
    }

    /// What was verified with a certificate, where something was.
    pub fn verification(&self) -> Option<&Verification> {
        match &self.outcome {
            Outcome::Verified { verification, .. } => Some(verification),
            Outcome::ByKey(_) | Outcome::Rejected(_) | Outcome::External(_) => None,
        }
    }

    /// What was verified with a key, where something was.
    pub fn verified_by_key(&self) -> Option<&VerifiedByKey> {
        match &self.outcome {
            Outcome::ByKey(verified) => Some(verified),
            Outcome::Verified { .. } | Outcome::Rejected(_) | Outcome::External(_) => None,
        }
    }

    /// Whether a report names the signer whom the signature claims: it was refused, or not everything was checked.
    #[cfg(feature = "cli")]
    pub(crate) fn shows_claim(&self) -> bool {
        matches!(self.verdict(), Verdict::Bad | Verdict::Unchecked)
    }

    /// Why the signature was refused, where it was and no other verifier judged it.
    pub fn rejection(&self) -> Option<&Rejection> {
        match &self.outcome {
            Outcome::Rejected(rejection) => Some(rejection),
            Outcome::Verified { .. } | Outcome::ByKey(_) | Outcome::External(_) => None,
        }
    }

    /// What the policy decided, where a signature was verified.
    pub fn ruling(&self) -> Option<&Ruling> {
        match &self.outcome {
            Outcome::Verified { ruling, .. } => Some(ruling),
            Outcome::ByKey(_) | Outcome::Rejected(_) | Outcome::External(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Reason,
        policy::external::{Finding, JudgedBy},
    };

    fn of_finding(finding: Finding) -> Judgement {
        let external = ExternalJudgement {
            by: JudgedBy::Git,
            kind: crate::object::SignatureKind::Ssh,
            finding,
            signer: None,
            key: None,
            detail: String::new(),
            fault: None,
        };
        Judgement { outcome: Outcome::External(external) }
    }

    #[test]
    fn a_pusher_gets_advice_for_everything_that_is_not_good() {
        let reasons = Reason::ALL.iter().map(|reason| Judgement::from(Rejection::from(*reason)));
        for judgement in reasons.chain(Finding::ALL.iter().map(|finding| of_finding(*finding))) {
            let of = |audience| judgement.advice_for(audience);
            let id = judgement.explanation().map(Explanation::id);
            // one thing can be done at once at a terminal
            assert_eq!(of(Audience::Terminal).is_some(), id == Some("time-in-future"), "{id:?}");
            for advice in [of(Audience::Pusher), of(Audience::PusherToServer)] {
                assert_eq!(advice.is_some(), judgement.verdict() != Verdict::Good, "{id:?}");
                assert!(!advice.is_some_and(|advice| advice.is_empty() || advice.ends_with('.')), "{id:?}");
            }
        }
    }

    #[test]
    fn only_the_pusher_to_a_server_is_sent_to_its_administrator() {
        for reason in Reason::ALL {
            let advice = Judgement::from(Rejection::from(*reason)).advice_for(Audience::Pusher).unwrap_or_default();
            assert!(!advice.contains("administrator"), "{}", reason.id());
        }
        let advice = of_finding(Finding::KeyNotTrusted).advice_for(Audience::PusherToServer).unwrap();
        assert!(advice.contains("ask the administrator to trust the key"), "{advice}");
    }
}
