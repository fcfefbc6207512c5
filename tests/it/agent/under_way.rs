//! Logins in progress: whom they are for, how they are shown, and when they are abandoned.

use super::{Setup, eventually, reply};
use crate::support::{objects::installed, socket::closed};
use paraph::internals::agent_protocol::{self as protocol, Call, Reply, Request};
use std::{net::TcpStream, os::unix::net::UnixStream};

impl Setup {
    /// With an agent that knows no access code, so that a person must log in.
    fn with_person() -> Self {
        let setup = Self::new();
        setup.commit("starts the agent");
        setup.sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        setup.reads_its_configuration_again();
        setup
    }

    fn reads_its_configuration_again(&self) {
        for call in ["lock", "unlock"] {
            assert_eq!(self.paraph(&["agent", call]).code, Some(0));
        }
    }

    fn asks(&self, hint: &str, by_code: bool) -> UnixStream {
        let mut stream = self.connect();
        let call = Call::Login { instance: "local".into(), expected: None, expected_issuer: None, hint: Some(hint.into()), by_code };
        protocol::write(&mut stream, &Request::new(call)).unwrap();
        stream
    }
}

/// The port of this machine at which a login waits for its browser.
fn port(reply: Option<Reply>) -> u16 {
    let Some(Reply::LogIn { url, .. }) = reply else { panic!("{reply:?}") };
    let url = url::Url::parse(&url).unwrap();
    let (_, redirect) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    url::Url::parse(&redirect).unwrap().port().unwrap()
}

#[test]
fn a_login_is_by_a_code_where_the_client_says_so_and_in_a_browser_where_not() {
    let mut setup = Setup::with_person();
    assert!(matches!(reply(&mut setup.asks("ann@example.com", true)), Some(Reply::Code { .. })));
    // the user's opener is run before anything else is offered
    setup.sandbox.git(&["config", "--global", "paraph.urlOpener", "true {{.URL}}"]);
    setup.reads_its_configuration_again();
    assert!(matches!(reply(&mut setup.asks("ann@example.com", false)), Some(Reply::LogIn { opening: true, .. })));
    assert!(matches!(reply(&mut setup.asks("ann@example.com", true)), Some(Reply::Code { .. })));
    // a client without a terminal cannot show the code, and says at once that nobody is there
    setup.sandbox.set("PARAPH_TOKEN_PROVIDER", "device");
    let done =
        setup.sandbox.feed(setup.sandbox.command("setsid", &setup.sandbox.work()).args(["-w", &setup.sandbox.program, "login"]), b"");
    assert!(done.code == Some(6) && done.stderr.contains("the agent has no way to show a login prompt"), "{done:?}");
}

#[test]
fn a_login_is_abandoned_when_nobody_waits_for_it_any_more_and_not_before() {
    let setup = Setup::with_person();
    setup.sandbox.git(&["config", "--global", "paraph.urlOpener", "true {{.URL}}"]);
    setup.reads_its_configuration_again();
    let mut first = setup.asks("ann@example.com", false);
    let mut second = setup.asks("ann@example.com", false);
    let mut other = setup.asks("bob@example.com", false);
    let waits_at = port(reply(&mut first));
    assert_eq!(port(reply(&mut second)), waits_at, "one login serves all that wait for it");
    let others = port(reply(&mut other));
    assert_ne!(others, waits_at);
    let listens = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
    drop(other);
    eventually("a login that nobody waits for is abandoned", || !listens(others));
    drop(first);
    // what the agent notices of one that has gone, it noticed of the other as well
    let mut again = setup.asks("bob@example.com", false);
    let anew = port(reply(&mut again));
    drop(again);
    eventually("and so is the next", || !listens(anew));
    assert!(listens(waits_at), "somebody waits for this one");
    drop(second);
    eventually("nobody waits for any", || !listens(waits_at));
}

#[test]
fn a_login_at_an_issuer_that_is_down_names_it_and_says_what_to_do() {
    let setup = Setup::new();
    let url = closed();
    for (key, value) in [("issuer", url.as_str()), ("instance", "local")] {
        setup.sandbox.git(&["config", "--global", &format!("paraph.{key}"), value]);
    }
    let done = setup.paraph(&["login", "ann@example.com"]);
    insta::assert_snapshot!(done.stderr.replace(&url, "URL"), @r"
    error: the issuer at URL/.well-known/openid-configuration could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.
    ");
    assert_eq!(done.code, Some(5));
}

impl Setup {
    /// The output of a program in a session without a terminal.
    fn alone(&self, program: &str, arguments: &[&str]) -> crate::support::sandbox::Done {
        let mut command = self.sandbox.command("setsid", &self.sandbox.work());
        self.sandbox.feed(command.arg("-w").arg(program).args(arguments), b"")
    }
}

#[test]
fn a_client_whose_time_is_over_is_told_that_nobody_logged_in() {
    let test = "a_client_whose_time_is_over_is_told_that_nobody_logged_in";
    let mut setup = Setup::with_person();
    if !installed("setsid", test) {
        return;
    }
    setup.sandbox.git(&["config", "--global", "paraph.urlOpener", "true {{.URL}}"]);
    setup.reads_its_configuration_again();
    // the agent itself would wait for minutes
    setup.sandbox.set("PARAPH_LOGIN_TIMEOUT", "1");
    let done = setup.alone(&setup.sandbox.program, &["login", "ann@example.com"]);
    assert!(done.code == Some(6) && done.stderr.contains("nobody completed the login within 1 s"), "{done:?}");
}

/// The agent's opener has failed, or it sees no desktop. A client with a desktop then logs in by itself, and reports the result at once.
#[test]
fn a_client_to_which_the_agent_cannot_show_a_login_tries_by_itself() {
    let test = "a_client_to_which_the_agent_cannot_show_a_login_tries_by_itself";
    for agents_display in ["", ":99"] {
        let mut setup = Setup::new();
        if !installed("setsid", test) {
            return;
        }
        setup.sandbox.set("DISPLAY", agents_display);
        setup.commit("starts the agent");
        setup.sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        setup.sandbox.git(&["config", "--global", "paraph.urlOpener", "false {{.URL}}"]);
        let log = setup.sandbox.root().join("log");
        setup.sandbox.git(&["config", "--global", "paraph.logPath", log.to_str().unwrap()]);
        setup.reads_its_configuration_again();
        setup.sandbox.set("DISPLAY", ":99");
        let started = std::time::Instant::now();
        assert_eq!(setup.alone("git", &["commit", "-q", "--allow-empty", "-m", "message"]).code, Some(128));
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(said.contains("Signing without the agent: the agent has no way to show a login prompt; `paraph agent stop`"), "{said}");
        assert!(said.contains("no browser could be opened for the login"), "{said}");
    }
}

/// Otherwise nobody could lock or stop it.
#[test]
fn an_agent_whose_socket_was_replaced_ends() {
    let setup = Setup::new();
    setup.commit("starts the agent");
    let aside = setup.sandbox.root().join("aside.sock");
    std::fs::rename(setup.socket("agent.sock"), &aside).unwrap();
    // it notices by itself within half a minute, and with the next client
    drop(UnixStream::connect(&aside));
    eventually("it ends", || setup.agents().is_empty());
}
