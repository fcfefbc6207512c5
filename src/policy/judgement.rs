//! The verdict on one object, with what led to it.

use super::{Decision, ExternalJudgement, PolicyDecision, PolicyRuling, PolicyWeight, Ruling, Verdict, external::Finding};
use crate::{
    Explanation, Rejection, Standing,
    rejection::Audience,
    verify::{Verification, VerifiedByKey},
};

/// How one object was judged.
#[derive(Debug, Clone)]
pub struct Judgement {
    outcome: Outcome,
    /// What the policy of the repository decides, if one does.
    policy: Option<PolicyRuling>,
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
        Outcome::Verified { verification, ruling }.into()
    }

    pub(super) fn by_key(verified: VerifiedByKey) -> Self {
        Outcome::ByKey(verified).into()
    }

    /// The outcome.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// With what the policy of the repository decides.
    #[must_use]
    #[cfg(feature = "cli")]
    pub(crate) fn with_policy(self, ruling: PolicyRuling) -> Self {
        Self { policy: Some(ruling), ..self }
    }

    /// What the policy of the repository decides, if one does.
    pub(crate) fn policy(&self) -> Option<&PolicyRuling> {
        self.policy.as_ref()
    }

    /// Whether the verdict counts for the exit code: the policy of the repository exempts some objects, and only warns of others.
    #[cfg(feature = "cli")]
    pub(crate) fn counts(&self) -> bool {
        self.policy.as_ref().is_none_or(|ruling| ruling.counts)
    }

    /// Whether the signature holds, and only the question is left who may sign.
    pub(crate) fn holds(&self) -> bool {
        match &self.outcome {
            // these two hold beside a policy
            Outcome::Verified { ruling, .. } => !matches!(ruling.decision(), Decision::LegacyRule | Decision::NotCommitter),
            Outcome::ByKey(_) => true,
            Outcome::Rejected(_) => false,
            Outcome::External(external) => {
                matches!(external.finding, Finding::KeyTrusted | Finding::KeyNotTrusted) && !external.has_fault_of_structure()
            }
        }
    }

    /// The decision of the policy, where it stands in place of that of the allowed identities.
    pub(crate) fn decided_by_policy(&self) -> Option<&PolicyRuling> {
        let decides = |ruling: &&PolicyRuling| match ruling.decision {
            PolicyDecision::Exempt => false,
            PolicyDecision::Allowed => ruling.weight == PolicyWeight::Replaces,
            _ => true,
        };
        self.policy.as_ref().filter(decides).filter(|_| self.holds())
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        let own = self.own_verdict();
        self.policy.as_ref().map_or(own, |ruling| ruling.verdict(own, self.holds()))
    }

    /// The verdict without the policy of the repository.
    fn own_verdict(&self) -> Verdict {
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
        let explanation: &dyn Explanation = match (self.decided_by_policy(), &self.outcome) {
            (Some(ruling), _) => &ruling.decision,
            (None, Outcome::Verified { ruling, .. }) => ruling.explanation(),
            (None, Outcome::ByKey(_)) => &Decision::KeyGiven,
            (None, Outcome::Rejected(rejection)) => rejection.explanation(),
            (None, Outcome::External(external)) => &external.finding,
        };
        (self.verdict() != Verdict::Good).then_some(explanation)
    }

    /// What this audience can do about the object, as a clause without a period, escaped; `None` where the verdict is good, or the report says
    /// all there is to say.
    pub(crate) fn advice_for(&self, audience: Audience) -> Option<String> {
        if let Some(ruling) = self.decided_by_policy() {
            return ruling.refuses().then(|| ruling.decision.advice_for(audience));
        }
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
        let outcome = match self.outcome {
            Outcome::Rejected(rejection) if rejection.reason().standing() == Standing::Foreign => {
                Outcome::External(external.with_fault(rejection))
            }
            outcome => outcome,
        };
        Self { outcome, ..self }
    }
}

/// No policy is needed to judge a refused signature.
impl From<Rejection> for Judgement {
    fn from(rejection: Rejection) -> Self {
        Outcome::Rejected(rejection).into()
    }
}

impl From<Outcome> for Judgement {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, policy: None }
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
        Outcome::External(external).into()
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

    #[cfg(feature = "cli")]
    fn by_policy(decision: PolicyDecision, weight: PolicyWeight) -> PolicyRuling {
        PolicyRuling { decision, clause: String::new(), rule: Some("default".into()), counts: true, weight }
    }

    #[test]
    #[cfg(feature = "cli")]
    fn a_policy_decides_about_signatures_that_hold_and_about_no_others() {
        let allowed = |weight| by_policy(PolicyDecision::Allowed, weight);
        let refused = by_policy(PolicyDecision::Refused, PolicyWeight::Replaces);
        for finding in Finding::ALL {
            let judged = |ruling: PolicyRuling| of_finding(*finding).with_policy(ruling);
            let id = |judgement: &Judgement| judgement.explanation().map(Explanation::id);
            let (holds, own) = (of_finding(*finding).holds(), finding.verdict());
            let good = judged(allowed(PolicyWeight::Replaces));
            assert_eq!(good.verdict(), if holds { Verdict::Good } else { own }, "{}", finding.id());
            assert_eq!(id(&good), (!holds).then(|| finding.id()));
            assert_eq!(good.advice_for(Audience::Pusher).is_none(), holds);
            assert_eq!(judged(allowed(PolicyWeight::Restricts)).verdict(), own, "{}", finding.id());
            let bad = judged(refused.clone());
            assert_eq!(bad.verdict(), own.max(Verdict::Untrusted), "{}", finding.id());
            assert_eq!(id(&bad), Some(if holds { "policy-refused" } else { finding.id() }));
            assert!(bad.advice_for(Audience::Pusher).is_some());
            let exempt = judged(PolicyRuling { counts: false, ..by_policy(PolicyDecision::Exempt, PolicyWeight::Replaces) });
            assert_eq!((exempt.verdict(), exempt.counts()), (own, false), "{}", finding.id());
        }
        assert!(of_finding(Finding::KeyNotTrusted).holds() && !of_finding(Finding::KeyExpired).holds());
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
