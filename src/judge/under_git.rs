//! Under git: what the policy of a repository says of a payload, which has neither a ref nor a place in history.

use super::{Error, GitHistory, Judge, by_policy::ruling_for};
use crate::{
    object::TagHeaders,
    policy::{Judgement, PolicyDecision, PolicyRuling},
    repository::Repository,
    repository_policy::{APPROVALS, History as _, PolicyEntry, PolicyFile, Root, RootError, Ruling, judge_tag},
    selection::{Pin, PinnedPolicy},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Judge {
    /// Adds what the pinned policy decides about a payload, as `man/policy.md` says under "Under git". A signature that does not hold has its
    /// verdict already.
    ///
    /// # Errors
    /// Where the pinned commit has no policy that can be used, or something cannot be read.
    pub(crate) fn payload_by_policy(
        &self,
        repository: &Repository,
        pinned: &PinnedPolicy,
        payload: &[u8],
        judgement: Judgement,
    ) -> Result<Judgement, RootError<Error>> {
        if !judgement.holds() {
            return Ok(judgement);
        }
        let history = GitHistory::new(repository, self, pinned.certificate_trust());
        let ruling = match ruling(&history, repository, &pinned.pin, payload, &judgement)? {
            Some(ruling) => ruling_for(ruling, pinned.weight),
            None => Some(PolicyRuling {
                decision: PolicyDecision::RefUnknown,
                clause: "git shows too little of it to judge it".to_owned(),
                rule: None,
                counts: true,
                weight: pinned.weight,
            }),
        };
        Ok(match ruling {
            Some(ruling) => judgement.with_policy(ruling),
            None => judgement,
        })
    }
}

/// The ruling on a payload; `None` if it cannot be judged without its place.
fn ruling(
    history: &GitHistory<'_>,
    repository: &Repository,
    pin: &Pin,
    payload: &[u8],
    judgement: &Judgement,
) -> Result<Option<Ruling>, RootError<Error>> {
    let signed = history.signed_as(judgement);
    if let Ok(tag) = TagHeaders::parse(payload) {
        let reference = format!("refs/tags/{}", tag.name);
        if tag.target_type != "commit" || reference.starts_with(APPROVALS) {
            return Ok(None);
        }
        let Some(policy) = pinned_policy_at(history, pin, &tag.target.to_owned())? else { return Ok(None) };
        let no_approvals = || Ok::<_, RootError<Error>>(Vec::new());
        return judge_tag(&policy, &reference, &signed, no_approvals).map(Some);
    }
    let Some((tree, parents)) = repository.tree_and_parents(payload) else { return Ok(None) };
    let policy = match (pin, parents.first()) {
        (Pin::File(policy), _) => Some(Arc::clone(policy)),
        (Pin::Root(_), None) => None,
        (Pin::Root(_), Some(parent)) => match pinned_policy_at(history, pin, parent)? {
            Some(policy) if !history.changes_policy(parent, &tree)? => Some(policy),
            _ => None,
        },
    };
    Ok(policy.map(|policy| policy.ruling_without_place(parents.len(), &signed)))
}

/// The pinned policy, if the file of this commit is the pinned one.
fn pinned_policy_at(history: &GitHistory<'_>, pin: &Pin, commit: &String) -> Result<Option<Arc<PolicyFile>>, RootError<Error>> {
    let root = match pin {
        Pin::File(policy) => return Ok(Some(Arc::clone(policy))),
        Pin::Root(root) => root,
    };
    // at the end of a shallow clone, the parent is missing
    if history.named(commit)?.is_none() {
        return Ok(None);
    }
    let PolicyEntry::File(file) = history.policy_entry(commit)? else { return Ok(None) };
    match root {
        Root::Commit(pinned) => {
            // the setting may be meant for another repository
            if history.named(pinned)?.is_none() {
                return Ok(None);
            }
            let PolicyEntry::File(pinned) = history.policy_entry(pinned)? else { return Err(RootError::NoFile) };
            let bytes = history.policy_bytes(&pinned)?.ok_or(RootError::NoFile)?;
            let policy = PolicyFile::parse(&bytes).map_err(RootError::Unusable)?;
            Ok((file == pinned).then(|| Arc::new(policy)))
        }
        Root::Digest(digest) => {
            let bytes = history.policy_bytes(&file)?.filter(|bytes| Sha256::digest(bytes).as_slice() == digest);
            Ok(bytes.and_then(|bytes| PolicyFile::parse(&bytes).ok()).map(Arc::new))
        }
    }
}
