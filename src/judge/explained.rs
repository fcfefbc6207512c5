//! Why a policy decides as it does about an object: for `paraph policy explain`.

use super::{Error, Judged, PolicyJudge};
use crate::{
    repository::ObjectKind,
    repository_policy::{explain_commit, policy_of_tag, who_signed},
};

impl PolicyJudge<'_, '_> {
    /// What led to the ruling on an object, in sentences, escaped: for each tip that contains a commit, with a heading where they are several.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn explained(&self, judged: &Judged) -> Result<Vec<String>, Error> {
        let signed = self.history().signed_as(judged.judgement());
        if judged.kind == ObjectKind::Tag {
            return self.explained_tag(judged);
        }
        let mut lines = Vec::new();
        for tip in &self.plans {
            let Some(place) = tip.plan.place(&judged.id) else { continue };
            lines.extend(explain_commit(&self.policies, &judged.id, (&tip.plan, place), tip.reference.as_deref(), &signed)?);
        }
        Ok(lines)
    }

    fn explained_tag(&self, judged: &Judged) -> Result<Vec<String>, Error> {
        let Some(commit) = self.history().commit_behind(&judged.id)? else {
            return Ok(vec!["It leads to no commit, so no policy is in force.".to_owned()]);
        };
        let Some(policy) = policy_of_tag(&self.policies, &commit)? else {
            return Ok(vec![format!("The first parents of commit {commit} do not lead to the policy's root.")]);
        };
        let signed = self.history().signed_as(judged.judgement());
        Ok(vec![format!("It is judged by the policy in force at commit {commit}."), who_signed(policy.policy(), &signed)])
    }
}
