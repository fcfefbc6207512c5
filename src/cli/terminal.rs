//! The terminal device and the log file: where messages go while git holds the standard streams.
//!
//! git takes standard output as the signature, and hides standard error unless signing fails (older versions drop it). A prompt or an error
//! that a person must see goes to `/dev/tty` as well.

use super::{exit::Failure, qr, ui};
use crate::{
    config::{Config, Source},
    escape::Escaped,
    identity::{DeviceCode, Prompt},
    regular_file,
    wording::spoken_duration,
};
use std::{
    fmt::Display,
    fs::{File, OpenOptions},
    io::{IsTerminal, Write},
    path::Path,
    sync::Mutex,
    time::Duration,
};

/// The terminal device and the log file of a call, as far as there are any.
#[derive(Debug)]
pub(super) struct Terminal {
    device: Option<Mutex<File>>,
    log: Option<Mutex<File>>,
    /// Why the configured log file cannot be written.
    pub(super) unwritable: Option<String>,
    /// What forbids prompts on the terminal.
    forbidden_by: Option<NoPrompt>,
    /// Whether standard error is this program's own, so that somebody reads it.
    has_messages: bool,
}

/// What forbids prompts on the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoPrompt {
    /// The setting or variable, with its place.
    pub(super) by: String,
    /// No browser may open either.
    pub(super) at_all: bool,
}

impl NoPrompt {
    /// What the configuration and the environment say.
    fn of(config: &Config) -> Option<Self> {
        let setting = &config.terminal_prompt;
        // for the programs that start git, as for git's own credential helpers
        let helpers = std::env::var("GCM_INTERACTIVE").unwrap_or_default();
        let is_overruled = matches!(setting.source, Source::Variable("PARAPH_TERMINAL_PROMPT")) && setting.value;
        if !is_overruled && ["never", "false", "no", "off", "n", "f", "0"].iter().any(|word| helpers.trim().eq_ignore_ascii_case(word)) {
            return Some(Self { by: "the variable GCM_INTERACTIVE".to_owned(), at_all: true });
        }
        (!setting.value).then(|| Self { by: setting.source.to_string(), at_all: false })
    }
}

impl Terminal {
    /// Opens the controlling terminal, if the process has one, and the log file, to which lines are appended. Since it contains addresses and
    /// codes of logins, a new one is readable by its owner only.
    pub(super) fn open(log: Option<&Path>) -> Self {
        let device = OpenOptions::new().read(true).write(true).open("/dev/tty").ok().filter(IsTerminal::is_terminal);
        let opened = log.map(|path| (path, regular_file::append(path)));
        let (log, unwritable) = match opened {
            Some((path, Err(error))) => (None, Some(format!("the log file {} cannot be written: {error}", path.display()))),
            Some((_, Ok(file))) => (Some(Mutex::new(file)), None),
            None => (None, None),
        };
        let terminal = Self { device: device.map(Mutex::new), log, unwritable, forbidden_by: None, has_messages: false };
        if let Some(problem) = &terminal.unwritable {
            terminal.say(problem);
        }
        terminal
    }

    /// The terminal of a call of git's. Where the user forbids prompts, another program uses the terminal: nothing is written to it.
    pub(super) fn of_call(config: &Config) -> Self {
        let log = config.log_path.value.as_deref();
        match NoPrompt::of(config) {
            None => Self::open(log),
            forbidden_by => Self { device: None, forbidden_by, ..Self::open(log) },
        }
    }

    /// No terminal and no log file.
    pub(super) fn none() -> Self {
        Self { device: None, log: None, unwritable: None, forbidden_by: None, has_messages: false }
    }

    /// This terminal for a command of the user's, not of git's: what becomes public is shown on standard error where there is no terminal.
    pub(super) fn with_messages(self) -> Self {
        Self { has_messages: ui::reads_messages(), ..self }
    }

    /// What forbids prompts on the terminal, if something does.
    pub(super) fn forbidden_by(&self) -> Option<&NoPrompt> {
        self.forbidden_by.as_ref()
    }

    /// Says which service is waited for.
    pub(super) fn waits(&'static self) -> impl Fn(&str) + Send + Sync + 'static {
        |service| self.say(format!("Waiting for {service}."))
    }

    /// Whether there is a terminal device.
    pub(super) fn is_present(&self) -> bool {
        self.device.is_some()
    }

    /// Whether messages reach a person at the terminal or a log file.
    pub(super) fn has_reader(&self) -> bool {
        self.device.is_some() || self.log.is_some()
    }

    /// Whether what becomes public reaches a person.
    pub(super) fn shows_publication(&self) -> bool {
        self.has_reader() || self.has_messages
    }

    /// Says what becomes public, also on standard error if that is the only place.
    pub(super) fn say_publication(&self, line: &str) {
        self.say(line);
        if self.has_messages && self.device.is_none() {
            ui::announce(line);
        }
    }

    /// The address as a QR code, if the terminal has room for it.
    fn qr_code(&self, url: &str) -> Option<String> {
        if std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb") {
            return None;
        }
        let device = self.device.as_ref()?.lock().ok()?;
        if !is_undisturbed(&device) {
            return None;
        }
        let (columns, rows) = size(&device)?;
        qr::drawing(url, columns, rows)
    }

    /// Writes a line to the terminal and to the log, escaped.
    pub(super) fn say(&self, text: impl Display) {
        let text = text.to_string();
        let line = format!("paraph: {}\n", Escaped(&text));
        // both characters, because another program may have put the terminal into raw mode
        write(&self.device, &line.replace('\n', "\r\n"));
        write(&self.log, &format!("{} {line}", jiff::Timestamp::now()));
    }

    /// Writes a failure and its hint, one line each. Both also go to standard error, so the terminal gets them only if that is not one.
    pub(super) fn report(&self, failure: &Failure) {
        let hint = failure.hint_sentence().map(|hint| format!("hint: {hint}"));
        for line in std::iter::once(&failure.message).chain(&hint) {
            if std::io::stderr().is_terminal() {
                write(&self.log, &format!("{} paraph: {}\n", jiff::Timestamp::now(), Escaped(line)));
            } else {
                self.say(line);
            }
        }
    }
}

impl Prompt for Terminal {
    fn log_in_at(&self, url: &str, opening: bool) {
        match opening {
            true => self.say(format!("log in with the browser that opens, or at {url}")),
            false => self.say(format!("log in at {url}")),
        }
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        let DeviceCode { verification_uri, user_code, verification_uri_complete, expires } = code;
        let validity = spoken_duration(Duration::from_secs(expires.as_secs().div_ceil(60).max(1) * 60));
        self.say(format!("log in on any device at {verification_uri} with the code {user_code} (valid for {validity})"));
        if let Some(drawing) = verification_uri_complete.and_then(|url| self.qr_code(url)) {
            write(&self.device, &drawing);
        }
    }
}

/// Whether this process is in the terminal's foreground, and no program draws on the whole screen: such programs read single keys.
#[cfg(unix)]
fn is_undisturbed(device: &File) -> bool {
    use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp};
    tcgetpgrp(device).is_ok_and(|group| group == rustix::process::getpgrp())
        && tcgetattr(device).is_ok_and(|attributes| attributes.local_modes.contains(LocalModes::ICANON))
}

#[cfg(not(unix))]
fn is_undisturbed(_: &File) -> bool {
    false
}

/// The columns and rows of the terminal.
#[cfg(unix)]
fn size(device: &File) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(device).ok()?;
    Some((size.ws_col.into(), size.ws_row.into()))
}

#[cfg(not(unix))]
fn size(_: &File) -> Option<(usize, usize)> {
    None
}

fn write(file: &Option<Mutex<File>>, text: &str) {
    // there is no other place for a message about the failure
    if let Some(file) = file
        && let Ok(mut file) = file.lock()
    {
        let _ = file.write_all(text.as_bytes());
    }
}
