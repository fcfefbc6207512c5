//! Each provider against an endpoint, a socket or a program that answers as the platform documents it, and as no sound one does.

use super::spiffe::{JwtSvid, JwtSvidRequest, JwtSvidResponse};
use super::*;
use crate::{
    identity::token::tests::token_of,
    service::testing::{Fake, Reply, Seen, impatient, nobody, patient, run, without_port},
};
use prost::Message;
use serde_json::json;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

fn jwt() -> String {
    token_of(&json!({"iss": "https://issuer.test", "sub": "workload", "aud": "sigstore", "exp": 2_000_000_000}))
}

type Variables = HashMap<&'static str, String>;

async fn ask_with(provider: Provider, variables: &Variables, http: &Http, deadline: Duration) -> Result<String, String> {
    let variable = |name: &str| variables.get(name).map(OsString::from);
    let surroundings = Surroundings { http, variable: &variable, audience: "sigstore", deadline };
    provider.token(&surroundings).await.map(|token| token.subject().to_owned()).map_err(|error| {
        assert!(!error.hint().is_empty());
        without_port(&error)
    })
}

async fn ask(provider: Provider, variables: &Variables) -> Result<String, String> {
    ask_with(provider, variables, &patient(), Duration::from_secs(60)).await
}

/// The query's parameters.
fn query(seen: &Seen) -> HashMap<String, String> {
    url::form_urlencoded::parse(seen.query.as_bytes()).into_owned().collect()
}

fn header<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// The variables with which a provider asks an endpoint at `url`.
fn pointing(provider: Provider, url: &str) -> Variables {
    let host = url.trim_start_matches("http://").to_owned();
    let url = url.to_owned();
    match provider {
        Provider::GithubActions => HashMap::from([
            (github::REQUEST_URL, format!("{url}/token?api-version=2.0")),
            (github::REQUEST_TOKEN, "request-secret".to_owned()),
        ]),
        Provider::Google => HashMap::from([("GCE_METADATA_HOST", host)]),
        Provider::GoogleImpersonate => HashMap::from([
            ("GCE_METADATA_HOST", host),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", url),
            ("GOOGLE_SERVICE_ACCOUNT_NAME", "ci@project.iam.gserviceaccount.com".to_owned()),
        ]),
        Provider::Azure => {
            HashMap::from([("IDENTITY_ENDPOINT", format!("{url}/msi/token")), ("IDENTITY_HEADER", "header-secret".to_owned())])
        }
        other => panic!("{other} asks no endpoint"),
    }
}

const ASKING: [Provider; 4] = [Provider::GithubActions, Provider::Google, Provider::GoogleImpersonate, Provider::Azure];

/// An answer with which the provider's platform gives a token.
fn good(provider: Provider, seen: &Seen) -> Reply {
    let google = |reply: Reply| reply.header("Metadata-Flavor", "Google");
    match provider {
        Provider::GithubActions => Reply::json(200, &json!({"count": 1, "value": jwt()})),
        Provider::Google => google(Reply::new(200, jwt())),
        Provider::GoogleImpersonate if seen.path.ends_with("/token") => {
            google(Reply::json(200, &json!({"access_token": "access-secret", "expires_in": 3599, "token_type": "Bearer"})))
        }
        Provider::GoogleImpersonate => Reply::json(200, &json!({"token": jwt()})),
        _ => Reply::json(200, &json!({"access_token": jwt(), "expires_on": "2000000000", "resource": "sigstore", "token_type": "Bearer"})),
    }
}

#[test]
fn each_endpoint_is_asked_as_its_documentation_says() {
    run(async {
        for provider in ASKING {
            let fake = Fake::new(move |seen| good(provider, seen)).await;
            assert_eq!(ask(provider, &pointing(provider, &fake.url)).await, Ok("workload".to_owned()), "{provider}");
            let seen = fake.seen();
            let (first, last) = (&seen[0], &seen[seen.len() - 1]);
            match provider {
                Provider::GithubActions => {
                    assert_eq!((first.path.as_str(), header(first, "authorization")), ("/token", "Bearer request-secret"));
                    assert_eq!((query(first)["api-version"].as_str(), query(first)["audience"].as_str()), ("2.0", "sigstore"));
                }
                Provider::Google => {
                    assert_eq!(first.path, "/computeMetadata/v1/instance/service-accounts/default/identity");
                    assert_eq!((header(first, "metadata-flavor"), query(first)["audience"].as_str()), ("Google", "sigstore"));
                    assert_eq!(query(first)["format"], "full");
                }
                Provider::GoogleImpersonate => {
                    assert_eq!(first.path, "/computeMetadata/v1/instance/service-accounts/default/token");
                    assert_eq!(last.path, "/v1/projects/-/serviceAccounts/ci@project.iam.gserviceaccount.com:generateIdToken");
                    assert_eq!(header(last, "authorization"), "Bearer access-secret");
                    assert_eq!(last.json(), json!({"audience": "sigstore", "includeEmail": true}));
                }
                _ => {
                    assert_eq!((first.path.as_str(), header(first, "x-identity-header")), ("/msi/token", "header-secret"));
                    assert_eq!((query(first)["api-version"].as_str(), query(first)["resource"].as_str()), ("2019-08-01", "sigstore"));
                    assert!(!query(first).contains_key("client_id"));
                }
            }
        }
    });
}

#[test]
fn an_endpoint_that_gives_no_token_is_named_with_the_platform() {
    run(async {
        let mut table = String::new();
        let mut add = |provider: Provider, case: &str, answer: Result<String, String>| {
            let answer = answer.unwrap_err();
            for secret in ["request-secret", "access-secret", "header-secret"] {
                assert!(!answer.contains(secret), "{answer}");
            }
            table += &format!("{}, {case}: {answer}\n", provider.name());
        };
        for provider in ASKING {
            // no status of Google's metadata server means anything without its header
            let bad = |reply: Reply| reply.header("Metadata-Flavor", "Google");
            let cases: [(&str, Reply); 7] = [
                ("401", bad(Reply::json(401, &json!({"message": "no permission"})))),
                ("500", bad(Reply::new(500, "internal"))),
                ("503", bad(Reply::new(503, "").header("retry-after", "0"))),
                ("HTML", bad(Reply::new(200, "<html>Log in to the network</html>").header("content-type", "text/html"))),
                ("huge", bad(Reply::new(200, vec![b'x'; 2 << 20]))),
                ("another field", bad(Reply::json(200, &json!({"id_token": jwt()})))),
                ("redirect", bad(Reply::new(302, "").header("location", "https://elsewhere.test/"))),
            ];
            for (case, reply) in cases {
                let fake = Fake::new(move |_| reply.clone()).await;
                add(provider, case, ask(provider, &pointing(provider, &fake.url)).await);
            }
            add(provider, "nobody", ask(provider, &pointing(provider, &nobody())).await);
            let silent = Fake::new(|_| Reply::never()).await;
            let timeout = Duration::from_secs(5);
            add(provider, "slow", ask_with(provider, &pointing(provider, &silent.url), &impatient(), timeout).await);
        }
        insta::assert_snapshot!(table, @r"
        github-actions, 401: GitHub Actions gave no identity token: its token service at http://HOST/token refused the request with 401 Unauthorized: no permission
        github-actions, 500: GitHub Actions gave no identity token: its token service at http://HOST/token refused the request with 500 Internal Server Error
        github-actions, 503: GitHub Actions gave no identity token: its token service at http://HOST/token is not available: it answered 503 Service Unavailable 4 times
        github-actions, HTML: GitHub Actions gave no identity token: its token service at http://HOST/token answered with a web page; a captive portal or proxy may be intercepting the connection
        github-actions, huge: GitHub Actions gave no identity token: its token service at http://HOST/token sent an answer of more than 1048576 bytes
        github-actions, another field: GitHub Actions gave no identity token: its token service at http://HOST/token sent an invalid answer: it has no value
        github-actions, redirect: GitHub Actions gave no identity token: its token service at http://HOST/token answered 302 Found to https://elsewhere.test/; redirects are not followed
        github-actions, nobody: GitHub Actions gave no identity token: its token service at http://HOST/token could not be reached: connection refused
        github-actions, slow: GitHub Actions gave no identity token: its token service at http://HOST/token gave no answer within 0.3 s
        google-workload-identity, 401: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity refused the request with 401 Unauthorized: no permission
        google-workload-identity, 500: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity refused the request with 500 Internal Server Error
        google-workload-identity, 503: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity is not available: it answered 503 Service Unavailable 4 times
        google-workload-identity, HTML: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity answered with a web page; a captive portal or proxy may be intercepting the connection
        google-workload-identity, huge: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity sent an answer of more than 1048576 bytes
        google-workload-identity, another field: Google workload identity gave no identity token: the identity token is not a JSON Web Token: its header is not base64url
        google-workload-identity, redirect: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity answered 302 Found to https://elsewhere.test/; redirects are not followed
        google-workload-identity, nobody: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity could not be reached: connection refused
        google-workload-identity, slow: Google workload identity gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/identity gave no answer within 0.3 s
        google-impersonate, 401: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token refused the request with 401 Unauthorized: no permission
        google-impersonate, 500: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token refused the request with 500 Internal Server Error
        google-impersonate, 503: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token is not available: it answered 503 Service Unavailable 4 times
        google-impersonate, HTML: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token answered with a web page; a captive portal or proxy may be intercepting the connection
        google-impersonate, huge: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token sent an answer of more than 1048576 bytes
        google-impersonate, another field: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token sent an invalid answer: it has no access_token
        google-impersonate, redirect: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token answered 302 Found to https://elsewhere.test/; redirects are not followed
        google-impersonate, nobody: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token could not be reached: connection refused
        google-impersonate, slow: Google impersonation gave no identity token: Google's metadata server at http://HOST/computeMetadata/v1/instance/service-accounts/default/token gave no answer within 0.3 s
        azure, 401: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token refused the request with 401 Unauthorized: no permission
        azure, 500: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token refused the request with 500 Internal Server Error
        azure, 503: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token is not available: it answered 503 Service Unavailable 4 times
        azure, HTML: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token answered with a web page; a captive portal or proxy may be intercepting the connection
        azure, huge: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token sent an answer of more than 1048576 bytes
        azure, another field: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token sent an invalid answer: it has no access_token
        azure, redirect: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token answered 302 Found to https://elsewhere.test/; redirects are not followed
        azure, nobody: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token could not be reached: connection refused
        azure, slow: Azure gave no identity token: the endpoint of managed identities at http://HOST/msi/token gave no answer within 0.3 s
        ");
    });
}

#[test]
fn what_a_platform_has_not_set_is_named() {
    run(async {
        let set = |more: &[(&'static str, &str)]| more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Variables>();
        let url = (github::REQUEST_URL, "https://token.test");
        let cases = [
            (Provider::GithubActions, set(&[])),
            (Provider::GithubActions, set(&[url])),
            (Provider::GithubActions, set(&[(github::REQUEST_URL, "file:///etc/passwd"), (github::REQUEST_TOKEN, "t")])),
            (Provider::GithubActions, set(&[(github::REQUEST_URL, "http://token.test"), (github::REQUEST_TOKEN, "t")])),
            (Provider::GithubActions, set(&[url, (github::REQUEST_TOKEN, "a\nb")])),
            (Provider::Gitlab, set(&[])),
            (Provider::Gitlab, set(&[(gitlab::TOKEN, " ")])),
            (Provider::Gitlab, set(&[(gitlab::TOKEN, "no token")])),
            (Provider::Circleci, set(&[])),
            (Provider::Google, set(&[("GCE_METADATA_HOST", "metadata.evil.test")])),
            (Provider::GoogleImpersonate, set(&[])),
            (Provider::GoogleImpersonate, set(&[("GOOGLE_SERVICE_ACCOUNT_NAME", "../../a:b")])),
            (Provider::Azure, set(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://10.0.0.1")])),
            (Provider::Azure, set(&[("IDENTITY_ENDPOINT", "http://127.0.0.1/msi")])),
            (Provider::Azure, set(&[("IDENTITY_ENDPOINT", "http://msi.test/"), ("IDENTITY_HEADER", "h")])),
            (Provider::Azure, set(&[("AZURE_FEDERATED_TOKEN_FILE", "/nowhere")])),
            (Provider::Azure, set(&[("AZURE_FEDERATED_TOKEN_FILE", "/nowhere"), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")])),
            (Provider::Spiffe, set(&[])),
            (Provider::Spiffe, set(&[("SPIFFE_ENDPOINT_SOCKET", "tcp://agent.test:80")])),
            (Provider::Spiffe, set(&[("SPIFFE_ENDPOINT_SOCKET", "tcp://10.0.0.1:80")])),
            (Provider::Spiffe, set(&[("SPIFFE_ENDPOINT_SOCKET", "relative/path")])),
            (Provider::Spiffe, set(&[("SPIFFE_ENDPOINT_SOCKET", "unix:///nowhere/api.sock")])),
        ];
        let mut table = String::new();
        for (provider, variables) in cases {
            table += &format!("{}\n", ask(provider, &variables).await.unwrap_err());
        }
        insta::assert_snapshot!(table, @r"
        GitHub Actions gave no identity token: the variable ACTIONS_ID_TOKEN_REQUEST_URL is not set
        GitHub Actions gave no identity token: the variable ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set
        GitHub Actions gave no identity token: the variable ACTIONS_ID_TOKEN_REQUEST_URL is not a URL of http or https
        GitHub Actions gave no identity token: its token service at http://token.test/ is not called over plain http: an identity token for another machine must be encrypted
        GitHub Actions gave no identity token: its token service at https://token.test/ cannot be called: the token contains characters that are not allowed in a header
        GitLab CI gave no identity token: the variable SIGSTORE_ID_TOKEN is not set
        GitLab CI gave no identity token: the variable SIGSTORE_ID_TOKEN is not set
        GitLab CI gave no identity token: the identity token is not a JSON Web Token: it does not have three parts
        CircleCI gave no identity token: the variable CIRCLE_OIDC_TOKEN_V2 is not set
        Google workload identity gave no identity token: the variable GCE_METADATA_HOST is neither a loopback nor a link-local address
        Google impersonation gave no identity token: the variable GOOGLE_SERVICE_ACCOUNT_NAME is not set
        Google impersonation gave no identity token: the variable GOOGLE_SERVICE_ACCOUNT_NAME is not an address of a service account
        Azure gave no identity token: the variable AZURE_POD_IDENTITY_AUTHORITY_HOST is neither a loopback nor a link-local address
        Azure gave no identity token: the variable IDENTITY_HEADER is not set
        Azure gave no identity token: the endpoint of managed identities at http://msi.test/ is not called over plain http: an identity token for another machine must be encrypted
        Azure gave no identity token: the variable AZURE_TENANT_ID is not set
        Azure gave no identity token: /nowhere cannot be read: No such file or directory (os error 2)
        SPIFFE gave no identity token: the variable SPIFFE_ENDPOINT_SOCKET is not set
        SPIFFE gave no identity token: the variable SPIFFE_ENDPOINT_SOCKET is not an IP address with a port
        SPIFFE gave no identity token: the variable SPIFFE_ENDPOINT_SOCKET is not an address of this machine
        SPIFFE gave no identity token: the variable SPIFFE_ENDPOINT_SOCKET is neither unix:///PATH nor tcp://IP:PORT
        SPIFFE gave no identity token: the Workload API at unix:///nowhere/api.sock cannot be reached: No such file or directory (os error 2)
        ");
    });
}

#[test]
fn a_managed_identity_of_a_machine_is_asked_from_imds() {
    run(async {
        let fake = Fake::new(|seen| good(Provider::Azure, seen)).await;
        let variables = HashMap::from([("AZURE_POD_IDENTITY_AUTHORITY_HOST", fake.url.clone()), ("AZURE_CLIENT_ID", "of-user".to_owned())]);
        assert_eq!(ask(Provider::Azure, &variables).await, Ok("workload".to_owned()));
        let seen = &fake.seen()[0];
        assert_eq!((seen.path.as_str(), header(seen, "metadata")), ("/metadata/identity/oauth2/token", "true"));
        assert_eq!((query(seen)["resource"].as_str(), query(seen)["client_id"].as_str()), ("sigstore", "of-user"));
        assert_eq!(query(seen)["api-version"], "2018-02-01");
    });
}

#[test]
fn a_federated_token_is_exchanged_at_entra() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "projected.token.here\n").unwrap();
        let fake = Fake::new(|seen| good(Provider::Azure, seen)).await;
        let variables = HashMap::from([
            ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap().to_owned()),
            ("AZURE_TENANT_ID", "ten/ant".to_owned()),
            ("AZURE_CLIENT_ID", "client".to_owned()),
            ("AZURE_AUTHORITY_HOST", format!("{}/", fake.url)),
        ]);
        assert_eq!(ask(Provider::Azure, &variables).await, Ok("workload".to_owned()));
        let seen = &fake.seen()[0];
        assert_eq!(seen.path, "/ten%2Fant/oauth2/v2.0/token");
        let form: HashMap<String, String> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
        assert_eq!((form["grant_type"].as_str(), form["scope"].as_str()), ("client_credentials", "sigstore/.default"));
        assert_eq!((form["client_id"].as_str(), form["client_assertion"].as_str()), ("client", "projected.token.here"));
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    });
}

/// Makes a program `name` in `folder`. Another process writes it, since a child that another test starts at the same moment would inherit
/// the open file, and it could not be run.
#[cfg(unix)]
fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    let script = format!("cat > '{}' <<'END'\n#!/bin/sh\n{text}\nEND\nchmod 755 '{}'", path.display(), path.display());
    assert!(std::process::Command::new("sh").args(["-c", &script]).status().unwrap().success());
}

#[test]
#[cfg(unix)]
fn a_platforms_program_is_asked_with_a_deadline_and_a_cap() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let variables = HashMap::from([("PATH", path)]);
    let buildkite = |text: &str, deadline| {
        program(folder.path(), "buildkite-agent", text);
        run(ask_with(Provider::Buildkite, &variables, &patient(), deadline))
    };
    let long = Duration::from_secs(60);
    let good = format!("[ \"$*\" = 'oidc request-token --audience sigstore' ] && echo {}", jwt());
    assert_eq!(buildkite(&good, long), Ok("workload".to_owned()));
    let started = std::time::Instant::now();
    let mut table = String::new();
    for (case, text, deadline) in [
        ("refuses", "echo 'level=fatal msg=\"not\u{1b}[2J allowed\"' >&2; exit 1".to_owned(), long),
        ("prints no token", "echo usage".to_owned(), long),
        ("prints nothing", "exit 0".to_owned(), long),
        ("prints without end", "yes".to_owned(), long),
        ("prints bytes", "printf '\\377\\376'".to_owned(), long),
        ("is slow", "sleep 300".to_owned(), Duration::from_millis(200)),
        ("has closed its output and goes on", "exec >&- 2>&-; sleep 300".to_owned(), Duration::from_millis(200)),
        ("leaves a child behind", format!("sleep 300 & echo {}", jwt()), Duration::from_millis(400)),
    ] {
        table += &format!("{case}: {}\n", buildkite(&text, deadline).unwrap_err());
    }
    assert!(started.elapsed() < long, "{:?}", started.elapsed());
    insta::assert_snapshot!(table, @r#"
    refuses: Buildkite gave no identity token: the program buildkite-agent failed with exit status: 1: level=fatal msg="not\u{1b}[2J allowed"
    prints no token: Buildkite gave no identity token: the identity token is not a JSON Web Token: it does not have three parts
    prints nothing: Buildkite gave no identity token: the identity token is not a JSON Web Token: it does not have three parts
    prints without end: Buildkite gave no identity token: the program buildkite-agent printed more than 16384 bytes
    prints bytes: Buildkite gave no identity token: the program buildkite-agent printed text that is not valid UTF-8
    is slow: Buildkite gave no identity token: the program buildkite-agent gave no answer within 0.2 s
    has closed its output and goes on: Buildkite gave no identity token: the program buildkite-agent gave no answer within 0.2 s
    leaves a child behind: Buildkite gave no identity token: the program buildkite-agent gave no answer within 0.4 s
    "#);
}

#[test]
#[cfg(unix)]
fn circleci_is_asked_for_another_token_only_where_the_one_at_hand_is_for_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let of_organization = token_of(&json!({"iss": "https://oidc.circleci.com/org/1", "sub": "of-organization", "aud": "1", "exp": 2}));
    let ask = |token: &str| {
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        run(ask(Provider::Circleci, &HashMap::from([("PATH", path), (circleci::TOKEN, token.to_owned())])))
    };
    assert_eq!(ask(&jwt()), Ok("workload".to_owned()));
    assert_eq!(
        ask(&of_organization).unwrap_err(),
        "CircleCI gave no identity token: the program circleci cannot be run: No such file or directory (os error 2)"
    );
    program(
        folder.path(),
        "circleci",
        &format!("[ \"$*\" = 'run oidc get --root-issuer --claims {{\"aud\":\"sigstore\"}}' ] && echo {}", jwt()),
    );
    assert_eq!(ask(&of_organization), Ok("workload".to_owned()));
}

/// How a Workload API answers.
#[derive(Clone)]
enum Agent {
    Svids(Vec<String>),
    /// Headers and nothing else, or a message and then these trailers.
    Status(&'static str, &'static str, bool),
    Bytes(Vec<u8>),
    Http(u16),
    Never,
    NoHttp,
}

/// The request that a Workload API got: its path, its headers and its message.
type Asked = Arc<Mutex<Vec<(String, http::HeaderMap, JwtSvidRequest)>>>;

/// Serves connections until the test ends.
async fn workload_api(listener: tokio::net::UnixListener, agent: Agent, asked: Asked) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if matches!(agent, Agent::NoHttp) {
            use std::io::Write as _;
            stream.into_std().unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            continue;
        }
        let (agent, asked) = (agent.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let (agent, asked) = (agent.clone(), Arc::clone(&asked));
                tokio::spawn(async move {
                    let (parts, mut body) = request.into_parts();
                    let mut message = Vec::new();
                    while let Some(Ok(chunk)) = body.data().await {
                        message.extend_from_slice(&chunk);
                    }
                    asked.lock().unwrap().push((
                        parts.uri.path().to_owned(),
                        parts.headers,
                        JwtSvidRequest::decode(&message[5..]).unwrap(),
                    ));
                    let ok = || http::Response::builder().header("content-type", "application/grpc");
                    let status = |status: &str, message: &str| {
                        let headers = [("grpc-status", status), ("grpc-message", message)];
                        headers.map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).into_iter().collect()
                    };
                    let bytes = match agent {
                        Agent::Svids(svids) => {
                            let svids = svids.into_iter().map(|svid| JwtSvid { spiffe_id: "spiffe://example.test/ci".into(), svid });
                            let message = JwtSvidResponse { svids: svids.collect() }.encode_to_vec();
                            [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat()
                        }
                        Agent::Status(code, text, true) => {
                            let response = ok().header("grpc-status", code).header("grpc-message", text).body(()).unwrap();
                            respond.send_response(response, true).unwrap();
                            return;
                        }
                        Agent::Status(code, text, false) => {
                            let mut stream = respond.send_response(ok().body(()).unwrap(), false).unwrap();
                            stream.send_trailers(status(code, text)).unwrap();
                            return;
                        }
                        Agent::Bytes(bytes) => bytes,
                        Agent::Http(code) => {
                            respond.send_response(http::Response::builder().status(code).body(()).unwrap(), true).unwrap();
                            return;
                        }
                        Agent::Never | Agent::NoHttp => std::future::pending().await,
                    };
                    let mut stream = respond.send_response(ok().body(()).unwrap(), false).unwrap();
                    // one that has read enough closes the stream
                    let _ = stream.send_data(bytes.into(), false);
                    let _ = stream.send_trailers(status("0", ""));
                });
            }
        });
    }
}

async fn from_agent(agent: Agent, deadline: Duration) -> (Result<String, String>, Asked) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock");
    let asked = Asked::default();
    let server = tokio::spawn(workload_api(tokio::net::UnixListener::bind(&socket).unwrap(), agent, Arc::clone(&asked)));
    let variables = HashMap::from([("SPIFFE_ENDPOINT_SOCKET", format!("unix://{}", socket.display()))]);
    let answer = ask_with(Provider::Spiffe, &variables, &patient(), deadline).await;
    server.abort();
    (answer.map_err(|answer| answer.replace(&folder.path().display().to_string(), "FOLDER")), asked)
}

const LONG: Duration = Duration::from_secs(60);

#[test]
#[cfg(unix)]
fn the_workload_api_is_asked_as_its_specification_says_and_its_first_svid_is_the_default() {
    run(async {
        let other = token_of(&json!({"iss": "https://issuer.test", "sub": "second", "aud": "sigstore", "exp": 1}));
        let (answer, asked) = from_agent(Agent::Svids(vec![jwt(), other]), LONG).await;
        assert_eq!(answer, Ok("workload".to_owned()));
        let asked = asked.lock().unwrap();
        let (path, headers, request) = &asked[0];
        assert_eq!((path.as_str(), headers["workload.spiffe.io"].to_str().unwrap()), ("/SpiffeWorkloadAPI/FetchJWTSVID", "true"));
        assert_eq!((headers["content-type"].to_str().unwrap(), headers["te"].to_str().unwrap()), ("application/grpc", "trailers"));
        assert_eq!(*request, JwtSvidRequest { audience: vec!["sigstore".into()], spiffe_id: String::new() });
    });
}

#[test]
#[cfg(unix)]
fn a_workload_api_that_gives_no_svid_is_named() {
    run(async {
        let cases = [
            ("no identity", Agent::Status("7", "no identity issued%2C pid%3A 1", true)),
            ("an error among the trailers", Agent::Status("14", "try%1B%5B2J later", false)),
            ("unimplemented", Agent::Status("12", "", true)),
            ("success without a message", Agent::Status("0", "", false)),
            ("no SVID", Agent::Svids(vec![])),
            ("no token", Agent::Svids(vec!["x".into()])),
            ("compressed", Agent::Bytes(vec![1, 0, 0, 0, 0])),
            ("another length", Agent::Bytes(vec![0, 0, 0, 0, 9, 1])),
            ("no message", Agent::Bytes(vec![0, 0, 0, 0, 1, 0xff])),
            ("huge", Agent::Bytes(vec![0; 400 << 10])),
            ("HTTP 404", Agent::Http(404)),
        ];
        let mut table = String::new();
        for (case, agent) in cases {
            table += &format!("{case}: {}\n", from_agent(agent, LONG).await.0.unwrap_err());
        }
        table += &format!("slow: {}\n", from_agent(Agent::Never, Duration::from_millis(200)).await.0.unwrap_err());
        // whether the answer or the end of the connection is noticed first is left to chance
        let not_http2 = from_agent(Agent::NoHttp, LONG).await.0.unwrap_err();
        assert!(not_http2.contains("api.sock closed the connection"), "{not_http2}");
        insta::assert_snapshot!(table, @r"
        no identity: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock does not know this process (permission denied): no identity issued, pid: 1
        an error among the trailers: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock refused with the gRPC status 14: try\u{1b}[2J later
        unimplemented: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock does not support JWT-SVIDs (unimplemented)
        success without a message: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock sent an invalid answer: it is empty
        no SVID: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock gave no SVID
        no token: SPIFFE gave no identity token: the identity token is not a JSON Web Token: it does not have three parts
        compressed: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock sent an invalid answer: it is compressed
        another length: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock sent an invalid answer: its length is not the announced one
        no message: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock sent an invalid answer: it is not a JWTSVIDResponse
        huge: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock sent an answer of more than 262144 bytes
        HTTP 404: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock answered 404 Not Found, which is not gRPC
        slow: SPIFFE gave no identity token: the Workload API at unix://FOLDER/api.sock gave no answer within 0.2 s
        ");
    });
}

#[test]
fn a_job_is_known_by_the_variables_that_its_platform_documents_and_has_a_token() {
    let job = |set: &[(&str, &str)]| {
        let set: HashMap<String, OsString> = set.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        Provider::of_job(&|name: &str| set.get(name).cloned())
    };
    let github = [("GITHUB_ACTIONS", "true"), (github::REQUEST_URL, "u"), (github::REQUEST_TOKEN, "t")];
    assert_eq!(job(&github), Some(Provider::GithubActions));
    assert_eq!(job(&github[..2]), None, "without the permission");
    assert_eq!(job(&[("GITLAB_CI", "true"), (gitlab::TOKEN, "t")]), Some(Provider::Gitlab));
    assert_eq!(job(&[("CIRCLECI", "true"), (circleci::TOKEN, "t")]), Some(Provider::Circleci));
    assert_eq!(job(&[("BUILDKITE", "true"), ("BUILDKITE_JOB_ID", "1")]), Some(Provider::Buildkite));
    assert_eq!(job(&[("CI", "true"), ("SPIFFE_ENDPOINT_SOCKET", "unix:///s"), ("IDENTITY_ENDPOINT", "http://127.0.0.1")]), None);
    for provider in Provider::ALL {
        assert_eq!(Provider::ALL.into_iter().find(|other| other.name() == provider.name()), Some(provider));
    }
    let remedy = |set: &[(&str, &str)]| {
        let set: HashMap<String, OsString> = set.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        Provider::remedy_in_job(&|name: &str| set.get(name).cloned()).unwrap_or_default()
    };
    assert!(remedy(&github[..2]).contains("id-token: write"));
    assert!(remedy(&[("GITLAB_CI", "true")]).contains("id_tokens"));
    assert!(remedy(&[("CIRCLECI", "true")]).contains("context"));
    for needs_none in [&github[..], &[("BUILDKITE", "true"), ("BUILDKITE_JOB_ID", "1")], &[("CI", "true")]] {
        assert_eq!(remedy(needs_none), "");
    }
}
