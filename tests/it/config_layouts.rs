//! The configuration is read as git reads it: the same values by every path to a repository, and under every condition of an inclusion.

use crate::support::sandbox::{Done, Sandbox};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A folder to call from, with the variables of the call.
struct Place {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// Every setting that git's configuration can have, with a value.
const SETTINGS: [(&str, &str); 48] = [
    ("instance", "corp"),
    ("trustedRoot", "/x/root.json"),
    ("signingConfig", "/x/signing.json"),
    ("allowedIdentities", "/x/allowed"),
    ("trustRepository", "/x/repo"),
    ("policyRoot", "0123456789012345678901234567890123456789"),
    ("policyFile", "/x/policy.toml"),
    ("judgeSince", "0123456789012345678901234567890123456789"),
    ("matchCommitter", "true"),
    ("allowLegacy", "true"),
    ("guardedRefs", "refs/heads/*"),
    ("verdictCache", "true"),
    ("forgeKey", "/x/key"),
    ("forgeCommitter", "a@b.example"),
    ("expectedIdentity", "me@corp.example"),
    ("expectedIssuer", "https://corp.example"),
    ("identityTokenFile", "/x/token"),
    ("tokenProvider", "github-actions"),
    ("issuer", "https://corp.example"),
    ("clientID", "corp"),
    ("clientSecretFile", "/x/secret"),
    ("redirectURL", "http://localhost:1234/x"),
    ("connectorID", "corp"),
    ("urlOpener", "firefox {{.URL}}"),
    ("autoclose", "false"),
    ("autocloseTimeout", "7"),
    ("terminalPrompt", "false"),
    ("loginTimeout", "7"),
    ("agent", "auto"),
    ("agentSocket", "/x/socket"),
    ("agentTimeout", "7"),
    ("agentConfirm", "never"),
    ("agentConfirmSignatures", "7"),
    ("agentConfirmTime", "7"),
    ("agentSignDigests", "true"),
    ("keyring", "secret-service"),
    ("fulcio", "https://fulcio.example"),
    ("fulcioRoot", "/x/fulcio.pem"),
    ("ctLogPublicKey", "/x/ct.pub"),
    ("rekor", "https://rekor.example"),
    ("rekorVersion", "2"),
    ("rekorMode", "online"),
    ("rekorPublicKey", "/x/rekor.pub"),
    ("timestampServerURL", "https://tsa.example"),
    ("timestampCertChain", "/x/tsa.pem"),
    ("allowPlainHttp", "true"),
    ("timeout", "7"),
    ("logPath", "/x/log"),
];

/// The settings that gitsign's key can give, too.
const OF_GITSIGN: [&str; 16] = [
    "matchCommitter",
    "tokenProvider",
    "issuer",
    "clientID",
    "clientSecretFile",
    "redirectURL",
    "connectorID",
    "urlOpener",
    "autoclose",
    "autocloseTimeout",
    "fulcio",
    "fulcioRoot",
    "rekor",
    "rekorVersion",
    "rekorMode",
    "timestampServerURL",
];

/// A repository, a linked work tree, a submodule, a bare repository, a git directory elsewhere and one inside its work tree, with links to them.
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
    // a submodule, a work tree that is configured, and a git directory inside its work tree
    let superproject = root.join("disk/super");
    git(&root, &["init", "-q", "-b", "main", superproject.to_str().unwrap()]);
    git(&superproject, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repository.to_str().unwrap(), "sub"]);
    git(&root, &["init", "-q", "--bare", "-b", "main", root.join("disk/configured.git").to_str().unwrap()]);
    std::fs::create_dir_all(root.join("disk/tree")).unwrap();
    git(&root.join("disk/configured.git"), &["config", "core.bare", "false"]);
    git(&root.join("disk/configured.git"), &["config", "core.worktree", root.join("disk/tree").to_str().unwrap()]);
    let inside = root.join("disk/inside");
    git(&root, &["init", "-q", "-b", "main", "--separate-git-dir", inside.join("store").to_str().unwrap(), inside.to_str().unwrap()]);
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
        by_shell("linked work tree", "disk/linked"),
        by_shell("linked work tree by a link", "alias/linked"),
        by_shell("submodule", "disk/super/sub"),
        by_shell("submodule by a link", "alias/super/sub"),
        by_shell("configured work tree", "alias/configured.git"),
        by_shell("git directory in the work tree", "disk/inside"),
        by_shell("git directory elsewhere, without a link", "disk/apart"),
        by_shell("bare, without a link", "disk/bare.git"),
        by_shell("git directory elsewhere", "alias/apart"),
        by_shell("bare", "alias/bare.git"),
        by_shell("in the git directory", "alias/repo/.git"),
        named("GIT_DIR", vec![("GIT_DIR", path("disk/repo/.git"))]),
        named("GIT_DIR of a linked work tree", vec![("GIT_DIR", path("disk/repo/.git/worktrees/linked"))]),
        named("GIT_DIR of a submodule", vec![("GIT_DIR", path("alias/super/.git/modules/sub"))]),
        named("GIT_COMMON_DIR", vec![("GIT_DIR", path("disk/repo/.git")), ("GIT_COMMON_DIR", path("disk/bare.git"))]),
        named("GIT_WORK_TREE", vec![("GIT_DIR", path("disk/bare.git")), ("GIT_WORK_TREE", path("alias/tree"))]),
        Place { name: "GIT_WORK_TREE alone", folder: repository.clone(), variables: vec![("GIT_WORK_TREE", path("disk/tree"))] },
        named("GIT_DIR by a link", vec![("GIT_DIR", path("alias/repo/.git")), ("GIT_WORK_TREE", path("alias/repo"))]),
    ]
}

/// Conditions, in the user's file unless it is said otherwise. ROOT is the sandbox's folder.
const CONDITIONS: [&str; 31] = [
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
    "includeIf.gitdir:~root/",
    "includeIf.gitdir:~none/",
    "includeIf.gitdir:modules/",
    "includeIf.gitdir:**/modules/sub",
    "includeIf.gitdir:store",
    "includeIf.gitdir:ROOT/disk/bare.git",
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

/// The values that git reads, each with its scope.
fn by_git(done: &Done) -> HashMap<String, (String, String)> {
    assert_eq!(done.code, Some(0), "{done:?}");
    let parts: Vec<&str> = done.stdout.split('\0').collect();
    let entry = |pair: &[&str]| {
        let (key, value) = pair[1].split_once('\n').unwrap_or((pair[1], ""));
        // the case of an instance's name matters, and these are in lower case
        (key.to_lowercase(), (value.to_owned(), pair[0].to_owned()))
    };
    parts.chunks_exact(2).map(entry).collect()
}

/// What git and paraph say about the settings in a place. Returns how many are set.
fn compare(sandbox: &Sandbox, place: &Place, case: &str) -> usize {
    let run = |program: &str, arguments: &[&str]| -> Done {
        let mut command = sandbox.command(program, &place.folder);
        command.env_remove("PARAPH_AGENT").args(arguments);
        command.envs(place.variables.iter().map(|(name, value)| (name, value))).output().unwrap().into()
    };
    let done = run(&sandbox.program, &["config", "--json"]);
    assert_eq!(done.code, Some(0), "{}, {case}: {done:?}", place.name);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    let by_git = by_git(&run("git", &["config", "--list", "--show-scope", "--null"]));
    let mut settings: Vec<(String, Vec<String>, &Value)> = Vec::new();
    for (name, setting) in document["settings"].as_object().unwrap() {
        settings.push((name.clone(), vec![format!("paraph.{name}"), format!("gitsign.{name}")], setting));
    }
    for (name, setting) in document["instances"]["corp"].as_object().into_iter().flatten() {
        settings.push((format!("corp.{name}"), vec![format!("paraph.corp.{name}")], setting));
    }
    let mut set = 0;
    for (name, keys, setting) in settings {
        let expected = keys.iter().find_map(|key| by_git.get(&key.to_lowercase()));
        let is_of_git = setting["source"]["kind"] == "git";
        // git has one word for its command line and its variables
        let scope =
            setting["source"]["scope"].as_str().unwrap_or_default().replace("environment", "command").replace("command line", "command");
        let found = is_of_git.then(|| (setting["value"].as_str().unwrap().to_owned(), scope));
        assert_eq!(found.as_ref(), expected, "{}, {case}: {name}", place.name);
        set += usize::from(is_of_git);
    }
    set
}

#[test]
fn every_setting_is_the_one_that_git_reads_by_every_path_and_condition() {
    let sandbox = Sandbox::new();
    let places = places(&sandbox);
    let all = sandbox.paraph_in(&sandbox.root(), &["config", "--json"]).stdout;
    let all: Value = serde_json::from_str(&all).unwrap();
    let known: HashSet<&str> = all["settings"].as_object().unwrap().keys().map(String::as_str).collect();
    // a token is never in a file
    let compared: HashSet<&str> = SETTINGS.iter().map(|(name, _)| *name).chain(["identityToken"]).collect();
    assert_eq!(known, compared);
    let write = |name: &str, settings: &[(String, &str)]| {
        let path = sandbox.root().join(name);
        for (key, value) in settings {
            sandbox.git(&["config", "--file", path.to_str().unwrap(), key, value]);
        }
        path
    };
    let mut own: Vec<(String, &str)> = SETTINGS.iter().map(|(name, value)| (format!("paraph.{name}"), *value)).collect();
    own.extend([("paraph.corp.trustedRoot".to_owned(), "/x/corp.json"), ("paraph.corp.mirror".to_owned(), "https://tuf.example")]);
    let of_gitsign = SETTINGS.iter().filter(|(name, _)| OF_GITSIGN.contains(name));
    let of_gitsign: Vec<(String, &str)> = of_gitsign.map(|(name, value)| (format!("gitsign.{name}"), *value)).collect();
    let files = [write("included", &own), write("included-of-gitsign", &of_gitsign)];
    let (mut applied, mut not) = (0, 0);
    // gitsign's keys are read in the same way, so a part of the conditions is enough for them
    let of_gitsign_too = |number: usize| if number.is_multiple_of(6) { 2 } else { 1 };
    let conditions = CONDITIONS.iter().enumerate();
    for (condition, included) in
        conditions.flat_map(|(number, condition)| files.iter().take(of_gitsign_too(number)).map(move |file| (*condition, file)))
    {
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
                set => {
                    assert_eq!(set, if *included == files[0] { own.len() } else { of_gitsign.len() });
                    applied += 1;
                }
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
    // the home of a named user, and back from there
    let user = sandbox.command("id", &repository).arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    let home = |path: &Path| format!("~{}/{}{}", user.trim_end(), "../".repeat(9), path.strip_prefix("/").unwrap().display());
    let by_home = format!("[include]\n\tpath = {}\n", home(&repository.join(".git/more")));
    for text in [
        "[include]\n\tpath = more\n",
        "[includeIf \"gitdir:alias/repo/\"]\n\tpath = more\n",
        "[includeIf \"onbranch:main\"]\n\tpath = more\n",
        &by_home,
    ] {
        let config = std::fs::read_to_string(repository.join(".git/config")).unwrap();
        std::fs::write(repository.join(".git/config"), format!("{config}{text}")).unwrap();
        for place in &places {
            compare(&sandbox, place, text);
        }
        std::fs::write(repository.join(".git/config"), config).unwrap();
    }
    let folder = sandbox.root().join("disk");
    let parameters = format!("'include.path'='{}'", home(&repository.join(".git/more")));
    for place in &mut places {
        place.variables.push(("GIT_CONFIG_PARAMETERS", parameters.clone()));
        assert!(compare(&sandbox, place, "git -c") > 0);
        place.variables.pop();
    }
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
