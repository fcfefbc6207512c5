//! The output for status lines: the file descriptor that `--status-fd` names.

use super::{exit::Failure, ui::Ui};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
};

/// The output that the caller wants status lines on.
pub(super) enum StatusOutput {
    Nowhere,
    StandardOutput,
    StandardError,
    Other(u32, File),
}

impl StatusOutput {
    /// Opens the descriptor, so that one that cannot be written to fails before any work is done.
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

/// Opens a descriptor again, for appending: the new descriptor has its own position, and must not overwrite what the caller has written.
/// A descriptor that the caller opened for reading only is refused.
fn open_descriptor(descriptor: u32) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    if let Some(flags) = flags_of(descriptor)
        && flags & 0o3 == 0
    {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is open for reading only"));
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
        .with_hint("open the descriptor of --status-fd for writing; git uses 2 when it signs and 1 when it verifies")
}
