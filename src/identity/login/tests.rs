use super::*;
use crate::{
    identity::{ADDRESS, RefreshToken, access_proof::CLIENT_PROOF, testing::*},
    service::{
        quotable,
        testing::{nobody, patient, run, without_port},
    },
};
use serde_json::{Value, json};
use std::{ffi::OsString, sync::Arc};
use zeroize::Zeroizing;

#[test]
fn a_login_in_the_browser_gives_a_token() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let mut login = login(&http, &fake.url);
        login.client.connector_id = Some("https://accounts.test".into());
        let token = with_browser(login, requests, async |parameters| {
            assert_eq!(parameters["scope"], "openid email");
            assert_eq!(parameters["response_type"], "code");
            assert_eq!(parameters["connector_id"], "https://accounts.test");
            let redirect = Url::parse(&parameters["redirect_uri"]).unwrap();
            assert_eq!((redirect.host_str(), redirect.path()), (Some("localhost"), "/auth/callback"));
            assert!(parameters["state"].len() >= 20 && parameters["nonce"].len() >= 20);
            let (status, page) = get(&answer(&parameters)).await;
            assert_eq!(status, 200);
            assert!(page.contains("You are signed in"), "{page}");
        })
        .await
        .unwrap();
        assert_eq!((token.principal(), token.issuer()), ("you@example.com", fake.url.as_str()));
    });
}

#[test]
fn what_else_a_browser_does_changes_nothing() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let token = with_browser(login(&http, &fake.url), requests, async |parameters| {
            let redirect = Url::parse(&parameters["redirect_uri"]).unwrap();
            let at = |path: &str| redirect.join(path).unwrap().to_string();
            // a connection that is opened early and stays silent
            let silent = tokio::net::TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.unwrap();
            assert_eq!(get(&at("/favicon.ico")).await.0, 404);
            assert_eq!(get(&at("/auth/callback")).await.0, 400);
            assert_eq!(get(&at("/auth/callback?code=evil&state=guess")).await.0, 400);
            assert_eq!(get(&at("/auth/callback?error=access_denied&state=guess")).await.0, 400);
            assert_eq!(get(&format!("{}&state=again", answer(&parameters))).await.0, 400);
            assert_eq!(get(&format!("{}&iss=https://evil.test", answer(&parameters))).await.0, 400);
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            assert_eq!(client.post(answer(&parameters)).send().await.unwrap().status(), 405);
            let renamed = client.get(answer(&parameters)).header("host", "evil.test").send().await.unwrap();
            assert_eq!(renamed.status(), 421);
            assert_eq!(get(&answer(&parameters)).await.0, 200);
            drop(silent);
        })
        .await
        .unwrap();
        assert_eq!(token.principal(), "you@example.com");
    });
}

/// Any local program can reach the port, hold connections open, and send half a request or nonsense.
#[test]
fn connections_that_say_nothing_half_or_too_much_do_no_harm() {
    use tokio::{io::AsyncWriteExt as _, net::TcpStream};
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let token = with_browser(login(&http, &fake.url), requests, async |parameters| {
            let port = Url::parse(&parameters["redirect_uri"]).unwrap().port().unwrap();
            let mut held = Vec::new();
            for number in 0..200 {
                let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let request: &[u8] = match number % 4 {
                    0 => b"",
                    1 => b"GET /auth/callback?code=evil&state=",
                    2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                    _ => b"POST /auth/callback HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n",
                };
                connection.write_all(request).await.unwrap();
                held.push(connection);
            }
            let mut endless = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = endless.write_all(&[b"GET /".as_slice(), &vec![b'a'; 4 << 20]].concat()).await;
            assert_eq!(get(&answer(&parameters)).await.0, 200);
            drop(held);
        })
        .await
        .unwrap();
        assert_eq!(token.principal(), "you@example.com");
    });
}

#[test]
fn a_refusal_by_the_provider_is_shown() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let error = with_browser(login(&http, &fake.url), requests, async |parameters| {
            let address = format!(
                "{}?error=access_denied&error_description=not+%1B%5B31myou&state={}",
                parameters["redirect_uri"], parameters["state"]
            );
            let (status, page) = get(&address).await;
            assert_eq!(status, 200);
            assert!(page.contains("The login has failed") && !page.contains("31m"), "{page}");
        })
        .await
        .unwrap_err();
        insta::assert_snapshot!(error, @r"the issuer refused the login: access_denied: not \u{1b}[31myou");
    });
}

#[test]
fn a_provider_that_says_to_name_itself_must() {
    run(async {
        let metadata: fn(&mut Value) = |metadata| metadata["authorization_response_iss_parameter_supported"] = json!(true);
        let (fake, requests) = provider(Lies { metadata, ..HONEST }).await;
        let http = patient();
        let issuer = fake.url.clone();
        with_browser(login(&http, &fake.url), requests, async move |parameters| {
            assert_eq!(get(&answer(&parameters)).await.0, 400);
            assert_eq!(get(&format!("{}&iss={issuer}", answer(&parameters))).await.0, 200);
        })
        .await
        .unwrap();
    });
}

#[test]
fn without_terminal_and_desktop_the_login_fails_at_once_and_says_what_is_missing() {
    run(async {
        let http = patient();
        let nobody = nobody();
        let desktop = Desktop { terminal: false, session: false };
        let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel::<Told>();
        for opener in [Opener::System, Opener::Nothing] {
            let mut login = login(&http, &nobody).by(LoginMethod::Browser);
            (login.options.opener, login.options.desktop) = (&opener, desktop);
            let error = login.run(&Shown(sender.clone())).await.unwrap_err();
            insta::allow_duplicates! { insta::assert_snapshot!(error, @"a login is needed, but there is neither a terminal nor a desktop session to show it on") };
        }
        assert!(!Desktop::from_environment(true, |_| None).session || cfg!(target_os = "macos"));
        assert!(Desktop::from_environment(true, |name| (name == "DISPLAY").then(|| ":0".into())).session);
        assert!(!Desktop::from_environment(true, |_| Some("".into())).session || cfg!(target_os = "macos"));
        for remote in ["SSH_CONNECTION", "SSH_TTY"] {
            assert!(!Desktop::from_environment(true, |name| [remote, "DISPLAY"].contains(&name).then(|| "x".into())).session);
            assert!(Desktop::from_environment(true, |name| [remote, "BROWSER"].contains(&name).then(|| "x".into())).session);
        }
    });
}

#[test]
fn the_configured_opener_gets_the_address_where_it_wants_it_or_last() {
    for placed in [true, false] {
        run(async {
            let (fake, requests) = provider(HONEST).await;
            let folder = tempfile::tempdir().unwrap();
            let told = folder.path().join("told");
            let script = "printf '%s' \"$2\" > \"$1.part\"; mv \"$1.part\" \"$1\"";
            let opener = Opener::Command(
                ["sh", "-c", script, "sh"]
                    .map(OsString::from)
                    .into_iter()
                    .chain([told.clone().into_os_string()])
                    .chain(placed.then(|| ADDRESS.into()))
                    .collect(),
            );
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<Told>();
            let browser = tokio::spawn(async move {
                let Some(Told::Address { url, opening: true }) = receiver.recv().await else { panic!("no address") };
                let parameters = parameters(url.query().unwrap());
                requests.lock().unwrap().extend(parameters.clone());
                while !told.exists() {
                    tokio::task::yield_now().await;
                }
                assert_eq!(std::fs::read_to_string(&told).unwrap(), url.as_str());
                get(&answer(&parameters)).await;
            });
            let http = patient();
            let mut login = login(&http, &fake.url).by(LoginMethod::Browser);
            (login.options.opener, login.options.desktop) = (&opener, Desktop { terminal: false, session: false });
            login.run(&Shown(sender)).await.unwrap();
            browser.await.unwrap();
        });
    }
}

#[test]
fn a_login_that_nobody_completes_ends_at_its_deadline() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let mut login = login(&http, &fake.url);
        login.options.timeout = Duration::from_millis(1500);
        let error = with_browser(login, requests, async |_| {}).await.unwrap_err();
        insta::assert_snapshot!(error, @"nobody completed the login within 1.5 s");
    });
}

#[test]
fn a_redirect_url_must_be_of_this_machine() {
    run(async {
        let (fake, requests) = provider(HONEST).await;
        let http = patient();
        let mut messages = Vec::new();
        for redirect in ["https://localhost/x", "http://evil.test/auth/callback", "http://127.0.0.1/?x=1", "nonsense"] {
            let mut login = login(&http, &fake.url);
            login.client.redirect_url = Some(redirect.into());
            messages.push(with_browser(login, Arc::clone(&requests), async |_| {}).await.unwrap_err().to_string());
        }
        insta::assert_snapshot!(messages.join("\n"), @r#"
        the redirect URL "https://localhost/x" cannot be used: it must be http on localhost, 127.0.0.1 or [::1]
        the redirect URL "http://evil.test/auth/callback" cannot be used: it must be http on localhost, 127.0.0.1 or [::1]
        the redirect URL "http://127.0.0.1/?x=1" cannot be used: it must not contain a query or credentials
        the redirect URL "nonsense" cannot be used: it is not a URL such as http://localhost:0/auth/callback
        "#);
        let mut login = login(&http, &fake.url);
        login.client.redirect_url = Some("http://127.0.0.1/other/path".into());
        with_browser(login, requests, async |parameters| {
            assert!(parameters["redirect_uri"].starts_with("http://127.0.0.1:") && parameters["redirect_uri"].ends_with("/other/path"));
            assert_eq!(get(&answer(&parameters)).await.0, 200);
        })
        .await
        .unwrap();
    });
}

#[test]
fn the_local_issuer_is_asked_without_a_person() {
    run(async {
        let (fake, _) = provider(HONEST).await;
        let http = patient();
        let token = login(&http, &fake.url).direct("the code", "me@example.com").await.unwrap().id_token;
        assert_eq!(token.principal(), "me@example.com");
        let authorization = fake.seen().into_iter().find(|seen| seen.path == "/auth").unwrap();
        assert_eq!(parameters(&authorization.query)["redirect_uri"], DEFAULT_REDIRECT);
    });
}

#[test]
fn the_access_code_is_for_this_machine_and_a_wrong_one_is_told() {
    run(async {
        let http = patient();
        let mut told = Vec::new();
        let (fake, _) = provider(HONEST).await;
        told.push(login(&http, &fake.url).direct("another code", "me@example.com").await.unwrap_err().to_string());
        told.push(login(&http, "https://issuer.test").direct("the code", "me@example.com").await.unwrap_err().to_string());
        // an issuer of this machine whose authorization endpoint is elsewhere
        let metadata: fn(&mut Value) = |metadata| metadata["authorization_endpoint"] = json!("http://elsewhere.test/auth");
        let (fake, _) = provider(Lies { metadata, ..HONEST }).await;
        let error = login(&http, &fake.url).direct("the code", "me@example.com").await.unwrap_err().to_string();
        told.push(error);
        insta::assert_snapshot!(told.join("\n"), @r"
            the program at the local issuer's address does not know its access code: it is another local Sigstore, or another program
            https://issuer.test is not on this machine; an access code is for a local issuer
            http://elsewhere.test is not on this machine; an access code is for a local issuer
            ");
    });
}

/// A program of another user has taken the port of the local issuer.
#[test]
fn a_program_that_took_the_issuers_port_learns_neither_code_nor_proof_nor_token() {
    run(async {
        for server_proof in ["", "AAAA", "the code"] {
            let (fake, _) = provider(Lies { server_proof: Some(server_proof), ..HONEST }).await;
            let http = patient();
            let mut attempt = login(&http, &fake.url);
            attempt.client.access_code = Some(Zeroizing::new("the code".to_owned()));
            let refresh_token = RefreshToken::new(Zeroizing::new("r1".to_owned()), "1234").unwrap();
            let told = [
                attempt.direct("the code", "me@example.com").await.map(|_| ()).unwrap_err(),
                attempt.renew(&refresh_token).await.map(|_| ()).unwrap_err(),
                attempt.revoke(&refresh_token).await.map(|_| ()).unwrap_err(),
                attempt.client.check_local_issuer(&http).await.unwrap_err(),
            ];
            assert!(told.iter().all(|error| matches!(error, LoginError::AccessCode)), "{told:?}");
            let seen = fake.seen();
            assert_eq!(seen.iter().filter(|seen| seen.path == "/auth").count(), 4);
            for seen in seen {
                assert!(["/.well-known/openid-configuration", "/keys", "/auth"].contains(&seen.path.as_str()), "{}", seen.path);
                assert!(seen.headers.get(CLIENT_PROOF).is_none() && !format!("{:?}{}", seen.headers, seen.query).contains("the code"));
            }
        }
    });
}

/// Every check of the exchange and the token, by the way that needs no browser.
#[test]
fn a_lying_provider_is_found_out() {
    let metadata = |metadata: fn(&mut Value)| Lies { metadata, ..HONEST };
    let claims = |claims: fn(&mut Value)| Lies { claims, ..HONEST };
    let mut told = Vec::new();
    for (name, lies) in [
        ("another issuer", metadata(|metadata| metadata["issuer"] = json!("https://evil.test"))),
        ("issuer with a slash", Lies { issuer_suffix: "/", ..HONEST }),
        ("no token endpoint", metadata(|metadata| metadata["token_endpoint"] = Value::Null)),
        ("a script for a login page", metadata(|metadata| metadata["authorization_endpoint"] = json!("javascript:alert(1)"))),
        ("foreign key", Lies { foreign_key: Foreign::Always, ..HONEST }),
        ("alg none", Lies { algorithm: "none", ..HONEST }),
        ("alg HS256", Lies { algorithm: "HS256", ..HONEST }),
        ("nonce of another login", claims(|claims| claims["nonce"] = json!("other"))),
        ("no nonce", claims(|claims| claims["nonce"] = Value::Null)),
        ("audience", claims(|claims| claims["aud"] = json!("other"))),
        ("second audience", claims(|claims| claims["aud"] = json!(["sigstore", "other"]))),
        ("token's issuer", claims(|claims| claims["iss"] = json!("https://evil.test"))),
        ("expired", claims(|claims| claims["exp"] = json!(1_000_000))),
        ("address not verified", claims(|claims| claims["email_verified"] = json!(false))),
        ("no ID token", Lies { token_answer: Some((200, json!({"access_token": "a", "token_type": "Bearer"}))), ..HONEST }),
        (
            "reused code",
            Lies { token_answer: Some((400, json!({"error": "invalid_grant", "error_description": "used \u{1b}"}))), ..HONEST },
        ),
        ("no answer", Lies { token_answer: Some((500, json!({}))), ..HONEST }),
    ] {
        run(async {
            let (fake, _) = provider(lies).await;
            let http = patient();
            let error = login(&http, &fake.url).direct("the code", "me@example.com").await.unwrap_err();
            told.push(format!("{name}: {}", quotable(&without_port(&error))));
        });
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    another issuer: the issuer at http://HOST/ sent an answer that does not match the request: unexpected issuer URI `https://evil.test` (expected `http://HOST`)
    issuer with a slash: the issuer at http://HOST/ sent an answer that does not match the request: unexpected issuer URI `http://HOST/` (expected `http://HOST`)
    no token endpoint: the issuer at http://HOST/ sent an invalid answer: its metadata has no token endpoint
    a script for a login page: the issuer at javascript:alert(1) cannot be called: it is less safe than the provider's own address
    foreign key: the issuer's token cannot be trusted: Signature verification failed: Crypto error: EC Signature was wrong
    alg none: the identity token is not signed with a key of its issuer: its algorithm is "none"
    alg HS256: the identity token is not signed with a key of its issuer: its algorithm is "HS256"
    nonce of another login: the identity token's nonce is not the one of this login
    no nonce: the identity token's nonce is not the one of this login
    audience: the identity token's audience is "other"; expected "sigstore"
    second audience: the issuer's token cannot be trusted: Invalid audiences: `other` is not a trusted audience
    token's issuer: the identity token's issuer is "https://evil.test"; expected "http://HOST"
    expired: the identity token expired at 1970-01-12 13:46:40 UTC
    address not verified: the issuer has not verified the address me@example.com
    no ID token: the issuer at http://HOST/ sent an invalid answer: its answer contains no ID token
    reused code: the issuer refused the login: invalid_grant: used \u{1b}
    no answer: the issuer at http://HOST/token refused the request with 500 Internal Server Error
    "#);
}

#[test]
fn a_provider_that_is_dead_is_named() {
    run(async {
        let http = patient();
        let url = nobody();
        let error = login(&http, &url).direct("the code", "me@example.com").await.unwrap_err();
        insta::assert_snapshot!(without_port(&error), @"the issuer at http://HOST/.well-known/openid-configuration could not be reached: connection refused");
    });
}
