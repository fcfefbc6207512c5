//! What to do about an object that is not good: a clause for people, beside each reason.

use crate::{
    Reason, Standing,
    policy::{Decision, Finding, Judgement, Verdict},
};

/// What to do; `None` where it is good.
pub fn advice(judgement: &Judgement) -> Option<&'static str> {
    match (judgement.verdict, &judgement.other, &judgement.result, &judgement.decision) {
        (Verdict::Good, ..) => None,
        (_, Some(other), ..) => Some(other.finding.advice()),
        (_, None, Err(rejection), _) => Some(rejection.reason().advice()),
        (_, None, Ok(_), decision) => {
            let id = decision.as_ref().map(Decision::id);
            Decision::TABLE.iter().find(|row| Some(row.id) == id).map(|row| row.advice)
        }
    }
}

/// The cause of a verdict in words, without what was found in this case; `None` where it is good.
pub fn cause(judgement: &Judgement) -> Option<&'static str> {
    match (judgement.verdict, &judgement.other, &judgement.result, &judgement.decision) {
        (Verdict::Good, ..) => None,
        (_, Some(other), ..) => Some(other.finding.sentence()),
        (_, None, Err(rejection), _) => Some(rejection.reason().sentence()),
        (_, None, Ok(_), decision) => {
            let id = decision.as_ref().map(Decision::id);
            Decision::TABLE.iter().find(|row| Some(row.id) == id).map(|row| row.sentence)
        }
    }
}

impl Reason {
    /// What to do about it: a clause without a period.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoSignature => {
                "sign: the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`"
            }
            Self::NotAnnotated => "put a signed tag in its place (`git tag -s -f NAME`); where there was one, find out who replaced it",
            Self::OpenPgpSignature | Self::SshSignature => {
                "let git judge it with --other-signatures; for the merges of a forge name its key in paraph.forgeKey"
            }
            Self::UnknownSignatureKind | Self::ForeignCms | Self::ForeignCmsWithoutCertificate | Self::ForeignCmsInvalid => {
                "verify it with the program that made it, or sign anew with paraph"
            }
            Self::ObjectTooLarge | Self::ArmorTooLarge => "look at it by itself (`git cat-file -p ID`); no ordinary object is so large",
            Self::ObjectIdMismatch => "run `git fsck`, and fetch the object anew from where you trust it",
            Self::TagName => "do not use this ref: fetch the tags anew, and find out who moved the tag to another name",
            Self::UnknownAuthority | Self::SctUnknownLog | Self::LogUnknown | Self::TimestampUnknownAuthority => {
                "run `paraph trust update`; where it was signed with another instance, name it by --instance or --trusted-root"
            }
            _ if self.is_missing_entry() => "ask the log for its entry with --lookup, or have it signed anew",
            Self::LookupFailed => "try again when the log answers, and look at what its address is with `paraph trust status`",
            Self::TimeInFuture => "set this machine's clock, or give the time with --at",
            _ if self.standing() == Standing::Wrong => {
                "do not trust it: it was changed after it was signed, or its signature is damaged; ask its author"
            }
            _ => "it does not carry all that proves it: have it signed anew",
        }
    }
}

impl Finding {
    /// What to do about it: a clause without a period.
    pub fn advice(self) -> &'static str {
        match self {
            Self::KeyTrusted => "nothing",
            Self::KeyNotTrusted => {
                "where you know whose key it is, say so: `gpg --edit-key KEY trust`, or a line in the file of gpg.ssh.allowedSignersFile"
            }
            Self::SignatureExpired | Self::KeyExpired => "get the newest key of its owner, or have it signed anew",
            Self::KeyRevoked => "ask the key's owner why it was revoked, and have it signed anew",
            Self::ForgeNoMerge => {
                "have its author sign it, or merge it by a merge commit: squashed and edited commits are the forge's alone"
            }
            Self::ForgeCommitter => "look at who made it on the forge; paraph.forgeCommitter names the only committer that counts",
            Self::OtherInvalid => "do not trust it: it was changed after it was signed, or its signature is damaged; ask its author",
            Self::OtherUnchecked => {
                "import the key, or configure the program (gpg.program; gpg.ssh.program and gpg.ssh.allowedSignersFile); `git verify-commit` tells more"
            }
        }
    }
}
