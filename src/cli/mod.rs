//! The command line: its arguments, whose help is the reference documentation, and what each call does.
//!
//! git and jj call the program as they call gpgsm (`--status-fd=2 -bsau KEY`): [`git_call`] parses such calls and [`git_program`] runs
//! them, without clap. People and scripts use subcommands. Each subcommand has a file here, which holds arguments and output; the work is
//! done by the library. Only [`ui`] prints, and only [`exit`] knows exit codes.

#[cfg(unix)]
mod agent;
#[cfg_attr(not(unix), allow(dead_code, reason = "no agent runs there"))]
mod agent_preview;
mod allow;
mod attest;
mod caller;
mod config;
mod confirmation;
mod context;
mod doctor;
pub(crate) mod exit;
mod generate_docs;
pub(crate) mod git_call;
mod git_changes;
pub(crate) mod git_program;
mod git_settings;
mod git_sign;
mod git_verify;
mod gpg_option;
mod hook;
mod identity;
mod input;
mod key_list;
mod last_failure;
#[cfg(unix)]
mod local;
mod log;
mod one_time_notice;
mod policy;
mod process_memory;
mod publication;
mod qr;
mod release;
mod setup;
mod show;
mod sign;
mod signature_file;
mod signing_request;
mod status;
mod status_output;
mod terminal;
mod trust;
pub(crate) mod ui;
mod usage;
mod verify;
mod verify_file;
mod whoami;

use clap::{ArgAction, CommandFactory, Parser, Subcommand, ValueHint, builder::OsStringValueParser};
use exit::{Exit, Failure};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use ui::Ui;

/// Keyless signing and verification for git
///
/// paraph signs commits, tags and pushes with a fresh key. A certificate, valid
/// for ten minutes, binds the key to your OpenID identity. A public log records
/// each signature. The signature that git stores contains all of this, so
/// verification needs no network.
///
/// Configure git once, then sign. If something fails, ask the doctor:
///
///   paraph setup --global
///   git commit -S
///   paraph doctor
///
/// git then calls paraph to sign, and for `git verify-commit`,
/// `git log --show-signature` and `git push --signed`.
#[derive(Debug, Parser)]
#[command(name = "paraph", version, verbatim_doc_comment, after_long_help = exit::help(), max_term_width = 100)]
pub(crate) struct Cli {
    /// Run in this folder; if repeated, each is relative to the one before, as in git
    #[arg(short = 'C', value_name = "DIR", global = true, action = ArgAction::Append, value_parser = OsStringValueParser::new(), value_hint = ValueHint::AnyPath)]
    folders: Vec<OsString>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Setup(setup::Args),
    Doctor(doctor::Args),
    Whoami(whoami::Args),
    Allow(allow::Args),
    Verify(Box<verify::Args>),
    VerifyTag(Box<verify::tag::Args>),
    VerifyFile(Box<verify_file::Args>),
    Show(show::Args),
    Sign(Box<sign::Args>),
    Attest(Box<attest::Args>),
    Release(Box<release::Args>),
    VerifyRelease(release::verify::Args),
    Log(log::Args),
    Policy(policy::Args),
    Hook(hook::Args),
    Trust(trust::Args),
    #[cfg(unix)]
    Login(agent::login::LoginArgs),
    #[cfg(unix)]
    Logout(agent::login::LogoutArgs),
    #[cfg(unix)]
    Agent(agent::Args),
    #[cfg(unix)]
    Local(local::Args),
    Config(config::Args),
    #[command(hide = true)]
    GenerateDocs(generate_docs::Args),
}

/// Runs the program with the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut ui = Ui::new();
    match git_call::parse(&arguments) {
        Some(Ok(call)) => git_program::run(call),
        Some(Err(error)) => {
            let failure = Failure::from(error);
            last_failure::record(&failure);
            ui.finish(Err(failure))
        }
        None => {
            let result = run(arguments, &mut ui);
            ui.finish(result)
        }
    }
}

fn run(arguments: Vec<OsString>, ui: &mut Ui) -> Result<Exit, Failure> {
    let (first, arguments) = leading_folders(&arguments);
    let cli = match Cli::try_parse_from(std::iter::once(&OsString::from("paraph")).chain(arguments)) {
        Ok(cli) => cli,
        Err(error) => {
            ui.usage(&error, &usage::subcommand(&Cli::command(), arguments));
            return Ok(Exit::of_command_line(&error));
        }
    };
    for folder in first.into_iter().chain(cli.folders.iter().map(Path::new)) {
        change_folder(folder)?;
    }
    match cli.command {
        Command::Setup(arguments) => setup::run(&arguments, ui),
        Command::Doctor(arguments) => doctor::run(&arguments, ui),
        Command::Whoami(arguments) => whoami::run(&arguments, ui),
        Command::Allow(arguments) => allow::run(&arguments, ui),
        Command::Verify(arguments) => verify::run(&arguments, ui),
        Command::VerifyTag(arguments) => verify::tag::run(&arguments, ui),
        Command::VerifyFile(arguments) => verify_file::run(&arguments, ui),
        Command::Show(arguments) => show::run(&arguments, ui),
        Command::Sign(arguments) => sign::run(&arguments, ui),
        Command::Attest(arguments) => attest::run(&arguments, ui),
        Command::Release(arguments) => release::run(&arguments, ui),
        Command::VerifyRelease(arguments) => release::verify::run(&arguments, ui),
        Command::Log(arguments) => log::run(&arguments, ui),
        Command::Policy(arguments) => policy::run(&arguments, ui),
        Command::Hook(arguments) => hook::run(&arguments, ui),
        Command::Trust(arguments) => trust::run(&arguments, ui),
        #[cfg(unix)]
        Command::Login(arguments) => agent::login::log_in(&arguments, ui),
        #[cfg(unix)]
        Command::Logout(arguments) => agent::login::log_out(&arguments, ui),
        #[cfg(unix)]
        Command::Agent(arguments) => agent::run(&arguments, ui),
        #[cfg(unix)]
        Command::Local(arguments) => local::run(&arguments, ui),
        Command::Config(arguments) => config::run(&arguments, ui),
        Command::GenerateDocs(arguments) => generate_docs::run(&arguments, Cli::command()),
    }
}

/// The folders of the options -C before the subcommand, and the other arguments. clap keeps only those on one side of it.
fn leading_folders(mut arguments: &[OsString]) -> (Vec<&Path>, &[OsString]) {
    let mut folders = Vec::new();
    while let [option, folder, rest @ ..] = arguments
        && option == "-C"
    {
        folders.push(Path::new(folder));
        arguments = rest;
    }
    (folders, arguments)
}

/// Changes the current folder. Like git, it stays for an empty name.
fn change_folder(folder: &Path) -> Result<(), Failure> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    git_settings::called_as();
    std::env::set_current_dir(folder).map_err(|error| {
        Failure::object(format!("the folder \"{}\" cannot be entered: {error}", folder.display())).with_hint("check the path after -C")
    })
}
