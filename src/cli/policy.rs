//! `paraph policy`: commands about policy files.

mod approve;
mod call;
mod describe;
mod examples;
mod explain;
mod init;
mod source;

use super::{
    exit::{Exit, Failure},
    ui::Ui,
};
use source::NamedPolicy;

/// Work with the policy of a repository
///
/// A policy says who may commit, merge and tag: see man/policy.md.
///
/// Example: paraph policy describe
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Init),
    Check(Check),
    Describe(describe::Describe),
    Diff(describe::Diff),
    Test(examples::Test),
    Explain(explain::Explain),
    Approve(approve::Approve),
}

/// Find mistakes in a policy file
///
/// Reads the file, and prints the first mistake with its line and column. Warns of rules that can never decide, and of others that allow more
/// than they seem to. Fails if the file cannot be used.
///
/// Example: paraph policy check
#[derive(Debug, clap::Args)]
struct Check {
    /// The file, `-` for standard input, or a commit [default: .paraph/policy.toml of the work tree]
    #[arg(value_name = "FILE|REV", value_hint = clap::ValueHint::FilePath)]
    policy: Option<String>,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Init(init) => init.run(ui),
        Command::Check(check) => check.run(ui),
        Command::Describe(describe) => describe.run(ui),
        Command::Diff(diff) => diff.run(ui),
        Command::Test(test) => test.run(ui),
        Command::Explain(explain) => explain.run(ui),
        Command::Approve(approve) => approve.run(ui),
    }
}

impl Check {
    fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let NamedPolicy { name, policy, .. } = NamedPolicy::read(self.policy.as_deref())?;
        for warning in policy.warnings() {
            ui.warning(format!("{name}: {warning}."));
        }
        ui.line(format!("{name} can be used: {}.", policy.counts()));
        Ok(Exit::Good)
    }
}
