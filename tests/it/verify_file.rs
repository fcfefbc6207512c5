//! `paraph verify-file` and `paraph show` on a bundle: discovery, verdicts, exit codes, formats.

use crate::support::sandbox::Sandbox;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// A file with its good bundle, and the options that verify it.
struct Files {
    sandbox: Sandbox,
    bundle: String,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

impl Files {
    fn new(vector: &str) -> Self {
        let folder = vectors().join("bundles").join(vector);
        let bundle: Value = serde_json::from_slice(&std::fs::read(folder.join("bundle.sigstore.json")).unwrap()).unwrap();
        let sandbox = Sandbox::new();
        std::fs::copy(folder.join("artifact"), sandbox.work().join("file")).unwrap();
        Self { sandbox, bundle: bundle.to_string() }
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.sandbox.work().join(name), content).unwrap();
    }

    fn verify(&self, arguments: &[&str]) -> crate::support::sandbox::Done {
        let root = vectors().join("trusted_root.json");
        let fixed = ["verify-file", "--trusted-root", root.to_str().unwrap(), "--at", "2026-01-01T00:00:00Z"];
        self.sandbox.paraph(&[&fixed[..], arguments].concat())
    }

    fn expecting(&self, arguments: &[&str]) -> crate::support::sandbox::Done {
        let expected = ["--certificate-identity", "alice@example.com", "--certificate-oidc-issuer", "https://issuer.example"];
        self.verify(&[&expected[..], arguments].concat())
    }
}

#[test]
fn a_bundle_beside_the_file_is_found_under_each_of_its_names() {
    for name in ["file.sigstore.json", "file.sigstore.jsonl", "file.sigstore"] {
        let files = Files::new("v2_ok");
        assert_eq!(files.expecting(&["file"]).code, Some(12), "no bundle is unsigned");
        files.write(name, &files.bundle);
        let done = files.expecting(&["file"]);
        assert_eq!(done.code, Some(0), "{name}: {}{}", done.stdout, done.stderr);
        assert!(done.stdout.starts_with("file file: good\n  Good signature from alice@example.com"), "{}", done.stdout);
    }
}

#[test]
fn one_good_bundle_of_several_is_enough_and_all_are_listed() {
    let files = Files::new("v1_ok");
    let wrong = files.bundle.replace("\"signature\":\"MEU", "\"signature\":\"MEV");
    let wrong = if wrong == files.bundle { files.bundle.replace("0.3+json", "0.9+json") } else { wrong };
    files.write("file.sigstore.jsonl", &format!("{wrong}\n{}\n", files.bundle));
    let done = files.expecting(&["--json", "file"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((report["file"].as_str(), report["verdict"].as_str(), report["kind"].as_str()), (Some("file"), Some("good"), Some("file")));
    assert_eq!(report["bundle"], "file.sigstore.jsonl#2");
    assert_eq!(report["bundles"].as_array().unwrap().len(), 2);
    files.write("file.sigstore.jsonl", &wrong);
    assert_ne!(files.expecting(&["file"]).code, Some(0));
}

#[test]
fn a_digest_stands_for_the_file_and_another_file_is_bad() {
    let files = Files::new("v2_ok");
    files.write("b", &files.bundle);
    let digest = hex::encode(Sha256::digest(std::fs::read(files.sandbox.work().join("file")).unwrap()));
    assert_eq!(files.expecting(&["--bundle", "b", &format!("sha256:{digest}")]).code, Some(0));
    let done = files.expecting(&[&format!("sha256:{digest}")]);
    assert_eq!(done.code, Some(2), "a digest has nothing beside it: {}", done.stderr);
    let done = files.expecting(&["--bundle", "b", "sha256:abc"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("\"sha256:abc\" is neither a file nor a digest"), "{}", done.stderr);
    files.write("sha256:abc", "a file of that name");
    assert_eq!(files.expecting(&["--bundle", "b", "sha256:abc"]).code, Some(15));
    files.write("other", "another file");
    let done = files.expecting(&["--bundle", "b", "--json", "other"]);
    assert_eq!(done.code, Some(15));
    assert_eq!(serde_json::from_str::<Value>(&done.stdout).unwrap()["reason"], "message-digest-mismatch");
    assert_eq!(files.expecting(&["--bundle", "b", "missing"]).code, Some(8));
    let done = files.expecting(&["--bundle", "b", "--type", "spdxjson", "--json", "file"]);
    assert_eq!(serde_json::from_str::<Value>(&done.stdout).unwrap()["reason"], "predicate-type");
    assert_eq!(files.expecting(&["--type", "no type", "file"]).code, Some(2));
}

#[test]
fn an_allowed_identity_signs_files_only_if_its_line_says_so() {
    let files = Files::new("v2_ok");
    files.write("file.sigstore.json", &files.bundle);
    for (kinds, code) in [("", 10), (" for=commit,tag,push", 10), (" for=attestation", 10), (" for=release", 10), (" for=file", 0)] {
        files.write("allowed", &format!("alice@example.com https://issuer.example instance=custom{kinds}\n"));
        let allowed = files.sandbox.work().join("allowed");
        files.sandbox.git(&["config", "--global", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
        let done = files.verify(&["file"]);
        assert_eq!(done.code, Some(code), "{kinds}: {}{}", done.stdout, done.stderr);
        let line = "run `paraph allow alice@example.com https://issuer.example --instance custom --for file`.";
        assert_eq!(done.stdout.contains(line), code == 10, "{kinds}: {}", done.stdout);
    }
}

#[test]
fn a_bundle_is_shown_with_all_that_it_holds() {
    let files = Files::new("v2_ok");
    files.write("file.sigstore.json", &files.bundle);
    let done = files.sandbox.paraph(&["show", "--json", "file.sigstore.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let shown: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(shown["contents"]["certificates"][0]["identity"], "alice@example.com");
    assert_eq!(shown["contents"]["logEntries"][0]["kind"], "hashedrekord 0.0.2");
    assert_eq!(shown["contents"]["timestamps"].as_array().unwrap().len(), 1);
    let done = files.sandbox.paraph(&["show", "file.sigstore.json"]);
    assert!(done.stdout.contains("identity: alice@example.com"), "{}", done.stdout);
    files.write("file.sigstore.json", "{");
    assert_eq!(files.sandbox.paraph(&["show", "file.sigstore.json"]).code, Some(4));
}

#[test]
fn sarif_names_a_file_that_is_not_good_by_its_path() {
    let files = Files::new("v2_ok");
    files.write("a file", "unsigned");
    let done = files.expecting(&["--format", "sarif", "a file"]);
    assert_eq!(done.code, Some(12));
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    let result = &document["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "no-bundle");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20file");
}
