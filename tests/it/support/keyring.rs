//! A D-Bus for one test, and keyrings: GNOME's Secret Service on it, and a session keyring of the kernel.

use super::objects::installed;
use std::{
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A bus that starts nothing by itself.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"#;

/// A D-Bus session of its own, without any service.
pub struct Bus {
    folder: tempfile::TempDir,
    daemon: Option<Child>,
}

impl Bus {
    /// Starts it; where it is not at hand, a line says that the test is skipped.
    pub fn start(test: &str) -> Option<Self> {
        if !installed("dbus-daemon", test) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["run", "home"] {
            std::fs::DirBuilder::new().mode(0o700).create(folder.path().join(name)).unwrap();
        }
        let mut bus = Self { folder, daemon: None };
        bus.run();
        Some(bus)
    }

    fn run(&mut self) {
        let configuration = self.folder.path().join("bus.conf");
        std::fs::write(&configuration, BUS.replace("SOCKET", self.socket().to_str().unwrap())).unwrap();
        let mut bus = self.command("dbus-daemon");
        let bus = bus.arg(format!("--config-file={}", configuration.display())).args(["--nofork", "--nopidfile"]);
        self.daemon = Some(bus.spawn().unwrap());
        wait("the bus listens", || std::os::unix::net::UnixStream::connect(self.socket()).is_ok());
    }

    /// What programs find it by.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/bus")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

/// A D-Bus session with GNOME's keyring, whose default collection has a password.
pub struct SecretService {
    keyring: Option<Child>,
    bus: Bus,
}

impl SecretService {
    /// Starts both; where they are not at hand, a line says that the test is skipped.
    pub fn start(test: &str) -> Option<Self> {
        if !["gnome-keyring-daemon", "secret-tool"].iter().all(|program| installed(program, test)) {
            return None;
        }
        let mut service = Self { keyring: None, bus: Bus::start(test)? };
        service.start_keyring(true);
        Some(service)
    }

    /// What programs find it by.
    pub fn address(&self) -> String {
        self.bus.address()
    }

    pub fn stop_bus(&mut self) {
        end(&mut self.bus.daemon);
    }

    /// With the password its collection is open, and made where there is none; without, it is locked.
    pub fn start_keyring(&mut self, unlocked: bool) {
        let mut keyring = self.bus.command("gnome-keyring-daemon");
        keyring.args(["--foreground", "--components=secrets"]);
        if unlocked {
            keyring.arg("--unlock").stdin(Stdio::piped());
        }
        let mut keyring = keyring.spawn().unwrap();
        if let Some(mut input) = keyring.stdin.take() {
            input.write_all(b"password").unwrap();
        }
        self.keyring = Some(keyring);
        // it answers, and says that there is nothing
        wait("the keyring answers", || self.tool(&["search", "no", "such"]).status.success());
    }

    pub fn stop_keyring(&mut self) {
        end(&mut self.keyring);
    }

    /// Started anew, as after a login at the desktop, with the collection open or locked.
    pub fn restart_keyring(&mut self, unlocked: bool) {
        self.stop_keyring();
        self.start_keyring(unlocked);
    }

    /// The keyring's process.
    pub fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(self.keyring.as_ref().unwrap())
    }

    /// An independent client of the Secret Service.
    pub fn tool(&self, arguments: &[&str]) -> Output {
        self.bus.command("secret-tool").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
    }

    /// What is stored for an identity.
    pub fn lookup(&self, identity: &str) -> Option<serde_json::Value> {
        let found = self.tool(&["lookup", "application", "paraph", "identity", identity]);
        found.status.success().then(|| serde_json::from_slice(&found.stdout).unwrap())
    }

    /// The labels of all of paraph's entries.
    pub fn labels(&self) -> Vec<String> {
        let found = self.tool(&["search", "--all", "application", "paraph"]);
        let text = String::from_utf8(found.stdout).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("label = ")).map(str::to_owned).collect()
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        // one that a test stopped would not hear that it ends
        if let Some(keyring) = &self.keyring {
            let _ = rustix::process::kill_process(rustix::process::Pid::from_child(keyring), rustix::process::Signal::CONT);
        }
        end(&mut self.keyring);
    }
}

fn end(process: &mut Option<Child>) {
    if let Some(mut process) = process.take() {
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the kernel keeps keys for this process; where it does not, a line says that the test is skipped.
pub fn has_keyutils(folder: &Path, test: &str) -> bool {
    if !installed("keyctl", test) {
        return false;
    }
    let mut try_it = Command::new("keyctl");
    let tried = try_it.args(["session", "paraph-test", "sh", "-c", "keyctl add user paraph-test x @s && keyctl get_persistent @s"]);
    let tried = tried.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    if !tried.status.success() {
        eprintln!("SKIPPED {test}: the kernel keeps no keys here: {}", String::from_utf8_lossy(&tried.stderr).trim_end());
    }
    tried.status.success()
}
