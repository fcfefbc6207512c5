//! ssh-agent and gpg-agent by their own protocols: one connection and one signature a call, as ssh-keygen and gpg ask for one.

use super::{Bench, EMAIL};
use sha2::{Digest as _, Sha256};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{fs::DirBuilderExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// A key that an agent holds.
pub struct Key {
    /// Its algorithm.
    pub name: &'static str,
    /// How the agent knows it: a public key's blob, or a keygrip in hexadecimal.
    handle: Vec<u8>,
}

/// OpenSSH's agent, started for this run.
pub struct SshAgent {
    process: Child,
    socket: PathBuf,
    pub keys: Vec<Key>,
}

impl SshAgent {
    /// `None` where there is none, which is said.
    pub fn start(bench: &Bench) -> Option<Self> {
        let socket = bench.root.join("ssh-agent.sock");
        let process = bench.command("ssh-agent", &bench.root).arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
        let Ok(process) = process else {
            println!("ssh-agent is missing, so it is left out.");
            return None;
        };
        let mut agent = Self { process, socket, keys: Vec::new() };
        wait_for(&agent.socket);
        for (name, algorithm) in [("Ed25519", "ed25519"), ("ECDSA P-256", "ecdsa")] {
            let file = bench.root.join(algorithm);
            let path = file.to_str().unwrap();
            bench.must(&bench.root, "ssh-keygen", &["-q", "-t", algorithm, "-N", "", "-f", path]);
            let added = bench.command("ssh-add", &bench.root).env("SSH_AUTH_SOCK", &agent.socket).args(["-q", path]).status();
            assert!(added.unwrap().success());
            let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
            let blob = public.split_whitespace().nth(1).unwrap();
            let handle = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, blob).unwrap();
            agent.keys.push(Key { name, handle });
        }
        Some(agent)
    }

    /// `SSH_AGENTC_SIGN_REQUEST` (draft-ietf-sshm-ssh-agent, section 3.6).
    pub fn sign(&self, key: &Key, data: &[u8]) {
        let mut request = vec![13];
        for string in [&key.handle[..], data] {
            request.extend(u32::try_from(string.len()).unwrap().to_be_bytes());
            request.extend(string);
        }
        request.extend(0u32.to_be_bytes());
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let length = u32::try_from(request.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length[..], &request].concat()).unwrap();
        let mut header = [0; 5];
        stream.read_exact(&mut header).unwrap();
        let [a, b, c, d, kind] = header;
        let mut signature = vec![0; u32::from_be_bytes([a, b, c, d]) as usize - 1];
        stream.read_exact(&mut signature).unwrap();
        assert_eq!(kind, 14, "SSH_AGENT_SIGN_RESPONSE");
    }
}

impl Drop for SshAgent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// GnuPG's agent with keys that have no passphrase.
pub struct GpgAgent<'a> {
    bench: &'a Bench,
    socket: PathBuf,
    pub keys: Vec<Key>,
}

impl<'a> GpgAgent<'a> {
    /// `None` where there is none, which is said.
    pub fn start(bench: &'a Bench) -> Option<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(bench.root.join("home/gnupg")).unwrap();
        let mut keys = Vec::new();
        for (name, algorithm) in [("Ed25519", "ed25519"), ("ECDSA P-256", "nistp256")] {
            let user = format!("{algorithm} <{EMAIL}>");
            let made = bench
                .command("gpg", &bench.root)
                .args(["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", &user, algorithm, "sign", "never"])
                .output();
            if !made.is_ok_and(|output| output.status.success()) {
                println!("gpg is missing or makes no key, so gpg-agent is left out.");
                return None;
            }
            let listed = bench.must(&bench.root, "gpg", &["--batch", "--with-colons", "--with-keygrip", "-K", &format!("={user}")]);
            let grip = listed.lines().find_map(|line| line.strip_prefix("grp:")).unwrap();
            keys.push(Key { name, handle: grip.trim_matches(':').as_bytes().to_vec() });
        }
        let socket = bench.must(&bench.root, "gpgconf", &["--list-dirs", "agent-socket"]);
        Some(Self { bench, socket: socket.trim_end().into(), keys })
    }

    /// `SIGKEY`, `SETHASH` and `PKSIGN` over Assuan.
    pub fn sign(&self, key: &Key, data: &[u8]) {
        let digest: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02X}")).collect();
        let mut stream = BufReader::new(UnixStream::connect(&self.socket).unwrap());
        answered(&mut stream);
        for command in [format!("SIGKEY {}", String::from_utf8_lossy(&key.handle)), format!("SETHASH 8 {digest}"), "PKSIGN".into()] {
            stream.get_mut().write_all(format!("{command}\n").as_bytes()).unwrap();
            answered(&mut stream);
        }
    }
}

impl Drop for GpgAgent<'_> {
    fn drop(&mut self) {
        let _ = self.bench.command("gpgconf", &self.bench.root).args(["--kill", "all"]).output();
    }
}

/// Reads to the end of an answer.
fn answered(stream: &mut BufReader<UnixStream>) {
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).unwrap();
        match line.split(|byte| byte.is_ascii_whitespace()).next() {
            Some(b"OK") => return,
            Some(b"S" | b"D") => {}
            _ => panic!("gpg-agent: {}", String::from_utf8_lossy(&line)),
        }
    }
}

fn wait_for(socket: &Path) {
    let started = Instant::now();
    while UnixStream::connect(socket).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "nobody listens at {}", socket.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}
