//! A test signature: git in a temporary folder, the program as git will call it, and a private Sigstore in this process. Nothing leaves the
//! machine, and nothing stays on it.

use super::super::{exit::Failure, one_time_notice};
use crate::git_process;
use crate::local::{Instance, LocalError, Running, ServeOptions};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const EMAIL: &str = "trial@paraph.invalid";
/// Another process can take the port between its choice and its use.
const ATTEMPTS: usize = 5;

/// Signs and verifies a commit. Returns how long the signature took.
pub(super) fn run(program: &Path) -> Result<Duration, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::io("a temporary folder cannot be made", &error))?;
    let (_running, files, url) = sigstore(folder.path())?;
    let work = folder.path().join("work");
    let allowed = folder.path().join("allowed");
    let home = folder.path().join("home");
    std::fs::create_dir_all(&work)
        .and_then(|()| std::fs::create_dir_all(&home))
        .and_then(|()| std::fs::write(&allowed, format!("{EMAIL} {url} instance=trial\n")))
        .map_err(|error| Failure::io("the temporary folder cannot be filled", &error))?;
    // what becomes public is told about the user's own signatures only
    one_time_notice::suppress_all(&home).map_err(|error| Failure::io("the temporary folder cannot be filled", &error))?;
    let setting = |key: &str, value: &Path| format!("{key}={}", value.display());
    let settings = [
        "user.name=Trial".to_owned(),
        format!("user.email={EMAIL}"),
        "gpg.format=x509".to_owned(),
        setting("gpg.x509.program", program),
        "gpg.minTrustLevel=fully".to_owned(),
        "paraph.instance=trial".to_owned(),
        setting("paraph.trial.trustedRoot", &files.join("trusted_root.json")),
        setting("paraph.trial.signingConfig", &files.join("signing_config.json")),
        setting("paraph.trial.accessCodeFile", &files.join("access-code")),
        setting("paraph.allowedIdentities", &allowed),
    ];
    let git = |arguments: &[&str]| {
        let mut command = git_process::git(settings.iter().flat_map(|setting| ["-c", setting]));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &home);
        // an agent would outlast the test
        command.env("PARAPH_AGENT", "never").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CEILING_DIRECTORIES", folder.path());
        command.args(arguments).current_dir(&work);
        let done = command.output().map_err(|error| Failure::io("git cannot be run", &error))?;
        match done.status.success() {
            true => Ok(()),
            false => {
                let message = String::from_utf8_lossy(&done.stderr);
                let message = message.trim().lines().collect::<Vec<_>>().join("; ");
                let what = arguments.first().copied().unwrap_or_default();
                Err(Failure::system(format!("the test signature failed: git {what}: {message}"))
                    .with_hint("look for the cause with `paraph doctor`, or restore the earlier settings with `paraph setup --undo`"))
            }
        }
    };
    git(&["init", "-q"])?;
    let started = Instant::now();
    git(&["commit", "-q", "-S", "--allow-empty", "-m", "A test signature"])?;
    let took = started.elapsed();
    git(&["verify-commit", "HEAD"])?;
    Ok(took)
}

fn sigstore(folder: &Path) -> Result<(Running, PathBuf, String), Failure> {
    let mut attempt = 0;
    loop {
        let files = folder.join(format!("sigstore-{attempt}"));
        let instance = Instance::init(&files)?;
        let url = instance.url();
        match instance.start(ServeOptions::default()) {
            Ok(running) => return Ok((running, files, url)),
            Err(LocalError::Port { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
