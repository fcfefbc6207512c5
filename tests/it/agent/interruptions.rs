//! Restarted services, killed clients, stopped processes. No commit is lost, and no new login is needed.

use super::{Setup, eventually};
use paraph::internals::local::{Fault, ServeOptions, Service};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Stdio},
};

impl Setup {
    /// `git commit` in a process group of its own.
    fn start_commit(&self, message: &str) -> Child {
        let mut git = self.sandbox.command("git", &self.sandbox.work());
        git.args(["commit", "-q", "--allow-empty", "-m", message]).process_group(0);
        git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn signatures(&self) -> u64 {
        self.status()["agent"]["logins"][0]["signatures"].as_u64().unwrap_or_default()
    }
}

#[test]
fn a_service_that_was_restarted_is_found_again() {
    let mut setup = Setup::new();
    setup.commit("before");
    setup.sigstore.stop();
    let told = setup.sandbox.root().join("told");
    setup.sandbox.git(&["config", "--global", "paraph.logPath", told.to_str().unwrap()]);
    let refused = setup.sandbox.try_git(&["commit", "--allow-empty", "-m", "meanwhile"]);
    let told = std::fs::read_to_string(told).unwrap();
    assert!(refused.code != Some(0) && told.contains(&setup.sigstore.url) && told.contains("could not be reached"), "{told}");
    setup.sigstore.restart(ServeOptions::default());
    setup.commit("after");
    assert_eq!(setup.sandbox.git(&["log", "--format=%s %G?"]), "after U\nbefore U");
    assert_eq!((setup.logins(), setup.signatures()), ((1, 0), 2));
}

#[test]
fn a_log_that_lies_gets_no_second_entry() {
    let setup = Setup::with(ServeOptions { faults: vec![Fault::BadProof], ..ServeOptions::default() });
    let told = setup.sandbox.root().join("told");
    setup.sandbox.git(&["config", "--global", "paraph.logPath", told.to_str().unwrap()]);
    assert_eq!(setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "one"]).code, Some(128));
    let told = std::fs::read_to_string(told).unwrap();
    assert!(told.contains("the finished signature does not verify") && !told.contains("without the agent"), "{told}");
    assert_eq!(setup.logins().0, 1, "nobody logs in to have the same again");
}

#[test]
fn a_client_that_is_killed_holds_nobody_up() {
    let mut setup = Setup::with(ServeOptions { faults: vec![Fault::Slow(Service::Rekor)], ..ServeOptions::default() });
    let mut killed = setup.start_commit("killed");
    // the agent has its login and waits for the log
    eventually("a login is kept", || setup.status()["agent"]["logins"].as_array().is_some_and(|logins| !logins.is_empty()));
    kill_process_group(Pid::from_child(&killed), Signal::KILL).unwrap();
    killed.wait().unwrap();
    setup.sigstore.restart(ServeOptions::default());
    let _ = std::fs::remove_file(setup.sandbox.work().join(".git/index.lock"));
    setup.commit("next");
    assert_eq!(setup.sandbox.git(&["log", "--format=%s %G?"]), "next U");
    assert_eq!(setup.logins(), (1, 0));
}

#[test]
fn an_agent_that_stands_still_for_a_moment_is_waited_for() {
    let setup = Setup::new();
    setup.commit("before");
    let agent = Pid::from_raw(i32::try_from(setup.process()).unwrap()).unwrap();
    kill_process(agent, Signal::STOP).unwrap();
    let waiting = setup.start_commit("after");
    // its request is in the socket before the agent goes on
    let connected = || {
        let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
        sockets.lines().filter(|line| line.ends_with(setup.socket("agent.sock").to_str().unwrap())).count() > 1
    };
    eventually("the client has connected", connected);
    kill_process(agent, Signal::CONT).unwrap();
    let done = waiting.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!((setup.logins(), setup.signatures()), ((1, 0), 2));
}
