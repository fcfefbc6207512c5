use super::*;
use crate::{
    identity::testing::*,
    service::testing::{patient, run, without_port},
};
use serde_json::{Value, json};

fn token(secret: &str) -> RefreshToken {
    RefreshToken::new(Zeroizing::new(secret.into()), "1234").unwrap()
}

#[test]
fn a_session_is_renewed_with_the_token_that_replaces_the_last() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let mut login = login(&http, &fake.url);
        login.options.offline = true;
        let session = login.direct("the code", "me@example.com").await.unwrap();
        let asked = requests.lock().unwrap().clone();
        assert_eq!((asked["scope"].as_str(), asked["prompt"].as_str()), ("openid email offline_access", "consent"));
        let first = session.refresh_token.unwrap();
        assert_eq!((first.secret(), first.subject()), ("r1", "1234"));
        let renewed = login.renew(&first).await.unwrap();
        assert_eq!(renewed.id_token.principal(), "me@example.com");
        let second = renewed.refresh_token.unwrap();
        assert_eq!(second.secret(), "r2");
        // a token that was used already
        let error = login.renew(&second).await.unwrap_err();
        insta::assert_snapshot!(error, @r"the issuer did not renew the session: invalid_grant: used \u{1b}");
        assert!(matches!(error, LoginError::NotRenewed { .. }));
        assert!(login.revoke(&second).await.unwrap());
        insta::assert_snapshot!(login.revoke(&first).await.unwrap_err(), @r"the issuer did not end the session: unsupported_token_type: no \u{1b}");
    });
}

#[test]
fn an_issuer_that_does_not_rotate_keeps_its_token() {
    run(async {
        let (fake, _) = provider(Lies { rotates: false, ..HONEST }).await;
        let http = patient();
        assert_eq!(login(&http, &fake.url).renew(&token("r1")).await.unwrap().refresh_token, Some(token("r1")));
    });
}

#[test]
fn no_refresh_token_is_asked_for_where_nobody_wants_one_or_the_issuer_has_none() {
    run(async {
        let http = patient();
        let without: fn(&mut Value) = |metadata| metadata["scopes_supported"] = json!(["openid", "email"]);
        for (metadata, offline) in [(HONEST.metadata, false), (without, true)] {
            let (fake, requests) = provider(Lies { metadata, ..HONEST }).await;
            let mut login = login(&http, &fake.url);
            login.options.offline = offline;
            let session = login.direct("the code", "me@example.com").await.unwrap();
            assert_eq!((session.refresh_token, requests.lock().unwrap()["scope"].as_str()), (None, "openid email"));
        }
    });
}

#[test]
fn a_renewal_is_checked_as_a_login_is_and_must_be_of_the_same_person() {
    let claims = |claims: fn(&mut Value)| Lies { claims, ..HONEST };
    let mut told = Vec::new();
    for (name, lies) in [
        ("another person", claims(|claims| claims["sub"] = json!("5678"))),
        ("another audience", claims(|claims| claims["aud"] = json!("other"))),
        ("another issuer", claims(|claims| claims["iss"] = json!("https://evil.test"))),
        ("expired", claims(|claims| claims["exp"] = json!(1_000_000))),
        ("foreign key", Lies { foreign_key: Foreign::Always, ..HONEST }),
        ("no ID token", Lies { token_answer: Some((200, json!({"access_token": "a", "token_type": "Bearer"}))), ..HONEST }),
        ("no JSON", Lies { token_answer: Some((200, json!("secret"))), ..HONEST }),
        ("token endpoint down", Lies { token_answer: Some((500, json!({}))), ..HONEST }),
    ] {
        run(async {
            let (fake, _) = provider(lies).await;
            let http = patient();
            let error = login(&http, &fake.url).renew(&token("r1")).await.unwrap_err();
            assert!(!matches!(error, LoginError::NotRenewed { .. }), "none of these says that the session has ended");
            told.push(format!("{name}: {}", without_port(&error)));
        });
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    another person: the issuer's token cannot be trusted: its subject is not that of the session
    another audience: the identity token's audience is "other"; expected "sigstore"
    another issuer: the identity token's issuer is "https://evil.test"; expected "http://HOST"
    expired: the identity token expired at 1970-01-12 13:46:40 UTC
    foreign key: the issuer's token cannot be trusted: Signature verification failed: Crypto error: EC Signature was wrong
    no ID token: the issuer at http://HOST/ sent an invalid answer: its answer contains no ID token
    no JSON: the issuer at http://HOST/ sent an invalid answer: its answer is not that of a token endpoint
    token endpoint down: the issuer at http://HOST/token refused the request with 500 Internal Server Error
    "#);
}

#[test]
fn an_issuer_without_revocation_is_told_apart_from_one_that_revokes() {
    run(async {
        let (fake, _) = provider(Lies { metadata: |metadata| metadata["revocation_endpoint"] = Value::Null, ..HONEST }).await;
        let http = patient();
        assert!(!login(&http, &fake.url).revoke(&token("r2")).await.unwrap());
    });
}

#[test]
fn a_clients_secret_goes_into_the_header() {
    run(async {
        let (fake, _) = provider(HONEST).await;
        let http = patient();
        let mut login = login(&http, &fake.url);
        login.client.client_secret = Some(Zeroizing::new("p:ss wörd".into()));
        login.renew(&token("r1")).await.unwrap();
        let asked = fake.seen().into_iter().find(|seen| seen.path == "/token").unwrap();
        // "sigstore:p%3Ass+w%C3%B6rd" (RFC 6749, section 2.3.1)
        assert_eq!(asked.headers["authorization"], "Basic c2lnc3RvcmU6cCUzQXNzK3clQzMlQjZyZA==");
        assert!(!std::str::from_utf8(&asked.body).unwrap().contains("client_id"));
    });
}
