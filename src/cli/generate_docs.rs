//! `paraph generate-docs`: manual pages, completions and the tables of settings and reasons, made from what the program runs on.

use super::config;
use super::exit::{Exit, Failure};
use crate::{
    Explanation as _, Layer, LegacyRule, Reason,
    policy::{Decision, Finding, Verdict},
};
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
    name_sections(folder)?;
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "paraph", &mut script);
        write(&completions.join(clap_complete::Generator::file_name(&shell, "paraph")), &script)?;
    }
    write(&folder.join("settings.md"), config::markdown().as_bytes())?;
    write(&folder.join("reasons.md"), reasons().as_bytes())?;
    Ok(Exit::Good)
}

/// What follows a command's options stands under a heading that means nothing; its first line is the heading that it should have.
fn name_sections(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(&format!("the manual pages in {} cannot be read", folder.display()), &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let page = entry.map_err(failed)?.path();
        if page.extension().is_none_or(|extension| extension != "1") {
            continue;
        }
        let text = std::fs::read_to_string(&page).map_err(failed)?;
        let Some((before, after)) = text.split_once(".SH EXTRA\n") else { continue };
        let Some((heading, rest)) = after.split_once(":\n") else { continue };
        let heading = if heading == "Exit codes" { "EXIT STATUS".to_owned() } else { heading.to_uppercase() };
        write(&page, format!("{before}.SH \"{heading}\"\n{}", rest.trim_start_matches('\n')).as_bytes())?;
    }
    Ok(())
}

/// The taxonomy of rejections in Markdown, with the verdict that each leads to.
fn reasons() -> String {
    let mut text = "# Reasons\n\nWhy a signature is not accepted, in the order in which verification looks. Made from the program by `paraph generate-docs`.\n\n\
        The identifier stands in the `reason` of `--json` and in brackets in the text for people; what it means does not change. The verdict \
        is what it leads to: `bad` was checked and is wrong, `unchecked` could not be checked, `other` is another kind of signature, which is \
        named and not judged. git shows `bad` as B, `unchecked` and `other` as E; for an object without a signature it shows N and calls no \
        program.\n"
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
        let verdict = Verdict::from(reason.standing());
        let _ = writeln!(text, "| `{}` | {} | {} |", reason.id(), verdict.as_str(), reason.sentence());
    }
    let table = "| reason | verdict | meaning |\n| --- | --- | --- |\n";
    let _ = write!(
        text,
        "\n## legacy rules\n\nWhat an older signature needed to verify. Such a signature is `legacy`; `--allow-legacy` judges it by its identity \
         instead. JSON (`legacy`) lists the rules of a signature. Three of them are reasons above too: there the log entry is missing as well, and \
         `--lookup` may find it.\n\n{table}"
    );
    for rule in LegacyRule::ALL {
        let _ = writeln!(text, "| `{}` | legacy | {} |", rule.id(), rule.sentence());
    }
    let _ = write!(
        text,
        "\n## other verifiers\n\nWhat `git` says of OpenPGP and SSH signatures with `--other-signatures`, and what is said of a forge's merges by its key \
         (`paraph.forgeKey`). These stand in the place of `openpgp-signature` and `ssh-signature`.\n\n{table}"
    );
    for finding in Finding::ALL.iter().filter(|finding| finding.verdict() != Verdict::Good) {
        let _ = writeln!(text, "| `{}` | {} | {} |", finding.id(), finding.verdict().as_str(), finding.sentence());
    }
    let _ = write!(
        text,
        "\n## policy\n\nWhy a verified signature is not good: the summary of `paraph verify` and SARIF name these, and JSON (`decisionId`).\n\n{table}"
    );
    for decision in Decision::ALL.iter().filter(|decision| decision.verdict() != Verdict::Good) {
        let _ = writeln!(text, "| `{}` | {} | {} |", decision.id(), decision.verdict().as_str(), decision.sentence());
    }
    text
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| Failure::io(&format!("{} cannot be written", file.display()), &error))
}
