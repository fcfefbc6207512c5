//! The program that called this one to sign, git in general. If it ends first, nobody gets the signature, and nothing may be published.
//!
//! Two signs are watched. The readers of standard output and of the status lines: without one, the signature cannot be delivered. And git
//! itself, even through wrappers between it and this process: git waits for its signing program, and discards the commit when it is ended.
//! The end of another parent means nothing, because a launcher may end before the program that it starts.

/// How often the signs are looked at while a service or a login is waited for.
pub(super) const INTERVAL: std::time::Duration = std::time::Duration::from_millis(100);

#[cfg(unix)]
pub(super) use unix::Caller;

#[cfg(unix)]
mod unix {
    use super::super::git_call::SignCall;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::{
        io,
        os::fd::{AsFd, BorrowedFd, OwnedFd},
    };

    /// The caller of this process.
    #[derive(Debug)]
    pub(in super::super) struct Caller {
        /// Becomes readable when git ends.
        git: Option<OwnedFd>,
        /// Standard output takes the signature or the status lines.
        reads_output: bool,
        /// Standard error takes the status lines.
        reads_errors: bool,
    }

    impl Caller {
        /// The caller, as long as it still exists.
        pub(in super::super) fn of(call: &SignCall) -> Self {
            Self {
                git: git::watch(),
                reads_output: call.output.is_none() || call.status_fd == Some(1),
                reads_errors: call.status_fd == Some(2),
            }
        }

        /// Nobody is watched: a person or a script waits for this process.
        pub(in super::super) fn none() -> Self {
            Self { git: None, reads_output: false, reads_errors: false }
        }

        /// Whether it has ended.
        pub(in super::super) fn has_ended(&self) -> bool {
            let (output, errors) = (io::stdout(), io::stderr());
            let readers = [self.reads_output.then(|| output.as_fd()), self.reads_errors.then(|| errors.as_fd())];
            readers.into_iter().flatten().any(|stream| polled(stream, PollFlags::empty()).intersects(PollFlags::ERR | PollFlags::HUP))
                || self.git.as_ref().is_some_and(|git| polled(git.as_fd(), PollFlags::IN).contains(PollFlags::IN))
        }
    }

    /// What a descriptor reports now; nothing if it cannot be asked.
    fn polled(descriptor: BorrowedFd<'_>, events: PollFlags) -> PollFlags {
        let mut descriptors = [PollFd::from_borrowed_fd(descriptor, events)];
        let asked = poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if asked.is_ok() { descriptors.iter().map(PollFd::revents).collect() } else { PollFlags::empty() }
    }

    #[cfg(target_os = "linux")]
    mod git {
        use rustix::process::{Pid, PidfdFlags, getppid, pidfd_open};
        use std::os::fd::OwnedFd;

        /// Wrappers between git and this process, at most.
        const MAX_WRAPPERS: usize = 4;

        /// A descriptor for the nearest process above this one that is git or jj.
        pub(super) fn watch() -> Option<OwnedFd> {
            let mut process = getppid()?;
            for _ in 0..=MAX_WRAPPERS {
                let (name, parent) = name_and_parent(process)?;
                if matches!(name.as_str(), "git" | "jj") {
                    let descriptor = pidfd_open(process, PidfdFlags::empty()).ok()?;
                    // the id may have been given to another process meanwhile
                    return name_and_parent(process).filter(|now| *now == (name, parent)).map(|_| descriptor);
                }
                process = parent?;
            }
            None
        }

        /// The name of a process and its parent (proc_pid_stat(5)). The name is in brackets, and may contain any character.
        fn name_and_parent(process: Pid) -> Option<(String, Option<Pid>)> {
            let text = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
            let (_, rest) = text.split_once('(')?;
            let (name, rest) = rest.rsplit_once(')')?;
            let parent = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
            Some((name.to_owned(), Pid::from_raw(parent)))
        }
    }

    #[cfg(not(target_os = "linux"))]
    mod git {
        /// Elsewhere the readers have to suffice.
        pub(super) fn watch() -> Option<std::os::fd::OwnedFd> {
            None
        }
    }
}

/// The caller of this process.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Caller;

#[cfg(not(unix))]
impl Caller {
    /// The caller.
    pub(super) fn of(_: &super::git_call::SignCall) -> Self {
        Self
    }

    /// Nobody is watched.
    pub(super) fn none() -> Self {
        Self
    }

    /// Whether it has ended, which is not known here.
    pub(super) fn has_ended(&self) -> bool {
        false
    }
}

impl Caller {
    /// Waits until it has ended.
    pub(super) async fn ended(&self) {
        while !self.has_ended() {
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
