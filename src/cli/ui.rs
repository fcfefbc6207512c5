//! The only module that prints: data to standard output, talk to standard error, everything from outside escaped.
//!
//! Standard output is what a caller reads, so that a write to it which fails (a full disk, a closed pipe) makes the whole call fail.
//! Standard error is for people; nobody can be told that it failed.

use super::exit::{Exit, Failure};
use crate::escape::{Escaped, is_unsafe};
use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// Standard output and standard error.
pub struct Ui {
    output: BufWriter<Box<dyn Write>>,
    talk: Box<dyn Write>,
    /// Talk that is written in one piece, before the next status lines or at the end.
    collected: Option<Vec<u8>>,
    /// The first write to standard output that failed; nothing is written after it.
    failed: Option<io::Error>,
    /// The bar on standard error, while there is one.
    progress: Option<Progress>,
}

/// How far a long work has come.
struct Progress {
    bar: ProgressBar,
    not_good: u64,
}

/// Sets how much there is to do, once that is known.
#[derive(Clone)]
pub struct Total(ProgressBar);

impl Total {
    /// From now on the bar shows how much is left.
    pub fn set(&self, objects: u64) {
        self.0.set_length(objects);
        self.0.set_style(style("[{bar:32}] {pos} of {len} objects{msg}, {eta} left"));
    }
}

/// Standard output is collected, in bytes: a hundred thousand lines are not as many system calls.
const BUFFER: usize = 64 * 1024;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

impl Ui {
    /// The process' own. Colour shows where standard error is a terminal and `NO_COLOR` is not set.
    pub fn new() -> Self {
        Self::with(Box::new(io::stdout()), Box::new(anstream::stderr()))
    }

    fn with(output: Box<dyn Write>, talk: Box<dyn Write>) -> Self {
        Self { output: BufWriter::with_capacity(BUFFER, output), talk, collected: None, failed: None, progress: None }
    }

    /// Whether standard output leads anywhere, for a call whose only use is what it writes there.
    ///
    /// # Errors
    /// Where it was closed before the program began.
    pub fn require_output() -> Result<(), Failure> {
        if was_closed(&io::stdout()) {
            return Err(Failure::new(Exit::Io, "standard output is closed, and what should be written there would be lost"));
        }
        Ok(())
    }

    /// One line of output, escaped.
    pub fn line(&mut self, text: impl Display) {
        self.bytes(format!("{}\n", Escaped(&text.to_string())).as_bytes());
    }

    /// Output as it is: a document that needs no escaping, such as a signature or a PEM file.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let output = &mut self.output;
        let written = match &self.progress {
            // on a terminal the line would land in the bar, and stay in the buffer while the bar goes on
            Some(progress) if io::stdout().is_terminal() => progress.bar.suspend(|| output.write_all(bytes).and_then(|()| output.flush())),
            _ => output.write_all(bytes),
        };
        self.failed = written.err();
    }

    /// A bar on standard error for a person who waits, until [`Ui::end_progress`]: only on a terminal that can move its cursor. It has no
    /// colour. What is returned sets how much there is to do; `None` where there is no bar.
    pub fn begin_progress(&mut self) -> Option<Total> {
        let target = ProgressDrawTarget::stderr();
        if !io::stderr().is_terminal() || target.is_hidden() || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb") {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, target).with_style(style("{spinner} {pos} objects{msg}, {elapsed}"));
        bar.tick();
        self.progress = Some(Progress { bar: bar.clone(), not_good: 0 });
        Some(Total(bar))
    }

    /// One more is done.
    pub fn step_progress(&mut self, is_good: bool) {
        if let Some(progress) = &mut self.progress {
            if !is_good {
                progress.not_good += 1;
                progress.bar.set_message(format!(", {} not good", progress.not_good));
            }
            progress.bar.inc(1);
        }
    }

    /// Takes the bar away.
    pub fn end_progress(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.bar.finish_and_clear();
        }
    }

    /// A JSON document, indented, with every character escaped that a terminal could obey.
    pub fn json(&mut self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(mut text) => {
                text.push('\n');
                self.bytes(escape_json(&text).as_bytes());
            }
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// A part of a JSON document after what stands before it, escaped likewise.
    pub fn json_part(&mut self, before: &str, value: &impl serde::Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.bytes(format!("{before}{}", escape_json(&text)).as_bytes()),
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// A JSON document in one line, escaped likewise.
    pub fn json_line(&mut self, value: &impl serde::Serialize) {
        self.json_text(json_line(value));
    }

    /// JSON that was written before, on another thread.
    pub fn json_text(&mut self, text: JsonText) {
        match text.0 {
            Ok(text) => self.bytes(text.as_bytes()),
            Err(error) => self.failed = Some(io::Error::other(error)),
        }
    }

    /// A line for people.
    pub fn note(&mut self, text: impl Display) {
        // in one piece: standard error has no buffer of its own
        self.talk(&format!("{}\n", Escaped(&text.to_string())));
    }

    /// Keeps the talk that follows until [`Ui::status`] or [`Ui::finish`]: each write wakes whoever reads it.
    pub fn collect_talk(&mut self) {
        self.collected.get_or_insert_default();
    }

    fn talk(&mut self, text: &str) {
        match &mut self.collected {
            Some(collected) => collected.extend_from_slice(text.as_bytes()),
            None => {
                let talk = &mut self.talk;
                let _ = match &self.progress {
                    Some(progress) => progress.bar.suspend(|| talk.write_all(text.as_bytes())),
                    None => talk.write_all(text.as_bytes()),
                };
            }
        }
    }

    fn flush_talk(&mut self) {
        if let Some(collected) = self.collected.take() {
            let _ = self.talk.write_all(&collected);
        }
        let _ = self.talk.flush();
    }

    /// Status lines for git on standard error, as they are.
    pub fn status(&mut self, lines: &str) {
        self.talk(lines);
        self.flush_talk();
    }

    /// Writes out what was printed so far.
    ///
    /// # Errors
    /// Where standard output cannot take it.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.failed.is_none() {
            self.failed = self.output.flush().err();
        }
        match self.failed.take() {
            Some(error) => Err(Failure::io("standard output could not be written", &error)),
            None => Ok(()),
        }
    }

    /// Something that is not an error and that a person should know.
    pub fn warning(&mut self, text: impl Display) {
        self.labelled(WARNING, "warning", &text.to_string());
    }

    /// What clap found: help and version are output, an error is talk.
    pub fn usage(&mut self, error: &clap::Error) {
        let text = error.render();
        if error.use_stderr() {
            // clap repeats the arguments, which may hold anything.
            for line in text.to_string().lines() {
                self.note(line);
            }
        } else {
            self.bytes(text.to_string().as_bytes());
        }
    }

    /// Ends the call: flushes, prints the failure, and gives the exit code. Output that could not be written is a failure of its own.
    pub fn finish(mut self, result: Result<Exit, Failure>) -> ExitCode {
        self.end_progress();
        if self.failed.is_none() {
            self.failed = self.output.flush().err();
        }
        let result = match (self.failed.take(), result) {
            // Whoever closed the pipe has read enough and needs no message.
            (Some(error), Ok(_)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Io),
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
        self.flush_talk();
        ExitCode::from(exit.code())
    }

    fn labelled(&mut self, style: Style, label: &str, text: &str) {
        self.talk(&format!("{style}{label}:{style:#} {}\n", Escaped(text)));
    }
}

/// A template that is not understood, which none of ours is, leaves the library's own.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ").tick_chars("|/-\\ ")
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// Rust's start-up puts the null device, open for reading and writing, in the place of a standard stream that is closed, where writing
/// then succeeds.
#[cfg(unix)]
fn was_closed(stream: &impl std::os::fd::AsFd) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let both_ways = fcntl_getfl(stream).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR);
    let null = stat("/dev/null").map(|null| null.st_rdev);
    both_ways && null.is_ok() && null == fstat(stream).map(|status| status.st_rdev)
}

#[cfg(not(unix))]
fn was_closed(_: &io::Stdout) -> bool {
    false
}

/// JSON as [`Ui`] prints it, or why there is none.
pub struct JsonText(serde_json::Result<String>);

/// A JSON document in one line, with every character escaped that a terminal could obey.
pub fn json_line(value: &impl serde::Serialize) -> JsonText {
    JsonText(serde_json::to_string(value).map(|mut text| {
        text.push('\n');
        match escape_json(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(escaped) => escaped,
        }
    }))
}

/// JSON says nothing about what a terminal does: characters that serde_json leaves as they are become `\u` escapes, which mean the same.
fn escape_json(text: &str) -> Cow<'_, str> {
    // most documents are plain, and there are many of them
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
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

    fn kept() -> (Kept, Kept, Ui) {
        let (output, talk) = (Kept::default(), Kept::default());
        let ui = Ui::with(Box::new(output.clone()), Box::new(anstream::StripStream::new(Box::new(talk.clone()) as Box<dyn Write>)));
        (output, talk, ui)
    }

    fn code(exit: Exit) -> String {
        format!("{:?}", ExitCode::from(exit.code()))
    }

    #[test]
    fn what_comes_from_outside_is_escaped_on_both_streams() {
        let (output, talk, mut ui) = kept();
        ui.line("a\u{1b}[2Jb");
        ui.json(&serde_json::json!({ "name": "a\u{202e}\u{9b}\u{e0041}\u{1b}" }));
        ui.warning("c\nd");
        let exit = ui.finish(Err(Failure::new(Exit::Object, "e\rf").with_hint("g\u{7}h")));
        assert_eq!(format!("{exit:?}"), code(Exit::Object));
        assert_eq!(output.text(), "a\\u{1b}[2Jb\n{\n  \"name\": \"a\\u202e\\u009b\\udb40\\udc41\\u001b\"\n}\n");
        assert_eq!(talk.text(), "warning: c\\u{a}d\nerror: e\\u{d}f\nhint: g\\u{7}h.\n");
        let _: serde_json::Value = serde_json::from_str(output.text().split_once('\n').unwrap().1).unwrap();
    }

    #[test]
    fn output_that_cannot_be_written_fails_the_call() {
        for (kind, message) in [(ErrorKind::StorageFull, "error: standard output could not be written: "), (ErrorKind::BrokenPipe, "")] {
            let talk = Kept::default();
            let mut ui = Ui::with(Box::new(Failing(kind)), Box::new(anstream::StripStream::new(Box::new(talk.clone()) as Box<dyn Write>)));
            ui.line("x");
            assert_eq!(format!("{:?}", ui.finish(Ok(Exit::Good))), code(Exit::Io));
            assert!(talk.text().starts_with(message) && talk.text().is_empty() == message.is_empty(), "{}", talk.text());
        }
    }
}
