//! `paraph show`.

use super::exit::{Exit, Failure};
use super::ui::Ui;

/// Show all that a signature holds
///
/// Prints the certificate with its identity, the log entry and the timestamps of a signed commit or tag, whether or not they verify.
/// This is for reading: what is shown is what the signature claims, and only `paraph verify` judges it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The commit or tag, in git's syntax; a tag is the tag object itself
    #[arg(default_value = "HEAD")]
    pub revision: String,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &Args, _ui: &mut Ui) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Object, format!("{} cannot be shown by this build", arguments.revision)))
}
