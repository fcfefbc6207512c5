//! What becomes public with a signature, shown once for each identity and log: see [`crate::sign::Publication`].

use super::{one_time_notice, terminal::Terminal};

/// What is told of one identity that signs with one log.
pub(super) struct Announcement<'a> {
    terminal: &'a Terminal,
    key: String,
    /// Whether somebody hears it, and for the first time.
    first: bool,
    told: Vec<String>,
}

impl<'a> Announcement<'a> {
    /// Nothing is told yet. `key` says of which identity and log this is.
    pub(super) fn new(key: &str, terminal: &'a Terminal) -> Self {
        let key = format!("public-{key}");
        Self { terminal, first: terminal.has_reader() && !one_time_notice::was_shown(&key), key, told: Vec::new() }
    }

    /// Tells what was not told yet, unless all of it was shown with an earlier signature.
    pub(super) fn tell(&mut self, text: &[String]) {
        for line in text {
            if self.first && !self.told.contains(line) {
                self.terminal.say(line);
                self.told.push(line.clone());
            }
        }
    }

    /// The log has its entry: this needs not be told again. Where nobody could be told it is not remembered as told.
    pub(super) fn done(&self) {
        if self.first {
            one_time_notice::mark_shown(&self.key);
        }
    }
}

/// What an agent has told, which is not believed to be a name of a file.
#[cfg(unix)]
#[derive(Default)]
pub(super) struct OfAgent<'a>(Option<(String, Announcement<'a>)>);

#[cfg(unix)]
impl<'a> OfAgent<'a> {
    /// Tells it as this process would.
    pub(super) fn tell(&mut self, key: &str, text: &[String], terminal: &'a Terminal) {
        if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return;
        }
        if self.0.as_ref().is_none_or(|(of, _)| of != key) {
            self.0 = Some((key.to_owned(), Announcement::new(key, terminal)));
        }
        if let Some((_, announcement)) = &mut self.0 {
            announcement.tell(text);
        }
    }

    /// The log has its entry.
    pub(super) fn done(&self) {
        if let Some((_, announcement)) = &self.0 {
            announcement.done();
        }
    }
}
