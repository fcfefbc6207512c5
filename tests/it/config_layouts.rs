//! The configuration is read as git reads it: the same values by every path to a repository, and under every condition of an inclusion.

use crate::support::sandbox::{Done, Sandbox};
use serde_json::Value;
use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A folder to call from, with the variables of the call.
struct Place {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// The settings that are compared, with values that every condition may set.
const KEYS: [(&str, &str); 4] = [
    ("paraph.instance", "corp"),
    ("paraph.expectedIdentity", "me@corp.example"),
    ("gitsign.issuer", "https://corp.example"),
    ("paraph.timeout", "7"),
];

/// A repository, a linked work tree, a submodule's layout and a bare repository, with links to all of them.
fn places(sandbox: &Sandbox) -> Vec<Place> {
    let root = sandbox.root();
    let repository = root.join("disk/repo");
    std::fs::create_dir_all(repository.join("below")).unwrap();
    let git = |folder: &Path, arguments: &[&str]| drop(sandbox.git_in(folder, arguments));
    git(&repository, &["init", "-q", "-b", "main"]);
    git(&repository, &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "one"]);
    git(&repository, &["remote", "add", "origin", "https://forge.example/corp/repo"]);
    git(&repository, &["worktree", "add", "-q", root.join("disk/linked").to_str().unwrap(), "-b", "topic/x"]);
    git(
        &root,
        &[
            "init",
            "-q",
            "-b",
            "main",
            "--separate-git-dir",
            root.join("disk/store").to_str().unwrap(),
            root.join("disk/apart").to_str().unwrap(),
        ],
    );
    git(&root, &["init", "-q", "--bare", "-b", "main", root.join("disk/bare.git").to_str().unwrap()]);
    symlink("disk", root.join("alias")).unwrap();
    symlink(root.join("disk"), sandbox.home().join("src")).unwrap();
    let by_shell = |name, folder: &str| {
        let folder = if let Some(rest) = folder.strip_prefix("~/") { sandbox.home().join(rest) } else { root.join(folder) };
        Place { name, variables: vec![("PWD", folder.to_str().unwrap().to_owned())], folder }
    };
    let named = |name, variables: Vec<(&'static str, String)>| Place { name, folder: root.clone(), variables };
    let path = |path: &str| root.join(path).to_str().unwrap().to_owned();
    vec![
        by_shell("real", "disk/repo"),
        Place { name: "without PWD", folder: root.join("alias/repo"), variables: Vec::new() },
        Place { name: "with a stale PWD", folder: repository.clone(), variables: vec![("PWD", path("alias"))] },
        by_shell("by a link", "alias/repo"),
        by_shell("below a link", "alias/repo/below"),
        by_shell("by a link at home", "~/src/repo"),
        by_shell("linked work tree", "alias/linked"),
        by_shell("git directory elsewhere", "alias/apart"),
        by_shell("bare", "alias/bare.git"),
        by_shell("in the git directory", "alias/repo/.git"),
        named("GIT_DIR", vec![("GIT_DIR", path("disk/repo/.git"))]),
        named("GIT_DIR by a link", vec![("GIT_DIR", path("alias/repo/.git")), ("GIT_WORK_TREE", path("alias/repo"))]),
    ]
}

/// Conditions, in the user's file unless it is said otherwise. ROOT is the sandbox's folder.
const CONDITIONS: [&str; 25] = [
    "includeIf.gitdir:ROOT/disk/",
    "includeIf.gitdir:ROOT/alias/",
    "includeIf.gitdir/i:ROOT/ALIAS/",
    "includeIf.gitdir/i:ROOT/DISK/REPO/",
    "includeIf.gitdir:ROOT/alias/repo/.git",
    "includeIf.gitdir:ROOT/disk/repo",
    "includeIf.gitdir:ROOT/**/repo/",
    "includeIf.gitdir:repo/",
    "includeIf.gitdir:linked/",
    "includeIf.gitdir:*/linked/.git",
    "includeIf.gitdir:**/worktrees/*",
    "includeIf.gitdir:ROOT/disk/repo/.git/worktrees/**",
    "includeIf.gitdir:ROOT/disk/repo/.git",
    "includeIf.gitdir:~/src/",
    "includeIf.gitdir:./src/",
    "includeIf.gitdir:~/",
    "includeif.gitdir:ROOT/disk/",
    "INCLUDEIF.gitdir:ROOT/alias/",
    "includeIf.onbranch:main",
    "includeIf.onbranch:topic/",
    "includeIf.onbranch:**",
    "includeIf.hasconfig:remote.*.url:https://forge.example/**",
    "includeIf.hasconfig:remote.*.url:https://forge.example/corp/",
    "includeIf.unknown:x",
    "INCLUDE",
];

/// What git and paraph say about the settings in a place.
fn compare(sandbox: &Sandbox, place: &Place, case: &str) -> usize {
    let run = |program: &str, arguments: &[&str]| -> Done {
        let mut command = sandbox.command(program, &place.folder);
        command.args(arguments).envs(place.variables.iter().map(|(name, value)| (name, value))).output().unwrap().into()
    };
    let done = run(&sandbox.program, &["config", "--json"]);
    assert_eq!(done.code, Some(0), "{}, {case}: {done:?}", place.name);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    let mut set = 0;
    for (key, _) in KEYS {
        let by_git = run("git", &["config", "--get", key]).stdout.trim_end().to_owned();
        let setting = &document["settings"][key.split_once('.').unwrap().1];
        let by_us = if setting["source"]["kind"] == "git" { setting["value"].as_str().unwrap() } else { "" };
        assert_eq!(by_us, by_git, "{}, {case}: {key}", place.name);
        if !by_git.is_empty() {
            set += 1;
            let origin = run("git", &["config", "--show-scope", "--get", key]).stdout;
            // git has one word for its command line and its variables
            let scope = setting["source"]["scope"].as_str().unwrap().replace("environment", "command line");
            assert_eq!(origin.split_whitespace().next(), scope.split(' ').next(), "{}, {case}", place.name);
        }
    }
    set
}

#[test]
fn every_setting_is_the_one_that_git_reads_by_every_path_and_condition() {
    let sandbox = Sandbox::new();
    let places = places(&sandbox);
    let included = sandbox.root().join("included");
    for (key, value) in KEYS {
        sandbox.git(&["config", "--file", included.to_str().unwrap(), key, value]);
    }
    let (mut applied, mut not) = (0, 0);
    for condition in CONDITIONS {
        let (kind, rest) = condition.split_once('.').unwrap_or((condition, ""));
        let header = if rest.is_empty() {
            format!("[{kind}]")
        } else {
            format!("[{kind} \"{}\"]", rest.replace("ROOT", sandbox.root().to_str().unwrap()))
        };
        std::fs::write(sandbox.home().join(".gitconfig"), format!("{header}\n\tpath = {}\n", included.display())).unwrap();
        for place in &places {
            match compare(&sandbox, place, condition) {
                0 => not += 1,
                _ => applied += 1,
            }
        }
    }
    assert!(applied > 50 && not > 50, "{applied} {not}");
}

#[test]
fn includes_of_the_repository_and_of_the_call_are_read_as_git_reads_them() {
    let sandbox = Sandbox::new();
    let mut places = places(&sandbox);
    let repository = sandbox.root().join("disk/repo");
    std::fs::write(repository.join(".git/more"), "[paraph]\n\ttimeout = 5\n[Paraph]\n\tEXPECTEDIDENTITY = you@corp.example\n").unwrap();
    std::fs::write(
        sandbox.home().join(".gitconfig"),
        "[paraph]\n\ttimeout = 9\n[includeIf \"hasconfig:remote.*.url:https://none/**\"]\n\tpath = x\n",
    )
    .unwrap();
    for text in [
        "[include]\n\tpath = more\n",
        "[includeIf \"gitdir:alias/repo/\"]\n\tpath = more\n",
        "[includeIf \"onbranch:main\"]\n\tpath = more\n",
    ] {
        let config = std::fs::read_to_string(repository.join(".git/config")).unwrap();
        std::fs::write(repository.join(".git/config"), format!("{config}{text}")).unwrap();
        for place in &places {
            compare(&sandbox, place, text);
        }
        std::fs::write(repository.join(".git/config"), config).unwrap();
    }
    let folder = sandbox.root().join("disk");
    for place in &mut places {
        place.variables.extend([
            ("GIT_CONFIG_COUNT", "2".to_owned()),
            ("GIT_CONFIG_KEY_0", format!("includeIf.gitdir:{}/.path", folder.display())),
            ("GIT_CONFIG_VALUE_0", repository.join(".git/more").to_str().unwrap().to_owned()),
            ("GIT_CONFIG_KEY_1", "paraph.instance".to_owned()),
            ("GIT_CONFIG_VALUE_1", "staging".to_owned()),
        ]);
        compare(&sandbox, place, "GIT_CONFIG_COUNT");
    }
}
