//! All services of one instance over its state, and the table of their URLs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, header};
use jiff::Timestamp;

use super::{
    answer::{Answer, Call, Grpc},
    ct,
    error::LocalError,
    faults::{Fault, Service},
    fulcio,
    issuer::Issuer,
    log::{Log, Proof},
    rekor1, rekor2,
    state::{State, ct_identity, rekor1_identity, rekor2_identity, sweep},
    timestamp, tuf,
};
use crate::certificate::Certificate;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The running services. Each log is behind one lock: appends are one after the other.
pub struct Services {
    /// The folder, its keys and files.
    pub state: State,
    /// The base URL and issuer.
    pub url: String,
    /// Fulcio's intermediate.
    pub fulcio_certificate: Certificate,
    /// The timestamp authority's leaf.
    pub timestamp_certificate: Certificate,
    /// How long leaves live, in seconds.
    pub certificate_lifetime: i64,
    issuer: Issuer,
    faults: Vec<Fault>,
    clock: Clock,
    ct: Mutex<Log>,
    rekor1: Mutex<Log>,
    rekor2: Mutex<Log>,
    /// Taken after `rekor1` where both are.
    search_index: Mutex<rekor1::Index>,
    /// Of the TUF repository's timestamp file.
    tuf: Mutex<()>,
}

impl Services {
    /// Opens the logs. The caller holds the folder's lock.
    pub fn open(state: State, certificate_lifetime: i64, faults: Vec<Fault>, clock: Clock) -> Result<Self, LocalError> {
        let logs = state.logs();
        let first = |chain: &[Vec<u8>], name: &str| {
            let certificate = chain.first().and_then(|der| Certificate::from_der(der).ok());
            certificate.ok_or_else(|| LocalError::damaged(&state.folder.join(name), "its first certificate is malformed"))
        };
        for folder in [&state.folder, &logs, &state.folder.join("tuf")] {
            sweep(folder);
        }
        let keys = &state.keys;
        Ok(Self {
            url: state.settings.url(),
            fulcio_certificate: first(&state.fulcio_chain, "fulcio-chain.pem")?,
            timestamp_certificate: first(&state.timestamp_chain, "tsa-chain.pem")?,
            certificate_lifetime,
            issuer: Issuer::open(&state.settings.url(), state.access_code.clone(), &faults, &state.folder)?,
            faults,
            clock,
            ct: Mutex::new(Log::open(&logs, "ct", ct_identity(keys.ct.clone()))?),
            rekor1: Mutex::new(Log::open(&logs, "rekor1", rekor1_identity(keys.rekor1.clone(), &state.settings))?),
            rekor2: Mutex::new(Log::open(&logs, "rekor2", rekor2_identity(keys.rekor2.clone()))?),
            search_index: Mutex::default(),
            tuf: Mutex::default(),
            state,
        })
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether a fault was ordered.
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The CT log.
    pub fn ct(&self) -> MutexGuard<'_, Log> {
        lock(&self.ct)
    }

    /// The Rekor v1 log.
    pub fn rekor1(&self) -> MutexGuard<'_, Log> {
        lock(&self.rekor1)
    }

    /// The Rekor v2 log.
    pub fn rekor2(&self) -> MutexGuard<'_, Log> {
        lock(&self.rekor2)
    }

    /// What Rekor v1 is searched by.
    pub fn search_index(&self) -> MutexGuard<'_, rekor1::Index> {
        lock(&self.search_index)
    }

    /// Spoils a proof where a fault says so.
    pub fn spoil(&self, proof: &mut Proof) {
        if self.has(Fault::BadProof) {
            match proof.hashes.first_mut() {
                Some(hash) => hash.iter_mut().for_each(|byte| *byte ^= 1),
                None => proof.hashes.push([7; 32]),
            }
        }
        if self.has(Fault::BadCheckpoint) {
            // another root under the old signature
            let lines: Vec<&str> = proof.checkpoint.splitn(4, '\n').collect();
            if let [origin, size, _, rest] = lines.as_slice() {
                proof.checkpoint = format!("{origin}\n{size}\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n{rest}");
            }
        }
    }

    /// The service that a path belongs to, for faults.
    pub fn service_of(path: &str) -> Option<Service> {
        Some(match path {
            "/auth" | "/token" | "/revoke" | "/device" | "/device/code" | "/keys" | "/.well-known/openid-configuration" => Service::Issuer,
            "/api/v2/signingCert" | "/api/v2/trustBundle" | "/api/v2/configuration" | "/api/v1/signingCert" | "/api/v1/rootCert" => {
                Service::Fulcio
            }
            _ if path.starts_with("/api/v1/timestamp") => Service::Tsa,
            _ if path.starts_with("/api/v1/") || path.starts_with("/api/v2/") => Service::Rekor,
            _ if path.starts_with("/tuf/") => Service::Tuf,
            _ => return None,
        })
    }

    /// Answers a request.
    pub fn answer(&self, call: &Call) -> Answer {
        self.route(call).unwrap_or_else(|error| {
            let status = if matches!(error, LocalError::Full(_)) { 503 } else { 500 };
            match Self::service_of(&call.path) {
                Some(Service::Fulcio) => Answer::grpc_error(Grpc::Internal, &error.to_string()),
                Some(Service::Rekor) if call.path.starts_with("/api/v2/") => Answer::grpc_error(Grpc::Internal, &error.to_string()),
                _ => Answer::api_error(status, status, &error.to_string()),
            }
        })
    }

    fn route(&self, call: &Call) -> Result<Answer, LocalError> {
        if Self::service_of(&call.path).is_some_and(|service| self.has(Fault::Down(service))) {
            return Ok(Answer::text(502, "Bad Gateway"));
        }
        let answer = match Self::service_of(&call.path) {
            Some(Service::Issuer) => self.issuer(call)?,
            Some(Service::Fulcio) => self.fulcio(call)?.with(header::VARY, "Origin"),
            Some(Service::Tsa) => timestamp::answer(self, call)?.with(header::VARY, "Origin"),
            Some(Service::Rekor) if call.path.starts_with("/api/v1/") => rekor1::answer(self, call)?.with(header::VARY, "Origin"),
            Some(Service::Rekor) => rekor2::answer(self, call)?,
            Some(Service::Tuf) => self.tuf(call)?,
            None => self.other(call)?,
        };
        Ok(answer)
    }

    fn issuer(&self, call: &Call) -> Result<Answer, LocalError> {
        let key = &self.state.keys.issuer;
        match (call.path.as_str(), &call.method) {
            ("/.well-known/openid-configuration", &Method::GET) => Ok(self.issuer.discovery()),
            ("/keys", &Method::GET) => Ok(self.issuer.keys(key)),
            ("/auth", &Method::GET | &Method::POST) => self.issuer.authorize(call, self.now()),
            ("/token", &Method::POST) => self.issuer.token(call, key, self.now()),
            ("/revoke", &Method::POST) => self.issuer.revoke(call),
            ("/device/code", &Method::POST) if !self.has(Fault::NoDevice) => self.issuer.authorize_device(call, self.now()),
            ("/device", &Method::GET | &Method::POST) => self.issuer.device_page(call, self.now()),
            _ => Ok(Answer::text(405, "Method Not Allowed")),
        }
    }

    fn fulcio(&self, call: &Call) -> Result<Answer, LocalError> {
        match (call.path.as_str(), &call.method) {
            ("/api/v2/signingCert", &Method::POST) => fulcio::signing_cert_v2(self, call),
            ("/api/v1/signingCert", &Method::POST) => fulcio::signing_cert_v1(self, call),
            ("/api/v2/trustBundle", &Method::GET) => Ok(fulcio::trust_bundle(self)),
            ("/api/v2/configuration", &Method::GET) => Ok(fulcio::configuration(self)),
            ("/api/v1/rootCert", &Method::GET) => Ok(fulcio::root_cert(self)),
            _ => Ok(Answer::grpc_error(Grpc::Unimplemented, "Method Not Allowed")),
        }
    }

    fn tuf(&self, call: &Call) -> Result<Answer, LocalError> {
        if call.method != Method::GET {
            return Ok(Answer::text(405, "Method Not Allowed"));
        }
        let path = call.path.strip_prefix("/tuf/").unwrap_or_default();
        let _renewing = lock(&self.tuf);
        Ok(match tuf::file(&self.state.folder.join("tuf"), path, &self.state.keys, self.now())? {
            Some(file) => Answer::new(200, "application/json", file).with(header::CACHE_CONTROL, "no-cache"),
            None => Answer::text(404, "Not Found"),
        })
    }

    fn other(&self, call: &Call) -> Result<Answer, LocalError> {
        let get = call.method == Method::GET;
        match call.path.as_str() {
            "/healthz" if get => Ok(Answer::json(200, &serde_json::json!({ "status": "SERVING" }))),
            "/ping" if get => Ok(Answer::new(200, "text/plain", ".").with(header::VARY, "Origin")),
            path => match path.strip_prefix("/ct/ct/v1/") {
                Some(method) if get => Ok(ct::read(self, call, method)?.with(header::VARY, "Origin")),
                _ => Ok(Answer::grpc_error(Grpc::NotFound, "Not Found").with(header::VARY, "Origin")),
            },
        }
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("url", &self.url).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// A panic while the lock was held would have left files and memory as consistent as a crash does: the next append finds out.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
