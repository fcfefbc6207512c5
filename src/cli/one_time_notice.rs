//! Notices that are shown once: each leaves an empty file in the user's state folder. Removing the file shows the notice again.

use directories::ProjectDirs;
use std::{fs::OpenOptions, path::PathBuf};

/// Shows `notice` unless it was shown before. If the state folder cannot be written, it is shown each time.
pub(super) fn show_once(name: &str, notice: impl FnOnce()) {
    if !was_shown(name) {
        mark_shown(name);
        notice();
    }
}

/// Whether the notice was shown before.
pub(super) fn was_shown(name: &str) -> bool {
    folder().is_some_and(|folder| folder.join(name).exists())
}

/// Records that the notice was shown.
pub(super) fn mark_shown(name: &str) {
    if let Some(folder) = folder()
        && std::fs::create_dir_all(&folder).is_ok()
    {
        // a failure only means that the notice appears again
        let _ = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(name));
    }
}

fn folder() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join("said"))
}

/// The folder for the program's state, which is not configuration.
pub(super) fn state_folder() -> Option<PathBuf> {
    let places = ProjectDirs::from("", "", "paraph")?;
    Some(places.state_dir().unwrap_or(places.data_local_dir()).to_owned())
}
