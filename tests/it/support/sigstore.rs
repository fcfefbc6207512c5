//! A local Sigstore for one test, and a sandbox whose git signs with it.

use super::sandbox::Sandbox;
use paraph::internals::local::{Instance, LocalError, Running, ServeOptions};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Whom the sandbox's git commits as, and the local issuer logs in.
pub const EMAIL: &str = "ann@example.com";

/// A running local Sigstore with its files.
pub struct Sigstore {
    running: Option<Running>,
    pub folder: PathBuf,
    pub url: String,
    pub trusted_root: String,
    _directory: tempfile::TempDir,
}

impl Sigstore {
    pub fn start() -> Self {
        Self::with(ServeOptions::default())
    }

    pub fn with(options: ServeOptions) -> Self {
        loop {
            let directory = tempfile::tempdir().unwrap();
            let folder = directory.path().join("local");
            let instance = Instance::init(&folder).unwrap();
            let (url, trusted_root) = (instance.url(), instance.trusted_root_json().to_owned());
            match instance.start(options.clone()) {
                Ok(running) => return Self { running: Some(running), folder, url, trusted_root, _directory: directory },
                // between drawing the port and taking it another test can have been faster
                Err(LocalError::Port { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Ends the services.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts the services anew, at the same address and with what they had.
    pub fn restart(&mut self, options: ServeOptions) {
        self.stop();
        let deadline = Instant::now() + Duration::from_secs(30);
        self.running = loop {
            match Instance::open(&self.folder).unwrap().start(options.clone()) {
                Ok(running) => break Some(running),
                // a process that another test is just starting holds the lock's descriptor until it is another program
                Err(LocalError::InUse { .. }) if Instant::now() < deadline => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
    }

    /// An identity token of its issuer.
    pub fn token(&self, email: &str) -> String {
        Instance::open(&self.folder).unwrap().identity_token(email).unwrap()
    }

    /// A code for one login on its pages.
    pub fn login_code(&self) -> String {
        Instance::open(&self.folder).unwrap().login_code().unwrap()
    }

    /// A file of its folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Has the sandbox's git sign with paraph and this instance.
    pub fn configure(&self, sandbox: &Sandbox) {
        for (key, value) in [
            ("user.name", "Ann"),
            ("user.email", EMAIL),
            ("gpg.format", "x509"),
            ("gpg.x509.program", &sandbox.program),
            ("paraph.instance", "local"),
            ("paraph.local.trustedRoot", &self.file("trusted_root.json")),
            ("paraph.local.signingConfig", &self.file("signing_config.json")),
            ("paraph.local.accessCodeFile", &self.file("access-code")),
        ] {
            sandbox.git(&["config", "--global", key, value]);
        }
    }

    /// Lists an identity of this instance as allowed.
    pub fn allow(&self, sandbox: &Sandbox, email: &str) {
        let file = sandbox.home().join("allowed-identities");
        std::fs::write(&file, format!("{email} {} instance=local\n", self.url)).unwrap();
        sandbox.git(&["config", "--global", "paraph.allowedIdentities", file.to_str().unwrap()]);
    }

    /// A repository with a commit for each message, signed by an allowed identity.
    pub fn signed_history(&self, messages: &[&str]) -> Sandbox {
        let sandbox = Sandbox::with_repository();
        self.configure(&sandbox);
        self.allow(&sandbox, EMAIL);
        for message in messages {
            sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", message]);
        }
        sandbox
    }
}
