//! Signatures that the pipeline names and does not judge, judged by others: OpenPGP and SSH signatures, by git's own verifier where the caller
//! asks for it, and the merge commits of a forge by the forge's key where the user configured one.
//!
//! Both ask programs (git, gpg, ssh-keygen), so this is no part of the verifier. A CMS of another program stays as it is: git would hand it
//! to the program of `gpg.x509.program`, which is this one.

mod forge;
mod git;
mod process;
mod ssh;
mod status;

pub use forge::Forge;

use crate::{
    Reason,
    object::SignatureKind,
    policy::Judgement,
    repository::{RawObject, Repository},
};
use git::Git;

/// A file of a forge's keys larger than this is not read, in bytes.
pub const MAX_KEY_FILE: usize = 1 << 20;

/// Who judges signatures of other kinds; by default nobody.
#[derive(Debug, Default)]
pub struct ExternalVerifiers {
    forge: Option<Forge>,
    git: Option<Git>,
}

impl ExternalVerifiers {
    /// The forge's key, which comes first, and git's own verifier.
    pub fn new(forge: Option<Forge>, git: Option<&Repository>) -> Self {
        Self { forge, git: git.map(Git::of) }
    }

    /// The judgement with another verifier's word, where the signature is of a kind that it judges.
    pub fn judge(&self, object: &RawObject, judgement: Judgement) -> Judgement {
        let kind = match judgement.result.as_ref().err().map(crate::Rejection::reason) {
            Some(Reason::OpenPgpSignature) => SignatureKind::OpenPgp,
            Some(Reason::SshSignature) => SignatureKind::Ssh,
            _ => return judgement,
        };
        let of_forge = self.forge.as_ref().and_then(|forge| forge.judge(object, kind));
        match of_forge.or_else(|| self.git.as_ref().map(|git| git.judge(object, kind))) {
            Some(other) => judgement.with_other(other),
            None => judgement,
        }
    }
}
