//! `paraph allow`: what it adds to the file of allowed identities, and what it refuses.

use crate::support::{
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::path::PathBuf;

const GOOGLE: &str = "https://accounts.google.com";

/// The file that is created where there is none.
fn usual(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".config/git/allowed-identities")
}

fn configured(sandbox: &Sandbox) -> String {
    sandbox.try_git(&["config", "--global", "paraph.allowedIdentities"]).stdout.trim().to_owned()
}

fn refused(done: &Done, code: i32, error: &str) {
    assert!(done.code == Some(code) && done.stderr.contains(error) && done.stderr.contains("\nhint: "), "{error}: {done:?}");
}

#[test]
fn the_first_identity_creates_the_file_and_configures_it() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    let verify = || sandbox.paraph(&["verify"]);
    let untrusted = verify();
    assert_eq!(untrusted.code, Some(10));
    // the verdict names the command, which is run as it stands there
    let (_, command) = untrusted.stdout.split_once("To trust it, run `paraph allow ").unwrap();
    let words: Vec<&str> = command.split_once('`').unwrap().0.split(' ').collect();
    let asked = [&["allow"], &words[..]].concat();
    let unasked = sandbox.paraph_with(&asked, b"y\n");
    refused(&unasked, 2, "nothing was changed: there is no terminal to ask for confirmation");
    assert!(!usual(&sandbox).exists() && configured(&sandbox).is_empty());
    let done = sandbox.paraph(&[&asked[..], &["--yes"]].concat());
    let (file, url) = (usual(&sandbox), &sigstore.url);
    let path = file.display();
    assert_eq!(
        (done.code, done.stdout, done.stderr),
        (
            Some(0),
            format!("{path}: {EMAIL} {url} instance=local\nparaph.allowedIdentities: not set -> {path}\n"),
            format!("{EMAIL} is allowed now.\n")
        )
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{EMAIL} {url} instance=local\n"));
    assert_eq!(configured(&sandbox), file.to_str().unwrap());
    assert_eq!(verify().code, Some(0));
    // again: it is there
    let again = sandbox.paraph(&asked);
    assert!(again.code == Some(0) && again.stdout.is_empty(), "{again:?}");
    assert_eq!(again.stderr, format!("{path}:1 already allows {EMAIL}.\n"));
}

#[test]
fn a_signature_says_whom_to_allow_only_if_it_verifies() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    let parts = sandbox.commit_parts("HEAD");
    let tampered = sandbox.store_commit(&parts.with_payload("\none", "\n1"));
    sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "two"]);
    refused(&sandbox.paraph(&["allow", "--from", &tampered, "--yes"]), 15, "shows no identity: BAD signature");
    refused(&sandbox.paraph(&["allow", "--from", "HEAD", "--yes"]), 12, "HEAD shows no identity: Not signed");
    assert!(!usual(&sandbox).exists());
    let done = sandbox.paraph(&["allow", "--from", "HEAD~1", "--for", "commit,release", "--yes"]);
    let line = format!("{EMAIL} {} instance=local for=commit,release\n", sigstore.url);
    assert_eq!((done.code, std::fs::read_to_string(usual(&sandbox)).unwrap()), (Some(0), line));
    assert!(done.stderr.starts_with("The signature shows who controls this identity, not who that person is."), "{done:?}");
    // the file would take the asterisk for others
    let token = sigstore.token("m*@example.com");
    let mut commit = sandbox.command("git", &sandbox.work());
    commit.args(["-c", "user.email=m*@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "three"]).env("SIGSTORE_ID_TOKEN", token);
    assert!(commit.status().unwrap().success());
    refused(&sandbox.paraph(&["allow", "--from", "HEAD", "--yes"]), 3, "whose asterisk would allow others");
    let advice = sandbox.paraph(&["verify"]).stdout;
    assert!(advice.contains("stands for other people") && !advice.contains("paraph allow"), "{advice}");
    sandbox.git(&["reset", "-q", "--soft", "HEAD~1"]);
    // a repository that brings its own trust root can show anybody's name
    for key in ["instance", "local.trustedRoot", "local.signingConfig", "local.accessCodeFile"] {
        let value = sandbox.git(&["config", &format!("paraph.{key}")]);
        sandbox.git(&["config", "--global", "--unset", &format!("paraph.{key}")]);
        sandbox.git(&["config", "--local", &format!("paraph.{key}"), &value]);
    }
    refused(&sandbox.paraph(&["allow", "--from", "HEAD~1", "--yes"]), 3, "the trust root is the repository's own");
}

#[test]
fn other_lines_comments_mode_and_links_stay() {
    let sandbox = Sandbox::new();
    let (real, link) = (sandbox.home().join("people"), sandbox.home().join("link"));
    let before = "# people\r\nbob@example.com https://issuer.example valid-before=2020-01-01T00:00:00Z # left\n# no newline";
    std::fs::write(&real, before).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::os::unix::fs::symlink(&real, &link).unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    #[cfg(not(unix))]
    let link = real.clone();
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", link.to_str().unwrap()]);
    let done = sandbox.paraph(&["allow", "bob@example.com", "https://issuer.example", "--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains(":2 allows bob@example.com ") && done.stderr.contains("the new line has no such limit."), "{done:?}");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), format!("{before}\nbob@example.com https://issuer.example\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert!(link.is_symlink());
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }
    // what another process holds is not touched, and neither is its lock
    let lock = sandbox.home().join("people.lock");
    std::fs::write(&lock, "").unwrap();
    refused(&sandbox.paraph(&["allow", "ann@example.com", GOOGLE, "--yes"]), 8, "another process changes the file");
    assert!(lock.exists());
    std::fs::remove_file(&lock).unwrap();
    // more kinds than the line has are another line; fewer are not
    for (kinds, lines) in [("commit", 4), ("tag,commit", 4), ("file", 5), ("file", 5)] {
        assert_eq!(sandbox.paraph(&["allow", "bob@example.com", "https://issuer.example", "--for", kinds, "--yes"]).code, Some(0));
        assert_eq!(std::fs::read_to_string(&real).unwrap().lines().count(), lines, "{kinds}");
    }
}

#[test]
fn a_file_that_a_branch_could_change_is_refused() {
    let sandbox = Sandbox::with_repository();
    let inside = sandbox.work().join("allowed");
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", inside.to_str().unwrap()]);
    refused(&sandbox.paraph(&["allow", "ann@example.com", GOOGLE, "--yes"]), 3, "is in a work tree");
    // and from outside that repository
    refused(&sandbox.paraph_in(&sandbox.home(), &["allow", "ann@example.com", GOOGLE, "--yes"]), 3, "is in a work tree");
    assert!(!inside.exists());
    // what only the repository names is not the user's file
    sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    let victim = sandbox.home().join("victim");
    std::fs::write(&victim, "# mine\n").unwrap();
    sandbox.git(&["config", "--local", "paraph.allowedIdentities", victim.to_str().unwrap()]);
    let done = sandbox.paraph(&["allow", "ann@example.com", GOOGLE, "--yes"]);
    assert!(done.code == Some(0) && done.stderr.contains("Your own file takes precedence"), "{done:?}");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "# mine\n");
    assert_eq!(std::fs::read_to_string(usual(&sandbox)).unwrap(), format!("ann@example.com {GOOGLE}\n"));
}

#[test]
fn what_the_file_cannot_hold_is_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    for (arguments, error) in [
        (&[GOOGLE, "ann@example.com"][..], "\"ann@example.com\" is not the URL of an issuer"),
        (&["ann@example.com"], "the issuer that vouches for ann@example.com is missing"),
        (&["<ann@example.com>", GOOGLE], "is not an identity"),
        (&["ann@example.com,bob@example.com", GOOGLE], "is not an identity"),
        (&["a\"b", GOOGLE], "is not an identity"),
        (&["a\u{202e}b", GOOGLE], "has a character that cannot be seen"),
        (&["ann@example.com", "https://*.example"], "there is no such line"),
        (&["", GOOGLE], "there is no such line"),
        (&["ann@example.com", GOOGLE, "--for", "merge"], "expected commit, tag, push, file, attestation or release"),
        (&["ann@example.com", GOOGLE, "--instance", "a/b"], "letters, digits"),
    ] {
        refused(&sandbox.paraph(&[&["allow", "--yes"], arguments].concat()), 2, error);
    }
    assert!(!usual(&sandbox).exists() && configured(&sandbox).is_empty());
    let workflow = "https://github.com/org/app/.github/workflows/release.yml@refs/tags/*";
    assert_eq!(sandbox.paraph(&["allow", workflow, "--for", "release", "--yes"]).code, Some(0));
    let line = format!("{workflow} https://token.actions.githubusercontent.com for=release\n");
    assert_eq!(std::fs::read_to_string(usual(&sandbox)).unwrap(), line);
    // a file with a mistake is not added to
    std::fs::write(usual(&sandbox), "ann@example.com\n").unwrap();
    refused(&sandbox.paraph(&["allow", "ann@example.com", GOOGLE, "--yes"]), 3, "line 1: the issuer is missing");
    assert_eq!(std::fs::read_to_string(usual(&sandbox)).unwrap(), "ann@example.com\n");
}

#[test]
fn a_file_that_is_there_is_configured_with_a_warning_of_what_it_has() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(usual(&sandbox).parent().unwrap()).unwrap();
    std::fs::write(usual(&sandbox), format!("ann@example.com {GOOGLE}\nbob@example.com {GOOGLE}\n")).unwrap();
    let done = sandbox.paraph(&["allow", "ann@example.com", GOOGLE, "--yes"]);
    assert!(done.code == Some(0) && done.stderr.contains("has 2 lines already, which will be trusted too"), "{done:?}");
    assert_eq!(std::fs::read_to_string(usual(&sandbox)).unwrap().lines().count(), 2);
    assert_eq!(configured(&sandbox), usual(&sandbox).to_str().unwrap());
}

#[test]
#[cfg(unix)]
fn on_a_terminal_the_answer_decides() {
    if !installed("script", "the question on a terminal") {
        return;
    }
    let sandbox = Sandbox::new();
    for (answer, is_allowed) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let mut script = sandbox.command("script", &sandbox.root());
        script.args(["-qec", &format!("{} allow ann@example.com {GOOGLE}", sandbox.program), "/dev/null"]);
        let done = sandbox.feed(&mut script, answer.as_bytes());
        assert!(done.stdout.contains("Trust ann@example.com? [y/N]"), "{done:?}");
        assert_eq!((usual(&sandbox).exists(), !configured(&sandbox).is_empty()), (is_allowed, is_allowed), "{answer:?}: {done:?}");
    }
}
