//! Another verifier's word on a signature that the pipeline names and does not judge: an OpenPGP or SSH signature.
//!
//! The pipeline never makes such a signature good. Where the user asks for it, git's own verifier is heard, and where the user configured the
//! key of a forge, the programs that know its kind; here is what they may say, and which verdict each word means.

use super::Verdict;
use crate::{object::SignatureKind, rejection::explained};

/// What another verifier says about a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherJudgement {
    /// Who says it.
    pub by: JudgedBy,
    /// The kind of the signature.
    pub kind: SignatureKind,
    /// What was found.
    pub finding: Finding,
    /// Whom the verifier names as the signer. It may hold bytes from outside: escape before printing.
    pub signer: Option<String>,
    /// The key's fingerprint, as its kind writes it.
    pub key: Option<String>,
    /// More in words; may be empty, and hold bytes from outside.
    pub detail: String,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JudgedBy {
    /// git, by the program that it runs for this kind of signature and the keys that this program trusts.
    Git,
    /// The key of a forge that the user configured, and no other key.
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

    /// The words for it, after "judged by".
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
        KeyNotTrusted = "key-not-trusted", "the signature is valid, and git does not trust its key, or not as far as gpg.minTrustLevel demands";
        SignatureExpired = "signature-expired", "the signature was valid, and has expired";
        KeyExpired = "key-expired", "the signature is valid, and its key has expired";
        KeyRevoked = "key-revoked", "the signature is valid, and its key was revoked";
        ForgeNoMerge = "forge-no-merge", "the forge's key signed it, and it is no merge commit: anybody who uses the forge can have such a commit made";
        ForgeCommitter = "forge-committer", "the forge's key signed it, and its committer is not the one of paraph.forgeCommitter";
        OtherInvalid = "other-signature-invalid", "the signature does not fit";
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
            | Self::ForgeNoMerge
            | Self::ForgeCommitter => Verdict::Untrusted,
            Self::OtherInvalid => Verdict::Bad,
            Self::OtherUnchecked => Verdict::Unchecked,
        }
    }
}

fn advice(finding: Finding) -> &'static str {
    match finding {
        Finding::KeyTrusted => "nothing",
        Finding::KeyNotTrusted => {
            "where you know whose key it is, say so: `gpg --edit-key KEY trust`, or a line in the file of gpg.ssh.allowedSignersFile"
        }
        Finding::SignatureExpired | Finding::KeyExpired => "get the newest key of its owner, or have it signed anew",
        Finding::KeyRevoked => "ask the key's owner why it was revoked, and have it signed anew",
        Finding::ForgeNoMerge => {
            "have its author sign it, or merge it by a merge commit: squashed and edited commits are the forge's alone"
        }
        Finding::ForgeCommitter => "look at who made it on the forge; paraph.forgeCommitter names the only committer that counts",
        Finding::OtherInvalid => "do not trust it: it was changed after it was signed, or its signature is damaged; ask its author",
        Finding::OtherUnchecked => {
            "import the key, or configure the program (gpg.program; gpg.ssh.program and gpg.ssh.allowedSignersFile); `git verify-commit` tells more"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Explanation as _, Reason};
    use std::collections::HashSet;

    #[test]
    fn identifiers_are_unique_among_reasons_too() {
        let mut seen: HashSet<&str> = Reason::ALL.iter().map(|reason| reason.id()).collect();
        for finding in Finding::ALL {
            assert!(seen.insert(finding.id()), "{} stands twice", finding.id());
            assert!(!finding.sentence().ends_with('.'), "{}", finding.id());
        }
    }

    #[test]
    fn one_finding_alone_is_good() {
        let good: Vec<_> = Finding::ALL.iter().filter(|finding| finding.verdict() == Verdict::Good).collect();
        assert_eq!(good, [&Finding::KeyTrusted]);
    }
}
