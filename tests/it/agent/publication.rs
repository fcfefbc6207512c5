//! The notice about publication appears once for each identity and log, whether the agent or the called process signs.

use super::Setup;

fn with_log() -> Setup {
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
    setup
}

/// The new lines of the log file, without times and addresses.
fn new_log(setup: &Setup) -> String {
    let log = setup.sandbox.root().join("log");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(&log);
    let lines = text.lines().map(|line| line.split_once(" paraph: ").unwrap().1.replace(&setup.sigstore.url, "SIGSTORE"));
    lines.collect::<Vec<_>>().join("\n")
}

fn commit(setup: &mut Setup, agent: &str, options: &[&str]) -> String {
    setup.sandbox.set("PARAPH_AGENT", agent);
    setup.sandbox.git(&[options, &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
    new_log(setup)
}

#[test]
fn agent_and_direct_call_tell_the_same_and_what_one_told_the_other_does_not() {
    let mut setup = with_log();
    let by_agent = commit(&mut setup, "auto", &[]);
    insta::assert_snapshot!(by_agent, @r"
    First entry in the log SIGSTORE. Anyone who can read it will see, forever: identity ann@example.com, issuer SIGSTORE.
    The certificate authority SIGSTORE publishes it too, even if signing fails later.
    The certificate, which goes into the log now, says: identity ann@example.com, issuer SIGSTORE, tokenSubject ann@example.com.
    ");
    assert_eq!(commit(&mut setup, "auto", &[]), "");
    assert_eq!(commit(&mut setup, "never", &[]), "");
    let bob = ["-c", "user.signingKey=bob@example.com"];
    assert_eq!(commit(&mut setup, "never", &bob), by_agent.replace("ann@", "bob@"));
    assert_eq!(commit(&mut setup, "auto", &bob), "");
    // neither a new login nor a new agent tells it again
    assert_eq!(setup.paraph(&["agent", "clear"]).code, Some(0));
    assert_eq!(commit(&mut setup, "auto", &[]), "");
    assert_eq!(setup.paraph(&["agent", "stop"]).code, Some(0));
    super::eventually("the agent ends", || setup.agents().is_empty());
    assert_eq!(commit(&mut setup, "auto", &[]), "");
}

#[test]
fn a_login_tells_it_and_the_first_signature_tells_it_with_the_certificate() {
    let mut setup = with_log();
    assert_eq!(setup.paraph(&["login", "ann@example.com"]).code, Some(0));
    let by_login = new_log(&setup);
    assert!(by_login.starts_with("First entry in the log SIGSTORE. "), "{by_login}");
    assert_eq!(by_login.lines().count(), 2);
    // nothing is logged yet, so it was not remembered as told
    let by_commit = commit(&mut setup, "auto", &[]);
    assert!(
        by_commit.starts_with(&by_login)
            && by_commit.contains("The certificate, which goes into the log now, says: identity ann@example.com"),
        "{by_commit}"
    );
    assert_eq!(commit(&mut setup, "auto", &[]), "");
}

#[test]
fn the_way_to_approve_services_is_told_once_and_is_the_one_that_works() {
    let mut setup = with_log();
    // the user's own instance, and an address that the environment sets
    setup.sandbox.set("GITSIGN_REKOR_URL", &setup.sigstore.url.clone());
    setup.sandbox.set("GITSIGN_REKOR_VERSION", "1");
    let told = commit(&mut setup, "auto", &[]);
    let offer = "This repository or the environment picks its own services. Approve them once: `paraph login --instance local-2`; until then \
                 every signature asks for a login.";
    assert!(told.contains(offer), "{told}");
    let doctor = setup.paraph(&["doctor", "--offline"]).stdout;
    assert!(doctor.contains("not used: the variable GITSIGN_REKOR_URL picks services that the agent does not know"), "{doctor}");
    assert!(!commit(&mut setup, "auto", &[]).contains("picks its own services"));
    let before = setup.logins().0;
    // the name of an instance of one's own is not taken over
    let done = setup.paraph(&["login", "--instance", "local", "ann@example.com"]);
    assert!(done.code == Some(2) && done.stderr.contains("your own configuration already has an instance local"), "{}", done.stderr);
    assert_eq!(setup.paraph(&["login", "--instance", "local-2", "ann@example.com"]).code, Some(0));
    for _ in 0..2 {
        assert_eq!(commit(&mut setup, "auto", &[]), "");
    }
    assert_eq!(setup.logins().0, before + 1);
    assert_eq!(setup.status()["agent"]["logins"][0]["signatures"], 2);
    // other services are another offer
    setup.sandbox.set("GITSIGN_REKOR_VERSION", "2");
    assert!(commit(&mut setup, "auto", &[]).contains("`paraph login --instance local-3`;"));
}
