//! Judges by the policy of a repository: plans where each commit stands, and adds the policy's rulings to verdicts. See `man/policy.md`.

use super::{CertificateTrust, Error, GitHistory, Judged};
use crate::{
    Reason,
    policy::{PolicyDecision, PolicyRuling, PolicyWeight},
    repository::ObjectKind,
    repository_policy::{
        Cause, History as _, Place, Plan, Policies, PushedTag, RootError, Ruling, UpdatePlan, judge_commit, policy_of_tag, tag_ruling,
    },
    selection::{Pin, PinnedPolicy},
};
use std::collections::HashSet;

/// A commit that is judged with what it contains, as the value of a ref.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Tip {
    /// Its id.
    pub commit: String,
    /// The full name of the ref, if it is known.
    pub reference: Option<String>,
}

/// The places of commits under one tip.
type TipPlan = UpdatePlan<String>;

/// Judges by one policy. Everything is planned before anything is judged; then several threads may judge.
pub(crate) struct PolicyJudge<'h, 'a> {
    pub(super) policies: Policies<'h, GitHistory<'a>>,
    pub(super) weight: PolicyWeight,
    pub(super) judge_since: Vec<String>,
    pub(super) plans: Vec<TipPlan>,
}

impl PinnedPolicy {
    /// Whether certificates have signers for this policy.
    pub(crate) fn certificate_trust(&self) -> CertificateTrust {
        if self.distrusts_root { CertificateTrust::OfRepository } else { CertificateTrust::Given }
    }
}

impl<'h, 'a> PolicyJudge<'h, 'a> {
    /// A judge with nothing planned. `judge_since` are commits that are exempt with their ancestors.
    ///
    /// # Errors
    /// Where the pinned commit has no policy that can be used.
    pub(crate) fn new(history: &'h GitHistory<'a>, policy: &PinnedPolicy, judge_since: Vec<String>) -> Result<Self, RootError<Error>> {
        let policies = match &policy.pin {
            Pin::Root(root) => Policies::new(history, root.clone())?,
            Pin::File(file) => Policies::everywhere(history, file.clone()),
        };
        Ok(Self { policies, weight: policy.weight, judge_since, plans: Vec::new() })
    }

    /// Plans what a tip contains, without what `known` contain. Returns these commits.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn plan(&mut self, tip: &Tip, known: &[String]) -> Result<HashSet<String>, Error> {
        let commits = self.history().contained_beyond(&tip.commit, known)?;
        if !commits.is_empty() {
            let plan = Plan::of_line(&self.policies, &tip.commit, &commits, &self.judge_since)?;
            self.plans.push(TipPlan { reference: tip.reference.clone(), plan });
        }
        Ok(commits)
    }

    /// Plans some commits that a tip contains.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn plan_some(&mut self, tip: &Tip, commits: &[String]) -> Result<(), Error> {
        let known = match commits {
            // not worth the whole history
            [one] => self.history().parents(one)?,
            _ => Vec::new(),
        };
        self.plan(tip, &known).map(|_| ())
    }

    /// Whether a commit contains another. With several questions, the commits that it contains are kept.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn contains(&self, commit: &String, other: &String, is_one_of_many: bool) -> Result<bool, Error> {
        if is_one_of_many {
            return Ok(self.history().contained_in(commit)?.contains(other));
        }
        Ok(self.history().contained_beyond(other, std::slice::from_ref(commit))?.is_empty())
    }

    /// Whether a plan has this commit.
    pub(crate) fn has(&self, commit: &String) -> bool {
        self.plans.iter().any(|tip| tip.plan.place(commit).is_some())
    }

    /// Adds the ruling on a commit: the worst of all tips that contain it.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn commit(&self, judged: Judged) -> Result<Judged, Error> {
        let signed = self.history().signed_as(judged.judgement());
        let places = self.plans.iter().filter_map(|tip| Some((tip, tip.plan.place(&judged.id)?)));
        let mut worst: Option<Ruling> = None;
        for (tip, place) in places {
            let ruling = judge_commit(&self.policies, &judged.id, place, tip.reference.as_deref(), &signed)?;
            if worst.as_ref().is_none_or(|worst| severity(worst) < severity(&ruling)) {
                worst = Some(ruling);
            }
        }
        // an object that could not be read is in no plan
        let ruling = match worst {
            Some(ruling) => ruling,
            None => judge_commit(&self.policies, &judged.id, &Place::NoRoot, None, &signed)?,
        };
        self.with_ruling(judged, ruling)
    }

    /// Adds the ruling on a tag object, or on the object that a lightweight tag names. `reference` is the ref of the tag, or of the tag around
    /// it; without one, the tag's own name tells it.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn tag(&self, judged: Judged, reference: Option<&str>) -> Result<Judged, Error> {
        let signed = self.history().signed_as(judged.judgement());
        // an object that could not be read has a verdict already
        let Ok(object) = self.history().object(&judged.id) else { return Ok(judged) };
        let tag = match object.kind {
            ObjectKind::Tag => GitHistory::tag(&object, signed),
            _ => Some(PushedTag::lightweight()),
        };
        let Some(tag) = tag else { return Ok(judged) };
        let own = format!("refs/tags/{}", tag.name);
        let commit = self.history().commit_behind(&judged.id)?;
        let policy = commit.as_ref().map(|commit| policy_of_tag(&self.policies, commit)).transpose()?.flatten();
        let ruling = tag_ruling(&self.policies, reference.unwrap_or(&own), &tag, commit.as_ref(), policy.as_ref())?;
        self.with_ruling(judged, ruling)
    }

    /// Adds the rulings on a tag, the tags inside it and what the innermost names, as [`Judge::tag_by_name`](super::Judge::tag_by_name) returns
    /// them.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn tags(&self, judged: Vec<Judged>, reference: Option<&str>) -> Result<Vec<Judged>, Error> {
        let ruled = judged.into_iter().map(|judged| {
            let is_lightweight = judged.judgement().rejection().is_some_and(|rejection| rejection.reason() == Reason::NotAnnotated);
            match judged.kind {
                ObjectKind::Tag => self.tag(judged, reference),
                _ if is_lightweight => self.tag(judged, reference),
                ObjectKind::Commit => self.commit(judged),
                ObjectKind::Blob | ObjectKind::Tree => Ok(judged),
            }
        });
        ruled.collect()
    }

    pub(super) fn history(&self) -> &'h GitHistory<'a> {
        self.policies.history()
    }

    pub(super) fn with_ruling(&self, judged: Judged, ruling: Ruling) -> Result<Judged, Error> {
        let Some(ruling) = ruling_for(ruling, self.weight) else { return Ok(judged) };
        let id = judged.id.clone();
        judged.with_policy(ruling, || self.history().object(&id))
    }
}

/// The ruling for a verdict; `None` where the signature alone decides.
pub(super) fn ruling_for(ruling: Ruling, weight: PolicyWeight) -> Option<PolicyRuling> {
    let plain = |decision, rule| PolicyRuling { decision, clause: String::new(), rule, counts: true, weight };
    Some(match ruling {
        Ruling::Exempt => PolicyRuling { counts: false, ..plain(PolicyDecision::Exempt, None) },
        Ruling::Allowed { rule } => plain(PolicyDecision::Allowed, rule),
        Ruling::Refused(refusal) => {
            PolicyRuling { decision: decision(refusal.cause)?, clause: refusal.clause, rule: refusal.rule, counts: refusal.counts, weight }
        }
    })
}

/// How bad a ruling is among those of several tips.
pub(super) fn severity(ruling: &Ruling) -> u8 {
    match ruling {
        Ruling::Exempt => 0,
        Ruling::Allowed { .. } => 1,
        Ruling::Refused(refusal) if !refusal.counts => 2,
        Ruling::Refused(_) => 3,
    }
}

/// The decision that a cause means; `None` for a bad signature, whose own verdict stands.
fn decision(cause: Cause) -> Option<PolicyDecision> {
    Some(match cause {
        Cause::BadSignature => return None,
        Cause::RootMissing => PolicyDecision::RootMissing,
        Cause::NotInForce => PolicyDecision::NotInForce,
        Cause::Unusable => PolicyDecision::Unusable,
        Cause::ChangeRefused => PolicyDecision::ChangeRefused,
        Cause::ApprovalsMissing => PolicyDecision::ApprovalsMissing,
        Cause::Refused => PolicyDecision::Refused,
        Cause::NoRule => PolicyDecision::NoRule,
        Cause::RefUnknown => PolicyDecision::RefUnknown,
        Cause::TooLarge => PolicyDecision::TooLarge,
        Cause::Ref => PolicyDecision::Ref,
        Cause::HeadMissing => PolicyDecision::HeadMissing,
        Cause::Rewrite => PolicyDecision::Rewrite,
        Cause::PushCertificate => PolicyDecision::PushCertificate,
        Cause::Rewound => PolicyDecision::Rewound,
        Cause::Approval => PolicyDecision::Approval,
    })
}
