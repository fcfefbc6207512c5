//! What git users wait for: `git verify-commit`, `git log --show-signature` and `git commit -S`, beside other signing programs in one run.
//!
//! `cargo bench --bench git` prints a table in Markdown: the median of each and its ratio to the yardstick of its group. Everything runs in
//! a folder of its own with its own HOME; paraph signs against its local Sigstore, gpg and ssh with keys that are made for the run. The
//! rounds are interleaved, so that noise meets all alike. What is missing on the machine is left out and said.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark stops where something is wrong, and prints")]

#[path = "agent/installed.rs"]
mod installed;

use paraph::internals::local::{Instance, ServeOptions};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 41;
const LOG_COMMITS: usize = 100;

fn main() {
    // `cargo test --benches` only wants to know that it starts
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let sigstore = Instance::init(&folder.path().join("local")).unwrap();
    let url = sigstore.url();
    let _running = sigstore.start(ServeOptions::default()).unwrap();

    let mut signers = vec![bench.paraph(&url, 2), bench.paraph(&url, 1)];
    signers.extend(bench.ssh());
    signers.extend(bench.gpg());
    let no_op = bench.no_op(&signers);
    let verifiers: Vec<&Signer> = no_op.iter().chain(&signers).collect();

    println!("Medians of {ROUNDS} interleaved rounds, whole processes, git included.\n");
    group("`git verify-commit`", &verifiers, 1, |signer| bench.git(signer, &["verify-commit", "HEAD"]));
    group(&format!("`git log --show-signature -n {LOG_COMMITS}`, per commit"), &verifiers, LOG_COMMITS, |signer| {
        bench.git(signer, &["log", "--show-signature", "-n", &LOG_COMMITS.to_string()]);
    });
    let unsigned = Signer { name: "no signature".into(), repository: signers.first().unwrap().repository.clone(), sign: false };
    let signing: Vec<&Signer> = std::iter::once(&unsigned).chain(&signers).collect();
    group("`git commit`", &signing, 1, |signer| {
        bench.git(signer, &["commit", "-q", "--allow-empty", "-m", "x", if signer.sign { "-S" } else { "--no-gpg-sign" }])
    });
}

/// One way of signing, with a repository whose HEAD is signed so.
struct Signer {
    name: String,
    repository: PathBuf,
    sign: bool,
}

struct Bench {
    root: PathBuf,
    home: PathBuf,
    program: String,
}

/// Prints a group: the first of `signers` is its yardstick.
fn group(title: &str, signers: &[&Signer], units: usize, run: impl Fn(&Signer)) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); signers.len()];
    for round in 0..=ROUNDS {
        for (signer, times) in signers.iter().zip(&mut times) {
            let start = Instant::now();
            run(signer);
            // the first round warms the caches
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times).as_secs_f64() * 1000.0 / units as f64).collect();
    let yardstick = medians.first().copied().unwrap_or(1.0);
    println!("| {title} | ms | ratio |\n| --- | ---: | ---: |");
    for (signer, median) in signers.iter().zip(medians) {
        println!("| {} | {median:.2} | {:.2} |", signer.name, median / yardstick);
    }
    println!();
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl Bench {
    fn new(root: &Path) -> Self {
        let home = root.join("home");
        std::fs::create_dir(&home).unwrap();
        Self { root: root.to_owned(), home, program: installed::paraph() }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("GNUPGHOME", self.home.join("gnupg"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            // each signature by itself: what an agent saves is not measured here
            .env("PARAPH_AGENT", "never")
            .stdin(Stdio::null());
        command
    }

    fn git(&self, signer: &Signer, arguments: &[&str]) {
        let done = self.command("git").current_dir(&signer.repository).args(arguments).output().unwrap();
        // a no-op judges nothing, so verify-commit fails with it
        if !done.status.success() && signer.sign {
            panic!("git {arguments:?} with {}: {}", signer.name, String::from_utf8_lossy(&done.stderr));
        }
    }

    /// A repository with this configuration, whose commits are signed with it.
    fn repository(&self, name: &str, configuration: &[(&str, &str)]) -> Signer {
        let folder = name.replace(|character: char| !character.is_ascii_alphanumeric(), "-");
        let signer = Signer { name: name.into(), repository: self.root.join(folder), sign: true };
        std::fs::create_dir(&signer.repository).unwrap();
        self.git(&signer, &["init", "-q", "-b", "main"]);
        for (key, value) in [("user.name", "Ann"), ("user.email", "ann@example.com"), ("gc.auto", "0")].iter().chain(configuration) {
            self.git(&signer, &["config", key, value]);
        }
        for _ in 0..LOG_COMMITS {
            self.git(&signer, &["commit", "-q", "-S", "--allow-empty", "-m", "x"]);
        }
        signer
    }

    fn paraph(&self, url: &str, version: u32) -> Signer {
        let allowed = self.home.join("allowed-identities");
        std::fs::write(&allowed, format!("ann@example.com {url} instance=local\n")).unwrap();
        let file = |name: &str| self.root.join("local").join(name).to_str().unwrap().to_owned();
        self.repository(
            &format!("paraph, Rekor v{version}"),
            &[
                ("gpg.format", "x509"),
                ("gpg.x509.program", &self.program),
                ("paraph.instance", "local"),
                ("paraph.rekorVersion", &version.to_string()),
                ("paraph.local.trustedRoot", &file("trusted_root.json")),
                ("paraph.local.signingConfig", &file("signing_config.json")),
                ("paraph.local.accessCodeFile", &file("access-code")),
                ("paraph.allowedIdentities", allowed.to_str().unwrap()),
            ],
        )
    }

    fn ssh(&self) -> Option<Signer> {
        let key = self.home.join("ssh-key");
        let made = self.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("ssh-keygen is missing, so ssh is left out.");
            return None;
        }
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        let allowed = self.home.join("allowed-signers");
        std::fs::write(&allowed, format!("ann@example.com {public}")).unwrap();
        let settings =
            [("gpg.format", "ssh"), ("user.signingKey", key.to_str().unwrap()), ("gpg.ssh.allowedSignersFile", allowed.to_str().unwrap())];
        Some(self.repository("ssh, Ed25519 key file", &settings))
    }

    fn gpg(&self) -> Option<Signer> {
        let folder = self.home.join("gnupg");
        std::fs::create_dir(&folder).unwrap();
        let _ = self.command("chmod").arg("700").arg(&folder).status();
        let made = self
            .command("gpg")
            .args(["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "ann@example.com", "ed25519", "sign", "never"])
            .output();
        if !made.is_ok_and(|output| output.status.success()) {
            println!("gpg is missing or makes no key, so it is left out.");
            return None;
        }
        Some(self.repository("gpg, Ed25519, warm agent", &[("user.signingKey", "ann@example.com")]))
    }

    /// A program that does nothing, in Rust, linked like paraph: what git and the system cost by themselves.
    fn no_op(&self, signers: &[Signer]) -> Option<Signer> {
        let (source, program) = (self.root.join("no-op.rs"), self.root.join("no-op"));
        std::fs::write(&source, "fn main() {}\n").unwrap();
        let built = Command::new("rustc").args(["-O", "-o"]).arg(&program).arg(&source).status();
        if !built.is_ok_and(|status| status.success()) {
            println!("rustc is missing, so the no-op program is left out.");
            return None;
        }
        let repository = self.root.join("no-op-repository");
        let cloned = self.command("git").args(["clone", "-q", "--no-local"]).arg(&signers.first()?.repository).arg(&repository).status();
        assert!(cloned.is_ok_and(|status| status.success()));
        let signer = Signer { name: "a program that does nothing".into(), repository, sign: false };
        self.git(&signer, &["config", "gpg.x509.program", program.to_str().unwrap()]);
        Some(signer)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}
