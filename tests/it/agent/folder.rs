//! Where the agent is, and whose configuration it has, whatever the variables of those say who ask it.

use super::{
    Setup, eventually,
    forward::{commit as remote_commit, remote},
};
use std::{
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
};

/// A set-up in which nothing names a runtime folder. Its home folder is not the user's own, so that no other agent is concerned.
struct Unnamed {
    setup: Setup,
    /// The folder of its agent.
    folder: PathBuf,
}

impl Unnamed {
    fn new() -> Self {
        let mut setup = Setup::new();
        setup.sandbox.set("PARAPH_RUNTIME_DIR", "");
        let socket = setup.paraph(&["agent", "socket"]).stdout;
        let folder = Path::new(socket.trim()).parent().unwrap().to_owned();
        assert!(!folder.starts_with(setup.sandbox.root()), "{}", folder.display());
        Self { setup, folder }
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        self.setup.sandbox.set("PARAPH_RUNTIME_DIR", "");
        self.setup.paraph(&["agent", "stop"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("SKIPPED {test}: it takes root to make a folder of another user");
    }
    is_root
}

#[test]
fn one_agent_serves_every_shell_of_a_user_and_a_lock_holds_in_all() {
    let mut unnamed = Unnamed::new();
    let setup = &mut unnamed.setup;
    let root = setup.sandbox.root();
    let (run, other) = (root.join("run"), root.join("nix-shell.1"));
    std::fs::DirBuilder::new().mode(0o700).create(&other).unwrap();
    let shells: [&[(&str, &Path)]; 5] = [
        &[],
        &[("XDG_RUNTIME_DIR", &run)],
        &[("TMPDIR", &other)],
        &[("XDG_RUNTIME_DIR", Path::new("/no/such/folder")), ("TMPDIR", Path::new("/no/such/folder"))],
        &[("XDG_RUNTIME_DIR", &other), ("XDG_CACHE_HOME", &other)],
    ];
    let enter = |setup: &mut Setup, shell: &[(&str, &Path)]| {
        ["XDG_RUNTIME_DIR", "TMPDIR", "XDG_CACHE_HOME"].iter().for_each(|name| setup.sandbox.unset(name));
        shell.iter().for_each(|(name, value)| setup.sandbox.set(name, value.to_str().unwrap()));
    };
    for shell in shells {
        enter(setup, shell);
        setup.commit("x");
        assert_eq!((setup.logins(), setup.agents().len()), ((1, 0), 1), "{shell:?}");
    }
    // what is locked in one is locked in all, also after the agent has ended
    for ends in [false, true] {
        for locking in shells {
            enter(setup, locking);
            assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
            if ends {
                assert_eq!(setup.paraph(&["agent", "stop"]).code, Some(0));
                eventually("it ends", || setup.agents().is_empty());
            }
            for shell in shells {
                enter(setup, shell);
                assert_eq!(setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "x"]).code, Some(128), "{locking:?} {shell:?}");
            }
            assert_eq!(setup.paraph(&["agent", "unlock"]).code, Some(0));
        }
    }
}

#[test]
fn a_program_that_looks_in_the_runtime_folder_finds_the_sockets() {
    let mut unnamed = Unnamed::new();
    let setup = &mut unnamed.setup;
    setup.sandbox.set("XDG_RUNTIME_DIR", setup.sandbox.root().join("run").to_str().unwrap());
    setup.commit("x");
    eventually("the links are there", || setup.socket("forward.sock").exists());
    // `connect` follows a link to the socket
    setup.connect();
    assert_eq!(setup.paraph(&["agent", "status"]).stdout.matches("another agent").count(), 0);
}

#[test]
fn nothing_is_created_in_the_runtime_folder_of_another_user() {
    if !is_root("nothing_is_created_in_the_runtime_folder_of_another_user") {
        return;
    }
    let mut unnamed = Unnamed::new();
    let setup = &mut unnamed.setup;
    let theirs = setup.sandbox.root().join("theirs");
    std::fs::DirBuilder::new().mode(0o700).create(&theirs).unwrap();
    chown(&theirs, Some(12345), Some(12345)).unwrap();
    for name in ["XDG_RUNTIME_DIR", "PARAPH_RUNTIME_DIR"] {
        setup.sandbox.set(name, theirs.to_str().unwrap());
        setup.commit("x");
        assert_eq!(setup.paraph(&["agent", "status"]).code, Some(0));
        assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 0, "{name}");
    }
    assert_eq!(setup.logins(), (1, 0));
    let said = setup.paraph(&["agent", "status"]).stderr;
    assert!(said.contains("it belongs to user 12345; this is user 0"), "{said}");
}

#[test]
fn a_runtime_folder_that_cannot_be_used_is_as_good_as_none() {
    let mut unnamed = Unnamed::new();
    let setup = &mut unnamed.setup;
    let long = setup.sandbox.root().join("x".repeat(120));
    std::fs::DirBuilder::new().mode(0o700).create(&long).unwrap();
    for (folder, why) in [("/no/such/folder", "No such file"), (long.to_str().unwrap(), "it is too long for a socket")] {
        setup.sandbox.set("PARAPH_RUNTIME_DIR", folder);
        setup.commit("x");
        let status = setup.paraph(&["agent", "status"]);
        assert!(status.code == Some(0) && status.stderr.contains(why), "{status:?}");
    }
    assert_eq!((setup.logins(), setup.agents().len()), ((1, 0), 1));
}

#[test]
fn a_folder_of_another_user_is_named_and_the_next_one_is_used() {
    if !is_root("a_folder_of_another_user_is_named_and_the_next_one_is_used") {
        return;
    }
    let unnamed = Unnamed::new();
    let setup = &unnamed.setup;
    chown(&unnamed.folder, Some(12345), Some(12345)).unwrap();
    for _ in 0..2 {
        setup.commit("x");
    }
    assert_eq!((setup.logins(), setup.agents().len()), ((1, 0), 1));
    let status = setup.paraph(&["agent", "status"]);
    let cache = setup.sandbox.home().join(".cache/paraph/agent");
    let said = format!(
        "{} is not used for the agent: it belongs to user 12345; this is user 0; the folder is {}",
        unnamed.folder.display(),
        cache.display()
    );
    assert!(status.stderr.contains(&said), "{status:?}");
    assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&unnamed.folder).unwrap().count(), 0);
    // whoever leaves the folder again undoes no lock
    assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
    chown(&unnamed.folder, Some(0), Some(0)).unwrap();
    assert_eq!(setup.sandbox.try_git(&["commit", "-q", "--allow-empty", "-m", "x"]).code, Some(128));
    for call in ["unlock", "stop"] {
        assert_eq!(setup.paraph(&["agent", call]).code, Some(0));
    }
    eventually("both agents end", || setup.agents().is_empty());
}

#[test]
fn an_agent_that_was_started_elsewhere_is_locked_logged_out_and_stopped_too() {
    let mut unnamed = Unnamed::new();
    let setup = &mut unnamed.setup;
    let run = setup.sandbox.root().join("run");
    // as an earlier version started it
    setup.sandbox.set("PARAPH_RUNTIME_DIR", run.to_str().unwrap());
    setup.commit("there");
    let there = |setup: &mut Setup| {
        setup.sandbox.set("PARAPH_RUNTIME_DIR", run.to_str().unwrap());
        let status = setup.status();
        setup.sandbox.set("PARAPH_RUNTIME_DIR", "");
        status["agent"].clone()
    };
    setup.sandbox.set("PARAPH_RUNTIME_DIR", "");
    setup.sandbox.set("XDG_RUNTIME_DIR", run.to_str().unwrap());
    setup.commit("here");
    assert_eq!(setup.agents().len(), 2);
    assert!(setup.paraph(&["agent", "status"]).stdout.contains("another agent of yours listens at "));
    assert_eq!(setup.paraph(&["logout"]).code, Some(0));
    assert_eq!(there(setup)["logins"], serde_json::json!([]));
    assert_eq!(setup.paraph(&["agent", "lock"]).code, Some(0));
    assert_eq!(there(setup)["locked"], true);
    assert_eq!(setup.paraph(&["agent", "unlock"]).code, Some(0));
    assert_eq!(there(setup)["locked"], false);
    assert_eq!(setup.paraph(&["agent", "stop"]).code, Some(0));
    eventually("both end", || setup.agents().is_empty());
}

#[test]
fn an_agent_has_the_configuration_of_its_user_and_no_pipe_of_its_starter() {
    for starter in ["a client", "agent run"] {
        let mut setup = Setup::new();
        let file = setup.sandbox.root().join("config");
        let usual = setup.sandbox.home().join(".gitconfig");
        std::fs::write(&file, format!("[include]\n\tpath = {}\n[paraph]\n\tagentConfirm = never\n", usual.display())).unwrap();
        let xdg = setup.sandbox.root().join("xdg");
        std::fs::create_dir_all(xdg.join("git")).unwrap();
        std::fs::copy(&file, xdg.join("git/config")).unwrap();
        let variables = [
            ("GIT_CONFIG_GLOBAL", file.to_str().unwrap()),
            ("GIT_CONFIG_SYSTEM", file.to_str().unwrap()),
            ("GIT_CONFIG_PARAMETERS", "'paraph.agentConfirm'='never'"),
            ("XDG_CONFIG_HOME", xdg.to_str().unwrap()),
            ("PARAPH_AGENT_CONFIRM", "never"),
        ];
        variables.iter().for_each(|(name, value)| setup.sandbox.set(name, value));
        let mut agent = (starter == "agent run").then(|| {
            let mut command = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
            command.args(["agent", "run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        if agent.is_some() {
            eventually("the agent listens", || setup.socket("forward.sock").exists());
        }
        setup.commit("by whoever started it");
        variables.iter().for_each(|(name, _)| setup.sandbox.unset(name));
        let (code, log) = remote_commit(&remote(&setup));
        assert!(code == Some(128) && log.contains("nobody can be asked where the agent runs"), "{starter}: {log}");
        if cfg!(target_os = "linux") && agent.is_none() {
            for descriptor in [0, 1, 2] {
                // what cannot be dumped shows its descriptors to root alone
                match std::fs::read_link(format!("/proc/{}/fd/{descriptor}", setup.process())) {
                    Ok(target) => assert_eq!(target, Path::new("/dev/null"), "{descriptor}"),
                    Err(error) => eprintln!("SKIPPED the descriptors of the agent: {error}"),
                }
            }
        }
        if let Some(agent) = &mut agent {
            setup.paraph(&["agent", "stop"]);
            agent.wait().unwrap();
        }
    }
}
