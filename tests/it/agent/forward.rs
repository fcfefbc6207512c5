//! The socket that is forwarded to other machines. It accepts only signatures, and the user approves them.

use super::{Setup, confirming::Confirming, eventually, reply};
use crate::support::{objects::installed, sandbox::Sandbox};
use paraph::internals::agent_protocol::{self as protocol, Call, Refusal, Reply, Request};
use std::{os::unix::net::UnixStream, path::PathBuf, time::Duration};

/// A repository on "another machine", with a HOME of its own and no agent, that uses the forwarded socket.
pub fn remote(setup: &Setup) -> Sandbox {
    remote_with(setup, |_| setup.socket("forward.sock"))
}

/// Such a repository with a socket at another place.
pub fn remote_with(setup: &Setup, socket: impl Fn(&Sandbox) -> PathBuf) -> Sandbox {
    let mut sandbox = Sandbox::with_repository();
    setup.sigstore.configure(&sandbox);
    // it has no access code: no login there
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    sandbox.set("PARAPH_AGENT", "auto");
    sandbox.set("PARAPH_AGENT_SOCK", socket(&sandbox).to_str().unwrap());
    sandbox.set("PARAPH_LOG", sandbox.root().join("log").to_str().unwrap());
    sandbox
}

/// Commits there. Returns git's exit code and paraph's messages.
pub fn commit(sandbox: &Sandbox) -> (Option<i32>, String) {
    let done = sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "remote"]);
    (done.code, std::fs::read_to_string(sandbox.root().join("log")).unwrap_or_default())
}

/// A person who answers every question with `allow`, and the number of questions.
pub fn answering(setup: &Setup, allow: bool) -> std::sync::mpsc::Receiver<String> {
    answering_after(setup, allow, || {})
}

/// Answers as [`answering`] does, after `wait` has returned.
fn answering_after(setup: &Setup, allow: bool, wait: impl Fn() + Send + 'static) -> std::sync::mpsc::Receiver<String> {
    let (sender, questions) = std::sync::mpsc::channel();
    let mut watching = setup.connect();
    watching.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    protocol::write(&mut watching, &Request::new(Call::Watch)).unwrap();
    // the first thing that comes says that questions will come here
    protocol::read(&mut watching, protocol::MAX_REPLY).unwrap();
    let socket = setup.socket("agent.sock");
    std::thread::spawn(move || {
        while let Some(reply_to_watcher) = reply(&mut watching) {
            // prompts of logins come too
            let Reply::Ask { ask, text } = reply_to_watcher else { continue };
            let _ = sender.send(text);
            wait();
            let mut answer = UnixStream::connect(&socket).unwrap();
            protocol::write(&mut answer, &Request::new(Call::Answer { ask, allow })).unwrap();
            reply(&mut answer);
        }
    });
    questions
}

#[test]
fn what_was_typed_before_a_question_is_no_answer_to_it() {
    let test = "what_was_typed_before_a_question_is_no_answer_to_it";
    let setup = Setup::new();
    setup.commit("here");
    let Some(confirming) = Confirming::start_after("y\n", &setup, "\n", test) else { return };
    let (code, log) = commit(&remote(&setup));
    assert_eq!(code, Some(128));
    assert!(log.contains("was not approved where the agent runs"), "{log}");
    confirming.question();
    confirming.nothing_more();
}

#[test]
fn an_agent_that_is_stopped_waits_for_nobody_who_waits() {
    let test = "an_agent_that_is_stopped_waits_for_nobody_who_waits";
    let setup = Setup::new();
    setup.commit("here");
    let Some(_confirming) = Confirming::start(&setup, "y\n", test) else { return };
    // one that asked for nothing yet
    let _silent = setup.connect();
    assert_eq!(setup.paraph(&["agent", "stop"]).stderr, "The agent ends.\n");
    let done = setup.paraph(&["login", "ann@example.com"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn a_forwarded_signature_is_confirmed_once_for_many() {
    let setup = Setup::new();
    setup.commit("here");
    let questions = answering(&setup, true);
    let remote = remote(&setup);
    for _ in 0..3 {
        let (code, log) = commit(&remote);
        assert_eq!(code, Some(0), "{log}");
    }
    assert_eq!(remote.git(&["log", "--format=%GS"]), "ann@example.com\nann@example.com\nann@example.com");
    let question = questions.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(
        question.contains("(perhaps in a container)")
            && question.contains(" asks for a signature as ann@example.com on a commit in ")
            && question.ends_with("One approval covers 100 signatures or 10 min."),
        "{question}"
    );
    assert!(questions.try_recv().is_err(), "one approval covered all three");
    assert_eq!(setup.logins().0, 1);
    let log = setup.paraph(&["agent", "log", "--json"]).stdout;
    assert_eq!(log.lines().filter(|line| !line.contains(r#""host":null"#)).count(), 3, "{log}");
}

#[test]
fn another_kind_of_object_and_another_instance_are_asked_about() {
    let setup = Setup::new();
    let remote = remote(&setup);
    // the same services under another name
    for key in ["trustedRoot", "signingConfig", "accessCodeFile"] {
        let value = setup.sandbox.git(&["config", "--global", &format!("paraph.local.{key}")]);
        setup.sandbox.git(&["config", "--global", &format!("paraph.corp.{key}"), &value]);
        if key != "accessCodeFile" {
            remote.git(&["config", "--global", &format!("paraph.corp.{key}"), &value]);
        }
    }
    setup.commit("here");
    let questions = answering(&setup, true);
    for (instance, commands) in [
        ("local", [&["commit", "-q", "-S", "--allow-empty", "-m", "x"][..], &["tag", "-s", "-m", "x", "one"]]),
        ("corp", [&["commit", "-q", "-S", "--allow-empty", "-m", "x"], &["tag", "-s", "-m", "x", "two"]]),
    ] {
        remote.git(&["config", "--global", "paraph.instance", instance]);
        for (kind, command) in ["commit", "tag"].iter().zip(commands) {
            remote.git(command);
            let question = questions.recv_timeout(Duration::from_secs(5)).unwrap();
            let shown = format!("It uses the instance {instance} with the issuer {}.", setup.sigstore.url);
            assert!(question.contains(&shown) && question.contains(&format!(" on a {kind} in ")), "{question}");
            assert!(questions.try_recv().is_err(), "{instance} {kind}");
        }
        remote.git(commands[0]);
        assert!(questions.try_recv().is_err(), "commits of {instance} are approved");
    }
}

#[test]
fn an_approval_ends_with_its_login() {
    for how in ["logout", "lock", "clear"] {
        let setup = Setup::new();
        setup.commit("here");
        let questions = answering(&setup, true);
        let remote = remote(&setup);
        for number in 1..=2 {
            let (code, log) = commit(&remote);
            assert_eq!(code, Some(0), "{how}: {log}");
            questions.recv_timeout(Duration::from_secs(5)).unwrap_or_else(|_| panic!("{how}: question {number}"));
            assert_eq!(commit(&remote).0, Some(0));
            assert!(questions.try_recv().is_err(), "{how}: approved");
            let calls: &[&[&str]] = if how == "logout" { &[&["logout"]] } else { &[&["agent", how], &["agent", "unlock"]] };
            for call in calls {
                assert_eq!(setup.paraph(call).code, Some(0));
            }
        }
    }
}

#[test]
fn a_refusal_holds_for_minutes() {
    let setup = Setup::new();
    setup.commit("here");
    let remote = remote(&setup);
    let questions = answering(&setup, false);
    for _ in 0..3 {
        let (code, log) = commit(&remote);
        assert_eq!(code, Some(128));
        assert!(log.contains("was not approved where the agent runs"), "{log}");
    }
    questions.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(questions.try_recv().is_err(), "it is asked once");
    // the user at the agent can take it back
    assert_eq!(setup.paraph(&["agent", "clear"]).code, Some(0));
    assert_eq!(commit(&remote).0, Some(128));
    questions.recv_timeout(Duration::from_secs(5)).unwrap();
}

#[test]
fn one_approval_covers_those_that_wait_for_it() {
    let setup = Setup::new();
    setup.commit("here");
    let remote = remote(&setup);
    let asking = || {
        let mut command = remote.command("git", &remote.work());
        command.args(["commit-tree", "-S", "-m", "remote", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    remote.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let socket = setup.socket("forward.sock");
    let questions = answering_after(&setup, true, move || {
        let connected = || std::fs::read_to_string("/proc/net/unix").unwrap().matches(socket.to_str().unwrap()).count() > 6;
        if cfg!(target_os = "linux") {
            eventually("all of them ask", connected);
        }
    });
    let mut clients: Vec<_> = (0..6).map(|_| asking()).collect();
    for client in &mut clients {
        assert!(client.wait().unwrap().success());
    }
    assert!(questions.recv_timeout(Duration::from_secs(5)).is_ok());
    assert_eq!(questions.try_recv().ok(), None);
}

/// The person at the agent approves one identity, and then logs in as another.
#[test]
fn an_approval_for_one_identity_does_not_cover_the_one_that_logs_in() {
    let test = "an_approval_for_one_identity_does_not_cover_the_one_that_logs_in";
    let setup = Setup::new();
    if !installed("curl", test) {
        return;
    }
    setup.commit("starts the agent");
    setup.logs_in_by_browser_as("bob@example.com");
    for call in ["lock", "unlock"] {
        assert_eq!(setup.paraph(&["agent", call]).code, Some(0));
    }
    // the login's address is shown there too, which ends nothing
    let Some(confirming) = Confirming::start(&setup, "y\n", test) else { return };
    let remote = remote(&setup);
    for _ in 0..2 {
        let (code, log) = commit(&remote);
        assert_eq!(code, Some(0), "{log}");
    }
    let asked = [confirming.question(), confirming.question()];
    confirming.nothing_more();
    assert!(asked[0].contains("as ann@example.com on a commit") && asked[0].contains("which needs a login here"), "{asked:?}");
    assert!(asked[1].contains("as bob@example.com on a commit"), "{asked:?}");
    // the name that the other machine gave leads nowhere here
    let status = setup.status();
    let login = &status["agent"]["logins"][0];
    assert_eq!((&login["identity"], &login["names"]), (&"bob@example.com".into(), &serde_json::json!([])));
}

#[test]
fn without_an_approval_there_is_no_signature() {
    let setup = Setup::new();
    setup.commit("here");
    let remote = remote(&setup);
    let (code, log) = commit(&remote);
    assert_eq!(code, Some(128));
    assert!(log.contains("nobody can be asked where the agent runs"), "{log}");
    let _questions = answering(&setup, false);
    let (code, log) = commit(&remote);
    assert_eq!(code, Some(128));
    assert!(log.contains("was not approved where the agent runs"), "{log}");
}

#[test]
fn a_user_can_turn_the_question_off() {
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentConfirm", "never"]);
    setup.commit("here");
    assert_eq!(commit(&remote(&setup)).0, Some(0));
}

#[test]
fn the_forwarded_socket_takes_no_other_call() {
    let setup = Setup::new();
    setup.commit("here");
    for call in [
        Call::Status,
        Call::Journal,
        Call::Lock,
        Call::Unlock,
        Call::Clear,
        Call::Stop,
        Call::Watch,
        Call::Answer { ask: 1, allow: true },
        Call::Logout { identity: None },
        Call::Login { instance: "local".into(), expected: None, expected_issuer: None, hint: None, by_code: false },
    ] {
        let mut stream = UnixStream::connect(setup.socket("forward.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        protocol::write(&mut stream, &Request::new(call.clone())).unwrap();
        assert!(matches!(reply(&mut stream), Some(Reply::Refused { kind: Refusal::Request, .. })), "{call:?}");
    }
    eventually("the agent is as it was", || setup.status()["agent"]["logins"].as_array().is_some_and(|logins| logins.len() == 1));
}
