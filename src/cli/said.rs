//! Notices that are to be said once: each leaves an empty file in the user's state folder. Whoever removes the file hears the notice again.

use directories::ProjectDirs;
use std::{fs::OpenOptions, path::PathBuf};

/// Says `notice` unless it was said before. Where nothing can be remembered it is said each time.
pub(super) fn once(name: &str, notice: impl FnOnce()) {
    if !before(name) {
        remember(name);
        notice();
    }
}

/// Whether it was said before.
pub(super) fn before(name: &str) -> bool {
    folder().is_some_and(|folder| folder.join(name).exists())
}

/// From now on it was.
pub(super) fn remember(name: &str) {
    if let Some(folder) = folder()
        && std::fs::create_dir_all(&folder).is_ok()
    {
        // where it cannot be remembered it is said again
        let _ = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(name));
    }
}

fn folder() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join("said"))
}

/// Where the program remembers what is no configuration.
pub(super) fn state_folder() -> Option<PathBuf> {
    let places = ProjectDirs::from("", "", "paraph")?;
    Some(places.state_dir().unwrap_or(places.data_local_dir()).to_owned())
}
