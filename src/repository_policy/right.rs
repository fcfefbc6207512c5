//! The right to change a policy or to make a tag, alone or together with those who approve: steps 13, 18 and 20.

use super::{
    file::PolicyFile,
    history::{Approval, History, PolicyEntry, Signed},
    in_force::{InForce, Policies},
    signer::Signer,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Whether enough of those who may have agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Enough of them.
    Held,
    /// The signer may, but too few approve.
    ApprovalsMissing {
        /// How many agree, the signer included.
        agree: usize,
    },
    /// The signer is not in the list, and too few approve.
    NotListed {
        /// How many agree.
        agree: usize,
    },
}

/// A list of a policy, of whom a number must agree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quorum<'a> {
    /// The policy.
    pub policy: &'a PolicyFile,
    /// The indices of the identities.
    pub list: &'a [usize],
    /// How many must agree.
    pub threshold: usize,
}

/// Whether a commit of the line may change the policy in force at its first parent.
///
/// # Errors
/// Where something cannot be read.
pub(crate) fn to_change<H: History>(
    policies: &Policies<'_, H>,
    commit: &H::Id,
    before: &InForce,
    signed: &Signed,
) -> Result<Right, H::Error> {
    let policy = before.policy();
    let quorum = Quorum { policy, list: policy.policy_list(), threshold: policy.policy_threshold() };
    let history = policies.history();
    quorum.with_approvals(signed.signer(), || {
        let entry = history.policy_entry(commit)?;
        let PolicyEntry::File(file) = &entry else { return Ok(Vec::new()) };
        // approvals are about the file, and not about other paths beside it
        let Some(parent) = history.parents(commit)?.into_iter().next() else { return Ok(Vec::new()) };
        if history.policy_entry(&parent)? == entry {
            return Ok(Vec::new());
        }
        let Some(bytes) = history.policy_bytes(file)? else { return Ok(Vec::new()) };
        let mut commits = None;
        history.approvals(&hex::encode(Sha256::digest(&bytes)), &mut |named| {
            let commits = match &mut commits {
                Some(commits) => commits,
                none => none.insert(under(policies, commit, before)?),
            };
            Ok(commits.contains(named))
        })
    })
}

/// The commits of the line before this one at which a policy is in force.
fn under<H: History>(policies: &Policies<'_, H>, commit: &H::Id, in_force: &InForce) -> Result<BTreeSet<H::Id>, H::Error> {
    let mut commits = BTreeSet::new();
    let mut next = policies.history().parents(commit)?.into_iter().next();
    while let Some(commit) = next {
        if !policies.at(&commit)?.is_some_and(|at| at.is(in_force)) {
            break;
        }
        let is_last = policies.is_pinned(&commit);
        next = if is_last { None } else { policies.history().parents(&commit)?.into_iter().next() };
        commits.insert(commit);
    }
    Ok(commits)
}

impl Quorum<'_> {
    /// Whether enough agree. The approvals are read only if the signer is not enough.
    ///
    /// # Errors
    /// Those of `approvals`.
    pub(crate) fn with_approvals<Id, E>(
        &self,
        signer: Option<&Signer>,
        approvals: impl FnOnce() -> Result<Vec<Approval<Id>>, E>,
    ) -> Result<Right, E> {
        if signer.is_some() && self.agreeing(signer) >= self.threshold {
            return Ok(Right::Held);
        }
        let approvals = approvals()?;
        let agree = self.agreeing(signer.into_iter().chain(approvals.iter().filter_map(|approval| approval.signed.signer())));
        Ok(match agree {
            agree if agree >= self.threshold => Right::Held,
            agree if self.agreeing(signer) > 0 => Right::ApprovalsMissing { agree },
            agree => Right::NotListed { agree },
        })
    }

    /// How many different identities of the list these signatures are from. One signer counts once, for the first identity that any of their
    /// signatures fits.
    fn agreeing<'s>(&self, signers: impl IntoIterator<Item = &'s Signer>) -> usize {
        let mut identities: BTreeMap<_, usize> = BTreeMap::new();
        for signer in signers {
            if let Some(identity) = self.policy.first_that_fits(self.list, signer) {
                identities.entry(signer.who()).and_modify(|first| *first = identity.min(*first)).or_insert(identity);
            }
        }
        identities.into_values().collect::<BTreeSet<_>>().len()
    }
}
