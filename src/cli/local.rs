//! `paraph local`: creates and runs a local Sigstore, and makes a repository use it.

use super::exit::{Exit, Failure};
use super::git_changes::{Place, files_in, refuse_pipes};
use super::git_settings::{check_replaceable, this_program};
use super::ui::Ui;
use crate::local::{CERTIFICATE_LIFETIME, Fault, InitOptions, Instance, LocalError, Logins, ServeOptions, TokenAlgorithm};
use crate::repository::Repository;
use crate::wording::spoken_duration;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{BufRead as _, BufReader, ErrorKind, IsTerminal as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

/// The instance's name in git's configuration, as `use` writes it.
const NAME: &str = "local";
/// The file for the messages of a server in the background.
const SERVER_LOG: &str = "server.log";
/// How long `stop` waits for the server to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Run a private Sigstore on this machine, for tests
///
/// It is one process on one loopback port, with an OpenID issuer, Fulcio, a CT log, Rekor v1 and v2, a timestamp authority and a TUF
/// repository. Keys and logs are in one folder. Anyone who can read that folder can impersonate anyone to users who trust this instance.
///
/// Example: paraph local init && paraph local serve --background && paraph local use
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create a local Sigstore with new keys and a port
    ///
    /// It writes keys, a trust root and a signing config into the folder. A folder that holds
    /// a local Sigstore stays as it is. It fails if the folder holds something else.
    ///
    /// Example: paraph local init
    Init {
        /// A new folder, or an empty one that only you can access [default: paraph/local in your data folder]
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The signature algorithm of ID tokens
        #[arg(long, value_enum, default_value_t = TokenSignature::Rs256, value_name = "ALGORITHM")]
        token_algorithm: TokenSignature,
    },
    /// Run the local Sigstore
    ///
    /// It reads and writes its folder, and listens on one port of 127.0.0.1. If it runs already, this does nothing, or
    /// fails if an option for tests is given. It fails if the folder is missing.
    ///
    /// Example: paraph local serve --background
    Serve(Serve),
    /// Show whether the local Sigstore runs, and where
    ///
    /// Prints its URL, its process, its folder and the number of logins. Exits with 5 if it does not run.
    ///
    /// Example: paraph local status --json
    Status {
        #[command(flatten)]
        folder: Folder,
        /// Print the status as JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop the server
    ///
    /// Waits until the server has ended. The folder stays.
    ///
    /// Example: paraph local stop
    Stop {
        #[command(flatten)]
        folder: Folder,
    },
    /// Make one repository sign and verify with the local Sigstore
    ///
    /// It writes the repository's own git configuration and prints each setting. --undo restores the earlier settings.
    ///
    /// Example: paraph local use --email you@example.com
    Use {
        #[command(flatten)]
        folder: Folder,
        /// The repository
        #[arg(long, value_name = "PATH", default_value = ".")]
        repository: PathBuf,
        /// The address to sign with [default: the committer's address]
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Restore the settings from before `paraph local use`
        #[arg(long, conflicts_with = "email")]
        undo: bool,
    },
    /// Print an ID token, for SIGSTORE_ID_TOKEN in scripts
    ///
    /// On a terminal, a line feed follows. In a file or pipe there is none, because some programs would send it with the token.
    ///
    /// Example: SIGSTORE_ID_TOKEN="$(paraph local token you@example.com)" git commit -S
    Token {
        #[command(flatten)]
        folder: Folder,
        /// The e-mail address in the token
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
    /// Print a code for one login on the issuer's page
    ///
    /// The page asks for it. It is valid for two minutes and for one login. paraph computes it from the folder, without
    /// a call to the server.
    ///
    /// Example: paraph local code
    Code {
        #[command(flatten)]
        folder: Folder,
    },
}

/// The algorithms of ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum TokenSignature {
    /// RSA with SHA-256, which every OpenID client accepts
    Rs256,
    /// ECDSA P-256 with SHA-256
    Es256,
}

impl From<TokenSignature> for TokenAlgorithm {
    fn from(signature: TokenSignature) -> Self {
        match signature {
            TokenSignature::Rs256 => Self::Rs256,
            TokenSignature::Es256 => Self::Es256,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// The folder of the local Sigstore [default: paraph/local in your data folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    folder: Folder,
    /// Run in the background, and return when it is ready
    #[arg(long)]
    background: bool,
    /// For tests: the validity period of certificates
    #[arg(long, value_name = "SECONDS", default_value_t = CERTIFICATE_LIFETIME, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    certificate_lifetime: i64,
    /// For tests: make a service fail, wait or lie (repeatable)
    #[arg(long, value_name = "FAULT", value_parser = faults())]
    fault: Vec<Fault>,
    /// Set by `--background` for the process that it starts.
    #[arg(long, hide = true, conflicts_with = "background")]
    detached: bool,
}

fn faults() -> impl TypedValueParser<Value = Fault> {
    PossibleValuesParser::new(Fault::ALL.map(|(name, _)| name)).try_map(|name| name.parse::<Fault>())
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Init { dir, token_algorithm } => init(dir.as_deref(), (*token_algorithm).into(), ui),
        Command::Serve(arguments) if arguments.background => serve_in_background(arguments, ui),
        Command::Serve(arguments) => serve(arguments, ui),
        Command::Status { folder, json } => status(&folder.path()?, *json, ui),
        Command::Stop { folder } => stop(&folder.path()?, ui),
        Command::Use { repository, undo: true, .. } => restore(repository, ui),
        Command::Use { folder, repository, email, .. } => configure(&folder.path()?, repository, email.as_deref(), ui),
        Command::Token { folder, email } => {
            let token = Instance::open(&folder.path()?)?.identity_token(email)?;
            // programs send on a line feed in a token file
            if std::io::stdout().is_terminal() {
                ui.line(token)
            } else {
                ui.bytes(token.as_bytes())
            }
            Ok(Exit::Good)
        }
        Command::Code { folder } => {
            ui.line(Instance::open(&folder.path()?)?.login_code()?);
            Ok(Exit::Good)
        }
    }
}

impl Folder {
    fn path(&self) -> Result<PathBuf, Failure> {
        resolve(self.dir.as_deref())
    }

    /// The option that names the folder, after a space; empty for the default.
    fn option(&self) -> String {
        self.dir.as_ref().map(|dir| format!(" --dir {}", dir.display())).unwrap_or_default()
    }
}

fn resolve(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    match folder {
        Some(folder) => std::path::absolute(folder).map_err(|error| Failure::io("the current folder cannot be determined", &error)),
        None => directories::BaseDirs::new()
            .map(|base| base.data_dir().join("paraph").join("local"))
            .ok_or_else(|| Failure::system("there is no home folder").with_hint("set HOME, or name the folder with --dir")),
    }
}

fn init(dir: Option<&Path>, token_algorithm: TokenAlgorithm, ui: &mut Ui) -> Result<Exit, Failure> {
    let folder = resolve(dir)?;
    let dir = if dir.is_some() { format!(" --dir {}", folder.display()) } else { String::new() };
    let instance = match Instance::init_with(&folder, &InitOptions { token_algorithm, ..InitOptions::default() }) {
        Err(LocalError::Exists(_)) => {
            let instance = Instance::open(&folder)?;
            ui.note(format!("There is a local Sigstore for {} in {} already. Nothing was changed.", instance.url(), folder.display()));
            ui.note(format!("Start it with `paraph local serve{dir}`."));
            return Ok(Exit::Good);
        }
        result => result?,
    };
    ui.note(format!("Created a local Sigstore for {} in {}.", instance.url(), instance.folder().display()));
    ui.note(format!("Start it with `paraph local serve{dir}`, then run `paraph local use{dir}` in a repository."));
    Ok(Exit::Good)
}

fn serve(arguments: &Serve, ui: &mut Ui) -> Result<Exit, Failure> {
    if arguments.detached {
        // leaves the terminal and the job of the caller; it fails only for a process that leads a group already
        let _ = rustix::process::setsid();
    }
    let instance = Instance::open(&arguments.folder.path()?)?;
    let options =
        ServeOptions { certificate_lifetime: arguments.certificate_lifetime, faults: arguments.fault.clone(), ..ServeOptions::default() };
    let server = match instance.listen(options) {
        // whoever started this process tells it from its own
        Err(LocalError::InUse { url, process }) if arguments.is_usual() && !arguments.detached => {
            note_running(&url, process, ui);
            return Ok(Exit::Good);
        }
        server => server?,
    };
    for fault in &arguments.fault {
        ui.warning(format!("the fault {fault} is on."));
    }
    if arguments.detached {
        // the process that waits for this line prints the rest
        ui.line(server.url());
        ui.flush()?;
    } else {
        ui.note(format!("The local Sigstore runs at {}. Stop it with Ctrl-C.", server.url()));
        ui.note(login_code_note(&arguments.folder));
    }
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the server cannot be started", &error))?;
    runtime.block_on(server.run())?;
    Ok(Exit::Good)
}

/// Starts this program again in a session of its own, and waits until it prints that it listens.
fn serve_in_background(arguments: &Serve, ui: &mut Ui) -> Result<Exit, Failure> {
    let folder = arguments.folder.path()?;
    let instance = Instance::open(&folder)?;
    if let Some(server) = Instance::server(&folder) {
        if arguments.is_usual() {
            note_running(&instance.url(), server.shown(), ui);
            return Ok(Exit::Good);
        }
        return Err(LocalError::InUse { url: instance.url(), process: server.shown() }.into());
    }
    let log_path = folder.join(SERVER_LOG);
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&log_path);
    let log = match log {
        Ok(log) => Stdio::from(log),
        // the server still answers what it has
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem) => {
            Stdio::null()
        }
        Err(error) => return Err(Failure::io(&format!("{} cannot be written", log_path.display()), &error)),
    };
    let mut flags: Vec<OsString> = ["local", "serve", "--detached", "--dir"].map(Into::into).into();
    flags.push(folder.clone().into());
    flags.push(format!("--certificate-lifetime={}", arguments.certificate_lifetime).into());
    flags.extend(arguments.fault.iter().map(|fault| format!("--fault={fault}").into()));
    // each end of a pipe and each lock of the caller would stay open for as long as the server runs
    close_fds::set_fds_cloexec(3, &[]);
    let mut server = Process::new(program()?)
        .args(flags)
        // it keeps nothing of a repository, a shell or a terminal
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| Failure::io("the server cannot be started", &error))?;
    let mut ready = String::new();
    if let Some(output) = server.stdout.take() {
        let _ = BufReader::new(output).read_line(&mut ready);
    }
    if ready.trim() != instance.url() {
        let _ = server.wait();
        // another call was faster
        if let Some(server) = Instance::server(&folder).filter(|_| arguments.is_usual()) {
            note_running(&instance.url(), server.shown(), ui);
            return Ok(Exit::Good);
        }
        let messages = std::fs::read_to_string(&log_path).unwrap_or_default();
        let error = messages.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it ended");
        let failure = Failure::service(format!("the server did not start: {error}"));
        return Err(failure.with_hint(format!("read {}", log_path.display())));
    }
    ui.note(format!("The local Sigstore runs at {} (process {}).", instance.url(), server.id()));
    ui.note(login_code_note(&arguments.folder));
    Ok(Exit::Good)
}

/// Says that nothing had to be done.
fn note_running(url: &str, process: Option<u32>, ui: &mut Ui) {
    let process = process.map(|process| format!(" (process {process})")).unwrap_or_default();
    ui.note(format!("The local Sigstore runs at {url} already{process}."));
}

impl Serve {
    /// Whether no option for tests is given, so that any running server will do.
    fn is_usual(&self) -> bool {
        self.fault.is_empty() && self.certificate_lifetime == CERTIFICATE_LIFETIME
    }
}

fn login_code_note(folder: &Folder) -> String {
    format!("Its login page asks for a login code: `paraph local code{}` prints one.", folder.option())
}

fn status(folder: &Path, json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = Instance::open(folder)?;
    let server = Instance::server(folder);
    let process = server.and_then(|server| server.shown());
    let Logins { logins, renewals } = instance.logins()?;
    if json {
        ui.json(&serde_json::json!({
            "folder": folder, "url": instance.url(), "tuf": instance.tuf_url(), "process": process, "logins": logins, "renewals": renewals,
        }));
    } else {
        match (server, process) {
            (_, Some(process)) => ui.line(format!("running at {} (process {process})", instance.url())),
            (Some(_), None) => ui.line(format!("running at {}", instance.url())),
            (None, None) => ui.line(format!("not running; its address is {}", instance.url())),
        }
        ui.line(format!("folder: {}", folder.display()));
        ui.line(format!("logins: {logins}, renewed by refresh token: {renewals}"));
    }
    Ok(Exit::of_service(server.is_some()))
}

fn stop(folder: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    Instance::open(folder)?;
    let Some(server) = Instance::server(folder) else {
        ui.note("The local Sigstore is not running.");
        return Ok(Exit::Good);
    };
    let Some(pid) = server.process else {
        let failure = Failure::service(format!("the system does not say which process serves {}", folder.display()));
        return Err(failure.with_hint("end the server where it was started"));
    };
    // everything that it answered for is on disk, so there is nothing to finish
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)
        .map_err(|error| Failure::io("the server cannot be stopped", &error.into()))?;
    let started = Instant::now();
    while Instance::server(folder).is_some() {
        if started.elapsed() > STOP_TIMEOUT {
            return Err(Failure::service(format!(
                "process {} did not stop within {}",
                pid.as_raw_nonzero(),
                spoken_duration(STOP_TIMEOUT)
            )));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    ui.note("Stopped the local Sigstore.");
    Ok(Exit::Good)
}

/// Writes the repository's own configuration and prints it.
fn configure(folder: &Path, repository: &Path, email: Option<&str>, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = Instance::open(folder)?;
    let text = |path: PathBuf| {
        path.into_os_string().into_string().map_err(|path| {
            Failure::configuration(format!("the path {} is not valid UTF-8, which git's configuration requires", path.display()))
        })
    };
    let key = |name: &str| format!("paraph.{NAME}.{name}");
    let mut settings: Vec<(String, String)> = vec![
        ("gpg.format".into(), "x509".into()),
        ("gpg.x509.program".into(), text(this_program()?)?),
        ("paraph.instance".into(), NAME.into()),
        (key("trustedRoot"), text(instance.file("trusted_root.json"))?),
        (key("signingConfig"), text(instance.file("signing_config.json"))?),
        (key("accessCodeFile"), text(instance.file("access-code"))?),
    ];
    if let Some(email) = email {
        // an address that no certificate can name is refused
        instance.identity_token(email)?;
        settings.push(("paraph.expectedIdentity".into(), email.into()));
    }
    let place = place(repository)?;
    let undo = match repository.to_str() {
        Some(".") | None => "paraph local use --undo".to_owned(),
        Some(repository) => format!("paraph local use --repository {repository} --undo"),
    };
    place.make(&place.changes(&settings)?, &undo)?;
    for (key, value) in settings {
        ui.line(format!("{key} = {value}"));
    }
    ui.note(format!("`{undo}` restores the earlier settings."));
    if Instance::server(folder).is_none() {
        ui.warning("The local Sigstore is not running.");
        ui.hint("start it: `paraph local serve --background`");
    }
    Ok(Exit::Good)
}

/// Restores the settings from before `paraph local use`.
fn restore(repository: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let place = place(repository)?;
    let back = place.revertible("paraph local use", ui)?;
    if back.is_empty() {
        ui.note("There is nothing to restore for this repository.");
    }
    place.revert(&back)?;
    Ok(Exit::Good)
}

/// The repository's own configuration.
fn place(repository: &Path) -> Result<Place, Failure> {
    refuse_pipes(files_in(&std::path::absolute(repository).unwrap_or_else(|_| repository.to_owned())))?;
    let opened = Repository::discover_from(repository)?.ok_or_else(|| {
        Failure::object(format!("{} is not in a git repository", repository.display())).with_hint("name one with --repository PATH")
    })?;
    check_replaceable(&opened.common_dir().join("config"))?;
    Ok(Place { scope: "--local", record: opened.common_dir().join("paraph-local-use.json"), folder: Some(repository.to_owned()) })
}

/// The path of this program, absolute.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::io("the path of this program cannot be determined", &error))
}
