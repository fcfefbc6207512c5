//! Notices that are to be said once: each leaves an empty file in the user's state folder. Whoever removes the file hears the notice again.

use directories::ProjectDirs;
use std::fs::OpenOptions;

/// Says `notice` unless it was said before. Where nothing can be remembered it is said each time.
pub(super) fn once(name: &str, notice: impl FnOnce()) {
    let folder = ProjectDirs::from("", "", "paraph").map(|places| places.state_dir().unwrap_or(places.data_local_dir()).join("said"));
    let remembered = folder.and_then(|folder| {
        std::fs::create_dir_all(&folder).ok()?;
        Some(OpenOptions::new().write(true).create_new(true).open(folder.join(name)).map_err(|error| error.kind()))
    });
    if remembered.as_ref().and_then(|created| created.as_ref().err()) != Some(&std::io::ErrorKind::AlreadyExists) {
        notice();
    }
}
