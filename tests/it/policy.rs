//! `paraph verify` by the policy of a repository, through the real git and a local Sigstore.

mod attacks;
mod changes;
mod check;
mod commands;
mod other_hooks;
mod pushes;
mod server;
mod sources;
mod under_git;

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The file of the policy.
const FILE: &str = ".paraph/policy.toml";

/// A project whose commits carry their subjects as names.
struct Project {
    sigstore: Sigstore,
    sandbox: Sandbox,
}

/// What was said of objects: the verdict and the decision by the subject, with ` (not counted)` behind where that is so.
type Verdicts = BTreeMap<String, String>;

impl Project {
    fn new() -> Self {
        Self::of_format("sha1")
    }

    fn of_format(format: &str) -> Self {
        let (sigstore, sandbox) = (Sigstore::start(), Sandbox::new());
        sandbox.git(&["init", "-q", "-b", "main", &format!("--object-format={format}")]);
        sigstore.configure(&sandbox);
        Self { sigstore, sandbox }
    }

    /// A project with this policy, signed by Ann and pinned.
    fn with(rules: &str) -> Self {
        let project = Self::new();
        project.start(rules);
        project
    }

    /// Commits this policy as the root, and pins it.
    fn start(&self, rules: &str) -> String {
        self.write(FILE, &self.policy(rules));
        let root = self.commit("ann", "root");
        self.sandbox.git(&["config", "--global", "paraph.policyRoot", &root]);
        root
    }

    /// A policy of three identities, of which two are maintainers and may change it.
    fn policy(&self, rules: &str) -> String {
        let identity = |name: &str| {
            let url = &self.sigstore.url;
            format!("[identities.{name}]\nsubject = \"{name}@example.com\"\nissuer = \"{url}\"\ninstance = \"local\"\n")
        };
        let identities = ["ann", "bob", "carol"].map(identity).concat();
        format!("version = 1\npolicy = [\"maintainers\"]\n{identities}[roles]\nmaintainers = [\"ann\", \"bob\"]\n{rules}")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.sandbox.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// git as somebody who signs.
    fn git_as(&self, who: &str, arguments: &[&str]) -> String {
        let (email, key) = (format!("user.email={who}@example.com"), format!("user.signingKey={who}@example.com"));
        self.sandbox.git(&[&["-c", &email, "-c", &key, "-c", "commit.gpgSign=true"], arguments].concat())
    }

    /// Commits everything that changed.
    fn commit(&self, who: &str, subject: &str) -> String {
        self.sandbox.git(&["add", "--all"]);
        self.git_as(who, &["commit", "-q", "--allow-empty", "-m", subject]);
        self.head()
    }

    /// Commits a file with the subject as its content.
    fn change(&self, who: &str, path: &str, subject: &str) -> String {
        self.write(path, subject);
        self.commit(who, subject)
    }

    fn unsigned(&self, subject: &str) -> String {
        self.sandbox.git(&["add", "--all"]);
        self.sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", subject]);
        self.head()
    }

    fn merge(&self, who: &str, subject: &str, branches: &[&str]) -> String {
        self.git_as(who, &[&["merge", "-q", "--no-ff", "-m", subject], branches].concat());
        self.head()
    }

    fn branch(&self, name: &str, from: &str) {
        self.sandbox.git(&["checkout", "-q", "-b", name, from]);
    }

    fn switch(&self, name: &str) {
        self.sandbox.git(&["checkout", "-q", name]);
    }

    fn head(&self) -> String {
        self.sandbox.git(&["rev-parse", "HEAD"])
    }

    /// Approves the policy in this file's content with a signed tag of this commit.
    fn approve(&self, who: &str, content: &[u8], commit: &str) {
        let digest = hex::encode(Sha256::digest(content));
        self.git_as(who, &["tag", "-s", "-m", &format!("Approved.\n\n{digest}"), &format!("paraph-approval/{digest}/{who}"), commit]);
    }

    /// `paraph verify --json` with these arguments: its exit code, and what it says of each object.
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, Verdicts) {
        self.judged(&[&["verify", "--json"], arguments].concat())
    }

    fn judged(&self, arguments: &[&str]) -> (Option<i32>, Verdicts) {
        let done = self.sandbox.paraph(arguments);
        let verdicts = done.stdout.lines().map(|line| self.said(&serde_json::from_str(line).unwrap()));
        let verdicts: Verdicts = verdicts.collect();
        assert!(!verdicts.is_empty(), "{done:?}");
        (done.code, verdicts)
    }

    fn said(&self, report: &Value) -> (String, String) {
        let id = report["oid"].as_str().unwrap();
        let subject = self.sandbox.git(&["for-each-ref", "--format=%(refname:short)", "--points-at", id, "refs/tags"]);
        let is_tag = report["kind"] == "tag";
        let subject = if is_tag { subject } else { self.sandbox.git(&["show", "-s", "--format=%s", id]) };
        let (verdict, policy) = (report["verdict"].as_str().unwrap(), &report["policy"]);
        let decision = policy["decision"].as_str().map(|decision| format!(" {decision}")).unwrap_or_default();
        let counts = if policy["counts"] == Value::Bool(false) { " (not counted)" } else { "" };
        (subject, format!("{verdict}{decision}{counts}"))
    }

    /// `paraph verify` with these arguments, for people.
    fn text(&self, arguments: &[&str]) -> Done {
        self.sandbox.paraph(&[&["verify"], arguments].concat())
    }
}

fn verdicts<const N: usize>(expected: [(&str, &str); N]) -> Verdicts {
    expected.map(|(subject, said)| (subject.to_owned(), said.to_owned())).into()
}

const GOOD: &str = "good policy-allowed";
const REFUSED: &str = "untrusted policy-refused";

/// Maintainers commit and merge, and Carol's commits come in by merges.
const RULES: &str = "[[rules]]\nname = \"crypto\"\npaths = [\"src/crypto/**\"]\ncommit = [\"ann\"]\n\
    [[rules]]\nname = \"default\"\ncommit = [\"maintainers\"]\ncontribute = [\"all\"]\nmerge = [\"maintainers\"]\ntag = [\"maintainers\"]\n";

#[test]
fn a_rule_decides_by_signer_action_and_path() {
    for format in ["sha1", "sha256"] {
        let project = Project::of_format(format);
        project.change("dave", "old", "before the root");
        project.start(RULES);
        project.change("bob", "a", "by bob");
        project.change("carol", "b", "by carol");
        project.change("bob", "src/crypto/x", "crypto by bob");
        project.change("ann", "src/Crypto./x", "crypto by ann");
        project.change("dave", "c", "by an unlisted identity");
        project.unsigned("unsigned");
        project.branch("topic", "HEAD~6");
        project.change("carol", "d", "on topic by carol");
        project.change("carol", "src/crypto/y", "crypto on topic");
        project.switch("main");
        project.merge("ann", "merge", &["topic"]);
        let (code, said) = project.verify(&["--all"]);
        assert_eq!(code, Some(12), "the worst that counts is unsigned");
        assert_eq!(
            said,
            verdicts([
                ("before the root", "untrusted policy-exempt (not counted)"),
                ("root", "untrusted policy-exempt (not counted)"),
                ("by bob", GOOD),
                ("by carol", REFUSED),
                ("crypto by bob", REFUSED),
                ("crypto by ann", GOOD),
                ("by an unlisted identity", REFUSED),
                ("unsigned", "unsigned policy-refused"),
                ("on topic by carol", GOOD),
                ("crypto on topic", REFUSED),
                ("merge", GOOD),
            ])
        );
    }
}

#[test]
fn the_report_names_the_rule_in_each_format() {
    let project = Project::with(RULES);
    project.change("bob", "src/crypto/x", "crypto by bob");
    let done = project.text(&["HEAD"]);
    assert_eq!(done.code, Some(10), "{done:?}");
    let refused = "But the repository's policy refuses it: rule crypto does not allow its signer to commit src/crypto/x [policy-refused].";
    assert!(done.stdout.contains(refused), "{}", done.stdout);
    assert!(!done.stdout.contains("allowed identities"), "{}", done.stdout);
    let json: Value = serde_json::from_str(&project.text(&["--json", "HEAD"]).stdout).unwrap();
    assert_eq!(
        json["policy"],
        serde_json::json!({
            "decision": "policy-refused",
            "message": "rule crypto does not allow its signer to commit src/crypto/x",
            "rule": "crypto",
            "counts": true,
        })
    );
    assert_eq!((json["decisionId"].as_str(), json.get("trustedBy")), (Some("policy-refused"), None));
    let sarif: Value = serde_json::from_str(&project.text(&["--format=sarif", "HEAD"]).stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "policy-refused");
    project.change("ann", "src/crypto/x", "crypto by ann");
    let done = project.text(&["HEAD"]);
    assert!(done.code == Some(0) && done.stdout.contains("The repository's policy allows it, by the rule crypto.\n"), "{done:?}");
    let json: Value = serde_json::from_str(&project.text(&["--json", "HEAD"]).stdout).unwrap();
    assert_eq!((json["trustedBy"].as_str(), json["policy"]["rule"].as_str()), (Some("user"), Some("crypto")));
    let summary = project.text(&["--all"]).stdout;
    assert!(summary.starts_with("commit ") && summary.contains("2 objects: 1 good, 1 untrusted.\n"), "{summary}");
    assert!(summary.contains("       1  exempt from the repository's policy; not counted\n"), "{summary}");
}

#[test]
fn a_bad_signature_is_bad_whatever_the_rules_are() {
    let project = Project::with("[[rules]]\nname = \"lax\"\nmode = \"warn\"\ncommit = [\"ann\"]\n");
    let good = project.commit("ann", "good");
    let tampered = project.sandbox.commit_parts(&good).with_payload("good", "evil");
    let id = project.sandbox.store_commit(&tampered);
    project.sandbox.git(&["reset", "-q", "--hard", &id]);
    let (code, said) = project.verify(&["HEAD"]);
    assert_eq!((code, said), (Some(15), verdicts([("evil", "bad")])));
}

#[test]
fn what_only_warns_is_said_and_does_not_count() {
    let project = Project::with("[[rules]]\nname = \"lax\"\nmode = \"warn\"\ncommit = [\"ann\"]\n");
    project.commit("ann", "by ann");
    project.commit("bob", "by bob");
    project.unsigned("unsigned");
    let (code, said) = project.verify(&["HEAD~3..HEAD"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        said,
        verdicts([
            ("by ann", GOOD),
            ("by bob", "untrusted policy-refused (not counted)"),
            ("unsigned", "unsigned policy-refused (not counted)")
        ])
    );
    let done = project.text(&["HEAD~3..HEAD"]);
    assert!(done.stdout.contains("The rule only warns, so this does not count.\n"), "{}", done.stdout);
    assert!(done.stdout.contains("1 object: 1 good.\n       2  refused by rules that only warn; not counted\n"), "{}", done.stdout);
}

#[test]
fn the_ref_is_named_or_that_of_head_and_otherwise_not_known() {
    let project = Project::with(
        "[[rules]]\nname = \"main\"\nrefs = [\"refs/heads/main\"]\ncommit = [\"ann\"]\n[[rules]]\nname = \"others\"\ncommit = [\"bob\"]\n",
    );
    let by_ann = project.commit("ann", "by ann");
    let said = |arguments: &[&str]| project.verify(arguments).1.remove("by ann").unwrap();
    project.branch("topic", "main");
    project.sandbox.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.sandbox.git(&["tag", "light", "main"]);
    for (arguments, expected) in [
        (vec!["main"], GOOD),
        (vec!["topic"], REFUSED),
        (vec!["HEAD"], REFUSED),
        (vec![by_ann.as_str()], REFUSED),
        (vec!["light"], REFUSED),
        (vec!["HEAD~1..main"], GOOD),
        (vec!["main~1.."], REFUSED),
        (vec!["origin/main"], GOOD),
        (vec!["--as", "refs/heads/main", "topic"], GOOD),
        (vec!["--as", "refs/heads/topic", "main"], REFUSED),
        (vec!["main~1..main", "main~1..topic"], REFUSED),
        (vec!["--all"], REFUSED),
    ] {
        assert_eq!(said(&arguments), expected, "{arguments:?}");
    }
    project.switch("main");
    assert_eq!((said(&[&by_ann]), said(&["--all"])), (GOOD.to_owned(), GOOD.to_owned()), "HEAD's branch has it");
    project.sandbox.git(&["checkout", "-q", "--detach"]);
    assert_eq!(said(&["HEAD"]), "untrusted policy-ref-unknown");
    assert_eq!(said(&["main"]), GOOD);
    let done = project.text(&["HEAD"]);
    assert!(done.stdout.contains("Name the ref with --as, for example `--as refs/heads/main`.\n"), "{}", done.stdout);
    let done = project.text(&["--as", "main", "HEAD"]);
    assert!(done.code == Some(2) && done.stderr.contains("hint: write `--as refs/heads/main` for a branch."), "{done:?}");
    // a list of ids is judged as part of HEAD's branch too
    project.switch("main");
    let list = format!("{by_ann}\nmain\ntopic\n");
    let done = project.sandbox.paraph_with(&["verify", "--stdin", "--json"], list.as_bytes());
    let said: Vec<String> = done.stdout.lines().map(|line| project.said(&serde_json::from_str(line).unwrap()).1).collect();
    // the same commit under two refs has the worse verdict
    assert_eq!(said, [REFUSED; 3], "{done:?}");
    let done = project.sandbox.paraph_with(&["verify", "--stdin", "--json"], format!("{by_ann}\nmain~1\n").as_bytes());
    assert_eq!(done.code, Some(0), "{done:?}");
    // a commit that HEAD's branch does not have is judged as what it is: of no ref
    project.switch("main");
    project.branch("aside", "main~1");
    let aside = project.commit("ann", "aside");
    project.switch("main");
    assert_eq!(project.verify(&[&aside]).1["aside"], "untrusted policy-ref-unknown");
}

#[test]
fn tags_have_rules_of_their_own() {
    let project = Project::with(
        "[[rules]]\nname = \"releases\"\nrefs = [\"refs/tags/v*\"]\ntag = [\"maintainers\"]\ntag-threshold = 2\n\
         [[rules]]\nname = \"default\"\ncommit = [\"ann\"]\ntag = [\"carol\"]\n",
    );
    project.commit("ann", "work");
    project.git_as("carol", &["tag", "-s", "-m", "x", "nightly"]);
    project.git_as("bob", &["tag", "-s", "-m", "x", "other"]);
    project.git_as("carol", &["tag", "-s", "-m", "x", "v0"]);
    project.git_as("ann", &["tag", "-s", "-m", "x", "v1"]);
    project.git_as("ann", &["tag", "-s", "-m", "x", "v2"]);
    let tag = project.sandbox.object("tag", "v2");
    project.approve("bob", &tag, "HEAD");
    let approval = format!("paraph-approval/{}/bob", hex::encode(Sha256::digest(&tag)));
    let (code, said) = project.verify(&["--tags"]);
    assert_eq!(code, Some(10));
    assert_eq!(
        said,
        verdicts([
            ("nightly", GOOD),
            ("other", REFUSED),
            ("v0", REFUSED),
            ("v1", "untrusted policy-approvals-missing"),
            ("v2", GOOD),
            (&approval, GOOD),
        ])
    );
    let (code, said) = project.judged(&["verify-tag", "--json", "--target", "v2"]);
    assert_eq!((code, said), (Some(0), verdicts([("v2", GOOD), ("work", GOOD)])));
    assert_eq!(project.verify(&["v2"]).0, Some(0));
    // the approval names the commit: for a tag of another it is none
    project.commit("ann", "later");
    project.sandbox.git(&["tag", "light"]);
    let done = project.sandbox.paraph(&["verify-tag", "light"]);
    assert!(done.code == Some(12) && done.stdout.contains("[policy-refused]"), "{done:?}");
}
