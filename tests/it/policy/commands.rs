//! `paraph policy describe`, `diff`, `test`, `explain`, `approve` and `init`, through the real git.

use super::*;

fn policy_command(project: &Project, arguments: &[&str]) -> Done {
    project.sandbox.paraph(&[&["policy"], arguments].concat())
}

/// What a successful command prints.
fn said(project: &Project, arguments: &[&str]) -> String {
    let done = policy_command(project, arguments);
    assert_eq!(done.code, Some(0), "{done:?}");
    done.stdout
}

#[test]
fn the_policy_of_a_file_or_of_a_commit_is_said_in_sentences() {
    let project = Project::with(RULES);
    let of_file = said(&project, &["describe"]);
    for sentence in [
        "maintainers (ann and bob) may change the policy.\n",
        "  carol: carol@example.com with issuer http://",
        " of the instance local\n",
        "  crypto: on every ref, for the paths src/crypto/**.\n    ann may commit, and merges may bring in commits of theirs.\n",
        "    Merges may bring in commits of all (ann, bob and carol).\n",
        "Where no rule says who may release, nobody may.\n",
    ] {
        assert!(of_file.contains(sentence), "{sentence}: {of_file}");
    }
    assert_eq!(said(&project, &["describe", "main"]), of_file);
    assert_eq!(said(&project, &["describe", "HEAD:.paraph/policy.toml"]), of_file);
    project.sandbox.git(&["rm", "-q", "--cached", FILE]);
    project.commit("ann", "kept out of the commit");
    let done = policy_command(&project, &["describe", "HEAD~1"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let missing = policy_command(&project, &["describe", "no-such-name"]);
    assert!(missing.code != Some(0) && missing.stderr.contains("\nhint: "), "{missing:?}");
}

#[test]
fn a_change_says_what_it_grants_and_who_may_make_it() {
    let project = Project::with(RULES);
    let wider =
        RULES.replace("merge = [\"maintainers\"]", "merge = [\"maintainers\", \"carol\"]").replace("[\"ann\"]", "[\"ann\", \"bob\"]");
    project.write("new.toml", &project.policy(&wider));
    let text = said(&project, &["diff", "main", "new.toml"]);
    assert_eq!(
        text,
        "It grants:\n  bob may commit on every branch, for src/crypto/**.\n  bob may contribute on every branch, for src/crypto/**.\n  \
         bob may merge on every branch, for src/crypto/**.\n  carol may merge on every branch, for other paths.\n\
         Who may make this change: maintainers (ann and bob) may change the policy.\n"
    );
    let json: Value = serde_json::from_str(&said(&project, &["diff", "new.toml", "main", "--json"])).unwrap();
    assert!(json["grants"].as_array().unwrap().is_empty() && json["takes"].as_array().unwrap().len() == 4, "{json}");
    assert_eq!(said(&project, &["diff", "main", "HEAD"]), "Both are the same file.\n");
}

#[test]
fn examples_are_tested_offline_with_the_lines_of_those_that_do_not_hold() {
    let project = Project::with(RULES);
    let good = "# who may do what\nann commits src/crypto/x to main: allowed\nbob commits src/crypto/x to main: refused\n\
        carol contributes to main: allowed\nunlisted commits to main: refused\nann changes the policy: allowed\n";
    project.write("examples", good);
    assert_eq!(said(&project, &["test", "examples", "--policy", "main"]), "5 examples hold by main:.paraph/policy.toml.\n");
    project.write("examples", &format!("{good}\ncarol commits to main: allowed\ncarol merges into main: refused\n"));
    let done = policy_command(&project, &["test", "examples"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), "examples:8: refused by the rule default; expected allowed\n"), "{done:?}");
    assert!(done.stderr.starts_with("error: 1 of 7 examples have another answer by ") && done.stderr.contains("hint: "), "{done:?}");
    let done = project.sandbox.paraph_with(&["policy", "test", "-"], b"ann commits to main: allowed\nann dances: allowed\n");
    assert!(done.code == Some(3) && done.stderr.starts_with("error: standard input, line 2: unknown action \"dances\""), "{done:?}");
}

#[test]
fn the_explanation_names_rule_and_commit_of_the_policy() {
    let project = Project::with(RULES);
    let root = project.head();
    let refused = project.change("bob", "src/crypto/x", "crypto by bob");
    let text = said(&project, &["explain"]);
    let sentences = [
        format!("commit {refused}: untrusted\n"),
        format!("  It is a commit of refs/heads/main itself, judged by the policy of the pinned commit {root}.\n"),
        "  By that policy its signer is bob.\n".to_owned(),
        "  About the question who may commit src/crypto/x: rule crypto (on every ref, for the paths src/crypto/**) lists ann, and refuses it.\n"
            .to_owned(),
    ];
    for sentence in &sentences {
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
    // after a change of the policy, a merge brings in a commit by the newer one
    project.write(FILE, &project.policy(&RULES.replace("[\"ann\"]", "[\"bob\"]")));
    let change = project.commit("ann", "bob owns crypto");
    let changed = said(&project, &["explain", "HEAD"]);
    assert!(changed.contains("It changes the policy, and may: maintainers (ann and bob) may change the policy."), "{changed}");
    project.branch("topic", "HEAD");
    project.change("carol", "y", "by carol");
    project.switch("main");
    project.merge("ann", "merge", &["topic"]);
    let text = said(&project, &["explain", "topic", "--as", "refs/heads/main"]);
    assert!(text.contains("itself, judged by the policy of commit ") && text.contains(&change), "{text}");
    let text = said(&project, &["explain", "HEAD^2"]);
    assert!(text.contains(&format!("A merge brings it into refs/heads/main, judged by the policy of commit {change}.\n")), "{text}");
    assert!(text.contains("who may contribute y: rule default (on every ref) lists all (ann, bob and carol), and allows it."), "{text}");
    assert!(said(&project, &["explain", &root]).contains("It is exempt: "));
    project.sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    let unpinned = policy_command(&project, &["explain"]);
    assert!(unpinned.code == Some(2) && unpinned.stderr.contains("no policy is pinned"), "{unpinned:?}");
}

#[test]
fn a_name_that_is_a_file_and_a_revision_is_neither() {
    let project = Project::new();
    project.write(FILE, &project.policy(RULES));
    project.commit("ann", "root");
    project.sandbox.git(&["branch", "topic"]);
    project.write("topic", &project.policy(RULES));
    for arguments in [&["check", "topic"][..], &["describe", "topic"], &["diff", "HEAD", "topic"], &["diff", "topic"]] {
        let done = policy_command(&project, arguments);
        let error = "error: topic is a file and a revision\nhint: write ./topic for the file.\n";
        assert!(done.code == Some(2) && done.stderr == error, "{arguments:?}: {done:?}");
    }
    for name in ["./topic", "refs/heads/topic"] {
        assert_eq!(policy_command(&project, &["describe", name]).code, Some(0), "{name}");
    }
}

/// `paraph policy approve` as somebody who signs.
fn approve(project: &Project, who: &str, arguments: &[&str]) -> Done {
    let (email, key) = (format!("{who}@example.com"), format!("{who}@example.com"));
    project.sandbox.git(&["config", "user.email", &email]);
    project.sandbox.git(&["config", "user.signingKey", &key]);
    let done = policy_command(project, &[&["approve", "--yes"], arguments].concat());
    for key in ["user.email", "user.signingKey"] {
        project.sandbox.git(&["config", "--unset", key]);
    }
    done
}

#[test]
fn an_approval_makes_a_change_count_that_needs_two() {
    let project = Project::new();
    let two = |rules: &str| project.policy(rules).replace("version = 1\n", "version = 1\npolicy-threshold = 2\n");
    project.write(FILE, &two(RULES));
    let root = project.commit("ann", "root");
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &root]);
    project.write(FILE, &two(&RULES.replace("[\"ann\"]", "[\"bob\"]")));
    project.commit("ann", "bob owns crypto");
    assert_eq!(project.verify(&["HEAD"]).1["bob owns crypto"], "untrusted policy-approvals-missing");
    // somebody who is not listed can sign, and is told that it does not count
    let useless = approve(&project, "carol", &["HEAD"]);
    assert!(useless.code == Some(0) && useless.stderr.contains("does not list who signed this approval"), "{useless:?}");
    assert_eq!(project.verify(&["HEAD"]).1["bob owns crypto"], "untrusted policy-approvals-missing");
    // a file that is named as the parent is not read in place of it
    project.write(&root, &two(&RULES.replace("[\"ann\"]", "[\"bob\"]")));
    let done = approve(&project, "bob", &["HEAD"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.starts_with("It grants:\n  bob may commit on every branch, for src/crypto/**.\n"), "{done:?}");
    assert!(done.stdout.contains("Who may make this change: maintainers (ann and bob) may change the policy, if 2 of them agree.\n"));
    let push = done.stdout.lines().last().unwrap();
    let reference = push.strip_prefix("git push REMOTE ").unwrap();
    assert!(reference.starts_with("refs/tags/paraph-approval/") && reference.ends_with("/bob"), "{push}");
    assert_eq!(project.sandbox.git(&["rev-parse", &format!("{reference}^{{}}")]), root);
    assert!(!done.stderr.contains("does not list"), "{done:?}");
    assert_eq!(project.verify(&["HEAD"]).1["bob owns crypto"], GOOD);
    let again = approve(&project, "bob", &["HEAD"]);
    assert!(again.code == Some(4) && again.stderr.contains("hint: name yours with --name NAME."), "{again:?}");
    let unasked = project.sandbox.paraph_with(&["policy", "approve", "--name", "x"], b"y\n");
    assert!(unasked.code == Some(2) && unasked.stderr.contains("there is no terminal"), "{unasked:?}");
    project.change("ann", "a", "another commit");
    let nothing = approve(&project, "bob", &["HEAD"]);
    assert!(nothing.code == Some(4) && nothing.stderr.contains("HEAD does not change .paraph/policy.toml"), "{nothing:?}");
}

#[test]
fn an_approval_of_a_tag_is_of_its_bytes() {
    let rules = RULES.replace("tag = [\"maintainers\"]", "tag = [\"maintainers\"]\ntag-threshold = 2");
    let project = Project::with(&rules);
    project.change("ann", "a", "by ann");
    project.git_as("ann", &["tag", "-s", "-m", "one", "v1"]);
    let verdict = |name: &str| project.judged(&["verify-tag", "--json", name]).1[name].clone();
    assert_eq!(verdict("v1"), "untrusted policy-approvals-missing");
    // the other maintainer may have the object only as a file
    let object = project.sandbox.try_git(&["cat-file", "tag", "v1"]).stdout;
    project.write("v1.tag", &object);
    let done = approve(&project, "bob", &["--tag-object", "v1.tag"]);
    assert!(done.code == Some(0) && !done.stderr.contains("does not list"), "{done:?}");
    assert_eq!(verdict("v1"), GOOD);
    project.git_as("ann", &["tag", "-f", "-s", "-m", "another", "v1"]);
    assert_eq!(verdict("v1"), "untrusted policy-approvals-missing");
    let done = approve(&project, "bob", &["v1", "--name", "bob-2"]);
    assert_eq!((done.code, verdict("v1").as_str()), (Some(0), GOOD), "{done:?}");
}

#[test]
fn the_proposal_accepts_the_history_from_which_it_was_made() {
    let project = Project::new();
    project.unsigned("unsigned");
    let first = project.head();
    project.change("ann", "a", "by ann");
    project.branch("topic", "HEAD");
    project.change("carol", "b", "by carol");
    project.switch("main");
    project.merge("bob", "merge", &["topic"]);
    project.git_as("ann", &["tag", "-s", "-m", "one", "v1"]);
    let text = said(&project, &["init"]);
    assert!(text.contains("# Of 5 objects: 4 signed, 1 unsigned or of another kind, which the policy would refuse.\n"), "{text}");
    let file = project.sandbox.home().join("proposal.toml");
    let path = file.to_str().unwrap();
    let written = policy_command(&project, &["init", "--output", path]);
    assert_eq!((written.code, std::fs::read_to_string(&file).unwrap()), (Some(0), text), "{written:?}");
    let again = policy_command(&project, &["init", "--output", path]);
    assert!(again.code == Some(8) && again.stderr.contains("exists already"), "{again:?}");
    assert_eq!(policy_command(&project, &["check", path]).code, Some(0));
    assert!(!project.sandbox.work().join(FILE).exists(), "nothing is committed or written");
    project.sandbox.git(&["config", "--global", "paraph.policyFile", path]);
    let (_, all) = project.verify(&["--all", "--tags"]);
    for (subject, verdict) in &all {
        assert_eq!(verdict == GOOD, subject != "unsigned", "{subject}: {verdict}");
    }
    project.sandbox.git(&["checkout", "-q", "--detach", &first]);
    let nobody = policy_command(&project, &["init"]);
    assert!(nobody.code == Some(4) && nobody.stderr.contains("no signature verifies in 1 commit since 6.months"), "{nobody:?}");
}

/// The code blocks of a kind in a document.
fn blocks(document: &str, kind: &str) -> Vec<String> {
    let fenced = document.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).map(|block| format!("{block}\n")).collect()
}

#[test]
fn the_policy_and_the_examples_of_the_documents_hold() {
    let project = Project::new();
    let read = |name: &str| std::fs::read_to_string(format!("{}/man/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for name in ["policy.md", "policy-commands.md"] {
        project.write("policy.toml", &blocks(&read(name), "toml")[0]);
        let done = policy_command(&project, &["check", "policy.toml"]);
        assert!(done.code == Some(0) && done.stderr.is_empty(), "{name}: {done:?}");
    }
    let examples = blocks(&read("policy-commands.md"), "").into_iter().find(|block| block.contains(": refused")).unwrap();
    project.write("examples", &examples);
    let text = said(&project, &["test", "examples", "--policy", "policy.toml"]);
    assert_eq!(text, format!("{} examples hold by policy.toml.\n", examples.lines().count()));
}
