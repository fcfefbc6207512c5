//! `paraph trust`.

use super::exit::{Exit, Failure};
use super::ui::Ui;
use std::path::PathBuf;

/// Manage what is trusted: authorities, logs and their keys
///
/// The keys of the public Sigstore come with the program and are renewed over TUF, the update framework: when signing, and here.
/// Verifying never asks the network.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
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

pub(super) fn run(_arguments: &Args, _ui: &mut Ui) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Trust, "trust cannot be managed by this build"))
}

/// What the cache holds for an instance.
pub(super) fn cached(_config: &crate::config::Config, _name: &crate::trust::Instance) -> Result<Option<crate::selection::Cached>, String> {
    Ok(None)
}

/// Refreshes the cache of the instance in use where it is older than a day.
pub(super) fn refresh_if_old(_config: &crate::config::Config) -> Result<(), String> {
    Ok(())
}
