//! The device flow, refresh tokens and their revocation, at the services themselves.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Answer, EMAIL, Fixture, json, now};
use crate::local::{LocalServices, Logins, faults::Faults, oauth::LOGIN_CODE_HEADER, token, token::InvalidToken};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A clock that a test turns.
#[derive(Clone)]
struct Turned(Arc<Mutex<Timestamp>>);

impl Turned {
    fn fixture(faults: &[&str]) -> (Self, Fixture) {
        let clock = Self(Arc::new(Mutex::new(now())));
        let shared = clock.clone();
        (clock, Fixture::with_clock(faults, Arc::new(move || *shared.0.lock().unwrap())))
    }

    fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn post(fixture: &Fixture, path: &str, pairs: &[(&str, &str)]) -> Answer {
    fixture.call("POST", path, &[FORM], encode(pairs))
}

fn begin(fixture: &Fixture, scope: &str) -> Value {
    let answer = post(fixture, "/device/code", &[("client_id", "sigstore"), ("scope", scope)]);
    assert_eq!((answer.status(), answer.header("cache-control")), (200, Some("no-store")));
    json(&answer)
}

fn poll(fixture: &Fixture, begun: &Value) -> Answer {
    let code = begun["device_code"].as_str().unwrap();
    post(fixture, "/token", &[("grant_type", GRANT), ("client_id", "sigstore"), ("device_code", code)])
}

fn error(answer: &Answer) -> String {
    assert_ne!(answer.status(), 200, "{}", String::from_utf8_lossy(answer.body()));
    json(answer)["error"].as_str().unwrap().to_owned()
}

/// Enters the code as a program does that has a login code.
fn enter(fixture: &Fixture, code: &str, more: &[(&str, &str)]) -> Answer {
    let login_code = fixture.login_code();
    let form = [&[("user_code", code), ("login_hint", EMAIL)], more].concat();
    fixture.call("POST", "/device", &[FORM, (LOGIN_CODE_HEADER, &login_code)], encode(&form))
}

fn refresh(fixture: &Fixture, token: &str) -> Answer {
    post(fixture, "/token", &[("grant_type", "refresh_token"), ("client_id", "sigstore"), ("refresh_token", token)])
}

fn refresh_token(answer: &Answer) -> String {
    assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(answer.body()));
    json(answer)["refresh_token"].as_str().unwrap().to_owned()
}

/// A session's first refresh token.
fn session(fixture: &Fixture) -> String {
    let begun = begin(fixture, "openid offline_access");
    assert_eq!(enter(fixture, begun["user_code"].as_str().unwrap(), &[]).status(), 200);
    refresh_token(&poll(fixture, &begun))
}

#[test]
fn a_code_that_was_entered_gives_one_token() {
    let (clock, fixture) = Turned::fixture(&[]);
    let begun = begin(&fixture, "openid email");
    let code = begun["user_code"].as_str().unwrap();
    assert_eq!(begun["verification_uri"], format!("{}/device", fixture.services.url));
    assert_eq!(begun["verification_uri_complete"], format!("{}/device?user_code={code}", fixture.services.url));
    assert!(code.len() == 9 && code.chars().all(|letter| "BCDFGHJKLMNPQRSTVWXZ-".contains(letter)), "{code}");
    assert_eq!(error(&poll(&fixture, &begun)), "authorization_pending");
    // as a person types it
    assert_eq!(enter(&fixture, &format!(" {} ", code.to_lowercase().replace('-', " ")), &[]).status(), 200);
    clock.forward(1);
    let tokens = json(&poll(&fixture, &begun));
    assert_eq!(tokens["refresh_token"], Value::Null, "none was asked for");
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims = token::verify(id_token, &fixture.services.url, &fixture.services.folder.keys.issuer, now()).unwrap();
    assert_eq!((claims.email.as_str(), claims.nonce), (EMAIL, None));
    clock.forward(1);
    assert_eq!(error(&poll(&fixture, &begun)), "invalid_grant");
    assert_eq!(fixture.instance().logins().unwrap(), Logins { logins: 1, renewals: 0 });
}

#[test]
fn polls_that_come_too_fast_are_slowed_down() {
    let (clock, fixture) = Turned::fixture(&[]);
    let begun = begin(&fixture, "openid");
    assert_eq!(begun["interval"], 1);
    assert_eq!(error(&poll(&fixture, &begun)), "authorization_pending");
    assert_eq!(error(&poll(&fixture, &begun)), "slow_down");
    clock.forward(5);
    assert_eq!(error(&poll(&fixture, &begun)), "slow_down", "six seconds must pass now");
    clock.forward(11);
    assert_eq!(error(&poll(&fixture, &begun)), "authorization_pending");
}

#[test]
fn a_code_expires_and_can_be_refused() {
    let (clock, fixture) = Turned::fixture(&[]);
    let (refused, expired) = (begin(&fixture, "openid"), begin(&fixture, "openid"));
    assert_eq!(json(&enter(&fixture, refused["user_code"].as_str().unwrap(), &[("action", "deny")]))["approved"], false);
    assert_eq!(error(&poll(&fixture, &refused)), "access_denied");
    clock.forward(300);
    assert_eq!(error(&poll(&fixture, &expired)), "expired_token");
    assert_eq!(enter(&fixture, expired["user_code"].as_str().unwrap(), &[]).status(), 400);
    assert_eq!(fixture.instance().logins().unwrap(), Logins::default());
}

#[test]
fn a_device_code_is_good_only_for_who_asked_for_it() {
    let (clock, fixture) = Turned::fixture(&[]);
    let ask = |pairs: &[(&str, &str)]| post(&fixture, "/device/code", pairs);
    assert_eq!(error(&ask(&[("client_id", "other"), ("scope", "openid")])), "invalid_client");
    assert_eq!(error(&ask(&[("scope", "openid")])), "invalid_client");
    assert_eq!(error(&ask(&[("client_id", "sigstore"), ("scope", "email")])), "invalid_scope");
    assert_eq!(
        error(&ask(&[("client_id", "sigstore"), ("scope", "openid"), ("code_challenge", "x"), ("code_challenge_method", "plain")])),
        "invalid_request"
    );
    // with PKCE, another program that has seen the device code gets nothing
    let verifier = "v".repeat(43);
    let challenge = {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        use sha2::Digest as _;
        URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&verifier))
    };
    let begun =
        json(&ask(&[("client_id", "sigstore"), ("scope", "openid"), ("code_challenge", &challenge), ("code_challenge_method", "S256")]));
    enter(&fixture, begun["user_code"].as_str().unwrap(), &[]);
    assert_eq!(error(&poll(&fixture, &begun)), "invalid_grant");
    clock.forward(1);
    let form = [
        ("grant_type", GRANT),
        ("client_id", "sigstore"),
        ("device_code", begun["device_code"].as_str().unwrap()),
        ("code_verifier", &verifier),
    ];
    assert_eq!(post(&fixture, "/token", &form).status(), 200);
}

#[test]
fn who_has_no_login_code_enters_nothing_and_learns_nothing_about_codes() {
    let (_clock, fixture) = Turned::fixture(&[]);
    let begun = begin(&fixture, "openid");
    let code = begun["user_code"].as_str().unwrap();
    let guess = |code: &str, login_code: &str| {
        fixture.call("POST", "/device", &[FORM, (LOGIN_CODE_HEADER, login_code)], encode(&[("user_code", code), ("login_hint", EMAIL)]))
    };
    assert_eq!(error(&guess(code, "wrong")), "access_denied");
    assert_eq!(error(&guess(code, &fixture.services.folder.access_code)), "access_denied");
    assert_eq!(guess(code, "wrong").body(), guess("BBBB-BBBB", "wrong").body());
    assert_eq!(error(&enter(&fixture, "BBBB-BBBB", &[])), "invalid_request");
    assert_eq!(error(&enter(&fixture, code, &[("login_hint", "again@example.com")])), "invalid_request", "a parameter stands twice");
    assert_eq!(error(&poll(&fixture, &begun)), "authorization_pending");
}

#[test]
fn the_device_page_needs_its_own_form_and_a_login_code() {
    let (_clock, fixture) = Turned::fixture(&[]);
    let begun = begin(&fixture, "openid");
    let code = begun["user_code"].as_str().unwrap();
    let page = fixture.get(&format!("/device?user_code={code}%22%3E%3Cscript%3E"));
    let html = String::from_utf8(page.body().to_vec()).unwrap();
    assert!(page.status() == 200 && html.contains(code) && !html.contains("<script") && html.contains("Login code"), "{html}");
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (login_code, second) = (fixture.login_code(), fixture.login_code());
    let send = |cookie: &str, fields: &[(&str, &str)]| {
        let answer = fixture.call("POST", "/device", &[FORM, ("cookie", cookie)], encode(fields));
        String::from_utf8(answer.body().to_vec()).unwrap()
    };
    let fields = [("user_code", code), ("csrf_token", token.as_str()), ("email", EMAIL), ("access_code", login_code.as_str())];
    assert!(send("", &fields).contains("has expired"));
    assert!(send(&cookie, &[fields[0], ("csrf_token", "x"), fields[2], fields[3]]).contains("has expired"));
    assert!(send(&cookie, &[fields[0], fields[1], fields[2], ("access_code", "wrong")]).contains("That login code is wrong"));
    assert!(send(&cookie, &[("user_code", "BBBB-BBBB"), fields[1], fields[2], fields[3]]).contains("No program waits"));
    assert!(send(&cookie, &[fields[0], fields[1], ("email", "nobody"), fields[3]]).contains("not an e-mail address"));
    assert_eq!(error(&poll(&fixture, &begun)), "authorization_pending");
    assert!(send(&cookie, &fields).contains("You are signed in"));
    assert!(send(&cookie, &fields).contains("That login code is wrong"), "a login code is good once");
    let fields = [fields[0], fields[1], fields[2], ("access_code", second.as_str())];
    assert!(send(&cookie, &fields).contains("No program waits"), "a code is entered once");
    let refused = begin(&fixture, "openid");
    let fields = [("user_code", refused["user_code"].as_str().unwrap()), fields[1], ("email", ""), fields[3], ("action", "deny")];
    assert!(send(&cookie, &fields).contains("The login was refused"));
    assert_eq!(error(&poll(&fixture, &refused)), "access_denied");
}

#[test]
fn no_more_codes_are_kept_than_there_is_room_for() {
    let (_clock, fixture) = Turned::fixture(&[]);
    let first = begin(&fixture, "openid");
    for _ in 0..300 {
        begin(&fixture, "openid");
    }
    let last = begin(&fixture, "openid");
    assert_eq!(error(&poll(&fixture, &last)), "authorization_pending");
    assert!(["invalid_grant", "authorization_pending"].contains(&error(&poll(&fixture, &first)).as_str()));
}

#[test]
fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let (_clock, fixture) = Turned::fixture(&[]);
    let first = session(&fixture);
    let answer = refresh(&fixture, &first);
    let second = refresh_token(&answer);
    let claims =
        token::verify(json(&answer)["id_token"].as_str().unwrap(), &fixture.services.url, &fixture.services.folder.keys.issuer, now());
    assert_eq!(claims.unwrap().email, EMAIL);
    let third = refresh_token(&refresh(&fixture, &second));
    assert_eq!(fixture.instance().logins().unwrap(), Logins { logins: 1, renewals: 2 });
    // the first one comes again: the session ends, whoever sends it
    assert_eq!(error(&refresh(&fixture, &first)), "invalid_grant");
    assert_eq!(error(&refresh(&fixture, &third)), "invalid_grant");
    for token in ["", "x", "x.y", ".", &"x".repeat(20_000)] {
        assert_ne!(refresh(&fixture, token).status(), 200);
    }
    // a token of nobody ends nothing, and one of another client neither
    let token = session(&fixture);
    let foreign = [("grant_type", "refresh_token"), ("client_id", "other"), ("refresh_token", token.as_str())];
    assert_eq!(error(&post(&fixture, "/token", &foreign)), "invalid_client");
    assert_eq!(refresh(&fixture, &token).status(), 200);
}

#[test]
fn a_session_survives_a_restart_and_its_token_is_not_in_the_folder() {
    let (_clock, fixture) = Turned::fixture(&[]);
    let token = session(&fixture);
    let folder = fixture.instance().folder().to_owned();
    let stored = std::fs::read_to_string(folder.join("sessions.json")).unwrap();
    let (_, secret) = token.split_once('.').unwrap();
    assert!(!stored.contains(secret), "{stored}");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.join("sessions.json")).unwrap()) & 0o777, 0o600);
    let restarted = Fixture {
        services: Arc::new(LocalServices::open(fixture.instance().folder, 600, Faults::default(), Arc::new(now)).unwrap()),
        ..fixture
    };
    let next = refresh_token(&refresh(&restarted, &token));
    assert_eq!(error(&refresh(&restarted, &token)), "invalid_grant");
    assert_eq!(error(&refresh(&restarted, &next)), "invalid_grant");
}

#[test]
fn a_damaged_list_of_sessions_is_an_error_and_no_empty_list() {
    let (_clock, fixture) = Turned::fixture(&[]);
    std::fs::write(fixture.instance().folder().join("sessions.json"), "[{}]").unwrap();
    let error = LocalServices::open(fixture.instance().folder, 600, Faults::default(), Arc::new(now)).unwrap_err().to_string();
    assert!(error.contains("sessions.json is damaged"), "{error}");
}

#[test]
fn sessions_end_when_they_are_revoked_or_idle() {
    let (clock, fixture) = Turned::fixture(&[]);
    let revoke = |client: &str, token: &str| post(&fixture, "/revoke", &[("client_id", client), ("token", token)]).status();
    let first = session(&fixture);
    let second = refresh_token(&refresh(&fixture, &first));
    assert_eq!(revoke("other", &second), 401);
    assert_eq!(revoke("sigstore", "unknown"), 200);
    // an old token names the session as well as the last one
    assert_eq!(revoke("sigstore", &first), 200);
    assert_eq!(error(&refresh(&fixture, &second)), "invalid_grant");
    let idle = session(&fixture);
    clock.forward(30 * 24 * 60 * 60);
    assert_eq!(error(&refresh(&fixture, &idle)), "invalid_grant");
}

#[test]
fn faults_of_the_issuer_are_as_ordered() {
    let pending = |fault: &str| {
        let (_clock, fixture) = Turned::fixture(&[fault]);
        let begun = begin(&fixture, "openid offline_access");
        enter(&fixture, begun["user_code"].as_str().unwrap(), &[]);
        (poll(&fixture, &begun), fixture)
    };
    assert_eq!(pending("issuer=token-502").0.status(), 502);
    assert_eq!(error(&pending("issuer=slow-down").0), "slow_down");
    assert_eq!(error(&pending("issuer=device-denied").0), "access_denied");
    assert_eq!(error(&pending("issuer=device-expired").0), "expired_token");
    let (answer, fixture) = pending("issuer=no-refresh");
    assert_eq!(json(&answer)["refresh_token"], Value::Null);
    assert!(!json(&fixture.get("/.well-known/openid-configuration"))["scopes_supported"].to_string().contains("offline_access"));
    let (answer, fixture) = pending("issuer=refresh-refused");
    assert_eq!(error(&refresh(&fixture, &refresh_token(&answer))), "invalid_grant");
    let (_, fixture) = (0, Fixture::new(&["issuer=no-device"]));
    assert_eq!(json(&fixture.get("/.well-known/openid-configuration"))["device_authorization_endpoint"], Value::Null);
    assert_eq!(post(&fixture, "/device/code", &[("client_id", "sigstore"), ("scope", "openid")]).status(), 405);
    let verify = |fault: &str| {
        let (answer, fixture) = pending(fault);
        let token = json(&answer)["id_token"].as_str().unwrap().to_owned();
        let later = now() + SignedDuration::from_secs(2);
        token::verify(&token, &fixture.services.url, &fixture.services.folder.keys.issuer, later).map(|_| ())
    };
    assert_eq!(verify("issuer=short-tokens"), Err(InvalidToken::Expired));
    assert_eq!(verify("issuer=other-audience"), Err(InvalidToken::Audience));
    assert_eq!(verify("issuer=other-issuer"), Err(InvalidToken::Issuer));
    assert_eq!(verify("issuer=unverified-email"), Err(InvalidToken::Address));
    assert_eq!(verify("issuer=foreign-key"), Err(InvalidToken::Signature));
    assert_eq!(verify("issuer=other-nonce"), Ok(()), "Fulcio does not mind");
}
