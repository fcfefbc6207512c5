//! Keys of other kinds than ours: OpenPGP keys in a keyring of their own, SSH keys in files, and commits that they sign.

use super::{
    objects::installed,
    sandbox::{Done, Sandbox},
};
use std::path::{Path, PathBuf};

/// An OpenPGP key pair in a folder of gpg's; its agent ends with the value.
pub struct OpenPgp<'a> {
    sandbox: &'a Sandbox,
    pub home: PathBuf,
    pub fingerprint: String,
}

impl<'a> OpenPgp<'a> {
    /// A new key in the folder `name` of the sandbox; `None`, with a line that says so, where there is no gpg.
    pub fn new(sandbox: &'a Sandbox, name: &str, user: &str, test: &str) -> Option<Self> {
        if !installed("gpg", test) || !installed("gpgconf", test) {
            return None;
        }
        let home = sandbox.root().join(name);
        private_folder(&home);
        let mut key = Self { sandbox, home, fingerprint: String::new() };
        key.gpg(&["--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "never"]);
        let listing = key.gpg(&["--with-colons", "--list-secret-keys"]).stdout;
        let line = listing.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap();
        key.fingerprint = line.trim_matches(':').to_owned();
        Some(key)
    }

    /// gpg with this folder; it must succeed.
    pub fn gpg(&self, arguments: &[&str]) -> Done {
        let mut command = self.sandbox.command("gpg", &self.sandbox.root());
        let done: Done = command.args(["--batch", "--quiet", "--homedir"]).arg(&self.home).args(arguments).output().unwrap().into();
        assert_eq!(done.code, Some(0), "gpg {arguments:?}: {}", done.stderr);
        done
    }

    /// Writes the public key into a file.
    pub fn export(&self, file: &str) -> String {
        let path = self.sandbox.root().join(file);
        std::fs::write(&path, self.gpg(&["--armor", "--export", &self.fingerprint]).stdout).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// git in `work`, which signs with this key; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let key = format!("user.signingKey={}", self.fingerprint);
        let mut command = self.sandbox.command("git", &self.sandbox.work());
        command.env("GNUPGHOME", &self.home).args(["-c", "gpg.format=openpgp", "-c", &key]);
        let done: Done = command.args(arguments).output().unwrap().into();
        assert_eq!(done.code, Some(0), "git {arguments:?}: {}", done.stderr);
        done.stdout.trim_end().to_owned()
    }
}

impl Drop for OpenPgp<'_> {
    fn drop(&mut self) {
        let mut command = self.sandbox.command("gpgconf", &self.sandbox.root());
        let _ = command.arg("--homedir").arg(&self.home).args(["--kill", "all"]).output();
    }
}

fn private_folder(path: &Path) {
    std::fs::create_dir(path).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
}

/// An SSH key pair.
pub struct Ssh<'a> {
    sandbox: &'a Sandbox,
    pub file: String,
    /// The public key's line.
    pub public: String,
    pub fingerprint: String,
}

impl<'a> Ssh<'a> {
    /// A new key in the file `name` of the sandbox; `None`, with a line that says so, where there is no ssh-keygen.
    pub fn new(sandbox: &'a Sandbox, name: &str, test: &str) -> Option<Self> {
        if !installed("ssh-keygen", test) {
            return None;
        }
        let file = sandbox.root().join(name).to_str().unwrap().to_owned();
        let run = |arguments: &[&str]| {
            let done: Done = sandbox.command("ssh-keygen", &sandbox.root()).args(arguments).output().unwrap().into();
            assert_eq!(done.code, Some(0), "{}", done.stderr);
            done.stdout
        };
        run(&["-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", &file]);
        let public = std::fs::read_to_string(format!("{file}.pub")).unwrap();
        let fingerprint = run(&["-l", "-f", &file]).split(' ').nth(1).unwrap().to_owned();
        Some(Self { sandbox, file, public, fingerprint })
    }

    /// git in `work`, which signs with this key; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let key = format!("user.signingKey={}", self.file);
        self.sandbox.git(&[&["-c", "gpg.format=ssh", "-c", &key], arguments].concat())
    }
}

impl Sandbox {
    /// The arguments with which git makes a signed commit of HEAD's tree with these parents.
    pub fn commit_tree<'b>(parents: &[&'b str], message: &'b str) -> Vec<&'b str> {
        let parents = parents.iter().flat_map(|parent| ["-p", *parent]);
        ["commit-tree", "-S", "-m", message, "HEAD^{tree}"].into_iter().chain(parents).collect()
    }
}
