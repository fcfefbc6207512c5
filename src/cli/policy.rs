//! `paraph policy`: commands about policy files.

use super::{
    exit::{Exit, Failure},
    input::read_at_most,
    ui::Ui,
};
use crate::{
    escape::Escaped,
    repository::Repository,
    repository_policy::{FILE, MAX_FILE, PolicyFile},
    selection::SelectionError,
};
use std::path::{Path, PathBuf};

/// Check the policy of a repository
///
/// A policy says who may commit, merge and tag: see man/policy.md.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(Check),
}

/// Find mistakes in a policy file
///
/// Reads the file, and prints the first mistake with its line and column. Warns of rules that can never decide, and of others that allow more
/// than they seem to. Fails if the file cannot be used.
///
/// Example: paraph policy check
#[derive(Debug, clap::Args)]
struct Check {
    /// The file; `-` is standard input [default: .paraph/policy.toml of the work tree]
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Check(check) => check.run(ui),
    }
}

impl Check {
    fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let path = match &self.file {
            Some(path) => path.clone(),
            None => in_work_tree()?,
        };
        let (named, shown) = match path.as_os_str() == "-" {
            true => (None, Path::new("standard input")),
            false => (Some(path.as_path()), path.as_path()),
        };
        let policy = PolicyFile::parse(&read_at_most(named, MAX_FILE + 1)?);
        let policy = policy.map_err(|cause| SelectionError::PolicyFile { path: shown.to_owned(), cause })?;
        let name = Escaped(&shown.to_string_lossy()).to_string();
        for warning in policy.warnings() {
            ui.warning(format!("{name}: {warning}."));
        }
        ui.line(format!("{name} can be used: {}.", policy.counts()));
        Ok(Exit::Good)
    }
}

/// The policy file of the work tree.
fn in_work_tree() -> Result<PathBuf, Failure> {
    let repository = Repository::discover()?;
    let top = repository.as_ref().and_then(Repository::work_tree);
    top.map(|top| top.join(FILE)).ok_or_else(|| Failure::usage("there is no work tree here").with_hint("name the file"))
}
