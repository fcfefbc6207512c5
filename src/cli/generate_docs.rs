//! `paraph generate-docs`: manual pages, completions and the table of settings, made from the definitions of the command line.

use super::config;
use super::exit::{Exit, Failure};
use clap_complete::Shell;
use std::path::{Path, PathBuf};

/// Write manual pages, completions and the table of settings into a folder
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
    Ok(Exit::Good)
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| Failure::io(&format!("{} cannot be written", file.display()), &error))
}
