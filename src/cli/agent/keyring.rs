//! The keyring that the user chose, and the logins that are stored in keyrings.

use super::super::{exit::Failure, one_time_notice};
use crate::{
    agent::keyring::{Index, KeyringKind, StoredLogin},
    certificate::names::same_address,
    config::{Config, KeyringUse},
};

/// The keyring that the user chose.
pub(in super::super) fn chosen(config: &Config) -> Option<KeyringKind> {
    match config.keyring.value {
        KeyringUse::Never => None,
        KeyringUse::Os => Some(KeyringKind::OF_SYSTEM),
        KeyringUse::SecretService => Some(KeyringKind::SecretService),
        KeyringUse::Keyutils => Some(KeyringKind::Keyutils),
    }
}

/// The file that lists the stored logins.
pub(super) fn index() -> Result<Index, Failure> {
    let folder = one_time_notice::state_folder().ok_or_else(|| Failure::system("there is no home folder").with_hint("set HOME"))?;
    Ok(Index::at(folder.join("keyring.json")))
}

/// The stored logins of one identity, or all.
pub(super) fn stored_logins(identity: Option<&str>) -> Result<Vec<StoredLogin>, Failure> {
    let stored = index()?.read()?;
    Ok(stored.into_iter().filter(|login| identity.is_none_or(|identity| same_address(identity, &login.owner.identity))).collect())
}
