//! `paraph local`.

use super::exit::{Exit, Failure};
use super::ui::Ui;

/// Run a private Sigstore on this machine, for demonstrations and tests
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create its keys and its folder
    Init,
    /// Run it in the foreground
    Serve,
    /// Point the current repository at it
    Use,
    /// Show whether it runs, and where
    Status,
}

pub(super) fn run(_arguments: &Args, _ui: &mut Ui) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Service, "the local Sigstore is not part of this build"))
}
