//! How many must agree to a change of the policy or to a tag, and whether enough do: steps 13, 18 and 20.

use super::{file::PolicyFile, history::Signed, signer::Signer};
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

impl Quorum<'_> {
    /// Whether enough agree. The approvals are read only if the signer is not enough.
    ///
    /// # Errors
    /// Those of `approvals`.
    pub(crate) fn with_approvals<E>(
        &self,
        signer: Option<&Signer>,
        approvals: impl FnOnce() -> Result<Vec<Signed>, E>,
    ) -> Result<Right, E> {
        if signer.is_some() && self.agreeing(signer) >= self.threshold {
            return Ok(Right::Held);
        }
        let approvals = approvals()?;
        let agree = self.agreeing(signer.into_iter().chain(approvals.iter().filter_map(Signed::signer)));
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
