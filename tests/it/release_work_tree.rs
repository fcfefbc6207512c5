//! `paraph release` and the work tree: no file, setting or flag of the repository hides a modified file.

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::path::PathBuf;

struct Setup {
    _sigstore: Sigstore,
    sandbox: Sandbox,
}

impl Setup {
    /// A repository with a signed tag v1 of the files a.txt and b.txt, and a file to release.
    fn new() -> Self {
        let sigstore = Sigstore::start();
        let mut sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        sandbox.set("PARAPH_REKOR_VERSION", "2");
        sigstore.allow(&sandbox, EMAIL);
        sandbox.git(&["config", "--global", "protocol.file.allow", "always"]);
        let setup = Self { _sigstore: sigstore, sandbox };
        setup.write("a.txt", "a\n");
        setup.write("b.txt", "b\n");
        setup.sandbox.git(&["add", "a.txt", "b.txt"]);
        setup.tag("v1");
        setup.write("app", "x");
        setup
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.work().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn tag(&self, name: &str) {
        self.sandbox.git(&["commit", "-q", "-S", "-m", name]);
        self.sandbox.git(&["tag", "-s", name, "-m", name]);
    }

    fn release(&self, tag: &str) -> Done {
        self.sandbox.paraph(&["release", tag, "app", "--force"])
    }

    fn accepts(&self, tag: &str) {
        let done = self.release(tag);
        assert_eq!(done.code, Some(0), "{tag}: {}", done.stderr);
    }

    fn refuses(&self, tag: &str, file: &str) {
        // what git says is not in question
        assert_eq!(self.sandbox.git(&["status", "--porcelain", "--untracked-files=no"]), "", "{tag}");
        let done = self.release(tag);
        assert_eq!(done.code, Some(4), "{tag}: {}", done.stderr);
        assert!(done.stderr.contains(&format!("tracked files are modified: {file}\n")), "{tag}: {}", done.stderr);
    }

    #[cfg(unix)]
    fn program(&self, name: &str, script: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.sandbox.home().join(name);
        std::fs::write(&path, format!("#!/bin/sh\ntouch '{}'\n{script}\n", self.sandbox.home().join("ran").display())).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Whether a program ran since the last call.
    #[cfg(unix)]
    fn ran(&self) -> bool {
        std::fs::remove_file(self.sandbox.home().join("ran")).is_ok()
    }
}

#[test]
fn no_flag_of_the_index_hides_a_modified_file() {
    let setup = Setup::new();
    setup.accepts("v1");
    for flag in ["assume-unchanged", "skip-worktree"] {
        setup.sandbox.git(&["update-index", &format!("--{flag}"), "a.txt"]);
        setup.accepts("v1");
        setup.write("a.txt", "other\n");
        setup.refuses("v1", "a.txt");
        std::fs::remove_file(setup.path("a.txt")).unwrap();
        setup.refuses("v1", "a.txt");
        setup.sandbox.git(&["update-index", &format!("--no-{flag}"), "a.txt"]);
        setup.sandbox.git(&["checkout", "-q", "a.txt"]);
    }
    setup.sandbox.git(&["config", "core.ignoreStat", "true"]);
    setup.sandbox.git(&["update-index", "--really-refresh"]);
    setup.sandbox.git(&["update-index", "--assume-unchanged", "a.txt"]);
    setup.write("a.txt", "other\n");
    setup.refuses("v1", "a.txt");
}

#[test]
fn a_sparse_checkout_may_leave_files_out_but_not_change_them() {
    let setup = Setup::new();
    setup.sandbox.git(&["sparse-checkout", "set", "--no-cone", "/b.txt"]);
    assert!(!setup.path("a.txt").exists());
    setup.accepts("v1");
    setup.write("b.txt", "other\n");
    assert_eq!(setup.release("v1").code, Some(4));
    setup.sandbox.git(&["checkout", "-q", "b.txt"]);
    setup.write("a.txt", "other\n");
    let done = setup.release("v1");
    assert!(done.code == Some(4) && done.stderr.contains("modified: a.txt\n"), "{}", done.stderr);
}

#[test]
fn the_tag_is_compared_and_not_what_replaces_its_commit() {
    let setup = Setup::new();
    setup.write("a.txt", "other\n");
    setup.sandbox.git(&["commit", "-q", "-S", "-a", "-m", "other"]);
    let other = setup.sandbox.git(&["rev-parse", "HEAD"]);
    setup.sandbox.git(&["reset", "-q", "--hard", "v1"]);
    setup.sandbox.git(&["replace", "v1^{commit}", &other]);
    setup.sandbox.git(&["reset", "-q", "--hard", "v1"]);
    assert_eq!(std::fs::read_to_string(setup.path("a.txt")).unwrap(), "other\n");
    setup.refuses("v1", "a.txt");
    // a replaced blob
    setup.sandbox.git(&["replace", "-d", "v1^{commit}"]);
    let blob = setup.sandbox.git(&["rev-parse", "v1:b.txt"]);
    let other = setup.sandbox.git(&["rev-parse", &format!("{other}:a.txt")]);
    setup.sandbox.git(&["reset", "-q", "--hard", "v1"]);
    setup.sandbox.git(&["replace", &blob, &other]);
    std::fs::remove_file(setup.path("b.txt")).unwrap();
    setup.sandbox.git(&["checkout", "-q", "v1", "--", "b.txt"]);
    assert_eq!(std::fs::read_to_string(setup.path("b.txt")).unwrap(), "other\n");
    assert_eq!(setup.release("v1").code, Some(4));
}

#[cfg(unix)]
#[test]
fn no_program_of_the_repository_runs_or_is_believed() {
    let setup = Setup::new();
    let monitor = setup.program("monitor", "printf '2\\0'");
    setup.sandbox.git(&["config", "core.fsmonitor", &monitor]);
    setup.sandbox.git(&["update-index", "--fsmonitor"]);
    setup.sandbox.git(&["status"]);
    setup.write("a.txt", "other\n");
    setup.ran();
    let done = setup.release("v1");
    assert!(done.code == Some(4) && !setup.ran(), "{}", done.stderr);
    setup.sandbox.git(&["config", "--unset", "core.fsmonitor"]);
    setup.sandbox.git(&["update-index", "--no-fsmonitor"]);
    setup.sandbox.git(&["checkout", "-q", "a.txt"]);
    // a hook after each change of an index
    let hook = setup.program("hook", "exit 0");
    std::fs::create_dir_all(setup.path(".git/hooks")).unwrap();
    std::fs::copy(hook, setup.path(".git/hooks/post-index-change")).unwrap();
    setup.ran();
    setup.accepts("v1");
    assert!(!setup.ran());
    // a filter that calls every content the committed one
    let filter = setup.program("filter", "git cat-file blob v1:a.txt");
    std::fs::create_dir_all(setup.path(".git/info")).unwrap();
    setup.write(".git/info/attributes", "a.txt filter=same\n");
    setup.sandbox.git(&["config", "filter.same.clean", &filter]);
    setup.sandbox.git(&["config", "filter.same.required", "true"]);
    // of the same length, or git would not ask the filter
    setup.write("a.txt", "o\n");
    assert_eq!(setup.sandbox.git(&["status", "--porcelain", "--untracked-files=no"]), "");
    assert!(setup.ran());
    let done = setup.release("v1");
    assert!(done.code == Some(4) && done.stderr.contains("modified: a.txt\n") && !setup.ran(), "{}", done.stderr);
    // the user's own filter counts
    setup.sandbox.git(&["config", "--global", "filter.same.clean", &filter]);
    setup.accepts("v1");
    assert!(setup.ran());
}

#[cfg(unix)]
#[test]
fn modes_and_links_count_whatever_the_repository_says() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::new();
    std::os::unix::fs::symlink("a.txt", setup.path("link")).unwrap();
    setup.sandbox.git(&["add", "link"]);
    setup.tag("v2");
    setup.accepts("v2");
    setup.sandbox.git(&["config", "core.fileMode", "false"]);
    std::fs::set_permissions(setup.path("a.txt"), PermissionsExt::from_mode(0o755)).unwrap();
    setup.refuses("v2", "a.txt");
    std::fs::set_permissions(setup.path("a.txt"), PermissionsExt::from_mode(0o644)).unwrap();
    setup.accepts("v2");
    setup.sandbox.git(&["config", "core.symlinks", "false"]);
    std::fs::remove_file(setup.path("link")).unwrap();
    setup.write("link", "a.txt");
    setup.refuses("v2", "link");
}

#[test]
fn other_line_endings_are_not_a_change_where_git_makes_them() {
    let setup = Setup::new();
    setup.sandbox.git(&["config", "core.autocrlf", "true"]);
    std::fs::remove_file(setup.path("a.txt")).unwrap();
    setup.sandbox.git(&["checkout", "-q", "a.txt"]);
    assert_eq!(std::fs::read_to_string(setup.path("a.txt")).unwrap(), "a\r\n");
    setup.accepts("v1");
}

#[test]
fn a_submodule_is_compared_like_the_repository() {
    let setup = Setup::new();
    let origin = setup.sandbox.home().join("origin");
    let at = |folder: &str, arguments: &[&str]| setup.sandbox.git(&[&["-C", folder][..], arguments].concat());
    let origin = origin.to_str().unwrap();
    setup.sandbox.git(&["init", "-q", origin]);
    std::fs::write(format!("{origin}/m.txt"), "m\n").unwrap();
    at(origin, &["add", "m.txt"]);
    at(origin, &["commit", "-q", "--no-gpg-sign", "-m", "one"]);
    setup.sandbox.git(&["submodule", "--quiet", "add", origin, "module"]);
    setup.tag("v2");
    setup.accepts("v2");
    setup.sandbox.git(&["config", "submodule.module.ignore", "all"]);
    at("module", &["update-index", "--assume-unchanged", "m.txt"]);
    setup.write("module/m.txt", "other\n");
    setup.refuses("v2", "module/m.txt");
    at("module", &["update-index", "--no-assume-unchanged", "m.txt"]);
    at("module", &["commit", "-q", "--no-gpg-sign", "-a", "-m", "two"]);
    let done = setup.release("v2");
    assert!(done.code == Some(4) && done.stderr.contains("modified: module/\n"), "{}", done.stderr);
    at("module", &["checkout", "-q", "HEAD~1"]);
    setup.accepts("v2");
    // not checked out, and then with files that nobody compares
    setup.sandbox.git(&["submodule", "--quiet", "deinit", "-f", "module"]);
    setup.accepts("v2");
    setup.write("module/m.txt", "other\n");
    setup.refuses("v2", "module/");
}
