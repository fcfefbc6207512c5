//! Hostile clients. The agent survives them with bounded memory, and continues to sign.

use super::{Setup, eventually, reply};
use paraph::internals::agent_protocol::{self as protocol, Call, Refusal, Reply, Request, Sign, SubjectToSign};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    process::Stdio,
    time::Duration,
};

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";

fn sign(payload: &[u8]) -> Call {
    Call::Sign(Sign {
        subject: SubjectToSign::Git { payload: payload.to_vec() },
        instance: "local".into(),
        expected: None,
        expected_issuer: None,
        hint: None,
        repository: Some("/somewhere".into()),
        host: None,
        reader: false,
        by_code: false,
    })
}

impl Setup {
    /// With an agent that has signed once.
    fn running() -> Self {
        let setup = Self::new();
        setup.commit("first");
        setup
    }

    fn call(&self, call: &Call) -> Option<Reply> {
        let mut stream = self.connect();
        protocol::write(&mut stream, &Request::new(call.clone())).unwrap();
        std::iter::repeat_with(|| reply(&mut stream))
            .find(|reply| !matches!(reply, Some(Reply::Certificate { .. } | Reply::Draft { .. })))
            .flatten()
    }

    fn still_signs(&self, process: u64) {
        self.commit("still");
        assert_eq!(self.process(), process, "it is the same agent");
    }

    /// Anonymous memory of a process, in kB.
    fn memory(process: u64) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.parse().ok()).unwrap()
    }
}

fn kind(reply: Option<Reply>) -> Option<Refusal> {
    match reply {
        Some(Reply::Refused { kind, .. }) => Some(kind),
        _ => None,
    }
}

#[test]
fn what_is_no_request_gets_an_answer_or_nothing() {
    let setup = Setup::running();
    let process = setup.process();
    for garbage in [&b"\0\0\0\0"[..], b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x02{}", b"\0\0\0\x05[[[[["] {
        let mut stream = setup.connect();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(matches!(kind(reply(&mut stream)), None | Some(Refusal::Request)), "{garbage:?}");
    }
    let deep = "[".repeat(100_000);
    let mut stream = setup.connect();
    stream.write_all(&(deep.len() as u32).to_be_bytes()).unwrap();
    stream.write_all(deep.as_bytes()).unwrap();
    assert_eq!(kind(reply(&mut stream)), Some(Refusal::Request));
    setup.still_signs(process);
}

#[test]
fn every_hostile_form_of_a_request_is_refused() {
    let setup = Setup::running();
    let process = setup.process();
    let status = r#"{"version":2,"program":"0.1.0","call":"status"}"#;
    let login = r#"{"version":2,"program":"0.1.0","call":"login","instance":"local","hint":null}"#;
    let send = |text: &str| {
        let mut stream = setup.connect();
        stream.write_all(&u32::try_from(text.len()).unwrap().to_be_bytes()).unwrap();
        // a frame that is too long ends the connection
        let _ = stream.write_all(text.as_bytes());
        reply(&mut stream)
    };
    assert!(matches!(send(status), Some(Reply::Status { .. })));
    for document in [status, login] {
        for (form, text) in crate::json_input::forms(document) {
            let answer = send(&text);
            assert!(
                matches!(kind(answer.clone()), None | Some(Refusal::Request))
                    && !matches!(answer, Some(Reply::Done { .. } | Reply::Status { .. })),
                "{form}: {answer:?}"
            );
        }
    }
    for (field, wrong) in [
        ("version", "\"2\""),
        ("version", "2.0"),
        ("version", "[2]"),
        ("program", "7"),
        ("call", "{}"),
        ("call", "[\"status\"]"),
        ("call", "null"),
    ] {
        let mut request: serde_json::Value = serde_json::from_str(status).unwrap();
        request[field] = serde_json::from_str(wrong).unwrap();
        assert_eq!(kind(send(&request.to_string())), Some(Refusal::Request), "{field}: {wrong}");
    }
    for again in [r#""call":"lock""#, r#""version":1"#, r#""program":"x""#] {
        assert_eq!(kind(send(&status.replace('}', &format!(",{again}}}")))), Some(Refusal::Request), "{again}");
    }
    let huge = format!("{status}{}", " ".repeat(protocol::MAX_REQUEST));
    assert!(!matches!(send(&huge), Some(Reply::Status { .. })));
    setup.still_signs(process);
}

#[test]
fn only_what_git_signs_is_signed_and_no_call_hands_out_a_key() {
    let setup = Setup::running();
    for payload in [&b""[..], b"hello", b"\x30\x82\x01\x0a", b"tree x\n\n", b"POST /api/v2/signingCert"] {
        assert_eq!(kind(setup.call(&sign(payload))), Some(Refusal::Payload), "{payload:?}");
    }
    let unknown = Call::Sign(Sign {
        instance: "other".into(),
        ..match sign(PAYLOAD) {
            Call::Sign(sign) => sign,
            _ => unreachable!(),
        }
    });
    assert_eq!(kind(setup.call(&unknown)), Some(Refusal::Instance));
    for call in ["key", "export", "token", "sign-raw"] {
        let mut stream = setup.connect();
        protocol::write(&mut stream, &serde_json::json!({"version": 1, "program": "0.1.0", "call": call})).unwrap();
        assert_eq!(kind(reply(&mut stream)), Some(Refusal::Request), "{call}");
    }
}

#[test]
fn a_replayed_request_is_a_new_signature_that_the_journal_shows() {
    let setup = Setup::running();
    let signatures: Vec<String> = (0..2)
        .map(|_| match setup.call(&sign(PAYLOAD)) {
            Some(Reply::Signed { signature }) => signature,
            reply => panic!("{reply:?}"),
        })
        .collect();
    assert_ne!(signatures[0], signatures[1], "each has a log entry of its own");
    let log = setup.paraph(&["agent", "log"]).stdout;
    assert_eq!(log.lines().filter(|line| line.ends_with("commit as ann@example.com in /somewhere")).count(), 2, "{log}");
}

#[test]
fn an_identity_that_is_not_expected_is_refused_before_anybody_learns_of_it() {
    let setup = Setup::running();
    let entries = || std::fs::read(setup.sigstore.folder.join("logs/rekor2.entries")).unwrap().len();
    let before = entries();
    // the local issuer logs in whom it is asked for; somebody else's answer cannot be had from it, so the name is one it refuses
    let Call::Sign(request) = sign(PAYLOAD) else { unreachable!() };
    let refused = setup.call(&Call::Sign(Sign { expected: Some("no address".into()), ..request }));
    assert!(matches!(kind(refused), Some(Refusal::Login | Refusal::Identity)));
    assert_eq!(entries(), before);
}

#[test]
fn a_client_gets_the_certificate_and_the_draft_before_the_signature() {
    let setup = Setup::running();
    let mut stream = setup.connect();
    protocol::write(&mut stream, &Request::new(sign(PAYLOAD))).unwrap();
    let replies: Vec<Reply> = std::iter::from_fn(|| reply(&mut stream)).collect();
    let [Reply::Certificate { certificate }, Reply::Draft { signature: draft }, Reply::Signed { signature }] = &replies[..] else {
        panic!("{replies:?}")
    };
    assert_eq!(draft, signature);
    let cms = paraph::internals::signature::armor::decode(signature.as_bytes()).unwrap();
    assert!(cms.windows(certificate.len()).any(|window| window == certificate), "it is the certificate of this signature");
}

#[test]
fn half_a_message_and_a_reader_that_never_reads_hold_nobody_up() {
    let setup = Setup::running();
    let process = setup.process();
    let mut half = setup.connect();
    half.write_all(&[0, 0, 4, 0, b'{']).unwrap();
    let mut deaf: Vec<UnixStream> = Vec::new();
    for _ in 0..8 {
        let mut stream = setup.connect();
        protocol::write(&mut stream, &Request::new(sign(PAYLOAD))).unwrap();
        deaf.push(stream);
    }
    setup.still_signs(process);
    // the half message's time ends, and the connection with it
    assert_eq!(half.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn ten_thousand_connections_leave_it_as_it_was() {
    let setup = Setup::running();
    let process = setup.process();
    let before = Setup::memory(process);
    for _ in 0..100 {
        let held: Vec<_> = (0..100).filter_map(|_| UnixStream::connect(setup.socket("agent.sock")).ok()).collect();
        drop(held);
    }
    setup.still_signs(process);
    let after = Setup::memory(process);
    assert!(after < before + 32 * 1024, "anonymous memory grew from {before} to {after} kB");
}

#[test]
fn connections_that_are_held_open_are_bounded() {
    let setup = Setup::running();
    let process = setup.process();
    let mut held: Vec<_> = (0..400).filter_map(|_| UnixStream::connect(setup.socket("agent.sock")).ok()).collect();
    let refused = held.last_mut().map(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        reply(stream)
    });
    assert!(matches!(kind(refused.flatten()), None | Some(Refusal::Busy)));
    // while others hold every place, git signs by itself
    setup.sandbox.git(&["commit", "-q", "--allow-empty", "-m", "by itself"]);
    drop(held);
    eventually("the agent answers again", || setup.paraph(&["agent", "status"]).code == Some(0));
    setup.still_signs(process);
}

#[test]
fn another_users_process_gets_no_answer() {
    let setup = Setup::running();
    if !rustix::process::geteuid().is_root() || setup.sandbox.command("setpriv", &setup.sandbox.work()).arg("--version").output().is_err() {
        eprintln!("SKIPPED another_users_process_gets_no_answer: it takes root and setpriv to be another user");
        return;
    }
    // even where the folders let it in: the peer's user id decides
    for path in
        [setup.sandbox.root(), setup.sandbox.root().join("run"), setup.sandbox.root().join("run/paraph"), setup.socket("agent.sock")]
    {
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o777);
        std::fs::set_permissions(&path, permissions).unwrap();
    }
    let script = r#"use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection\n";
        my $m = '{"version":1,"program":"0.1.0","call":"status"}'; $SIG{PIPE} = 'IGNORE';
        syswrite $s, pack("N", length $m) . $m; my $read = sysread $s, my $byte, 1; print "heard ", $read || 0;"#;
    let mut other = setup.sandbox.command("setpriv", std::path::Path::new("/"));
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", "perl", "-e", script]).arg(setup.socket("agent.sock"));
    let done = other.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "heard 0", "{}", String::from_utf8_lossy(&done.stderr));
    // and the client trusts no such folder any more
    let refused = setup.paraph(&["agent", "status"]);
    assert_eq!(refused.code, Some(8));
    assert!(refused.stderr.contains("others may enter it (mode 0777; expected 0700)"), "{}", refused.stderr);
    for folder in ["run", "run/paraph"] {
        std::fs::set_permissions(setup.sandbox.root().join(folder), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
}

#[test]
fn another_version_gets_a_clear_answer() {
    let setup = Setup::running();
    let process = setup.process();
    let mut stream = setup.connect();
    protocol::write(&mut stream, &serde_json::json!({"version": 7, "program": "7.0.0", "call": "anything"})).unwrap();
    assert_eq!(kind(reply(&mut stream)), Some(Refusal::Version));
    setup.still_signs(process);
    // a newer program of the same protocol replaces the agent
    let mut stream = setup.connect();
    protocol::write(&mut stream, &serde_json::json!({"version": 1, "program": "99.0.0", "call": "status"})).unwrap();
    assert_eq!(kind(reply(&mut stream)), Some(Refusal::Older));
    eventually("the older agent has ended", || setup.agents().is_empty());
    setup.commit("with a new agent");
    assert_ne!(setup.process(), process);
}
