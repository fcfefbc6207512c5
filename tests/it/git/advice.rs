//! The failures that people meet: each message says what happened and what to do, and nothing is signed.

use super::{repository, shown};
use crate::support::{
    objects::installed,
    sandbox::Sandbox,
    sigstore::Sigstore,
    socket::{answering, closed},
    tokens::token,
};
use serde_json::json;

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";

/// What is different from a machine on which it works.
#[derive(Default)]
struct Case {
    settings: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Somebody has to log in.
    login: bool,
    status_fd: Option<&'static str>,
}

/// What paraph says in a session without a terminal, with every URL of the case by its own name.
fn said(sandbox: &Sandbox, case: &Case) -> String {
    let mut command = sandbox.command("setsid", &sandbox.work());
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_paraph"));
    command.args([format!("--status-fd={}", case.status_fd.unwrap_or("2")).as_str(), "-bsau", "Ann <ann@example.com>"]);
    command.env("GIT_CONFIG_COUNT", case.settings.len().to_string());
    for (number, setting) in case.settings.iter().enumerate() {
        let (key, value) = setting.split_once('=').unwrap();
        command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    command.envs(case.variables.iter().map(|(name, value)| (name, value)));
    let done = sandbox.feed(&mut command, PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    shown(sandbox, &done.stderr)
}

#[test]
fn each_failure_says_what_happened_and_what_to_do() {
    if !installed("setsid", "each_failure_says_what_happened_and_what_to_do") {
        return;
    }
    let (sigstore, sandbox) = repository();
    let other = Sigstore::start();
    let email = |email: &str, more: serde_json::Value, begins, ends| {
        let mut claims = json!({"email": email, "email_verified": true});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![("SIGSTORE_ID_TOKEN", token(&claims, begins, ends))]
    };
    let http = |status: &str, kind: &str, body: &str| {
        answering(format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let portal = http("200 OK", "text/html", "<html>Welcome to the hotel</html>");
    let to_portal = answering("HTTP/1.1 302 Found\r\nLocation: https://hotel.example/login\r\nContent-Length: 0\r\n\r\n".into());
    let no_issuer = http("400 Bad Request", "application/json", r#"{"code":3,"message":"There was an error processing the identity token"}"#);
    let full = http("502 Bad Gateway", "text/plain", "bad gateway");
    let stale = sandbox.root().join("stale-code");
    std::fs::write(&stale, "another-code\n").unwrap();
    let settings = |settings: &[&str]| settings.iter().map(|setting| (*setting).to_owned()).collect::<Vec<_>>();
    let with = |list: &[&str]| Case { settings: settings(list), ..Case::default() };
    let login = |list: &[&str]| Case { settings: settings(list), login: true, ..Case::default() };
    let holding = |variables| Case { variables, ..Case::default() };
    let now = || email("ann@example.com", json!({}), -5, 300);

    let cases: Vec<(&str, Case)> = vec![
        ("no terminal and no desktop", login(&[])),
        ("no browser", login(&["paraph.urlOpener=false {{.URL}}"])),
        ("nobody logs in", login(&["paraph.urlOpener=true {{.URL}}", "paraph.loginTimeout=1"])),
        ("an expired token", holding(email("ann@example.com", json!({}), -900, -600))),
        ("a wrong clock", holding(email("ann@example.com", json!({}), 600, 900))),
        ("a token for somebody else", holding(email("ann@example.com", json!({"aud": "https://cloud.example"}), -5, 300))),
        ("an address that nobody has verified", holding(email("ann@example.com", json!({"email_verified": false}), -5, 300))),
        ("no token", holding(vec![("SIGSTORE_ID_TOKEN", "none".into())])),
        ("no variable", with(&["paraph.tokenProvider=envvar"])),
        ("no file", with(&["paraph.tokenProvider=filesystem", "paraph.identityTokenFile=/nowhere/token"])),
        ("a job without permission", with(&["paraph.tokenProvider=github-actions"])),
        ("an unknown token provider", with(&["paraph.tokenProvider=jenkins"])),
        ("another identity than expected", Case { settings: settings(&["paraph.expectedIdentity=bob@example.com"]), ..holding(now()) }),
        (
            "another identity than the committer",
            Case { settings: settings(&["gitsign.matchCommitter=true"]), ..holding(email("bob@example.com", json!({}), -5, 300)) },
        ),
        ("an access code of yesterday", with(&[&format!("paraph.local.accessCodeFile={}", stale.display())])),
        ("an issuer that is down", with(&[&format!("paraph.issuer={}", closed())])),
        ("a network that wants a login first", with(&[&format!("paraph.issuer={portal}")])),
        ("the same, by a redirect", with(&[&format!("paraph.fulcio={to_portal}")])),
        (
            "a proxy that is down",
            Case { variables: vec![("HTTPS_PROXY", closed())], ..with(&["paraph.fulcio=https://fulcio.invalid"]) },
        ),
        ("a token in clear", with(&["paraph.fulcio=http://fulcio.invalid"])),
        ("an issuer that Fulcio does not know", with(&[&format!("paraph.fulcio={no_issuer}")])),
        ("a log that is down", with(&[&format!("paraph.rekor={full}")])),
        ("a timestamp authority that is no such", with(&[&format!("paraph.timestampServerURL={}/nowhere", sigstore.url)])),
        ("a root of somebody else", with(&[&format!("paraph.local.trustedRoot={}", other.file("trusted_root.json"))])),
        ("an instance without a root", with(&["paraph.instance=office"])),
        ("a setting that is none", with(&["paraph.timeout=soon"])),
        ("a closed descriptor", Case { status_fd: Some("77"), ..Case::default() }),
    ];
    let mut table = String::new();
    for (name, case) in &cases {
        if case.login {
            sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        }
        let text = said(&sandbox, case);
        if case.login {
            sandbox.git(&["config", "--global", "paraph.local.accessCodeFile", &sigstore.file("access-code")]);
        }
        // what has no hint says in itself what is allowed or to be set
        let helps = text.contains("\nhint: ") || text.contains("; allowed: ") || text.contains(": set paraph.");
        assert!(helps, "{name}: {text}");
        table += &format!("{name}\n{text}\n");
    }
    insta::assert_snapshot!(table, @"");
}

/// Nothing of the signature was on standard output above; here the log has to have heard of nothing either.
#[test]
fn a_status_descriptor_that_cannot_be_written_ends_the_call_before_anything_is_done() {
    let (sigstore, sandbox) = repository();
    let done = sandbox.paraph_with(&["--status-fd=77", "-bsau", "ann@example.com"], PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    assert_eq!(sigstore.folder.join("logs/rekor2.entries").metadata().unwrap().len(), 0);
}
