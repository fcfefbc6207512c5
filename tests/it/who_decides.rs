//! Who decides what is trusted: sources of different rank, repositories from elsewhere, and files and folders that others can write.

mod outputs;

use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

/// A repository with a commit that was signed with the Sigstore `evil`. The user trusts `own`, and allows the signer under every name.
struct Unpacked {
    sandbox: Sandbox,
    evil: Sigstore,
    own: Sigstore,
    global: String,
    local: String,
}

impl Unpacked {
    fn new() -> Self {
        let (evil, own) = (Sigstore::start(), Sigstore::start());
        let sandbox = Sandbox::with_repository();
        evil.configure(&sandbox);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
        sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
        let lines = ["", " instance=custom", " instance=corp", " instance=local"].map(|name| format!("{EMAIL} {}{name}\n", evil.url));
        std::fs::write(sandbox.home().join("allowed"), lines.concat()).unwrap();
        for section in ["paraph", "paraph.local"] {
            sandbox.git(&["config", "--global", "--remove-section", section]);
        }
        sandbox.git(&["config", "--global", "paraph.allowedIdentities", "allowed"]);
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        let (global, local) = (read(sandbox.home().join(".gitconfig")), read(sandbox.work().join(".git/config")));
        Self { sandbox, evil, own, global, local }
    }

    /// Writes `key=value` lines into the user's and the repository's configuration, in place of those of the last case. `OWN` and `EVIL` are the
    /// folders of the two.
    fn configure(&self, global: &[&str], local: &[&str]) {
        std::fs::write(self.sandbox.home().join(".gitconfig"), &self.global).unwrap();
        std::fs::write(self.sandbox.work().join(".git/config"), &self.local).unwrap();
        for (scope, settings) in [("--global", global), ("--local", local)] {
            for setting in settings {
                let (key, value) = setting.split_once('=').unwrap();
                self.sandbox.git(&["config", scope, "--add", key, &self.filled(value)]);
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let folder = |sigstore: &Sigstore| sigstore.folder.to_str().unwrap().to_owned();
        text.replace("OWN", &folder(&self.own)).replace("EVIL", &folder(&self.evil))
    }

    fn verify(&self, options: &[&str]) -> Done {
        let options: Vec<String> = options.iter().map(|option| self.filled(option)).collect();
        let mut all = vec!["verify"];
        all.extend(options.iter().map(String::as_str));
        self.sandbox.paraph(&all)
    }
}

const ROOT: &str = "paraph.trustedRoot=EVIL/trusted_root.json";
const KEYS: [&str; 4] = [
    "gitsign.fulcioRoot=EVIL/fulcio-chain.pem",
    "paraph.rekorPublicKey=EVIL/rekor2.pub",
    "paraph.ctLogPublicKey=EVIL/ct.pub",
    "paraph.timestampCertChain=EVIL/tsa-chain.pem",
];
const CORP: &str = "paraph.corp.trustedRoot=EVIL/trusted_root.json";

#[test]
fn a_repository_replaces_no_root_that_a_stronger_source_fixes() {
    let mut unpacked = Unpacked::new();
    for local in [&[ROOT][..], &KEYS, &["paraph.instance=corp", CORP]] {
        unpacked.configure(&[], local);
        let done = unpacked.verify(&[]);
        assert!(done.code == Some(0) && done.stdout.contains("Trusted by the repository's own configuration: "), "{local:?}: {done:?}");
    }
    std::fs::write(
        unpacked.sandbox.root().join("included"),
        format!("[paraph]\ntrustedRoot = {}\n", unpacked.filled("EVIL/trusted_root.json")),
    )
    .unwrap();
    let include = format!("include.path={}", unpacked.sandbox.root().join("included").display());
    let own_keys = ["gitsign.fulcioRoot=OWN/fulcio-chain.pem", "paraph.rekorPublicKey=OWN/rekor2.pub"];
    let cases: [(&[&str], &[&str], &[&str]); 19] = [
        (&[], &[ROOT], &["--instance", "public"]),
        (&[], &KEYS, &["--instance", "public"]),
        (&[], &KEYS, &["--trusted-root", "OWN/trusted_root.json"]),
        (&["paraph.instance=public"], &[ROOT], &[]),
        (&["paraph.instance=public"], &KEYS, &[]),
        (&["paraph.trustedRoot=OWN/trusted_root.json"], &[ROOT], &[]),
        (&["paraph.instance=corp", "paraph.corp.trustedRoot=OWN/trusted_root.json"], &["paraph.instance=", ROOT], &[]),
        (&["paraph.instance=corp", "paraph.corp.trustedRoot=OWN/trusted_root.json"], &["paraph.instance=custom", ROOT], &[]),
        (&["paraph.instance=public"], &["paraph.instance=custom", ROOT], &[]),
        (&["paraph.trustedRoot=OWN/trusted_root.json"], &KEYS, &[]),
        (&["paraph.trustedRoot=OWN/trusted_root.json"], &[include.as_str()], &[]),
        (&own_keys, &KEYS, &[]),
        (&own_keys[..1], &[ROOT], &[]),
        (&["paraph.instance=corp", "paraph.corp.trustedRoot=OWN/trusted_root.json"], &[CORP], &[]),
        (&["paraph.corp.trustedRoot=OWN/trusted_root.json"], &["paraph.instance=corp", CORP], &[]),
        (&["paraph.corp.trustedRoot=OWN/trusted_root.json"], &["paraph.instance=corp", ROOT], &[]),
        (&["paraph.corp.mirror=https://corp.example"], &["paraph.instance=corp"], &["--trusted-root", "OWN/trusted_root.json"]),
        (&[], &["paraph.instance=corp"], &["--trusted-root", "OWN/trusted_root.json"]),
        (&["paraph.trustedRoot=OWN/trusted_root.json"], &["paraph.instance=corp", CORP], &[]),
    ];
    for (global, local, options) in cases {
        unpacked.configure(global, local);
        let done = unpacked.verify(options);
        assert_eq!(done.code, Some(14), "{global:?} {local:?} {options:?}: {done:?}");
        let warnings: Vec<&str> = done.stderr.lines().filter(|line| line.contains("ignored: ")).collect();
        let [warning] = warnings[..] else { panic!("{global:?} {local:?} {options:?}: {done:?}") };
        let stronger = if global.is_empty() || options.contains(&"--trusted-root") { "the option --" } else { "home/.gitconfig" };
        assert!(warning.contains("takes precedence") && warning.contains(stronger), "{global:?} {local:?}: {warning}");
    }
    unpacked.configure(&[], &["paraph.instance=corp", CORP]);
    assert_eq!(unpacked.sandbox.paraph(&["trust", "import", "--instance", "corp", &unpacked.own.file("trusted_root.json")]).code, Some(0));
    let done = unpacked.verify(&[]);
    assert!(done.code == Some(14) && done.stderr.contains("the imported trust in "), "{done:?}");
    unpacked.configure(&[], &[ROOT]);
    unpacked.sandbox.set("PARAPH_INSTANCE", "public");
    let done = unpacked.verify(&[]);
    assert!(done.code == Some(14) && done.stderr.contains("the variable PARAPH_INSTANCE takes precedence"), "{done:?}");
    assert_eq!(unpacked.sandbox.git(&["log", "--format=%G?"]), "E", "under git too");
}

/// git reads the name in `[paraph.NAME]` in lower case.
#[test]
fn a_repository_does_not_redefine_an_instance_by_the_case_of_an_old_header() {
    let unpacked = Unpacked::new();
    let [own, evil] = ["OWN", "EVIL"].map(|of| unpacked.filled(&format!("{of}/trusted_root.json")));
    for (user, repository) in [("paraph.CORP", "paraph \"corp\""), ("paraph.Corp", "paraph.corp"), ("paraph \"corp\"", "paraph.CORP")] {
        unpacked.configure(&[], &["paraph.instance=corp"]);
        for (file, section, root) in
            [(unpacked.sandbox.home().join(".gitconfig"), user, &own), (unpacked.sandbox.work().join(".git/config"), repository, &evil)]
        {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, format!("{text}[{section}]\n\ttrustedRoot = {root}\n")).unwrap();
        }
        let done = unpacked.verify(&[]);
        assert!(done.code == Some(14) && done.stderr.contains("takes precedence"), "{user}, {repository}: {done:?}");
    }
}

#[test]
fn a_repository_does_not_name_a_root_that_a_stronger_source_fixes() {
    let mut unpacked = Unpacked::new();
    // a line for the instance `corp`, which this root is not
    std::fs::write(unpacked.sandbox.home().join("allowed"), format!("{EMAIL} {} instance=corp\n", unpacked.evil.url)).unwrap();
    let option = ["--trusted-root", "EVIL/trusted_root.json", "--json"];
    for name in [&[][..], &["paraph.instance=corp"], &["paraph.instance=corp", "paraph.corp.trustedRoot=OWN/trusted_root.json"]] {
        unpacked.configure(&[], name);
        let done = unpacked.verify(&option);
        assert!(done.code == Some(10) && done.stdout.contains(r#""instance":"custom""#), "{name:?}: {done:?}");
        unpacked.configure(&[ROOT], name);
        assert_eq!(unpacked.verify(&[]).code, Some(10), "{name:?}");
    }
    // a source as strong as that of the root names it
    unpacked.configure(&["paraph.instance=corp"], &[]);
    assert_eq!(unpacked.verify(&option[..2]).code, Some(0));
    unpacked.configure(&[], &[]);
    assert_eq!(unpacked.verify(&[&option[..2], &["--instance", "corp"]].concat()).code, Some(0));
    unpacked.sandbox.set("PARAPH_TRUSTED_ROOT", &unpacked.evil.file("trusted_root.json"));
    unpacked.configure(&[], &["paraph.instance=corp"]);
    assert_eq!(unpacked.verify(&[]).code, Some(10));
}

#[test]
fn the_allowed_identities_of_a_repository_do_not_replace_the_users() {
    let unpacked = Unpacked::new();
    let own = unpacked.sandbox.work().join(".git/own");
    std::fs::write(&own, format!("{EMAIL} {} instance=custom\n", unpacked.evil.url)).unwrap();
    let own = format!("paraph.allowedIdentities={}", own.display());
    std::fs::write(unpacked.sandbox.home().join("allowed"), "boss@corp.example https://accounts.google.com\n").unwrap();
    unpacked.configure(&[], &[ROOT, &own]);
    let done = unpacked.verify(&[]);
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(
        done.stderr.contains(".git/config (local) is ignored: ") && done.stderr.contains("home/.gitconfig (global)"),
        "{}",
        done.stderr
    );
    // the repository is the only source
    unpacked.sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    let said = "Trusted by the repository's own configuration: ";
    let done = unpacked.verify(&[]);
    assert!(done.code == Some(0) && done.stdout.contains(said) && done.stdout.contains(".git/config (local)"), "{done:?}");
}

#[test]
fn each_source_of_a_good_verdict_is_named_in_json() {
    let mut unpacked = Unpacked::new();
    let trusted_by = |done: Done| {
        assert_eq!(done.code, Some(0), "{done:?}");
        serde_json::from_str::<serde_json::Value>(&done.stdout).unwrap()["trustedBy"].as_str().unwrap().to_owned()
    };
    unpacked.configure(&[ROOT], &[]);
    assert_eq!(trusted_by(unpacked.verify(&["--json"])), "user");
    unpacked.configure(&[], &[]);
    let url = unpacked.evil.url.clone();
    let expected =
        ["--json", "--trusted-root", "EVIL/trusted_root.json", "--certificate-identity", EMAIL, "--certificate-oidc-issuer", &url];
    assert_eq!(trusted_by(unpacked.verify(&expected)), "command-line");
    unpacked.sandbox.set("PARAPH_TRUSTED_ROOT", &unpacked.evil.file("trusted_root.json"));
    unpacked.sandbox.set("PARAPH_ALLOWED_IDENTITIES", unpacked.sandbox.home().join("allowed").to_str().unwrap());
    assert_eq!(trusted_by(unpacked.verify(&["--json"])), "environment");
}

#[test]
fn a_repository_is_trusted_by_the_users_files_only() {
    let unpacked = Unpacked::new();
    let trust = format!("paraph.trustRepository={}", unpacked.sandbox.work().display());
    let good = |global: &[&str], local: &[&str]| {
        unpacked.configure(&[&["paraph.instance=public"], global].concat(), local);
        unpacked.verify(&[]).code == Some(0)
    };
    // `git -c`, as a program of git's gets it
    let by_call = format!("'paraph.trustRepository={}'", unpacked.sandbox.work().display());
    assert!(!good(&[], &[ROOT, &trust]));
    let mut command = unpacked.sandbox.command(&unpacked.sandbox.program, &unpacked.sandbox.work());
    assert!(!command.arg("verify").env("GIT_CONFIG_PARAMETERS", by_call).output().unwrap().status.success());
    // its own word does not make it lie elsewhere
    let elsewhere = unpacked.sandbox.root().join("trusted");
    std::fs::create_dir(&elsewhere).unwrap();
    let of_elsewhere = format!("paraph.trustRepository={}", elsewhere.display());
    assert!(!good(&[&of_elsewhere], &[ROOT, &format!("core.worktree={}", elsewhere.display())]));
    assert!(good(&[&trust], &[ROOT, "paraph.instance=custom"]));
    assert!(good(&[&of_elsewhere, &trust], &[ROOT, "paraph.instance=custom"]));
    // what git's safe.directory accepts is no path of a repository
    let warned = |global: &[&str]| {
        unpacked.configure(&[&["paraph.instance=public"], global].concat(), &[ROOT]);
        let done = unpacked.verify(&[]);
        let line = done.stderr.lines().find(|line| line.contains("paraph.trustRepository")).map(str::to_owned);
        (done.code == Some(0), line.unwrap_or_default())
    };
    for pattern in ["*", ".", "/*", "~/src/*", "~nosuch/src"] {
        let (is_good, line) = warned(&[&format!("paraph.trustRepository={pattern}")]);
        let expected = format!("is ignored: expected the path of one repository, such as ~/src/corp; it is \"{pattern}\".");
        assert!(!is_good && line.contains("home/.gitconfig (global)") && line.ends_with(&expected), "{line}");
    }
    assert_eq!(warned(&["paraph.trustRepository=~/elsewhere"]), (false, String::new()));
    // an empty value removes the earlier ones, as for git's lists
    assert!(!good(&[&trust, "paraph.trustRepository="], &[ROOT]));
    assert!(good(&["paraph.trustRepository=", &trust], &[ROOT, "paraph.instance=custom"]));
    // a folder of the user's for this repository alone
    let file = unpacked.sandbox.home().join("for-work");
    std::fs::write(&file, unpacked.filled("[paraph]\ninstance = custom\ntrustedRoot = EVIL/trusted_root.json\n")).unwrap();
    let include = |folder: &str| format!("includeIf.gitdir:{folder}/.path={}", file.display());
    assert!(good(&[&include(unpacked.sandbox.work().to_str().unwrap())], &[]));
    assert!(!good(&[&include("/elsewhere")], &[]));
}

#[test]
fn a_bare_repository_in_a_work_tree_grants_nothing_unless_it_is_meant() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[], &[]);
    let (bare, tree) = (unpacked.sandbox.work().join("nested"), unpacked.sandbox.root());
    unpacked.sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    unpacked.sandbox.git_in(&bare, &["config", "paraph.trustedRoot", &unpacked.evil.file("trusted_root.json")]);
    let verify = |variables: &[(&str, &str)]| -> Done {
        let mut command = unpacked.sandbox.command(&unpacked.sandbox.program, &bare);
        command.arg("verify").envs(variables.iter().copied()).output().unwrap().into()
    };
    let refused = |done: &Done| done.code == Some(14) && done.stderr.contains("safe.bareRepository");
    assert!(refused(&verify(&[])), "{:?}", verify(&[]));
    // nor does a folder whose common directory it is
    let alias = unpacked.sandbox.work().join("alias");
    for folder in ["objects/info", "refs/heads"] {
        std::fs::create_dir_all(alias.join(folder)).unwrap();
    }
    for file in ["HEAD", "packed-refs"] {
        std::fs::copy(bare.join(file), alias.join(file)).unwrap();
    }
    std::fs::write(alias.join("commondir"), "../nested\n").unwrap();
    for (rule, code) in [("all", Some(0)), ("explicit", Some(4))] {
        unpacked.sandbox.git(&["config", "--global", "safe.bareRepository", rule]);
        assert_eq!(unpacked.sandbox.paraph_in(&alias, &["verify"]).code, code, "{rule}");
    }
    unpacked.sandbox.git(&["config", "--global", "--unset", "safe.bareRepository"]);
    assert!(refused(&unpacked.sandbox.paraph_in(&alias, &["verify"])));
    // a work tree that it names itself does not hide it
    for (bare_value, folder) in [("false", tree.to_str().unwrap()), ("false", ".."), ("true", "..")] {
        unpacked.sandbox.git_in(&bare, &["config", "core.bare", bare_value]);
        unpacked.sandbox.git_in(&bare, &["config", "core.worktree", folder]);
        let done = verify(&[]);
        assert!(done.code != Some(0), "{bare_value} {folder}: {done:?}");
        unpacked.sandbox.git_in(&bare, &["--git-dir=.", "config", "--unset", "core.worktree"]);
    }
    unpacked.sandbox.git_in(&bare, &["--git-dir=.", "config", "core.bare", "true"]);
    // git exports GIT_DIR when it found the repository by its location
    assert_eq!(unpacked.sandbox.git_in(&bare, &["log", "--format=%G?"]), "E");
    assert_eq!(unpacked.sandbox.git_in(&bare, &["--git-dir=.", "log", "--format=%G?"]), "G");
    assert_eq!(verify(&[("GIT_DIR", ".")]).code, Some(0));
    unpacked.sandbox.git(&["config", "--global", "safe.bareRepository", "all"]);
    assert_eq!(verify(&[]).code, Some(0));
}

/// With a work tree, git exports `GIT_DIR` alone, as if the user had named it.
#[test]
fn a_bare_repository_in_a_work_tree_grants_nothing_under_git_by_naming_a_work_tree() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[], &[]);
    let nested = unpacked.sandbox.work().join("nested");
    unpacked.sandbox.git(&["clone", "-q", "--bare", ".", nested.to_str().unwrap()]);
    let shown = |rule: &[&str]| unpacked.sandbox.git_in(&nested, &[rule, &["log", "--format=%G?", "main"]].concat());
    let tree = unpacked.sandbox.root();
    for (bare, folder) in [("true", "unset"), ("false", ".."), ("false", "."), ("false", tree.to_str().unwrap()), ("false", "objects")] {
        let mut text = format!("[core]\n repositoryformatversion = 0\n bare = {bare}\n");
        if folder != "unset" {
            text += &format!(" worktree = {folder}\n");
        }
        text += &format!("[paraph]\n trustedRoot = {}\n", unpacked.evil.file("trusted_root.json"));
        std::fs::write(nested.join("config"), text).unwrap();
        assert_eq!(shown(&[]), "E", "{folder}");
        assert_eq!(shown(&["-c", "alias.x=!git", "x"]), "E", "{folder}");
    }
    unpacked.sandbox.git(&["config", "--global", "safe.bareRepository", "all"]);
    assert_eq!(shown(&[]), "G");
}

/// Its common directory is the repository around it, but it has a configuration file of its own.
#[test]
fn a_folder_with_the_common_directory_of_its_work_tree_adds_no_trust() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[], &[]);
    let folder = unpacked.sandbox.work().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let root = format!("[paraph]\n trustedRoot = {}\n", unpacked.evil.file("trusted_root.json"));
    for (name, text) in [("HEAD", "ref: refs/heads/main\n"), ("commondir", "../.git\n"), ("config.worktree", &root)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    assert_eq!(unpacked.sandbox.paraph_in(&folder, &["verify"]).code, Some(4));
    assert_eq!(unpacked.sandbox.git_in(&folder, &["log", "--format=%G?"]), "E");
}

#[test]
fn a_repository_with_gitsigns_keys_goes_on_to_sign() {
    let unpacked = Unpacked::new();
    let url = unpacked.evil.url.clone();
    let services = [format!("gitsign.fulcio={url}"), format!("gitsign.rekor={url}"), format!("gitsign.issuer={url}")];
    let keys = ["gitsign.fulcioRoot=EVIL/fulcio-chain.pem", "paraph.rekorPublicKey=EVIL/rekor.pub", "paraph.ctLogPublicKey=EVIL/ct.pub"];
    let mut local: Vec<&str> = services.iter().map(String::as_str).collect();
    // the user's own root is of another instance; a part alone completes the public root when it checks the own signature
    for (global, keys) in [(&[][..], &keys[..]), (&["paraph.trustedRoot=OWN/trusted_root.json"], &keys)] {
        local.truncate(3);
        local.extend(keys);
        let unset = if global.is_empty() { &[][..] } else { &["paraph.trustedRoot="] };
        unpacked.configure(global, &[&local[..], unset].concat());
        let mut commit = unpacked.sandbox.command("git", &unpacked.sandbox.work());
        commit.args(["commit", "-q", "-S", "--allow-empty", "-m", "two"]).env("SIGSTORE_ID_TOKEN", unpacked.evil.token(EMAIL));
        let done: Done = commit.output().unwrap().into();
        assert_eq!(done.code, Some(0), "{done:?}");
        let expected = if global.is_empty() { Some(0) } else { Some(14) };
        assert_eq!(unpacked.verify(&[]).code, expected, "the root grants no trust");
    }
}

/// A log is a file that gets text, and an opener is a program that runs: an unpacked repository chooses neither.
#[test]
fn a_repository_chooses_no_file_to_write_or_send_and_no_program_unless_it_is_trusted() {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    let profile = sandbox.home().join(".profile");
    for (key, value) in [("gitsign.logPath", "~/.profile"), ("paraph.urlOpener", "sh {{.URL}}"), ("gitsign.clientSecretFile", "~/.profile")]
    {
        sandbox.git(&["config", "--local", key, value]);
    }
    let log = sandbox.root().join("log");
    sandbox.set("PARAPH_LOG", log.to_str().unwrap());
    let commit = || sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let place = format!("gitsign.logPath in {} (local) is ignored: ", sandbox.work().join(".git/config").display());
    commit();
    commit();
    let lines = std::fs::read_to_string(&log).unwrap();
    assert_eq!((lines.matches(&place).count(), profile.exists()), (1, false), "{lines}");
    sandbox.unset("PARAPH_LOG");
    let settings = |sandbox: &Sandbox| {
        let config: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["config", "--json"]).stdout).unwrap();
        ["logPath", "urlOpener", "clientSecretFile"].map(|name| config["settings"][name]["source"]["kind"] == "git")
    };
    assert_eq!(settings(&sandbox), [false; 3]);
    let signed = sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    assert!(!profile.exists(), "{signed}");
    sandbox.git(&["config", "--global", "paraph.trustRepository", sandbox.work().to_str().unwrap()]);
    assert_eq!(settings(&sandbox), [true; 3]);
}

/// A server's repository with a work tree, to which pushes are checked out, and a hook that refuses what it must.
#[test]
fn a_hook_refuses_each_deciding_file_in_a_work_tree_and_verify_warns() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[], &[]);
    unpacked.sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    let served = unpacked.sandbox.root().join("served");
    unpacked.sandbox.git(&["clone", "-q", ".", served.to_str().unwrap()]);
    let config = std::fs::read_to_string(served.join(".git/config")).unwrap();
    for name in ["trusted_root.json", "fulcio-chain.pem", "rekor2.pub", "ct.pub", "tsa-chain.pem"] {
        std::fs::copy(unpacked.evil.file(name), served.join(name)).unwrap();
    }
    std::fs::write(served.join("allowed"), "").unwrap();
    std::fs::create_dir(served.join("folder")).unwrap();
    symlink(served.join("trusted_root.json"), unpacked.sandbox.root().join("link")).unwrap();
    symlink(unpacked.evil.file("trusted_root.json"), served.join("out")).unwrap();
    let in_tree = |name: &str| served.join(name).to_str().unwrap().to_owned();
    let link = unpacked.sandbox.root().join("link").to_str().unwrap().to_owned();
    let settings = [
        ("paraph.allowedIdentities", in_tree("allowed")),
        ("paraph.policyFile", in_tree("allowed")),
        ("paraph.forgeKey", in_tree("rekor2.pub")),
        ("paraph.trustedRoot", in_tree("trusted_root.json")),
        ("gitsign.fulcioRoot", in_tree("fulcio-chain.pem")),
        ("paraph.rekorPublicKey", in_tree("rekor2.pub")),
        ("paraph.ctLogPublicKey", in_tree("ct.pub")),
        ("paraph.timestampCertChain", in_tree("tsa-chain.pem")),
        ("paraph.corp.trustedRoot", in_tree("trusted_root.json")),
        ("paraph.trustedRoot", link),
        ("paraph.trustedRoot", in_tree("out")),
        ("paraph.trustedRoot", in_tree("folder/../../link")),
        ("paraph.allowedIdentities", in_tree("not-yet-there")),
        ("include.path", "../.gitconfig".to_owned()),
        ("include.path", in_tree("not-yet-there")),
        ("includeIf.onbranch:never.path", "../.gitconfig".to_owned()),
    ];
    let update = format!("{} {} refs/heads/new\n", "0".repeat(40), unpacked.sandbox.git(&["rev-parse", "HEAD"]));
    let says = |done: &Done| done.stderr.contains("is in the work tree: anyone who can change the branch can change who is trusted");
    for (key, value) in &settings {
        std::fs::write(served.join(".git/config"), &config).unwrap();
        unpacked.sandbox.git_in(&served, &["config", key, value]);
        let mut hook = unpacked.sandbox.command(&unpacked.sandbox.program, &served.join(".git"));
        let done = unpacked.sandbox.feed(hook.args(["hook", "pre-receive"]).env("GIT_DIR", "."), update.as_bytes());
        assert!(done.code == Some(1) && says(&done), "{key}={value}: {done:?}");
        let done = unpacked.sandbox.paraph_in(&served, &["verify"]);
        // a root that a repository names only in part is not used, and nor is its file; a wrong forge key ends the call
        let is_ignored = ["fulcioRoot", "PublicKey", "CertChain", "forgeKey"].iter().any(|part| key.contains(part));
        assert!(says(&done) || is_ignored, "{key}={value}: {done:?}");
    }
    std::fs::write(served.join(".git/config"), &config).unwrap();
    std::fs::write(served.join(".git/safe"), "").unwrap();
    unpacked.sandbox.git_in(&served, &["config", "paraph.allowedIdentities", "safe"]);
    assert!(!says(&unpacked.sandbox.paraph_in(&served, &["verify"])));
    // a bare repository with a work tree
    let bare = unpacked.sandbox.root().join("bare.git");
    unpacked.sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    unpacked.sandbox.git_in(&bare, &["config", "paraph.trustedRoot", &in_tree("trusted_root.json")]);
    let hook = || -> Done {
        let mut hook = unpacked.sandbox.command(&unpacked.sandbox.program, &bare);
        unpacked.sandbox.feed(hook.args(["hook", "pre-receive"]).env("GIT_DIR", "."), update.as_bytes())
    };
    assert!(!says(&hook()));
    // a linked work tree inside the git directory
    let linked = bare.join("linked");
    unpacked.sandbox.git_in(&bare, &["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap()]);
    std::fs::copy(in_tree("trusted_root.json"), linked.join("root.json")).unwrap();
    unpacked.sandbox.git_in(&bare, &["config", "paraph.trustedRoot", linked.join("root.json").to_str().unwrap()]);
    assert!(says(&hook()), "{:?}", hook());
    // the git directory itself, to which `updateInstead` checks out
    std::fs::copy(in_tree("trusted_root.json"), bare.join("root.json")).unwrap();
    unpacked.sandbox.git_in(&bare, &["config", "paraph.trustedRoot", bare.join("root.json").to_str().unwrap()]);
    assert!(!says(&hook()));
    unpacked.sandbox.git_in(&bare, &["config", "core.bare", "false"]);
    assert!(says(&hook()), "{:?}", hook());
    unpacked.sandbox.git_in(&bare, &["--git-dir=.", "config", "core.bare", "true"]);
    // another folder
    unpacked.sandbox.git_in(&bare, &["config", "paraph.trustedRoot", &in_tree("trusted_root.json")]);
    std::fs::write(bare.join("config"), std::fs::read_to_string(bare.join("config")).unwrap() + "[core]\nworktree = ../served\n").unwrap();
    assert!(says(&hook()), "{:?}", hook());
}

/// git reads some files wherever they exist, so a push that can create one decides too.
#[test]
fn a_configuration_file_that_does_not_exist_yet_decides_too() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[], &[]);
    let served = unpacked.sandbox.root().join("served");
    unpacked.sandbox.git(&["clone", "-q", ".", served.to_str().unwrap()]);
    let update = format!("{} {} refs/heads/new\n", "0".repeat(40), unpacked.sandbox.git(&["rev-parse", "HEAD"]));
    let tree = |name: &str| served.join(name).to_str().unwrap().to_owned();
    let global = unpacked.sandbox.home().join(".gitconfig");
    let outside = global.to_str().unwrap().to_owned();
    let includes = |path: &str| {
        let file = unpacked.sandbox.root().join("includes");
        std::fs::write(&file, format!("[include]\npath = {path}\n")).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let found = |variables: &[(&str, String)]| -> Option<String> {
        let mut hook = unpacked.sandbox.command(&unpacked.sandbox.program, &served.join(".git"));
        hook.args(["hook", "pre-receive"]).env("GIT_DIR", ".").envs(variables.iter().map(|(name, value)| (name, value)));
        let done = unpacked.sandbox.feed(&mut hook, update.as_bytes());
        let mut verify = unpacked.sandbox.command(&unpacked.sandbox.program, &served);
        let verified: Done = verify.arg("verify").envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap().into();
        let line = |done: &Done| {
            let line = done.stderr.lines().find(|line| line.contains("is in the work tree: "))?;
            Some(line.split("served/").nth(1)?.split(' ').next()?.to_owned())
        };
        assert_eq!(line(&done), line(&verified), "{done:?} {verified:?}");
        assert!(line(&done).is_none() || done.code == Some(1), "{done:?}");
        line(&done)
    };
    assert_eq!(found(&[]), None);
    let caches = unpacked.sandbox.root().join("caches").to_str().unwrap().to_owned();
    let at_home = |name: &str| ("HOME", tree(name));
    let elsewhere = [("XDG_CACHE_HOME", caches.clone()), ("XDG_DATA_HOME", caches.clone())];
    let found_at = |variables: &[(&str, String)]| found(&[&elsewhere[..], variables].concat());
    assert_eq!(found_at(&[at_home("home")]).as_deref(), Some("home/.config/git/config"));
    assert_eq!(found_at(&[at_home("home"), ("XDG_CONFIG_HOME", caches)]).as_deref(), Some("home/.gitconfig"));
    assert_eq!(found(&[("XDG_CONFIG_HOME", tree("xdg"))]).as_deref(), Some("xdg/git/config"));
    assert_eq!(found(&[("GIT_CONFIG_GLOBAL", tree("global"))]).as_deref(), Some("global"));
    assert_eq!(found(&[("GIT_CONFIG_GLOBAL", outside.clone())]), None);
    assert_eq!(found(&[("GIT_CONFIG_SYSTEM", tree("system")), ("GIT_CONFIG_NOSYSTEM", "0".into())]).as_deref(), Some("system"));
    assert_eq!(found(&[("GIT_CONFIG_GLOBAL", includes(&tree("later")))]).as_deref(), Some("later"));
    assert_eq!(found(&[("GIT_CONFIG_GLOBAL", includes("served/later"))]).as_deref(), Some("later"));
    assert_eq!(found_at(&[("GIT_CONFIG_GLOBAL", includes("~/later")), at_home("h")]).as_deref(), Some("h/later"));
    symlink("../dangling", served.join(".git/config.worktree")).unwrap();
    assert_eq!(found(&[]).as_deref(), Some("dangling"));
}

#[test]
fn folders_that_decide_are_created_for_the_user_alone_and_refused_otherwise() {
    let unpacked = Unpacked::new();
    unpacked.configure(&[ROOT], &[]);
    let mirror = format!("{}/tuf", unpacked.own.url);
    let script = format!(
        "umask 000; cd {work}; {paraph} verify --cache && {paraph} trust import --instance corp {root} && {paraph} trust initialize --instance lab --mirror {mirror} --root {first}",
        work = unpacked.sandbox.work().display(),
        paraph = unpacked.sandbox.program,
        root = unpacked.own.file("trusted_root.json"),
        first = unpacked.own.file("tuf/1.root.json"),
    );
    let done: Done = unpacked.sandbox.command("sh", &unpacked.sandbox.work()).args(["-c", &script]).output().unwrap().into();
    assert_eq!(done.code, Some(0), "{done:?}");
    let home = unpacked.sandbox.home();
    let made: Vec<PathBuf> = walk(&home).into_iter().filter(|path| path.components().any(|part| part.as_os_str() == "paraph")).collect();
    assert!(made.len() >= 8, "{made:?}");
    for path in &made {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    let verify = |instance: &str| unpacked.sandbox.paraph(&["trust", "status", "--instance", instance]);
    let cached = || unpacked.verify(&["--cache"]);
    unpacked.configure(&[&format!("paraph.lab.mirror={mirror}")], &[]);
    assert_eq!((verify("corp").code, verify("lab").code), (Some(0), Some(0)), "{:?}", verify("lab"));
    for path in made.iter().filter(|path| path.is_dir()) {
        let (is_import, is_tuf, is_cache) =
            (path.ends_with("trust"), path.components().any(|part| part.as_os_str() == "tuf"), path.ends_with("verdicts"));
        set_mode(path, 0o777);
        let said = "is not used: others may write to it (mode 0777)";
        if is_import || is_tuf {
            let done = verify(if is_import { "corp" } else { "lab" });
            assert!(
                done.code != Some(0) && done.stderr.contains(said) && done.stderr.contains("chmod -R go-w"),
                "{}: {done:?}",
                path.display()
            );
        }
        if is_cache {
            unpacked.configure(&[ROOT], &[]);
            let done = cached();
            assert!(done.code == Some(0) && done.stderr.contains(said), "{done:?}");
            unpacked.configure(&[&format!("paraph.lab.mirror={mirror}")], &[]);
        }
        set_mode(path, 0o700);
    }
    assert_eq!((verify("corp").code, verify("lab").code), (Some(0), Some(0)));
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() && !path.is_symlink() { [vec![path.clone()], walk(&path)].concat() } else { vec![path] })
        .collect()
}
