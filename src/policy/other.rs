//! Another verifier's word on a signature that the pipeline names and does not judge: an OpenPGP or SSH signature.
//!
//! The pipeline never makes such a signature good. Where the user asks for it, git's own verifier is heard, and where the user configured the
//! key of a forge, the programs that know its kind; here is what they may say, and which verdict each word means.

use super::Verdict;
use crate::object::SignatureKind;

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

macro_rules! findings {
    ($($name:ident = $id:literal, $verdict:ident, $sentence:literal;)*) => {
        /// What another verifier may find. Its identifier is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Finding { $(#[doc = $sentence] $name,)* }

        impl Finding {
            /// Every finding there is, good first.
            pub const ALL: &'static [Finding] = &[$(Finding::$name,)*];

            /// The stable identifier, for machines.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The verdict that it means.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }

            /// What it means, as a clause without a period.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

findings! {
    KeyTrusted = "key-trusted", Good, "the signature is valid, and its key is trusted";
    KeyNotTrusted = "key-not-trusted", Untrusted, "the signature is valid, and git does not trust its key, or not as far as gpg.minTrustLevel demands";
    SignatureExpired = "signature-expired", Untrusted, "the signature was valid, and has expired";
    KeyExpired = "key-expired", Untrusted, "the signature is valid, and its key has expired";
    KeyRevoked = "key-revoked", Untrusted, "the signature is valid, and its key was revoked";
    ForgeNoMerge = "forge-no-merge", Untrusted, "the forge's key signed it, and it is no merge commit: anybody who uses the forge can have such a commit made";
    ForgeCommitter = "forge-committer", Untrusted, "the forge's key signed it, and its committer is not the one of paraph.forgeCommitter";
    OtherInvalid = "other-signature-invalid", Bad, "the signature does not fit";
    OtherUnchecked = "other-signature-unchecked", Unchecked, "the program for this kind of signature could not check it";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
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
