//! An agent that is broken, absent or lies. Signing continues without it, with one message.

use super::Setup;
use paraph::internals::agent_protocol as protocol;
use std::{
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    os::unix::net::{UnixListener, UnixStream},
};

/// The messages about the agent in the user's log, without the time.
fn log_lines(setup: &Setup) -> Vec<String> {
    let log = std::fs::read_to_string(setup.sandbox.root().join("log")).unwrap_or_default();
    let lines = log.lines().map(|line| line.split_once(' ').unwrap().1.to_owned());
    lines.filter(|line| line.contains("agent") || line.contains("SIG_CREATED")).collect()
}

/// A socket in the agent's place. `serve` handles each client.
fn impostor(setup: &Setup, serve: impl Fn(std::os::unix::net::UnixStream) + Send + 'static) {
    let folder = setup.sandbox.root().join("run/paraph");
    std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = protocol::read(&mut stream, protocol::MAX_REQUEST);
            serve(stream);
        }
    });
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
}

/// A frame that an agent would send.
fn frame(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}

fn signs_by_itself(setup: &Setup, why: &str) {
    setup.commit("by itself");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    assert_eq!(log_lines(setup), [format!("paraph: Signing without the agent: {why}.")]);
    assert_eq!(setup.logins().0, 1);
}

#[test]
fn an_agent_that_talks_nonsense() {
    let setup = Setup::new();
    impostor(&setup, |mut stream| drop(stream.write_all(b"\0\0\0\x04what")));
    signs_by_itself(&setup, "the agent is broken: expected value at line 1 column 1");
}

#[test]
fn an_agent_that_hangs_up() {
    let setup = Setup::new();
    impostor(&setup, drop);
    setup.commit("by itself");
    assert_eq!(log_lines(&setup).len(), 1);
    assert!(log_lines(&setup)[0].starts_with("paraph: Signing without the agent: the agent is broken: "), "{:?}", log_lines(&setup));
}

#[test]
fn an_agent_that_ends_before_it_hears() {
    let setup = Setup::new();
    let folder = setup.sandbox.root().join("run/paraph");
    std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    let accepted = std::thread::spawn(move || listener.incoming().take(2).map(drop).count());
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
    signs_by_itself(&setup, "the agent ended before it accepted the request");
    assert_eq!(accepted.join().unwrap(), 2, "it is asked once more, since nothing was heard");
}

#[test]
fn an_agent_that_announces_too_much() {
    let setup = Setup::new();
    impostor(&setup, |mut stream| {
        let _ = stream.write_all(&[0x7f, 0xff, 0xff, 0xff]);
        std::thread::sleep(std::time::Duration::from_secs(2));
    });
    signs_by_itself(&setup, "the agent is broken: the frame has 2147483647 bytes; at most 1048576 are accepted");
}

/// Heartbeats are not progress.
#[test]
fn an_agent_that_shows_life_and_gives_nothing() {
    let setup = Setup::new();
    let wait = frame(r#"{"reply":"wait"}"#);
    impostor(&setup, move |mut stream| while stream.write_all(&wait).is_ok() {});
    setup.commit("by itself");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    let said = log_lines(&setup);
    assert!(said.len() == 1 && said[0].contains("the agent is broken: it sent ") && said[0].ends_with(" s, but no result."), "{said:?}");
}

#[test]
fn an_agent_whose_folder_cannot_be_used_is_named_by_all_who_would_ask_it() {
    let setup = Setup::new();
    let folder = setup.sandbox.root().join("run/paraph");
    std::fs::DirBuilder::new().mode(0o777).create(&folder).unwrap();
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let why = "others may enter it (mode 0777; expected 0700)";
    let hint = "fix its permissions with `chmod 700`";
    let whoami = setup.paraph(&["whoami"]);
    assert!(whoami.code == Some(0) && whoami.stdout.contains(why), "{whoami:?}");
    let doctor = setup.paraph(&["doctor", "--offline"]);
    assert!(doctor.stdout.contains(why) && doctor.stdout.contains(hint), "{doctor:?}");
    let status = setup.paraph(&["agent", "status"]);
    assert!(status.code == Some(8) && status.stderr.contains(why) && status.stderr.contains(hint), "{status:?}");
}

#[test]
fn an_agent_that_gives_another_commits_signature() {
    let setup = Setup::new();
    let armored = {
        let other = Setup::new();
        other.commit("another");
        let object = other.sandbox.git(&["cat-file", "commit", "HEAD"]);
        let lines: Vec<&str> = object.lines().skip_while(|line| !line.starts_with("gpgsig ")).take_while(|line| !line.is_empty()).collect();
        lines.iter().map(|line| line.trim_start_matches("gpgsig ").trim_start().to_owned() + "\n").collect::<String>()
    };
    assert!(armored.starts_with("-----BEGIN SIGNED MESSAGE-----\n"), "{armored}");
    let reply = frame(&serde_json::json!({"reply": "signed", "signature": armored}).to_string());
    impostor(&setup, move |mut stream| drop(stream.write_all(&reply)));
    setup.commit("by itself");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    assert!(
        log_lines(&setup)[0].starts_with("paraph: Signing without the agent: the agent's signature is not used: "),
        "{:?}",
        log_lines(&setup)
    );
}

/// A proxy at the agent's socket. It forwards all requests and replies, and applies `change` to replies of the kind `kind`.
fn relay(setup: &mut Setup, kind: &str, change: impl Fn(&str) -> String + Send + 'static) {
    let kind = format!(r#""reply":"{kind}""#);
    let real = setup.socket("agent.sock");
    let folder = setup.sandbox.root().join("relay/paraph");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    setup.sandbox.set("PARAPH_RUNTIME_DIR", folder.parent().unwrap().to_str().unwrap());
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut agent = UnixStream::connect(&real).unwrap();
            agent
                .write_all(
                    &protocol::read(&mut client, protocol::MAX_REQUEST)
                        .map(|request| frame(std::str::from_utf8(&request).unwrap()))
                        .unwrap(),
                )
                .unwrap();
            while let Ok(reply) = protocol::read(&mut agent, protocol::MAX_REPLY) {
                let text = String::from_utf8(reply).unwrap();
                let changed = text.contains(&kind).then(|| change(&text));
                let _ = client.write_all(&frame(&changed.unwrap_or(text)));
            }
        }
    });
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
}

#[test]
fn a_good_draft_is_nothing_where_the_agent_refuses_in_the_end() {
    let mut setup = Setup::new();
    setup.commit("a login");
    relay(&mut setup, "signed", |_| {
        r#"{"reply":"refused","kind":"service","message":"its own verification failed","hint":null}"#.to_owned()
    });
    let before = setup.sandbox.git(&["rev-parse", "HEAD"]);
    let done = setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "refused"]);
    assert_eq!(done.code, Some(128), "{}", done.stderr);
    let log = std::fs::read_to_string(setup.sandbox.root().join("log")).unwrap();
    assert!(log.contains("its own verification failed"), "{log}");
    assert_eq!(setup.sandbox.git(&["rev-parse", "HEAD"]), before);
}

#[test]
fn a_draft_speaks_for_no_other_signature() {
    let mut setup = Setup::new();
    setup.commit("a login");
    relay(&mut setup, "signed", |signed| signed.replace("SIGNED MESSAGE-----\\nMI", "SIGNED MESSAGE-----\\nMA"));
    setup.commit("by itself");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    assert!(
        log_lines(&setup)[0].starts_with("paraph: Signing without the agent: the agent's signature is not used: "),
        "{:?}",
        log_lines(&setup)
    );
}

#[test]
fn a_certificate_that_is_named_ahead_counts_for_nothing() {
    let mut setup = Setup::new();
    setup.commit("a login");
    let (heard, named) = std::sync::mpsc::channel();
    relay(&mut setup, "certificate", move |reply| {
        heard.send(()).unwrap();
        let mut reply: serde_json::Value = serde_json::from_str(reply).unwrap();
        reply["certificate"] = "bm8gY2VydGlmaWNhdGU=".into();
        reply.to_string()
    });
    setup.commit("by the agent");
    assert_eq!(named.try_iter().count(), 1);
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    assert_eq!((log_lines(&setup), setup.logins().0), (vec![], 1));
}

#[test]
fn a_reply_of_another_version_is_passed_over() {
    let mut setup = Setup::new();
    setup.commit("a login");
    relay(&mut setup, "certificate", |_| r#"{"reply":"what-comes-later","with":["anything"]}"#.to_owned());
    setup.commit("by the agent");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%G?"]), "U");
    assert_eq!((log_lines(&setup), setup.logins().0), (vec![], 1));
}

#[test]
fn words_of_an_agent_are_escaped() {
    let setup = Setup::new();
    let say = frame("{\"reply\":\"say\",\"text\":\"\\u001b[31mred\\n[GNUPG:] SIG_CREATED \"}");
    impostor(&setup, move |mut stream| drop(stream.write_all(&say)));
    setup.commit("by itself");
    assert_eq!(log_lines(&setup)[0], "paraph: \\u{1b}[31mred\\u{a}[GNUPG:] SIG_CREATED ");
}

#[test]
fn a_forwarded_agent_that_is_gone_is_missed_in_one_line() {
    let mut setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
    setup.sandbox.set("PARAPH_AGENT_SOCK", "/no/such.sock");
    signs_by_itself(&setup, "no agent listens at the configured socket (the variable PARAPH_AGENT_SOCK)");
    let whoami = setup.paraph(&["whoami"]).stdout;
    assert!(whoami.contains("not used: no agent listens at /no/such.sock"), "{whoami}");
}

/// No connection is accepted, and the queue of waiting connections is full.
#[test]
fn an_agent_that_takes_no_connection() {
    let setup = Setup::new();
    let folder = setup.sandbox.root().join("run/paraph");
    std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let socket = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
    let address = rustix::net::SocketAddrUnix::new(folder.join("agent.sock")).unwrap();
    rustix::net::bind(&socket, &address).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let _waiting = UnixStream::connect(folder.join("agent.sock")).unwrap();
    setup.sandbox.git(&["config", "--global", "paraph.logPath", setup.sandbox.root().join("log").to_str().unwrap()]);
    signs_by_itself(&setup, "the agent is broken: it accepted no connection within 3 s");
    // what cannot be asked is not done
    let lock = setup.paraph(&["agent", "lock"]);
    assert!(lock.code == Some(5) && lock.stderr.contains("it accepted no connection"), "{lock:?}");
}

#[test]
fn a_user_can_do_without() {
    let mut setup = Setup::new();
    for how in ["never", "running"] {
        setup.sandbox.set("PARAPH_AGENT", how);
        setup.commit(how);
        assert!(setup.agents().is_empty(), "{how}");
    }
    assert_eq!(setup.logins().0, 2);
    setup.sandbox.set("PARAPH_AGENT", "sometimes");
    assert_eq!(setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "x"]).code, Some(128));
}

#[test]
fn a_token_that_lies_at_hand_needs_no_agent() {
    let mut setup = Setup::new();
    let token = setup.sigstore.token("ann@example.com");
    setup.sandbox.set("SIGSTORE_ID_TOKEN", &token);
    setup.commit("ambient");
    assert!(setup.agents().is_empty());
    assert_eq!(setup.logins().0, 0);
}

#[test]
fn no_agent_is_started_for_a_login_that_nobody_could_do() {
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let mut alone = setup.sandbox.command("setsid", &setup.sandbox.work());
    alone.args(["-w", "git", "commit", "-q", "--allow-empty", "-m", "x"]);
    let Ok(done) = alone.stdin(std::process::Stdio::null()).output() else {
        eprintln!("SKIPPED no_agent_is_started_for_a_login_that_nobody_could_do: setsid is not installed");
        return;
    };
    assert_eq!(done.status.code(), Some(128));
    assert!(setup.agents().is_empty());
}
