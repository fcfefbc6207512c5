//! `paraph setup`, `paraph doctor` and `paraph whoami`: the commands before the first signature, and when something fails.

mod setup;

use crate::support::{
    filter::filtered,
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
    socket::{answering, closed},
    tokens::{of_github, token},
};
use serde_json::{Value, json};

fn repository() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = (Sigstore::start(), Sandbox::with_repository());
    sigstore.configure(&sandbox);
    (sigstore, sandbox)
}

/// Output with placeholders for paths, ports, versions and times.
fn shown(sandbox: &Sandbox, text: &str) -> String {
    let program = env!("CARGO_BIN_EXE_paraph");
    let git = sandbox.git(&["--version"]);
    let text = filtered(text, &[(program, "PROGRAM"), (sandbox.root().to_str().unwrap(), "ROOT"), (&git, "git version N")]);
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let lines = text.lines().map(|line| match line.split_once(" in ").filter(|(_, rest)| rest.ends_with(" ms.")) {
        Some((before, _)) => format!("{before} in N ms."),
        None => without_instance(line.trim_end()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A line without the folder of the local Sigstore, which differs in each run.
fn without_instance(line: &str) -> String {
    let file = "/local/trusted_root.json";
    match line.find(file).and_then(|end| Some((line[..end].rfind(' ')?, end))) {
        Some((start, end)) => format!("{} SIGSTORE{}", &line[..start], &line[end..]),
        None => line.to_owned(),
    }
}

/// The output of a call on both streams, and its exit code.
fn all(sandbox: &Sandbox, done: &Done) -> String {
    format!("{}\n{}\nexit {}", shown(sandbox, &done.stdout), shown(sandbox, &done.stderr), done.code.unwrap()).trim_start().to_owned()
}

/// Runs in a new session, without the terminal of the person who runs the tests.
fn alone(sandbox: &Sandbox, arguments: &[&str]) -> Done {
    let mut command = sandbox.command("setsid", &sandbox.work());
    sandbox.feed(command.arg("--wait").arg(env!("CARGO_BIN_EXE_paraph")).args(arguments), b"")
}

#[test]
fn doctor_finds_nothing_where_all_is_well() {
    if !installed("setsid", "doctor_finds_nothing_where_all_is_well") {
        return;
    }
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["config", "paraph.expectedIdentity", EMAIL]);
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor"])), @r"
    ok       paraph      VERSION at PROGRAM
    ok       git         git version N
    ok       git's call  gpg.format = x509 in ROOT/home/.gitconfig (global)
    ok       git's call  gpg.x509.program = PROGRAM in ROOT/home/.gitconfig (global)
    note     git's call  signs only with -S, -s or --signed; set commit.gpgSign to sign always
    ok       settings    all settings are valid; `paraph config` shows them
    ok       identity    from a login at the local issuer: the local Sigstore signs you in by itself
    note     agent       not used (the variable PARAPH_AGENT)
    ok       trusted     1 line in ROOT/home/allowed-identities (set by paraph.allowedIdentities in ROOT/home/.gitconfig (global))
    ok       trust       instance local: SIGSTORE/local/trusted_root.json
    ok       issuer      http://HOST answers
    ok       fulcio      http://HOST answers
    ok       log         http://HOST answers
    ok       timestamps  http://HOST/api/v1/timestamp answers
    ok       clock       agrees with the services' clocks within 30 s
    0 problems, 0 warnings.
    exit 0
    ");
    let offline = alone(&sandbox, &["doctor", "--offline", "--json"]);
    let document: Value = serde_json::from_str(&offline.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!((offline.code, offline.stderr.as_str()), (Some(0), ""));
    assert!(findings.iter().all(|finding| ["ok", "note"].contains(&finding["state"].as_str().unwrap())), "{document:#}");
    assert_eq!(findings.last().unwrap(), &json!({"about": "services", "state": "note", "text": "not asked (--offline)", "fix": null}));
}

#[test]
fn doctor_names_what_is_wrong_and_the_fix() {
    if !installed("setsid", "doctor_names_what_is_wrong_and_the_fix") {
        return;
    }
    let (sigstore, mut sandbox) = repository();
    let other = sandbox.script("other", "#!/bin/sh\nexit 1\n");
    std::fs::write(sandbox.work().join("allowed"), format!("{EMAIL} {} instance=local\n", sigstore.url)).unwrap();
    std::fs::create_dir_all(sandbox.work().join(".git/hooks")).unwrap();
    std::fs::write(sandbox.work().join(".git/hooks/pre-receive"), "#!/bin/sh\nexec paraph hook pre-receive\n").unwrap();
    for (key, value) in [
        ("gpg.format", "openpgp"),
        ("gpg.x509.program", other.as_str()),
        ("gitsign.enableSigstoreGo", "true"),
        ("paraph.timout", "3"),
        ("paraph.allowPlainHttp", "true"),
        ("paraph.allowedIdentities", "../allowed"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.set("GITSIGN_CREDENTIAL_CACHE", "/nowhere");
    sandbox.set("SIGSTORE_ID_TOKEN", &token(&of_github(), -900, -600));
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor", "--offline"])), @r"
    ok       paraph      VERSION at PROGRAM
    ok       git         git version N
    problem  git's call  gpg.format is openpgp in ROOT/work/.git/config (local), so git signs with a different program
                         -> set it with `paraph setup`, which shows each change first
    problem  git's call  gpg.x509.program = ROOT/other in ROOT/work/.git/config (local), which is a different program
                         -> set it with `paraph setup`, which shows each change first
    note     git's call  signs only with -S, -s or --signed; set commit.gpgSign to sign always
    warning  settings    gitsign.enablesigstorego in ROOT/work/.git/config (local) is ignored: it selects a library inside gitsign; the signatures are the same
    warning  settings    paraph.timout in ROOT/work/.git/config (local) is not a known setting and is ignored
    warning  settings    the variable GITSIGN_CREDENTIAL_CACHE is ignored: gitsign's credential cache is not used; paraph's agent replaces it
    warning  settings    paraph.allowPlainHttp in ROOT/work/.git/config (local) is ignored: a repository can only restrict
    problem  identity    the identity token expired at TIME
                         -> get a new token; if it is new, this machine's clock is ahead
    note     identity    paraph.expectedIdentity is not set: any identity that logs in can sign, and the log shows it
    note     agent       not used (the variable PARAPH_AGENT)
    ok       trusted     1 line in ROOT/work/.git/../allowed (set by paraph.allowedIdentities in ROOT/work/.git/config (local))
    warning  trusted     ROOT/work/allowed is in the work tree: anyone who can change the branch can change who is trusted
                         -> move the file out of the work tree, or into its .git folder
    problem  hooks       ROOT/work/.git/hooks/pre-receive is not executable, so git does not run it
                         -> chmod +x ROOT/work/.git/hooks/pre-receive
    ok       trust       instance local: SIGSTORE/local/trusted_root.json
    note     services    not asked (--offline)
    4 problems, 5 warnings.
    exit 3
    ");

    sandbox.git(&["config", "gpg.x509.program", "paraph-that-is-not-there"]);
    sandbox.git(&["config", "paraph.timeout", "soon"]);
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor"])), @r#"
    ok       paraph      VERSION at PROGRAM
    ok       git         git version N
    problem  git's call  gpg.format is openpgp in ROOT/work/.git/config (local), so git signs with a different program
                         -> set it with `paraph setup`, which shows each change first
    problem  git's call  gpg.x509.program = paraph-that-is-not-there in ROOT/work/.git/config (local), which does not exist
                         -> set it with `paraph setup`, which shows each change first
    note     git's call  signs only with -S, -s or --signed; set commit.gpgSign to sign always
    problem  settings    paraph.timeout in ROOT/work/.git/config (local) is "soon"; allowed: a whole number of seconds from 1 to 3600
                         -> correct the value, or unset it
    warning  settings    gitsign.enablesigstorego in ROOT/work/.git/config (local) is ignored: it selects a library inside gitsign; the signatures are the same
    warning  settings    paraph.timout in ROOT/work/.git/config (local) is not a known setting and is ignored
    warning  settings    the variable GITSIGN_CREDENTIAL_CACHE is ignored: gitsign's credential cache is not used; paraph's agent replaces it
    warning  settings    paraph.allowPlainHttp in ROOT/work/.git/config (local) is ignored: a repository can only restrict
    problem  identity    the identity token expired at TIME
                         -> get a new token; if it is new, this machine's clock is ahead
    note     identity    paraph.expectedIdentity is not set: any identity that logs in can sign, and the log shows it
    note     agent       not used (the variable PARAPH_AGENT)
    ok       trusted     1 line in ROOT/work/.git/../allowed (set by paraph.allowedIdentities in ROOT/work/.git/config (local))
    warning  trusted     ROOT/work/allowed is in the work tree: anyone who can change the branch can change who is trusted
                         -> move the file out of the work tree, or into its .git folder
    problem  hooks       ROOT/work/.git/hooks/pre-receive is not executable, so git does not run it
                         -> chmod +x ROOT/work/.git/hooks/pre-receive
    ok       trust       instance local: SIGSTORE/local/trusted_root.json
    note     services    not checked; see settings
    5 problems, 5 warnings.
    exit 3
    "#);
}

#[test]
fn doctor_says_which_service_does_not_answer_and_how() {
    let (sigstore, sandbox) = repository();
    let page = answering("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".into());
    let body = json!({"issuers": [{"issuerUrl": sigstore.url, "audience": "other"}]}).to_string();
    let date = "Mon, 02 Jan 2006 15:04:05 GMT";
    let fulcio = answering(format!(
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let nobody = closed();
    let mut table = String::new();
    for settings in [
        vec![format!("paraph.fulcio={fulcio}"), format!("paraph.rekor={page}"), format!("paraph.timestampServerURL={nobody}")],
        vec![format!("paraph.issuer={page}"), format!("paraph.fulcio={nobody}"), "paraph.rekorVersion=1".to_owned()],
    ] {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work());
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (number, setting) in settings.iter().enumerate() {
            let (key, value) = setting.split_once('=').unwrap();
            command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        let done: Done = command.arg("doctor").output().unwrap().into();
        let about = ["issuer", "fulcio", "log", "timestamps", "mirror", "clock", "->"];
        let lines = done.stdout.lines().skip_while(|line| !line.contains(" issuer "));
        let lines: Vec<&str> = lines.filter(|line| about.iter().any(|about| line.contains(&format!(" {about} ")))).collect();
        let text = lines.join("\n").replace(&page, "PAGE").replace(&fulcio, "FULCIO").replace(&nobody, "NOBODY");
        // the error of the clock depends on the time of the test
        let text = text.lines().map(|line| match line.split_once("clock is ").zip(line.split_once(" s ahead")) {
            Some(((before, _), (_, after))) => format!("{before}clock is N s ahead{after}"),
            None => line.to_owned(),
        });
        table += &format!("{}\nexit {}\n\n", shown(&sandbox, &text.collect::<Vec<_>>().join("\n")), done.code.unwrap());
    }
    insta::assert_snapshot!(table, @r"
    ok       issuer      http://HOST answers
    problem  fulcio      FULCIO answers, but it expects the audience other in tokens from http://HOST; paraph.clientID is sigstore
                         -> check paraph.issuer, paraph.clientID and paraph.fulcio
    problem  log         Rekor v1 at PAGE/api/v1/log answered with a web page; a captive portal or proxy may be intercepting the connection
                         -> log in to the network with a browser, or check the proxy variables; then try again
    problem  timestamps  the timestamp authority at NOBODY/ could not be reached: connection refused
                         -> if the local Sigstore is not running, start it: `paraph local serve --background`
    ok       clock       agrees with the services' clocks within 30 s
    exit 3

    problem  issuer      the issuer at PAGE/.well-known/openid-configuration answered with a web page; a captive portal or proxy may be intercepting the connection
                         -> log in to the network with a browser, or check the proxy variables; then try again
    problem  fulcio      Fulcio at NOBODY/api/v2/configuration could not be reached: connection refused
                         -> if the local Sigstore is not running, start it: `paraph local serve --background`
    ok       log         http://HOST answers
    ok       clock       agrees with the services' clocks within 30 s
    exit 5
    ");
}

#[test]
fn a_cause_of_several_problems_is_told_once() {
    let sandbox = Sandbox::with_repository();
    let folder = sandbox.root().join("sigstore").display().to_string();
    assert_eq!(sandbox.paraph(&["local", "init", &folder]).code, Some(0));
    // a token in a file has no line feed, which clients would send on
    let token = sandbox.paraph(&["local", "token", "--dir", &folder, "ann@example.com"]).stdout;
    assert!(token.starts_with("ey") && !token.contains('\n'), "{token}");
    // it is not served
    let used = sandbox.paraph(&["local", "use", "--dir", &folder]);
    let told = "`paraph local use --undo` restores the earlier settings.\nwarning: The local Sigstore is not running.\nhint: start it: `paraph local serve --background`.\n";
    assert_eq!((used.code, used.stderr.as_str()), (Some(0), told));
    let doctor = sandbox.paraph(&["doctor"]);
    assert_eq!(doctor.stdout.matches("could not be reached").count(), 1, "{}", doctor.stdout);
    assert_eq!(doctor.stdout.matches("not checked; see issuer").count(), 3, "{}", doctor.stdout);
    assert!(doctor.stderr.ends_with("1 problem, 0 warnings.\n"), "{doctor:?}");
    assert_eq!(doctor.code, Some(5));
    sandbox.git(&["config", "paraph.instance", "elsewhere"]);
    let doctor = sandbox.paraph(&["doctor"]);
    assert_eq!(doctor.stdout.matches("there is no instance \"elsewhere\"").count(), 1, "{}", doctor.stdout);
    assert!(doctor.stdout.contains("services    not checked; see trust"), "{}", doctor.stdout);
    let whoami = sandbox.paraph(&["whoami"]);
    assert_eq!(whoami.stdout.matches("there is no instance \"elsewhere\"").count(), 1, "{}", whoami.stdout);
    for line in ["services   not checked; see issuer\n", "trust      not checked; see issuer\n"] {
        assert!(whoami.stdout.contains(line), "{}", whoami.stdout);
    }
}

/// A job of GitHub Actions, and the token that it gets.
struct GithubJob {
    token: String,
    endpoint: String,
}

impl GithubJob {
    fn new() -> Self {
        let token = token(&of_github(), -5, 300);
        let body = json!({ "value": token }).to_string();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Self { token, endpoint: answering(answer) }
    }

    fn variables(&self) -> [(&str, &str); 3] {
        [("GITHUB_ACTIONS", "true"), ("ACTIONS_ID_TOKEN_REQUEST_URL", &self.endpoint), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")]
    }
}

/// `paraph whoami` without a terminal.
fn whoami(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Done {
    let mut command = sandbox.command("setsid", &sandbox.work());
    command.envs(variables.iter().copied()).arg("--wait").arg(env!("CARGO_BIN_EXE_paraph")).arg("whoami").args(arguments);
    sandbox.feed(&mut command, b"")
}

/// What it prints above the settings, its messages and its exit code.
fn identity_lines(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let done = whoami(sandbox, variables, arguments);
    let stdout = shown(sandbox, &done.stdout);
    let lines: Vec<&str> = stdout.lines().take_while(|line| !line.starts_with("instance")).collect();
    let messages = shown(sandbox, &done.stderr) + if done.stderr.is_empty() { "" } else { "\n" };
    format!("{}\n{messages}exit {}\n\n", lines.join("\n"), done.code.unwrap())
}

#[test]
fn whoami_shows_who_would_sign_and_with_which_services() {
    if !installed("setsid", "whoami_shows_who_would_sign_and_with_which_services") {
        return;
    }
    let (_sigstore, sandbox) = repository();
    insta::assert_snapshot!(all(&sandbox, &whoami(&sandbox, &[], &[])), @r"
    identity   ann@example.com, vouched for by http://HOST
    token      from a login at the local issuer: the local Sigstore signs you in by itself
    instance   local (paraph.instance in ROOT/home/.gitconfig (global))
    agent      not used (the variable PARAPH_AGENT)
    issuer     http://HOST, client sigstore
    fulcio     http://HOST
    log        http://HOST (Rekor v2)
    timestamps http://HOST/api/v1/timestamp
    public     Anyone who can read the log sees identity, issuer and time. Of a file, the log shows its SHA-256 digest, not its name or content.
    trust      local: SIGSTORE/local/trusted_root.json

    exit 0
    ");
}

#[test]
fn whoami_says_that_rekor_v1_gets_whole_statements() {
    if !installed("setsid", "whoami_says_that_rekor_v1_gets_whole_statements") {
        return;
    }
    let (_sigstore, sandbox) = repository();
    for (version, gets_statement) in [("1", true), ("2", false)] {
        let done = whoami(&sandbox, &[("PARAPH_REKOR_VERSION", version)], &[]);
        let line = done.stdout.lines().find_map(|line| line.strip_prefix("public     ")).unwrap().to_owned();
        assert_eq!(line.ends_with(" Of a statement, the log gets everything."), gets_statement, "{line}");
        assert_eq!(line.contains("statement"), gets_statement, "{line}");
    }
}

#[test]
fn whoami_names_the_source_of_the_token_and_what_is_wrong_with_it() {
    if !installed("setsid", "whoami_names_the_source_of_the_token_and_what_is_wrong_with_it") {
        return;
    }
    let (sigstore, sandbox) = repository();
    let job = GithubJob::new();
    let lines = |variables: &[(&str, &str)], arguments: &[&str]| identity_lines(&sandbox, variables, arguments);
    let with_local_issuer = [
        lines(&[("SIGSTORE_ID_TOKEN", &sigstore.token("bob@example.com"))], &[]),
        lines(&[("SIGSTORE_ID_TOKEN", &job.token)], &[]),
        lines(&[("SIGSTORE_ID_TOKEN", &token(&of_github(), -900, -600))], &[]),
        lines(&[("SIGSTORE_ID_TOKEN", &job.token), ("PARAPH_EXPECTED_IDENTITY", EMAIL)], &[]),
        lines(&job.variables(), &[]),
    ];
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let without_it = [
        lines(&job.variables(), &[]),
        lines(&job.variables(), &["--check"]),
        lines(&[("PARAPH_TOKEN_PROVIDER", "gitlab")], &["--check"]),
        lines(&[], &["--check"]),
        lines(&[("GITHUB_ACTIONS", "true")], &[]),
    ];
    insta::assert_snapshot!(with_local_issuer.concat() + &without_it.concat(), @r#"
    identity   bob@example.com, vouched for by http://HOST, until TIME
    token      from SIGSTORE_ID_TOKEN: the variable SIGSTORE_ID_TOKEN is set
    exit 0

    identity   https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main, vouched for by https://token.actions.githubusercontent.com, until TIME
               job_workflow_ref org/repo/.github/workflows/release.yml@refs/heads/main
               repository org/repo
               ref refs/heads/main
               event_name push
               run_id 17
    token      from SIGSTORE_ID_TOKEN: the variable SIGSTORE_ID_TOKEN is set
    exit 0

    identity   https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main, vouched for by https://token.actions.githubusercontent.com, until TIME
               job_workflow_ref org/repo/.github/workflows/release.yml@refs/heads/main
               repository org/repo
               ref refs/heads/main
               event_name push
               run_id 17
    token      from SIGSTORE_ID_TOKEN: the variable SIGSTORE_ID_TOKEN is set
    error: the identity token expired at TIME
    hint: get a new token; if it is new, this machine's clock is ahead.
    exit 6

    identity   https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main, vouched for by https://token.actions.githubusercontent.com, until TIME
               job_workflow_ref org/repo/.github/workflows/release.yml@refs/heads/main
               repository org/repo
               ref refs/heads/main
               event_name push
               run_id 17
    token      from SIGSTORE_ID_TOKEN: the variable SIGSTORE_ID_TOKEN is set
    expected   ann@example.com (the variable PARAPH_EXPECTED_IDENTITY)
    error: the identity is "repo:org/repo:ref:refs/heads/main" (in the certificate "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main"); expected "ann@example.com" (the variable PARAPH_EXPECTED_IDENTITY)
    hint: log in as the expected identity, or change paraph.expectedIdentity.
    exit 6

    identity   ann@example.com, vouched for by http://HOST
    token      from a login at the local issuer: the local Sigstore signs you in by itself
               the token of this job of GitHub Actions is not used (set paraph.tokenProvider = github-actions to use it)
    exit 0

    identity   unknown until GitHub Actions is asked; --check asks
    token      from GitHub Actions: this is its job, no login is possible here, and nothing else is configured
    exit 0

    identity   https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main, vouched for by https://token.actions.githubusercontent.com, until TIME
               job_workflow_ref org/repo/.github/workflows/release.yml@refs/heads/main
               repository org/repo
               ref refs/heads/main
               event_name push
               run_id 17
    token      from GitHub Actions: this is its job, no login is possible here, and nothing else is configured
    exit 0

    identity   unknown
    token      from GitLab CI: the variable PARAPH_TOKEN_PROVIDER selects it
    error: GitLab CI gave no identity token: the variable SIGSTORE_ID_TOKEN is not set
    hint: give the job `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore` in .gitlab-ci.yml.
    exit 6

    identity   unknown until the login
    token      from a login in the browser: nothing else is configured
    error: a login is needed, but there is neither a terminal nor a desktop session to show it on
    hint: log in where there is a terminal or a desktop, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile.
    exit 6

    identity   unknown until the login
    token      from a login in the browser: nothing else is configured
    error: a login is needed, but there is neither a terminal nor a desktop session to show it on
    hint: give the job `permissions: id-token: write`; a workflow of a pull request from a fork cannot have it.
    exit 6
    "#);
}

#[test]
fn whoami_prints_the_claims_of_a_token_as_json_and_never_the_token() {
    if !installed("setsid", "whoami_prints_the_claims_of_a_token_as_json_and_never_the_token") {
        return;
    }
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    let job = GithubJob::new();
    let variables = [&job.variables()[..], &[("PARAPH_TOKEN_PROVIDER", "github-actions")]].concat();
    let done = whoami(&sandbox, &variables, &["--check", "--json"]);
    assert!(!done.stdout.contains(job.token.split('.').nth(1).unwrap()));
    insta::assert_snapshot!(shown(&sandbox, &done.stdout), @r#"
    {
      "agent": null,
      "because": "the variable PARAPH_TOKEN_PROVIDER selects it",
      "claims": {
        "event_name": "push",
        "job_workflow_ref": "org/repo/.github/workflows/release.yml@refs/heads/main",
        "ref": "refs/heads/main",
        "repository": "org/repo",
        "run_id": "17"
      },
      "clientID": "sigstore",
      "expectedIdentity": null,
      "expectedIssuer": null,
      "expires": "TIME",
      "fulcio": "http://HOST",
      "identity": "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main",
      "identityIssuer": "https://token.actions.githubusercontent.com",
      "instance": "local",
      "issuer": "http://HOST",
      "log": {
        "url": "http://HOST",
        "version": 2
      },
      "login": null,
      "matchCommitter": false,
      "problem": null,
      "timestampAuthority": "http://HOST/api/v1/timestamp",
      "tokenProvider": "github-actions",
      "unusedJob": null
    }
    "#);
}

#[test]
fn whoami_with_check_at_the_local_issuer_gets_a_token_and_shows_it_to_nobody() {
    let (sigstore, sandbox) = repository();
    let done = sandbox.paraph(&["whoami", "--check"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with(&format!("identity   {EMAIL}, vouched for by {}, until ", sigstore.url)), "{}", done.stdout);
    for entries in ["logs/rekor1.entries", "logs/rekor2.entries"] {
        assert_eq!(sigstore.folder.join(entries).metadata().unwrap().len(), 0, "{entries}");
    }
}
