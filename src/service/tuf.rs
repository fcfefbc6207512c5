//! Trust material from a TUF mirror ([specification](https://theupdateframework.github.io/specification/latest/)): fetched and verified on
//! request, and stored in a cache that verification reads without a network.
//!
//! The crate sigstore-tuf implements the workflow: freeze, rollback, expiry, thresholds and key rotation. This module has the transport and the
//! cache. A damaged cache is an error; older trust never takes its place. All that was verified is stored, also if a refresh fails later: a newer
//! root, timestamp or snapshot binds the next refresh.

mod cache;
mod client;

pub use client::{Files, MetadataClient, RepositoryAddress};

use super::{Http, Service, ServiceError, causes, endpoint, quotable};
use crate::wording::with_spoken_times;
use cache::{Cache, CacheContent, Metadata};
use serde::{Deserialize, Serialize};
use sigstore_trust_root::SigstoreInstance;
use sigstore_tuf::Role as _;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The target with the trusted root.
pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";
/// The target with the signing config; a mirror may have none.
pub(crate) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A mirror and its cache.
#[derive(Debug, Clone)]
pub struct Mirror {
    url: url::Url,
    cache: Cache,
    /// The first root of a mirror that this program knows.
    built_in_root: Option<&'static [u8]>,
}

/// The targets that a mirror's metadata vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustMaterial {
    /// The mirror's address.
    pub mirror: String,
    /// The trusted root, JSON.
    pub trusted_root: String,
    /// The signing config, JSON.
    pub signing_config: Option<String>,
    /// The versions of the metadata.
    pub versions: Versions,
    /// When the first part of the metadata expires. Only a refresh checks that: trust that was verified in time stays valid.
    pub expires: jiff::Timestamp,
    /// When it was last fetched or confirmed, by the clock of this machine.
    pub refreshed: jiff::Timestamp,
}

/// The versions of the four roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// `root`.
    pub root: u64,
    /// `timestamp`.
    pub timestamp: u64,
    /// `snapshot`.
    pub snapshot: u64,
    /// `targets`.
    pub targets: u64,
}

impl TrustMaterial {
    /// Whether the metadata has expired.
    pub fn is_expired(&self, now: jiff::Timestamp) -> bool {
        self.expires < now
    }

    /// The origin and the age of the trust, as a noun phrase.
    pub fn describe(&self, now: jiff::Timestamp) -> String {
        let days = now.duration_since(self.refreshed).as_hours().max(0) / 24;
        let age = match days {
            0 => "refreshed today".to_owned(),
            1 => "refreshed yesterday".to_owned(),
            days => format!("refreshed {days} days ago"),
        };
        let expired = if self.is_expired(now) { format!(", expired on {}", self.expires.strftime("%Y-%m-%d")) } else { String::new() };
        format!("the trust root of {}, version {}, {age}{expired}", self.mirror, self.versions.targets)
    }
}

/// Why no trust material was fetched or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// The mirror failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The mirror's metadata is wrong, expired, or older than the cached one.
    #[error("the metadata of the TUF mirror at {mirror} is not accepted: {detail}")]
    NotAccepted {
        /// The mirror's address.
        mirror: String,
        /// Why, in the words of the workflow.
        detail: String,
    },
    /// The first root is not valid.
    #[error("the root for the TUF mirror at {mirror} is not valid: {detail}")]
    Root {
        /// The mirror's address.
        mirror: String,
        /// The cause.
        detail: String,
    },
    /// A mirror without a first root.
    #[error("trust in the TUF mirror at {0} is not initialized")]
    NotInitialized(String),
    /// The cache is damaged.
    #[error("the cached trust in {} is damaged: {detail}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        detail: String,
    },
    /// The cache cannot be read or written.
    #[error("the trust cache {} cannot be used: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process holds the lock of the cache.
    #[error("another process has not finished refreshing the trust cache {} in time", .0.display())]
    Locked(PathBuf),
}

impl TufError {
    /// What to do about it: an imperative sentence without its period.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Service(error) => error.hint().map(str::to_owned),
            Self::NotInitialized(mirror) => Some(format!("run `paraph trust initialize --mirror {mirror} --root FILE`")),
            Self::Root { .. } => Some("give the root.json that the repository's owner published".to_owned()),
            Self::Damaged { .. } => Some(
                "remove the file and run `paraph trust update`, or `paraph trust initialize` for an instance of your own; until then nothing is trusted"
                    .to_owned(),
            ),
            Self::Io { source, .. } => crate::private_folder::hint(source),
            _ => None,
        }
    }
}

impl Mirror {
    /// The mirror at `url`, with its cache in the folder `caches`.
    ///
    /// # Errors
    /// [`Cause::Address`](super::Cause::Address).
    pub fn new(caches: &Path, url: &str) -> Result<Self, TufError> {
        let mut url = endpoint(Service::TufMirror, url, "")?;
        // one folder for each mirror, with or without a slash at the end of its address
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let instances = [SigstoreInstance::PublicGood, SigstoreInstance::Staging];
        let known = instances.into_iter().find(|instance| same(instance.tuf_url(), url.as_str()));
        Ok(Self { cache: Cache::new(caches, &url), url, built_in_root: known.map(SigstoreInstance::tuf_root) })
    }

    /// The mirror of the public instance, with the root that is embedded in this program.
    ///
    /// # Errors
    /// None: its address is constant.
    pub fn public(caches: &Path) -> Result<Self, TufError> {
        Self::new(caches, SigstoreInstance::PublicGood.tuf_url())
    }

    /// The mirror's address, without a slash at its end.
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The file of the cache.
    pub fn cache_file(&self) -> &Path {
        self.cache.file()
    }

    /// Begins trust in the mirror with `root`, a `root.json` from a source that the user trusts. A root that the cache has verified changes
    /// nothing: what an earlier attempt verified binds the next refresh. Another root replaces the cache.
    ///
    /// # Errors
    /// [`TufError::Root`], [`TufError::Damaged`], [`TufError::Io`] or [`TufError::Locked`].
    pub async fn initialize(&self, http: &Http, root: &[u8]) -> Result<(), TufError> {
        let text = self.checked_root(root)?;
        let _lock = self.lock(http).await?;
        if self.cache.read()?.is_some_and(|known| known.metadata.has_root(&text)) {
            return Ok(());
        }
        self.cache.write(&CacheContent { trust: None, metadata: Metadata { first_root: Some(text), files: Default::default() } })
    }

    /// Fetches newer trust, verifies it, and stores it in the cache. Newer means a higher version.
    ///
    /// # Errors
    /// A [`TufError`]; the cached trust stays as it was.
    pub async fn refresh(&self, http: &Http, now: jiff::Timestamp) -> Result<TrustMaterial, TufError> {
        let http = http.bounded();
        let _lock = self.lock(&http).await?;
        let state = self.cache.read()?.unwrap_or_default();
        let first_root = match (&state.metadata.first_root, self.built_in_root) {
            (Some(root), _) => root.as_bytes(),
            (None, Some(root)) => root,
            (None, None) => return Err(TufError::NotInitialized(self.url().to_owned())),
        };
        let address = RepositoryAddress { metadata: self.url().to_owned(), targets: format!("{}/targets", self.url()) };
        let client = MetadataClient::new(&http, address, first_root, state.metadata.files.clone());
        let mut client = client.map_err(|error| self.bad_root(&error))?;
        let outcome = self.fetch(&mut client, now).await;
        let metadata = Metadata { first_root: state.metadata.first_root.clone(), files: client.files() };
        match outcome {
            Ok(trust) => {
                if let Some(known) = &state.trust {
                    self.not_lower(known, &trust)?;
                }
                self.cache.write(&CacheContent { trust: Some(trust.clone()), metadata })?;
                Ok(trust)
            }
            Err(error) => {
                // metadata that was verified so far (a newer root, a newer timestamp) binds the next refresh, also before the first trust
                if metadata.files != state.metadata.files {
                    self.cache.write(&CacheContent { trust: state.trust, metadata })?;
                }
                Err(error)
            }
        }
    }

    /// The cached trust, expired or not; `None` if nothing was fetched yet. Needs no network.
    ///
    /// # Errors
    /// [`TufError::Damaged`] or [`TufError::Io`].
    pub fn cached(&self) -> Result<Option<TrustMaterial>, TufError> {
        self.cache.read_trust()
    }

    async fn fetch(&self, client: &mut MetadataClient, now: jiff::Timestamp) -> Result<TrustMaterial, TufError> {
        client.refresh(now).await.map_err(|error| self.not_accepted(error))?;
        let trusted_root = self.target(client, TRUSTED_ROOT, now).await?;
        let trusted_root = trusted_root.ok_or_else(|| self.refused(format!("it has no target {TRUSTED_ROOT}")))?;
        let signing_config = self.target(client, SIGNING_CONFIG, now).await?;
        let trusted = client.trusted();
        let (Some(timestamp), Some(snapshot), Some(targets)) = (trusted.timestamp(), trusted.snapshot(), trusted.targets_role("targets"))
        else {
            return Err(self.refused("its metadata is not complete".into()));
        };
        let expires = [trusted.root().expires(), timestamp.expires(), snapshot.expires(), targets.expires()].into_iter().min();
        Ok(TrustMaterial {
            mirror: self.url().to_owned(),
            trusted_root,
            signing_config,
            versions: Versions {
                root: trusted.root().version,
                timestamp: timestamp.version,
                snapshot: snapshot.version,
                targets: targets.version,
            },
            expires: expires.unwrap_or(now),
            refreshed: now,
        })
    }

    async fn target(&self, client: &mut MetadataClient, name: &str, now: jiff::Timestamp) -> Result<Option<String>, TufError> {
        let Some(bytes) = client.target(name, now).await.map_err(|error| self.not_accepted(error))? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| self.refused(format!("its target {name} is not valid UTF-8")))
    }

    /// Refuses a rollback. The workflow does so itself, from the metadata in the cache; only a new root may lower versions.
    fn not_lower(&self, known: &TrustMaterial, trust: &TrustMaterial) -> Result<(), TufError> {
        let (old, new) = (known.versions, trust.versions);
        let lower = new.root < old.root
            || new.root == old.root && (new.timestamp < old.timestamp || new.snapshot < old.snapshot || new.targets < old.targets);
        if lower { Err(self.refused("a version is lower than the cached one".into())) } else { Ok(()) }
    }

    fn checked_root(&self, root: &[u8]) -> Result<String, TufError> {
        client::check_first_root(root).map_err(|error| self.bad_root(&error))?;
        let detail = || "it is not valid UTF-8".to_owned();
        String::from_utf8(root.to_vec()).map_err(|_| TufError::Root { mirror: self.url().to_owned(), detail: detail() })
    }

    fn bad_root(&self, error: &sigstore_tuf::Error) -> TufError {
        TufError::Root { mirror: self.url().to_owned(), detail: quotable(&causes(error)) }
    }

    fn refused(&self, detail: String) -> TufError {
        TufError::NotAccepted { mirror: self.url().to_owned(), detail: with_spoken_times(&detail) }
    }

    fn not_accepted(&self, error: sigstore_tuf::Error) -> TufError {
        if let sigstore_tuf::Error::Transport { source: Some(source), .. } = &error
            && let Some(error) = source.downcast_ref::<ServiceError>()
        {
            return TufError::Service(error.clone());
        }
        self.refused(quotable(&causes(&error)))
    }

    /// Waits for the lock, at most for the time limit of calls.
    async fn lock(&self, http: &Http) -> Result<cache::Lock, TufError> {
        let http = http.bounded();
        loop {
            if let Some(lock) = self.cache.try_lock()? {
                return Ok(lock);
            }
            if !http.wait(LOCK_PAUSE).await {
                return Err(TufError::Locked(self.cache.file().to_owned()));
            }
        }
    }
}

/// Whether two addresses are the same, apart from slashes at the end.
fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
