//! What the configuration selects: the trust roots to verify under, whom to allow, and the services to sign with.
//!
//! It reads the files that settings name, with caps, and the trust store. It never asks a network.

use crate::{
    config::{Config, RekorVersion, Source},
    external_verifiers::{Forge, KeyFileError, MAX_KEY_FILE},
    policy::{self, AllowedIdentities, Policy, PolicyError},
    sign::{LogVersion, Services},
    trust::{self, Instance, KeyFiles, SigningConfig, TrustRoot, TrustRootError},
    trust_store::{self, TrustStore},
};
use sigstore_trust_root::SigstoreInstance;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// A signing config larger than this is not read, in bytes.
const MAX_SIGNING_CONFIG: usize = 1 << 20;

/// What to set where a timestamp is needed and nothing says from whom.
const TIMESTAMP_SETTING: &str = "paraph.timestampServerURL (an entry of Rekor v2 tells no time)";

/// Why the configured trust, policy or services cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// A file that a setting names cannot be read.
    #[error("{} cannot be read, which {setting} names: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Who named it.
        setting: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A trusted root that is not one.
    #[error(transparent)]
    TrustRoot(#[from] TrustRootError),
    /// A signing config that is not one.
    #[error("the signing config {name} cannot be used: {cause}")]
    SigningConfig {
        /// Its file.
        name: String,
        /// Why.
        cause: String,
    },
    /// A name without a trust root.
    #[error("the instance {0} has no trust root: set paraph.{0}.trustedRoot, or run `paraph trust initialize`")]
    UnknownInstance(String),
    /// No service of a kind.
    #[error("no {service} is configured for the instance {instance}{hint}")]
    NoService {
        /// The service.
        service: &'static str,
        /// The instance.
        instance: String,
        /// What to set.
        hint: String,
    },
    /// A file of a forge's keys that holds none.
    #[error("the forge's key cannot be read from {}: {cause}", .path.display())]
    ForgeKey {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: KeyFileError,
    },
    /// The trust store cannot be read.
    #[error(transparent)]
    TrustStore(#[from] trust_store::Error),
}

/// The trust roots that signatures are verified under.
///
/// # Errors
/// [`SelectionError`].
pub fn trust_roots(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<Vec<TrustRoot>, SelectionError> {
    let name = config.instance_name();
    let files = key_files(config)?;
    // a root that files give whole needs no other beside it; one that they give in part changes the selected one
    let whole = files.fulcio_root.is_some() && files.rekor_public_key.is_some() && files.ct_log_public_key.is_some();
    let base = match &config.trusted_root.value {
        // what a file says is not what the public instance or its staging says, whatever name is set beside it
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

/// The file that gives the trust root of an instance, if the configuration names one: it takes precedence over stored trust.
pub fn trusted_root_file<'a>(config: &'a Config, name: &Instance) -> Option<(&'a Path, &'a Source)> {
    let of_instance = config.instance_settings(name).map(|settings| &settings.trusted_root);
    std::iter::once(&config.trusted_root).chain(of_instance).find_map(|setting| Some((setting.value.as_deref()?, &setting.source)))
}

/// Whom the configuration allows, and what a user should know about it: a file that cannot be used allows nobody.
pub fn policy(config: &Config) -> (Policy, Vec<String>) {
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
            AllowedIdentities::default()
        }
    });
    let policy = Policy { allowed, expected: None, match_committer: config.match_committer.value, allow_legacy: config.allow_legacy.value };
    (policy, warnings)
}

/// The key of the forge whose merge commits the user wants judged by it.
///
/// # Errors
/// [`SelectionError`].
pub fn forge(config: &Config) -> Result<Option<Forge>, SelectionError> {
    let Some(path) = &config.forge_key.value else { return Ok(None) };
    let file = read(path, &config.forge_key.source, MAX_KEY_FILE)?;
    let forge = Forge::new(file, config.forge_committer.value.clone());
    forge.map(Some).map_err(|cause| SelectionError::ForgeKey { path: path.clone(), cause })
}

/// The services that a signature is made with. `now` selects those that are in service.
///
/// # Errors
/// [`SelectionError`].
pub fn services(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<Services, SelectionError> {
    let name = config.instance_name();
    let signing = signing_config(config, &name, store, now)?;
    let none = |service, key: &str| SelectionError::NoService { service, instance: name.as_str().to_owned(), hint: format!(": set {key}") };
    let first = |endpoints: &[sigstore_trust_root::ServiceEndpoint], version: Option<u32>| {
        let usable = endpoints
            .iter()
            .filter(|endpoint| endpoint.valid_for.contains(now) && version.is_none_or(|version| endpoint.major_api_version == version));
        usable.max_by_key(|endpoint| endpoint.valid_for.start).map(|endpoint| endpoint.url.trim_end_matches('/').to_owned())
    };
    let own = |url: &Option<crate::config::ServiceUrl>| url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());

    let fulcio = own(&config.fulcio.value).or_else(|| signing.as_ref().and_then(|signing| first(&signing.ca_urls, Some(1))));
    let wanted = config.rekor_protocol();
    let (log, log_version) = match (own(&config.rekor.value), &signing) {
        (Some(url), _) => (url, wanted.map_or(LogVersion::V1, log_version)),
        (None, Some(signing)) => {
            let versions: &[RekorVersion] = match wanted {
                Some(RekorVersion::V1) => &[RekorVersion::V1],
                Some(RekorVersion::V2) => &[RekorVersion::V2],
                None => &[RekorVersion::V2, RekorVersion::V1],
            };
            let found =
                versions.iter().find_map(|version| Some((first(&signing.rekor_tlog_urls, Some(number(*version)))?, log_version(*version))));
            found.ok_or_else(|| none("transparency log of the wanted version", "paraph.rekor or paraph.rekorVersion"))?
        }
        (None, None) => return Err(none("transparency log", "paraph.rekor")),
    };
    // released clients refuse an entry of Rekor v1 beside a token, so there the user has to ask for it
    let timestamp_authority = match (own(&config.timestamp_server_url.value), log_version) {
        (Some(url), _) => Some(url),
        (None, LogVersion::V1) => None,
        // the public authority is not told of signatures for a log of one's own
        (None, LogVersion::V2) if name == Instance::Custom && config.rekor.value.is_some() && config.signing_config.value.is_none() => {
            return Err(none("timestamp authority", TIMESTAMP_SETTING));
        }
        (None, LogVersion::V2) => {
            let url = signing.as_ref().and_then(|signing| first(&signing.tsa_urls, Some(1)));
            Some(url.ok_or_else(|| none("timestamp authority", TIMESTAMP_SETTING))?)
        }
    };
    Ok(Services { fulcio: fulcio.ok_or_else(|| none("certificate authority", "paraph.fulcio"))?, log, log_version, timestamp_authority })
}

/// The OpenID issuer that a login asks.
///
/// # Errors
/// [`SelectionError`].
pub fn issuer(config: &Config, store: &TrustStore, now: jiff::Timestamp) -> Result<String, SelectionError> {
    if let Some(issuer) = &config.issuer.value {
        return Ok(issuer.as_str().to_owned());
    }
    let name = config.instance_name();
    let signing = signing_config(config, &name, store, now)?;
    let endpoint = signing.iter().flat_map(|signing| &signing.oidc_urls).find(|endpoint| endpoint.valid_for.contains(now));
    endpoint.map(|endpoint| endpoint.url.clone()).ok_or_else(|| SelectionError::NoService {
        service: "identity provider",
        instance: name.as_str().to_owned(),
        hint: ": set paraph.issuer".into(),
    })
}

/// Another instance than the one to sign with, at whose identity provider a token of this issuer is made out: only that instance may get
/// it. Issuers of CI systems and other platforms are nobody's own.
pub fn instance_of_token(config: &Config, store: &TrustStore, now: jiff::Timestamp, token_issuer: &str) -> Option<Instance> {
    if issuer(config, store, now).is_ok_and(|issuer| issuer == token_issuer) {
        return None;
    }
    let known = config.instances.iter().map(|settings| settings.name.clone());
    let own = config.instance_name();
    [Instance::Public, Instance::Staging].into_iter().chain(known).filter(|name| *name != own).find(|name| {
        let signing = signing_config(config, name, store, now).ok().flatten();
        signing.is_some_and(|signing| signing.oidc_urls.iter().any(|endpoint| endpoint.url == token_issuer))
    })
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
    // trust by files alone stands on the public root, of which the files replace their parts
    let carried = if *name == Instance::Custom { Instance::Public } else { name.clone() };
    TrustRoot::embedded(&carried)?.ok_or_else(|| SelectionError::UnknownInstance(name.as_str().to_owned()))
}

fn signing_config(
    config: &Config,
    name: &Instance,
    store: &TrustStore,
    now: jiff::Timestamp,
) -> Result<Option<SigningConfig>, SelectionError> {
    let parse = |json: &[u8], name: &str| {
        let text = std::str::from_utf8(json).map_err(|cause| cause.to_string());
        text.and_then(|text| SigningConfig::from_json(text).map_err(|cause| cause.to_string()))
            .map_err(|cause| SelectionError::SigningConfig { name: name.to_owned(), cause })
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
    // as gitsign: what no variable or key names is the public instance's
    let embedded = if *name == Instance::Custom { Some(SigstoreInstance::PublicGood) } else { name.embedded() };
    let json = embedded.and_then(SigstoreInstance::embedded_signing_config_json);
    json.map(|json| parse(json.as_bytes(), "that this program carries")).transpose()
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

/// Why the file of allowed identities cannot be used: a sentence without its period.
#[derive(Debug, thiserror::Error)]
enum AllowedError {
    #[error("Cannot read the allowed-identities file {name} (set by {setting}): {cause}")]
    Read { name: String, setting: String, cause: std::io::Error },
    #[error("The allowed-identities file {name} is not valid, {error}")]
    Line { name: String, error: PolicyError },
    #[error("The allowed-identities file {0} is not valid UTF-8")]
    Text(String),
}

fn read_allowed(path: &Path, source: &Source) -> Result<AllowedIdentities, AllowedError> {
    let name = path.display().to_string();
    let failed = |cause| AllowedError::Read { name: name.clone(), setting: source.to_string(), cause };
    let bytes = read_file(path, policy::MAX_FILE).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| AllowedError::Text(name.clone()))?;
    match AllowedIdentities::parse(&text) {
        Ok(allowed) => Ok(allowed.named(name)),
        Err(error) => Err(AllowedError::Line { name, error }),
    }
}

/// At most one byte more than `cap`, so that a larger file is refused where it is parsed and never read whole.
fn read(path: &Path, source: &Source, cap: usize) -> Result<Vec<u8>, SelectionError> {
    read_file(path, cap).map_err(|cause| SelectionError::File { path: path.to_owned(), setting: source.to_string(), cause })
}

fn read_file(path: &Path, cap: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // a pipe would keep the reader waiting for as long as nobody writes to it
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    // in one call, as a file's length promises; what it does not keep is read nevertheless
    bytes.reserve(usize::try_from(metadata.len()).unwrap_or(cap).min(cap) + 1);
    std::fs::File::open(path)?.take(cap as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
