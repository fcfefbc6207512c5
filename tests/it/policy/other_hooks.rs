//! The hooks beside `pre-receive` and `update` with a policy, and how they are installed.

use super::server::Server;
use crate::support::sandbox::Done;

#[test]
fn a_transaction_of_the_server_s_refs_is_judged_whatever_makes_it() {
    let server = Server::new(&["reference-transaction"]);
    let (project, git) = (&server.project, |arguments: &[&str]| -> Done {
        server.project.sandbox.command("git", &server.bare).args(arguments).output().unwrap().into()
    });
    let good = project.change("ann", "text", "by ann");
    server.accepted(&["main"]);
    // rules about push certificates are left to pre-receive
    server.accepted(&["main:refs/heads/signed"]);
    let bad = project.change("carol", "text", "by carol");
    let before = server.refs();
    let done = server.push(&["main"]);
    assert!(done.code != Some(0) && done.stderr.contains("[policy-refused]"), "{}", done.stderr);
    assert_eq!(server.refs(), before);
    // refs of other kinds are ignored
    server.accepted(&["main:refs/notes/x"]);
    for arguments in [
        vec!["update-ref", "refs/heads/main", bad.as_str()],
        vec!["update-ref", "refs/heads/main", bad.as_str(), good.as_str()],
        vec!["update-ref", "refs/heads/new", bad.as_str()],
        vec!["update-ref", "-d", "refs/heads/signed"],
        vec!["update-ref", "refs/heads/main", server.main[1].as_str()],
        vec!["tag", "light", "main"],
    ] {
        let before = server.refs();
        let done = git(&arguments);
        assert!(done.code != Some(0) && done.stderr.contains("[policy-re"), "{arguments:?}: {}", done.stderr);
        assert_eq!(server.refs(), before, "{arguments:?}");
    }
    for arguments in [
        vec!["update-ref", "refs/heads/free/x", bad.as_str()],
        vec!["update-ref", "-d", "refs/heads/free/x"],
        vec!["pack-refs", "--all"],
        vec!["gc", "-q"],
        vec!["update-ref", "-d", "refs/notes/x"],
    ] {
        let done = git(&arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
    }
}

/// A clone whose hooks are installed with a policy that its user pins.
fn clone_with_hooks() -> Server {
    let server = Server::new(&[]);
    let sandbox = &server.project.sandbox;
    sandbox.git(&["config", "--global", "paraph.policyRoot", &server.main[0]]);
    let done = sandbox.paraph(&["hook", "install", "--policy"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    server
}

#[test]
fn before_a_push_the_user_s_policy_judges_what_is_sent() {
    let server = clone_with_hooks();
    server.project.change("ann", "text", "by ann");
    server.project.git_as("bob", &["tag", "-s", "-m", "x", "nightly"]);
    server.accepted(&["main", "nightly"]);
    let commit = server.project.change("carol", "text", "by carol");
    server.accepted(&["main:refs/heads/free/x"]);
    let done = server.push(&["main"]);
    let heading = format!("commit {} \"by carol\": [untrusted]\n", &commit[..12]);
    assert!(done.code == Some(1) && done.stderr.contains("rule default does not allow its signer to commit"), "{}", done.stderr);
    assert!(done.stderr.contains(&heading), "{}", done.stderr);
    server.project.git_as("carol", &["tag", "-s", "-m", "x", "evening", "main~1"]);
    let done = server.push(&["evening"]);
    assert!(done.code == Some(1) && done.stderr.contains("does not allow its signer to tag [policy-refused]"), "{}", done.stderr);
    // what the remote has is not judged again
    server.project.sandbox.git(&["push", "-q", "--no-verify", "origin", "main"]);
    server.project.sandbox.git(&["fetch", "-q", "origin"]);
    server.project.change("ann", "text", "later");
    server.accepted(&["main"]);
}

/// What is pushed to no branch, or named by no ref, is judged for HEAD's branch.
#[test]
fn before_a_push_no_name_of_a_ref_keeps_commits_from_being_judged() {
    let server = clone_with_hooks();
    let sandbox = &server.project.sandbox;
    server.project.change("carol", "text", "by carol");
    let refused = |done: &Done| done.code == Some(1) && done.stderr.contains("does not allow its signer to commit");
    let done = server.push(&["main:refs/for/main"]);
    assert!(refused(&done), "{}", done.stderr);
    sandbox.git(&["notes", "add", "-m", "x"]);
    server.accepted(&["refs/notes/commits"]);

    let url = sandbox.git(&["remote", "get-url", "origin"]);
    let hook = |variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&sandbox.program, &sandbox.work());
        sandbox.feed(command.args(["hook", "pre-push", "origin", &url]).envs(variables.iter().copied()), b"")
    };
    let range = [("PRE_COMMIT_FROM_REF", server.main.last().unwrap().as_str()), ("PRE_COMMIT_TO_REF", "HEAD")];
    for named in [None, Some(("PRE_COMMIT_REMOTE_BRANCH", "main")), Some(("PRE_COMMIT_LOCAL_BRANCH", "HEAD"))] {
        let done = hook(&[&range[..], named.as_slice()].concat());
        assert!(refused(&done), "{named:?}: {done:?}");
    }
    // and without a branch of HEAD, what rules say of refs is not known
    sandbox.git(&["checkout", "-q", "--detach"]);
    let done = hook(&range);
    let named = ["[policy-ref-unknown]", "check out the branch that you push"];
    assert!(done.code == Some(1) && named.iter().all(|text| done.stderr.contains(text)), "{done:?}");
}

#[test]
fn after_a_merge_what_it_brought_in_is_only_warned_of() {
    let server = clone_with_hooks();
    for (branch, who) in [("good", "carol"), ("bad", "mallory")] {
        server.branch(branch, 3);
        server.project.change(who, branch, who);
    }
    server.project.switch("main");
    let merge = |arguments: &[&str]| {
        let key = ["-c", "user.email=ann@example.com", "-c", "commit.gpgSign=true", "merge", "-q"];
        let done = server.project.sandbox.try_git(&[&key[..], arguments].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stderr
    };
    assert_eq!(merge(&["--no-ff", "-m", "merge", "good"]), "");
    assert!(!merge(&["--squash", "bad"]).contains("merged objects"));
    server.project.sandbox.git(&["reset", "-q", "--hard"]);
    let said = merge(&["--no-ff", "-m", "merge", "bad"]);
    assert!(said.contains("1 of 2 merged objects is not good."), "{said}");
    assert!(said.contains("\"mallory\": [untrusted]\n") && said.contains("git reset --keep ORIG_HEAD"), "{said}");
    // without a policy, the allowed identities decide
    server.project.sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    server.project.sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    server.project.sigstore.allow(&server.project.sandbox, "mallory@example.com");
    let said = merge(&["--no-ff", "-m", "merge", "bad"]);
    assert!(said.contains("1 of 2 merged objects is not good.") && said.contains("\"merge\": [untrusted]"), "{said}");
}

#[test]
fn hooks_are_installed_beside_others_and_removed_again() {
    let server = Server::new(&[]);
    let sandbox = &server.project.sandbox;
    let hooks = sandbox.work().join(".git/hooks");
    let listed = |folder: &std::path::Path| -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.ends_with(".sample")).collect();
        names.sort();
        names
    };
    let done = sandbox.paraph(&["hook", "install", "--policy"]);
    assert!(done.code == Some(2) && done.stderr.contains("no policy is pinned"), "{done:?}");
    let done = sandbox.paraph(&["hook", "install"]);
    assert!(done.code == Some(0) && done.stderr.contains("Installed ") && listed(&hooks) == ["pre-push"], "{done:?}");
    let done = sandbox.paraph(&["hook", "install"]);
    assert!(done.code == Some(0) && done.stderr.contains("pre-push is installed already.\n"), "{done:?}");
    // with a policy, another hook stays, and the rest is installed
    sandbox.git(&["config", "--global", "paraph.policyRoot", &server.main[0]]);
    let foreign = "#!/bin/sh\n# calls no paraph hook post-merge\ntrue\n";
    std::fs::write(hooks.join("post-merge"), foreign).unwrap();
    let done = sandbox.paraph(&["hook", "install", "--policy"]);
    assert!(done.code == Some(3) && done.stderr.contains("  paraph hook post-merge \"$@\" || exit 1\n"), "{done:?}");
    assert_eq!(std::fs::read_to_string(hooks.join("post-merge")).unwrap(), foreign);
    std::fs::write(hooks.join("post-merge"), format!("{foreign}paraph hook post-merge \"$@\" || exit 1\n")).unwrap();
    let done = sandbox.paraph(&["hook", "install", "--policy"]);
    assert!(done.code == Some(0) && done.stderr.contains("post-merge calls paraph already.\n"), "{done:?}");
    let done = sandbox.paraph(&["hook", "uninstall"]);
    assert!(done.code == Some(0) && listed(&hooks) == ["post-merge"], "{done:?}");
    assert!(sandbox.paraph(&["hook", "uninstall"]).stderr.contains("No hook of paraph's is installed here.\n"));
    // a link is not followed
    std::os::unix::fs::symlink("elsewhere", hooks.join("pre-push")).unwrap();
    assert_eq!(sandbox.paraph(&["hook", "install"]).code, Some(3));
    assert!(!hooks.join("elsewhere").exists());
    // the folder that git runs hooks from, which must not be in the work tree
    let elsewhere = sandbox.home().join("hooks");
    sandbox.git(&["config", "core.hooksPath", elsewhere.to_str().unwrap()]);
    assert!(sandbox.paraph(&["hook", "install"]).code == Some(0) && listed(&elsewhere) == ["pre-push"]);
    sandbox.git(&["config", "core.hooksPath", "hooks"]);
    let done = sandbox.paraph(&["hook", "install"]);
    assert!(done.code == Some(3) && done.stderr.contains("in the work tree"), "{done:?}");
    // a server's hooks judge the next push
    let install = |arguments: &[&str]| sandbox.paraph_in(&server.bare, &[&["hook", "install", "--server"], arguments].concat());
    assert_eq!(install(&["--policy"]).code, Some(0));
    assert_eq!(listed(&server.bare.join("hooks")), ["pre-receive", "reference-transaction"]);
    server.project.change("carol", "text", "by carol");
    assert!(server.push(&["main"]).stderr.contains("[policy-refused]"));
    server.accepted(&["main:refs/heads/free/x"]);
    assert_eq!(sandbox.paraph_in(&server.bare, &["hook", "uninstall"]).code, Some(0));
    server.accepted(&["main"]);
}
