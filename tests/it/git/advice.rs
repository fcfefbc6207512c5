//! Common failures of signing: each message says what happened and what to do, and nothing is signed.

use super::{repository, shown};
use crate::support::{
    objects::installed,
    sandbox::Sandbox,
    sigstore::Sigstore,
    socket::{answering, closed},
    tokens::token,
};
use serde_json::json;

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";

/// The difference from a machine on which signing works.
#[derive(Default)]
struct Case {
    settings: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Somebody has to log in.
    login: bool,
    status_fd: Option<&'static str>,
}

/// What paraph prints in a session without a terminal, with every URL of the case by its own name.
fn stderr(sandbox: &Sandbox, case: &Case) -> String {
    let mut command = sandbox.command("setsid", &sandbox.work());
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_paraph"));
    command.args([format!("--status-fd={}", case.status_fd.unwrap_or("2")).as_str(), "-bsau", "Ann <ann@example.com>"]);
    command.env("GIT_CONFIG_COUNT", case.settings.len().to_string());
    for (number, setting) in case.settings.iter().enumerate() {
        let (key, value) = setting.split_once('=').unwrap();
        command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    command.envs(case.variables.iter().map(|(name, value)| (name, value)));
    let done = sandbox.feed(&mut command, PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    shown(sandbox, &done.stderr)
}

#[test]
fn each_failure_says_what_happened_and_what_to_do() {
    if !installed("setsid", "each_failure_says_what_happened_and_what_to_do") {
        return;
    }
    let (sigstore, sandbox) = repository();
    let other = Sigstore::start();
    let email = |email: &str, more: serde_json::Value, begins, ends| {
        let mut claims = json!({"email": email, "email_verified": true});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![("SIGSTORE_ID_TOKEN", token(&claims, begins, ends))]
    };
    let http = |status: &str, kind: &str, body: &str| {
        answering(format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let portal = http("200 OK", "text/html", "<html>Welcome to the hotel</html>");
    let to_portal = answering("HTTP/1.1 302 Found\r\nLocation: https://hotel.example/login\r\nContent-Length: 0\r\n\r\n".into());
    let no_issuer =
        http("400 Bad Request", "application/json", r#"{"code":3,"message":"There was an error processing the identity token"}"#);
    let full = http("502 Bad Gateway", "text/plain", "bad gateway");
    let stale = sandbox.root().join("stale-code");
    std::fs::write(&stale, "another-code\n").unwrap();
    let settings = |settings: &[&str]| settings.iter().map(|setting| (*setting).to_owned()).collect::<Vec<_>>();
    let with = |list: &[&str]| Case { settings: settings(list), ..Case::default() };
    let login = |list: &[&str]| Case { settings: settings(list), login: true, ..Case::default() };
    let holding = |variables| Case { variables, ..Case::default() };
    let now = || email("ann@example.com", json!({}), -5, 300);

    let cases: Vec<(&str, Case)> = vec![
        ("no terminal and no desktop", login(&[])),
        ("no browser", login(&["paraph.urlOpener=false {{.URL}}"])),
        ("nobody logs in", login(&["paraph.urlOpener=true {{.URL}}", "paraph.loginTimeout=1"])),
        ("an expired token", holding(email("ann@example.com", json!({}), -900, -600))),
        ("a wrong clock", holding(email("ann@example.com", json!({}), 600, 900))),
        ("a token for somebody else", holding(email("ann@example.com", json!({"aud": "https://cloud.example"}), -5, 300))),
        ("a token of another instance", holding(email("ann@example.com", json!({"iss": "https://oauth2.sigstore.dev/auth"}), -5, 300))),
        ("an address that nobody has verified", holding(email("ann@example.com", json!({"email_verified": false}), -5, 300))),
        ("no token", holding(vec![("SIGSTORE_ID_TOKEN", "none".into())])),
        ("no variable", with(&["paraph.tokenProvider=envvar"])),
        ("no file", with(&["paraph.tokenProvider=filesystem", "paraph.identityTokenFile=/nowhere/token"])),
        ("a job without permission", with(&["paraph.tokenProvider=github-actions"])),
        ("an unknown token provider", with(&["paraph.tokenProvider=jenkins"])),
        ("another identity than expected", Case { settings: settings(&["paraph.expectedIdentity=bob@example.com"]), ..holding(now()) }),
        (
            "another identity than the committer",
            Case { settings: settings(&["gitsign.matchCommitter=true"]), ..holding(email("bob@example.com", json!({}), -5, 300)) },
        ),
        ("an access code of yesterday", with(&[&format!("paraph.local.accessCodeFile={}", stale.display())])),
        ("an issuer that is down", with(&[&format!("paraph.issuer={}", closed())])),
        ("a captive portal", with(&[&format!("paraph.issuer={portal}")])),
        ("the same, by a redirect", with(&[&format!("paraph.fulcio={to_portal}")])),
        ("a proxy that is down", Case { variables: vec![("HTTPS_PROXY", closed())], ..with(&["paraph.fulcio=https://fulcio.invalid"]) }),
        ("a token in clear", with(&["paraph.fulcio=http://fulcio.invalid"])),
        ("an issuer that Fulcio does not know", with(&[&format!("paraph.fulcio={no_issuer}")])),
        ("a log that is down", with(&[&format!("paraph.rekor={full}")])),
        ("another service as the timestamp authority", with(&[&format!("paraph.timestampServerURL={}/nowhere", sigstore.url)])),
        ("a root of somebody else", with(&[&format!("paraph.local.trustedRoot={}", other.file("trusted_root.json"))])),
        ("an instance without a root", with(&["paraph.instance=office"])),
        ("a setting that is none", with(&["paraph.timeout=soon"])),
        ("a closed descriptor", Case { status_fd: Some("77"), ..Case::default() }),
    ];
    let mut table = String::new();
    for (name, case) in &cases {
        if case.login {
            sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        }
        let text = stderr(&sandbox, case);
        if case.login {
            sandbox.git(&["config", "--global", "paraph.local.accessCodeFile", &sigstore.file("access-code")]);
        }
        // a message without a hint says itself what is missing
        let helps = text.contains("\nhint: ") || text.contains(": set paraph.");
        assert!(helps, "{name}: {text}");
        table += &format!("{name}\n{}\n", text.replace(other.folder.to_str().unwrap(), "OTHER"));
    }
    insta::assert_snapshot!(table, @r#"
    no terminal and no desktop
    error: a login is needed, but there is neither a terminal nor a desktop session to show it on
    hint: log in where there is a terminal or a desktop, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile.

    no browser
    error: no browser could be opened for the login, and there is no terminal to show its address on
    hint: set paraph.urlOpener to a program that opens a browser, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile.

    nobody logs in
    error: nobody completed the login within 1 s
    hint: try again; a larger paraph.loginTimeout gives more time.

    an expired token
    error: the token from SIGSTORE_ID_TOKEN is not sent: the identity token expired at TIME
    hint: get a new token; if it is new, this machine's clock is ahead.

    a wrong clock
    error: the token from SIGSTORE_ID_TOKEN is not sent: the identity token was issued in the future, at TIME
    hint: set this machine's clock; `paraph doctor` measures it.

    a token for somebody else
    error: the token from SIGSTORE_ID_TOKEN is not sent: the identity token's audience is "https://cloud.example"; expected "sigstore"
    hint: request a token for the client id (paraph.clientID, "sigstore" by default).

    a token of another instance
    error: the token from SIGSTORE_ID_TOKEN is not sent: the identity token is from https://oauth2.sigstore.dev/auth, which belongs to the instance public; the selected instance is local
    hint: set paraph.instance to public, get a token for local, or set paraph.issuer to https://oauth2.sigstore.dev/auth if local shares it.

    an address that nobody has verified
    error: the token from SIGSTORE_ID_TOKEN is not sent: the issuer has not verified the address ann@example.com
    hint: verify the address at the issuer.

    no token
    error: SIGSTORE_ID_TOKEN contains no usable identity token: the identity token is not a JSON Web Token: it does not have three parts
    hint: an identity token is three parts of base64url, separated by periods, as an issuer gives it.

    no variable
    error: the token provider is envvar, but SIGSTORE_ID_TOKEN is not set
    hint: set it to an identity token, or choose another paraph.tokenProvider.

    no file
    error: the identity token cannot be read from /nowhere/token: No such file or directory (os error 2)
    hint: check paraph.identityTokenFile and SIGSTORE_OIDC_TOKEN_FILE; in Kubernetes, mount the projected token with the audience sigstore.

    a job without permission
    error: GitHub Actions gave no identity token: the variable ACTIONS_ID_TOKEN_REQUEST_URL is not set
    hint: give the job `permissions: id-token: write`; a workflow of a pull request from a fork cannot have it.

    an unknown token provider
    error: paraph.tokenProvider in git's environment (GIT_CONFIG_COUNT) is "jenkins"; allowed: interactive, device, envvar, filesystem, github-actions, gitlab, circleci, buildkite-agent, google-workload-identity, google-impersonate, spiffe, azure
    hint: correct or unset it; `paraph config` shows where each value comes from.

    another identity than expected
    error: the identity is "ann@example.com"; expected "bob@example.com" (paraph.expectedIdentity in git's environment (GIT_CONFIG_COUNT)); nothing was sent to Fulcio or the log
    hint: log in as the expected identity, or change paraph.expectedIdentity.

    another identity than the committer
    error: the identity is "bob@example.com", but the commit is from "ann@example.com"; nothing was sent to Fulcio or the log
    hint: set user.email to the identity, or unset paraph.matchCommitter.

    an access code of yesterday
    error: the program at the local issuer's address does not know its access code: it is another local Sigstore, or another program
    hint: run `paraph local status`; if the local Sigstore was recreated, run `paraph local use` again in this repository.

    an issuer that is down
    error: the issuer at http://HOST/.well-known/openid-configuration could not be reached: connection refused
    hint: if the local Sigstore is not running, start it: `paraph local serve --background`.

    a captive portal
    error: the issuer at http://HOST/.well-known/openid-configuration answered with a web page; a captive portal or proxy may be intercepting the connection
    hint: log in to the network with a browser, or check the proxy variables; then try again.

    the same, by a redirect
    error: Fulcio at http://HOST/api/v2/signingCert answered 302 Found to https://hotel.example/login; redirects are not followed
    hint: log in to the network with a browser if it asks for that; otherwise configure the new address, if you trust it.

    a proxy that is down
    error: Fulcio at https://fulcio.invalid/api/v2/signingCert could not be reached: connection refused (through the proxy HOST)
    hint: check the address, the network, the proxy variables and git's http.proxy.

    a token in clear
    error: Fulcio at http://fulcio.invalid/api/v2/signingCert is not called over plain http: an identity token for another machine must be encrypted
    hint: configure its https address; in a network that you trust with your identity, set paraph.allowPlainHttp.

    an issuer that Fulcio does not know
    error: Fulcio at http://HOST/api/v2/signingCert refused the request with 400 Bad Request: There was an error processing the identity token
    hint: use a fresh token from an issuer that Fulcio accepts, with the audience that it expects; `paraph config` shows the issuer and the client id.

    a log that is down
    error: Rekor v1 at http://HOST/api/v1/log/entries is not available: it answered 502 Bad Gateway 4 times: bad gateway
    hint: try again; if it keeps failing, check the service's status page.

    another service as the timestamp authority
    error: the timestamp authority at http://HOST/nowhere refused the request with 404 Not Found: Not Found
    hint: check the address; no such service answers there.

    a root of somebody else
    error: the certificate from Fulcio at http://HOST cannot be used: the certificate's authority is not in the trust root: checked with the keys of the instance local (OTHER/trusted_root.json); `paraph trust update` fetches newer ones, and --instance or `paraph local use` chooses another instance
    hint: run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services; if trust comes from files, add the missing one to paraph.fulcioRoot.

    an instance without a root
    error: there is no instance "office" (set by paraph.instance in git's environment (GIT_CONFIG_COUNT))
    hint: check the spelling.

    a setting that is none
    error: paraph.timeout in git's environment (GIT_CONFIG_COUNT) is "soon"; allowed: a whole number of seconds from 1 to 3600
    hint: correct or unset it; `paraph config` shows where each value comes from.

    a closed descriptor
    error: the status lines cannot be written to descriptor 77: No such file or directory (os error 2)
    hint: open the descriptor of --status-fd for writing; git uses 2 when it signs and 1 when it verifies.
    "#);
}

/// Above, standard output holds nothing of the signature; here, nothing was sent to the log either.
#[test]
fn a_status_descriptor_that_cannot_be_written_ends_the_call_before_anything_is_done() {
    let (sigstore, sandbox) = repository();
    let done = sandbox.paraph_with(&["--status-fd=77", "-bsau", "ann@example.com"], PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    assert_eq!(sigstore.folder.join("logs/rekor2.entries").metadata().unwrap().len(), 0);
}

#[test]
fn a_call_with_a_token_uses_no_setting_of_a_login() {
    let (sigstore, mut sandbox) = repository();
    let dir = sigstore.file("");
    let given = sandbox.paraph(&["local", "token", "--dir", &dir, "ann@example.com"]);
    sandbox.set("SIGSTORE_ID_TOKEN", given.stdout.trim());
    for setting in ["paraph.local.accessCodeFile=/nowhere", "gitsign.rekorMode=neither", "paraph.loginTimeout=soon"] {
        let done = sandbox.try_git(&["-c", setting, "commit", "-q", "-S", "--allow-empty", "-m", setting]);
        assert_eq!(done.code, Some(0), "{setting}: {}", done.stderr);
    }
}
