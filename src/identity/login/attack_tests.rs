//! Attacks between the parts of a login: state, code, redirect and token, one test each.

use super::LoginMethod;
use crate::{
    identity::testing::*,
    service::testing::{patient, run, without_port},
};
use serde_json::{Value, json};

/// Logs in by the way that needs no browser, with a provider that lies.
fn direct(lies: Lies) -> String {
    run(async {
        let (fake, _) = provider(lies).await;
        let http = patient();
        let outcome = login(&http, &fake.url).direct("the code", "me@example.com").await;
        outcome.map_or_else(|error| without_port(&error), |session| format!("a token of {}", session.id_token.principal()))
    })
}

fn claims(claims: fn(&mut Value)) -> Lies {
    Lies { claims, ..HONEST }
}

#[test]
fn wrong_state_is_ignored_and_the_login_goes_on() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        with_browser(login(&http, &fake.url), requests, async |parameters| {
            for state in ["", "guess", &parameters["state"].to_lowercase(), &format!("{}x", parameters["state"])] {
                let (status, page) = get(&format!("{}?code=evil&state={state}", parameters["redirect_uri"])).await;
                assert_eq!(status, 400);
                assert!(page.contains("Not the answer of this login"), "{page}");
            }
            assert_eq!(get(&answer(&parameters)).await.0, 200);
        })
        .await
        .unwrap();
    });
}

#[test]
fn reused_code_is_refused_by_the_provider_and_told() {
    let refusal = json!({"error": "invalid_grant", "error_description": "the code has been used"});
    let told = direct(Lies { token_answer: Some((400, refusal)), ..HONEST });
    insta::assert_snapshot!(told, @"the issuer refused the login: invalid_grant: the code has been used");
}

/// Two logins at once, and their answers at each other's addresses: neither takes the other's.
#[test]
fn second_tab_cannot_answer_for_the_first() {
    run(async {
        let http = patient();
        let (first, first_requests) = provider(HONEST).await;
        let (second, second_requests) = provider(HONEST).await;
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let prompt = Shown(sender);
        let browser = async {
            let mut tabs = Vec::new();
            for _ in 0..2 {
                let Some(Told::Address { url, .. }) = told.recv().await else { panic!("no address") };
                let requests = if url.as_str().starts_with(&first.url) { &first_requests } else { &second_requests };
                let parameters = parameters(url.query().unwrap());
                requests.lock().unwrap().extend(parameters.clone());
                tabs.push(parameters);
            }
            let at = |address: usize, state: usize| format!("{}?code=c0de&state={}", tabs[address]["redirect_uri"], tabs[state]["state"]);
            assert_ne!(tabs[0]["state"], tabs[1]["state"]);
            assert_eq!((get(&at(0, 1)).await.0, get(&at(1, 0)).await.0), (400, 400));
            assert_eq!((get(&at(1, 1)).await.0, get(&at(0, 0)).await.0), (200, 200));
        };
        let (one, two) = (login(&http, &first.url).by(LoginMethod::Browser), login(&http, &second.url).by(LoginMethod::Browser));
        let (one, two, ()) = tokio::join!(one.run(&prompt), two.run(&prompt), browser);
        assert_eq!((one.unwrap().id_token.issuer(), two.unwrap().id_token.issuer()), (first.url.as_str(), second.url.as_str()));
    });
}

/// The redirect goes where the request without_port, with its port, or the code is not taken.
#[test]
fn redirect_to_another_port_or_path_is_not_followed() {
    for elsewhere in
        ["http://localhost:1/auth/callback", "http://localhost/other", "http://127.0.0.1/auth/callback", "https://localhost/auth/callback"]
    {
        run(async {
            let (fake, _) = provider(Lies { redirect: Some(elsewhere), ..HONEST }).await;
            let http = patient();
            let error = login(&http, &fake.url).direct("the code", "me@example.com").await.unwrap_err();
            assert!(error.to_string().contains("the redirect is not accepted: it leads elsewhere"), "{elsewhere}: {error}");
            assert!(!fake.seen().iter().any(|seen| seen.path == "/token"), "{elsewhere}: the code was redeemed");
        });
    }
}

#[test]
fn token_for_another_audience_is_refused() {
    let told = [
        direct(claims(|claims| claims["aud"] = json!("other"))),
        direct(claims(|claims| claims["aud"] = json!(["sigstore", "other"]))),
        direct(claims(|claims| claims["aud"] = json!([]))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
        the identity token's audience is "other"; expected "sigstore"
        the issuer's token cannot be trusted: Invalid audiences: `other` is not a trusted audience
        the identity token's audience is ""; expected "sigstore"
    "#);
}

#[test]
fn token_for_another_nonce_is_refused() {
    let told = [direct(claims(|claims| claims["nonce"] = json!("other"))), direct(claims(|claims| claims["nonce"] = Value::Null))];
    insta::assert_snapshot!(told.join("\n"), @r"
        the identity token's nonce is not the one of this login
        the identity token's nonce is not the one of this login
    ");
}

#[test]
fn address_that_is_not_verified_is_refused() {
    let told = [
        direct(claims(|claims| claims["email_verified"] = json!(false))),
        direct(claims(|claims| claims["email_verified"] = json!("false"))),
        direct(claims(|claims| claims["email_verified"] = json!(0))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
        the issuer has not verified the address me@example.com
        the issuer has not verified the address me@example.com
        the identity token's claims cannot be read: email_verified is not a boolean at line 1 column 61
    "#);
}

/// The provider's own metadata allow none and HS256, and the key of a published algorithm could be a MAC's secret.
#[test]
fn algorithm_none_and_mac_are_refused() {
    let told = ["none", "NONE", "HS256", "HS512", "hs256"].map(|algorithm| direct(Lies { algorithm, ..HONEST }));
    insta::assert_snapshot!(told.join("\n"), @r#"
        the identity token is not signed with a key of its issuer: its algorithm is "none"
        the identity token is not signed with a key of its issuer: its algorithm is "NONE"
        the identity token is not signed with a key of its issuer: its algorithm is "HS256"
        the identity token is not signed with a key of its issuer: its algorithm is "HS512"
        the identity token is not signed with a key of its issuer: its algorithm is "hs256"
    "#);
    // an asymmetric algorithm that the key is not for
    let told = ["RS256", "PS256", "ES384", "EdDSA"].map(|algorithm| direct(Lies { algorithm, ..HONEST }));
    insta::assert_snapshot!(told.join("\n"), @r"
        the issuer's token cannot be trusted: Signature verification failed: No matching key found
        the issuer's token cannot be trusted: Signature verification failed: No matching key found
        the issuer's token cannot be trusted: Signature verification failed: No matching key found
        the issuer's token cannot be trusted: Signature verification failed: No matching key found
    ");
}

#[test]
fn issuer_with_a_trailing_slash_is_another_issuer() {
    let told = [
        direct(Lies { issuer_suffix: "/", ..HONEST }),
        direct(claims(|claims| claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap())))),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    the issuer at http://HOST/ sent an answer that does not match the request: unexpected issuer URI `http://HOST/` (expected `http://HOST`)
    the identity token's issuer is "http://HOST/"; expected "http://HOST"
    "#);
}

/// Keys that change while a person logs in are read once more; a key that is in neither set is refused.
#[test]
fn rotated_keys_are_read_again_once() {
    insta::assert_snapshot!(direct(Lies { foreign_key: Foreign::AtFirst, ..HONEST }), @"a token of me@example.com");
    insta::assert_snapshot!(direct(Lies { foreign_key: Foreign::Unknown, ..HONEST }), @"the issuer's token cannot be trusted: Signature verification failed: No matching key found");
    run(async {
        let (fake, _) = provider(Lies { foreign_key: Foreign::Unknown, ..HONEST }).await;
        let http = patient();
        login(&http, &fake.url).direct("the code", "me@example.com").await.unwrap_err();
        assert_eq!(fake.seen().iter().filter(|seen| seen.path == "/keys").count(), 2, "once, and once more");
    });
}
