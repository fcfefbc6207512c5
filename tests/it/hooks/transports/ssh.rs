//! A real sshd for one connection at a time, without a port: the client's proxy command starts it.

use super::super::{Setup, path};
use crate::support::objects::installed;
use std::{
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    process::Command,
};

/// Puts the bare repository behind ssh; false, with a line that says why, where there is no ssh here.
pub fn serve(setup: &mut Setup, test: &str) -> bool {
    let folder = setup.sandbox.root().join("ssh");
    let server = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|place| Path::new(place).is_file());
    let Some(server) = server else {
        eprintln!("SKIPPED {test}: there is no sshd here");
        return false;
    };
    if !installed("ssh", test) || !installed("ssh-keygen", test) {
        return false;
    }
    std::fs::create_dir_all(folder.join("home")).unwrap();
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status().unwrap();
        assert!(made.success());
    }
    let place = folder.display();
    // a login there has a HOME and an environment of its own
    let command =
        format!("#!/bin/sh\nexec env -i PATH='{}' HOME='{place}/home' GIT_CONFIG_NOSYSTEM=1 sh -c \"$SSH_ORIGINAL_COMMAND\"\n", path());
    std::fs::write(folder.join("command"), command).unwrap();
    std::fs::set_permissions(folder.join("command"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "HostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nForceCommand {place}/command\nPidFile none\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n"
    );
    std::fs::write(folder.join("sshd_config"), config).unwrap();
    let client = format!(
        "Host *\nProxyCommand {server} -i -f {place}/sshd_config\nIdentityFile {place}/user\nIdentitiesOnly yes\nIdentityAgent none\n\
         StrictHostKeyChecking no\nUserKnownHostsFile {place}/known\nLogLevel ERROR\nBatchMode yes\n"
    );
    std::fs::write(folder.join("ssh_config"), client).unwrap();
    // what sshd's service makes at its start; only root can, and only root's sshd needs it
    let _ = std::fs::DirBuilder::new().mode(0o755).create("/run/sshd");
    setup.sandbox.set("GIT_SSH_COMMAND", &format!("ssh -F '{place}/ssh_config'"));
    super::send_to(setup, &format!("ssh://server{}", setup.bare.display()));
    let works = setup.sandbox.try_git(&["ls-remote", "origin"]);
    if works.code != Some(0) {
        eprintln!("SKIPPED {test}: sshd does not serve here: {}", works.stderr.trim_end());
        return false;
    }
    true
}
