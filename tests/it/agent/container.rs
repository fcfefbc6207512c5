//! Containers on the same machine: the socket to forward in another mount namespace, and users as another user namespace numbers them.
#![cfg(target_os = "linux")]

use super::{
    Setup,
    confirming::Confirming,
    forward::{remote, remote_with},
};
use crate::support::sandbox::{Done, Sandbox};
use std::os::unix::fs::PermissionsExt as _;

/// Options of unshare(1) for a user who is root inside.
const AS_ROOT: &[&str] = &["--user", "--map-root-user", "--mount"];
/// For a user with another user id inside.
const AS_ANOTHER: &[&str] = &["--user", "--map-user=1234", "--map-group=1234", "--keep-caps", "--mount"];

/// Whether this user may create such a container. If not, a message says that the test is skipped.
fn possible(options: &[&str], test: &str) -> bool {
    let tried = std::process::Command::new("unshare").args(options).args(["mount", "--bind", "/dev/null", "/dev/null"]).output();
    let why = match tried {
        Ok(done) if done.status.success() => return true,
        Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        Err(error) => format!("unshare: {error}"),
    };
    eprintln!("SKIPPED {test}: no such namespaces can be made here: {why}");
    false
}

/// A commit in a container. The socket is mounted where `remote_in_container` expects it.
fn commit(setup: &Setup, container: &Sandbox, options: &[&str]) -> Done {
    let script = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
    let bound = container.root().join("bound.sock");
    std::fs::write(&bound, "").unwrap();
    let mut unshare = container.command("unshare", &container.work());
    unshare.args(options).args(["sh", "-c", script]).arg(setup.socket("forward.sock")).arg(&bound);
    let done = container.feed(unshare.args(["git", "commit", "-q", "-S", "--allow-empty", "-m", "inside"]), b"");
    Done { stderr: format!("{}{}", done.stderr, std::fs::read_to_string(container.root().join("log")).unwrap_or_default()), ..done }
}

#[test]
fn a_bound_socket_signs_inside_whatever_number_the_user_has_there() {
    let test = "a_bound_socket_signs_inside_whatever_number_the_user_has_there";
    let setup = Setup::new();
    setup.commit("here");
    let Some(confirming) = Confirming::start(&setup, "y\n", test) else { return };
    let containers = [AS_ROOT, AS_ANOTHER, &["--mount"]];
    let mut signed = 0;
    for options in containers {
        // root alone needs no user namespace
        if options == ["--mount"] && !rustix::process::geteuid().is_root() || !possible(options, test) {
            continue;
        }
        let container = remote_with(&setup, |sandbox| sandbox.root().join("bound.sock"));
        let done = commit(&setup, &container, options);
        assert_eq!(done.code, Some(0), "{options:?}: {}", done.stderr);
        assert_eq!(container.git(&["log", "-1", "--format=%G?%GS"]), "Uann@example.com", "{options:?}");
        signed += 1;
    }
    if signed > 0 {
        let question = confirming.question();
        let asker = "A client that runs on this machine (perhaps in a container) and calls its machine ";
        assert!(question.contains(asker) && question.contains(" asks for a signature as ann@example.com on a commit in "), "{question}");
    }
    // one approval covers all that come from this machine
    confirming.nothing_more();
    assert_eq!(setup.logins(), (1, 0));
}

#[test]
fn where_other_users_cannot_be_told_apart_no_socket_is_trusted() {
    let test = "where_other_users_cannot_be_told_apart_no_socket_is_trusted";
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentConfirm", "never"]);
    setup.commit("here");
    if !possible(AS_ROOT, test) {
        return;
    }
    // a user namespace without a map: everybody is user 65534 there, this user and all others
    let container = remote(&setup);
    let mut unshare = container.command("unshare", &container.work());
    unshare.args(["--user", "git", "-c", "safe.directory=*", "commit", "-q", "-S", "--allow-empty", "-m", "inside"]);
    let done = container.feed(&mut unshare, b"");
    let said = std::fs::read_to_string(container.root().join("log")).unwrap_or_default();
    assert_eq!(done.code, Some(128), "{}", done.stderr);
    assert!(
        said.contains(
            "Signing without the agent: the user id 65534 of this process stands for all users that this user namespace does not map"
        ),
        "{said}"
    );
    // nor does an agent start there
    let mut unshare = setup.sandbox.command("unshare", &setup.sandbox.work());
    let done = setup.sandbox.feed(unshare.args(["--user", &setup.sandbox.program, "agent", "run"]), b"");
    assert_eq!(done.code, Some(8), "{}", done.stderr);
    assert!(done.stderr.contains("run this as a user that the namespace maps"), "{}", done.stderr);
}

#[test]
fn a_socket_of_another_user_is_refused_by_its_owner_s_number() {
    let test = "a_socket_of_another_user_is_refused_by_its_owner_s_number";
    let setup = Setup::new();
    setup.sandbox.git(&["config", "--global", "paraph.agentConfirm", "never"]);
    setup.commit("here");
    if !rustix::process::geteuid().is_root() || setup.sandbox.command("setpriv", &setup.sandbox.work()).arg("--version").output().is_err() {
        eprintln!("SKIPPED {test}: it takes root and setpriv to be another user");
        return;
    }
    // the folders let everybody in, as a container's would
    let container = remote(&setup);
    let folders = [setup.sandbox.root(), setup.sandbox.root().join("run"), setup.sandbox.root().join("run/paraph")];
    for path in folders.into_iter().chain([
        setup.sigstore.folder.parent().unwrap().to_owned(),
        setup.sigstore.folder.clone(),
        setup.sigstore.folder.join("trusted_root.json"),
        container.root(),
        container.home(),
        container.work(),
    ]) {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let given = container.command("chown", &container.root()).args(["-R", "1234:1234", "."]).status().unwrap();
    assert!(given.success());
    // another user, and root of a container that maps another user
    for (before, owner, own) in [(&[][..], 0, 1234), (&["unshare", "--user", "--map-root-user"], 65534, 0)] {
        if !before.is_empty() && !possible(AS_ROOT, test) {
            continue;
        }
        let log = container.root().join("log");
        let _ = std::fs::remove_file(&log);
        let mut other = container.command("setpriv", &container.work());
        other.args(["--reuid=1234", "--regid=1234", "--clear-groups"]).args(before);
        let done = container.feed(other.args(["git", "commit", "-q", "-S", "--allow-empty", "-m", "inside"]), b"");
        assert_eq!(done.code, Some(128), "{}", done.stderr);
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let why = format!("forward.sock is not used for the agent: it belongs to user {owner}; this is user {own}");
        assert!(said.contains(&why), "{said}");
    }
    // to which the agent's end is told
    for folder in ["run", "run/paraph"] {
        std::fs::set_permissions(setup.sandbox.root().join(folder), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}
