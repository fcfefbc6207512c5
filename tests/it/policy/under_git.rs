//! git's own call: `man/policy.md`, "Under git".

use super::*;

/// What `git log` shows of a commit: the letter.
fn letter(project: &Project, revision: &str) -> String {
    project.sandbox.git(&["log", "-1", "--format=%G?", revision])
}

#[test]
fn git_trusts_what_the_policy_allows_wherever_it_stands() {
    let project = Project::with("[[rules]]\nname = \"default\"\ncommit = [\"maintainers\"]\nmerge = [\"ann\"]\ntag = [\"ann\"]\n");
    let by = |who: &str| letter(&project, &project.change(who, who, who));
    assert_eq!((by("ann"), by("bob"), by("carol")), ("G".into(), "G".into(), "U".into()));
    assert_eq!(letter(&project, "HEAD~3"), "U", "the pinned commit has no policy before it");
    let shown = project.sandbox.try_git(&["verify-commit", "HEAD~2"]);
    assert!(shown.stderr.contains("The repository's policy allows it, by the rule default."), "{shown:?}");
    let shown = project.sandbox.try_git(&["verify-commit", "HEAD"]);
    assert!(shown.stderr.contains("Good signature from carol@example.com, but untrusted; see `paraph verify --policy`"), "{shown:?}");
    project.branch("topic", "HEAD~1");
    project.commit("bob", "on topic");
    project.switch("main");
    assert_eq!(letter(&project, &project.merge("ann", "merge", &["topic"])), "G");
    for (who, expected) in [("ann", Some(0)), ("carol", Some(0))] {
        project.git_as(who, &["tag", "-s", "-m", "x", who]);
        let done = project.sandbox.try_git(&["tag", "-v", who]);
        let trusted = done.stderr.contains("by the rule default");
        assert_eq!((done.code, trusted), (expected, who == "ann"), "{done:?}");
    }
    // an unsigned commit and a bad signature are what they were
    project.unsigned("unsigned");
    assert_eq!(letter(&project, "HEAD"), "N");
    let tampered = project.sandbox.commit_parts("HEAD~1").with_payload("merge", "evil!");
    assert_eq!(letter(&project, &project.sandbox.store_commit(&tampered)), "B");
}

#[test]
fn git_does_not_trust_what_depends_on_more_than_it_shows() {
    let project = Project::with(
        "[[rules]]\nname = \"main\"\nrefs = [\"refs/heads/main\"]\nmode = \"warn\"\ncommit = [\"ann\"]\n\
         [[rules]]\nname = \"default\"\ncommit = [\"ann\", \"bob\"]\n",
    );
    let letter = |revision: &str| letter(&project, revision);
    assert_eq!(letter(&project.commit("ann", "allowed by both rules")), "G");
    assert_eq!(letter(&project.commit("bob", "allowed by one of them")), "U");
    project.write(".paraph/other", "x");
    assert_eq!(letter(&project.commit("ann", "another path of the policy")), "U");
    project.write(FILE, &project.policy("[[rules]]\nname = \"all\"\ncommit = [\"all\"]\n"));
    assert_eq!(letter(&project.commit("ann", "a change of the policy")), "U");
    assert_eq!(letter(&project.commit("ann", "under another policy than the pinned one")), "U");
    let root = format!("sha256:{}", hex::encode(Sha256::digest(std::fs::read(project.sandbox.work().join(FILE)).unwrap())));
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &root]);
    assert_eq!(letter("HEAD"), "G");
    // a root of another repository, and one that only this repository pins
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &"0".repeat(40)]);
    assert_eq!(letter("HEAD"), "U");
    project.sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    project.sandbox.git(&["config", "paraph.policyRoot", &root]);
    project.sigstore.allow(&project.sandbox, "ann@example.com");
    assert_eq!(letter("HEAD~2"), "G", "the allowed identities decide");
}
