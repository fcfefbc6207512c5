//! Shows what becomes public with a signature, once for each identity and log: see [`crate::sign::Publication`].

use super::{one_time_notice, terminal::Terminal};
use crate::sign::{Announce, Publication};
use std::cell::RefCell;

/// Publications of one signature, at most.
const MAX_SHOWN: usize = 8;

/// Shows publications on a terminal, or on standard error.
pub(super) struct PublicationNotice<'a> {
    terminal: &'a Terminal,
    shown: RefCell<Vec<Shown>>,
}

/// What was shown of one publication.
struct Shown {
    key: String,
    /// Whether somebody sees it, and for the first time.
    is_first: bool,
    lines: Vec<String>,
}

impl<'a> PublicationNotice<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, shown: RefCell::default() }
    }

    /// Shows the lines that were not shown yet, unless an earlier signature showed all of it. `key` identifies identity and log.
    fn show(&self, key: &str, lines: &[String]) {
        let mut all = self.shown.borrow_mut();
        if !all.iter().any(|shown| shown.key == key) {
            // an agent chooses the keys
            if all.len() >= MAX_SHOWN {
                return;
            }
            let is_first = self.terminal.shows_publication() && !one_time_notice::was_shown(&notice(key));
            all.push(Shown { key: key.to_owned(), is_first, lines: Vec::new() });
        }
        let Some(shown) = all.iter_mut().find(|shown| shown.key == key) else { return };
        for line in lines {
            if shown.is_first && !shown.lines.contains(line) {
                self.terminal.say_publication(line);
                shown.lines.push(line.clone());
            }
        }
    }

    /// Shows what an agent announces. Its key is checked, since it becomes a file's name.
    #[cfg(unix)]
    pub(super) fn show_of_agent(&self, key: &str, lines: &[String]) {
        if key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.show(key, lines);
        }
    }

    /// The log has its entry: this need not be shown again. If nobody could see it, it is not recorded as shown.
    pub(super) fn done(&self) {
        for shown in self.shown.borrow().iter().filter(|shown| shown.is_first) {
            one_time_notice::mark_shown(&notice(&shown.key));
        }
    }
}

fn notice(key: &str) -> String {
    format!("public-{key}")
}

impl Announce for PublicationNotice<'_> {
    fn publish(&self, publication: &Publication, lines: &[String]) {
        self.show(&publication.key(), lines);
    }

    fn published(&self, _publication: &Publication) {
        self.done();
    }
}
