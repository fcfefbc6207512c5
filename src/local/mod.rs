//! The local instance: a private Sigstore in one process, on one loopback port, its state in one folder.
//!
//! An OpenID issuer, Fulcio, a CT log, Rekor v1 and v2, an RFC 3161 timestamp authority and a TUF repository, for trying paraph out, for
//! tests and for machines without a network. It is not for serving other machines: whoever can read its folder can sign as anybody.
//!
//! Any web page and any user of the machine can reach a loopback port, so every request must name our host, a foreign origin is refused,
//! and an identity is given only to who knows the access code that lies in the folder.

mod answer;
mod authority;
mod ct;
mod device;
mod error;
mod faults;
mod fulcio;
mod grant;
mod issuer;
mod keys;
mod log;
mod login;
mod rekor1;
mod rekor2;
mod server;
mod services;
mod sessions;
mod state;
mod timestamp;
mod token;
mod tree;
mod trust;
mod tuf;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use jiff::Timestamp;

pub use error::LocalError;
pub use faults::{Fault, Service, UnknownFault};
pub use issuer::ACCESS_CODE_HEADER;
pub use keys::Algorithm;
pub use server::Observer;
pub use services::Clock;
pub use sessions::Logins;
pub use state::InitOptions;

use server::Listener;
use services::Services;
use state::{Lock, State};
use token::{Claims, Email};

/// Fulcio's certificates live ten minutes.
pub const CERTIFICATE_LIFETIME: i64 = 600;

/// An instance in its folder, not served yet.
#[derive(Debug)]
pub struct Instance {
    state: State,
}

/// How to serve.
#[derive(Clone)]
pub struct ServeOptions {
    /// The life of certificates in seconds; for tests.
    pub certificate_lifetime: i64,
    /// Faults that a test ordered.
    pub faults: Vec<Fault>,
    /// Tells the services the time.
    pub clock: Clock,
    /// Hears of each answer; for measurements.
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
    /// Creates an instance in a folder that does not exist or is empty: draws its port and makes its keys.
    ///
    /// # Errors
    /// Where the folder holds anything, is not the user's alone, or cannot be written.
    pub fn init(folder: &Path) -> Result<Self, LocalError> {
        Self::init_with(folder, &InitOptions::default())
    }

    /// The same with choices.
    ///
    /// # Errors
    /// As [`Instance::init`].
    pub fn init_with(folder: &Path, options: &InitOptions) -> Result<Self, LocalError> {
        State::create(folder, options)?;
        Self::open(folder)
    }

    /// Reads the instance in a folder.
    ///
    /// # Errors
    /// Where there is none, it is damaged, or others can reach its keys.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        State::open(folder).map(|state| Self { state })
    }

    /// The instance's folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.state.folder
    }

    /// The base URL of all services, which is also the issuer in certificates.
    pub fn url(&self) -> String {
        self.state.settings.url()
    }

    /// The URL of the TUF repository, for clients that fetch trust from a mirror.
    pub fn tuf_url(&self) -> String {
        format!("{}/tuf/", self.url())
    }

    /// Sigstore's `TrustedRoot`.
    pub fn trusted_root_json(&self) -> &str {
        &self.state.trusted_root
    }

    /// Sigstore's `SigningConfig` v0.2.
    pub fn signing_config_json(&self) -> &str {
        &self.state.signing_config
    }

    /// A file of the folder that clients are given: `trusted_root.json`, `signing_config.json`, `client_trust_config.json`,
    /// `fulcio-chain.pem`, `tsa-chain.pem`, `rekor.pub`, `rekor2.pub`, `ct.pub`, `env`, `access-code`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.state.folder.join(name)
    }

    /// What the login page asks for: a secret.
    pub fn access_code(&self) -> &str {
        &self.state.access_code
    }

    /// An identity token for an address, as the issuer would give it now.
    ///
    /// # Errors
    /// [`LocalError::Identity`] where no certificate can name the address.
    pub fn identity_token(&self, email: &str) -> Result<String, LocalError> {
        self.identity_token_at(email, Timestamp::now())
    }

    /// The same at a time.
    ///
    /// # Errors
    /// As [`Instance::identity_token`].
    pub fn identity_token_at(&self, email: &str, now: Timestamp) -> Result<String, LocalError> {
        token::mint(&Claims::new(&self.url(), &Email::new(email)?, None, token::LIFETIME, now), &self.state.keys.issuer)
    }

    /// How often somebody has logged in at the issuer since the folder was made, and how often a login was renewed without anybody.
    ///
    /// # Errors
    /// Where the record cannot be read.
    pub fn logins(&self) -> Result<Logins, LocalError> {
        Logins::read(self.folder())
    }

    /// The process that serves the folder, where one does.
    pub fn served_by(folder: &Path) -> Option<u32> {
        Lock::held_by(folder)
    }

    /// Takes folder and port: from here on a client's connection waits and is not refused.
    ///
    /// # Errors
    /// [`LocalError::InUse`], [`LocalError::Port`], or a log that does not fit its checkpoint.
    pub fn listen(self, options: ServeOptions) -> Result<Server, LocalError> {
        let lock = Lock::take(&self.state.folder)?;
        let listener = Listener::bind(self.state.settings.port)?;
        let services = Services::open(self.state, options.certificate_lifetime, options.faults, options.clock)?;
        Ok(Server { listener, services: Arc::new(services), observer: options.observer, _lock: lock })
    }

    /// Serves until the process ends. It needs a tokio runtime with network and time.
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

/// A server that holds its folder and its port.
pub struct Server {
    listener: Listener,
    services: Arc<Services>,
    observer: Option<Observer>,
    _lock: Lock,
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
        let runtime = crate::service::runtime().map_err(LocalError::file("start a runtime for", &self.services.state.folder))?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let url = self.url().to_owned();
        let thread = std::thread::spawn(move || {
            runtime.block_on(self.run_until(async move { _ = stopped.await })).unwrap_or_default();
        });
        Ok(Running { url, stop: Some(stop), thread: Some(thread) })
    }
}

/// A server on a thread of its own; dropping it stops it and waits for it.
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
