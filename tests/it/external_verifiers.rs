//! Mixed histories: git's own verifier judges OpenPGP and SSH signatures, and a forge's key judges the merges of the forge.

use crate::support::{
    filter::filtered,
    keys::{OpenPgp, Ssh},
    objects::{Parts, commit, installed, openssl_signature},
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use paraph::object::{Commit, ObjectFormat};
use serde_json::Value;

/// The address that a forge gives as the committer of its merges.
const FORGE: &str = "noreply@forge.example";

fn text(sandbox: &Sandbox, key: &str, done: &Done) -> String {
    let names = [(sandbox.root().to_str().unwrap().to_owned(), "ROOT"), (key.to_owned(), "FINGERPRINT")];
    let names: Vec<(&str, &str)> = names.iter().map(|(from, to)| (from.as_str(), *to)).collect();
    format!("exit {}\n{}{}", done.code.unwrap(), filtered(&done.stdout, &names), filtered(&done.stderr, &names))
}

/// A repository with one unsigned commit, of a user whose keyring is in `keyring`.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with_repository();
    let keyring = sandbox.root().join("keyring").to_str().unwrap().to_owned();
    sandbox.set("GNUPGHOME", &keyring);
    for (key, value) in [("user.name", "Ann"), ("user.email", EMAIL), ("gpg.x509.program", env!("CARGO_BIN_EXE_paraph"))] {
        sandbox.git(&["config", "--global", key, value]);
    }
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    sandbox
}

fn verdict(sandbox: &Sandbox, arguments: &[&str]) -> (String, Option<String>) {
    let done = sandbox.paraph(&[&["verify", "--json"], arguments].concat());
    let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    (report["verdict"].as_str().unwrap().to_owned(), report["reason"].as_str().map(str::to_owned))
}

#[test]
fn openpgp_is_named_and_judged_by_git_where_that_is_asked_for() {
    let test = "openpgp_is_named_and_judged_by_git_where_that_is_asked_for";
    let sandbox = sandbox();
    let Some(own) = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test) else { return };
    let commit = own.git(&Sandbox::commit_tree(&["HEAD"], "message"));
    own.git(&["tag", "-s", "-m", "tag", "v1", &commit]);

    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", &commit])), @r"
    exit 13
    commit OID: other
      Not judged: the signature is an OpenPGP signature, which git's gpg program verifies [openpgp-signature].
    ");
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", &commit, "--other-signatures"])), @r"
    exit 0
    commit OID: good
      Good OpenPGP signature from Ann <ann@example.com>, key FINGERPRINT; judged by git.
    ");
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", &commit, "--other-signatures", "--json"])), @r#"
    exit 0
    {"oid":"OID","verdict":"good","kind":"commit","judgedBy":"git","signatureKind":"openpgp","signer":"Ann <ann@example.com>","key":"FINGERPRINT"}
    "#);
    assert_eq!(sandbox.paraph(&["verify-tag", "v1", "--target"]).code, Some(13));
    assert_eq!(sandbox.paraph(&["verify-tag", "v1", "--target", "--other-signatures"]).code, Some(0));

    // a tag under another name is never good, whatever git says about its signature
    sandbox.git(&["update-ref", "refs/tags/v2", "refs/tags/v1"]);
    assert_eq!(verdict(&sandbox, &["v2"]), ("other".into(), Some("openpgp-signature".into())));
    assert_eq!(verdict(&sandbox, &["v2", "--other-signatures"]), ("untrusted".into(), Some("other-tag-name".into())));
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", "v2", "--other-signatures"])), @r"
    exit 10
    tag OID: untrusted
      Not trusted: the signature is valid, but the tag's own name is not the name of its ref [other-tag-name]. The OpenPGP signature from Ann <ann@example.com>, key FINGERPRINT was judged by git.
      The object has a fault: the tag's own name is not the name of its ref: refs/tags/v2 leads to the tag named v1 [tag-name].
    ");

    // a changed commit, and a replacement that would hide the change
    let tampered = sandbox.store_commit(&sandbox.commit_parts(&commit).with_payload("message", "massage"));
    sandbox.git(&["replace", &tampered, &commit]);
    assert_eq!(sandbox.try_git(&["verify-commit", &tampered]).code, Some(0), "git follows the replacement");
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint[24..], &sandbox.paraph(&["verify", &tampered, "--other-signatures"])), @r"
    exit 15
    commit OID: bad
      BAD signature: the signature does not verify [other-signature-invalid]. The OpenPGP signature from Ann <ann@example.com>, key FINGERPRINT was judged by git.
    warning: git shows another object in place of OID: `git replace -l` or the file info/grafts lists them. paraph verified the original.
    ");
}

#[test]
fn a_fault_beside_an_openpgp_signature_is_named_and_git_decides() {
    let test = "a_fault_beside_an_openpgp_signature_is_named_and_git_decides";
    let sandbox = sandbox();
    let Some(own) = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test) else { return };
    let id = own.git(&Sandbox::commit_tree(&["HEAD"], "message"));
    let parts = sandbox.commit_parts(&id);
    let whole = String::from_utf8(sandbox.object("commit", &id)).unwrap();
    let (head, message) = whole.split_once("\n\n").unwrap();
    let headers = |signature: &str| {
        let lines: String = signature.lines().map(|line| format!("\ngpgsig {line}")).collect();
        format!("{}{lines}\n\n{message}", head.split_once("\ngpgsig ").unwrap().0)
    };
    let after = |text: &str| String::from_utf8(commit(&parts.payload, "gpgsig", &format!("{}{text}", parts.signature))).unwrap();
    let mut table = String::new();
    for (name, object) in [
        ("nothing", whole.clone()),
        ("a line after END", after("Sign completed\n")),
        ("two lines after END", after("Sign completed\n\nmore\n")),
        ("a header on each line", headers(&parts.signature)),
        ("a signature for each format", format!("{head}\ngpgsig-sha256 {}\n\n{message}", parts.signature.trim_end().replace('\n', "\n "))),
        ("an unknown signature header", format!("{head}\ngpgsigEVIL x\n\n{message}")),
        ("two encodings", format!("{head}\nencoding a\nencoding b\n\n{message}")),
    ] {
        let id = sandbox.store("commit", object.as_bytes());
        let git = sandbox.try_git(&["verify-commit", &id]).code.unwrap();
        let report = |options: &[&str]| -> String {
            let done = sandbox.paraph(&[&["verify", "--json", &id], options].concat());
            let report: Value = serde_json::from_str(&done.stdout).unwrap();
            ["verdict", "reason", "finding"].map(|field| report[field].as_str().unwrap_or("-").to_owned()).join(" ")
        };
        table += &format!("{name}: git {git}; {}; {}\n", report(&[]), report(&["--other-signatures"]));
    }
    insta::assert_snapshot!(table, @r"
    nothing: git 0; other openpgp-signature -; good - -
    a line after END: git 0; other openpgp-signature trailing-data; good - trailing-data
    two lines after END: git 0; other openpgp-signature trailing-data; good - trailing-data
    a header on each line: git 0; other openpgp-signature multiple-signatures; good - multiple-signatures
    a signature for each format: git 0; other openpgp-signature -; good - -
    an unknown signature header: git 0; other openpgp-signature unsigned-header; untrusted other-structure unsigned-header
    two encodings: git 1; other openpgp-signature duplicate-header; bad other-signature-invalid duplicate-header
    ");
    let id = sandbox.store("commit", after("Sign completed\n").as_bytes());
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", &id])), @r"
    exit 13
    commit OID: other
      Not judged: the signature is an OpenPGP signature, which git's gpg program verifies [openpgp-signature].
      The object has a fault: there is text after the end of the signature [trailing-data].
    ");
    insta::assert_snapshot!(text(&sandbox, &own.fingerprint, &sandbox.paraph(&["verify", &id, "--other-signatures"])), @r"
    exit 0
    commit OID: good
      Good OpenPGP signature from Ann <ann@example.com>, key FINGERPRINT; judged by git.
      The object has a fault: there is text after the end of the signature [trailing-data].
    ");
}

#[test]
fn a_foreign_cms_with_a_fault_is_named_too() {
    let test = "a_foreign_cms_with_a_fault_is_named_too";
    let sandbox = sandbox();
    let id = sandbox.git(&["rev-parse", "HEAD"]);
    let payload = sandbox.object("commit", &id);
    let Some(cms) = openssl_signature(&sandbox, test, &payload) else { return };
    let of = |signature: &str| {
        let id = sandbox.store("commit", &commit(&payload, "gpgsig", signature));
        verdict(&sandbox, &[&id, "--other-signatures"])
    };
    let foreign = ("other".to_owned(), Some("foreign-cms".to_owned()));
    for text in [cms.clone(), cms.clone() + "Sign completed\n", cms.clone() + "\n", cms.replace('\n', "\n ")] {
        assert_eq!(of(&text), foreign, "{text}");
    }
}

/// Verdict and finding of a commit or tag, and what git is told of it.
fn verdict_and_status(sandbox: &Sandbox, id: &str, verify: &str) -> String {
    let report: Value = serde_json::from_str(&sandbox.paraph(&["verify", "--json", id]).stdout).unwrap();
    let status = sandbox.try_git(&[verify, "--raw", id]).stderr;
    let status = status
        .lines()
        .find_map(|line| line.strip_prefix("[GNUPG:] ")?.split(' ').next().filter(|word| word.ends_with("SIG") && *word != "NEWSIG"));
    let words = ["verdict", "reason", "finding"].map(|field| report[field].as_str().unwrap_or("-").to_owned()).join(" ");
    format!("{words} {}", status.unwrap_or("-"))
}

#[test]
fn several_foreign_cms_are_other_unless_one_may_be_sigstores() {
    let test = "several_foreign_cms_are_other_unless_one_may_be_sigstores";
    let sandbox = sandbox();
    sandbox.git(&["config", "--global", "gpg.program", "/nonexistent"]);
    let payload = sandbox.object("commit", "HEAD");
    let tag = format!("object {}\ntype commit\ntag v1\ntagger A <a@example.com> 1 +0000\n\nmessage\n", sandbox.git(&["rev-parse", "HEAD"]));
    let Some(foreign) = openssl_signature(&sandbox, test, &payload) else { return };
    let Some(under_tag) = openssl_signature(&sandbox, test, format!("{tag}{foreign}").as_bytes()) else { return };
    let vector = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/v1_ok/commit")).unwrap();
    let own = String::from_utf8(Commit::parse(&vector, ObjectFormat::Sha1).unwrap().signed.signature.into_owned()).unwrap();
    let pgp = "-----BEGIN PGP SIGNATURE-----\n\nYQ==\n-----END PGP SIGNATURE-----\n".to_owned();
    let line = "-----BEGIN SIGNED MESSAGE-----\n".to_owned();
    // a commit with both in one header, one with two headers, and a tag
    let mut table = String::new();
    for (name, first, second) in [
        ("two foreign", &foreign, &foreign),
        ("foreign, OpenPGP", &foreign, &pgp),
        ("OpenPGP, foreign", &pgp, &foreign),
        ("own, foreign", &own, &foreign),
        ("foreign, own", &foreign, &own),
        ("own twice", &own, &own),
        ("own, OpenPGP", &own, &pgp),
        ("OpenPGP, own", &pgp, &own),
        ("foreign, only a line", &foreign, &line),
    ] {
        let one_header = commit(&payload, "gpgsig", &format!("{first}{second}"));
        let two_headers = commit(&commit(&payload, "gpgsig", first), "gpgsig", second);
        let commits =
            [one_header, two_headers].map(|object| verdict_and_status(&sandbox, &sandbox.store("commit", &object), "verify-commit"));
        let second = if *second == foreign { &under_tag } else { second };
        let id = sandbox.store("tag", format!("{tag}{first}{second}").as_bytes());
        table += &format!("{name}: {}; {}\n", commits.join("; "), verdict_and_status(&sandbox, &id, "verify-tag"));
    }
    insta::assert_snapshot!(table, @"
    two foreign: other foreign-cms multiple-signatures ERRSIG; other foreign-cms multiple-signatures ERRSIG; other foreign-cms multiple-signatures ERRSIG
    foreign, OpenPGP: other foreign-cms trailing-data ERRSIG; other foreign-cms multiple-signatures ERRSIG; other openpgp-signature multiple-signatures -
    OpenPGP, foreign: other openpgp-signature trailing-data -; other openpgp-signature multiple-signatures -; other foreign-cms-invalid - ERRSIG
    own, foreign: bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG
    foreign, own: bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG
    own twice: bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG; bad multiple-signatures - BADSIG
    own, OpenPGP: bad trailing-data - BADSIG; bad multiple-signatures - BADSIG; other openpgp-signature multiple-signatures -
    OpenPGP, own: other openpgp-signature trailing-data -; bad multiple-signatures - -; bad payload-mismatch - BADSIG
    foreign, only a line: other foreign-cms multiple-signatures ERRSIG; other foreign-cms multiple-signatures ERRSIG; bad multiple-signatures - BADSIG
    ");
    // an unbounded number is not read
    let many = sandbox.store("commit", &commit(&payload, "gpgsig", &foreign.repeat(17)));
    assert_eq!(verdict(&sandbox, &[&many]), ("bad".into(), Some("multiple-signatures".into())));
}

#[test]
fn the_trust_that_git_demands_decides() {
    let test = "the_trust_that_git_demands_decides";
    let sandbox = sandbox();
    let Some(own) = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test) else { return };
    let Some(other) = OpenPgp::new(&sandbox, "other", "Bob <bob@example.com>", test) else { return };
    let commit = other.git(&Sandbox::commit_tree(&["HEAD"], "message"));
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("unchecked".into(), Some("other-signature-unchecked".into())));
    own.gpg(&["--import", &other.export("bob.asc")]);
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("untrusted".into(), Some("key-not-trusted".into())));
    // certified by the user's own key, it is trusted fully, not ultimately
    own.gpg(&["--quick-lsign-key", &other.fingerprint]);
    sandbox.git(&["config", "gpg.minTrustLevel", "fully"]);
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("good".into(), None));
    sandbox.git(&["config", "gpg.minTrustLevel", "ultimate"]);
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("untrusted".into(), Some("key-not-trusted".into())));
}

#[test]
fn ssh_is_judged_by_git_and_a_foreign_cms_by_nobody() {
    let test = "ssh_is_judged_by_git_and_a_foreign_cms_by_nobody";
    let sandbox = sandbox();
    let Some(key) = Ssh::new(&sandbox, "key", test) else { return };
    let commit = key.git(&Sandbox::commit_tree(&["HEAD"], "message"));
    assert_eq!(verdict(&sandbox, &[&commit]), ("other".into(), Some("ssh-signature".into())));
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("unchecked".into(), Some("other-signature-unchecked".into())));

    // a relative path in the repository's own configuration, used from a subfolder
    std::fs::write(sandbox.work().join("signers"), format!("bob@example.com {}", Ssh::new(&sandbox, "bob", test).unwrap().public)).unwrap();
    sandbox.git(&["config", "gpg.ssh.allowedSignersFile", "signers"]);
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]), ("untrusted".into(), Some("key-not-trusted".into())));
    std::fs::write(sandbox.work().join("signers"), format!("ann@example.com {}", key.public)).unwrap();
    let below = sandbox.work().join("below");
    std::fs::create_dir(&below).unwrap();
    insta::assert_snapshot!(text(&sandbox, &key.fingerprint, &sandbox.paraph_in(&below, &["verify", &commit, "--other-signatures"])), @r"
    exit 0
    commit OID: good
      Good SSH signature from ann@example.com, key FINGERPRINT; judged by git.
      Trusted by the repository's own configuration: gpg.ssh.allowedSignersFile in ROOT/work/.git/config (local).
    warning: ROOT/work/signers is in the work tree: anyone who can change the branch can change who is trusted.
    ");
    let tampered = sandbox.store_commit(&sandbox.commit_parts(&commit).with_payload("message", "massage"));
    assert_eq!(verdict(&sandbox, &[&tampered, "--other-signatures"]), ("bad".into(), Some("other-signature-invalid".into())));

    let parts = sandbox.commit_parts(&commit);
    let Some(cms) = openssl_signature(&sandbox, test, &parts.payload) else { return };
    let foreign = sandbox.store_commit(&parts.with_signature(cms));
    assert_eq!(verdict(&sandbox, &[&foreign, "--other-signatures"]), ("other".into(), Some("foreign-cms".into())));
}

#[test]
fn without_the_program_nothing_is_good() {
    let test = "without_the_program_nothing_is_good";
    let mut sandbox = sandbox();
    let (commit, fingerprint) = {
        let Some(own) = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test) else { return };
        let merge = own.git(&Sandbox::commit_tree(&["HEAD", &other_parent(&sandbox)], "message"));
        sandbox.git(&["config", "paraph.forgeKey", &own.export("forge.asc")]);
        (merge, own.fingerprint.clone())
    };
    assert_eq!(verdict(&sandbox, &[&commit]), ("good".into(), None));
    // a program in place of gpg that accepts everything must still print what gpg prints
    let script = |text: &str| sandbox.script("gpg", &format!("#!/bin/sh\n{text}\n"));
    script("echo '[GNUPG:] IMPORT_OK 1 x'; echo '[GNUPG:] NEWSIG'; echo '[GNUPG:] GOODSIG 1 x'");
    let path = format!("{}:{}", sandbox.root().display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path);
    assert_eq!(verdict(&sandbox, &[&commit]), ("unchecked".into(), Some("other-signature-unchecked".into())), "{fingerprint}");
    assert_eq!(verdict(&sandbox, &[&commit, "--other-signatures"]).0, "unchecked");
}

fn other_parent(sandbox: &Sandbox) -> String {
    sandbox.git(&["commit-tree", "-m", "side", "HEAD^{tree}"])
}

/// A merge of HEAD whose committer is the forge's, unsigned.
fn unsigned_merge(sandbox: &Sandbox) -> String {
    let side = other_parent(sandbox);
    sandbox.git(&[
        "-c",
        "committer.name=Forge",
        "-c",
        &format!("committer.email={FORGE}"),
        "commit-tree",
        "-m",
        "merge",
        "HEAD^{tree}",
        "-p",
        "HEAD",
        "-p",
        &side,
    ])
}

/// A merge as the forge creates it, or a commit with one parent, signed by `git` with the key that it is given.
fn by_forge(sandbox: &Sandbox, git: impl Fn(&[&str]) -> String, parents: usize) -> String {
    let side = other_parent(sandbox);
    let committer = ["-c", "committer.name=Forge", "-c", "committer.email=noreply@forge.example"];
    git(&[&committer[..], &Sandbox::commit_tree(&["HEAD", &side][..parents], "merge")].concat())
}

/// The checks for a forge's key of either kind. The first `git` signs as the forge, the second as the user, whose keyring trusts that key.
fn judge_forge(sandbox: &Sandbox, key_file: &str, forge: &dyn Fn(&[&str]) -> String, user: &dyn Fn(&[&str]) -> String, named: &str) {
    let merge = by_forge(sandbox, forge, 2);
    let single = by_forge(sandbox, forge, 1);
    let of_user = by_forge(sandbox, user, 2);
    let tampered = sandbox.store_commit(&sandbox.commit_parts(&merge).with_payload("merge", "purge"));
    let unsigned = unsigned_merge(sandbox);
    let all = [&merge, &single, &of_user, &tampered, &unsigned];
    let judge = |arguments: &[&str]| all.map(|oid| verdict(sandbox, &[&[oid.as_str()], arguments].concat()));
    let row = |verdict: &str, reason: Option<&str>| (verdict.to_owned(), reason.map(str::to_owned));
    let other = || row("other", Some(named));
    let nothing = || row("unsigned", Some("no-signature"));

    // without the configured key, the name of a forge's committer means nothing
    assert_eq!(judge(&[]), [other(), other(), other(), other(), nothing()]);

    sandbox.git(&["config", "--global", "paraph.forgeKey", key_file]);
    let invalid = || row("bad", Some("other-signature-invalid"));
    let expected = [row("good", None), row("untrusted", Some("forge-no-merge")), other(), invalid(), nothing()];
    assert_eq!(judge(&[]), expected);
    // with --other-signatures, git judges the other signatures, and the forge's key still judges the forge's
    let expected = [row("good", None), row("untrusted", Some("forge-no-merge")), row("good", None), invalid(), nothing()];
    assert_eq!(judge(&["--other-signatures"]), expected);

    sandbox.git(&["config", "--global", "paraph.forgeCommitter", FORGE]);
    assert_eq!(verdict(sandbox, &[&merge]), row("good", None));
    sandbox.git(&["config", "--global", "paraph.forgeCommitter", "noreply@elsewhere.example"]);
    assert_eq!(verdict(sandbox, &[&merge]), row("untrusted", Some("forge-committer")));
    assert_eq!(verdict(sandbox, &[&of_user]), other());
    sandbox.git(&["config", "--global", "--unset", "paraph.forgeCommitter"]);

    // a tag is not a merge
    forge(&["tag", "-s", "-m", "x", "by-forge", &merge]);
    assert_eq!(verdict(sandbox, &["by-forge"]), other());
}

#[test]
fn a_forges_merge_is_judged_by_its_openpgp_key_and_by_no_name() {
    let test = "a_forges_merge_is_judged_by_its_openpgp_key_and_by_no_name";
    let sandbox = sandbox();
    let Some(own) = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test) else { return };
    // anyone can give a key the name of the forge's key: one of the user's has it
    let Some(forge) = OpenPgp::new(&sandbox, "forge", "Forge <noreply@forge.example>", test) else { return };
    judge_forge(
        &sandbox,
        &forge.export("forge.asc"),
        &|arguments| forge.git(arguments),
        &|arguments| own.git(arguments),
        "openpgp-signature",
    );
    let merge = by_forge(&sandbox, |arguments| forge.git(arguments), 2);
    insta::assert_snapshot!(text(&sandbox, &forge.fingerprint, &sandbox.paraph(&["verify", &merge])), @r"
    exit 0
    commit OID: good
      Good OpenPGP signature from Forge <noreply@forge.example>, key FINGERPRINT; judged by forge key.
    ");
    insta::assert_snapshot!(text(&sandbox, &forge.fingerprint, &sandbox.paraph(&["verify", "--json", &merge])), @r#"
    exit 0
    {"oid":"OID","verdict":"good","kind":"commit","judgedBy":"forge-key","signatureKind":"openpgp","signer":"Forge <noreply@forge.example>","key":"FINGERPRINT","trustedBy":"user"}
    "#);
    assert!(!own.gpg(&["--list-keys"]).stdout.contains("forge.example"), "the user's keyring got nothing");
}

#[test]
fn a_forges_merge_is_judged_by_its_ssh_key_and_by_no_name() {
    let test = "a_forges_merge_is_judged_by_its_ssh_key_and_by_no_name";
    let sandbox = sandbox();
    let (Some(own), Some(forge)) = (Ssh::new(&sandbox, "own", test), Ssh::new(&sandbox, "forge", test)) else { return };
    std::fs::write(sandbox.root().join("signers"), format!("noreply@forge.example {}", own.public)).unwrap();
    sandbox.git(&["config", "--global", "gpg.ssh.allowedSignersFile", sandbox.root().join("signers").to_str().unwrap()]);
    let public = format!("{}.pub", forge.file);
    judge_forge(&sandbox, &public, &|arguments| forge.git(arguments), &|arguments| own.git(arguments), "ssh-signature");
    let merge = by_forge(&sandbox, |arguments| forge.git(arguments), 2);
    insta::assert_snapshot!(text(&sandbox, &forge.fingerprint, &sandbox.paraph(&["verify", &merge])), @r"
    exit 0
    commit OID: good
      Good SSH signature, key FINGERPRINT; judged by forge key.
    ");
    // a commit with the same parent twice is not a merge
    let single = sandbox.commit_parts(&by_forge(&sandbox, |arguments| forge.git(arguments), 1));
    let payload = String::from_utf8(single.payload.clone()).unwrap();
    let parent = payload.lines().find(|line| line.starts_with("parent ")).unwrap();
    let payload = payload.replacen(parent, &format!("{parent}\n{parent}"), 1);
    let mut sign = sandbox.command("ssh-keygen", &sandbox.root());
    let signed = sandbox.feed(sign.args(["-q", "-Y", "sign", "-n", "git", "-f", &forge.file]), payload.as_bytes());
    let twice = sandbox.store_commit(&Parts { payload: payload.into_bytes(), signature: signed.stdout });
    assert_eq!(verdict(&sandbox, &[&twice]), ("untrusted".to_owned(), Some("forge-no-merge".to_owned())));
}

#[test]
fn a_forges_key_that_cannot_be_used_is_an_error_of_the_setting() {
    let sandbox = sandbox();
    let file = sandbox.root().join("forge");
    sandbox.git(&["config", "--global", "paraph.forgeKey", file.to_str().unwrap()]);
    let mut table = String::new();
    for content in [None, Some(""), Some("hello world\n")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        table += &text(&sandbox, "-", &sandbox.paraph(&["verify"]));
    }
    insta::assert_snapshot!(table, @r"
    exit 3
    error: ROOT/forge cannot be read (set by paraph.forgeKey in ROOT/home/.gitconfig (global)): No such file or directory (os error 2)
    hint: correct the path in the setting, or unset it.
    exit 3
    error: the forge's key cannot be read from ROOT/forge: it must hold 1 to 100 public keys, and holds 0
    hint: give a file with the forge's public keys, OpenPGP or SSH.
    exit 3
    error: the forge's key cannot be read from ROOT/forge: line 1 is neither an OpenPGP nor an SSH public key: it does not begin with the type of a public key
    hint: give a file with the forge's public keys, OpenPGP or SSH.
    ");
    // in the work tree, a branch could change it
    let Some(key) = Ssh::new(&sandbox, "key", "a_forges_key_that_cannot_be_used_is_an_error_of_the_setting") else { return };
    std::fs::write(sandbox.work().join("forge.pub"), &key.public).unwrap();
    sandbox.git(&["config", "--global", "paraph.forgeKey", sandbox.work().join("forge.pub").to_str().unwrap()]);
    let done = sandbox.paraph(&["verify"]);
    assert!(done.stderr.contains("forge.pub is in the work tree"), "{}", done.stderr);
}

#[test]
fn a_mixed_history_is_judged_in_one_run() {
    let test = "a_mixed_history_is_judged_in_one_run";
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    let keyring = sandbox.root().join("keyring").to_str().unwrap().to_owned();
    sandbox.set("GNUPGHOME", &keyring);
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    if !installed("gpg", test) || !installed("ssh-keygen", test) {
        return;
    }
    let own = OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test).unwrap();
    let forge = Ssh::new(&sandbox, "forge", test).unwrap();
    sandbox.git(&["config", "--global", "paraph.forgeKey", &format!("{}.pub", forge.file)]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    own.git(&["commit", "-q", "-S", "--allow-empty", "-m", "two"]);
    sandbox.git(&["checkout", "-q", "-b", "topic", "HEAD~"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "three"]);
    sandbox.git(&["checkout", "-q", "main"]);
    forge.git(&["merge", "-q", "-S", "--no-ff", "-m", "merge", "topic"]);
    let done = sandbox.paraph(&["verify", "--all"]);
    assert!(done.code == Some(13) && done.stdout.contains("4 objects: 3 good, 1 other.\n"), "{done:?}");
    let done = sandbox.paraph(&["verify", "--all", "--other-signatures"]);
    insta::assert_snapshot!(text(&sandbox, &forge.fingerprint, &done), @r"
    exit 0
    4 objects: 4 good.
           2  ann@example.com, vouched for by http://HOST: good
           1  Ann <ann@example.com>, judged by git: good
           1  FINGERPRINT, judged by forge key: good
    ");
}

#[test]
fn a_hook_lets_a_forges_merge_pass_by_the_same_key() {
    let test = "a_hook_lets_a_forges_merge_pass_by_the_same_key";
    let sandbox = sandbox();
    let Some(forge) = Ssh::new(&sandbox, "forge", test) else { return };
    let merge = by_forge(&sandbox, |arguments| forge.git(arguments), 2);
    // the remote already has both sides of the merge
    sandbox.git(&["remote", "add", "origin", "file:///nowhere"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/main", &format!("{merge}^1")]);
    sandbox.git(&["update-ref", "refs/remotes/origin/side", &format!("{merge}^2")]);
    let input = format!("refs/heads/main {merge} refs/heads/main {}\n", sandbox.git(&["rev-parse", "HEAD"]));
    let push = || sandbox.paraph_with(&["hook", "pre-push", "origin", "file:///nowhere"], input.as_bytes());
    let refused = push();
    assert!(refused.code == Some(1) && refused.stderr.contains("[ssh-signature]"), "{refused:?}");
    sandbox.git(&["config", "--global", "paraph.forgeKey", &format!("{}.pub", forge.file)]);
    let accepted = push();
    assert_eq!((accepted.code, accepted.stderr.as_str()), (Some(0), ""));
}

/// A stand-in for gpg or ssh-keygen that says "good" about everything, and leaves a file behind when it runs.
fn accomplice(sandbox: &Sandbox, name: &str) -> (String, std::path::PathBuf) {
    let started = sandbox.root().join(format!("{name}-ran"));
    let gpg = r"printf '[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 89ABCDEF01234567 Eve\n[GNUPG:] VALIDSIG KEY 2026-01-01 1 0 4 0 22 8 00 KEY\n[GNUPG:] TRUST_ULTIMATE 0 pgp\n'";
    let text = format!(
        "#!/bin/sh\n: > '{}'\ncat > /dev/null\ncase \"$*\" in\n*--status-fd*) {} ;;\n*find-principals*) echo ann@example.com ;;\n\
         *) echo 'Good \"git\" signature for ann@example.com with ED25519 key SHA256:x' ;;\nesac\n",
        started.display(),
        gpg.replace("KEY", &"A".repeat(40))
    );
    (sandbox.script(name, &text), started)
}

#[test]
fn a_program_that_a_repository_names_is_not_started_where_a_stronger_source_names_one() {
    let test = "a_program_that_a_repository_names_is_not_started_where_a_stronger_source_names_one";
    let sandbox = sandbox();
    let (Some(own), Some(ssh)) = (OpenPgp::new(&sandbox, "keyring", "Ann <ann@example.com>", test), Ssh::new(&sandbox, "key", test)) else {
        return;
    };
    let tampered = |id: String| sandbox.store_commit(&sandbox.commit_parts(&id).with_payload("message", "massage"));
    let openpgp = tampered(own.git(&Sandbox::commit_tree(&["HEAD"], "message")));
    let by_ssh = tampered(ssh.git(&Sandbox::commit_tree(&["HEAD"], "message")));
    let (evil, started) = accomplice(&sandbox, "accomplice");
    std::fs::write(sandbox.root().join("signers"), format!("ann@example.com {}", ssh.public)).unwrap();
    sandbox.git(&["config", "--global", "gpg.ssh.allowedSignersFile", sandbox.root().join("signers").to_str().unwrap()]);
    let verify = |id: &str| sandbox.paraph(&["verify", "--other-signatures", "--json", id]);
    for (key, alias, default, id) in [
        ("gpg.program", "gpg.program", "gpg", &openpgp),
        ("gpg.program", "gpg.openpgp.program", "gpg", &openpgp),
        ("gpg.openpgp.program", "gpg.program", "gpg", &openpgp),
        ("gpg.ssh.program", "gpg.ssh.program", "ssh-keygen", &by_ssh),
    ] {
        // the repository is the only source: its program decides, and the verdict says so
        sandbox.git(&["config", alias, &evil]);
        let done = verify(id);
        assert!(done.code == Some(0) && done.stdout.contains(r#""trustedBy":"repository""#), "{alias}: {done:?}");
        let said = sandbox.paraph(&["verify", "--other-signatures", id]).stdout;
        assert!(said.contains("Trusted by the repository's own configuration: ") && said.contains(alias), "{said}");
        std::fs::remove_file(&started).unwrap();
        for (scope, file) in [("--global", "--local"), ("--global", "--worktree")] {
            sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
            sandbox.git(&["config", scope, key, default]);
            sandbox.git(&["config", file, alias, &evil]);
            let done = verify(id);
            assert_eq!(done.code, Some(15), "{key} {alias} {file}: {done:?}");
            assert!(!started.exists(), "{key} {alias} {file} was started");
            assert!(done.stderr.contains(&format!("{alias} in ")) && done.stderr.contains(&format!("{key} in ")), "{}", done.stderr);
            sandbox.git(&["config", scope, "--unset", key]);
            sandbox.git(&["config", file, "--unset", alias]);
        }
    }
    // the repository's own word that it is trusted counts for nothing, the user's does
    sandbox.git(&["config", "--global", "gpg.program", "gpg"]);
    sandbox.git(&["config", "gpg.program", &evil]);
    sandbox.git(&["config", "paraph.trustRepository", sandbox.work().to_str().unwrap()]);
    assert_eq!(verify(&openpgp).code, Some(15));
    sandbox.git(&["config", "--global", "paraph.trustRepository", sandbox.work().to_str().unwrap()]);
    let done = verify(&openpgp);
    assert!(done.code == Some(0) && done.stdout.contains(r#""trustedBy":"user""#), "{done:?}");
}

#[test]
fn the_keys_that_a_repository_names_do_not_replace_the_users() {
    let test = "the_keys_that_a_repository_names_do_not_replace_the_users";
    let sandbox = sandbox();
    let (Some(own), Some(evil)) = (Ssh::new(&sandbox, "own", test), Ssh::new(&sandbox, "evil", test)) else { return };
    let commits = [&own, &evil].map(|key| key.git(&Sandbox::commit_tree(&["HEAD"], "message")));
    let file = |name: &str, text: &str| {
        let path = sandbox.root().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (owns, evils) =
        (file("owns", &format!("ann@example.com {}", own.public)), file("evils", &format!("eve@example.com {}", evil.public)));
    let (none, revoked) = (file("none", ""), file("revoked", &own.public));
    let codes = || commits.each_ref().map(|id| sandbox.paraph(&["verify", "--other-signatures", id]).code.unwrap());
    // (the user's files: signers and revocations, the repository's), the verdicts on the own commit and the other one
    for (user, repository, expected) in [
        (["", ""], ["", ""], [14, 14]),
        (["", ""], [&*evils, ""], [10, 0]),
        ([&*owns, ""], ["", ""], [0, 10]),
        ([&*owns, ""], [&*evils, ""], [0, 10]),
        // a revocation restricts, and does not take back the user's
        ([&*owns, ""], ["", &*revoked], [15, 10]),
        ([&*owns, &*revoked], ["", &*none], [15, 10]),
    ] {
        for (scope, files) in [("--global", user), ("--local", repository)] {
            for (key, value) in ["gpg.ssh.allowedSignersFile", "gpg.ssh.revocationFile"].into_iter().zip(files) {
                sandbox.try_git(&["config", scope, "--unset", key]);
                if !value.is_empty() {
                    sandbox.git(&["config", scope, key, value]);
                }
            }
        }
        assert_eq!(codes(), expected, "{user:?} {repository:?}");
    }
    // in the work tree, a branch could change it
    sandbox.git(&["config", "--global", "gpg.ssh.allowedSignersFile", "signers"]);
    let done = sandbox.paraph(&["verify", "--other-signatures"]);
    assert!(done.stderr.contains("signers is in the work tree"), "{}", done.stderr);
    assert!(!sandbox.paraph(&["verify"]).stderr.contains("signers is in the work tree"));
}
