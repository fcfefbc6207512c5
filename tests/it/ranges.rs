//! `paraph verify` over ranges of history.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

/// Two signed commits, an unsigned one, and one that was tampered with, in this order.
fn history(sigstore: &Sigstore) -> Sandbox {
    let sandbox = sigstore.signed_history(&["one", "two"]);
    sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "three"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "four"]);
    let tampered = sandbox.git(&["cat-file", "commit", "HEAD"]).replace("\nfour", "\nfive") + "\n";
    std::fs::write(sandbox.work().join("../tampered"), tampered).unwrap();
    let id = sandbox.git(&["hash-object", "-t", "commit", "-w", "../tampered"]);
    sandbox.git(&["reset", "-q", "--hard", &id]);
    sandbox
}

#[test]
fn a_range_is_judged_commit_by_commit_and_the_worst_verdict_wins() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let done = sandbox.paraph(&["verify", "HEAD~2"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let done = sandbox.paraph(&["verify", "--all"]);
    assert_eq!(done.code, Some(15), "{}", done.stderr);
    assert!(done.stdout.contains("4 objects: 2 good, 1 unsigned, 1 bad.\n"), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("2  {EMAIL}, vouched for by {}: good\n", sigstore.url)), "{}", done.stdout);
    assert!(done.stdout.contains("[payload-mismatch]\n"), "{}", done.stdout);
    let done = sandbox.paraph(&["verify", "HEAD~3..HEAD~2"]);
    assert_eq!((done.code, done.stdout.lines().next()), (Some(0), Some("1 object: 1 good.")), "{}", done.stderr);
    assert_eq!(sandbox.paraph(&["verify", "HEAD~2..HEAD~1"]).code, Some(12));
}

#[test]
fn json_is_an_object_a_line_in_the_order_of_the_walk() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let done = sandbox.paraph(&["verify", "--all", "--json"]);
    let ids = sandbox.git(&["rev-list", "HEAD"]);
    let lines: Vec<&str> = done.stdout.lines().collect();
    for (line, id) in lines.iter().zip(ids.lines()) {
        assert!(line.starts_with(&format!(r#"{{"oid":"{id}","verdict":""#)), "{line}");
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn tags_and_standard_input_name_objects_too() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1", "HEAD~2"]);
    sandbox.git(&["tag", "light", "HEAD~2"]);
    let done = sandbox.paraph(&["verify", "--tags"]);
    assert_eq!(
        (done.code, done.stdout.lines().last()),
        (Some(0), Some(&*format!("       1  {EMAIL}, vouched for by {}: good", sigstore.url)))
    );
    sandbox.git(&["update-ref", "refs/tags/v2", "refs/tags/v1"]);
    let done = sandbox.paraph(&["verify", "--tags"]);
    assert_eq!(done.code, Some(15), "{}", done.stdout);
    assert!(done.stdout.contains("refs/tags/v2 leads to the tag named v1"), "{}", done.stdout);
    assert_eq!(sandbox.paraph(&["verify", "--quiet", "HEAD~2", "HEAD~3"]).stdout, "");
}

#[test]
fn replacement_objects_are_not_followed_and_a_shallow_clone_is_not_the_whole_history() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    sandbox.git(&["replace", "HEAD~1", "HEAD~2"]);
    assert_eq!(sandbox.paraph(&["verify", "HEAD~1"]).code, Some(12));
    sandbox.git(&["replace", "-d", &sandbox.git(&["rev-parse", "HEAD~1"])]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~2"]);
    sandbox.git_in(&sandbox.root(), &["clone", "-q", "--depth=1", &format!("file://{}", sandbox.work().display()), "shallow"]);
    let done = sandbox.paraph_in(&sandbox.root().join("shallow"), &["verify", "--all"]);
    assert_eq!(done.code, Some(14), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("shallow clone"), "{}", done.stderr);
}

#[test]
fn expected_identities_decide_in_place_of_the_file() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let verify = |arguments: &[&str]| sandbox.paraph(&[&["verify", "HEAD~3"], arguments].concat());
    let (url, pattern) = (sigstore.url.as_str(), sigstore.url.replace('.', r"\."));
    assert_eq!(verify(&["--certificate-identity", EMAIL, "--certificate-oidc-issuer", url]).code, Some(0));
    assert_eq!(verify(&["--certificate-identity-regexp", r".*@example\.com", "--certificate-oidc-issuer-regexp", &pattern]).code, Some(0));
    let part = verify(&["--certificate-identity-regexp", r"@example\.com", "--certificate-oidc-issuer", url]);
    assert_eq!(part.code, Some(10), "{}{}", part.stdout, part.stderr);
    assert!(part.stdout.contains(r"; .*@example\.com would match the whole"), "{}", part.stdout);
    let two = [
        "--certificate-identity",
        "bob@example.com",
        "--certificate-oidc-issuer",
        url,
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        url,
    ];
    assert_eq!(verify(&two).code, Some(0));
    let patterns: Vec<String> =
        two.iter().map(|word| if word.starts_with("--") { format!("{word}-regexp") } else { (*word).replace('.', r"\.") }).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    assert_eq!(verify(&patterns).code, Some(0), "{patterns:?}");
    assert_eq!(verify(&patterns[..4]).code, Some(10), "bob alone");
    assert_eq!(verify(&["--certificate-identity", "bob@example.com", "--certificate-oidc-issuer", url]).code, Some(10));
    assert_eq!(verify(&["--certificate-identity", EMAIL]).code, Some(2));
    // an empty variable must neither allow everyone nor be ignored
    let empty = verify(&["--certificate-identity", "", "--certificate-oidc-issuer", ""]);
    assert!(empty.code == Some(2) && empty.stderr.contains("is empty"), "{}", empty.stderr);
    let workflow = verify(&[
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        url,
        "--certificate-github-workflow-ref",
        "refs/heads/main",
    ]);
    assert!(workflow.stdout.contains("has no claim githubWorkflowRef"), "{}", workflow.stdout);
}

#[test]
fn bytes_under_another_id_are_a_bad_object_and_the_others_are_judged() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let [three, two] = ["HEAD~1", "HEAD~2"].map(|name| sandbox.git(&["rev-parse", name]));
    let other = sandbox.git(&["commit-tree", "HEAD^{tree}", "-p", &two, "-m", "other"]);
    let file = |id: &str| sandbox.work().join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::remove_file(file(&three)).unwrap();
    std::fs::copy(file(&other), file(&three)).unwrap();

    let done = sandbox.paraph(&["verify", "--all", "--json"]);
    assert_eq!(done.code, Some(15), "{}", done.stderr);
    let lines: Vec<serde_json::Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect::<Vec<_>>(), ["bad", "bad", "good", "good"]);
    assert_eq!((lines[1]["oid"].as_str(), lines[1]["reason"].as_str()), (Some(&*three), Some("object-id-mismatch")));

    let done = sandbox.paraph(&["verify", &three, &two]);
    assert_eq!(done.code, Some(15), "{}", done.stderr);
    assert!(done.stdout.contains(&format!("commit {three}: bad\n")), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("they have the id {other} [object-id-mismatch]")), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("commit {two}: good\n")), "{}", done.stdout);

    // tags, and their targets
    for name in ["v1", "v2"] {
        sandbox.git(&["tag", "-s", "-m", name, name, &two]);
    }
    sandbox.git(&["tag", "-s", "-m", "of a bad one", "v3", &three]);
    let [one, other] = ["v1", "v2"].map(|name| sandbox.git(&["rev-parse", name]));
    std::fs::remove_file(file(&other)).unwrap();
    std::fs::copy(file(&one), file(&other)).unwrap();
    let done = sandbox.paraph(&["verify-tag", "v2"]);
    assert!(done.code == Some(15) && done.stdout.contains("[object-id-mismatch]"), "{done:?}");
    let done = sandbox.paraph(&["verify-tag", "--target", "v3"]);
    assert!(done.code == Some(15) && done.stdout.contains(&format!("commit {three}: bad\n")), "{done:?}");
    assert_eq!(sandbox.paraph(&["verify-tag", "v1"]).code, Some(0));
}

#[test]
fn standard_input_is_read_up_to_a_size() {
    let sandbox = Sandbox::with_repository();
    let most = 64 << 20;
    let verify = |size: usize| sandbox.paraph_with(&["verify", "--stdin"], &vec![b'\n'; size]);
    assert!(!verify(most).stderr.contains("has more than"));
    let done = verify(most + 1);
    assert!(done.code == Some(8) && done.stderr.contains("standard input has more than 67108864 bytes"), "{done:?}");

    let zeros = "0".repeat(40);
    let lines = |count: usize| format!("{zeros} {zeros} refs/heads/main\n").repeat(count);
    let receive = |input: &str| sandbox.paraph_with(&["hook", "pre-receive"], input.as_bytes());
    let done = receive(&lines(100_001));
    assert!(done.code == Some(1) && done.stderr.contains("moves more than 100000 refs"), "{done:?}");
    assert!(!receive(&lines(100_000)).stderr.contains("moves more than"));
    let done = receive(&"a".repeat(most + 1));
    assert!(done.code == Some(1) && done.stderr.contains("standard input has more than 67108864 bytes"), "{done:?}");
}

#[test]
fn the_base_of_a_range_that_a_shallow_clone_lacks_is_named_as_such() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let base = sandbox.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let origin = format!("file://{}", sandbox.work().display());
    sandbox.git_in(&sandbox.root(), &["clone", "-q", "--depth=1", &origin, "shallow"]);
    for revision in
        [format!("{base}..HEAD"), base.clone(), format!("{}..HEAD", &base[..12]), format!("{base}~1..HEAD"), "HEAD~1..HEAD".into()]
    {
        let done = sandbox.paraph_in(&sandbox.root().join("shallow"), &["verify", &revision]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(4), ""), "{revision}: {}", done.stderr);
        assert!(
            done.stderr.contains("\" is not in this shallow clone\nhint: fetch the rest of the history with `git fetch --unshallow`"),
            "{}",
            done.stderr
        );
        let whole = sandbox.paraph(&["verify", &revision]);
        assert!(!whole.stderr.contains("shallow"), "{}", whole.stderr);
    }
    // more history brings no name that is misspelled, or that was not fetched
    for revision in ["maim", "maim~1", "origin/topic..HEAD", "HEAD..refs/heads/maim", "v1^{commit}"] {
        let done = sandbox.paraph_in(&sandbox.root().join("shallow"), &["verify", revision]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(4), ""), "{revision}: {}", done.stderr);
        assert!(!done.stderr.contains("shallow") && done.stderr.contains("check the spelling"), "{}", done.stderr);
    }
}

#[test]
fn a_verified_object_in_whose_place_git_shows_another_is_named() {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, crate::support::sigstore::EMAIL);
    for message in ["first", "second"] {
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", message]);
    }
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let warning = format!("warning: git shows another object in place of {head}");
    let warned = |sandbox: &Sandbox, arguments: &[&str]| {
        let done = sandbox.paraph(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done.stderr.contains(&warning)
    };
    assert!(!warned(&sandbox, &["verify"]));
    sandbox.git(&["replace", "HEAD", "HEAD~1"]);
    for packed in [false, true] {
        for arguments in [&["verify"][..], &["verify", "HEAD~1..HEAD"], &["verify", "--json"], &["show"]] {
            assert!(warned(&sandbox, arguments), "{arguments:?}");
        }
        assert!(!warned(&sandbox, &["verify", "HEAD~1"]), "it is not replaced");
        if !packed {
            sandbox.git(&["pack-refs", "--all"]);
        }
    }
    sandbox.git(&["config", "core.useReplaceRefs", "off"]);
    assert!(!warned(&sandbox, &["verify"]));
    sandbox.git(&["config", "--unset", "core.useReplaceRefs"]);
    assert!(warned(&sandbox, &["verify"]));
    sandbox.set("GIT_NO_REPLACE_OBJECTS", "1");
    assert!(!warned(&sandbox, &["verify"]));
}

/// git says it in several lines with tabs, or with the version that it knows.
#[test]
fn a_format_of_the_repository_that_git_does_not_know_is_one_clear_sentence() {
    for (key, value, sentence, hint) in [
        ("extensions.foo", "true", "this git does not know the repository's extension foo", "use a newer git"),
        (
            "core.repositoryFormatVersion",
            "7",
            "the repository's format version is 7; expected 0 or 1",
            "use newer versions of git and paraph",
        ),
    ] {
        let sandbox = Sandbox::with_repository();
        sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
        sandbox.git(&["config", key, value]);
        let config = sandbox.work().join(".git/config");
        let before = std::fs::read(&config).unwrap();
        assert_eq!(sandbox.paraph(&["local", "init"]).code, Some(0));
        for arguments in [&["local", "use"][..], &["setup", "--yes"], &["local", "use", "--undo"]] {
            let done = sandbox.paraph(arguments);
            assert_eq!(done.stderr, format!("error: {sentence}\nhint: {hint}.\n"), "{arguments:?}");
            assert!(done.code == Some(4) && std::fs::read(&config).unwrap() == before, "{arguments:?}");
        }
        let shown = sandbox.paraph(&["doctor", "--offline"]).stdout;
        let mut lines = shown.lines().skip_while(|line| !line.starts_with("problem  git  "));
        assert!(lines.next().is_some_and(|line| line.ends_with(&format!("cannot read the repository here: {sentence}"))), "{shown}");
        assert_eq!(lines.next().map(str::trim), Some(format!("-> {hint}").as_str()), "{shown}");
    }
}

/// git says it in two lines with a tab.
#[test]
fn a_format_of_references_that_git_does_not_know_is_one_clear_sentence() {
    let sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(&["config", "extensions.refStorage", "reftable"]);
    // a newer git knows it, but finds no references in that format
    if sandbox.try_git(&["rev-parse", "--git-dir"]).code == Some(0) {
        return;
    }
    let done = sandbox.paraph(&["verify"]);
    let expected = "error: this git does not know the repository's extension refstorage\nhint: use git 2.45 or newer, which knows the format reftable.\n";
    assert_eq!((done.code, done.stderr.as_str()), (Some(4), expected));
    let done = sandbox.paraph(&["doctor", "--offline"]);
    let line = done.stdout.lines().find(|line| line.contains(" git  ")).unwrap_or_default();
    assert!(line.starts_with("problem  git ") && line.contains("does not know the repository's extension refstorage"), "{}", done.stdout);
}

/// Three signed commits by an allowed identity.
fn three_good(sigstore: &Sigstore) -> Sandbox {
    sigstore.signed_history(&["one", "two", "three"])
}

/// The operators lead over the parents to the object that is named.
#[test]
fn a_damaged_object_on_the_way_of_a_revision_is_named_with_its_file() {
    let sigstore = Sigstore::start();
    let mut sandbox = three_good(&sigstore);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    let id = sandbox.git(&["rev-parse", "HEAD~1"]);
    let path = sandbox.work().join(".git/objects").join(&id[..2]).join(&id[2..]);
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, &whole[..20]).unwrap();
    let calls =
        ["HEAD~1", "HEAD^", "HEAD~2", "HEAD~", "HEAD^1~1", "@^^", "main~2^{commit}", "v1^{commit}~1", "v1~1", "HEAD~1..HEAD", "^HEAD~2"];
    let expected = format!("error: the object {id} is damaged in {}", path.display());
    let check = |sandbox: &Sandbox, arguments: &[&str]| {
        let done = sandbox.paraph(arguments);
        let said = done.stderr.starts_with(&expected) && done.stderr.contains("hint: look for the cause with `git fsck`.");
        assert!(done.code == Some(4) && said, "{arguments:?}: {done:?}");
    };
    for revision in calls {
        check(&sandbox, &["verify", revision, "HEAD"]);
    }
    for arguments in [&["verify", "--all"][..], &["verify", "HEAD", "^HEAD~2"]] {
        check(&sandbox, arguments);
    }
    // where git resolves them
    sandbox.set("GIT_OBJECT_DIRECTORY", sandbox.work().join(".git/objects").to_str().unwrap());
    for revision in ["HEAD~1", "HEAD~2"] {
        check(&sandbox, &["verify", revision]);
    }
    // what is not there stays unknown
    let done = sandbox.paraph(&["verify", "HEAD^2"]);
    assert!(done.code == Some(4) && done.stderr.contains("\"HEAD^2\" is not an object"), "{done:?}");
}

#[test]
fn patterns_without_all_or_tags_are_refused_and_one_that_matches_nothing_is_warned_of() {
    let sigstore = Sigstore::start();
    let sandbox = three_good(&sigstore);
    for option in ["--include-ref", "--exclude-ref"] {
        let done = sandbox.paraph(&["verify", option, "refs/stash"]);
        assert!(done.code == Some(2) && done.stderr.contains(&format!("{option} is given without --all or --tags")), "{done:?}");
        for all in ["--all", "--tags"] {
            let done = sandbox.paraph(&["verify", all, option, "refs/heads/mian"]);
            assert_eq!((done.code, done.stderr.as_str()), (Some(0), "warning: No ref matches \"refs/heads/mian\".\n"), "{done:?}");
        }
    }
    // as in git, HEAD counts by itself
    let bad = sandbox.git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "unsigned"]);
    sandbox.git(&["update-ref", "HEAD", &bad]);
    assert_eq!(sandbox.paraph(&["verify", "--all", "--exclude-ref", "refs/heads/main"]).code, Some(12));
    assert_eq!(sandbox.git(&["rev-list", "--exclude=refs/heads/main", "--all", "--max-count=1"]), bad);
}
