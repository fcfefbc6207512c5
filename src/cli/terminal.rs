//! The terminal device, for talk while git holds all three standard streams, and the log file that a user may name.
//!
//! git takes standard output as the signature and keeps standard error to itself (older versions drop it), so a prompt or an error that a
//! person must see goes to `/dev/tty` as well.

use crate::{escape::Escaped, identity::Prompt};
use std::{
    fmt::Display,
    fs::{File, OpenOptions},
    io::{IsTerminal, Write},
    path::Path,
    sync::Mutex,
};

/// Where a person can be told something.
#[derive(Debug)]
pub struct Terminal {
    device: Option<Mutex<File>>,
    log: Option<Mutex<File>>,
    /// Why the log file that was asked for is not written.
    pub(super) unwritable: Option<String>,
}

impl Terminal {
    /// The controlling terminal, where the process has one, and the log at `log`, to which lines are appended.
    pub fn open(log: Option<&Path>) -> Self {
        let device = OpenOptions::new().read(true).write(true).open("/dev/tty").ok().filter(IsTerminal::is_terminal);
        let opened = log.map(|path| (path, OpenOptions::new().append(true).create(true).open(path)));
        let (log, unwritable) = match opened {
            Some((path, Err(error))) => (None, Some(format!("the log file {} cannot be written: {error}", path.display()))),
            Some((_, Ok(file))) => (Some(Mutex::new(file)), None),
            None => (None, None),
        };
        let terminal = Self { device: device.map(Mutex::new), log, unwritable };
        if let Some(problem) = &terminal.unwritable {
            terminal.say(problem);
        }
        terminal
    }

    /// Whether there is a terminal device.
    pub fn is_present(&self) -> bool {
        self.device.is_some()
    }

    /// Whether what is said reaches anybody: a person at the terminal, or a log file.
    pub fn has_reader(&self) -> bool {
        self.device.is_some() || self.log.is_some()
    }

    /// A line for the person at the terminal and for the log, escaped. It goes nowhere where there is neither.
    pub fn say(&self, text: impl Display) {
        let text = text.to_string();
        let line = format!("paraph: {}\n", Escaped(&text));
        // a terminal ends its lines with both, whatever mode the program that runs in it has left it in
        write(&self.device, &line.replace('\n', "\r\n"));
        write(&self.log, &format!("{} {line}", jiff::Timestamp::now()));
    }

    /// The same where standard error is not this terminal already.
    pub fn say_beside_standard_error(&self, text: impl Display) {
        if std::io::stderr().is_terminal() {
            write(&self.log, &format!("{} paraph: {}\n", jiff::Timestamp::now(), Escaped(&text.to_string())));
        } else {
            self.say(text);
        }
    }
}

impl Prompt for Terminal {
    fn log_in_at(&self, url: &str, opening: bool) {
        match opening {
            true => self.say(format!("log in with the browser that opens now, or at {url}")),
            false => self.say(format!("log in at {url}")),
        }
    }
}

fn write(file: &Option<Mutex<File>>, text: &str) {
    // nobody can be told that telling failed
    if let Some(file) = file
        && let Ok(mut file) = file.lock()
    {
        let _ = file.write_all(text.as_bytes());
    }
}
