//! The keyring as the command line sees it: which one the user chose, and what rests in it.

use super::super::{
    exit::{Exit, Failure},
    one_time_notice,
};
use crate::{
    agent::keyring::{Index, Kind, Record},
    config::{Config, KeyringUse},
};

/// The keyring that the user chose.
pub(in super::super) fn chosen(config: &Config) -> Option<Kind> {
    match config.keyring.value {
        KeyringUse::Never => None,
        KeyringUse::Os => Some(Kind::OF_SYSTEM),
        KeyringUse::SecretService => Some(Kind::SecretService),
        KeyringUse::Keyutils => Some(Kind::Keyutils),
    }
}

/// The file that says what rests where.
pub(super) fn index() -> Result<Index, Failure> {
    let folder = one_time_notice::state_folder().ok_or_else(|| Failure::new(Exit::Io, "there is no home folder").with_hint("set HOME"))?;
    Ok(Index::at(folder.join("keyring.json")))
}

/// What rests, of one identity or of all.
pub(super) fn records(identity: Option<&str>) -> Result<Vec<Record>, Failure> {
    let records = index()?.read().map_err(|error| Failure::new(Exit::Io, error.to_string()))?;
    Ok(records.into_iter().filter(|record| identity.is_none_or(|identity| identity == record.owner.identity)).collect())
}
