//! The local Sigstore: a private instance in one process on one loopback port, with its state in one folder.
//!
//! It has an OpenID issuer, Fulcio, a CT log, Rekor v1 and v2, an RFC 3161 timestamp authority and a TUF repository. It is for trying paraph
//! out, for tests, and for machines without a network. It must not serve other machines: anyone who can read its folder can impersonate anyone to
//! users who trust the instance.
//!
//! Every web page and every user of the machine can reach a loopback port. So each request must name this server as its host, requests of other
//! origins are refused, and an identity is given only to a program that proves its knowledge of the access code in the folder, or for a login
//! code made from it.
//!
//! `settings`, `keys`, `log` and the other files of the folder are at the bottom. `services` is the state of all handlers. Each service has a file
//! with its routes and handlers, and `router` puts them together behind `guard`.

mod access;
mod answer;
mod api_error;
mod authority;
mod authorization;
mod canonical_body;
mod clock;
mod ct;
mod device;
mod error;
mod faults;
mod files;
mod folder;
mod fulcio;
mod guard;
mod invalid_entry;
mod issuer;
mod keys;
mod lock;
mod log;
mod login_page;
mod oauth;
mod openid;
mod proposed_entry;
mod proposed_envelope;
mod protobuf_json;
mod rekor1;
mod rekor2;
mod request;
mod router;
mod routing;
mod search_index;
mod server;
mod services;
mod sessions;
mod settings;
mod timestamp;
mod token;
mod token_endpoint;
mod token_key;
mod tokens;
mod tree;
mod trust;
mod tuf;
mod tuf_endpoint;
mod verifiers;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use jiff::Timestamp;

pub(crate) use clock::Clock;
pub use error::LocalError;
pub use faults::Fault;
pub use faults::Service;
pub(crate) use folder::InitOptions;
pub use guard::Observer;
pub use sessions::Logins;
pub use token::Job;
pub(crate) use token_key::TokenAlgorithm;

use folder::InstanceFolder;
use lock::{FolderLock, Holder};
use server::Listener;
use services::LocalServices;
use token::{Claims, Email};

/// The validity period of Fulcio's certificates, in seconds.
pub(crate) const CERTIFICATE_LIFETIME: i64 = 600;

/// An instance in its folder, not served yet.
#[derive(Debug)]
pub struct Instance {
    folder: InstanceFolder,
}

/// Options of [`Instance::listen`].
#[derive(Clone)]
pub struct ServeOptions {
    /// The validity period of certificates, in seconds.
    pub certificate_lifetime: i64,
    /// The faults that a test orders.
    pub faults: Vec<Fault>,
    /// The services' clock.
    pub clock: Clock,
    /// Called with each answer; for measurements.
    pub observer: Option<Observer>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self { certificate_lifetime: CERTIFICATE_LIFETIME, faults: Vec::new(), clock: Arc::new(Timestamp::now), observer: None }
    }
}

impl std::fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeOptions")
            .field("certificate_lifetime", &self.certificate_lifetime)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Creates an instance with new keys and a free port. The folder must not exist, or be empty and private.
    ///
    /// # Errors
    /// Where the folder holds something, is accessible to other users, or cannot be written.
    pub fn init(folder: &Path) -> Result<Self, LocalError> {
        Self::init_with(folder, &InitOptions::default())
    }

    /// Creates an instance with these options.
    ///
    /// # Errors
    /// As [`Instance::init`].
    pub fn init_with(folder: &Path, options: &InitOptions) -> Result<Self, LocalError> {
        InstanceFolder::create(folder, options)?;
        Self::open(folder)
    }

    /// Reads the instance in a folder.
    ///
    /// # Errors
    /// Where there is none, it is damaged, or other users can access its keys.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        InstanceFolder::open(folder).map(|folder| Self { folder })
    }

    /// The instance's folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// The base URL of all services, which is also the issuer's URL.
    pub fn url(&self) -> String {
        self.folder.settings.url()
    }

    /// The URL of the TUF repository, for clients that fetch trust from a mirror.
    pub fn tuf_url(&self) -> String {
        format!("{}/tuf/", self.url())
    }

    /// Sigstore's `TrustedRoot`.
    pub fn trusted_root_json(&self) -> &str {
        &self.folder.trusted_root
    }

    /// Sigstore's `SigningConfig` v0.2.
    pub fn signing_config_json(&self) -> &str {
        &self.folder.signing_config
    }

    /// The path of a file for clients: `trusted_root.json`, `signing_config.json`, `client_trust_config.json`,
    /// `fulcio-chain.pem`, `tsa-chain.pem`, `rekor.pub`, `rekor2.pub`, `ct.pub`, `env`, `access-code`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path.join(name)
    }

    /// The secret with which paraph's client logs in.
    pub fn access_code(&self) -> &str {
        &self.folder.access_code
    }

    /// A code for one login on the issuer's pages, valid for two minutes.
    ///
    /// # Errors
    /// If random bytes cannot be had.
    pub fn login_code(&self) -> Result<String, LocalError> {
        self.login_code_at(Timestamp::now())
    }

    /// A code for one login, made at this time.
    ///
    /// # Errors
    /// As [`Instance::login_code`].
    pub fn login_code_at(&self, now: Timestamp) -> Result<String, LocalError> {
        access::login_code(self.access_code(), &self.url(), now)
    }

    /// An ID token for an address, as the issuer would give it now.
    ///
    /// # Errors
    /// [`LocalError::Identity`] where no certificate can name the address.
    pub fn identity_token(&self, email: &str) -> Result<String, LocalError> {
        self.identity_token_at(email, Timestamp::now())
    }

    /// An ID token for an address, as the issuer would give it at this time.
    ///
    /// # Errors
    /// As [`Instance::identity_token`].
    pub fn identity_token_at(&self, email: &str, now: Timestamp) -> Result<String, LocalError> {
        token::mint(&Claims::new(&self.url(), &Email::new(email)?, None, token::LIFETIME, now), &self.folder.keys.issuer)
    }

    /// An ID token for a CI job, as a CI system's issuer would give it now.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub fn job_token(&self, job: Job) -> Result<String, LocalError> {
        token::mint(&Claims::of_job(&self.url(), job, Timestamp::now()), &self.folder.keys.issuer)
    }

    /// The number of logins and renewals at the issuer since the instance was created.
    ///
    /// # Errors
    /// Where the record of logins cannot be read.
    pub fn logins(&self) -> Result<Logins, LocalError> {
        Logins::read(self.folder())
    }

    /// The process that serves the folder, if any, to show it.
    pub fn served_by(folder: &Path) -> Option<u32> {
        Self::server(folder).and_then(Holder::shown)
    }

    /// The server of the folder, if any.
    pub(crate) fn server(folder: &Path) -> Option<Holder> {
        FolderLock::holder(folder)
    }

    /// Takes the folder's lock and the port. From here on the connections of clients wait and are not refused.
    ///
    /// # Errors
    /// [`LocalError::InUse`], [`LocalError::Port`], or [`LocalError::Damaged`].
    pub fn listen(self, options: ServeOptions) -> Result<Server, LocalError> {
        let lock = FolderLock::take(&self.folder.path, &self.url())?;
        let listener = Listener::bind(self.folder.settings.port)?;
        let services = LocalServices::open(self.folder, options.certificate_lifetime, options.faults.into(), options.clock)?;
        Ok(Server { listener, services: Arc::new(services), observer: options.observer, _lock: lock })
    }

    /// Serves until the process ends. It needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// As [`Instance::listen`].
    pub async fn serve(self, options: ServeOptions) -> Result<(), LocalError> {
        self.listen(options)?.run().await
    }

    /// Serves on a thread of its own until the returned value is dropped: for tests and demonstrations.
    ///
    /// # Errors
    /// As [`Instance::listen`].
    pub fn start(self, options: ServeOptions) -> Result<Running, LocalError> {
        self.listen(options)?.start()
    }
}

/// A server that holds its folder's lock and its port.
pub struct Server {
    listener: Listener,
    services: Arc<LocalServices>,
    observer: Option<Observer>,
    _lock: FolderLock,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("services", &self.services).finish_non_exhaustive()
    }
}

impl Server {
    /// The base URL.
    pub fn url(&self) -> &str {
        &self.services.url
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run(self) -> Result<(), LocalError> {
        self.run_until(std::future::pending()).await
    }

    /// Serves until `stop` is ready.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), LocalError> {
        self.listener.serve(self.services, self.observer, stop).await
    }

    fn start(self) -> Result<Running, LocalError> {
        let runtime = crate::service::runtime().map_err(LocalError::file("start a runtime for", &self.services.folder.path))?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let url = self.url().to_owned();
        let thread = std::thread::spawn(move || {
            runtime.block_on(self.run_until(async move { _ = stopped.await })).unwrap_or_default();
        });
        Ok(Running { url, stop: Some(stop), thread: Some(thread) })
    }
}

/// A server on a thread of its own. Dropping it stops the server and waits for it.
#[derive(Debug)]
pub struct Running {
    url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// The base URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
