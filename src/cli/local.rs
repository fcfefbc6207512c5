//! `paraph local`.

use super::exit::{Exit, Failure};
use super::ui::Ui;
use crate::local::{CERTIFICATE_LIFETIME, Fault, Instance, Logins, ServeOptions};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{BufRead as _, BufReader},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

/// The name under which `use` describes the instance in git's configuration.
const NAME: &str = "local";
/// What a server writes in the background.
const SERVER_LOG: &str = "server.log";
/// A server that was told to end has ended within this time.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// Run a private Sigstore on this machine, for demonstrations and tests
///
/// One process on one port of loopback: an OpenID issuer, Fulcio, a CT log, Rekor v1 and v2, a timestamp authority and a TUF repository.
/// Its keys and logs lie in one folder. Whoever can read that folder can sign as anybody before those who trust the instance.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create its folder with new keys, and choose its port
    Init {
        /// The folder: new, or empty and yours alone [default: paraph/local in the data folder of the user]
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Run it
    Serve(Serve),
    /// Show whether it runs, and where
    Status {
        #[command(flatten)]
        folder: Folder,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// End the server that runs in the background
    Stop {
        #[command(flatten)]
        folder: Folder,
    },
    /// Let one repository sign with it and verify against it
    Use {
        #[command(flatten)]
        folder: Folder,
        /// The repository
        #[arg(long, value_name = "PATH", default_value = ".")]
        repository: PathBuf,
        /// The identity to sign with; otherwise the committer's address
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
    },
    /// Print an identity token for scripts, such as SIGSTORE_ID_TOKEN takes
    Token {
        #[command(flatten)]
        folder: Folder,
        /// The e-mail address that the token names
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// The folder of the instance [default: paraph/local in the data folder of the user]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    folder: Folder,
    /// Return when it is ready, and let it run on
    #[arg(long)]
    background: bool,
    /// For tests: how long certificates live
    #[arg(long, value_name = "SECONDS", default_value_t = CERTIFICATE_LIFETIME, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    certificate_lifetime: i64,
    /// For tests: a service that fails, waits or lies; may be given more than once
    #[arg(long, value_name = "FAULT", value_parser = faults())]
    fault: Vec<Fault>,
    /// How `--background` starts the process that stays.
    #[arg(long, hide = true, conflicts_with = "background")]
    detached: bool,
}

fn faults() -> impl TypedValueParser<Value = Fault> {
    PossibleValuesParser::new(Fault::ALL.map(|(name, _)| name)).try_map(|name| name.parse::<Fault>())
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Init { dir } => init(&resolve(dir.as_deref())?, ui),
        Command::Serve(arguments) if arguments.background => serve_in_background(arguments, ui),
        Command::Serve(arguments) => serve(arguments, ui),
        Command::Status { folder, json } => status(&folder.path()?, *json, ui),
        Command::Stop { folder } => stop(&folder.path()?, ui),
        Command::Use { folder, repository, email } => point(&folder.path()?, repository, email.as_deref(), ui),
        Command::Token { folder, email } => {
            let token = Instance::open(&folder.path()?)?.identity_token(email)?;
            ui.line(token);
            Ok(Exit::Good)
        }
    }
}

impl Folder {
    fn path(&self) -> Result<PathBuf, Failure> {
        resolve(self.dir.as_deref())
    }
}

fn resolve(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    match folder {
        Some(folder) => std::path::absolute(folder).map_err(|error| Failure::io("the current folder cannot be found", &error)),
        None => directories::BaseDirs::new().map(|base| base.data_dir().join("paraph").join("local")).ok_or_else(|| {
            Failure::new(Exit::Io, "there is no home folder").with_hint("set HOME, or name the instance's folder with --dir")
        }),
    }
}

fn init(folder: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = Instance::init(folder)?;
    ui.note(format!("A local Sigstore was created in {}, for {}.", instance.folder().display(), instance.url()));
    let dir = format!(" --dir {}", instance.folder().display());
    ui.note(format!("Start it with `paraph local serve{dir}`, then run `paraph local use{dir}` in a repository."));
    Ok(Exit::Good)
}

fn serve(arguments: &Serve, ui: &mut Ui) -> Result<Exit, Failure> {
    if arguments.detached {
        // no terminal and no job control of whoever started it; it fails only for a process that leads a group already
        let _ = rustix::process::setsid();
    }
    let instance = Instance::open(&arguments.folder.path()?)?;
    let (code, code_file) = (zeroize::Zeroizing::new(instance.access_code().to_owned()), instance.file("access-code"));
    let options =
        ServeOptions { certificate_lifetime: arguments.certificate_lifetime, faults: arguments.fault.clone(), ..ServeOptions::default() };
    let server = instance.listen(options)?;
    for fault in &arguments.fault {
        ui.warning(format!("the fault {fault} is on."));
    }
    if arguments.detached {
        // the process that waits for this line says the rest
        ui.line(server.url());
        ui.flush()?;
    } else {
        ui.note(format!("The local Sigstore serves {} until it is stopped.", server.url()));
        ui.note(format!("Its login page asks for the access code {} (it stands in {}).", code.as_str(), code_file.display()));
    }
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the server cannot be started", &error))?;
    runtime.block_on(server.run())?;
    Ok(Exit::Good)
}

/// Starts the same program again, in a session of its own, and waits for the line by which it says that it listens.
fn serve_in_background(arguments: &Serve, ui: &mut Ui) -> Result<Exit, Failure> {
    let folder = arguments.folder.path()?;
    let instance = Instance::open(&folder)?;
    let log_path = folder.join(SERVER_LOG);
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&log_path);
    let log = log.map_err(|error| Failure::io(&format!("{} cannot be written", log_path.display()), &error))?;
    let mut flags: Vec<OsString> = ["local", "serve", "--detached", "--dir"].map(Into::into).into();
    flags.push(folder.clone().into());
    flags.push(format!("--certificate-lifetime={}", arguments.certificate_lifetime).into());
    flags.extend(arguments.fault.iter().map(|fault| format!("--fault={fault}").into()));
    let mut server = Process::new(program()?)
        .args(flags)
        // nothing of a repository, a shell or a terminal stays with it
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
        let ended = server.wait().map(|status| status.to_string()).unwrap_or_default();
        let last = std::fs::read_to_string(&log_path).unwrap_or_default().lines().last().unwrap_or_default().to_owned();
        return Err(Failure::new(Exit::Service, format!("the server did not start ({ended}): {last}")));
    }
    ui.note(format!("The local Sigstore serves {} in process {}.", instance.url(), server.id()));
    ui.note(format!(
        "Its login page asks for the access code {} (it stands in {}).",
        instance.access_code(),
        instance.file("access-code").display()
    ));
    Ok(Exit::Good)
}

fn status(folder: &Path, json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = Instance::open(folder)?;
    let process = Instance::served_by(folder);
    let Logins { logins, renewals } = instance.logins()?;
    if json {
        ui.json(&serde_json::json!({
            "folder": folder, "url": instance.url(), "tuf": instance.tuf_url(), "process": process, "logins": logins, "renewals": renewals,
        }));
    } else {
        match process {
            Some(process) => ui.line(format!("{} is served by process {process}", instance.url())),
            None => ui.line(format!("{} is not served", instance.url())),
        }
        ui.line(format!("folder {}", folder.display()));
        ui.line(format!("logins {logins}, renewed without anybody {renewals}"));
    }
    Ok(if process.is_some() { Exit::Good } else { Exit::Service })
}

fn stop(folder: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    Instance::open(folder)?;
    let pid = Instance::served_by(folder).and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    let Some(pid) = pid else {
        ui.note("No local Sigstore runs in this folder.");
        return Ok(Exit::Good);
    };
    // what it has answered for is on disk: there is nothing to finish
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)
        .map_err(|error| Failure::io("the server cannot be told to end", &error.into()))?;
    let started = Instant::now();
    while Instance::served_by(folder).is_some() {
        if started.elapsed() > STOP_DEADLINE {
            return Err(Failure::new(Exit::Service, format!("process {} was told to end and did not", pid.as_raw_nonzero())));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    ui.note("The local Sigstore has ended.");
    Ok(Exit::Good)
}

/// Writes the repository's own configuration, and says what it wrote.
fn point(folder: &Path, repository: &Path, email: Option<&str>, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = Instance::open(folder)?;
    let file = |name: &str| instance.file(name).into_os_string();
    let key = |name: &str| format!("paraph.{NAME}.{name}");
    let mut settings: Vec<(String, OsString)> = vec![
        ("gpg.format".into(), "x509".into()),
        ("gpg.x509.program".into(), program()?.into_os_string()),
        ("paraph.instance".into(), NAME.into()),
        (key("trustedRoot"), file("trusted_root.json")),
        (key("signingConfig"), file("signing_config.json")),
        (key("accessCodeFile"), file("access-code")),
    ];
    if let Some(email) = email {
        // refuses an address that no certificate can name
        instance.identity_token(email)?;
        settings.push(("paraph.expectedIdentity".into(), email.into()));
    }
    for (key, value) in settings {
        let written =
            Process::new("git").arg("-C").arg(repository).args(["config", "--local", &key]).arg(&value).stdin(Stdio::null()).output();
        let written = written.map_err(|error| Failure::io("git cannot be run", &error))?;
        if !written.status.success() {
            let said = String::from_utf8_lossy(&written.stderr).trim().to_owned();
            return Err(Failure::new(Exit::Object, format!("git could not set {key} in {}: {said}", repository.display())));
        }
        ui.line(format!("{key} = {}", value.display()));
    }
    if Instance::served_by(folder).is_none() {
        ui.note("It does not run now: start it with `paraph local serve`.");
    }
    Ok(Exit::Good)
}

/// This program, absolute.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::io("this program's own path cannot be found", &error))
}
