//! A real sshd on loopback, at a port of the system's choice: each connection to it gets an sshd of its own, as inetd would start it.

use super::{objects::installed, sandbox::Sandbox};
use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{DirBuilderExt as _, PermissionsExt as _},
            net::UnixStream,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The server, and the files of its client.
pub struct Sshd {
    folder: PathBuf,
    address: SocketAddr,
    ending: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Sshd {
    /// A server whose sessions run in `remote`: its HOME, its work folder, its variables. `None`, with a line that says why, where sshd is
    /// missing or gives nobody a session.
    pub fn start(remote: &Sandbox, test: &str) -> Option<Self> {
        let server = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|place| Path::new(place).is_file());
        let Some(server) = server else {
            eprintln!("SKIPPED {test}: there is no sshd here");
            return None;
        };
        if !installed("ssh", test) || !installed("ssh-keygen", test) {
            return None;
        }
        let folder = remote.root().join("ssh");
        std::fs::create_dir(&folder).unwrap();
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status().unwrap();
            assert!(made.success());
        }
        let place = folder.display();
        // a session has the environment of the other machine, and nothing of this one
        let mut session = format!("cd '{}' && exec env -i PATH='{}'", remote.work().display(), std::env::var("PATH").unwrap_or_default());
        let own = [("HOME", remote.home().to_str().unwrap().to_owned()), ("GIT_CONFIG_NOSYSTEM", "1".into())];
        for (name, value) in
            own.iter().map(|(name, value)| (*name, value)).chain(remote.variables.iter().map(|(name, value)| (&**name, value)))
        {
            session.push_str(&format!(" {name}='{value}'"));
        }
        std::fs::write(folder.join("session"), format!("#!/bin/sh\n{session} sh -c \"$SSH_ORIGINAL_COMMAND\"\n")).unwrap();
        std::fs::set_permissions(folder.join("session"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let config = format!(
            "HostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nForceCommand {place}/session\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nStreamLocalBindUnlink yes\nLogLevel ERROR\n"
        );
        std::fs::write(folder.join("sshd_config"), config).unwrap();
        // what sshd's service makes at its start; only root can, and only root's sshd needs it
        let _ = std::fs::DirBuilder::new().mode(0o755).create("/run/sshd");

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ending = Arc::new(AtomicBool::new(false));
        let (ended, place) = (Arc::clone(&ending), folder.clone());
        let serving = std::thread::spawn(move || {
            let mut sessions: Vec<Child> = Vec::new();
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let stream = stream.unwrap();
                let (input, output) = (OwnedFd::from(stream.try_clone().unwrap()), OwnedFd::from(stream));
                let log = std::fs::OpenOptions::new().append(true).create(true).open(place.join("log")).unwrap();
                let mut sshd = Command::new(server);
                sshd.args(["-i", "-e", "-f"]).arg(place.join("sshd_config")).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
                sessions.push(sshd.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(log).spawn().unwrap());
            }
            for mut session in sessions {
                let _ = session.kill();
                let _ = session.wait();
            }
        });
        let client = format!(
            "Host remote\nHostName 127.0.0.1\nPort {}\nIdentityFile {place}/user\nIdentitiesOnly yes\nIdentityAgent none\n\
             StrictHostKeyChecking no\nUserKnownHostsFile {place}/known\nLogLevel ERROR\nBatchMode yes\nExitOnForwardFailure yes\n",
            address.port(),
            place = folder.display(),
        );
        std::fs::write(folder.join("ssh_config"), client).unwrap();
        let sshd = Self { folder, address, ending, serving: Some(serving) };
        let works = sshd.ssh(remote).arg("remote").arg("true").output().unwrap();
        if !works.status.success() {
            let log = std::fs::read_to_string(sshd.folder.join("log")).unwrap_or_default();
            eprintln!("SKIPPED {test}: sshd gives no session here: {}{}", String::from_utf8_lossy(&works.stderr), log.trim_end());
            return None;
        }
        Some(sshd)
    }

    /// ssh of the near machine; the server's name is `remote`.
    pub fn ssh(&self, near: &Sandbox) -> Command {
        let mut ssh = near.command("ssh", &near.root());
        ssh.arg("-F").arg(self.folder.join("ssh_config")).stdin(Stdio::null());
        ssh
    }

    /// Forwards a socket of the near machine to the far one, until it is dropped.
    pub fn forward(&self, near: &Sandbox, far: &Path, socket: &Path) -> Forwarding {
        let _ = std::fs::remove_file(far);
        let mut ssh = self.ssh(near);
        ssh.arg("-N").arg("-R").arg(format!("{}:{}", far.display(), socket.display())).arg("remote");
        let forwarding = Forwarding(ssh.spawn().unwrap());
        let started = Instant::now();
        // the file is there before anybody listens
        while UnixStream::connect(far).is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "ssh forwards nothing");
            std::thread::sleep(Duration::from_millis(10));
        }
        forwarding
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // the one that waits for a connection gets its last
        let _ = TcpStream::connect(self.address);
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

/// A connection that forwards.
pub struct Forwarding(Child);

impl Forwarding {
    /// The process of its client.
    pub fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
