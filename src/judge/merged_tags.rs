//! The tags that a merge holds in its `mergetag` headers: git copies a signed tag there when it merges it. They belong to what the merge's
//! signature covers, and never count as its signature.

use super::Judge;
use crate::{
    object::{self, TagHeaders},
    policy::Verdict,
    signature::ParsedSignature,
    verify::git as split,
};

/// A merged tag with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergedTagFault {
    /// Its name; empty if it cannot be read.
    pub name: String,
    /// What is wrong with it: a clause.
    pub fault: String,
}

impl MergedTagFault {
    /// A sentence about it; not escaped.
    pub(crate) fn sentence(&self) -> String {
        format!("This merge holds a copy of the tag \"{}\" with a fault: {}.", self.name, self.fault)
    }
}

impl Judge {
    /// The faults of the tags that a commit, or its payload, holds. OpenPGP and SSH signatures are not verified.
    pub(crate) fn merged_tag_faults(&self, commit: &[u8]) -> Vec<MergedTagFault> {
        let (parents, tags) = object::merged_tags(commit);
        let fault = |tag: &Vec<u8>| {
            let headers = TagHeaders::parse(tag).ok();
            let fault = match &headers {
                Some(headers) if !parents.contains(&headers.target) => Some("it names a commit that is not merged here".to_owned()),
                _ => self.merged_tag_fault(tag),
            };
            fault.map(|fault| MergedTagFault { name: headers.map(|headers| headers.name.to_owned()).unwrap_or_default(), fault })
        };
        tags.iter().filter_map(fault).collect()
    }

    fn merged_tag_fault(&self, tag: &[u8]) -> Option<String> {
        let verified = split::tag(tag).and_then(|tag| {
            let mut cms = Vec::new();
            self.entries.verify(&self.verifier, &tag.signed, &ParsedSignature::parse(&tag.signed.signature, &mut cms))
        });
        let judgement = self.policy.judge(verified);
        match judgement.verdict() {
            Verdict::Bad | Verdict::Unsigned => judgement.explanation().map(|cause| format!("{} [{}]", cause.sentence(), cause.id())),
            Verdict::Good | Verdict::Untrusted | Verdict::Legacy | Verdict::Other | Verdict::Unchecked => None,
        }
    }
}
