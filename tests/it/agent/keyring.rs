//! Logins that outlast the agent: a real Secret Service on a private D-Bus, and the kernel's keyutils.
#![cfg(target_os = "linux")]

use super::{Setup, eventually};
use crate::support::{
    keyring::{SecretService, has_keyutils},
    objects::installed,
    sandbox::Done,
    sigstore::EMAIL,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::{
    identity::{LoginError, LoginTokens, OidcClient, RefreshToken},
    local::{Fault, ServeOptions},
    service::{Http, TimeLimits},
};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The beginning of the message about a keyring that does not work. The reason follows.
const ALONE: &str = "Logins are kept only in the agent's memory: ";

/// An agent whose user keeps logins in the Secret Service.
fn with_secret_service(test: &str) -> Option<(Setup, SecretService)> {
    let service = SecretService::start(test)?;
    let mut setup = Setup::new();
    setup.use_keyring("secret-service", &service.address());
    Some((setup, service))
}

impl Setup {
    pub(super) fn use_keyring(&mut self, name: &str, bus: &str) {
        self.sandbox.set("DBUS_SESSION_BUS_ADDRESS", bus);
        self.sandbox.git(&["config", "--global", "paraph.keyring", name]);
        let log = self.sandbox.root().join("log");
        self.sandbox.git(&["config", "--global", "paraph.logPath", log.to_str().unwrap()]);
    }

    /// The messages to the person who committed.
    fn log(&self) -> String {
        std::fs::read_to_string(self.sandbox.root().join("log")).unwrap_or_default()
    }

    fn times_logged(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// Ends the agent, as a restart of the machine does.
    fn end_agent(&self) {
        self.paraph(&["agent", "stop"]);
        eventually("the agent ends", || self.agents().is_empty());
    }

    /// The stored logins, from `agent status`.
    fn resting(&self) -> Vec<serde_json::Value> {
        self.status()["resting"].as_array().unwrap().clone()
    }

    /// Renews a session at the issuer, as anybody with the newest refresh token can.
    fn redeem(&self, token: &str) -> Result<LoginTokens, LoginError> {
        let http = Http::new(TimeLimits::default());
        let client = OidcClient::public(&self.sigstore.url, "sigstore");
        let token = RefreshToken::new(Zeroizing::new(token.to_owned()), EMAIL).unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(client.renew(&http, &token))
    }
}

pub(super) fn token_of(entry: &serde_json::Value) -> String {
    String::from_utf8(STANDARD.decode(entry["refresh_token"].as_str().unwrap()).unwrap()).unwrap()
}

fn is_refused(outcome: &Result<LoginTokens, LoginError>) -> bool {
    matches!(outcome, Err(LoginError::NotRenewed { error, .. }) if error == "invalid_grant")
}

#[test]
fn a_login_in_the_secret_service_outlasts_the_agent_and_the_session() {
    let Some((setup, mut service)) = with_secret_service("a_login_in_the_secret_service_outlasts_the_agent_and_the_session") else {
        return;
    };
    setup.commit("one");
    let first = service.lookup(EMAIL).unwrap();
    assert_eq!((&first["version"], &first["issuer"], &first["subject"]), (&1.into(), &setup.sigstore.url.clone().into(), &EMAIL.into()));
    assert_eq!(service.labels(), [format!("paraph: the login of {EMAIL} at {}", setup.sigstore.url)], "the self-test leaves nothing");
    assert_eq!(setup.status()["agent"]["logins"][0]["rests"], true);

    setup.end_agent();
    assert_eq!(setup.resting().len(), 1, "it is known without an agent");
    setup.commit("two");
    let second = service.lookup(EMAIL).unwrap();
    assert_eq!(setup.logins(), (1, 1));
    assert_ne!(token_of(&first), token_of(&second), "the stored token is the issuer's newest");

    setup.end_agent();
    service.restart_keyring(true);
    setup.commit("three");
    assert_eq!(setup.logins(), (1, 2));
    assert_eq!(service.labels().len(), 1);
    // what becomes public is told once, and nothing of the keyring
    let of_publication = ["First entry in the log", "The certificate authority ", "The certificate, which goes into the log now, says: "];
    let said = setup.log();
    assert_eq!(said.lines().filter(|line| !of_publication.iter().any(|words| line.contains(words))).count(), 0, "{said}");
    assert_eq!(said.matches("First entry in the log").count(), 1, "{said}");
    assert_eq!(setup.sandbox.git(&["log", "--format=%GS"]), [EMAIL; 3].join("\n"));
}

#[test]
fn renewals_of_a_running_agent_let_each_token_rest() {
    let test = "renewals_of_a_running_agent_let_each_token_rest";
    let Some(service) = SecretService::start(test) else { return };
    let faults = vec![Fault::ShortTokens];
    let mut setup = Setup::with(ServeOptions { certificate_lifetime: 1, faults, ..ServeOptions::default() });
    setup.use_keyring("secret-service", &service.address());
    for number in 0..4 {
        setup.commit(&format!("{number}"));
        std::thread::sleep(Duration::from_millis(1100));
    }
    let (logins, renewals) = setup.logins();
    assert_eq!(logins, 1);
    assert!(renewals >= 3, "{renewals}");
    // the stored token is the only one that is valid
    assert!(setup.redeem(&token_of(&service.lookup(EMAIL).unwrap())).is_ok());
}

#[test]
fn a_rotation_that_was_lost_leads_to_a_login() {
    let Some((setup, service)) = with_secret_service("a_rotation_that_was_lost_leads_to_a_login") else { return };
    setup.commit("one");
    setup.end_agent();
    // the issuer gave the next token to an agent that ended before it could let it rest
    let stale = token_of(&service.lookup(EMAIL).unwrap());
    setup.redeem(&stale).unwrap();
    setup.commit("two");
    assert_eq!(setup.logins().0, 2);
    assert_ne!(token_of(&service.lookup(EMAIL).unwrap()), stale);
    setup.end_agent();
    setup.commit("three");
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn logout_removes_stored_tokens_and_revokes_them_at_the_issuer() {
    let Some((setup, service)) = with_secret_service("logout_removes_stored_tokens_and_revokes_them_at_the_issuer") else { return };
    for by_itself in [false, true] {
        setup.commit("one");
        let token = token_of(&service.lookup(EMAIL).unwrap());
        if by_itself {
            setup.end_agent();
        }
        assert_eq!(setup.paraph(&["logout", "bob@example.com"]).code, Some(0));
        assert_eq!(setup.resting().len(), 1, "another's login stays");
        let done = setup.paraph(&["logout"]);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), "All logins are removed.\n"));
        assert_eq!((service.labels().len(), setup.resting().len()), (0, 0));
        assert!(is_refused(&setup.redeem(&token)), "the issuer was told");
        if by_itself {
            eventually("no agent stays for that", || setup.agents().is_empty());
        }
    }
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn logout_says_what_the_issuer_was_not_told() {
    let Some((mut setup, service)) = with_secret_service("logout_says_what_the_issuer_was_not_told") else { return };
    setup.commit("one");
    setup.end_agent();
    setup.sigstore.stop();
    let done = setup.paraph(&["logout", EMAIL]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let told = format!("warning: The login of {EMAIL} was removed here, but not revoked at {}: ", setup.sigstore.url);
    assert!(done.stderr.contains(&told), "{}", done.stderr);
    assert_eq!((service.labels().len(), setup.resting().len()), (0, 0));
}

#[test]
fn logout_works_after_the_keyring_was_turned_off() {
    let Some((setup, service)) = with_secret_service("logout_works_after_the_keyring_was_turned_off") else { return };
    setup.commit("one");
    setup.end_agent();
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.keyring"]);
    setup.commit("two");
    assert_eq!(setup.logins(), (2, 0), "stored logins are not used");
    assert_eq!(setup.paraph(&["logout"]).code, Some(0));
    assert_eq!((service.labels().len(), setup.resting().len()), (0, 0));
}

#[test]
fn logout_says_what_may_rest_on() {
    let Some((setup, mut service)) = with_secret_service("logout_says_what_may_rest_on") else { return };
    setup.commit("one");
    setup.end_agent();
    service.restart_keyring(false);
    let done = setup.paraph(&["logout"]);
    assert_eq!(done.code, Some(8), "{}", done.stderr);
    assert!(
        done.stderr.contains(&format!("the refresh token of {EMAIL} may still be stored: the Secret Service is locked"))
            && done.stderr.contains("hint: try again when the keyring works"),
        "{}",
        done.stderr
    );
    assert_eq!(setup.resting().len(), 1);
    service.restart_keyring(true);
    let token = token_of(&service.lookup(EMAIL).unwrap());
    assert_eq!(setup.paraph(&["logout", EMAIL]).code, Some(0));
    assert_eq!((service.labels().len(), setup.resting().len()), (0, 0));
    assert!(is_refused(&setup.redeem(&token)));
}

#[test]
fn a_locked_keyring_is_said_once_and_signing_goes_on() {
    let Some((setup, mut service)) = with_secret_service("a_locked_keyring_is_said_once_and_signing_goes_on") else { return };
    service.restart_keyring(false);
    setup.commit("one");
    setup.sandbox.git(&["-c", "user.email=bob@example.com", "commit", "-q", "--allow-empty", "-m", "two"]);
    assert_eq!(setup.times_logged(&format!("{ALONE}the Secret Service is locked.\n")), 1, "{}", setup.log());
    assert_eq!(setup.logins(), (2, 0));
    let status = setup.status();
    assert_eq!(status["agent"]["keyring"], "secret-service");
    assert_eq!(status["agent"]["keyring_problem"], "the Secret Service is locked");
    assert_eq!(status["agent"]["logins"][0]["rests"], false);
    assert!(setup.paraph(&["agent", "status"]).stdout.contains("logins end with the agent: the Secret Service is locked"));
    assert_eq!(setup.resting().len(), 0);
    // locked or not, its items can be listed
    assert_eq!(service.labels().len(), 0);
    // the next agent finds it open
    setup.end_agent();
    service.restart_keyring(true);
    setup.commit("three");
    assert_eq!(service.labels().len(), 1);
}

#[test]
fn a_bus_that_is_not_there_or_goes_away_stops_nobody() {
    let Some((mut setup, mut service)) = with_secret_service("a_bus_that_is_not_there_or_goes_away_stops_nobody") else { return };
    setup.commit("one");
    setup.end_agent();
    service.stop_bus();
    setup.commit("two");
    assert_eq!(setup.times_logged(&format!("{ALONE}the Secret Service cannot be used: ")), 1, "{}", setup.log());
    assert_eq!((setup.logins().0, setup.resting().len()), (2, 1));
    setup.end_agent();
    setup.sandbox.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/such");
    setup.commit("three");
    assert_eq!(
        setup.times_logged(&format!("{ALONE}the Secret Service cannot be used: Failed to connect to address `unix:path=/no/such`")),
        1,
        "{}",
        setup.log()
    );
    assert_eq!(setup.logins().0, 3);
}

#[test]
fn a_keyring_that_says_nothing_is_abandoned() {
    let Some((setup, service)) = with_secret_service("a_keyring_that_says_nothing_is_abandoned") else { return };
    rustix::process::kill_process(service.process(), rustix::process::Signal::STOP).unwrap();
    let started = Instant::now();
    setup.commit("one");
    assert!(started.elapsed() < Duration::from_secs(40));
    setup.sandbox.git(&["-c", "user.email=bob@example.com", "commit", "-q", "--allow-empty", "-m", "two"]);
    assert_eq!(setup.times_logged(&format!("{ALONE}the Secret Service did not answer within 10 s.\n")), 1, "{}", setup.log());
    assert_eq!(setup.logins().0, 2);
}

#[test]
fn a_locked_agent_and_the_next_one_leave_stored_tokens_in_place() {
    let Some((setup, service)) = with_secret_service("a_locked_agent_and_the_next_one_leave_stored_tokens_in_place") else { return };
    setup.commit("one");
    let token = token_of(&service.lookup(EMAIL).unwrap());
    assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
    for _ in 0..2 {
        let done = setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "two"]);
        assert_eq!(done.code, Some(128));
        assert!(setup.log().contains("the agent is locked"));
        setup.end_agent();
    }
    assert_eq!((token_of(&service.lookup(EMAIL).unwrap()), setup.logins()), (token, (1, 0)));
    assert_eq!(setup.paraph(&["agent", "unlock"]).stderr, "No agent runs. The next one is unlocked.\n");
    setup.commit("two");
    assert_eq!(setup.logins(), (1, 1));
    // clearing is not logging out
    assert_eq!(setup.paraph(&["agent", "clear"]).code, Some(0));
    setup.commit("three");
    assert_eq!(setup.logins(), (1, 2));
    assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
    assert_eq!(setup.paraph(&["logout"]).code, Some(0));
    assert_eq!(service.labels().len(), 0, "a locked agent ends logins all the same");
}

#[test]
fn a_repository_does_not_turn_the_keyring_on() {
    let Some((setup, service)) = with_secret_service("a_repository_does_not_turn_the_keyring_on") else { return };
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.keyring"]);
    setup.sandbox.git(&["config", "paraph.keyring", "secret-service"]);
    setup.commit("one");
    setup.sandbox.git(&["-c", "paraph.keyring=secret-service", "commit", "-q", "--allow-empty", "-m", "two"]);
    let status = setup.status();
    assert_eq!((&status["agent"]["keyring"], &status["agent"]["logins"][0]["signatures"]), (&serde_json::Value::Null, &2.into()));
    assert_eq!((service.labels().len(), setup.resting().len()), (0, 0));
}

#[test]
fn two_agents_with_one_keyring_do_each_other_no_harm() {
    let Some((mut setup, service)) = with_secret_service("two_agents_with_one_keyring_do_each_other_no_harm") else { return };
    setup.commit("here");
    let here = setup.sandbox.root().join("run");
    let there = setup.sandbox.root().join("run-there");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&there).unwrap();
    let switch = |setup: &mut Setup, to: &std::path::Path| {
        setup.sandbox.set("PARAPH_RUNTIME_DIR", to.to_str().unwrap());
    };
    switch(&mut setup, &there);
    setup.commit("there");
    assert_eq!(setup.logins(), (1, 1), "the second found what the first let rest");
    setup.paraph(&["agent", "stop"]);
    switch(&mut setup, &here);
    // its own token was used up by the other one: it continues with the stored one
    assert_eq!(setup.paraph(&["agent", "clear"]).code, Some(0));
    setup.commit("here again");
    assert_eq!(setup.logins(), (1, 2));
    assert!(setup.redeem(&token_of(&service.lookup(EMAIL).unwrap())).is_ok());
}

#[test]
fn what_somebody_else_put_into_the_keyring_is_not_used() {
    let Some((setup, service)) = with_secret_service("what_somebody_else_put_into_the_keyring_is_not_used") else { return };
    setup.commit("one");
    setup.sandbox.git(&["-c", "user.email=bob@example.com", "commit", "-q", "--allow-empty", "-m", "as bob"]);
    setup.end_agent();
    // bob's entry under ann's name
    let entries = service.tool(&["search", "--all", "application", "paraph", "identity", EMAIL]);
    let text = String::from_utf8([entries.stdout, entries.stderr].concat()).unwrap();
    let name = text.lines().find_map(|line| line.strip_prefix("attribute.entry = ")).unwrap().to_owned();
    let mut store = std::process::Command::new("secret-tool");
    store.env("DBUS_SESSION_BUS_ADDRESS", service.address());
    store.args(["store", "--label=x", "application", "paraph", "entry", &name, "identity", EMAIL, "issuer", &setup.sigstore.url]);
    let bobs = service.lookup("bob@example.com").unwrap().to_string();
    let done: Done = setup.sandbox.feed(&mut store, bobs.as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    setup.commit("two");
    assert_eq!(
        setup.times_logged(&format!("The entry of {EMAIL} in the Secret Service is not used: it is of another login.\n")),
        1,
        "{}",
        setup.log()
    );
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%GS"]), EMAIL);
    assert_eq!(setup.logins().0, 3);
    assert_eq!(service.lookup(EMAIL).unwrap()["identity"], EMAIL, "and the new login replaced it");

    // bob's token, as if it were ann's: who signs is not decided by what lies in the keyring
    setup.end_agent();
    let mut forged = service.lookup(EMAIL).unwrap();
    let bobs = service.lookup("bob@example.com").unwrap();
    (forged["refresh_token"], forged["subject"]) = (bobs["refresh_token"].clone(), bobs["subject"].clone());
    let done: Done = setup.sandbox.feed(&mut store, forged.to_string().as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    setup.commit("three");
    assert_eq!(setup.sandbox.git(&["log", "-1", "--format=%GS"]), EMAIL);
    assert_eq!(setup.logins(), (4, 1));
}

#[test]
fn a_stored_login_needs_nobody_at_the_machine() {
    let test = "a_stored_login_needs_nobody_at_the_machine";
    if !installed("setsid", test) {
        return;
    }
    let Some((setup, _service)) = with_secret_service(test) else { return };
    setup.commit("one");
    setup.end_agent();
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let mut alone = setup.sandbox.command("setsid", &setup.sandbox.work());
    alone.args(["-w", "git", "commit", "-q", "--allow-empty", "-m", "two"]);
    let done: Done = alone.stdin(std::process::Stdio::null()).output().unwrap().into();
    assert_eq!(done.code, Some(0), "{}{}", done.stderr, setup.log());
    assert_eq!(setup.logins(), (1, 1));
}

#[test]
fn a_damaged_index_is_said_and_kept() {
    let Some((setup, service)) = with_secret_service("a_damaged_index_is_said_and_kept") else { return };
    setup.commit("one");
    setup.end_agent();
    let index = setup.sandbox.home().join(".local/state/paraph/keyring.json");
    std::fs::write(&index, "{").unwrap();
    setup.commit("two");
    assert_eq!(setup.times_logged(&format!("{ALONE}{} is damaged", index.display())), 1, "{}", setup.log());
    assert_eq!(std::fs::read_to_string(&index).unwrap(), "{");
    let done = setup.paraph(&["logout"]);
    assert!(done.code == Some(8) && done.stderr.contains("is damaged"), "{done:?}");
    assert_eq!(service.labels().len(), 1);
}

#[test]
fn a_login_in_the_kernels_keyring_outlasts_agent_and_session() {
    let test = "a_login_in_the_kernels_keyring_outlasts_agent_and_session";
    let mut setup = Setup::new();
    if !has_keyutils(&setup.sandbox.root(), test) {
        return;
    }
    setup.use_keyring("keyutils", "unix:path=/no/such");
    // each in a session keyring of its own, as after a logout and a login
    let in_session = |program: &str, arguments: &[&str]| -> Done {
        let mut command = setup.sandbox.command("keyctl", &setup.sandbox.work());
        command.args(["session", "-", program]).args(arguments).output().unwrap().into()
    };
    let commit = |message: &str| {
        let done = in_session("git", &["commit", "-q", "--allow-empty", "-m", message]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    };
    let keys = || {
        let done = in_session("sh", &["-c", "keyctl get_persistent @s >/dev/null && keyctl show @s"]);
        done.stdout.lines().filter(|line| line.contains("paraph:")).count()
    };
    let before = keys();
    commit("one");
    assert_eq!(keys(), before + 1, "the self-test leaves nothing");
    setup.end_agent();
    commit("two");
    assert_eq!(setup.logins(), (1, 1));
    assert_eq!(keys(), before + 1);
    setup.end_agent();
    let done = in_session(&setup.sandbox.program, &["logout"]);
    assert_eq!((done.code, done.stderr.lines().last()), (Some(0), Some("All logins are removed.")));
    assert_eq!((keys(), setup.resting().len()), (before, 0));
    commit("three");
    assert_eq!(setup.logins(), (2, 1));
    assert_eq!(in_session(&setup.sandbox.program, &["logout"]).code, Some(0));
    assert_eq!(setup.times_logged("keyring"), 0, "{}", setup.log());
}

#[test]
fn a_kernel_that_forbids_keys_stops_nobody() {
    let test = "a_kernel_that_forbids_keys_stops_nobody";
    let mut setup = Setup::new();
    if !has_keyutils(&setup.sandbox.root(), test) {
        return;
    }
    setup.use_keyring("keyutils", "unix:path=/no/such");
    // a session keyring that nothing can be put into
    let script = "keyctl setperm @s 0x1b1b0000 && exec git commit -q --allow-empty -m one";
    let mut command = setup.sandbox.command("keyctl", &setup.sandbox.work());
    let done: Done = command.args(["session", "-", "sh", "-c", script]).output().unwrap().into();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(
        setup.times_logged(&format!("{ALONE}the kernel's keyring cannot be used: the system denied access.\n")),
        1,
        "{}",
        setup.log()
    );
    assert_eq!((setup.logins(), setup.resting().len()), ((1, 0), 0));
}

#[test]
fn doctor_says_whether_the_keyring_works() {
    let Some((setup, mut service)) = with_secret_service("doctor_says_whether_the_keyring_works") else { return };
    let found = |setup: &Setup| {
        let done = setup.paraph(&["doctor", "--offline"]);
        done.stdout.lines().filter(|line| line.contains(" keyring ")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(found(&setup), @"ok       keyring     the Secret Service stores, returns and deletes a test entry");
    assert_eq!(service.labels().len(), 0);
    service.restart_keyring(false);
    insta::assert_snapshot!(found(&setup), @"warning  keyring     the Secret Service is locked; logins end with the agent");
    service.restart_keyring(true);
    setup.sandbox.git(&["config", "--global", "--unset", "paraph.keyring"]);
    assert_eq!(found(&setup), "", "nothing is to be said of what nobody wants");
    setup.commit("one");
    setup.sandbox.git(&["config", "--global", "paraph.keyring", "os"]);
    insta::assert_snapshot!(found(&setup), @r"
    ok       keyring     the Secret Service stores, returns and deletes a test entry
    warning  keyring     the running agent was started before paraph.keyring was set
    ");
}
