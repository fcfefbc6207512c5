//! Pushes to a server whose configuration pins a policy: what it accepts, and what the pusher reads.

use super::{server::Server, *};
use crate::support::keys::OpenPgp;

#[test]
fn what_the_rules_allow_is_accepted() {
    let server = Server::new(&["pre-receive"]);
    let project = &server.project;
    // main
    project.change("bob", "text", "by bob");
    project.change("ann", "src/crypto/cipher", "by ann");
    project.branch("topic", "HEAD");
    project.change("carol", "new", "by carol");
    project.switch("main");
    project.merge("bob", "merge", &["topic"]);
    server.accepted(&["main"]);
    // a change of the policy with its approval in the same push
    let policy = server.policy(false) + "# approved\n";
    project.approve("bob", policy.as_bytes(), "main");
    project.write(FILE, &policy);
    project.commit("ann", "policy");
    server.accepted(&["main", "--tags"]);
    // a topic branch from before takes the policy over
    project.branch("late", "main~2");
    project.change("bob", "late", "late");
    assert!(server.push(&["late"]).stderr.contains("[policy-rewound]"));
    project.merge("bob", "update", &["main"]);
    server.accepted(&["late"]);
    // a branch that may be rewritten and deleted, by anybody of the file
    project.branch("free", "main");
    project.change("carol", "free", "free");
    server.accepted(&["free:refs/heads/free/x"]);
    project.sandbox.git(&["reset", "-q", "--hard", "main"]);
    project.change("carol", "free", "again");
    server.accepted(&["-f", "free:refs/heads/free/x"]);
    server.accepted(&["--delete", "free/x"]);
    // tags
    project.switch("main");
    project.git_as("ann", &["tag", "-s", "-m", "x", "nightly"]);
    project.git_as("bob", &["tag", "-s", "-m", "x", "outer", "nightly"]);
    server.accepted(&["nightly", "outer"]);
    project.git_as("ann", &["tag", "-s", "-m", "x", "v1"]);
    project.approve("bob", &project.sandbox.object("tag", "v1"), "HEAD");
    server.accepted(&["--tags"]);
    server.accepted(&["--signed", "main:refs/heads/signed"]);
    // refs of other kinds are not judged
    project.change("mallory", "text", "by mallory");
    server.accepted(&["main:refs/notes/x"]);
}

/// What such a tree holds at a path depends on the program that reads it.
#[test]
fn a_tree_that_programs_read_differently_refuses_the_push() {
    let server = Server::new(&["pre-receive"]);
    let sandbox = &server.project.sandbox;
    let content = |text: &str| sandbox.store("blob", text.as_bytes());
    let (good, evil) = (content("good"), content("evil"));
    let entry = |mode: &str, name: &str, id: &str| [format!("{mode} {name}\0").into_bytes(), hex::decode(id).unwrap()].concat();
    let policy = sandbox.git(&["rev-parse", "main:.paraph"]);
    let folder = sandbox.store("tree", &entry("100644", "policy.toml", &evil));
    let before = server.refs();
    for (what, entries) in [
        ("two files of one name", vec![entry("100644", "a", &evil), entry("100644", "a", &good)]),
        ("two folders of one name", vec![entry("40000", ".paraph", &folder), entry("40000", ".paraph", &policy)]),
        ("a file and a folder of one name", vec![entry("100644", "a", &good), entry("100644", "a.b", &good), entry("40000", "a", &folder)]),
        ("another order", vec![entry("100644", "b", &good), entry("100644", "a", &evil)]),
        ("a name with a slash", vec![entry("40000", ".paraph", &policy), entry("100644", ".paraph/policy.toml", &evil)]),
        ("the folder itself", vec![entry("40000", ".", &folder)]),
        ("the folder above", vec![entry("40000", "..", &folder)]),
    ] {
        let tree = sandbox.store("tree", &entries.concat());
        let commit = server.project.git_as("ann", &["commit-tree", "-S", "-p", "main", "-m", what, &tree]);
        let done = server.push(&[&format!("{commit}:refs/heads/main")]);
        assert!(done.code == Some(1) && done.stderr.contains("the tree is malformed"), "{what}: {}", done.stderr);
        assert_eq!(server.refs(), before, "{what}");
    }
}

#[test]
fn a_branch_called_head_is_not_the_servers_head() {
    let server = Server::new(&["pre-receive"]);
    server.accepted(&["main:refs/heads/HEAD", "main:refs/heads/main2"]);
    server.project.change("carol", "free", "free");
    server.accepted(&["HEAD:refs/heads/free/x"]);
    server.accepted(&["main~1:refs/heads/free/y"]);
}

#[test]
fn the_refusal_names_the_commit_the_rule_and_what_to_do() {
    let server = Server::new(&["pre-receive"]);
    let commit = server.project.change("bob", "src/crypto/cipher", "by bob");
    let done = server.push(&["main", "main:refs/heads/signed"]);
    for part in [
        "paraph refuses this push: 1 of 1 new objects is not good, and the repository's policy refuses 1 ref.\n",
        &format!("commit {} \"by bob\": [untrusted]\n", &commit[..12]),
        "policy refuses it: rule crypto does not allow its signer to commit src/crypto/cipher [policy-refused].\n",
        "ref refs/heads/signed\n",
        "  The repository's policy refuses it: rule signed requires a push certificate; push with `git push --signed` [policy-push-certificate].\n",
        "What to do:\n  untrusted: have it signed by somebody whom the rule lists, or have the policy changed.\n",
        "  untrusted: push with `git push --signed` as an identity that the rule lists.\n",
    ] {
        assert!(done.stderr.contains(part), "{part:?} is not in\n{}", done.stderr);
    }
}

#[test]
fn rules_that_only_warn_are_reported_and_refuse_nothing() {
    let server = Server::new(&["pre-receive"]);
    let commit = server.project.change("bob", "lax", "by bob");
    let said = server.accepted(&["main:refs/heads/lax"]);
    let expected =
        format!("commit {}: rule lax does not allow its signer to commit lax [policy-refused]. The rule only warns.\n", &commit[..12]);
    assert!(said.contains(&expected.replace(" lax [", " [")) || said.contains(&expected), "{said}");
    assert!(said.contains("ref refs/heads/lax: rule lax requires a push certificate; "), "{said}");
    let said = server.accepted(&["--delete", "lax"]);
    assert!(
        said.contains("ref refs/heads/lax: rule lax does not allow to delete it or to give up its commits [policy-rewrite]."),
        "{said}"
    );
}

#[test]
fn only_the_server_s_own_configuration_decides() {
    let mut server = Server::new(&["pre-receive"]);
    // the pusher allows everybody, and names another root
    let root = server.project.change("mallory", "text", "by mallory");
    server.project.sandbox.set("PARAPH_POLICY_ROOT", &root);
    server.project.sandbox.set("GIT_CONFIG_COUNT", "1");
    server.project.sandbox.set("GIT_CONFIG_KEY_0", "paraph.policyRoot");
    server.project.sandbox.set("GIT_CONFIG_VALUE_0", &root);
    let done = server.push(&["main"]);
    assert!(done.code == Some(1) && done.stderr.contains("[policy-refused]"), "{}", done.stderr);
    // the server's own exempts old history
    server.configure("paraph.judgeSince", &root);
    server.accepted(&["main"]);
    // a root that is not here is an error, and refuses every push
    server.configure("paraph.policyRoot", &"1".repeat(40));
    server.project.change("ann", "text", "by ann");
    let done = server.push(&["main"]);
    assert!(done.code == Some(1) && done.stderr.contains("the push is refused: "), "{}", done.stderr);
}

#[test]
fn a_listed_key_and_a_forge_that_merges_are_judged_by_git_and_by_paraph() {
    let test = "a_listed_key_and_a_forge_that_merges_are_judged_by_git_and_by_paraph";
    let project = Project::new();
    let sandbox = &project.sandbox;
    let Some(forge) = OpenPgp::new(sandbox, "forge", "Forge <noreply@forge.example>", test) else { return };
    let Some(own) = OpenPgp::new(sandbox, "own", "Olga <olga@example.com>", test) else { return };
    let keys = format!("[identities.olga]\nopenpgp = \"{}\"\n[identities.forge]\nopenpgp = \"{}\"\n", own.fingerprint, forge.fingerprint);
    let rule = "[[rules]]\nname = \"default\"\ncommit = [\"all\"]\nmerge = [\"forge\"]\n";
    let root = project.start(&format!("{keys}{rule}"));
    sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    let bare = sandbox.root().join("bare.git");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let (trust, forge_key) = (project.sigstore.file("trusted_root.json"), forge.export("forge.asc"));
    // a verifier that knows Olga's key, which the environment of the pusher cannot replace
    let gpg = sandbox.script("gpg", &format!("#!/bin/sh\nGNUPGHOME='{}' exec gpg \"$@\"\n", own.home.display()));
    for (key, value) in [
        ("paraph.instance", "local"),
        ("paraph.local.trustedRoot", &trust),
        ("paraph.policyRoot", &root),
        ("paraph.forgeKey", &forge_key),
        ("gpg.program", &gpg),
    ] {
        sandbox.git_in(&bare, &["config", key, value]);
    }
    let hook = sandbox.script("hook", &format!("#!/bin/sh\nexec '{}' hook pre-receive\n", sandbox.program));
    std::fs::rename(hook, bare.join("hooks/pre-receive")).unwrap();
    let push = |name: &str| sandbox.try_git(&["-c", "gpg.program=/bin/true", "push", bare.to_str().unwrap(), &format!("HEAD:{name}")]);
    own.git(&["commit", "-q", "-S", "--allow-empty", "-m", "by Olga"]);
    let done = push("main");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    project.branch("topic", "main~1");
    project.change("ann", "new", "by ann");
    project.switch("main");
    forge.git(&["merge", "-q", "--no-ff", "-S", "-m", "merged by the forge", "topic"]);
    let done = push("main");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // Olga may not merge, and the forge's key makes no other commits
    project.branch("second", "main~1");
    project.change("ann", "second", "by ann");
    project.switch("main");
    own.git(&["merge", "-q", "--no-ff", "-S", "-m", "merged by Olga", "second"]);
    assert!(push("main").stderr.contains("rule default does not allow its signer to merge"));
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    forge.git(&["commit", "-q", "-S", "--allow-empty", "-m", "no merge"]);
    let done = push("main");
    assert!(done.code == Some(1) && done.stderr.contains("\"no merge\": ["), "{}", done.stderr);
}

#[test]
fn an_empty_server_takes_the_whole_history_from_its_root() {
    let server = Server::new(&["pre-receive"]);
    for name in server.refs().lines().filter_map(|line| line.split(' ').next()) {
        server.project.sandbox.git_in(&server.bare, &["update-ref", "-d", name]);
    }
    let done = server.push(&["main"]);
    assert!(done.stderr.contains("[policy-approvals-missing]"), "the approval is not there: {}", done.stderr);
    server.accepted(&["main", "--tags"]);
    let server = Server::new(&["pre-receive"]);
    server.configure("paraph.policyRoot", &format!("sha256:{}", hex::encode(Sha256::digest(server.policy(false)))));
    server.project.change("ann", "text", "by digest");
    server.accepted(&["main"]);
    server.project.change("carol", "text", "by carol");
    assert!(server.push(&["main"]).stderr.contains("[policy-refused]"));
}

#[test]
fn update_judges_each_ref_by_stored_approvals() {
    let server = Server::new(&["update"]);
    let project = &server.project;
    project.branch("topic", "main");
    project.change("mallory", "text", "by mallory");
    project.switch("main");
    project.change("ann", "text", "by ann");
    let done = server.push(&["main", "topic"]);
    assert!(done.code == Some(1) && done.stderr.contains("topic -> topic (hook declined)"), "{}", done.stderr);
    assert!(server.refs().contains(&format!("refs/heads/main {}\n", project.head())), "{}", server.refs());
    let policy = server.policy(false) + "# approved\n";
    project.approve("bob", policy.as_bytes(), "main");
    project.write(FILE, &policy);
    project.commit("ann", "policy");
    server.accepted(&["--tags"]);
    server.accepted(&["main"]);
    let done = server.push(&["--signed", "main:refs/heads/signed"]);
    assert!(done.stderr.contains("which only the hook pre-receive can judge [policy-push-certificate]"), "{}", done.stderr);
}
