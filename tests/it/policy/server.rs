//! A bare repository whose hooks judge by a policy, and a clone that pushes to it.

use super::*;
use std::{
    fmt::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// A server and a clone, which can be brought back to how they were.
pub struct Server {
    pub project: Project,
    pub bare: PathBuf,
    /// The commits of main, the oldest first: the root, one by Ann, the change of the policy, one by Bob.
    pub main: Vec<String>,
}

/// The rules of both policies. Only the first one has Dave.
fn rules(with_dave: bool) -> String {
    let dave = if with_dave { ", \"dave\"" } else { "" };
    format!(
        "[roles]\nmaintainers = [\"ann\", \"bob\", \"grace\"{dave}]\n\
         [[rules]]\nname = \"crypto\"\npaths = [\"src/crypto/**\", \"docs/\u{e9}/**\", \"module\"]\ncommit = [\"ann\"]\n\
         [[rules]]\nname = \"releases\"\nrefs = [\"refs/tags/v*\"]\ntag = [\"maintainers\"]\ntag-threshold = 2\n\
         [[rules]]\nname = \"free\"\nrefs = [\"refs/heads/free/**\"]\ncommit = [\"all\"]\nrewrite = true\n\
         [[rules]]\nname = \"signed\"\nrefs = [\"refs/heads/signed\"]\npush = [\"ann\"]\n\
         [[rules]]\nname = \"lax\"\nrefs = [\"refs/heads/lax\"]\nmode = \"warn\"\ncommit = []\nrewrite = false\npush = []\n\
         [[rules]]\nname = \"default\"\ncommit = [\"maintainers\"]\ncontribute = [\"maintainers\", \"carol\"]\nmerge = [\"maintainers\"]\n\
         tag = [\"maintainers\"]\n"
    )
}

impl Server {
    /// A server with these hooks whose configuration pins the first commit of main. The second policy, which removes Dave, is in force.
    pub fn new(hooks: &[&str]) -> Self {
        let project = Project::new();
        let bare = project.sandbox.root().join("bare.git");
        project.sandbox.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
        let mut server = Self { project, bare, main: Vec::new() };
        server.make_history();
        let root = server.main[0].clone();
        let trusted_root = server.project.sigstore.file("trusted_root.json");
        for (key, value) in [
            ("paraph.instance", "local"),
            ("paraph.local.trustedRoot", &trusted_root),
            ("paraph.policyRoot", &root),
            ("receive.certNonceSeed", "a seed that only the server knows"),
        ] {
            server.configure(key, value);
        }
        let url = format!("file://{}", server.bare.display());
        server.project.sandbox.git(&["remote", "add", "origin", &url]);
        server.project.sandbox.git(&["push", "-q", "origin", "main", "--tags"]);
        for hook in hooks {
            let text = format!("#!/bin/sh\nexec '{}' hook {hook} \"$@\"\n", server.project.sandbox.program);
            server.write_hook(hook, &text);
        }
        copy(&server.bare, &server.saved("bare"));
        copy(&server.project.sandbox.work(), &server.saved("work"));
        server
    }

    fn make_history(&mut self) {
        self.project.write(FILE, &self.policy(true));
        let root = self.project.commit("ann", "root");
        self.project.change("ann", "src/crypto/cipher", "cipher");
        self.project.write("docs/\u{e9}/text", "text");
        let one = self.project.commit("ann", "one");
        let second = self.policy(false);
        self.project.approve("bob", second.as_bytes(), &one);
        self.project.write(FILE, &second);
        let change = self.project.commit("ann", "remove dave");
        let last = self.project.change("bob", "text", "two");
        self.main = vec![root, one, change, last];
    }

    /// The first policy, or the second, without Dave.
    pub fn policy(&self, with_dave: bool) -> String {
        let url = &self.project.sigstore.url;
        let mut text = "version = 1\npolicy = [\"ann\", \"bob\"]\npolicy-threshold = 2\n".to_owned();
        for name in ["ann", "bob", "carol", "dave"].into_iter().filter(|name| with_dave || *name != "dave") {
            write!(text, "[identities.{name}]\nsubject = \"{name}@example.com\"\nissuer = \"{url}\"\ninstance = \"local\"\n").unwrap();
        }
        write!(
            text,
            "[identities.grace]\nsubject = \"grace@example.com\"\nissuer = \"{url}\"\ninstance = \"local\"\nuntil = 2020-01-01T00:00:00Z\n"
        )
        .unwrap();
        // the same address at another issuer, and at another instance
        text +=
            "[identities.other-issuer]\nsubject = \"erin@example.com\"\nissuer = \"https://accounts.google.com\"\ninstance = \"local\"\n";
        write!(text, "[identities.other-instance]\nsubject = \"frank@example.com\"\nissuer = \"{url}\"\n").unwrap();
        text + &rules(with_dave)
    }

    fn saved(&self, name: &str) -> PathBuf {
        self.project.sandbox.root().join("saved").join(name)
    }

    /// Brings server and clone back to how they were at first.
    pub fn reset(&self) {
        for (now, saved) in [(&self.bare, "bare"), (&self.project.sandbox.work(), "work")] {
            std::fs::remove_dir_all(now).unwrap();
            copy(&self.saved(saved), now);
        }
    }

    pub fn configure(&self, key: &str, value: &str) {
        self.project.sandbox.git_in(&self.bare, &["config", key, value]);
    }

    pub fn write_hook(&self, hook: &str, text: &str) {
        let path = self.bare.join("hooks").join(hook);
        // another process writes it: a child that another test starts could inherit a descriptor that is open for writing
        let script = self.project.sandbox.script("hook", text);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::rename(script, &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Pushes, without git's prefix before each line of the hook.
    pub fn push(&self, arguments: &[&str]) -> Done {
        self.push_as("ann", arguments)
    }

    /// The same by somebody, who matters only for a push certificate.
    pub fn push_as(&self, who: &str, arguments: &[&str]) -> Done {
        let key = format!("user.signingKey={who}@example.com");
        let mut done = self.project.sandbox.try_git(&[&["-c", &key, "push", "origin"], arguments].concat());
        done.stderr = done.stderr.lines().map(|line| format!("{}\n", line.trim_end().trim_start_matches("remote: "))).collect();
        done
    }

    #[track_caller]
    pub fn accepted(&self, arguments: &[&str]) -> String {
        let done = self.push(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        done.stderr
    }

    /// The refs of the server with their values.
    pub fn refs(&self) -> String {
        self.project.sandbox.git_in(&self.bare, &["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    /// A branch at a commit of main, checked out.
    pub fn branch(&self, name: &str, from: usize) {
        self.project.branch(name, &self.main[from]);
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let status = std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(status.success(), "{from:?}");
}
