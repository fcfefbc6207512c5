//! `paraph trust`.

use super::{
    context::Context,
    exit::{Exit, Failure},
    input::read,
    ui::Ui,
};
use crate::{
    config::{Config, OptionValue},
    selection::Cached,
    service::{
        Http,
        tuf::{Mirror, TrustMaterial},
    },
    trust::{Instance, Log, MAX_TRUSTED_ROOT, TrustRoot, Window},
};
use directories::ProjectDirs;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// Trust that is older than this is renewed when signing.
const OLD: SignedDuration = SignedDuration::from_hours(24);
/// Signing does not wait longer than this for a mirror.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest TUF root that is read, in bytes.
const MAX_ROOT: usize = 1 << 20;

/// Manage what is trusted: authorities, logs and their keys
///
/// The keys of the public Sigstore come with the program and are renewed over TUF, the update framework: when signing, and here.
/// Verifying asks no network for them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// The instance to manage; otherwise the one in use
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub instance: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Fetch the newest trust material of the instance in use
    Update,
    /// Show which trust material is in use, where it comes from, its version and its age
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Trust an instance by its TUF repository, beginning with a root that you got in a safe way
    ///
    /// A new instance gets the name that --instance gives; the built-in ones need no initialization.
    Initialize {
        /// The URL of its TUF repository
        #[arg(long, value_name = "URL")]
        mirror: String,
        /// The file with its TUF root
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
    /// Take trust material from a file, for machines without a network
    Import {
        /// A trusted_root.json
        file: PathBuf,
    },
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let instance = arguments.instance.as_ref().map(|name| OptionValue { setting: "instance", flag: "--instance", value: name.into() });
    let context = Context::load(instance.as_slice())?;
    match &arguments.command {
        Command::Update => update(&context, ui),
        Command::Status { json } => status(&context, *json, ui),
        Command::Initialize { mirror, root } => initialize(&context, mirror, root, ui),
        Command::Import { file } => import(&context, file, ui),
    }
}

fn update(context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    let mirror = mirror(&context.config, &name)?.ok_or_else(|| {
        Failure::new(Exit::Trust, format!("the instance {name} has no TUF repository to be renewed from"))
            .with_hint(format!("set paraph.{name}.mirror, or run `paraph trust initialize`"))
    })?;
    let material = refresh(&context.config, &mirror, None)?;
    ui.line(format!("The instance {name} is trusted by {}.", material.describe(Timestamp::now())));
    if context.trust_roots()?.iter().any(|root| !root.source.contains(mirror.url())) {
        ui.note("It is not what is in use: a file that the configuration names comes first; see `paraph trust status`.");
    }
    Ok(Exit::Good)
}

fn initialize(context: &Context, url: &str, root: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    if name.is_built_in() {
        return Err(Failure::new(Exit::Usage, format!("{name} is the name of a built-in instance"))
            .with_hint("give the new one a name: --instance NAME"));
    }
    let mirror = Mirror::new(&caches()?, url)?;
    let (http, runtime) = network(&context.config)?;
    let root = read(Some(root), MAX_ROOT)?;
    runtime.block_on(async {
        mirror.initialize(&http, &root).await?;
        mirror.refresh(&http, Timestamp::now()).await
    })?;
    git_config(&format!("paraph.{name}.mirror"), mirror.url())?;
    ui.line(format!("The trust of the instance {name} was fetched from its TUF repository at {}.", mirror.url()));
    note_a_file_that_comes_first(&context.config, &name, ui);
    ui.note(format!("Set paraph.{name}.mirror in your git configuration. To use it, run `git config paraph.instance {name}`."));
    Ok(Exit::Good)
}

fn import(context: &Context, file: &Path, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = context.config.instance_name();
    if name == Instance::custom() {
        return Err(Failure::new(
            Exit::Usage,
            "the instance custom is made of the files that the configuration names, so there is nothing to import for it",
        ));
    }
    let json = read(Some(file), MAX_TRUSTED_ROOT)?;
    let root = TrustRoot::from_json(&json, name.clone(), &file.display().to_string())
        .map_err(|error| Failure::new(Exit::Trust, error.to_string()))?;
    let trusted_root = String::from_utf8(json).map_err(|_| Failure::new(Exit::Trust, format!("{} is no text", file.display())))?;
    let imported = Imported { file: file.display().to_string(), imported: Timestamp::now(), trusted_root };
    write(&imports()?.join(format!("{name}.json")), &imported)?;
    ui.line(format!("The trust of the instance {name} was taken from {}: {}.", file.display(), summary(&root)));
    note_a_file_that_comes_first(&context.config, &name, ui);
    Ok(Exit::Good)
}

/// Trust that was fetched or imported is not in use where the configuration names a file.
fn note_a_file_that_comes_first(config: &Config, name: &Instance, ui: &mut Ui) {
    let own = config.instance_settings(name).map(|settings| &settings.trusted_root);
    let first = std::iter::once(&config.trusted_root).chain(own).find_map(|setting| Some((setting.value.as_ref()?, &setting.source)));
    if let Some((file, source)) = first {
        ui.warning(format!("It is not in use, since {} comes first, which {source} names.", file.display()));
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
    format!("{url}, id {}, trusted {}", hex::encode(&log.key.id), log.window)
}

fn summary(root: &TrustRoot) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}, {}, {} and {}",
        count(root.authorities.len(), "certificate authority").replace("authoritys", "authorities"),
        count(root.logs.len(), "log"),
        count(root.ct_logs.len(), "CT log"),
        count(root.timestamp_authorities.len(), "timestamp authority").replace("authoritys", "authorities"),
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
        Self { url: log.base_url.clone(), id: hex::encode(&log.key.id), window: WindowReport::new(log.window) }
    }
}

/// What `paraph trust import` keeps: the user's word for it that the file is to be trusted. Whoever can change it changes whom is trusted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Imported {
    file: String,
    imported: Timestamp,
    trusted_root: String,
}

/// What is kept for an instance beside what the program carries: from its TUF mirror or from a file, whichever came later.
pub(super) fn cached(config: &Config, name: &Instance) -> Result<Option<Cached>, String> {
    let fetched = match mirror(config, name).map_err(|failure| failure.message)? {
        Some(mirror) => mirror.cached().map_err(|error| error.to_string())?,
        None => None,
    };
    let imported = imported(name)?;
    if let Some(import) = imported.filter(|import| fetched.as_ref().is_none_or(|fetched| fetched.refreshed < import.imported)) {
        let description = format!("imported from {} on {}", import.file, import.imported.strftime("%Y-%m-%d"));
        // a file of trust says nothing about services, so those that were fetched stay
        let signing_config = fetched.and_then(|fetched| fetched.signing_config).map(String::into_bytes);
        return Ok(Some(Cached { trusted_root: import.trusted_root.into_bytes(), signing_config, description }));
    }
    Ok(fetched.map(|material| Cached {
        description: material.describe(Timestamp::now()),
        trusted_root: material.trusted_root.into_bytes(),
        signing_config: material.signing_config.map(String::into_bytes),
    }))
}

/// Renews the trust of the instance in use where it is older than a day. The error is a sentence for the user.
pub(super) fn refresh_if_old(config: &Config) -> Result<(), String> {
    let name = config.instance_name();
    // trust that a file gives is not renewed
    if config.trusted_root.value.is_some() || config.instance_settings(&name).is_some_and(|settings| settings.trusted_root.value.is_some())
    {
        return Ok(());
    }
    let Some(mirror) = mirror(config, &name).map_err(|failure| failure.message)? else { return Ok(()) };
    let known = mirror.cached().map_err(|error| error.to_string())?;
    if known.is_some_and(|known| Timestamp::now().duration_since(known.refreshed) < OLD) {
        return Ok(());
    }
    match refresh(config, &mirror, Some(PATIENCE)) {
        Ok(_) => Ok(()),
        Err(failure) => {
            Err(format!("The trust of the instance {name} could not be renewed, and what is there is used: {}.", failure.message))
        }
    }
}

fn refresh(config: &Config, mirror: &Mirror, patience: Option<Duration>) -> Result<TrustMaterial, Failure> {
    let (http, runtime) = network(config)?;
    let http = patience.map_or_else(|| http.clone(), |patience| http.within(patience));
    Ok(runtime.block_on(mirror.refresh(&http, Timestamp::now()))?)
}

fn network(config: &Config) -> Result<(Http, tokio::runtime::Runtime), Failure> {
    let runtime = crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
    Ok((super::context::http(config), runtime))
}

/// The address of the TUF repository of the instance in use, where trust is renewed from one.
pub(super) fn mirror_url(config: &Config) -> Option<String> {
    let name = config.instance_name();
    let by_file = config.trusted_root.value.is_some()
        || config.instance_settings(&name).is_some_and(|settings| settings.trusted_root.value.is_some());
    if by_file { None } else { mirror(config, &name).ok()?.map(|mirror| mirror.url().to_owned()) }
}

/// The TUF mirror of an instance, where it has one.
fn mirror(config: &Config, name: &Instance) -> Result<Option<Mirror>, Failure> {
    let url = match name.as_str() {
        "public" => sigstore_trust_root::SigstoreInstance::PublicGood.tuf_url(),
        "staging" => sigstore_trust_root::SigstoreInstance::Staging.tuf_url(),
        _ => match config.instance_settings(name).and_then(|settings| settings.mirror.value.as_ref()) {
            Some(url) => url.as_str(),
            None => return Ok(None),
        },
    };
    let Ok(caches) = caches() else { return Ok(None) };
    Ok(Some(Mirror::new(&caches, url)?))
}

fn imported(name: &Instance) -> Result<Option<Imported>, String> {
    let Ok(folder) = imports() else { return Ok(None) };
    let file = folder.join(format!("{name}.json"));
    match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("{} is damaged ({error}); remove it, or import the trust again", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}

fn write(file: &Path, imported: &Imported) -> Result<(), Failure> {
    let failure = |error: &std::io::Error| Failure::io(&format!("{} cannot be written", file.display()), error);
    let folder = file.parent().unwrap_or(file);
    let json = serde_json::to_vec_pretty(imported).map_err(|error| Failure::new(Exit::Io, error.to_string()))?;
    std::fs::create_dir_all(folder).map_err(|error| failure(&error))?;
    let mut whole = tempfile::NamedTempFile::new_in(folder).map_err(|error| failure(&error))?;
    whole.write_all(&json).map_err(|error| failure(&error))?;
    whole.persist(file).map_err(|error| failure(&error.error))?;
    Ok(())
}

fn caches() -> Result<PathBuf, Failure> {
    places().map(|places| places.cache_dir().to_owned())
}

fn imports() -> Result<PathBuf, Failure> {
    places().map(|places| places.data_local_dir().join("trust"))
}

fn places() -> Result<ProjectDirs, Failure> {
    ProjectDirs::from("", "", "paraph")
        .ok_or_else(|| Failure::new(Exit::Io, "there is no home folder to keep trust in").with_hint("set HOME"))
}

/// Sets a key in the user's git configuration.
fn git_config(key: &str, value: &str) -> Result<(), Failure> {
    let done = crate::git_process::git(["config", "--global", key, value]).output();
    match done {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            Err(Failure::new(Exit::Configuration, format!("git could not set {key}: {}", String::from_utf8_lossy(&output.stderr).trim())))
        }
        Err(error) => Err(Failure::io("git cannot be run", &error)),
    }
}
