//! The progress bar on the terminal, the summary, and the formats for programs.

use crate::support::{
    filter::filtered,
    objects::{OPENPGP, installed},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use paraph::Explanation as _;
use serde_json::Value;

/// A history with signed commits of two people, one of whom is allowed, and a commit for each kind of failure.
fn history(sigstore: &Sigstore) -> Sandbox {
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    let commit = |sign: &str, message: &str| {
        sandbox.git(&["-c", "user.signingKey=bob@example.com", "commit", "-q", sign, "--allow-empty", "-m", message]);
    };
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    commit("-S", "two");
    for message in ["three", "four", "five", "six \u{1b}[2J"] {
        commit("--no-gpg-sign", message);
    }
    let parts = sandbox.commit_parts("HEAD~4");
    let (tampered, openpgp) = (parts.with_payload("\ntwo", "\n2"), parts.with_signature(OPENPGP));
    for (name, parts) in [("tampered", tampered), ("openpgp", openpgp)] {
        sandbox.git(&["update-ref", &format!("refs/heads/{name}"), &sandbox.store_commit(&parts)]);
    }
    sandbox
}

#[test]
fn the_summary_says_how_many_whose_why_and_what_to_do() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let done = sandbox.paraph(&["verify", "--all"]);
    let (_, summary) = done.stdout.split_once("8 objects").unwrap();
    let summary: String = summary.lines().map(|line| format!("{}\n", shortened(line))).collect();
    insta::assert_snapshot!(filtered(&summary, &[]), @r#"
    : 1 good, 1 untrusted, 4 unsigned, 1 other, 1 bad.
           1  ann@example.com, vouched for by http://HOST: good
           1  bob@example.com, vouched for by http://HOST: untrusted
           1  the signature was made over other content [payload-mismatch]
              commit … "2"
              what to do: do not trust it: it was changed after signing, or its signature is damaged; ask its author
           1  the signature is an OpenPGP signature, which git's gpg program verifies [openpgp-signature]
              commit … "two"
              what to do: let git verify it with --other-signatures; for a forge's merges, set paraph.forgeKey to its key
           4  the object carries no signature [no-signature]
              commit … "six \u{1b}[2J"
              commit … "five"
              commit … "four"
              and 1 more
              what to do: sign it: the last commit with `git commit --amend --no-edit -S`, all commits since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`
           1  the allowed identities do not list the identity [identity-not-allowed]
              commit … "two"
              what to do: if you trust the identity, run `paraph allow IDENTITY ISSUER` (with `--instance NAME` unless it is the public instance)
    "#);
    assert_eq!(done.code, Some(15));
}

/// A line without the short ids, which differ in each run.
fn shortened(line: &str) -> String {
    match line.trim_start().strip_prefix("commit ") {
        Some(rest) => format!("{:10}commit …{}", "", rest.get(12..).unwrap()),
        None => line.to_owned(),
    }
}

#[test]
fn sarif_has_a_rule_for_every_cause_and_a_result_for_every_object_that_is_not_good() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let done = sandbox.paraph(&["verify", "--all", "--format", "sarif"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(15), ""));
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    check_sarif(&document);
    let run = &document["runs"][0];
    let mut found: Vec<(&str, &str)> = Vec::new();
    for result in run["results"].as_array().unwrap() {
        let place = &result["locations"][0]["logicalLocations"][0];
        assert_eq!(place["fullyQualifiedName"], result["properties"]["oid"]);
        found.push((result["ruleId"].as_str().unwrap(), result["level"].as_str().unwrap()));
    }
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("identity-not-allowed", "error"),
            ("no-signature", "warning"),
            ("no-signature", "warning"),
            ("no-signature", "warning"),
            ("no-signature", "warning"),
            ("openpgp-signature", "warning"),
            ("payload-mismatch", "error"),
        ]
    );
    assert_eq!(run["invocations"][0], serde_json::json!({ "executionSuccessful": true, "exitCode": 15 }));
    let ids = paraph::Reason::ALL.iter().map(|reason| reason.id()).chain(paraph::LegacyRule::ALL.iter().map(|rule| rule.id()));
    for id in ids {
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().iter().filter(|rule| rule["id"] == id).count(), 1, "{id}");
    }

    // a call that fails prints a complete document that says so
    let failed = sandbox.paraph(&["verify", "HEAD", "nowhere", "--format=sarif"]);
    let document: Value = serde_json::from_str(&failed.stdout).unwrap();
    check_sarif(&document);
    let invocation = &document["runs"][0]["invocations"][0];
    assert_eq!((failed.code, &invocation["executionSuccessful"], &invocation["exitCode"]), (Some(4), &false.into(), &4.into()));
    assert_eq!(document["runs"][0]["results"].as_array().unwrap().len(), 1);
}

/// The requirements of SARIF's schema (version 2.1.0) for the parts that are used.
fn check_sarif(document: &Value) {
    assert_eq!(
        (&document["version"], document["$schema"].as_str().map(|schema| schema.ends_with("sarif-2.1.0.json"))),
        (&"2.1.0".into(), Some(true))
    );
    let [run] = &document["runs"].as_array().unwrap()[..] else { panic!("one run") };
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let levels = ["none", "note", "warning", "error"];
    let is_text = |message: &Value| message["text"].as_str().is_some_and(|text| !text.is_empty() && text.ends_with('.'));
    let rules = driver["rules"].as_array().unwrap();
    for (index, rule) in rules.iter().enumerate() {
        assert!(is_text(&rule["shortDescription"]) && is_text(&rule["help"]), "{rule}");
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()), "{rule}");
        assert!(rules.iter().skip(index + 1).all(|other| other["id"] != rule["id"]), "{rule} stands twice");
    }
    for result in run["results"].as_array().unwrap() {
        assert!(result["message"]["text"].is_string() && levels.contains(&result["level"].as_str().unwrap()), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
        assert!(result["partialFingerprints"].as_object().unwrap().values().all(Value::is_string));
    }
    for invocation in run["invocations"].as_array().unwrap() {
        assert!(invocation["executionSuccessful"].is_boolean());
    }
}

#[test]
fn the_formats_have_two_names_for_json_and_exclude_each_other() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let json = sandbox.paraph(&["verify", "--json"]).stdout;
    assert_eq!(sandbox.paraph(&["verify", "--format", "json"]).stdout, json);
    assert_eq!(sandbox.paraph(&["verify", "--format", "text"]).stdout, sandbox.paraph(&["verify"]).stdout);
    for wrong in [&["--json", "--format", "sarif"][..], &["--quiet", "--json"], &["--quiet", "--format", "text"], &["--format", "xml"]] {
        assert_eq!(sandbox.paraph(&[&["verify"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
}

/// The output on a terminal: standard error, and standard output unless it goes to a file. `None` without the program `script`.
fn on_terminal(sandbox: &Sandbox, arguments: &str, variables: &[(&str, &str)], test: &str) -> Option<String> {
    // on other systems, `script` has different options
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED {test}: there is no script of util-linux here");
        return None;
    }
    if !installed("script", test) {
        return None;
    }
    let log = sandbox.root().join("typescript");
    let call = format!("{} {arguments}", env!("CARGO_BIN_EXE_paraph"));
    let mut command = sandbox.command("script", &sandbox.work());
    command.env("TERM", "xterm").env("SHELL", "/bin/sh").envs(variables.iter().copied());
    let done = sandbox.feed(command.args(["-q", "-e", "-c", &call]).arg(&log), b"");
    assert!(done.code.is_some());
    Some(String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned())
}

#[test]
fn a_bar_shows_on_a_terminal_alone() {
    let test = "a_bar_shows_on_a_terminal_alone";
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let Some(seen) = on_terminal(&sandbox, "verify --all > ../out", &[], test) else { return };
    assert!(seen.contains(" objects") && seen.contains("\u{1b}[2K"), "{seen:?}");
    // a colour is a sequence that ends with m
    assert!(
        !seen
            .split('\u{1b}')
            .skip(1)
            .any(|part| part.split(|c: char| c.is_ascii_alphabetic()).next().is_some_and(|code| part[code.len()..].starts_with('m'))),
        "{seen:?}"
    );
    let out = std::fs::read_to_string(sandbox.root().join("out")).unwrap();
    assert_eq!(out, sandbox.paraph(&["verify", "--all"]).stdout, "nothing of the bar is in the data");
    // each line of output begins at the start of a line, and the bar is removed at the end
    let both = on_terminal(&sandbox, "verify --all --verbose", &[], test).unwrap();
    for line in out.lines() {
        assert!(both.contains(&format!("\u{1b}[2K{line}\r\n")) || both.contains(&format!("\n{line}\r\n")), "{line}: {both:?}");
    }
    let json = on_terminal(&sandbox, "verify --all --json > ../out", &[], test).unwrap();
    assert!(json.contains(" objects"), "the lines go elsewhere");
    for (arguments, variables) in [
        ("verify --all --quiet", &[][..]),
        ("verify --all --json", &[]),
        ("verify HEAD", &[]),
        ("verify --all > ../out", &[("TERM", "dumb")]),
    ] {
        let seen = on_terminal(&sandbox, arguments, variables, test).unwrap();
        assert!(!seen.contains("\u{1b}[2K"), "{arguments}: {seen:?}");
    }
}

#[test]
fn a_terminal_gets_groups_by_cause_and_a_pipe_gets_every_object() {
    let test = "a_terminal_gets_groups_by_cause_and_a_pipe_gets_every_object";
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let unsigned = |text: &str| text.lines().filter(|line| line.trim_end().ends_with(": unsigned") && line.contains("commit ")).count();
    assert_eq!(unsigned(&sandbox.paraph(&["verify", "--all"]).stdout), 4);
    let Some(seen) = on_terminal(&sandbox, "verify --all", &[("TERM", "dumb")], test) else { return };
    assert!(unsigned(&seen) == 0 && seen.contains("and 1 more") && seen.contains("--verbose shows each object"), "{seen}");
    let verbose = on_terminal(&sandbox, "verify --all --verbose", &[("TERM", "dumb")], test).unwrap();
    assert!(unsigned(&verbose) == 4 && !verbose.contains("--verbose shows"), "{verbose}");
    // objects that were named have their lines
    let named = on_terminal(&sandbox, "verify HEAD HEAD~1", &[("TERM", "dumb")], test).unwrap();
    assert_eq!(unsigned(&named), 2, "{named}");
}

#[test]
fn nothing_to_verify_is_said_and_an_empty_list_is_a_mistake() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let range = sandbox.paraph(&["verify", "HEAD..HEAD"]);
    assert_eq!((range.code, range.stdout.as_str()), (Some(0), "Nothing to verify.\n"));
    assert_eq!(sandbox.paraph(&["verify", "HEAD", "^HEAD"]).stdout, "Nothing to verify.\n", "as for git, a range");
    assert!(sandbox.paraph(&["verify", "HEAD", "^HEAD~2"]).stdout.contains("\n2 objects: 2 unsigned.\n"));
    for input in ["", "\n \n"] {
        let done = sandbox.paraph_with(&["verify", "--stdin"], input.as_bytes());
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{input:?}");
        let hint = "hint: write one revision on each line, for example with `git rev-list main..topic`.";
        assert_eq!(done.stderr, format!("error: standard input names no revision\n{hint}\n"));
    }
    for done in [sandbox.paraph(&["verify", "^HEAD"]), sandbox.paraph_with(&["verify", "--stdin"], b"^HEAD\n")] {
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{done:?}");
        assert!(done.stderr.starts_with("error: the revisions only exclude commits"), "{}", done.stderr);
    }
}

/// The test signature of `paraph setup` is not published, so it says nothing about publication.
#[test]
fn setup_tells_nothing_of_publication_on_the_terminal() {
    let test = "setup_tells_nothing_of_publication_on_the_terminal";
    let sandbox = Sandbox::with_repository();
    let Some(seen) = on_terminal(&sandbox, "setup --yes", &[], test) else { return };
    assert!(seen.contains("Nothing is published.") && seen.contains("git made and verified a test signature in "), "{seen}");
    assert!(!seen.contains("paraph: "), "{seen}");
}
