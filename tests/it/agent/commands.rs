//! `paraph agent`, `paraph login`, `paraph logout`.

use super::Setup;
use crate::support::objects::installed;
use paraph::internals::local::{Fault, ServeOptions};

#[test]
fn without_an_agent_the_commands_say_so() {
    let setup = Setup::new();
    for command in [&["agent", "log"][..], &["agent", "unlock"], &["agent", "clear"], &["agent", "stop"], &["logout"]] {
        let done = setup.paraph(command);
        assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (Some(0), "", "No agent runs.\n"), "{command:?}");
    }
    let done = setup.paraph(&["agent", "status"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "no agent runs\n"));
    assert_eq!(setup.status(), serde_json::json!({"running": false, "agent": null, "resting": []}));
    assert!(setup.agents().is_empty(), "a question starts no agent");
    // what is locked before it starts is locked when it does
    let done = setup.paraph(&["agent", "lock"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), "No agent runs. The next one is locked until `paraph agent unlock`.\n"));
    assert_eq!(setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "one"]).code, Some(128));
    assert_eq!(setup.status()["agent"]["locked"], true);
    assert_eq!(setup.paraph(&["agent", "unlock"]).stderr, "The agent is unlocked.\n");
    setup.commit("one");
}

/// The local issuer's ID tokens are valid for five minutes.
#[test]
fn a_login_without_a_refresh_token_goes_on_where_its_id_token_outlives_the_certificate() {
    for (certificate_lifetime, renewable) in [(600, false), (60, true)] {
        let options = ServeOptions { certificate_lifetime, faults: vec![Fault::NoRefresh], ..ServeOptions::default() };
        let setup = Setup::with(options);
        assert_eq!(setup.paraph(&["login", "ann@example.com"]).code, Some(0));
        assert_eq!(setup.status()["agent"]["logins"][0]["renewable"], renewable, "{certificate_lifetime}");
    }
}

#[test]
fn a_login_is_kept_until_it_is_forgotten() {
    let setup = Setup::new();
    let done = setup.paraph(&["login", "ann@example.com"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stderr, format!("Logged in as ann@example.com, vouched for by {}.\n", setup.sigstore.url));
    setup.commit("one");
    let status = setup.status();
    assert_eq!(status["agent"]["locked"], false);
    let login = &status["agent"]["logins"][0];
    assert_eq!((&login["identity"], &login["signatures"], &login["renewable"]), (&"ann@example.com".into(), &1.into(), &true.into()));
    assert_eq!(setup.logins(), (1, 0));

    assert_eq!(setup.paraph(&["logout", "bob@example.com"]).stderr, "There is no login of bob@example.com here.\n");
    assert_eq!(setup.status()["agent"]["logins"].as_array().unwrap().len(), 1);
    let done = setup.paraph(&["logout"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), "All logins are removed.\n"));
    assert_eq!(setup.status()["agent"]["logins"], serde_json::json!([]));
    setup.commit("two");
    assert_eq!(setup.logins(), (2, 0), "the issuer was told that the session has ended");
}

#[test]
fn a_login_that_ends_as_somebody_else_fails_and_says_so() {
    let test = "a_login_that_ends_as_somebody_else_fails_and_says_so";
    let setup = Setup::new();
    if !installed("curl", test) {
        return;
    }
    setup.logs_in_by_browser_as("ann@example.com");
    let done = setup.paraph(&["login", "bob@example.com"]);
    assert_eq!(done.code, Some(6), "{}", done.stderr);
    assert!(done.stderr.contains("ann@example.com") && done.stderr.contains("bob@example.com"), "{}", done.stderr);
    assert!(!done.stderr.contains("Logged in"), "{}", done.stderr);
    // a login that failed decides nothing
    assert_eq!(setup.status()["agent"]["logins"], serde_json::json!([]));
    assert_eq!(setup.paraph(&["login", "ann@example.com"]).code, Some(0));
    assert_eq!(setup.paraph(&["login", "bob@example.com"]).code, Some(6));
    // whom git names, and nobody was asked for, may log in as somebody else, who signs for that name from then on
    setup.sandbox.git(&["config", "--global", "user.signingKey", "work@example.com"]);
    setup.commit("as whoever logs in");
    let logins = setup.status()["agent"]["logins"].clone();
    assert_eq!((&logins[0]["identity"], &logins[0]["names"]), (&"ann@example.com".into(), &serde_json::json!(["work@example.com"])));
}

#[test]
fn whoami_says_which_login_the_agent_keeps() {
    let setup = Setup::new();
    let agent = |name: &str| {
        let done = setup.paraph(&["whoami"]);
        let line = done.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        (done.code.unwrap(), line)
    };
    assert_eq!(agent("agent"), (0, "none runs; a signature that needs a login starts one".into()));
    // with this setting none is started
    for call in [&["whoami"][..], &["doctor", "--offline"]] {
        let program = &setup.sandbox.program;
        let output = setup.sandbox.command(program, &setup.sandbox.work()).args(call).env("PARAPH_AGENT", "running").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("not used: none runs, and the variable PARAPH_AGENT lets none be started"), "{text}");
    }
    setup.commit("one");
    let until = setup.status()["agent"]["logins"][0]["certificate_until"].as_i64().unwrap();
    let until = jiff::Timestamp::from_second(until).unwrap().strftime("%Y-%m-%d %H:%M:%S UTC");
    let process = setup.process();
    let keeps =
        format!("process {process} keeps a login as ann@example.com, with a certificate until {until}; the next one needs no login");
    assert_eq!(agent("agent"), (0, keeps));
    assert_eq!(agent("identity"), (0, format!("ann@example.com, vouched for by {}", setup.sigstore.url)));
    let json = || serde_json::from_str::<serde_json::Value>(&setup.paraph(&["whoami", "--json"]).stdout).unwrap();
    assert_eq!((&json()["identity"], &json()["login"]["renewable"]), (&"ann@example.com".into(), &true.into()));
    setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", "https://other.test"]);
    assert_eq!(agent("agent").1, format!("process {process} has no login for this; the next signature needs one"));
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.expectedIssuer"]);
    setup.sandbox.git(&["config", "--global", "user.signingKey", "bob@example.com"]);
    assert_eq!(agent("agent"), (0, format!("process {} has no login for this; the next signature needs one", setup.process())));
    assert_eq!(json()["login"], serde_json::Value::Null);
    setup.paraph(&["agent", "lock"]);
    assert_eq!(agent("agent"), (6, "locked".into()));
}

#[test]
fn doctor_names_the_logins_of_the_instance_that_signs() {
    let setup = Setup::new();
    let corp = crate::support::sigstore::Sigstore::start();
    for (key, file) in [("trustedRoot", "trusted_root.json"), ("signingConfig", "signing_config.json"), ("accessCodeFile", "access-code")] {
        setup.sandbox.git(&["config", "--global", &format!("paraph.corp.{key}"), &corp.file(file)]);
    }
    let agent = |instance: &str| {
        setup.sandbox.git(&["config", "--global", "paraph.instance", instance]);
        let done = setup.paraph(&["doctor", "--offline"]);
        let line = done.stdout.lines().find_map(|line| line.strip_prefix("ok       agent")).map(|line| line.trim().to_owned());
        line.unwrap_or_else(|| panic!("{done:?}"))
    };
    setup.commit("one");
    let process = setup.process();
    assert_eq!(agent("local"), format!("process {process}, with ann@example.com"));
    assert_eq!(agent("corp"), format!("process {process}, with no login for the instance corp"));
    setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", "https://other.test"]);
    assert_eq!(agent("local"), format!("process {process}, with no login for the instance local by https://other.test"));
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.expectedIssuer"]);
    setup.sandbox.git(&["config", "--global", "paraph.instance", "corp"]);
    setup.sandbox.git(&["config", "--global", "user.email", "bob@example.com"]);
    setup.commit("two");
    assert_eq!(agent("corp"), format!("process {process}, with bob@example.com"));
    assert_eq!(agent("local"), format!("process {process}, with ann@example.com"));
}

#[test]
fn a_locked_agent_signs_nothing() {
    let setup = Setup::new();
    setup.commit("one");
    assert_eq!(setup.paraph(&["agent", "lock"]).stderr, "The agent is locked: its keys and tokens are wiped.\n");
    let done = setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    assert_eq!(done.code, Some(128));
    let log = setup.sandbox.root().join("log");
    setup.sandbox.git(&["config", "--global", "paraph.logPath", log.to_str().unwrap()]);
    setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("the agent is locked") && said.contains("run `paraph agent unlock`"), "{said}");
    assert_eq!(setup.status()["agent"]["locked"], true);
    let doctor = setup.paraph(&["doctor", "--offline"]);
    assert_eq!(doctor.code, Some(6), "{doctor:?}");
    assert!(
        doctor.stdout.contains("the agent is locked and does not sign\n") && doctor.stdout.contains("paraph agent unlock"),
        "{doctor:?}"
    );
    // the lock outlives the agent, however it ended
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(setup.process().try_into().unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    super::eventually("it is gone", || setup.agents().is_empty());
    assert_eq!(setup.paraph(&["agent", "status"]).stdout, "no agent runs; the next one is locked until `paraph agent unlock`\n");
    assert_eq!(setup.paraph(&["agent", "unlock"]).code, Some(0));
    assert_eq!(setup.paraph(&["agent", "status"]).stdout, "no agent runs\n");
    setup.commit("two");
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn who_signs_is_never_decided_by_who_signed_last() {
    let setup = Setup::new();
    assert_eq!(setup.paraph(&["login", "bob@example.com"]).code, Some(0));
    // the committer's own address, though bob logged in last
    setup.commit("as the committer");
    setup.sandbox.git(&["-c", "user.signingKey=Bob <bob@example.com>", "commit", "-q", "--allow-empty", "-m", "as the key says"]);
    setup.sandbox.git(&[
        "-c",
        "paraph.expectedIdentity=eve@example.com",
        "-c",
        "user.signingKey=bob@example.com",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "as expected",
    ]);
    setup.commit("as the committer again");
    assert_eq!(
        setup.sandbox.git(&["log", "--format=%GS", "--reverse"]),
        "ann@example.com\nbob@example.com\neve@example.com\nann@example.com"
    );
    assert_eq!(setup.logins().0, 3);
}

#[test]
fn services_of_a_repository_reach_the_agent_only_when_they_are_registered() {
    let setup = Setup::new();
    for key in ["paraph.instance", "paraph.local.trustedRoot", "paraph.local.signingConfig", "paraph.local.accessCodeFile"] {
        let value = setup.sandbox.git(&["config", "--global", key]);
        setup.sandbox.git(&["config", "--global", "--unset", key]);
        setup.sandbox.git(&["config", key, &value]);
    }
    setup.commit("by itself");
    assert!(setup.status()["agent"]["logins"].as_array().is_none_or(Vec::is_empty));
    let done = setup.paraph(&["login", "ann@example.com"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("hint: approve them: `paraph login --instance local`"), "{}", done.stderr);
    let done = setup.paraph(&["login", "--instance", "mine", "ann@example.com"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    setup.commit("by the agent");
    assert_eq!(setup.status()["agent"]["logins"][0]["signatures"], 1);
    assert_eq!(setup.logins().0, 2);
    for name in ["public", "../x", ""] {
        assert_eq!(setup.paraph(&["login", "--instance", name, "ann@example.com"]).code, Some(2), "{name:?}");
    }
}

#[test]
fn a_login_names_the_file_that_the_agent_does_not_read() {
    let mut setup = Setup::new();
    let usual = setup.sandbox.home().join(".gitconfig");
    let chosen = setup.sandbox.root().join("chosen");
    std::fs::copy(&usual, &chosen).unwrap();
    for key in ["paraph.instance", "paraph.local.trustedRoot", "paraph.local.signingConfig", "paraph.local.accessCodeFile"] {
        setup.sandbox.git(&["config", "--global", "--unset", key]);
    }
    setup.sandbox.set("GIT_CONFIG_GLOBAL", chosen.to_str().unwrap());
    for arguments in [&["login", "ann@example.com"][..], &["login", "--instance", "local", "ann@example.com"]] {
        let done = setup.paraph(arguments);
        let include = format!("git config --file ~/.gitconfig --add include.path {}", chosen.display());
        let hint = format!("hint: include {} where the agent reads its settings: `{include}`.\n", chosen.display());
        assert_eq!(done.code, Some(3), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.ends_with(&format!("error: the agent does not know the instance \"local\"\n{hint}")), "{}", done.stderr);
    }
    setup.sandbox.git(&["config", "--file", usual.to_str().unwrap(), "--add", "include.path", chosen.to_str().unwrap()]);
    let done = setup.paraph(&["login", "ann@example.com"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn an_agent_ends_when_nobody_needs_it() {
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentTimeout", "1"]);
    setup.commit("one");
    super::eventually("the agent ends", || setup.agents().is_empty());
    setup.commit("two");
    assert_eq!(setup.logins().0, 2);
}
