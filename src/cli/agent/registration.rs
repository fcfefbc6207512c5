//! The services that the agent may sign with: those that its user configured for all repositories, and those that `paraph login --instance`
//! registered. Settings of a repository or of a call's environment are not the user's choice. The agent gets only a name from them.
//!
//! A registration is the file `instances/NAME.json` in the user's data folder: the settings as keys of git's configuration with their values.
//! Anyone who can change it decides where the agent logs in and what it trusts.

use super::super::{
    context::Context,
    exit::{Exit, Failure},
};
use crate::{
    config::{Config, Inputs, InstanceSettings, Setting, Shown, Source},
    private_folder,
    repository::{ConfigEntry, Scope},
    trust::Instance,
};
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

/// Services that are not configured by the user alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    settings: BTreeMap<String, String>,
}

impl Registration {
    /// The services of this context; `None` if they come from the user's own configuration, so that the instance's name is enough.
    pub(super) fn of(context: &Context) -> Result<Option<Self>, Failure> {
        let config = &context.config;
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
        Ok(elsewhere.then_some(Self { settings }))
    }

    /// The name under which these services are registered.
    pub(super) fn registered_name(&self) -> Option<String> {
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
    pub(super) fn digest(&self) -> String {
        let settings: Vec<String> = self.settings.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        hex::encode(Sha256::digest(settings.concat())).chars().take(32).collect()
    }

    /// A free name for them: the instance's, or else Fulcio's host, or else one with a number.
    pub(super) fn suggested_name(&self, context: &Context) -> String {
        let is_free = |name: &String| {
            let Some(instance) = Instance::named(name).filter(|instance| !instance.is_built_in()) else { return false };
            !is_instance_of_user(&instance) && matches!(Self::read(name), Ok(None))
        };
        let instance = context.config.instance_name().as_str().to_owned();
        let host = context.config.fulcio.value.as_ref().and_then(|url| Some(url::Url::parse(url.as_str()).ok()?.host_str()?.to_owned()));
        let numbered = (2..MAX_REGISTRATIONS).map(|number| format!("{instance}-{number}"));
        [instance.clone()].into_iter().chain(host).chain(numbered).find(is_free).unwrap_or_else(|| "NAME".to_owned())
    }

    /// Registers them under a name.
    pub(super) fn write(&self, name: &str) -> Result<(), Failure> {
        let path = path(name)?;
        if Instance::named(name).is_some_and(|instance| is_instance_of_user(&instance)) {
            let message = format!("your own configuration already has an instance {name}, which these services would replace");
            return Err(Failure::new(Exit::Usage, message).with_hint(format!("choose another name: `paraph login --instance {name}-2`")));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let failed = |error: &std::io::Error| Failure::io(&format!("{} cannot be written", path.display()), error);
        private_folder::create(folder).map_err(|error| failed(&error))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error.into()))?;
        file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
        file.persist(&path).map_err(|error| failed(&error.error))?;
        Ok(())
    }

    /// Reads the services that are registered under a name.
    pub(super) fn read(name: &str) -> Result<Option<Self>, Failure> {
        let path = path(name)?;
        let damaged = |why: String| Failure::new(Exit::Configuration, format!("{} cannot be used: {why}", path.display()));
        match private_folder::check(&path).and_then(|_| std::fs::metadata(&path)) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= MAX_REGISTRATION => {}
            Ok(_) => return Err(damaged(format!("it is not a file of at most {MAX_REGISTRATION} bytes"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damaged(error.to_string())),
        }
        let text = std::fs::read_to_string(&path).map_err(|error| damaged(error.to_string()))?;
        serde_json::from_str(&text).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// The configuration that consists of these settings.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let entries: Vec<ConfigEntry> = self.settings.iter().filter_map(|(key, value)| entry(key, value)).collect();
        Ok(Config::from_inputs(&Inputs::of_entries(&entries, Path::new("/"), None))?)
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
fn path(name: &str) -> Result<PathBuf, Failure> {
    let name = Instance::named(name).filter(|name| !name.is_built_in()).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!(
                "{name:?} cannot be the name of a registration; expected letters, digits, hyphens, underscores and dots, and not a built-in name"
            ),
        )
    })?;
    let folder = folder().ok_or_else(|| Failure::new(Exit::Io, "there is no home folder").with_hint("set HOME"))?;
    Ok(folder.join(format!("{name}.json")))
}
