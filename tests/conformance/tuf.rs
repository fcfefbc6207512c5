//! The TUF client behind the command line of the TUF project's conformance suite (`CLIENT-CLI.md` there), over paraph's own client:
//!
//! ```text
//! tuf-conformance --metadata-dir DIR init TRUSTED_ROOT
//! tuf-conformance --metadata-dir DIR --metadata-url URL refresh
//! tuf-conformance --metadata-dir DIR --metadata-url URL --target-name NAME --target-base-url URL --target-dir DIR download
//! ```
//!
//! It builds with `cargo build --example tuf-conformance`. The state is the file `state` in the metadata folder; the suite reads the copies
//! `ROLE.json` beside it. The exit code is 1 if a command fails.
#![expect(clippy::print_stderr, reason = "the message of a failure")]

use clap::{Parser, Subcommand};
use paraph::internals::service::{
    Http, TimeLimits,
    tuf::{Files, MetadataClient, RepositoryAddress},
};
use serde::{Deserialize, Serialize};
use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

const STATE: &str = "state";

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    metadata_dir: PathBuf,
    #[arg(long)]
    metadata_url: Option<String>,
    #[arg(long)]
    target_name: Option<String>,
    #[arg(long)]
    target_base_url: Option<String>,
    #[arg(long)]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin trust with a root
    Init { trusted_root: PathBuf },
    /// Fetch newer metadata
    Refresh,
    /// Fetch newer metadata and a target
    Download,
}

/// What one run leaves for the next.
#[derive(Serialize, Deserialize)]
struct State {
    first_root: String,
    files: Files,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause = Some(&*error);
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let folder = arguments.metadata_dir.as_path();
    if let Command::Init { trusted_root } = &arguments.command {
        let first_root = std::fs::read_to_string(trusted_root)?;
        let files = Files::from([("root.json".to_owned(), first_root.clone())]);
        return write(folder, &State { first_root, files });
    }
    let State { first_root, files } = serde_json::from_slice(&std::fs::read(folder.join(STATE))?)?;
    let metadata = arguments.metadata_url.clone().ok_or("--metadata-url is missing")?;
    let targets = arguments.target_base_url.clone().unwrap_or_else(|| metadata.clone());
    let http = Http::new(TimeLimits::default());
    let mut client = MetadataClient::new(&http, RepositoryAddress { metadata, targets }, first_root.as_bytes(), files)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now = jiff::Timestamp::now();
    let outcome = runtime.block_on(async {
        client.refresh(now).await?;
        match (&arguments.command, &arguments.target_name) {
            (Command::Download, Some(name)) => client.target(name, now).await.map(Some),
            _ => Ok(None),
        }
    });
    // what was verified is stored, also after a failure
    write(folder, &State { first_root, files: client.files() })?;
    match (outcome?, &arguments.command) {
        (Some(Some(content)), _) => store_target(arguments, &content),
        (_, Command::Download) => Err("there is no such target".into()),
        _ => Ok(()),
    }
}

/// Writes a target under its percent-encoded name, unless it is there.
fn store_target(arguments: &Arguments, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = arguments.target_dir.as_ref().ok_or("--target-dir is missing")?;
    let name = arguments.target_name.as_deref().unwrap_or_default();
    let file = folder.join(url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>());
    if std::fs::read(&file).is_ok_and(|known| known == content) { Ok(()) } else { Ok(std::fs::write(file, content)?) }
}

fn write(folder: &Path, state: &State) -> Result<(), Box<dyn Error>> {
    for (name, content) in state.files.iter().filter(|(name, _)| !name.contains('/')) {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(std::fs::write(folder.join(STATE), serde_json::to_vec(state)?)?)
}
