//! One run of the TUF workflow: the transport, and the store of verified files in memory. It knows no particular target.
//!
//! A mirror chooses names: role names, hashes and versions are in its metadata. The crate percent-encodes role names. This module sends no
//! request for a path with other characters, and keeps files in a map, so that no name becomes a path on this machine.

use super::super::{Call, Http, Service, ServiceError, endpoint, quotable};
use sigstore_tuf::{
    MetadataStore, Repository, TrustedMetadataSet, Updater,
    transport::{FetchFuture, UpdaterConfig},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The largest target that is read, in bytes.
const MAX_TARGET: u64 = 4 << 20;
/// The longest name that a mirror may choose for a file, in bytes.
const MAX_NAME: usize = 1024;
/// How much of delegated roles and targets is stored, in bytes. The next refresh needs none of it.
const MAX_OPTIONAL: usize = 8 << 20;
/// The largest version of a first root. Its successors count from there.
const MAX_FIRST_VERSION: u64 = 1 << 53;

/// The files of the workflow by name.
pub type Files = BTreeMap<String, String>;

/// The addresses of a TUF repository.
#[derive(Debug, Clone)]
pub struct RepositoryAddress {
    /// Where metadata is.
    pub metadata: String,
    /// Where targets are.
    pub targets: String,
}

/// A TUF client with the verified files of earlier runs.
#[derive(Debug)]
pub struct MetadataClient {
    updater: Updater,
    store: Store,
}

impl MetadataClient {
    /// A client that begins with `first_root` and continues with `files` of an earlier run, which it verifies again.
    ///
    /// # Errors
    /// If the first root is not valid.
    pub fn new(http: &Http, address: RepositoryAddress, first_root: &[u8], files: Files) -> sigstore_tuf::Result<Self> {
        check_first_root(first_root)?;
        let mut config = UpdaterConfig::default();
        config.target_max_length = MAX_TARGET;
        let store = Store::new(files);
        let updater = Updater::new(OverHttp { http: http.clone(), address }, first_root)?.with_config(config).with_store(store.clone());
        Ok(Self { updater, store })
    }

    /// Fetches and verifies newer metadata.
    ///
    /// # Errors
    /// If something is missing or not accepted. What was verified before is among [`MetadataClient::files`].
    pub async fn refresh(&mut self, now: jiff::Timestamp) -> sigstore_tuf::Result<()> {
        self.updater.refresh(now).await
    }

    /// The content of a target; `None` if no role vouches for it. Needs a refresh before.
    ///
    /// # Errors
    /// If a delegated role or the target is missing or not accepted.
    pub async fn target(&mut self, name: &str, now: jiff::Timestamp) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let Some(target) = self.updater.get_target_info(name, now).await? else { return Ok(None) };
        match self.updater.find_cached_target(&target, name) {
            Some(bytes) => Ok(Some(bytes)),
            None => self.updater.download_target(&target, name).await.map(Some),
        }
    }

    /// The verified metadata.
    pub(super) fn trusted(&self) -> &TrustedMetadataSet {
        self.updater.trusted()
    }

    /// The files for the next run: all that was verified, whether or not the run succeeded.
    pub fn files(&self) -> Files {
        self.store.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Checks a root from which trust begins.
///
/// # Errors
/// If it is not valid or too large.
pub(super) fn check_first_root(root: &[u8]) -> sigstore_tuf::Result<()> {
    if root.len() as u64 > UpdaterConfig::default().root_max_length {
        return Err(malformed("the root is too large"));
    }
    let version = TrustedMetadataSet::from_root(root)?.root().version;
    if version > MAX_FIRST_VERSION { Err(malformed("the root's version is too large")) } else { Ok(()) }
}

fn malformed(what: impl Into<String>) -> sigstore_tuf::Error {
    sigstore_tuf::Error::Malformed(what.into())
}

/// The repository's files for the workflow.
struct OverHttp {
    http: Http,
    address: RepositoryAddress,
}

impl OverHttp {
    async fn get(&self, url: url::Url, limit: u64) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let call = Call { max_answer: usize::try_from(limit).unwrap_or(usize::MAX), ..Call::get(Service::TufMirror, url) };
        let answer = self.http.send(&call).await.map_err(failed)?;
        match answer.status.as_u16() {
            200 => Ok(Some(answer.body)),
            // object stores answer 403 for missing files
            403 | 404 => Ok(None),
            _ => Err(failed(answer.refused())),
        }
    }

    /// The address of a metadata file, whose name is percent-encoded already.
    fn metadata_url(&self, name: &str) -> sigstore_tuf::Result<url::Url> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
        // a name with ".json" at its end is not one of the two that an address resolves
        if name.len() > MAX_NAME || !name.ends_with(".json") || !name.bytes().all(plain) {
            return Err(malformed(format!("a metadata file has the name {}", quotable(name))));
        }
        endpoint(Service::TufMirror, &self.address.metadata, name).map_err(failed)
    }

    /// The address of a target. Each part of its path is percent-encoded here.
    fn target_url(&self, path: &str) -> sigstore_tuf::Result<url::Url> {
        let refused = || malformed(format!("a target has the path {}", quotable(path)));
        let is_part = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && !part.contains(['\\', '\0']);
        if path.len() > MAX_NAME || !path.split('/').all(is_part) {
            return Err(refused());
        }
        let mut url = endpoint(Service::TufMirror, &self.address.targets, "").map_err(failed)?;
        url.path_segments_mut().map_err(|()| refused())?.pop_if_empty().extend(path.split('/'));
        Ok(url)
    }
}

fn failed(error: ServiceError) -> sigstore_tuf::Error {
    sigstore_tuf::Error::transport_with_source("the mirror cannot be read", error)
}

impl Repository for OverHttp {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.get(self.metadata_url(name)?, max_length).await })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.get(self.target_url(path)?, max_length).await })
    }
}

/// The workflow's store, in memory until the caller writes it as a whole.
#[derive(Debug, Clone)]
struct Store(Arc<Mutex<Files>>);

impl Store {
    fn new(files: Files) -> Self {
        Self(Arc::new(Mutex::new(files)))
    }
}

/// Whether the next refresh needs this file, to notice a rollback.
fn is_floor(name: &str) -> bool {
    matches!(name, "timestamp.json" | "snapshot.json" | "targets.json") || is_root(name)
}

/// Whether the file is a root. A mirror can choose no such name: the names of delegated roles have their slashes encoded.
pub(super) fn is_root(name: &str) -> bool {
    name == "root.json" || name.starts_with("root_history/")
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|text| text.clone().into_bytes()))
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if name == "snapshot.json" {
            // it was stored with its version before, under a name that nothing reads
            files.retain(|known, content| !(is_versioned_snapshot(known) && content == text));
        }
        let optional =
            |files: &Files| files.iter().filter(|(known, _)| !is_floor(known) && *known != name).map(|(_, text)| text.len()).sum();
        if is_floor(name) || text.len().saturating_add(optional(&files)) <= MAX_OPTIONAL {
            files.insert(name.to_owned(), text.to_owned());
        } else {
            files.remove(name);
        }
        Ok(())
    }
}

/// Whether a name is a version and `.snapshot.json`. A delegated role may have such a name too.
fn is_versioned_snapshot(name: &str) -> bool {
    let version = name.strip_suffix(".snapshot.json");
    version.is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::patient;

    #[test]
    fn every_role_name_is_stored_and_the_snapshot_once() {
        let store = Store::new(Files::new());
        for name in
            ["..%2Fdelegatedrole.json", ".json", "..json", "1.json", "1.x.json", "7.snapshot.json", "%3F.json", "Role.json", "role.json"]
        {
            store.store(name, name.as_bytes()).unwrap();
        }
        store.store("3.snapshot.json", b"the snapshot").unwrap();
        store.store("snapshot.json", b"the snapshot").unwrap();
        let files = store.0.lock().unwrap().clone();
        assert_eq!(files.len(), 10, "{files:?}");
        assert!(files.contains_key("snapshot.json") && !files.contains_key("3.snapshot.json") && files.contains_key("7.snapshot.json"));
    }

    #[test]
    fn what_a_mirror_adds_cannot_fill_the_cache_and_what_guards_against_rollback_is_stored_all_the_same() {
        let store = Store::new(Files::new());
        let large = vec![b' '; 3 << 20];
        for name in ["a.json", "b.json", "c.json", "targets/x", "a.json", "root_history/1.root.json", "targets.json", "root.json"] {
            store.store(name, &large).unwrap();
        }
        let files = store.0.lock().unwrap().clone();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["a.json", "b.json", "root.json", "root_history/1.root.json", "targets.json"]);
    }

    #[test]
    fn a_name_that_a_mirror_chooses_stays_below_the_repositorys_address() {
        let address = RepositoryAddress { metadata: "http://127.0.0.1:1/m".into(), targets: "http://127.0.0.1:1/t/".into() };
        let over = OverHttp { http: patient(), address };
        let long = format!("{}.json", "x".repeat(MAX_NAME));
        for name in ["../x.json", "/x.json", "x?.json", "x#.json", "x\0.json", "x\\y.json", "a b.json", "é.json", "..", "x", "", &long] {
            assert!(over.metadata_url(name).is_err(), "{name}");
        }
        for (name, path) in
            [("1.root.json", "/m/1.root.json"), ("2...%2Frole.json", "/m/2...%2Frole.json"), ("..%2F.json", "/m/..%2F.json")]
        {
            assert_eq!(over.metadata_url(name).unwrap().path(), path);
        }
        let long = "x".repeat(MAX_NAME + 1);
        for path in ["../x", "a/../x", "/x", "a//x", "a/", ".", "..", "", "a\\b", "a\0", "../../etc.name", &long] {
            assert!(over.target_url(path).is_err(), "{path}");
        }
        for (name, path) in [("a/ab12.b", "/t/a/ab12.b"), ("?x#y", "/t/%3Fx%23y"), ("%2e%2e", "/t/%252e%252e"), ("..x", "/t/..x")] {
            assert_eq!(over.target_url(name).unwrap().path(), path);
        }
    }
}
