//! `paraph setup`: what it changes, and what it refuses to change.

use super::{all, repository, shown};
use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

fn configuration(sandbox: &Sandbox, scope: &str) -> String {
    let done = sandbox.try_git(&["config", scope, "--list"]);
    let mut lines: Vec<&str> = done.stdout.lines().filter(|line| !line.starts_with("core.")).collect();
    lines.sort_unstable();
    shown(sandbox, &lines.join("\n"))
}

#[test]
fn setup_shows_each_change_makes_it_tries_it_out_and_takes_it_back() {
    let sandbox = Sandbox::with_repository();
    let program = sandbox.script("gitsign", "#!/bin/sh\nexit 1\n");
    for (key, value) in [("gpg.x509.program", program.as_str()), ("commit.gpgsign", "false"), ("user.name", "Ann")] {
        sandbox.git(&["config", "--global", key, value]);
    }
    sandbox.git(&["config", "--global", "--add", "commit.gpgsign", "no"]);
    let before = configuration(&sandbox, "--global");
    let allowed = sandbox.home().join("allowed");
    std::fs::write(&allowed, format!("{EMAIL} https://issuer.example\n")).unwrap();
    let arguments = ["setup", "--global", "--always", "--identity", EMAIL, "--allowed-identities", allowed.to_str().unwrap()];

    let dry = sandbox.paraph(&[&arguments[..], &["--dry-run"]].concat());
    insta::assert_snapshot!(all(&sandbox, &dry), @r"
    gpg.format: not set -> x509
    gpg.x509.program: ROOT/gitsign -> PROGRAM
    commit.gpgSign: false, no -> true
    tag.gpgSign: not set -> true
    paraph.expectedIdentity: not set -> ann@example.com
    paraph.allowedIdentities: not set -> ROOT/home/allowed
    Nothing was changed.
    exit 0
    ");
    assert_eq!(configuration(&sandbox, "--global"), before);

    // there is no terminal to ask for confirmation
    let unasked = sandbox.paraph_with(&arguments, b"");
    assert_eq!((unasked.code, configuration(&sandbox, "--global")), (Some(2), before.clone()), "{}", unasked.stderr);
    assert!(unasked.stderr.contains("there is no terminal to ask for confirmation"), "{}", unasked.stderr);

    let done = sandbox.paraph(&[&arguments[..], &["--yes"]].concat());
    insta::assert_snapshot!(all(&sandbox, &done), @r"
    gpg.format: not set -> x509
    gpg.x509.program: ROOT/gitsign -> PROGRAM
    commit.gpgSign: false, no -> true
    tag.gpgSign: not set -> true
    paraph.expectedIdentity: not set -> ann@example.com
    paraph.allowedIdentities: not set -> ROOT/home/allowed
    git is configured. `paraph setup --global --undo` restores the earlier settings.
    Testing with a throw-away log on this machine. Nothing is published.
    git made and verified a test signature in N ms.
    Every commit and annotated tag is signed now.
    `paraph whoami` shows the identity and the services.
    exit 0
    ");
    insta::assert_snapshot!(configuration(&sandbox, "--global"), @r"
    commit.gpgsign=true
    gpg.format=x509
    gpg.x509.program=PROGRAM
    paraph.allowedidentities=ROOT/home/allowed
    paraph.expectedidentity=ann@example.com
    tag.gpgsign=true
    user.name=Ann
    ");
    // again: there is nothing to do, and the first settings are the ones to restore
    let again = sandbox.paraph(&[&arguments[..], &["--yes"]].concat());
    assert!(again.code == Some(0) && again.stderr.starts_with("git is already configured for all your repositories."), "{}", again.stderr);

    sandbox.git(&["config", "--global", "paraph.expectedIdentity", "bob@example.com"]);
    let undone = sandbox.paraph(&["setup", "--global", "--undo", "--yes"]);
    insta::assert_snapshot!(all(&sandbox, &undone), @r"
    paraph.allowedIdentities: ROOT/home/allowed -> not set
    tag.gpgSign: true -> not set
    commit.gpgSign: true -> false, no
    gpg.x509.program: PROGRAM -> ROOT/gitsign
    gpg.format: x509 -> not set
    warning: paraph.expectedIdentity was changed to bob@example.com after `paraph setup`; it is left as it is.
    exit 0
    ");
    sandbox.git(&["config", "--global", "--unset", "paraph.expectedIdentity"]);
    assert_eq!(configuration(&sandbox, "--global"), before);
    let undone = sandbox.paraph(&["setup", "--global", "--undo", "--yes"]);
    assert_eq!((undone.code, undone.stdout.as_str()), (Some(0), ""), "{}", undone.stderr);
}

#[test]
fn setup_configures_the_repository_that_it_is_called_in() {
    let sandbox = Sandbox::with_repository();
    let global = configuration(&sandbox, "--global");
    let done = sandbox.paraph(&["setup", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!((sandbox.git(&["config", "--local", "gpg.format"]), configuration(&sandbox, "--global")), ("x509".into(), global));
    assert!(sandbox.work().join(".git/paraph-setup.json").is_file());
    let undone = sandbox.paraph(&["setup", "--undo", "--yes"]);
    assert_eq!((undone.code, sandbox.try_git(&["config", "--local", "gpg.format"]).code), (Some(0), Some(1)), "{}", undone.stderr);
    assert!(!sandbox.work().join(".git/paraph-setup.json").exists());

    // the repository's own setting takes precedence, which is easily overlooked
    sandbox.git(&["config", "gpg.format", "openpgp"]);
    let done = sandbox.paraph(&["setup", "--global", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let warning = format!("warning: gpg.format is openpgp here; {} (local) takes precedence", sandbox.work().join(".git/config").display());
    assert!(done.stderr.contains(&warning), "{}", done.stderr);

    let outside = Sandbox::new();
    insta::assert_snapshot!(all(&outside, &outside.paraph(&["setup", "--yes"])), @r"
    error: neither this folder nor a parent is a git repository
    hint: change into a repository, or use --global for all your repositories.
    exit 4
    ");
}

/// With a damaged record, nothing is restored.
#[test]
fn undo_needs_its_record() {
    let sandbox = Sandbox::with_repository();
    std::fs::write(sandbox.work().join(".git/paraph-setup.json"), "{\"changes\": [{\"key\": 1}]}").unwrap();
    let done = sandbox.paraph(&["setup", "--undo", "--yes"]);
    assert_eq!(done.code, Some(8), "{}", done.stderr);
    assert!(done.stderr.contains("is damaged"), "{}", done.stderr);
    assert_eq!(sandbox.paraph(&["setup", "--yes"]).code, Some(8));
}

#[test]
fn what_setup_could_not_use_is_refused_before_anything_changes() {
    let sandbox = Sandbox::with_repository();
    let wrong = sandbox.home().join("wrong");
    std::fs::write(&wrong, "ann@example.com\n").unwrap();
    for (arguments, code) in [
        (["setup", "--yes", "--identity", "a b"], 2),
        (["setup", "--yes", "--allowed-identities", "/nowhere"], 8),
        (["setup", "--yes", "--allowed-identities", wrong.to_str().unwrap()], 3),
    ] {
        let done = sandbox.paraph(&arguments);
        assert_eq!((done.code, sandbox.try_git(&["config", "gpg.format"]).code), (Some(code), Some(1)), "{}", done.stderr);
    }
}

#[test]
fn setup_writes_the_link_that_a_package_manager_keeps() {
    let (sigstore, mut sandbox) = repository();
    let root = sandbox.root().to_owned();
    let (versioned, link) = (root.join("Cellar/paraph/1.0/bin"), root.join("stable/bin"));
    for folder in [&versioned, &link, &root.join("other")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::hard_link(env!("CARGO_BIN_EXE_paraph"), versioned.join("paraph")).unwrap();
    std::fs::hard_link(env!("CARGO_BIN_EXE_paraph"), root.join("other/paraph")).unwrap();
    std::os::unix::fs::symlink(versioned.join("paraph"), link.join("paraph")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let linked = link.join("paraph").to_str().unwrap().to_owned();
    let dir = sigstore.file("");
    let (setup, local_use) = (["setup", "--yes"].to_vec(), ["local", "use", "--dir", &dir].to_vec());
    let (other, direct) = (root.join("other"), versioned.join("paraph").to_str().unwrap().to_owned());
    let cases: [(&str, &std::path::Path, &str, &[&str]); 5] = [
        ("by the link", &link, &linked, &setup),
        ("by the link, with another paraph in the PATH", &other, &linked, &setup),
        ("by its name in the PATH", &link, "paraph", &setup),
        ("by the versioned file, with the link in the PATH", &link, &direct, &setup),
        ("local use", &link, &linked, &local_use),
    ];
    for (name, folder, program, arguments) in cases {
        let _ = sandbox.try_git(&["config", "--unset", "gpg.x509.program"]);
        sandbox.set("PATH", &format!("{}:{path}", folder.display()));
        let output = sandbox.command(program, &sandbox.work()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(sandbox.git(&["config", "gpg.x509.program"]), linked, "{name}");
    }
    // a link later in the PATH than the versioned folder, and links beside that folder that are not in the PATH
    for (name, folders, link) in [
        ("later in the PATH", format!("{}:{}:", root.join("Cellar/paraph/1.0/bin").display(), link.display()), link.join("paraph")),
        ("prefix/opt", String::new(), root.join("opt/paraph/bin/paraph")),
        ("prefix/bin", String::new(), root.join("bin/paraph")),
    ] {
        let _ = sandbox.try_git(&["config", "--unset", "gpg.x509.program"]);
        let folder = if name == "prefix/opt" { root.join("opt") } else { root.join("bin") };
        std::fs::create_dir_all(&folder).unwrap();
        match name {
            "prefix/opt" => std::os::unix::fs::symlink(root.join("Cellar/paraph/1.0"), folder.join("paraph")).unwrap(),
            "prefix/bin" => std::os::unix::fs::symlink(&direct, folder.join("paraph")).unwrap(),
            _ => {}
        }
        sandbox.set("PATH", &format!("{folders}{path}"));
        let program = if folders.is_empty() { direct.as_str() } else { "paraph" };
        let output = sandbox.command(program, &sandbox.work()).args(["setup", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(sandbox.git(&["config", "gpg.x509.program"]), link.to_str().unwrap(), "{name}");
    }
    // a relative path is one in the folder of the call, whatever -C says
    sandbox.set("PATH", &path);
    let _ = sandbox.try_git(&["config", "--unset", "gpg.x509.program"]);
    let work = sandbox.work();
    let call = format!("exec stable/bin/paraph -C '{}' setup --yes", work.display());
    let output = sandbox.command("sh", &root).args(["-c", &call]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sandbox.git(&["config", "gpg.x509.program"]), linked);
}

#[test]
fn a_configuration_that_is_no_file_is_not_replaced() {
    let (sigstore, mut sandbox) = repository();
    let pipe = sandbox.root().join("pipe");
    crate::support::pipe::make(&pipe);
    let config = sandbox.work().join(".git/config");
    let regular = std::fs::read(&config).unwrap();
    sandbox.set("GIT_CONFIG_GLOBAL", pipe.to_str().unwrap());
    for arguments in [&["setup", "--global", "--yes"][..], &["setup", "--global", "--undo", "--yes"]] {
        let done = sandbox.paraph(arguments);
        assert_eq!(done.code, Some(3), "{}", done.stderr);
        assert!(done.stderr.contains("is not a regular file, and git would replace it\nhint: "), "{}", done.stderr);
        assert!(std::os::unix::fs::FileTypeExt::is_fifo(&pipe.metadata().unwrap().file_type()));
    }
    // a link to a file is written through
    let target = sandbox.root().join("target");
    std::fs::write(&target, "").unwrap();
    let link = sandbox.root().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    sandbox.set("GIT_CONFIG_GLOBAL", link.to_str().unwrap());
    let done = sandbox.paraph(&["setup", "--global", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("x509"));
    // a repository's
    std::fs::write(sandbox.root().join("real"), regular).unwrap();
    std::fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink(sandbox.root().join("real"), &config).unwrap();
    let done = sandbox.paraph(&["local", "use", "--dir", &sigstore.file("")]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(config.is_symlink());
}

#[test]
fn setup_without_a_home_folder_changes_nothing() {
    let (_sigstore, sandbox) = repository();
    let output = sandbox
        .command(env!("CARGO_BIN_EXE_paraph"), &sandbox.work())
        .env_remove("HOME")
        .args(["setup", "--global", "--yes"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("error: there is no home folder") && !stderr.contains("--undo"), "{stderr}");
}

#[test]
fn a_home_folder_that_does_not_exist_is_not_created() {
    let mut sandbox = Sandbox::new();
    let home = sandbox.root().join("nonexistent");
    sandbox.set("HOME", home.to_str().unwrap());
    let done = sandbox.paraph(&["setup", "--global", "--yes"]);
    assert!(done.code == Some(3) && done.stderr.contains("does not exist\nhint: set HOME"), "{done:?}");
    assert!(!home.exists());
}

#[test]
fn a_folder_that_cannot_be_used_need_not_become_private() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.work().join("file"), "").unwrap();
    let done = sandbox.paraph(&["local", "init", sandbox.work().to_str().unwrap()]);
    assert!(done.code == Some(8) && done.stderr.contains(" is not empty\n") && !done.stderr.contains("chmod"), "{done:?}");
}

#[test]
fn the_doctor_tells_a_folder_from_a_program_that_does_not_exist() {
    let sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "gpg.x509.program", sandbox.work().to_str().unwrap()]);
    let shown = sandbox.paraph(&["doctor", "--offline"]).stdout;
    assert!(shown.contains(", which is a folder\n"), "{shown}");
}

/// Whoever reads a pipe waits for its writer.
#[test]
fn a_configuration_that_is_a_pipe_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "--global", "alias.pipe", "!mkfifo"]);
    let (local, user) = (sandbox.work().join(".git/config"), sandbox.home().join(".gitconfig"));
    sandbox.git(&["pipe", sandbox.root().join("pipe").to_str().unwrap()]);
    let pipe = sandbox.root().join("pipe");
    for file in [&local, &user] {
        let kept = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        std::os::unix::fs::symlink(&pipe, file).unwrap();
        for arguments in [&["setup", "--yes"][..], &["setup", "--global", "--yes"], &["setup", "--undo", "--yes"]] {
            let done = sandbox.paraph(arguments);
            let expected = format!("git's configuration file {} is ", file.display());
            assert!(done.code == Some(3) && done.stderr.contains(&expected), "{arguments:?}: {done:?}");
            assert!(done.stderr.contains("not a regular file"), "{arguments:?}: {done:?}");
        }
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, kept).unwrap();
    }
}

#[test]
fn what_local_use_sets_can_be_taken_back() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "gpg.format", "ssh"]);
    let dir = sigstore.file("");
    let before = configuration(&sandbox, "--local");
    let done = sandbox.paraph(&["local", "use", "--dir", &dir, "--email", EMAIL]);
    assert!(done.code == Some(0) && done.stderr.contains("`paraph local use --undo` restores"), "{done:?}");
    assert_ne!(configuration(&sandbox, "--local"), before);
    // again, from elsewhere, and then once more with another address
    let work = sandbox.work().to_str().unwrap().to_owned();
    for email in [EMAIL, "bob@example.com"] {
        assert_eq!(
            sandbox.paraph_in(&sandbox.home(), &["local", "use", "--dir", &dir, "--repository", &work, "--email", email]).code,
            Some(0)
        );
    }
    sandbox.git(&["config", "paraph.instance", "public"]);
    let done = sandbox.paraph_in(&sandbox.home(), &["local", "use", "--repository", &work, "--undo"]);
    assert!(done.code == Some(0) && done.stderr.contains("paraph.instance was changed to public after `paraph local use`"), "{done:?}");
    sandbox.git(&["config", "--unset", "paraph.instance"]);
    assert_eq!(configuration(&sandbox, "--local"), before);
    let done = sandbox.paraph(&["local", "use", "--undo"]);
    assert!(done.code == Some(0) && done.stderr.contains("There is nothing to restore"), "{done:?}");
}

#[test]
fn a_local_sigstore_that_is_there_and_runs_is_enough() {
    let sandbox = Sandbox::with_repository();
    let dir = sandbox.root().join("local").to_str().unwrap().to_owned();
    assert_eq!(sandbox.paraph(&["local", "init", &dir]).code, Some(0));
    let root = std::fs::read(sandbox.root().join("local/trusted_root.json")).unwrap();
    let again = sandbox.paraph(&["local", "init", &dir]);
    assert!(again.code == Some(0) && again.stderr.contains("already. Nothing was changed."), "{again:?}");
    assert_eq!(std::fs::read(sandbox.root().join("local/trusted_root.json")).unwrap(), root);
    assert_eq!(sandbox.paraph(&["local", "init", sandbox.home().parent().unwrap().to_str().unwrap()]).code, Some(8));
    assert_eq!(sandbox.paraph(&["local", "serve", "--background", "--dir", &dir]).code, Some(0));
    for arguments in [&["local", "serve", "--background"][..], &["local", "serve"]] {
        let again = sandbox.paraph(&[arguments, &["--dir", &dir]].concat());
        assert!(again.code == Some(0) && again.stderr.contains(" already (process "), "{again:?}");
        // a server without the fault would not do
        let fault = sandbox.paraph(&[arguments, &["--dir", &dir, "--certificate-lifetime=60"]].concat());
        assert_eq!(fault.code, Some(5), "{fault:?}");
    }
    assert_eq!(sandbox.paraph(&["local", "stop", "--dir", &dir]).code, Some(0));
}

#[test]
fn doctor_tries_what_git_would_run() {
    let sandbox = Sandbox::with_repository();
    let call = |program: &str| {
        sandbox.git(&["config", "--global", "gpg.x509.program", program]);
        let done = sandbox.paraph(&["doctor", "--offline"]);
        done.stdout.lines().find(|line| line.contains("gpg.x509.program = ")).unwrap().to_owned()
    };
    sandbox.git(&["config", "--global", "gpg.format", "x509"]);
    std::fs::create_dir(sandbox.home().join("bin")).unwrap();
    std::os::unix::fs::symlink(&sandbox.program, sandbox.home().join("bin/paraph")).unwrap();
    let absolute = sandbox.home().join("bin/paraph").to_str().unwrap().to_owned();
    assert!(call(&absolute).starts_with("ok "));
    // the real git decides
    let id = sandbox.git(&["hash-object", "-t", "tree", "/dev/null"]);
    assert!(!id.is_empty());
    sandbox.git(&["config", "--global", "gpg.x509.program", "~/bin/paraph"]);
    sandbox.git(&["config", "--global", "user.name", "A"]);
    sandbox.git(&["config", "--global", "user.email", EMAIL]);
    let ran = !sandbox.try_git(&["commit", "-S", "--allow-empty", "-m", "x"]).stderr.contains("cannot run");
    let line = call("~/bin/paraph");
    assert_eq!((line.starts_with("ok "), line.contains("this git does not expand")), (ran, !ran), "{line}");
    std::fs::write(sandbox.home().join("bin/other"), "").unwrap();
    let other = sandbox.home().join("bin/other").to_str().unwrap().to_owned();
    assert!(call(&other).contains("which is not executable"));
    assert!(call(&sandbox.script("program", "#!/bin/sh\n")).contains("which is a different program"));
    assert!(call("/nowhere/paraph").contains("which does not exist"));
    // programs that are paraph in another file, and some that are not
    let wrapper = format!("#!/bin/sh\n: >\"$0.ran\"\nexec '{}' \"$@\"\n", sandbox.program);
    let wrapped = sandbox.script("wrapper", &wrapper);
    assert!(call(&wrapped).starts_with("ok "));
    let ran = std::path::PathBuf::from(format!("{wrapped}.ran"));
    std::fs::remove_file(&ran).unwrap();
    assert!(call(&sandbox.script("shell", wrapper.strip_prefix("#!/bin/sh\n").unwrap())).starts_with("ok "));
    assert!(call(&sandbox.script("old", "#!/bin/sh\necho paraph 0.0.9\n")).contains("which is version 0.0.9 of paraph; this is "));
    assert!(call(&sandbox.script("no-interpreter", "#!/nonexistent/sh\n")).contains("which cannot be run: "));
    assert!(call(&sandbox.script("hangs", "#!/bin/sh\nexec sleep 60\n")).contains("which does not answer `--version` within "));
    for script in ["exec yes paraph", "echo paraph 0.1.0; exit 1", "echo parapher 1"] {
        assert!(call(&sandbox.script("other", &format!("#!/bin/sh\n{script}\n"))).contains("which is a different program"), "{script}");
    }
    // what a repository names, or holds, is not run
    let is_different = |line: &str| line.contains("which is a different program") && !ran.exists();
    sandbox.git(&["config", "gpg.x509.program", &wrapped]);
    assert!(is_different(&call(&wrapped)));
    sandbox.git(&["config", "--unset", "gpg.x509.program"]);
    let inside = sandbox.work().join("inside");
    std::fs::copy(&wrapped, &inside).unwrap();
    for name in [inside.to_str().unwrap(), "./inside"] {
        assert!(is_different(&call(name)) && !sandbox.work().join("inside.ran").exists(), "{name}");
    }
}
