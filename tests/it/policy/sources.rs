//! Which source decides: `man/policy.md`, "Which source decides".

use super::*;
use crate::support::sigstore::EMAIL;

const ONLY_BOB: &str = "[[rules]]\nname = \"bob\"\ncommit = [\"bob\"]\n";
/// What is said without a policy.
const TRUSTED: &str = "good";

fn said(project: &Project, arguments: &[&str]) -> String {
    project.verify(&[arguments, &["HEAD"]].concat()).1.into_values().next().unwrap()
}

#[test]
fn a_root_of_the_user_replaces_the_allowed_identities() {
    let project = Project::with(ONLY_BOB);
    project.sigstore.allow(&project.sandbox, EMAIL);
    project.commit("ann", "by ann");
    assert_eq!(said(&project, &[]), REFUSED);
    let identity = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", &project.sigstore.url];
    assert_eq!(said(&project, &identity), TRUSTED, "an expected identity replaces everything");
    let done = project.text(&[&["--policy"], &identity[..]].concat());
    assert_eq!(done.code, Some(2), "{done:?}");
    project.commit("bob", "by bob");
    assert_eq!(said(&project, &[]), GOOD);
    // what a policy allows can still be refused by what holds beside it
    project.sandbox.git(&["config", "--global", "paraph.matchCommitter", "true"]);
    assert_eq!(said(&project, &[]), GOOD);
    project.sandbox.git(&["-c", "user.signingKey=bob@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "for another"]);
    assert_eq!(said(&project, &[]), REFUSED);
}

#[test]
fn a_root_of_the_repository_only_restricts_and_only_if_asked() {
    let project = Project::with(ONLY_BOB);
    let root = project.head();
    project.sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    project.sandbox.git(&["config", "paraph.policyRoot", &root]);
    project.sigstore.allow(&project.sandbox, EMAIL);
    project.commit("ann", "by ann");
    assert_eq!((said(&project, &[]), said(&project, &["--policy"])), (TRUSTED.to_owned(), REFUSED.to_owned()));
    project.commit("bob", "by bob");
    assert_eq!(said(&project, &["--policy"]), "untrusted policy-allowed", "both must accept");
    project.sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    assert_eq!(said(&project, &["--policy"]), GOOD);
    let done = project.text(&["--policy", "HEAD"]);
    assert!(done.stdout.contains("Trusted by the repository's own configuration: paraph.policyRoot in "), "{}", done.stdout);
    project.sandbox.git(&["config", "--unset", "paraph.policyRoot"]);
    for option in [&["--policy"][..], &["--as", "refs/heads/main"]] {
        let done = project.text(&[option, &["HEAD"]].concat());
        assert!(
            done.code == Some(2) && done.stderr.contains("no policy is pinned; ") && done.stderr.contains("hint: set paraph.policyRoot"),
            "{done:?}"
        );
    }
}

#[test]
fn an_instance_that_only_the_repository_describes_fits_no_identity() {
    let project = Project::with(ONLY_BOB);
    project.commit("bob", "by bob");
    assert_eq!(said(&project, &[]), GOOD);
    project.sandbox.git(&["config", "--global", "--remove-section", "paraph.local"]);
    project.sandbox.git(&["config", "--global", "--unset", "paraph.instance"]);
    project.sandbox.git(&["config", "paraph.instance", "local"]);
    project.sandbox.git(&["config", "paraph.local.trustedRoot", &project.sigstore.file("trusted_root.json")]);
    assert_eq!(said(&project, &[]), REFUSED);
}

#[test]
fn a_policy_outside_the_repository_decides_everywhere() {
    let project = Project::new();
    project.commit("ann", "one");
    project.write(FILE, "no policy");
    project.commit("carol", "a file of that name");
    project.change("bob", "x", "by bob");
    let file = project.sandbox.home().join("policy.toml");
    let rules =
        "[[rules]]\nname = \"folder\"\npaths = [\".paraph/**\"]\ncommit = [\"carol\"]\n[[rules]]\nname = \"default\"\ncommit = [\"ann\"]\n";
    std::fs::write(&file, project.policy(rules)).unwrap();
    project.sandbox.git(&["config", "--global", "paraph.policyFile", file.to_str().unwrap()]);
    let expected = verdicts([("one", GOOD), ("a file of that name", GOOD), ("by bob", REFUSED)]);
    assert_eq!(project.verify(&["--all"]), (Some(10), expected));
    // a stronger source's root replaces it, and one of the same rank is an error
    project.sandbox.git(&["config", "--global", "paraph.policyRoot", &project.head()]);
    let done = project.text(&["HEAD"]);
    assert!(done.code == Some(3) && done.stderr.contains("name two policies\nhint: unset one of the two."), "{done:?}");
    project.sandbox.git(&["config", "--global", "--unset", "paraph.policyRoot"]);
    project.sandbox.git(&["config", "paraph.policyRoot", &project.head()]);
    assert_eq!(said(&project, &["--policy"]), REFUSED);
    std::fs::write(&file, "version = 1\n[[rules]]\n").unwrap();
    let done = project.text(&["HEAD"]);
    assert!(done.code == Some(3) && done.stderr.contains("policy.toml cannot be used: line 2, column 1: "), "{done:?}");
}

#[test]
fn a_key_that_git_finds_valid_is_an_identity_whether_git_trusts_it_or_not() {
    let test = "a_key_that_git_finds_valid_is_an_identity_whether_git_trusts_it_or_not";
    let project = Project::new();
    let Some(key) = crate::support::keys::Ssh::new(&project.sandbox, "dora", test) else { return };
    let fingerprint = project.sandbox.command("ssh-keygen", &project.sandbox.work()).args(["-l", "-f", &key.file]).output().unwrap();
    let fingerprint = String::from_utf8(fingerprint.stdout).unwrap().split(' ').nth(1).unwrap().to_owned();
    let rules = format!("[identities.dora]\nssh = \"{fingerprint}\"\n[[rules]]\nname = \"keys\"\ncommit = [\"dora\"]\n");
    project.start(&rules);
    std::fs::write(project.sandbox.root().join("signers"), "").unwrap();
    let signers = format!("gpg.ssh.allowedSignersFile={}", project.sandbox.root().join("signers").display());
    let signing_key = format!("user.signingKey={}", key.file);
    project.sandbox.git(&["-c", "gpg.format=ssh", "-c", &signing_key, "commit", "-q", "-S", "--allow-empty", "-m", "by dora"]);
    project.sandbox.git(&["config", "--global", "gpg.ssh.allowedSignersFile", signers.split_once('=').unwrap().1]);
    assert_eq!(said(&project, &[]), "other policy-refused", "nobody has judged it");
    assert_eq!(said(&project, &["--other-signatures"]), GOOD);
    let done = project.text(&["--other-signatures", "HEAD"]);
    assert!(done.stdout.contains(&format!("Valid SSH signature, key {fingerprint}; judged by git.\n")), "{}", done.stdout);
    project.commit("ann", "by ann");
    assert_eq!(said(&project, &["--other-signatures"]), REFUSED);
}
