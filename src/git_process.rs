//! The one place that starts git.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// A call of git as the user would make it here, which reads nothing from standard input.
pub(crate) fn git<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("git");
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What such a call prints, without the line feed at its end; `None` where git is missing or fails, or prints something that is not UTF-8.
pub(crate) fn printed(arguments: &[&str]) -> Option<String> {
    let output = git(arguments).output().ok().filter(|output| output.status.success())?;
    let mut text = String::from_utf8(output.stdout).ok()?;
    text.truncate(text.trim_end_matches('\n').len());
    Some(text)
}

/// A call of git that reads a repository as it is: without replacement objects, without fetching anything, without taking locks. Messages
/// are in English. The caller adds the subcommand.
pub(crate) fn reading(git_dir: &Path) -> Command {
    let mut command = showing(git_dir);
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    command
}

/// [`reading`] with the objects that git shows in place of others.
pub(crate) fn showing(git_dir: &Path) -> Command {
    let mut command = git(["--git-dir"]);
    command
        .arg(git_dir)
        .env("GIT_NO_LAZY_FETCH", "1")
        // GIT_NO_LAZY_FETCH is unknown to git before 2.45
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    command
}
