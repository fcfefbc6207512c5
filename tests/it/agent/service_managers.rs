//! The agent started by systemd and launchd: the protocol of socket activation, and the files that are shipped.

use super::{Setup, eventually, reply};
use crate::support::objects::installed;
use paraph::internals::agent_protocol::{self as protocol, Call, Refusal, Reply, Request};
use std::{
    os::unix::{fs::DirBuilderExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/agent").join(name)
}

/// systemd-socket-activate, which becomes the agent with the first connection.
struct Activated(Child);

impl Drop for Activated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_first_client_starts_an_agent_whose_sockets_systemd_opened() {
    let test = "the_first_client_starts_an_agent_whose_sockets_systemd_opened";
    if !installed("systemd-socket-activate", test) {
        return;
    }
    let mut setup = Setup::new();
    std::fs::DirBuilder::new().mode(0o700).create(setup.sandbox.root().join("run/paraph")).unwrap();
    let mut systemd = setup.sandbox.command("systemd-socket-activate", &setup.sandbox.root());
    // in the order of the shipped unit
    for socket in ["agent.sock", "forward.sock"] {
        systemd.arg("--listen").arg(setup.socket(socket));
    }
    for name in ["HOME", "GIT_CONFIG_NOSYSTEM", "PARAPH_RUNTIME_DIR"] {
        systemd.args(["--setenv", name]);
    }
    systemd.args([&setup.sandbox.program, "agent", "run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let activated = Activated(systemd.spawn().unwrap());
    eventually("systemd listens", || setup.socket("forward.sock").exists());
    let program = || std::fs::read_link(format!("/proc/{}/exe", activated.0.id())).unwrap();
    assert!(program().ends_with("systemd-socket-activate"), "no agent before somebody needs one");

    setup.sandbox.set("PARAPH_AGENT", "running");
    setup.commit("one");
    assert_eq!(setup.process(), u64::from(activated.0.id()), "it is the process that systemd became");
    assert_eq!(setup.status()["agent"]["logins"][0]["signatures"], 1);
    // the second socket is the one to forward
    let mut stream = UnixStream::connect(setup.socket("forward.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    protocol::write(&mut stream, &Request::new(Call::Status)).unwrap();
    assert!(matches!(reply(&mut stream), Some(Reply::Refused { kind: Refusal::Request, .. })));
    // its sockets are not its own: no other agent takes their place, and they stay when it ends
    let done = setup.paraph(&["agent", "run"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "another agent runs\n"));
    assert_eq!(setup.paraph(&["agent", "stop"]).code, Some(0));
    eventually("the agent ends", || setup.agents().is_empty());
    assert!(setup.socket("agent.sock").exists() && setup.socket("forward.sock").exists());
}

#[test]
fn systemd_understands_the_shipped_units() {
    let test = "systemd_understands_the_shipped_units";
    if !installed("systemd-analyze", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("home/.cargo/bin/paraph");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_paraph"), &program).unwrap();
    let complaints = |socket: &str, service: &str| -> Vec<String> {
        let units = tempfile::tempdir_in(folder.path()).unwrap();
        let (socket_file, service_file) = (units.path().join("paraph-agent.socket"), units.path().join("paraph-agent.service"));
        std::fs::write(&socket_file, socket).unwrap();
        std::fs::write(&service_file, service).unwrap();
        let done = Command::new("systemd-analyze")
            .args(["verify", "--user", "--man=no"])
            .args([&socket_file, &service_file])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder.path().join("home"))
            .env("XDG_RUNTIME_DIR", folder.path())
            .output()
            .unwrap();
        // what it thinks of the machine's own units is no matter here
        String::from_utf8_lossy(&done.stderr).lines().filter(|line| line.contains("paraph")).map(str::to_owned).collect()
    };
    let read = |name: &str| std::fs::read_to_string(shipped(name)).unwrap();
    let (socket, service) = (read("paraph-agent.socket"), read("paraph-agent.service"));
    assert_eq!(complaints(&socket, &service), Vec::<String>::new());
    // it would complain
    assert_ne!(complaints(&socket.replace("SocketMode", "SocketMood"), &service), Vec::<String>::new());
    std::fs::remove_file(&program).unwrap();
    assert_ne!(complaints(&socket, &service), Vec::<String>::new());
    // the sockets are those that clients look for
    for name in ["agent.sock", "forward.sock"] {
        assert!(socket.contains(&format!("ListenStream=%t/paraph/{name}\n")), "{socket}");
    }
    assert!(socket.find("agent.sock") < socket.find("forward.sock"), "the agent takes them in this order");
}

#[test]
fn launchd_s_file_is_a_property_list_that_starts_the_agent() {
    let file = plist::Value::from_file(shipped("org.paraph.agent.plist")).unwrap();
    let file = file.as_dictionary().unwrap();
    assert_eq!(file.get("Label").unwrap().as_string(), Some("org.paraph.agent"));
    let words: Vec<&str> = file.get("ProgramArguments").unwrap().as_array().unwrap().iter().filter_map(plist::Value::as_string).collect();
    assert_eq!(words[1..], ["agent", "run"]);
    assert!(words[0].starts_with('/') && words[0].ends_with("/paraph"), "launchd looks in no PATH");
    assert_eq!(file.get("RunAtLoad").unwrap().as_boolean(), Some(true));
    let limits = file.get("HardResourceLimits").unwrap().as_dictionary().unwrap();
    assert_eq!(limits.get("Core").unwrap().as_unsigned_integer(), Some(0));
}
