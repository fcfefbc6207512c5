//! Who is at the other end of a socket, as the kernel reports it.
//!
//! User ids are compared as the kernel shows them to this process. In a user namespace (most containers have one) all users that are not
//! mapped have the same id, the overflow id. A process with that id cannot tell other users from itself.
//!
//! A forwarded client connects through a process of this machine, usually ssh, which lives as long as the connection to the other machine.
//! That machine can lie about itself, but not about the process.

use rustix::process::geteuid;
use std::sync::OnceLock;

/// Programs that forward connections from another machine.
const FORWARDERS: &[&str] = &["ssh", "sshd", "sshd-session", "dbclient", "plink"];
/// Characters of a command line that are shown, at most.
const MAX_COMMAND: usize = 200;

/// This process' user id; `None` if other users have the same one here. It is determined once.
pub(crate) fn own_user() -> Option<u32> {
    static OWN: OnceLock<Option<u32>> = OnceLock::new();
    *OWN.get_or_init(find_own_user)
}

fn find_own_user() -> Option<u32> {
    let user = geteuid().as_raw();
    #[cfg(target_os = "linux")]
    if let Ok(overflow) = std::fs::read_to_string("/proc/sys/kernel/overflowuid")
        && is_shared_overflow_id(user, &overflow, || std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default())
    {
        return None;
    }
    Some(user)
}

/// Whether a user id is the overflow id of a namespace that does not map all users (`user_namespaces(7)`).
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "other systems have no user namespaces; tests call it"))]
fn is_shared_overflow_id(user: u32, overflow: &str, map: impl FnOnce() -> String) -> bool {
    let mapped = |map: String| map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok()).sum::<u64>();
    // the id -1 belongs to nobody
    overflow.trim().parse() == Ok(user) && mapped(map()) < u64::from(u32::MAX)
}

/// How a client connected to a socket of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ClientRoute {
    /// Through a process that forwards connections from another machine.
    Forwarder {
        /// Its id.
        process: i32,
        /// When it started, in ticks since boot. Together with the id it identifies the process.
        started: u64,
        /// Its command line, shortened.
        command: String,
    },
    /// From a process of this machine, perhaps in a container, or from an unknown one.
    Local,
    /// Through the socket for the user's own programs.
    Own,
}

impl ClientRoute {
    /// The route of the process with this id.
    pub(crate) fn of(process: Option<i32>) -> Self {
        process.and_then(forwarder).unwrap_or(Self::Local)
    }
}

fn forwarder(process: i32) -> Option<ClientRoute> {
    let read = |name: &str| std::fs::read(format!("/proc/{process}/{name}")).ok();
    let name = String::from_utf8(read("comm")?).ok()?;
    if !FORWARDERS.contains(&name.trim_end()) {
        return None;
    }
    let started = start_time(&String::from_utf8_lossy(&read("stat")?))?;
    let line = read("cmdline")?;
    let words: Vec<_> = line.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    let line = words.join(" ");
    let mut command: String = line.chars().take(MAX_COMMAND).collect();
    if command.len() < line.len() {
        command.push('…');
    }
    Some(ClientRoute::Forwarder { process, started, command })
}

/// Field 22 of `/proc/PID/stat` (`proc_pid_stat(5)`). Field 2, the name, may contain anything.
fn start_time(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_the_overflow_id_cannot_tell_users_apart() {
        let everybody = "         0          0 4294967295\n";
        let one = "         0       1000          1\n";
        for (user, map, is_shared) in
            [(65534, everybody, false), (65534, one, true), (65534, "", true), (0, one, false), (0, "", false), (1000, everybody, false)]
        {
            assert_eq!(is_shared_overflow_id(user, "65534\n", || map.to_owned()), is_shared, "{user} {map}");
        }
    }

    #[test]
    fn the_start_time_is_found_after_any_name() {
        let stat = "17 (a ) 1 2) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 1";
        assert_eq!(start_time(stat), Some(4711));
        assert_eq!(start_time(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_forwards_nothing() {
        let process = i32::try_from(std::process::id()).unwrap();
        assert_eq!(ClientRoute::of(Some(process)), ClientRoute::Local);
        assert_eq!(ClientRoute::of(None), ClientRoute::Local);
        assert!(start_time(&std::fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
