//! What the configuration selects: the trust roots to verify with, the identities to allow, and the services to sign with.
//!
//! The functions read the files that settings name, up to a limit, and the trust store. They never ask the network.

use crate::{
    config::{Config, RekorVersion, ServiceUrl, Setting, Source},
    external_verifiers::{Forge, KeyFileError, MAX_KEY_FILE},
    policy::{AllowedIdentities, AllowedIdentity, Policy, PolicyError},
    regular_file::{read_at_most, read_stream_once},
    repository_policy::FileError,
    sign::{LogVersion, Services},
    trust::{self, Instance, KeyFiles, SigningConfig, TrustRoot, TrustRootError},
    trust_store::{self, TrustStore},
    wording::spoken_time,
};
use sigstore_trust_root::{ServiceEndpoint, SigstoreInstance};
use std::path::{Path, PathBuf};

mod deciders;
mod git_network;
mod policy;
mod token;

pub(crate) use deciders::{Deciders, deciding_files};
pub(crate) use git_network::{GitNetwork, shown};
pub(crate) use policy::{Pin, PinnedPolicy, pinned_policy};
pub(crate) use token::{TokenFault, check_token};

/// A signing config larger than this is not read, in bytes.
const MAX_SIGNING_CONFIG: usize = 1 << 20;

/// Why the configured trust, policy or services cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelectionError {
    /// A file that a setting names cannot be read.
    #[error("{} cannot be read (set by {setting}): {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        setting: Source,
        /// The cause.
        cause: std::io::Error,
    },
    /// A trusted root that cannot be used.
    #[error(transparent)]
    TrustRoot(#[from] TrustRootError),
    /// A signing config that cannot be used.
    #[error("the signing config {name} cannot be used: {cause}")]
    SigningConfig {
        /// Its file.
        name: String,
        /// The cause.
        cause: String,
    },
    /// A name that no configuration describes and no trust is stored for.
    #[error("there is no instance \"{name}\" (set by {origin})")]
    UnknownInstance {
        /// The name.
        name: Instance,
        /// The setting that names it.
        origin: Source,
        /// What was looked for.
        wanted: Wanted,
    },
    /// An instance that is configured, without a trust root.
    #[error("the instance {0} has no trust root")]
    NoTrustRoot(Instance),
    /// A kind of service that is not configured.
    #[error("no {service} is configured for the instance {instance}")]
    NoService {
        /// The kind of service.
        service: &'static str,
        /// The instance.
        instance: Instance,
        /// The setting that names one.
        setting: &'static str,
    },
    /// Services that are configured, of which none is valid at this time.
    #[error("this clock says {}; no {service} of the instance {instance} is valid then", spoken_time(*.now))]
    NoServiceNow {
        /// The kind of service.
        service: &'static str,
        /// The instance.
        instance: Instance,
        /// The time, by the clock of this machine.
        now: jiff::Timestamp,
    },
    /// A file of a forge's keys that holds none.
    #[error("the forge's key cannot be read from {}: {cause}", .path.display())]
    ForgeKey {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: KeyFileError,
    },
    /// A policy outside the repository that cannot be used.
    #[error("the policy {} cannot be used: {cause}", .path.display())]
    PolicyFile {
        /// Its file.
        path: PathBuf,
        /// Why.
        cause: FileError,
    },
    /// A root and a policy outside the repository, of which none is the stronger.
    #[error("{root} and {file} name two policies")]
    TwoPolicies {
        /// The setting of the root.
        root: Source,
        /// The setting of the file.
        file: Source,
    },
    /// The trust store cannot be read.
    #[error(transparent)]
    TrustStore(#[from] trust_store::Error),
}

/// What an instance was looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its trust root.
    TrustRoot,
    /// Its services.
    Services,
}

impl SelectionError {
    /// What to do about it: an imperative sentence without its period.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownInstance { .. } => Some("check the spelling".to_owned()),
            Self::NoTrustRoot(name) => Some(format!("set paraph.{name}.trustedRoot, or run `paraph trust initialize`")),
            Self::NoService { setting, .. } => Some(format!("set {setting}")),
            Self::NoServiceNow { .. } => Some("set the clock".to_owned()),
            Self::File { setting: Source::Option(_), .. } => Some("check the path".to_owned()),
            Self::File { .. } => Some("correct the path in the setting, or unset it".to_owned()),
            Self::SigningConfig { .. } => Some("give a signing_config.json, as a Sigstore instance publishes it".to_owned()),
            Self::ForgeKey { .. } => Some("give a file with the forge's public keys, OpenPGP or SSH".to_owned()),
            Self::PolicyFile { .. } => Some("correct the file".to_owned()),
            Self::TwoPolicies { .. } => Some("unset one of the two".to_owned()),
            Self::TrustRoot(_) | Self::TrustStore(_) => None,
        }
    }
}

/// The trust roots that signatures are verified with.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn trust_roots(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<Vec<TrustRoot>, SelectionError> {
    let name = config.instance_name();
    let files = key_files(config)?;
    // files that make up a whole root need no other; files for parts of one replace those parts of the selected root
    let whole = config.is_whole_root();
    let base = match &config.trusted_root.value {
        // a root from a file is never the public or the staging instance's, whatever instance is set
        Some(path) => {
            let instance = if name.is_built_in() { Instance::Custom } else { name.clone() };
            Some(read_root(path, &config.trusted_root.source, instance)?)
        }
        None if whole => None,
        None => Some(root_of_instance(config, &name, store, now)?),
    };
    match (files.is_empty(), base) {
        (true, Some(root)) => Ok(vec![root]),
        (_, base) => Ok(vec![files.over(base)?]),
    }
}

/// The file with the trust root of an instance, if the configuration names one. It takes precedence over stored trust.
pub(crate) fn trusted_root_file<'a>(config: &'a Config, name: &Instance) -> Option<(&'a Path, &'a Source)> {
    let of_instance = config.instance_settings(name).map(|settings| &settings.trusted_root);
    std::iter::once(&config.trusted_root).chain(of_instance).find_map(|setting| Some((setting.value.as_deref()?, &setting.source)))
}

/// The configured policy, and warnings for the user. A file of allowed identities that cannot be used allows nobody.
pub(crate) fn policy(config: &Config) -> (Policy, Vec<String>) {
    let mut warnings = Vec::new();
    let allowed = config.allowed_identities.value.as_ref().map(|path| match read_allowed(path, &config.allowed_identities.source) {
        Ok(allowed) => {
            if allowed.lines().is_empty() {
                warnings.push(format!("The allowed-identities file {} lists nobody, so nobody is trusted.", path.display()));
            }
            allowed
        }
        Err(error) => {
            warnings.push(format!("{error}. Until it is fixed, nobody is trusted."));
            AllowedIdentities::unusable(error.problem()).named(path.display().to_string())
        }
    });
    let policy = Policy { allowed, expected: None, match_committer: config.match_committer.value, allow_legacy: config.allow_legacy.value };
    (policy, warnings)
}

/// The forge whose merge commits are judged by its key, if one is configured.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn forge(config: &Config) -> Result<Option<Forge>, SelectionError> {
    let Some(path) = &config.forge_key.value else { return Ok(None) };
    let file = read(path, &config.forge_key.source, MAX_KEY_FILE)?;
    let forge = Forge::new(file, config.forge_committer.value.clone());
    forge.map(Some).map_err(|cause| SelectionError::ForgeKey { path: path.clone(), cause })
}

/// The services that a signature is made with. Those that are not valid at `now` are left out.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn services(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<Services, SelectionError> {
    let name = config.instance_name();
    let signing = signing_config(config, &name, store, now)?;
    let is_unknown = signing.is_none() && is_unknown(config, &name, store, now)?;
    let instance = InstanceServices { config, name: &name, signing, is_unknown, now };
    let fulcio = instance.one("certificate authority", "paraph.fulcio", &config.fulcio, |signing| &signing.ca_urls);
    let (log, log_version) = instance.log(config.rekor_protocol())?;
    let timestamp_authority = instance.timestamp_authority(log_version)?;
    Ok(Services { fulcio: fulcio?, log, log_version, timestamp_authority })
}

/// The address and version of the log to read; of this version, where one is wanted.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn log(
    config: &Config,
    store: &TrustStore,
    now: jiff::Timestamp,
    wanted: Option<RekorVersion>,
) -> Result<(String, LogVersion), SelectionError> {
    let name = config.instance_name();
    let signing = signing_config(config, &name, store, now)?;
    let is_unknown = signing.is_none() && is_unknown(config, &name, store, now)?;
    InstanceServices { config, name: &name, signing, is_unknown, now }.log(wanted)
}

/// The services of the instance in use.
struct InstanceServices<'a> {
    config: &'a Config,
    name: &'a Instance,
    signing: Option<SigningConfig>,
    is_unknown: bool,
    now: jiff::Timestamp,
}

impl InstanceServices<'_> {
    /// The service that a setting names, otherwise the newest one of the signing config.
    fn one(
        &self,
        service: &'static str,
        setting: &'static str,
        configured: &Setting<Option<ServiceUrl>>,
        endpoints: impl Fn(&SigningConfig) -> &Vec<ServiceEndpoint>,
    ) -> Result<String, SelectionError> {
        if let Some(url) = &configured.value {
            return Ok(without_slash(url.as_str()));
        }
        let endpoints = self.signing.as_ref().map(endpoints).map_or(&[][..], Vec::as_slice);
        self.newest(endpoints, 1).ok_or_else(|| self.none(service, setting, !endpoints.is_empty()))
    }

    /// The log, and its version. Without a wanted version, one of version 2 is preferred.
    fn log(&self, wanted: Option<RekorVersion>) -> Result<(String, LogVersion), SelectionError> {
        if let Some(url) = &self.config.rekor.value {
            return Ok((without_slash(url.as_str()), wanted.map_or(LogVersion::V1, log_version)));
        }
        let Some(signing) = &self.signing else { return Err(self.none("transparency log", "paraph.rekor", false)) };
        let versions = wanted.map_or(vec![RekorVersion::V2, RekorVersion::V1], |version| vec![version]);
        let found =
            versions.iter().find_map(|version| Some((self.newest(&signing.rekor_tlog_urls, number(*version))?, log_version(*version))));
        let is_listed =
            signing.rekor_tlog_urls.iter().any(|endpoint| versions.iter().any(|version| number(*version) == endpoint.major_api_version));
        let service = if is_listed { "transparency log" } else { "transparency log of the wanted version" };
        found.ok_or_else(|| self.none(service, "paraph.rekor or paraph.rekorVersion", is_listed))
    }

    /// Released clients refuse an entry of Rekor v1 beside a timestamp, so the user has to configure an authority for it.
    fn timestamp_authority(&self, log: LogVersion) -> Result<Option<String>, SelectionError> {
        let configured = &self.config.timestamp_server_url;
        let is_own_log = *self.name == Instance::Custom && self.config.rekor.value.is_some() && self.config.signing_config.value.is_none();
        match (&configured.value, log) {
            (Some(url), _) => Ok(Some(without_slash(url.as_str()))),
            (None, LogVersion::V1) => Ok(None),
            // the public authority is not told of signatures for a log of the user's own
            (None, LogVersion::V2) if is_own_log => Err(self.none("timestamp authority", TIMESTAMP_SETTING, false)),
            (None, LogVersion::V2) => self.one("timestamp authority", TIMESTAMP_SETTING, configured, |signing| &signing.tsa_urls).map(Some),
        }
    }

    /// The newest service of a version that is valid now.
    fn newest(&self, endpoints: &[ServiceEndpoint], version: u32) -> Option<String> {
        let usable = endpoints.iter().filter(|endpoint| endpoint.valid_for.contains(self.now) && endpoint.major_api_version == version);
        usable.max_by_key(|endpoint| endpoint.valid_for.start).map(|endpoint| without_slash(&endpoint.url))
    }

    fn none(&self, service: &'static str, setting: &'static str, is_listed: bool) -> SelectionError {
        match self.is_unknown {
            true => unknown_instance(self.config, self.name, Wanted::Services),
            false => no_service(service, setting, self.name, is_listed.then_some(self.now)),
        }
    }
}

/// What to set if a timestamp is needed: an entry of Rekor v2 has no time of its own.
const TIMESTAMP_SETTING: &str = "paraph.timestampServerURL (entries of Rekor v2 have no time)";

/// No service of a kind; with the time, if some are listed and none of them is valid then.
fn no_service(service: &'static str, setting: &'static str, instance: &Instance, now: Option<jiff::Timestamp>) -> SelectionError {
    match now {
        Some(now) => SelectionError::NoServiceNow { service, instance: instance.clone(), now },
        None => SelectionError::NoService { service, instance: instance.clone(), setting },
    }
}

fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// The OpenID issuer to log in with.
///
/// # Errors
/// [`SelectionError`].
pub(crate) fn issuer(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<String, SelectionError> {
    if let Some(issuer) = &config.issuer.value {
        return Ok(issuer.as_str().to_owned());
    }
    let name = config.instance_name();
    let signing = signing_config(config, &name, store, now)?;
    let endpoints = signing.as_ref().map_or(&[][..], |signing| &signing.oidc_urls);
    match endpoints.iter().find(|endpoint| endpoint.valid_for.contains(now)) {
        Some(endpoint) => Ok(endpoint.url.clone()),
        None if signing.is_none() && is_unknown(config, &name, store, now)? => Err(unknown_instance(config, &name, Wanted::Services)),
        None => Err(no_service("issuer", "paraph.issuer", &name, (!endpoints.is_empty()).then_some(now))),
    }
}

/// Whether nothing describes the instance: its name is probably misspelled.
fn is_unknown(config: &Config, name: &Instance, store: &TrustStore, now: jiff::Timestamp) -> Result<bool, SelectionError> {
    let is_described = name.is_built_in() || config.instance_settings(name).is_some() || config.has_trust_files();
    Ok(!is_described && store.stored(name, now)?.is_none())
}

fn unknown_instance(config: &Config, name: &Instance, wanted: Wanted) -> SelectionError {
    SelectionError::UnknownInstance { name: name.clone(), origin: config.instance.source.clone(), wanted }
}

fn log_version(version: RekorVersion) -> LogVersion {
    match version {
        RekorVersion::V1 => LogVersion::V1,
        RekorVersion::V2 => LogVersion::V2,
    }
}

fn number(version: RekorVersion) -> u32 {
    match version {
        RekorVersion::V1 => 1,
        RekorVersion::V2 => 2,
    }
}

fn root_of_instance(config: &Config, name: &Instance, store: &TrustStore, now: jiff::Timestamp) -> Result<TrustRoot, SelectionError> {
    if let Some(settings) = config.instance_settings(name)
        && let Some(path) = &settings.trusted_root.value
    {
        return read_root(path, &settings.trusted_root.source, name.clone());
    }
    if let Some(stored) = store.stored(name, now)? {
        return Ok(TrustRoot::from_json(&stored.trusted_root, name.clone(), &stored.description)?);
    }
    // files for parts of a root replace those parts of the public root
    let carried = if *name == Instance::Custom { Instance::Public } else { name.clone() };
    match TrustRoot::embedded(&carried)? {
        Some(root) => Ok(root),
        None if is_unknown(config, name, store, now)? => Err(unknown_instance(config, name, Wanted::TrustRoot)),
        None => Err(SelectionError::NoTrustRoot(name.clone())),
    }
}

fn signing_config(
    config: &Config,
    name: &Instance,
    store: &TrustStore,
    now: jiff::Timestamp,
) -> Result<Option<SigningConfig>, SelectionError> {
    let parse = |json: &[u8], name: &str| {
        let unusable = |cause: String| SelectionError::SigningConfig { name: name.to_owned(), cause };
        let text = std::str::from_utf8(json).map_err(|cause| unusable(cause.to_string()))?;
        let _: SigningConfig = crate::json_object::from_slice(json).map_err(|cause| unusable(cause.to_string()))?;
        // the library also checks the media type
        SigningConfig::from_json(text).map_err(|cause| unusable(cause.to_string()))
    };
    let from_file = |path: &Path, source: &Source| -> Result<_, SelectionError> {
        parse(&read(path, source, MAX_SIGNING_CONFIG)?, &path.display().to_string()).map(Some)
    };
    if let Some(path) = &config.signing_config.value {
        return from_file(path, &config.signing_config.source);
    }
    if let Some(settings) = config.instance_settings(name)
        && let Some(path) = &settings.signing_config.value
    {
        return from_file(path, &settings.signing_config.source);
    }
    if let Some(stored) = store.stored(name, now)?
        && let Some(json) = stored.signing_config
    {
        return parse(&json, &stored.description).map(Some);
    }
    // as in gitsign, the public instance's services are used where none are set
    let embedded = if *name == Instance::Custom { Some(SigstoreInstance::PublicGood) } else { name.embedded() };
    let json = embedded.and_then(SigstoreInstance::embedded_signing_config_json);
    json.map(|json| parse(json.as_bytes(), "embedded in this program")).transpose()
}

fn key_files(config: &Config) -> Result<KeyFiles, SelectionError> {
    let file = |setting: &crate::config::Setting<Option<PathBuf>>| {
        let named =
            |path: &PathBuf| read(path, &setting.source, trust::MAX_TRUSTED_ROOT).map(|content| (path.display().to_string(), content));
        setting.value.as_ref().map(named).transpose()
    };
    Ok(KeyFiles {
        fulcio_root: file(&config.fulcio_root)?,
        rekor_public_key: file(&config.rekor_public_key)?,
        ct_log_public_key: file(&config.ct_log_public_key)?,
        timestamp_chain: file(&config.timestamp_cert_chain)?,
    })
}

fn read_root(path: &Path, source: &Source, instance: Instance) -> Result<TrustRoot, SelectionError> {
    Ok(TrustRoot::from_json(&read(path, source, trust::MAX_TRUSTED_ROOT)?, instance, &path.display().to_string())?)
}

/// Why a file of allowed identities cannot be used: the beginning of a sentence.
#[derive(Debug, thiserror::Error)]
enum AllowedError {
    #[error("Cannot read the allowed-identities file {} (set by {setting}): {cause}", .path.display())]
    Unreadable { path: PathBuf, setting: Source, cause: std::io::Error },
    #[error("{}:{}: {}", .path.display(), .cause.line, .cause.cause)]
    Line { path: PathBuf, cause: PolicyError },
    #[error("The allowed-identities file {} is not valid UTF-8", .0.display())]
    NotUtf8(PathBuf),
}

impl AllowedError {
    /// Why the file cannot be used, without its name: a clause.
    fn problem(&self) -> String {
        match self {
            Self::Unreadable { cause, .. } => cause.to_string(),
            Self::Line { cause, .. } => cause.to_string(),
            Self::NotUtf8(_) => "it is not valid UTF-8".to_owned(),
        }
    }
}

/// Warnings about lines of the allowed identities for an instance that does not exist, one for each name.
///
/// # Errors
/// If stored trust cannot be read.
pub(crate) fn unknown_instances(
    config: &Config,
    allowed: &AllowedIdentities,
    store: &TrustStore,
    now: jiff::Timestamp,
) -> Result<Vec<String>, SelectionError> {
    let file = config.allowed_identities.value.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let (mut seen, mut warnings) = (Vec::new(), Vec::new());
    for AllowedIdentity { line, instance, .. } in allowed.lines() {
        if instance.is_built_in() || seen.contains(&instance) {
            continue;
        }
        seen.push(instance);
        if is_unknown(config, instance, store, now)? {
            warnings.push(format!("{file}:{line}: there is no instance \"{instance}\" here, so the line does not apply here."));
        }
    }
    Ok(warnings)
}

fn read_allowed(path: &Path, source: &Source) -> Result<AllowedIdentities, AllowedError> {
    let path_of = || path.to_owned();
    let bytes = read_at_most(path, crate::policy::MAX_FILE).map_err(|cause| AllowedError::Unreadable {
        path: path_of(),
        setting: source.clone(),
        cause,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| AllowedError::NotUtf8(path_of()))?;
    let allowed = AllowedIdentities::parse(&text).map_err(|cause| AllowedError::Line { path: path_of(), cause })?;
    Ok(allowed.named(path.display().to_string()))
}

fn read(path: &Path, source: &Source, cap: usize) -> Result<Vec<u8>, SelectionError> {
    let read = if matches!(source, Source::Option(_)) { read_stream_once } else { read_at_most };
    read(path, cap).map_err(|cause| SelectionError::File { path: path.to_owned(), setting: source.clone(), cause })
}

#[cfg(test)]
mod tests;
