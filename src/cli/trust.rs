//! `paraph trust`: shows, fetches and imports trust roots.

use super::{
    context::Context,
    exit::{Exit, Failure},
    git_settings::set_global,
    input::read,
    ui::Ui,
};
use crate::{
    config::{Config, OptionValue, Use},
    selection,
    trust::{Instance, Log, MAX_TRUSTED_ROOT, TrustRoot, Window},
    wording::counted,
};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The largest TUF root that is read, in bytes.
const MAX_ROOT: usize = 1 << 20;

/// Manage trust roots: the trusted authorities and logs
///
/// The keys of the public Sigstore come with the program. They are updated over TUF, the update framework, when you sign and by `paraph trust
/// update`. Verifying never asks the network.
///
/// Example: paraph trust status
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// Manage this instance instead of the one in use
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub instance: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Fetch the newest trust root of an instance
    ///
    /// Asks the TUF repository of the instance, verifies its answer, and stores the trust root in the user's cache. Fails if the repository does
    /// not answer or its metadata is not accepted; the stored trust root then stays.
    ///
    /// Example: paraph trust update
    Update,
    /// Show the trust root in use
    ///
    /// Shows its source and age, and when each authority and log is trusted. Needs no network.
    ///
    /// Example: paraph trust status --json
    Status {
        /// Print the trust root as JSON
        #[arg(long)]
        json: bool,
    },
    /// Trust a new instance by its TUF repository
    ///
    /// Trust begins with a TUF root from a source that you trust. --instance names the new instance. The built-in instances need no
    /// initialization. Sets paraph.NAME.mirror in your git configuration. If it fails, what was verified is kept: called again with the same
    /// root, it refuses an older state of the repository.
    ///
    /// Example: paraph trust initialize --instance corp --mirror https://tuf.corp.example --root root.json
    Initialize {
        /// The URL of the TUF repository
        #[arg(long, value_name = "URL")]
        mirror: String,
        /// The file with the TUF root (root.json)
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
    /// Import a trust root from a file
    ///
    /// For machines without a network. The file is stored in the user's data folder, and used until a newer trust root is fetched.
    ///
    /// Example: paraph trust import trusted_root.json
    Import {
        /// A trusted_root.json
        file: PathBuf,
    },
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = arguments.instance.as_ref().map(|name| OptionValue { setting: "instance", flag: "--instance", value: name.into() });
    let context = Context::load_for(instance.as_slice(), &[Use::Trust])?;
    match &arguments.command {
        Command::Update => update(&context, ui),
        Command::Status { json } => status(&context, *json, ui),
        Command::Initialize { mirror, root } => initialize(&context, mirror, root, ui),
        Command::Import { file } => import(&context, file, ui),
    }
}

fn update(context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    let (http, runtime) = (context.http()?, runtime()?);
    let material = runtime.block_on(context.trust_store().refresh(&name, &http, Timestamp::now()))?;
    ui.line(format!("The instance {name} is trusted by {}.", material.describe(Timestamp::now())));
    if context.trust_roots()?.iter().any(|root| !root.source.contains(&material.mirror)) {
        ui.note("It is not in use: a file in the configuration takes precedence; see `paraph trust status`.");
    }
    Ok(Exit::Good)
}

fn initialize(context: &Context, url: &str, root: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    if name.is_built_in() {
        return Err(Failure::usage(format!("\"{name}\" is the name of a built-in instance"))
            .with_hint("give the new one a name with --instance NAME"));
    }
    let (http, runtime) = (context.http()?, runtime()?);
    let root = read(Some(root), MAX_ROOT)?;
    let mirror = runtime.block_on(context.trust_store().initialize(url, &root, &http, Timestamp::now()))?;
    set_global(&format!("paraph.{name}.mirror"), mirror.url())?;
    ui.line(format!("The trust of the instance {name} was fetched from its TUF repository at {}.", mirror.url()));
    warn_of_file_in_use(&context.config, &name, ui);
    ui.note(format!("Set paraph.{name}.mirror in your git configuration. To use the instance, run `git config paraph.instance {name}`."));
    Ok(Exit::Good)
}

fn import(context: &Context, file: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    let shown = file.display().to_string();
    let root = context.trust_store().import(&name, &shown, &read(Some(file), MAX_TRUSTED_ROOT)?, Timestamp::now())?;
    ui.line(format!("The trust of the instance {name} was imported from {shown}: {}.", summary(&root)));
    warn_of_file_in_use(&context.config, &name, ui);
    Ok(Exit::Good)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))
}

/// Stored trust is not in use where the configuration names a file.
fn warn_of_file_in_use(config: &Config, name: &Instance, ui: &mut Ui) {
    if let Some((file, source)) = selection::trusted_root_file(config, name) {
        ui.warning(format!("It is not in use: {} takes precedence, which {source} names.", file.display()));
    }
}

fn status(context: &Context, json: bool, ui: &mut Ui) -> Result<Exit, Failure> {
    let roots = context.trust_roots()?;
    if json {
        ui.json(&roots.iter().map(RootReport::new).collect::<Vec<_>>());
        return Ok(Exit::Good);
    }
    for root in &roots {
        ui.line(format!("Instance {}: {}", root.instance, root.source));
        ui.line(format!("  {}", summary(root)));
        for authority in &root.authorities {
            ui.line(format!("  certificate authority, trusted {}", authority.window()));
        }
        for log in &root.logs {
            ui.line(format!("  log {}", described(log)));
        }
        for log in &root.ct_logs {
            ui.line(format!("  CT log {}", described(log)));
        }
        for authority in &root.timestamp_authorities {
            ui.line(format!("  timestamp authority, trusted {}", authority.window()));
        }
    }
    Ok(Exit::Good)
}

fn described(log: &Log) -> String {
    let url = if log.base_url.is_empty() { "known by its key" } else { log.base_url.as_str() };
    format!("{url}, id {}, trusted {}", hex::encode(log.key.id), log.window)
}

fn summary(root: &TrustRoot) -> String {
    format!(
        "{}, {}, {} and {}",
        counted(root.authorities.len(), "certificate authority"),
        counted(root.logs.len(), "log"),
        counted(root.ct_logs.len(), "CT log"),
        counted(root.timestamp_authorities.len(), "timestamp authority"),
    )
}

/// `trust status --json`: names are only ever added.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RootReport {
    instance: String,
    source: String,
    certificate_authorities: Vec<WindowReport>,
    logs: Vec<LogReport>,
    ct_logs: Vec<LogReport>,
    timestamp_authorities: Vec<WindowReport>,
}

/// When something was trusted: RFC 3339, both ends included; an end that is absent is open.
#[derive(Serialize)]
struct WindowReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

#[derive(Serialize)]
struct LogReport {
    /// Absent where only a key is known.
    #[serde(skip_serializing_if = "str::is_empty")]
    url: String,
    /// Hexadecimal.
    id: String,
    #[serde(flatten)]
    window: WindowReport,
}

impl RootReport {
    fn new(root: &TrustRoot) -> Self {
        let logs = |logs: &[Log]| logs.iter().map(LogReport::new).collect();
        Self {
            instance: root.instance.to_string(),
            source: root.source.clone(),
            certificate_authorities: root.authorities.iter().map(|authority| WindowReport::new(authority.window())).collect(),
            logs: logs(&root.logs),
            ct_logs: logs(&root.ct_logs),
            timestamp_authorities: root.timestamp_authorities.iter().map(|authority| WindowReport::new(authority.window())).collect(),
        }
    }
}

impl WindowReport {
    fn new(window: Window) -> Self {
        Self { start: window.start.map(|time| time.to_string()), end: window.end.map(|time| time.to_string()) }
    }
}

impl LogReport {
    fn new(log: &Log) -> Self {
        Self { url: log.base_url.clone(), id: hex::encode(log.key.id), window: WindowReport::new(log.window) }
    }
}
