//! `paraph policy describe` and `paraph policy diff`.

use super::source::NamedPolicy;
use crate::{
    cli::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    repository_policy::Difference,
};
use serde::Serialize;

/// Say in sentences who may do what
///
/// Reads a policy file, or the one of a commit, and prints what each rule says, who stands behind the names, and what holds where no rule
/// matches. It does not judge whether that policy is in force: `paraph policy explain` does.
///
/// Example: paraph policy describe main
#[derive(Debug, clap::Args)]
pub(super) struct Describe {
    /// The file, `-` for standard input, or a commit [default: .paraph/policy.toml of the work tree]
    #[arg(value_name = "FILE|REV")]
    policy: Option<String>,
}

impl Describe {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let named = NamedPolicy::read(self.policy.as_deref())?;
        for line in named.policy.described() {
            ui.line(line);
        }
        for warning in named.policy.warnings() {
            ui.warning(format!("{}: {warning}.", named.name));
        }
        Ok(Exit::Good)
    }
}

/// Say what a change of the policy grants and takes away
///
/// Compares two policies by what they answer, not by their text: for each action, for each pattern of refs and paths that one of them names,
/// and for everything else. Says who may make the change: those whom A names for that. Succeeds also if they differ.
///
/// Example: paraph policy diff main topic
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The old policy: a file, or a commit
    #[arg(value_name = "A")]
    old: String,
    /// The new policy: a file, or a commit [default: .paraph/policy.toml of the work tree]
    #[arg(value_name = "B")]
    new: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `--json`.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    difference: Difference,
    right: String,
}

impl Diff {
    pub(super) fn run(&self, ui: &mut Ui) -> Result<Exit, Failure> {
        let (old, new) = (NamedPolicy::read(Some(&self.old))?, NamedPolicy::read(self.new.as_deref())?);
        let difference = old.policy.difference(&new.policy);
        let right = old.policy.right_to_change();
        if self.json {
            ui.json(&Document { difference, right });
            return Ok(Exit::Good);
        }
        if old.bytes == new.bytes {
            ui.line("Both are the same file.");
            return Ok(Exit::Good);
        }
        print(&difference, ui);
        ui.line(format!("Who may make this change: {right}"));
        Ok(Exit::Good)
    }
}

/// Prints what a change does.
pub(super) fn print(difference: &Difference, ui: &mut Ui) {
    let parts = [("It grants:", &difference.grants), ("It takes away:", &difference.takes), ("It also changes:", &difference.others)];
    if parts.iter().all(|(_, sentences)| sentences.is_empty()) {
        ui.line("It grants nothing and takes nothing away.");
    }
    for (heading, sentences) in parts.into_iter().filter(|(_, sentences)| !sentences.is_empty()) {
        ui.line(heading);
        sentences.iter().for_each(|sentence| ui.line(format!("  {sentence}")));
    }
}
