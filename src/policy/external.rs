//! What another verifier says about an OpenPGP or SSH signature, which the pipeline names and does not judge.
//!
//! The pipeline never makes such a signature good. git's own verifier judges it where the user asks for that, and the key of a forge where the
//! user configured one. Here are the findings that they may have, and the verdict that each means.

use super::Verdict;
use crate::{
    Explanation as _, Reason, Rejection,
    object::SignatureKind,
    rejection::{Audience, explained},
};

/// What another verifier says about a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalJudgement {
    /// Who judged it.
    pub by: JudgedBy,
    /// The kind of the signature.
    pub kind: SignatureKind,
    /// What was found.
    pub finding: Finding,
    /// The signer as the verifier names it. It may hold bytes from outside: escape it before printing.
    pub signer: Option<String>,
    /// The key's fingerprint, as its kind writes it.
    pub key: Option<String>,
    /// Details as a clause; may be empty, and may hold bytes from outside.
    pub detail: String,
    /// The fault of the object that stands beside the signature, if it has one. See [`Rejection::finding`].
    pub fault: Option<Rejection>,
}

impl ExternalJudgement {
    /// The judgement of an object with a fault. Text beside the armor and several signatures are the other verifier's business; an object that
    /// git's readers read in two ways, or that came under another name, is never good.
    pub(super) fn with_fault(self, fault: Rejection) -> Self {
        let limit = limit_of(&fault);
        let finding = limit.filter(|_| self.finding.verdict() == Verdict::Good).unwrap_or(self.finding);
        Self { finding, fault: Some(fault).filter(|fault| fault.finding().is_some()), ..self }
    }

    /// Whether the object has a fault with which it is never good, whatever was found about its signature.
    pub(crate) fn has_fault_of_structure(&self) -> bool {
        self.fault.as_ref().and_then(limit_of).is_some()
    }
}

/// What an object with this fault is at best.
fn limit_of(fault: &Rejection) -> Option<Finding> {
    match fault.finding() {
        None | Some(Reason::ArmorTrailingData | Reason::ArmorMalformed | Reason::ArmorFraming | Reason::MultipleSignatures) => None,
        Some(Reason::TagName) => Some(Finding::OtherTagName),
        Some(_) => Some(Finding::OtherStructure),
    }
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JudgedBy {
    /// git: the program that it runs for this kind of signature, with the keys that this program trusts.
    Git,
    /// The key of a forge that the user configured, and only that key.
    ForgeKey,
}

impl JudgedBy {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::ForgeKey => "forge-key",
        }
    }

    /// Its name in sentences, after "judged by".
    pub fn words(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::ForgeKey => "forge key",
        }
    }
}

explained! {
    /// What another verifier may find.
    Finding {
        KeyTrusted = "key-trusted", "the signature is valid, and its key is trusted";
        KeyNotTrusted = "key-not-trusted", "the signature is valid, but git does not trust its key, or not as much as gpg.minTrustLevel requires";
        SignatureExpired = "signature-expired", "the signature was valid, but has expired";
        KeyExpired = "key-expired", "the signature is valid, but its key has expired";
        KeyRevoked = "key-revoked", "the signature is valid, but its key was revoked";
        ForgeNoMerge = "forge-no-merge", "the forge's key signed it, but it is not a merge commit, and any user of the forge can create other commits";
        ForgeCommitter = "forge-committer", "the forge's key signed it, but its committer is not the one in paraph.forgeCommitter";
        OtherTagName = "other-tag-name", "the signature is valid, but the tag's own name is not the name of its ref";
        OtherStructure = "other-structure", "the signature is valid, but the object has a fault that git's readers do not agree on";
        OtherInvalid = "other-signature-invalid", "the signature does not verify";
        OtherUnchecked = "other-signature-unchecked", "the program for this kind of signature could not check it";
    }
}

impl Finding {
    /// The verdict that it means.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::KeyTrusted => Verdict::Good,
            Self::KeyNotTrusted
            | Self::SignatureExpired
            | Self::KeyExpired
            | Self::KeyRevoked
            | Self::OtherTagName
            | Self::OtherStructure
            | Self::ForgeNoMerge
            | Self::ForgeCommitter => Verdict::Untrusted,
            Self::OtherInvalid => Verdict::Bad,
            Self::OtherUnchecked => Verdict::Unchecked,
        }
    }

    /// What this audience can do about an object with this finding.
    pub(super) fn advice_for(self, audience: Audience) -> Option<String> {
        let server = audience == Audience::PusherToServer;
        let advice = match self {
            _ if audience == Audience::Terminal => return None,
            Self::KeyTrusted => return None,
            Self::KeyNotTrusted if server => "sign with paraph (`paraph setup`), or ask the administrator to trust the key",
            Self::OtherUnchecked if server => "sign with paraph (`paraph setup`), or ask the administrator to add the key to the server",
            Self::ForgeNoMerge | Self::ForgeCommitter => "have its author sign it, then push again",
            Self::SignatureExpired | Self::KeyExpired | Self::KeyRevoked => {
                "sign it again with paraph or with a valid key, then push again"
            }
            Self::OtherTagName => "push the tag under its own name, or sign a tag with the new name (`git tag -s NAME`)",
            Self::KeyNotTrusted | Self::OtherUnchecked => {
                return Some(format!("sign with paraph (`paraph setup`), or {}", self.advice()));
            }
            Self::OtherStructure | Self::OtherInvalid => {
                return Some(format!("{}. Create it again from a source that you trust, sign it, and push again", self.advice()));
            }
        };
        Some(advice.to_owned())
    }
}

fn advice(finding: Finding) -> &'static str {
    match finding {
        Finding::KeyTrusted => "nothing",
        Finding::KeyNotTrusted => {
            "if you know whose key it is, trust it with `gpg --edit-key KEY trust`, or add it to the file in gpg.ssh.allowedSignersFile"
        }
        Finding::SignatureExpired | Finding::KeyExpired => "get the owner's newest key, or have it signed again",
        Finding::KeyRevoked => "ask the key's owner why it was revoked, and have it signed again",
        Finding::ForgeNoMerge => {
            "have its author sign it, or merge it with a merge commit; squashed and edited commits carry only the forge's signature"
        }
        Finding::ForgeCommitter => "check who created it on the forge; only the committer in paraph.forgeCommitter is accepted",
        Finding::OtherTagName => "do not use this ref; fetch the tags again, and find out who moved the tag to another name",
        Finding::OtherStructure => "inspect it (`git cat-file -p ID`), and have it made and signed again",
        Finding::OtherInvalid => "do not trust it: it was changed after signing, or its signature is damaged; ask its author",
        Finding::OtherUnchecked => {
            "import the key, or configure the program (gpg.program; gpg.ssh.program and gpg.ssh.allowedSignersFile); `git verify-commit` shows details"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Decision, PolicyDecision};
    use std::collections::HashSet;

    #[test]
    fn identifiers_of_causes_are_unique() {
        let mut seen: HashSet<&str> = Reason::ALL.iter().map(|reason| reason.id()).collect();
        let mut check = |id: &'static str, sentence: &str| {
            assert!(seen.insert(id), "{id} appears twice");
            assert!(!sentence.ends_with('.'), "{id}");
        };
        Finding::ALL.iter().for_each(|finding| check(finding.id(), finding.sentence()));
        Decision::ALL.iter().for_each(|decision| check(decision.id(), decision.sentence()));
        PolicyDecision::ALL.iter().for_each(|decision| check(decision.id(), decision.sentence()));
    }

    #[test]
    fn one_finding_and_three_decisions_are_good() {
        let good: Vec<_> = Finding::ALL.iter().filter(|finding| finding.verdict() == Verdict::Good).collect();
        assert_eq!(good, [&Finding::KeyTrusted]);
        let good: Vec<_> = Decision::ALL.iter().filter(|decision| decision.verdict() == Verdict::Good).collect();
        assert_eq!(good, [&Decision::Allowed, &Decision::Expected, &Decision::KeyGiven]);
    }
}
