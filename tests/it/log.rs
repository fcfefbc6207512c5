//! `paraph log`: entries and proofs of a log, and the logs that lie.

use crate::support::{
    log::FakeLog,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
    socket::Silent,
};
use paraph::internals::local::ServeOptions;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

struct Setup {
    sigstore: Sigstore,
    sandbox: Sandbox,
}

impl Setup {
    fn new(version: &str) -> Self {
        let sigstore = Sigstore::start();
        let mut sandbox = sigstore.signed_history(&[]);
        sandbox.set("PARAPH_REKOR_VERSION", version);
        Self { sigstore, sandbox }
    }

    /// Signs a file, so that the log has one entry more. Returns the name of the bundle.
    fn sign(&self, name: &str) -> String {
        std::fs::write(self.sandbox.work().join(name), name).unwrap();
        let done = self.sandbox.paraph(&["sign", name]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        format!("{name}.sigstore.json")
    }

    fn log(&self, arguments: &[&str]) -> Done {
        self.sandbox.paraph(&[&["log"], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.log(&[arguments, &["--json"]].concat());
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// The exit code, a part of the error, and a part of the hint.
    fn refuses(&self, arguments: &[&str], code: i32, error: &str, hint: &str) {
        let done = self.log(arguments);
        assert_eq!((done.code, done.stdout.as_str()), (Some(code), ""), "{arguments:?}: {}", done.stderr);
        let (message, advice) = done.stderr.split_once("hint: ").unwrap_or((&done.stderr, ""));
        assert!(message.contains(error) && advice.contains(hint), "{arguments:?}: {}", done.stderr);
    }

    /// The state of the Sigstore, to be put back by [`Setup::restore`].
    fn back_up(&mut self) -> PathBuf {
        self.sigstore.stop();
        let copy = self.sandbox.root().join("backup");
        copy_folder(&self.sigstore.folder, &copy);
        self.sigstore.restart(ServeOptions::default());
        copy
    }

    fn restore(&mut self, copy: &Path) {
        self.sigstore.stop();
        copy_folder(copy, &self.sigstore.folder);
        self.sigstore.restart(ServeOptions::default());
    }

    fn bundle(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.sandbox.work().join(name)).unwrap()).unwrap()
    }

    fn write(&self, name: &str, bundle: &Value) {
        std::fs::write(self.sandbox.work().join(name), bundle.to_string()).unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy_folder(&entry.path(), &to.join(entry.file_name())),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
            _ => {}
        }
    }
}

#[test]
fn entries_are_shown_by_index_and_uuid_after_they_were_verified() {
    for version in ["1", "2"] {
        let setup = Setup::new(version);
        setup.sign("first");
        setup.sign("second");
        let read = setup.json(&["get", "1"]);
        assert_eq!((&read["logIndex"], &read["treeSize"]), (&json!(1), &json!(2)), "{read}");
        assert_eq!(read["certificates"][0]["identity"], EMAIL);
        assert_eq!(read["kind"], format!("hashedrekord 0.0.{version}"));
        assert_eq!(read["signedEntryTimestamp"], json!(version == "1"));
        assert_eq!(read["integratedTime"].is_string(), version == "1");
        assert!(read["body"]["spec"].is_object(), "{read}");
        let text = setup.log(&["get", "1"]).stdout;
        let what =
            if version == "1" { "its signed entry timestamp and its inclusion proof verify" } else { "its inclusion proof verifies" };
        assert!(text.starts_with("entry 1 of the log ") && text.contains("tree of 2 entries") && text.contains(what), "{text}");
        assert!(text.contains(&format!("identity: {EMAIL}")), "{text}");
        setup.refuses(&["get", "2"], 4, "has no entry 2", "--rekor-url names another log");
        // an older tree has a proof too
        assert_eq!(setup.json(&["get", "0"])["proofIndex"], json!(0));
        if version == "1" {
            let uuid = read["uuid"].as_str().unwrap();
            assert_eq!(setup.json(&["get", uuid])["leafHash"], read["leafHash"]);
            assert_eq!(setup.json(&["get", &uuid[16..]])["logIndex"], json!(1));
            assert_eq!(setup.json(&["get", &uuid.to_uppercase()])["logIndex"], json!(1));
            setup.refuses(&["get", &"ab".repeat(40)], 4, "has no entry abab", "check the UUID");
        } else {
            // it is an entry of version 1, whatever version signs
            setup.refuses(&["get", &"ab".repeat(32)], 4, "has no entry abab", "check the UUID");
            setup.refuses(
                &["get", &"ab".repeat(32), "--rekor-version", "2"],
                2,
                "entries of Rekor v2 have no UUID",
                "give the entry's index",
            );
        }
    }
}

#[test]
fn a_name_that_names_no_entry_is_refused_before_the_log_is_asked() {
    let mut setup = Setup::new("1");
    setup.sigstore.stop();
    for name in ["", "x", "-1", "+1", "1.5", "9223372036854775808", &"a".repeat(63), &"g".repeat(64), &"a".repeat(81)] {
        setup.refuses(&["get", "--", name], 2, "is neither an index nor a UUID", "give a number");
    }
    setup.refuses(&["get", "1"], 5, "could not be reached", "paraph local serve");
    setup.refuses(&["get", "1", "--rekor-url", "ftp://x"], 3, "--rekor-url", "");
    setup.refuses(&["get", "1", "--rekor-version", "3"], 3, "--rekor-version", "");
    setup.refuses(&["get", "1", "--timeout", "soon"], 3, "--timeout", "");
}

#[test]
fn a_log_that_is_silent_or_answers_nonsense_is_named() {
    let setup = Setup::new("1");
    let bundle = setup.sign("file");
    let silent = Silent::start();
    for command in [["get", "0"], ["prove", &bundle]] {
        let asked = |url: &str, code, error: &str, hint: &str| {
            setup.refuses(&[&command[..], &["--rekor-url", url, "--timeout", "1"]].concat(), code, error, hint);
        };
        asked(&silent.url, 5, "gave no answer within 1 s", "try again");
        let nonsense = FakeLog::start(|_| Some("[]".into()));
        asked(&nonsense.url, 5, "sent an invalid answer", "");
        let large = FakeLog::start(|_| Some(format!("\"{}\"", "x".repeat(2 << 20))));
        asked(&large.url, 5, "sent an answer of more than", "the answer was not used");
    }
    let empty = FakeLog::start(|_| None);
    setup.refuses(&["prove", &bundle, "--rekor-url", &empty.url], 5, "refused the request with 404", "check the log's address and version");
    let setup = Setup::new("2");
    setup.sign("file");
    for (answer, error) in [("x", "the log's checkpoint is malformed"), ("a\n1\nAAAA\n\n\u{2014} a AAAAAAAA\n", "it has no root hash")] {
        let log = FakeLog::start(move |_| Some(answer.into()));
        setup.refuses(&["get", "0", "--rekor-url", &log.url, "--rekor-version", "2"], 5, error, "check the log's address");
    }
}

#[test]
fn an_entry_of_a_log_that_is_not_trusted_is_refused() {
    let (setup, other) = (Setup::new("1"), Setup::new("1"));
    setup.sign("file");
    let foreign = other.sign("file");
    setup.refuses(&["get", "0", "--rekor-url", &other.sigstore.url], 14, "a log that is not in the trust root", "--trusted-root");
    let arguments = ["get", "0", "--rekor-url", &other.sigstore.url, "--rekor-version", "2"];
    setup.refuses(&arguments, 14, "a log that is not in the trust root: the checkpoint of", "--trusted-root");
    let path = other.sandbox.work().join(foreign);
    setup.refuses(&["prove", path.to_str().unwrap()], 14, "the certificate's authority is not in the trust root", "trust update");
    // its own log does not have the entries of another
    let own = setup.sign("own");
    setup.refuses(&["prove", &own, "--rekor-url", &other.sigstore.url], 15, "lists no tree", "report the missing tree");
    let root = other.sigstore.file("trusted_root.json");
    let done = setup.log(&["get", "0", "--rekor-url", &other.sigstore.url, "--trusted-root", &root]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn bundles_commits_and_tags_are_proven_from_their_size_to_the_newest() {
    for version in ["1", "2"] {
        let setup = Setup::new(version);
        setup.sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
        setup.sandbox.git(&["tag", "-s", "v1", "-m", "tag"]);
        let bundle = setup.sign("file");
        let proven = |name: &str, index: u64, proof: &str, from: u64| {
            let read = setup.json(&["prove", name]);
            assert_eq!((&read["logIndex"], &read["proof"]), (&json!(index), &json!(proof)), "{version}: {read}");
            assert_eq!((&read["embedded"]["treeSize"], &read["newest"]["treeSize"]), (&json!(from), &json!(3)), "{version}: {read}");
            setup.log(&["prove", name]).stdout
        };
        let commit = setup.sandbox.git(&["rev-parse", "HEAD"]);
        let text = proven("HEAD", 0, "consistency", 1);
        assert!(text.starts_with(&format!("commit {commit}: entry 0 is in the newest tree of the log ")), "{text}");
        assert!(text.ends_with("(3 entries), which continues the tree of its own checkpoint (1 entry).\n"), "{text}");
        assert!(proven("v1", 1, "consistency", 2).starts_with("tag "));
        let text = proven(&bundle, 2, "same", 3);
        assert!(text.ends_with("(3 entries), which is the tree of its own checkpoint.\n"), "{text}");
        // statements, by their bundles
        std::fs::write(setup.sandbox.work().join("p.json"), "{}").unwrap();
        let done = setup.sandbox.paraph(&["attest", "--rev", "v1", "--type", "custom", "--predicate", "p.json", "--bundle", "attested"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(setup.json(&["prove", "attested"])["logIndex"], json!(3));
        // from another folder
        let done = setup.sandbox.paraph_in(&setup.sandbox.home(), &["-C", setup.sandbox.work().to_str().unwrap(), "log", "prove", "v1"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
}

#[test]
fn what_has_no_log_entry_is_not_proven() {
    let setup = Setup::new("1");
    setup.sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "unsigned"]);
    setup.refuses(&["prove", "HEAD"], 4, "the object carries no signature", "");
    setup.refuses(&["prove", "nowhere"], 4, "nowhere", "");
    setup.refuses(&["prove", "nowhere.sigstore.json"], 8, "nowhere.sigstore.json cannot be read", "");
    let bundle = setup.sign("file");
    setup.refuses(&["prove", "HEAD", "--key", &bundle], 2, "is not a bundle", "leave --key out");
    std::fs::copy(setup.sandbox.work().join(&bundle), setup.sandbox.work().join("main")).unwrap();
    setup.refuses(&["prove", "main"], 2, "main is a file and a revision", "./main");
    assert_eq!(setup.log(&["prove", "./main"]).code, Some(0));
    let good = setup.bundle(&bundle);
    for (pointer, value, code, error) in [
        ("/messageSignature/signature", json!("MEUCIQ=="), 15, "the signature does not verify"),
        ("/verificationMaterial/tlogEntries", json!([]), 14, "no log entry is embedded"),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/rootHash", json!("AAAA"), 15, "the log entry is malformed"),
        ("/verificationMaterial/tlogEntries/0/logIndex", json!("7"), 15, "the log's signed entry timestamp (SET) does not verify"),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        setup.write("changed", &changed);
        setup.refuses(&["prove", "changed"], code, error, "");
    }
    let mut changed = good.clone();
    changed["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    setup.write("changed", &changed);
    setup.refuses(&["prove", "changed"], 14, "does not state the digest of its file", "paraph verify-file");
}

#[test]
fn a_log_that_was_rolled_back_forked_or_rewritten_is_found_out() {
    for version in ["1", "2"] {
        let mut setup = Setup::new(version);
        setup.sign("before");
        let copy = setup.back_up();
        let bundle = setup.sign("lost");
        assert_eq!(setup.json(&["prove", &bundle])["proof"], "same");
        setup.restore(&copy);
        let report = "keep this file or commit as evidence";
        setup.refuses(&["prove", &bundle], 15, "was rolled back: its newest checkpoint has 1 entry; the embedded one has 2", report);
        setup.sign("instead");
        setup.refuses(&["prove", &bundle], 15, "was forked: its newest checkpoint and the embedded one have 2 entries", report);
        setup.sign("more");
        let error = "does not prove that its newest checkpoint (3 entries) continues the embedded one (2 entries)";
        setup.refuses(&["prove", &bundle], 15, error, report);
        // what was logged before is there still
        assert_eq!(setup.json(&["prove", "before.sigstore.json"])["newest"]["treeSize"], json!(3));
    }
}

#[test]
fn a_promised_entry_is_proven_by_its_inclusion() {
    let mut setup = Setup::new("1");
    setup.sign("before");
    let copy = setup.back_up();
    let name = setup.sign("file");
    // version 0.1 needs the promise alone
    let mut bundle = setup.bundle(&name);
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    let certificate = material.remove("certificate").unwrap();
    material.insert("x509CertificateChain".into(), json!({ "certificates": [certificate] }));
    material["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof");
    setup.write("promised", &bundle);
    let read = setup.json(&["prove", "promised"]);
    assert_eq!((&read["proof"], &read["embedded"], &read["newest"]["treeSize"]), (&json!("inclusion"), &Value::Null, &json!(2)));
    let text = setup.log(&["prove", "promised"]).stdout;
    assert!(text.ends_with("(2 entries). It has no checkpoint of its own, only the log's promise to include it.\n"), "{text}");
    setup.restore(&copy);
    let report = "report it to the operator";
    setup.refuses(&["prove", "promised"], 15, "has no entry 1, which it promised to include", report);
    setup.sign("instead");
    setup.refuses(&["prove", "promised"], 15, "has another entry at the index 1 than the one that it promised", report);
}

#[test]
fn a_trust_root_that_only_the_repository_names_is_said() {
    let setup = Setup::new("1");
    let bundle = setup.sign("file");
    assert_eq!(setup.log(&["prove", &bundle]).stderr, "");
    let root = setup.sandbox.git(&["config", "--global", "paraph.local.trustedRoot"]);
    let other = setup.sandbox.root().join("other.json");
    std::fs::copy(&root, &other).unwrap();
    setup.sandbox.git(&["config", "paraph.local.trustedRoot", other.to_str().unwrap()]);
    // the user's own takes precedence, and the repository's is named
    let done = setup.log(&["prove", &bundle]);
    assert!(done.code == Some(0) && done.stderr.contains("other.json") | done.stderr.contains("trustedRoot"), "{done:?}");
    setup.sandbox.git(&["config", "--global", "--remove-section", "paraph.local"]);
    setup.sandbox.git(&["config", "paraph.local.signingConfig", &setup.sigstore.file("signing_config.json")]);
    for arguments in [&["prove", &bundle][..], &["get", "0"]] {
        let done = setup.log(arguments);
        assert!(done.code == Some(0) && done.stderr.contains("Trusted by the repository's own configuration"), "{done:?}");
    }
}

#[test]
fn lies_of_the_local_log_are_refused() {
    let mut setup = Setup::new("1");
    let bundle = setup.sign("file");
    for (fault, error) in [
        ("rekor=bad-proof", "the inclusion proof does not verify"),
        ("rekor=bad-checkpoint", "the checkpoint and the inclusion proof are for different trees"),
        ("rekor=bad-promise", "the log's signed entry timestamp (SET) does not verify"),
    ] {
        setup.sigstore.restart(ServeOptions { faults: vec![fault.parse().unwrap()], ..ServeOptions::default() });
        setup.refuses(&["get", "0"], 5, error, "report the answer to the operator");
    }
    setup.sigstore.restart(ServeOptions { faults: vec!["rekor=502".parse().unwrap()], ..ServeOptions::default() });
    setup.refuses(&["prove", &bundle], 5, "is not available", "try again");
}
