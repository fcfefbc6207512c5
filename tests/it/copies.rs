//! Object stores that did not come through a fetch: two contents under one id, commit-graphs that contradict commits, and trees and files
//! that are not what their ids say.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Two signed commits by an allowed identity, each with a file in a folder.
fn history() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    fs::create_dir(sandbox.work().join("folder")).unwrap();
    for content in ["one", "two"] {
        fs::write(sandbox.work().join("folder/file"), content).unwrap();
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-S", "-m", content]);
    }
    (sigstore, sandbox)
}

/// The exit code, and the reason of the first object that is not good.
fn verdict(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let done = sandbox.paraph(&[&["verify", "--json"], arguments].concat());
    let reports = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let reason = reports.filter_map(|report| report["reason"].as_str().map(str::to_owned)).next().unwrap_or(done.stderr);
    (done.code.unwrap(), reason)
}

fn bad(reason: &str) -> (i32, String) {
    (15, reason.to_owned())
}

fn good() -> (i32, String) {
    (0, String::new())
}

fn objects(sandbox: &Sandbox) -> PathBuf {
    sandbox.work().join(".git/objects")
}

fn loose(objects: &Path, id: &str) -> PathBuf {
    objects.join(&id[..2]).join(&id[2..])
}

fn replace(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The commit with another tree, which nobody signed.
fn evil(sandbox: &Sandbox) -> String {
    sandbox.git(&["commit-tree", "-m", "evil", "HEAD~1^{tree}"])
}

/// A pack in `folder` whose index says that the object `other` has the id `id`.
fn forged_pack(sandbox: &Sandbox, folder: &Path, id: &str, other: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let mut command = sandbox.command("git", &sandbox.work());
    let name = folder.join("pack");
    let done = sandbox.feed(command.args(["pack-objects", "-q", name.to_str().unwrap()]), format!("{other}\n").as_bytes());
    let index = folder.join(format!("pack-{}.idx", done.stdout.trim()));
    let (id, other) = (hex::decode(id).unwrap(), hex::decode(other).unwrap());
    let mut bytes = fs::read(&index).unwrap();
    let table = 8 + 1024;
    assert_eq!(bytes[table..table + 20], other);
    bytes[table..table + 20].copy_from_slice(&id);
    for byte in 0..=255u8 {
        let at = 8 + 4 * usize::from(byte);
        bytes[at..at + 4].copy_from_slice(&u32::from(byte >= id[0]).to_be_bytes());
    }
    let end = bytes.len() - 20;
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes[..end]);
    bytes[end..].copy_from_slice(sum.as_ref());
    replace(&index, &bytes);
    index
}

#[test]
fn another_content_under_a_commit_s_id_is_found_wherever_it_is() {
    let (_sigstore, sandbox) = history();
    let (head, evil) = (sandbox.git(&["rev-parse", "HEAD"]), evil(&sandbox));
    let (own, elsewhere) = (objects(&sandbox), sandbox.root().join("elsewhere"));
    // the same content twice is not two contents
    sandbox.git(&["repack", "-q", "-a"]);
    assert!(loose(&own, &head).exists());
    assert_eq!(verdict(&sandbox, &["--all"]), good());
    // loose and packed
    let index = forged_pack(&sandbox, &own.join("pack"), &head, &evil);
    for arguments in [["HEAD"].as_slice(), &["--all"], &["HEAD~..HEAD"]] {
        assert_eq!(verdict(&sandbox, arguments), bad("object-copies-differ"), "{arguments:?}");
    }
    let done = sandbox.paraph(&["verify"]);
    assert!(done.stdout.contains(index.file_name().unwrap().to_str().unwrap()), "{}", done.stdout);
    // two packs
    fs::remove_file(loose(&own, &head)).unwrap();
    let (code, reason) = verdict(&sandbox, &["HEAD"]);
    assert!(code == 15 && ["object-copies-differ", "object-id-mismatch"].contains(&reason.as_str()), "{reason}");
    // an index of several packs that names the other pack
    sandbox.git(&["multi-pack-index", "write"]);
    assert_eq!(verdict(&sandbox, &["HEAD"]).0, 15);
    fs::remove_file(own.join("pack/multi-pack-index")).unwrap();
    fs::remove_file(&index).unwrap();
    assert_eq!(verdict(&sandbox, &["--all"]), good());
    // a loose object beside the pack
    let _ = fs::create_dir(own.join(&head[..2]));
    fs::copy(loose(&own, &evil), loose(&own, &head)).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]).0, 15);
    fs::remove_file(loose(&own, &head)).unwrap();
    // alternates, by file
    forged_pack(&sandbox, &elsewhere.join("pack"), &head, &evil);
    fs::create_dir_all(own.join("info")).unwrap();
    fs::write(own.join("info/alternates"), format!("{}\n", elsewhere.display())).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]).0, 15);
    fs::remove_file(own.join("info/alternates")).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]), good());
}

#[test]
fn the_commits_that_a_range_leaves_out_are_compared_too() {
    let (_sigstore, sandbox) = history();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "three"]);
    let [base, before] = ["HEAD~1", "HEAD~2"].map(|name| sandbox.git(&["rev-parse", name]));
    assert_eq!(verdict(&sandbox, &["HEAD~1..HEAD"]), good());
    sandbox.git(&["repack", "-q", "-a"]);
    let (own, elsewhere) = (objects(&sandbox), sandbox.root().join("elsewhere"));
    // a commit without parents would make git list those before it, too
    let orphan = sandbox.git(&["commit-tree", "-m", "orphan", "HEAD^{tree}"]);
    for (id, ranges) in [(&base, &["HEAD~1..HEAD"][..]), (&before, &["HEAD~2..HEAD"])] {
        for folder in [own.join("pack"), elsewhere.join("pack")] {
            let index = forged_pack(&sandbox, &folder, id, &orphan);
            if folder.starts_with(&elsewhere) {
                fs::write(own.join("info/alternates"), format!("{}\n", elsewhere.display())).unwrap();
            }
            for range in ranges.iter().chain([&&*format!("^{id}")]) {
                let arguments = if range.starts_with('^') { vec!["HEAD", range] } else { vec![*range] };
                let (code, said) = verdict(&sandbox, &arguments);
                let is_named = said.contains(id.as_str()) || said.contains("copies");
                assert!(code == 4 && is_named && said.contains("has another commit under this id"), "{arguments:?}: {code} {said}");
            }
            let _ = fs::remove_file(own.join("info/alternates"));
            fs::remove_file(&index).unwrap();
            assert_eq!(verdict(&sandbox, &["HEAD~1..HEAD"]), good());
        }
    }
}

/// git shows what a commit-graph says about parents. So a lie about a commit that a range leaves out shows commits that nobody judged, or hides
/// some.
#[test]
fn a_commit_graph_that_lies_about_commits_that_a_range_leaves_out_is_found() {
    let (_sigstore, sandbox) = history();
    let commit = |name: &str| {
        fs::write(sandbox.work().join(name), name).unwrap();
        sandbox.git(&["add", name]);
        sandbox.git(&["commit", "-q", "-S", "-m", name]);
        sandbox.git(&["rev-parse", "HEAD"])
    };
    let [old, middle, left_out] = ["old", "middle", "left-out"].map(commit);
    // the merge's second parent is known only through the commit that is left out
    let tree = sandbox.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let merge = sandbox.git(&["commit-tree", "-S", "-p", &left_out, "-p", &old, "-m", "merge", &tree]);
    sandbox.git(&["reset", "-q", "--hard", &merge]);
    let range = format!("{left_out}..{merge}");
    let listed = || sandbox.git(&["rev-list", "--count", &range]);
    for options in [&[][..], &["--split"]] {
        sandbox.git(&[&["commit-graph", "write", "--reachable"], options].concat());
        let (info, folder) = (objects(&sandbox).join("info"), objects(&sandbox).join("info/commit-graphs"));
        let split = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some());
        let file = if options.is_empty() { info.join("commit-graph") } else { split().unwrap() };
        let whole = fs::read(&file).unwrap();
        let position = |revision: &str| {
            let tree = hex::decode(sandbox.git(&["rev-parse", &format!("{revision}^{{tree}}")])).unwrap();
            whole.windows(20).position(|window| window == tree).unwrap() + 20
        };
        assert_eq!((verdict(&sandbox, &[&range]), listed()), (good(), "1".to_owned()));
        // no parents, and others
        let [of_old, of_middle, of_left_out] = [&old, &middle, &left_out].map(|id| position(id));
        let another = whole[of_old..of_old + 4].to_owned();
        for (at, parents) in
            [(of_left_out, &[0x70, 0, 0, 0][..]), (of_left_out, &another), (of_middle, &[0x70, 0, 0, 0]), (of_middle, &another)]
        {
            let mut changed = whole.clone();
            changed[at..at + 4].copy_from_slice(parents);
            replace(&file, &changed);
            if listed() != "1" {
                let (code, said) = verdict(&sandbox, &[&range]);
                assert!(code == 4 && said.contains("commit-graph"), "{at}: {code} {said}");
            }
        }
        let mut changed = whole.clone();
        // git reads the commits that the call names from their objects, and those before them from the graph
        changed[of_middle..of_middle + 4].copy_from_slice(&[0x70, 0, 0, 0]);
        replace(&file, &changed);
        assert_ne!(listed(), "1");
        let arguments = [merge.clone(), format!("^{left_out}")];
        assert_eq!(verdict(&sandbox, &[&arguments[0], &arguments[1]]).0, 4);
        fs::remove_file(&file).unwrap();
        let _ = fs::remove_dir_all(&folder);
    }
}

#[test]
fn alternates_of_the_environment_are_compared_and_tags_too() {
    let (_sigstore, mut sandbox) = history();
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    sandbox.git(&["tag", "-a", "--no-sign", "-m", "evil", "v2", "HEAD~1"]);
    let [tag, evil] = ["v1", "v2"].map(|name| sandbox.git(&["rev-parse", name]));
    let elsewhere = sandbox.root().join("elsewhere");
    forged_pack(&sandbox, &elsewhere.join("pack"), &tag, &evil);
    assert_eq!(verdict(&sandbox, &["v1"]), good());
    sandbox.set("GIT_ALTERNATE_OBJECT_DIRECTORIES", elsewhere.to_str().unwrap());
    for command in ["verify", "verify-tag"] {
        let done = sandbox.paraph(&[command, "v1"]);
        assert!(done.code == Some(15) && (done.stdout.contains("differ") || done.stdout.contains("mismatch")), "{done:?}");
    }
}

#[test]
fn a_commit_graph_that_contradicts_a_commit_is_found() {
    let (_sigstore, sandbox) = history();
    let tree = |revision: &str| hex::decode(sandbox.git(&["rev-parse", &format!("{revision}^{{tree}}")])).unwrap();
    let (old, new) = (tree("HEAD"), tree("HEAD~1"));
    for (options, place) in [(&[][..], "commit-graph"), (&["--split"], "commit-graphs")] {
        let info = objects(&sandbox).join("info");
        sandbox.git(&[&["commit-graph", "write", "--reachable"], options].concat());
        assert_eq!(verdict(&sandbox, &["--all"]), good());
        let place = info.join(place);
        let graphs = || fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path());
        let file =
            if place.is_file() { place.clone() } else { graphs().find(|path| path.extension().is_some_and(|end| end == "graph")).unwrap() };
        let whole = fs::read(&file).unwrap();
        let at = whole.windows(20).position(|window| window == old).unwrap();
        // another tree, and no parent
        for (offset, bytes) in [(0, new.as_slice()), (20, &[0x70, 0, 0, 0])] {
            let mut changed = whole.clone();
            changed[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
            replace(&file, &changed);
            assert_eq!(verdict(&sandbox, &["--all"]), bad("commit-graph-differs"), "{offset}");
        }
        replace(&file, b"nothing");
        let done = sandbox.paraph(&["verify"]);
        assert!(done.code == Some(4) && done.stderr.contains("hint: write it again with `git commit-graph write"), "{done:?}");
        replace(&file, &whole);
        assert_eq!(verdict(&sandbox, &["--all"]), good());
        if place.is_file() {
            fs::remove_file(&place).unwrap();
        }
    }
}

#[test]
fn deep_hashes_the_trees_and_files_of_the_judged_commits() {
    let (_sigstore, sandbox) = history();
    sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},module", "1".repeat(40))]);
    sandbox.git(&["commit", "-q", "-S", "-m", "a submodule"]);
    sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    let own = objects(&sandbox);
    assert_eq!(verdict(&sandbox, &["--all", "--tags", "--deep"]), good());
    let other = sandbox.git(&["rev-parse", "HEAD~2:folder/file"]);
    for (object, with) in [("HEAD:folder/file", other.as_str()), ("HEAD:folder", &sandbox.git(&["rev-parse", "HEAD~2:folder"]))] {
        let id = sandbox.git(&["rev-parse", object]);
        let genuine = fs::read(loose(&own, &id)).unwrap();
        replace(&loose(&own, &id), &fs::read(loose(&own, with)).unwrap());
        for arguments in [["HEAD"].as_slice(), &["--all"], &["v1"], &["--tags"], &["HEAD~..HEAD"]] {
            assert_eq!(verdict(&sandbox, arguments), good(), "{object} {arguments:?}");
            assert_eq!(verdict(&sandbox, &[arguments, &["--deep"]].concat()), bad("content-id-mismatch"), "{object} {arguments:?}");
        }
        assert_eq!(sandbox.paraph(&["verify-tag", "v1", "--target", "--deep"]).code, Some(15));
        // what a commit does not have is not read
        assert_eq!(verdict(&sandbox, &["HEAD~2", "--deep"]), good());
        fs::remove_file(loose(&own, &id)).unwrap();
        assert_eq!(verdict(&sandbox, &["HEAD", "--deep"]), (14, "content-unchecked".into()));
        replace(&loose(&own, &id), &genuine);
    }
    // another copy of a file
    sandbox.git(&["repack", "-q", "-a"]);
    let id = sandbox.git(&["rev-parse", "HEAD:folder/file"]);
    replace(&loose(&own, &id), &fs::read(loose(&own, &other)).unwrap());
    assert_eq!(verdict(&sandbox, &["--all", "--deep"]), bad("content-id-mismatch"));
}

#[test]
fn objects_are_compared_in_every_place_where_git_looks() {
    let (_sigstore, sandbox) = history();
    let (head, evil) = (sandbox.git(&["rev-parse", "HEAD"]), evil(&sandbox));
    let (own, sub) = (objects(&sandbox), sandbox.work().join("folder"));
    let shown = || sandbox.git(&["log", "-1", "--format=%s"]);
    // a pack whose name is only the ending
    let index = forged_pack(&sandbox, &own.join("pack"), &head, &evil);
    fs::rename(index.with_extension("pack"), own.join("pack/.pack")).unwrap();
    fs::rename(&index, own.join("pack/.idx")).unwrap();
    let _ = fs::remove_file(index.with_extension("rev"));
    assert_eq!(shown(), "evil");
    assert_eq!(verdict(&sandbox, &["HEAD"]), bad("object-copies-differ"));
    fs::remove_dir_all(own.join("pack")).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]), good());
    // an alternate of an alternate, from whose folder git resolves the path
    let (first, second) = (sandbox.root().join("deep/er/first"), sandbox.root().join("deep/er/second"));
    fs::create_dir_all(first.join("info")).unwrap();
    fs::create_dir_all(own.join("info")).unwrap();
    fs::write(first.join("info/alternates"), "../second\n").unwrap();
    fs::write(own.join("info/alternates"), format!("{}\n", first.display())).unwrap();
    let index = forged_pack(&sandbox, &second.join("pack"), &head, &evil);
    assert_eq!(shown(), "evil");
    assert_eq!(verdict(&sandbox, &["HEAD"]).0, 15);
    // an object that is only there is found
    fs::remove_file(&index).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]), good());
    fs::create_dir_all(loose(&second, &head).parent().unwrap()).unwrap();
    fs::rename(loose(&own, &head), loose(&second, &head)).unwrap();
    assert_eq!(verdict(&sandbox, &["HEAD"]), good());
    fs::rename(loose(&second, &head), loose(&own, &head)).unwrap();
    fs::remove_file(own.join("info/alternates")).unwrap();
    // the variable: git resolves its paths from the top of the work tree, and ignores empty ones
    forged_pack(&sandbox, &sandbox.work().join("alternate/pack"), &head, &evil);
    for (value, expected) in [("alternate", 15), (r#":"\141lternate":"#, 15), ("#:alternate", 15), ("../alternate", 0), (":nowhere::", 0)] {
        let run = |program: &str, arguments: &[&str]| {
            sandbox.feed(sandbox.command(program, &sub).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", value).args(arguments), b"")
        };
        assert_eq!(run("git", &["log", "-1", "--format=%s"]).stdout.trim() == "evil", expected == 15, "{value}");
        let done = run(env!("CARGO_BIN_EXE_paraph"), &["verify", "HEAD"]);
        assert_eq!(done.code, Some(expected), "{value}: {}{}", done.stdout, done.stderr);
    }
}

/// `git clone --shared` and `git commit-graph write --split` make such a chain; so do the object pools of forges.
#[test]
fn a_chain_of_commit_graphs_may_begin_in_an_alternate() {
    let (_sigstore, sandbox) = history();
    let work = sandbox.work();
    let shared = sandbox.root().join("shared");
    sandbox.git(&["update-ref", "refs/heads/first", "main~1"]);
    sandbox.git(&["clone", "-q", "-s", work.to_str().unwrap(), shared.to_str().unwrap()]);
    let graph = ["commit-graph", "write", "--stdin-commits", "--split=no-merge"];
    let first = sandbox.git(&["rev-parse", "first"]);
    let write = |folder: &Path, commit: &str| {
        let mut command = sandbox.command("git", folder);
        let done = sandbox.feed(command.args(graph), format!("{commit}\n").as_bytes());
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    write(&work, &first);
    let new = sandbox.git_in(&shared, &["commit-tree", "-p", "HEAD", "-m", "new", "HEAD^{tree}"]);
    write(&shared, &new);
    let graphs = |folder: &Path| fs::read_dir(folder.join(".git/objects/info/commit-graphs")).unwrap().count();
    assert_eq!((graphs(&work), graphs(&shared)), (2, 2), "each has its chain and one file");
    let verify = || sandbox.paraph_in(&shared, &["verify", "HEAD"]);
    assert_eq!(verify().code, Some(0), "{:?}", verify());
    fs::remove_dir_all(work.join(".git/objects/info/commit-graphs")).unwrap();
    assert!(verify().code == Some(4) && verify().stderr.contains("is missing"), "{:?}", verify());
}
