//! What the policy of a repository decides about an object, beside the judgement of its signature. See `man/policy.md`.

use super::Verdict;
use crate::{
    Explanation as _,
    rejection::{Audience, explained},
};

explained! {
    /// Why the policy of a repository allows an object, or not.
    PolicyDecision {
        Allowed = "policy-allowed", "the repository's policy allows it";
        Exempt = "policy-exempt", "the repository's policy exempts it";
        RootMissing = "policy-root-missing", "its first parents do not lead to the policy's root";
        NotInForce = "policy-not-in-force", "the policy file before it is not the one in force";
        Unusable = "policy-unusable", "it leaves a policy file that cannot be used";
        ChangeRefused = "policy-change-refused", "it changes the policy, and its signer may not";
        ApprovalsMissing = "policy-approvals-missing", "too few identities agree to it";
        Refused = "policy-refused", "the rule that decides does not list its signer";
        NoRule = "policy-no-rule", "no rule says who may do it";
        RefUnknown = "policy-ref-unknown", "the rules depend on a ref or on paths that are not known";
        TooLarge = "policy-too-large", "it changes more paths than are judged";
        Approval = "policy-approval", "it is not an approval by an identity of the policy";
        Ref = "policy-ref", "no push may move this ref";
        HeadMissing = "policy-head-missing", "the branch that the server's HEAD names does not exist";
        Rewrite = "policy-rewrite", "no rule lets a push delete the ref or give up its commits";
        PushCertificate = "policy-push-certificate", "the push needs a certificate of a listed identity";
        Rewound = "policy-rewound", "its policy does not follow from the one in force";
    }
}

impl PolicyDecision {
    /// The verdict that it means for a signature that holds; `None` if it leaves the verdict as it is.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Allowed => Some(Verdict::Good),
            Self::Exempt => None,
            _ => Some(Verdict::Untrusted),
        }
    }

    /// What this audience can do, as a clause without a period.
    pub(crate) fn advice_for(self, audience: Audience) -> String {
        let advice = match (self, audience) {
            (Self::RootMissing, Audience::PusherToServer) => {
                "start from the branch that has the policy's root, or ask the administrator to compare paraph.policyRoot with the history"
            }
            (Self::RefUnknown, Audience::PusherToServer) => "push the branch of the server's HEAD first",
            (Self::RefUnknown, Audience::Pusher) => "check out the branch that you push, or push to a branch",
            (Self::Unusable, Audience::PusherToServer | Audience::Pusher) => {
                "correct the file in the same commit; `paraph policy check` shows what is wrong"
            }
            _ => self.advice(),
        };
        advice.to_owned()
    }
}

fn advice(decision: PolicyDecision) -> &'static str {
    match decision {
        PolicyDecision::Allowed | PolicyDecision::Exempt => "nothing",
        PolicyDecision::RootMissing => "compare paraph.policyRoot with the history; a line of its own needs a root of its own",
        PolicyDecision::NotInForce => "have somebody who may change the policy restore the file that is in force",
        PolicyDecision::Unusable => "correct the file; `paraph policy check` shows what is wrong",
        PolicyDecision::ChangeRefused => "have somebody who may change the policy sign the change",
        PolicyDecision::ApprovalsMissing => "have others who are listed approve it with `paraph policy approve`, and push their approvals",
        PolicyDecision::Refused => "have it signed by somebody whom the rule lists, or have the policy changed",
        PolicyDecision::NoRule => "add a rule for it to the policy",
        PolicyDecision::RefUnknown => "name the ref with --as, for example `--as refs/heads/main`",
        PolicyDecision::TooLarge => "split the change into several commits",
        PolicyDecision::Approval => {
            "approve as an identity of the policy, with the name paraph-approval/DIGEST/NAME and DIGEST as a line of the message"
        }
        PolicyDecision::Ref => "push to a branch or a tag",
        PolicyDecision::HeadMissing => "ask the administrator to set HEAD to a branch that exists",
        PolicyDecision::Rewrite => "push to a new ref, or have a rule with `rewrite = true` added",
        PolicyDecision::PushCertificate => "push with `git push --signed` as an identity that the rule lists",
        PolicyDecision::Rewound => "merge the branch that has the present policy",
    }
}

/// Which of two sources decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyWeight {
    /// The policy alone; the allowed identities are not asked.
    Replaces,
    /// The allowed identities decide, and the policy must allow it too.
    Restricts,
}

/// What a policy decides about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyRuling {
    /// The decision.
    pub decision: PolicyDecision,
    /// What is refused, as a clause, escaped; empty if the decision says it all.
    pub clause: String,
    /// The rule that decided, if one did.
    pub rule: Option<String>,
    /// Whether the verdict counts for the exit code.
    pub counts: bool,
    /// Whether the allowed identities decide too.
    pub weight: PolicyWeight,
}

impl PolicyRuling {
    /// Whether the policy refuses the object.
    pub(crate) fn refuses(&self) -> bool {
        self.decision.verdict() == Some(Verdict::Untrusted)
    }

    /// The verdict on an object. `own` is the one without the policy; `holds` is whether the signature holds, whoever made it.
    pub(super) fn verdict(&self, own: Verdict, holds: bool) -> Verdict {
        match (self.decision.verdict(), self.weight) {
            (Some(Verdict::Good), PolicyWeight::Replaces) if holds => Verdict::Good,
            (Some(Verdict::Good) | None, _) => own,
            (Some(refused), _) => own.max(refused),
        }
    }

    /// What it decided, as a clause; escaped.
    pub(crate) fn clause(&self) -> &str {
        if self.clause.is_empty() { self.decision.sentence() } else { &self.clause }
    }

    /// The sentence for people, escaped. `holds` is whether the signature holds.
    pub(crate) fn sentence(&self, holds: bool) -> String {
        let (clause, id) = (self.clause(), self.decision.id());
        let opening = if holds { "But the repository's policy refuses it" } else { "The repository's policy refuses it too" };
        match (self.decision, &self.rule) {
            (PolicyDecision::Allowed, Some(rule)) => format!("The repository's policy allows it, by the rule {rule}."),
            (PolicyDecision::Allowed, None) => "The repository's policy allows it.".to_owned(),
            (PolicyDecision::Exempt, _) => format!("The repository's policy exempts it, so this verdict does not count [{id}]."),
            _ if self.counts => format!("{opening}: {clause} [{id}]."),
            _ => format!("{opening}: {clause} [{id}]. The rule only warns, so this does not count."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(decision: PolicyDecision, weight: PolicyWeight) -> PolicyRuling {
        PolicyRuling { decision, clause: String::new(), rule: None, counts: true, weight }
    }

    #[test]
    fn only_a_policy_that_replaces_makes_a_signature_that_holds_good() {
        for own in Verdict::ALL {
            let of = |decision, weight, holds| ruling(decision, weight).verdict(own, holds);
            assert_eq!(of(PolicyDecision::Allowed, PolicyWeight::Replaces, true), Verdict::Good);
            assert_eq!(of(PolicyDecision::Allowed, PolicyWeight::Replaces, false), own);
            assert_eq!(of(PolicyDecision::Allowed, PolicyWeight::Restricts, true), own);
            for weight in [PolicyWeight::Replaces, PolicyWeight::Restricts] {
                assert_eq!(of(PolicyDecision::Exempt, weight, true), own);
                let refused = PolicyDecision::ALL.iter().filter(|decision| ruling(**decision, weight).refuses());
                for decision in refused {
                    let verdict = of(*decision, weight, true);
                    assert_eq!(verdict, if own == Verdict::Good { Verdict::Untrusted } else { own }, "{}", decision.id());
                }
            }
        }
    }

    #[test]
    fn two_decisions_do_not_refuse() {
        let all = PolicyDecision::ALL.iter().filter(|decision| !ruling(**decision, PolicyWeight::Replaces).refuses());
        assert_eq!(all.collect::<Vec<_>>(), [&PolicyDecision::Allowed, &PolicyDecision::Exempt]);
    }
}
