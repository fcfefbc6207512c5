//! `paraph setup`, `paraph doctor` and `paraph whoami`: what a user calls before the first signature, and when something does not work.

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

/// Output with paths, ports, versions and times by their kinds.
fn shown(sandbox: &Sandbox, text: &str) -> String {
    let program = env!("CARGO_BIN_EXE_paraph");
    let git = sandbox.git(&["--version"]);
    let text = filtered(text, &[(program, "PROGRAM"), (sandbox.root().to_str().unwrap(), "ROOT"), (&git, "git version N")]);
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let lines = text.lines().map(|line| match line.split_once(" in ").filter(|(_, rest)| rest.ends_with("this machine alone.")) {
        Some((before, _)) => format!("{before} in N ms, on this machine alone."),
        None => without_instance(line.trim_end()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A line without the folder of the local Sigstore, which is another one in each run.
fn without_instance(line: &str) -> String {
    let file = "/local/trusted_root.json";
    match line.find(file).and_then(|end| Some((line[..end].rfind(' ')?, end))) {
        Some((start, end)) => format!("{} SIGSTORE{}", &line[..start], &line[end..]),
        None => line.to_owned(),
    }
}

/// What a call showed on both streams, and its exit code.
fn all(sandbox: &Sandbox, done: &Done) -> String {
    format!("{}\n{}\nexit {}", shown(sandbox, &done.stdout), shown(sandbox, &done.stderr), done.code.unwrap()).trim_start().to_owned()
}

/// In a session of its own, so that a terminal of whoever runs the tests does not count.
fn alone(sandbox: &Sandbox, arguments: &[&str]) -> Done {
    let mut command = sandbox.command("setsid", &sandbox.work());
    sandbox.feed(command.arg("--wait").arg(env!("CARGO_BIN_EXE_paraph")).args(arguments), b"")
}

fn configuration(sandbox: &Sandbox, scope: &str) -> String {
    let done = sandbox.try_git(&["config", scope, "--list"]);
    let mut lines: Vec<&str> = done.stdout.lines().filter(|line| !line.starts_with("core.")).collect();
    lines.sort_unstable();
    shown(sandbox, &lines.join("\n"))
}

#[test]
fn setup_shows_each_change_makes_it_tries_it_out_and_takes_it_back() {
    let sandbox = Sandbox::with_repository();
    let program = sandbox.script("gitsign", "#!/bin/sh\nexit 1\n");
    for (key, value) in [("gpg.x509.program", program.as_str()), ("commit.gpgsign", "false"), ("user.name", "Ann")] {
        sandbox.git(&["config", "--global", key, value]);
    }
    sandbox.git(&["config", "--global", "--add", "commit.gpgsign", "no"]);
    let before = configuration(&sandbox, "--global");
    let allowed = sandbox.home().join("allowed");
    std::fs::write(&allowed, format!("{EMAIL} https://issuer.example\n")).unwrap();
    let arguments = ["setup", "--global", "--always", "--identity", EMAIL, "--allowed-identities", allowed.to_str().unwrap()];

    let dry = sandbox.paraph(&[&arguments[..], &["--dry-run"]].concat());
    insta::assert_snapshot!(all(&sandbox, &dry), @"");
    assert_eq!(configuration(&sandbox, "--global"), before);

    // nobody can be asked
    let unasked = sandbox.paraph_with(&arguments, b"");
    assert_eq!((unasked.code, configuration(&sandbox, "--global")), (Some(2), before.clone()), "{}", unasked.stderr);
    assert!(unasked.stderr.contains("nobody can be asked here"), "{}", unasked.stderr);

    let done = sandbox.paraph(&[&arguments[..], &["--yes"]].concat());
    insta::assert_snapshot!(all(&sandbox, &done), @"");
    insta::assert_snapshot!(configuration(&sandbox, "--global"), @"");
    // again: there is nothing to do, and what is put back stays what was there first
    let again = sandbox.paraph(&[&arguments[..], &["--yes"]].concat());
    assert!(again.code == Some(0) && again.stderr.starts_with("git is configured already, for all your repositories."), "{}", again.stderr);

    sandbox.git(&["config", "--global", "paraph.expectedIdentity", "bob@example.com"]);
    let undone = sandbox.paraph(&["setup", "--global", "--undo", "--yes"]);
    insta::assert_snapshot!(all(&sandbox, &undone), @"");
    sandbox.git(&["config", "--global", "--unset", "paraph.expectedIdentity"]);
    assert_eq!(configuration(&sandbox, "--global"), before);
    let undone = sandbox.paraph(&["setup", "--global", "--undo", "--yes"]);
    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), ""), "{}", undone.stderr);
}

#[test]
fn setup_configures_the_repository_that_it_is_called_in() {
    let sandbox = Sandbox::with_repository();
    let global = configuration(&sandbox, "--global");
    let done = sandbox.paraph(&["setup", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!((sandbox.git(&["config", "--local", "gpg.format"]), configuration(&sandbox, "--global")), ("x509".into(), global));
    assert!(sandbox.work().join(".git/paraph-setup.json").is_file());
    let undone = sandbox.paraph(&["setup", "--undo", "--yes"]);
    assert_eq!((undone.code, sandbox.try_git(&["config", "--local", "gpg.format"]).code), (Some(0), Some(1)), "{}", undone.stderr);
    assert!(!sandbox.work().join(".git/paraph-setup.json").exists());

    let outside = Sandbox::new();
    insta::assert_snapshot!(all(&outside, &outside.paraph(&["setup", "--yes"])), @"");
}

/// A setting that a person changed in between is theirs, and a damaged record is no leave to guess.
#[test]
fn undo_needs_its_record() {
    let sandbox = Sandbox::with_repository();
    std::fs::write(sandbox.work().join(".git/paraph-setup.json"), "{\"changes\": [{\"key\": 1}]}").unwrap();
    let done = sandbox.paraph(&["setup", "--undo", "--yes"]);
    assert_eq!(done.code, Some(8), "{}", done.stderr);
    assert!(done.stderr.contains("is damaged"), "{}", done.stderr);
    assert_eq!(sandbox.paraph(&["setup", "--yes"]).code, Some(8));
}

#[test]
fn what_setup_could_not_use_is_refused_before_anything_changes() {
    let sandbox = Sandbox::with_repository();
    let wrong = sandbox.home().join("wrong");
    std::fs::write(&wrong, "ann@example.com\n").unwrap();
    for (arguments, code) in [
        (["setup", "--yes", "--identity", "a b"], 2),
        (["setup", "--yes", "--allowed-identities", "/nowhere"], 8),
        (["setup", "--yes", "--allowed-identities", wrong.to_str().unwrap()], 3),
    ] {
        let done = sandbox.paraph(&arguments);
        assert_eq!((done.code, sandbox.try_git(&["config", "gpg.format"]).code), (Some(code), Some(1)), "{}", done.stderr);
    }
}

#[test]
fn doctor_finds_nothing_where_all_is_well() {
    if !installed("setsid", "doctor_finds_nothing_where_all_is_well") {
        return;
    }
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["config", "paraph.expectedIdentity", EMAIL]);
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor"])), @"");
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
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor", "--offline"])), @"");

    sandbox.git(&["config", "gpg.x509.program", "paraph-that-is-not-there"]);
    sandbox.git(&["config", "paraph.timeout", "soon"]);
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["doctor"])), @"");
}

#[test]
fn doctor_says_which_service_does_not_answer_and_how() {
    let (sigstore, sandbox) = repository();
    let page = answering("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".into());
    let body = json!({"issuers": [{"issuerUrl": sigstore.url, "audience": "other"}]}).to_string();
    let date = "Mon, 02 Jan 2006 15:04:05 GMT";
    let fulcio = answering(format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
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
        // by how much the clock is wrong depends on when the test runs
        let text = text.lines().map(|line| match line.split_once("clock is ").zip(line.split_once(" s ahead")) {
            Some(((before, _), (_, after))) => format!("{before}clock is N s ahead{after}"),
            None => line.to_owned(),
        });
        table += &format!("{}\nexit {}\n\n", shown(&sandbox, &text.collect::<Vec<_>>().join("\n")), done.code.unwrap());
    }
    insta::assert_snapshot!(table, @"");
}

#[test]
fn whoami_says_as_whom_and_why_without_asking_anybody() {
    if !installed("setsid", "whoami_says_as_whom_and_why_without_asking_anybody") {
        return;
    }
    let (sigstore, sandbox) = repository();
    insta::assert_snapshot!(all(&sandbox, &alone(&sandbox, &["whoami"])), @"");
    let with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = sandbox.command("setsid", &sandbox.work());
        command.envs(variables.iter().copied()).arg("--wait").arg(env!("CARGO_BIN_EXE_paraph")).arg("whoami").args(arguments);
        sandbox.feed(&mut command, b"")
    };
    let first = |done: &Done| {
        let text = shown(&sandbox, &done.stdout);
        let lines = text.lines().take_while(|line| !line.starts_with("instance"));
        format!("{}\n{}exit {}\n\n", lines.collect::<Vec<_>>().join("\n"), shown(&sandbox, &done.stderr), done.code.unwrap())
    };
    let github = token(&of_github(), -5, 300);
    let endpoint = {
        let body = json!({ "value": github }).to_string();
        answering(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let job = [("GITHUB_ACTIONS", "true"), ("ACTIONS_ID_TOKEN_REQUEST_URL", endpoint.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")];
    let mut table = first(&with(&[("SIGSTORE_ID_TOKEN", &sigstore.token("bob@example.com"))], &[]));
    table += &first(&with(&[("SIGSTORE_ID_TOKEN", &github)], &[]));
    table += &first(&with(&[("SIGSTORE_ID_TOKEN", &token(&of_github(), -900, -600))], &[]));
    table += &first(&with(&[("SIGSTORE_ID_TOKEN", &github), ("PARAPH_EXPECTED_IDENTITY", EMAIL)], &[]));
    table += &first(&with(&job, &[]));
    sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
    table += &first(&with(&job, &[]));
    table += &first(&with(&job, &["--check"]));
    table += &first(&with(&[("PARAPH_TOKEN_PROVIDER", "gitlab")], &["--check"]));
    table += &first(&with(&[], &["--check"]));
    insta::assert_snapshot!(table, @"");

    let done = with(&[&job[..], &[("PARAPH_TOKEN_PROVIDER", "github-actions")]].concat(), &["--check", "--json"]);
    let text = shown(&sandbox, &done.stdout);
    assert!(!done.stdout.contains(github.split('.').nth(1).unwrap()));
    insta::assert_snapshot!(text, @"");
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
