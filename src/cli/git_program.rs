//! What git and jj get when they call: a signature on standard output, or a judgement as status lines.

use super::{
    exit::{Exit, Failure},
    git_call::GitCall,
    git_sign, git_verify,
    ui::Ui,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

/// Serves one call.
pub fn run(call: GitCall) -> ExitCode {
    let mut ui = Ui::new();
    let result = match call {
        GitCall::Sign { status_fd, key, input } => git_sign::run(status_fd, key.as_deref(), input.as_deref(), &mut ui),
        GitCall::Verify { status_fd, signature, data } => git_verify::run(status_fd, &signature, data.as_deref(), &mut ui),
    };
    // to git there is one kind of failure; a status between 2 and 255 would say nothing more
    ui.finish(result.map_err(|failure| Failure { exit: Exit::NotGood, ..failure }))
}

/// All of a file, or of standard input where there is none; more than `cap` bytes are refused.
pub(super) fn read(path: Option<&Path>, cap: usize) -> Result<Vec<u8>, Failure> {
    let bytes = read_at_most(path, cap + 1)?;
    if bytes.len() > cap {
        return Err(Failure::new(Exit::Io, format!("{} holds more than {cap} bytes, which are all that is read", name(path))));
    }
    Ok(bytes)
}

/// As much as a signature or a payload usually has, in bytes: to be read in one call.
const USUAL_INPUT: usize = 16 << 10;

/// The first `limit` bytes of a file, or of standard input where there is none.
pub(super) fn read_at_most(path: Option<&Path>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(limit.min(USUAL_INPUT));
    let result = match path {
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(limit as u64).read_to_end(&mut bytes)),
        None => io::stdin().lock().take(limit as u64).read_to_end(&mut bytes),
    };
    result.map_err(|error| Failure::io(&format!("{} cannot be read", name(path)), &error))?;
    Ok(bytes)
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

/// The descriptor that the caller wants status lines on.
pub(super) enum StatusOutput {
    Nowhere,
    StandardOutput,
    StandardError,
    Other(u32, File),
}

impl StatusOutput {
    /// Opens it, so that one that cannot be written to is known before anything is done.
    pub(super) fn open(descriptor: Option<u32>) -> Result<Self, Failure> {
        match descriptor {
            None => Ok(Self::Nowhere),
            Some(1) => Ok(Self::StandardOutput),
            Some(2) => Ok(Self::StandardError),
            Some(other) => open_descriptor(other).map(|file| Self::Other(other, file)).map_err(|error| unwritable(other, &error)),
        }
    }

    /// Writes status lines in one piece.
    pub(super) fn write(self, lines: &str, ui: &mut Ui) -> Result<(), Failure> {
        match self {
            Self::Nowhere => Ok(()),
            Self::StandardOutput => {
                ui.bytes(lines.as_bytes());
                Ok(())
            }
            Self::StandardError => {
                ui.status(lines);
                Ok(())
            }
            Self::Other(descriptor, mut file) => file.write_all(lines.as_bytes()).map_err(|error| unwritable(descriptor, &error)),
        }
    }
}

/// A file is opened anew by this, with a place of its own in it: what stands there already must stay, so lines go to its end. Nothing is
/// written where the caller opened it for reading.
fn open_descriptor(descriptor: u32) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    if let Some(flags) = flags_of(descriptor)
        && flags & 0o3 == 0
    {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is open for reading alone"));
    }
    OpenOptions::new().append(true).open(format!("/dev/fd/{descriptor}"))
}

/// The flags with which a descriptor was opened (proc_pid_fdinfo(5)).
#[cfg(target_os = "linux")]
fn flags_of(descriptor: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
    u32::from_str_radix(text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim(), 8).ok()
}

fn unwritable(descriptor: u32, error: &io::Error) -> Failure {
    Failure::io(&format!("the status lines cannot be written to descriptor {descriptor}"), error)
        .with_hint("--status-fd names a descriptor that the caller has opened for writing; git uses 2 for signatures and 1 for verdicts")
}
