//! `--all` and `--tags` cover every reference, however it is stored and wherever it leads. A reference that leads nowhere is an error, because
//! the objects behind it were not judged.

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
};
use std::path::PathBuf;

/// Three signed commits by an allowed identity.
fn history(sigstore: &Sigstore) -> Sandbox {
    sigstore.signed_history(&["one", "two", "three"])
}

/// An unsigned child of a commit. No reference leads to it.
fn unsigned(sandbox: &Sandbox, parent: &str) -> String {
    sandbox.git(&["commit-tree", &format!("{parent}^{{tree}}"), "-p", parent, "-m", "unsigned"])
}

fn file(sandbox: &Sandbox, id: &str) -> PathBuf {
    sandbox.work().join(".git/objects").join(&id[..2]).join(&id[2..])
}

fn all(sandbox: &Sandbox) -> Done {
    sandbox.paraph(&["verify", "--all"])
}

#[test]
fn a_reference_that_leads_nowhere_is_an_error() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    assert_eq!(all(&sandbox).code, Some(0));
    let side = unsigned(&sandbox, "HEAD");
    sandbox.git(&["branch", "side", &side]);
    assert_eq!(all(&sandbox).code, Some(12));
    let stored = std::fs::read(file(&sandbox, &side)).unwrap();
    std::fs::remove_file(file(&sandbox, &side)).unwrap();
    let gone = all(&sandbox);
    assert!(
        gone.code == Some(4) && gone.stderr.contains(&format!("the reference refs/heads/side points to the object {side}")),
        "{gone:?}"
    );
    std::fs::write(file(&sandbox, &side), "xx").unwrap();
    assert_eq!(all(&sandbox).code, Some(4));
    std::fs::remove_file(file(&sandbox, &side)).unwrap();
    std::fs::write(file(&sandbox, &side), stored).unwrap();
    // a tag whose target is missing, and a file that is not a reference
    sandbox.git(&["tag", "-s", "-m", "tag", "v1", "side"]);
    sandbox.git(&["branch", "-q", "-D", "side"]);
    std::fs::remove_file(file(&sandbox, &side)).unwrap();
    let gone = all(&sandbox);
    assert!(gone.code == Some(4) && gone.stderr.contains("refs/tags/v1"), "{gone:?}");
    sandbox.git(&["tag", "-d", "v1"]);
    assert_eq!(all(&sandbox).code, Some(0));
    std::fs::write(sandbox.work().join(".git/refs/heads/odd"), "nothing\n").unwrap();
    let odd = all(&sandbox);
    assert!(odd.code == Some(4) && odd.stderr.contains("ignoring broken ref refs/heads/odd"), "{odd:?}");
    // more of them than a pipe holds
    for number in 0..2000 {
        std::fs::write(sandbox.work().join(format!(".git/refs/heads/odd-{number}")), "nothing\n").unwrap();
    }
    assert_eq!(all(&sandbox).code, Some(4));
}

#[test]
fn all_are_those_that_git_lists() {
    let sigstore = Sigstore::start();
    let mut sandbox = history(&sigstore);
    let bad = unsigned(&sandbox, "HEAD");
    // the peeled value of a tag in packed-refs can be written by anyone
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "tag", "v1", &bad]);
    sandbox.git(&["pack-refs", "--all"]);
    let packed = sandbox.work().join(".git/packed-refs");
    let main = sandbox.git(&["rev-parse", "main"]);
    std::fs::write(&packed, std::fs::read_to_string(&packed).unwrap().replace(&format!("^{bad}"), &format!("^{main}"))).unwrap();
    assert_eq!(all(&sandbox).code, Some(12));
    sandbox.git(&["tag", "-d", "v1"]);
    assert_eq!(all(&sandbox).code, Some(0));
    // the HEAD of another work tree
    let other = sandbox.root().join("other");
    sandbox.git(&["worktree", "add", "-q", "--detach", other.to_str().unwrap(), &bad]);
    assert_eq!(all(&sandbox).code, Some(12));
    sandbox.git(&["worktree", "remove", "--force", other.to_str().unwrap()]);
    // a namespace is only for those who fetch
    sandbox.git(&["branch", "side", &bad]);
    sandbox.set("GIT_NAMESPACE", "foo");
    assert_eq!(all(&sandbox).code, Some(12));
}

#[test]
fn what_git_makes_and_cannot_sign_is_left_out_unless_it_is_asked_for() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let calm = all(&sandbox);
    assert!(calm.code == Some(0) && calm.stderr.is_empty(), "{calm:?}");
    std::fs::write(sandbox.work().join("file"), "one").unwrap();
    sandbox.git(&["add", "file"]);
    sandbox.git(&["stash", "push", "-q"]);
    sandbox.git(&["notes", "add", "-m", "a note", "HEAD"]);
    let bad = unsigned(&sandbox, "HEAD");
    for name in ["bisect/bad", "rewritten/x", "worktree/x", "prefetch/heads/x", "original/refs/heads/x", "replace/x", "paraph/x"] {
        sandbox.git(&["update-ref", &format!("refs/{name}"), &bad]);
    }
    for call in [&["verify", "--all"][..], &["verify", "--all", "--tags"], &["verify", "--all", "--json"]] {
        let done = sandbox.paraph(call);
        assert_eq!(done.code, Some(0), "{done:?}");
        let lines: Vec<&str> = done.stderr.lines().collect();
        let [line] = lines[..] else { panic!("{done:?}") };
        assert!(line.starts_with("Left out: 9 refs that git makes and cannot sign (refs/"), "{line}");
    }
    assert_eq!(sandbox.paraph(&["verify", "--all", "--quiet"]).stderr, "");
    for pattern in
        ["refs/stash", "refs/notes", "refs/notes/", "refs/notes/*", "refs/n*", "refs/*/commits", "refs/original", "refs/paraph/?"]
    {
        assert_eq!(sandbox.paraph(&["verify", "--all", "--include-ref", pattern]).code, Some(12), "{pattern}");
    }
    let both = ["verify", "--all", "--include-ref", "refs/notes", "--exclude-ref", "refs/notes/commits"];
    assert_eq!(sandbox.paraph(&both).code, Some(0));
    // what can be signed counts, until it is left out
    sandbox.git(&["branch", "topic/unsigned", &bad]);
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "tag", "t", "main"]);
    assert_eq!(all(&sandbox).code, Some(12));
    for pattern in ["refs/heads/topic", "refs/heads/topic/unsigned", "refs/heads/t*", "refs/heads/*/unsigned"] {
        assert_eq!(sandbox.paraph(&["verify", "--all", "--exclude-ref", pattern]).code, Some(0), "{pattern}");
    }
    assert_eq!(sandbox.paraph(&["verify", "--tags"]).code, Some(12));
    assert_eq!(sandbox.paraph(&["verify", "--tags", "--exclude-ref", "refs/tags/t"]).code, Some(0));
    let wrong = sandbox.paraph(&["verify", "--all", "--exclude-ref", "topic"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("\"topic\" matches no ref"), "{wrong:?}");
}

#[test]
fn an_object_that_is_damaged_is_not_called_missing() {
    let sigstore = Sigstore::start();
    let mut sandbox = history(&sigstore);
    let id = sandbox.git(&["rev-parse", "HEAD"]);
    let path = file(&sandbox, &id);
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for damaged in [&b"xx"[..], &whole[..whole.len() / 2], b""] {
        std::fs::write(&path, damaged).unwrap();
        for call in [&["verify"][..], &["verify", &id], &["verify", "HEAD~1..HEAD"], &["verify", "--all"]] {
            let done = sandbox.paraph(call);
            let said = done.stderr.contains(&format!("the object {id} is damaged in {}", path.display()));
            assert!(
                done.code == Some(4)
                    && said
                    && done.stderr.contains("hint: look for the cause with `git fsck`")
                    && !done.stderr.contains("missing")
                    && !done.stderr.contains("not in this"),
                "{call:?}: {done:?}"
            );
        }
    }
    // where git reads the objects
    sandbox.set("GIT_OBJECT_DIRECTORY", sandbox.work().join(".git/objects").to_str().unwrap());
    let done = sandbox.paraph(&["verify", &id]);
    assert!(done.code == Some(4) && done.stderr.contains(&format!("the object {id} is damaged in ")), "{done:?}");
    std::fs::remove_file(&path).unwrap();
    let done = sandbox.paraph(&["verify", &id]);
    assert!(done.code == Some(4) && done.stderr.contains("is not in this repository"), "{done:?}");
}

#[test]
fn objects_in_another_place_are_found_there() {
    let sigstore = Sigstore::start();
    let mut sandbox = history(&sigstore);
    let bad = unsigned(&sandbox, "HEAD");
    sandbox.git(&["branch", "side", &bad]);
    let (objects, elsewhere) = (sandbox.work().join(".git/objects"), sandbox.root().join("elsewhere"));
    std::fs::rename(&objects, &elsewhere).unwrap();
    std::fs::create_dir_all(objects.join("pack")).unwrap();
    assert_eq!(all(&sandbox).code, Some(4));
    for variable in ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        sandbox.set(variable, elsewhere.to_str().unwrap());
        let done = all(&sandbox);
        assert!(done.code == Some(12) && done.stdout.contains("4 objects: 3 good, 1 unsigned.\n"), "{variable}: {done:?}");
        sandbox.unset(variable);
    }
}

#[test]
fn tags_are_those_behind_symbolic_names_and_odd_ones_too() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    let tags = || sandbox.paraph(&["verify", "--tags"]);
    assert_eq!(tags().code, Some(0));
    // the tag says nothing about another name than its own
    sandbox.git(&["symbolic-ref", "refs/tags/latest", "refs/tags/v1"]);
    let done = tags();
    assert!(done.code == Some(15) && done.stdout.contains("[tag-name]"), "{done:?}");
    sandbox.git(&["symbolic-ref", "-d", "refs/tags/latest"]);
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "tag", "hidden"]);
    let hidden = sandbox.git(&["rev-parse", "hidden"]);
    sandbox.git(&["update-ref", "refs/hidden/t", &hidden]);
    sandbox.git(&["tag", "-d", "hidden"]);
    sandbox.git(&["symbolic-ref", "refs/tags/rel", "refs/hidden/t"]);
    assert_eq!(tags().code, Some(12));
    sandbox.git(&["symbolic-ref", "-d", "refs/tags/rel"]);
    // a name that is not valid UTF-8
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"z\xff");
    std::fs::write(sandbox.work().join(".git/refs/tags").join(odd), format!("{hidden}\n")).unwrap();
    assert_eq!(tags().code, Some(12));
}

#[test]
fn tags_inside_tags_and_in_other_places_are_judged_and_lightweight_ones_are_named() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let tags = || sandbox.paraph(&["verify", "--tags"]);
    sandbox.git(&["tag", "light"]);
    let done = tags();
    assert!(done.code == Some(0) && done.stderr.contains("refs/tags/light is a lightweight tag, which carries no signature"), "{done:?}");
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "tag", "inner"]);
    sandbox.git(&["-c", "advice.nestedTag=false", "tag", "-s", "-m", "tag", "outer", "inner"]);
    sandbox.git(&["tag", "-d", "inner"]);
    assert_eq!(tags().code, Some(12), "the tag inside is unsigned");
    let outer = sandbox.git(&["rev-parse", "outer"]);
    sandbox.git(&["tag", "-d", "outer"]);
    assert_eq!(tags().code, Some(0));
    sandbox.git(&["update-ref", "refs/releases/r1", &outer]);
    assert_eq!(tags().code, Some(12));
    // a tag that says that the tag inside it is a commit
    let lying = String::from_utf8(sandbox.object("tag", "refs/releases/r1")).unwrap().replace("\ntype tag\n", "\ntype commit\n");
    let lying = sandbox.store("tag", lying.as_bytes());
    sandbox.git(&["update-ref", "refs/releases/r1", &lying]);
    let done = tags();
    assert!(done.code == Some(15) && done.stdout.contains("[no-signature]"), "{done:?}");
    // a name that looks like the end of an expression
    assert_eq!(sandbox.paraph(&["verify", "HEAD:a@{"]).code, Some(4));
    // deeper than the limit
    let mut inner = outer;
    for _ in 0..70 {
        inner = sandbox.store("tag", format!("object {inner}\ntype tag\ntag t\ntagger A <a@b> 1 +0000\n\nm\n").as_bytes());
    }
    sandbox.git(&["update-ref", "refs/releases/r2", &inner]);
    assert_eq!(sandbox.paraph(&["verify", "--all", "--quiet"]).code, Some(0), "the commits are good");
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    let done = sandbox.paraph(&["verify-tag", "refs/releases/r2", "v1"]);
    assert!(done.code == Some(14) && done.stdout.contains("[tag-too-deep]") && done.stdout.contains(": good\n"), "{done:?}");
}

#[test]
fn a_tag_keeps_its_name_through_operators_that_lead_to_itself() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    sandbox.git(&["-c", "core.logAllRefUpdates=always", "update-ref", "refs/tags/v9", "v1"]);
    for (command, revision) in [("verify", "v9"), ("verify", "v9^{tag}"), ("verify", "v9^{object}"), ("verify-tag", "v9^{tag}")] {
        let done = sandbox.paraph(&[command, revision]);
        assert!(done.code == Some(15) && done.stdout.contains("[tag-name]"), "{revision}: {done:?}");
    }
    // the previous value of the name, and a path to it that is not a tag's name
    sandbox.git(&["symbolic-ref", "refs/heads/link", "refs/tags/v9"]);
    for revision in ["v9@{0}", "link"] {
        let done = sandbox.paraph(&["verify", revision]);
        assert!(done.code == Some(15) && done.stdout.contains("[tag-name]"), "{revision}: {done:?}");
    }
    for revision in ["v1^{tag}", "v1^{object}", "v1^{}", "v9^{commit}"] {
        assert_eq!(sandbox.paraph(&["verify", revision]).code, Some(0), "{revision}");
    }
}

#[test]
fn a_reference_named_like_an_id_is_one_meaning_of_two() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let short = sandbox.git(&["rev-parse", "--short=7", "HEAD~1"]);
    assert_eq!(sandbox.paraph(&["verify", &short]).code, Some(0));
    sandbox.git(&["update-ref", &format!("refs/heads/{short}"), "HEAD"]);
    let done = sandbox.paraph(&["verify", &short]);
    assert!(done.code == Some(4) && done.stderr.contains("is ambiguous"), "{done:?}");
    assert_eq!(sandbox.paraph(&["verify", &format!("refs/heads/{short}")]).code, Some(0));
}

#[test]
fn a_commit_on_the_side_that_is_left_out_leads_nobody_astray() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let bad = unsigned(&sandbox, "HEAD~1");
    sandbox.git(&["checkout", "-q", "-b", "evil", &bad]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "on top"]);
    assert_eq!(sandbox.paraph(&["verify", "main..evil"]).code, Some(12));
    // somebody with write access makes the unsigned commit an ancestor of the excluded one
    let two = sandbox.git(&["rev-parse", "main~1"]);
    let one = sandbox.git(&["rev-parse", "main~2"]);
    let content = String::from_utf8(sandbox.object("commit", "main~1")).unwrap();
    let forged = content.replacen(&format!("parent {one}\n"), &format!("parent {one}\nparent {bad}\n"), 1);
    let other = sandbox.store("commit", forged.as_bytes());
    std::fs::remove_file(file(&sandbox, &two)).unwrap();
    std::fs::copy(file(&sandbox, &other), file(&sandbox, &two)).unwrap();
    let done = sandbox.paraph(&["verify", "main..evil"]);
    assert!(matches!(done.code, Some(4 | 12)), "{done:?}");
    assert!(done.stderr.contains(&format!("the bytes stored for the commit {two} have another id")), "{done:?}");
    // in a shallow history too
    std::fs::write(sandbox.work().join(".git/shallow"), format!("{}\n", sandbox.git(&["rev-parse", "main~2"]))).unwrap();
    let done = sandbox.paraph(&["verify", "main..evil"]);
    assert!(matches!(done.code, Some(4 | 12)), "{done:?}");
    assert!(done.stderr.contains(&format!("the bytes stored for the commit {two} have another id")), "{done:?}");
}

/// The objects that wait for a core are limited by their bytes, not only by their number.
#[test]
#[cfg(target_os = "linux")]
fn a_history_of_large_commits_is_not_held_in_memory() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let mut parent = sandbox.git(&["rev-parse", "HEAD"]);
    for number in 0..24 {
        let head = String::from_utf8(sandbox.object("commit", "HEAD~1")).unwrap();
        let (fields, _) = head.split_once("gpgsig").unwrap();
        let first_parent = fields.lines().find_map(|line| line.strip_prefix("parent ")).unwrap().to_owned();
        let large = [fields.replace(&first_parent, &parent), format!("\n{number}\n"), "a".repeat(16 << 20)].concat();
        parent = sandbox.store("commit", large.as_bytes());
    }
    sandbox.git(&["update-ref", "refs/heads/large", &parent]);
    let mut command = sandbox.command("sh", &sandbox.work());
    // in KiB; all commits together are larger
    command.args(["-c", &format!("ulimit -v 450000 && RAYON_NUM_THREADS=2 exec '{}' verify --all --quiet", sandbox.program)]);
    let done = sandbox.feed(&mut command, b"");
    assert_eq!(done.code, Some(12), "{done:?}");
}

#[test]
fn a_commit_that_is_too_large_is_not_checked_and_no_reason_to_judge_no_other() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let large = [&sandbox.object("commit", "HEAD")[..], &vec![b'x'; 129 << 20]].concat();
    let large = sandbox.store("commit", &large);
    let done = sandbox.paraph(&["verify", &large, &head]);
    assert!(done.code == Some(14) && done.stdout.contains("[object-too-large]"), "{done:?}");
    assert!(done.stdout.contains(&format!("commit {head}: good\n")), "{done:?}");
    // the walk cannot continue behind it and reports where it ends: at a tip, and further back
    let child = sandbox.git(&["commit-tree", "-p", &large, "-m", "child", "HEAD^{tree}"]);
    for tip in [&large, &child] {
        let done = sandbox.paraph(&["verify", &format!("{head}..{tip}")]);
        assert!(done.code == Some(4) && done.stderr.contains(&format!("the object {large} has ")), "{done:?}");
    }
}

/// What git says of a name: the id and whether it warns; `None` where it finds nothing.
fn by_git(sandbox: &Sandbox, name: &str) -> Option<(String, bool)> {
    // what follows a search belongs to it
    let commit = if name.starts_with(":/") { name.to_owned() } else { format!("{name}^{{commit}}") };
    let done = sandbox.try_git(&["-c", "core.warnAmbiguousRefs=true", "rev-parse", "--verify", &commit]);
    (done.code == Some(0)).then(|| (done.stdout.trim_end().to_owned(), done.stderr.contains("ambiguous")))
}

/// Compares the commit that `paraph verify` judges with the one to which git leads.
fn read_as_git_reads(sandbox: &Sandbox, layout: &str, name: &str) {
    let done = sandbox.paraph(&["verify", "--json", name]);
    let judged = || serde_json::from_str::<serde_json::Value>(&done.stdout).unwrap()["oid"].as_str().unwrap().to_owned();
    match by_git(sandbox, name) {
        None => assert!(done.code == Some(4) && done.stdout.is_empty(), "{layout}, {name}: {done:?}"),
        Some((_, true)) if !name.starts_with("refs/") && !name.starts_with("HEAD") && name != "@" => {
            assert!(done.code == Some(4) && done.stderr.contains("is ambiguous: it can mean "), "{layout}, {name}: {done:?}");
            if let Some((_, full)) = done.stderr.split_once("hint: give the full name, for example `") {
                let full = full.split('`').next().unwrap();
                assert!(full.starts_with("refs/"), "{full}");
                read_as_git_reads(sandbox, layout, full);
            }
        }
        Some((id, _)) => assert_eq!(judged(), id, "{layout}, {name}: {done:?}"),
    }
}

#[test]
fn a_name_leads_where_git_leads_or_is_refused() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let ids = ["HEAD", "HEAD~1", "HEAD~2"].map(|name| sandbox.git(&["rev-parse", name]));
    let git_dir = sandbox.work().join(".git");
    let write = |name: &str, id: &str| {
        let path = git_dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{id}\n")).unwrap();
    };
    for name in ["topic", "RELEASE", "x/y", "ORIG_HEAD"] {
        let places = ["{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD"];
        let places = places.map(|place| place.replace("{}", name));
        let pairs = (0..places.len()).flat_map(|first| (first..places.len()).map(move |second| (first, second)));
        // a name cannot be a file and a folder
        for (first, second) in pairs.filter(|pair| *pair != (4, 5)) {
            for is_packed in [false, true] {
                write(&places[first], &ids[1]);
                write(&places[second], &ids[2]);
                if is_packed {
                    sandbox.git(&["pack-refs", "--all"]);
                }
                let layout = format!("{} {} packed {is_packed}", places[first], places[second]);
                for name in [name, &format!("{name}~0"), &format!("heads/{name}")] {
                    read_as_git_reads(&sandbox, &layout, name);
                }
                let _ = std::fs::remove_file(git_dir.join("packed-refs"));
                for place in [first, second] {
                    let _ = std::fs::remove_file(git_dir.join(&places[place]));
                }
                write("refs/heads/main", &ids[0]);
            }
        }
    }
    // files that are always there are no references
    for name in ["config", "description", "index", "hooks"] {
        sandbox.git(&["branch", name, "HEAD~1"]);
        read_as_git_reads(&sandbox, "a branch", name);
    }
    // HEAD has no other name, and a short id may be one
    sandbox.git(&["update-ref", "refs/heads/HEAD", "HEAD~1"]);
    sandbox.git(&["update-ref", &format!("refs/heads/{}", &ids[2][..4]), "HEAD"]);
    for name in [
        "HEAD",
        "@",
        "HEAD~1",
        &ids[2][..4],
        &ids[2][..12],
        &ids[2],
        "main@{0}",
        "@{0}",
        ":/two",
        "HEAD^{/one}",
        "none",
        "main@{9}",
        "@{u}",
    ] {
        read_as_git_reads(&sandbox, "special", name);
    }
    sandbox.git(&["update-ref", "-d", "refs/heads/HEAD"]);
    sandbox.git(&["checkout", "-q", "-b", "other"]);
    sandbox.git(&["checkout", "-q", "main"]);
    read_as_git_reads(&sandbox, "the branch before", "@{-1}");
    write("other", &ids[2]);
    read_as_git_reads(&sandbox, "the branch before, and a file", "@{-1}");
}

/// Names by which git reaches the references of another work tree, and earlier values of references.
#[test]
fn names_of_other_work_trees_and_of_the_past_lead_where_git_leads() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "-q", "-b", "topic", linked.to_str().unwrap(), "HEAD~1"]);
    sandbox.git_in(&linked, &["update-ref", "refs/bisect/bad", "HEAD~1"]);
    sandbox.git_in(&linked, &["update-ref", "refs/worktree/own", "HEAD"]);
    sandbox.git(&["update-ref", "refs/bisect/bad", "HEAD"]);
    sandbox.git(&["update-ref", "refs/remotes/x/main", "HEAD~2"]);
    sandbox.git(&["symbolic-ref", "refs/remotes/x/HEAD", "refs/remotes/x/main"]);
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "tag", "v1", "HEAD~1"]);
    sandbox.git(&["tag", "both", "HEAD~1"]);
    sandbox.git(&["branch", "both", "HEAD"]);
    let names = [
        "worktrees/linked/HEAD",
        "worktrees/linked/refs/bisect/bad",
        "worktrees/linked/refs/worktree/own",
        "worktrees/linked/refs/heads/main",
        "worktrees/linked/main",
        "worktrees/none/HEAD",
        "main-worktree/HEAD",
        "main-worktree/refs/bisect/bad",
        "main-worktree/refs/heads/topic",
        "main-worktree/main",
        "worktrees/linked/HEAD~1",
        "worktrees/linked/HEAD^{commit}",
        "refs/bisect/bad",
        "bisect/bad",
        "refs/worktree/own",
        "worktree/own",
        "x",
        "x/HEAD",
        "x/main",
        "refs/remotes/x/HEAD",
        "both",
        "heads/both",
        "tags/both",
        "both~0",
        "tags/v1^{}",
        "HEAD@{0}",
        "HEAD@{1}",
        "HEAD@{99}",
        "main@{1}",
        "main@{2001-01-01}",
        "@{-1}",
        "@{-9}",
        ":/one",
        ":/!-one",
        "HEAD^{/one}",
        "HEAD^{/none}",
        "HEAD^2",
        "v1-0-g0000000",
        "../linked/HEAD",
        "main/",
        "refs//heads/main",
        "main.lock",
    ];
    for name in names {
        read_as_git_reads(&sandbox, "work trees", name);
    }
    let seen = |name: &str| {
        let done: Done = sandbox.command(&sandbox.program, &linked).args(["verify", "--json", name]).output().unwrap().into();
        let id = serde_json::from_str::<serde_json::Value>(&done.stdout).ok().map(|report| report["oid"].as_str().unwrap().to_owned());
        let git: Done = sandbox.command("git", &linked).args(["rev-parse", "--verify", "-q", name]).output().unwrap().into();
        assert_eq!(id.unwrap_or_default(), git.stdout.trim_end(), "{name} in the linked work tree: {done:?}");
    };
    ["HEAD", "main-worktree/HEAD", "main-worktree/refs/heads/main", "refs/bisect/bad", "worktrees/linked/HEAD"]
        .iter()
        .copied()
        .for_each(seen);
}

#[test]
fn a_packed_refs_file_that_git_would_not_write_is_not_trusted() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let [head, one, two] = ["HEAD", "HEAD~2", "HEAD~1"].map(|name| sandbox.git(&["rev-parse", name]));
    let (packed, main) = (sandbox.work().join(".git/packed-refs"), sandbox.work().join(".git/refs/heads/main"));
    std::fs::remove_file(main).unwrap();
    let header = "# pack-refs with: peeled fully-peeled sorted \n";
    let write = |lines: &[(&str, &str)]| {
        let lines: String = lines.iter().map(|(id, name)| format!("{id} {name}\n")).collect();
        std::fs::write(&packed, format!("{header}{lines}")).unwrap();
    };
    write(&[(&one, "refs/heads/a"), (&two, "refs/heads/main"), (&head, "refs/heads/main")]);
    for name in ["main", "HEAD", "refs/heads/main", "heads/main", "main~1", "main..HEAD"] {
        let done = sandbox.paraph(&["verify", name]);
        assert!(
            done.code == Some(4) && done.stderr.contains("packed-refs has the reference refs/heads/main more than once"),
            "{name}: {done:?}"
        );
    }
    assert_eq!(sandbox.paraph(&["verify", "a"]).code, Some(0));
    // not sorted, and a name that is none
    for lines in [
        [(&*one, "refs/heads/z"), (&*two, "refs/heads/main"), (&*head, "refs/heads/b"), (&*two, "refs/tags/b")],
        [(&*two, "main"), (&*one, "refs/heads/b"), (&*head, "refs/heads/main"), (&*head, "refs/heads/z")],
    ] {
        write(&lines);
        for name in ["main", "HEAD", "b", "z"] {
            read_as_git_reads(&sandbox, "packed-refs", name);
        }
    }
}

#[test]
#[cfg(unix)]
fn a_symbolic_link_is_read_as_git_reads_it() {
    let sigstore = Sigstore::start();
    let sandbox = history(&sigstore);
    let heads = sandbox.work().join(".git/refs/heads");
    std::fs::create_dir_all(heads.join("refs/heads")).unwrap();
    sandbox.git(&["update-ref", "refs/heads/x", "HEAD~1"]);
    std::fs::write(heads.join("refs/heads/x"), sandbox.git(&["rev-parse", "HEAD~2"])).unwrap();
    // the system follows it to refs/heads/refs/heads/x, git to refs/heads/x
    std::os::unix::fs::symlink("refs/heads/x", heads.join("link")).unwrap();
    for name in ["link", "refs/heads/link", "link~0"] {
        read_as_git_reads(&sandbox, "a symbolic link", name);
    }
}
