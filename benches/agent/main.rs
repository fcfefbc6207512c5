//! What the agent costs: a signature through it beside a direct call, and its own part of one beside ssh-agent's and gpg-agent's.
//!
//! `cargo bench --bench agent` prints tables in Markdown. Everything runs in a folder of its own with its own HOME, sockets and keys; the
//! services are a local Sigstore in this process, which tells when it had a request and when it had the answer. The variants are measured in
//! turns, so that noise meets all alike, and each round in another order, so that none always follows the one that leaves the caches coldest.
//! What is missing on the machine is left out and said. `cargo bench --bench agent -- files` measures many files alone.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark stops where something is wrong, and prints")]

mod files;
mod installed;
mod others;

use others::{GpgAgent, SshAgent};
use paraph::internals::{
    agent::client::Client,
    agent_protocol::{Call, JournalEntry, Reply, Sign, SubjectToSign},
    local::{Instance, ServeOptions},
};
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const WHOLE_ROUNDS: usize = 101;
const OWN_ROUNDS: usize = 301;
const EMAIL: &str = "ann@example.com";

fn main() {
    // `cargo test --benches` only wants to know that it starts
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let bench = Bench::new();
    if !std::env::args().any(|argument| argument == "files") {
        whole_calls(&bench);
        own_part(&bench);
    }
    files::report(&bench);
}

/// What git hands over for a commit.
fn payload(number: usize) -> Vec<u8> {
    format!(
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 9a1b3c5d7e9f0a2b4c6d8e0f1a3b5c7d9e1f2a4b\n\
         author Ann Example <{EMAIL}> 1700000000 +0000\ncommitter Ann Example <{EMAIL}> 1700000000 +0000\n\n\
         A change, number {number}\n\nProblem, mechanism and tests in some sentences, as they stand in a commit's message.\n"
    )
    .into_bytes()
}

/// The numbers below `count` in the order of a round.
fn order(round: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_cached_key(|index| {
        let mut hasher = DefaultHasher::new();
        (round, index).hash(&mut hasher);
        hasher.finish()
    });
    order
}

/// Times of one variant.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn median(&mut self) -> Duration {
        self.0.sort();
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

/// `paraph` as git calls it, with what the services took counted apart.
fn whole_calls(bench: &Bench) {
    struct Variant {
        name: &'static str,
        repository: PathBuf,
        agent: &'static str,
        whole: Times,
        services: Times,
        beyond: Times,
    }
    let variant = |name, repository: &str, agent| Variant {
        name,
        repository: bench.root.join(repository),
        agent,
        whole: Times::default(),
        services: Times::default(),
        beyond: Times::default(),
    };
    let mut variants = [
        variant("Rekor v1, through the agent", "v1", "running"),
        variant("Rekor v1, a direct call", "v1", "never"),
        variant("Rekor v2, through the agent", "v2", "running"),
        variant("Rekor v2, a direct call", "v2", "never"),
    ];
    let mut nothing = Times::default();
    let no_op = bench.no_op();
    for round in 0..=WHOLE_ROUNDS {
        for index in order(round, variants.len() + 1) {
            let Some(variant) = variants.get_mut(index) else {
                if let Some(no_op) = &no_op {
                    nothing.0.push(run(bench.command(no_op, &bench.root), &payload(round)).0);
                }
                continue;
            };
            let mut sign = bench.command(&bench.paraph, &variant.repository);
            sign.env("PARAPH_AGENT", variant.agent).args(["--status-fd=2", "-bsau", EMAIL]);
            bench.spans.lock().unwrap().clear();
            let (whole, interval) = run(sign, &payload(round));
            let services = covered(&bench.spans.lock().unwrap(), interval);
            // the first round warms the caches
            if round > 0 {
                variant.whole.0.push(whole);
                variant.services.0.push(services);
                variant.beyond.0.push(whole.saturating_sub(services));
            }
        }
    }
    println!(
        "One signature as git asks for it, whole processes, medians of {WHOLE_ROUNDS} rounds in turns. A direct call logs in by itself, without"
    );
    println!("a person, and asks Fulcio for a certificate. Beyond: the whole call less the time in which a service worked on a request.\n");
    println!("| | whole call, ms | services' answers, ms | beyond them, ms |\n| --- | ---: | ---: | ---: |");
    for variant in &mut variants {
        let [whole, services, beyond] =
            [&mut variant.whole, &mut variant.services, &mut variant.beyond].map(|times| milliseconds(times.median()));
        println!("| {} | {whole:.2} | {services:.2} | {beyond:.2} |", variant.name);
    }
    if no_op.is_some() {
        println!("| a program that does nothing | {0:.2} | – | {0:.2} |", milliseconds(nothing.median()));
    }
    println!();
}

/// The agent's server by its socket, less what it says that services and the finished signature's verification took.
fn own_part(bench: &Bench) {
    struct Variant<'a> {
        name: String,
        sign: Box<dyn Fn(usize) + 'a>,
        times: Times,
    }
    let (ssh, gpg) = (SshAgent::start(bench), GpgAgent::start(bench));
    let client = Client::at(bench.root.join("run/paraph/agent.sock"));
    let ask = |instance: &str, round: usize| {
        let request = Sign {
            subject: SubjectToSign::Git { payload: payload(round) },
            instance: instance.to_owned(),
            expected: None,
            expected_issuer: None,
            hint: Some(EMAIL.to_owned()),
            repository: Some("/home/ann/src/project".into()),
            host: None,
            reader: false,
            by_code: false,
        };
        match client.call(&Call::Sign(request), |_: &Reply| true).unwrap() {
            Reply::Signed { .. } => {}
            reply => panic!("{reply:?}"),
        }
    };
    let ask = &ask;
    let mut variants = Vec::new();
    for (instance, version) in [("v1", 1), ("local", 2)] {
        let sign = Box::new(move |round| ask(instance, round));
        variants.push(Variant { name: format!("paraph's agent, ECDSA P-256, Rekor v{version}"), sign, times: Times::default() });
    }
    for key in ssh.iter().flat_map(|agent| &agent.keys) {
        let agent = ssh.as_ref().unwrap();
        let sign = Box::new(move |round| agent.sign(key, &payload(round)));
        variants.push(Variant { name: format!("ssh-agent, {}", key.name), sign, times: Times::default() });
    }
    for key in gpg.iter().flat_map(|agent| &agent.keys) {
        let agent = gpg.as_ref().unwrap();
        let sign = Box::new(move |round| agent.sign(key, &payload(round)));
        variants.push(Variant { name: format!("gpg-agent, {}", key.name), sign, times: Times::default() });
    }
    // what the agent noted is read before it forgets the oldest
    let (mut noted, mut kept, mut signers) = (Vec::<JournalEntry>::new(), 0, Vec::new());
    for round in 0..=OWN_ROUNDS {
        for index in order(round, variants.len()) {
            let Some(variant) = variants.get_mut(index) else { continue };
            if index < 2 {
                signers.push(index);
            }
            let started = Instant::now();
            (variant.sign)(round);
            let took = started.elapsed();
            if round > 0 {
                variant.times.0.push(took);
            }
        }
        kept += 2;
        if kept == 200 || round == OWN_ROUNDS {
            noted.extend(newest(&client, kept));
            kept = 0;
        }
    }
    let mut whole = Vec::new();
    for (index, variant) in variants.iter_mut().take(2).enumerate() {
        let entries = noted.iter().zip(&signers).filter(|(_, signer)| **signer == index).map(|(entry, _)| entry);
        let spent = entries.skip(1).map(|entry| Duration::from_micros(entry.services + entry.verification));
        let own: Vec<Duration> = variant.times.0.iter().zip(spent).map(|(whole, spent)| whole.saturating_sub(spent)).collect();
        assert_eq!(own.len(), OWN_ROUNDS, "the agent noted every signature");
        whole.push(std::mem::replace(&mut variant.times, Times(own)).median());
    }
    println!(
        "A signature over an agent's own socket, a connection each, medians of {OWN_ROUNDS} rounds in turns. paraph's is the whole call less what"
    );
    println!("the agent notes of log, timestamp authority and the verification of the finished signature.\n");
    println!("| | µs | ratio |\n| --- | ---: | ---: |");
    let medians: Vec<f64> = variants.iter_mut().map(|variant| variant.times.median().as_secs_f64() * 1e6).collect();
    let yardstick = medians.first().copied().unwrap_or(1.0);
    for (variant, median) in variants.iter().zip(&medians) {
        println!("| {} | {median:.0} | {:.2} |", variant.name, median / yardstick);
    }
    for (version, whole) in [1, 2].iter().zip(whole) {
        println!("\nWith log, timestamp and verification, Rekor v{version}: {:.2} ms.", milliseconds(whole));
    }
}

/// The newest `count` entries of the agent's journal.
fn newest(client: &Client, count: usize) -> Vec<JournalEntry> {
    let Ok(Reply::Journal { mut entries }) = client.call(&Call::Journal, |_: &Reply| true) else { panic!("the agent has no journal") };
    entries.split_off(entries.len() - count)
}

/// Runs a program with a standard input: how long it took, from when to when.
fn run(mut command: Command, input: &[u8]) -> (Duration, (Instant, Instant)) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    // it is not an error if a program reads nothing
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let ended = Instant::now();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    (ended - started, (started, ended))
}

/// How much of `interval` the spans cover together; they may overlap.
fn covered(spans: &[(Instant, Instant)], interval: (Instant, Instant)) -> Duration {
    let mut spans: Vec<_> = spans.iter().map(|(from, until)| (*from.max(&interval.0), *until.min(&interval.1))).collect();
    spans.sort();
    let (mut total, mut reached) = (Duration::ZERO, interval.0);
    for (from, until) in spans {
        total += until.saturating_duration_since(from.max(reached));
        reached = reached.max(until);
    }
    total
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

type Spans = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// The folder, the services, and an agent with a login.
pub struct Bench {
    root: PathBuf,
    paraph: String,
    spans: Spans,
    /// How long the services wait before they answer, in milliseconds.
    delay: Arc<AtomicU64>,
    _running: paraph::internals::local::Running,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "run", "v1", "v2"] {
            std::fs::DirBuilder::new().mode(0o700).create(root.join(name)).unwrap();
        }
        let spans = Spans::default();
        let observed = Arc::clone(&spans);
        let delay = Arc::<AtomicU64>::default();
        let waited = Arc::clone(&delay);
        let observer: paraph::internals::local::Observer = Arc::new(move |_, from, _| {
            std::thread::sleep(Duration::from_millis(waited.load(Ordering::Relaxed)));
            observed.lock().unwrap().push((from, Instant::now()));
        });
        let options = ServeOptions { observer: Some(observer), ..ServeOptions::default() };
        let running = Instance::init(&root.join("local")).unwrap().start(options).unwrap();
        let bench = Self { root, paraph: installed::paraph(), spans, delay, _running: running, _folder: folder };

        let file = |name: &str| bench.root.join("local").join(name).to_str().unwrap().to_owned();
        for (key, value) in [
            ("user.name", "Ann"),
            ("user.email", EMAIL),
            ("paraph.instance", "local"),
            ("paraph.local.trustedRoot", &file("trusted_root.json")),
            ("paraph.local.signingConfig", &file("signing_config.json")),
            ("paraph.local.accessCodeFile", &file("access-code")),
        ] {
            bench.must(&bench.root, "git", &["config", "--global", key, value]);
        }
        for version in ["v1", "v2"] {
            bench.must(&bench.root.join(version), "git", &["init", "-q"]);
        }
        // the log is chosen by one repository, so the agent knows it by a registration
        let v1 = bench.root.join("v1");
        bench.must(&v1, "git", &["config", "paraph.rekorVersion", "1"]);
        bench.must(&v1, &bench.paraph, &["login", "--instance", "v1", EMAIL]);
        bench.must(&bench.root.join("v2"), &bench.paraph, &["login", EMAIL]);
        bench
    }

    /// A program with nothing of the surroundings.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.join("home"))
            .env("GNUPGHOME", self.root.join("home/gnupg"))
            .env("PARAPH_RUNTIME_DIR", self.root.join("run"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    fn must(&self, directory: &Path, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, directory).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A program that does nothing, in Rust, linked like paraph: what the system costs by itself.
    fn no_op(&self) -> Option<PathBuf> {
        let (source, program) = (self.root.join("no-op.rs"), self.root.join("no-op"));
        std::fs::write(&source, "fn main() {}\n").unwrap();
        let built = Command::new("rustc").args(["-O", "-o"]).arg(&program).arg(&source).status();
        if !built.is_ok_and(|status| status.success()) {
            println!("rustc is missing, so the program that does nothing is left out.\n");
            return None;
        }
        Some(program)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command(&self.paraph, &self.root).args(["agent", "stop"]).output();
    }
}
