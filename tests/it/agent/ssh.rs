//! The agent of this machine behind a real ssh connection: another HOME, another runtime folder, a socket that sshd made.

use super::{Setup, confirming::Confirming, forward::remote_with, reply};
use crate::support::{
    sandbox::Sandbox,
    sshd::{Forwarding, Sshd},
};
use paraph::internals::agent_protocol::{self as protocol, Call, Refusal, Reply, Request};
use std::{os::unix::net::UnixStream, path::PathBuf, process::Stdio, time::Duration};

/// Another machine, reached by ssh, to which the socket of the agent here is forwarded.
struct Remote {
    forwarding: Forwarding,
    sshd: Sshd,
    sandbox: Sandbox,
    socket: PathBuf,
}

impl Remote {
    fn connect(setup: &Setup, test: &str) -> Option<Self> {
        let sandbox = remote_with(setup, |sandbox| sandbox.root().join("run/forwarded.sock"));
        let runtime = sandbox.root().join("run");
        let sshd = Sshd::start(&sandbox, test)?;
        let socket = runtime.join("forwarded.sock");
        let forwarding = sshd.forward(&setup.sandbox, &socket, &setup.socket("forward.sock"));
        Some(Self { forwarding, sshd, sandbox, socket })
    }

    /// Runs a command there. Returns whether it succeeded, and paraph's messages.
    fn run(&self, setup: &Setup, command: &str) -> (bool, String) {
        let log = self.sandbox.root().join("log");
        let _ = std::fs::remove_file(&log);
        let done = self.sshd.ssh(&setup.sandbox).args(["remote", command]).stdout(Stdio::null()).output().unwrap();
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        (done.status.success(), format!("{}{said}", String::from_utf8_lossy(&done.stderr)))
    }

    fn must(&self, setup: &Setup, command: &str) {
        let (succeeded, said) = self.run(setup, command);
        assert!(succeeded, "{command}: {said}");
    }

    fn letters(&self, count: usize) -> String {
        self.sandbox.git(&["log", "--format=%G?%GS", &format!("--max-count={count}")])
    }
}

const COMMIT: &str = "git commit -q -S --allow-empty -m remote";

/// An agent with a login.
fn running() -> Setup {
    let setup = Setup::new();
    setup.commit("here");
    setup
}

#[test]
fn one_approval_covers_a_rebase_on_another_machine() {
    let test = "one_approval_covers_a_rebase_on_another_machine";
    let setup = running();
    let (Some(remote), Some(confirming)) = (Remote::connect(&setup, test), Confirming::start(&setup, "y\n", test)) else { return };
    for number in 0..8 {
        remote.sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", &number.to_string()]);
    }
    remote.must(&setup, "git rebase -q --force-rebase -S HEAD~7");
    assert_eq!(remote.letters(7), ["Uann@example.com"; 7].join("\n"));
    let question = confirming.question();
    let connection = format!("through process {} (ssh -F ", remote.forwarding.process());
    for part in
        [" and calls its machine “", &connection, " asks for a signature as ann@example.com on a commit in ", " 100 signatures or 10 min."]
    {
        assert!(question.contains(part), "{part}: {question}");
    }
    confirming.nothing_more();
    assert_eq!(setup.logins(), (1, 0), "nobody logs in there");
    let log = setup.paraph(&["agent", "log", "--json"]).stdout;
    assert_eq!(log.lines().filter(|line| !line.contains(r#""host":null"#)).count(), 7, "{log}");
}

#[test]
fn another_identity_or_connection_or_a_used_up_approval_is_asked_about_anew() {
    let test = "another_identity_or_connection_or_a_used_up_approval_is_asked_about_anew";
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentConfirmSignatures", "2"]);
    setup.commit("here");
    let (Some(mut remote), Some(confirming)) = (Remote::connect(&setup, test), Confirming::start(&setup, "y\n", test)) else { return };
    for _ in 0..3 {
        remote.must(&setup, COMMIT);
    }
    for _ in 0..2 {
        assert!(confirming.question().contains("as ann@example.com on a commit in "));
    }
    confirming.nothing_more();
    remote.must(&setup, &format!("git -c user.signingKey=bob@example.com {}", &COMMIT[4..]));
    let question = confirming.question();
    assert!(question.contains("as bob@example.com on a commit in ") && question.contains(", which needs a login here."), "{question}");
    // the login did not change whom the approval is for
    remote.must(&setup, &format!("git -c user.signingKey=bob@example.com {}", &COMMIT[4..]));
    confirming.nothing_more();
    assert_eq!(remote.letters(3), "Ubob@example.com\nUbob@example.com\nUann@example.com");
    // half of the approval for ann is left, and does not cover a connection that only gives itself the same name
    remote.forwarding = remote.sshd.forward(&setup.sandbox, &remote.socket, &setup.socket("forward.sock"));
    remote.must(&setup, "git tag -s -m remote v1");
    let question = confirming.question();
    assert!(
        question.contains(&format!("through process {} ", remote.forwarding.process())) && question.contains(" on a tag in "),
        "{question}"
    );
    confirming.nothing_more();
}

#[test]
fn a_no_is_told_on_the_other_machine_and_nothing_is_logged() {
    let test = "a_no_is_told_on_the_other_machine_and_nothing_is_logged";
    let setup = running();
    let (Some(mut remote), Some(confirming)) = (Remote::connect(&setup, test), Confirming::start(&setup, "n\n", test)) else { return };
    let entries = || std::fs::read(setup.sigstore.folder.join("logs/rekor2.entries")).unwrap().len();
    let before = entries();
    let (succeeded, said) = remote.run(&setup, COMMIT);
    assert!(!succeeded && said.contains("the signature as ann@example.com was not approved where the agent runs"), "{said}");
    confirming.question();
    assert_eq!(entries(), before);
    // a refusal holds for the connection, whatever it asks for next
    for command in [COMMIT, "git tag -s -m remote v1"] {
        assert!(!remote.run(&setup, command).0);
    }
    confirming.nothing_more();
    remote.forwarding = remote.sshd.forward(&setup.sandbox, &remote.socket, &setup.socket("forward.sock"));
    assert!(!remote.run(&setup, COMMIT).0);
    confirming.question();
    assert_eq!(entries(), before);
}

#[test]
fn confirmation_can_be_switched_off_and_a_closed_connection_ends_the_access() {
    let test = "confirmation_can_be_switched_off_and_a_closed_connection_ends_the_access";
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentConfirm", "never"]);
    setup.commit("here");
    let Some(remote) = Remote::connect(&setup, test) else { return };
    remote.must(&setup, COMMIT);
    assert_eq!(remote.letters(1), "Uann@example.com");
    drop(remote.forwarding);
    let log = remote.sandbox.root().join("log");
    let _ = std::fs::remove_file(&log);
    let done = remote.sshd.ssh(&setup.sandbox).args(["remote", COMMIT]).stderr(Stdio::null()).status().unwrap();
    assert!(!done.success(), "nobody can log in there");
}

#[test]
fn the_other_machine_can_have_nothing_but_signatures() {
    let test = "the_other_machine_can_have_nothing_but_signatures";
    let setup = running();
    let Some(remote) = Remote::connect(&setup, test) else { return };
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
        let mut stream = UnixStream::connect(&remote.socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        protocol::write(&mut stream, &Request::new(call.clone())).unwrap();
        let refused = reply(&mut stream);
        assert!(matches!(refused, Some(Reply::Refused { kind: Refusal::Request, .. })), "{call:?}: {refused:?}");
    }
    assert_eq!(setup.status()["agent"]["locked"], false);
}
