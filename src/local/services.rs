//! The state of the running services, which all handlers share: the folder, the logs, the issuer, the clock and the ordered faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{
    clock::Clock,
    error::LocalError,
    faults::{Fault, Faults},
    files::remove_unfinished,
    folder::InstanceFolder,
    issuer::Issuer,
    log::{Log, ProvenEntry},
    search_index::SearchIndex,
    settings::{ct_identity, rekor1_identity, rekor2_identity},
};
use crate::certificate::Certificate;

/// The running services. Each log has a lock of its own, so appends to it follow each other.
pub(super) struct LocalServices {
    /// The instance's folder: settings, keys and certificate chains.
    pub folder: InstanceFolder,
    /// The base URL of all services, which is also the issuer's URL.
    pub url: String,
    /// Fulcio's intermediate.
    pub fulcio_certificate: Certificate,
    /// The timestamp authority's leaf.
    pub timestamp_certificate: Certificate,
    /// The validity period of leaves, in seconds.
    pub certificate_lifetime: i64,
    /// The OpenID issuer.
    pub issuer: Arc<Issuer>,
    faults: Faults,
    clock: Clock,
    ct: Mutex<Log>,
    rekor1: Mutex<Log>,
    rekor2: Mutex<Log>,
    /// Locked after `rekor1` where both are.
    search_index: Mutex<SearchIndex>,
    /// Guards the TUF repository's timestamp file.
    tuf: Mutex<()>,
}

impl LocalServices {
    /// Opens the logs and the issuer's sessions. The caller holds the folder's lock.
    ///
    /// # Errors
    /// [`LocalError::File`], or [`LocalError::Damaged`] where a file contradicts another.
    pub(super) fn open(folder: InstanceFolder, certificate_lifetime: i64, faults: Faults, clock: Clock) -> Result<Self, LocalError> {
        let logs = folder.logs();
        let first = |chain: &[Vec<u8>], name: &str| {
            let certificate = chain.first().and_then(|der| Certificate::from_der(der).ok());
            certificate.ok_or_else(|| LocalError::damaged(&folder.path.join(name), "its first certificate is malformed"))
        };
        for folder in [&folder.path, &logs, &folder.path.join("tuf")] {
            remove_unfinished(folder);
        }
        let keys = &folder.keys;
        Ok(Self {
            url: folder.settings.url(),
            fulcio_certificate: first(&folder.fulcio_chain, "fulcio-chain.pem")?,
            timestamp_certificate: first(&folder.timestamp_chain, "tsa-chain.pem")?,
            certificate_lifetime,
            issuer: Arc::new(Issuer::open(&folder, faults.clone(), clock.clone())?),
            faults,
            clock,
            ct: Mutex::new(Log::open(&logs, "ct", ct_identity(keys.ct.clone()))?),
            rekor1: Mutex::new(Log::open(&logs, "rekor1", rekor1_identity(keys.rekor1.clone(), &folder.settings))?),
            rekor2: Mutex::new(Log::open(&logs, "rekor2", rekor2_identity(keys.rekor2.clone()))?),
            search_index: Mutex::new(SearchIndex::open(&logs)?),
            tuf: Mutex::default(),
            folder,
        })
    }

    /// The current time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether this fault was ordered.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// The CT log.
    pub(super) fn ct(&self) -> MutexGuard<'_, Log> {
        lock(&self.ct)
    }

    /// The Rekor v1 log.
    pub(super) fn rekor1(&self) -> MutexGuard<'_, Log> {
        lock(&self.rekor1)
    }

    /// The Rekor v2 log.
    pub(super) fn rekor2(&self) -> MutexGuard<'_, Log> {
        lock(&self.rekor2)
    }

    /// The index for searches in the Rekor v1 log.
    pub(super) fn search_index(&self) -> MutexGuard<'_, SearchIndex> {
        lock(&self.search_index)
    }

    /// Keeps two requests from renewing the TUF timestamp at once.
    pub(super) fn tuf_lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.tuf)
    }

    /// Makes a proof invalid where a fault says so.
    pub(super) fn invalidate(&self, entry: &mut ProvenEntry) {
        if self.has(Fault::BadProof) {
            match entry.hashes.first_mut() {
                Some(hash) => hash.iter_mut().for_each(|byte| *byte ^= 1),
                None => entry.hashes.push([7; 32]),
            }
        }
        if self.has(Fault::BadCheckpoint) {
            // another root under the old signature
            let lines: Vec<&str> = entry.checkpoint.splitn(4, '\n').collect();
            if let [origin, size, _, rest] = lines.as_slice() {
                entry.checkpoint = format!("{origin}\n{size}\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n{rest}");
            }
        }
    }
}

impl std::fmt::Debug for LocalServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalServices").field("url", &self.url).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// Locks a mutex. A panic under the lock leaves files and memory as a crash does, and the next append repairs that.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
