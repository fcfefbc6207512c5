//! `git push --signed` to a repository that hands out nonces, and what git tells its hooks.

use super::{other_instance, repository, shown};
use crate::support::{
    objects::{OPENPGP, installed},
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::path::PathBuf;

/// Notes what git tells it of the push certificate, and keeps the certificate.
const HOOK: &str = "#!/bin/sh
{
    echo \"STATUS=$GIT_PUSH_CERT_STATUS\"
    echo \"SIGNER=$GIT_PUSH_CERT_SIGNER\"
    echo \"KEY=$GIT_PUSH_CERT_KEY\"
    echo \"NONCE_STATUS=$GIT_PUSH_CERT_NONCE_STATUS\"
} > noted
if test -n \"$GIT_PUSH_CERT\"; then git cat-file blob \"$GIT_PUSH_CERT\" > certificate; fi
";

/// A bare repository with the hook, as the remote `origin` of the sandbox's repository.
fn receiver(sandbox: &Sandbox) -> PathBuf {
    let bare = sandbox.root().join("bare.git");
    let format = sandbox.git(&["rev-parse", "--show-object-format"]);
    sandbox.git(&["init", "-q", "--bare", &format!("--object-format={format}"), bare.to_str().unwrap()]);
    sandbox.git_in(&bare, &["config", "receive.certNonceSeed", "a seed that only the server knows"]);
    sandbox.script("bare.git/hooks/pre-receive", HOOK);
    sandbox.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    bare
}

fn push(sandbox: &Sandbox, options: &[&str], arguments: &[&str]) -> Done {
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "to be pushed"]);
    let done = sandbox.try_git(&[options, &["push", "-q"], arguments, &["origin", "main"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    done
}

/// What the hook noted, and how the certificate that it kept verifies when paraph is called as git would call it.
fn received(sandbox: &Sandbox, bare: &std::path::Path) -> String {
    let noted = shown(sandbox, &std::fs::read_to_string(bare.join("noted")).unwrap());
    let Ok(certificate) = std::fs::read_to_string(bare.join("certificate")) else { return noted };
    let (payload, _) = certificate.split_at(certificate.find("-----BEGIN").unwrap());
    assert!(payload.starts_with("certificate version 0.1\npusher ") && payload.contains("\nnonce "), "{payload}");
    std::fs::write(bare.join("signature"), &certificate[payload.len()..]).unwrap();
    let done = sandbox.paraph_with(&["--status-fd=1", "--verify", bare.join("signature").to_str().unwrap(), "-"], payload.as_bytes());
    format!("{noted}the blob: exit {}\n{}", done.code.unwrap(), shown(sandbox, &done.stdout))
}

#[test]
fn a_signed_push_is_good_on_the_receiving_side_in_both_object_formats() {
    let sigstore = Sigstore::start();
    for format in ["sha1", "sha256"] {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "-q", "-b", "main", &format!("--object-format={format}")]);
        sigstore.configure(&sandbox);
        sigstore.allow(&sandbox, EMAIL);
        let bare = receiver(&sandbox);
        push(&sandbox, &[], &["--signed"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(received(&sandbox, &bare), @r"
            STATUS=G
            SIGNER=ann@example.com
            KEY=KEY
            NONCE_STATUS=OK
            the blob: exit 0
            [GNUPG:] NEWSIG
            [GNUPG:] GOODSIG KEY ann@example.com
            [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
            [GNUPG:] TRUST_FULLY 0 shell
            ");
        }
        let certificate = std::fs::read_to_string(bare.join("certificate")).unwrap();
        assert!(certificate.contains(&format!("pusher Ann <{EMAIL}> ")) && certificate.contains(" refs/heads/main\n"), "{certificate}");
    }
}

#[test]
fn git_tells_a_hook_whether_a_push_certificate_is_wrong_but_not_who_is_trusted() {
    let test = "git_tells_a_hook_whether_a_push_certificate_is_wrong_but_not_who_is_trusted";
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let bare = receiver(&sandbox);
    let other = Sigstore::start();
    let folder = sandbox.root();
    let paraph = env!("CARGO_BIN_EXE_paraph");
    // signs another text than git's
    let forge = sandbox.script("forge", &format!("#!/bin/sh\nsed 's/^pushee .*/pushee elsewhere/' | {paraph} \"$@\"\n"));
    let created = "echo '[GNUPG:] SIG_CREATED D 1 1 00 1 0' >&2";
    let openpgp = sandbox.script("openpgp", &format!("#!/bin/sh\ncat > /dev/null\necho '{}'\n{created}\n", OPENPGP.trim_end()));
    sandbox.git(&["config", "--global", "gpg.program", paraph]);

    let row = |name: &str, options: &[&str], arguments: &[&str]| {
        let _ = std::fs::remove_file(bare.join("certificate"));
        push(&sandbox, options, arguments);
        format!("{name}\n{}\n", received(&sandbox, &bare))
    };
    let table = [
        row("good", &[], &["--signed"]),
        row("untrusted", &["-c", "user.signingKey=bob@example.com"], &["--signed"]),
        row("bad: another push", &["-c", &format!("gpg.x509.program={forge}")], &["--signed"]),
        row("unchecked: another instance", &other_instance(&other).iter().map(String::as_str).collect::<Vec<_>>(), &["--signed"]),
        row("other: OpenPGP", &["-c", "gpg.format=openpgp", "-c", &format!("gpg.program={openpgp}")], &["--signed"]),
        row("unsigned", &[], &[]),
    ];
    insta::assert_snapshot!(table.concat(), @r"
    good
    STATUS=G
    SIGNER=ann@example.com
    KEY=KEY
    NONCE_STATUS=OK
    the blob: exit 0
    [GNUPG:] NEWSIG
    [GNUPG:] GOODSIG KEY ann@example.com
    [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
    [GNUPG:] TRUST_FULLY 0 shell

    untrusted
    STATUS=G
    SIGNER=bob@example.com
    KEY=KEY
    NONCE_STATUS=OK
    the blob: exit 0
    [GNUPG:] NEWSIG
    [GNUPG:] GOODSIG KEY bob@example.com
    [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
    [GNUPG:] TRUST_UNDEFINED 0 shell

    bad: another push
    STATUS=B
    SIGNER=ann@example.com
    KEY=KEY
    NONCE_STATUS=OK
    the blob: exit 1
    [GNUPG:] NEWSIG
    [GNUPG:] BADSIG KEY ann@example.com
    [GNUPG:] TRUST_NEVER 0 shell

    unchecked: another instance
    STATUS=E
    SIGNER=
    KEY=KEY
    NONCE_STATUS=OK
    the blob: exit 1
    [GNUPG:] NEWSIG
    [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
    [GNUPG:] NO_PUBKEY KEY
    [GNUPG:] TRUST_UNDEFINED 0 shell

    other: OpenPGP
    STATUS=E
    SIGNER=
    KEY=NOKEY
    NONCE_STATUS=OK
    the blob: exit 1
    [GNUPG:] NEWSIG
    [GNUPG:] ERRSIG NOKEY 19 8 00 0 9 NOKEY
    [GNUPG:] NO_PUBKEY NOKEY
    [GNUPG:] TRUST_UNDEFINED 0 shell

    unsigned
    STATUS=
    SIGNER=
    KEY=
    NONCE_STATUS=
    ");
    if installed("openssl", test) {
        let make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Fred -keyout key -out certificate 2> /dev/null";
        let sign = "openssl cms -sign -binary -md sha256 -outform PEM -signer certificate -inkey key | sed '/^-----/s/CMS/SIGNED MESSAGE/'";
        let text = format!("#!/bin/sh\ncd '{}' && {{ test -f key || {make}; }} && {sign}\n{created}\n", folder.display());
        let foreign = sandbox.script("foreign", &text);
        insta::assert_snapshot!(row("other: foreign CMS", &["-c", &format!("gpg.x509.program={foreign}")], &["--signed"]), @r"
        other: foreign CMS
        STATUS=E
        SIGNER=
        KEY=KEY
        NONCE_STATUS=OK
        the blob: exit 1
        [GNUPG:] NEWSIG
        [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
        [GNUPG:] NO_PUBKEY KEY
        [GNUPG:] TRUST_UNDEFINED 0 shell
        ");
    }
}

#[test]
fn who_may_push_is_a_restriction_of_its_own_and_a_pusher_is_compared_like_a_committer() {
    let (sigstore, sandbox) = repository();
    let bare = receiver(&sandbox);
    let allowed = sandbox.home().join("allowed");
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
    sandbox.git(&["config", "--global", "gitsign.matchCommitter", "true"]);
    let trust = |kinds: &str, options: &[&str]| {
        std::fs::write(&allowed, format!("{EMAIL} {} instance=local for={kinds}\n", sigstore.url)).unwrap();
        push(&sandbox, options, &["--signed"]);
        received(&sandbox, &bare).lines().last().unwrap().to_owned()
    };
    assert_eq!(trust("push", &[]), "[GNUPG:] TRUST_FULLY 0 shell");
    assert_eq!(trust("commit,tag", &[]), "[GNUPG:] TRUST_UNDEFINED 0 shell");
    // git writes a signing key that is set into the certificate in the place of name and address
    assert_eq!(trust("push", &["-c", "user.signingKey=ann@example.com"]), "[GNUPG:] TRUST_FULLY 0 shell");
    assert!(std::fs::read_to_string(bare.join("certificate")).unwrap().contains("\npusher ann@example.com "));

    let carol = ["-c", "user.email=carol@example.com", "-c", "paraph.expectedIdentity=ann@example.com"];
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "to be pushed"]);
    let refused = sandbox.try_git(&[&carol[..], &["push", "-q", "--signed", "origin", "main"]].concat());
    assert_ne!(refused.code, Some(0));
    assert_eq!(trust("push", &[&carol[..], &["-c", "gitsign.matchCommitter=false"]].concat()), "[GNUPG:] TRUST_UNDEFINED 0 shell");
}

#[test]
fn a_hook_verifies_what_is_pushed_while_it_is_in_quarantine() {
    let (sigstore, sandbox) = repository();
    let bare = receiver(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    let hook = format!(
        "#!/bin/sh\nwhile read -r old new ref; do '{}' verify \"$new\"; echo \"exit $?\"; done > noted 2>&1\n",
        env!("CARGO_BIN_EXE_paraph")
    );
    sandbox.script("bare.git/hooks/pre-receive", &hook);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    sandbox.git(&["push", "-q", "origin", "main", "v1"]);
    let noted = shown(&sandbox, &std::fs::read_to_string(bare.join("noted")).unwrap());
    insta::assert_snapshot!(noted, @r"
    commit OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.
    exit 0
    tag OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 1 of the log 127.0.0.1; instance local.
    exit 0
    ");
}
