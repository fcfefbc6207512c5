//! The hooks as git calls them: pushes to real bare repositories, from real clones.

mod certificates;
#[cfg(unix)]
mod places;
mod pre_push;
mod pre_receive;
mod setup;
mod transports;

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// An identity of the local issuer that is not allowed.
const NOT_ALLOWED: &str = "user.signingKey=bob@example.com";

/// A bare repository with hooks, and a clone that signs. The server's configuration is the bare repository's own.
struct Setup {
    sigstore: Sigstore,
    sandbox: Sandbox,
    bare: PathBuf,
}

/// The setup with these hooks of the folder `git-hooks`.
fn setup(hooks: &[&str]) -> Setup {
    setup_in("sha1", hooks)
}

fn setup_in(format: &str, hooks: &[&str]) -> Setup {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::new();
    sandbox.set("PATH", &path());
    let object_format = format!("--object-format={format}");
    sandbox.git(&["init", "-q", "-b", "main", &object_format]);
    sigstore.configure(&sandbox);
    let bare = sandbox.root().join("bare.git");
    sandbox.git(&["init", "-q", "--bare", &object_format, bare.to_str().unwrap()]);
    let allowed = sandbox.root().join("allowed-by-server");
    std::fs::write(&allowed, format!("{EMAIL} {} instance=local\n", sigstore.url)).unwrap();
    for (key, value) in [
        ("paraph.instance", "local"),
        ("paraph.local.trustedRoot", &sigstore.file("trusted_root.json")),
        ("paraph.allowedIdentities", allowed.to_str().unwrap()),
    ] {
        sandbox.git_in(&bare, &["config", key, value]);
    }
    for hook in hooks {
        install(hook, &bare);
    }
    sandbox.git(&["remote", "add", "origin", &format!("file://{}", bare.display())]);
    Setup { sigstore, sandbox, bare }
}

/// PATH with the built program.
fn path() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_paraph")).parent().unwrap();
    format!("{}:{}", program.display(), std::env::var("PATH").unwrap())
}

fn install(hook: &str, repository: &Path) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("git-hooks").join(hook)).unwrap();
    write_hook(hook, repository, &text);
}

/// The hook of the folder `git-hooks` in another folder.
fn with_hook(hook: &str, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("git-hooks").join(hook);
    std::fs::copy(source, folder.join(hook)).unwrap();
    std::fs::set_permissions(folder.join(hook), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn write_hook(hook: &str, repository: &Path, text: &str) {
    let path = repository.join("hooks").join(hook);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl Setup {
    /// Makes a signed commit and returns its id.
    fn signed(&self, message: &str) -> String {
        self.commit(&["commit", "-q", "-S", "--allow-empty", "-m", message])
    }

    fn unsigned(&self, message: &str) -> String {
        self.commit(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", message])
    }

    /// Makes a commit that is signed by an identity that is not allowed.
    fn signed_by_bob(&self, message: &str) -> String {
        self.commit(&["-c", NOT_ALLOWED, "commit", "-q", "-S", "--allow-empty", "-m", message])
    }

    /// Makes a commit whose message was changed after it was signed, and moves the branch there.
    fn tampered(&self, message: &str) -> String {
        self.signed("as it was signed");
        let id = self.sandbox.store_commit(&self.sandbox.commit_parts("HEAD").with_payload("as it was signed", message));
        self.sandbox.git(&["reset", "-q", "--soft", &id]);
        id
    }

    fn commit(&self, arguments: &[&str]) -> String {
        self.sandbox.git(arguments);
        self.sandbox.git(&["rev-parse", "HEAD"])
    }

    fn push(&self, arguments: &[&str]) -> Done {
        self.sandbox.try_git(&[&["push", "origin"], arguments].concat())
    }

    #[track_caller]
    fn accepted(&self, arguments: &[&str]) {
        let done = self.push(arguments);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }

    /// The output of a refused push, without git's prefix and trailing spaces.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let done = self.push(arguments);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        done.stderr.lines().map(|line| format!("{}\n", line.trim_end().trim_start_matches("remote: "))).collect()
    }

    /// The id that a ref of the bare repository leads to.
    fn there(&self, reference: &str) -> Option<String> {
        let output = self.sandbox.command("git", &self.bare).args(["rev-parse", "-q", "--verify", reference]).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
    }

    fn serve(&self, key: &str, value: &str) {
        self.sandbox.git_in(&self.bare, &["config", key, value]);
    }
}

/// The line about a refused object.
fn heading(kind: &str, id: &str, title: &str, verdict: &str) -> String {
    format!("{kind} {} \"{title}\": [{verdict}]\n", &id[..12])
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}
