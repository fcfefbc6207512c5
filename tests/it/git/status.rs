//! The status table: git's output for each verdict, on commits, tags and merges.

use super::{other_instance, repository, shown};
use crate::support::{
    objects::{OPENPGP, Parts, key_of, openssl_signature},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use std::fmt::Write;

const BOB: &str = "bob@example.com";

/// A repository where ann is allowed and git passes OpenPGP signatures to paraph too.
fn prepared() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["config", "--global", "gpg.program", env!("CARGO_BIN_EXE_paraph")]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "base"]);
    (sigstore, sandbox)
}

/// Objects with every verdict, the good one first. `sign` makes an object with these options of git, and returns its parts.
fn cases(sign: impl Fn(&[&str]) -> Parts) -> Vec<(&'static str, Parts)> {
    let good = sign(&[]);
    let other = Sigstore::start();
    let options = other_instance(&other);
    let elsewhere = sign(&options.iter().map(String::as_str).collect::<Vec<_>>());
    vec![
        ("good", good.clone()),
        ("untrusted", sign(&["-c", "user.signingKey=bob@example.com"])),
        ("bad: other message", good.with_payload("message", "massage")),
        ("bad: other bytes in the signature", good.with_cms(EMAIL.as_bytes(), b"eve@example.com")),
        ("unchecked: no log entry", good.without_evidence()),
        ("unchecked: another instance", elsewhere),
        ("other: OpenPGP", good.with_signature(OPENPGP)),
        ("unsigned", good.with_signature("")),
    ]
}

/// The status lines in git's raw output, after checks that hold for each verdict.
fn block(raw: &str) -> String {
    let lines: Vec<&str> = raw.lines().filter(|line| line.starts_with("[GNUPG:] ")).collect();
    let count = |words: &[&str]| lines.iter().filter(|line| words.iter().any(|word| line[9..].starts_with(word))).count();
    assert_eq!(lines.first(), Some(&"[GNUPG:] NEWSIG"), "{raw}");
    assert_eq!((count(&["NEWSIG"]), count(&["GOODSIG", "BADSIG", "ERRSIG"]), count(&["TRUST_"])), (1, 1, 1), "{raw}");
    assert_eq!((count(&["VALIDSIG"]), count(&["NO_PUBKEY"])), (count(&["GOODSIG"]), count(&["ERRSIG"])), "{raw}");
    lines.iter().fold(String::new(), |block, line| format!("{block}    {line}\n"))
}

#[test]
fn each_verdict_on_a_commit_is_what_git_shows() {
    let (_sigstore, sandbox) = prepared();
    let sign = |options: &[&str]| {
        sandbox.git(&[options, &["commit", "-q", "-S", "--allow-empty", "-m", "message"]].concat());
        let parts = sandbox.commit_parts("HEAD");
        sandbox.git(&["reset", "-q", "--hard", "HEAD~"]);
        parts
    };
    let mut cases = cases(sign);
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    let blob = sandbox.store("blob", b"evil");
    let mut make = sandbox.command("git", &sandbox.work());
    let other_tree = sandbox.feed(make.arg("mktree"), format!("100644 blob {blob}\tfile\n").as_bytes()).stdout;
    cases.insert(2, ("bad: other tree", cases[0].1.with_payload(&tree, other_tree.trim_end())));

    let row = |name: &str, parts: &Parts| {
        let oid = match parts.signature.is_empty() {
            true => sandbox.store("commit", &parts.payload),
            false => sandbox.store_commit(parts),
        };
        let plain = sandbox.try_git(&["verify-commit", &oid]);
        let raw = sandbox.try_git(&["verify-commit", "--raw", &oid]);
        let full = sandbox.try_git(&["-c", "gpg.minTrustLevel=fully", "verify-commit", &oid]);
        let format = sandbox.git(&["log", "-1", "--format=%G?|%GS|%GK|%GF|%GP|%GT", &oid]);
        let merge = sandbox.try_git(&["merge", "-q", "--no-ff", "--verify-signatures", "-m", "merged", &oid]);
        sandbox.git(&["reset", "-q", "--hard", "main"]);
        let verify = sandbox.paraph(&["verify", &oid]);
        assert_eq!(plain.code, raw.code, "{name}");
        let codes = (plain.code.unwrap(), full.code.unwrap(), merge.code.unwrap(), verify.code.unwrap());
        let mut row = format!("{name}: verify-commit {}, fully {}, merge {}, paraph verify {}\n", codes.0, codes.1, codes.2, codes.3);
        writeln!(row, "    {}", shown(&sandbox, &format)).unwrap();
        if !parts.signature.is_empty() {
            row += &shown(&sandbox, &block(&raw.stderr));
        }
        if let Some(key) = key_of(&parts.signature) {
            assert!(raw.stderr.contains(&key), "{name}: {}", raw.stderr);
        }
        for line in merge.stderr.lines() {
            writeln!(row, "    {}", line.replace(&oid[..7], "ABBREVIATED")).unwrap();
        }
        row
    };
    let table: String = cases.iter().map(|(name, parts)| row(name, parts)).collect();
    insta::assert_snapshot!(table, @r"
    good: verify-commit 0, fully 0, merge 0, paraph verify 0
        G|ann@example.com|KEY|KEY|KEY|fully
        [GNUPG:] NEWSIG
        [GNUPG:] GOODSIG KEY ann@example.com
        [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
        [GNUPG:] TRUST_FULLY 0 shell
    untrusted: verify-commit 0, fully 1, merge 128, paraph verify 10
        U|bob@example.com|KEY|KEY|KEY|undefined
        [GNUPG:] NEWSIG
        [GNUPG:] GOODSIG KEY bob@example.com
        [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
        fatal: Commit ABBREVIATED has an untrusted GPG signature, allegedly by bob@example.com.
    bad: other tree: verify-commit 1, fully 1, merge 128, paraph verify 15
        B|ann@example.com|KEY|||never
        [GNUPG:] NEWSIG
        [GNUPG:] BADSIG KEY ann@example.com
        [GNUPG:] TRUST_NEVER 0 shell
        fatal: Commit ABBREVIATED has a bad GPG signature allegedly by ann@example.com.
    bad: other message: verify-commit 1, fully 1, merge 128, paraph verify 15
        B|ann@example.com|KEY|||never
        [GNUPG:] NEWSIG
        [GNUPG:] BADSIG KEY ann@example.com
        [GNUPG:] TRUST_NEVER 0 shell
        fatal: Commit ABBREVIATED has a bad GPG signature allegedly by ann@example.com.
    bad: other bytes in the signature: verify-commit 1, fully 1, merge 128, paraph verify 15
        B|eve@example.com|KEY|||never
        [GNUPG:] NEWSIG
        [GNUPG:] BADSIG KEY eve@example.com
        [GNUPG:] TRUST_NEVER 0 shell
        fatal: Commit ABBREVIATED has a bad GPG signature allegedly by eve@example.com.
    unchecked: no log entry: verify-commit 1, fully 1, merge 128, paraph verify 14
        E||KEY|||undefined
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
        [GNUPG:] NO_PUBKEY KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
        fatal: Commit ABBREVIATED does not have a GPG signature.
    unchecked: another instance: verify-commit 1, fully 1, merge 128, paraph verify 14
        E||KEY|||undefined
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
        [GNUPG:] NO_PUBKEY KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
        fatal: Commit ABBREVIATED does not have a GPG signature.
    other: OpenPGP: verify-commit 1, fully 1, merge 128, paraph verify 13
        E||NOKEY|||undefined
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG NOKEY 19 8 00 0 9 NOKEY
        [GNUPG:] NO_PUBKEY NOKEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
        fatal: Commit ABBREVIATED does not have a GPG signature.
    unsigned: verify-commit 1, fully 1, merge 128, paraph verify 12
        N|||||undefined
        fatal: Commit ABBREVIATED does not have a GPG signature.
    ");
    if let Some(signature) = openssl_signature(&sandbox, "a commit with a foreign CMS", &cases[0].1.payload) {
        insta::assert_snapshot!(row("other: foreign CMS", &cases[0].1.with_signature(signature)), @r"
        other: foreign CMS: verify-commit 1, fully 1, merge 128, paraph verify 13
            E||KEY|||undefined
            [GNUPG:] NEWSIG
            [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
            [GNUPG:] NO_PUBKEY KEY
            [GNUPG:] TRUST_UNDEFINED 0 shell
            fatal: Commit ABBREVIATED does not have a GPG signature.
        ");
    }
}

#[test]
fn each_verdict_on_a_tag_is_what_git_shows() {
    let (_sigstore, sandbox) = prepared();
    let sign = |options: &[&str]| {
        sandbox.git(&[options, &["tag", "-s", "-f", "v1", "-m", "message"]].concat());
        sandbox.tag_parts("v1")
    };
    let row = |name: &str, parts: &Parts| {
        let oid = sandbox.store_tag(parts);
        let plain = sandbox.try_git(&["verify-tag", &oid]);
        let raw = sandbox.try_git(&["verify-tag", "--raw", &oid]);
        let full = sandbox.try_git(&["-c", "gpg.minTrustLevel=fully", "verify-tag", &oid]);
        let verify = sandbox.paraph(&["verify", &oid]);
        assert_eq!(plain.code, raw.code, "{name}");
        let codes = (plain.code.unwrap(), full.code.unwrap(), verify.code.unwrap());
        let rest = match parts.signature.is_empty() {
            true => format!("    {}\n", plain.stderr.trim_end()),
            false => shown(&sandbox, &block(&raw.stderr)),
        };
        format!("{name}: verify-tag {}, fully {}, paraph verify {}\n{rest}", codes.0, codes.1, codes.2)
    };
    let cases = cases(sign);
    let table: String = cases.iter().map(|(name, parts)| row(name, parts)).collect();
    insta::assert_snapshot!(table, @r"
    good: verify-tag 0, fully 0, paraph verify 0
        [GNUPG:] NEWSIG
        [GNUPG:] GOODSIG KEY ann@example.com
        [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
        [GNUPG:] TRUST_FULLY 0 shell
    untrusted: verify-tag 0, fully 1, paraph verify 10
        [GNUPG:] NEWSIG
        [GNUPG:] GOODSIG KEY bob@example.com
        [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
    bad: other message: verify-tag 1, fully 1, paraph verify 15
        [GNUPG:] NEWSIG
        [GNUPG:] BADSIG KEY ann@example.com
        [GNUPG:] TRUST_NEVER 0 shell
    bad: other bytes in the signature: verify-tag 1, fully 1, paraph verify 15
        [GNUPG:] NEWSIG
        [GNUPG:] BADSIG KEY eve@example.com
        [GNUPG:] TRUST_NEVER 0 shell
    unchecked: no log entry: verify-tag 1, fully 1, paraph verify 14
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
        [GNUPG:] NO_PUBKEY KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
    unchecked: another instance: verify-tag 1, fully 1, paraph verify 14
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
        [GNUPG:] NO_PUBKEY KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
    other: OpenPGP: verify-tag 1, fully 1, paraph verify 13
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG NOKEY 19 8 00 0 9 NOKEY
        [GNUPG:] NO_PUBKEY NOKEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
    unsigned: verify-tag 1, fully 1, paraph verify 12
        error: no signature found
    ");
    if let Some(signature) = openssl_signature(&sandbox, "a tag with a foreign CMS", &cases[0].1.payload) {
        insta::assert_snapshot!(row("other: foreign CMS", &cases[0].1.with_signature(signature)), @r"
        other: foreign CMS: verify-tag 1, fully 1, paraph verify 13
            [GNUPG:] NEWSIG
            [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
            [GNUPG:] NO_PUBKEY KEY
            [GNUPG:] TRUST_UNDEFINED 0 shell
        ");
    }
}

#[test]
fn git_log_shows_the_verdict_and_one_line_for_an_untrusted_signature() {
    let (sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let words = |oid: &str| {
        let text = sandbox.git(&["log", "-1", "--show-signature", "--format=%s", oid]);
        shown(&sandbox, &text)
    };
    insta::assert_snapshot!(words("HEAD"), @r"
    paraph: Good signature from ann@example.com, but untrusted; see `paraph verify`
    message
    ");
    sigstore.allow(&sandbox, BOB);
    insta::assert_snapshot!(words("HEAD"), @r"
    paraph: Good signature from ann@example.com, but untrusted; see `paraph verify`
    message
    ");
    sigstore.allow(&sandbox, EMAIL);
    insta::assert_snapshot!(words("HEAD"), @r"
    paraph: Good signature from ann@example.com, vouched for by http://HOST.
    paraph: Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.
    message
    ");
    let parts = sandbox.commit_parts("HEAD");
    insta::assert_snapshot!(words(&sandbox.store_commit(&parts.with_payload("message", "massage"))), @r"
    paraph: BAD signature: the signature was made over other content [payload-mismatch].
    paraph: It claims to be from ann@example.com; this is not verified.
    massage
    ");
    insta::assert_snapshot!(words(&sandbox.store_commit(&parts.without_evidence())), @r"
    paraph: The signature could not be checked: no log entry is embedded, and none was looked up: `paraph verify --lookup` asks the log for it [entry-missing].
    paraph: It claims to be from ann@example.com; this is not verified.
    message
    ");
}

#[test]
fn the_line_on_an_untrusted_signature_is_short_however_long_the_identity() {
    let (_sigstore, sandbox) = repository();
    let identity = format!("{}@{}.example.com", "a".repeat(60), "b".repeat(60));
    sandbox.git(&["-c", &format!("user.signingKey={identity}"), "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let text = sandbox.git(&["log", "-1", "--show-signature", "--format=%s"]);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("paraph: ")).collect();
    let [line] = lines[..] else { panic!("{text}") };
    assert_eq!(line.chars().count(), 100, "{line}");
    assert!(line.starts_with("paraph: Good signature from aaa") && line.ends_with("a…, but untrusted; see `paraph verify`"), "{line}");
    // the advice is in the output of paraph
    let done = sandbox.paraph(&["verify"]);
    assert!(done.stdout.contains(&identity) && done.stdout.contains("paraph allow "), "{}", done.stdout);
}

#[test]
fn a_signature_or_an_object_too_large_to_be_read_has_a_verdict_too() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let parts = sandbox.commit_parts("HEAD");
    let line = format!("{}\n", "A".repeat(64));
    let long = parts.signature.replacen('\n', &format!("\n{}", line.repeat(20_000)), 1);
    let oid = sandbox.store_commit(&parts.with_signature(long));
    assert_eq!(sandbox.git(&["log", "-1", "--format=%G?|%GT", &oid]), "E|undefined");
    insta::assert_snapshot!(shown(&sandbox, &block(&sandbox.try_git(&["verify-commit", "--raw", &oid]).stderr)), @r"
    [GNUPG:] NEWSIG
    [GNUPG:] ERRSIG NOKEY 19 8 00 0 9 NOKEY
    [GNUPG:] NO_PUBKEY NOKEY
    [GNUPG:] TRUST_UNDEFINED 0 shell
    ");

    let missing = sandbox.paraph(&["--status-fd=1", "--verify", "no-such-file", "-"]);
    assert_eq!(missing.code, Some(1));
    insta::assert_snapshot!(format!("{}{}", shown(&sandbox, &block(&missing.stdout)), missing.stderr), @r"
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG NOKEY 19 8 00 0 9 NOKEY
        [GNUPG:] NO_PUBKEY NOKEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
    error: no-such-file cannot be read: No such file or directory (os error 2)
    ");
}

#[test]
fn a_configuration_that_cannot_be_used_is_a_verdict_and_not_silence() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    for setting in ["paraph.local.trustedRoot=no-such-file", "paraph.instance=nowhere", "paraph.matchCommitter=soon"] {
        let options = ["-c", setting];
        assert_eq!(sandbox.git(&[&options[..], &["log", "-1", "--format=%G?|%GT"]].concat()), "E|undefined", "{setting}");
        let raw = sandbox.try_git(&[&options[..], &["verify-commit", "--raw", "HEAD"]].concat());
        assert_eq!(raw.code, Some(1), "{setting}");
        assert!(block(&raw.stderr).contains("ERRSIG"), "{setting}");
        let words = sandbox.try_git(&[&options[..], &["verify-commit", "HEAD"]].concat()).stderr;
        assert!(words.contains(setting.split_once('=').unwrap().1), "{setting}: {words}");
    }
}
