//! `paraph sign` and `paraph attest`: the built program and the local Sigstore, without an agent.

use crate::support::{
    bundle::judge,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode as _, Encode as _};
use paraph::{
    internals::signature::{
        armor,
        git::{GitSignatureParts, signed_attributes},
    },
    trust::{Instance, TrustRoot},
    verify::{Artifact, Verifier},
};
use serde_json::{Value, json};
use std::path::Path;

struct Setup {
    sigstore: Sigstore,
    sandbox: Sandbox,
}

impl Setup {
    fn new() -> Self {
        let sigstore = Sigstore::start();
        let sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        Self { sigstore, sandbox }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.sandbox.work().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.sandbox.work().join(name)).unwrap()
    }

    fn bundle(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    fn paraph(&self, arguments: &[&str]) -> Done {
        self.sandbox.paraph(arguments)
    }

    /// Runs a command that must succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let done = self.paraph(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        done.stdout
    }

    /// The bundle is good for our verifier and for another one, over this file and over no other.
    fn verifies(&self, bundle: &str, file: &[u8]) {
        let text = self.read(bundle);
        let root = TrustRoot::from_json(self.sigstore.trusted_root.as_bytes(), Instance::named("local").unwrap(), "local").unwrap();
        let verifier = Verifier::new(vec![root], jiff::Timestamp::now());
        let verified = verifier.verify_bundle(&text, &Artifact::bytes(file), None).unwrap();
        assert_eq!((verified.identity().name.as_str(), verified.identity().issuer.as_str()), (EMAIL, self.sigstore.url.as_str()));
        assert!(verifier.verify_bundle(&text, &Artifact::bytes(b"another file"), None).is_err());
        let json = std::str::from_utf8(&text).unwrap();
        let second = judge(json, file, &self.sigstore.trusted_root).unwrap();
        assert_eq!(second, (Some(EMAIL.to_owned()), self.sigstore.url.clone()));
        assert!(judge(json, b"another file", &self.sigstore.trusted_root).is_err());
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.sandbox.work())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".git")
            .collect();
        names.sort();
        names
    }

    /// The size of all logs: it changes with every entry.
    fn published(&self) -> u64 {
        let files = std::fs::read_dir(self.sigstore.folder.join("logs")).unwrap().flatten();
        files.map(|file| file.metadata().unwrap().len()).sum()
    }
}

#[test]
fn a_bundle_is_written_beside_each_file_and_other_verifiers_accept_it() {
    let mut setup = Setup::new();
    setup.write("a.txt", "first\n");
    setup.write("b.bin", vec![0xff; 3 << 20]);
    setup.write("empty", "");
    for version in ["1", "2"] {
        setup.sandbox.set("PARAPH_REKOR_VERSION", version);
        let output = setup.done(&["sign", "--force", "a.txt", "b.bin", "empty"]);
        assert_eq!(
            output,
            format!(
                "a.txt: signed as {EMAIL} in a.txt.sigstore.json\nb.bin: signed as {EMAIL} in b.bin.sigstore.json\n\
                 empty: signed as {EMAIL} in empty.sigstore.json\n"
            )
        );
        for name in ["a.txt", "b.bin", "empty"] {
            setup.verifies(&format!("{name}.sigstore.json"), &setup.read(name));
        }
        let bundle = setup.bundle("a.txt.sigstore.json");
        assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
        let material = &bundle["verificationMaterial"];
        assert!(material["certificate"]["rawBytes"].is_string());
        assert_eq!(material.get("x509CertificateChain"), None);
        let entries = material["tlogEntries"].as_array().unwrap();
        let kind = json!({"kind": "hashedrekord", "version": if version == "1" { "0.0.1" } else { "0.0.2" }});
        assert_eq!((entries.len(), &entries[0]["kindVersion"]), (1, &kind));
        assert_eq!(entries[0].get("inclusionPromise").is_some(), version == "1");
        assert_eq!(material["timestampVerificationData"]["rfc3161Timestamps"].is_array(), version == "2");
        assert_eq!(bundle["messageSignature"]["messageDigest"]["algorithm"], "SHA2_256");
    }
    // all that a bundle says of the file is its digest
    let bundle = String::from_utf8(setup.read("a.txt.sigstore.json")).unwrap();
    assert!(!bundle.contains("a.txt") && !bundle.contains("first"));
}

#[test]
fn standard_input_and_digests_need_a_bundle() {
    let setup = Setup::new();
    let digest = format!("sha256:{}", hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"content")));
    for input in ["-", &digest] {
        let done = setup.sandbox.paraph_with(&["sign", input], b"content");
        assert_eq!(done.code, Some(2));
        assert!(done.stderr.contains("hint: name the bundle with --bundle FILE."), "{}", done.stderr);
        let done = setup.sandbox.paraph_with(&["sign", input, "--bundle", "out.json", "--force"], b"content");
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let caution = format!("{digest} may be the digest of anything, a commit included.\n");
        assert_eq!(done.stderr.contains(&caution), input != "-", "{}", done.stderr);
        setup.verifies("out.json", b"content");
    }
    // a file of that name goes before the digest
    setup.write(&digest, "a file with a strange name");
    setup.done(&["sign", &digest, "--bundle", "out.json", "--force"]);
    setup.verifies("out.json", b"a file with a strange name");
    for (arguments, message) in [
        (&["sign", "sha256:abc", "--bundle", "x"][..], "\"sha256:abc\" is neither a file nor a digest"),
        (&["sign", "-", &digest, "--bundle", "x"], "--bundle names the bundle of one file"),
        (&["sign", &digest, &digest], "is given twice"),
        (&["sign"], "required"),
    ] {
        let done = setup.paraph(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(message), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
fn nothing_is_published_if_a_bundle_could_not_be_written() {
    let setup = Setup::new();
    setup.write("a", "a");
    setup.write("b", "b");
    setup.done(&["sign", "a"]);
    let (first, before) = (setup.read("a.sigstore.json"), setup.published());
    let refused = |arguments: &[&str], message: &str| {
        let done = setup.paraph(arguments);
        assert_eq!(done.code, Some(8), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(message), "{arguments:?}: {}", done.stderr);
        assert_eq!((setup.read("a.sigstore.json"), setup.published()), (first.clone(), before), "{arguments:?}");
    };
    // the second file's bundle exists
    refused(&["sign", "b", "a"], "a.sigstore.json exists");
    assert!(!setup.names().contains(&"b.sigstore.json".to_owned()));
    refused(&["sign", "b", "--bundle", "a.sigstore.json"], "a.sigstore.json exists");
    refused(&["sign", "b", "--bundle", "nowhere/b.json"], "nowhere/b.json cannot be written");
    refused(&["sign", "b", "--bundle", "/dev/null", "--force"], "/dev/null is not a regular file");
    refused(&["sign", "b", "--bundle", ".", "--force"], "is not a regular file");
    refused(&["sign", "missing"], "missing cannot be read");
    refused(&["sign", "."], ". is a folder");
    setup.done(&["sign", "a", "--force"]);
    assert_ne!(setup.read("a.sigstore.json"), first);
    assert_eq!(setup.names(), ["a", "a.sigstore.json", "b"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_to_fails_before_anything_is_published() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::new();
    let folder = setup.sandbox.work().join("read-only");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("file"), "x").unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
    // root may write everywhere but here
    let is_root = rustix::process::geteuid().is_root();
    let target = if is_root { "/proc/file.sigstore.json" } else { "read-only/file.sigstore.json" };
    let before = setup.published();
    let done = setup.paraph(&["sign", "read-only/file", "--bundle", target]);
    assert_eq!((done.code, setup.published()), (Some(8), before), "{}", done.stderr);
    assert!(done.stderr.contains("cannot be written"), "{}", done.stderr);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn what_was_finished_stays_if_a_later_file_fails() {
    let setup = Setup::new();
    for name in ["a", "b", "c"] {
        setup.write(name, name);
    }
    // it can be opened, and is refused when it is read
    setup.write("b", "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b.c> 1 +0000\n");
    let done = setup.paraph(&["sign", "a", "b", "c"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("1 of 3 files were signed before"), "{}", done.stderr);
    assert_eq!(setup.names(), ["a", "a.sigstore.json", "b", "c"]);
    setup.verifies("a.sigstore.json", b"a");
}

#[test]
fn bytes_that_a_verifier_could_take_for_something_else_are_not_signed_as_a_file() {
    let setup = Setup::new();
    let payload = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\nx\n";
    let digest = <sha2::Sha256 as sha2::Digest>::digest(payload.as_bytes()).into();
    setup.write("attributes", signed_attributes(&digest, 1_700_000_000).unwrap());
    setup.write("commit", payload);
    setup.write("envelope", "DSSEv1 28 application/vnd.in-toto+json 2 {}");
    let before = setup.published();
    for (name, what) in [
        ("attributes", "the file is the signed attributes of a CMS signature"),
        ("commit", "the file is a git commit without its signature"),
        ("envelope", "the file is the signed bytes of a DSSE envelope"),
    ] {
        let done = setup.paraph(&["sign", name]);
        assert_eq!((done.code, setup.published()), (Some(2), before), "{}", done.stderr);
        assert!(done.stderr.contains(what), "{name}: {}", done.stderr);
        // also where more follows than an agent would be sent
        setup.write("large", [setup.read(name), vec![0; 2 << 20]].concat());
        assert_eq!((setup.paraph(&["sign", "large"]).code, setup.published()), (Some(2), before), "{name}");
    }
    assert!(setup.names().iter().all(|name| !name.ends_with(".json")));
}

#[test]
fn the_signature_of_a_file_is_not_one_of_a_commit() {
    let setup = Setup::new();
    setup.sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "signed"]);
    let commit = setup.sandbox.git(&["cat-file", "commit", "HEAD"]) + "\n";
    setup.write("file", "a file\n");
    setup.done(&["sign", "file"]);
    let bundle = setup.bundle("file.sigstore.json");
    // what signs the file, wrapped as git's signature over the payload of the commit
    let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let signature = decoded(&bundle["messageSignature"]["signature"]);
    let der = decoded(&bundle["verificationMaterial"]["certificate"]["rawBytes"]);
    let start = commit.find("gpgsig ").unwrap();
    let end = commit.find("-----END SIGNED MESSAGE-----\n").unwrap() + "-----END SIGNED MESSAGE-----\n".len();
    let payload = commit[..start].to_owned() + &commit[end..];
    let digest = <sha2::Sha256 as sha2::Digest>::digest(payload.as_bytes()).into();
    let tbs = x509_cert::Certificate::from_der(&der).unwrap().tbs_certificate().clone();
    let (issuer, serial) = (tbs.issuer().to_der().unwrap(), tbs.serial_number().as_bytes().to_vec());
    let parts = GitSignatureParts {
        certificate: &der,
        issuer: &issuer,
        serial: &serial,
        signed_attributes: &signed_attributes(&digest, 1_700_000_000).unwrap(),
        signature: &signature,
        entry: None,
        tokens: &[],
    };
    let armored = armor::encode(&parts.to_der().unwrap());
    let header = format!("gpgsig {}\n", armored.trim_end().replace('\n', "\n "));
    let forged = commit[..start].to_owned() + &header + &commit[end..];
    let mut hash = setup.sandbox.command("git", &setup.sandbox.work());
    let id = setup.sandbox.feed(hash.args(["hash-object", "-t", "commit", "-w", "--stdin"]), forged.as_bytes());
    let done = setup.paraph(&["verify", "--json", id.stdout.trim()]);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.code, report["reason"].as_str()), (Some(15), Some("signature-invalid")), "{}", done.stdout);
}

#[test]
fn a_bundle_replaces_no_file_that_it_is_made_from() {
    let setup = Setup::new();
    let before = setup.published();
    std::fs::create_dir(setup.sandbox.work().join("d")).unwrap();
    for arguments in [
        &["sign", "f", "--bundle", "f"][..],
        &["sign", "f", "--bundle", "d/../f"],
        &["sign", "./f", "f"],
        &["sign", "f", "f.sigstore.json"],
        &["sign", "--statement", "f", "--bundle", "f"],
        &["sign", "f", "--bundle", "b", "--trusted-root", "b"],
        &["attest", "f", "--type", "custom", "--predicate", "p", "--bundle", "f"],
        &["attest", "f", "--type", "custom", "--predicate", "p", "--bundle", "p"],
        #[cfg(unix)]
        &["sign", "f", "--bundle", "link"],
    ] {
        for name in ["f", "p", "b", "f.sigstore.json"] {
            setup.write(name, "{}\n");
        }
        #[cfg(unix)]
        if !setup.sandbox.work().join("link").is_symlink() {
            std::os::unix::fs::symlink("f", setup.sandbox.work().join("link")).unwrap();
        }
        let done = setup.paraph(&[arguments, &["--force"]].concat());
        assert_eq!((done.code, setup.published()), (Some(2), before), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains("would replace") || done.stderr.contains("given twice"), "{arguments:?}: {}", done.stderr);
        for name in ["f", "p", "b", "f.sigstore.json"] {
            assert_eq!(setup.read(name), b"{}\n", "{arguments:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_missing_bundle_is_said_before_a_pipe_is_read() {
    let setup = Setup::new();
    setup.write("p.json", "{}");
    crate::support::pipe::make(&setup.sandbox.work().join("fifo"));
    // nobody ever writes to it
    let done = setup.paraph(&["attest", "fifo", "--type", "custom", "--predicate", "p.json"]);
    assert!(done.code == Some(2) && done.stderr.contains("name the bundle with --bundle FILE"), "{}", done.stderr);
}

#[test]
fn a_statement_is_signed_byte_for_byte() {
    let mut setup = Setup::new();
    setup.write("a.txt", "content\n");
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"content\n"));
    let statement = format!(
        "{{ \"_type\":\"https://in-toto.io/Statement/v1\",\n \"subject\":[{{\"name\":\"a.txt\",\"digest\":{{\"sha256\":\"{digest}\"}}}}],\n\
         \"predicateType\":\"https://example.com/x\", \"predicate\": {{\"number\": 1.50}} }}\n"
    );
    setup.write("statement.json", &statement);
    for (version, kind, entry_version) in [("1", "dsse", "0.0.1"), ("2", "hashedrekord", "0.0.2")] {
        setup.sandbox.set("PARAPH_REKOR_VERSION", version);
        setup.done(&["sign", "--force", "--statement", "statement.json"]);
        let bundle = setup.bundle("statement.json.sigstore.json");
        let envelope = &bundle["dsseEnvelope"];
        assert_eq!(STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap(), statement.as_bytes());
        assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
        assert_eq!(envelope["signatures"].as_array().unwrap().len(), 1);
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"];
        assert_eq!(*entry, json!({"kind": kind, "version": entry_version}));
        setup.verifies("statement.json.sigstore.json", b"content\n");
    }
    let before = setup.published();
    for wrong in ["", "{}", "[]", "not JSON", &statement.replace("Statement/v1", "Statement/v9"), &statement.replace("a.txt\",", "a\"")] {
        setup.write("wrong.json", wrong);
        let done = setup.paraph(&["sign", "--statement", "wrong.json"]);
        assert_eq!((done.code, setup.published()), (Some(2), before), "{wrong}: {}", done.stderr);
    }
    let size = paraph::internals::sign::MAX_STATEMENT_REKOR_V1;
    setup.write("large.json", statement.trim_end().to_owned() + &" ".repeat(size));
    setup.sandbox.set("PARAPH_REKOR_VERSION", "1");
    let done = setup.paraph(&["sign", "--statement", "large.json"]);
    assert_eq!((done.code, setup.published()), (Some(2), before), "{}", done.stderr);
    assert!(done.stderr.contains(&format!("Rekor v1 takes {size}")) && done.stderr.contains("rekorVersion = 2"), "{}", done.stderr);
}

#[test]
fn attestations_are_about_files_digests_and_revisions() {
    let mut setup = Setup::new();
    setup.sandbox.set("PARAPH_REKOR_VERSION", "2");
    setup.write("app", "the program\n");
    setup.write("sbom.json", "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"version\": 1.0}\n");
    setup.done(&["attest", "app", "--type", "cyclonedx", "--predicate", "sbom.json"]);
    let statement = |name: &str| {
        let payload = setup.bundle(name)["dsseEnvelope"]["payload"].as_str().unwrap().to_owned();
        String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap()
    };
    let text = statement("app.sigstore.json");
    assert!(text.contains("\"version\": 1.0}"), "{text}");
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["predicateType"], "https://cyclonedx.org/bom");
    assert_eq!(read["subject"][0]["name"], "app");
    setup.verifies("app.sigstore.json", b"the program\n");

    let other = format!("sha256:{}", "ab".repeat(32));
    let custom = ["--type", "https://example.com/review/v1", "--predicate", "sbom.json", "--force"];
    setup.done(&[&["attest", "app", &other, "--bundle", "two.json"], &custom[..]].concat());
    let read: Value = serde_json::from_str(&statement("two.json")).unwrap();
    assert_eq!(read["subject"].as_array().unwrap().len(), 2);
    assert_eq!(read["subject"][1]["digest"]["sha256"], "ab".repeat(32));
    setup.verifies("two.json", b"the program\n");

    setup.sandbox.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    setup.sandbox.git(&["tag", "-a", "v1", "-m", "one"]);
    setup.done(&[&["attest", "--rev", "HEAD", "v1", "HEAD^{tree}", "--bundle", "revisions.json"], &custom[..]].concat());
    let read: Value = serde_json::from_str(&statement("revisions.json")).unwrap();
    for (number, (name, digest)) in [("HEAD", "gitCommit"), ("v1", "gitTag"), ("HEAD^{tree}", "gitTree")].into_iter().enumerate() {
        let id = setup.sandbox.git(&["rev-parse", name]);
        assert_eq!(read["subject"][number], json!({"name": name, "digest": {digest: id}}));
    }
}

#[test]
fn an_attestation_that_could_be_misread_is_refused() {
    let setup = Setup::new();
    setup.write("app", "x");
    setup.write("good.json", "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"}");
    setup.write("list.json", "[]");
    setup.write("twice.json", "{\"bomFormat\":\"Other\",\"specVersion\":\"1.6\",\"bomFormat\":\"CycloneDX\"}");
    setup.write("near.json", "{\"bomFormat\":\"CycloneDX-not\",\"specVersion\":\"1.6\"}");
    setup.sandbox.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    setup.sandbox.git(&["tag", "app"]);
    setup.sandbox.git(&["tag", "v1"]);
    let before = setup.published();
    let good = &["--type", "cyclonedx", "--predicate", "good.json"][..];
    for (arguments, message) in [
        ([&["attest", "app"], good].concat(), "\"app\" is a file and a git revision"),
        ([&["attest", "v1", "--bundle", "b"], good].concat(), "\"v1\" is a git revision, not a file"),
        ([&["attest", "sha256:1", "--bundle", "b"], good].concat(), "neither a file nor a digest"),
        ([&["attest", "--rev", "HEAD"], good].concat(), "name the bundle with --bundle"),
        (vec!["attest", "./app", "--type", "cyclonedx", "--predicate", "list.json"], "the predicate is not a JSON object"),
        (vec!["attest", "./app", "--type", "cyclonedx", "--predicate", "app"], "the predicate is not JSON"),
        (vec!["attest", "./app", "--type", "cyclonedx", "--predicate", "twice.json"], "it has the name \"bomFormat\" twice"),
        (vec!["attest", "./app", "--type", "cyclonedx", "--predicate", "near.json"], "it has no \"bomFormat\" that is CycloneDX"),
        (vec!["attest", "./app", "--type", "spdxjson", "--predicate", "good.json"], "it has no \"spdxVersion\" that begins with SPDX-"),
        (vec!["attest", "./app", "--type", "cyclone", "--predicate", "good.json"], "\"cyclone\" is not a type of predicates"),
        (vec!["attest", "./app", "--type", "https://in-toto.io/attestation/release", "--predicate", "good.json"], "`paraph release`"),
    ] {
        let done = setup.paraph(&arguments);
        assert_eq!((done.code, setup.published()), (Some(2), before), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(message), "{arguments:?}: {}", done.stderr);
    }
    assert!(setup.names().iter().all(|name| !name.ends_with(".sigstore.json")));
}

#[test]
fn what_becomes_public_is_shown_once_without_a_terminal_too() {
    let setup = Setup::new();
    let sign = |name: &str| {
        setup.write(name, "x");
        let done = setup.paraph(&["sign", name]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stderr
    };
    let first = sign("one");
    assert!(first.contains("paraph: ") && first.contains("Anyone who can read it will see, forever") && first.contains(EMAIL), "{first}");
    assert_eq!(sign("two"), "");
}

#[test]
fn a_token_and_services_are_given_by_options() {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::new();
    let folder = sandbox.home();
    std::fs::write(folder.join("file"), "x").unwrap();
    let (token, root, services) =
        (sigstore.token("ci@example.com"), sigstore.file("trusted_root.json"), sigstore.file("signing_config.json"));
    let options = ["--trusted-root", &root, "--signing-config", &services, "--json"];
    let signed = |sandbox: &Sandbox, more: &[&str]| {
        let done = sandbox.paraph_in(&folder, &[&["sign", "file", "--force"], &options[..], more].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let signed: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!((signed["file"].as_str(), signed["bundle"].as_str()), (Some("file"), Some("file.sigstore.json")));
        assert_eq!(signed["digest"]["sha256"].as_str().unwrap().len(), 64);
        // every field is documented
        let document = include_str!("../../man/json.md");
        let section = document.split("## `paraph sign --json`").nth(1).unwrap().split("\n## ").next().unwrap();
        for name in signed.as_object().unwrap().keys() {
            assert!(section.contains(&format!("`{name}")), "{name}");
        }
        signed["identity"].as_str().unwrap().to_owned()
    };
    assert_eq!(signed(&sandbox, &["--identity-token", &token]), "ci@example.com");
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("env@example.com"));
    assert_eq!(signed(&sandbox, &[]), "env@example.com");
    sandbox.set("PARAPH_TOKEN_PROVIDER", "interactive");
    assert_eq!(signed(&sandbox, &["--identity-token", &token]), "ci@example.com");
    let done = sandbox.paraph_in(&folder, &[&["sign", "file", "--force", "--identity-token", "x"], &options[..]].concat());
    assert_eq!(done.code, Some(6), "{}", done.stderr);
    assert!(!done.stderr.contains(&token) && Path::new(&folder.join("file.sigstore.json")).exists());
}

#[test]
fn a_setting_of_git_objects_does_no_harm_to_files() {
    let mut setup = Setup::new();
    setup.write("file", "content");
    setup.sandbox.set("PARAPH_MATCH_COMMITTER", "p");
    setup.done(&["sign", "file"]);
    let expected = ["verify-file", "--certificate-identity", EMAIL, "--certificate-oidc-issuer", &setup.sigstore.url, "file"];
    setup.done(&expected);
    assert_eq!(setup.paraph(&["verify", "HEAD"]).code, Some(3));
}

#[test]
fn everything_that_a_bundle_holds_is_shown() {
    let setup = Setup::new();
    setup.write("app", "x");
    let many: Vec<String> = (0..1000).map(|number| format!("\"part-{number}\"")).collect();
    let predicate = format!(
        "{{\"part\":\"left-pad\\u001b\u{202e}\",\"rate\":1.50,\"big\":123456789012345678901234567890,\"parts\":[{}]}}",
        many.join(",")
    );
    setup.write("p.json", &predicate);
    setup.done(&["attest", "app", "--type", "custom", "--predicate", "p.json"]);
    let text = setup.done(&["show", "app.sigstore.json"]);
    assert!(text.contains("  predicate:\n    part: left-pad") && text.contains("    rate: 1.5\n"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    // as much as people read, and a note of the rest
    assert!(text.contains("part-17\n") && !text.contains("part-999"), "{text}");
    assert!(text.contains(" lines more; --json prints all\n"), "{text}");
    assert!(text.contains("  body of the log entry ") && text.contains("    kind: "), "{text}");
    let json: Value = serde_json::from_str(&setup.done(&["show", "--json", "app.sigstore.json"])).unwrap();
    let (contents, bundle) = (&json["contents"], setup.bundle("app.sigstore.json"));
    assert_eq!(contents["statement"]["predicate"]["parts"][999], "part-999");
    assert_eq!(contents["payload"], bundle["dsseEnvelope"]["payload"]);
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    assert_eq!(contents["logEntries"][0]["canonicalizedBody"], entry["canonicalizedBody"]);
    assert!(contents["logEntries"][0]["body"]["kind"].is_string(), "{contents}");
    // a name that appears twice is shown twice
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"x"));
    let statement = format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{{\"name\":\"app\",\"digest\":{{\"sha256\":\"{digest}\"}}}}],\
         \"predicateType\":\"https://example.com/x\",\"predicate\":{{\"format\":\"first\",\"format\":\"second\"}}}}"
    );
    setup.write("s.json", statement);
    setup.done(&["sign", "--statement", "s.json"]);
    let text = setup.done(&["show", "s.json.sigstore.json"]);
    assert!(text.contains("    format: first\n    format: second\n"), "{text}");
}

#[test]
fn an_identity_that_the_local_issuer_cannot_log_in_gets_a_hint_that_works() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    std::fs::write(sandbox.work().join("file"), "text").unwrap();
    let hint = "hint: set paraph.expectedIdentity to the e-mail address to log in as";
    sandbox.git(&["config", "paraph.expectedIdentity", "https://issuer.example/robot"]);
    let robot = sandbox.paraph(&["sign", "file"]);
    assert!(robot.code == Some(6) && robot.stderr.contains(hint) && !robot.stderr.contains("local status"), "{robot:?}");
    // as the hint says
    sandbox.git(&["config", "paraph.expectedIdentity", EMAIL]);
    assert_eq!(sandbox.paraph(&["sign", "file"]).code, Some(0));
}
