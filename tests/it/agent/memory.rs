//! Keys are in the agent's memory, and are wiped by `lock`. The tests read the memory of the process from `/proc`.
#![cfg(target_os = "linux")]

use super::{Setup, eventually, keyring::token_of};
use crate::support::{keyring::SecretService, sigstore::EMAIL};
use p256::ecdsa::{SigningKey, VerifyingKey};
use paraph::{
    internals::{
        certificate::Certificate,
        signature::{armor, cms::SignedData},
    },
    object::{Commit, ObjectFormat},
};
use std::{
    io::{Read as _, Seek as _, SeekFrom},
    process::{Child, Stdio},
};

/// The public key of the certificate in HEAD's signature.
fn public_key(setup: &Setup) -> VerifyingKey {
    let raw = setup.sandbox.command("git", &setup.sandbox.work()).args(["cat-file", "commit", "HEAD"]).output().unwrap().stdout;
    let commit = Commit::parse(&raw, ObjectFormat::Sha1).unwrap();
    let cms = armor::decode(&commit.signed.signature).unwrap();
    let signed = SignedData::from_der(&cms).unwrap();
    let certificate = Certificate::from_der(signed.certificates[0]).unwrap();
    VerifyingKey::from_sec1_bytes(certificate.public_key().raw()).unwrap()
}

/// The writable memory of a process, in pieces.
fn memory(process: u32) -> Vec<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let mut pieces = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut bytes = Vec::new();
        if memory.seek(SeekFrom::Start(start)).is_err() || (&memory).take(end - start).read_to_end(&mut bytes).is_err() {
            continue;
        }
        pieces.push(bytes);
    }
    pieces
}

/// How often the private key of `public` occurs in the writable memory of a process, in either byte order.
fn copies(process: u32, public: &VerifyingKey) -> usize {
    let mut found = 0;
    for bytes in memory(process) {
        for window in bytes.windows(32).step_by(4).filter(|window| could_be_a_key(window)) {
            let mut reversed = window.to_vec();
            reversed.reverse();
            for scalar in [window, &reversed] {
                found += usize::from(SigningKey::from_slice(scalar).is_ok_and(|key| key.verifying_key() == public));
            }
        }
    }
    found
}

/// Whether the bytes look random. Fewer than one key in a million does not look so.
fn could_be_a_key(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    let distinct = bytes.iter().filter(|byte| !std::mem::replace(&mut seen[usize::from(**byte)], true)).count();
    distinct >= 20 && bytes.iter().filter(|byte| **byte >= 0x80).count() >= 4
}

/// An agent in the foreground whose memory other processes may read.
struct Readable(Child);

impl Readable {
    fn start(setup: &Setup) -> Self {
        let mut agent = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
        let agent = agent.args(["agent", "run", "--readable-memory"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = Self(agent.spawn().unwrap());
        eventually("the agent listens", || std::os::unix::net::UnixStream::connect(setup.socket("agent.sock")).is_ok());
        agent
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_key_is_in_the_agents_memory_until_it_is_locked_and_never_in_the_clients() {
    let setup = Setup::new();
    let agent = Readable::start(&setup);
    setup.commit("one");
    let public = public_key(&setup);

    // a client that waits for its signature
    agent.signal(rustix::process::Signal::STOP);
    let payload = setup.sandbox.root().join("payload");
    std::fs::write(
        &payload,
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nm\n",
    )
    .unwrap();
    let mut client = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
    client.args(["--status-fd=2", "-bsau", "ann@example.com"]).stdin(std::fs::File::open(&payload).unwrap());
    let client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asleep = || {
        let state = std::fs::read_to_string(format!("/proc/{}/wchan", client.id())).unwrap_or_default();
        state.contains("unix_stream") || state.contains("wait_for_more") || state.contains("schedule_timeout") || state == "0"
    };
    eventually("the client waits", asleep);
    assert_eq!(copies(client.id(), &public), 0);
    agent.signal(rustix::process::Signal::CONT);
    let _ = client.wait_with_output();

    // a request that carried the token is wiped when it is done
    assert_eq!(copies_of_text(agent.0.id(), "\"oidcIdentityToken\":\"ey"), 0);
    // the control: a search that finds nothing here proves nothing
    assert!(copies(agent.0.id(), &public) > 0, "the key is not found while it is in use");
    assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
    assert_eq!(copies(agent.0.id(), &public), 0);
}

#[test]
fn what_the_agent_writes_to_stays_out_of_the_swap() {
    let setup = Setup::new();
    let agent = Readable::start(&setup);
    setup.commit("one");
    let words = setup.status()["agent"]["memory"].as_str().unwrap().to_owned();
    if words.starts_with("keys may be swapped out: ") {
        assert!(words.contains("RLIMIT_MEMLOCK allows "), "{words}");
        eprintln!("SKIPPED what_the_agent_writes_to_stays_out_of_the_swap: {words}");
        return;
    }
    assert!(["all memory is kept out of swap", "keys are kept out of swap"].contains(&words.as_str()), "{words}");
    let maps = std::fs::read_to_string(format!("/proc/{}/smaps", agent.0.id())).unwrap();
    for place in ["[heap]", "[stack]"] {
        let flags = maps.lines().skip_while(|line| !line.ends_with(place)).find(|line| line.starts_with("VmFlags:"));
        assert!(flags.is_some_and(|flags| flags.split(' ').any(|flag| flag == "lo")), "{place}: {flags:?}");
    }
}

/// How often a text occurs.
fn copies_of_text(process: u32, text: &str) -> usize {
    memory(process).iter().map(|bytes| memchr::memmem::find_iter(bytes, text).count()).sum()
}

#[test]
fn the_agents_copies_of_a_stored_refresh_token_go_when_it_is_locked() {
    let test = "the_agents_copies_of_a_stored_refresh_token_go_when_it_is_locked";
    let Some(service) = SecretService::start(test) else { return };
    let mut setup = Setup::new();
    setup.use_keyring("secret-service", &service.address());
    // the second agent reads what the first let rest, and lets its successor rest
    for _ in 0..2 {
        let agent = Readable::start(&setup);
        setup.commit("one");
        let entry = service.lookup(EMAIL).unwrap();
        let (encoded, token) = (entry["refresh_token"].as_str().unwrap(), token_of(&entry));
        let count = || copies_of_text(agent.0.id(), &token);
        let in_use = count();
        assert!(in_use > 0, "the token is not found while it is in use");
        // the form in which a keyring holds it is wiped when it has gone there
        assert_eq!(copies_of_text(agent.0.id(), encoded), 0);
        assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
        // a buffer of the HTTP library can still hold what the issuer sent: SECURITY.md says so
        assert!(count() < in_use, "{} of {in_use}", count());
        assert_eq!(setup.paraph(&["agent", "unlock"]).code, Some(0));
        assert_eq!(setup.paraph(&["agent", "stop"]).code, Some(0));
        drop(agent);
    }
    assert_eq!(setup.logins(), (1, 1));
}

#[test]
fn an_agent_writes_no_core_file_and_lets_nobody_read_its_memory() {
    let setup = Setup::new();
    setup.commit("one");
    let process = setup.process();
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // the files of a process that cannot be dumped belong to root
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{process}/mem")).unwrap());
    assert_eq!(owner, 0);
}
