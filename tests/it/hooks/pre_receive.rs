//! The hooks on a server: which pushes they accept.

use super::{NOT_ALLOWED, Setup, heading, says, setup, setup_in, write_hook};

#[test]
fn signed_commits_are_taken_in_both_object_formats() {
    for format in ["sha1", "sha256"] {
        let setup = setup_in(format, &["pre-receive", "update"]);
        let id = setup.signed("one");
        setup.accepted(&["main"]);
        assert_eq!(setup.there("refs/heads/main"), Some(id));
        setup.signed("two");
        setup.unsigned("three");
        setup.refused(&["main"]);
    }
}

#[test]
fn each_kind_of_bad_commit_is_refused_with_its_reason_and_advice() {
    let setup = setup(&["pre-receive"]);
    let good = setup.signed("good");
    setup.accepted(&["main"]);
    let ids = [setup.unsigned("nobody's \u{1b}[31m"), setup.signed_by_bob("bob's"), setup.tampered("changed")];
    let text = setup.refused(&["main"]);
    says(
        &text,
        &[
            "paraph refuses this push: 3 of 3 new objects are not good.\n",
            &heading("commit", &ids[0], "nobody's \\u{1b}[31m", "unsigned"),
            "  Not signed [no-signature].\n",
            &heading("commit", &ids[1], "bob's", "untrusted"),
            "  Good signature from bob@example.com, vouched for by ",
            "  But it is not trusted: the allowed identities do not list bob@example.com with issuer ",
            &heading("commit", &ids[2], "changed", "bad"),
            "  BAD signature: the signature was made over other content [payload-mismatch].\n",
            "What to do:\n  untrusted: sign as an allowed identity, or ask the administrator to add ",
            "  unsigned: sign the last commit with `git commit --amend --no-edit -S`",
            "  bad: do not trust it: it was changed after signing",
            "(pre-receive hook declined)",
        ],
    );
    assert_eq!(setup.there("refs/heads/main"), Some(good));
    // without the bad commits; by force, because the branch was rewritten
    setup.sandbox.git(&["reset", "-q", "--hard", "HEAD~3"]);
    setup.sandbox.git(&["commit", "-q", "-S", "--amend", "--allow-empty", "-m", "made anew"]);
    setup.accepted(&["--force", "main"]);
}

#[test]
fn a_refusal_lists_each_object_with_its_reason_and_then_the_advice() {
    let setup = setup(&["pre-receive"]);
    setup.signed("good");
    let ids = [setup.unsigned("forgotten"), setup.tampered("changed")];
    let text = setup.refused(&["main"]);
    let text = ids.iter().fold(text, |text, id| text.replace(&id[..12], "SHORT"));
    let end = text.find("To file://").unwrap();
    insta::assert_snapshot!(&text[..end], @r#"
    paraph refuses this push: 2 of 3 new objects are not good.
    commit SHORT "changed": [bad]
      BAD signature: the signature was made over other content [payload-mismatch].
      It claims to be from ann@example.com; this is not verified.
    commit SHORT "forgotten": [unsigned]
      Not signed [no-signature].
    What to do:
      unsigned: sign the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`; then push again.
      bad: do not trust it: it was changed after signing, or its signature is damaged; ask its author. Create it again from a source that you trust, sign it, and push again.
    "#);
}

#[test]
fn a_push_from_a_shallow_clone_is_judged_where_the_history_is_there() {
    let setup = setup(&["pre-receive", "update"]);
    setup.signed("one");
    setup.signed("two");
    setup.accepted(&["main"]);
    let url = setup.sandbox.git(&["remote", "get-url", "origin"]);
    std::fs::remove_dir_all(setup.sandbox.work()).unwrap();
    setup.sandbox.git_in(&setup.sandbox.root(), &["clone", "-q", "--depth=1", "--branch=main", &url, "work"]);
    setup.signed("three");
    setup.accepted(&["main"]);
    let bad = setup.unsigned("four");
    says(&setup.refused(&["main"]), &["1 of 1 new objects", &heading("commit", &bad, "four", "unsigned")]);
    // a server with a shallow history judges everything that it receives
    let empty = setup.sandbox.root().join("empty.git");
    setup.sandbox.git(&["init", "-q", "--bare", empty.to_str().unwrap()]);
    std::fs::copy(setup.bare.join("config"), empty.join("config")).unwrap();
    setup.sandbox.git_in(&empty, &["config", "receive.shallowUpdate", "true"]);
    super::install("pre-receive", &empty);
    setup.sandbox.git(&["remote", "set-url", "origin", empty.to_str().unwrap()]);
    says(&setup.refused(&["main"]), &["1 of 3 new objects", &heading("commit", &bad, "four", "unsigned")]);
    setup.accepted(&["main~1:refs/heads/main"]);
    assert_eq!(setup.sandbox.git_in(&empty, &["rev-list", "--count", "main"]), "2");
}

#[test]
fn a_merge_that_brings_an_unsigned_parent_is_refused() {
    let setup = setup(&["pre-receive"]);
    setup.signed("one");
    setup.accepted(&["main"]);
    setup.sandbox.git(&["checkout", "-q", "-b", "topic"]);
    let bad = setup.unsigned("beside");
    setup.sandbox.git(&["checkout", "-q", "main"]);
    setup.signed("two");
    setup.sandbox.git(&["merge", "-q", "-S", "--no-ff", "-m", "merge", "topic"]);
    says(&setup.refused(&["main"]), &["1 of 3 new objects is not good", &heading("commit", &bad, "beside", "unsigned")]);
    // an unsigned merge of signed parents is refused too
    setup.sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    setup.sandbox.git(&["checkout", "-q", "-B", "topic", "HEAD~1"]);
    setup.signed("beside, signed");
    setup.sandbox.git(&["checkout", "-q", "main"]);
    setup.sandbox.git(&["merge", "-q", "--no-gpg-sign", "--no-ff", "-m", "merge", "topic"]);
    says(&setup.refused(&["main"]), &["1 of 3 new objects is not good", "\"merge\": [unsigned]"]);
    setup.sandbox.git(&["commit", "-q", "--amend", "--no-edit", "-S"]);
    setup.accepted(&["main"]);
}

#[test]
fn new_branches_orphans_and_rewritten_ones_are_judged_and_deletions_are_not() {
    let setup = setup(&["pre-receive", "update"]);
    setup.signed("one");
    let second = setup.signed("two");
    setup.accepted(&["main", "main:other"]);
    setup.sandbox.git(&["checkout", "-q", "--orphan", "orphan"]);
    let bad = setup.unsigned("orphan");
    says(&setup.refused(&["orphan"]), &[&heading("commit", &bad, "orphan", "unsigned")]);
    setup.sandbox.git(&["commit", "-q", "--amend", "-S", "--allow-empty", "-m", "orphan"]);
    setup.accepted(&["orphan"]);
    setup.sandbox.git(&["checkout", "-q", "main"]);
    setup.sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let bad = setup.unsigned("another two");
    says(&setup.refused(&["--force", "main"]), &["1 of 1 new objects is", &heading("commit", &bad, "another two", "unsigned")]);
    assert_eq!(setup.there("refs/heads/main"), Some(second));
    setup.accepted(&["--delete", "orphan"]);
    assert_eq!(setup.there("refs/heads/orphan"), None);
    // a branch that moves back, and a new branch at a known commit: nothing is new
    setup.accepted(&["--force", "main~1:main", "main~1:refs/heads/third"]);
}

#[test]
fn a_ref_s_old_value_is_known_and_a_new_ref_is_judged_with_its_whole_history() {
    for hook in ["pre-receive", "update"] {
        let setup = setup(&[]);
        let old = setup.unsigned("from before");
        setup.accepted(&["main"]);
        super::install(hook, &setup.bare);
        setup.signed("since");
        setup.accepted(&["main"]);
        let text = setup.refused(&["main:refs/heads/new"]);
        says(
            &text,
            &["1 of 2 new objects", &heading("commit", &old, "from before", "unsigned"), "hint: on the server, set paraph.guardedRefs"],
        );
        setup.serve("paraph.guardedRefs", "refs/heads/*");
        setup.accepted(&["main:refs/heads/new", "main~1:refs/heads/old"]);
        let bad = setup.unsigned("bad");
        let text = setup.refused(&["main:refs/heads/other"]);
        says(&text, &["1 of 1 new objects", &heading("commit", &bad, "bad", "unsigned")]);
        assert!(!text.contains("guardedRefs"), "{text}");
    }
}

#[test]
fn what_a_ref_leads_to_that_the_hook_does_not_guard_is_not_known() {
    for (hook, guarded) in [("pre-receive", true), ("update", true), ("pre-receive", false), ("update", false)] {
        let setup = setup(&[]);
        setup.signed("one");
        setup.accepted(&["main"]);
        super::install(hook, &setup.bare);
        if guarded {
            setup.serve("paraph.guardedRefs", "refs/heads/main");
        }
        let bad = setup.unsigned("bad");
        let told = heading("commit", &bad, "bad", "unsigned");
        if guarded {
            setup.accepted(&["main:refs/heads/topic", "main:refs/tags/light", "main:refs/other/x"]);
        }
        // references that no push made
        setup.sandbox.git_in(&setup.bare, &["fetch", "-q", setup.sandbox.work().to_str().unwrap(), "main:refs/pull/1/head"]);
        setup.sandbox.git_in(&setup.bare, &["update-ref", "refs/remotes/mirror/main", &bad]);
        says(&setup.refused(&["main"]), &["1 of 1 new objects", &told]);
        // nor is the old value of another ref in the same push
        setup.sandbox.git_in(&setup.bare, &["update-ref", "refs/heads/side", &bad]);
        setup.signed("two");
        says(&setup.refused(&["main", "main:refs/heads/side"]), &[&told]);
        says(&setup.refused(&["main", "main:refs/pull/1/head"]), &[&told]);
        assert_ne!(setup.there("refs/heads/main"), Some(setup.sandbox.git(&["rev-parse", "main"])), "{hook}");
    }
}

#[test]
fn a_symbolic_ref_to_a_guarded_one_is_guarded() {
    let setup = setup(&["pre-receive", "update"]);
    setup.serve("paraph.guardedRefs", "refs/heads/main");
    setup.signed("one");
    setup.accepted(&["main"]);
    setup.sandbox.git_in(&setup.bare, &["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    setup.unsigned("bad");
    says(&setup.refused(&["main:refs/heads/alias"]), &["1 of 1 new objects is not good"]);
    setup.accepted(&["main:refs/heads/other"]);
    // the pusher's environment names nothing
    let program = format!(
        "--receive-pack=env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=paraph.guardedRefs GIT_CONFIG_VALUE_0=refs/x PATH={} git receive-pack",
        super::path()
    );
    says(&setup.refused(&[&program, "main"]), &["1 of 1 new objects is not good"]);
    for pattern in ["main", "refs/heads/*, refs/tags/*", "refs/heads/*,refs/tags/*"] {
        setup.serve("paraph.guardedRefs", pattern);
        says(
            &setup.refused(&["main:refs/heads/again"]),
            &["paraph.guardedRefs has the pattern \"", "hint: begin each pattern with `refs/`"],
        );
    }
}

#[test]
fn a_chain_of_symbolic_refs_is_guarded_where_one_is_also_if_its_target_is_not_there() {
    let setup = setup(&["pre-receive"]);
    setup.serve("paraph.guardedRefs", "refs/heads/main");
    setup.unsigned("bad");
    for (from, to) in [("main", "middle"), ("middle", "trunk"), ("side", "trunk")] {
        setup.sandbox.git_in(&setup.bare, &["symbolic-ref", &format!("refs/heads/{from}"), &format!("refs/heads/{to}")]);
    }
    for name in ["trunk", "middle", "main", "side"] {
        says(&setup.refused(&[&format!("main:refs/heads/{name}")]), &["1 of 1 new objects is not good"]);
    }
    setup.accepted(&["main:refs/heads/other"]);
    // the other end of the chain is guarded
    setup.serve("paraph.guardedRefs", "refs/heads/trunk");
    says(&setup.refused(&["main:refs/heads/side"]), &["1 of 1 new objects is not good"]);
}

#[test]
fn one_bad_ref_refuses_all_before_they_are_received_and_only_itself_when_each_is_updated() {
    for (hook, taken) in [("pre-receive", false), ("update", true)] {
        let setup = setup(&[hook]);
        let good = setup.signed("good");
        setup.sandbox.git(&["branch", "good"]);
        let bad = setup.unsigned("bad");
        let text = setup.refused(&["good", "main"]);
        says(&text, &["1 of ", &heading("commit", &bad, "bad", "unsigned"), "main -> main (", "declined)"]);
        assert_eq!(setup.there("refs/heads/good"), taken.then_some(good), "{hook}");
        assert_eq!(setup.there("refs/heads/main"), None);
        if hook == "update" {
            // --atomic is the pusher's choice
            setup.refused(&["--atomic", "main", "good~0:refs/heads/again"]);
            assert_eq!(setup.there("refs/heads/again"), None);
        }
    }
}

#[test]
fn a_tag_is_judged_under_its_name_and_one_without_an_object_by_its_commit() {
    for hook in ["pre-receive", "update"] {
        let setup = setup(&[hook]);
        setup.serve("paraph.guardedRefs", "refs/heads/* refs/tags/*");
        setup.signed("one");
        setup.accepted(&["main"]);
        let git = |arguments: &[&str]| setup.sandbox.git(arguments);
        git(&["tag", "-s", "-m", "signed", "v1"]);
        git(&["tag", "light"]);
        setup.accepted(&["v1", "light"]);
        git(&["tag", "-a", "--no-sign", "-m", "the message", "v2"]);
        says(&setup.refused(&["v2"]), &[&heading("tag", &git(&["rev-parse", "v2"]), "the message", "unsigned")]);
        git(&["-c", NOT_ALLOWED, "tag", "-s", "-m", "bob's", "v3"]);
        says(&setup.refused(&["v3"]), &[&heading("tag", &git(&["rev-parse", "v3"]), "bob's", "untrusted")]);
        // the server already has the tag object, but its name is another one
        says(&setup.refused(&["v1:refs/tags/v9"]), &["refs/tags/v9 leads to the tag named v1 [tag-name].\n"]);
        assert_eq!(setup.there("refs/tags/v9"), None);
        // the name inside the tag counts
        let parts = setup.sandbox.tag_parts("v1").with_payload("tag v1", "tag v4");
        let changed = setup.sandbox.store_tag(&parts);
        git(&["update-ref", "refs/tags/v4", &changed]);
        says(&setup.refused(&["v4"]), &[&heading("tag", &changed, "signed", "bad"), "[payload-mismatch]"]);
        let parts = setup.sandbox.tag_parts("v1").with_payload("tag v1", &format!("tag {}", "v".repeat(100_000)));
        git(&["update-ref", "refs/tags/v4", &setup.sandbox.store_tag(&parts)]);
        let text = setup.refused(&["v4"]);
        says(&text, &["vvv… [tag-name].\n"]);
        assert!(text.len() < 3000, "{}", text.len());
        // the commit that a signed tag brings is judged too
        let bad = setup.unsigned("two");
        git(&["tag", "-s", "-m", "of an unsigned commit", "v5"]);
        says(&setup.refused(&["v5"]), &["1 of 2 new objects is", &heading("commit", &bad, "two", "unsigned")]);
        git(&["tag", "light-2"]);
        says(&setup.refused(&["light-2"]), &["1 of 1 new objects is", &heading("commit", &bad, "two", "unsigned")]);
        // a tag of a tag
        git(&["tag", "-s", "-m", "outer", "outer", "v1"]);
        setup.accepted(&["outer"]);
        git(&["tag", "-s", "-m", "outer", "outer-2", "v2"]);
        says(&setup.refused(&["outer-2"]), &[&heading("tag", &git(&["rev-parse", "v2"]), "the message", "unsigned")]);
        // an object that carries no signature cannot be pushed by itself
        says(&setup.refused(&["main^{tree}:refs/tags/tree"]), &["is a tree; only commits and tags are signed"]);
    }
}

#[test]
fn a_tag_is_refused_under_another_name_wherever_its_ref_is() {
    for hook in ["pre-receive", "update"] {
        let setup = setup(&[hook]);
        setup.signed("one");
        setup.accepted(&["main"]);
        setup.sandbox.git(&["tag", "-s", "-m", "signed", "v1"]);
        let places = ["refs/namespaces/n/refs/tags", "refs/namespaces/a/refs/namespaces/b/refs/tags", "refs/other", "refs/other/refs/tags"];
        for place in places {
            setup.accepted(&[&format!("v1:{place}/v1")]);
            for name in ["v2", "v2/v1x", "v1/v2"] {
                let text = setup.refused(&[&format!("v1:{place}/{name}")]);
                let listed = heading("tag", &setup.sandbox.git(&["rev-parse", "v1"]), "signed", "bad");
                says(&text, &[&listed, "the tag's own name is not the name of its ref", "[tag-name]", "It claims to be from "]);
                assert_eq!(setup.there(&format!("{place}/{name}")), None);
            }
        }
        // below refs/tags/ the name is all that follows
        for place in places[..2].iter().chain(&["refs/tags"]) {
            says(&setup.refused(&[&format!("v1:{place}/x/v1")]), &["[tag-name]"]);
        }
        // a lightweight tag in a namespace stands for its commit, too
        let old = setup.unsigned("from before");
        setup.sandbox.git_in(&setup.bare, &["fetch", "-q", setup.sandbox.work().to_str().unwrap(), "HEAD:refs/heads/old"]);
        says(&setup.refused(&["HEAD:refs/namespaces/n/refs/tags/light"]), &[&heading("commit", &old, "from before", "unsigned")]);
    }
}

#[test]
fn the_hooks_of_a_namespace_compare_the_name_that_its_clients_see() {
    let setup = setup(&["pre-receive"]);
    setup.signed("one");
    setup.sandbox.git(&["tag", "-s", "-m", "signed", "v1"]);
    let program = format!("--receive-pack=env GIT_NAMESPACE=n PATH={} git receive-pack", super::path());
    setup.accepted(&[&program, "main", "v1"]);
    says(&setup.refused(&[&program, "v1:refs/tags/v2"]), &["refs/tags/v2 leads to the tag named v1 [tag-name].\n"]);
    assert!(setup.there("refs/namespaces/n/refs/tags/v1").is_some() && setup.there("refs/namespaces/n/refs/tags/v2").is_none());
    setup.unsigned("two");
    says(&setup.refused(&[&program, "main"]), &["1 of 1 new objects is not good"]);
}

#[test]
fn a_light_tag_stands_for_its_commit_even_where_that_is_there_already() {
    let setup = setup(&[]);
    let old = setup.unsigned("from before");
    setup.accepted(&["main"]);
    super::install("pre-receive", &setup.bare);
    says(&setup.refused(&["main:refs/tags/v0"]), &["1 of 1 new objects is", &heading("commit", &old, "from before", "unsigned")]);
    setup.serve("paraph.guardedRefs", "refs/heads/* refs/tags/*");
    says(&setup.refused(&["main:refs/tags/v0"]), &["1 of 1 new objects is", &heading("commit", &old, "from before", "unsigned")]);
    setup.sandbox.git(&["tag", "-s", "-m", "vouched for", "v0"]);
    setup.accepted(&["v0"]);
}

#[test]
fn notes_are_judged_and_the_advice_is_not_to_sign_them() {
    let setup = setup(&["pre-receive"]);
    setup.signed("good");
    setup.accepted(&["main"]);
    setup.sandbox.git(&["notes", "add", "-m", "a note", "HEAD"]);
    let alone = setup.refused(&["refs/notes/commits"]);
    says(&alone, &["git cannot sign what refs/notes/commits leads to: do not push it, or ask the administrator to set paraph.guardedRefs"]);
    assert!(!alone.contains("--amend"), "{alone}");
    setup.unsigned("forgotten");
    let both = setup.refused(&["main", "refs/notes/commits"]);
    says(
        &both,
        &["unsigned: sign the last commit with ", "git cannot sign what refs/notes/commits leads to: push the other refs without it"],
    );
    // the advice works
    setup.serve("paraph.guardedRefs", "refs/heads/* refs/tags/*");
    setup.accepted(&["refs/notes/commits"]);
}

#[test]
fn objects_that_are_not_good_are_grouped_by_cause() {
    let setup = setup(&["pre-receive"]);
    for message in ["one", "two", "three", "four", "five"] {
        setup.unsigned(message);
    }
    setup.tampered("changed");
    let text = setup.refused(&["main"]);
    assert_eq!(text.matches(": [unsigned]").count(), 3, "{text}");
    says(&text, &["6 of 6 new objects are not good.\n", "and 2 more.\n", "  Not signed [no-signature].\n", "\"changed\": [bad]"]);
    assert_eq!(text.matches("[no-signature]").count(), 1, "{text}");
}

/// A history of `count` unsigned commits on the branch `name`.
fn import(setup: &Setup, name: &str, count: usize) {
    let mut stream = String::new();
    for number in 0..count {
        stream.push_str(&format!("commit refs/heads/{name}\ncommitter A <a@example.com> {} +0000\ndata 1\nx\n", 1_700_000_000 + number));
    }
    let done = setup.sandbox.feed(setup.sandbox.command("git", &setup.sandbox.work()).args(["fast-import", "--quiet"]), stream.as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn a_large_push_needs_no_more_processes_than_a_small_one_and_its_refusal_is_short() {
    let setup = setup(&[]);
    let folder = setup.sandbox.root().join("counting");
    std::fs::create_dir_all(folder.join("hooks")).unwrap();
    write_hook(
        "git",
        &folder,
        &format!("#!/bin/sh\necho \"$@\" >> {0}/calls\nexec env PATH=\"${{PATH#{0}/hooks:}}\" git \"$@\"\n", folder.display()),
    );
    write_hook("pre-receive", &setup.bare, &format!("#!/bin/sh\nPATH={}/hooks:$PATH exec paraph hook pre-receive\n", folder.display()));
    let calls = |count: usize| {
        let name = format!("of-{count}");
        import(&setup, &name, count);
        let _ = std::fs::remove_file(folder.join("calls"));
        let text = setup.refused(&[&name]);
        says(&text, &[&format!("{count} of {count} new objects are not good.\n")]);
        (std::fs::read_to_string(folder.join("calls")).unwrap().lines().count(), text)
    };
    let (few, _) = calls(5);
    let (many, text) = calls(500);
    assert_eq!((few, many), (2, 2), "one lists, one reads");
    says(&text, &["and 497 more.\n"]);
    assert!(text.lines().count() < 60, "{text}");
}

#[test]
fn a_push_of_ten_thousand_commits_is_judged_whole() {
    let setup = setup(&["pre-receive"]);
    import(&setup, "large", 10_000);
    says(&setup.refused(&["large"]), &["10000 of 10000 new objects are not good.\n", "and 9997 more.\n"]);
    assert_eq!(setup.there("refs/heads/large"), None);
}

#[test]
fn replacements_and_grafts_hide_nothing() {
    let setup = setup(&["pre-receive"]);
    let good = setup.signed("good");
    setup.accepted(&["main"]);
    let bad = setup.unsigned("bad");
    let tip = setup.signed("tip");
    // files on the server that say that the tip follows the good commit, and is the good commit
    std::fs::write(setup.bare.join("info/grafts"), format!("{tip} {good}\n")).unwrap();
    setup.sandbox.git_in(&setup.bare, &["update-ref", &format!("refs/replace/{bad}"), &good]);
    setup.sandbox.git_in(&setup.bare, &["update-ref", &format!("refs/replace/{tip}"), &good]);
    says(&setup.refused(&["main"]), &["1 of 2 new objects is", &heading("commit", &bad, "bad", "unsigned")]);
}

#[test]
fn nobody_pushes_a_replacement() {
    let setup = setup(&["pre-receive", "update"]);
    let first = setup.signed("first");
    let second = setup.signed("second");
    setup.accepted(&["main"]);
    let replacement = format!("refs/replace/{second}");
    let told = format!("{replacement} would show another object here in place of one that was judged");
    says(&setup.refused(&[&format!("{first}:{replacement}")]), &[&told]);
    assert_eq!(setup.there(&replacement), None);
    // an existing one can be deleted
    setup.sandbox.git_in(&setup.bare, &["update-ref", &replacement, &first]);
    setup.accepted(&["--delete", &replacement]);
}

#[test]
fn tags_of_tags_are_followed_up_to_a_depth() {
    let setup = setup(&["pre-receive"]);
    setup.signed("one");
    setup.accepted(&["main"]);
    let mut target = "main".to_owned();
    for depth in 1..=17 {
        let name = format!("depth-{depth}");
        setup.sandbox.git(&["tag", "-s", "-m", "a tag", &name, &target]);
        target = name;
    }
    setup.accepted(&["depth-16"]);
    says(&setup.refused(&["depth-17"]), &["[unchecked]", "at most 16 are followed [tag-too-deep]"]);
}
