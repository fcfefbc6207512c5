//! What happens when no signature can be made: git writes no commit, and the user learns whose fault it is.

use super::{repository, shown};
use crate::support::{
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
    socket::{Silent, answering, closed},
};
use paraph::internals::local::{Fault, ServeOptions, Service};
use std::fmt::Write;
#[cfg(target_os = "linux")]
use std::process::Stdio;

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";
const SIGN: [&str; 3] = ["--status-fd=2", "-bsau", "Ann <ann@example.com>"];

/// Has git sign, which must fail and leave no commit, and gives what paraph itself says when it is called in the same way.
fn refused(sandbox: &Sandbox) -> String {
    let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!((commit.code, sandbox.try_git(&["rev-parse", "-q", "--verify", "HEAD"]).code), (Some(128), Some(1)), "{}", commit.stderr);
    refused_directly(&sandbox.paraph_with(&SIGN, PAYLOAD))
}

fn refused_directly(done: &Done) -> String {
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    assert!(!done.stderr.lines().any(|line| line.starts_with("[GNUPG:]")), "{}", done.stderr);
    done.stderr.clone()
}

#[test]
fn without_a_terminal_and_without_an_identity_one_message_says_what_is_missing() {
    let test = "without_a_terminal_and_without_an_identity_one_message_says_what_is_missing";
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    if !installed("setsid", test) {
        return;
    }
    let mut git = sandbox.command("setsid", &sandbox.work());
    let commit = sandbox.feed(git.args(["--wait", "git", "commit", "-q", "-S", "--allow-empty", "-m", "message"]), b"");
    assert_eq!(commit.code, Some(128), "{}", commit.stderr);
    assert_eq!(sandbox.try_git(&["rev-parse", "-q", "--verify", "HEAD"]).code, Some(1));
    let mut paraph = sandbox.command("setsid", &sandbox.work());
    let done = sandbox.feed(paraph.arg("--wait").arg(env!("CARGO_BIN_EXE_paraph")).args(SIGN), PAYLOAD);
    insta::assert_snapshot!(refused_directly(&done), @r"
    error: a login is needed, but there is neither a terminal nor a desktop session to show it on
    hint: log in where there is a terminal or a desktop, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile.
    ");
}

#[test]
fn a_service_that_is_down_is_named_with_its_address_and_the_cause() {
    let (sigstore, sandbox) = repository();
    let mut table = String::new();
    for (setting, more) in services(&sigstore) {
        let url = closed();
        for option in more {
            set(&sandbox, &option);
        }
        set(&sandbox, &format!("{setting}={url}"));
        writeln!(table, "{setting}\n{}", shown(&sandbox, &refused(&sandbox).replace(&url, "URL"))).unwrap();
        sandbox.git(&["config", "--global", "--unset", setting]);
    }
    insta::assert_snapshot!(table, @r"
    gitsign.issuer
    error: the issuer at URL/.well-known/openid-configuration could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    gitsign.fulcio
    error: Fulcio at URL/api/v2/signingCert could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    gitsign.rekor
    error: Rekor v1 at URL/api/v1/log/entries could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    gitsign.timestampServerURL
    error: the timestamp authority at URL/ could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.
    ");
}

#[test]
fn a_service_that_does_not_answer_is_abandoned_after_the_configured_time() {
    let messages: Vec<String> = std::thread::scope(|scope| {
        let services = [0, 1, 2, 3].map(|index| {
            scope.spawn(move || {
                let (sigstore, sandbox) = repository();
                let silent = Silent::start();
                let (setting, more) = services(&sigstore).into_iter().nth(index).unwrap();
                for option in more.iter().chain([&format!("{setting}={}", silent.url), &"paraph.timeout=1".to_owned()]) {
                    set(&sandbox, option);
                }
                let done = sandbox.paraph_with(&SIGN, PAYLOAD);
                assert!(silent.connections() > 0);
                format!("{setting}\n{}", shown(&sandbox, &refused_directly(&done).replace(&silent.url, "URL")))
            })
        });
        services.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    insta::assert_snapshot!(messages.join("\n"), @r"
    gitsign.issuer
    error: the issuer at URL/.well-known/openid-configuration gave no answer within 1 s
    hint: try again; if it keeps failing, check the service's status page.

    gitsign.fulcio
    error: Fulcio at URL/api/v2/signingCert gave no answer within 1 s
    hint: try again; if it keeps failing, check the service's status page.

    gitsign.rekor
    error: Rekor v1 at URL/api/v1/log/entries gave no answer within 1 s
    hint: try again; if it keeps failing, check the service's status page.

    gitsign.timestampServerURL
    error: the timestamp authority at URL/ gave no answer within 1 s
    hint: try again; if it keeps failing, check the service's status page.
    ");
}

/// The settings of the services' addresses, with further settings that are needed for each.
fn services(sigstore: &Sigstore) -> [(&'static str, Vec<String>); 4] {
    [
        ("gitsign.issuer", vec![]),
        ("gitsign.fulcio", vec![]),
        ("gitsign.rekor", vec![]),
        ("gitsign.timestampServerURL", vec!["gitsign.rekorVersion=1".to_owned(), format!("gitsign.rekor={}", sigstore.url)]),
    ]
}

fn set(sandbox: &Sandbox, setting: &str) {
    let (key, value) = setting.split_once('=').unwrap();
    sandbox.git(&["config", "--global", key, value]);
}

#[test]
fn a_service_that_lies_is_caught_and_named() {
    let mut table = String::new();
    for (fault, version) in [
        (Fault::OtherKey, "2"),
        (Fault::OtherIdentity, "2"),
        (Fault::NoSct, "2"),
        (Fault::BadSct, "2"),
        (Fault::OtherEntry, "1"),
        (Fault::OtherEntry, "2"),
        (Fault::BadProof, "1"),
        (Fault::BadProof, "2"),
        (Fault::BadCheckpoint, "1"),
        (Fault::BadCheckpoint, "2"),
        (Fault::BadSet, "1"),
        (Fault::OtherImprint, "2"),
        (Fault::OtherNonce, "2"),
        (Fault::WrongTime, "2"),
    ] {
        let sigstore = Sigstore::with(ServeOptions { faults: vec![fault], ..ServeOptions::default() });
        let sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        set(&sandbox, &format!("gitsign.rekorVersion={version}"));
        let message = refused(&sandbox);
        assert!(message.contains(&sigstore.url), "{fault}: {message}");
        // how long it took counts too
        let message = [59, 58, 57, 56].iter().fold(shown(&sandbox, &message), |text, s| text.replace(&format!("59 min {s} s"), "1 h"));
        writeln!(table, "{fault}, Rekor v{version}\n{message}").unwrap();
    }
    insta::assert_snapshot!(table, @r#"
    fulcio=other-key, Rekor v2
    error: the certificate from Fulcio at http://HOST is not what was requested: it is for another public key

    fulcio=other-identity, Rekor v2
    error: the certificate from Fulcio at http://HOST is not what was requested: its identity is "somebody-else@example.com"; the token's is "ann@example.com"

    fulcio=no-sct, Rekor v2
    error: the certificate from Fulcio at http://HOST cannot be used: the certificate has no signed certificate timestamp
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    fulcio=bad-sct, Rekor v2
    error: the certificate from Fulcio at http://HOST cannot be used: the signed certificate timestamp does not verify
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    rekor=other-entry, Rekor v1
    error: Rekor v1 at http://HOST/api/v1/log/entries sent an answer that does not match the request: the entry is about another signature
    hint: check the service and any proxy in between; the answer was not used.

    rekor=other-entry, Rekor v2
    error: Rekor v2 at http://HOST/api/v2/log/entries sent an answer that does not match the request: the entry is about another signature
    hint: check the service and any proxy in between; the answer was not used.

    rekor=bad-proof, Rekor v1
    error: the finished signature does not verify, so it was discarded: the inclusion proof does not verify (the log entry came from Rekor v1 at http://HOST)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    rekor=bad-proof, Rekor v2
    error: the finished signature does not verify, so it was discarded: the inclusion proof does not verify (the log entry came from Rekor v2 at http://HOST)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    rekor=bad-checkpoint, Rekor v1
    error: the finished signature does not verify, so it was discarded: the checkpoint and the inclusion proof are for different trees (the log entry came from Rekor v1 at http://HOST)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    rekor=bad-checkpoint, Rekor v2
    error: the finished signature does not verify, so it was discarded: the checkpoint and the inclusion proof are for different trees (the log entry came from Rekor v2 at http://HOST)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    rekor=bad-promise, Rekor v1
    error: the finished signature does not verify, so it was discarded: the log's signed entry timestamp (SET) does not verify (the log entry came from Rekor v1 at http://HOST)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.

    tsa=other-imprint, Rekor v2
    error: the timestamp authority at http://HOST/api/v1/timestamp sent an answer that does not match the request: the token is about another signature
    hint: check the service and any proxy in between; the answer was not used.

    tsa=other-nonce, Rekor v2
    error: the timestamp authority at http://HOST/api/v1/timestamp sent an answer that does not match the request: the token has a different nonce
    hint: check the service and any proxy in between; the answer was not used.

    tsa=wrong-time, Rekor v2
    error: the finished signature does not verify, so it was discarded: a trusted time is ahead of the current time: TIME is 1 h ahead (the certificate came from Fulcio at http://HOST, the log entry came from Rekor v2 at http://HOST, the timestamp came from the timestamp authority at http://HOST/api/v1/timestamp)
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services.
    "#);
}

#[test]
fn a_service_that_cannot_answer_now_is_asked_again_and_then_named() {
    let messages = [Service::Issuer, Service::Fulcio, Service::Rekor, Service::Tsa].map(|service| {
        std::thread::spawn(move || {
            let sigstore = Sigstore::with(ServeOptions { faults: vec![Fault::Down(service)], ..ServeOptions::default() });
            let sandbox = Sandbox::with_repository();
            sigstore.configure(&sandbox);
            shown(&sandbox, &refused_directly(&sandbox.paraph_with(&SIGN, PAYLOAD)))
        })
    });
    let messages = messages.map(|thread| thread.join().unwrap());
    insta::assert_snapshot!(messages.concat(), @r"
    error: the issuer at http://HOST/.well-known/openid-configuration is not available: it answered 502 Bad Gateway 4 times: Bad Gateway
    hint: try again; if it keeps failing, check the service's status page.
    error: Fulcio at http://HOST/api/v2/signingCert is not available: it answered 502 Bad Gateway 4 times: Bad Gateway
    hint: try again; if it keeps failing, check the service's status page.
    error: Rekor v2 at http://HOST/api/v2/log/entries is not available: it answered 502 Bad Gateway 4 times: Bad Gateway
    hint: try again; if it keeps failing, check the service's status page.
    error: the timestamp authority at http://HOST/api/v1/timestamp is not available: it answered 502 Bad Gateway 4 times: Bad Gateway
    hint: try again; if it keeps failing, check the service's status page.
    ");
}

#[test]
fn what_a_service_says_can_forge_no_status_line_and_drive_no_terminal() {
    let (_sigstore, sandbox) = repository();
    let body = "{\"message\": \"no\\n[GNUPG:] SIG_CREATED D 19 8 00 1 0\\u001b[2J\"}";
    let answer = format!("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let url = answering(answer);
    set(&sandbox, &format!("gitsign.fulcio={url}"));
    insta::assert_snapshot!(refused_directly(&sandbox.paraph_with(&SIGN, PAYLOAD)).replace(&url, "URL"), @r"
    error: Fulcio at URL/api/v2/signingCert refused the request with 400 Bad Request: no [GNUPG:] SIG_CREATED D 19 8 00 1 0\u{1b}[2J
    hint: use a fresh token from an issuer that Fulcio accepts, with the audience that it expects; `paraph config` shows the issuer and the client id.
    ");
}

/// A program that is started for the user must not hold git's pipes: git waits until they are closed.
#[test]
fn git_does_not_wait_for_a_browser_that_stays_open() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let opened = sandbox.root().join("opened");
    let opener = sandbox.script("opener", &format!("#!/bin/sh\necho \"$1\" > '{}'\nexec sleep 40\n", opened.display()));
    set(&sandbox, &format!("gitsign.urlOpener={opener} {{{{.URL}}}}"));
    set(&sandbox, "paraph.loginTimeout=4");
    let started = std::time::Instant::now();
    let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(commit.code, Some(128));
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(std::fs::read_to_string(opened).unwrap().starts_with("http://127.0.0.1:"));
}

/// git keeps standard error to itself, so what a person must see is on the terminal device.
#[test]
fn the_prompt_and_the_error_are_on_the_terminal() {
    let test = "the_prompt_and_the_error_are_on_the_terminal";
    let (_sigstore, sandbox) = repository();
    if !installed("script", test) {
        return;
    }
    let on_terminal = || {
        let mut script = sandbox.command("script", &sandbox.work());
        script.args(["-qec", "git commit -q -S --allow-empty -m message 2> /dev/null < /dev/null", "/dev/null"]);
        sandbox.feed(&mut script, b"").stdout
    };
    let url = closed();
    set(&sandbox, &format!("gitsign.fulcio={url}"));
    insta::assert_snapshot!(shown(&sandbox, &on_terminal().replace("\r\n", "\n").replace(&url, "URL")), @r"
    paraph: First entry in the log http://HOST. Anyone who can read it will see, forever: identity ann@example.com, issuer http://HOST.
    paraph: The certificate authority URL publishes it too, even if signing fails later.
    paraph: Fulcio at URL/api/v2/signingCert could not be reached: connection refused
    paraph: hint: if the local Sigstore is not running, start it: `paraph local serve --background`.
    ");
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    set(&sandbox, "paraph.loginTimeout=4");
    let shown = shown(&sandbox, &on_terminal().replace("\r\n", "\n"));
    let without_code: Vec<&str> = shown.lines().map(|line| line.split("with the code").next().unwrap()).collect();
    insta::assert_snapshot!(without_code.join("\n"), @r"
    paraph: log in on any device at http://HOST/device 
    paraph: nobody completed the login within 4 s
    paraph: hint: try again; a larger paraph.loginTimeout gives more time.
    ");
    // an issuer's fixed redirect URL is one that the user has made reachable: the way of the browser
    set(&sandbox, "gitsign.redirectURL=http://localhost/auth/callback");
    let shown = self::shown(&sandbox, &on_terminal().replace("\r\n", "\n"));
    let without_query: Vec<&str> = shown.lines().map(|line| line.split('?').next().unwrap()).collect();
    insta::assert_snapshot!(without_query.join("\n"), @r"
    paraph: log in at http://HOST/auth
    paraph: nobody completed the login within 4 s
    paraph: hint: try again; a larger paraph.loginTimeout gives more time.
    ");
}

#[test]
fn a_log_whose_answer_was_lost_is_asked_for_the_entry_that_it_has() {
    for version in ["1", "2"] {
        let sigstore = Sigstore::with(ServeOptions { faults: vec![Fault::LostAnswer], ..ServeOptions::default() });
        let sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        sigstore.allow(&sandbox, EMAIL);
        set(&sandbox, &format!("gitsign.rekorVersion={version}"));
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
        assert_eq!(sandbox.git(&["log", "--format=%G?"]), "G", "Rekor v{version}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_signature_that_cannot_be_written_is_never_called_created() {
    let (_sigstore, sandbox) = repository();
    let sign = |stdout: Stdio| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        let payload = sandbox.root().join("payload");
        std::fs::write(&payload, PAYLOAD).unwrap();
        let output = command.args(SIGN).stdin(std::fs::File::open(payload).unwrap()).stdout(stdout).output().unwrap();
        refused_directly(&output.into())
    };
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    insta::assert_snapshot!(sign(full.into()), @"error: standard output could not be written: No space left on device (os error 28)");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    insta::assert_snapshot!(sign(writer.into()), @r"
    error: the program that asked for the signature has ended, so nothing more was published
    hint: repeat the command that signs.
    ");

    let script = format!("'{}' --status-fd=2 -bsau {EMAIL} >&-", env!("CARGO_BIN_EXE_paraph"));
    let done = sandbox.feed(sandbox.command("sh", &sandbox.work()).args(["-c", &script]), PAYLOAD);
    insta::assert_snapshot!(refused_directly(&done), @r"
    error: standard output is closed, discarded or open for reading only, so that the signature would be lost
    hint: write the signature to a file with --output FILE, or to a pipe.
    ");
    let reading = std::fs::File::open(sandbox.root().join("payload")).unwrap();
    assert!(sign(reading.into()).contains("open for reading only"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_verdict_that_cannot_be_written_is_no_success() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let [signature, data] = sandbox.files_to_verify("HEAD");
    let verify = |stdout: Stdio| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        let output = command.args(["--status-fd=1", "--verify"]).arg(&signature).arg(&data).stdout(stdout).output().unwrap();
        Done::from(output)
    };
    assert_eq!(verify(Stdio::piped()).code, Some(0));
    let full = verify(std::fs::File::options().write(true).open("/dev/full").unwrap().into());
    assert!(full.code != Some(0) && full.stderr.contains("standard output could not be written"), "{}", full.stderr);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_ne!(verify(writer.into()).code, Some(0));
}

#[test]
fn the_log_file_keeps_what_git_does_not_show() {
    let (_sigstore, sandbox) = repository();
    let log = sandbox.root().join("paraph.log");
    set(&sandbox, &format!("gitsign.logPath={}", log.display()));
    let url = closed();
    let fulcio = format!("gitsign.fulcio={url}");
    let commit = sandbox.try_git(&["-c", &fulcio, "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(commit.code, Some(128));
    sandbox.git(&["-c", "gitsign.rekorMode=online", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    // the mode is reported once
    sandbox.git(&["-c", "gitsign.rekorMode=online", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let lines = std::fs::read_to_string(&log).unwrap();
    insta::assert_snapshot!(shown(&sandbox, &lines.replace(&url, "URL")), @r"
    TIME paraph: First entry in the log http://HOST. Anyone who can read it will see, forever: identity ann@example.com, issuer http://HOST.
    TIME paraph: The certificate authority URL publishes it too, even if signing fails later.
    TIME paraph: Fulcio at URL/api/v2/signingCert could not be reached: connection refused
    TIME paraph: hint: if the local Sigstore is not running, start it: `paraph local serve --background`.
    TIME paraph: The log entry is embedded although rekorMode is online, so that the signature verifies without a network.
    TIME paraph: First entry in the log http://HOST. Anyone who can read it will see, forever: identity ann@example.com, issuer http://HOST.
    TIME paraph: The certificate authority http://HOST publishes it too, even if signing fails later.
    TIME paraph: The certificate, which goes into the log now, says: identity ann@example.com, issuer http://HOST, tokenSubject ann@example.com.
    ");
}

#[test]
fn a_setting_that_cannot_be_used_is_in_the_log_file_too() {
    let (_sigstore, sandbox) = repository();
    let log = sandbox.root().join("paraph.log");
    set(&sandbox, &format!("gitsign.logPath={}", log.display()));
    let commit = sandbox.try_git(&["-c", "paraph.timeout=soon", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(commit.code, Some(128));
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(lines.contains("paraph.timeout") && lines.contains("soon"), "{lines}");
    // where its own path is what cannot be used, there is nothing to write to
    let commit = sandbox.try_git(&["-c", "paraph.logPath=~nobody/x", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!((commit.code, std::fs::read_to_string(&log).unwrap()), (Some(128), lines));
}

#[test]
fn what_is_no_object_of_git_is_not_signed() {
    let (_sigstore, sandbox) = repository();
    let signed_twice = [PAYLOAD, b""].concat();
    let signed_twice = String::from_utf8(signed_twice).unwrap().replacen("\n\n", "\ngpgsig x\n\n", 1);
    let mut table = String::new();
    for (name, payload) in [
        ("nothing", &b""[..]),
        ("text", b"hello\n"),
        ("two trees", &[b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", PAYLOAD].concat()),
        ("a NUL", &[PAYLOAD, b"\0"].concat()),
        ("a signature already", signed_twice.as_bytes()),
    ] {
        write!(table, "{name}\n{}", refused_directly(&sandbox.paraph_with(&SIGN, payload))).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    nothing
    error: there is nothing to sign: the payload is empty
    hint: sign with git: `git commit -S`, `git tag -s` or `git push --signed`.
    text
    error: the payload is not a commit, tag or push certificate
    hint: sign with git: `git commit -S`, `git tag -s` or `git push --signed`; `paraph sign FILE` signs other files.
    two trees
    error: the payload cannot be signed, because it would not verify: a header appears twice that may appear once: tree
    a NUL
    error: the payload cannot be signed, because it would not verify: the object contains a NUL byte
    a signature already
    error: the payload cannot be signed, because it would not verify: the object has an unknown signature header, which no signature covers: gpgsig
    ");
}
