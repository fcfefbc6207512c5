//! The configuration of a server's hooks, and its faults: a hook never passes because it could not judge.

use super::{Setup, heading, says, setup, write_hook};
use crate::support::sigstore::EMAIL;
use std::{io::Read as _, process::Stdio};

/// A name, how the fault is made, and what the pusher reads.
type Defect = (&'static str, fn(&Setup), &'static str);

#[test]
fn whatever_is_missing_refuses_and_is_named() {
    let good = |setup: &Setup| setup.signed("good");
    let defects: [Defect; 7] = [
        (
            "no identities",
            |setup| drop(setup.sandbox.git_in(&setup.bare, &["config", "--unset", "paraph.allowedIdentities"])),
            "no allowed identities are configured",
        ),
        (
            "no file",
            |setup| setup.serve("paraph.allowedIdentities", "/nowhere/allowed"),
            "warning: Cannot read the allowed-identities file /nowhere/allowed",
        ),
        (
            "empty file",
            |setup| setup.serve("paraph.allowedIdentities", "/dev/null"),
            "warning: Cannot read the allowed-identities file /dev/null",
        ),
        (
            "broken file",
            |setup| {
                std::fs::write(setup.bare.join("allowed"), format!("{EMAIL} {} until=tomorrow\n", setup.sigstore.url)).unwrap();
                setup.serve("paraph.allowedIdentities", "allowed");
            },
            "unknown option \"until\"",
        ),
        ("no trust", |setup| setup.serve("paraph.local.trustedRoot", "/nowhere/root"), "the push is refused: /nowhere/root cannot be read"),
        ("no instance", |setup| setup.serve("paraph.instance", "elsewhere"), "the push is refused: there is no instance \"elsewhere\""),
        (
            "refs read by another",
            |setup| write_hook("pre-receive", &setup.bare, "#!/bin/sh\ncat > /dev/null\nexec paraph hook pre-receive\n"),
            "the push is refused: standard input names no refs",
        ),
    ];
    let setup = setup(&["pre-receive"]);
    good(&setup);
    let config = std::fs::read(setup.bare.join("config")).unwrap();
    for (name, defect, expected) in defects {
        defect(&setup);
        let text = setup.refused(&["main"]);
        assert!(text.contains(expected), "{name}: {text}");
        assert_eq!(setup.there("refs/heads/main"), None, "{name}");
        std::fs::write(setup.bare.join("config"), &config).unwrap();
    }
    // without the program itself
    write_hook("pre-receive", &setup.bare, "#!/bin/sh\nPATH=/nowhere\nexec paraph hook pre-receive\n");
    setup.refused(&["main"]);
    super::install("pre-receive", &setup.bare);
    setup.accepted(&["main"]);
}

#[test]
fn nothing_that_the_pusher_has_or_pushes_decides() {
    let mut setup = setup(&["pre-receive", "update"]);
    let bob = format!("bob@example.com {} instance=local\n", setup.sigstore.url);
    std::fs::write(setup.sandbox.work().join("allowed-identities"), &bob).unwrap();
    std::fs::write(setup.sandbox.work().join(".gitconfig"), "[paraph]\nallowedIdentities = allowed-identities\n").unwrap();
    setup.sandbox.git(&["add", "."]);
    let bad = setup.signed_by_bob("brings its own policy");
    let own = setup.sandbox.work().join("allowed-identities");
    setup.sandbox.git(&["config", "paraph.allowedIdentities", own.to_str().unwrap()]);
    for (name, value) in [
        ("PARAPH_ALLOWED_IDENTITIES", own.to_str().unwrap()),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "paraph.allowedIdentities"),
        ("GIT_CONFIG_VALUE_0", own.to_str().unwrap()),
    ] {
        setup.sandbox.set(name, value);
    }
    let options = format!("paraph.allowedIdentities={}", own.display());
    let done = setup.sandbox.try_git(&["-c", &options, "push", "origin", "main"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    says(&done.stderr, &[heading("commit", &bad, "brings its own policy", "untrusted").trim_end()]);
    // nor do such variables, if they reach the hook
    write_hook(
        "pre-receive",
        &setup.bare,
        &format!(
            "#!/bin/sh\nexport PARAPH_ALLOWED_IDENTITIES='{0}' GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=paraph.allowedIdentities GIT_CONFIG_VALUE_0='{0}'\nexec paraph hook pre-receive\n",
            own.display()
        ),
    );
    says(&setup.refused(&["main"]), &["the allowed identities do not list "]);
}

#[test]
fn a_policy_in_the_work_tree_that_a_push_changes_is_refused() {
    let setup = setup(&[]);
    let served = setup.sandbox.root().join("served");
    setup.sandbox.git(&["init", "-q", "-b", "main", served.to_str().unwrap()]);
    let configure = |key: &str, value: &str| drop(setup.sandbox.git_in(&served, &["config", key, value]));
    configure("receive.denyCurrentBranch", "updateInstead");
    configure("paraph.allowedIdentities", served.join("allowed").to_str().unwrap());
    std::fs::write(served.join("allowed"), format!("{EMAIL} {} instance=local\n", setup.sigstore.url)).unwrap();
    super::install("pre-receive", &served.join(".git"));
    setup.sandbox.git(&["remote", "set-url", "origin", served.to_str().unwrap()]);
    setup.signed("good");
    says(&setup.refused(&["main"]), &["allowed is in the work tree: anyone who can change the branch can change who is trusted."]);
    // the same server with the file elsewhere
    configure("paraph.allowedIdentities", setup.sandbox.root().join("allowed-by-server").to_str().unwrap());
    setup.accepted(&["main"]);
    let bad = setup.unsigned("bad");
    says(&setup.refused(&["main"]), &[&heading("commit", &bad, "bad", "unsigned")]);
}

#[test]
fn a_hook_works_with_the_least_environment_and_in_the_quarantine() {
    let setup = setup(&[]);
    let noted = setup.sandbox.root().join("noted");
    let text = format!(
        "#!/bin/sh\necho \"$GIT_DIR $PWD ${{GIT_QUARANTINE_PATH:+quarantine}}\" > '{}'\nunset HOME XDG_CONFIG_HOME USER LANG\nexec paraph hook pre-receive\n",
        noted.display()
    );
    write_hook("pre-receive", &setup.bare, &text);
    setup.signed("one");
    setup.accepted(&["main"]);
    assert_eq!(std::fs::read_to_string(noted).unwrap(), format!(". {} quarantine\n", setup.bare.display()));
    let bad = setup.unsigned("two");
    says(&setup.refused(&["main"]), &[&heading("commit", &bad, "two", "unsigned")]);
    // in a packed quarantine too
    setup.serve("transfer.unpackLimit", "1");
    says(&setup.refused(&["main"]), &[&heading("commit", &bad, "two", "unsigned")]);
    setup.sandbox.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty", "-S"]);
    setup.accepted(&["main"]);
}

#[test]
fn calls_that_are_not_git_s_are_refused() {
    let setup = setup(&[]);
    let zeros = "0".repeat(40);
    let id = setup.signed("one");
    for (arguments, input) in [
        (vec!["pre-receive"], format!("{zeros} {id}\n")),
        (vec!["pre-receive"], format!("{zeros} HEAD refs/heads/main\n")),
        (vec!["pre-receive"], format!("{zeros} {id} refs/heads/main extra\n")),
        (vec!["pre-receive"], format!("{zeros} {} refs/heads/main\n", "1".repeat(40))),
        (vec!["pre-receive"], format!("{zeros} {} refs/heads/main\n", "1".repeat(64))),
        (vec!["update", "refs/heads/main", &zeros, "--all"], String::new()),
        (vec!["update", "refs/heads/main", &zeros], String::new()),
        (vec!["pre-push", "origin", "url"], format!("refs/heads/main {id} refs/heads/main\n")),
        (vec!["post-receive"], String::new()),
    ] {
        let done = setup.sandbox.paraph_with(&[&["hook"], &*arguments].concat(), input.as_bytes());
        assert!(matches!(done.code, Some(1 | 2)), "{arguments:?} {input}: {done:?}");
    }
}

#[test]
fn a_hook_of_one_s_own_can_verify_a_range_in_the_quarantine() {
    let setup = setup(&[]);
    let script = "#!/bin/sh\nread old new name\nparaph verify --first-parent $old..$new --json && paraph verify $old..$new >&2\n";
    setup.signed("one");
    setup.accepted(&["main"]);
    write_hook("pre-receive", &setup.bare, script);
    setup.serve("transfer.unpackLimit", "1");
    setup.signed("two");
    setup.signed("three");
    setup.accepted(&["main"]);
    setup.unsigned("four");
    says(&setup.refused(&["main"]), &["\"reason\":\"no-signature\""]);
}

#[test]
fn a_policy_in_a_linked_work_tree_is_refused_too() {
    let setup = setup(&["pre-receive"]);
    setup.signed("good");
    let linked = setup.sandbox.root().join("linked");
    setup.accepted(&["main"]);
    setup.sandbox.git_in(&setup.bare, &["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), "main"]);
    std::fs::copy(setup.sandbox.root().join("allowed-by-server"), linked.join("allowed")).unwrap();
    setup.serve("paraph.allowedIdentities", linked.join("allowed").to_str().unwrap());
    setup.signed("better");
    says(&setup.refused(&["main"]), &["allowed is in the work tree: anyone who can change the branch can change who is trusted."]);
    setup.serve("paraph.allowedIdentities", setup.sandbox.root().join("allowed-by-server").to_str().unwrap());
    setup.accepted(&["main"]);
}

#[test]
fn a_hook_that_takes_longer_than_its_deadline_refuses() {
    let setup = setup(&[]);
    // standard input stays open, and nothing is written to it
    let mut command = setup.sandbox.command(env!("CARGO_BIN_EXE_paraph"), &setup.bare);
    command.args(["hook", "pre-receive", "--deadline", "1"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let input = child.stdin.take();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
    drop(input);
    says(&said, &["error: the push is refused: it was not judged within 1 s", "hint: push fewer commits at a time"]);
    assert_eq!(setup.sandbox.paraph(&["hook", "pre-receive", "--deadline", "0"]).code, Some(2));
}
