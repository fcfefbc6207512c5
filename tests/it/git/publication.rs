//! What becomes public is announced beforehand, once for each identity and log.

use super::{other_instance, repository, shown};
use crate::support::{
    objects::installed,
    sandbox::Sandbox,
    sigstore::Sigstore,
    socket::closed,
    tokens::{of_github, token},
};

/// The new text of the log file.
fn new_log(sandbox: &Sandbox) -> String {
    let log = sandbox.root().join("paraph.log");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(&log);
    shown(sandbox, &text).replace("TIME paraph: ", "")
}

fn with_log() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    let log = sandbox.root().join("paraph.log");
    sandbox.git(&["config", "--global", "paraph.logPath", log.to_str().unwrap()]);
    (sigstore, sandbox)
}

fn commit(sandbox: &Sandbox, options: &[&str]) -> Option<i32> {
    sandbox.try_git(&[options, &["commit", "-q", "-S", "--allow-empty", "-m", "message"]].concat()).code
}

#[test]
fn identity_and_log_are_told_once_before_the_first_entry() {
    let (_sigstore, sandbox) = with_log();
    assert_eq!(commit(&sandbox, &[]), Some(0));
    insta::assert_snapshot!(new_log(&sandbox), @r"
    First entry in the log http://HOST. Anyone who can read it will see, forever: identity ann@example.com, issuer http://HOST.
    The certificate authority http://HOST publishes it too, even if signing fails later.
    The certificate, which goes into the log now, says: identity ann@example.com, issuer http://HOST, tokenSubject ann@example.com.
    ");
    assert_eq!((commit(&sandbox, &[]), new_log(&sandbox)), (Some(0), String::new()));

    // another identity, and another log
    assert_eq!(commit(&sandbox, &["-c", "paraph.expectedIdentity=bob@example.com"]), Some(0));
    assert!(new_log(&sandbox).contains("identity bob@example.com"));
    let other = Sigstore::start();
    let options = other_instance(&other);
    assert_eq!(commit(&sandbox, &options.iter().map(String::as_str).collect::<Vec<_>>()), Some(0));
    assert!(new_log(&sandbox).contains("identity ann@example.com"));
    assert_eq!((commit(&sandbox, &[]), new_log(&sandbox)), (Some(0), String::new()));
}

#[test]
fn what_was_told_and_did_not_come_about_is_told_again() {
    let (_sigstore, sandbox) = with_log();
    let fulcio = format!("paraph.fulcio={}", closed());
    for _ in 0..2 {
        assert_eq!(commit(&sandbox, &["-c", &fulcio]), Some(128));
        let said = new_log(&sandbox);
        // before Fulcio is asked
        assert!(said.find("First entry in the log").unwrap() < said.find("could not be reached").unwrap(), "{said}");
        assert!(!said.contains("The certificate, which goes into the log now"), "{said}");
    }
    let log = format!("paraph.rekor={}", closed());
    for _ in 0..2 {
        assert_eq!(commit(&sandbox, &["-c", &log]), Some(128));
        let said = new_log(&sandbox);
        // before the log is asked
        assert!(said.find("The certificate, which goes into the log now").unwrap() < said.find("could not be reached").unwrap(), "{said}");
    }
}

#[test]
fn an_identity_that_is_refused_is_told_nobody() {
    let (sigstore, mut sandbox) = with_log();
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token("bob@example.com"));
    assert_eq!(commit(&sandbox, &["-c", "paraph.matchCommitter=true"]), Some(128));
    insta::assert_snapshot!(new_log(&sandbox), @r#"
    the identity is "bob@example.com", but the commit is from "ann@example.com"; nothing was sent to Fulcio or the log
    hint: set user.email to the identity, or unset paraph.matchCommitter.
    "#);
}

#[test]
fn the_claims_of_a_workload_are_told_before_fulcio_gets_them() {
    let (_sigstore, mut sandbox) = with_log();
    sandbox.set("SIGSTORE_ID_TOKEN", &token(&of_github(), -5, 300));
    assert_eq!(commit(&sandbox, &[]), Some(128));
    let said = new_log(&sandbox);
    insta::assert_snapshot!(said.lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    First entry in the log http://HOST. Anyone who can read it will see, forever: identity https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main, issuer https://token.actions.githubusercontent.com, job_workflow_ref org/repo/.github/workflows/release.yml@refs/heads/main, repository org/repo, ref refs/heads/main, event_name push, run_id 17.
    The certificate authority http://HOST publishes it too, even if signing fails later.
    ");
    assert!(said.contains("Fulcio at http://HOST/api/v2/signingCert refused"), "{said}");
}

#[test]
fn the_notice_is_on_the_terminal_and_is_repeated_if_nobody_could_read_it() {
    let (_sigstore, sandbox) = repository();
    let test = "the_notice_is_on_the_terminal_and_is_repeated_if_nobody_could_read_it";
    if !installed("script", test) || !installed("setsid", test) {
        return;
    }
    let mut alone = sandbox.command("setsid", &sandbox.work());
    alone.args(["--wait", "git", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(sandbox.feed(&mut alone, b"").code, Some(0));
    let on_terminal = || {
        let mut script = sandbox.command("script", &sandbox.work());
        script.args(["-qec", "git commit -q -S --allow-empty -m message 2> /dev/null < /dev/null", "/dev/null"]);
        shown(&sandbox, &sandbox.feed(&mut script, b"").stdout.replace("\r\n", "\n"))
    };
    assert!(on_terminal().starts_with("paraph: First entry in the log http://HOST. "));
    assert_eq!(on_terminal(), "");
}
