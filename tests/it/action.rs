//! The GitHub action: `scripts/action` with the variables and files that GitHub documents, in a checkout as its runner makes it.

use crate::support::{
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A forge's repository (`work`), and what a runner has.
struct Runner {
    sigstore: Sigstore,
    sandbox: Sandbox,
    /// The commit of `main` that the change is based on.
    base: String,
}

impl Runner {
    /// `None` if a program that the script needs is not installed.
    fn new(test: &str) -> Option<Self> {
        if !["bash", "jq", "curl", "sha256sum"].iter().all(|program| installed(program, test)) {
            return None;
        }
        let sigstore = Sigstore::start();
        let sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        std::fs::create_dir(sandbox.root().join("temp")).unwrap();
        std::fs::create_dir(sandbox.root().join("bin")).unwrap();
        std::os::unix::fs::symlink(&sandbox.program, sandbox.root().join("bin/paraph")).unwrap();
        // `custom`: the instance of a trusted root that a call names
        let lines: String = ["custom", "local"].map(|instance| format!("{EMAIL} {} instance={instance}\n", sigstore.url)).concat();
        std::fs::write(sandbox.work().join("allowed-identities"), lines).unwrap();
        std::fs::write(sandbox.work().join("trusted_root.json"), &sigstore.trusted_root).unwrap();
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-S", "-m", "first"]);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "base"]);
        let base = sandbox.git(&["rev-parse", "HEAD"]);
        Some(Self { sigstore, sandbox, base })
    }

    /// Commits on the branch `topic`, signed as this identity or not at all; the id of the last.
    fn topic(&self, signers: &[Option<&str>]) -> String {
        let git = |arguments: &[&str]| self.sandbox.git(arguments);
        git(&["switch", "-q", "-C", "topic", &self.base]);
        for signer in signers {
            match signer {
                Some(email) => git(&["-c", &format!("user.email={email}"), "commit", "-q", "-S", "--allow-empty", "-m", "change"]),
                None => git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "::error::<b>`change|"]),
            };
        }
        git(&["rev-parse", "HEAD"])
    }

    /// The runner's checkout of a ref, without its history.
    fn checkout(&self, name: &str) -> PathBuf {
        let folder = self.sandbox.root().join("checkout");
        let _ = std::fs::remove_dir_all(&folder);
        let address = format!("file://{}", self.sandbox.work().display());
        self.sandbox.git(&["clone", "-q", "--depth=1", "--branch", name, &address, folder.to_str().unwrap()]);
        folder
    }

    fn command(&self, directory: &Path, event: (&str, &Value)) -> Command {
        let temp = self.sandbox.root().join("temp");
        let file = temp.join("event.json");
        std::fs::write(&file, event.1.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/action");
        let mut command = self.sandbox.command(script.to_str().unwrap(), directory);
        for name in ["OUTPUT", "STEP_SUMMARY", "PATH"] {
            std::fs::write(temp.join(name), "").unwrap();
            command.env(format!("GITHUB_{name}"), temp.join(name));
        }
        for name in ["POLICY_ROOT", "BASE", "HEAD", "RELEASE_IDENTITIES", "RELEASE_TRUSTED_ROOT"] {
            command.env(format!("INPUT_{name}"), "");
        }
        let path = format!("{}:{}", self.sandbox.root().join("bin").display(), std::env::var("PATH").unwrap());
        command
            .env("PATH", path)
            // a runner has no configuration of paraph
            .env("HOME", &temp)
            .env("GITHUB_EVENT_NAME", event.0)
            .env("GITHUB_EVENT_PATH", file)
            .env("GITHUB_WORKSPACE", directory)
            .env("GITHUB_SERVER_URL", "https://forge.example")
            .env("GITHUB_REPOSITORY", "org/app")
            .env("RUNNER_TEMP", &temp)
            .env("INPUT_ALLOWED_IDENTITIES", "allowed-identities")
            .env("INPUT_TRUSTED_ROOT", "trusted_root.json");
        command
    }

    fn verify(&self, checkout: &Path, event: (&str, &Value)) -> Done {
        self.command(checkout, event).arg("verify").output().unwrap().into()
    }

    /// A pull request of `topic`, checked out as the forge's own merge commit.
    fn pull_request(&self, head: &str) -> Done {
        self.sandbox.git(&["switch", "-q", "-C", "merge", &self.base]);
        self.sandbox.git(&["merge", "-q", "--no-ff", "--no-gpg-sign", "-m", "the forge's merge", head]);
        let event = json!({ "pull_request": { "base": { "sha": self.base, "ref": "main" }, "head": { "sha": head } } });
        self.verify(&self.checkout("merge"), ("pull_request", &event))
    }

    fn push(&self, name: &str, before: &str, after: &str) -> Done {
        let event = json!({ "ref": name, "before": before, "after": after, "repository": { "default_branch": "main" } });
        self.verify(&self.checkout(name.rsplit('/').next().unwrap()), ("push", &event))
    }

    fn written(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.root().join("temp").join(name)).unwrap()
    }
}

#[test]
fn a_pull_request_of_good_commits_passes_in_a_shallow_checkout() {
    let Some(runner) = Runner::new("a_pull_request_of_good_commits_passes_in_a_shallow_checkout") else { return };
    let head = runner.topic(&[Some(EMAIL), Some(EMAIL)]);
    let done = runner.pull_request(&head);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let output = runner.written("OUTPUT");
    assert!(output.contains(&format!("range={}..{head}\nexit-code=0\n", runner.base)), "{output}");
    let verdicts = runner.written("paraph.jsonl");
    assert_eq!(verdicts.lines().count(), 2, "the forge's merge is not judged: {verdicts}");
    let summary = runner.written("STEP_SUMMARY");
    assert!(summary.contains("every signature is good"), "{summary}");
    assert!(summary.contains(&format!("](https://forge.example/org/app/commit/{head}) | good | `{EMAIL}`")), "{summary}");
    assert!(!done.stdout.contains("::error"), "{}", done.stdout);
}

#[test]
fn a_pull_request_with_other_commits_fails_and_says_what_to_do() {
    let Some(runner) = Runner::new("a_pull_request_with_other_commits_fails_and_says_what_to_do") else { return };
    let head = runner.topic(&[Some(EMAIL), Some("mallory@example.com"), None]);
    let done = runner.pull_request(&head);
    assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
    assert!(runner.written("OUTPUT").contains("exit-code=12\n"), "{}", runner.written("OUTPUT"));
    let summary = runner.written("STEP_SUMMARY");
    for part in ["2 of 3 are not good", "| untrusted | `mallory@example.com` |", "| unsigned |", "git commit --amend --no-edit -S"] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let sarif: Value = serde_json::from_str(&runner.written("paraph.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2, "{sarif}");
    let short = &head[..10];
    assert!(done.stdout.contains(&format!("::error title=paraph::{short} is unsigned")), "{}", done.stdout);
    // what paraph prints cannot give commands to the runner
    let begin = done.stdout.find("::stop-commands::").unwrap();
    let token = done.stdout[begin + 17..].lines().next().unwrap();
    assert!(token.len() == 32 && done.stdout.contains(&format!("\n::{token}::\n")), "{}", done.stdout);
}

#[test]
fn a_pull_request_does_not_decide_about_itself() {
    let Some(runner) = Runner::new("a_pull_request_does_not_decide_about_itself") else { return };
    runner.topic(&[]);
    let list = format!("mallory@example.com {} instance=custom\n", runner.sigstore.url);
    std::fs::write(runner.sandbox.work().join("allowed-identities"), list).unwrap();
    let email = "user.email=mallory@example.com";
    runner.sandbox.git(&["-c", email, "commit", "-q", "-S", "-a", "-m", "allow me"]);
    let done = runner.pull_request(&runner.sandbox.git(&["rev-parse", "HEAD"]));
    assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
    assert!(runner.written("OUTPUT").contains("exit-code=10\n"));
}

#[test]
fn pushes_are_verified_from_their_old_commit_or_the_default_branch() {
    let Some(runner) = Runner::new("pushes_are_verified_from_their_old_commit_or_the_default_branch") else { return };
    let head = runner.topic(&[Some(EMAIL), Some(EMAIL)]);
    let range = |from: &str, to: &str| format!("range={from}..{to}\nexit-code=0\n");
    let middle = runner.sandbox.git(&["rev-parse", "HEAD^"]);
    let gone = "1111111111111111111111111111111111111111";
    // a usual push, a new branch, and one whose old commit the forge no longer has
    for (before, from) in [(middle.as_str(), middle.as_str()), (ZEROS, &runner.base), (gone, &runner.base)] {
        let done = runner.push("refs/heads/topic", before, &head);
        assert_eq!(done.code, Some(0), "{before}: {}{}", done.stdout, done.stderr);
        assert!(runner.written("OUTPUT").contains(&range(from, &head)), "{}", runner.written("OUTPUT"));
    }
    // a tag: the tag itself
    runner.sandbox.git(&["tag", "-s", "-m", "tag", "v1", &head]);
    let tag = runner.sandbox.git(&["rev-parse", "refs/tags/v1"]);
    let done = runner.push("refs/tags/v1", ZEROS, &tag);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(runner.written("paraph.jsonl").contains("\"kind\":\"tag\""), "{}", runner.written("paraph.jsonl"));
    // the default branch has no earlier commit, and a deletion has nothing
    let done = runner.push("refs/heads/main", ZEROS, &runner.base);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    assert!(done.stdout.contains("no earlier commit"), "{}", done.stdout);
    let deletion = json!({ "ref": "refs/heads/gone", "before": head, "after": ZEROS, "repository": { "default_branch": "main" } });
    assert_eq!(runner.verify(&runner.checkout("main"), ("push", &deletion)).code, Some(0));
}

#[test]
fn an_event_without_two_ids_is_refused() {
    let Some(runner) = Runner::new("an_event_without_two_ids_is_refused") else { return };
    let checkout = runner.checkout("main");
    let head = json!({ "pull_request": { "base": { "sha": "$(touch x)" }, "head": { "sha": "--output=x" } } });
    for (name, event, part) in [
        ("pull_request", &head, "base and head are not two full ids"),
        ("pull_request", &json!({}), "base and head are not two full ids"),
        ("schedule", &json!({}), "the event schedule has no range"),
    ] {
        let done = runner.verify(&checkout, (name, event));
        assert_eq!(done.code, Some(1), "{}", done.stdout);
        assert!(done.stdout.contains(part), "{}", done.stdout);
    }
    assert!(!checkout.join("x").exists());
}

#[test]
fn the_archive_is_installed_only_with_its_digest_and_its_signature() {
    let Some(runner) = Runner::new("the_archive_is_installed_only_with_its_digest_and_its_signature") else { return };
    let sandbox = &runner.sandbox;
    let name = "paraph-0.1.0-x86_64-unknown-linux-gnu";
    let mirror = sandbox.root().join("mirror/v0.1.0");
    std::fs::create_dir_all(mirror.join(name)).unwrap();
    std::os::unix::fs::symlink(&sandbox.program, mirror.join(name).join("paraph")).unwrap();
    let archive = format!("{name}.tar.gz");
    let made: Done = sandbox.command("tar", &mirror).args(["-czf", &archive, name]).output().unwrap().into();
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    sigstore_tag(&runner, &mirror.join(&archive), &mirror.join("v0.1.0.sigstore.json"));
    let identities = sandbox.root().join("release-identities");
    let allow = |purposes: &str| {
        std::fs::write(&identities, format!("{EMAIL} {} instance=custom for={purposes}\n", runner.sigstore.url)).unwrap();
    };
    let digest: Done = sandbox.command("sha256sum", &mirror).arg(&archive).output().unwrap().into();
    let digest = digest.stdout[..64].to_owned();
    let install = |digest: &str| -> Done {
        let mut command = runner.command(&sandbox.work(), ("push", &json!({})));
        command
            .arg("install")
            .env("INPUT_VERSION", "0.1.0")
            .env("INPUT_SHA256", digest)
            .env("INPUT_RELEASE_URL", format!("file://{}", sandbox.root().join("mirror").display()))
            .env("INPUT_RELEASE_IDENTITIES", &identities)
            .env("INPUT_RELEASE_TRUSTED_ROOT", runner.sigstore.file("trusted_root.json"));
        command.output().unwrap().into()
    };

    allow("release,tag");
    let done = install(&digest);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let path = runner.written("PATH");
    assert!(Path::new(path.trim_end()).join("paraph").exists(), "{path}");

    let refused = |done: Done, part: &str| {
        assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
        assert_eq!(runner.written("PATH"), "");
    };
    refused(install(&"0".repeat(64)), "has another SHA-256");
    refused(install("main"), "not a SHA-256");
    allow("commit");
    refused(install(&digest), "the release 0.1.0 does not verify");
    allow("release,tag");
    std::fs::remove_file(mirror.join("v0.1.0.sigstore.json")).unwrap();
    refused(install(&digest), "the bundle of the release 0.1.0 could not be fetched");
}

#[test]
fn the_examples_for_other_platforms_tell_good_commits_from_others() {
    let Some(runner) = Runner::new("the_examples_for_other_platforms_tell_good_commits_from_others") else { return };
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/ci.md")).unwrap();
    // the heading, what precedes the commands and what follows them, and the variables of the platform
    let platforms = [
        ("GitLab CI", "script:\n", "```", "CI_MERGE_REQUEST_DIFF_BASE_SHA=BASE CI_COMMIT_SHA=HEAD"),
        ("Forgejo and Gitea", "run: |\n", "```", "BASE=BASE HEAD=HEAD URL=URL"),
        ("Buildkite", "command: |\n", "```", "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main BUILDKITE_COMMIT=HEAD"),
        ("Jenkins", "sh '''\n", "'''", "CHANGE_TARGET=main GIT_COMMIT=HEAD WORKSPACE_TMP=TEMP"),
    ];
    let temp = runner.sandbox.root().join("temp").display().to_string();
    let url = format!("file://{}", runner.sandbox.work().display());
    for (signers, code) in [(&[Some(EMAIL), Some(EMAIL)][..], 0), (&[Some(EMAIL), None], 12)] {
        let head = runner.topic(signers);
        for (heading, begin, end, variables) in platforms {
            let section = document.split_once(&format!("\n## {heading}\n")).unwrap().1;
            let commands = section.split_once(begin).unwrap().1.split_once(end).unwrap().0;
            let commands: Vec<&str> = commands.lines().map(|line| line.trim_start().trim_start_matches("- ")).collect();
            let commands = commands.join("\n").replace("$$", "$").replace("/tmp/", &format!("{temp}/"));
            assert!(commands.contains("paraph verify"), "{heading}: {commands}");
            let checkout = runner.checkout("topic");
            runner.sandbox.git_in(&checkout, &["fetch", "-q", "--unshallow"]);
            let mut shell = runner.sandbox.command("sh", &checkout);
            shell.env("PATH", format!("{}:{}", runner.sandbox.root().join("bin").display(), std::env::var("PATH").unwrap()));
            for (name, value) in variables.split(' ').map(|pair| pair.split_once('=').unwrap()) {
                let values = [("BASE", &runner.base), ("HEAD", &head), ("URL", &url), ("TEMP", &temp)];
                shell.env(name, values.iter().find(|(known, _)| *known == value).map_or(value, |(_, value)| value));
            }
            let done: Done = shell.args(["-ec", &commands]).output().unwrap().into();
            assert_eq!(done.code, Some(code), "{heading}: {commands}\n{}{}", done.stdout, done.stderr);
        }
    }
}

/// Tags HEAD and signs the archive as its release.
fn sigstore_tag(runner: &Runner, archive: &Path, bundle: &Path) {
    let sandbox = &runner.sandbox;
    let allowed = sandbox.home().join("allowed-identities");
    std::fs::write(&allowed, format!("{EMAIL} {} instance=local\n", runner.sigstore.url)).unwrap();
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
    sandbox.git(&["tag", "-s", "-m", "release", "v0.1.0"]);
    let done = sandbox.paraph(&["release", "v0.1.0", archive.to_str().unwrap(), "--output", bundle.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}
