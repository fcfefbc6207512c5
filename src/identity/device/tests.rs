use super::*;
use crate::{
    identity::{Desktop, IdentityToken, LoginMethod, Opener, testing::*},
    service::testing::{patient, run, without_port},
};
use serde_json::{Value, json};
use std::cell::RefCell;

/// A login on another device, and what the user was shown.
async fn log_in(login: Attempt<'_>) -> (Result<LoginTokens, LoginError>, Option<Told>) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let outcome = login.by(LoginMethod::Device).run(&Shown(sender)).await;
    (outcome, receiver.recv().await)
}

#[test]
fn a_login_on_another_device_gives_a_token() {
    run(async {
        let (fake, requests) = provider(Lies { polls: &["authorization_pending", "authorization_pending"], ..HONEST }).await;
        let http = patient();
        let mut login = login(&http, &fake.url);
        login.options.login_hint = Some("me@example.com");
        let (outcome, told) = log_in(login).await;
        let session = outcome.unwrap();
        assert_eq!((session.id_token.principal(), session.id_token.nonce()), ("me@example.com", None));
        assert_eq!(session.refresh_token, None);
        let url = &fake.url;
        let told_code = Told::Code {
            address: format!("{url}/device"),
            code: "WDJB-MJHT".into(),
            complete: Some(format!("{url}/device?user_code=WDJB-MJHT")),
            expires: Duration::from_secs(60),
        };
        assert_eq!(told, Some(told_code), "a code is not called good for longer than the login may take");
        let asked = requests.lock().unwrap().clone();
        assert_eq!((asked["client_id"].as_str(), asked["scope"].as_str()), ("sigstore", "openid email"));
        assert_eq!(asked["polled"], "3");
    });
}

#[test]
fn what_the_issuer_decides_is_told() {
    let device = |device: fn(&mut Value)| Lies { device, ..HONEST };
    let metadata = |metadata: fn(&mut Value)| Lies { metadata, ..HONEST };
    let claims = |claims: fn(&mut Value)| Lies { claims, ..HONEST };
    let mut told = Vec::new();
    for (name, lies) in [
        ("refused by the user", Lies { polls: &["authorization_pending", "access_denied"], ..HONEST }),
        ("expired", Lies { polls: &["expired_token"], ..HONEST }),
        ("expired here", device(|answer| answer["expires_in"] = json!(0))),
        ("no device flow", metadata(|metadata| metadata["device_authorization_endpoint"] = Value::Null)),
        ("endpoint of another scheme", metadata(|metadata| metadata["device_authorization_endpoint"] = json!("file:///etc/passwd"))),
        ("endpoint that is no URL", metadata(|metadata| metadata["device_authorization_endpoint"] = json!("/device\u{1b}"))),
        ("address that is a script", device(|answer| answer["verification_uri"] = json!("javascript:alert(1)"))),
        ("code that drives a terminal", device(|answer| answer["user_code"] = json!("AB\u{1b}[2J"))),
        ("code too long", device(|answer| answer["user_code"] = json!("A".repeat(65)))),
        ("no code", device(|answer| answer["user_code"] = json!(""))),
        ("no device code", device(|answer| answer["device_code"] = Value::Null)),
        ("token's audience", claims(|claims| claims["aud"] = json!("other"))),
        ("token's issuer", claims(|claims| claims["iss"] = json!("https://evil.test"))),
        ("expired token", claims(|claims| claims["exp"] = json!(1_000_000))),
        ("address not verified", claims(|claims| claims["email_verified"] = json!(false))),
        ("foreign key", Lies { foreign_key: Foreign::Always, ..HONEST }),
        ("alg none", Lies { algorithm: "none", ..HONEST }),
    ] {
        run(async {
            let (fake, _) = provider(lies).await;
            let http = patient();
            let (outcome, _) = log_in(login(&http, &fake.url)).await;
            told.push(format!("{name}: {}", without_port(&outcome.unwrap_err())));
        });
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused by the user: the issuer refused the login: access_denied
    expired: the code expired before the login was completed
    expired here: the code expired before the login was completed
    no device flow: http://HOST does not support login with a code
    endpoint of another scheme: the issuer at file:///etc/passwd cannot be called: it is less safe than the provider's own address
    endpoint that is no URL: the issuer at /device\u{1b} cannot be called: relative URL without a base
    address that is a script: the issuer at javascript:alert(1) cannot be called: it is less safe than the provider's own address
    code that drives a terminal: the issuer at http://HOST/ sent an invalid answer: its code cannot be typed
    code too long: the issuer at http://HOST/ sent an invalid answer: its code cannot be typed
    no code: the issuer at http://HOST/ sent an invalid answer: its code cannot be typed
    no device code: the issuer at http://HOST/ sent an invalid answer: its answer is not that of a device authorization endpoint
    token's audience: the identity token's audience is "other"; expected "sigstore"
    token's issuer: the identity token's issuer is "https://evil.test"; expected "http://HOST"
    expired token: the identity token expired at 1970-01-12 13:46:40 UTC
    address not verified: the issuer has not verified the address you@example.com
    foreign key: the issuer's token cannot be trusted: Signature verification failed: Crypto error: EC Signature was wrong
    alg none: the identity token is not signed with a key of its issuer: its algorithm is "none"
    "#);
}

#[test]
fn without_a_terminal_there_is_nobody_to_show_a_code_to() {
    run(async {
        let http = patient();
        let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
        let mut login = login(&http, "https://issuer.test").by(LoginMethod::Device);
        login.options.desktop = Desktop { terminal: false, session: true };
        let outcome = login.run(&Shown(sender)).await;
        assert!(matches!(outcome, Err(LoginError::Nobody)));
    });
}

/// A complete address of another host would be followed without being read.
#[test]
fn an_address_for_the_qr_code_must_be_of_the_host_that_is_shown() {
    run(async {
        let (fake, _) =
            provider(Lies { device: |answer| answer["verification_uri_complete"] = json!("http://evil.test/"), ..HONEST }).await;
        let http = patient();
        let (outcome, told) = log_in(login(&http, &fake.url)).await;
        outcome.unwrap();
        assert!(matches!(told, Some(Told::Code { complete: None, .. })), "{told:?}");
    });
}

#[test]
fn a_terminal_without_a_desktop_takes_the_device_flow_where_the_issuer_has_it() {
    run(async {
        let http = patient();
        for (metadata, by_code) in
            [(HONEST.metadata, true), (|metadata: &mut Value| metadata["device_authorization_endpoint"] = Value::Null, false)]
        {
            let (fake, _) = provider(Lies { metadata, ..HONEST }).await;
            let mut login = login(&http, &fake.url);
            (login.options.timeout, login.options.opener) = (Duration::from_millis(1500), &Opener::System);
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            let outcome = login.run(&Shown(sender)).await;
            let told = receiver.recv().await.unwrap();
            assert_eq!((outcome.is_ok(), matches!(told, Told::Code { .. })), (by_code, by_code), "{told:?}");
        }
        // the user's own opener goes first, and the code is shown if it fails; without codes, the address is shown
        let no_codes: fn(&mut Value) = |metadata| metadata["device_authorization_endpoint"] = Value::Null;
        for (opener, metadata, then) in
            [("false", HONEST.metadata, Some("code")), ("true", HONEST.metadata, None), ("false", no_codes, Some("address"))]
        {
            let (fake, _) = provider(Lies { metadata, ..HONEST }).await;
            let command = Opener::Command(vec![opener.into()]);
            let mut login = login(&http, &fake.url);
            (login.options.timeout, login.options.opener) = (Duration::from_millis(1500), &command);
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            let outcome = login.run(&Shown(sender)).await;
            assert!(matches!(receiver.recv().await, Some(Told::Address { opening: true, .. })));
            let later = receiver.try_recv().ok().map(|told| match told {
                Told::Code { .. } => "code",
                Told::Address { opening: false, .. } => "address",
                Told::Address { .. } => "another browser",
            });
            assert_eq!((later, outcome.is_ok()), (then, then == Some("code")), "{opener}");
            assert!(receiver.try_recv().is_err());
        }
        // a redirect URL that is configured is one that the user has made reachable
        let (fake, _) = provider(HONEST).await;
        let mut login = login(&http, &fake.url);
        login.client.redirect_url = Some("http://127.0.0.1/cb".into());
        (login.options.timeout, login.options.opener) = (Duration::from_millis(500), &Opener::System);
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        login.run(&Shown(sender)).await.unwrap_err();
        assert!(matches!(receiver.recv().await, Some(Told::Address { opening: false, .. })));
    });
}

#[test]
fn a_login_that_is_dropped_asks_no_more() {
    run(async {
        let (fake, _) = provider(Lies { polls: &["authorization_pending"; 100_000], ..HONEST }).await;
        let http = patient();
        let polls = || fake.seen().iter().filter(|seen| seen.path == "/token").count();
        let asked_often = async {
            while polls() < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            (outcome, _) = log_in(login(&http, &fake.url)) => panic!("{outcome:?}"),
            () = asked_often => {}
        }
        let before = polls();
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert!(polls() <= before + 1, "one may have been on its way");
    });
}

/// The poll's answers, one after the other, and the pauses before each, in seconds.
fn polled(interval: u64, answers: &[&str]) -> (String, Vec<u64>) {
    let (waited, left) = (RefCell::new(Vec::new()), RefCell::new(answers.iter()));
    let wait = async |time: Duration| waited.borrow_mut().push(time.as_secs());
    let ask = async || match *left.borrow_mut().next().expect("it stops") {
        "token" => Ok(serde_json::from_value(json!({"id_token": "t"})).unwrap()),
        "unreachable" => Err(ProviderRefusal::Service(failure(Cause::Unreachable("connection refused".into())))),
        "404" => Err(ProviderRefusal::Service(failure(Cause::Refused { status: 404, message: None }))),
        error => Err(ProviderRefusal::Protocol(serde_json::from_value(json!({ "error": error })).unwrap())),
    };
    let outcome = run(poll(Duration::from_secs(interval), wait, ask));
    assert_eq!(left.borrow_mut().next(), None, "it asks no more once it has an answer");
    (outcome.map_or_else(|error| error.to_string(), |_| "token".into()), waited.into_inner())
}

fn failure(cause: Cause) -> ServiceError {
    ServiceError::new(crate::service::Service::IdentityProvider, "https://issuer.test", cause)
}

#[test]
fn polls_keep_the_interval_and_slow_down() {
    let pending = "authorization_pending";
    assert_eq!(polled(5, &[pending, pending, "token"]), ("token".into(), vec![5, 5, 5]));
    assert_eq!(polled(5, &[pending, "slow_down", pending, "slow_down", "token"]), ("token".into(), vec![5, 5, 10, 10, 15]));
    assert_eq!(polled(1_000_000, &["slow_down", "token"]), ("token".into(), vec![60, 60]), "no pause outlasts every login");
    assert_eq!(polled(5, &["unreachable", pending, "token"]), ("token".into(), vec![5, 10, 10]));
    assert_eq!(polled(1, &["unreachable", "unreachable", "token"]), ("token".into(), vec![1, 5, 10]));
    let (told, waited) = polled(5, &["unreachable"; 5]);
    assert_eq!((told.as_str(), waited.len()), ("the issuer at https://issuer.test/ could not be reached: connection refused", 5));
    assert_eq!(polled(5, &["404"]).0, "the issuer at https://issuer.test/ refused the request with 404 Not Found");
    assert_eq!(polled(5, &["invalid_client"]).0, "the issuer refused the login: invalid_client");
    assert_eq!(polled(5, &["expired_token"]).0, "the code expired before the login was completed");
}

#[test]
fn an_issuer_that_names_no_interval_is_asked_every_five_seconds() {
    let text = r#"{"device_code": "d", "user_code": "u", "verification_url": "https://issuer.test/", "expires_in": 1}"#;
    let authorization: DeviceAuthorization = serde_json::from_str(text).unwrap();
    assert_eq!((authorization.interval, INTERVAL.as_secs()), (None, 5));
    assert_eq!(authorization.verification_uri, "https://issuer.test/");
}

/// An ID token of this flow is checked as in the browser's, its nonce aside: there is no request that could have carried one.
#[test]
fn a_nonce_in_the_token_says_nothing() {
    run(async {
        let (fake, _) = provider(Lies { claims: |claims| claims["nonce"] = json!("x"), ..HONEST }).await;
        let http = patient();
        let token: IdentityToken = log_in(login(&http, &fake.url)).await.0.unwrap().id_token;
        assert_eq!(token.nonce(), Some("x"));
    });
}
