//! The search for an entry in the logs of Rekor v1 that the trust roots name.

use crate::{
    Reason, Rejection,
    evidence::detached::DetachedEntry,
    service::{Cause, Http, ServiceError, runtime, search::look_up},
    trust::TrustRoot,
    verify::LookupKeys,
};
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::runtime::Runtime;

/// The logs to ask, and the clients to ask them with.
#[derive(Debug)]
pub(crate) struct Lookup {
    logs: Vec<String>,
    http: Http,
    runtime: OnceLock<std::io::Result<Runtime>>,
    /// Why the logs are not asked again in this run.
    abandoned: Mutex<Option<ServiceError>>,
}

impl Lookup {
    /// Asks the logs that these roots name.
    pub(crate) fn new(http: Http, roots: &[TrustRoot]) -> Self {
        let mut logs: Vec<String> = roots.iter().flat_map(TrustRoot::searchable_logs).map(str::to_owned).collect();
        logs.dedup();
        Self { logs, http, runtime: OnceLock::new(), abandoned: Mutex::default() }
    }

    /// What the logs have about a signature: at least one entry, not verified.
    pub(super) fn entries(&self, keys: &LookupKeys) -> Result<Vec<DetachedEntry>, Rejection> {
        let failed = |why: String| Rejection::new(Reason::LookupFailed, why);
        if self.logs.is_empty() {
            return Err(failed("the trust root names no address of a log of Rekor v1".into()));
        }
        if let Some(error) = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Err(failed(error.to_string()));
        }
        let runtime = self.runtime.get_or_init(runtime).as_ref();
        let runtime = runtime.map_err(|error| failed(format!("network calls cannot be started: {error}")))?;
        let found = runtime.block_on(look_up(&self.http, &self.logs, &keys.digests, &keys.certificate)).map_err(|error| {
            // waiting for the same silent log once for each object would take hours
            if is_lasting(error.cause()) {
                *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            }
            failed(error.to_string())
        })?;
        let (mut entries, mut refused) = (Vec::new(), None);
        for entry in found {
            match DetachedEntry::new(entry) {
                Ok(entry) => entries.push(entry),
                Err(rejection) => refused = refused.or(Some(rejection)),
            }
        }
        match (entries.is_empty(), refused) {
            (false, _) => Ok(entries),
            (true, Some(rejection)) => Err(rejection),
            (true, None) => Err(Rejection::new(Reason::EntryNotFound, format!("asked at {}", self.logs.join(" and ")))),
        }
    }

    /// What the clients noticed, in sentences. Each is returned once.
    pub(super) fn take_warnings(&self) -> Vec<String> {
        self.http.take_warnings()
    }
}

/// Whether the next call would most likely fail for the same cause.
fn is_lasting(cause: &Cause) -> bool {
    use Cause::{Address, Budget, Client, Deadline, Unavailable, Unreachable, Untrusted};
    matches!(cause, Address(_) | Client(_) | Unreachable(_) | Untrusted(_) | Deadline(_) | Budget(_) | Unavailable { .. })
}
