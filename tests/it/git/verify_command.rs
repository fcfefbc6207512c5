//! `paraph verify` and `paraph show`: texts, JSON and exit codes.

use super::{repository, shown};
use crate::support::{
    objects::OPENPGP,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use serde_json::Value;

fn text(sandbox: &Sandbox, done: &Done) -> String {
    format!("exit {}\n{}{}", done.code.unwrap(), shown(sandbox, &done.stdout), shown(sandbox, &done.stderr))
}

/// A repository with a commit and a tag, signed by ann, who is allowed.
fn signed() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    (sigstore, sandbox)
}

#[test]
fn each_verdict_has_its_words_and_its_exit_code() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    sandbox.git(&["-c", "user.signingKey=bob@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "bob's"]);
    let untrusted = sandbox.git(&["rev-parse", "HEAD"]);
    let rows = [
        untrusted,
        sandbox.store("commit", &parts.payload),
        sandbox.store_commit(&parts.with_signature(OPENPGP)),
        sandbox.store_commit(&parts.without_evidence()),
        sandbox.store_commit(&parts.with_payload("message", "massage")),
    ];
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify", "HEAD~"])), @r"
    exit 0
    commit OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.
    ");
    let rows = rows.map(|revision| text(&sandbox, &sandbox.paraph(&["verify", &revision])));
    insta::assert_snapshot!(rows.join("\n"), @r"
    exit 10
    commit OID: untrusted
      Good signature from bob@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 2 of the log 127.0.0.1; instance local.
      But it is not trusted: ROOT/home/allowed-identities does not list bob@example.com with issuer http://HOST.
      If you trust bob@example.com, run `paraph allow bob@example.com http://HOST --instance local`.

    exit 12
    commit OID: unsigned
      Not signed [no-signature].

    exit 13
    commit OID: other
      Not judged: the signature is an OpenPGP signature, which git's gpg program verifies [openpgp-signature].

    exit 14
    commit OID: unchecked
      The signature could not be checked: no log entry is embedded, and none was looked up: `paraph verify --lookup` asks the log for it [entry-missing].
      It claims to be from ann@example.com; this is not verified.

    exit 15
    commit OID: bad
      BAD signature: the signature was made over other content [payload-mismatch].
      It claims to be from ann@example.com; this is not verified.
    ");
}

/// Attack 29.
#[test]
fn a_payload_that_comes_again_under_another_id_is_told() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    let again = sandbox.store_commit(&parts.with_signature(parts.signature.replace('\n', "\r\n")));
    assert_ne!(first, again);
    for options in [&[][..], &["--json"], &["--format", "sarif"]] {
        let both = sandbox.paraph(&[&["verify", first.as_str(), again.as_str()][..], options].concat());
        let told = format!("warning: 1 object repeats the payload of another: {} of {}.\n", &again[..16], &first[..16]);
        assert!(both.code == Some(0) && both.stderr.contains(&told), "{both:?}");
    }
    // the same object twice is not another object
    let twice = sandbox.paraph(&["verify", &first, "HEAD"]);
    assert!(twice.code == Some(0) && !twice.stderr.contains("repeats"), "{twice:?}");
}

/// The caller's file is opened again by its descriptor. Its content stays, and a descriptor that is open for reading is not written to.
#[test]
fn status_lines_go_to_the_end_of_a_file_and_nowhere_else() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    std::fs::write(sandbox.root().join("signature"), &parts.signature).unwrap();
    std::fs::write(sandbox.root().join("payload"), &parts.payload).unwrap();
    std::fs::write(sandbox.root().join("other"), b"tree").unwrap();
    let shell = |script: &str| {
        let mut command = sandbox.command("sh", &sandbox.root());
        command.args(["-c", &script.replace("PARAPH", env!("CARGO_BIN_EXE_paraph"))]);
        sandbox.feed(&mut command, b"")
    };
    let read = |name: &str| std::fs::read_to_string(sandbox.root().join(name)).unwrap();
    shell("echo before > log; PARAPH --status-fd=3 --verify signature - < payload 3>> log");
    assert!(read("log").starts_with("before\n[GNUPG:] NEWSIG\n"), "{}", read("log"));
    shell("{ PARAPH --status-fd=3 --verify signature - < payload; PARAPH --status-fd=3 --verify signature - < other; } 3> log");
    let verdicts: Vec<String> = read("log").lines().filter(|line| line.contains("SIG ")).map(|line| line[9..16].to_owned()).collect();
    assert_eq!(verdicts, ["GOODSIG", "VALIDSI", "BADSIG "], "{}", read("log"));
    let reading = shell("PARAPH --status-fd=0 --verify signature - < payload");
    assert_eq!(reading.code, Some(1), "{}", reading.stderr);
    assert_eq!(read("payload").into_bytes(), parts.payload);
}

#[test]
fn a_namespace_of_what_is_served_hides_no_branch() {
    let (_sigstore, mut sandbox) = signed();
    sandbox.set("GIT_NAMESPACE", "elsewhere");
    assert_eq!(sandbox.paraph(&["verify", "main"]).code, Some(0));
}

#[test]
fn json_begins_with_the_object_and_the_verdict() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    let good = sandbox.paraph(&["verify", "--json"]);
    insta::assert_snapshot!(text(&sandbox, &good), @r#"
    exit 0
    {"oid":"OID","verdict":"good","kind":"commit","identity":"ann@example.com","identityKind":"email","issuer":"http://HOST","instance":"local","certificateFingerprint":"KEY","times":[{"time":"TIME","source":"timestamp-authority"}],"logEntry":{"log":"127.0.0.1","version":"0.0.2","index":0},"claims":{"tokenSubject":"ann@example.com"},"payloadDigest":"OID","trustedBy":"user","decision":"line 1 of the allowed identities lists it","decisionId":"identity-allowed"}
    "#);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    assert!(good.stdout.starts_with(&format!("{{\"oid\":\"{head}\",\"verdict\":\"good\",")), "{}", good.stdout);
    let bad = sandbox.store_commit(&parts.with_payload("message", "massage"));
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify", &bad, "--json"])), @r#"
    exit 15
    {"oid":"OID","verdict":"bad","kind":"commit","reason":"payload-mismatch","layer":"cms","message":"the signature was made over other content"}
    "#);
    let tag: Value = serde_json::from_str(&sandbox.paraph(&["verify", "v1", "--json"]).stdout).unwrap();
    assert_eq!((&tag["kind"], &tag["verdict"], &tag["oid"]), (&"tag".into(), &"good".into(), &sandbox.git(&["rev-parse", "v1"]).into()));
}

#[test]
fn words_json_and_git_agree_on_each_verdict() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    for (oid, verdict, letter, success) in [
        (sandbox.git(&["rev-parse", "HEAD"]), "good", "G", true),
        (sandbox.store_commit(&parts.with_payload("message", "massage")), "bad", "B", false),
        (sandbox.store_commit(&parts.without_evidence()), "unchecked", "E", false),
        (sandbox.store("commit", &parts.payload), "unsigned", "N", false),
    ] {
        let (words, json) = (sandbox.paraph(&["verify", &oid]), sandbox.paraph(&["verify", "--json", &oid]));
        assert_eq!(words.stdout.lines().next(), Some(format!("commit {oid}: {verdict}").as_str()));
        let report: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!((report["verdict"].as_str(), words.code, words.code == Some(0)), (Some(verdict), json.code, success));
        assert_eq!(sandbox.git(&["log", "-1", "--format=%G?", &oid]), letter);
        assert_eq!(sandbox.try_git(&["verify-commit", &oid]).code == Some(0), success, "{verdict}");
    }
}

#[test]
fn a_tag_reached_by_another_name_than_its_own_is_refused() {
    let (_sigstore, sandbox) = signed();
    let tag = sandbox.git(&["rev-parse", "v1"]);
    sandbox.git(&["update-ref", "refs/tags/v2", &tag]);
    assert_eq!(sandbox.try_git(&["verify-tag", "v2"]).code, Some(0), "git does not compare them");
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify", "v2"])), @r"
    exit 15
    tag OID: bad
      BAD signature: the tag's own name is not the name of its ref: refs/tags/v2 leads to the tag named v1 [tag-name].
      It claims to be from ann@example.com; this is not verified.
    ");
    for same in ["v1", "refs/tags/v1", &tag] {
        assert_eq!(sandbox.paraph(&["verify", same]).code, Some(0), "{same}");
    }
    assert_eq!(sandbox.paraph(&["verify", "refs/tags/v2"]).code, Some(15));
    // the commit behind it has a verdict of its own
    assert_eq!(sandbox.paraph(&["verify", "v2^{commit}"]).code, Some(0));
}

#[test]
fn a_replacement_is_not_the_object_that_was_named() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "unsigned"]);
    sandbox.git(&["replace", "HEAD", "HEAD~"]);
    assert_eq!(sandbox.try_git(&["verify-commit", "HEAD"]).code, Some(0), "git verifies the replacement");
    assert_eq!(sandbox.paraph(&["verify", "HEAD"]).code, Some(12));
}

#[test]
fn a_revision_that_names_nothing_to_verify_is_a_failure_of_the_call() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["tag", "main"]);
    let mut table = String::new();
    for revision in ["nowhere", "HEAD^{tree}", "main", "HEAD..nowhere", "HEAD^{tree}..", "HEAD~7", "\u{1b}[2J"] {
        let done = sandbox.paraph(&["verify", revision]);
        assert!(done.stdout.is_empty());
        table += &text(&sandbox, &done);
    }
    table += &text(&sandbox, &sandbox.paraph(&["verify", "--at", "noon"]));
    table += &text(&sandbox, &sandbox.paraph_in(&sandbox.home(), &["verify"]));
    insta::assert_snapshot!(table, @r#"
    exit 4
    error: "nowhere" is not an object in this repository
    hint: check the spelling, or fetch it with `git fetch`.
    exit 4
    error: OID is a tree; only commits and tags are signed
    hint: give a commit or an annotated tag.
    exit 4
    error: "main" is ambiguous: it can mean refs/tags/main or refs/heads/main
    hint: give the full name, for example `refs/tags/main`.
    exit 4
    error: "nowhere" is not an object in this repository
    hint: check the spelling, or fetch it with `git fetch`.
    exit 4
    error: "HEAD^{tree}" is not a commit; a range consists of commits
    hint: give a commit, or a tag of a commit.
    exit 4
    error: "HEAD~7" is not an object in this repository: HEAD exists, but the rest does not lead to an object
    hint: look for it with `git log`.
    exit 2
    error: "\u{1b}[2J" is not a valid revision: it contains control characters
    hint: give a commit, a tag or a range in git's syntax.
    exit 2
    error: invalid value "noon" for "--at <TIME>": it is not a time in RFC 3339, such as TIME
    hint: see `paraph verify --help`.
    exit 4
    error: neither this folder nor a parent is a git repository
    hint: change into a repository, or set GIT_DIR.
    "#);
}

#[test]
fn show_prints_what_a_signature_claims_whether_or_not_it_verifies() {
    let (sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    let forged = sandbox.store_commit(&parts.with_payload("message", "massage"));
    let good = sandbox.paraph(&["show"]);
    let bad = sandbox.paraph(&["show", &forged]);
    assert_eq!((good.code, bad.code), (Some(0), Some(0)));
    insta::assert_snapshot!(shape(&shown(&sandbox, &good.stdout)), @r"
    commit OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.

    Contents of the signature (its claims):
      cmsLength: …
      signingTime: TIME
      digestAlgorithm: 2.16.840.1.101.3.4.2.1
      signatureAlgorithm: 1.2.840.10045.4.3.2
      signature: …
      certificates:
        signer: true
        fingerprint: KEY
        serialNumber: …
        issuerName: CN=paraph local intermediate,O=paraph local
        notBefore: TIME
        notAfter: TIME
        key: PKIX_ECDSA_P256_SHA_256
        identity: ann@example.com
        issuer: http://HOST
        claims:
          tokenSubject: ann@example.com
        signedCertificateTimestamps:
          TIME by the log OID
      logEntry:
        kind: hashedrekord 0.0.2
        logId: OID
        logIndex: 0
        inclusionPromise: false
        proofIndex: 0
        treeSize: 1
        checkpoint:
          127.0.0.1
          1
          …

          …
      draftLogEntry: false
      timestamps:
        time: TIME
        policy: 1.3.6.1.4.1.57264.2
        length: …
    ");
    let claims = |done: &Done| done.stdout.split_once("(its claims):").unwrap().1.to_owned();
    assert_eq!(claims(&good), claims(&bad));
    assert!(bad.stdout.starts_with(&format!("commit {forged}: bad\n")), "{}", bad.stdout);

    let json: Value = serde_json::from_str(&sandbox.paraph(&["show", "--json", "v1"]).stdout).unwrap();
    let certificate = &json["contents"]["certificates"][0];
    assert_eq!(
        (&json["verdict"], &certificate["identity"], &certificate["issuer"]),
        (&"good".into(), &EMAIL.into(), &sigstore.url.clone().into())
    );
    let unsigned = sandbox.paraph(&["show", &sandbox.store("commit", &parts.payload)]);
    assert_eq!((unsigned.code, unsigned.stdout.as_str()), (Some(4), ""), "{}", unsigned.stderr);
}

/// Lines without the values that differ in each run and that the filter does not know.
fn shape(text: &str) -> String {
    let varying = ["cmsLength:", "signature:", "serialNumber:", "length:"];
    let lines = text.lines().map(|line| {
        let bare = line.trim_start();
        match varying.iter().find(|name| bare.starts_with(**name)) {
            Some(name) => format!("{}{name} …\n", &line[..line.len() - bare.len()]),
            // the checkpoint's root hash and signature
            None if bare.starts_with("— ") || (bare.len() == 44 && bare.ends_with('=')) => {
                format!("{}…\n", &line[..line.len() - bare.len()])
            }
            None => format!("{line}\n"),
        }
    });
    lines.collect()
}
