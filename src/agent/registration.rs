//! The services that the agent may sign with: those that its user configured for all repositories, and those that `paraph login --instance`
//! registered. Settings of a repository or of a call's environment are not the user's choice. The agent gets only a name from them.
//!
//! A registration is the file `instances/NAME.json` in the user's data folder: the settings as keys of git's configuration with their values.
//! Anyone who can change it decides where the agent logs in and what it trusts.

use crate::{
    config::{self, Config, Effective, Inputs, InstanceSettings, OptionValue, Setting, Shown, Source, Use},
    escape::Escaped,
    private_folder,
    repository::{ConfigEntry, Scope},
    selection::{self, SelectionError},
    trust::Instance,
    trust_store::TrustStore,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
};

/// A larger registration is not read, in bytes.
const MAX_REGISTRATION: u64 = 64 << 10;
/// Registrations that are searched, at most.
const MAX_REGISTRATIONS: usize = 256;
/// The settings that decide where to log in, what to sign with and what to trust.
const SETTINGS: &[&str] = &[
    "instance",
    "trustedRoot",
    "signingConfig",
    "issuer",
    "clientID",
    "clientSecretFile",
    "redirectURL",
    "connectorID",
    "fulcio",
    "fulcioRoot",
    "ctLogPublicKey",
    "rekor",
    "rekorVersion",
    "rekorPublicKey",
    "timestampServerURL",
    "timestampCertChain",
];

/// Those of them that name a service or describe an instance. The others only change how it is used.
const SERVICES: &[&str] = &["trustedRoot", "signingConfig", "mirror", "issuer", "fulcio", "rekor", "timestampServerURL"];

/// Why services cannot be registered, or a registration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistrationError {
    /// The name is not that of an instance, or of a built-in one.
    #[error(
        "{0:?} cannot be the name of approved services; expected letters, digits, hyphens, underscores and dots, and not a built-in name"
    )]
    Name(String),
    /// The user's own configuration describes an instance of this name.
    #[error("your own configuration already has an instance {0}, which these services would replace")]
    OfUser(String),
    /// The settings name no service and describe no instance.
    #[error("there are no services to approve as {0}: neither the repository nor the environment names any")]
    NoServices(String),
    /// There is no folder for registrations.
    #[error("there is no home folder")]
    NoHome,
    /// The file cannot be written.
    #[error("{} cannot be written: {cause}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
    /// The file cannot be read, or others may control it.
    #[error("{} cannot be used: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
    /// The file is not a registration.
    #[error("{} cannot be used: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] config::Error),
    /// The settings do not select services and a trust root.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

impl RegistrationError {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::OfUser(name) => Some(format!("choose another name: `paraph login --instance {name}-2`")),
            Self::NoServices(name) => Some(format!(
                "check the spelling, set paraph.{name}.trustedRoot and paraph.{name}.signingConfig, or set paraph.fulcio and paraph.rekor"
            )),
            Self::NoHome => Some("set HOME".to_owned()),
            Self::Selection(error) => error.hint(),
            Self::Unwritable { cause, .. } | Self::Unreadable { cause, .. } => private_folder::hint(cause),
            Self::Name(_) | Self::Damaged { .. } | Self::Settings(_) => None,
        }
    }
}

/// Why an agent does not serve an instance.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstanceError {
    /// It has no name of an instance.
    #[error("\"{}\" is not a name of an instance", Escaped(.0))]
    Name(String),
    /// The user neither configured nor approved it.
    #[error("the agent does not know the instance \"{0}\"")]
    Unknown(String),
    /// Its registration cannot be used.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The user's configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] config::Error),
}

/// The configuration of an instance that the agent trusts: a registration, or the user's own configuration.
///
/// # Errors
/// [`InstanceError`].
pub(crate) fn trusted_config(name: &str) -> Result<Config, InstanceError> {
    let instance = Instance::named(name).ok_or_else(|| InstanceError::Name(name.to_owned()))?;
    if !instance.is_built_in()
        && let Some(registration) = Registration::read(name)?
    {
        return Ok(registration.config()?);
    }
    let config = Config::of_user(&[OptionValue { setting: "instance", flag: "--instance", value: name.into() }])?;
    match instance.is_built_in() || config.instance_settings(&instance).is_some() {
        true => Ok(config),
        false => Err(InstanceError::Unknown(name.to_owned())),
    }
}

/// Services that are not configured by the user alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    settings: BTreeMap<String, String>,
}

impl Registration {
    /// The configured services; `None` if they come from the user's own configuration, so that the instance's name is enough.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        let mut settings = BTreeMap::new();
        let mut elsewhere = false;
        for effective in config.effective().iter().filter(|effective| SETTINGS.contains(&effective.info.name)) {
            if let Shown::Text(value) = &effective.value
                && *effective.source != Source::Default
            {
                // a name alone refers to the user's configuration
                elsewhere |= effective.info.name != "instance" && !is_of_user(effective.source);
                settings.insert(format!("paraph.{}", effective.info.name), value.clone());
            }
        }
        if let Some(instance) = config.instance_settings(&config.instance_name()) {
            for (name, value, source) in instance_values(instance) {
                elsewhere |= !is_of_user(source);
                settings.insert(format!("paraph.{}.{name}", instance.name), value);
            }
        }
        elsewhere.then_some(Self { settings })
    }

    /// The setting that picks services which are not the user's own, with its place.
    pub(crate) fn picked_by(config: &Config) -> Option<String> {
        let effective = config.effective();
        let picks = |effective: &&Effective<'_>| {
            let name = effective.info.name;
            SETTINGS.contains(&name) && name != "instance" && effective.value != Shown::Unset && !is_of_user(effective.source)
        };
        let of_setting = effective.iter().find(picks).map(|effective| effective.source.to_string());
        of_setting.or_else(|| {
            let instance = config.instance_settings(&config.instance_name())?;
            instance_values(instance).into_iter().find(|(_, _, source)| !is_of_user(source)).map(|(_, _, source)| source.to_string())
        })
    }

    /// The name under which these services are registered.
    pub(crate) fn registered_name(&self) -> Option<String> {
        let folder = folder()?;
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .ok()?
            .take(MAX_REGISTRATIONS)
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .collect();
        names.sort();
        names.into_iter().find(|name| Self::read(name).ok().flatten().as_ref() == Some(self))
    }

    /// Identifies these services.
    pub(crate) fn digest(&self) -> String {
        let settings: Vec<String> = self.settings.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        hex::encode(Sha256::digest(settings.concat())).chars().take(32).collect()
    }

    /// A free name for them: the instance's, or else Fulcio's host, or else one with a number.
    pub(crate) fn suggested_name(&self, config: &Config) -> String {
        let is_free = |name: &String| {
            let Some(instance) = Instance::named(name).filter(|instance| !instance.is_built_in()) else { return false };
            !is_instance_of_user(&instance) && matches!(Self::read(name), Ok(None))
        };
        let instance = config.instance_name().as_str().to_owned();
        let host = config.fulcio.value.as_ref().and_then(|url| Some(url::Url::parse(url.as_str()).ok()?.host_str()?.to_owned()));
        let numbered = (2..MAX_REGISTRATIONS).map(|number| format!("{instance}-{number}"));
        [instance.clone()].into_iter().chain(host).chain(numbered).find(is_free).unwrap_or_else(|| "NAME".to_owned())
    }

    /// Registers them under a name, if they are services that the agent could sign with.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub(crate) fn write(&self, name: &str) -> Result<(), RegistrationError> {
        let path = path(name)?;
        if Instance::named(name).is_some_and(|instance| is_instance_of_user(&instance)) {
            return Err(RegistrationError::OfUser(name.to_owned()));
        }
        if !self.settings.keys().any(|key| key.rsplit('.').next().is_some_and(|setting| SERVICES.contains(&setting))) {
            return Err(RegistrationError::NoServices(name.to_owned()));
        }
        self.check()?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let failed = |cause: std::io::Error| RegistrationError::Unwritable { path: path.clone(), cause };
        private_folder::create(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Fails if no signature could be made or verified with these settings.
    fn check(&self) -> Result<(), RegistrationError> {
        let (config, now) = (self.config()?, Timestamp::now());
        let store = TrustStore::of_user(&config);
        selection::trust_roots(&config, &store, now)?;
        selection::services(&config, &store, now)?;
        selection::issuer(&config, &store, now)?;
        Ok(())
    }

    /// Puts back what was registered under a name before a login failed.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub(crate) fn restore(name: &str, previous: Option<&Self>) -> Result<(), RegistrationError> {
        match previous {
            Some(previous) => previous.write(name),
            None => {
                let path = path(name)?;
                std::fs::remove_file(&path).map_err(|cause| RegistrationError::Unwritable { path, cause })
            }
        }
    }

    /// Reads the services that are registered under a name.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub(crate) fn read(name: &str) -> Result<Option<Self>, RegistrationError> {
        let path = path(name)?;
        let damaged = |why: String| RegistrationError::Damaged { path: path.clone(), why };
        match private_folder::check(&path).and_then(|_| std::fs::metadata(&path)) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= MAX_REGISTRATION => {}
            Ok(_) => return Err(damaged(format!("it is not a file of at most {MAX_REGISTRATION} bytes"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(RegistrationError::Unreadable { path, cause }),
        }
        let text = std::fs::read_to_string(&path).map_err(|error| damaged(error.to_string()))?;
        crate::json_object::from_slice(text.as_bytes()).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// The configuration that consists of these settings.
    ///
    /// # Errors
    /// A value is not allowed.
    pub(crate) fn config(&self) -> Result<Config, config::Error> {
        let entries: Vec<ConfigEntry> = self.settings.iter().filter_map(|(key, value)| entry(key, value)).collect();
        let config = Config::from_inputs(&Inputs::of_entries(&entries, Path::new("/"), None))?;
        config.require(&[Use::Trust, Use::Signer, Use::Login])?;
        Ok(config)
    }
}

fn entry(key: &str, value: &str) -> Option<ConfigEntry> {
    let (section, rest) = key.split_once('.')?;
    let (subsection, name) = match rest.rsplit_once('.') {
        Some((subsection, name)) => (Some(subsection.to_owned()), name),
        None => (None, rest),
    };
    Some(ConfigEntry {
        section: section.to_owned(),
        subsection,
        name: name.to_ascii_lowercase(),
        value: Some(value.as_bytes().to_vec()),
        scope: Scope::Global,
        file: None,
    })
}

fn instance_values(instance: &InstanceSettings) -> Vec<(&'static str, String, &Source)> {
    fn path<'a>(name: &'static str, setting: &'a Setting<Option<PathBuf>>) -> Option<(&'static str, String, &'a Source)> {
        Some((name, setting.value.as_ref()?.to_str()?.to_owned(), &setting.source))
    }
    let paths = [
        path("trustedRoot", &instance.trusted_root),
        path("signingConfig", &instance.signing_config),
        path("accessCodeFile", &instance.access_code_file),
    ];
    let mirror = instance.mirror.value.as_ref().map(|url| ("mirror", url.as_str().to_owned(), &instance.mirror.source));
    paths.into_iter().flatten().chain(mirror).collect()
}

/// Whether the user's own configuration has an instance of this name.
fn is_instance_of_user(instance: &Instance) -> bool {
    Config::of_user(&[]).is_ok_and(|config| config.instance_settings(instance).is_some())
}

/// Whether a setting applies to all of the user's repositories.
fn is_of_user(source: &Source) -> bool {
    matches!(source, Source::Default | Source::Git { scope: Scope::System | Scope::Global, .. })
}

fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "paraph").map(|places| places.data_dir().join("instances"))
}

/// The file of a registration. Its name must be that of an instance, so that it is a valid file name.
fn path(name: &str) -> Result<PathBuf, RegistrationError> {
    let name = Instance::named(name).filter(|name| !name.is_built_in()).ok_or_else(|| RegistrationError::Name(name.to_owned()))?;
    let folder = folder().ok_or(RegistrationError::NoHome)?;
    Ok(folder.join(format!("{name}.json")))
}
