//! Logins on another device and renewed sessions, at the local issuer: what the user sees.

use super::{Person, Told, client, enter, http, options, run};
use crate::support::{
    browser::Browser,
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use paraph::internals::{
    identity::{LoginError, LoginMethod, LoginOptions, Opener},
    local::{Fault, Instance, Logins, ServeOptions},
};
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc::unbounded_channel;

fn counted(sigstore: &Sigstore) -> Logins {
    Instance::open(&sigstore.folder).unwrap().logins().unwrap()
}

#[test]
fn one_login_on_another_device_keeps_a_session_until_it_is_revoked() {
    run(async {
        let sigstore = Sigstore::start();
        let http = http();
        let client = client(&sigstore.url);
        let options = LoginOptions { offline: true, ..options(LoginMethod::Device) };
        let (sender, mut told) = unbounded_channel();
        let person = async {
            let Some(Told::Code { address, code, complete }) = told.recv().await else { panic!("no code") };
            assert_eq!(
                (address, complete),
                (format!("{}/device", sigstore.url), Some(format!("{}/device?user_code={code}", sigstore.url)))
            );
            assert!(enter(&sigstore, &code, EMAIL).await);
        };
        let prompt = Person(sender);
        let (session, ()) = tokio::join!(client.log_in(&http, &options, &prompt), person);
        let session = session.unwrap();
        assert_eq!(session.id_token.principal(), EMAIL);
        let first = session.refresh_token.unwrap();
        let renewed = client.renew(&http, &first).await.unwrap();
        assert_eq!(renewed.id_token.principal(), EMAIL);
        let second = renewed.refresh_token.unwrap();
        assert_ne!(first, second);
        assert_eq!(counted(&sigstore), Logins { logins: 1, renewals: 1 });
        assert!(client.revoke(&http, &second).await.unwrap());
        assert!(matches!(client.renew(&http, &second).await, Err(LoginError::NotRenewed { .. })));
    });
}

#[test]
fn a_person_enters_the_code_in_a_browser() {
    run(async {
        let sigstore = Sigstore::start();
        for (button, expected) in [("", "You are signed in"), ("deny", "The login was refused")] {
            let (http, client, options) = (http(), client(&sigstore.url), options(LoginMethod::Device));
            let (sender, mut told) = unbounded_channel();
            let person = async {
                let Some(Told::Code { address, code, .. }) = told.recv().await else { panic!("no code") };
                let mut browser = Browser::new();
                let page = browser.open(&address).await;
                let login_code = sigstore.login_code();
                let typed = [("user_code", code.as_str()), ("email", EMAIL), ("access_code", login_code.as_str()), ("action", button)];
                let page = browser.submit(&page, &typed).await;
                assert!(page.html.contains(expected), "{}", page.html);
            };
            let prompt = Person(sender);
            let (session, ()) = tokio::join!(client.log_in(&http, &options, &prompt), person);
            match button {
                "" => assert_eq!(session.unwrap().id_token.principal(), EMAIL),
                _ => {
                    insta::assert_snapshot!(session.unwrap_err(), @"the issuer refused the login: access_denied: the login was refused on its page")
                }
            }
        }
        assert_eq!(counted(&sigstore), Logins { logins: 1, renewals: 0 });
    });
}

#[test]
fn without_a_desktop_the_device_flow_is_taken_where_the_issuer_has_it() {
    run(async {
        for (faults, by_code) in [(vec![], true), (vec![Fault::NoDevice], false)] {
            let sigstore = Sigstore::with(ServeOptions { faults, ..ServeOptions::default() });
            let (http, client) = (http(), client(&sigstore.url));
            let timeout = Duration::from_secs(if by_code { 60 } else { 2 });
            let options = LoginOptions { timeout, opener: &Opener::System, ..options(LoginMethod::Interactive) };
            let (sender, mut told) = unbounded_channel();
            let person = async {
                match told.recv().await {
                    Some(Told::Code { code, .. }) => enter(&sigstore, &code, EMAIL).await,
                    _ => false,
                }
            };
            let prompt = Person(sender);
            let (session, entered) = tokio::join!(client.log_in(&http, &options, &prompt), person);
            assert_eq!((session.is_ok(), entered), (by_code, by_code));
        }
    });
}

/// Runs the command in a terminal of 100 columns. `read` gets each line of its output.
fn in_terminal(command: Command, mut seen: impl FnMut(&str)) -> Done {
    let mut command = command;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        seen(&line);
        stdout += &line;
        stdout.push('\n');
    }
    Done { stdout, stderr: String::new(), code: child.wait().unwrap().code() }
}

fn commit_in_terminal(sandbox: &Sandbox, seen: impl FnMut(&str)) -> Done {
    let mut script = sandbox.command("script", &sandbox.work());
    let commit = "stty cols 100 rows 50; git commit -q -S --allow-empty -m message 2> /dev/null < /dev/null";
    script.env("TERM", "xterm").args(["-qec", commit, "/dev/null"]);
    in_terminal(script, seen)
}

/// git holds all three standard streams, and the person still sees the code.
#[test]
fn the_code_is_on_the_terminal_under_git_and_the_commit_is_signed() {
    let test = "the_code_is_on_the_terminal_under_git_and_the_commit_is_signed";
    if !installed("script", test) {
        return;
    }
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["config", "paraph.tokenProvider", "device"]);
    let mut shown = Vec::new();
    let done = commit_in_terminal(&sandbox, |line| {
        shown.push(line.trim_end().to_owned());
        if let Some((_, code)) = line.split_once("with the code ") {
            assert!(run(enter(&sigstore, code.split(' ').next().unwrap(), EMAIL)));
        }
    });
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), EMAIL);
    assert_eq!(counted(&sigstore), Logins { logins: 1, renewals: 0 });
    let sentence = format!("paraph: log in on any device at {}/device with the code ", sigstore.url);
    assert!(shown[0].starts_with(&sentence) && shown[0].ends_with(" (valid for 5 min)"), "{shown:#?}");
    // the QR code: lines of one width in its own colours, and nothing else
    let drawing: Vec<&String> = shown[1..].iter().take_while(|line| line.starts_with("\x1b[0;97;40m")).collect();
    assert!(drawing.len() >= 14 && drawing.iter().all(|line| line.chars().count() == drawing[0].chars().count()), "{shown:#?}");
    assert!(shown[drawing.len() + 1..].iter().all(|line| line.starts_with("paraph: ")), "{shown:#?}");
}

#[test]
fn what_becomes_of_a_code_is_told_on_the_terminal() {
    let test = "what_becomes_of_a_code_is_told_on_the_terminal";
    if !installed("script", test) {
        return;
    }
    let mut told = String::new();
    for fault in ["issuer=device-denied", "issuer=device-expired", "issuer=no-device", "issuer=foreign-key"] {
        let sigstore = Sigstore::with(ServeOptions { faults: vec![fault.parse().unwrap()], ..ServeOptions::default() });
        let sandbox = Sandbox::with_repository();
        sigstore.configure(&sandbox);
        sandbox.git(&["config", "paraph.tokenProvider", "device"]);
        let done = commit_in_terminal(&sandbox, |line| {
            if let Some((_, code)) = line.split_once("with the code ") {
                run(enter(&sigstore, code.split(' ').next().unwrap(), EMAIL));
            }
        });
        assert_ne!(done.code, Some(0));
        let mut last: Vec<&str> = done.stdout.lines().map(str::trim_end).rev().take(2).collect();
        // an error without a hint has one line
        last.truncate(if last[0].starts_with("paraph: hint: ") { 2 } else { 1 });
        last.reverse();
        told += &format!("{fault}\n{}\n", last.join("\n").replace(&sigstore.url, "URL"));
    }
    insta::assert_snapshot!(told, @r"
    issuer=device-denied
    paraph: the issuer refused the login: access_denied: the login was refused on its page
    paraph: hint: log in again with an account that the issuer accepts.
    issuer=device-expired
    paraph: the code expired before the login was completed
    paraph: hint: try again to get a new code.
    issuer=no-device
    paraph: URL does not support login with a code
    paraph: hint: unset paraph.tokenProvider to log in with a browser.
    issuer=foreign-key
    paraph: the issuer's token cannot be trusted: Signature verification failed: No matching key found
    ");
}

#[test]
fn status_counts_logins() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    for _ in 0..2 {
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    }
    let folder = sigstore.folder.to_str().unwrap();
    let status: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["local", "status", "--json", "--dir", folder]).stdout).unwrap();
    assert_eq!((status["logins"].as_u64(), status["renewals"].as_u64()), (Some(2), Some(0)));
    assert!(sandbox.paraph(&["local", "status", "--dir", folder]).stdout.contains("logins: 2, renewed by refresh token: 0"));
}
