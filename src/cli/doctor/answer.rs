//! Whether another program than this one is paraph too: a wrapper or a copy. It is asked for its version, as git would run it.

use crate::{service::quotable, wording::spoken_duration};
use std::{
    io::{self, ErrorKind, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

/// The time that the program has for its answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// How often to check whether a program that has closed its output has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256;
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
    let until = Instant::now() + DEADLINE;
    let mut child = match start(program, until) {
        Ok(child) => child,
        Err(error) => return Answer::Failed(format!("cannot be run: {}", quotable(&error.to_string()))),
    };
    let answer = wait(&mut child, until);
    // it may have ended
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        None => Answer::Failed(format!("does not answer `--version` within {}", spoken_duration(DEADLINE))),
        Some(text) => match text.trim().strip_prefix("paraph ") {
            Some(env!("CARGO_PKG_VERSION")) => Answer::Same,
            Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => Answer::Version(quotable(version)),
            _ => Answer::Different,
        },
    }
}

fn start(program: &Path, until: Instant) -> io::Result<Child> {
    let mut command = Command::new(program);
    loop {
        match command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
            Err(error) if cfg!(unix) && error.raw_os_error() == Some(NO_FORMAT) && command.get_program() == program => {
                command = Command::new("/bin/sh");
                command.arg(program);
            }
            // somebody is still writing it
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < until => {
                std::thread::sleep(PAUSE);
                command = Command::new(program);
            }
            result => return result,
        }
    }
}

/// What the program prints, if it ends in time. Nothing if it fails, or prints more than any version of paraph.
fn wait(child: &mut Child, until: Instant) -> Option<String> {
    let pipe = child.stdout.take()?;
    let (sender, receiver) = sync_channel(1);
    // the thread ends with the pipe, possibly later, because a grandchild may hold it
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(MAX_ANSWER as u64 + 1).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    let bytes = receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
    if bytes.len() > MAX_ANSWER {
        return Some(String::new());
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Some(_)) | Err(_) => return Some(String::new()),
            Ok(None) if Instant::now() >= until => return None,
            Ok(None) => std::thread::sleep(PAUSE),
        }
    }
}
