//! Whether another program than this one is paraph too: a wrapper or a copy. It is asked for its version, as git would run it.

use crate::{
    bounded_process::{self, Error},
    service::quotable,
    wording::spoken_duration,
};
use std::{
    io::ErrorKind,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// The time that the program has for its answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The pause before a program is tried again that somebody is still writing.
const PAUSE: Duration = Duration::from_millis(5);
/// The operating system's error for a file that is no program: git gives such a file to the shell.
const NO_FORMAT: i32 = 8;

/// What a program is.
pub(super) enum Answer {
    /// This version of paraph.
    Same,
    /// Another version of paraph.
    Version(String),
    /// Another program.
    Different,
    /// It did not answer: a clause after "which".
    Failed(String),
}

/// Asks a program for its version.
pub(super) fn of(program: &Path) -> Answer {
    let answer = match run(program, Instant::now() + DEADLINE) {
        Ok(answer) if answer.success => answer.output,
        Ok(_) | Err(Error::TooLong { .. }) => return Answer::Different,
        Err(Error::Timeout { .. }) => {
            return Answer::Failed(format!("does not answer `--version` within {}", spoken_duration(DEADLINE)));
        }
        Err(Error::Start { source, .. } | Error::Wait { source, .. }) => {
            return Answer::Failed(format!("cannot be run: {}", quotable(&source.to_string())));
        }
    };
    match answer.trim().strip_prefix("paraph ") {
        Some(env!("CARGO_PKG_VERSION")) => Answer::Same,
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(char::is_whitespace) => {
            Answer::Version(quotable(version))
        }
        _ => Answer::Different,
    }
}

fn run(program: &Path, until: Instant) -> Result<bounded_process::Answer, Error> {
    let mut command = Command::new(program);
    loop {
        command.arg("--version");
        let is_shell = command.get_program() != program;
        match bounded_process::run(command, b"", until.saturating_duration_since(Instant::now())) {
            Err(Error::Start { source, .. }) if cfg!(unix) && source.raw_os_error() == Some(NO_FORMAT) && !is_shell => {
                command = Command::new("/bin/sh");
                command.arg(program);
            }
            Err(Error::Start { source, .. }) if source.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < until => {
                std::thread::sleep(PAUSE);
                command = Command::new(program);
            }
            result => return result,
        }
    }
}
