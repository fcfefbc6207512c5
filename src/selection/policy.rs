//! Which policy of a repository decides, and beside what. See `man/policy.md`, "Which source decides".

use super::{SelectionError, deciders::root_source, read};
use crate::{
    config::{Config, PolicyRoot, Rank, Source},
    policy::PolicyWeight,
    repository_policy::{MAX_FILE, PolicyFile},
};
use std::sync::Arc;

/// The policy that the configuration pins.
#[derive(Debug, Clone)]
pub(crate) struct PinnedPolicy {
    /// What it pins.
    pub pin: Pin,
    /// The setting.
    pub source: Source,
    /// Whether the allowed identities decide too.
    pub weight: PolicyWeight,
    /// Whether the trust root is described by the repository alone, and the policy is not: no certificate then fits an identity.
    pub distrusts_root: bool,
}

/// What a setting pins.
#[derive(Debug, Clone)]
pub(crate) enum Pin {
    /// The root of the policy in the repository.
    Root(PolicyRoot),
    /// A policy outside the repository.
    File(Arc<PolicyFile>),
}

/// The policy that judges: that of the strongest source. The repository's own configuration pins one only if the call asks for it.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn pinned_policy(config: &Config, is_asked_for: bool) -> Result<Option<PinnedPolicy>, SelectionError> {
    let root = config.policy_root.value.as_ref().map(|root| (Pinned::Root(root), &config.policy_root.source));
    let file = config.policy_file.value.as_ref().map(|path| (Pinned::File(path), &config.policy_file.source));
    let strongest = match (root, file) {
        (Some((_, root)), Some((_, file))) if root.rank() == file.rank() => {
            return Err(SelectionError::TwoPolicies { root: root.clone(), file: file.clone() });
        }
        (root, file) => root.into_iter().chain(file).max_by_key(|(_, source)| source.rank()),
    };
    let is_of_repository = |source: &Source| source.rank() == Some(Rank::Repository);
    let Some((pinned, source)) = strongest.filter(|(_, source)| is_asked_for || !is_of_repository(source)) else { return Ok(None) };
    let allowed = &config.allowed_identities;
    let only_restricts = is_of_repository(source) && allowed.value.is_some() && !is_of_repository(&allowed.source);
    let pin = match pinned {
        Pinned::Root(root) => Pin::Root(root.clone()),
        Pinned::File(path) => {
            let policy = PolicyFile::parse(&read(path, source, MAX_FILE)?);
            Pin::File(Arc::new(policy.map_err(|cause| SelectionError::PolicyFile { path: path.clone(), cause })?))
        }
    };
    Ok(Some(PinnedPolicy {
        pin,
        source: source.clone(),
        weight: if only_restricts { PolicyWeight::Restricts } else { PolicyWeight::Replaces },
        distrusts_root: !is_of_repository(source) && root_source(config).is_some_and(is_of_repository),
    }))
}

/// What a setting says.
enum Pinned<'a> {
    Root(&'a PolicyRoot),
    File(&'a std::path::PathBuf),
}

#[cfg(test)]
mod tests;
