//! Whether git expands `~` in the name of its signing program. Old versions do not, so this tries it.

use crate::git_process;
use std::path::Path;

/// A commit with a signature of the kind for which git calls the program.
const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b.c> 0 +0000\ncommitter A <a@b.c> 0 +0000\n\
    gpgsig -----BEGIN SIGNED MESSAGE-----\n -----END SIGNED MESSAGE-----\n\nm\n";
/// A program that leaves a file beside itself.
const PROBE: &str = "#!/bin/sh\n: >\"$0.ran\"\n";

/// Has git verify a commit in a temporary repository, with a program that it finds only if it expands the name. False if that cannot be tried.
pub(super) fn is_expanded() -> bool {
    tempfile::tempdir().ok().and_then(|folder| is_expanded_in(folder.path())).unwrap_or(false)
}

fn is_expanded_in(home: &Path) -> Option<bool> {
    let (object, probe) = (home.join("object"), home.join("probe"));
    std::fs::write(&object, COMMIT).and_then(|()| std::fs::write(&probe, PROBE)).ok()?;
    #[cfg(unix)]
    std::fs::set_permissions(&probe, std::os::unix::fs::PermissionsExt::from_mode(0o700)).ok()?;
    let git = |arguments: &[&str]| {
        let mut command = git_process::git(arguments);
        // nothing of the user's configuration or of the repository here
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            command.env_remove(name);
        }
        command.current_dir(home).env("HOME", home).env_remove("XDG_CONFIG_HOME").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_DIR", home.join("git")).output().ok()
    };
    git(&["init", "-q", "--bare"])?;
    let id = String::from_utf8(git(&["hash-object", "-t", "commit", "-w", "--literally", "object"])?.stdout).ok()?;
    git(&["-c", "gpg.x509.program=~/probe", "verify-commit", id.trim()])?;
    Some(home.join("probe.ran").exists())
}
