//! Changes of git's configuration that are recorded, so that they can be undone.

use super::{exit::Failure, ui::Ui};
use crate::{
    git_process,
    repository::{self, GitError},
    setup_record::{Change, SetupRecord},
};
use std::{
    path::{Path, PathBuf},
    process::Output,
};

/// A part of git's configuration, and the record of the changes there.
pub(super) struct Place {
    /// git's option for it.
    pub(super) scope: &'static str,
    /// The file with the changes.
    pub(super) record: PathBuf,
    /// The repository, if it is not that of the current folder.
    pub(super) folder: Option<PathBuf>,
}

/// A key in git's spelling, and one of its values.
type Value = (String, Option<String>);

impl Place {
    /// The changes that are needed for these settings.
    pub(super) fn changes(&self, wanted: &[(String, String)]) -> Result<Vec<Change>, Failure> {
        let current = self.values()?;
        let change = |(key, after): &(String, String)| Change { before: values_of(&current, key), key: key.clone(), after: after.clone() };
        Ok(wanted.iter().map(change).filter(|change| change.before != [Some(change.after.clone())]).collect())
    }

    /// Records the changes, and makes them. `undo` is the command that reverts them.
    pub(super) fn make(&self, changes: &[Change], undo: &str) -> Result<(), Failure> {
        let mut record = SetupRecord::read(&self.record)?;
        record.add(changes);
        // first, so that a change that fails can be undone
        record.write(&self.record)?;
        for (made, change) in changes.iter().enumerate() {
            self.git(&["--replace-all", &change.key, &change.after]).map_err(|failure| match made {
                0 => failure,
                _ => failure.with_hint(format!("restore the earlier settings with `{undo}`")),
            })?;
        }
        Ok(())
    }

    /// The recorded changes that can be reverted, which are shown. What was changed since then stays. `by` is the command that made them.
    pub(super) fn revertible(&self, by: &str, ui: &mut Ui) -> Result<Vec<Change>, Failure> {
        let current = self.values()?;
        let mut back = Vec::new();
        for change in SetupRecord::read(&self.record)?.changes.into_iter().rev() {
            let now = values_of(&current, &change.key);
            if now == change.before {
                continue;
            }
            if now != [Some(change.after.clone())] {
                ui.warning(format!("{} was changed to {} after `{by}`; it is left as it is.", change.key, shown(&now)));
                continue;
            }
            ui.line(format!("{}: {} -> {}", change.key, change.after, shown(&change.before)));
            back.push(change);
        }
        Ok(back)
    }

    /// Restores the values from before these changes, and empties the record.
    pub(super) fn revert(&self, back: &[Change]) -> Result<(), Failure> {
        for change in back {
            self.git(&["--unset-all", &change.key])?;
            for value in &change.before {
                // a key without an equals sign means true; git cannot write one
                self.git(&["--add", &change.key, value.as_deref().unwrap_or("true")])?;
            }
        }
        Ok(SetupRecord::default().write(&self.record)?)
    }

    /// The settings here without included files, which `git config` does not change.
    fn values(&self) -> Result<Vec<Value>, Failure> {
        let output = self.run(&["-z", "--list"])?;
        // the file may not exist yet
        if !output.status.success() && self.scope == "--global" && !output.stderr.is_empty() {
            return Ok(Vec::new());
        }
        // the file may not exist yet in a repository either; but git must be able to read its format
        if let Some(error) = format_fault(&output) {
            return Err(error);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let value = |entry: &str| match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (entry.to_owned(), None),
        };
        Ok(text.split('\0').filter(|entry| !entry.is_empty()).map(value).collect())
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Failure> {
        let output = self.run(arguments)?;
        if output.status.success() {
            return Ok(());
        }
        if let Some(error) = format_fault(&output) {
            return Err(error);
        }
        let message = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        Err(Failure::configuration(format!("git config {} {} failed: {message}", self.scope, arguments.join(" "))))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = git_process::git::<&str>([]);
        if let Some(folder) = &self.folder {
            command.arg("-C").arg(folder);
        }
        let output = command.args(["config", self.scope]).args(arguments).env("LC_ALL", "C").output();
        output.map_err(|error| Failure::io("git cannot be run", &error))
    }
}

/// That git cannot read the repository's format, if a call failed for that.
fn format_fault(output: &Output) -> Option<Failure> {
    let error = GitError::of_format(&String::from_utf8_lossy(&output.stderr)).filter(|_| !output.status.success())?;
    Some(repository::Error::from(error).into())
}

/// How a setting and its change are shown.
pub(super) fn line(change: &Change) -> String {
    format!("{}: {} -> {}", change.key, shown(&change.before), change.after)
}

/// The values of a key, which is compared without case, as git does.
fn values_of(values: &[Value], key: &str) -> Vec<Option<String>> {
    values.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone()).collect()
}

fn shown(values: &[Option<String>]) -> String {
    match values {
        [] => "not set".to_owned(),
        values => values.iter().map(|value| value.as_deref().unwrap_or("set without a value")).collect::<Vec<_>>().join(", "),
    }
}

/// Refuses a file of git's configuration that is a pipe: whoever reads it waits for a writer.
pub(super) fn refuse_pipes(files: impl IntoIterator<Item = PathBuf>) -> Result<(), Failure> {
    #[cfg(unix)]
    if let Some(pipe) = files.into_iter().find(|file| is_pipe(file)) {
        let message = format!("git's configuration file {} is a pipe, not a regular file", pipe.display());
        return Err(Failure::configuration(message).with_hint("put a regular file there, or a link to one"));
    }
    #[cfg(not(unix))]
    drop(files);
    Ok(())
}

#[cfg(unix)]
fn is_pipe(file: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file.metadata().is_ok_and(|found| found.file_type().is_fifo())
}

/// The configuration files that are read in a folder before anything else is known: the user's, and those of a repository here or above.
pub(super) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let named = std::env::var_os("GIT_DIR").map(PathBuf::from);
    let found = || folder.ancestors().map(|above| above.join(".git")).find(|git| git.is_dir());
    let repository = named.or_else(found).unwrap_or_else(|| folder.to_owned());
    let files = ["config", "config.worktree"].map(|name| repository.join(name));
    files.into_iter().chain(super::git_settings::global_file()).collect()
}
