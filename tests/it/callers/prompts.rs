//! Where nobody wants prompts, none is shown, and a signature that needs a login fails at once.

use super::{PAYLOAD, repository};
use crate::support::{
    objects::installed,
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
    socket::{Silent, closed},
};
use std::time::{Duration, Instant};

/// What is drawn on the terminal of a command, and how long the command takes. `None` without the program `script`.
fn on_terminal(sandbox: &Sandbox, command: &str, variables: &[(&str, &str)], test: &str) -> Option<(String, Duration)> {
    if !cfg!(target_os = "linux") || !installed("script", test) {
        return None;
    }
    let started = Instant::now();
    let mut script = sandbox.command("script", &sandbox.work());
    script.env("TERM", "xterm").env("SHELL", "/bin/sh").envs(variables.iter().copied());
    let call = format!("stty rows 60 cols 120; {command} >../out 2>../err </dev/null");
    let done = sandbox.feed(script.args(["-qec", &call, "/dev/null"]), b"");
    Some((done.stdout, started.elapsed()))
}

/// A repository in which every signature needs a login.
fn repository_without_login() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    (sigstore, sandbox)
}

const COMMIT: &str = "git commit -q -S --allow-empty -m message";

#[test]
fn where_prompts_are_forbidden_nothing_is_drawn_and_the_call_fails_at_once() {
    let test = "where_prompts_are_forbidden_nothing_is_drawn_and_the_call_fails_at_once";
    let (_sigstore, sandbox) = repository_without_login();
    for agent in ["never", "auto"] {
        for (name, value, shown) in [
            ("GIT_TERMINAL_PROMPT", "0", "GIT_TERMINAL_PROMPT"),
            ("GIT_TERMINAL_PROMPT", "false", "GIT_TERMINAL_PROMPT"),
            ("GCM_INTERACTIVE", "never", "GCM_INTERACTIVE"),
            ("GCM_INTERACTIVE", "False", "GCM_INTERACTIVE"),
            ("PARAPH_TERMINAL_PROMPT", "no", "PARAPH_TERMINAL_PROMPT"),
            ("GIT_CONFIG_PARAMETERS", "'paraph.terminalprompt'='false'", "paraph.terminalPrompt"),
        ] {
            let variables = [(name, value), ("PARAPH_AGENT", agent), ("XDG_RUNTIME_DIR", "/nowhere")];
            let Some((drawn, took)) = on_terminal(&sandbox, COMMIT, &variables, test) else { return };
            assert_eq!(drawn, "", "{name}={value}");
            assert!(took < Duration::from_secs(20), "{name}={value}: {took:?}");
            let call = format!("'{}' --status-fd=2 -bsau {EMAIL} ../payload", sandbox.program);
            std::fs::write(sandbox.root().join("payload"), PAYLOAD).unwrap();
            on_terminal(&sandbox, &call, &variables, test).unwrap();
            let said = std::fs::read_to_string(sandbox.root().join("err")).unwrap();
            assert!(said.starts_with("error: a login is needed, but ") && said.contains(shown), "{name}={value}: {said}");
            assert!(said.contains("\nhint: log in first with `paraph login`"), "{said}");
        }
    }
    // what the user sets for paraph alone is stronger
    let variables =
        [("GIT_TERMINAL_PROMPT", "0"), ("GCM_INTERACTIVE", "never"), ("PARAPH_TERMINAL_PROMPT", "1"), ("PARAPH_LOGIN_TIMEOUT", "1")];
    let (drawn, _) = on_terminal(&sandbox, COMMIT, &variables, test).unwrap();
    assert!(drawn.contains("log in on any device at "), "{drawn}");
}

#[test]
fn a_browser_may_open_without_a_prompt_unless_that_is_forbidden_too() {
    let test = "a_browser_may_open_without_a_prompt_unless_that_is_forbidden_too";
    let (_sigstore, sandbox) = repository_without_login();
    let opener = sandbox.script("opener", "#!/bin/sh\n: >\"$0.opened\"\n");
    sandbox.git(&["config", "--global", "paraph.urlOpener", &format!("{opener} {{{{.URL}}}}")]);
    sandbox.git(&["config", "--global", "paraph.loginTimeout", "1"]);
    let opened = sandbox.root().join("opener.opened");
    for (name, value, opens) in [("GIT_TERMINAL_PROMPT", "0", true), ("GCM_INTERACTIVE", "never", false)] {
        let variables = [(name, value), ("DISPLAY", ":7")];
        let Some((drawn, _)) = on_terminal(&sandbox, COMMIT, &variables, test) else { return };
        assert_eq!((drawn.as_str(), opened.exists()), ("", opens), "{name}");
        let _ = std::fs::remove_file(&opened);
    }
}

/// A program that draws on the whole screen reads single keys, and one in the background has no screen.
#[test]
fn a_qr_code_is_drawn_for_a_shell_in_the_foreground_alone() {
    let test = "a_qr_code_is_drawn_for_a_shell_in_the_foreground_alone";
    let (_sigstore, sandbox) = repository_without_login();
    sandbox.git(&["config", "--global", "paraph.loginTimeout", "1"]);
    for (command, is_drawn) in [
        (COMMIT.to_owned(), true),
        (format!("stty -icanon -echo </dev/tty; {COMMIT}"), false),
        (format!("set -m; {COMMIT} & wait; true"), false),
    ] {
        let Some((drawn, _)) = on_terminal(&sandbox, &format!("sh -c '{command}'"), &[], test) else { return };
        assert!(drawn.contains("log in on any device at "), "{command}: {drawn}");
        assert_eq!(drawn.contains('\u{2580}') || drawn.contains('\u{2584}'), is_drawn, "{command}: {drawn}");
    }
}

#[test]
fn a_service_that_is_waited_for_is_named_once() {
    let (_sigstore, mut sandbox) = repository();
    let silent = Silent::start();
    let log = sandbox.root().join("paraph.log");
    for (key, value) in [("paraph.fulcio", silent.url.as_str()), ("paraph.timeout", "4"), ("paraph.logPath", log.to_str().unwrap())] {
        sandbox.git(&["config", "--global", key, value]);
    }
    for agent in ["never", "auto"] {
        sandbox.set("PARAPH_AGENT", agent);
        let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
        let lines = std::fs::read_to_string(&log).unwrap();
        let expected = format!("paraph: Waiting for Fulcio at {}.\n", silent.url);
        assert_eq!((commit.code, lines.matches(&expected).count()), (Some(128), 1), "{agent}: {lines}");
        std::fs::remove_file(&log).unwrap();
        let _ = sandbox.paraph(&["agent", "stop"]);
    }
}

#[test]
fn version_2_of_the_log_has_no_more_time_than_the_user_gives_it() {
    let (sigstore, mut sandbox) = repository();
    let silent = Silent::start();
    let timestamps = format!("{}/api/v1/timestamp", sigstore.url);
    for (key, value) in [("rekor", silent.url.as_str()), ("rekorVersion", "2"), ("timestampServerURL", &timestamps)] {
        sandbox.git(&["config", "--global", &format!("paraph.{key}"), value]);
    }
    let log = sandbox.root().join("log");
    sandbox.set("PARAPH_LOG", log.to_str().unwrap());
    sandbox.set("PARAPH_TIMEOUT", "2");
    let commit = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(commit.code == Some(128) && told.contains(&format!("{}/api/v2/log/entries gave no answer within 2 s", silent.url)), "{told}");
}

#[test]
fn the_doctor_shows_the_last_failure() {
    let (_sigstore, sandbox) = repository();
    let last = |sandbox: &Sandbox| {
        let done = sandbox.paraph(&["doctor", "--offline", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["about"] == "last failure").cloned();
        found.map(|finding| (finding["state"].clone(), finding["text"].as_str().unwrap().to_owned()))
    };
    assert_eq!(last(&sandbox), None);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(last(&sandbox), None);
    let url = closed();
    let commit = sandbox.try_git(&["-c", &format!("paraph.fulcio={url}"), "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(commit.code, Some(128));
    let (state, text) = last(&sandbox).unwrap();
    assert_eq!(state, "note");
    assert!(text.contains(&format!(" in {}: Fulcio at {url}", sandbox.work().display())), "{text}");
    // a setting that cannot be used is a failure as well
    assert_eq!(sandbox.try_git(&["-c", "paraph.timeout=soon", "commit", "-q", "-S", "--allow-empty", "-m", "message"]).code, Some(128));
    assert!(last(&sandbox).unwrap().1.contains("paraph.timeout"));
    // it is of this repository, until a signature succeeds there
    let other = sandbox.root().join("other");
    sandbox.git(&["init", "-q", other.to_str().unwrap()]);
    let elsewhere = |sandbox: &Sandbox| sandbox.paraph_in(&other, &["doctor", "--offline"]).stdout.contains("last failure");
    assert!(!elsewhere(&sandbox));
    sandbox.git_in(&other, &["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert!(last(&sandbox).is_some());
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert_eq!(last(&sandbox), None);
}

#[test]
fn a_failure_of_every_kind_is_the_last_one_and_its_cause_is_told_once() {
    let (_sigstore, sandbox) = repository();
    let doctor = |arguments: &[&str]| sandbox.paraph(&[&["doctor"], arguments].concat()).stdout;
    for (arguments, why) in [
        (&["--status-fd=2", "-bsau", EMAIL, "--output", "/nowhere/signature"][..], "/nowhere/signature cannot be written"),
        (&["--clearsign", "--status-fd=2", "-u", EMAIL], "the option --clearsign is not supported"),
        (&["--status-fd=77", "-bsau", EMAIL], "77"),
        (&["--status-fd=2", "-bsau", EMAIL, "/nowhere/payload"], "/nowhere/payload"),
    ] {
        assert_ne!(sandbox.paraph_with(arguments, PAYLOAD).code, Some(0));
        let shown = doctor(&["--offline"]);
        let last = shown.lines().find(|line| line.contains("last failure")).unwrap_or_default();
        assert!(last.contains(why), "{arguments:?}: {shown}");
    }
    // a service that is down is the cause of both
    sandbox.git(&["config", "--global", "paraph.fulcio", &closed()]);
    assert_ne!(sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], PAYLOAD).code, Some(0));
    let shown = doctor(&[]);
    let last = shown.lines().find(|line| line.contains("last failure")).unwrap_or_default();
    assert!(last.ends_with(": the same cause; see fulcio"), "{shown}");
}

#[test]
fn every_command_names_on_the_terminal_the_service_that_it_waits_for() {
    let test = "every_command_names_on_the_terminal_the_service_that_it_waits_for";
    let (_sigstore, sandbox) = repository();
    let silent = Silent::start();
    for (key, value) in [("paraph.issuer", silent.url.as_str()), ("paraph.timeout", "3")] {
        sandbox.git(&["config", "--global", key, value]);
    }
    // standard error is the terminal
    let call = |variables: &[(&str, &str)]| {
        on_terminal(&sandbox, &format!("sh -c \"'{}' whoami --check 2>/dev/tty\"", sandbox.program), variables, test)
            .map(|(drawn, _)| drawn)
    };
    let Some(drawn) = call(&[]) else { return };
    assert_eq!(drawn.matches("paraph: Waiting for ").count(), 1, "{drawn}");
    assert!(drawn.contains(&silent.url), "{drawn}");
    let quiet = call(&[("GIT_TERMINAL_PROMPT", "0")]).unwrap();
    assert!(!quiet.contains("Waiting"), "{quiet}");
}
