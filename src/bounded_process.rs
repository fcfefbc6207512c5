//! Runs another program to its end, with its input, and with limits on time and output.

use crate::wording::spoken_duration;
use std::{
    io::{self, Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How often to check whether a program that has closed its streams has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// The most that is read from each of its streams, in bytes.
const MAX_OUTPUT: u64 = 64 << 10;

/// How a program ended, and its output.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Whether its exit status was 0.
    pub success: bool,
    /// Standard output; invalid UTF-8 is replaced.
    pub output: String,
    /// Standard error; invalid UTF-8 is replaced.
    pub errors: String,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{program} cannot be started: {source}")]
    Start { program: String, source: io::Error },
    #[error("{program} printed more than {} KiB", MAX_OUTPUT >> 10)]
    TooLong { program: String },
    #[error("{program} gave no answer within {}", spoken_duration(*.limit))]
    Timeout { program: String, limit: Duration },
    #[error("{program} cannot be waited for: {source}")]
    Wait { program: String, source: io::Error },
}

/// Runs a program for at most this time. One that exceeds a limit is killed.
///
/// # Errors
/// Where it cannot be started, or exceeds a limit.
pub(crate) fn run(mut command: Command, input: &[u8], limit: Duration) -> Result<Answer, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|source| Error::Start { program: program.clone(), source })?;
    let (mut stdin, bytes) = (child.stdin.take(), input.to_vec());
    // a program may answer before it has read all of its input
    thread::spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(&bytes)));
    let (output, errors) = (child.stdout.take().map(read), child.stderr.take().map(read));
    let end = Instant::now() + limit;
    let text = |stream: Option<mpsc::Receiver<Option<String>>>| {
        let answer = stream.map(|stream| stream.recv_timeout(end.saturating_duration_since(Instant::now())));
        match answer {
            Some(Ok(Some(text))) => Ok(text),
            Some(Ok(None)) => Err(Error::TooLong { program: program.clone() }),
            _ => Err(Error::Timeout { program: program.clone(), limit }),
        }
    };
    let texts = text(output).and_then(|output| Ok((output, text(errors)?)));
    let ended = match texts {
        Ok(_) => wait(&mut child, end).map_err(|source| Error::Wait { program: program.clone(), source }),
        Err(_) => Ok(None),
    };
    if !matches!(ended, Ok(Some(_))) {
        // it may have ended meanwhile
        let _ = child.kill();
        let _ = child.wait();
    }
    let (output, errors) = texts?;
    let status = ended?.ok_or(Error::Timeout { program, limit })?;
    Ok(Answer { success: status.success(), output, errors })
}

/// Waits for a program that has closed its streams; `None` if it goes on.
fn wait(child: &mut Child, end: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            None if Instant::now() < end => thread::sleep(PAUSE),
            ended => return Ok(ended),
        }
    }
}

/// Reads a stream to its end on a thread of its own; `None` where it is too long.
fn read(stream: impl Read + Send + 'static) -> mpsc::Receiver<Option<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.take(MAX_OUTPUT + 1).read_to_end(&mut bytes);
        let complete = read.is_ok_and(|length| length as u64 <= MAX_OUTPUT);
        // nobody receives after the time limit
        let _ = sender.send(complete.then(|| String::from_utf8_lossy(&bytes).into_owned()));
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8]) -> Result<Answer, Error> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, input, Duration::from_secs(60))
    }

    #[test]
    fn both_streams_and_the_status_are_the_answer() {
        let answer = shell("cat; echo talk >&2; exit 3", b"input").unwrap();
        assert_eq!((answer.success, answer.output.as_str(), answer.errors.as_str()), (false, "input", "talk\n"));
        assert!(shell("exit 0", &vec![b'x'; 1 << 20]).unwrap().success, "unread input");
    }

    #[test]
    fn an_endless_answer_is_an_error() {
        assert!(matches!(shell("exec cat /dev/zero", b""), Err(Error::TooLong { .. })));
        assert!(matches!(run(Command::new("/nowhere/program"), b"", Duration::from_secs(60)), Err(Error::Start { .. })));
    }

    #[test]
    fn a_program_that_goes_on_is_ended_whether_or_not_its_streams_are_open() {
        for script in ["exec sleep 600", "exec >&- 2>&-; exec sleep 600"] {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            assert!(matches!(run(command, b"", Duration::from_millis(200)), Err(Error::Timeout { .. })), "{script}");
        }
    }
}
