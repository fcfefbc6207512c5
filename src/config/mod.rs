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

mod settings;
mod url_opener;
mod value;

use crate::escape::Escaped;
use crate::repository::{self, ConfigEntry, Repository, Scope};
use crate::trust::Instance;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use settings::{Config, IGNORED, SETTINGS, SettingInfo};
pub(crate) use url_opener::UrlOpener;
pub(crate) use value::{AgentConfirm, AgentUse, KeyringUse, RekorMode, RekorVersion, ServiceUrl, Shown, TokenProvider};

use value::{Raw, Refusal, Value};

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

/// Everything that the configuration is read from, so that tests need no process environment.
pub(crate) struct Inputs<'a> {
    /// Options of paraph's command line.
    pub options: &'a [OptionValue],
    /// Environment variables by name.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// git's configuration in git's order.
    pub entries: &'a [ConfigEntry],
    /// The current folder.
    pub directory: &'a Path,
    /// What `~` stands for.
    pub home: Option<&'a Path>,
}

impl Config {
    /// The configuration of this process, in a repository or outside one.
    ///
    /// # Errors
    /// If a file cannot be read or a value is not allowed.
    pub(crate) fn load(repository: Option<&Repository>, options: &[OptionValue]) -> Result<Self, Error> {
        of_process(repository, options, Self::from_inputs)
    }

    /// The path of the log alone, for a message about a configuration that cannot be used as a whole.
    pub(crate) fn log_path_alone(repository: Option<&Repository>) -> Option<PathBuf> {
        let info = SETTINGS.iter().find(|info| info.name == "logPath")?;
        of_process(repository, &[], |inputs| inputs.setting::<Option<PathBuf>>(info)).ok()?.value
    }

    /// The configuration of the system's, the user's and the repository's files. The environment and git's command line are ignored.
    ///
    /// # Errors
    /// If a file cannot be read or a value is not allowed.
    pub(crate) fn of_files(repository: Option<&Repository>) -> Result<Self, Error> {
        let mut entries = match repository {
            Some(repository) => repository.configuration(SECTIONS)?,
            None => repository::global_configuration(SECTIONS)?,
        };
        entries.retain(|entry| !matches!(entry.scope, Scope::Environment | Scope::CommandLine));
        let directory = std::env::current_dir().map_err(Error::CurrentDirectory)?;
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        Self::from_inputs(&Inputs { options: &[], variable: &|_| None, entries: &entries, directory: &directory, home: home.as_deref() })
    }

    /// The configuration of the user and the system. Repositories and the environment are ignored.
    ///
    /// # Errors
    /// If a file cannot be read or a value is not allowed.
    pub(crate) fn of_user(options: &[OptionValue]) -> Result<Self, Error> {
        let mut entries = repository::global_configuration(SECTIONS)?;
        entries.retain(|entry| matches!(entry.scope, Scope::System | Scope::Global));
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        Self::from_inputs(&Inputs { options, variable: &|_| None, entries: &entries, directory: Path::new("/"), home: home.as_deref() })
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
        let files = [&self.trusted_root, &self.fulcio_root, &self.rekor_public_key, &self.ct_log_public_key, &self.timestamp_cert_chain];
        files.iter().any(|file| file.value.is_some())
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
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let variable = |name: &str| std::env::var_os(name);
    read(&Inputs { options, variable: &variable, entries: &entries, directory: &directory, home: home.as_deref() })
}

impl<T> Setting<T> {
    /// Whether it has its default value.
    pub(crate) fn is_default(&self) -> bool {
        self.source == Source::Default
    }
}

impl Source {
    /// Whether it was set in the repository's own configuration.
    pub(crate) fn is_repository(&self) -> bool {
        matches!(self, Self::Git { scope, .. } if scope.is_repository())
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
            Self::Git { key, scope, file } => write!(f, "{} {}", Escaped(key), Self::place(*scope, file.as_deref())),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source, self.text)
    }
}

/// The sections of git's configuration that are read.
const SECTIONS: &[&str] = &["paraph", "gitsign"];

/// The number of characters of a value that an error repeats, at most.
const SHOWN_LENGTH: usize = 120;

impl Inputs<'_> {
    /// The effective value of one setting.
    fn setting<T: Value>(&self, info: &'static SettingInfo) -> Result<Setting<T>, Error> {
        if let Some(option) = self.options.iter().find(|option| option.setting == info.name) {
            return self.text(&option.value, Source::Option(option.flag), info.secret);
        }
        for name in info.variables {
            if let Some(value) = (self.variable)(name) {
                return self.text(&value, Source::Variable(name), info.secret);
            }
        }
        for key in info.keys {
            if let Some((section, name)) = key.split_once('.')
                && let Some(entry) = self.entries.iter().rfind(|entry| is_key(entry, section, None, name))
            {
                return self.entry(entry, key, info.secret);
            }
        }
        let raw = Raw { text: Some(info.default), base: self.directory, home: self.home };
        let value = T::parse(&raw).map_err(|refusal| bad_value::<T>(Source::Default, Some(info.default), refusal, info.secret))?;
        Ok(Setting { value, source: Source::Default })
    }

    fn text<T: Value>(&self, value: &OsString, source: Source, secret: bool) -> Result<Setting<T>, Error> {
        let Some(text) = value.to_str() else {
            let refusal = Refusal::Because("it is not valid UTF-8".to_owned());
            return Err(bad_value::<T>(source, Some(&value.to_string_lossy()), refusal, secret));
        };
        let raw = Raw { text: Some(text), base: self.directory, home: self.home };
        T::parse(&raw).map_err(|refusal| bad_value::<T>(source.clone(), raw.text, refusal, secret)).map(|value| Setting { value, source })
    }

    fn entry<T: Value>(&self, entry: &ConfigEntry, key: &str, secret: bool) -> Result<Setting<T>, Error> {
        let source = Source::Git { key: key.to_owned(), scope: entry.scope, file: entry.file.clone() };
        let text = match entry.value.as_deref().map(std::str::from_utf8) {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => {
                let value = entry.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let refusal = Refusal::Because("it is not valid UTF-8".to_owned());
                return Err(bad_value::<T>(source, Some(&value), refusal, secret));
            }
        };
        // gitsign's paths are relative to the current folder; ours to the file that sets them, so that both can be moved together
        let folder = entry.file.as_deref().and_then(Path::parent).filter(|_| entry.section == "paraph");
        let raw = Raw { text, base: folder.unwrap_or(self.directory), home: self.home };
        T::parse(&raw).map_err(|refusal| bad_value::<T>(source.clone(), raw.text, refusal, secret)).map(|value| Setting { value, source })
    }

    /// The subsections `[paraph "NAME"]`.
    fn instances(&self) -> Result<Vec<InstanceSettings>, Error> {
        let mut instances: Vec<InstanceSettings> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.section == "paraph") {
            let Some(name) = entry.subsection.as_deref() else { continue };
            if instances.iter().any(|instance| instance.name.as_str() == name) {
                continue;
            }
            let refuse = |reason: String| Error::BadInstance {
                name: shortened(name),
                place: Source::place(entry.scope, entry.file.as_deref()),
                reason,
                allowed: Instance::ALLOWED,
            };
            let raw = Raw { text: Some(name), base: self.directory, home: self.home };
            let instance = Instance::parse(&raw).map_err(|refusal| refuse(refusal.clause()))?;
            if instance.is_built_in() {
                return Err(refuse(": it is the name of a built-in instance".to_owned()));
            }
            instances.push(InstanceSettings {
                name: instance,
                trusted_root: self.of_instance(name, "trustedRoot")?,
                signing_config: self.of_instance(name, "signingConfig")?,
                mirror: self.of_instance(name, "mirror")?,
                access_code_file: self.of_instance(name, "accessCodeFile")?,
            });
        }
        Ok(instances)
    }

    fn of_instance<T: Value>(&self, instance: &str, name: &str) -> Result<Setting<Option<T>>, Error> {
        match self.entries.iter().rfind(|entry| is_key(entry, "paraph", Some(instance), name)) {
            Some(entry) => self.entry(entry, &format!("paraph.{instance}.{name}"), false),
            None => Ok(Setting { value: None, source: Source::Default }),
        }
    }

    /// Settings without effect.
    fn notices(&self) -> Vec<Notice> {
        let mut notices: Vec<Notice> = Vec::new();
        for entry in self.entries {
            let key = match &entry.subsection {
                Some(subsection) => format!("{}.{subsection}.{}", entry.section, entry.name),
                None => format!("{}.{}", entry.section, entry.name),
            };
            let ignored = IGNORED.iter().find(|ignored| ignored.keys.iter().any(|known| known.eq_ignore_ascii_case(&key)));
            let text = if let Some(ignored) = ignored {
                format!("is ignored: {}", ignored.reason)
            } else if is_known(entry, &key) {
                continue;
            } else {
                "is not a known setting and is ignored".to_owned()
            };
            let source = Source::Git { key, scope: entry.scope, file: entry.file.clone() };
            notices.push(Notice { source, text });
        }
        for ignored in IGNORED {
            for name in ignored.variables.iter().filter(|name| (self.variable)(name).is_some()) {
                notices.push(Notice { source: Source::Variable(name), text: format!("is ignored: {}", ignored.reason) });
            }
        }
        notices
    }
}

fn is_key(entry: &ConfigEntry, section: &str, subsection: Option<&str>, name: &str) -> bool {
    entry.section == section && entry.subsection.as_deref() == subsection && entry.name.eq_ignore_ascii_case(name)
}

fn is_known(entry: &ConfigEntry, key: &str) -> bool {
    match entry.subsection {
        None => SETTINGS.iter().any(|info| info.keys.iter().any(|known| known.eq_ignore_ascii_case(key))),
        Some(_) => {
            entry.section == "paraph"
                && ["trustedRoot", "signingConfig", "mirror", "accessCodeFile"].iter().any(|known| known.eq_ignore_ascii_case(&entry.name))
        }
    }
}

fn bad_value<T: Value>(source: Source, text: Option<&str>, refusal: Refusal, secret: bool) -> Error {
    let value = match (text, &refusal) {
        (None, _) => "set without a value".to_owned(),
        (Some(_), Refusal::Hidden(_)) => "not valid (not shown, because it may hold a secret)".to_owned(),
        (Some(_), _) if secret => "not valid (not shown, because it is a secret)".to_owned(),
        (Some(text), _) => format!("\"{}\"", shortened(text)),
    };
    Error::BadValue { origin: source, value, reason: refusal.clause(), allowed: T::ALLOWED }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LENGTH).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Escaped(&shown).to_string()
}

#[cfg(test)]
mod tests;
