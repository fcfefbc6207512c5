//! Where the agent's memory does not go: into the swap, a core dump, or another process.
//!
//! All of it is locked where the limit (`RLIMIT_MEMLOCK`) is far above what a process ever has. With the limits that systems have as a rule,
//! the first allocation beyond them would fail; so what is writable is locked, which is little, each time after a key or a token came into
//! it. What is locked stays so.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{cell::RefCell, rc::Rc};

/// Below this limit not all memory is locked, in bytes.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 1 << 30;
/// Writable memory is locked up to so many bytes.
const MOST: usize = 32 << 20;

/// How far it is locked. Clones are the same.
#[derive(Clone)]
pub(super) struct Memory(Rc<RefCell<Locked>>);

enum Locked {
    All,
    Writable,
    Not(String),
}

impl Memory {
    /// Keeps other processes, core dumps and the swap from this process' memory.
    pub(super) fn protect(readable: bool) -> Self {
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
        Self(Rc::new(RefCell::new(if lock_all() { Locked::All } else { writable() })))
    }

    /// To be called when keys or tokens have come into it.
    pub(super) fn cover(&self) {
        let mut locked = self.0.borrow_mut();
        if !matches!(*locked, Locked::All) {
            *locked = writable();
        }
    }

    /// What was reached, in words.
    pub(super) fn words(&self) -> String {
        match &*self.0.borrow() {
            Locked::All => "locked".into(),
            Locked::Writable => "locked where it is written to".into(),
            Locked::Not(why) => format!("not locked: {why}"),
        }
    }
}

fn writable() -> Locked {
    lock_writable().map_or_else(Locked::Not, |()| Locked::Writable)
}

#[cfg(target_os = "linux")]
fn lock_all() -> bool {
    use rustix::mm::{MlockAllFlags, mlockall};
    getrlimit(Resource::Memlock).current.is_none_or(|limit| limit >= ENOUGH)
        && mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn lock_all() -> bool {
    false
}

/// Locks what this process alone can write.
fn lock_writable() -> Result<(), String> {
    let regions = region::query_range(std::ptr::without_provenance::<u8>(1), usize::MAX / 2).map_err(|error| error.to_string())?;
    let mut sum = 0;
    for region in regions {
        let region = region.map_err(|error| error.to_string())?;
        if !region.is_writable() || region.is_shared() {
            continue;
        }
        sum += region.len();
        if sum > MOST {
            return Err(format!("it has more than {} KiB that are written to", MOST >> 10));
        }
        let guard = region::lock(region.as_ptr::<u8>(), region.len());
        // which would unlock it when it is dropped
        std::mem::forget(guard.map_err(|error| format!("{error}; RLIMIT_MEMLOCK allows {}", limit()))?);
    }
    Ok(())
}

fn limit() -> String {
    getrlimit(Resource::Memlock).current.map_or_else(|| "all".to_owned(), |limit| format!("{} KiB", limit >> 10))
}
