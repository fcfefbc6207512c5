//! Approval at a terminal, with `paraph agent confirm`.

use super::Setup;
use crate::support::objects::installed;
use std::{
    io::{Read as _, Write as _},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// Its message when it is ready for questions.
const READY: &str = "Press Ctrl-C to end.";
/// The end of a question.
const PROMPT: &str = "Allow it? [y/N] ";

/// The program in a terminal of its own, and a person who gives every question the same answer.
pub struct Confirming {
    terminal: Child,
    /// The questions.
    pub questions: Receiver<String>,
}

impl Confirming {
    /// Starts it. `None`, with a message, if no program can create a terminal.
    pub fn start(setup: &Setup, answer: &'static str, test: &str) -> Option<Self> {
        Self::start_after("", setup, answer, test)
    }

    /// Starts it with text that was typed before any question.
    pub fn start_after(typed: &'static str, setup: &Setup, answer: &'static str, test: &str) -> Option<Self> {
        if !installed("script", test) {
            return None;
        }
        let command = format!("'{}' agent confirm", setup.sandbox.program);
        let mut terminal = setup.sandbox.command("script", &setup.sandbox.root());
        terminal.args(["-qefc", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut terminal = terminal.spawn().unwrap();
        let (mut input, mut output) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
        let ((heard, questions), (listening, listens)) = (channel(), channel());
        std::thread::spawn(move || {
            let (mut said, mut bytes, mut echo) = (String::new(), [0; 4096], None);
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 {
                    break;
                }
                said.push_str(&String::from_utf8_lossy(&bytes[..count]));
                if let Some((_, rest)) = said.split_once(READY) {
                    said = rest.to_owned();
                    let _ = input.write_all(typed.as_bytes());
                    echo = Some(typed.trim_end());
                }
                // a terminal shows what it got
                if echo.is_some_and(|echo| said.contains(echo)) {
                    echo = None;
                    let _ = listening.send(());
                }
                while let Some((question, rest)) = said.split_once(PROMPT) {
                    let _ = heard.send(question.rsplit_once('\x07').unwrap().1.trim_end().to_owned());
                    said = rest.to_owned();
                    let _ = input.write_all(answer.as_bytes());
                }
            }
        });
        listens.recv_timeout(Duration::from_secs(30)).unwrap();
        Some(Self { terminal, questions })
    }

    /// The next question.
    pub fn question(&self) -> String {
        self.questions.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    /// Asserts that nothing else was asked.
    pub fn nothing_more(&self) {
        assert_eq!(self.questions.try_recv().ok(), None);
    }
}

impl Drop for Confirming {
    fn drop(&mut self) {
        let _ = self.terminal.kill();
        let _ = self.terminal.wait();
    }
}
