//! The `pre-push` hook on the user's own machine.

use super::{Setup, heading, says, setup};
use crate::support::sigstore::EMAIL;

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
    let strange = setup.strange("a stranger's");
    says(
        &setup.refused(&["HEAD~1:refs/heads/fine", "HEAD~0:refs/heads/topic"]),
        &[&heading("commit", &strange, "a stranger's", "untrusted"), " instance=local` to your allowed identities."],
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
