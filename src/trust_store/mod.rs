//! The trust store: the trust roots of instances that were fetched over TUF or imported from a file, beside those that the program carries.
//!
//! | what | where | written by |
//! | --- | --- | --- |
//! | fetched trust, one cache for each mirror | `tuf/` in the user's cache folder ([`crate::service::tuf`]) | a refresh |
//! | imported trust, one file for each instance | `trust/` in the user's data folder | `paraph trust import` |
//!
//! Verification reads the store and never asks a network; only signing and `paraph trust` refresh it. Anyone who can write to either folder
//! decides whom the user trusts. Configuration says which mirror an instance has; the clock and the HTTP client come from the caller.

mod import;
#[cfg(test)]
mod tests;

use crate::{
    config::Config,
    private_folder,
    service::{
        Http,
        tuf::{Mirror, TrustMaterial, TufError},
    },
    trust::{Instance, TrustRoot, TrustRootError},
};
use directories::ProjectDirs;
use import::ImportedTrust;
use jiff::{SignedDuration, Timestamp};
use sigstore_trust_root::SigstoreInstance;
use std::{path::PathBuf, time::Duration};

/// Trust that was fetched longer ago is refreshed before signing.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);
/// Signing waits no longer than this for a mirror.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);

/// The user's trust store.
#[derive(Debug, Clone)]
pub(crate) struct TrustStore {
    /// Absent where the user has no home folder: then nothing is stored.
    folders: Option<Folders>,
    /// The addresses of the TUF repositories that the configuration names.
    mirrors: Vec<(Instance, String)>,
}

#[derive(Debug, Clone)]
struct Folders {
    caches: PathBuf,
    imports: PathBuf,
}

/// What the store holds for one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTrust {
    /// `trusted_root.json`.
    pub trusted_root: Vec<u8>,
    /// `signing_config.v0.2.json`, where the TUF repository has one.
    pub signing_config: Option<Vec<u8>>,
    /// Where it came from and how old it is, as a noun phrase.
    pub description: String,
}

/// Why the store cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The TUF repository or its cache.
    #[error(transparent)]
    Tuf(#[from] TufError),
    /// The instance has no TUF repository.
    #[error("the instance {0} has no TUF repository")]
    NoMirror(Instance),
    /// There is no folder to store trust in.
    #[error("there is no home folder to store trust in")]
    NoHome,
    /// A file that was imported is not a trusted root.
    #[error(transparent)]
    TrustRoot(#[from] TrustRootError),
    /// The instance consists of the files that the configuration names.
    #[error("the instance {0} consists of the files that the configuration names; nothing can be imported for it")]
    NotImportable(Instance),
    /// The file of an import is not as it was written.
    #[error("the imported trust in {} is damaged: {cause}", .path.display())]
    DamagedImport {
        /// The file.
        path: PathBuf,
        /// How.
        cause: serde_json::Error,
    },
    /// The file of an import cannot be read.
    #[error("the imported trust in {} cannot be read: {cause}", .path.display())]
    UnreadableImport {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
    /// The file of an import cannot be written.
    #[error("the imported trust cannot be written to {}: {cause}", .path.display())]
    UnwritableImport {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: std::io::Error,
    },
}

impl TrustStore {
    /// The store of the user, with the mirrors that the configuration names.
    pub(crate) fn of_user(config: &Config) -> Self {
        let folders = ProjectDirs::from("", "", "paraph")
            .map(|folders| Folders { caches: folders.cache_dir().to_owned(), imports: private_folder::imports_in(&folders) });
        let mirrors =
            config.instances.iter().filter_map(|instance| Some((instance.name.clone(), instance.mirror.value.as_ref()?.to_string())));
        Self { folders, mirrors: mirrors.collect() }
    }

    /// A store in which nothing can be stored.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self { folders: None, mirrors: Vec::new() }
    }

    /// What is stored for an instance: fetched from its TUF repository or imported from a file, whichever came later.
    ///
    /// # Errors
    /// If a cache or an import is damaged or cannot be read. Older trust never takes its place.
    pub(crate) fn stored(&self, instance: &Instance, now: Timestamp) -> Result<Option<StoredTrust>, Error> {
        let Some(folders) = &self.folders else { return Ok(None) };
        let fetched = match self.mirror(instance)? {
            Some(mirror) => mirror.cached()?,
            None => None,
        };
        let imported = ImportedTrust::read(&folders.imports, instance)?;
        if let Some(imported) = imported.filter(|imported| fetched.as_ref().is_none_or(|fetched| fetched.refreshed < imported.imported)) {
            return Ok(Some(StoredTrust {
                description: imported.description(),
                trusted_root: imported.trusted_root.into_bytes(),
                // a file of trust names no services, so those that were fetched stay
                signing_config: fetched.and_then(|fetched| fetched.signing_config).map(String::into_bytes),
            }));
        }
        Ok(fetched.map(|material| StoredTrust {
            description: material.describe(now),
            trusted_root: material.trusted_root.into_bytes(),
            signing_config: material.signing_config.map(String::into_bytes),
        }))
    }

    /// The TUF repository of an instance with its cache; `None` where the instance has none or nothing can be stored.
    ///
    /// # Errors
    /// If its address is not one.
    pub(crate) fn mirror(&self, instance: &Instance) -> Result<Option<Mirror>, Error> {
        let Some(folders) = &self.folders else { return Ok(None) };
        Ok(self.mirror_url(instance).map(|url| Mirror::new(&folders.caches, url)).transpose()?)
    }

    /// Fetches the newest trust of an instance.
    ///
    /// # Errors
    /// [`Error::NoMirror`] or [`Error::Tuf`]; what was stored stays.
    pub(crate) async fn refresh(&self, instance: &Instance, http: &Http, now: Timestamp) -> Result<TrustMaterial, Error> {
        let mirror = self.mirror(instance)?.ok_or_else(|| Error::NoMirror(instance.clone()))?;
        Ok(mirror.refresh(http, now).await?)
    }

    /// Whether an instance has a TUF repository and its trust was fetched more than a day ago, or never.
    ///
    /// # Errors
    /// If the cache is damaged or cannot be read.
    pub(crate) fn is_refresh_due(&self, instance: &Instance, now: Timestamp) -> Result<bool, Error> {
        let Some(mirror) = self.mirror(instance)? else { return Ok(false) };
        Ok(mirror.cached()?.is_none_or(|fetched| now.duration_since(fetched.refreshed) >= MAX_AGE))
    }

    /// [`TrustStore::refresh`] before signing, which waits at most ten seconds.
    ///
    /// # Errors
    /// As [`TrustStore::refresh`].
    pub(crate) async fn refresh_in_time(&self, instance: &Instance, http: &Http, now: Timestamp) -> Result<TrustMaterial, Error> {
        self.refresh(instance, &http.within(REFRESH_TIMEOUT), now).await
    }

    /// Begins trust in the TUF repository at `url` with `root`, the content of a `root.json` that the user has from a source that they trust,
    /// and fetches its newest trust.
    ///
    /// # Errors
    /// [`Error::NoHome`] or [`Error::Tuf`].
    pub(crate) async fn initialize(&self, url: &str, root: &[u8], http: &Http, now: Timestamp) -> Result<Mirror, Error> {
        let mirror = Mirror::new(&self.folders()?.caches, url)?;
        mirror.initialize(http, root).await?;
        mirror.refresh(http, now).await?;
        Ok(mirror)
    }

    /// Stores the trust of an instance from a file: `json` is the content of a `trusted_root.json`, `file` its name.
    ///
    /// # Errors
    /// If it is not a trusted root, or cannot be stored.
    pub(crate) fn import(&self, instance: &Instance, file: &str, json: &[u8], now: Timestamp) -> Result<TrustRoot, Error> {
        if *instance == Instance::Custom {
            return Err(Error::NotImportable(instance.clone()));
        }
        let root = TrustRoot::from_json(json, instance.clone(), file)?;
        ImportedTrust::new(file, json, now)?.write(&self.folders()?.imports, instance)?;
        Ok(root)
    }

    /// The files in which trust for an instance may be stored. They need not exist.
    pub(crate) fn files(&self, instance: &Instance) -> Vec<PathBuf> {
        let Some(folders) = &self.folders else { return Vec::new() };
        let fetched = self.mirror(instance).ok().flatten().map(|mirror| mirror.cache_file().to_owned());
        fetched.into_iter().chain([import::path(&folders.imports, instance)]).collect()
    }

    fn folders(&self) -> Result<&Folders, Error> {
        self.folders.as_ref().ok_or(Error::NoHome)
    }

    fn mirror_url(&self, instance: &Instance) -> Option<&str> {
        let configured = || self.mirrors.iter().find(|(name, _)| name == instance).map(|(_, url)| url.as_str());
        instance.embedded().map(SigstoreInstance::tuf_url).or_else(configured)
    }
}
