//! `paraph config` compared with the real git: the same value is effective, from the same place.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use serde_json::Value;
use std::path::Path;

fn config(sandbox: &Sandbox, directory: &Path) -> Value {
    let done = sandbox.paraph_in(directory, &["config", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    serde_json::from_str(&done.stdout).unwrap()
}

fn setting(sandbox: &Sandbox, name: &str) -> (Value, String) {
    let config = config(sandbox, &sandbox.work());
    let setting = &config["settings"][name];
    let place = |name: &str| setting["source"][name].as_str().unwrap_or_default().to_owned();
    let words = [place("kind"), place("name"), place("scope")];
    (setting["value"].clone(), words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

#[test]
fn outside_of_a_repository_the_users_configuration_holds() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "paraph.timeout", "7"]);
    assert_eq!(setting(&sandbox, "timeout"), ("7".into(), "git paraph.timeout global".into()));
    assert_eq!(config(&sandbox, &sandbox.work())["repository"], Value::Null);
}

/// Each step sets the value where it has a higher precedence. Git confirms which value is effective.
#[test]
fn each_place_of_gits_configuration_is_read_in_gits_order() {
    let mut sandbox = Sandbox::with_repository();
    let linked = sandbox.root().join("linked");
    sandbox.git(&["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "one"]);
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let agree = |sandbox: &Sandbox, directory: &Path, scope: &str, timeout: &str| {
        assert_eq!(sandbox.git_in(directory, &["config", "--get", "paraph.timeout"]), timeout, "git, {scope}");
        let config = config(sandbox, directory);
        let setting = &config["settings"]["timeout"];
        assert_eq!((setting["value"].as_str(), setting["source"]["scope"].as_str()), (Some(timeout), Some(scope)), "{setting}");
    };
    let work = sandbox.work();

    let system = sandbox.root().join("system");
    sandbox.git(&["config", "--file", system.to_str().unwrap(), "paraph.timeout", "11"]);
    sandbox.set("GIT_CONFIG_NOSYSTEM", "0");
    sandbox.set("GIT_CONFIG_SYSTEM", system.to_str().unwrap());
    agree(&sandbox, &work, "system", "11");

    sandbox.git(&["config", "--global", "include.path", "included"]);
    let included = sandbox.home().join("included");
    sandbox.git(&["config", "--file", included.to_str().unwrap(), "paraph.timeout", "12"]);
    agree(&sandbox, &work, "global", "12");

    sandbox.git(&["config", "--global", &format!("includeIf.gitdir:{}/**.path", work.display()), "only-work"]);
    sandbox.git(&["config", "--file", sandbox.home().join("only-work").to_str().unwrap(), "paraph.timeout", "13"]);
    agree(&sandbox, &work, "global", "13");

    sandbox.git(&["config", "--global", "includeIf.onbranch:linked.path", "only-branch"]);
    sandbox.git(&["config", "--file", sandbox.home().join("only-branch").to_str().unwrap(), "paraph.timeout", "14"]);
    agree(&sandbox, &work, "global", "13");
    agree(&sandbox, &linked, "global", "14");

    sandbox.git(&["config", "paraph.timeout", "15"]);
    agree(&sandbox, &linked, "local", "15");
    sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
    sandbox.git_in(&linked, &["config", "--worktree", "paraph.timeout", "16"]);
    agree(&sandbox, &linked, "worktree", "16");
    agree(&sandbox, &work, "local", "15");

    sandbox.set("GIT_CONFIG_COUNT", "2");
    sandbox.set("GIT_CONFIG_KEY_0", "paraph.timeout");
    sandbox.set("GIT_CONFIG_VALUE_0", "1");
    sandbox.set("GIT_CONFIG_KEY_1", "Paraph.TimeOut");
    sandbox.set("GIT_CONFIG_VALUE_1", "17");
    agree(&sandbox, &work, "environment", "17");
    // a `gitdir` condition in a linked work tree: git is asked, which knows one scope for both
    agree(&sandbox, &linked, "command line", "17");
}

#[test]
fn what_git_is_given_on_its_command_line_reaches_its_programs() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "paraph.timeout", "5"]);
    sandbox.set("PARAPH", env!("CARGO_BIN_EXE_paraph"));
    let with = |arguments: &[&str]| -> Value {
        let output = sandbox.git(&[arguments, &["-c", "alias.paraph=!\"$PARAPH\" config --json", "paraph"]].concat());
        serde_json::from_str(&output).unwrap()
    };
    let config = with(&[
        "-c",
        "paraph.timeout=1",
        "-c",
        "paraph.timeout=9",
        "-c",
        "gitsign.matchCommitter",
        "-c",
        "gitsign.connectorID= it's = x! ",
    ]);
    assert_eq!(config["settings"]["timeout"]["value"], "9");
    assert_eq!(config["settings"]["timeout"]["source"]["scope"], "command line");
    assert_eq!(config["settings"]["matchCommitter"]["value"], "true");
    assert_eq!(config["settings"]["connectorID"]["value"], " it's = x! ");

    let config = with(&["-c", "paraph.allowedIdentities=who", "-c", "paraph.office.trustedRoot=root.json"]);
    assert_eq!(config["settings"]["allowedIdentities"]["value"].as_str().unwrap(), sandbox.work().join("who").to_str().unwrap());
    assert_eq!(config["instances"]["office"]["trustedRoot"]["value"].as_str().unwrap(), sandbox.work().join("root.json").to_str().unwrap());

    let included = sandbox.root().join("included");
    sandbox.git(&["config", "--file", included.to_str().unwrap(), "paraph.allowedIdentities", "who"]);
    let config = with(&["-c", &format!("include.path={}", included.display())]);
    let allowed = &config["settings"]["allowedIdentities"];
    assert_eq!(allowed["value"].as_str().unwrap(), sandbox.root().join("who").to_str().unwrap());
    assert_eq!(allowed["source"]["file"].as_str().unwrap(), included.to_str().unwrap());
}

#[test]
fn a_path_starts_at_the_folder_of_the_file_that_names_it() {
    let sandbox = Sandbox::with_repository();
    std::fs::create_dir(sandbox.home().join("more")).unwrap();
    let file = sandbox.home().join("more/config");
    sandbox.git(&["config", "--file", file.to_str().unwrap(), "paraph.allowedIdentities", "who"]);
    sandbox.git(&["config", "--global", "include.path", "more/config"]);
    assert_eq!(setting(&sandbox, "allowedIdentities").0.as_str().unwrap(), sandbox.home().join("more/who").to_str().unwrap());
    sandbox.git(&["config", "--global", "--unset", "include.path"]);
    sandbox.git(&["config", "paraph.allowedIdentities", "~/who"]);
    assert_eq!(setting(&sandbox, "allowedIdentities").0.as_str().unwrap(), sandbox.home().join("who").to_str().unwrap());
}

#[test]
fn variables_win_over_git_and_ours_over_theirs() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "paraph.fulcio", "https://git.example"]);
    for (name, prefix) in [("SIGSTORE_FULCIO_URL", "s"), ("GITSIGN_FULCIO_URL", "g"), ("PARAPH_FULCIO_URL", "p")] {
        let url = format!("https://{prefix}.example");
        sandbox.set(name, &url);
        assert_eq!(setting(&sandbox, "fulcio"), (url.into(), format!("variable {name}")));
    }
}

#[test]
fn every_bad_value_is_listed_with_its_place() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "gitsign.rekorVersion", "7"]);
    let done = sandbox.paraph(&["config"]);
    let place = sandbox.work().join(".git/config");
    assert_eq!(done.stderr, format!("error: gitsign.rekorVersion in {} (local) is \"7\"; allowed: 1, 2\n", place.display()));
    assert!(done.code == Some(3) && done.stdout.contains("\nrekorVersion: not valid; see the error\n"), "{done:?}");
    sandbox.set("PARAPH_REKOR_VERSION", "\u{1b}[31m");
    assert_eq!(sandbox.paraph(&["config"]).stderr, "error: the variable PARAPH_REKOR_VERSION is \"\\u{1b}[31m\"; allowed: 1, 2\n");
    // all of them, by both commands, and the other settings as well
    sandbox.set("PARAPH_TIMEOUT", "soon");
    sandbox.git(&["config", "--global", "paraph.corp.mirror", "nowhere"]);
    sandbox.git(&["config", "--global", "paraph.keyring", "pocket"]);
    let done = sandbox.paraph(&["config", "--json"]);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    let problems: Vec<&str> = document["problems"].as_array().unwrap().iter().map(|problem| problem["name"].as_str().unwrap()).collect();
    assert_eq!(problems, ["keyring", "rekorVersion", "timeout", "[paraph \"corp\"]"]);
    assert_eq!((done.code, done.stderr.lines().filter(|line| line.starts_with("error: ")).count()), (Some(3), 4), "{}", done.stderr);
    let done = sandbox.paraph(&["doctor", "--offline"]);
    let found = done.stdout.lines().filter(|line| line.starts_with("problem  settings ")).count();
    assert_eq!((done.code, found), (Some(3), 4), "{}", done.stdout);
    assert!(done.stdout.contains("\nok       trust "), "{}", done.stdout);
}

/// A wrong setting fails the calls that use it, and no others.
#[test]
fn a_setting_that_a_call_does_not_use_does_not_fail_it() {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "signed"]);
    let verifies = |sandbox: &Sandbox| {
        let letter = sandbox.git(&["log", "-1", "--format=%G?"]);
        (letter, sandbox.paraph(&["verify"]).code, sandbox.paraph(&["show"]).code)
    };
    let signs = |sandbox: &Sandbox| sandbox.try_git(&["commit", "-q", "-S", "--allow-empty", "-m", "again"]).code;
    // (variable, value, whether verifying uses it, whether a signature with a login uses it, with a token)
    let token = sigstore.token(EMAIL);
    for (name, value, verifying, login, with_token) in [
        ("PARAPH_TIMEOUT", "soon", false, true, true),
        ("GIT_TERMINAL_PROMPT", "bogus", false, true, true),
        ("GITSIGN_REKOR_VERSION", "3", false, true, true),
        ("PARAPH_LOGIN_TIMEOUT", "0", false, true, false),
        ("GITSIGN_AUTOCLOSE", "perhaps", false, true, false),
        ("PARAPH_URL_OPENER", "no-placeholder", false, true, false),
        ("PARAPH_KEYRING", "pocket", false, false, false),
        ("PARAPH_AGENT_TIMEOUT", "x", false, false, false),
        ("PARAPH_VERDICT_CACHE", "x", true, false, false),
        ("PARAPH_ALLOW_LEGACY", "x", true, false, false),
        ("PARAPH_MATCH_COMMITTER", "x", true, true, true),
        ("PARAPH_INSTANCE", "a b", true, true, true),
    ] {
        sandbox.set(name, value);
        let (letter, verify, show) = verifies(&sandbox);
        let is_of_verify_alone = name == "PARAPH_VERDICT_CACHE";
        assert_eq!(letter, if verifying && !is_of_verify_alone { "E" } else { "G" }, "{name}");
        assert_eq!(verify, Some(if verifying { 3 } else { 0 }), "{name}");
        assert_eq!(show, Some(if verifying && !is_of_verify_alone { 3 } else { 0 }), "{name}");
        assert_eq!(signs(&sandbox), Some(if login { 128 } else { 0 }), "{name} with a login");
        sandbox.set("SIGSTORE_ID_TOKEN", &token);
        assert_eq!(signs(&sandbox), Some(if with_token { 128 } else { 0 }), "{name} with a token");
        sandbox.unset("SIGSTORE_ID_TOKEN");
        sandbox.unset(name);
    }
    // an instance that is not selected
    sandbox.git(&["config", "--global", "paraph.corp.mirror", "nowhere"]);
    assert_eq!((verifies(&sandbox), signs(&sandbox)), (("G".to_owned(), Some(0), Some(0)), Some(0)));
    sandbox.set("PARAPH_INSTANCE", "corp");
    assert_eq!((verifies(&sandbox), signs(&sandbox)), (("E".to_owned(), Some(3), Some(3)), Some(128)));
}

#[test]
fn what_git_refuses_to_read_is_an_error() {
    let mut sandbox = Sandbox::with_repository();
    std::fs::write(sandbox.work().join(".git/config"), "[broken\n").unwrap();
    assert_ne!(sandbox.paraph(&["config"]).code, Some(0));
    let mut outside = Sandbox::new();
    std::fs::write(outside.home().join(".gitconfig"), "[broken\n").unwrap();
    assert_eq!(outside.paraph(&["config"]).code, Some(3));
    std::fs::remove_file(outside.home().join(".gitconfig")).unwrap();
    outside.set("GIT_CONFIG_PARAMETERS", "paraph.timeout=4");
    assert_eq!(outside.paraph(&["config"]).code, Some(3));
    sandbox.set("GIT_DIR", "nowhere");
    let done = sandbox.paraph(&["config"]);
    assert!(done.code == Some(4) && done.stderr.contains("nowhere"), "{done:?}");
}

#[test]
fn a_bare_repository_in_a_work_tree_is_refused_where_git_is_told_to() {
    let sandbox = Sandbox::with_repository();
    let bare = sandbox.work().join("bare.git");
    sandbox.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    sandbox.git_in(&bare, &["config", "paraph.timeout", "9"]);
    assert_eq!(config(&sandbox, &bare)["settings"]["timeout"]["value"], "9");
    sandbox.git(&["config", "--global", "safe.bareRepository", "explicit"]);
    let done = sandbox.paraph_in(&bare, &["config"]);
    assert!(done.code == Some(4) && done.stderr.contains("safe.bareRepository"), "{done:?}");
    let output = sandbox.command(env!("CARGO_BIN_EXE_paraph"), &bare).env("GIT_DIR", ".").arg("config").output().unwrap();
    assert!(output.status.success());
    assert_eq!(config(&sandbox, &sandbox.work().join(".git"))["settings"]["timeout"]["value"], "30");
}

#[test]
fn secrets_are_not_shown() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.set("SIGSTORE_ID_TOKEN", "ey.hush.hush");
    for arguments in [&["config"][..], &["config", "--json"]] {
        let done = sandbox.paraph(arguments);
        assert!(done.code == Some(0) && !done.stdout.contains("hush") && !done.stderr.contains("hush"), "{done:?}");
        assert!(done.stdout.contains("SIGSTORE_ID_TOKEN"));
    }
}

#[test]
fn what_has_no_effect_is_said() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "gitsign.rekorMode", "online"]);
    sandbox.set("GITSIGN_CREDENTIAL_CACHE", "/nowhere");
    let done = sandbox.paraph(&["config"]);
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("warning: the variable GITSIGN_CREDENTIAL_CACHE is ignored: "), "{}", done.stderr);
    assert!(done.stderr.contains("the log entry is embedded in the signature as well"), "{}", done.stderr);
}

#[test]
fn conditions_on_gits_command_line_hold_as_for_git_however_they_are_written() {
    let mut sandbox = Sandbox::with_repository();
    sandbox.set("PARAPH", env!("CARGO_BIN_EXE_paraph"));
    let file = sandbox.root().join("included");
    sandbox.git(&["config", "--file", file.to_str().unwrap(), "paraph.instance", "corp"]);
    let work = sandbox.work().display().to_string();
    let conditions =
        [&format!("gitdir:{work}/"), "gitdir:**", &format!("gitdir:{work}/.git"), "gitdir/i:/none/", "onbranch:main", "onbranch:no"];
    for (section, condition) in ["includeIf", "includeif", "INCLUDEIF"].iter().flat_map(|section| conditions.map(|one| (section, one))) {
        let setting = format!("{section}.{condition}.path={}", file.display());
        let git = sandbox.try_git(&["-c", &setting, "config", "--get", "paraph.instance"]);
        let config = sandbox.git(&["-c", &setting, "-c", "alias.paraph=!\"$PARAPH\" config --json", "paraph"]);
        let config: Value = serde_json::from_str(&config).unwrap();
        let expected = if git.code == Some(0) { "corp" } else { "public" };
        assert_eq!(config["settings"]["instance"]["value"].as_str().unwrap_or("public"), expected, "{setting}");
    }
}

#[test]
fn an_empty_xdg_config_home_is_none() {
    let mut sandbox = Sandbox::with_repository();
    let folder = sandbox.home().join(".config/git");
    std::fs::create_dir_all(&folder).unwrap();
    sandbox.git(&["config", "--file", folder.join("config").to_str().unwrap(), "paraph.timeout", "21"]);
    sandbox.unset("GIT_CONFIG_GLOBAL");
    sandbox.set("XDG_CONFIG_HOME", "");
    assert_eq!(sandbox.git(&["config", "--get", "paraph.timeout"]), "21");
    for directory in [sandbox.work(), sandbox.root()] {
        assert_eq!(config(&sandbox, &directory)["settings"]["timeout"]["value"], "21", "{}", directory.display());
    }
}

/// git takes a carriage return for white space wherever it stands; the library that reads configuration does not.
#[test]
fn a_carriage_return_is_read_as_git_reads_it_or_named() {
    let sandbox = Sandbox::with_repository();
    let place = sandbox.home().join(".gitconfig");
    let (mut read, mut named) = (0, 0);
    for text in [
        "[paraph]\r\n\trekorVersion = 2\r\n",
        "[paraph]\n\trekorVersion = \"2\"\r\n",
        "[paraph]\n# comment\r\r\n\trekorVersion = 2 # comment\r\r\n",
        "[paraph]\n\trekorVersion = 2\r\r\n",
        "[paraph]\n\trekorVersion = 2 \r\r\n",
        "[paraph]\n\trekorVersion = \"2\"\r\r\n",
        "[paraph]\n\trekorVersion = 2\r",
        "[paraph]\n\trekorVersion = \"2\"\r",
        "[paraph]\r\r\n\trekorVersion = 2\n",
        "[paraph]\n\r\r\n\trekorVersion = 2\n",
    ] {
        std::fs::write(&place, text).unwrap();
        assert_eq!(sandbox.git(&["config", "paraph.rekorVersion"]), "2", "{text:?}");
        let done = sandbox.paraph(&["config"]);
        match done.code {
            Some(0) => {
                assert!(done.stdout.lines().any(|line| line.contains("rekorVersion") && line.contains(".gitconfig")), "{text:?}: {done:?}");
                read += 1;
            }
            code => {
                assert_eq!(code, Some(4), "{text:?}: {done:?}");
                let said = format!("of {} is not valid: it has a carriage return", place.display());
                assert!(done.stderr.contains(&said), "{text:?}: {done:?}");
                named += 1;
            }
        }
    }
    assert_eq!((read, named), (3, 7));
}
