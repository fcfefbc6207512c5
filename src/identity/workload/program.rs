//! Runs a platform's program that prints a token, with limits for time and output.

use super::{Problem, Surroundings};
use crate::{identity::MAX_TOKEN, service::quotable, wording::spoken_duration};
use std::{
    io::Read,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// The part of the program's error output that is read, in bytes.
const MAX_COMPLAINT: usize = 4096;
/// How often to check whether a program that has closed its output has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs `program` from the PATH and returns its standard output.
pub(super) fn output(program: &'static str, arguments: &[&str], surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let failed = |what: String| Problem::Program { program, what };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(path) = (surroundings.variable)("PATH") {
        command.env("PATH", path);
    }
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
    let until = Instant::now() + surroundings.deadline;
    let outcome = wait(&mut child, until);
    if !matches!(outcome, Ok((Some(_), ..))) {
        // the program may have ended meanwhile
        let _ = child.kill();
        let _ = child.wait();
    }
    let (status, output, complaint) = outcome.map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    let Some(status) = status else {
        return Err(failed(if output.len() > MAX_TOKEN {
            format!("printed more than {MAX_TOKEN} bytes")
        } else {
            format!("gave no answer within {}", spoken_duration(surroundings.deadline))
        }));
    };
    if !status.success() {
        let complaint = quotable(String::from_utf8_lossy(&complaint).trim());
        let after = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        return Err(failed(format!("failed with {status}{after}")));
    }
    let text = std::str::from_utf8(&output).map_err(|_| failed("printed text that is not valid UTF-8".into()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

type Outcome = (Option<std::process::ExitStatus>, Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// Waits for the program. There is no status if it took too long or its output is too large.
fn wait(child: &mut Child, until: Instant) -> std::io::Result<Outcome> {
    let output = child.stdout.take().map(|pipe| reader(pipe, MAX_TOKEN + 1));
    let complaint = child.stderr.take().map(|pipe| reader(pipe, MAX_COMPLAINT));
    let (output, complaint) = (receive(output, until), receive(complaint, until));
    let complaint = complaint.unwrap_or_default();
    let Some(output) = output else { return Ok((None, Zeroizing::default(), complaint)) };
    if output.len() > MAX_TOKEN {
        return Ok((None, output, complaint));
    }
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((Some(status), output, complaint));
        }
        if Instant::now() >= until {
            return Ok((None, output, complaint));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Reads on a thread of its own. The thread ends with the pipe, possibly much later, because a grandchild may hold it.
fn reader(pipe: impl Read + Send + 'static, cap: usize) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(cap));
        let _ = pipe.take(cap as u64).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn receive(receiver: Option<Receiver<Zeroizing<Vec<u8>>>>, until: Instant) -> Option<Zeroizing<Vec<u8>>> {
    receiver?.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}
