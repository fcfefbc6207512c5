//! The authorization code flow and the login page.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{Answer, EMAIL, Fixture, json, now};
use crate::identity::access_proof::{AccessKey, CLIENT_NONCE, CLIENT_PROOF, Exchange, Role, SERVER_NONCE};
use crate::local::{oauth::LOGIN_CODE_HEADER, request::Parameters, token};

/// The parameters of a login, and what redeems its code.
const VERIFIER: &str = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
const REDIRECT: &str = "http://localhost:1234/auth/callback";

fn login(changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "sigstore"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email"),
        ("state", "s t/&"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("login_hint", EMAIL),
    ];
    for (name, value) in changes {
        match parameters.iter_mut().find(|(known, _)| known == name) {
            Some(parameter) => parameter.1 = value,
            None => parameters.push((name, value)),
        }
    }
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn redirected(answer: &Answer) -> Parameters {
    assert_eq!(answer.status(), 302, "{}", String::from_utf8_lossy(answer.body()));
    Parameters::parse(answer.header("location").unwrap().split_once('?').unwrap().1)
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn redeem(fixture: &Fixture, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "sigstore"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        parameters.iter_mut().find(|(known, _)| known == name).unwrap().1 = value;
    }
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    fixture.call("POST", "/token", &[FORM], body)
}

#[test]
fn a_program_with_a_login_code_gets_a_token_that_fulcio_takes() {
    let fixture = Fixture::new(&[]);
    let code = fixture.login_code();
    let answer = redirected(&fixture.call("GET", &format!("/auth?{}", login(&[])), &[(LOGIN_CODE_HEADER, &code)], ""));
    assert_eq!((answer.one("state"), answer.one("iss")), (Some("s t/&"), Some(fixture.services.url.as_str())));
    let tokens = redeem(&fixture, answer.one("code").unwrap(), &[]);
    assert_eq!((tokens.status(), tokens.header("cache-control")), (200, Some("no-store")));
    let id_token = json(&tokens)["id_token"].as_str().unwrap().to_owned();
    let claims = token::verify(&id_token, &fixture.services.url, &fixture.services.folder.keys.issuer, now()).unwrap();
    assert_eq!((claims.email.as_str(), claims.nonce.as_deref()), (EMAIL, Some("n")));
    // a code is good once
    assert_eq!(json(&redeem(&fixture, answer.one("code").unwrap(), &[]))["error"], "invalid_grant");
}

#[test]
fn a_code_is_good_only_for_who_asked_for_it() {
    let fixture = Fixture::new(&[]);
    for (name, value, error) in [
        ("client_id", "other", "invalid_client"),
        ("redirect_uri", "http://localhost:1235/auth/callback", "invalid_grant"),
        ("code_verifier", "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", "invalid_grant"),
        ("code_verifier", "", "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
    ] {
        let code = fixture.login_code();
        let answer = redirected(&fixture.call("GET", &format!("/auth?{}", login(&[])), &[(LOGIN_CODE_HEADER, &code)], ""));
        let refused = redeem(&fixture, answer.one("code").unwrap(), &[(name, value)]);
        assert_eq!(json(&refused)["error"], error, "{name}");
    }
}

#[test]
fn wrong_authorization_requests_are_answered_at_the_client_only_where_that_is_safe() {
    let fixture = Fixture::new(&[]);
    let ask =
        |changes: &[(&str, &str)], code: &str| fixture.call("GET", &format!("/auth?{}", login(changes)), &[(LOGIN_CODE_HEADER, code)], "");
    for uri in [
        "https://localhost/cb",
        "http://evil.example/cb",
        "http://localhost@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://u@localhost/",
        "http://localhost/#f",
        "custom:cb",
        "",
    ] {
        assert_eq!(ask(&[("redirect_uri", uri)], &fixture.login_code()).status(), 400, "{uri}");
    }
    assert_eq!(ask(&[("client_id", "other")], &fixture.login_code()).status(), 400);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "email", "invalid_scope"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("login_hint", "nobody", "login_required"),
    ] {
        let answer = redirected(&ask(&[(name, value)], &fixture.login_code()));
        assert_eq!((answer.one("error"), answer.one("state")), (Some(error), Some("s t/&")), "{name}");
    }
    assert_eq!(redirected(&ask(&[], "wrong-code")).one("error"), Some("access_denied"));
    let twice = format!("/auth?{}&redirect_uri=http://localhost/", login(&[]));
    assert_eq!(fixture.call("GET", &twice, &[(LOGIN_CODE_HEADER, &fixture.login_code())], "").status(), 400);
}

#[test]
fn the_login_page_needs_its_own_form_and_a_login_code_each_time() {
    let fixture = Fixture::new(&[]);
    let page = fixture.get(&format!("/auth?{}", login(&[("state", "\"><script>"), ("login_hint", "")])));
    let html = String::from_utf8(page.body().to_vec()).unwrap();
    assert!(page.status() == 200 && !html.contains("<script") && html.contains("Login code"));
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let code = fixture.login_code();
    let send = |cookie: &str, changes: &[(&str, &str)]| fixture.call("POST", "/auth", &[FORM, ("cookie", cookie)], login(changes));
    let fields = [("csrf_token", token.as_str()), ("email", EMAIL), ("access_code", code.as_str())];
    // without the cookie, with another token, with a wrong code: the page again
    assert_eq!(send("", &fields).status(), 200);
    assert_eq!(send(&cookie, &[("csrf_token", "x"), fields[1], fields[2]]).status(), 200);
    assert_eq!(send(&cookie, &[fields[0], fields[1], ("access_code", "wrong")]).status(), 200);
    assert_eq!(send(&cookie, &[fields[0], ("email", "nobody"), fields[2]]).status(), 200);
    let good = send(&cookie, &fields);
    assert!(redirected(&good).one("code").is_some());
    // no browser is remembered, and the code is used
    assert_eq!(good.header("set-cookie"), None);
    for again in [&fields[..2], &fields] {
        let page = send(&cookie, again);
        assert!(page.status() == 200 && String::from_utf8_lossy(page.body()).contains("That login code is wrong"));
    }
    // the access code itself is none
    let access = fixture.services.folder.access_code.to_string();
    assert_eq!(send(&cookie, &[fields[0], fields[1], ("access_code", &access)]).status(), 200);
}

#[test]
fn a_cookie_is_bound_to_its_port_and_page_and_lives_for_minutes() {
    let fixture = Fixture::new(&[]);
    for (path, target) in [("/auth", format!("/auth?{}", login(&[]))), ("/device", "/device".to_owned())] {
        let page = fixture.get(&target);
        let cookie = page.header("set-cookie").unwrap();
        let port = fixture.services.folder.settings.port;
        assert!(cookie.starts_with(&format!("paraph_form_{port}=")), "{cookie}");
        assert!(cookie.ends_with(&format!("; Path={path}; HttpOnly; SameSite=Strict; Max-Age=600")), "{cookie}");
        assert_eq!(page.head.headers.get_all("set-cookie").iter().count(), 1);
    }
}

/// The headers of a client's second request.
fn proof(fixture: &Fixture, access_code: &str, query: &str) -> Vec<(&'static str, String)> {
    let client_nonce = "0123456789abcdef".to_owned();
    let answer = fixture.call("GET", &format!("/auth?{query}"), &[(CLIENT_NONCE, &client_nonce)], "");
    assert_eq!((answer.status(), answer.header("location")), (401, None));
    let server_nonce = answer.header(SERVER_NONCE).unwrap().to_owned();
    let exchange = Exchange { client_nonce: &client_nonce, server_nonce: &server_nonce, query };
    let proof = AccessKey::new(access_code, &fixture.services.url).prove(Role::Client, &exchange);
    vec![(CLIENT_NONCE, client_nonce), (SERVER_NONCE, server_nonce), (CLIENT_PROOF, proof)]
}

#[test]
fn a_program_that_proves_its_knowledge_of_the_access_code_gets_a_code_for_its_request_alone() {
    let (fixture, query) = (Fixture::new(&[]), login(&[]));
    let ask = |query: &str, proof: &[(&'static str, String)]| {
        let headers: Vec<_> = proof.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fixture.call("GET", &format!("/auth?{query}"), &headers, "")
    };
    let access = fixture.services.folder.access_code.to_string();
    let good = proof(&fixture, &access, &query);
    for other in [login(&[("login_hint", "eve@example.com")]), login(&[("state", "other")])] {
        assert_eq!(redirected(&ask(&other, &good)).one("error"), Some("access_denied"));
    }
    let foreign = proof(&fixture, "another access code!", &query);
    assert_eq!(redirected(&ask(&query, &foreign)).one("error"), Some("access_denied"));
    let tokens = redeem(&fixture, redirected(&ask(&query, &good)).one("code").unwrap(), &[]);
    assert_eq!(tokens.status(), 200);
    assert_eq!(redirected(&ask(&query, &good)).one("error"), Some("access_denied"), "a proof works once");
    // the access code itself logs nobody in
    let sent = fixture.call("GET", &format!("/auth?{query}"), &[(LOGIN_CODE_HEADER, &access)], "");
    assert_eq!(redirected(&sent).one("error"), Some("access_denied"));
}
