//! Bytes that an attacker can choose: they forge no status line and drive no terminal.

use super::{repository, shown};
use crate::support::{
    objects::openssl_signature,
    sandbox::{Done, Sandbox},
    sigstore::EMAIL,
};

/// Everything that git and paraph print about a commit, as text, raw and JSON.
fn everything(sandbox: &Sandbox, oid: &str) -> [Done; 5] {
    [
        sandbox.try_git(&["verify-commit", "--raw", oid]),
        sandbox.try_git(&["verify-commit", oid]),
        sandbox.paraph(&["verify", oid]),
        sandbox.paraph(&["verify", "--json", oid]),
        sandbox.paraph(&["show", oid]),
    ]
}

/// Checks that none of it holds a byte that a terminal obeys, and that there is one status block; gives its lines.
fn check(sandbox: &Sandbox, oid: &str) -> String {
    let said = everything(sandbox, oid);
    for done in &said {
        let text = format!("{}{}", done.stdout, done.stderr);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}']), "{text:?}");
    }
    let [raw, ..] = said;
    let block: Vec<&str> = raw.stderr.lines().filter(|line| line.contains("[GNUPG:]")).collect();
    let count = |word: &str| block.iter().filter(|line| line.starts_with(&format!("[GNUPG:] {word}"))).count();
    assert_eq!((count("NEWSIG"), count("TRUST_"), count("GOODSIG") + count("BADSIG") + count("ERRSIG")), (1, 1, 1), "{}", raw.stderr);
    shown(sandbox, &block.join("\n"))
}

#[test]
fn an_identity_in_a_certificate_that_holds_line_ends_or_control_characters_is_not_repeated() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let parts = sandbox.commit_parts("HEAD");
    for name in
        ["x\n[GNUPG:] GOOD", "x\r\n[GNUPG:] T", "ann\u{1b}[2J@e.org", "ann\0example.com", "a\u{9b}31m\u{202e}@e.org", "ann@example com"]
    {
        // the same length, so that nothing else of the certificate changes
        let name = &format!("{name}{}", "x".repeat(EMAIL.len() - name.len()));
        let oid = sandbox.store_commit(&parts.with_cms(EMAIL.as_bytes(), name.as_bytes()));
        let block = check(&sandbox, &oid);
        assert_eq!(block, "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG KEY (nobody that could be read)\n[GNUPG:] TRUST_NEVER 0 shell", "{name:?}");
    }
}

#[test]
fn a_message_that_looks_like_status_lines_or_headers_is_a_message() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let message =
        "[GNUPG:] TRUST_ULTIMATE\n\n[GNUPG:] GOODSIG 0 eve\ntree 0123\nauthor Eve <eve@example.com> 1 +0000\n\ngpgsig x\n\u{1b}[2J\n";
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", message]);
    insta::assert_snapshot!(check(&sandbox, "HEAD"), @r"
    [GNUPG:] NEWSIG
    [GNUPG:] GOODSIG KEY ann@example.com
    [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
    [GNUPG:] TRUST_FULLY 0 shell
    ");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%G?|%GS"]), format!("G|{EMAIL}"));
}

#[test]
fn a_committer_with_control_characters_is_escaped() {
    let (_sigstore, sandbox) = repository();
    let email = "user.email=eve\u{1b}[2J\u{202e}@example.com";
    sandbox.git(&["-c", email, "-c", "user.signingKey=ann@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    sandbox.git(&["config", "gitsign.matchCommitter", "true"]);
    check(&sandbox, "HEAD");
    let words = sandbox.paraph(&["verify"]).stdout;
    assert!(words.contains("claims to be from eve\\u{1b}[2J\\u{202e}@example.com"), "{words}");
    let refused = sandbox.try_git(&["-c", email, "-c", "user.signingKey=ann@example.com", "commit", "-S", "--allow-empty", "-m", "x"]);
    assert!(!refused.stderr.contains('\u{1b}'), "{}", refused.stderr);
}

#[test]
fn a_tag_whose_name_holds_control_characters_is_escaped() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "message"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    let parts = sandbox.tag_parts("v1").with_payload("\ntag v1\n", "\ntag v\u{1b}[2J1\n");
    sandbox.git(&["update-ref", "refs/tags/v1", &sandbox.store_tag(&parts)]);
    let done = sandbox.paraph(&["verify", "v1"]);
    insta::assert_snapshot!(format!("exit {}\n{}", done.code.unwrap(), shown(&sandbox, &done.stdout)), @r"
    exit 15
    tag OID: bad
      BAD signature: the tag's own name is not the name of its ref: refs/tags/v1 leads to the tag named v\u{1b}[2J1 [tag-name].
      It claims to be from ann@example.com; this is not verified.
    ");
}

#[test]
fn a_foreign_certificate_s_name_is_escaped() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let parts = sandbox.commit_parts("HEAD");
    let Some(signature) = openssl_signature(&sandbox, "a_foreign_certificate_s_name_is_escaped", &parts.payload) else { return };
    let foreign = parts.with_signature(signature).with_cms(b"Foreign Fred", b"F\n[GNUPG:]\x1b[");
    let oid = sandbox.store_commit(&foreign);
    let block = {
        let raw = sandbox.try_git(&["verify-commit", "--raw", &oid]).stderr;
        shown(&sandbox, &raw)
    };
    insta::assert_snapshot!(block, @r"
    [GNUPG:] NEWSIG
    [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
    [GNUPG:] NO_PUBKEY KEY
    [GNUPG:] TRUST_UNDEFINED 0 shell
    ");
    let words = sandbox.try_git(&["verify-commit", &oid]).stderr;
    assert!(!words.contains('\u{1b}') && words.lines().count() == 1, "{words:?}");
}
