//! The `pre-push` hook on the user's own machine.

use super::{Setup, heading, says, setup};
use crate::support::sigstore::EMAIL;
use std::process::Stdio;

fn with_pre_push() -> Setup {
    let setup = setup(&[]);
    setup.sigstore.allow(&setup.sandbox, EMAIL);
    super::install("pre-push", &setup.sandbox.work().join(".git"));
    setup
}

#[test]
fn a_first_push_of_a_bad_commit_is_refused_though_the_branch_here_has_it() {
    let setup = with_pre_push();
    let bad = setup.unsigned("bad");
    says(&setup.refused(&["main"]), &["1 of 1 new objects is not good", &heading("commit", &bad, "bad", "unsigned")]);
    assert_eq!(setup.there("refs/heads/main"), None);
    setup.sandbox.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty", "-S"]);
    setup.accepted(&["main"]);
    // up to date, and a deletion: nothing is new
    setup.accepted(&["main"]);
    setup.accepted(&["main:gone"]);
    setup.accepted(&["--delete", "gone"]);
}

#[test]
fn who_trusts_is_said_only_where_something_is_good() {
    let setup = setup(&[]);
    super::install("pre-push", &setup.sandbox.work().join(".git"));
    let allowed = setup.sandbox.root().join("allowed-by-repository");
    std::fs::write(&allowed, format!("{EMAIL} {} instance=local\n", setup.sigstore.url)).unwrap();
    setup.sandbox.git(&["config", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
    let said = "Trusted by the repository's own configuration";
    let first = setup.unsigned("bad");
    assert!(!setup.refused(&["main"]).contains(said));
    setup.sandbox.git(&["reset", "-q", "--hard", &first]);
    setup.sandbox.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty", "-S"]);
    let done = setup.sandbox.try_git(&["push", "origin", "main"]);
    assert!(done.code == Some(0) && done.stderr.contains(said), "{done:?}");
}

#[test]
fn what_the_remote_has_is_not_judged_again() {
    let setup = with_pre_push();
    setup.unsigned("from before");
    let done = setup.sandbox.try_git(&["push", "--no-verify", "origin", "main"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    setup.signed("since");
    setup.accepted(&["main:topic"]);
    // for a URL without a name no branches are known; the remote's answer is enough
    setup.signed("later");
    let url = setup.sandbox.git(&["remote", "get-url", "origin"]);
    let done = setup.sandbox.try_git(&["push", &url, "main:topic"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // of the branches that are known, those count that are guarded
    setup.sandbox.git(&["config", "paraph.guardedRefs", "refs/heads/release"]);
    says(&setup.refused(&["main:another"]), &["1 of 3 new objects is not good"]);
    setup.sandbox.git(&["config", "paraph.guardedRefs", "refs/heads/*"]);
    setup.accepted(&["main:another"]);
    setup.sandbox.git(&["config", "--unset", "paraph.guardedRefs"]);
    // another remote has nothing
    let other = setup.sandbox.root().join("other.git");
    setup.sandbox.git(&["init", "-q", "--bare", other.to_str().unwrap()]);
    setup.sandbox.git(&["remote", "add", "other", other.to_str().unwrap()]);
    let done = setup.sandbox.try_git(&["push", "other", "main"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    says(&done.stderr, &["1 of 3 new objects is not good", "\"from before\": [unsigned]"]);
}

#[test]
fn each_ref_of_a_push_is_judged_and_tags_under_their_names_there() {
    let setup = with_pre_push();
    setup.signed("one");
    setup.sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    setup.accepted(&["main", "v1"]);
    says(&setup.refused(&["v1:refs/tags/v2"]), &["refs/tags/v2 leads to the tag named v1"]);
    let of_bob = setup.signed_by_bob("bob's");
    says(
        &setup.refused(&["HEAD~1:refs/heads/fine", "HEAD~0:refs/heads/topic"]),
        &[&heading("commit", &of_bob, "bob's", "untrusted"), " --instance local`."],
    );
    assert_eq!(setup.there("refs/heads/fine"), None);
}

#[test]
fn what_is_known_of_a_remote_is_what_is_fetched_from_where_it_is_pushed_to() {
    let setup = with_pre_push();
    setup.signed("one");
    setup.accepted(&["main"]);
    let bad = setup.unsigned("bad");
    let told = heading("commit", &bad, "bad", "unsigned");
    // the branches of a remote with a longer name do not count
    setup.sandbox.git(&["config", "remote.origin/fork.url", "elsewhere"]);
    setup.sandbox.git(&["update-ref", "refs/remotes/origin/fork/main", &bad]);
    says(&setup.refused(&["main"]), &["1 of 1 new objects is not good", &told]);
    // nor do those of a remote that is fetched from another address than it is pushed to
    let fork = setup.sandbox.root().join("fork.git");
    setup.sandbox.git(&["init", "-q", "--bare", fork.to_str().unwrap()]);
    setup.sandbox.git(&["update-ref", "refs/remotes/origin/main", &bad]);
    setup.sandbox.git(&["config", "remote.origin.pushurl", fork.to_str().unwrap()]);
    says(&setup.refused(&["main"]), &["1 of 2 new objects is not good", &told]);
}

/// The hook as a framework calls it: without git's list, with these variables.
fn called_by_framework(setup: &Setup, input: Stdio, variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = setup.sandbox.command(env!("CARGO_BIN_EXE_paraph"), &setup.sandbox.work());
    command.args(["hook", "pre-push"]).args(arguments).stdin(input).envs(variables.iter().copied());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A name, the variables of the framework, the exit code, and words of what it says.
struct Call<'a>(&'a str, Vec<(&'a str, &'a str)>, Option<i32>, &'a str);

#[test]
fn a_framework_names_the_range_in_variables() {
    let setup = with_pre_push();
    let signed = setup.signed("signed");
    setup.accepted(&["main"]);
    let unsigned = setup.unsigned("unsigned");
    let url = setup.sandbox.git(&["remote", "get-url", "origin"]);
    let bad = heading("commit", &unsigned, "unsigned", "unsigned");
    let remote = [("PRE_COMMIT_REMOTE_NAME", "origin"), ("PRE_COMMIT_REMOTE_URL", url.as_str())];
    let range = |from, to| [&[("PRE_COMMIT_FROM_REF", from), ("PRE_COMMIT_TO_REF", to)][..], &remote[..]].concat();
    let absent = "7".repeat(40);
    let new = |commit| [&[("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main"), ("PRE_COMMIT_TO_REF", commit)][..], &remote[..]].concat();
    let cases: [Call<'_>; 11] = [
        Call("a range", range(&signed, &unsigned), Some(1), &bad),
        Call("names instead of ids", range("origin/main", "HEAD"), Some(1), &bad),
        Call("a remote's commit that is not here", range(&absent, &unsigned), Some(1), &bad),
        Call("a good range", range(&signed, &signed), Some(0), ""),
        Call("a new branch", [&[("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main")][..], &remote[..]].concat(), Some(1), &bad),
        Call("a new branch, as prek names it", new(&unsigned), Some(1), &bad),
        Call("a new branch of good commits, as prek names it", new(&signed), Some(0), ""),
        Call(
            "half a range",
            [&[("PRE_COMMIT_TO_REF", "HEAD")][..], &remote[..]].concat(),
            Some(1),
            "PRE_COMMIT_TO_REF is set and PRE_COMMIT_FROM_REF is not",
        ),
        Call("a range of nothing", range("nowhere", "HEAD"), Some(1), "the push is refused: "),
        Call("an option for a name", range(&signed, "--all"), Some(1), "the push is refused: "),
        Call(
            "no remote",
            vec![("PRE_COMMIT_FROM_REF", signed.as_str()), ("PRE_COMMIT_TO_REF", unsigned.as_str())],
            Some(1),
            "the remote and its URL are not named",
        ),
    ];
    for Call(name, variables, code, text) in cases {
        let (found, stderr) = called_by_framework(&setup, Stdio::null(), &variables, &[]);
        assert_eq!(found, code, "{name}: {stderr}");
        assert!(stderr.contains(text), "{name}: {stderr}");
    }
}

#[test]
fn without_gits_list_and_without_a_range_the_push_is_refused() {
    let setup = with_pre_push();
    setup.signed("signed");
    let empty = setup.sandbox.root().join("empty");
    std::fs::write(&empty, "").unwrap();
    let none = "nothing names the refs that are pushed";
    let inputs: [(&str, Stdio, Option<i32>, &str); 3] = [
        ("git's pipe, with nothing to push", Stdio::piped(), Some(0), ""),
        ("a device", Stdio::null(), Some(1), none),
        ("an empty file", std::fs::File::open(&empty).unwrap().into(), Some(1), none),
    ];
    for (name, input, code, text) in inputs {
        let (found, stderr) = called_by_framework(&setup, input, &[], &["origin", "file:///nowhere"]);
        assert_eq!(found, code, "{name}: {stderr}");
        assert!(stderr.contains(text), "{name}: {stderr}");
    }
    let closed = format!("{} hook pre-push origin file:///nowhere <&-", env!("CARGO_BIN_EXE_paraph"));
    let output = setup.sandbox.command("sh", &setup.sandbox.work()).args(["-c", &closed]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "closed");
}

#[test]
fn an_empty_list_is_accepted_with_a_warning_if_the_remote_lacks_head() {
    let setup = with_pre_push();
    let script = format!("#!/bin/sh\ncat >/dev/null\nexec {} hook pre-push \"$@\"\n", env!("CARGO_BIN_EXE_paraph"));
    let hooks = setup.sandbox.work().join(".git");
    let url = setup.sandbox.git(&["remote", "get-url", "origin"]);
    setup.unsigned("from before");
    // everything is up to date, by the remote's answer alone and by its branches here
    for remote in [url.as_str(), "origin"] {
        assert_eq!(setup.sandbox.try_git(&["push", "--no-verify", remote, "main"]).code, Some(0));
        super::write_hook("pre-push", &hooks, &script);
        let done = setup.sandbox.try_git(&["push", remote, "main"]);
        assert!(done.code == Some(0) && !done.stderr.contains("warning"), "{remote}: {done:?}");
    }
    // another branch is up to date, and HEAD is not pushed
    setup.sandbox.git(&["checkout", "-q", "-b", "topic"]);
    setup.unsigned("topic");
    for remote in ["origin", url.as_str()] {
        let done = setup.sandbox.try_git(&["push", remote, "main"]);
        assert!(done.code == Some(0) && done.stderr.contains("the remote does not have HEAD"), "{remote}: {done:?}");
    }
    // git's empty list looks the same as one that was read: the push goes through, and not in silence
    for (remote, branch) in [("origin", "one"), (url.as_str(), "two")] {
        let done = setup.sandbox.try_git(&["push", remote, &format!("topic:{branch}")]);
        assert!(done.code == Some(0), "{remote}: {done:?}");
        says(&done.stderr, &["nothing was judged, and the remote does not have HEAD", "run paraph first"]);
        setup.sandbox.git(&["commit", "-q", "--amend", "--allow-empty", "--no-gpg-sign", "-m", "another"]);
    }
}

#[test]
fn without_paraph_in_the_path_the_hooks_call_the_program_that_git_signs_with() {
    let mut setup = with_pre_push();
    setup.signed("signed");
    let git = setup.sandbox.command("sh", &setup.sandbox.work()).args(["-c", "command -v git"]).output().unwrap();
    let folder = std::path::PathBuf::from(String::from_utf8(git.stdout).unwrap());
    setup.sandbox.set("PATH", &format!("{}:/bin", folder.parent().unwrap().display()));
    setup.accepted(&["main"]);
    setup.unsigned("unsigned");
    says(&setup.refused(&["main"]), &["1 of 1 new objects is not good"]);
    for program in ["gpgsm", "paraph", "/nowhere/paraph"] {
        setup.sandbox.git(&["config", "gpg.x509.program", program]);
        says(
            &setup.refused(&["main"]),
            &["error: the push is refused: paraph is neither in the PATH nor git's gpg.x509.program", "hint: "],
        );
    }
}

#[test]
fn a_deciding_file_in_the_work_tree_is_refused_before_a_push_too() {
    let setup = with_pre_push();
    setup.signed("one");
    setup.accepted(&["main"]);
    let allowed = setup.sandbox.work().join("allowed");
    std::fs::write(&allowed, format!("{EMAIL} {} instance=local\n", setup.sigstore.url)).unwrap();
    setup.sandbox.git(&["config", "--global", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
    setup.signed("two");
    says(
        &setup.refused(&["main"]),
        &[
            "allowed is in the work tree: anyone who can change the branch can change who is trusted.",
            "hint: move that file out of the work tree",
        ],
    );
    setup.sandbox.git(&[
        "config",
        "--global",
        "paraph.allowedIdentities",
        setup.sandbox.root().join("allowed-by-server").to_str().unwrap(),
    ]);
    setup.accepted(&["main"]);
}
