//! Approval in a window: an askpass program gets the question as its argument and answers by its exit status, as for `ssh-add -c`.

use super::{
    Setup, eventually,
    forward::{commit, remote},
};
use crate::support::sandbox::Sandbox;
use std::{
    path::PathBuf,
    process::{Child, Stdio},
};

/// An agent in the foreground. The desktop's askpass program is this script. The agent waits two seconds for an answer.
struct Desktop {
    setup: Setup,
    agent: Child,
    /// What the script writes.
    asked: PathBuf,
}

impl Desktop {
    fn new(script: &str) -> Self {
        let mut setup = Setup::new();
        let asked = setup.sandbox.root().join("asked");
        let head = format!("#!/bin/sh\nprintf '%s\\n' \"$$\" \"$SSH_ASKPASS_PROMPT\" \"$#\" \"$1\" > '{}'\n", asked.display());
        let askpass = setup.sandbox.script("askpass", &format!("{head}{script}\n"));
        setup.sandbox.set("DISPLAY", ":99");
        setup.sandbox.set("SSH_ASKPASS", &askpass);
        let mut agent = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
        agent.args(["agent", "run", "--answer-timeout", "2"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = agent.spawn().unwrap();
        eventually("the agent listens", || setup.socket("forward.sock").exists());
        setup.commit("here");
        Self { setup, agent, asked }
    }

    fn remote(&self) -> Sandbox {
        remote(&self.setup)
    }

    /// The lines that the script wrote: its process, the kind of prompt, the number of its arguments, the question.
    fn asked(&self) -> Vec<String> {
        std::fs::read_to_string(&self.asked).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

#[test]
fn an_approval_in_a_window_covers_many_signatures() {
    let desktop = Desktop::new("exit 0");
    let remote = desktop.remote();
    assert_eq!(commit(&remote).0, Some(0));
    let asked = desktop.asked();
    assert_eq!(asked[1..3], ["confirm".to_owned(), "1".to_owned()]);
    assert!(asked[3].contains("asks for a signature as ann@example.com on a commit in "), "{asked:?}");
    std::fs::remove_file(&desktop.asked).unwrap();
    assert_eq!(commit(&remote).0, Some(0));
    assert!(!desktop.asked.exists(), "the first approval covers this one");
}

#[test]
fn a_window_s_no_and_one_that_is_closed_refuse() {
    for script in ["exit 1", "kill -9 $$"] {
        let desktop = Desktop::new(script);
        let (code, log) = commit(&desktop.remote());
        assert_eq!(code, Some(128), "{script}");
        assert!(log.contains("was not approved where the agent runs"), "{script}: {log}");
        assert_eq!(desktop.asked().len(), 4, "{script}");
    }
}

#[test]
fn a_window_that_nobody_answers_is_closed_and_refuses() {
    let desktop = Desktop::new("exec sleep 1000");
    let (code, log) = commit(&desktop.remote());
    assert_eq!(code, Some(128));
    assert!(log.contains("was not approved where the agent runs"), "{log}");
    let process = desktop.asked()[0].clone();
    eventually("the window is closed", || !PathBuf::from(format!("/proc/{process}")).exists());
    // and the agent goes on
    desktop.setup.commit("here");
}

#[test]
fn a_desktop_without_such_a_program_is_told() {
    let desktop = Desktop::new("exit 0");
    std::fs::remove_file(desktop.setup.sandbox.root().join("askpass")).unwrap();
    let (code, log) = commit(&desktop.remote());
    assert_eq!(code, Some(128));
    assert!(
        log.contains("nobody can be asked where the agent runs: ") && log.contains("run `paraph agent confirm` in a terminal"),
        "{log}"
    );
}

#[test]
fn what_a_client_says_of_itself_drives_no_window() {
    let desktop = Desktop::new("exit 1");
    let remote = desktop.remote();
    let tree = remote.root().join("line\u{a}two \u{1b}[31m\u{202e}");
    remote.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "first"]);
    remote.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap()]);
    let done = remote.command("git", &tree).args(["commit", "-q", "-S", "--allow-empty", "-m", "x"]).output().unwrap();
    assert_eq!(done.status.code(), Some(128));
    let asked = desktop.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked[3].contains(r"line\u{a}two \u{1b}[31m\u{202e}"), "{asked:?}");
}
