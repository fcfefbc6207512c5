//! Opening the login's address in a browser, and whether there is a desktop to open one on.

use std::{
    ffi::OsString,
    process::{Command, Stdio},
};
use tokio::sync::oneshot;

/// The placeholder for the address in an opener's arguments.
pub(crate) const ADDRESS: &str = "{{.URL}}";

/// Opens an address in a browser.
#[derive(Debug, Clone, Default)]
pub enum Opener {
    /// The system's default browser.
    #[default]
    System,
    /// This program with these arguments. `{{.URL}}` in them is replaced by the address; without it, the address comes last. No shell is
    /// involved.
    Command(Vec<OsString>),
    /// Nothing is opened; the user does it.
    Nothing,
}

/// Where a user can be reached.
#[derive(Debug, Clone, Copy)]
pub struct Desktop {
    /// There is a terminal on which the prompt shows the address.
    pub terminal: bool,
    /// There is a desktop session in which a browser can open.
    pub session: bool,
}

impl Desktop {
    /// Reads the desktop session from the environment. On Linux and the BSDs a display is needed, elsewhere there always is one. A login
    /// over ssh has none, since a browser there would open on another machine. `BROWSER` says that one opens nevertheless.
    pub fn from_environment(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let display = cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY");
        let remote = set("SSH_CONNECTION") || set("SSH_TTY");
        Self { terminal, session: set("BROWSER") || display && !remote }
    }

    /// Whether a browser will open. Without a desktop only the user's own opener can know a way.
    pub fn opens(self, opener: &Opener) -> bool {
        match opener {
            Opener::System => self.session,
            Opener::Command(_) => true,
            Opener::Nothing => false,
        }
    }
}

/// Opens the address on a thread of its own, because some programs return only when their window is closed. The receiver becomes ready only
/// if no program could be started or all of them failed.
///
/// The programs get none of the standard streams: standard output is git's, and carries the signature.
pub(super) fn open(opener: &Opener, url: &str) -> Option<oneshot::Receiver<()>> {
    let commands: Vec<Vec<OsString>> = match opener {
        Opener::System => SYSTEM_OPENERS.iter().map(|words| words.iter().map(OsString::from).collect()).collect(),
        Opener::Command(words) => vec![words.clone()],
        Opener::Nothing => return None,
    };
    let (all_failed, receiver) = oneshot::channel();
    let url = url.to_owned();
    std::thread::spawn(move || {
        if !commands.iter().any(|words| run(words, &url)) {
            // fails only if the login has ended meanwhile
            let _ = all_failed.send(());
        }
    });
    Some(receiver)
}

/// Whether the program was started and succeeded.
fn run(words: &[OsString], url: &str) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let put = |word: &OsString| word.to_str().map_or_else(|| word.clone(), |word| word.replace(ADDRESS, url).into());
    let placed = arguments.iter().any(|word| word.to_str().is_some_and(|word| word.contains(ADDRESS)));
    let last = (!placed).then(|| OsString::from(url));
    let mut command = Command::new(program);
    command.args(arguments.iter().map(put).chain(last)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The system's programs that open an address, tried in order. They respect the user's choice of a browser.
const SYSTEM_OPENERS: &[&[&str]] = if cfg!(target_os = "macos") {
    &[&["open"]]
} else if cfg!(windows) {
    &[&["rundll32", "url.dll,FileProtocolHandler"]]
} else {
    &[&["xdg-open"], &["gio", "open"], &["wslview"], &["x-www-browser"]]
};
