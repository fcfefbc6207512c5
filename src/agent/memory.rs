//! Where the agent's memory does not go: into the swap, a core dump, or another process.

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Below this limit all memory is not locked, in bytes: the lock would succeed, and the first allocation beyond the limit fail.
const ENOUGH: u64 = 1 << 30;

/// Keeps other processes and the swap from this process' memory. What was reached, in words.
pub(super) fn protect(readable: bool) -> String {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    if !readable {
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = readable;
    // as far as a process may raise it by itself
    let allowed = getrlimit(Resource::Memlock).maximum;
    let _ = setrlimit(Resource::Memlock, Rlimit { current: allowed, maximum: allowed });
    if let Some(limit) = getrlimit(Resource::Memlock).current.filter(|limit| *limit < ENOUGH) {
        return format!("not locked: RLIMIT_MEMLOCK allows {} KiB", limit >> 10);
    }
    match mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE) {
        Ok(()) => "locked".into(),
        Err(error) => format!("not locked: {error}"),
    }
}
