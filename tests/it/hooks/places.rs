//! Where a hook and what decides for it may lie, and what the hook advises about pushes that no signature can make good.

use super::{Setup, says, setup, with_hook};
use crate::support::sigstore::EMAIL;
use std::path::{Path, PathBuf};

/// A server with a work tree that follows what is pushed. Its deciding files lie elsewhere.
fn served(setup: &Setup) -> PathBuf {
    let served = setup.sandbox.root().join("served");
    setup.sandbox.git(&["init", "-q", "-b", "main", served.to_str().unwrap()]);
    configure(setup, &served);
    setup.sandbox.git(&["remote", "set-url", "origin", served.to_str().unwrap()]);
    served
}

fn configure(setup: &Setup, repository: &Path) {
    let allowed = setup.sandbox.root().join("allowed-by-server");
    for (key, value) in [
        ("receive.denyCurrentBranch", "updateInstead"),
        ("paraph.instance", "local"),
        ("paraph.local.trustedRoot", &setup.sigstore.file("trusted_root.json")),
        ("paraph.allowedIdentities", allowed.to_str().unwrap()),
    ] {
        setup.sandbox.git_in(repository, &["config", key, value]);
    }
}

#[test]
fn a_hook_that_a_push_can_replace_refuses_every_push() {
    let setup = setup(&[]);
    let served = served(&setup);
    let git = |arguments: &[&str]| drop(setup.sandbox.git_in(&served, arguments));
    for hook in ["pre-receive", "update"] {
        setup.signed(hook);
        let refused = |file: &str| {
            let text = setup.refused(&["main"]);
            says(&text, &[&format!("{file} is in the work tree: anyone who can change the branch can replace the hook")]);
            says(&text, &["hint: on the server, move the hook and the program out of the work tree"]);
            let done = setup.sandbox.paraph_in(&served, &["doctor", "--offline"]);
            assert!(done.stdout.contains("in the work tree: anyone who can change the branch can replace the hook"), "{done:?}");
        };
        // by the setting, absolute and by a home
        with_hook(hook, &served.join("githooks"));
        git(&["config", "core.hooksPath", served.join("githooks").to_str().unwrap()]);
        refused(&format!("githooks/{hook}"));
        git(&["config", "core.hooksPath", &format!("{}/../githooks", served.join(".git").display())]);
        refused(&format!("githooks/{hook}"));
        git(&["config", "--unset", "core.hooksPath"]);
        // by a link to the hook, and to its folder
        std::os::unix::fs::symlink(served.join("githooks").join(hook), served.join(".git/hooks").join(hook)).unwrap();
        refused(&format!("githooks/{hook}"));
        std::fs::remove_file(served.join(".git/hooks").join(hook)).unwrap();
        std::os::unix::fs::symlink("../githooks", served.join(".git/linked")).unwrap();
        git(&["config", "core.hooksPath", served.join(".git/linked").to_str().unwrap()]);
        refused(&format!("githooks/{hook}"));
        std::fs::remove_file(served.join(".git/linked")).unwrap();
        git(&["config", "--unset", "core.hooksPath"]);
        // a folder elsewhere is safe, and so is the git directory
        std::fs::remove_dir_all(served.join("githooks")).unwrap();
        let elsewhere = setup.sandbox.root().join("hooks-of-server");
        with_hook(hook, &elsewhere);
        git(&["config", "core.hooksPath", elsewhere.to_str().unwrap()]);
        setup.signed("by a folder elsewhere");
        setup.accepted(&["main"]);
        git(&["config", "--unset", "core.hooksPath"]);
        with_hook(hook, &served.join(".git/hooks"));
        setup.signed("by the usual folder");
        setup.accepted(&["main"]);
        std::fs::remove_dir_all(&elsewhere).unwrap();
        std::fs::remove_file(served.join(".git/hooks").join(hook)).unwrap();
    }
}

#[test]
fn a_hook_of_the_user_in_the_work_tree_is_warned_of() {
    let setup = setup(&[]);
    setup.sigstore.allow(&setup.sandbox, EMAIL);
    with_hook("pre-push", &setup.sandbox.work().join("githooks"));
    setup.sandbox.git(&["config", "core.hooksPath", "githooks"]);
    setup.signed("one");
    let done = setup.push(&["main"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    says(&done.stderr, &["warning: ", "githooks/pre-push is in the work tree: anyone who can change the branch can replace the hook."]);
    let done = setup.sandbox.paraph(&["doctor", "--offline"]);
    assert!(done.stdout.contains("githooks/pre-push is in the work tree"), "{done:?}");
    // the rest of the hook goes on
    setup.unsigned("two");
    says(&setup.refused(&["main"]), &["[no-signature]"]);
}

/// A git directory that is not named `.git` and does not know its work tree: git checks out into it.
#[test]
fn the_advice_about_a_git_directory_that_is_checked_out_into_can_be_followed() {
    for (key, value) in [("core.worktree", "tree"), ("core.bare", "true")] {
        let setup = setup(&[]);
        let (tree, git_dir) = (setup.sandbox.root().join("tree"), setup.sandbox.root().join("store"));
        setup.sandbox.git(&["init", "-q", "-b", "main", "--separate-git-dir", git_dir.to_str().unwrap(), tree.to_str().unwrap()]);
        configure(&setup, &git_dir);
        with_hook("pre-receive", &git_dir.join("hooks"));
        setup.sandbox.git(&["remote", "set-url", "origin", git_dir.to_str().unwrap()]);
        setup.signed("one");
        says(
            &setup.refused(&["main"]),
            &[
                "store/config is in the work tree",
                "hint: on the server, set core.worktree to the folder that is checked out, or core.bare to true",
            ],
        );
        let value = if value == "tree" { tree.to_str().unwrap() } else { value };
        setup.sandbox.git_in(&git_dir, &["config", key, value]);
        setup.accepted(&["main"]);
    }
}

#[test]
fn the_advice_about_a_ref_to_a_file_or_folder_can_be_followed() {
    let setup = setup(&["pre-receive"]);
    std::fs::write(setup.sandbox.work().join("file"), "text").unwrap();
    setup.sandbox.git(&["add", "file"]);
    setup.signed("one");
    setup.accepted(&["main"]);
    for (name, object) in [("of-blob", "main:file"), ("of-tree", "main^{tree}")] {
        let id = setup.sandbox.git(&["rev-parse", object]);
        let text = setup.refused(&[&format!("{object}:refs/tags/{name}")]);
        let advice = format!("git tag -s -f NAME {id}");
        says(
            &text,
            &[
                "only commits and tags are signed",
                &format!("hint: replace the lightweight tag with a signed one, `{advice}`; then push again."),
            ],
        );
        let arguments: Vec<String> = advice.split(' ').skip(1).map(|word| word.replace("NAME", name)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["-m", "signed"]).collect();
        setup.sandbox.git(&arguments);
        setup.accepted(&[name]);
    }
    // another ref cannot be a signed tag
    let text = setup.refused(&["main:file:refs/data/file"]);
    says(&text, &["hint: push the other refs without it, or ask the administrator to set paraph.guardedRefs without its ref"]);
    setup.serve("paraph.guardedRefs", "refs/heads/* refs/tags/*");
    setup.accepted(&["main:file:refs/data/file"]);
}

/// git changes a guarded ref under every name by which it reaches the ref's file.
#[test]
fn a_guarded_ref_is_guarded_under_each_of_its_names() {
    let setup = setup(&["pre-receive", "update"]);
    let first = setup.signed("one");
    setup.serve("paraph.guardedRefs", "refs/heads/main");
    setup.accepted(&["main"]);
    setup.unsigned("two");
    let refs = setup.bare.join("refs");
    let link = |target: &str, name: &str| {
        std::fs::create_dir_all(refs.join(name).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, refs.join(name)).unwrap();
    };
    let file = |text: &str, name: &str| {
        std::fs::create_dir_all(refs.join(name).parent().unwrap()).unwrap();
        std::fs::write(refs.join(name), text).unwrap();
    };
    let layouts: [(&dyn Fn(), &[&str]); 8] = [
        (&|| file("ref: refs/heads/main\n", "other/a"), &["refs/other/a"]),
        (&|| file("ref:refs/heads/main", "other/a"), &["refs/other/a"]),
        (&|| file("ref:\trefs/heads/main \n", "other/a"), &["refs/other/a"]),
        (&|| link("refs/heads/main", "other/a"), &["refs/other/a"]),
        (
            &|| {
                link("refs/heads/main", "other/b");
                file("ref: refs/other/b\n", "other/a");
            },
            &["refs/other/a", "refs/other/b"],
        ),
        (&|| link("../heads", "other/h"), &["refs/other/h/main"]),
        (&|| link(refs.join("heads").to_str().unwrap(), "other/h"), &["refs/other/h/main"]),
        (
            &|| {
                link("../heads", "other/h");
                file("ref:refs/other/h/main\n", "other/a");
            },
            &["refs/other/a", "refs/other/h/main"],
        ),
    ];
    for (number, (layout, names)) in layouts.iter().enumerate() {
        layout();
        for name in *names {
            let text = setup.refused(&[&format!("main:{name}")]);
            assert!(text.contains("[no-signature]"), "{number}, {name}: {text}");
            assert_eq!(setup.there("refs/heads/main").as_ref(), Some(&first), "{number}, {name}");
        }
        std::fs::remove_dir_all(refs.join("other")).unwrap();
    }
    // a ref beside it is not guarded
    setup.accepted(&["main:refs/other/free"]);
    // a guarded folder under another name, for a new ref
    setup.serve("paraph.guardedRefs", "refs/heads/*");
    link("../heads", "other/h");
    assert!(setup.refused(&["main:refs/other/h/new"]).contains("[no-signature]"));
}

/// The kernel follows the links before the program runs, so that its own path does not show them.
#[test]
fn a_program_that_the_hook_calls_through_the_work_tree_refuses_every_push() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let setup = setup(&[]);
    let served = served(&setup);
    let (hook, link) = (served.join(".git/hooks/pre-receive"), served.join("bin/paraph"));
    std::fs::create_dir(served.join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_paraph"), &link).unwrap();
    let outer = setup.sandbox.root().join("outer");
    symlink(&link, &outer).unwrap();
    let wrapper = served.join("bin/wrapper");
    std::fs::write(&wrapper, format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_paraph"))).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = env!("CARGO_BIN_EXE_paraph");
    let (bin, root) = (served.join("bin").display().to_string(), served.display().to_string());
    setup.signed("one");
    for call in [
        format!("exec {} hook pre-receive", link.display()),
        format!("exec \"{}\" hook pre-receive", outer.display()),
        "exec ../bin/paraph hook pre-receive".to_owned(),
        format!("PATH={bin}:$PATH; exec paraph hook pre-receive"),
        format!("T={root}; exec $T/bin/paraph hook pre-receive"),
        format!("exec {} hook pre-receive", wrapper.display()),
    ] {
        std::fs::write(&hook, format!("#!/bin/sh\n{call}\n")).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        says(&setup.refused(&["main"]), &["is in the work tree: anyone who can change the branch can replace the hook"]);
    }
    std::fs::write(&hook, format!("#!/bin/sh\n# not {}\nexec {program} hook pre-receive\n", link.display())).unwrap();
    setup.accepted(&["main"]);
}
