//! Another program run to its end: its input handed in, its answer capped, its time limited.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long a program may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The longest answer that is read from each of its streams, in bytes.
const LONGEST_ANSWER: u64 = 64 << 10;

/// How a program ended and what it said.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// Whether its exit status was 0.
    pub success: bool,
    /// Standard output; what is no UTF-8 is replaced.
    pub output: String,
    /// Standard error, likewise.
    pub errors: String,
}

/// Runs a program.
///
/// # Errors
/// In words, where it cannot be started, says too much, or takes too long; then it was ended.
pub(super) fn run(mut command: Command, input: &[u8]) -> Result<Answer, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    let (mut stdin, bytes) = (child.stdin.take(), input.to_vec());
    // a program that does not read to the end tells by its answer
    thread::spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(&bytes)));
    let (output, errors) = (child.stdout.take().map(read), child.stderr.take().map(read));
    let end = Instant::now() + DEADLINE;
    let text = |stream: Option<mpsc::Receiver<Option<String>>>| {
        let answer = stream.map(|stream| stream.recv_timeout(end.saturating_duration_since(Instant::now())));
        match answer {
            Some(Ok(Some(text))) => Ok(text),
            Some(Ok(None)) => Err(format!("{name} gave an answer that is too long")),
            _ => Err(format!("{name} gave no answer within {} seconds", DEADLINE.as_secs())),
        }
    };
    let texts = text(output).and_then(|output| Ok((output, text(errors)?)));
    if texts.is_err() {
        let _ = child.kill();
    }
    // with both streams closed it has ended, or is about to
    let status = child.wait().map_err(|error| format!("{name} cannot be waited for: {error}"))?;
    let (output, errors) = texts?;
    Ok(Answer { success: status.success(), output, errors })
}

/// The stream to its end on a thread of its own; `None` where it is too long.
fn read(stream: impl Read + Send + 'static) -> mpsc::Receiver<Option<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.take(LONGEST_ANSWER + 1).read_to_end(&mut bytes);
        let complete = read.is_ok_and(|length| length as u64 <= LONGEST_ANSWER);
        // whoever waited may have given up
        let _ = sender.send(complete.then(|| String::from_utf8_lossy(&bytes).into_owned()));
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8]) -> Result<Answer, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, input)
    }

    #[test]
    fn both_streams_and_the_status_are_the_answer() {
        let answer = shell("cat; echo talk >&2; exit 3", b"input").unwrap();
        assert_eq!((answer.success, answer.output.as_str(), answer.errors.as_str()), (false, "input", "talk\n"));
        assert!(shell("exit 0", &vec![b'x'; 1 << 20]).unwrap().success, "input that nobody reads");
    }

    #[test]
    fn an_answer_without_end_is_none() {
        assert!(shell("exec cat /dev/zero", b"").unwrap_err().contains("too long"));
        assert!(run(Command::new("/nowhere/program"), b"").unwrap_err().contains("cannot be started"));
    }
}
