//! Verifying opens no socket, and signing needs nothing but the services that are configured.

use super::repository;
use crate::support::{objects::installed, sandbox::Sandbox, sigstore::EMAIL};
use std::process::Command;

/// Traces the network calls of a command and of all that it starts; `None`, with a line that says so, where nothing can be traced.
pub fn traced(sandbox: &Sandbox, test: &str, program: &str, arguments: &[&str]) -> Option<String> {
    if !installed("strace", test) {
        return None;
    }
    let trace = sandbox.root().join("trace");
    let strace = |program: &str, arguments: &[&str]| {
        let mut command = sandbox.command("strace", &sandbox.work());
        command.args(["-f", "-e", "trace=network,execve", "-o"]).arg(&trace).arg(program).args(arguments).output().unwrap()
    };
    if !strace("true", &[]).status.success() {
        eprintln!("SKIPPED {test}: strace may not trace here");
        return None;
    }
    strace(program, arguments);
    Some(std::fs::read_to_string(&trace).unwrap())
}

/// The lines that show a socket.
pub fn sockets(trace: &str) -> Vec<&str> {
    trace.lines().filter(|line| ["socket(", "connect("].iter().any(|call| line.contains(call))).collect()
}

#[test]
fn verifying_opens_no_socket() {
    let test = "verifying_opens_no_socket";
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    let unknown = sandbox.store_commit(&sandbox.commit_parts("HEAD").without_evidence());
    let paraph = env!("CARGO_BIN_EXE_paraph");

    // the trace would show one
    let Some(signing) = traced(&sandbox, test, "git", &["commit", "-q", "-S", "--allow-empty", "-m", "more"]) else { return };
    assert!(!sockets(&signing).is_empty(), "{signing}");
    for (program, arguments) in [
        ("git", &["verify-commit", "HEAD"][..]),
        ("git", &["verify-commit", &unknown]),
        ("git", &["verify-tag", "v1"]),
        ("git", &["log", "--show-signature"]),
        (paraph, &["verify"]),
        (paraph, &["verify", "v1", "--json"]),
        (paraph, &["verify", &unknown]),
        (paraph, &["show"]),
    ] {
        let trace = traced(&sandbox, test, program, arguments).unwrap();
        assert!(trace.contains(&format!("execve(\"{paraph}\"")), "{program} {arguments:?}: {trace}");
        assert_eq!(sockets(&trace), Vec::<&str>::new(), "{program} {arguments:?}");
    }
}

/// Runs itself again in a network namespace that has loopback and nothing else.
#[test]
fn signing_needs_loopback_alone_where_all_services_are_there() {
    const INSIDE: &str = "PARAPH_TEST_IN_NAMESPACE";
    let test = "git::offline::signing_needs_loopback_alone_where_all_services_are_there";
    if std::env::var_os(INSIDE).is_some() {
        let (sigstore, sandbox) = repository();
        sigstore.allow(&sandbox, EMAIL);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
        assert_eq!(sandbox.git(&["log", "--format=%G?"]), "G");
        println!("SIGNED IN THE NAMESPACE");
        return;
    }
    let namespace = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rn", "sh", "-c", &format!("ip link set lo up && {command}"), "sh"]);
        unshare
    };
    if !installed("unshare", test) || !installed("ip", test) {
        return;
    }
    if !namespace("true").output().unwrap().status.success() {
        eprintln!("SKIPPED {test}: no network namespace may be made here");
        return;
    }
    // the test's own process has no other device there
    let mut inside = namespace("test -z \"$(ip -o link | grep -v ' lo: ')\" && exec \"$@\"");
    let output = inside.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("SIGNED IN THE NAMESPACE"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
