//! External verifiers for OpenPGP and SSH signatures, which the pipeline names but does not judge.
//!
//! git's own verifier judges them where the caller asks for it. The forge's key judges the merge commits of a forge where the user configured
//! one. Both run programs (git, gpg, ssh-keygen), so this module is not part of the verifier. The CMS signature of another program is never
//! handed on: git would call the program of `gpg.x509.program`, which is this one.

mod conversion;
mod forge;
mod git;
mod ssh;
mod status;

pub(crate) use conversion::Conversion;
pub(crate) use forge::{Forge, KeyFileError};

use crate::{
    Reason,
    object::SignatureKind,
    policy::Judgement,
    repository::{RawObject, Repository},
};
use git::Git;
use std::time::Duration;

/// The time limit of another program.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest file of a forge's keys that is read, in bytes.
pub(crate) const MAX_KEY_FILE: usize = 1 << 20;

/// The verifiers of OpenPGP and SSH signatures; by default none.
#[derive(Debug, Default)]
pub(crate) struct ExternalVerifiers {
    forge: Option<Forge>,
    git: Option<Git>,
}

impl ExternalVerifiers {
    /// The verifier that the forge's key decides with, if one is configured.
    pub(crate) fn new(forge: Option<Forge>) -> Self {
        Self { forge, git: None }
    }

    /// Adds git's own verifier in this repository, with these settings for `git -c`. The forge's key decides first.
    #[must_use]
    pub(crate) fn with_git(self, repository: &Repository, parameters: Vec<String>) -> Self {
        Self { git: Some(Git::new(repository, parameters)), ..self }
    }

    /// Adds the judgement of an external verifier, where the signature is of a kind that one judges.
    pub(crate) fn judge(&self, object: &RawObject, judgement: Judgement) -> Judgement {
        let kind = match judgement.rejection().map(crate::Rejection::reason) {
            Some(Reason::OpenPgpSignature) => SignatureKind::OpenPgp,
            Some(Reason::SshSignature) => SignatureKind::Ssh,
            _ => return judgement,
        };
        let of_forge = self.forge.as_ref().and_then(|forge| forge.judge(object, kind));
        match of_forge.or_else(|| self.git.as_ref().map(|git| git.judge(object, kind))) {
            Some(other) => judgement.with_external(other),
            None => judgement,
        }
    }
}
