//! Signatures of CI jobs and services, whose platform gives the token: through git, with an endpoint that answers as the platform does.

use super::{repository, shown};
use crate::support::{
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
    socket::{Silent, answering, closed},
    tokens::{of_github, token},
};
use serde_json::json;

const ROBOT: &str = "robot@example.com";
const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";
const SIGN: [&str; 3] = ["--status-fd=2", "-bsau", "Ann <ann@example.com>"];

/// A server that gives this body as JSON to everybody, as Google's metadata server shows itself.
fn giving(body: &str) -> String {
    answering(format!(
        "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A repository on a machine without a person, whose issuer takes no access code.
fn machine() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    (sigstore, sandbox)
}

/// Runs a program in a session of its own, which has no terminal.
fn alone(sandbox: &Sandbox, program: &str, arguments: &[&str], input: &[u8]) -> Done {
    sandbox.feed(sandbox.command("setsid", &sandbox.work()).arg("--wait").arg(program).args(arguments), input)
}

#[test]
fn each_platform_s_token_signs_where_it_is_chosen() {
    let (sigstore, sandbox) = machine();
    let token = sigstore.token(ROBOT);
    let of = |name: &str| giving(&json!({ name: token }).to_string());
    let google = answering(format!("HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: {}\r\n\r\n{token}", token.len()));
    let programs = sandbox.root().join("programs");
    std::fs::create_dir(&programs).unwrap();
    sandbox.script("programs/buildkite-agent", &format!("#!/bin/sh\necho '{token}'\n"));
    let file = sandbox.root().join("projected");
    std::fs::write(&file, &token).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    // both answers of Google's are in one, since the server always says the same
    let impersonate = giving(&json!({"access_token": "access", "token": token}).to_string());
    let host = |url: &str| url.trim_start_matches("http://").to_owned();
    let cases: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("github-actions", vec![("ACTIONS_ID_TOKEN_REQUEST_URL", of("value") + "/?a=b"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t".into())]),
        ("gitlab", vec![("SIGSTORE_ID_TOKEN", token.clone())]),
        ("circleci", vec![("CIRCLE_OIDC_TOKEN_V2", token.clone())]),
        ("buildkite-agent", vec![("PATH", path.clone())]),
        ("buildkite", vec![("PATH", path)]),
        ("google", vec![("GCE_METADATA_HOST", host(&google))]),
        (
            "google-impersonate",
            vec![
                ("GCE_METADATA_HOST", host(&impersonate)),
                ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", impersonate.clone()),
                ("GOOGLE_SERVICE_ACCOUNT_NAME", ROBOT.into()),
            ],
        ),
        ("azure", vec![("IDENTITY_ENDPOINT", of("access_token")), ("IDENTITY_HEADER", "h".into())]),
        ("filesystem", vec![("PARAPH_ID_TOKEN_FILE", file.to_str().unwrap().into())]),
        ("envvar", vec![("SIGSTORE_ID_TOKEN", token.clone())]),
    ];
    for (provider, variables) in cases {
        let mut git = sandbox.command("git", &sandbox.work());
        git.envs(variables.iter().map(|(name, value)| (name, value)));
        let option = format!("gitsign.tokenProvider={provider}");
        git.args(["-c", &option, "commit", "-q", "-S", "--allow-empty", "-m", provider]);
        let done: Done = git.output().unwrap().into();
        assert_eq!(done.code, Some(0), "{provider}: {}", done.stderr);
        assert_eq!(sandbox.git(&["log", "-1", "--format=%GS %s"]), format!("{ROBOT} {provider}"));
    }
}

#[test]
fn a_job_in_which_nobody_can_log_in_signs_as_itself_and_says_so() {
    let test = "a_job_in_which_nobody_can_log_in_signs_as_itself_and_says_so";
    let (sigstore, mut sandbox) = machine();
    if !installed("setsid", test) || !installed("script", test) {
        return;
    }
    let endpoint = giving(&json!({ "value": sigstore.token(ROBOT) }).to_string());
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("ACTIONS_ID_TOKEN_REQUEST_URL", &endpoint);
    sandbox.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    let commit = alone(&sandbox, "git", &["commit", "-q", "-S", "--allow-empty", "-m", "message"], b"");
    assert_eq!((commit.code, sandbox.git(&["log", "-1", "--format=%GS"])), (Some(0), ROBOT.into()), "{}", commit.stderr);
    let said = alone(&sandbox, env!("CARGO_BIN_EXE_paraph"), &SIGN, PAYLOAD).stderr;
    insta::assert_snapshot!(said.lines().next().unwrap(), @"Signing as this job of GitHub Actions: no login is possible here. Set paraph.tokenProvider to choose.");

    // somebody at a terminal is asked, and told about the job's
    sandbox.git(&["config", "--global", "paraph.loginTimeout", "2"]);
    let mut script = sandbox.command("script", &sandbox.work());
    script.args(["-qec", "git commit -q -S --allow-empty -m second 2> /dev/null < /dev/null", "/dev/null"]);
    let on_terminal = sandbox.feed(&mut script, b"").stdout.replace("\r\n", "\n");
    let on_terminal = shown(&sandbox, &on_terminal);
    let without_code: Vec<&str> = on_terminal.lines().map(|line| line.split(" with the code").next().unwrap()).collect();
    insta::assert_snapshot!(without_code.join("\n"), @r"
    paraph: The identity of this job of GitHub Actions is not used. Set paraph.tokenProvider = github-actions to use it.
    paraph: log in on any device at http://HOST/device
    paraph: nobody completed the login within 2 s
    paraph: hint: try again; a larger paraph.loginTimeout gives more time.
    ");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), "message");
}

#[test]
fn a_token_that_cannot_be_right_is_sent_to_nobody() {
    let (_sigstore, mut sandbox) = machine();
    let (fulcio, log) = (Silent::start(), Silent::start());
    sandbox.set("GITSIGN_FULCIO_URL", &fulcio.url);
    sandbox.set("GITSIGN_REKOR_URL", &log.url);
    sandbox.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    sandbox.set("PARAPH_TOKEN_PROVIDER", "github-actions");
    let mut table = String::new();
    let more = |name: &str, value: serde_json::Value| {
        let mut claims = of_github();
        claims[name] = value;
        claims
    };
    for (case, token) in [
        ("another audience", token(&more("aud", json!("https://github.com/org")), -5, 300)),
        ("expired", token(&of_github(), -900, -600)),
        ("from the future", token(&of_github(), 600, 900)),
    ] {
        let endpoint = giving(&json!({ "value": token }).to_string());
        let mut paraph = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        let done = sandbox.feed(paraph.env("ACTIONS_ID_TOKEN_REQUEST_URL", endpoint).args(SIGN), PAYLOAD);
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
        table += &format!("{case}\n{}\n", shown(&sandbox, &done.stderr));
    }
    assert_eq!((fulcio.connections(), log.connections()), (0, 0));
    insta::assert_snapshot!(table, @r#"
    another audience
    error: the token from GitHub Actions is not sent: the identity token's audience is "https://github.com/org"; expected "sigstore"
    hint: request a token for the client id (paraph.clientID, "sigstore" by default).

    expired
    error: the token from GitHub Actions is not sent: the identity token expired at TIME
    hint: get a new token; if it is new, this machine's clock is ahead.

    from the future
    error: the token from GitHub Actions is not sent: the identity token was issued in the future, at TIME
    hint: set this machine's clock; `paraph doctor` measures it.
    "#);
}

/// The name in the certificate is composed by Fulcio, and can be told before.
#[test]
fn the_expected_identity_of_a_workload_is_its_name_in_the_certificate_or_its_subject() {
    let (_sigstore, mut sandbox) = machine();
    sandbox.set("GITSIGN_FULCIO_URL", &closed());
    sandbox.set("SIGSTORE_ID_TOKEN", &token(&of_github(), -5, 300));
    let mut table = String::new();
    for expected in [
        "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main",
        "repo:org/repo:ref:refs/heads/main",
        "https://github.com/org/repo/.github/workflows/other.yml@refs/heads/main",
    ] {
        sandbox.git(&["config", "--global", "paraph.expectedIdentity", expected]);
        let done = sandbox.paraph_with(&SIGN, PAYLOAD);
        table += &format!("{expected}\n{}\n", shown(&sandbox, &done.stderr));
    }
    insta::assert_snapshot!(table, @r#"
    https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main
    error: Fulcio at http://HOST/api/v2/signingCert could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    repo:org/repo:ref:refs/heads/main
    error: Fulcio at http://HOST/api/v2/signingCert could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    https://github.com/org/repo/.github/workflows/other.yml@refs/heads/main
    error: the identity is "repo:org/repo:ref:refs/heads/main" (in the certificate "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main"); expected "https://github.com/org/repo/.github/workflows/other.yml@refs/heads/main" (paraph.expectedIdentity in ROOT/home/.gitconfig (global)); nothing was sent to Fulcio or the log
    hint: log in as the expected identity, or change paraph.expectedIdentity.
    "#);
}
