//! `paraph generate-docs`: manual pages, completions and the tables of settings and reasons, made from what the program runs on.

use super::config;
use super::exit::{Exit, Failure};
use crate::{Layer, Reason, policy::Policy};
use clap_complete::Shell;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Write manual pages, completions and the tables of settings and reasons into a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder, which is created where it is missing
    pub folder: PathBuf,
}

pub(super) fn run(arguments: &Args, mut command: clap::Command) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    let completions = folder.join("completions");
    std::fs::create_dir_all(&completions).map_err(|error| Failure::io(&format!("{} cannot be created", completions.display()), &error))?;
    clap_mangen::generate_to(command.clone(), folder)
        .map_err(|error| Failure::io(&format!("the manual pages cannot be written into {}", folder.display()), &error))?;
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "paraph", &mut script);
        write(&completions.join(clap_complete::Generator::file_name(&shell, "paraph")), &script)?;
    }
    write(&folder.join("settings.md"), config::markdown().as_bytes())?;
    write(&folder.join("reasons.md"), reasons().as_bytes())?;
    Ok(Exit::Good)
}

/// The taxonomy of rejections in Markdown, with the verdict that each leads to.
fn reasons() -> String {
    let mut text = "# Reasons\n\nWhy a signature is not accepted, in the order in which verification looks. Made from the program by `paraph generate-docs`.\n\n\
        The identifier stands in the `reason` of `--json` and in brackets in the text for people; what it means does not change. The verdict \
        is what it leads to: `bad` was checked and is wrong, `unchecked` could not be checked, `other` is another kind of signature, which is \
        named and not judged. git shows `bad` as B, `unchecked` and `other` as E; for an object without a signature it shows N and calls no \
        program. What can be `legacy` too is a rule of old: where everything else verifies, the verdict is `legacy`, and `--allow-legacy` lets the \
        identity decide.\n"
        .to_owned();
    let mut layer: Option<Layer> = None;
    for reason in Reason::ALL {
        // Writing to a String cannot fail.
        if layer != Some(reason.layer()) {
            layer = Some(reason.layer());
            let _ = write!(
                text,
                "\n## {}\n\nLooks at {}.\n\n| reason | verdict | meaning |\n| --- | --- | --- |\n",
                reason.layer().id(),
                reason.layer().subject()
            );
        }
        let verdict = Policy::default().judge(Err((*reason).into())).verdict;
        let verdict = match (reason.is_rule_of_old(), reason.is_missing_entry()) {
            (true, true) => format!("{}, legacy", verdict.as_str()),
            (true, false) => "legacy".to_owned(),
            (false, _) => verdict.as_str().to_owned(),
        };
        let _ = writeln!(text, "| `{}` | {verdict} | {} |", reason.id(), reason.sentence());
    }
    text
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| Failure::io(&format!("{} cannot be written", file.display()), &error))
}
