//! Changes of the policy, and histories that move it around: the table "Cases" of `man/policy.md`, as far as it needs no hook.

use super::*;
use std::os::unix::fs::symlink;

const MISSING: &str = "untrusted policy-root-missing";
const NOT_IN_FORCE: &str = "untrusted policy-not-in-force";
const UNUSABLE: &str = "untrusted policy-unusable";

/// Everybody of the file may commit and merge.
const OPEN: &str = "[[rules]]\nname = \"open\"\ncommit = [\"all\"]\nmerge = [\"all\"]\n";
/// Nobody but Ann may.
const CLOSED: &str = "[[rules]]\nname = \"closed\"\ncommit = [\"ann\"]\nmerge = [\"ann\"]\n";

impl Project {
    fn change_policy(&self, who: &str, rules: &str, subject: &str) -> String {
        self.write(FILE, &self.policy(rules));
        self.commit(who, subject)
    }

    fn of_head(&self) -> Verdicts {
        self.verify(&["HEAD"]).1
    }
}

#[test]
fn only_those_who_may_change_the_policy_and_a_restored_file_heals_the_line() {
    let project = Project::with(OPEN);
    project.change_policy("bob", CLOSED, "by a maintainer");
    project.commit("bob", "refused now");
    project.change_policy("carol", OPEN, "by carol");
    project.commit("ann", "after carol");
    project.change_policy("ann", CLOSED, "restored");
    project.commit("ann", "healed");
    project.git_as("ann", &["revert", "--no-edit", "HEAD~5"]);
    project.commit("carol", "open again");
    let (code, said) = project.verify(&["--all"]);
    assert_eq!(code, Some(10));
    assert_eq!(
        said,
        verdicts([
            ("root", "untrusted policy-exempt (not counted)"),
            ("by a maintainer", "untrusted policy-refused"),
            ("refused now", REFUSED),
            ("by carol", "untrusted policy-change-refused"),
            ("after carol", NOT_IN_FORCE),
            ("restored", GOOD),
            ("healed", GOOD),
            ("Revert \"by a maintainer\"", GOOD),
            ("open again", GOOD),
        ])
        .into_iter()
        // OPEN was in force for the change itself
        .map(|(subject, said)| if subject == "by a maintainer" { (subject, GOOD.to_owned()) } else { (subject, said) })
        .collect::<Verdicts>()
    );
}

#[test]
fn a_threshold_needs_approvals_of_others_for_these_bytes() {
    let project = Project::new();
    let policy =
        |rules: &str| project.policy(rules).replace("policy = [\"maintainers\"]", "policy = [\"maintainers\"]\npolicy-threshold = 2");
    project.write(FILE, &policy(OPEN));
    let root = project.commit("ann", "root");
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &root]);
    project.write(FILE, &policy(CLOSED));
    project.commit("ann", "change");
    let said = || project.of_head().remove("change").unwrap();
    let missing = "untrusted policy-approvals-missing";
    assert_eq!(said(), missing);
    project.approve("ann", policy(CLOSED).as_bytes(), &root);
    assert_eq!(said(), missing, "the signer counts once");
    project.approve("carol", policy(CLOSED).as_bytes(), &root);
    assert_eq!(said(), missing, "Carol is not in the list");
    project.approve("bob", policy(OPEN).as_bytes(), &root);
    assert_eq!(said(), missing, "an approval of other bytes");
    project.approve("bob", policy(CLOSED).as_bytes(), "HEAD");
    assert_eq!(said(), missing, "an approval at a commit with another policy");
    let digest = hex::encode(Sha256::digest(policy(CLOSED)));
    project.sandbox.git(&["tag", "-d", &format!("paraph-approval/{digest}/bob")]);
    project.approve("bob", policy(CLOSED).as_bytes(), &root);
    assert_eq!(said(), GOOD);
}

#[test]
fn a_file_that_cannot_be_used_is_never_in_force() {
    let project = Project::with(OPEN);
    let file = project.sandbox.work().join(FILE);
    let remove = || if file.is_dir() { std::fs::remove_dir_all(&file).unwrap() } else { std::fs::remove_file(&file).unwrap() };
    let restore = |project: &Project| {
        project.sandbox.git(&["reset", "-q", "--hard", "main"]);
    };
    let cases: [(&str, &dyn Fn()); 6] = [
        ("removed", &remove),
        ("link", &|| {
            remove();
            symlink("../elsewhere", &file).unwrap();
        }),
        ("folder", &|| {
            remove();
            std::fs::create_dir(&file).unwrap();
            std::fs::write(file.join("x"), "").unwrap();
        }),
        ("version", &|| project.write(FILE, &project.policy(OPEN).replace("version = 1", "version = 2"))),
        ("unknown key", &|| project.write(FILE, &project.policy(OPEN).replace("version = 1", "version = 1\nfuture = 1"))),
        ("too large", &|| project.write(FILE, &(project.policy(OPEN) + &"#".repeat(256 << 10)))),
    ];
    project.sandbox.git(&["checkout", "-q", "-b", "topic"]);
    for (name, damage) in cases {
        damage();
        let damaged = project.commit("ann", name);
        assert_eq!(project.of_head(), verdicts([(name, UNUSABLE)]));
        project.commit("ann", "after");
        assert_eq!(project.of_head(), verdicts([("after", NOT_IN_FORCE)]), "{name}");
        // at the pinned commit it is an error
        let done = project.sandbox.paraph(&["verify", "HEAD"]);
        assert_eq!(done.code, Some(10), "{done:?}");
        let mut pinned = project.sandbox.command(&project.sandbox.program, &project.sandbox.work());
        let done: Done = pinned.args(["verify", "HEAD"]).env("PARAPH_POLICY_ROOT", &damaged).output().unwrap().into();
        assert!(done.code == Some(3) && done.stderr.contains("pinned commit"), "{name}: {done:?}");
        restore(&project);
    }
    // a mode or another file beside it is not a change of the rules, but needs the same right
    project.write(".PARAPH/other", "x");
    project.commit("carol", "beside");
    assert_eq!(project.of_head(), verdicts([("beside", "untrusted policy-change-refused")]));
    restore(&project);
    let empty = project.policy("[[rules]]\nname = \"nobody\"\ncommit = []\n");
    project.write(FILE, &empty);
    project.commit("ann", "empty list");
    project.commit("ann", "nobody");
    assert_eq!(project.verify(&["HEAD~2..HEAD"]).1, verdicts([("empty list", GOOD), ("nobody", REFUSED)]));
}

#[test]
fn a_merge_takes_a_policy_over_or_changes_it() {
    let project = Project::with(OPEN);
    project.branch("topic", "main");
    project.change("carol", "t", "on topic");
    project.switch("main");
    project.change_policy("ann", CLOSED, "closed on main");
    project.switch("topic");
    project.merge("carol", "main into topic", &["main"]);
    project.commit("carol", "topic is closed too");
    assert_eq!(
        project.verify(&["main..topic"]).1,
        verdicts([("on topic", GOOD), ("main into topic", GOOD), ("topic is closed too", REFUSED)])
    );
    // the other way round: a policy of the branch that nobody with the right signed
    project.switch("main");
    project.branch("smuggled", "main");
    project.change_policy("carol", OPEN, "opened by carol");
    project.switch("main");
    project.merge("ann", "merge by ann", &["smuggled"]);
    assert_eq!(project.verify(&["HEAD~1..HEAD"]).1["merge by ann"], GOOD, "who merges it changes it");
    project.sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    project.git_as("bob", &["merge", "-q", "--no-ff", "-m", "merge by bob", "smuggled"]);
    assert_eq!(project.verify(&["HEAD~1..HEAD"]).1["opened by carol"], REFUSED, "the merge brings it in under the old policy");
    // an octopus merge brings in by all its parents
    project.sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    for name in ["one", "two"] {
        project.branch(name, "main");
        project.change(if name == "one" { "ann" } else { "bob" }, name, name);
        project.switch("main");
    }
    project.merge("ann", "octopus", &["one", "two"]);
    assert_eq!(project.verify(&["HEAD^1..HEAD"]).1, verdicts([("one", GOOD), ("two", REFUSED), ("octopus", GOOD)]));
}

#[test]
fn an_orphan_branch_has_no_root_and_a_digest_is_one_for_it() {
    let project = Project::with(OPEN);
    let policy = project.policy(OPEN);
    project.commit("ann", "on main");
    project.sandbox.git(&["checkout", "-q", "--orphan", "orphan"]);
    project.commit("ann", "orphan");
    project.commit("carol", "more");
    assert_eq!(project.verify(&["orphan~1..orphan"]), (Some(10), verdicts([("more", MISSING)])));
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&policy)));
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &digest]);
    assert_eq!(project.verify(&["--all"]), (Some(0), verdicts([("root", GOOD), ("on main", GOOD), ("orphan", GOOD), ("more", GOOD)])));
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &format!("sha256:{}", "0".repeat(64))]);
    assert_eq!(project.verify(&["main~1..main"]).1, verdicts([("on main", MISSING)]));
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &"0".repeat(40)]);
    let done = project.text(&["main"]);
    assert!(done.code == Some(4) && done.stderr.contains("is not in this repository"), "{done:?}");
}

#[test]
fn commits_are_judged_where_they_are_and_in_every_branch() {
    let project = Project::with(OPEN);
    let picked = project.change("carol", "a", "picked");
    project.branch("strict", "main~1");
    project.change_policy("ann", CLOSED, "closed");
    project.git_as("carol", &["cherry-pick", "-x", &picked]);
    project.sandbox.git(&["commit", "-q", "--amend", "--no-gpg-sign", "-m", "rebased without a signature"]);
    assert_eq!(project.of_head(), verdicts([("rebased without a signature", "unsigned policy-refused")]));
    project.git_as("ann", &["commit", "-q", "--amend", "-m", "signed again"]);
    assert_eq!(project.of_head(), verdicts([("signed again", GOOD)]));
    // one commit in two branches with two policies: the worse verdict counts
    project.merge("ann", "brings it in", &["main"]);
    assert_eq!(project.verify(&["main"]).1, verdicts([("picked", GOOD)]));
    assert_eq!(project.verify(&["strict~1..main", "strict~1..strict"]).1["picked"], REFUSED);
    // a submodule is a path
    project.switch("main");
    project.sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{picked},src/crypto")]);
    project.write(FILE, &project.policy(RULES));
    project.sandbox.git(&["add", FILE]);
    project.git_as("ann", &["commit", "-q", "-m", "submodule"]);
    project.sandbox.git(&["update-index", "--cacheinfo", &format!("160000,{},src/crypto", project.head())]);
    project.git_as("bob", &["commit", "-q", "-m", "bump"]);
    assert_eq!(project.of_head(), verdicts([("bump", REFUSED)]));
}

#[test]
fn a_shallow_clone_needs_the_root() {
    let project = Project::with(OPEN);
    project.commit("ann", "one");
    project.commit("carol", "two");
    let clone = |depth: &str, folder: &str| {
        let url = format!("file://{}", project.sandbox.work().display());
        project.sandbox.git_in(&project.sandbox.root(), &["clone", "-q", "--depth", depth, &url, folder]);
        project.sandbox.paraph_in(&project.sandbox.root().join(folder), &["verify", "HEAD"])
    };
    let done = clone("1", "too-shallow");
    assert!(done.code == Some(4) && done.stderr.contains("`git fetch --unshallow`"), "{done:?}");
    assert_eq!(clone("3", "deep-enough").code, Some(0));
}

#[test]
fn start_and_judge_since_exempt_with_all_ancestors() {
    let project = Project::new();
    let first = project.unsigned("first");
    let second = project.unsigned("second");
    project.write(FILE, &format!("start = \"{first}\"\n{}", project.policy(OPEN)));
    project.commit("ann", "root");
    project.sandbox.git(&[
        "config",
        "--global",
        "paraph.policyRoot",
        &format!("sha256:{}", hex::encode(Sha256::digest(std::fs::read(project.sandbox.work().join(FILE)).unwrap()))),
    ]);
    let exempt = "unsigned policy-exempt (not counted)";
    let (code, said) = project.verify(&["--all"]);
    assert_eq!((code, said), (Some(12), verdicts([("first", exempt), ("second", "unsigned policy-not-in-force"), ("root", GOOD)])));
    project.sandbox.git(&["config", "--global", "paraph.judgeSince", &format!("{second} {}", "0".repeat(40))]);
    let (code, said) = project.verify(&["--all"]);
    assert_eq!((code, said), (Some(0), verdicts([("first", exempt), ("second", exempt), ("root", GOOD)])));
    project.sandbox.git(&["config", "--global", "--unset", "paraph.judgeSince"]);
    project.sandbox.git(&["config", "paraph.judgeSince", &second]);
    assert_eq!(project.verify(&["--all"]).0, Some(12), "the repository's own configuration cannot set it");
    let done = project.text(&[&first]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("The repository's policy exempts it, so this verdict does not count [policy-exempt]."), "{}", done.stdout);
}
