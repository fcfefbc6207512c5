//! Objects that are oddly put together, as git stores them: what git's own check says, and what `paraph verify` finds.

use super::{repository, shown};
use crate::support::{
    objects::{OPENPGP, Parts, commit},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use serde_json::Value;

fn signed() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    (sigstore, sandbox)
}

/// What `git verify-…` and `paraph verify` say of an object.
fn row(sandbox: &Sandbox, name: &str, kind: &str, bytes: &[u8]) -> String {
    let oid = sandbox.store(kind, bytes);
    let git = sandbox.try_git(&[&format!("verify-{kind}"), &oid]);
    let done = sandbox.paraph(&["verify", "--json", &oid]);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    let reason = report["reason"].as_str().unwrap_or_default();
    format!("{name}: git {}, paraph {} {} {reason}", git.code.unwrap(), done.code.unwrap(), report["verdict"].as_str().unwrap())
        .trim_end()
        .to_owned()
        + "\n"
}

/// `bytes` with the first occurrence of `from` replaced.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[test]
fn a_commit_that_git_s_readers_could_read_in_two_ways_is_refused() {
    let (_sigstore, sandbox) = signed();
    let parts = sandbox.commit_parts("HEAD");
    let good = sandbox.object("commit", "HEAD");
    let tree = "tree 0123456789012345678901234567890123456789\n";
    let second = String::from_utf8(commit(b"\n\n", "gpgsig", &parts.signature)).unwrap();
    let second = second.trim_matches('\n').to_owned() + "\n";
    let with = |from: &str, to: &str| edited(&good, from, to);
    let signature = |text: String| commit(&parts.payload, "gpgsig", &text);
    let rows = [
        ("unchanged", good.clone()),
        ("two trees", [tree.as_bytes(), &good].concat()),
        ("two authors", with("\nauthor", "\nauthor Eve <eve@example.com> 1 +0000\nauthor")),
        ("two committers", with("\ncommitter", "\ncommitter Eve <eve@example.com> 1 +0000\ncommitter")),
        ("a parent after the author", with("\ncommitter", &format!("\nparent {}\ncommitter", &tree[5..45]))),
        ("two adjacent signatures", with("\ngpgsig", &format!("\n{second}gpgsig"))),
        ("two signatures apart", with("\ngpgsig", &format!("\n{second}x-header x\ngpgsig"))),
        ("an unknown gpgsig header", with("\ngpgsig", "\ngpgsigEVIL x\n y\ngpgsig")),
        ("a signature for each format", with("\ngpgsig", &format!("\n{}gpgsig", second.replace("gpgsig", "gpgsig-sha256")))),
        ("only the other format's signature", with("\ngpgsig", "\ngpgsig-sha256")),
        ("text after END", signature(format!("{}trailing\n", parts.signature))),
        ("text before BEGIN", signature(format!("leading\n{}", parts.signature))),
        ("a NUL in the message", with("message", "mess\0age")),
        ("CRLF in the signature", signature(parts.signature.replace('\n', "\r\n"))),
        ("an indented signature", signature(parts.signature.replace('\n', "\n "))),
        ("a header in the armor", signature(parts.signature.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1))),
        ("a lower-case BEGIN line", signature(parts.signature.replace("SIGNED MESSAGE", "signed message"))),
        ("an empty signature", with("\ngpgsig", "\ngpgsig \ngpgsig")),
        ("nothing but an empty signature", commit(&parts.payload, "gpgsig", "")),
        ("one more line", signature(format!("{} ", parts.signature))),
        ("text after an OpenPGP signature", signature(format!("{OPENPGP}more\n"))),
        ("two trees, and OpenPGP", [tree.as_bytes(), &signature(OPENPGP.into())].concat()),
        ("ours after an OpenPGP signature", edited(&signature(OPENPGP.into()), "\n\n", &format!("\n{second}\n"))),
        ("an OpenPGP signature", signature(OPENPGP.into())),
        ("an SSH signature", signature("-----BEGIN SSH SIGNATURE-----\nYQ==\n-----END SSH SIGNATURE-----\n".into())),
    ];
    let table: String = rows.iter().map(|(name, bytes)| row(&sandbox, name, "commit", bytes)).collect();
    insta::assert_snapshot!(table, @r"
    unchanged: git 0, paraph 0 good
    two trees: git 1, paraph 15 bad duplicate-header
    two authors: git 1, paraph 15 bad duplicate-header
    two committers: git 1, paraph 15 bad duplicate-header
    a parent after the author: git 1, paraph 15 bad header-order
    two adjacent signatures: git 1, paraph 15 bad multiple-signatures
    two signatures apart: git 1, paraph 15 bad multiple-signatures
    an unknown gpgsig header: git 0, paraph 15 bad unsigned-header
    a signature for each format: git 0, paraph 0 good
    only the other format's signature: git 1, paraph 12 unsigned no-signature
    text after END: git 1, paraph 15 bad trailing-data
    text before BEGIN: git 128, paraph 13 other unknown-signature-kind
    a NUL in the message: git 1, paraph 15 bad nul-byte
    CRLF in the signature: git 0, paraph 0 good
    an indented signature: git 1, paraph 14 unchecked armor-framing
    a header in the armor: git 1, paraph 15 bad armor-malformed
    a lower-case BEGIN line: git 128, paraph 13 other unknown-signature-kind
    an empty signature: git 128, paraph 15 bad multiple-signatures
    nothing but an empty signature: git 128, paraph 13 other unknown-signature-kind
    one more line: git 1, paraph 14 unchecked armor-framing
    text after an OpenPGP signature: git 1, paraph 13 other openpgp-signature
    two trees, and OpenPGP: git 1, paraph 13 other openpgp-signature
    ours after an OpenPGP signature: git 1, paraph 15 bad multiple-signatures
    an OpenPGP signature: git 1, paraph 13 other openpgp-signature
    an SSH signature: git 1, paraph 13 other ssh-signature
    ");
}

#[test]
fn a_tag_that_says_more_than_was_signed_is_refused() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    let Parts { payload, signature } = sandbox.tag_parts("v1");
    let payload = String::from_utf8(payload).unwrap();
    let rows = [
        ("unchanged", format!("{payload}{signature}")),
        ("text after END", format!("{payload}{signature}and more\n")),
        ("two signatures", format!("{payload}{signature}{signature}")),
        ("OpenPGP after ours", format!("{payload}{signature}{OPENPGP}")),
        ("two names", format!("{}{signature}", payload.replace("\ntag v1", "\ntag v1\ntag v2"))),
        ("a signature header before the tagger", format!("{}{signature}", payload.replace("\ntagger", "\ngpgsig x\ntagger"))),
        ("a signature header of its format", format!("{}{signature}", payload.replace("\n\n", "\ngpgsig x\n\n"))),
        ("a signature header of the other format", format!("{}{signature}", payload.replace("\n\n", "\ngpgsig-sha256 x\n\n"))),
        ("an unknown signature header", format!("{}{signature}", payload.replace("\n\n", "\ngpgsig-sha512 x\n\n"))),
        ("another message", format!("{}{signature}", payload.replace("a tag", "b tag"))),
        ("no signature", payload.clone()),
    ];
    let table: String = rows.iter().map(|(name, text)| row(&sandbox, name, "tag", text.as_bytes())).collect();
    insta::assert_snapshot!(table, @r"
    unchanged: git 0, paraph 0 good
    text after END: git 1, paraph 15 bad trailing-data
    two signatures: git 1, paraph 15 bad multiple-signatures
    OpenPGP after ours: git 1, paraph 13 other openpgp-signature
    two names: git 1, paraph 15 bad duplicate-header
    a signature header before the tagger: git 0, paraph 15 bad header-order
    a signature header of its format: git 0, paraph 15 bad multiple-signatures
    a signature header of the other format: git 0, paraph 0 good
    an unknown signature header: git 1, paraph 15 bad unsigned-header
    another message: git 1, paraph 15 bad payload-mismatch
    no signature: git 1, paraph 12 unsigned no-signature
    ");
}

#[test]
fn odd_commits_that_git_itself_makes_are_good() {
    let (_sigstore, sandbox) = signed();
    let good = |name: &str| {
        assert_eq!(sandbox.git(&["log", "-1", "--format=%G?"]), "G", "{name}");
        let done = sandbox.paraph(&["verify"]);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stdout);
    };
    let file = sandbox.root().join("message");
    let commit = |options: &[&str], message: &[u8]| {
        std::fs::write(&file, message).unwrap();
        sandbox.git(
            &[
                options,
                &["commit", "-q", "-S", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", file.to_str().unwrap()],
            ]
            .concat(),
        );
    };
    commit(&["-c", "i18n.commitEncoding=ISO-8859-1"], b"caf\xe9\n");
    assert!(sandbox.object("commit", "HEAD").windows(9).any(|window| window == b"encoding "));
    good("another encoding");
    commit(&[], b"");
    good("an empty message");
    commit(&[], b"no line end");
    good("a message without a line end");
    commit(&[], b"a\r\nb\r\n\r\n\r\n");
    good("carriage returns");
    commit(&[], b"gpgsig -----BEGIN SIGNED MESSAGE-----\n-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n");
    good("a signature in the message");
    commit(&[], &b"x".repeat(1 << 20));
    good("a line of a megabyte");
    commit(&["-c", "user.name=\u{141}ukasz \u{540d}\u{524d}"], b"m");
    good("a name in other scripts");
    commit(&["-c", "user.name=J\u{e9}r\u{f4}me 'The \"Great\"', Jr. (x)"], b"m");
    good("a name with punctuation");
}

#[test]
fn a_signed_tag_inside_a_merge_is_not_the_merge_s_signature() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "side"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    sandbox.git(&["checkout", "-q", "main"]);
    for (option, verdict) in [("-S", "good"), ("--no-gpg-sign", "unsigned")] {
        sandbox.git(&["merge", "-q", option, "--no-ff", "-m", "merged", "v1"]);
        let raw = String::from_utf8(sandbox.object("commit", "HEAD")).unwrap();
        assert!(raw.contains("\nmergetag object "), "{raw}");
        let words = sandbox.paraph(&["verify"]).stdout;
        assert!(words.starts_with("commit ") && words.lines().next().unwrap().ends_with(&format!(": {verdict}")), "{words}");
        sandbox.git(&["reset", "-q", "--hard", "HEAD~"]);
    }
    // a tag's name in the merge is the signer's claim, and shown to nobody by paraph
    assert!(!shown(&sandbox, &sandbox.paraph(&["verify", "v1"]).stdout).contains("side"));
}

#[test]
fn a_merge_with_a_forged_tag_inside_is_warned_of() {
    let (_sigstore, sandbox) = signed();
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "side"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["merge", "-q", "--no-gpg-sign", "--no-ff", "-m", "merged", "v1"]);
    let genuine = String::from_utf8(sandbox.object("commit", "HEAD")).unwrap();
    let (side, other) = (sandbox.git(&["rev-parse", "HEAD^2"]), "1".repeat(40));
    let tag = |from: &str, to: &str| genuine.replacen(from, to, 1);
    for (commit, fault) in [
        (genuine.clone(), None),
        (tag(" a tag\n", " another tag\n"), Some("[payload-mismatch]")),
        (tag(&format!("mergetag object {side}"), &format!("mergetag object {other}")), Some("it names a commit that is not merged here")),
        // other kinds are not verified
        (tag("-----BEGIN SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"), None),
    ] {
        assert!(fault.is_none() || commit != genuine);
        // the signature of the merge covers the tag inside it
        let payload = commit.clone().into_bytes();
        let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], &payload);
        assert_eq!(done.code, Some(0), "{done:?}");
        let id = sandbox.store_commit(&Parts { payload, signature: done.stdout });
        for call in [&["verify", &id][..], &["verify", &format!("{id}~..{id}")], &["verify", "--json", &id]] {
            let done = sandbox.paraph(call);
            assert_eq!(done.code, Some(0), "{done:?}");
            let warned = done.stderr.contains("holds the tag \"v1\"") && fault.is_none_or(|fault| done.stderr.contains(fault));
            assert_eq!(warned, fault.is_some(), "{fault:?}: {done:?}");
        }
        let shown = sandbox.try_git(&["verify-commit", &id]).stderr;
        assert_eq!(shown.contains("copy of the tag \"v1\" with a fault"), fault.is_some(), "{shown}");
    }
}

#[test]
fn a_tag_message_may_hold_lines_that_begin_other_kinds_of_signatures() {
    let (_sigstore, sandbox) = signed();
    let begins = ["-----BEGIN PGP MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", OPENPGP];
    for (number, line) in begins.into_iter().chain([" -----BEGIN SIGNED MESSAGE-----"]).enumerate() {
        let name = format!("v{number}");
        sandbox.git(&["tag", "-s", &name, "-m", &format!("a tag\n\n{line}\nmore")]);
        assert_eq!(sandbox.try_git(&["verify-tag", &name]).code, Some(0), "{line}");
        assert_eq!(sandbox.paraph(&["verify-tag", &name]).code, Some(0), "{line}");
    }
    // git hides what its program prints
    let payload = String::from_utf8(sandbox.tag_parts("v0").payload).unwrap().replace(begins[0], "-----BEGIN SIGNED MESSAGE-----");
    let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], payload.as_bytes());
    assert_ne!(done.code, Some(0));
    assert!(
        done.stderr.contains("line 3 of the tag message looks like a signature") && done.stderr.contains("indent the line"),
        "{done:?}"
    );
}
