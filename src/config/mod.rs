//! The program's settings, typed: from the command line, environment variables and git's configuration, each value with its source.
//!
//! One table, [`SETTINGS`], defines them. The struct [`Config`], `paraph config`, its help, the documentation and the error messages are
//! derived from it. The first value found is used:
//!
//! 1. an option of the command line
//! 2. the variables `PARAPH_*`, `GITSIGN_*` and `SIGSTORE_*`, in this order
//! 3. `paraph.*` in git's configuration, in git's own order: `git -c` has the highest precedence
//! 4. the corresponding `gitsign.*` key
//! 5. the default
//!
//! An empty value means "not set" and ends the search; for a switch it means false, as in git.
//!
//! The module only reads values. It does not open the files that they name.

mod git_verifier;
mod inputs;
mod rank;
mod setting_info;
mod settings;
mod url_opener;
mod used;
mod value;

use crate::escape::Escaped;
use crate::repository::{self, Repository, Scope};
use crate::trust::Instance;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use git_verifier::GitVerifier;
pub(crate) use inputs::Inputs;
pub(crate) use rank::{Authority, Purpose, Rank, RepositoryWeight};
use rank::{Overruled, Why};
pub(crate) use setting_info::SettingInfo;
#[cfg(unix)]
pub(crate) use settings::Effective;
pub(crate) use settings::{Config, IGNORED, SETTINGS};
pub(crate) use url_opener::UrlOpener;
pub(crate) use used::{SIGNING, SIGNING_FILES, Use, VERIFYING, VERIFYING_FILES};
#[cfg(unix)]
pub(crate) use value::{AgentConfirm, AgentUse, KeyringUse};
pub(crate) use value::{PolicyRoot, RekorMode, RekorVersion, ServiceUrl, Shown, TokenProvider, boolean};

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    /// The effective value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// It is the default.
    Default,
    /// An option of paraph's command line.
    Option(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// git's configuration.
    Git {
        /// The key, as the documentation spells it.
        key: String,
        /// The part of git's configuration.
        scope: Scope,
        /// The file; `None` for `git -c` and git's variables.
        file: Option<PathBuf>,
        /// How strong the source is.
        rank: Rank,
    },
}

/// An option of paraph's command line that overrides a setting.
#[derive(Debug, Clone)]
pub(crate) struct OptionValue {
    /// The setting's name in [`SETTINGS`].
    pub setting: &'static str,
    /// The option as the user wrote it: `--instance`.
    pub flag: &'static str,
    /// Its value.
    pub value: OsString,
}

impl OptionValue {
    /// The option, if it was given.
    pub(crate) fn of(setting: &'static str, flag: &'static str, value: Option<impl Into<OsString>>) -> Option<Self> {
        value.map(|value| Self { setting, flag, value: value.into() })
    }

    /// The options of all commands that verify: the trusted root and the instance.
    pub(crate) fn of_trust(trusted_root: Option<&Path>, instance: Option<&str>) -> impl Iterator<Item = Self> {
        let root = Self::of("trustedRoot", "--trusted-root", trusted_root);
        root.into_iter().chain(Self::of("instance", "--instance", instance))
    }
}

/// The configuration of an instance of the user's own: `[paraph "NAME"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstanceSettings {
    /// NAME, which lines of allowed identities use as well.
    pub name: Instance,
    /// `trustedRoot`: its trusted_root.json.
    pub trusted_root: Setting<Option<PathBuf>>,
    /// `signingConfig`: its signing_config.json.
    pub signing_config: Setting<Option<PathBuf>>,
    /// `mirror`: the address of its TUF repository.
    pub mirror: Setting<Option<ServiceUrl>>,
    /// `accessCodeFile`: the file with the access code of a local instance, whose own user logs in without a browser.
    pub access_code_file: Setting<Option<PathBuf>>,
}

/// A setting that has no effect, or not the expected one. It is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Where it was set.
    pub source: Source,
    /// Further keys of the same place that it is about.
    pub others: Vec<String>,
    /// What happens instead: a clause that follows the source.
    pub text: String,
}

/// Why the configuration cannot be used. The messages are safe to print and hold no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// git's files could not be read.
    #[error(transparent)]
    Repository(#[from] repository::Error),
    /// The current folder, to which paths are relative, cannot be read.
    #[error("the current folder cannot be read: {0}")]
    CurrentDirectory(std::io::Error),
    /// A setting that is used has a value that is not allowed.
    #[error("{message}")]
    Wrong {
        /// What is wrong, with its place.
        message: String,
        /// How many others are wrong, used or not.
        others: usize,
    },
    /// A value that is not allowed.
    #[error("{origin} is {value}{reason}; allowed: {allowed}")]
    BadValue {
        /// The key or variable and its place.
        origin: Source,
        /// Escaped and quoted, or why it is not shown.
        value: String,
        /// What is wrong, if there is more to say; begins with a colon.
        reason: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A subsection that is not the name of an instance.
    #[error("[paraph \"{name}\"] {place} is not a name for an instance{reason}; allowed: {allowed}")]
    BadInstance {
        /// Escaped.
        name: String,
        /// The file or the command line, with the preposition.
        place: String,
        /// What is wrong, if there is more to say; begins with a colon.
        reason: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl Error {
    /// What to do about it, if there is something.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong { others: 1.., .. } => Some("see `paraph config`: it lists all settings that are wrong".to_owned()),
            Self::Wrong { .. } | Self::BadValue { .. } | Self::BadInstance { .. } => {
                Some("correct or unset it; `paraph config` shows where each value comes from".to_owned())
            }
            Self::CurrentDirectory(_) => Some("change to a folder that exists".to_owned()),
            Self::Repository(error) => error.hint(),
        }
    }
}

impl Config {
    /// The configuration of this process to verify with, in a repository or outside one.
    ///
    /// # Errors
    /// If a file cannot be read. Wrong values are an error of [`Config::require`].
    pub(crate) fn load(repository: Option<&Repository>, options: &[OptionValue]) -> Result<Self, Error> {
        of_process(repository, options, Self::from_inputs)
    }

    /// The same to sign with: see [`Purpose::Signing`].
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn load_to_sign(repository: Option<&Repository>, options: &[OptionValue]) -> Result<Self, Error> {
        of_process(repository, options, |inputs| Self::from_inputs(&Inputs { purpose: Purpose::Signing, ..*inputs }))
    }

    /// The configuration of a server: the system's, the user's and the repository's files, which all are the server's own. The environment and
    /// git's command line are ignored.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn of_server(repository: Option<&Repository>) -> Result<Self, Error> {
        let mut entries = match repository {
            Some(repository) => repository.configuration(SECTIONS)?,
            None => repository::global_configuration(SECTIONS)?,
        };
        entries.retain(|entry| !matches!(entry.scope, Scope::Environment | Scope::CommandLine));
        let directory = std::env::current_dir().map_err(Error::CurrentDirectory)?;
        let home = home();
        Self::from_inputs(&Inputs { weight: RepositoryWeight::AsUser, ..Inputs::of_entries(&entries, &directory, home.as_deref()) })
    }

    /// The configuration of the user and the system. Repositories and the environment are ignored.
    ///
    /// # Errors
    /// As [`Config::load`].
    #[cfg(unix)]
    pub(crate) fn of_user(options: &[OptionValue]) -> Result<Self, Error> {
        let mut entries = repository::global_configuration(SECTIONS)?;
        entries.retain(|entry| matches!(entry.scope, Scope::System | Scope::Global));
        let home = home();
        Self::from_inputs(&Inputs { options, ..Inputs::of_entries(&entries, Path::new("/"), home.as_deref()) })
    }

    /// Fails if a setting that is used has a value that is not allowed.
    ///
    /// # Errors
    /// [`Error::Wrong`].
    pub(crate) fn require(&self, uses: &[Use]) -> Result<(), Error> {
        let selected = self.instance_name();
        let is_used = |wrong: &&used::WrongSetting| {
            let is_of_selected = wrong.instance.as_ref().is_none_or(|name| name == selected.as_str());
            is_of_selected && wrong.used.iter().any(|used| uses.contains(used))
        };
        match self.wrong.iter().find(is_used) {
            Some(first) => Err(Error::Wrong { message: first.message.clone(), others: self.wrong.len() - 1 }),
            None => Ok(()),
        }
    }

    /// The instance to sign with and to verify against: the one that is set, otherwise `custom` if files of trust are set, otherwise
    /// `public`.
    pub(crate) fn instance_name(&self) -> Instance {
        match &self.instance.value {
            Some(name) => name.clone(),
            None if self.has_trust_files() => Instance::Custom,
            None => Instance::Public,
        }
    }

    /// Whether a trusted root or a part of one is set by its file.
    pub(crate) fn has_trust_files(&self) -> bool {
        self.trust_files().iter().any(|file| file.value.is_some())
    }

    /// The settings that name a trusted root or a part of one.
    pub(crate) fn trust_files(&self) -> [&Setting<Option<PathBuf>>; 5] {
        [&self.trusted_root, &self.fulcio_root, &self.rekor_public_key, &self.ct_log_public_key, &self.timestamp_cert_chain]
    }

    fn trust_files_mut(&mut self) -> [&mut Setting<Option<PathBuf>>; 5] {
        [
            &mut self.trusted_root,
            &mut self.fulcio_root,
            &mut self.rekor_public_key,
            &mut self.ct_log_public_key,
            &mut self.timestamp_cert_chain,
        ]
    }

    /// Whether the files make up a root that needs no part of another.
    pub(crate) fn is_whole_root(&self) -> bool {
        let parts = [&self.fulcio_root, &self.rekor_public_key, &self.ct_log_public_key];
        self.trusted_root.value.is_some() || parts.iter().all(|part| part.value.is_some())
    }

    /// Leaves only those files of the trust root, and only that choice of an instance, that no stronger source contradicts.
    fn rank_trust_root(&mut self, inputs: &Inputs<'_>, overruled: &mut Overruled) {
        let ranks = self.trust_files().map(|file| file.source.rank().filter(|_| file.value.is_some()));
        let Some(strongest) = ranks.into_iter().flatten().max().filter(|_| inputs.purpose == Purpose::Verifying) else { return };
        let chosen = self.instance.value.clone().map(|name| (name, self.instance.source.clone()));
        // the choice of the instance, where it is fixed more strongly than by the repository
        let by_choice = chosen.as_ref().filter(|(_, source)| source.rank() > Some(Rank::Repository)).map(|(_, source)| source.clone());
        let described = chosen.as_ref().and_then(|(name, _)| inputs.described_by_user(name));
        if strongest == Rank::Repository {
            // a repository may choose an instance by name, but gives no root to those whose own files name one
            let why = inputs.strong_source::<Option<Instance>>(settings::info::instance).map(Why::Stronger).or(described);
            let incomplete = (!self.is_whole_root()).then_some(Why::Incomplete);
            if let Some(why) = why.or(incomplete) {
                self.drop_trust_files(|_| Some(why.clone()), overruled);
            }
            return;
        }
        let is_strong = |setting: &Setting<Option<PathBuf>>| setting.value.is_some() && setting.source.rank() > Some(Rank::Repository);
        let whole = is_strong(&self.trusted_root).then(|| self.trusted_root.source.clone());
        let Some(first) = self.trust_files().into_iter().find(|file| is_strong(file)).map(|file| file.source.clone()) else { return };
        // the name decides which lines of allowed identities count, so the one who fixes the root gives it
        if let Some((_, source)) = chosen.filter(|_| by_choice.is_none()) {
            overruled.add(source, Why::Stronger(first.clone()));
            self.instance = Setting { value: None, source: Source::Default };
        }
        // without one of these, all parts that are not the repository's belong together
        let fixed = by_choice.into_iter().chain(whole).max_by_key(Source::rank);
        let least = fixed.as_ref().and_then(Source::rank).unwrap_or(Rank::User);
        let stronger = fixed.unwrap_or(first);
        let is_weaker = |source: &Source| source.rank() < Some(least);
        self.drop_trust_files(|source| is_weaker(source).then(|| Why::Stronger(stronger.clone())), overruled);
    }

    fn drop_trust_files(&mut self, why: impl Fn(&Source) -> Option<Why>, overruled: &mut Overruled) {
        for file in self.trust_files_mut().into_iter().filter(|file| file.value.is_some()) {
            if let Some(why) = why(&file.source) {
                let weak = std::mem::replace(file, Setting { value: None, source: Source::Default });
                overruled.add(weak.source, why);
            }
        }
    }

    /// The settings of a named instance.
    pub(crate) fn instance_settings(&self, name: &Instance) -> Option<&InstanceSettings> {
        self.instances.iter().find(|instance| instance.name == *name)
    }

    /// The configured version of the log's API; `None` leaves it to the signing config. A log that is set by its URL without a version has
    /// version 1, as in gitsign.
    pub(crate) fn rekor_protocol(&self) -> Option<RekorVersion> {
        self.rekor_version.value.or_else(|| self.rekor.value.as_ref().map(|_| RekorVersion::V1))
    }
}

/// Calls `read` with the inputs of this process.
fn of_process<T>(
    repository: Option<&Repository>,
    options: &[OptionValue],
    read: impl FnOnce(&Inputs<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let entries = match repository {
        Some(repository) => repository.configuration(SECTIONS)?,
        None => repository::global_configuration(SECTIONS)?,
    };
    let directory = std::env::current_dir().map_err(Error::CurrentDirectory)?;
    let home = home();
    let variable = |name: &str| std::env::var_os(name);
    let inputs = Inputs { options, variable: &variable, ..Inputs::of_entries(&entries, &directory, home.as_deref()) };
    let weight = repository.map_or(Ok(RepositoryWeight::Weak), |repository| inputs.weight_of(repository))?;
    read(&Inputs { weight, ..inputs })
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

impl Notice {
    /// Whether it is about a setting that a repository cannot set.
    pub(crate) fn is_refused_to_repository(&self) -> bool {
        self.text == inputs::NOT_OF_REPOSITORY
    }
}

impl<T> Setting<T> {
    /// Whether it has its default value.
    pub(crate) fn is_default(&self) -> bool {
        self.source == Source::Default
    }
}

impl Source {
    /// How strong it is; `None` for a default, which nobody set.
    pub(crate) fn rank(&self) -> Option<Rank> {
        match self {
            Self::Default => None,
            Self::Option(_) => Some(Rank::CommandLine),
            Self::Variable(_) => Some(Rank::Environment),
            Self::Git { rank, .. } => Some(*rank),
        }
    }

    /// The option, variable or key.
    fn name(&self) -> String {
        match self {
            Self::Default => String::new(),
            Self::Option(name) | Self::Variable(name) => (*name).to_owned(),
            Self::Git { key, .. } => key.clone(),
        }
    }

    /// Whether both are keys in the same file, or both on git's command line.
    fn is_beside(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Git { scope, file, .. }, Self::Git { scope: second, file: other, .. }) if (scope, file) == (second, other))
    }

    /// The place in git's configuration, with its preposition.
    fn place(scope: Scope, file: Option<&Path>) -> String {
        match (file, scope) {
            (Some(file), _) => format!("in {} ({})", Escaped(&file.to_string_lossy()), scope.name()),
            (None, Scope::CommandLine) => "on git's command line".to_owned(),
            (None, _) => "in git's environment (GIT_CONFIG_COUNT)".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Option(flag) => write!(f, "the option {flag}"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Git { key, scope, file, .. } => write!(f, "{} {}", Escaped(key), Self::place(*scope, file.as_deref())),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.others {
            write!(f, "{}, ", Escaped(name))?;
        }
        write!(f, "{} {}", self.source, self.text)
    }
}

/// The sections of git's configuration that are read.
const SECTIONS: &[&str] = &["paraph", "gitsign"];

#[cfg(test)]
mod tests;
