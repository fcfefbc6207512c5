//! Notices that are shown once: each leaves an empty file in the user's state folder. Removing the file shows the notice again.

use crate::private_folder;
use directories::ProjectDirs;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

/// The folder of the notices in the state folder.
const FOLDER: &str = "said";

/// Shows `notice` unless it was shown before. If the state folder cannot be written, it is shown each time.
pub(super) fn show_once(name: &str, notice: impl FnOnce()) {
    if !was_shown(name) {
        mark_shown(name);
        notice();
    }
}

/// The file that suppresses every notice.
const ALL: &str = "all";

/// Whether the notice was shown before.
pub(super) fn was_shown(name: &str) -> bool {
    folder().is_some_and(|folder| folder.join(name).exists() || folder.join(ALL).exists())
}

/// Suppresses every notice for processes with this home folder.
#[cfg(unix)]
pub(super) fn suppress_all(home: &Path) -> std::io::Result<()> {
    for state in [".local/state/paraph", "Library/Application Support/paraph"] {
        let folder = home.join(state).join(FOLDER);
        private_folder::make(&folder)?;
        std::fs::write(folder.join(ALL), "")?;
    }
    Ok(())
}

/// Records that the notice was shown.
pub(super) fn mark_shown(name: &str) {
    if let Some(folder) = folder()
        && private_folder::make(&folder).is_ok()
    {
        // a failure only means that the notice appears again
        let _ = private_folder::creating().open(folder.join(name));
    }
}

fn folder() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join(FOLDER))
}

/// The folder for the program's state, which is not configuration.
pub(super) fn state_folder() -> Option<PathBuf> {
    let places = ProjectDirs::from("", "", "paraph")?;
    Some(places.state_dir().unwrap_or(places.data_local_dir()).to_owned())
}
