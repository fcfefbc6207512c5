//! The only module that prints: data to standard output, messages to standard error. Everything from outside is escaped.
//!
//! An error is printed as `error: …`, without a period, followed by `hint: …`, with one: see [`Failure::hint_sentence`].
//!
//! Callers read standard output, so a failed write to it (a full disk, a closed pipe) makes the call fail. A failed write to standard error is
//! ignored: there is nowhere to report it.

use super::{
    exit::{Exit, Failure, hint_sentence},
    usage,
};
use crate::escape::{Escaped, is_unsafe};
use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// Standard output and standard error.
pub(crate) struct Ui {
    output: BufWriter<Box<dyn Write>>,
    messages: Box<dyn Write>,
    /// Messages that are written at once, before the next status lines or at the end.
    collected: Option<Vec<u8>>,
    /// The first failed write to standard output. Nothing is written after it.
    failed: Option<io::Error>,
    /// The progress bar on standard error, while there is one.
    progress: Option<Progress>,
}

/// The progress of a long verification.
struct Progress {
    bar: ProgressBar,
    not_good: u64,
}

/// Sets the total of the progress bar, once it is known.
#[derive(Clone)]
pub(crate) struct Total(ProgressBar);

impl Total {
    /// Sets the number of objects. From now on the bar shows how many are left.
    pub(crate) fn set(&self, objects: u64) {
        self.0.set_length(objects);
        self.0.set_style(style("[{bar:32}] objects: {pos} of {len}{msg}, {eta} left"));
    }
}

/// Counts the bytes of a file that is read.
#[derive(Clone)]
pub(crate) struct Bytes(ProgressBar);

impl Bytes {
    /// Counts so many more bytes.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }
}

/// The size of the buffer for standard output, in bytes: many lines need few system calls.
const BUFFER: usize = 64 * 1024;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

impl Ui {
    /// The streams of this process. Standard error has colour if it is a terminal and `NO_COLOR` is not set.
    pub(crate) fn new() -> Self {
        Self::with(Box::new(io::stdout()), Box::new(anstream::stderr()))
    }

    fn with(output: Box<dyn Write>, messages: Box<dyn Write>) -> Self {
        Self { output: BufWriter::with_capacity(BUFFER, output), messages, collected: None, failed: None, progress: None }
    }

    /// Checks standard output before a signature is made for it, because a signature's log entry cannot be removed.
    ///
    /// # Errors
    /// If it was closed before the program started, or discards what is written to it in the same way.
    pub(crate) fn require_output() -> Result<(), Failure> {
        if discards(&io::stdout()) {
            let failure =
                Failure::system("standard output is closed, discarded or open for reading only, so that the signature would be lost");
            return Err(failure.with_hint("write the signature to a file with --output FILE, or to a pipe"));
        }
        Ok(())
    }

    /// Prints a line of output, escaped.
    pub(crate) fn line(&mut self, text: impl Display) {
        self.bytes(format!("{}\n", Escaped(&text.to_string())).as_bytes());
    }

    /// Prints output without escaping: a document such as a signature or a PEM file.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let output = &mut self.output;
        let written = match &self.progress {
            // on a terminal, the line would be mixed with the bar, or stay in the buffer
            Some(progress) if io::stdout().is_terminal() => progress.bar.suspend(|| output.write_all(bytes).and_then(|()| output.flush())),
            _ => output.write_all(bytes),
        };
        self.failed = written.err();
    }

    /// Shows a progress bar without colour on standard error until [`Ui::end_progress`], if that is a terminal that can move its cursor. Returns
    /// the handle for setting the total; `None` if there is no bar.
    pub(crate) fn begin_progress(&mut self) -> Option<Total> {
        self.bar(None, "{spinner} objects: {pos}{msg}, {elapsed}").map(Total)
    }

    /// Shows such a bar over the bytes of a large file.
    pub(crate) fn begin_bytes(&mut self, bytes: u64) -> Option<Bytes> {
        self.bar(Some(bytes), "[{bar:32}] {bytes} of {total_bytes}, {eta} left").map(Bytes)
    }

    fn bar(&mut self, length: Option<u64>, template: &str) -> Option<ProgressBar> {
        let target = ProgressDrawTarget::stderr();
        if !io::stderr().is_terminal() || target.is_hidden() || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb") {
            return None;
        }
        let bar = ProgressBar::with_draw_target(length, target).with_style(style(template));
        bar.tick();
        self.progress = Some(Progress { bar: bar.clone(), not_good: 0 });
        Some(bar)
    }

    /// Counts one more object as done.
    pub(crate) fn step_progress(&mut self, is_good: bool) {
        if let Some(progress) = &mut self.progress {
            if !is_good {
                progress.not_good += 1;
                progress.bar.set_message(format!(", {} not good", progress.not_good));
            }
            progress.bar.inc(1);
        }
    }

    /// Removes the progress bar.
    pub(crate) fn end_progress(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.bar.finish_and_clear();
        }
    }

    /// Prints an indented JSON document. Characters that a terminal could interpret are escaped.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(mut text) => {
                text.push('\n');
                self.bytes(escape_json(&text).as_bytes());
            }
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// Prints `before`, then a JSON value, escaped in the same way.
    pub(crate) fn json_part(&mut self, before: &str, value: &impl serde::Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.bytes(format!("{before}{}", escape_json(&text)).as_bytes()),
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// Prints a JSON document in one line, escaped in the same way.
    pub(crate) fn json_line(&mut self, value: &impl serde::Serialize) {
        self.json_text(json_line(value));
    }

    /// Prints JSON that another thread has formatted.
    pub(crate) fn json_text(&mut self, text: JsonText) {
        match text.0 {
            Ok(text) => self.bytes(text.as_bytes()),
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// Prints a message.
    pub(crate) fn note(&mut self, text: impl Display) {
        // at once, because standard error has no buffer
        self.message(&format!("{}\n", Escaped(&text.to_string())));
    }

    /// Collects the following messages until [`Ui::status`] or [`Ui::finish`], because each write wakes up the reader.
    pub(crate) fn collect_messages(&mut self) {
        self.collected.get_or_insert_default();
    }

    fn message(&mut self, text: &str) {
        match &mut self.collected {
            Some(collected) => collected.extend_from_slice(text.as_bytes()),
            None => {
                let messages = &mut self.messages;
                let _ = match &self.progress {
                    Some(progress) => progress.bar.suspend(|| messages.write_all(text.as_bytes())),
                    None => messages.write_all(text.as_bytes()),
                };
            }
        }
    }

    fn flush_messages(&mut self) {
        if let Some(collected) = self.collected.take() {
            let _ = self.messages.write_all(&collected);
        }
        let _ = self.messages.flush();
    }

    /// Prints status lines for git on standard error, without escaping.
    pub(crate) fn status(&mut self, lines: &str) {
        self.message(lines);
        self.flush_messages();
    }

    /// Flushes standard output.
    ///
    /// # Errors
    /// If a write to it has failed.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        if self.failed.is_none() {
            self.failed = self.output.flush().err();
        }
        match self.failed.take() {
            Some(error) => Err(Failure::io("standard output could not be written", &error)),
            None => Ok(()),
        }
    }

    /// Prints a warning: a sentence that a person should know.
    pub(crate) fn warning(&mut self, text: impl Display) {
        self.labelled(WARNING, "warning", &text.to_string());
    }

    /// Prints an error that another one follows: a clause without a period.
    pub(crate) fn error(&mut self, text: &str) {
        self.labelled(ERROR, "error", text);
    }

    /// Prints what to do about a warning: an imperative sentence without its period.
    pub(crate) fn hint(&mut self, text: &str) {
        self.labelled(HINT, "hint", &hint_sentence(text));
    }

    /// Prints clap's message: help and version as output, an error as a message. `command` is the subcommand with the program's name.
    pub(crate) fn usage(&mut self, error: &clap::Error, command: &str) {
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            self.message(&error.render().to_string());
        } else if error.use_stderr() {
            self.labelled(ERROR, "error", &usage::message(error));
            self.hint(&usage::hint(error, command));
        } else {
            self.bytes(error.render().to_string().as_bytes());
        }
    }

    /// Ends the call: flushes standard output, prints the failure, and returns the exit code. A failed write to standard output is a failure.
    pub(crate) fn finish(mut self, result: Result<Exit, Failure>) -> ExitCode {
        self.end_progress();
        if self.failed.is_none() {
            self.failed = self.output.flush().err();
        }
        let result = match (self.failed.take(), result) {
            // the reader that closed the pipe has read enough and needs no message
            (Some(error), Ok(_)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::of_closed_output()),
            (Some(error), Ok(_)) => Err(Failure::io("standard output could not be written", &error)),
            (_, result) => result,
        };
        let exit = result.unwrap_or_else(|failure| {
            self.labelled(ERROR, "error", &failure.message);
            if let Some(hint) = failure.hint_sentence() {
                self.labelled(HINT, "hint", &hint);
            }
            failure.exit
        });
        self.flush_messages();
        ExitCode::from(exit.code())
    }

    fn labelled(&mut self, style: Style, label: &str, text: &str) {
        self.message(&format!("{style}{label}:{style:#} {}\n", Escaped(text)));
    }
}

/// A style of the progress bar. An invalid template would leave the library's default.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ").tick_chars("|/-\\ ")
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether what is written to a standard stream is lost, although writing succeeds. Rust ignores that a stream is open for reading only. In place
/// of one that was closed, Rust opens the null device for reading and writing. A caller can open the null device in the same way, to discard what
/// is written; nothing tells the two apart.
#[cfg(unix)]
fn discards(stream: &impl std::os::fd::AsFd) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    match fcntl_getfl(stream).map(|flags| flags & OFlags::ACCMODE) {
        Ok(OFlags::RDONLY) => true,
        Ok(OFlags::RDWR) => {
            let null = stat("/dev/null").map(|null| null.st_rdev);
            null.is_ok() && null == fstat(stream).map(|status| status.st_rdev)
        }
        _ => false,
    }
}

#[cfg(not(unix))]
fn discards(_: &io::Stdout) -> bool {
    false
}

/// JSON as [`Ui`] prints it, or the error of formatting it.
pub(crate) struct JsonText(serde_json::Result<String>);

/// Formats a JSON document in one line. Characters that a terminal could interpret are escaped.
pub(crate) fn json_line(value: &impl serde::Serialize) -> JsonText {
    JsonText(serde_json::to_string(value).map(|mut text| {
        text.push('\n');
        match escape_json(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(escaped) => escaped,
        }
    }))
}

/// Replaces characters that a terminal could interpret, and that serde_json does not escape, by `\u` escapes with the same meaning.
fn escape_json(text: &str) -> Cow<'_, str> {
    // most documents need no escaping, and there can be many
    if text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_unsafe(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Says on the terminal which service is waited for. Standard error that is no terminal gets nothing.
pub(crate) fn announce_wait(service: &str) {
    let mut messages = io::stderr();
    if messages.is_terminal() {
        let _ = writeln!(messages, "paraph: Waiting for {}.", Escaped(service));
    }
}

/// Writes a line to standard error at once.
pub(crate) fn announce(line: &str) {
    let _ = writeln!(io::stderr(), "paraph: {}", Escaped(line));
}

/// Whether standard error goes to somebody: it is a terminal, a pipe or a file, and not a device such as `/dev/null`.
pub(crate) fn reads_messages() -> bool {
    #[cfg(unix)]
    let is_device = rustix::fs::fstat(io::stderr())
        .map_or(true, |found| rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::CharacterDevice);
    #[cfg(not(unix))]
    let is_device = false;
    !is_device || io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn captured() -> (Captured, Captured, Ui) {
        let (output, messages) = (Captured::default(), Captured::default());
        let ui = Ui::with(Box::new(output.clone()), Box::new(anstream::StripStream::new(Box::new(messages.clone()) as Box<dyn Write>)));
        (output, messages, ui)
    }

    fn code(exit: Exit) -> String {
        format!("{:?}", ExitCode::from(exit.code()))
    }

    #[test]
    fn what_comes_from_outside_is_escaped_on_both_streams() {
        let (output, messages, mut ui) = captured();
        ui.line("a\u{1b}[2Jb");
        ui.json(&serde_json::json!({ "name": "a\u{202e}\u{9b}\u{e0041}\u{1b}" }));
        ui.warning("c\nd");
        let exit = ui.finish(Err(Failure::object("e\rf").with_hint("g\u{7}h")));
        assert_eq!(format!("{exit:?}"), code(Exit::Object));
        assert_eq!(output.text(), "a\\u{1b}[2Jb\n{\n  \"name\": \"a\\u202e\\u009b\\udb40\\udc41\\u001b\"\n}\n");
        assert_eq!(messages.text(), "warning: c\\u{a}d\nerror: e\\u{d}f\nhint: g\\u{7}h.\n");
        let _: serde_json::Value = serde_json::from_str(output.text().split_once('\n').unwrap().1).unwrap();
    }

    #[test]
    fn output_that_cannot_be_written_fails_the_call() {
        for (kind, message) in [(ErrorKind::StorageFull, "error: standard output could not be written: "), (ErrorKind::BrokenPipe, "")] {
            let messages = Captured::default();
            let mut ui =
                Ui::with(Box::new(Failing(kind)), Box::new(anstream::StripStream::new(Box::new(messages.clone()) as Box<dyn Write>)));
            ui.line("x");
            assert_eq!(format!("{:?}", ui.finish(Ok(Exit::Good))), code(Exit::Io));
            assert!(messages.text().starts_with(message) && messages.text().is_empty() == message.is_empty(), "{}", messages.text());
        }
    }
}
