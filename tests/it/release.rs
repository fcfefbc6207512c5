//! `paraph release` and `paraph verify-release`: from the signed tag to the machine without network.

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use paraph::{
    internals::{
        cli::exit::code_of,
        local::{Instance, Job},
    },
    policy::Verdict,
};
use std::path::PathBuf;

struct Setup {
    sigstore: Sigstore,
    sandbox: Sandbox,
}

impl Setup {
    /// A repository with a signed tag v1.2, and two files that are released from it.
    fn new() -> Self {
        let sigstore = Sigstore::start();
        let mut sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        sandbox.set("PARAPH_REKOR_VERSION", "2");
        let setup = Self { sigstore, sandbox };
        setup.allow(&["", "for=release"]);
        std::fs::write(setup.path("source"), "source\n").unwrap();
        setup.sandbox.git(&["add", "source"]);
        setup.sandbox.git(&["commit", "-q", "-S", "-m", "source"]);
        setup.sandbox.git(&["tag", "-s", "v1.2", "-m", "release"]);
        std::fs::write(setup.path("app-1.2.tar.gz"), "archive\n").unwrap();
        std::fs::write(setup.path("sbom.json"), "{}\n").unwrap();
        setup
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.work().join(name)
    }

    /// Allows the signer in these lines.
    fn allow(&self, options: &[&str]) {
        let lines: String = options.iter().map(|options| format!("{EMAIL} {} instance=local {options}\n", self.sigstore.url)).collect();
        let file = self.sandbox.home().join("allowed-identities");
        std::fs::write(&file, lines).unwrap();
        self.sandbox.git(&["config", "--global", "paraph.allowedIdentities", file.to_str().unwrap()]);
    }

    fn release(&self) {
        let done = self.sandbox.paraph(&["release", "v1.2", "app-1.2.tar.gz", "sbom.json", "--force"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(done.stdout, format!("release v1.2: signed as {EMAIL} in v1.2.sigstore.json\n"));
    }

    fn verify(&self, more: &[&str]) -> Done {
        self.sandbox.paraph(&[&["verify-release", "app-1.2.tar.gz"], more].concat())
    }

    /// The verdict's exit code, and a part of the one sentence that says why.
    fn refuses(&self, more: &[&str], code: i32, sentence: &str) {
        let done = self.verify(more);
        assert_eq!((done.code, done.stdout.as_str()), (Some(code), ""), "{more:?}: {}", done.stderr);
        assert!(done.stderr.contains(sentence), "{more:?}: {}", done.stderr);
        self.refuses_in_json(more, &done);
    }

    /// JSON has each file with the verdict of the exit code, a documented reason and the sentence of the error. Without a verdict there is none.
    fn refuses_in_json(&self, more: &[&str], plain: &Done) {
        let done = self.verify(&[more, &["--json"]].concat());
        assert_eq!((done.code, done.stderr.as_str()), (plain.code, plain.stderr.as_str()), "{more:?}");
        let documents: Vec<serde_json::Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let files = 1 + more.iter().take_while(|argument| !argument.starts_with("--")).count();
        assert_eq!(documents.len(), if done.code < Some(10) { 0 } else { files }, "{more:?}: {}", done.stdout);
        let pages = ["reasons.md", "files.md"].map(|name| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("man").join(name));
        let pages = pages.map(|page| std::fs::read_to_string(page).unwrap()).concat();
        for document in documents {
            let verdict = Verdict::ALL.into_iter().find(|verdict| document["verdict"] == verdict.as_str()).unwrap();
            assert_eq!(done.code, Some(code_of(verdict).into()), "{document}");
            assert!(pages.contains(&format!("| `{}` |", document["reason"].as_str().unwrap())), "{document}");
            assert!(done.stderr.contains(document["message"].as_str().unwrap()), "{document}");
        }
    }
}

#[test]
fn a_release_ties_its_files_to_the_signed_tag_and_verifies_offline() {
    let mut setup = Setup::new();
    setup.release();
    let commit = setup.sandbox.git(&["rev-parse", "--short=7", "HEAD"]);
    setup.sigstore.stop();
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let sentence = |file: &str, here: &str| {
        format!("{file} was released by {EMAIL} from tag v1.2 (signed by {EMAIL} on {day}), commit {commit}{here}.\n")
    };
    let done = setup.sandbox.paraph(&["verify-release", "app-1.2.tar.gz", "sbom.json"]);
    let here = ", as in this repository";
    assert_eq!((done.code, done.stdout), (Some(0), sentence("app-1.2.tar.gz", here) + &sentence("sbom.json", here)), "{}", done.stderr);
    // on a machine without the repository
    let elsewhere = setup.sandbox.home().join("downloads");
    std::fs::create_dir(&elsewhere).unwrap();
    for name in ["app-1.2.tar.gz", "v1.2.sigstore.json"] {
        std::fs::copy(setup.path(name), elsewhere.join(name)).unwrap();
    }
    let done = setup.sandbox.paraph_in(&elsewhere, &["verify-release", "app-1.2.tar.gz", "--tag", "v1.2"]);
    let caution = "The tag was not compared with a repository: this folder is not in a clone of its repository.\n";
    assert_eq!((done.code, done.stdout), (Some(0), sentence("app-1.2.tar.gz", "") + caution), "{}", done.stderr);
    let done = setup.sandbox.paraph_in(&elsewhere, &["verify-release", "app-1.2.tar.gz", "--json"]);
    let read: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((read["releasedBy"].as_str(), read["comparedWithRepository"].as_bool()), (Some(EMAIL), Some(false)));
    assert_eq!(read["tagId"].as_str().unwrap(), setup.sandbox.git(&["rev-parse", "v1.2"]));
    assert_eq!(read["tree"].as_str().unwrap(), setup.sandbox.git(&["rev-parse", "v1.2^{tree}"]));
}

/// Without any network interface, not even loopback.
#[test]
fn a_release_verifies_on_a_machine_without_network() {
    let setup = Setup::new();
    setup.release();
    let without_network = |arguments: &[&str]| -> Done {
        let mut unshare = setup.sandbox.command("unshare", &setup.sandbox.work());
        unshare.args(["--user", "--map-root-user", "--net"]).args(arguments).output().unwrap().into()
    };
    if without_network(&["true"]).code != Some(0) {
        eprintln!("a_release_verifies_on_a_machine_without_network: skipped, there are no network namespaces");
        return;
    }
    let done = without_network(&[&setup.sandbox.program, "verify-release", "app-1.2.tar.gz", "sbom.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains(&format!("sbom.json was released by {EMAIL} from tag v1.2")), "{}", done.stdout);
}

#[test]
fn in_a_clone_the_tag_here_must_be_the_released_one() {
    let setup = Setup::new();
    setup.release();
    let tag = setup.sandbox.git(&["rev-parse", "v1.2"]);
    setup.sandbox.git(&["update-ref", "-d", "refs/tags/v1.2"]);
    setup.refuses(&[], 14, "this repository has no tag v1.2 to compare the release with");
    // a tag that is there and cannot be read is not the same as none
    for (content, code, words) in [
        (format!("{}\n", "ab".repeat(20)), 4, "abab"),
        ("garbage\n".to_owned(), 14, "the tag v1.2 here leads to nothing"),
        ("ref: refs/tags/none\n".to_owned(), 14, "the tag v1.2 here leads to nothing"),
        (String::new(), 14, "the tag v1.2 here leads to nothing"),
    ] {
        std::fs::write(setup.path(".git/refs/tags/v1.2"), &content).unwrap();
        setup.refuses(&[], code, words);
    }
    std::fs::write(setup.path(".git/refs/tags/v1.2"), format!("{tag}\n")).unwrap();
    assert_eq!(setup.verify(&[]).code, Some(0));
    // another repository
    std::fs::remove_dir_all(setup.path(".git")).unwrap();
    setup.sandbox.git(&["init", "-q", "-b", "main"]);
    setup.sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "other"]);
    setup.refuses(&[], 15, "this repository has neither the tag v1.2 nor its commit ");
    let json: serde_json::Value = serde_json::from_str(&setup.verify(&["--json"]).stdout).unwrap();
    assert_eq!((json["verdict"].as_str(), json["reason"].as_str()), (Some("bad"), Some("release-other-repository")));
    // which has a tag of this name
    setup.sandbox.git(&["tag", "-s", "v1.2", "-m", "another release"]);
    setup.refuses(
        &[],
        15,
        &format!("the tag v1.2 here is the tag {}; the release is of the tag {tag}", setup.sandbox.git(&["rev-parse", "v1.2"])),
    );
}

#[test]
fn a_release_that_only_the_repository_trusts_says_so() {
    let setup = Setup::new();
    setup.release();
    let file = setup.sandbox.git(&["config", "--global", "paraph.allowedIdentities"]);
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    setup.sandbox.git(&["config", "paraph.allowedIdentities", &file]);
    let done = setup.verify(&[]);
    let said = done.stdout.lines().last().unwrap();
    assert!(done.code == Some(0) && said.starts_with("Trusted by the repository's own configuration: "), "{done:?}");
    let json: serde_json::Value = serde_json::from_str(&setup.verify(&["--json"]).stdout).unwrap();
    assert_eq!(json["trustedBy"], "repository");
    // a pipe is read once
    let archive = std::fs::read(setup.path("app-1.2.tar.gz")).unwrap();
    let done = setup.sandbox.paraph_with(&["verify-release", "-", "--bundle", "v1.2.sigstore.json"], &archive);
    let begin = "standard input (released as app-1.2.tar.gz) was released by ";
    assert!(done.code == Some(0) && done.stdout.starts_with(begin), "{done:?}");
}

#[test]
fn a_tag_that_somebody_else_signed_again_is_refused() {
    const EVE: &str = "eve@example.com";
    let mut setup = Setup::new();
    setup.release();
    let tag = setup.sandbox.git(&["rev-parse", "v1.2"]);
    // Eve signs a tag of the same name for the same commit
    setup.sandbox.set("SIGSTORE_ID_TOKEN", &setup.sigstore.token(EVE));
    setup.sandbox.set("PARAPH_TOKEN_PROVIDER", "envvar");
    setup.sandbox.git(&["tag", "-f", "-s", "v1.2", "v1.2^{}", "-m", "release"]);
    let resigned = setup.sandbox.git(&["rev-parse", "v1.2"]);
    setup.refuses(&[], 15, &format!("the tag v1.2 here is the tag {resigned}; the release is of the tag {tag}"));
    // even if Eve may sign tags, this is not the tag of the release
    let file = setup.sandbox.home().join("allowed-identities");
    let url = &setup.sigstore.url;
    let with_eve = format!("{EMAIL} {url} instance=local\n{EMAIL} {url} instance=local for=release\n{EVE} {url} instance=local\n");
    std::fs::write(&file, &with_eve).unwrap();
    setup.refuses(&[], 15, &format!("the release is of the tag {tag}"));
    // a release of it, by Eve, who may not release
    std::fs::write(setup.path("eve.tar.gz"), "archive\n").unwrap();
    let done = setup.sandbox.paraph(&["release", "v1.2", "eve.tar.gz", "--output", "eve.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let verify = |code: i32, sentence: &str| {
        let done = setup.sandbox.paraph(&["verify-release", "eve.tar.gz", "--bundle", "eve.json"]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(code), ""), "{}", done.stderr);
        assert!(done.stderr.contains(sentence), "{}", done.stderr);
    };
    verify(
        10,
        &format!(
            "eve.tar.gz as a file of the release in eve.json is untrusted: {}:3 does not allow {EVE} to sign a release",
            file.display()
        ),
    );
    // a release of it by somebody who may release, where Eve may not sign tags
    setup.sandbox.unset("SIGSTORE_ID_TOKEN");
    setup.sandbox.unset("PARAPH_TOKEN_PROVIDER");
    let done = setup.sandbox.paraph(&["release", "v1.2", "eve.tar.gz", "--output", "eve.json", "--force"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    setup.allow(&["", "for=release"]);
    let done = setup.sandbox.paraph(&["verify-release", "eve.tar.gz", "--bundle", "eve.json"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(10), ""), "{}", done.stderr);
    assert!(done.stderr.contains("the tag v1.2 in the release is untrusted: ") && done.stderr.contains(EVE), "{}", done.stderr);
}

/// What a job of GitHub Actions would be told about itself.
fn job(commit: &str) -> Job {
    Job {
        job_workflow_ref: "org/repo/.github/workflows/release.yml@refs/tags/v1.2".into(),
        repository: "org/repo".into(),
        sha: commit.into(),
        reference: "refs/tags/v1.2".into(),
        event_name: "push".into(),
        run_id: "17".into(),
    }
}

const WORKFLOW: &str = "https://github.com/org/repo/.github/workflows/release.yml@refs/tags/v1.2";

impl Setup {
    /// Lets a job for a commit sign, whose workflow may release.
    fn run_as_job(&mut self, commit: &str) {
        let url = &self.sigstore.url;
        let lines = format!("{EMAIL} {url} instance=local\n{WORKFLOW} {url} instance=local for=release,attestation\n");
        std::fs::write(self.sandbox.home().join("allowed-identities"), lines).unwrap();
        let token = Instance::open(&self.sigstore.folder).unwrap().job_token(job(commit)).unwrap();
        self.sandbox.unset("SIGSTORE_ID_TOKEN");
        self.sandbox.set("SIGSTORE_ID_TOKEN", &token);
        self.sandbox.unset("PARAPH_TOKEN_PROVIDER");
        self.sandbox.set("PARAPH_TOKEN_PROVIDER", "envvar");
    }
}

#[test]
fn a_job_s_release_has_provenance_about_the_same_files_and_commit() {
    let mut setup = Setup::new();
    let commit = setup.sandbox.git(&["rev-parse", "HEAD"]);
    setup.run_as_job(&commit);
    let done = setup.sandbox.paraph(&["release", "v1.2", "app-1.2.tar.gz", "sbom.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let bundles = ["v1.2.sigstore.json", "v1.2.provenance.sigstore.json"];
    assert_eq!(done.stdout, bundles.map(|bundle| format!("release v1.2: signed as {WORKFLOW} in {bundle}\n")).concat());
    let done = setup.verify(&[]);
    assert!(
        done.stdout.starts_with(&format!("app-1.2.tar.gz was released by {WORKFLOW} from tag v1.2 (signed by {EMAIL} on ")),
        "{done:?}"
    );
    for file in ["app-1.2.tar.gz", "sbom.json"] {
        let done = setup.sandbox.paraph(&["verify-file", file, "--bundle", bundles[1], "--type", "slsaprovenance1"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(setup.path(bundles[1])).unwrap()).unwrap();
    let payload = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bundle["dsseEnvelope"]["payload"].as_str().unwrap());
    let statement: serde_json::Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(
        definition["externalParameters"]["source"],
        serde_json::json!({"uri": "https://github.com/org/repo", "ref": "refs/tags/v1.2"})
    );
    let digests = &definition["resolvedDependencies"][0]["digest"];
    assert_eq!(digests["gitCommit"], commit);
    assert_eq!(digests["gitTag"], setup.sandbox.git(&["rev-parse", "v1.2"]));
    assert_eq!(digests["gitTree"], setup.sandbox.git(&["rev-parse", "v1.2^{tree}"]));
    assert_eq!(statement["predicate"]["runDetails"]["builder"]["id"], WORKFLOW);
    let invocation = "https://github.com/org/repo/actions/runs/17/attempts/1";
    assert_eq!(statement["predicate"]["runDetails"]["metadata"]["invocationId"], invocation);
}

#[test]
fn a_job_for_another_commit_releases_nothing_and_its_statement_is_refused() {
    let mut setup = Setup::new();
    setup.release();
    let statement = {
        let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(setup.path("v1.2.sigstore.json")).unwrap()).unwrap();
        let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap()
    };
    std::fs::remove_file(setup.path("v1.2.sigstore.json")).unwrap();
    let (commit, other) = (setup.sandbox.git(&["rev-parse", "HEAD"]), "ab".repeat(20));
    setup.run_as_job(&other);
    let done = setup.sandbox.paraph(&["release", "v1.2", "app-1.2.tar.gz"]);
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    let refused = format!("error: this job builds the commit {other}; the commit of the tag is {commit}\nhint: run the job for the tag.\n");
    assert!(done.stderr.ends_with(&refused), "{}", done.stderr);
    assert!(!setup.path("v1.2.sigstore.json").exists() && !setup.path("v1.2.provenance.sigstore.json").exists());
    // another program does not refuse to sign the statement of another repository
    std::fs::write(setup.path("statement.json"), statement).unwrap();
    let done = setup.sandbox.paraph(&["sign", "--statement", "statement.json", "--bundle", "lie.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let sentence =
        format!("a job for the commit {other} of https://github.com/org/repo signed the release; the commit of the tag is {commit}");
    setup.refuses(&["--bundle", "lie.json"], 15, &sentence);
}

#[test]
fn each_lie_about_a_release_is_refused_by_name() {
    let setup = Setup::new();
    setup.release();
    setup.refuses(&["--tag", "v1.3"], 15, "were released from the tag v1.2; expected v1.3");
    assert_eq!(setup.verify(&["--tag", "refs/tags/v1.2"]).code, Some(0));
    setup.refuses(&["--tag", "refs/tags/refs/tags/v1.2"], 15, "were released from the tag v1.2; expected refs/tags/refs/tags/v1.2");
    setup.refuses(&["source"], 15, "source as a file of the release in ./v1.2.sigstore.json is bad");
    setup.allow(&[""]);
    let clause = |kind: &str| {
        format!(
            "untrusted: {}:1 does not allow {EMAIL} to sign {kind}\nhint: if you trust {EMAIL}, run ",
            setup.sandbox.home().join("allowed-identities").display()
        )
    };
    let line = format!("`paraph allow {EMAIL} {} --instance local", setup.sigstore.url);
    setup.refuses(
        &[],
        10,
        &format!("app-1.2.tar.gz as a file of the release in ./v1.2.sigstore.json is {}{line} --for release`.", clause("a release")),
    );
    setup.allow(&["for=release"]);
    setup.refuses(&[], 10, &format!("the tag v1.2 in the release is {}{line}`.", clause("a tag")));
    let again = setup.sandbox.paraph(&["release", "v1.2", "app-1.2.tar.gz", "--force"]);
    assert!(again.code == Some(10) && again.stderr.contains(&format!("the tag v1.2 is {}{line}`.", clause("a tag"))), "{again:?}");
    setup.allow(&["", "for=release"]);

    // another tag of the same name here
    let tag = setup.sandbox.git(&["rev-parse", "v1.2"]);
    setup.sandbox.git(&["tag", "-f", "-s", "v1.2", "-m", "moved"]);
    setup.refuses(&[], 15, &format!("the release is of the tag {tag}"));
    setup.sandbox.git(&["tag", "-f", "v1.2", "HEAD"]);
    setup.refuses(&[], 15, "the tag v1.2 here is the commit");
    setup.sandbox.git(&["update-ref", "refs/tags/v1.2", &tag]);
    assert_eq!(setup.verify(&[]).code, Some(0));

    std::fs::write(setup.path("app-1.2.tar.gz"), "another archive\n").unwrap();
    setup.refuses(&[], 15, "is bad");
    // another file of the same release
    std::fs::copy(setup.path("sbom.json"), setup.path("app-1.2.tar.gz")).unwrap();
    let swapped = "app-1.2.tar.gz is the file sbom.json of the release; the release has another file with the name app-1.2.tar.gz";
    setup.refuses(&[], 15, swapped);
    std::fs::copy(setup.path("sbom.json"), setup.path("sbom (1).json")).unwrap();
    let done = setup.sandbox.paraph(&["verify-release", "sbom (1).json"]);
    assert!(done.code == Some(0) && done.stdout.starts_with("sbom (1).json (released as sbom.json) was released by"), "{done:?}");
    std::fs::remove_file(setup.path("app-1.2.tar.gz")).unwrap();
    setup.refuses(&[], 8, "app-1.2.tar.gz cannot be read");
    std::fs::write(setup.path("app-1.2.tar.gz"), "archive\n").unwrap();

    std::fs::copy(setup.path("v1.2.sigstore.json"), setup.path("v1.3.sigstore.json")).unwrap();
    setup.refuses(&[], 2, "there are several release bundles beside the files");
    std::fs::remove_file(setup.path("v1.3.sigstore.json")).unwrap();
    // a plain signature is no release
    let done = setup.sandbox.paraph(&["sign", "app-1.2.tar.gz"]);
    assert_eq!((done.code, setup.verify(&[]).code), (Some(0), Some(0)));
    setup.refuses(&["--bundle", "app-1.2.tar.gz.sigstore.json"], 14, "and no statement");
    std::fs::remove_file(setup.path("v1.2.sigstore.json")).unwrap();
    setup.refuses(&[], 12, "there is no release bundle beside the files");
}

#[test]
fn a_statement_that_embeds_another_tag_is_refused() {
    let setup = Setup::new();
    setup.release();
    let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(setup.path("v1.2.sigstore.json")).unwrap()).unwrap();
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let original: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    // the same signer signs it, so that only the contents are wrong
    let signed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut statement = original.clone();
        change(&mut statement["predicate"]);
        std::fs::write(setup.path("lie.json"), statement.to_string()).unwrap();
        let done = setup.sandbox.paraph(&["sign", "--statement", "lie.json", "--bundle", "lie.bundle", "--force"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    };
    let refuses = |sentence: &str| setup.refuses(&["--bundle", "lie.bundle"], 15, sentence);
    signed(&|_| {});
    assert_eq!(setup.verify(&["--bundle", "lie.bundle"]).code, Some(0));
    signed(&|predicate| predicate["tag"]["digest"]["gitTag"] = "ab".repeat(20).into());
    refuses("it states abab");
    signed(&|predicate| predicate["commit"]["digest"]["gitCommit"] = "ab".repeat(20).into());
    refuses("it states the commit abab");
    signed(&|predicate| predicate["tree"]["digest"]["gitTree"] = "ab".repeat(20).into());
    refuses("the release states abab");
    signed(&|predicate| predicate["tag"]["name"] = "v9".into());
    refuses("it states \"v9\"");
    signed(&|predicate| *predicate = serde_json::json!({}));
    refuses("its predicate is not that of a release");
    // an unsigned tag, with its right digest
    setup.sandbox.git(&["tag", "-a", "-f", "unsigned", "-m", "x", "v1.2^{}"]);
    let (id, raw) = (setup.sandbox.git(&["rev-parse", "unsigned"]), setup.sandbox.git(&["cat-file", "tag", "unsigned"]) + "\n");
    signed(&|predicate| {
        predicate["tag"] = serde_json::json!({"name": "unsigned", "object": STANDARD.encode(&raw), "digest": {"gitTag": id}});
    });
    setup.refuses(&["--bundle", "lie.bundle"], 12, "the tag unsigned in the release is unsigned");
}

#[test]
fn the_bundle_of_a_release_replaces_no_file_of_it() {
    let setup = Setup::new();
    for output in ["sbom.json", "./app-1.2.tar.gz"] {
        let done = setup.sandbox.paraph(&["release", "v1.2", "app-1.2.tar.gz", "sbom.json", "--output", output, "--force"]);
        assert!(done.code == Some(2) && done.stderr.contains("would replace"), "{}", done.stderr);
    }
    assert_eq!(std::fs::read(setup.path("sbom.json")).unwrap(), b"{}\n");
}

#[test]
fn only_a_good_tag_that_is_checked_out_is_released() {
    let setup = Setup::new();
    let refused = |arguments: &[&str], code: i32, sentence: &str| {
        let done = setup.sandbox.paraph(&[&["release"], arguments].concat());
        assert_eq!(done.code, Some(code), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(sentence), "{arguments:?}: {}", done.stderr);
        assert!(!setup.path("v1.2.sigstore.json").exists());
    };
    setup.sandbox.git(&["tag", "light"]);
    setup.sandbox.git(&["tag", "-a", "annotated", "-m", "x"]);
    refused(&["light", "sbom.json"], 4, "light is not an annotated tag");
    refused(&["annotated", "sbom.json"], 12, "the tag annotated is unsigned");
    refused(&["nowhere", "sbom.json"], 4, "nowhere");
    refused(&["v1.2", "missing"], 8, "missing cannot be read");
    std::fs::create_dir(setup.path("other")).unwrap();
    std::fs::write(setup.path("other/sbom.json"), "").unwrap();
    refused(&["v1.2", "sbom.json", "other/sbom.json"], 2, "two files have the name sbom.json");
    setup.allow(&["for=commit"]);
    refused(&["v1.2", "sbom.json"], 10, "the tag v1.2 is untrusted");
    setup.allow(&["", "for=release"]);
    std::fs::write(setup.path("source"), "modified\n").unwrap();
    refused(&["v1.2", "sbom.json"], 4, "tracked files are modified: source");
    setup.sandbox.git(&["commit", "-q", "-S", "-a", "-m", "later"]);
    refused(&["v1.2", "sbom.json"], 4, "the commit of the tag is");
    let done = setup.sandbox.paraph(&["release", "v1.2", "sbom.json", "--any-worktree", "--output", "other/release.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(setup.path("other/release.json").exists());
}
