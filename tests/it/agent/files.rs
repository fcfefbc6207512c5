//! Files and statements that the agent signs.

use super::{
    Setup,
    forward::{answering, remote},
    reply,
};
use crate::support::{objects::installed, sigstore::EMAIL};
use paraph::internals::{
    agent_protocol::{self as protocol, Call, Refusal, Reply, Request, Sign, SubjectToSign},
    local::{Observer, ServeOptions},
};
use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

fn write(setup: &Setup, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(setup.sandbox.work().join(name), content).unwrap();
}

fn digest_of(content: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content))
}

fn statement(content: &[u8]) -> String {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"a","digest":{{"sha256":"{}"}}}}],"predicateType":"https://example.com/x"}}"#,
        digest_of(content)
    )
}

fn ask(setup: &Setup, subject: SubjectToSign) -> Reply {
    let mut stream = setup.connect();
    let call = Call::Sign(Sign {
        subject,
        instance: "local".into(),
        expected: None,
        expected_issuer: None,
        hint: Some(EMAIL.into()),
        repository: None,
        host: None,
        reader: false,
        by_code: false,
    });
    protocol::write(&mut stream, &Request::new(call)).unwrap();
    loop {
        match reply(&mut stream).unwrap() {
            last if last.is_last() => return last,
            _ => {}
        }
    }
}

#[test]
fn many_files_and_a_statement_need_one_login() {
    let setup = Setup::new();
    let names: Vec<String> = (0..30).map(|number| format!("file-{number}")).collect();
    names.iter().for_each(|name| write(&setup, name, name));
    let arguments: Vec<&str> = ["sign"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let done = setup.paraph(&arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(names.iter().all(|name| setup.sandbox.work().join(format!("{name}.sigstore.json")).exists()));
    write(&setup, "statement.json", statement(b"a"));
    setup.sandbox.git(&["config", "--global", "paraph.rekorVersion", "2"]);
    let done = setup.paraph(&["sign", "--statement", "statement.json"]);
    assert_eq!((done.code, setup.logins().0), (Some(0), 1), "{}", done.stderr);
    let journal = setup.paraph(&["agent", "log", "--json"]).stdout;
    let entries: Vec<serde_json::Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 31);
    assert_eq!((&entries[0]["kind"], &entries[0]["name"]), (&"file".into(), &"file-0".into()));
    assert_eq!(entries[0]["payload"], digest_of(b"file-0"));
    assert_eq!(entries[30]["kind"], "statement");
}

/// A log whose answers wait until it has so many requests at the same time. The first request needs no company.
struct Company {
    requests: Mutex<(usize, usize)>,
    came: Condvar,
}

impl Company {
    fn wait(&self, most: usize) {
        let mut requests = self.requests.lock().unwrap();
        requests.0 += 1;
        requests.1 += 1;
        self.came.notify_all();
        let is_alone = |(all, waiting): &mut (usize, usize)| *all > 1 && *waiting < most;
        let (mut requests, _) = self.came.wait_timeout_while(requests, Duration::from_secs(30), is_alone).unwrap();
        assert!(requests.0 == 1 || requests.1 >= most, "the requests came one after the other");
        if requests.0 == 1 {
            requests.1 = 0;
        }
    }
}

#[test]
fn many_files_are_signed_at_the_same_time_and_reported_in_their_order() {
    for by_agent in [true, false] {
        let company = Arc::new(Company { requests: Mutex::default(), came: Condvar::new() });
        let answered = Arc::clone(&company);
        let observer: Observer = Arc::new(move |path, _, _| {
            if path.ends_with("/log/entries") {
                answered.wait(4);
            }
        });
        let mut setup = Setup::with(ServeOptions { observer: Some(observer), ..ServeOptions::default() });
        setup.sandbox.git(&["config", "--global", "paraph.rekorVersion", "1"]);
        if !by_agent {
            // as in a CI job
            let token = setup.sigstore.token(EMAIL);
            setup.sandbox.set("SIGSTORE_ID_TOKEN", &token);
        }
        let names: Vec<String> = (0..5).map(|number| format!("file-{number}")).collect();
        names.iter().for_each(|name| write(&setup, name, name));
        let arguments: Vec<&str> = ["sign"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let done = setup.paraph(&arguments);
        assert_eq!((done.code, setup.agents().len()), (Some(0), usize::from(by_agent)), "{}", done.stderr);
        let expected: Vec<String> = names.iter().map(|name| format!("{name}: signed as {EMAIL} in {name}.sigstore.json")).collect();
        assert_eq!(done.stdout.lines().collect::<Vec<_>>(), expected);
        assert_eq!(company.requests.lock().unwrap().0, 5);
    }
}

#[test]
fn a_certificate_that_expires_meanwhile_is_replaced() {
    const LIFETIME: u64 = 8;
    let (certificates, entries) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (issued, logged) = (Arc::clone(&certificates), Arc::clone(&entries));
    let first = Mutex::new(Instant::now());
    let observer: Observer = Arc::new(move |path, _, _| {
        if path.ends_with("signingCert") && issued.fetch_add(1, Ordering::SeqCst) == 0 {
            *first.lock().unwrap() = Instant::now();
        }
        // after the first, as many as are under way at the same time get their answers when the certificate has little time left
        if path.ends_with("/log/entries") && (1..=8).contains(&logged.fetch_add(1, Ordering::SeqCst)) {
            let until = *first.lock().unwrap() + Duration::from_secs(LIFETIME - 1);
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    });
    let options = ServeOptions { certificate_lifetime: LIFETIME.cast_signed(), observer: Some(observer), ..ServeOptions::default() };
    let mut setup = Setup::with(options);
    setup.sandbox.git(&["config", "--global", "paraph.rekorVersion", "1"]);
    let token = setup.sigstore.token(EMAIL);
    setup.sandbox.set("SIGSTORE_ID_TOKEN", &token);
    let names: Vec<String> = (0..13).map(|number| format!("f{number}")).collect();
    names.iter().for_each(|name| write(&setup, name, name));
    let arguments: Vec<&str> = ["sign"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let done = setup.paraph(&arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let reported: Vec<&str> = done.stdout.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(reported, names);
    assert_eq!((certificates.load(Ordering::SeqCst), entries.load(Ordering::SeqCst)), (2, 13));
}

#[test]
fn nothing_is_signed_after_a_file_that_cannot_be_signed() {
    let setup = Setup::new();
    let names: Vec<String> = (0..20).map(|number| format!("f{number}")).collect();
    names.iter().for_each(|name| write(&setup, name, name));
    write(&setup, "f5", "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b.c> 1 +0000\n");
    let arguments: Vec<&str> = ["sign"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let done = setup.paraph(&arguments);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    // those before it were under way, and are finished
    assert!(done.stderr.contains("f5: ") && done.stderr.contains("; 5 of 20 files were signed before"), "{}", done.stderr);
    assert_eq!(done.stdout.lines().count(), 5);
    let is_signed = |name: &String| setup.sandbox.work().join(format!("{name}.sigstore.json")).exists();
    assert_eq!(names.iter().filter(|name| is_signed(name)).collect::<Vec<_>>(), names.iter().take(5).collect::<Vec<_>>());
}

#[test]
fn an_agent_that_ends_meanwhile_leaves_the_rest_to_the_program() {
    let stopped = Arc::new(AtomicBool::new(false));
    let (program, seen) = (Arc::new(Mutex::new(None::<std::process::Command>)), Arc::clone(&stopped));
    let stop = Arc::clone(&program);
    let observer: Observer = Arc::new(move |path, _, _| {
        if path.contains("log/entries") && seen.swap(true, Ordering::SeqCst) {
            // the second request: the agent is there, and has others under way
            stop.lock().unwrap().take().iter_mut().for_each(|command| assert!(command.spawn().is_ok()));
        }
    });
    let setup = Setup::with(ServeOptions { observer: Some(observer), ..ServeOptions::default() });
    setup.sandbox.git(&["config", "--global", "paraph.rekorVersion", "1"]);
    let mut command = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
    command.args(["agent", "stop"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    *program.lock().unwrap() = Some(command);
    let names: Vec<String> = (0..12).map(|number| format!("f{number}")).collect();
    names.iter().for_each(|name| write(&setup, name, name));
    let arguments: Vec<&str> = ["sign"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let done = setup.paraph(&arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let reported: Vec<String> = done.stdout.lines().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect();
    assert_eq!(reported, names);
}

#[test]
fn the_agent_signs_nothing_in_the_disguise_of_a_file() {
    let setup = Setup::new();
    setup.commit("a login");
    let attributes = paraph::internals::signature::git::signed_attributes(&[7; 32], 1_700_000_000).unwrap();
    let commit = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b.c> 1 +0000\n".to_vec();
    for content in [attributes, commit, b"DSSEv1 1 x 1 y".to_vec()] {
        let reply = ask(&setup, SubjectToSign::File { content, name: Some("foo.tar.gz".into()) });
        assert!(matches!(&reply, Reply::Refused { kind: Refusal::Payload, message, .. } if message.contains("the file is ")), "{reply:?}");
    }
    for payload in [&b"{}"[..], b"", b"tree 4b82"] {
        let reply = ask(&setup, SubjectToSign::Statement { payload: payload.to_vec() });
        assert!(matches!(reply, Reply::Refused { kind: Refusal::Payload, .. }), "{reply:?}");
    }
    let reply = ask(&setup, SubjectToSign::Digest { sha256: "abc".into(), name: None });
    assert!(matches!(reply, Reply::Refused { kind: Refusal::Payload, .. }), "{reply:?}");
    assert!(matches!(ask(&setup, SubjectToSign::File { content: b"a file".to_vec(), name: None }), Reply::Signed { .. }));
}

#[test]
fn a_digest_alone_is_asked_about_even_by_a_program_of_the_user() {
    let setup = Setup::new();
    setup.commit("a login");
    let digest = format!("sha256:{}", digest_of(b"elsewhere"));
    let sign = || setup.paraph(&["sign", &digest, "--bundle", "out.json", "--force"]);
    // nobody is there to be asked
    let done = sign();
    assert_eq!(done.code, Some(6), "{}", done.stderr);
    assert!(done.stderr.contains("set paraph.agentSignDigests to true"), "{}", done.stderr);
    let questions = answering(&setup, true);
    for _ in 0..2 {
        let done = sign();
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let question = questions.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(question.starts_with("A program of yours on this machine asks for a signature"), "{question}");
        assert!(question.contains("It may be the digest of anything, a commit included."), "{question}");
        assert!(question.contains(&digest_of(b"elsewhere")) && !question.contains("One approval covers"), "{question}");
    }
    // a large file is sent as a digest, a small one is not
    write(&setup, "large", vec![1; 3 << 20]);
    assert_eq!(setup.paraph(&["sign", "large"]).code, Some(0));
    let question = questions.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(question.contains("called “large”"), "{question}");
    write(&setup, "small", "x");
    assert_eq!(setup.paraph(&["sign", "small"]).code, Some(0));
    assert!(questions.try_recv().is_err());
    drop(questions);
    // the user's own files turn the question off; a repository does not
    setup.sandbox.git(&["config", "paraph.agentSignDigests", "true"]);
    setup.paraph(&["agent", "stop"]);
    assert_eq!(sign().code, Some(6));
    setup.sandbox.git(&["config", "--global", "paraph.agentSignDigests", "true"]);
    setup.paraph(&["agent", "stop"]);
    let done = sign();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn a_forwarded_client_is_asked_about_each_file() {
    let setup = Setup::new();
    setup.commit("a login");
    let questions = answering(&setup, true);
    let remote = remote(&setup);
    for (name, content) in [("a", "first"), ("b", "second"), ("c", "second")] {
        std::fs::write(remote.work().join(name), content).unwrap();
        let done = remote.paraph(&["sign", name]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let question = questions.recv_timeout(Duration::from_secs(20)).unwrap();
        let expected = format!("asks for a signature as {EMAIL} on a file called “{name}” ({} bytes, SHA-256 ", content.len());
        assert!(question.contains(&expected) && question.contains(&digest_of(content.as_bytes())), "{question}");
    }
    std::fs::write(remote.work().join("statement.json"), statement(b"a")).unwrap();
    remote.git(&["config", "--global", "paraph.rekorVersion", "2"]);
    setup.sandbox.git(&["config", "--global", "paraph.rekorVersion", "2"]);
    setup.paraph(&["agent", "clear"]);
    let done = remote.paraph(&["sign", "--statement", "statement.json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let question = questions.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(question.contains("on a statement of the type “https://example.com/x” about 1 subject (SHA-256 "), "{question}");
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn an_interrupted_call_leaves_whole_bundles_and_nothing_else() {
    if !installed("kill", "an_interrupted_call_leaves_whole_bundles_and_nothing_else") {
        return;
    }
    let setup = Setup::new();
    let names: Vec<String> = (0..400).map(|number| format!("f{number}")).collect();
    names.iter().for_each(|name| write(&setup, name, name));
    let mut command = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
    let mut child = command.arg("sign").args(&names).stdout(std::process::Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    // up to eight are under way
    while !setup.sandbox.work().join("f20.sigstore.json").exists() {
        assert!(started.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    let process = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    assert!(!child.wait().unwrap().success());
    let mut bundles = 0;
    for entry in std::fs::read_dir(setup.sandbox.work()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(file) = name.strip_suffix(".sigstore.json") {
            let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(setup.sandbox.work().join(&name)).unwrap()).unwrap();
            assert!(bundle["messageSignature"]["signature"].is_string(), "{file}");
            bundles += 1;
        }
    }
    assert!((4..400).contains(&bundles), "{bundles}");
}
