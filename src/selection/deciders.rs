//! Who decides: the sources and the files that a verdict depends on.

use crate::{
    config::{Config, GitVerifier, Rank, Source},
    object::SignatureKind,
    policy::{JudgedBy, Judgement, Outcome, Verdict},
    trust_store::TrustStore,
};
use std::path::PathBuf;

/// The settings that decided what is trusted. Each is the weakest of its kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deciders {
    /// Of the trust root; `None` for one that came with the program or that the user imported.
    root: Option<Source>,
    /// Of the allowed identities.
    identities: Option<Source>,
    /// Of the root of the repository's policy, where it decides instead of the allowed identities.
    policy: Option<Source>,
    /// Of the forge's key.
    forge: Option<Source>,
    /// Of git's program for OpenPGP.
    openpgp: Option<Source>,
    /// Of git's program and keys for SSH.
    ssh: Option<Source>,
}

impl Deciders {
    /// Those of a configuration. `expected` is the option that names the expected identities, which replaces the allowed ones.
    pub(crate) fn of(config: &Config, expected: Option<&'static str>) -> Self {
        let allowed = config.allowed_identities.value.as_ref().map(|_| config.allowed_identities.source.clone());
        Self {
            root: root_source(config).cloned(),
            identities: expected.map(Source::Option).or(allowed),
            forge: config.forge_key.value.as_ref().map(|_| config.forge_key.source.clone()),
            ..Self::default()
        }
    }

    /// The same where git's own verifier judges too, with these settings.
    #[must_use]
    pub(crate) fn with_git(self, git: Option<&GitVerifier>) -> Self {
        let Some(git) = git else { return self };
        Self { openpgp: git.openpgp_source().cloned(), ssh: git.ssh_source().cloned(), ..self }
    }

    /// The same where the policy of the repository decides in place of the allowed identities, with a root from this source.
    #[must_use]
    pub(crate) fn with_policy(self, root: Option<Source>) -> Self {
        Self { policy: root, ..self }
    }

    /// The weakest source that made this verdict good; `None` if it is not good.
    fn weakest(&self, judgement: &Judgement) -> Option<&Source> {
        if judgement.verdict() != Verdict::Good {
            return None;
        }
        let by_policy = judgement.decided_by_policy().and(self.policy.as_ref());
        match judgement.outcome() {
            // the key is given on the command line; the trust root decides about the log and the times
            Outcome::ByKey(_) => self.root.as_ref(),
            Outcome::Verified { .. } => self.root.iter().chain(by_policy.or(self.identities.as_ref())).min_by_key(|source| source.rank()),
            Outcome::External(external) => {
                let key = match (external.by, external.kind) {
                    (JudgedBy::ForgeKey, _) => self.forge.as_ref(),
                    (JudgedBy::Git, SignatureKind::OpenPgp) => self.openpgp.as_ref(),
                    (JudgedBy::Git, SignatureKind::Ssh) => self.ssh.as_ref(),
                    (JudgedBy::Git, _) => None,
                };
                key.into_iter().chain(by_policy).min_by_key(|source| source.rank())
            }
            Outcome::Rejected(_) => None,
        }
    }

    /// The rank of the source that made this verdict good, as in JSON; `None` if it is not good.
    pub(crate) fn trusted_by(&self, judgement: &Judgement) -> Option<&'static str> {
        Some(self.weakest(judgement)?.rank()?.as_str())
    }

    /// Says that only the repository's own configuration made this verdict good, as a sentence.
    pub(crate) fn sentence(&self, judgement: &Judgement) -> Option<String> {
        self.weakest(judgement).and_then(by_repository)
    }

    /// The same about the trust root alone, as a sentence.
    pub(crate) fn root_sentence(&self) -> Option<String> {
        self.root.as_ref().and_then(by_repository)
    }

    /// The same about all verdicts.
    pub(crate) fn warning(&self) -> Option<String> {
        self.root.iter().chain(&self.identities).chain(&self.policy).chain(&self.forge).find_map(by_repository)
    }
}

fn by_repository(source: &Source) -> Option<String> {
    (source.rank() == Some(Rank::Repository)).then(|| format!("Trusted by the repository's own configuration: {source}."))
}

/// The weakest source of the trust root.
pub(super) fn root_source(config: &Config) -> Option<&Source> {
    let name = config.instance_name();
    if config.has_trust_files() {
        // the instance decides for which lines of allowed identities the root counts
        let label = (config.trusted_root.value.is_some() && !name.is_built_in()).then_some(&config.instance.source);
        let files = config.trust_files().into_iter().filter(|file| file.value.is_some()).map(|file| &file.source);
        return files.chain(label).min_by_key(|source| source.rank());
    }
    let settings = config.instance_settings(&name)?;
    let file = settings.trusted_root.value.as_ref().map(|_| &settings.trusted_root.source);
    file.or_else(|| settings.mirror.value.as_ref().map(|_| &settings.mirror.source))
}

/// Every file that the configuration names and that decides what is trusted, and the stored trust of the instance in use.
pub(crate) fn deciding_files(config: &Config, store: &TrustStore) -> Vec<PathBuf> {
    let of_instances = config.instances.iter().map(|instance| &instance.trusted_root);
    let named =
        config.trust_files().into_iter().chain([&config.allowed_identities, &config.policy_file, &config.forge_key]).chain(of_instances);
    let mut files: Vec<PathBuf> = named.filter_map(|file| file.value.clone()).collect();
    files.extend(store.files(&config.instance_name()));
    files
}
