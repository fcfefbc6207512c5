//! The agent: the built program, the real git, the local Sigstore.

mod askpass;
mod commands;
mod confirming;
mod container;
mod files;
mod folder;
mod forward;
mod hostile;
mod interruptions;
mod keyring;
mod memory;
mod notification;
mod publication;
mod rebase;
mod service_managers;
mod signer;
mod ssh;
mod under_way;
mod versions;
mod without;

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
};
use paraph::internals::{agent_protocol as protocol, local::ServeOptions};
use std::{
    os::unix::net::UnixStream,
    path::PathBuf,
    time::{Duration, Instant},
};

/// A repository that signs with a local Sigstore through an agent of its own, which ends with the test.
struct Setup {
    sandbox: Sandbox,
    sigstore: Sigstore,
}

impl Setup {
    fn new() -> Self {
        Self::with(ServeOptions::default())
    }

    fn with(options: ServeOptions) -> Self {
        let sigstore = Sigstore::with(options);
        let mut sandbox = Sandbox::with_repository();
        sandbox.link_program();
        sigstore.configure(&sandbox);
        sandbox.git(&["config", "--global", "commit.gpgSign", "true"]);
        sandbox.set("PARAPH_AGENT", "auto");
        Self { sandbox, sigstore }
    }

    fn commit(&self, message: &str) {
        self.sandbox.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Without an access code, so that a person must log in. The person logs in as `email`, whatever identity was requested. Needs curl.
    fn logs_in_by_browser_as(&self, email: &str) {
        self.sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        let opener = self.sandbox.script(
            "opener",
            &format!(
                "#!/bin/sh\nurl=$(printf %s \"$1\" | sed 's/&login_hint=[^&]*//')\n\
                 code=$('{program}' local code --dir '{folder}')\n\
                 exec curl -s -o /dev/null -L -H \"X-Paraph-Access-Code: $code\" \"$url&login_hint={email}\"\n",
                program = self.sandbox.program,
                folder = self.sigstore.folder.display(),
            ),
        );
        self.sandbox.git(&["config", "--global", "paraph.urlOpener", &format!("{opener} {{{{.URL}}}}")]);
    }

    fn paraph(&self, arguments: &[&str]) -> Done {
        self.sandbox.paraph(arguments)
    }

    /// The output of `agent status --json`.
    fn status(&self) -> serde_json::Value {
        let done = self.paraph(&["agent", "status", "--json"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// The agent's process.
    fn process(&self) -> u64 {
        self.status()["agent"]["process"].as_u64().unwrap()
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.sandbox.root().join("run/paraph").join(name)
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket("agent.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// The number of logins at the issuer, and of renewals without a login.
    fn logins(&self) -> (u64, u64) {
        let logins = paraph::internals::local::Instance::open(&self.sigstore.folder).unwrap().logins().unwrap();
        (logins.logins, logins.renewals)
    }

    /// The agents of this test, by the path of their program. Nothing else about a process that cannot be dumped is readable.
    fn agents(&self) -> Vec<u32> {
        let mine = format!("{}\0agent\0run\0", self.sandbox.program);
        let is_agent =
            |process: &u32| std::fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| line.starts_with(mine.as_bytes()));
        let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        processes.filter(is_agent).collect()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.paraph(&["agent", "stop"]);
    }
}

/// Waits until the condition holds.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The next reply that is not a heartbeat; `None` if the agent closed the connection.
fn reply(stream: &mut UnixStream) -> Option<protocol::Reply> {
    loop {
        let frame = protocol::read(stream, protocol::MAX_REPLY).ok()?;
        match serde_json::from_slice(&frame).unwrap() {
            protocol::Reply::Wait => {}
            reply => return Some(reply),
        }
    }
}
