//! Who is at the other end of a socket, as far as the kernel tells.
//!
//! User ids are compared as the kernel shows them to this process. A user namespace (most containers have one) shows each user that it
//! does not map as one and the same id, the overflow id: a process that has that id itself cannot tell strangers from itself there.
//!
//! A forwarded client comes through a process of this machine, as a rule ssh's, which lives as long as the connection to the other machine
//! does. What that machine says of itself it may have made up; through which process it came, it cannot.

use rustix::process::geteuid;
use std::sync::OnceLock;

/// Programs that stay between the agent and another machine.
const FORWARDERS: &[&str] = &["ssh", "sshd", "sshd-session", "dbclient", "plink"];
/// Of a command line so many characters are shown.
const MAX_COMMAND: usize = 200;

/// This process' user id; `None` where others have the same one here. It is found out once.
pub fn own_user() -> Option<u32> {
    static OWN: OnceLock<Option<u32>> = OnceLock::new();
    *OWN.get_or_init(find_own_user)
}

fn find_own_user() -> Option<u32> {
    let user = geteuid().as_raw();
    #[cfg(target_os = "linux")]
    if let Ok(overflow) = std::fs::read_to_string("/proc/sys/kernel/overflowuid")
        && stands_for_strangers(user, &overflow, || std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default())
    {
        return None;
    }
    Some(user)
}

/// Whether a user id is the overflow id of a namespace that does not map every user (`user_namespaces(7)`).
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "other systems have no user namespaces; tests call it"))]
fn stands_for_strangers(user: u32, overflow: &str, map: impl FnOnce() -> String) -> bool {
    let mapped = |map: String| map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok()).sum::<u64>();
    // the id -1 is nobody's
    overflow.trim().parse() == Ok(user) && mapped(map()) < u64::from(u32::MAX)
}

/// Through what a client reached a socket of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Way {
    /// A process that forwards for another machine.
    Forwarder {
        /// Its id.
        process: i32,
        /// When it started, in ticks since the system did: with the id, it is this process and no later one.
        started: u64,
        /// Its command line, shortened.
        command: String,
    },
    /// A process of this machine itself, in a container perhaps, or one that nothing is known of.
    Here,
}

impl Way {
    /// The way by which the process with this id came.
    pub fn of(process: Option<i32>) -> Self {
        process.and_then(forwarder).unwrap_or(Self::Here)
    }
}

fn forwarder(process: i32) -> Option<Way> {
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
    Some(Way::Forwarder { process, started, command })
}

/// Field 22 of `/proc/PID/stat` (`proc_pid_stat(5)`). The name, field 2, may hold anything.
fn start_time(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_overflow_id_knows_nobody() {
        let everybody = "         0          0 4294967295\n";
        let one = "         0       1000          1\n";
        for (user, map, strangers) in
            [(65534, everybody, false), (65534, one, true), (65534, "", true), (0, one, false), (0, "", false), (1000, everybody, false)]
        {
            assert_eq!(stands_for_strangers(user, "65534\n", || map.to_owned()), strangers, "{user} {map}");
        }
    }

    #[test]
    fn a_start_time_is_found_behind_any_name() {
        let stat = "17 (a ) 1 2) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 1";
        assert_eq!(start_time(stat), Some(4711));
        assert_eq!(start_time(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_forwards_for_nobody() {
        let process = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Way::of(Some(process)), Way::Here);
        assert_eq!(Way::of(None), Way::Here);
        assert!(start_time(&std::fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
