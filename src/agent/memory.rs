//! Keeps the agent's memory out of swap, core dumps and other processes.
//!
//! All memory is locked if the limit (`RLIMIT_MEMLOCK`) is far above what the process needs. With usual limits the first allocation beyond the
//! limit would fail. Then only writable memory is locked, which is little, each time after a key or a token was stored in it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{cell::RefCell, rc::Rc};

/// With a lower limit not all memory is locked, in bytes.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 1 << 30;
/// Writable memory is locked up to this size, in bytes.
const MOST: usize = 32 << 20;

/// What is locked. Clones share it.
#[derive(Clone)]
pub(super) struct Memory(Rc<RefCell<Locked>>);

enum Locked {
    All,
    Writable,
    Not(NotLocked),
}

impl Memory {
    /// Keeps this process' memory from other processes, core dumps and swap.
    pub(super) fn protect(readable: bool) -> Self {
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(target_os = "linux")]
        if !readable {
            let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = readable;
        // raises the limit as far as a process may by itself
        let allowed = getrlimit(Resource::Memlock).maximum;
        let _ = setrlimit(Resource::Memlock, Rlimit { current: allowed, maximum: allowed });
        Self(Rc::new(RefCell::new(if lock_all() { Locked::All } else { writable() })))
    }

    /// Locks memory again, after keys or tokens were stored in it.
    pub(super) fn lock_new_pages(&self) {
        let mut locked = self.0.borrow_mut();
        if !matches!(*locked, Locked::All) {
            *locked = writable();
        }
    }

    /// What is locked, as a clause.
    pub(super) fn describe(&self) -> String {
        match &*self.0.borrow() {
            Locked::All => "all memory is kept out of swap".into(),
            Locked::Writable => "keys are kept out of swap".into(),
            Locked::Not(why) => format!("keys may be swapped out: {why}"),
        }
    }
}

/// Why memory is not locked.
#[derive(Debug, thiserror::Error)]
enum NotLocked {
    #[error("the agent has more than {} KiB of writable memory", MOST >> 10)]
    TooMuch,
    #[error("{cause}; RLIMIT_MEMLOCK allows {limit}")]
    Refused { cause: region::Error, limit: String },
    #[error(transparent)]
    Regions(#[from] region::Error),
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

/// Locks the writable memory that is not shared.
fn lock_writable() -> Result<(), NotLocked> {
    let regions = region::query_range(std::ptr::without_provenance::<u8>(1), usize::MAX / 2)?;
    let mut sum = 0;
    for region in regions {
        let region = region?;
        if !region.is_writable() || region.is_shared() {
            continue;
        }
        sum += region.len();
        if sum > MOST {
            return Err(NotLocked::TooMuch);
        }
        let guard = region::lock(region.as_ptr::<u8>(), region.len());
        // dropping the guard would unlock it
        std::mem::forget(guard.map_err(|cause| NotLocked::Refused { cause, limit: limit() })?);
    }
    Ok(())
}

fn limit() -> String {
    getrlimit(Resource::Memlock).current.map_or_else(|| "any size".to_owned(), |limit| format!("{} KiB", limit >> 10))
}
