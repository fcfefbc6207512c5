//! What a line of the table of settings says.

use super::{rank::Authority, used::Use};

/// One line of the table: what can be set, how, and what it does.
#[derive(Debug)]
pub(crate) struct SettingInfo {
    /// Its name, the same in errors, JSON and documentation.
    pub name: &'static str,
    /// Its keys in git's configuration, the one with the highest precedence first.
    pub keys: &'static [&'static str],
    /// Its environment variables, the one with the highest precedence first.
    pub variables: &'static [&'static str],
    /// What is allowed.
    pub allowed: &'static str,
    /// Its default, as it would be written; empty if there is none.
    pub default: &'static str,
    /// What happens if it is not set and has no default: a clause; may be empty.
    pub otherwise: &'static str,
    /// What it does, in sentences.
    pub help: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// What a repository's own configuration may do with it.
    pub authority: Authority,
    /// What it is used for.
    pub used: &'static [Use],
}

/// A setting of gitsign or another Sigstore program that paraph ignores.
#[derive(Debug)]
pub(crate) struct Ignored {
    /// Its keys in git's configuration.
    pub keys: &'static [&'static str],
    /// Its environment variables.
    pub variables: &'static [&'static str],
    /// Why: a clause without a period.
    pub reason: &'static str,
}
