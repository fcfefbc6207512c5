//! Both versions of the protocol, and the issuer that only the newer one can name.

use super::{Setup, reply};
use paraph::internals::agent_protocol::{self as protocol, Refusal, Reply};
use std::{
    io::Write as _,
    os::unix::{
        fs::DirBuilderExt as _,
        net::{UnixListener, UnixStream},
    },
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// An agent that speaks version 1 alone, in front of the real one. Returns how often a request of another version was refused.
fn oldest_agent(setup: &mut Setup) -> Arc<AtomicUsize> {
    let real = setup.socket("agent.sock");
    let folder = setup.sandbox.root().join("oldest/paraph");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    setup.sandbox.set("PARAPH_RUNTIME_DIR", folder.parent().unwrap().to_str().unwrap());
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&refused);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(request) = protocol::read(&mut client, protocol::MAX_REQUEST) else { continue };
            let request: serde_json::Value = serde_json::from_slice(&request).unwrap();
            if request["version"] != 1 {
                counter.fetch_add(1, Ordering::SeqCst);
                let message = "the agent speaks version 1 of its protocol; the client speaks version 2";
                let _ = protocol::write(&mut client, &Reply::refused(Refusal::Version, message));
                continue;
            }
            let mut agent = UnixStream::connect(&real).unwrap();
            protocol::write(&mut agent, &request).unwrap();
            while let Ok(reply) = protocol::read(&mut agent, protocol::MAX_REPLY) {
                let _ = client.write_all(&[&(reply.len() as u32).to_be_bytes()[..], &reply].concat());
            }
        }
    });
    refused
}

#[test]
fn a_client_falls_back_to_version_1_but_not_if_an_issuer_is_expected() {
    let mut setup = Setup::new();
    setup.commit("a login");
    let (url, process) = (setup.sigstore.url.clone(), setup.process());
    let refused = oldest_agent(&mut setup);
    setup.commit("by an agent of version 1");
    setup.sandbox.git(&["tag", "-s", "v1", "-m", "by an agent of version 1"]);
    // one login, so it was the agent that signed
    assert_eq!((setup.logins().0, setup.process()), (1, process));
    assert!(refused.load(Ordering::SeqCst) >= 2);
    setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", &url]);
    let head = setup.sandbox.git(&["rev-parse", "HEAD"]);
    let done = setup.sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "not by it"]);
    assert_eq!((done.code, setup.sandbox.git(&["rev-parse", "HEAD"]), setup.logins().0), (Some(128), head, 1), "{}", done.stderr);
    let last = setup.paraph(&["doctor", "--offline"]).stdout;
    assert!(last.contains("which cannot carry paraph.expectedIssuer"), "{last}");
}

#[test]
fn an_expected_issuer_is_compared_before_anything_is_published_with_and_without_the_agent() {
    let mut setup = Setup::new();
    setup.commit("a login");
    let url = setup.sigstore.url.clone();
    let published = |setup: &Setup| {
        let files = std::fs::read_dir(setup.sigstore.folder.join("logs")).unwrap().flatten();
        files.map(|file| file.metadata().unwrap().len()).sum::<u64>()
    };
    for agent in ["auto", "never"] {
        setup.sandbox.set("PARAPH_AGENT", agent);
        setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", &url]);
        setup.commit("by the expected issuer");
        let before = (published(&setup), setup.sandbox.git(&["rev-parse", "HEAD"]));
        for (issuer, advice) in
            [("https://other.example".to_owned(), "use a token or a login of"), (format!("{url}/"), "case and slashes count")]
        {
            setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", &issuer]);
            let done = setup.sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "by another"]);
            assert_eq!((published(&setup), setup.sandbox.git(&["rev-parse", "HEAD"])), before, "{agent}: {}", done.stderr);
            let last = setup.paraph(&["doctor", "--offline"]).stdout;
            let message = format!("the issuer is \"{url}\"; expected \"{issuer}\"");
            assert!(last.contains(&message) && last.contains(advice), "{agent} {issuer}: {last}");
        }
        // a repository may expect an issuer, but not another than the user
        setup.sandbox.git(&["config", "--global", "paraph.expectedIssuer", &url]);
        setup.sandbox.git(&["config", "paraph.expectedIssuer", "https://other.example"]);
        setup.commit("as the user says");
        setup.sandbox.git(&["config", "--global", "--unset", "paraph.expectedIssuer"]);
        let head = setup.sandbox.git(&["rev-parse", "HEAD"]);
        assert_eq!(setup.sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "restricted"]).code, Some(128), "{agent}");
        assert_eq!((setup.paraph(&["whoami"]).code, setup.sandbox.git(&["rev-parse", "HEAD"])), (Some(6), head), "{agent}");
        setup.sandbox.git(&["config", "--unset", "paraph.expectedIssuer"]);
    }
}

#[test]
fn a_kind_of_subject_that_the_agent_does_not_know_is_refused_as_such() {
    let setup = Setup::new();
    setup.commit("an agent");
    for subject in [serde_json::json!({"kind": "image", "digest": "00"}), serde_json::json!({"kind": "directory", "files": [{}]})] {
        let mut stream = setup.connect();
        let request = serde_json::json!({
            "version": 2, "program": "0.1.0", "call": "sign", "subject": subject, "instance": "local", "reader": false,
        });
        protocol::write(&mut stream, &request).unwrap();
        assert!(matches!(reply(&mut stream), Some(Reply::Refused { kind: Refusal::Subject, .. })));
    }
}
