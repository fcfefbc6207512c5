//! What settings are used for. A value that is not allowed fails the calls that use it, and no others: see [`Config::require`](super::Config::require).

/// A part of the program's work that reads settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Selecting the trust roots.
    Trust,
    /// Judging identities.
    Policy,
    /// Judging by the policy of a repository.
    RepositoryPolicy,
    /// Comparing an identity with the committer of a git object.
    Committer,
    /// Judging a forge's signatures.
    Forge,
    /// The cache of verdicts.
    Cache,
    /// Signing: who signs, and with which services.
    Signer,
    /// Logging in, and asking the agent.
    Login,
    /// Running the agent.
    Agent,
    /// Calling a service.
    Network,
}

/// What verifying uses.
pub(crate) const VERIFYING: &[Use] = &[Use::Trust, Use::Policy, Use::RepositoryPolicy, Use::Committer];
/// What verifying files uses.
pub(crate) const VERIFYING_FILES: &[Use] = &[Use::Trust, Use::Policy];
/// What every signature of a git object uses.
pub(crate) const SIGNING: &[Use] = &[Use::Trust, Use::Signer, Use::Committer];
/// What every signature of a file uses.
pub(crate) const SIGNING_FILES: &[Use] = &[Use::Trust, Use::Signer];

pub(super) const TRUST: &[Use] = &[Use::Trust];
pub(super) const POLICY: &[Use] = &[Use::Policy];
pub(super) const REPOSITORY_POLICY: &[Use] = &[Use::RepositoryPolicy];
pub(super) const COMMITTER: &[Use] = &[Use::Committer];
pub(super) const FORGE: &[Use] = &[Use::Forge];
pub(super) const CACHE: &[Use] = &[Use::Cache];
pub(super) const SIGNER: &[Use] = &[Use::Signer];
pub(super) const LOGIN: &[Use] = &[Use::Login];
pub(super) const AGENT: &[Use] = &[Use::Agent];
pub(super) const NETWORK: &[Use] = &[Use::Network];
/// Read elsewhere, from git's files alone, or without effect on what is signed.
pub(super) const NOTHING: &[Use] = &[];

/// A setting whose value is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongSetting {
    /// Its name; for a value of an instance `[paraph "NAME"]`.
    pub(crate) name: String,
    /// What is wrong, with its place. It is safe to print and holds no secret.
    pub(crate) message: String,
    /// What it would be used for.
    pub(super) used: &'static [Use],
    /// The only instance that uses it.
    pub(super) instance: Option<String>,
}
